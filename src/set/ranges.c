/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of addresses as sorted disjoint ranges: union, difference, and back to a minimal CIDR list. */
#include "postlatch/ranges.h"

#include "postlatch/buf.h"

#include <stdlib.h>
#include <string.h>

void pl_ranges_fini(struct pl_ranges *r)
{
    free(r->ranges);
    *r = (struct pl_ranges){0};
}

static int compare(const struct pl_addr *a, const struct pl_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* addr + 1 or - 1; false if there is no such address in the family. */
static bool step(struct pl_addr *addr, bool up)
{
    for (unsigned i = pl_addr_bits(addr) / 8; i-- > 0;) {
        addr->bytes[i] = (uint8_t)(addr->bytes[i] + (up ? 1 : 0xff));
        if (addr->bytes[i] != (up ? 0 : 0xff))
            return true;
    }
    return false;
}

static struct pl_addr last_of(const struct pl_prefix *prefix)
{
    struct pl_addr last = prefix->addr;
    unsigned bytes = pl_addr_bits(&last) / 8, whole = prefix->len / 8;

    if (whole < bytes) {
        last.bytes[whole] = (uint8_t)(last.bytes[whole] | (0xffU >> prefix->len % 8));
        memset(last.bytes + whole + 1, 0xff, bytes - whole - 1);
    }
    return last;
}

static bool append(struct pl_ranges *r, struct pl_addr low, struct pl_addr high)
{
    struct pl_range *ranges = pl_grow(r->ranges, &r->cap, r->count, sizeof(*ranges));

    if (ranges == NULL)
        return false;
    r->ranges = ranges;
    r->ranges[r->count++] = (struct pl_range){low, high};
    return true;
}

bool pl_ranges_add(struct pl_ranges *r, const struct pl_prefix *prefix)
{
    return append(r, prefix->addr, last_of(prefix));
}

static int by_low(const void *va, const void *vb)
{
    const struct pl_range *a = va, *b = vb;

    return compare(&a->low, &b->low);
}

void pl_ranges_merge(struct pl_ranges *r)
{
    size_t n = 0;

    if (r->count == 0)
        return;
    qsort(r->ranges, r->count, sizeof(*r->ranges), by_low);
    for (size_t i = 1; i < r->count; i++) {
        struct pl_range *last = &r->ranges[n];
        struct pl_addr after = last->high;
        bool has_after = step(&after, true);

        if (r->ranges[i].low.family == last->low.family &&
            (!has_after || compare(&r->ranges[i].low, &after) <= 0)) {
            if (compare(&r->ranges[i].high, &last->high) > 0)
                last->high = r->ranges[i].high;
        } else {
            r->ranges[++n] = r->ranges[i];
        }
    }
    r->count = n + 1;
}

/* Appends to out what is left of range after taking out b; *from: the first of b that may matter. */
static bool subtract_one(struct pl_ranges *out, struct pl_range range, const struct pl_ranges *b,
                         size_t *from)
{
    while (*from < b->count && compare(&b->ranges[*from].high, &range.low) < 0)
        (*from)++;
    for (size_t i = *from; i < b->count && compare(&b->ranges[i].low, &range.high) <= 0; i++) {
        if (compare(&b->ranges[i].low, &range.low) > 0) {
            struct pl_addr before = b->ranges[i].low;

            step(&before, false);
            if (!append(out, range.low, before))
                return false;
        }
        if (compare(&b->ranges[i].high, &range.high) >= 0)
            return true;
        range.low = b->ranges[i].high;
        step(&range.low, true);
    }
    return append(out, range.low, range.high);
}

bool pl_ranges_subtract(struct pl_ranges *a, const struct pl_ranges *b)
{
    struct pl_ranges out = {0};
    size_t from = 0;

    for (size_t i = 0; i < a->count; i++) {
        if (!subtract_one(&out, a->ranges[i], b, &from)) {
            pl_ranges_fini(&out);
            return false;
        }
    }
    pl_ranges_fini(a);
    *a = out;
    return true;
}

bool pl_ranges_contain(const struct pl_ranges *r, const struct pl_addr *addr)
{
    size_t low = 0, high = r->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&r->ranges[middle].high, addr) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->count && compare(&r->ranges[low].low, addr) <= 0;
}

/* An address as a number. */
struct number {
    uint64_t high, low;
};

static struct number number_of(const struct pl_addr *addr)
{
    struct number n = {0, 0};

    for (unsigned i = 0; i < pl_addr_bits(addr) / 8; i++) {
        n.high = n.high << 8 | n.low >> 56;
        n.low = n.low << 8 | addr->bytes[i];
    }
    return n;
}

/* How many zeros n ends with, at most bits. */
static unsigned trailing_zeros(struct number n, unsigned bits)
{
    unsigned zeros = n.low != 0    ? (unsigned)__builtin_ctzll(n.low)
                     : n.high != 0 ? 64 + (unsigned)__builtin_ctzll(n.high)
                                   : 128;

    return zeros < bits ? zeros : bits;
}

/* The largest k for which 2^k addresses begin at a and end no later than b. */
static unsigned log2_of_count(struct number a, struct number b)
{
    struct number less = {b.high - a.high - (b.low < a.low), b.low - a.low}; /* count - 1 */
    struct number count = {less.high + (less.low == UINT64_MAX), less.low + 1};

    if (count.high != 0)
        return 127 - (unsigned)__builtin_clzll(count.high);
    return count.low != 0 ? 63 - (unsigned)__builtin_clzll(count.low)
                          : 128; /* 2^128 is all of it */
}

bool pl_range_next_prefix(struct pl_range *range, struct pl_prefix *prefix)
{
    unsigned bits = pl_addr_bits(&range->low), aligned, fits;
    struct number low = number_of(&range->low), high = number_of(&range->high);
    struct pl_addr last;

    if (bits == 0)
        return false;
    aligned = trailing_zeros(low, bits);
    fits = log2_of_count(low, high);
    *prefix = (struct pl_prefix){range->low, (uint8_t)(bits - (aligned < fits ? aligned : fits))};
    last = last_of(prefix);
    if (pl_addr_eq(&last, &range->high) || !step(&last, true))
        range->low.family = 0; /* nothing left */
    else
        range->low = last;
    return true;
}
