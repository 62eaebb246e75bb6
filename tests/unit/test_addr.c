/* SPDX-License-Identifier: BSD-2-Clause */
/* IP addresses and prefixes: the strict grammar, every trap of libcidr, agreement with inet_pton. */
#include "exact.h"

#include "postlatch/addr.h"

#include <arpa/inet.h>
#include <libcidr.h>

static const struct {
    const char *in, *out;
} good[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"192.0.2.0/24", "192.0.2.0/24"},
    {"192.0.2.1/32", "192.0.2.1"},
    {"0.0.0.0/0", "0.0.0.0/0"},
    {"0.0.0.0/1", "0.0.0.0/1"},
    {"10.0.0.0/8", "10.0.0.0/8"},
    {"1::/16", "1::/16"},
    {"2001:db8::/127", "2001:db8::/127"},
    {"255.255.255.255", "255.255.255.255"},
    {"2001:db8::/32", "2001:db8::/32"},
    {"2001:DB8:0:0::/32", "2001:db8::/32"},
    {"[2001:db8::]/32", "2001:db8::/32"},
    {"[::1]", "::1"},
    {"::/0", "::/0"},
    {"::1/128", "::1"},
    {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::ffff:0:0/96", "0.0.0.0/0"},
    {"[::ffff:192.0.2.1]", "192.0.2.1"},
    {"::192.0.2.1", "::192.0.2.1"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
};

#define NOT_AN_ADDRESS                                                                             \
    "not an IP address; expected four decimal octets or an IPv6 address, as 192.0.2.0/24 or "      \
    "2001:db8::/32"
#define BAD_LENGTH(max) "bad prefix length; expected a number from 0 to " max " behind the '/'"
#define BIG_OCTET "an octet is greater than 255; expected 0 to 255"
#define A_FILE                                                                                     \
    "neither a file nor a lookup table can stand here; put a file into a table, networks NAME { "  \
    "file = \"…\" }, and write <NAME>"
#define HOST_BITS(network, address)                                                                \
    "host bits are set; expected the network, \"" network "\", or the address, \"" address "\""
#define NETMASK "a netmask is not understood; expected the prefix length, as in 192.0.2.0/24"

static const struct {
    const char *in, *why;
} bad[] = {
    {"10/8", NOT_AN_ADDRESS},
    {"10", NOT_AN_ADDRESS},
    {"10.", NOT_AN_ADDRESS},
    {"1.2.3", NOT_AN_ADDRESS},
    {"127.1", NOT_AN_ADDRESS},
    {"10.1/8", NOT_AN_ADDRESS},
    {"192.168.5/24", NOT_AN_ADDRESS},
    {"1..2.3", NOT_AN_ADDRESS},
    {"0x0a.0.0.1", NOT_AN_ADDRESS},
    {"1.2.3.256", BIG_OCTET},
    {"256.2.3.4", BIG_OCTET},
    {"1.2.999.4/24", BIG_OCTET},
    {"1.2.99999.4", BIG_OCTET},
    {"1.2.100000.4", NOT_AN_ADDRESS},
    {"1.2.256", NOT_AN_ADDRESS},
    {"1.2.3.256.", NOT_AN_ADDRESS},
    {"1.2.3.256.5", NOT_AN_ADDRESS},
    {"1.2..256", NOT_AN_ADDRESS},
    {"1.2.x.256", NOT_AN_ADDRESS},
    {"1.2.3.4.5", NOT_AN_ADDRESS},
    {"1.2.3.4.", NOT_AN_ADDRESS},
    {"4294967296.0.0.1", NOT_AN_ADDRESS},
    {"", NOT_AN_ADDRESS},
    {" 1.2.3.4", NOT_AN_ADDRESS},
    {"1.2.3.4 ", NOT_AN_ADDRESS},
    {"1.2.3.4-1.2.3.9", NOT_AN_ADDRESS},
    {"127.0.0.1:25", NOT_AN_ADDRESS},
    {"4.3.2.1.in-addr.arpa", NOT_AN_ADDRESS},
    {".in-addr.arpa", NOT_AN_ADDRESS},
    {"8.b.d.0.1.0.0.2.ip6.arpa", NOT_AN_ADDRESS},
    {"garbage", NOT_AN_ADDRESS},
    {"*", NOT_AN_ADDRESS},
    {"2001:db8::1::2", NOT_AN_ADDRESS},
    {":::", NOT_AN_ADDRESS},
    {"1:2:3:4:5:6:7:8:9", NOT_AN_ADDRESS},
    {"1:2:3:4:5:6:7:1.2.3.4", NOT_AN_ADDRESS},
    {"1::2:3:4:5:6:7:8:9", NOT_AN_ADDRESS},
    {"00001::", NOT_AN_ADDRESS},
    {"12345::", NOT_AN_ADDRESS},
    {"::g", NOT_AN_ADDRESS},
    {"IPv6:::1", NOT_AN_ADDRESS},
    {"1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1::", NOT_AN_ADDRESS},
    {"010.0.0.1", "an octet begins with zero; write 10.0.0.1 (or 8.0.0.1 if octal was meant)"},
    {"08.0.0.1", "an octet begins with zero; write 8.0.0.1"},
    {"001.002.003.004", "an octet begins with zero; write 1.2.3.4"},
    {"10.0.0.00", "an octet begins with zero; write 10.0.0.0"},
    {"010.0.0.0/8", "an octet begins with zero; write 10.0.0.0 (or 8.0.0.0 if octal was meant)"},
    {"1.2.3.010", "an octet begins with zero; write 1.2.3.10 (or 1.2.3.8 if octal was meant)"},
    {"01.2.3.4", "an octet begins with zero; write 1.2.3.4"},
    {"0255.255.0.1",
     "an octet begins with zero; write 255.255.0.1 (or 173.255.0.1 if octal was meant)"},
    {"010.8.9.1", "an octet begins with zero; write 10.8.9.1 (or 8.8.9.1 if octal was meant)"},
    {"018.0.0.1", "an octet begins with zero; write 18.0.0.1"},
    {"010.0.0.019", "an octet begins with zero; write 10.0.0.19"},
    {"0256.0.0.1", NOT_AN_ADDRESS},
    {"00010.0.0.1", NOT_AN_ADDRESS},
    {"010..0.1", NOT_AN_ADDRESS},
    {"010.0.0", NOT_AN_ADDRESS},
    {"010.0.0.1.2", NOT_AN_ADDRESS},
    {"010.0.0.1x", NOT_AN_ADDRESS},
    {"::ffff:010.0.0.1", NOT_AN_ADDRESS},
    {"1.2.3.4/", BAD_LENGTH("32")},
    {"10.0.0.0/33", BAD_LENGTH("32")},
    {"10.0.0.0/-1", BAD_LENGTH("32")},
    {"10.0.0.0/+8", BAD_LENGTH("32")},
    {"10.0.0.0/032", BAD_LENGTH("32")},
    {"10.0.0.0/08", BAD_LENGTH("32")},
    {"10.0.0.0/00", BAD_LENGTH("32")},
    {"10.0.0.0/0x8", BAD_LENGTH("32")},
    {"10.0.0.0/8x", BAD_LENGTH("32")},
    {"1.2.3.4/x", BAD_LENGTH("32")},
    {"10.0.0.0/1e1", BAD_LENGTH("32")},
    {"10.0.0.0/ 8", BAD_LENGTH("32")},
    {"10.0.0.0/4294967304", BAD_LENGTH("32")},
    {"10.0.0.0/99999999999999999999", BAD_LENGTH("32")},
    {"::1/129", BAD_LENGTH("128")},
    {"2001:db8::/", BAD_LENGTH("128")},
    {"10.0.0.0/255.0.0.0", NETMASK},
    {"10.0.0.0/0.255.255.255", NETMASK},
    {"10.0.0.0/0.0.0.0", NETMASK},
    {"10.0.0.0/ffff::", NETMASK},
    {"2001:db8::/ffff:ffff::", NETMASK},
    {"10.0.0.0//8", "more than one '/'; expected address or address/length"},
    {"10.0.0.0/8/8", "more than one '/'; expected address or address/length"},
    {"1.2.3.4/24/", "more than one '/'; expected address or address/length"},
    {"/etc/postlatch/lan", A_FILE},
    {"cidr:/etc/postfix/lan", A_FILE},
    {"/lan", NOT_AN_ADDRESS},
    {"1111:1111:1111:1111:1111:1111:1111:1111/127",
     HOST_BITS("1111:1111:1111:1111:1111:1111:1111:1110/127",
               "1111:1111:1111:1111:1111:1111:1111:1111")},
    {"10.1.2.3/8", HOST_BITS("10.0.0.0/8", "10.1.2.3")},
    {"10.1.2.3/0", HOST_BITS("0.0.0.0/0", "10.1.2.3")},
    {"::1/64", HOST_BITS("::/64", "::1")},
    {"fe80::1/64", HOST_BITS("fe80::/64", "fe80::1")},
    {"::ffff:1.2.3.4/120", HOST_BITS("1.2.3.0/24", "1.2.3.4")},
    {"::ffff:1.2.3.4/24",
     "prefix of a mapped address is shorter than 96; write the IPv4 network instead"},
    {"::ffff:0:0/90",
     "prefix of a mapped address is shorter than 96; write the IPv4 network instead"},
    {"2001:db8::1%eth0", "a zone (%interface) has no meaning here; expected the bare address"},
    {"[192.0.2.1]", "brackets are for IPv6 addresses only; write an IPv4 address without them"},
    {"[2001:db8::", "unbalanced brackets; expected [address] or [address]/length"},
    {"[2001:db8::/32]", NOT_AN_ADDRESS},
    {"[2001:db8::]32", "unbalanced brackets; expected [address] or [address]/length"},
    {"[]", "brackets are for IPv6 addresses only; write an IPv4 address without them"},
};

/* The quick reader takes what is written plainly, as the same, and nothing that the other refuses. */
static void check_plain(const char *row, struct pl_str in, const struct pl_prefix *want)
{
    struct pl_prefix p;
    bool plain = want != NULL && strchr(row, '[') == NULL && strncmp(row, "::ffff:", 7) != 0;

    memset(&p, 'x', sizeof(p));
    check_true(row, pl_prefix_parse_plain(&p, in) == plain);
    if (plain)
        check_true(row, pl_addr_eq(&p.addr, &want->addr) && p.len == want->len);
}

/* So does the one for whole lines, of IPv4; with anything behind it, or without an LF, it is no such line. */
static void check_line(const char *row, struct pl_str in, const struct pl_prefix *want)
{
    bool plain = want != NULL && want->addr.family == 4 && strchr(row, ':') == NULL;
    static const char *const ends[] = {"\n", "\nx", "\r\n", "", " \n", "0/\n", "x\n"};
    char line[PL_PREFIX_TEXT + 100], text[PL_PREFIX_TEXT];

    for (size_t i = 0; i < ROWS(ends); i++) {
        struct pl_prefix p = {{4, {0}}, 0};
        struct pl_str exactly;
        uint32_t addr;
        unsigned len;
        size_t n;

        snprintf(line, sizeof(line), "%.*s%s", (int)in.n, in.p == NULL ? "" : in.p, ends[i]);
        exactly = exact(line);
        /* Up to an LF, or else to a NUL: no byte more is there. */
        if (strchr(line, '\n') == NULL) {
            exact_free(exactly);
            exactly = (struct pl_str){strdup(line), strlen(line)};
        }
        n = pl_prefix_take_line(exactly.p, &addr, &len);
        check_true(row, n == (plain && i < 2 ? in.n + 1 : 0));
        if (n > 0) {
            for (int byte = 0; byte < 4; byte++)
                p.addr.bytes[byte] = (uint8_t)(addr >> (24 - 8 * byte));
            p.len = (uint8_t)len;
            check_true(row, pl_addr_eq(&p.addr, &want->addr) && p.len == want->len);
            check_str(row, pl_prefix_format(text, &p), pl_prefix_format(line, want));
        }
        exact_free(exactly);
    }
}

static void good_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        struct pl_prefix p;
        char why[PL_PREFIX_WHY] = "", text[PL_PREFIX_TEXT];
        struct pl_str in = exact(good[i].in);

        if (!pl_prefix_parse(&p, in, why))
            fail_msg("%s: %s", good[i].in, why);
        check_str(good[i].in, pl_prefix_format(text, &p), good[i].out);
        check_plain(good[i].in, in, &p);
        check_line(good[i].in, in, &p);
        exact_free(in);
    }
}

static void bad_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(bad); i++) {
        struct pl_prefix p;
        char why[PL_PREFIX_WHY] = "";
        struct pl_str in = exact(bad[i].in);

        if (pl_prefix_parse(&p, in, why))
            fail_msg("%s was taken", bad[i].in);
        check_str(bad[i].in, why, bad[i].why);
        check_plain(bad[i].in, in, NULL);
        check_line(bad[i].in, in, NULL);
        exact_free(in);
    }
}

static void a_nul_is_no_end(void **state)
{
    struct pl_prefix p;
    struct pl_addr a;
    char why[PL_PREFIX_WHY];

    (void)state;
    assert_false(pl_prefix_parse(&p, pl_str_lit("10.0.0.0\0/8"), why));
    assert_false(pl_addr_parse(&a, pl_str_lit("10.0.0.1\0")));
    assert_int_equal(a.family, 0);
}

static const struct {
    const char *in, *out;
} addresses[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"2001:DB8:0:0:0:0:0:25", "2001:db8::25"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::FFFF:c000:201", "192.0.2.1"},
    {"unknown", "unknown"},
    {"", "unknown"},
    {"198.51.100.7.", "unknown"},
    {"198.051.100.007", "unknown"},
    {"fe80::1%eth0", "unknown"},
    {"[::1]", "unknown"},
    {"192.0.2.1/32", "unknown"},
    {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", "unknown"},
    {"0000:0000:0000:0000:0000:ffff:192.000.002.001", "unknown"}, /* 45 bytes */
    {"0000:0000:0000:0000:0000:ffff:192.0.2.123", "192.0.2.123"}, /* 41 */
    {"1111:1111:1111:1111:1111:1111:255.255.255.255",
     "1111:1111:1111:1111:1111:1111:ffff:ffff"},                   /* 45 */
    {"1111:1111:1111:1111:1111:1111:255.255.255.2555", "unknown"}, /* 46 */
};

static void request_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(addresses); i++) {
        struct pl_addr a;
        char text[PL_ADDR_TEXT];
        struct pl_str in = exact(addresses[i].in);
        bool ok = pl_addr_parse(&a, in);

        check_str(addresses[i].in, pl_addr_format(text, &a), addresses[i].out);
        check_true(addresses[i].in, ok == (a.family != 0));
        exact_free(in);
    }
}

static void containment(void **state)
{
    static const struct {
        const char *net, *addr;
        bool in;
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.0", true},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.0/24", "192.0.1.255", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.0", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "192.0.2.1", false},
        {"::/0", "::ffff:192.0.2.1", false},
        {"0.0.0.0/0", "::ffff:192.0.2.1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"0.0.0.0/0", "unknown", false},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_prefix p;
        struct pl_addr a;
        char why[PL_PREFIX_WHY];

        assert_true(pl_prefix_parse(&p, pl_str_of(rows[i].net), why));
        pl_addr_parse(&a, pl_str_of(rows[i].addr));
        check_true(rows[i].net, pl_prefix_contains(&p, &a) == rows[i].in);
    }
}

/* The same bytes in two families, and no address at all. */
static void equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},       {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "191.0.2.1", false},      {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "c000:201::", false},     {"0.0.0.0", "::", false},
        {"2001:db8::1", "2001:DB8:0::1", true}, {"2001:db8::1", "2001:db8::2", false},
        {"unknown", "unknown", true},           {"0.0.0.0", "unknown", false},
    };
    struct pl_prefix none = {{0, {0}}, 0};
    struct pl_addr unknown = {0, {0}};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_addr a, b;

        pl_addr_parse(&a, pl_str_of(rows[i].a));
        pl_addr_parse(&b, pl_str_of(rows[i].b));
        check_true(rows[i].a, pl_addr_eq(&a, &b) == rows[i].equal);
        check_true(rows[i].b, pl_addr_eq(&b, &a) == rows[i].equal);
    }
    assert_false(pl_prefix_contains(&none, &unknown));
    assert_int_equal(pl_addr_bits(&unknown), 0);
}

/* What libcidr is made to answer: the linker gives us addr.c's calls of it. */
static enum {
    HONEST,
    NOT_READ,
    NO_NETWORK,
    OTHER_FAMILY,
    OTHER_LENGTH,
    NO_BYTES,
    OTHER_NETWORK,
    FAULTS
} fault;

CIDR *__real_cidr_from_str(const char *text);
CIDR *__wrap_cidr_from_str(const char *text);
CIDR *__real_cidr_addr_network(const CIDR *cidr);
CIDR *__wrap_cidr_addr_network(const CIDR *cidr);
int __real_cidr_get_proto(const CIDR *cidr);
int __wrap_cidr_get_proto(const CIDR *cidr);
int __real_cidr_get_pflen(const CIDR *cidr);
int __wrap_cidr_get_pflen(const CIDR *cidr);
uint8_t *__real_cidr_get_addr(const CIDR *cidr);
uint8_t *__wrap_cidr_get_addr(const CIDR *cidr);

CIDR *__wrap_cidr_from_str(const char *text)
{
    return fault == NOT_READ ? NULL : __real_cidr_from_str(text);
}

CIDR *__wrap_cidr_addr_network(const CIDR *cidr)
{
    return fault == NO_NETWORK ? NULL : __real_cidr_addr_network(cidr);
}

int __wrap_cidr_get_proto(const CIDR *cidr)
{
    int proto = __real_cidr_get_proto(cidr);

    if (fault == OTHER_FAMILY)
        return proto == CIDR_IPV4 ? CIDR_IPV6 : CIDR_IPV4;
    return proto;
}

int __wrap_cidr_get_pflen(const CIDR *cidr)
{
    return __real_cidr_get_pflen(cidr) + (fault == OTHER_LENGTH);
}

uint8_t *__wrap_cidr_get_addr(const CIDR *cidr)
{
    uint8_t *bytes = fault == NO_BYTES ? NULL : __real_cidr_get_addr(cidr);

    if (fault == OTHER_NETWORK)
        bytes[cidr_get_proto(cidr) == CIDR_IPV4 ? 12 : 0] ^= 0x80;
    return bytes;
}

/* What libcidr reads otherwise than we do is an error, never a network. */
static void libcidr_is_not_trusted(void **state)
{
    static const char *const rows[] = {"192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "::1"};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (int f = HONEST; f < FAULTS; f++) {
            struct pl_prefix p;
            char why[PL_PREFIX_WHY] = "", row[60];
            bool ok;

            snprintf(row, sizeof(row), "%s with fault %d", rows[i], f);
            fault = f;
            ok = pl_prefix_parse(&p, pl_str_of(rows[i]), why);
            fault = HONEST;
            check_true(row, ok == (f == HONEST));
            if (!ok)
                check_str(row, why, "libcidr does not read it as we do; please report this");
        }
    }
}

/* Random prefixes in canonical text: what inet_pton and plain masking say is what we read. */
static void agrees_with_inet_pton(void **state)
{
    unsigned seed = 20261125;

    (void)state;
    for (int round = 0; round < 100000; round++) {
        bool v4 = rand_r(&seed) % 2 == 0;
        unsigned bits = v4 ? 32 : 128, len = (unsigned)rand_r(&seed) % (bits + 1);
        uint8_t bytes[16] = {0}, masked[16] = {0};
        char text[INET6_ADDRSTRLEN + 5], why[PL_PREFIX_WHY] = "";
        struct pl_prefix p;
        bool host_bits;
        size_t n;

        for (unsigned i = 0; i < bits / 8; i++)
            bytes[i] = (uint8_t)rand_r(&seed);
        for (unsigned i = 0; i < len; i++)
            masked[i / 8] |= (uint8_t)(bytes[i / 8] & (0x80U >> (i % 8)));
        if (rand_r(&seed) % 4 != 0)
            memcpy(bytes, masked, sizeof(bytes));
        host_bits = memcmp(bytes, masked, sizeof(bytes)) != 0;
        inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN);
        n = strlen(text);
        snprintf(text + n, sizeof(text) - n, "/%u", len);
        if (pl_prefix_parse(&p, pl_str_of(text), why) == host_bits)
            fail_msg("%s: %s", text, why);
        check_plain(text, pl_str_of(text), host_bits ? NULL : &p);
        check_line(text, pl_str_of(text), host_bits ? NULL : &p);
        if (!host_bits && !(p.addr.family == (v4 ? 4 : 6) && p.len == len &&
                            memcmp(p.addr.bytes, masked, sizeof(masked)) == 0))
            fail_msg("%s was read as something else", text);
    }
}

/* Dotted quads, a byte replaced, put in or taken out at every place: what inet_pton reads, nothing else. */
static void quads(void **state)
{
    static const char *const rows[] = {"0.0.0.0", "1.22.133.244", "255.255.255.255", "10.0.200.9",
                                       "100.20.3.40"};

    (void)state;
    for (size_t k = 0; k < ROWS(rows) * 3 * 17 * 256; k++) {
        const char *row = rows[k % ROWS(rows)];
        size_t how = k / ROWS(rows) % 3, at = k / ROWS(rows) / 3 % 17, n = strlen(row);
        char byte = (char)(k / ROWS(rows) / 3 / 17), text[20];
        struct pl_addr got, want = {0};
        bool reads;

        if (at > n)
            continue;
        snprintf(text, sizeof(text), "%.*s%c%s", (int)at, row, how == 2 ? 'x' : byte,
                 row + at + (how != 1 && at < n));
        n = n + (how == 1 || at == n);
        if (how == 2) { /* the 'x' goes again */
            memmove(text + at, text + at + 1, n - at);
            n--;
        }
        want.family = inet_pton(AF_INET, text, want.bytes) == 1 && strlen(text) == n ? 4 : 0;
        if (want.family == 0)
            memset(want.bytes, 0, sizeof(want.bytes));
        reads = pl_addr_parse(&got, (struct pl_str){text, n});
        if (reads != (want.family == 4) || !pl_addr_eq(&got, &want))
            fail_msg("\"%s\", %zu bytes", text, n);
    }
}

/* Addresses are written as inet_ntop writes them, with any words zero and any number of digits. */
static void agrees_with_inet_ntop(void **state)
{
    static const uint8_t bytes[] = {0, 0, 0, 1, 9, 10, 0x10, 99, 100, 0xff};
    char mine[PL_ADDR_TEXT], theirs[PL_ADDR_TEXT];
    struct pl_addr a = {0};
    uint32_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        a.family = i % 3 == 0 ? 4 : 6;
        for (unsigned k = 0; k < 16; k += 2) {
            seed = seed * 1664525 + 1013904223;
            a.bytes[k] = a.bytes[k + 1] = 0;
            if ((seed >> 29 & i >> 4) != 0 || a.family == 4) {
                a.bytes[k] = bytes[(seed >> 8) % 10];
                a.bytes[k + 1] = bytes[(seed >> 16) % 10];
            }
        }
        if (i % 7 == 0 && a.family == 6)
            memset(a.bytes + 10, i % 2 == 0 ? 0xff : 0, 2);
        inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.bytes, theirs, sizeof(theirs));
        check_str("address", pl_addr_format(mine, &a), theirs);
    }
    /* Every pattern of zero words, with the words around them short and long. */
    for (unsigned zeros = 0; zeros < 256; zeros++) {
        for (unsigned value = 1; value <= 0xffff; value = value * 16 + 15) {
            for (unsigned k = 0; k < 8; k++) {
                a.bytes[2 * k] = (zeros >> k & 1) != 0 ? 0 : (uint8_t)(value >> 8);
                a.bytes[2 * k + 1] = (zeros >> k & 1) != 0 ? 0 : (uint8_t)value;
            }
            a.family = 6;
            inet_ntop(AF_INET6, a.bytes, theirs, sizeof(theirs));
            check_str("zero words", pl_addr_format(mine, &a), theirs);
        }
    }
    for (unsigned i = 0; i < 256; i++) {
        struct pl_addr four = {.family = 4, .bytes = {(uint8_t)i, 1, (uint8_t)(255 - i), 0}};

        inet_ntop(AF_INET, four.bytes, theirs, sizeof(theirs));
        check_str("octets", pl_addr_format(mine, &four), theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quads),
        cmocka_unit_test(good_prefixes),
        cmocka_unit_test(bad_prefixes),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(request_addresses),
        cmocka_unit_test(containment),
        cmocka_unit_test(equality),
        cmocka_unit_test(libcidr_is_not_trusted),
        cmocka_unit_test(agrees_with_inet_pton),
        cmocka_unit_test(agrees_with_inet_ntop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
