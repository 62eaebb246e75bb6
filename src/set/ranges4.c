/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4: from sorted networks to disjoint ranges, and from an address to its range.
 *
 * Networks nest or are apart, so one pass with a stack does: at each start and end the class changes
 * to that of the innermost network still open, which has all the outer ones' tables in it. Equal
 * neighbours are one range. With many ranges a table on the leading bits leads to a short search among
 * the rest (as in DXR, Zec, Rizzo, Mikuc 2012): 3 bytes a range for up to 256 classes. ADRs 0006
 * and 0011 have the alternatives measured.
 */
#include "networks.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/large.h"

#include <stdlib.h>
#include <string.h>

enum { DIRECT_BITS = 16, PLAIN_MAX = 1024 };

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

/* Classes of 1, 2 or 4 bytes, at any address. */
static void set_class(uint8_t *at, unsigned bytes, uint32_t class)
{
    const uint8_t c1 = (uint8_t) class;
    const uint16_t c2 = (uint16_t) class;

    memcpy(at, bytes == 1 ? (const void *)&c1 : bytes == 2 ? (const void *)&c2 : &class, bytes);
}

static uint32_t class_at(const uint8_t *at, unsigned bytes)
{
    uint16_t c2;
    uint32_t c4;

    if (bytes == 1)
        return *at;
    if (bytes == 2) {
        memcpy(&c2, at, sizeof(c2));
        return c2;
    }
    memcpy(&c4, at, sizeof(c4));
    return c4;
}

/* The ranges of a leading part: n starts of 2 bytes, behind them the n classes. */
struct part {
    uint8_t *starts, *classes;
    uint32_t n;
};

static struct part part_of(const struct pl_ranges4 *r, uint32_t number)
{
    uint32_t first = r->direct[number], n = r->direct[number + 1] - first;
    uint8_t *starts = r->parts + (size_t)first * (2 + r->class_bytes);

    return (struct part){starts, starts + 2 * (size_t)n, n};
}

static uint32_t start_at(const struct part *p, uint32_t i)
{
    uint16_t start;

    memcpy(&start, p->starts + 2 * (size_t)i, sizeof(start));
    return start;
}

static void set_range(const struct pl_ranges4 *r, const struct part *p, uint32_t i, uint32_t start,
                      uint32_t class)
{
    uint16_t low = (uint16_t)start;

    memcpy(p->starts + 2 * (size_t)i, &low, sizeof(low));
    set_class(p->classes + (size_t)i * r->class_bytes, r->class_bytes, class);
}

/* Every leading part begins with a range of its own, so that a search never leaves it. */
static bool divide(struct pl_ranges4 *r, const struct making *m)
{
    const unsigned low_bits = 32 - DIRECT_BITS;
    const uint32_t parts = 1U << DIRECT_BITS;
    size_t i = 0;

    r->count = m->count + parts;
    for (size_t k = 0; k < m->count; k++)
        r->count -= (m->ranges[k].start & ((1U << low_bits) - 1)) == 0 ? 1 : 0;
    r->direct = malloc((parts + 1) * sizeof(*r->direct));
    r->parts = pl_alloc_large(r->count * (2 + r->class_bytes));
    if (r->direct == NULL || r->parts == NULL)
        return false;
    r->direct[0] = 0;
    for (uint32_t number = 0; number < parts; number++) {
        bool own = i < m->count && m->ranges[i].start == number << low_bits;
        uint32_t k = 0;
        size_t end = i;
        struct part p;

        while (end < m->count && m->ranges[end].start >> low_bits == number)
            end++;
        r->direct[number + 1] = r->direct[number] + (uint32_t)(end - i) + (own ? 0 : 1);
        p = part_of(r, number);
        if (!own)
            set_range(r, &p, k++, 0, m->ranges[i - 1].class);
        for (; i < end; i++)
            set_range(r, &p, k++, m->ranges[i].start, m->ranges[i].class);
    }
    pl_assert(r->direct[parts] == r->count);
    r->direct_bits = DIRECT_BITS;
    return true;
}

/* Few ranges: whole starts, and the classes in an array of their own. */
static bool keep_whole(struct pl_ranges4 *r, const struct making *m)
{
    r->count = m->count;
    r->starts32 = malloc(m->count * sizeof(*r->starts32));
    r->class_of = malloc(m->count * r->class_bytes);
    if (r->starts32 == NULL || r->class_of == NULL)
        return false;
    for (size_t i = 0; i < m->count; i++) {
        r->starts32[i] = m->ranges[i].start;
        set_class(r->class_of + i * r->class_bytes, r->class_bytes, m->ranges[i].class);
    }
    return true;
}

bool ranges4_build(struct pl_ranges4 *r, struct pl_classes *classes, const uint64_t *v4, size_t n)
{
    /* A network begins one range, and another where it ends. */
    struct making m = {.classes = classes,
                       .ranges = pl_alloc_large((2 * n + 1) * sizeof(*m.ranges))};
    uint32_t most;
    bool ok;

    if (m.ranges == NULL)
        return false;
    make(&m, v4, n);
    most = classes->count - 1;
    r->class_bytes = most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
    ok = !m.failed && (m.count > PLAIN_MAX ? divide(r, &m) : keep_whole(r, &m));
    free(m.ranges);
    return ok;
}

/* The last start that is not above the address; the first one is 0, so there is one. */
static uint32_t find_whole(const struct pl_ranges4 *r, uint32_t addr)
{
    size_t low = 0, n = r->count;

    while (n > 1) {
        size_t half = n / 2;

        low = r->starts32[low + half] <= addr ? low + half : low;
        n -= half;
    }
    return class_at(r->class_of + low * r->class_bytes, r->class_bytes);
}

/* The same among the ranges of one part. */
static uint32_t find_in_part(const struct pl_ranges4 *r, uint32_t addr)
{
    struct part p = part_of(r, addr >> (32 - DIRECT_BITS));
    uint32_t rest = addr & ((1U << (32 - DIRECT_BITS)) - 1), low = 0, n = p.n;

    while (n > 1) {
        uint32_t half = n / 2;

        low = start_at(&p, low + half) <= rest ? low + half : low;
        n -= half;
    }
    return class_at(p.classes + (size_t)low * r->class_bytes, r->class_bytes);
}

uint32_t ranges4_find(const struct pl_ranges4 *r, uint32_t addr)
{
    return r->direct_bits == 0 ? find_whole(r, addr) : find_in_part(r, addr);
}

const void *ranges4_place(const struct pl_ranges4 *r, uint32_t addr)
{
    return r->direct_bits == 0 ? NULL : &r->direct[addr >> (32 - DIRECT_BITS)];
}

const void *ranges4_entry(const struct pl_ranges4 *r, uint32_t addr)
{
    struct part p;

    if (r->direct_bits == 0)
        return NULL;
    p = part_of(r, addr >> (32 - DIRECT_BITS));
    return p.starts + p.n; /* the search begins in the middle */
}

static struct pl_addr addr4(uint32_t addr)
{
    return (struct pl_addr){
        4, {(uint8_t)(addr >> 24), (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr}};
}

/* Moves on to the next range; the class of the one that is left. next4 is 0 behind the last. */
static uint32_t advance(const struct pl_ranges4 *r, struct pl_addr_cursor *c)
{
    const unsigned bytes = r->class_bytes;
    struct part p;
    uint32_t class;

    if (r->direct_bits == 0) {
        class = class_at(r->class_of + c->at * bytes, bytes);
        c->at++;
        c->next4 = c->at < r->count ? r->starts32[c->at] : 0;
        return class;
    }
    p = part_of(r, c->part);
    class = class_at(p.classes + c->tail * bytes, bytes);
    c->at++;
    c->tail++;
    if (c->tail == p.n) { /* the next part begins with a range of its own */
        c->tail = 0;
        c->part++;
        c->next4 = c->part << (32 - DIRECT_BITS);
    } else {
        c->next4 = c->part << (32 - DIRECT_BITS) | start_at(&p, (uint32_t)c->tail);
    }
    return class;
}

bool ranges4_next(const struct pl_ranges4 *r, struct pl_addr_cursor *c)
{
    if (c->at == r->count)
        return false;
    c->first = addr4(c->next4);
    c->class = advance(r, c);
    c->last = addr4(c->next4 - 1);
    return true;
}

bool ranges4_join(const struct pl_ranges4 *r, const uint16_t *marks, uint16_t bit, uint64_t least,
                  bool (*each)(const struct pl_addr *first, const struct pl_addr *last, void *arg),
                  void *arg)
{
    struct pl_addr_cursor c = {0};
    uint64_t from = 0; /* where the open range begins */
    bool open = false, ended;

    do {
        uint64_t start = c.next4;
        bool in;

        ended = c.at == r->count;
        in = !ended && (marks[advance(r, &c)] & bit) != 0;
        if (ended)
            start = 1ULL << 32;
        if (open && !in && start - from >= least) {
            struct pl_addr first = addr4((uint32_t)from), last = addr4((uint32_t)(start - 1));

            if (!each(&first, &last, arg))
                return false;
        }
        if (in && !open)
            from = start;
        open = in;
    } while (!ended);
    return true;
}
