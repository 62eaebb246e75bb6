/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The axes of addresses. Both policies cut all addresses into ranges of one class each; where either
 * begins a range, a new pair of classes may begin.
 */
#include "axis.h"
#include "networks.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/ranges.h"

#include <stdlib.h>
#include <string.h>

/* ---- the ranges of both policies ---- */

struct merge {
    const struct pl_addr_index *second; /* of the second policy; NULL: there is only one */
    struct pl_addr_cursor other;        /* its range that holds what comes next */
    bool (*each)(const struct pl_addr *first, const struct pl_addr *last, uint64_t classes,
                 void *arg);
    void *arg;
};

static bool emit(const struct merge *m, const struct pl_addr *first, const struct pl_addr *last,
                 uint64_t classes)
{
    if (first->family == 4 || addr_compare(last, &gap_first) < 0 ||
        addr_compare(first, &gap_last) > 0)
        return m->each(first, last, classes, m->arg);
    if (addr_compare(first, &gap_first) < 0 && !m->each(first, &gap_before, classes, m->arg))
        return false;
    return addr_compare(last, &gap_last) <= 0 || m->each(&gap_behind, last, classes, m->arg);
}

static bool merge_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t class,
                        void *arg)
{
    struct merge *m = arg;
    struct pl_addr from = *first;
    int cmp;

    if (m->second == NULL)
        return emit(m, first, last, (uint64_t) class << 32);
    do {
        struct pl_addr to;
        uint32_t other = m->other.class;

        cmp = addr_compare(&m->other.last, last);
        to = cmp < 0 ? m->other.last : *last;
        if (cmp <= 0)
            pl_addr_index_next(m->second, &m->other);
        if (!emit(m, &from, &to, (uint64_t) class << 32 | other))
            return false;
        from = addr_next(&to);
    } while (cmp < 0);
    return true;
}

static bool each_pair(const struct pl_space *s,
                      bool (*each)(const struct pl_addr *first, const struct pl_addr *last,
                                   uint64_t classes, void *arg),
                      void *arg)
{
    struct merge m = {.each = each, .arg = arg};

    if (s->nparts == 2) {
        m.second = &s->policy[1]->compiled->addrs;
        pl_addr_index_next(m.second, &m.other);
    }
    return pl_addr_index_walk(&s->policy[0]->compiled->addrs, merge_range, &m);
}

/* ---- pairs of classes ---- */

struct axis_pair *axis_pair_find(struct axis_pair *pairs, size_t cap, uint64_t classes)
{
    size_t i = (size_t)((classes ^ classes >> 29) * 0x9e3779b97f4a7c15ULL >> 32) & (cap - 1);

    while (pairs[i].classes != UINT64_MAX && pairs[i].classes != classes)
        i = (i + 1) & (cap - 1);
    return &pairs[i];
}

struct axis_pair *axis_pairs_grow(struct axis_pair *pairs, size_t *cap)
{
    size_t more = *cap == 0 ? 64 : 2 * *cap;
    struct axis_pair *grown = malloc(more * sizeof(*grown));

    if (grown == NULL)
        return NULL;
    memset(grown, 0xff, more * sizeof(*grown));
    for (size_t i = 0; i < *cap; i++) {
        if (pairs[i].classes != UINT64_MAX)
            *axis_pair_find(grown, more, pairs[i].classes) = pairs[i];
    }
    free(pairs);
    *cap = more;
    return grown;
}

/* What the boundary lists of the first policy say about a class of its addresses. */
static unsigned labels_of(const struct axis_builder *b, uint64_t classes)
{
    static const struct {
        enum pl_boundary list;
        unsigned label;
    } lists[] = {{PL_BOUNDARY_RELAY_NETWORKS, PL_LABEL_NETWORK},
                 {PL_BOUNDARY_RELAY_BY_RULE, PL_LABEL_BY_RULE},
                 {PL_BOUNDARY_MASKING, PL_LABEL_MASKING},
                 {PL_BOUNDARY_PERMITTED_ELSEWHERE, PL_LABEL_ELSEWHERE}};
    unsigned labels = 0;

    if (b->attr != PL_ATTR_CLIENT_ADDRESS)
        return 0;
    for (size_t part = 0; part < b->s->nparts; part++) {
        uint16_t in = b->s->policy[part]
                          ->compiled->addr_lists[(uint32_t)(part == 0 ? classes >> 32 : classes)];

        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
            if ((in >> lists[i].list & 1) != 0)
                labels |= lists[i].label << (part == 0 ? 0 : PL_LABEL_SECOND_SHIFT);
        }
    }
    return labels;
}

static bool offer_pair(struct axis_builder *b, const struct pl_addr *example, uint64_t classes)
{
    struct axis_pair *pair;
    char text[PL_ADDR_TEXT];

    if (2 * (b->npairs + 1) > b->pairs_cap) {
        struct axis_pair *pairs = axis_pairs_grow(b->pairs, &b->pairs_cap);

        b->failed = pairs == NULL;
        if (b->failed)
            return false;
        b->pairs = pairs;
    }
    pair = axis_pair_find(b->pairs, b->pairs_cap, classes);
    if (pair->classes == classes)
        return true;
    pair->classes = classes;
    b->npairs++;
    pair->atom = axis_offer(b, pl_str_of(pl_addr_format(text, example)), labels_of(b, classes));
    return !axis_is_stopped(b);
}

static bool offer_range(const struct pl_addr *first, const struct pl_addr *last, uint64_t classes,
                        void *arg)
{
    (void)last;
    return offer_pair(arg, first, classes);
}

/* Examples that nobody takes for a real host (RFC 5737, RFC 3849) stand for their class. */
static void offer_documentation(struct axis_builder *b)
{
    static const char *const client[] = {"203.0.113.9", "198.51.100.9", "192.0.2.9", "2001:db8::9"};
    static const char *const server[] = {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"};
    const char *const *texts = b->attr == PL_ATTR_CLIENT_ADDRESS ? client : server;

    for (size_t i = 0; i < sizeof(client) / sizeof(client[0]); i++) {
        struct pl_addr addr;
        uint64_t classes = 0;

        pl_assert(pl_addr_parse(&addr, pl_str_of(texts[i])));
        for (size_t part = 0; part < b->s->nparts; part++)
            classes |= (uint64_t)pl_addr_index_find(&b->s->policy[part]->compiled->addrs, &addr)
                       << (part == 0 ? 32 : 0);
        if (!offer_pair(b, &addr, classes))
            return;
    }
}

void axis_addresses(struct axis_builder *b)
{
    bool client = b->attr == PL_ATTR_CLIENT_ADDRESS;

    if (!client)
        axis_offer(b, (struct pl_str){"", 0}, 0);
    offer_documentation(b);
    if (!axis_is_stopped(b) && !each_pair(b->s, offer_range, b) && !axis_is_stopped(b))
        b->failed = true;
    if (client)
        axis_offer(b, pl_str_lit("unknown"), 0);
}

/* ---- addresses of atoms ---- */

struct each {
    const struct pl_axis *axis;
    bool (*each)(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom, void *arg);
    void *arg;
};

static bool find_atom(const struct pl_addr *first, const struct pl_addr *last, uint64_t classes,
                      void *arg)
{
    const struct each *e = arg;
    /* The search does not write, but for the builder it may. */
    const struct axis_pair *pair =
        axis_pair_find((struct axis_pair *)e->axis->pairs, e->axis->pairs_cap, classes);

    return e->each(first, last, pair->atom, e->arg);
}

bool pl_space_each_range(const struct pl_space *s, const struct pl_axis *axis,
                         bool (*each)(const struct pl_addr *first, const struct pl_addr *last,
                                      uint32_t atom, void *arg),
                         void *arg)
{
    struct each e = {axis, each, arg};

    return each_pair(s, find_atom, &e);
}

struct choice {
    const bool *chosen;
    struct network_list list;
};

static bool list_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom,
                       void *arg)
{
    struct choice *c = arg;

    return !c->chosen[atom] || network_list_add(&c->list, first, last);
}

bool pl_space_networks(const struct pl_space *s, const struct pl_axis *axis, const bool *chosen,
                       struct pl_arena *arena, struct pl_prefix **networks, size_t *n)
{
    struct choice c = {.chosen = chosen};
    bool ok = pl_space_each_range(s, axis, list_range, &c) && network_list_end(&c.list);

    *networks = ok ? pl_arena_array(arena, c.list.count, sizeof(**networks)) : NULL;
    *n = c.list.count;
    ok = ok && *networks != NULL;
    if (ok && c.list.count > 0)
        memcpy(*networks, c.list.prefixes, c.list.count * sizeof(*c.list.prefixes));
    free(c.list.prefixes);
    return ok;
}
