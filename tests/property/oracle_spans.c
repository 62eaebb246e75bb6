/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses as numbers, so that one below and one above are plain arithmetic. */
#include "draft.h"
#include "oracle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned bits_of(int family)
{
    return family == 4 ? 32 : 128;
}

static oracle_u128 number(const uint8_t *bytes, size_t n)
{
    oracle_u128 value = 0;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* All bits below the leading len ones. */
static oracle_u128 host_bits(unsigned bits, unsigned len)
{
    return len == bits ? 0 : ~(oracle_u128)0 >> (128 - (bits - len));
}

bool span_parse_as_is(struct span *s, struct pl_str text)
{
    char room[64];
    uint8_t bytes[16];
    unsigned len;
    char *slash, *start = room, *bracket;

    if (text.n >= sizeof(room))
        return false;
    memcpy(room, text.p, text.n);
    room[text.n] = '\0';
    slash = strchr(room, '/');
    if (slash != NULL)
        *slash = '\0';
    bracket = strchr(room, ']');
    if (bracket != NULL) {
        *bracket = '\0';
        start = room + 1;
    }
    s->family = strchr(start, ':') == NULL ? 4 : 6;
    if (inet_pton(s->family == 4 ? AF_INET : AF_INET6, start, bytes) != 1)
        return false;
    s->low = number(bytes, s->family == 4 ? 4 : 16);
    len = slash == NULL ? bits_of(s->family) : (unsigned)strtoul(slash + 1, NULL, 10);
    s->high = s->low | host_bits(bits_of(s->family), len);
    return true;
}

bool span_parse(struct span *s, struct pl_str text)
{
    if (!span_parse_as_is(s, text))
        return false;
    if (s->family == 6 && s->low >> 32 == 0xffff && s->high >> 32 == 0xffff)
        *s = (struct span){4, s->low & 0xffffffff, s->high & 0xffffffff};
    return true;
}

struct span span_of(const struct pl_addr *addr)
{
    oracle_u128 at = number(addr->bytes, addr->family == 4 ? 4 : 16);

    return (struct span){addr->family, at, at};
}

struct span span_of_prefix(const struct pl_prefix *prefix)
{
    struct span s = span_of(&prefix->addr);

    s.high |= host_bits(bits_of(s.family), prefix->len);
    return s;
}

struct pl_str span_text(struct pl_arena *a, int family, oracle_u128 at, bool mapped)
{
    char room[INET6_ADDRSTRLEN + 8], text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    size_t n = bits_of(family) / 8;
    struct pl_str copy;

    for (size_t i = n; i-- > 0; at >>= 8)
        bytes[i] = (uint8_t)at;
    must(inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text)) != NULL,
         "inet_ntop");
    snprintf(room, sizeof(room), "%s%s", mapped && family == 4 ? "::ffff:" : "", text);
    copy = pl_arena_copy(a, pl_str_of(room));
    must(copy.p != NULL, "out of memory");
    return copy;
}

void spans_add(struct spans *s, struct span span)
{
    struct span *items = pl_grow(s->items, &s->cap, s->count, sizeof(*items));

    must(items != NULL, "out of memory");
    s->items = items;
    items[s->count++] = span;
}

void spans_fini(struct spans *s)
{
    free(s->items);
    *s = (struct spans){0};
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    return x->low < y->low ? -1 : x->low > y->low;
}

void spans_merge(struct spans *s)
{
    size_t n = 0;

    if (s->count == 0)
        return;
    qsort(s->items, s->count, sizeof(*s->items), compare_spans);
    for (size_t i = 1; i < s->count; i++) {
        struct span *last = &s->items[n], next = s->items[i];

        if (next.family != last->family || (next.low > last->high && next.low - last->high > 1))
            s->items[++n] = next;
        else if (next.high > last->high)
            last->high = next.high;
    }
    s->count = n + 1;
}

struct pl_str *spans_cidrs(const struct spans *s, struct pl_arena *a, size_t *n)
{
    struct pl_str *texts = NULL;
    size_t cap = 0;

    *n = 0;
    for (size_t i = 0; i < s->count; i++) {
        unsigned bits = bits_of(s->items[i].family);
        oracle_u128 low = s->items[i].low, high = s->items[i].high;

        for (bool done = false; !done;) {
            unsigned len = bits;
            char room[80];
            struct pl_str *more = pl_grow(texts, &cap, *n, sizeof(*more));

            must(more != NULL, "out of memory");
            texts = more;
            while (len > 0 && (low & host_bits(bits, len - 1)) == 0 &&
                   (low | host_bits(bits, len - 1)) <= high)
                len--;
            if (len == bits)
                snprintf(room, sizeof(room), "%s", span_text(a, s->items[i].family, low, false).p);
            else
                snprintf(room, sizeof(room), "%s/%u",
                         span_text(a, s->items[i].family, low, false).p, len);
            texts[*n] = pl_arena_copy(a, pl_str_of(room));
            must(texts[(*n)++].p != NULL, "out of memory");
            done = (low | host_bits(bits, len)) == high;
            low = (low | host_bits(bits, len)) + 1;
        }
    }
    return texts;
}
