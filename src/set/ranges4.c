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

enum { DIRECT_BITS = 16, PLAIN_MAX = 1024 };

/* Ranges in order, while they are made. */
struct making {
    struct pl_classes *classes;
    uint32_t *starts, *class_of;
    size_t count, cap_starts, cap_classes;
    bool failed;
};

/* From start on the class is this one. */
static void change(struct making *m, uint64_t start, uint32_t class)
{
    uint32_t *starts, *class_of;

    if (start > UINT32_MAX)
        return; /* behind the last address */
    if (m->count > 0 && m->starts[m->count - 1] == start)
        m->count--;
    if (m->count > 0 && m->class_of[m->count - 1] == class)
        return;
    starts = pl_grow(m->starts, &m->cap_starts, m->count, sizeof(*starts));
    if (starts != NULL)
        m->starts = starts;
    class_of = pl_grow(m->class_of, &m->cap_classes, m->count, sizeof(*class_of));
    if (class_of != NULL)
        m->class_of = class_of;
    if (starts == NULL || class_of == NULL) {
        m->failed = true;
        return;
    }
    m->starts[m->count] = (uint32_t)start;
    m->class_of[m->count++] = class;
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
        class = pl_classes_add(m->classes, open[depth].class, table);
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

static void *pack_classes(const uint32_t *class_of, size_t n, uint32_t most, unsigned *bytes)
{
    void *packed;

    *bytes = most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
    packed = malloc(n * *bytes);
    for (size_t i = 0; i < n && packed != NULL; i++) {
        if (*bytes == 1)
            ((uint8_t *)packed)[i] = (uint8_t)class_of[i];
        else if (*bytes == 2)
            ((uint16_t *)packed)[i] = (uint16_t)class_of[i];
        else
            ((uint32_t *)packed)[i] = class_of[i];
    }
    return packed;
}

/* Every leading part begins with a range of its own, so that a search never leaves it. */
static bool divide(struct pl_ranges4 *r, struct making *m)
{
    const unsigned low_bits = 32 - DIRECT_BITS;
    const uint32_t parts = 1U << DIRECT_BITS;
    size_t most = m->count + parts, n = 0, i = 0;
    uint32_t *class_of = malloc(most * sizeof(*class_of));

    r->direct = malloc((parts + 1) * sizeof(*r->direct));
    r->starts16 = malloc(most * sizeof(*r->starts16));
    if (class_of == NULL || r->direct == NULL || r->starts16 == NULL) {
        free(class_of);
        return false;
    }
    for (uint32_t part = 0; part < parts; part++) {
        r->direct[part] = (uint32_t)n;
        if (i == m->count || m->starts[i] != part << low_bits) {
            r->starts16[n] = 0;
            class_of[n++] = m->class_of[i - 1];
        }
        for (; i < m->count && m->starts[i] >> low_bits == part; i++) {
            r->starts16[n] = (uint16_t)(m->starts[i] & ((1U << low_bits) - 1));
            class_of[n++] = m->class_of[i];
        }
    }
    r->direct[parts] = (uint32_t)n;
    r->direct_bits = DIRECT_BITS;
    r->count = n;
    free(m->class_of);
    m->class_of = class_of;
    return true;
}

bool ranges4_build(struct pl_ranges4 *r, struct pl_classes *classes, const uint64_t *v4, size_t n)
{
    struct making m = {.classes = classes};
    bool ok;

    make(&m, v4, n);
    ok = !m.failed;
    r->count = m.count;
    if (ok && m.count > PLAIN_MAX) {
        ok = divide(r, &m);
        if (ok) {
            uint16_t *fitted = realloc(r->starts16, r->count * sizeof(*r->starts16));

            r->starts16 = fitted != NULL ? fitted : r->starts16;
        }
    } else if (ok) {
        r->starts32 = m.starts;
        m.starts = NULL;
    }
    if (ok) {
        r->class_of = pack_classes(m.class_of, r->count, classes->count - 1, &r->class_bytes);
        ok = r->class_of != NULL;
    }
    free(m.starts);
    free(m.class_of);
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

bool ranges4_walk(const struct pl_ranges4 *r, range_callback each, void *arg)
{
    uint32_t part = 0, start = 0;

    for (size_t i = 0; i < r->count; i++) {
        uint32_t next = i + 1 < r->count ? start_of(r, i + 1, &part) : 0;
        struct pl_addr first = addr4(start), last = addr4(next - 1);

        if (!each(&first, &last, class_at(r, i), arg))
            return false;
        start = next;
    }
    return true;
}
