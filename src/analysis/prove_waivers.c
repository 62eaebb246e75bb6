/* SPDX-License-Identifier: BSD-2-Clause */
/* Which openings are accepted: by waivers that count, or by those together with some that have ended. */
#include "prove_build.h"

#include <string.h>

static bool range_is_within(const struct pl_ranges *r, const struct pl_addr *first,
                            const struct pl_addr *last)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct pl_range *x = &r->ranges[i];

        if (x->low.family == first->family &&
            memcmp(x->low.bytes, first->bytes, sizeof(first->bytes)) <= 0 &&
            memcmp(last->bytes, x->high.bytes, sizeof(last->bytes)) <= 0)
            return true;
    }
    return false;
}

/* Surfaces are lists that touch, so what lies in several of them lies in no single one. */
static bool merge_surfaces(const struct proving *v, bool ended, struct pl_ranges *all)
{
    for (size_t w = 0; w < v->p->nwaivers; w++) {
        const struct pl_waiver *waiver = &v->p->waivers[w];

        for (size_t i = 0;
             i < waiver->surface.count && (ended || !pl_waiver_has_ended(v->p, waiver)); i++) {
            struct pl_range range = waiver->surface.ranges[i];
            struct pl_prefix prefix;

            while (pl_range_next_prefix(&range, &prefix)) {
                if (!pl_ranges_add(all, &prefix))
                    return false;
            }
        }
    }
    pl_ranges_merge(all);
    return true;
}

struct covering {
    bool *uncovered;
    const struct pl_ranges *surface;
    struct pl_addr *stray; /* of each atom, or NULL: not wanted */
};

static bool cover_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom,
                        void *arg)
{
    struct covering *c = arg;
    struct pl_range range = {*first, *last};
    struct pl_ranges left = {0};
    struct pl_prefix prefix;
    bool ok = true;

    if (c->uncovered[atom] || range_is_within(c->surface, first, last))
        return true;
    c->uncovered[atom] = true;
    while (c->stray != NULL && ok && pl_range_next_prefix(&range, &prefix))
        ok = pl_ranges_add(&left, &prefix);
    if (c->stray != NULL && ok) {
        pl_ranges_merge(&left);
        ok = pl_ranges_subtract(&left, c->surface);
        if (ok && left.count > 0)
            c->stray[atom] = left.ranges[0].low;
    }
    pl_ranges_fini(&left);
    return ok;
}

/* Which atoms of client_address have an address in no waiver, those that have ended counted or not. */
static bool *find_uncovered(struct proving *v, bool ended, struct pl_ranges *all,
                            struct pl_addr *stray)
{
    bool *uncovered = pl_arena_array(v->proof->arena, v->clients->natoms, sizeof(*uncovered));
    struct covering c = {uncovered, all, stray};
    bool ok = uncovered != NULL && merge_surfaces(v, ended, all);

    for (size_t a = 0; a < v->clients->natoms && ok; a++)
        uncovered[a] = (v->clients->atoms[a].labels & PL_LABEL_ABSENT) != 0;
    ok = ok && pl_space_each_range(v->s, v->clients, cover_range, &c);
    v->failed = v->failed || !ok;
    return uncovered;
}

void prove_look_at_waivers(struct proving *v)
{
    struct pl_ranges ever = {0};

    if (v->p->nwaivers > 0) {
        v->stray = pl_arena_array(v->proof->arena, v->clients->natoms, sizeof(*v->stray));
        v->failed = v->stray == NULL;
    }
    v->uncovered = find_uncovered(v, false, &v->waived, v->stray);
    v->never_covered = find_uncovered(v, true, &ever, NULL);
    pl_ranges_fini(&ever);
}

static bool is_covered(const struct hole *h, const bool *uncovered)
{
    for (size_t i = 0; i < h->count; i++) {
        if (uncovered[h->clients[i]])
            return false;
    }
    return true;
}

static bool touches(const struct pl_ranges *surface, const struct pl_opening *o)
{
    for (size_t n = 0; n < o->nnetworks; n++) {
        const struct pl_prefix *network = &o->networks[n];

        for (size_t i = 0; i < surface->count; i++) {
            if (pl_prefix_contains(network, &surface->ranges[i].low))
                return true;
        }
        if (range_is_within(surface, &network->addr, &network->addr))
            return true;
    }
    return false;
}

/* The waiver to name, an ended one or not: of the rule, or with the example's client, or another one. */
static const struct pl_waiver *waiver_to_name(const struct proving *v, const struct hole *h,
                                              const struct pl_opening *o, bool ended)
{
    const struct pl_waiver *found = NULL;
    struct pl_addr addr;
    bool known = pl_addr_parse(&addr, o->request[PL_ATTR_CLIENT_ADDRESS]);
    unsigned best = 0;

    for (size_t w = 0; w < v->p->nwaivers; w++) {
        const struct pl_waiver *waiver = &v->p->waivers[w];
        unsigned rank = 1;

        if (pl_waiver_has_ended(v->p, waiver) != ended)
            continue;
        if (h->why == PL_OPENS_CLASS && pl_str_eq(waiver->rule, h->rule->name))
            rank = 4;
        else if (known && range_is_within(&waiver->surface, &addr, &addr))
            rank = 3;
        else if (touches(&waiver->surface, o))
            rank = 2;
        if (rank > best) {
            best = rank;
            found = waiver;
        }
    }
    return found;
}

static bool rule_is_waived(const struct proving *v, const struct hole *h, bool ended)
{
    for (size_t w = 0; w < v->p->nwaivers && h->why == PL_OPENS_CLASS; w++) {
        if (pl_str_eq(v->p->waivers[w].rule, h->rule->name) &&
            (ended || !pl_waiver_has_ended(v->p, &v->p->waivers[w])))
            return true;
    }
    return false;
}

/* A waiver that counts, but not for all of an opening: whoever wrote it should be told. */
static const struct pl_waiver *partial_waiver(const struct proving *v, const struct pl_opening *o)
{
    for (size_t w = 0; w < v->p->nwaivers; w++) {
        const struct pl_waiver *waiver = &v->p->waivers[w];

        if (!pl_waiver_has_ended(v->p, waiver) &&
            (pl_str_eq(waiver->rule, o->rule->name) || touches(&waiver->surface, o)))
            return waiver;
    }
    return NULL;
}

void prove_waive(const struct proving *v, const struct hole *h, struct pl_opening *o)
{
    bool now = rule_is_waived(v, h, false) || is_covered(h, v->uncovered);
    bool ever = now || rule_is_waived(v, h, true) || is_covered(h, v->never_covered);

    if (ever) {
        o->expired = !now;
        o->waiver = waiver_to_name(v, h, o, o->expired);
    }
    if (o->waiver == NULL)
        o->in_part = partial_waiver(v, o);
}

void prove_leave_waivers(const struct proving *v, uint32_t client, struct pl_str *address,
                         char text[PL_ADDR_TEXT])
{
    struct pl_addr addr;

    if (v->stray != NULL && v->stray[client].family != 0 && pl_addr_parse(&addr, *address) &&
        pl_ranges_contain(&v->waived, &addr))
        *address = pl_str_of(pl_addr_format(text, &v->stray[client]));
}
