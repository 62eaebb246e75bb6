/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses and prefixes. The grammar is ours and strict; inet_pton reads addresses; libcidr,
 * which is lenient in dangerous ways and writes out of bounds on odd text, is fed canonical text
 * only and does the arithmetic of networks for what people write in configurations. This is the
 * only file that knows libcidr.
 */
#include "postlatch/addr.h"

#include <arpa/inet.h>
#include <libcidr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The octet at *p, which is moved behind it; greater than 255 if there is none. */
static inline unsigned octet(const char **p)
{
    unsigned value = (unsigned char)(*(*p)++ - '0'), digit;

    if (value > 9)
        return 256;
    for (int i = 1; i < 3 && (digit = (unsigned char)(**p - '0')) <= 9; i++, (*p)++) {
        if (value == 0)
            return 256; /* a leading zero, which some programs read as octal */
        value = 10 * value + digit;
    }
    return value;
}

/*
 * A dotted quad without leading zeros; the form that nearly every request has, at a tenth of the cost.
 * z: text with a NUL behind it; so no digit is looked for behind its end.
 */
static bool parse4(uint8_t bytes[4], const char *z, size_t n)
{
    const char *p = z;

    for (int i = 0; i < 4; i++) {
        unsigned value = octet(&p);

        if (value > 255 || *p != (i < 3 ? '.' : '\0'))
            return false;
        bytes[i] = (uint8_t)value;
        p++;
    }
    return p == z + n + 1;
}

/* text as an address, *mapped told apart; no folding of the prefix length here. */
static bool parse(struct pl_addr *addr, struct pl_str text, bool *mapped)
{
    char z[PL_ADDR_TEXT];

    *addr = (struct pl_addr){0};
    *mapped = false;
    if (text.n == 0 || text.n >= sizeof(z))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (parse4(addr->bytes, z, text.n)) {
        addr->family = 4;
        return true;
    }
    if (memchr(text.p, '\0', text.n) != NULL || inet_pton(AF_INET6, z, addr->bytes) != 1) {
        *addr = (struct pl_addr){0};
        return false;
    }
    addr->family = 6;
    if (memcmp(addr->bytes, mapped_head, sizeof(mapped_head)) == 0) {
        *mapped = true;
        addr->family = 4;
        memmove(addr->bytes, addr->bytes + 12, 4);
        memset(addr->bytes + 4, 0, 12);
    }
    return true;
}

bool pl_addr_parse(struct pl_addr *addr, struct pl_str text)
{
    bool mapped;

    return parse(addr, text, &mapped);
}

/* Each octet's digits, so that writing one takes no division. */
#define TEN(tens)                                                                                  \
    tens "0", tens "1", tens "2", tens "3", tens "4", tens "5", tens "6", tens "7", tens "8",      \
        tens "9"
static const char octets[256][4] = {
    TEN(""),   TEN("1"),  TEN("2"),  TEN("3"),  TEN("4"),  TEN("5"),  TEN("6"),  TEN("7"),
    TEN("8"),  TEN("9"),  TEN("10"), TEN("11"), TEN("12"), TEN("13"), TEN("14"), TEN("15"),
    TEN("16"), TEN("17"), TEN("18"), TEN("19"), TEN("20"), TEN("21"), TEN("22"), TEN("23"),
    TEN("24"), "250",     "251",     "252",     "253",     "254",     "255",
};
#undef TEN

/* Writes up to three bytes more than it says. */
static char *format4(char *out, const uint8_t bytes[4])
{
    for (int i = 0; i < 4; i++) {
        memcpy(out, octets[bytes[i]], sizeof(octets[0]));
        out += 1 + (bytes[i] > 9) + (bytes[i] > 99);
        *out++ = '.';
    }
    return out - 1;
}

/* As inet_ntop does: the longest run of zero words, the first of equals, becomes "::". */
static char *format6(char *out, const uint8_t bytes[16])
{
    static const char hex[] = "0123456789abcdef";
    unsigned word[8], start = 8, run = 1; /* one zero alone is written */

    for (unsigned i = 0; i < 8; i++)
        word[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    for (unsigned i = 0, n; i < 8; i += n + 1) {
        for (n = 0; i + n < 8 && word[i + n] == 0; n++)
            ;
        if (n > run) {
            start = i;
            run = n;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == start) {
            *out++ = ':';
            i += run;
            if (i == 8) {
                *out++ = ':';
                break;
            }
        }
        if (i > 0)
            *out++ = ':';
        if (i == 6 && start == 0 && run == 6)
            return format4(out, bytes + 12);
        if (i == 5 && start == 0 && run == 5 && word[5] == 0xffff) {
            memcpy(out, "ffff:", 5);
            return format4(out + 5, bytes + 12);
        }
        for (int shift = word[i] > 0xfff  ? 12
                         : word[i] > 0xff ? 8
                         : word[i] > 0xf  ? 4
                                          : 0;
             shift >= 0; shift -= 4)
            *out++ = hex[word[i] >> shift & 15];
    }
    return out;
}

const char *pl_addr_format(char out[PL_ADDR_TEXT], const struct pl_addr *addr)
{
    char *end;

    if (addr->family == 0)
        end = (char *)memcpy(out, "unknown", 7) + 7;
    else
        end = addr->family == 4 ? format4(out, addr->bytes) : format6(out, addr->bytes);
    *end = '\0';
    return out;
}

bool pl_addr_eq(const struct pl_addr *a, const struct pl_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

unsigned pl_addr_bits(const struct pl_addr *addr)
{
    return addr->family == 4 ? 32 : addr->family == 6 ? 128 : 0;
}

void pl_addr_mask(struct pl_addr *addr, unsigned len)
{
    unsigned whole = len / 8;

    if (whole >= sizeof(addr->bytes))
        return;
    addr->bytes[whole] = (uint8_t)(addr->bytes[whole] & (0xff00U >> len % 8));
    memset(addr->bytes + whole + 1, 0, sizeof(addr->bytes) - whole - 1);
}

bool pl_prefix_contains(const struct pl_prefix *prefix, const struct pl_addr *addr)
{
    struct pl_addr network = *addr;

    if (addr->family != prefix->addr.family || addr->family == 0)
        return false;
    pl_addr_mask(&network, prefix->len);
    return pl_addr_eq(&network, &prefix->addr);
}

const char *pl_prefix_format(char out[PL_PREFIX_TEXT], const struct pl_prefix *prefix)
{
    char addr[PL_ADDR_TEXT];

    pl_addr_format(addr, &prefix->addr);
    if (prefix->len == pl_addr_bits(&prefix->addr))
        snprintf(out, PL_PREFIX_TEXT, "%s", addr);
    else
        snprintf(out, PL_PREFIX_TEXT, "%s/%u", addr, prefix->len);
    return out;
}

/*
 * Whether text is a dotted quad but for leading zeros; then plain is it without them, and octal
 * what programs that read such octets as octal make of it ("" if they cannot).
 */
static bool has_leading_zero(struct pl_str text, char plain[PL_ADDR_TEXT], char octal[PL_ADDR_TEXT])
{
    unsigned decimal[4] = {0}, base8[4] = {0}, octet = 0, digits = 0;
    bool zero = false, is_octal = true;

    for (size_t i = 0; i <= text.n; i++) {
        char c = i < text.n ? text.p[i] : '.';

        if (c == '.') {
            bool leading = digits > 1 && text.p[i - digits] == '0';

            if (digits == 0 || decimal[octet] > 255 || (octet == 3) != (i == text.n))
                return false;
            zero = zero || leading;
            if (!leading)
                base8[octet] = decimal[octet];
            octet++;
            digits = 0;
        } else if (pl_ascii_is_digit(c) && digits < 4) {
            decimal[octet] = decimal[octet] * 10 + (unsigned)(c - '0');
            base8[octet] = base8[octet] * 8 + (unsigned)(c - '0');
            digits++;
            is_octal = is_octal && (c < '8' || text.p[i - digits + 1] != '0');
        } else {
            return false;
        }
    }
    snprintf(plain, PL_ADDR_TEXT, "%u.%u.%u.%u", decimal[0], decimal[1], decimal[2], decimal[3]);
    octal[0] = '\0';
    if (is_octal && memcmp(decimal, base8, sizeof(decimal)) != 0)
        snprintf(octal, PL_ADDR_TEXT, "%u.%u.%u.%u", base8[0], base8[1], base8[2], base8[3]);
    return zero;
}

/* Whether text is four numbers with dots between, one of them too large. */
static bool has_big_octet(struct pl_str text)
{
    unsigned long octet;
    bool big = false;

    for (int dots = 0; dots < 4; dots++) {
        size_t n = pl_str_find(text, '.');

        if (!pl_str_to_number((struct pl_str){text.p, n}, 0, 99999, &octet) ||
            (n == text.n) != (dots == 3))
            return false;
        big = big || octet > 255;
        text = pl_str_from(text, n < text.n ? n + 1 : n);
    }
    return big;
}

/* A guess at what an address that inet_pton refuses was meant to be, for the message. */
static void explain_bad_address(struct pl_str text, char why[PL_PREFIX_WHY])
{
    char plain[PL_ADDR_TEXT], octal[PL_ADDR_TEXT];

    if (has_leading_zero(text, plain, octal)) {
        if (octal[0] != '\0')
            snprintf(why, PL_PREFIX_WHY,
                     "an octet begins with zero; write %s (or %s if octal was meant)", plain,
                     octal);
        else
            snprintf(why, PL_PREFIX_WHY, "an octet begins with zero; write %s", plain);
        return;
    }
    if (has_big_octet(text))
        snprintf(why, PL_PREFIX_WHY, "an octet is greater than 255; expected 0 to 255");
    else if (pl_str_find(text, '%') < text.n)
        snprintf(why, PL_PREFIX_WHY,
                 "a zone (%%interface) has no meaning here; expected the bare address");
    else
        snprintf(why, PL_PREFIX_WHY,
                 "not an IP address; expected four decimal octets or an IPv6 address, as "
                 "192.0.2.0/24 or 2001:db8::/32");
}

/* Splits "addr/len", "[addr]/len"; *len_text is {NULL,0} without a slash. */
static bool split(struct pl_str text, struct pl_str *addr, struct pl_str *len_text,
                  char why[PL_PREFIX_WHY])
{
    size_t slash;
    bool bracket = text.n > 0 && text.p[0] == '[';

    if (bracket) {
        size_t close = pl_str_find(text, ']');

        if (close == text.n || (close + 1 < text.n && text.p[close + 1] != '/')) {
            snprintf(why, PL_PREFIX_WHY,
                     "unbalanced brackets; expected [address] or [address]/length");
            return false;
        }
        *addr = (struct pl_str){text.p + 1, close - 1};
        if (pl_str_find(*addr, ':') == addr->n) {
            snprintf(why, PL_PREFIX_WHY,
                     "brackets are for IPv6 addresses only; write an IPv4 address without them");
            return false;
        }
        *len_text = close + 1 < text.n ? pl_str_from(text, close + 2) : (struct pl_str){NULL, 0};
    } else {
        slash = pl_str_find(text, '/');
        *addr = (struct pl_str){text.p, slash};
        *len_text = slash < text.n ? pl_str_from(text, slash + 1) : (struct pl_str){NULL, 0};
    }
    if (len_text->p != NULL && pl_str_find(*len_text, '/') < len_text->n) {
        snprintf(why, PL_PREFIX_WHY, "%s",
                 text.p[0] == '/' || pl_ascii_is_alpha(text.p[0])
                     ? "neither a file nor a lookup table can stand here; put a file into a table, "
                       "networks NAME { file = \"…\" }, and write <NAME>"
                     : "more than one '/'; expected address or address/length");
        return false;
    }
    return true;
}

/* The network of a prefix by libcidr; false means that libcidr reads the canonical text otherwise
 * than we do. */
static bool network_by_libcidr(const struct pl_prefix *prefix, struct pl_prefix *network)
{
    /* 32 zero bytes before the text: cidr_from_str looks in front of short strings. */
    char room[32 + PL_PREFIX_TEXT + 16] = {0};
    char addr[PL_ADDR_TEXT];
    CIDR *cidr = NULL, *net = NULL;
    bool same = false;
    uint8_t *bytes;

    snprintf(room + 32, sizeof(room) - 32, "%s/%u", pl_addr_format(addr, &prefix->addr),
             prefix->len);
    cidr = cidr_from_str(room + 32);
    if (cidr == NULL || (net = cidr_addr_network(cidr)) == NULL)
        goto out;
    if (cidr_get_proto(net) != (prefix->addr.family == 4 ? CIDR_IPV4 : CIDR_IPV6) ||
        cidr_get_pflen(net) != (int)prefix->len)
        goto out;
    if ((bytes = cidr_get_addr(net)) == NULL)
        goto out;
    *network = (struct pl_prefix){{prefix->addr.family, {0}}, prefix->len};
    if (prefix->addr.family == 4)
        memcpy(network->addr.bytes, bytes + 12, 4);
    else
        memcpy(network->addr.bytes, bytes, 16);
    free(bytes);
    same = pl_prefix_contains(network, &prefix->addr);
out:
    cidr_free(net);
    cidr_free(cidr);
    return same;
}

bool pl_prefix_parse_plain(struct pl_prefix *prefix, struct pl_str text)
{
    size_t slash = text.n > 4 && text.p[text.n - 2] == '/'   ? text.n - 2
                   : text.n > 4 && text.p[text.n - 3] == '/' ? text.n - 3
                                                             : pl_str_find(text, '/');
    struct pl_addr network;
    unsigned long len;
    bool mapped;

    if (!parse(&prefix->addr, (struct pl_str){text.p, slash}, &mapped) || mapped)
        return false;
    len = pl_addr_bits(&prefix->addr);
    if (slash < text.n && !pl_str_to_number(pl_str_from(text, slash + 1), 0, len, &len))
        return false;
    prefix->len = (uint8_t)len;
    network = prefix->addr;
    pl_addr_mask(&network, prefix->len);
    return pl_addr_eq(&network, &prefix->addr);
}

size_t pl_prefix_take_line(const char *text, uint32_t *addr, unsigned *len)
{
    const char *p = text;

    *addr = 0;
    *len = 32;
    for (int i = 0; i < 4; i++) {
        unsigned value = octet(&p);

        if (value > 255 || (i < 3 && *p++ != '.'))
            return 0;
        *addr = *addr << 8 | value;
    }
    if (*p == '/') {
        p++;
        *len = octet(&p);
    }
    if (*len > 32 || *p != '\n' || (*addr & (uint32_t)(0xffffffffULL >> *len)) != 0)
        return 0;
    return (size_t)(p + 1 - text);
}

bool pl_prefix_parse(struct pl_prefix *prefix, struct pl_str text, char why[PL_PREFIX_WHY])
{
    struct pl_str addr, len_text;
    struct pl_prefix network;
    char network_text[PL_PREFIX_TEXT], addr_text[PL_ADDR_TEXT];
    unsigned long len, bits;
    bool mapped;

    if (!split(text, &addr, &len_text, why))
        return false;
    if (!parse(&prefix->addr, addr, &mapped)) {
        explain_bad_address(addr, why);
        return false;
    }
    bits = mapped ? 128 : pl_addr_bits(&prefix->addr);
    len = bits;
    if (len_text.p != NULL && !pl_str_to_number(len_text, 0, bits, &len)) {
        if (pl_str_find(len_text, '.') < len_text.n || pl_str_find(len_text, ':') < len_text.n)
            snprintf(why, PL_PREFIX_WHY,
                     "a netmask is not understood; expected the prefix length, as in 192.0.2.0/24");
        else
            snprintf(why, PL_PREFIX_WHY,
                     "bad prefix length; expected a number from 0 to %lu behind the '/'", bits);
        return false;
    }
    if (mapped && len < 96) {
        snprintf(why, PL_PREFIX_WHY,
                 "prefix of a mapped address is shorter than 96; write the IPv4 network instead");
        return false;
    }
    prefix->len = (uint8_t)(mapped ? len - 96 : len);
    if (!network_by_libcidr(prefix, &network)) {
        snprintf(why, PL_PREFIX_WHY, "libcidr does not read it as we do; please report this");
        return false;
    }
    if (!pl_addr_eq(&network.addr, &prefix->addr)) {
        pl_prefix_format(network_text, &network);
        snprintf(why, PL_PREFIX_WHY,
                 "host bits are set; expected the network, \"%s\", or the address, \"%s\"",
                 network_text, pl_addr_format(addr_text, &prefix->addr));
        return false;
    }
    return true;
}
