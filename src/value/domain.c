/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of mail domains and hosts. ASCII is handled here, byte by byte; only text with other bytes
 * goes to libidn2, which refuses ASCII names that exist in mail (a leading hyphen, "xn--a"). The
 * only file that knows libidn2.
 */
#include "postlatch/domain.h"

#include "postlatch/addr.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>
#if defined(__SSE2__) && !defined(PL_PORTABLE)
#include <emmintrin.h>
#endif

enum { LABEL_MAX = 63 };

struct pl_str pl_domain_str(const struct pl_domain *d)
{
    return (struct pl_str){d->text, d->len};
}

bool pl_domain_is_literal(const struct pl_domain *d)
{
    return d->len > 0 && d->text[0] == '[';
}

/* What each byte of an ASCII name becomes; 0: it cannot stand in one. */
static const char name_byte[256] = {
    ['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3',
    ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['A'] = 'a',
    ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h',
    ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o',
    ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v',
    ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c',
    ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j',
    ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
    ['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x',
    ['y'] = 'y', ['z'] = 'z'};

/* The label name[from..to): NULL or what is wrong with it. */
static const char *check_label(struct pl_str name, size_t from, size_t to)
{
    if (to == from)
        return "an empty label; expected names separated by single dots";
    if (name.p[from] == '-')
        return "a label begins with '-'";
    if (name.p[to - 1] == '-')
        return "a label ends with '-'";
    if (to - from > LABEL_MAX)
        return "a label is longer than 63 bytes";
    return NULL;
}

/* Digits and dots only: an address, or half of one. */
static bool is_numeric(struct pl_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!pl_ascii_is_digit(name.p[i]) && name.p[i] != '.')
            return false;
    }
    return true;
}

#if defined(__SSE2__) && !defined(PL_PORTABLE)
/* Bytes from first to last, as 0xff; first is greater than 0. */
static inline __m128i between(__m128i bytes, char first, char last)
{
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8((char)(first - 1))),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8((char)(last + 1))));
}

static inline uint64_t bits_of(__m128i found, size_t at)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(found) << at;
}

/*
 * take_ascii() for names of at most one label's length, 16 bytes at a time; bit i of a mask is for
 * name.p[i]. false: take_ascii() is to say what is wrong. Every amd64 has SSE2.
 */
static bool take_short(struct pl_domain *d, struct pl_str name)
{
    uint64_t dots = 0, hyphens = 0, numeric = 0, other = 0, all, begins, ends;

    if (name.n == 0 || name.n > LABEL_MAX)
        return false;
    memcpy(d->text, name.p, name.n);
    for (size_t i = 0; i < name.n; i += 16) {
        __m128i *at = (__m128i *)(void *)(d->text + i), bytes = _mm_loadu_si128(at);
        __m128i big = _mm_set1_epi8('a' - 'A');
        __m128i letter = between(_mm_or_si128(bytes, big), 'a', 'z');
        __m128i dot = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
        __m128i hyphen = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
        __m128i line = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_'));

        _mm_storeu_si128(at, _mm_or_si128(bytes, _mm_and_si128(letter, big)));
        dots |= bits_of(dot, i);
        hyphens |= bits_of(hyphen, i);
        numeric |= bits_of(_mm_or_si128(dot, between(bytes, '0', '9')), i);
        other |= bits_of(_mm_or_si128(letter, _mm_or_si128(hyphen, line)), i);
    }
    all = (1ULL << name.n) - 1;
    begins = dots << 1 | 1;
    ends = dots >> 1 | 1ULL << (name.n - 1);
    if (((numeric | other) & all) != all || (other & all) == 0 ||
        ((begins & (dots | hyphens)) | (ends & (dots | hyphens))) & all)
        return false;
    d->len = (uint16_t)name.n;
    d->text[d->len] = '\0';
    return true;
}
#else
static bool take_short(struct pl_domain *d, struct pl_str name)
{
    (void)d;
    (void)name;
    return false;
}
#endif

/* Lower-cases name into d, checking each label. */
static bool take_ascii(struct pl_domain *d, struct pl_str name, const char **why)
{
    size_t label = 0;

    if (name.n > PL_DOMAIN_MAX) {
        *why = "longer than 255 bytes";
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name_byte[(unsigned char)name.p[i]];

        if (c == '\0') {
            *why = "a character that no domain has; expected letters, digits, '-', '_' and dots";
            return false;
        }
        d->text[i] = c;
        if (c == '.') {
            *why = check_label(name, label, i);
            if (*why != NULL)
                return false;
            label = i + 1;
        }
    }
    *why = check_label(name, label, name.n);
    if (*why == NULL && is_numeric(name))
        *why = "an address is no domain; expected a name, or the literal \"[192.0.2.25]\"";
    if (*why != NULL)
        return false;
    d->len = (uint16_t)name.n;
    d->text[d->len] = '\0';
    return true;
}

static bool take_idn(struct pl_domain *d, struct pl_str name, const char **why)
{
    char utf8[4 * PL_DOMAIN_MAX + 1];
    char *ascii = NULL;
    bool ok = false;
    struct pl_str result;

    if (name.n >= sizeof(utf8) || memchr(name.p, '\0', name.n) != NULL) {
        *why = "longer than 255 characters";
        return false;
    }
    memcpy(utf8, name.p, name.n);
    utf8[name.n] = '\0';
    /* IDN2_USE_STD3_ASCII_RULES must stay off: it deletes characters instead of refusing them. */
    if (idn2_lookup_u8((const uint8_t *)utf8, (uint8_t **)&ascii,
                       IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK) {
        *why = "no international domain name by IDNA2008";
        goto out;
    }
    result = pl_str_of(ascii);
    if (result.n > 0 && result.p[result.n - 1] == '.')
        result.n--; /* an ideographic full stop at the end */
    ok = take_ascii(d, result, why);
out:
    idn2_free(ascii);
    return ok;
}

/* "[192.0.2.25]" or "[IPv6:2001:db8::25]", brackets included in text. */
static bool take_literal(struct pl_domain *d, struct pl_str text, const char **why)
{
    static const char tag[] = "ipv6:";
    struct pl_str inner = {text.p + 1, text.n - 2};
    char z[PL_ADDR_TEXT];
    unsigned char bytes[16];
    int n;
    bool v6 = pl_str_has_prefix_fold(inner, pl_str_lit(tag));

    *why = "no address literal; expected \"[192.0.2.25]\" or \"[IPv6:2001:db8::25]\"";
    if (v6)
        inner = pl_str_from(inner, sizeof(tag) - 1);
    if (inner.n == 0 || inner.n >= sizeof(z) || memchr(inner.p, '\0', inner.n) != NULL)
        return false;
    memcpy(z, inner.p, inner.n);
    z[inner.n] = '\0';
    if (inet_pton(v6 ? AF_INET6 : AF_INET, z, bytes) != 1)
        return false;
    inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, z, sizeof(z));
    n = snprintf(d->text, sizeof(d->text), "[%s%s]", v6 ? tag : "", z);
    d->len = (uint16_t)n;
    return true;
}

static bool is_ascii(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] & 0x80) != 0)
            return false;
    }
    return true;
}

bool pl_domain_parse(struct pl_domain *d, struct pl_str text, const char **why)
{
    bool ok;

    d->len = 0;
    d->text[0] = '\0';
    if (text.n > 0 && text.p[text.n - 1] == '.')
        text.n--;
    if (text.n == 0) {
        *why = "empty; expected a domain";
        return false;
    }
    if (take_short(d, text))
        return true;
    if (text.p[0] == '[' && text.n >= 2 && text.p[text.n - 1] == ']')
        ok = take_literal(d, text, why);
    else
        ok = take_ascii(d, text, why) || (!is_ascii(text) && take_idn(d, text, why));
    if (!ok) {
        d->len = 0;
        d->text[0] = '\0';
    }
    return ok;
}
