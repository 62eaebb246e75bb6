/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_STR_H
#define POSTLATCH_STR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * struct pl_str - a view of bytes that somebody else owns; plain value
 *
 * Not NUL-terminated, may hold any byte. {NULL, 0} is the empty view. It is dead as soon as its
 * owner frees or moves the bytes.
 */
struct pl_str {
    const char *p;
    size_t n; /* bytes */
};

/* pl_str_lit - a view of a string literal, known at compile time */
#define pl_str_lit(s) ((struct pl_str){(s), sizeof(s) - 1})

/* pl_str_of - a view of a NUL-terminated string; NULL gives the empty view */
struct pl_str pl_str_of(const char *s);

/* pl_str_eq - same bytes, same length */
bool pl_str_eq(struct pl_str a, struct pl_str b);

/* pl_str_eq_fold - as pl_str_eq, ASCII letters compared without case (never by locale) */
bool pl_str_eq_fold(struct pl_str a, struct pl_str b);

/* pl_str_cmp - order by bytes, a shorter string before a longer one that it begins; <0, 0, >0 */
int pl_str_cmp(struct pl_str a, struct pl_str b);

/* pl_str_has_prefix - s begins with the bytes of prefix */
bool pl_str_has_prefix(struct pl_str s, struct pl_str prefix);

/* pl_str_has_prefix_fold - as pl_str_has_prefix, ASCII letters compared without case */
bool pl_str_has_prefix_fold(struct pl_str s, struct pl_str prefix);

/* pl_str_find - index of the first c in s, or s.n if there is none */
size_t pl_str_find(struct pl_str s, char c);

/* pl_str_rfind - index of the last c in s, or s.n if there is none */
size_t pl_str_rfind(struct pl_str s, char c);

/* pl_str_from - s without its first n bytes; n is at most s.n */
struct pl_str pl_str_from(struct pl_str s, size_t n);

/* pl_str_trim - s without the blanks and tabs at both ends */
struct pl_str pl_str_trim(struct pl_str s);

/*
 * pl_str_lower - s in ASCII lower case, eight bytes at a time
 *
 * out      out[0..s.n), apart from s
 */
void pl_str_lower(char *out, struct pl_str s);

/*
 * pl_ascii_lower, pl_ascii_is_… - the C locale's answers whatever the process's locale is; any char
 * value
 */
static inline char pl_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline char pl_ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static inline bool pl_ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool pl_ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool pl_ascii_is_alnum(char c)
{
    return pl_ascii_is_alpha(c) || pl_ascii_is_digit(c);
}

static inline bool pl_ascii_is_print(char c) /* 0x20 to 0x7e */
{
    return c >= 0x20 && c <= 0x7e;
}

int pl_ascii_hex_digit(char c); /* its value, -1 if it is none; any case */

/*
 * pl_str_to_number - a decimal number written the only way it can be: digits, no sign, no leading
 * zero
 *
 * returns  true and *out when min <= value <= max
 */
bool pl_str_to_number(struct pl_str s, unsigned long min, unsigned long max, unsigned long *out);

#endif
