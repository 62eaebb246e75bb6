/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6: as IPv4 in two levels, since networks longer than /64 are few. The first is over the leading
 * 64 bits; where one such value is divided further, a second one is over its trailing 64. In front of
 * the first is a table over the part of the address space where most ranges lie.
 */
#include "networks.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/large.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MAX = 1 << 17, DIRECT_MIN = 64 };

static uint64_t start_of(const struct pl_range6 *range)
{
    uint64_t start;

    memcpy(&start, range->start, sizeof(start));
    return start;
}

/* Ranges of one level while they are made. The end of the last one does not fit in 64 bits. */
struct making {
    struct pl_range6 *ranges;
    size_t count, cap;
    bool failed;
};

static void put(struct making *m, uint64_t start, uint32_t class)
{
    struct pl_range6 *ranges = pl_grow(m->ranges, &m->cap, m->count, sizeof(*ranges));

    if (ranges == NULL) {
        m->failed = true;
        return;
    }
    m->ranges = ranges;
    memcpy(ranges[m->count].start, &start, sizeof(start));
    ranges[m->count++].class = class;
}

/* From start on the class is this one; `from` is where the level began in m. */
static void change(struct making *m, size_t from, uint64_t start, uint32_t class)
{
    if (m->count > from && start_of(&m->ranges[m->count - 1]) == start)
        m->count--;
    if (m->count == from || m->ranges[m->count - 1].class != class)
        put(m, start, class);
}

/* A network that is open; last: the last value that it holds, in the bits of its level. */
struct open {
    uint64_t last;
    uint32_t class;
};

/* One level in the making: its ranges, from `from` on, and the networks that are open. */
struct level {
    struct making *m;
    size_t from, depth;
    struct open open[67]; /* [0]: everything around. Lasts differ, so there are at most 65 */
};

static void begin(struct level *l, struct making *m, uint32_t around)
{
    l->m = m;
    l->from = m->count;
    l->depth = 0;
    l->open[0] = (struct open){UINT64_MAX, around};
    change(m, l->from, 0, around);
}

/* Closes what ends before start; all of it at the end. */
static void close_until(struct level *l, uint64_t start, bool all)
{
    while (l->depth > 0 && (all || l->open[l->depth].last < start)) {
        uint64_t last = l->open[l->depth--].last;

        if (last != UINT64_MAX)
            change(l->m, l->from, last + 1, l->open[l->depth].class);
    }
}

/* Opens a network of table; false when there can be no class for it. */
static bool enter(struct level *l, struct pl_classes *classes, uint64_t start, uint64_t last,
                  uint32_t table)
{
    uint32_t class;

    close_until(l, start, false);
    class = pl_classes_add(classes, l->open[l->depth].class, table);
    if (class == PL_CLASS_FAILED)
        return false;
    change(l->m, l->from, start, class);
    if (l->depth == 0 || l->open[l->depth].last != last)
        l->depth++;
    pl_assert(l->depth < sizeof(l->open) / sizeof(l->open[0]));
    l->open[l->depth] = (struct open){last, class};
    return true;
}

struct building {
    struct pl_classes *classes;
    struct making heads, tails;
    uint32_t *parts;
    size_t nparts, cap_parts;
};

/* The networks v6[0..n), all of one leading half and longer than /64, in what is of class around. */
static bool divide(struct building *b, const struct pl_network6 *v6, size_t n, uint32_t around)
{
    uint32_t *parts = pl_grow(b->parts, &b->cap_parts, b->nparts + 1, sizeof(*parts));
    struct level l;

    if (parts == NULL || b->nparts >= PL_RANGE_DIVIDED - 2)
        return false;
    b->parts = parts;
    b->parts[b->nparts] = (uint32_t)b->tails.count;
    begin(&l, &b->tails, around);
    for (size_t i = 0; i < n; i++) {
        uint64_t rest = v6[i].len == 128 ? 0 : UINT64_MAX >> (v6[i].len - 64);

        if (!enter(&l, b->classes, v6[i].low, v6[i].low | rest, v6[i].table))
            return false;
    }
    close_until(&l, 0, true);
    b->parts[++b->nparts] = (uint32_t)b->tails.count;
    return !b->tails.failed;
}

/* Networks up to /64 come before longer ones of the same leading half, as they are sorted. */
static bool make(struct building *b, const struct pl_network6 *v6, size_t n)
{
    struct level l;

    begin(&l, &b->heads, PL_CLASS_NONE);
    for (size_t i = 0, end; i < n; i = end) {
        uint64_t high = v6[i].high, rest = v6[i].len >= 64 ? 0 : UINT64_MAX >> v6[i].len;

        end = i + 1;
        if (v6[i].len <= 64) {
            if (!enter(&l, b->classes, high, high | rest, v6[i].table))
                return false;
            continue;
        }
        while (end < n && v6[end].high == high)
            end++;
        close_until(&l, high, false);
        if (!divide(b, v6 + i, end - i, l.open[l.depth].class))
            return false;
        change(&b->heads, 0, high, PL_RANGE_DIVIDED | (uint32_t)(b->nparts - 1));
        if (high != UINT64_MAX)
            change(&b->heads, 0, high + 1, l.open[l.depth].class);
    }
    close_until(&l, 0, true);
    return !b->heads.failed;
}

static uint32_t slot_of(const struct pl_ranges6 *r, uint64_t high)
{
    uint64_t slot = high < r->base ? 0 : (high - r->base) >> r->shift;

    return slot < r->slots ? (uint32_t)slot : r->slots - 1;
}

/*
 * The table in front: over the space between the ranges at a hundredth from both ends, so that a few
 * far away do not spread it thin. What lies outside goes to its first and last slot.
 */
static bool make_direct(struct pl_ranges6 *r)
{
    size_t margin = r->count / 100, i = 0;
    uint64_t span;

    if (r->count < DIRECT_MIN)
        return true;
    r->base = start_of(&r->ranges[margin + 1]);
    span = start_of(&r->ranges[r->count - 1 - margin]) - r->base;
    r->slots = 64;
    while (r->slots < SLOTS_MAX && r->slots < r->count / 2)
        r->slots *= 2;
    while (span >> r->shift >= r->slots)
        r->shift++;
    r->direct = malloc((r->slots + 1) * sizeof(*r->direct));
    if (r->direct == NULL)
        return false;
    /* direct[s]: the first range that begins in slot s or behind it. */
    for (uint32_t slot = 0; slot <= r->slots; slot++) {
        while (i < r->count && slot_of(r, start_of(&r->ranges[i])) < slot)
            i++;
        r->direct[slot] = slot == r->slots ? (uint32_t)r->count : (uint32_t)i;
    }
    return true;
}

/* The ranges without the room that they could have grown into, in memory that is quick to read. */
static struct pl_range6 *fitted(struct pl_range6 *ranges, size_t n)
{
    struct pl_range6 *copy = pl_alloc_large(n * sizeof(*copy));

    if (copy == NULL)
        return ranges;
    memcpy(copy, ranges, n * sizeof(*copy));
    free(ranges);
    return copy;
}

bool ranges6_build(struct pl_ranges6 *r, struct pl_classes *classes, const struct pl_network6 *v6,
                   size_t n)
{
    struct building b = {.classes = classes};
    bool ok = make(&b, v6, n);

    r->count = b.heads.count;
    r->ranges = fitted(b.heads.ranges, b.heads.count);
    r->tails = b.tails.ranges;
    r->ntails = b.tails.count;
    r->parts = b.parts;
    r->nparts = b.nparts;
    return ok && make_direct(r);
}

/* The last of ranges[0..n) that does not begin above value; the caller knows that there is one. */
static const struct pl_range6 *search(const struct pl_range6 *ranges, size_t n, uint64_t value)
{
    while (n > 1) {
        size_t half = n / 2;

        ranges = start_of(&ranges[half]) <= value ? ranges + half : ranges;
        n -= half;
    }
    return ranges;
}

/* The ranges that begin in the slot of an address. That before the first may reach into it. */
static const struct pl_range6 *ranges_of(const struct pl_ranges6 *r, uint64_t high, size_t *n)
{
    size_t first = 0, end = r->count;

    if (r->direct != NULL) {
        uint32_t slot = slot_of(r, high);

        first = r->direct[slot] > 0 ? r->direct[slot] - 1 : 0;
        end = r->direct[slot + 1];
    }
    *n = end - first;
    return r->ranges + first;
}

uint32_t ranges6_find(const struct pl_ranges6 *r, uint64_t high, uint64_t low)
{
    size_t n;
    const struct pl_range6 *ranges = ranges_of(r, high, &n);
    uint32_t class = search(ranges, n, high)->class;

    if ((class & PL_RANGE_DIVIDED) == 0)
        return class;
    class &= ~PL_RANGE_DIVIDED;
    return search(r->tails + r->parts[class], r->parts[class + 1] - r->parts[class], low)->class;
}

const void *ranges6_place(const struct pl_ranges6 *r, uint64_t high)
{
    return r->direct == NULL ? NULL : &r->direct[slot_of(r, high)];
}

const void *ranges6_entry(const struct pl_ranges6 *r, uint64_t high)
{
    size_t n;
    const struct pl_range6 *ranges = ranges_of(r, high, &n);

    return ranges + n / 2; /* the search begins in the middle */
}

static struct pl_addr addr6(uint64_t high, uint64_t low)
{
    struct pl_addr a = {6, {0}};

    for (int i = 0; i < 8; i++) {
        a.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        a.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    return a;
}

/* The next range of a leading half that is divided. */
static void next_tail(const struct pl_ranges6 *r, struct pl_addr_cursor *c)
{
    uint64_t high = start_of(&r->ranges[c->at]);
    uint32_t part = r->ranges[c->at].class & ~PL_RANGE_DIVIDED;
    size_t i = r->parts[part] + c->tail, end = r->parts[part + 1];

    c->first = addr6(high, start_of(&r->tails[i]));
    c->last = addr6(high, i + 1 < end ? start_of(&r->tails[i + 1]) - 1 : UINT64_MAX);
    c->class = r->tails[i].class;
    c->tail++;
    if (i + 1 == end) {
        c->tail = 0;
        c->at++;
    }
}

bool ranges6_next(const struct pl_ranges6 *r, struct pl_addr_cursor *c)
{
    const struct pl_range6 *range = r->ranges + c->at;

    if (c->at == r->count)
        return false;
    if ((range->class & PL_RANGE_DIVIDED) != 0) {
        next_tail(r, c);
        return true;
    }
    c->at++;
    c->first = addr6(start_of(range), 0);
    c->last = addr6(c->at < r->count ? start_of(range + 1) - 1 : UINT64_MAX, UINT64_MAX);
    c->class = range->class;
    return true;
}
