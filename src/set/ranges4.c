/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4: from sorted networks to disjoint ranges, and from an address to its range.
 *
 * Networks nest or are apart, so one pass with a stack does: at each start and end the class changes
 * to that of the innermost network still open, which has all the outer ones' tables in it. Equal
 * neighbours are one range. With many ranges a table on the leading bits leads to a short search among
 * the rest (as in DXR, Zec, Rizzo, Mikuc 2012): 3 bytes a range for up to 256 classes. ADR 0006 has
 * the alternatives measured.
 */
#include "networks.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

enum { DIRECT_BITS = 16, LOW_BITS = 32 - DIRECT_BITS, PLAIN_MAX = 1024 };
#define LOW_MASK ((1U << LOW_BITS) - 1)

/* Ranges in order, while they are made. */
struct making {
    struct pl_classes *classes;
    struct made {
        uint32_t start, class;
    } * ranges;
    size_t count;
    /* The last question to classes, which most often is the next one too. */
    uint32_t outer, table, class;
    bool failed;
};

/* From start on the class is this one. */
static inline void change(struct making *m, uint64_t start, uint32_t class)
{
    if (start > UINT32_MAX)
        return; /* behind the last address */
    if (m->count > 0 && m->ranges[m->count - 1].start == start)
        m->count--;
    if (m->count > 0 && m->ranges[m->count - 1].class == class)
        return;
    m->ranges[m->count++] = (struct made){(uint32_t)start, class};
}

static inline uint32_t class_within(struct making *m, uint32_t outer, uint32_t table)
{
    if (outer != m->outer || table != m->table || m->class == PL_CLASS_NONE) {
        m->class = pl_classes_add(m->classes, outer, table);
        m->outer = outer;
        m->table = table;
    }
    return m->class;
}

static void make(struct making *m, const uint64_t *v4, size_t n)
{
    struct {
        uint64_t end; /* the first address behind it */
        uint32_t class;
    } open[34] = {{1ULL << 32, PL_CLASS_NONE}};
    size_t depth = 0;

    change(m, 0, PL_CLASS_NONE);
    for (size_t i = 0; i < n && !m->failed; i++) {
        uint64_t start = v4[i] >> 32, end;
        unsigned len = (unsigned)(v4[i] >> PL_NETWORK_TABLE_BITS & 63);
        uint32_t table = (uint32_t)(v4[i] & ((1U << PL_NETWORK_TABLE_BITS) - 1)), class;

        end = start + (1ULL << (32 - len));
        while (open[depth].end <= start) {
            depth--;
            change(m, open[depth + 1].end, open[depth].class);
        }
        class = class_within(m, open[depth].class, table);
        if (class == PL_CLASS_FAILED) {
            m->failed = true;
            return;
        }
        change(m, start, class);
        /* What ends together is one from here on: so ends differ, and there are at most 33. */
        if (depth == 0 || open[depth].end != end)
            depth++;
        pl_assert(depth < sizeof(open) / sizeof(open[0]));
        open[depth].end = end;
        open[depth].class = class;
    }
    while (depth > 0) {
        depth--;
        change(m, open[depth + 1].end, open[depth].class);
    }
}

static bool new_classes(struct pl_ranges4 *r, size_t n, uint32_t most)
{
    r->class_bytes = most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
    r->class_of = malloc(n * r->class_bytes);
    return r->class_of != NULL;
}

static inline void put_class(struct pl_ranges4 *r, size_t i, uint32_t class)
{
    if (r->class_bytes == 1)
        ((uint8_t *)r->class_of)[i] = (uint8_t) class;
    else if (r->class_bytes == 2)
        ((uint16_t *)r->class_of)[i] = (uint16_t) class;
    else
        ((uint32_t *)r->class_of)[i] = class;
}

/* Few ranges: as they are. */
static bool keep(struct pl_ranges4 *r, const struct making *m)
{
    r->count = m->count;
    r->starts32 = malloc(r->count * sizeof(*r->starts32));
    if (r->starts32 == NULL || !new_classes(r, r->count, m->classes->count - 1))
        return false;
    for (size_t i = 0; i < r->count; i++) {
        r->starts32[i] = m->ranges[i].start;
        put_class(r, i, m->ranges[i].class);
    }
    return true;
}

/* How many ranges there are when every leading part begins with one. */
static size_t count_divided(const struct making *m)
{
    size_t n = (size_t)1 << DIRECT_BITS;

    for (size_t i = 0; i < m->count; i++)
        n += (m->ranges[i].start & LOW_MASK) != 0;
    return n;
}

/* Every leading part begins with a range of its own, so that a search never leaves it. */
static bool divide(struct pl_ranges4 *r, const struct making *m)
{
    const uint32_t parts = 1U << DIRECT_BITS;
    size_t n = 0, i = 0;

    r->count = count_divided(m);
    r->direct_bits = DIRECT_BITS;
    r->direct = malloc((parts + 1) * sizeof(*r->direct));
    r->starts16 = malloc(r->count * sizeof(*r->starts16));
    if (r->direct == NULL || r->starts16 == NULL ||
        !new_classes(r, r->count, m->classes->count - 1))
        return false;
    for (uint32_t part = 0; part < parts; part++) {
        r->direct[part] = (uint32_t)n;
        if (i == m->count || m->ranges[i].start != part << LOW_BITS) {
            r->starts16[n] = 0;
            put_class(r, n++, m->ranges[i - 1].class);
        }
        for (; i < m->count && m->ranges[i].start >> LOW_BITS == part; i++) {
            r->starts16[n] = (uint16_t)(m->ranges[i].start & LOW_MASK);
            put_class(r, n++, m->ranges[i].class);
        }
    }
    r->direct[parts] = (uint32_t)n;
    pl_assert(n == r->count);
    return true;
}

bool ranges4_build(struct pl_ranges4 *r, struct pl_classes *classes, const uint64_t *v4, size_t n)
{
    /* A network begins one range, and another where it ends. */
    struct making m = {.classes = classes,
                       .ranges = pl_alloc_large((2 * n + 1) * sizeof(*m.ranges))};
    bool ok;

    if (m.ranges == NULL)
        return false;
    make(&m, v4, n);
    ok = !m.failed && (m.count > PLAIN_MAX ? divide(r, &m) : keep(r, &m));
    free(m.ranges);
    return ok;
}

static uint32_t class_at(const struct pl_ranges4 *r, size_t i)
{
    if (r->class_bytes == 1)
        return ((const uint8_t *)r->class_of)[i];
    if (r->class_bytes == 2)
        return ((const uint16_t *)r->class_of)[i];
    return ((const uint32_t *)r->class_of)[i];
}

uint32_t ranges4_find(const struct pl_ranges4 *r, uint32_t addr)
{
    size_t low = 0, n = r->count;

    /* The last start that is not above the address; the first one is 0, so there is one. */
    if (r->direct_bits == 0) {
        while (n > 1) {
            size_t half = n / 2;

            low = r->starts32[low + half] <= addr ? low + half : low;
            n -= half;
        }
    } else {
        const uint32_t *part = r->direct + (addr >> (32 - DIRECT_BITS));
        uint32_t rest = addr & ((1U << (32 - DIRECT_BITS)) - 1);

        low = part[0];
        n = part[1] - low;
        while (n > 1) {
            size_t half = n / 2;

            low = r->starts16[low + half] <= rest ? low + half : low;
            n -= half;
        }
    }
    return class_at(r, low);
}

static struct pl_addr addr4(uint32_t addr)
{
    return (struct pl_addr){
        4, {(uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr}};
}

/* The first address of a range; *part follows along. */
static uint32_t start_of(const struct pl_ranges4 *r, size_t i, uint32_t *part)
{
    if (r->direct_bits == 0)
        return r->starts32[i];
    while (r->direct[*part + 1] <= i)
        (*part)++;
    return *part << (32 - DIRECT_BITS) | r->starts16[i];
}

bool ranges4_next(const struct pl_ranges4 *r, struct pl_addr_cursor *c)
{
    size_t i = c->at;

    if (i == r->count)
        return false;
    c->first = addr4(c->next4);
    c->next4 = i + 1 < r->count ? start_of(r, i + 1, &c->part) : 0;
    c->last = addr4(c->next4 - 1);
    c->class = class_at(r, i);
    c->at++;
    return true;
}

bool ranges4_join(const struct pl_ranges4 *r, const uint16_t *marks, uint16_t bit, uint64_t least,
                  bool (*each)(const struct pl_addr *first, const struct pl_addr *last, void *arg),
                  void *arg)
{
    uint32_t part = 0;
    uint64_t from = 0; /* where the open range begins */
    bool open = false;

    for (size_t i = 0; i <= r->count; i++) {
        uint64_t start = i < r->count ? start_of(r, i, &part) : 1ULL << 32;
        bool in = i < r->count && (marks[class_at(r, i)] & bit) != 0;

        if (open && !in && start - from >= least) {
            struct pl_addr first = addr4((uint32_t)from), last = addr4((uint32_t)(start - 1));

            if (!each(&first, &last, arg))
                return false;
        }
        if (in && !open)
            from = start;
        open = in;
    }
    return true;
}
