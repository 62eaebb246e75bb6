/* SPDX-License-Identifier: BSD-2-Clause */
/* Views of bytes. Everything is locale-free: a mail server's LANG must not change who may relay. */
#include "postlatch/str.h"

#include <stdint.h>
#include <string.h>

struct pl_str pl_str_of(const char *s)
{
    return (struct pl_str){s, s == NULL ? 0 : strlen(s)};
}

bool pl_str_eq(struct pl_str a, struct pl_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool pl_str_eq_fold(struct pl_str a, struct pl_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (pl_ascii_lower(a.p[i]) != pl_ascii_lower(b.p[i]))
            return false;
    }
    return true;
}

int pl_str_cmp(struct pl_str a, struct pl_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool pl_str_has_prefix(struct pl_str s, struct pl_str prefix)
{
    return s.n >= prefix.n && pl_str_eq((struct pl_str){s.p, prefix.n}, prefix);
}

bool pl_str_has_prefix_fold(struct pl_str s, struct pl_str prefix)
{
    return s.n >= prefix.n && pl_str_eq_fold((struct pl_str){s.p, prefix.n}, prefix);
}

size_t pl_str_find(struct pl_str s, char c)
{
    const char *at = s.n == 0 ? NULL : memchr(s.p, c, s.n);

    return at == NULL ? s.n : (size_t)(at - s.p);
}

size_t pl_str_rfind(struct pl_str s, char c)
{
    const char *at = s.n == 0 ? NULL : memrchr(s.p, c, s.n);

    return at == NULL ? s.n : (size_t)(at - s.p);
}

struct pl_str pl_str_from(struct pl_str s, size_t n)
{
    return n == 0 ? s : (struct pl_str){s.p + n, s.n - n};
}

/* Each of eight bytes in ASCII lower case. */
static inline uint64_t lower8(uint64_t bytes)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t low = bytes & 0x7f * each;
    /* The top bits: of bytes from 'A' on, and of those behind 'Z'; no sum goes beyond its byte. */
    uint64_t from_a = low + (0x80 - 'A') * each, behind_z = low + (0x7f - 'Z') * each;

    return bytes | ((from_a ^ behind_z) & ~bytes & 0x80 * each) >> 2;
}

void pl_str_lower(char *out, struct pl_str s)
{
    uint64_t word;
    size_t i = 0;

    for (; s.n - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, s.p + i, sizeof(word));
        word = lower8(word);
        memcpy(out + i, &word, sizeof(word));
    }
    for (; i < s.n; i++)
        out[i] = pl_ascii_lower(s.p[i]);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct pl_str pl_str_trim(struct pl_str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = pl_str_from(s, 1);
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

int pl_ascii_hex_digit(char c)
{
    c = pl_ascii_lower(c);
    if (pl_ascii_is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pl_str_to_number(struct pl_str s, unsigned long min, unsigned long max, unsigned long *out)
{
    unsigned long value = 0;

    if (s.n == 0 || s.n > 10 || (s.n > 1 && s.p[0] == '0'))
        return false; /* ten digits: nothing that we count is larger, and no overflow */
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_digit(s.p[i]))
            return false;
        value = value * 10 + (unsigned long)(s.p[i] - '0');
    }
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}
