/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of addresses: the fewest networks, each with the rules that let its addresses pass. */
#include "networks.h"
#include "surface_build.h"

#include "postlatch/buf.h"
#include "postlatch/ranges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fill {
    struct surface_build *b;
    const struct pl_prefix *networks;
    size_t n, next;
    size_t only; /* a rule, or SIZE_MAX for all of them */
    bool open;   /* in_line and the two below are about networks[next] */
    bool all, any, elsewhere;
};

static void finish_line(struct fill *f)
{
    char text[PL_ADDR_TEXT + 8];
    struct pl_surface_line *line;

    /* With its length always, as a list of networks is read by programs. */
    pl_addr_format(text, &f->networks[f->next].addr);
    snprintf(text + strlen(text), 8, "/%u", (unsigned)f->networks[f->next].len);
    line = surface_add_line(f->b, PL_SURFACE_NETWORK, pl_str_of(text));
    f->next++;
    f->open = false;
    if (line == NULL)
        return;
    line->network = f->networks[f->next - 1];
    line->any = f->all;
    line->mixed = f->any && !f->all;
    line->elsewhere = f->elsewhere;
    surface_set_rules(f->b, line);
    if (!f->all && !f->b->failed)
        surface_set_recipients(f->b, line);
}

static struct pl_addr last_of(const struct pl_prefix *prefix)
{
    struct pl_addr last = prefix->addr;

    for (unsigned bit = prefix->len; bit < pl_addr_bits(&last); bit++)
        last.bytes[bit / 8] = (uint8_t)(last.bytes[bit / 8] | 0x80 >> bit % 8);
    return last;
}

static void add_client(struct fill *f, const struct surface_client *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct surface_grant *g = &c->grants[i];

        if (f->only != SIZE_MAX && f->only != g->rule)
            continue;
        f->b->in_line[g->rule] = true;
        f->elsewhere = f->elsewhere || g->elsewhere;
        f->all = f->all && (f->only == SIZE_MAX ? c->all : g->all);
        f->any = f->any || (f->only == SIZE_MAX ? c->all : g->all);
    }
}

/* Networks and ranges come in the same order; a range may end in a network, and reach over several. */
static bool fill_range(struct fill *f, const struct surface_range *range)
{
    const struct pl_addr *first = &range->first, *last = &range->last;
    const struct surface_client *c = &f->b->by_client[range->atom];

    while (f->next < f->n && !f->b->failed) {
        struct pl_addr end = last_of(&f->networks[f->next]);

        if (addr_compare(&f->networks[f->next].addr, last) > 0)
            return true;
        if (!f->open) {
            f->open = f->all = true;
            f->any = f->elsewhere = false;
        }
        if (addr_compare(first, &end) <= 0)
            add_client(f, c);
        if (addr_compare(&end, last) > 0)
            return true;
        finish_line(f);
    }
    return !f->b->failed;
}

/* ---- whose addresses ---- */

static bool keep_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom,
                       void *arg)
{
    struct surface_build *b = arg;
    struct surface_range *grown =
        pl_grow(b->ranges, &b->ranges_cap, b->nranges, sizeof(*b->ranges));

    if (grown == NULL)
        return false;
    b->ranges = grown;
    b->ranges[b->nranges++] = (struct surface_range){*first, *last, atom, 0};
    return true;
}

/* Which ranges lie in an atom, the last of them first. */
static bool chain_ranges(struct surface_build *b)
{
    if (!pl_space_each_range(b->s, b->clients, keep_range, b))
        return false;
    b->of_atom = pl_arena_array(b->surface->arena, b->clients->natoms, sizeof(*b->of_atom));
    b->found = pl_arena_array(b->surface->arena, b->nranges, sizeof(*b->found));
    if (b->of_atom == NULL || b->found == NULL)
        return false;
    for (size_t i = 0; i < b->nranges; i++) {
        b->ranges[i].before = b->of_atom[b->ranges[i].atom];
        b->of_atom[b->ranges[i].atom] = (uint32_t)i + 1;
    }
    return true;
}

/* Which atoms a rule lets pass, chained likewise. */
static bool chain_clients(struct surface_build *b)
{
    size_t n = 0;

    for (size_t a = 0; a < b->clients->natoms; a++)
        n += b->by_client[a].count;
    b->of_rule = pl_arena_array(b->surface->arena, b->p->nrules, sizeof(*b->of_rule));
    b->lets = pl_arena_array(b->surface->arena, n + 1, sizeof(*b->lets));
    if (b->of_rule == NULL || b->lets == NULL)
        return false;
    n = 0;
    for (uint32_t a = 0; a < b->clients->natoms; a++) {
        for (size_t i = 0; i < b->by_client[a].count; i++) {
            uint32_t rule = b->by_client[a].grants[i].rule;

            b->lets[++n] = (struct surface_let){a, b->of_rule[rule]};
            b->of_rule[rule] = (uint32_t)n;
        }
    }
    return true;
}

static void find_ranges(struct surface_build *b, size_t atom, size_t *n)
{
    for (uint32_t i = b->of_atom[atom]; i != 0; i = b->ranges[i - 1].before)
        b->found[(*n)++] = i - 1;
}

static int compare_numbers(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;

    return *a < *b ? -1 : *a > *b;
}

/* The minimal list of the n ranges found. */
static bool list_networks(struct surface_build *b, size_t n, struct network_list *list)
{
    if (n > 0)
        qsort(b->found, n, sizeof(*b->found), compare_numbers);
    for (size_t i = 0; i < n; i++) {
        const struct surface_range *range = &b->ranges[b->found[i]];

        if (!network_list_add(list, &range->first, &range->last))
            return false;
    }
    return network_list_end(list);
}

/* The networks of the clients whom a rule lets pass, or any rule. */
static void add_networks(struct surface_build *b, size_t only)
{
    struct fill f = {.b = b, .only = only};
    struct network_list list = {0};
    size_t n = 0;

    if (only == SIZE_MAX) {
        for (size_t a = 0; a < b->clients->natoms; a++) {
            if (b->by_client[a].count > 0)
                find_ranges(b, a, &n);
        }
    } else {
        for (uint32_t i = b->of_rule[only]; i != 0; i = b->lets[i].before)
            find_ranges(b, b->lets[i].atom, &n);
    }
    b->failed = !list_networks(b, n, &list);
    f.networks = list.prefixes;
    f.n = list.count;
    for (size_t i = 0; i < n && !b->failed; i++)
        b->failed = !fill_range(&f, &b->ranges[b->found[i]]);
    if (f.open && !b->failed) /* it reaches over the gap, behind the last range */
        finish_line(&f);
    for (size_t i = 0; i < f.n && only == SIZE_MAX; i++) {
        if (f.networks[i].addr.family == 4)
            b->surface->addresses_v4 += (double)(1ULL << (32 - f.networks[i].len));
    }
    free(list.prefixes);
}

static void add_no_address(struct surface_build *b, const struct surface_client *c, size_t only)
{
    struct fill f = {.b = b, .only = only, .all = true};
    struct pl_surface_line *line =
        surface_add_line(b, PL_SURFACE_NO_ADDRESS, pl_str_lit("unknown"));

    if (line == NULL)
        return;
    add_client(&f, c);
    line->any = f.all;
    surface_set_rules(b, line);
    if (!f.all && !b->failed)
        surface_set_recipients(b, line);
}

/* Clients whose address is unknown. */
static void add_no_addresses(struct surface_build *b)
{
    for (size_t a = 0; a < b->clients->natoms; a++) {
        const struct surface_client *c = &b->by_client[a];

        if ((b->clients->atoms[a].labels & PL_LABEL_ABSENT) == 0 || c->count == 0)
            continue;
        for (size_t i = 0; i < c->count && b->by_rule && !b->failed; i++)
            add_no_address(b, c, c->grants[i].rule);
        if (!b->by_rule && !b->failed)
            add_no_address(b, c, SIZE_MAX);
    }
}

void surface_networks(struct surface_build *b)
{
    b->failed = !chain_ranges(b) || !chain_clients(b);
    for (size_t r = 0; r < b->p->nrules && b->by_rule && !b->failed; r++)
        add_networks(b, r);
    if (!b->by_rule && !b->failed)
        add_networks(b, SIZE_MAX);
    if (!b->failed)
        add_no_addresses(b);
}
