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

bool span_parse(struct span *s, struct pl_str text)
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

/* ---- lists of networks ---- */

/* Whether any address of a network is among merged spans; or all of them. */
static bool spans_touch(const struct spans *s, struct span x)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].family == x.family && s->items[i].low <= x.high &&
            x.low <= s->items[i].high)
            return true;
    }
    return false;
}

static bool spans_hold(const struct spans *s, struct span x)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].family == x.family && s->items[i].low <= x.low &&
            x.high <= s->items[i].high)
            return true;
    }
    return false;
}

struct listing {
    const struct spans *spans, *with_gap;
    struct pl_arena *arena;
    struct pl_str *texts;
    size_t count, cap;
};

static void list(struct listing *l, struct span x, unsigned len)
{
    struct pl_str *more = pl_grow(l->texts, &l->cap, l->count, sizeof(*more));
    struct pl_str at = span_text(l->arena, x.family, x.low, false);
    char room[INET6_ADDRSTRLEN + 16];

    must(more != NULL, "out of memory");
    l->texts = more;
    if (len == bits_of(x.family))
        snprintf(room, sizeof(room), "%.*s", (int)at.n, at.p);
    else
        snprintf(room, sizeof(room), "%.*s/%u", (int)at.n, at.p, len);
    more[l->count] = pl_arena_copy(l->arena, pl_str_of(room));
    must(more[l->count++].p != NULL, "out of memory");
}

static struct span half(struct span x, unsigned len, bool upper)
{
    oracle_u128 rest = host_bits(bits_of(x.family), len + 1);

    if (upper)
        x.low = x.low + rest + 1;
    x.high = x.low | rest;
    return x;
}

/* How many networks hold what is in spans of a network, and nothing else. */
static size_t count_networks(const struct spans *s, struct span x, unsigned len)
{
    if (!spans_touch(s, x))
        return 0;
    if (spans_hold(s, x))
        return 1;
    return count_networks(s, half(x, len, false), len + 1) +
           count_networks(s, half(x, len, true), len + 1);
}

/* Whole, if all of it is in spans; or but for the gap, and it would be more than one without it. */
static void list_networks(struct listing *l, struct span x, unsigned len)
{
    if (!spans_touch(l->spans, x))
        return;
    if (spans_hold(l->spans, x) ||
        (spans_hold(l->with_gap, x) && count_networks(l->spans, x, len) > 1)) {
        list(l, x, len);
        return;
    }
    list_networks(l, half(x, len, false), len + 1);
    list_networks(l, half(x, len, true), len + 1);
}

struct pl_str *spans_cidrs(const struct spans *s, struct pl_arena *a, size_t *n)
{
    struct spans with_gap = {0};
    struct listing l = {.spans = s, .with_gap = &with_gap, .arena = a};

    for (size_t i = 0; i < s->count; i++)
        spans_add(&with_gap, s->items[i]);
    spans_add(&with_gap, ORACLE_MAPPED);
    spans_merge(&with_gap);
    list_networks(&l, (struct span){4, 0, host_bits(32, 0)}, 0);
    list_networks(&l, (struct span){6, 0, host_bits(128, 0)}, 0);
    spans_fini(&with_gap);
    *n = l.count;
    return l.texts;
}
