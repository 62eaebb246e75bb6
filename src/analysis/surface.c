/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From where mail can be relayed. For every atom of client_address, which rules let a client pass that
 * shows nothing but its address; then what a verified name, a place, a login or a certificate adds,
 * for clients who cannot pass by address alone.
 */
#include "surface_build.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/explain.h"
#include "postlatch/prove.h"

#include <stdlib.h>
#include <string.h>

/* ---- regions ---- */

static bool may_be(enum pl_attr attr, const struct pl_atom *atom, unsigned shown)
{
    bool absent = (atom->labels & PL_LABEL_ABSENT) != 0;

    switch (attr) {
    case PL_ATTR_PROTOCOL_STATE:
        return pl_str_eq(atom->value, pl_str_lit("RCPT"));
    case PL_ATTR_RECIPIENT:
        return (atom->labels & PL_LABEL_FOREIGN) != 0;
    case PL_ATTR_CLIENT_NAME:
        return absent != ((shown & SHOWS_NAME) != 0);
    case PL_ATTR_CCERT_FINGERPRINT:
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
    case PL_ATTR_CCERT_SUBJECT:
        return absent || (shown & SHOWS_CERTIFICATE) != 0;
    case PL_ATTR_SASL_USERNAME:
        return absent != ((shown & SHOWS_LOGIN) != 0);
    default:
        return true;
    }
}

/* The bits of builtin:listener: who came in at such a place needs nothing else. */
static uint64_t *listeners(const struct pl_space *s, struct pl_arena *arena)
{
    const struct pl_policy *p = s->policy[0];
    uint64_t *bits = pl_arena_array(arena, s->nwords, sizeof(*bits));

    for (size_t r = p->nwritten; r < p->nrules && bits != NULL; r++) {
        if (pl_str_eq(p->rules[r].name, pl_str_lit("builtin:listener")))
            bits[r / 64] |= 1ULL << r % 64;
    }
    return bits;
}

bool surface_region(struct surface_build *b, unsigned shown, struct pl_region *region)
{
    memset(region, 0, sizeof(*region));
    region->no_login = (shown & SHOWS_LOGIN) == 0;
    region->wanted = pl_prove_passing(b->s, 0, b->surface->arena);
    if (region->wanted == NULL)
        return false;
    region->first[region->nfirst++] = PL_ATTR_PROTOCOL_STATE;
    if (region->no_login)
        region->first[region->nfirst++] = PL_ATTR_SASL_USERNAME;
    region->first[region->nfirst++] = PL_ATTR_CLIENT_ADDRESS;
    region->first[region->nfirst++] = PL_ATTR_RECIPIENT;
    if ((shown & SHOWS_PLACE) == 0) {
        region->forbidden = listeners(b->s, b->surface->arena);
        if (region->forbidden == NULL)
            return false;
    }
    for (unsigned i = 0; i < b->s->naxes; i++) {
        const struct pl_axis *axis = &b->s->axes[i];
        bool *allowed = pl_arena_array(b->surface->arena, axis->natoms, sizeof(*allowed));

        if (allowed == NULL)
            return false;
        for (size_t a = 0; a < axis->natoms; a++)
            allowed[a] = may_be(axis->attr, &axis->atoms[a], shown);
        region->allowed[axis->attr] = allowed;
    }
    return true;
}

/* ---- addresses ---- */

static bool passes(const struct surface_build *b, size_t client, const struct pl_outcome *o,
                   enum pl_opening_why *why)
{
    return pl_prove_lets_pass(b->p, b->p->rules[o->bit[0]].action, b->clients->atoms[client].labels,
                              why);
}

/*
 * Whether the chosen client passes to each foreign recipient, by one rule or another; and by which rules
 * alone it does. By rule all recipients are looked at, else until there is one to whom none does.
 */
static void find_reach(struct surface_build *b, struct pl_walk *w, size_t client)
{
    struct surface_client *c = &b->by_client[client];
    enum pl_opening_why why;

    pl_assert(pl_walk_axis(w)->attr == PL_ATTR_RECIPIENT);
    c->all = true;
    pl_walk_look(w); /* among recipients that are foreign: no other is in the region */
    for (size_t a = 0; (c->all || b->by_rule) && pl_walk_next(w, &a); a++) {
        const struct pl_outcome *outcomes = NULL;
        size_t n = 0;
        bool some = false;

        if (pl_walk_choose(w, a)) {
            pl_walk_collect(w, &outcomes, &n);
            pl_walk_back(w);
        }
        for (size_t i = 0; i < n && (!some || b->by_rule); i++) {
            if (passes(b, client, &outcomes[i], &why))
                some = b->in_line[outcomes[i].bit[0]] = true;
        }
        c->all = c->all && some;
        for (size_t i = 0; i < c->count; i++) {
            c->grants[i].all = c->grants[i].all && b->in_line[c->grants[i].rule];
            b->in_line[c->grants[i].rule] = false;
        }
    }
}

static int compare_grants(const void *va, const void *vb)
{
    const struct surface_grant *a = va, *b = vb;

    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static void note_client(struct surface_build *b, struct pl_walk *w, size_t client)
{
    struct surface_client *c = &b->by_client[client];
    const struct pl_outcome *outcomes;
    enum pl_opening_why why;
    size_t n;

    pl_walk_collect(w, &outcomes, &n);
    c->grants = pl_arena_array(b->surface->arena, n, sizeof(*c->grants));
    if (c->grants == NULL) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (passes(b, client, &outcomes[i], &why))
            c->grants[c->count++] =
                (struct surface_grant){outcomes[i].bit[0], true, why == PL_OPENS_ELSEWHERE};
    }
    if (c->count == 0)
        return;
    qsort(c->grants, c->count, sizeof(*c->grants), compare_grants);
    find_reach(b, w, client);
}

static void find_clients(struct surface_build *b)
{
    struct pl_region region;
    struct pl_walk *w = surface_region(b, 0, &region) ? pl_walk_new(b->s, &region) : NULL;

    if (w == NULL) {
        b->failed = true;
        return;
    }
    if (pl_walk_go_to(w, PL_ATTR_CLIENT_ADDRESS)) {
        for (size_t a = 0; a < b->clients->natoms && !b->failed && pl_walk_gave_up(w) == NULL;
             a++) {
            if (!pl_walk_choose(w, a))
                continue;
            note_client(b, w, a);
            pl_walk_back(w);
        }
    }
    if (pl_walk_gave_up(w) != NULL)
        b->surface->gave_up = pl_walk_gave_up(w);
    pl_walk_free(w);
}

/* ---- lines ---- */

struct pl_surface_line *surface_add_line(struct surface_build *b, enum pl_surface_kind kind,
                                         struct pl_str text)
{
    struct pl_surface_line *grown = pl_grow(b->lines, &b->cap, b->surface->nlines, sizeof(*grown));
    struct pl_surface_line *line;

    if (grown != NULL)
        b->lines = grown;
    text = pl_arena_copy(b->surface->arena, text);
    if (grown == NULL || text.p == NULL) {
        b->failed = true;
        return NULL;
    }
    line = &b->lines[b->surface->nlines++];
    *line = (struct pl_surface_line){.kind = kind, .text = text};
    return line;
}

void surface_set_rules(struct surface_build *b, struct pl_surface_line *line)
{
    size_t n = 0;

    for (size_t r = 0; r < b->p->nrules; r++)
        n += b->in_line[r];
    line->rules = pl_arena_array(b->surface->arena, n, sizeof(*line->rules));
    if (line->rules == NULL) {
        b->failed = true;
        return;
    }
    for (size_t r = 0; r < b->p->nrules; r++) {
        if (b->in_line[r])
            line->rules[line->nrules++] = &b->p->rules[r];
        b->in_line[r] = false;
    }
}

/* " or {partner.example}", unless that stands there already. */
static void add_recipients(struct pl_buf *text, const struct pl_condition *c)
{
    struct pl_buf set = {0};

    pl_explain_set(&set, c->set, c->attr);
    if (text->n == 0) {
        pl_buf_add(text, pl_buf_str(&set));
    } else if (memmem(text->p, text->n, set.p, set.n) == NULL) {
        pl_buf_add(text, pl_str_lit(" or "));
        pl_buf_add(text, pl_buf_str(&set));
    }
    text->failed = text->failed || set.failed;
    pl_buf_fini(&set);
}

/* To whom: what the rules of a line say about recipients, if each of them says something. */
void surface_set_recipients(struct surface_build *b, struct pl_surface_line *line)
{
    struct pl_buf text = {0};
    bool each = true;

    for (size_t r = 0; r < line->nrules; r++) {
        bool asks = false;

        for (size_t i = 0; i < line->rules[r]->ncond; i++) {
            if (line->rules[r]->cond[i].attr != PL_ATTR_RECIPIENT)
                continue;
            asks = true;
            add_recipients(&text, &line->rules[r]->cond[i]);
        }
        each = each && asks;
    }
    if (text.n == 0 || (!each && !line->mixed))
        line->to = pl_str_lit("some recipients");
    else
        line->to = pl_arena_copy(b->surface->arena, pl_buf_str(&text));
    b->failed = b->failed || text.failed || line->to.p == NULL;
    pl_buf_fini(&text);
}

/* ---- all ---- */

static void build(struct surface_build *b)
{
    b->clients = b->s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    b->by_client = pl_arena_array(b->surface->arena, b->clients->natoms, sizeof(*b->by_client));
    b->in_line = pl_arena_array(b->surface->arena, b->p->nrules, sizeof(*b->in_line));
    b->failed = b->by_client == NULL || b->in_line == NULL;
    if (!b->failed)
        find_clients(b);
    if (!b->failed)
        surface_networks(b);
    if (!b->failed)
        surface_credentials(b);
    if (b->failed)
        return;
    b->surface->lines =
        pl_arena_array(b->surface->arena, b->surface->nlines, sizeof(*b->surface->lines));
    b->failed = b->surface->lines == NULL;
    if (!b->failed && b->surface->nlines > 0)
        memcpy(b->surface->lines, b->lines, b->surface->nlines * sizeof(*b->lines));
}

struct pl_surface *pl_surface_new(const struct pl_policy *p, const struct pl_space *s, bool by_rule)
{
    struct pl_space *own = NULL;
    struct surface_build b = {.p = p, .s = s, .by_rule = by_rule};
    bool too_large = false;

    b.surface = calloc(1, sizeof(*b.surface));
    if (b.surface == NULL)
        return NULL;
    b.surface->arena = pl_arena_new();
    b.failed = b.surface->arena == NULL;
    if (s == NULL && !b.failed)
        b.s = own = pl_space_new(p, NULL, &too_large);
    b.failed = b.failed || (b.s == NULL && !too_large);
    if (too_large)
        b.surface->gave_up = "its rules and lists overlap in too many different ways";
    else if (!b.failed)
        build(&b);
    free(b.lines);
    free(b.ranges);
    pl_space_free(own);
    if (b.failed) {
        pl_surface_free(b.surface);
        return NULL;
    }
    return b.surface;
}

void pl_surface_free(struct pl_surface *surface)
{
    if (surface == NULL)
        return;
    pl_arena_free(surface->arena);
    free(surface);
}

/* ---- its size ---- */

/* The atoms of addresses that pass to some foreign recipient; false when memory is short. */
static bool choose_clients(struct surface_build *b, size_t steps_max, bool *chosen)
{
    struct pl_region region;
    struct pl_walk *w = NULL;
    const struct pl_outcome *outcomes;
    enum pl_opening_why why;
    size_t n;

    if (surface_region(b, 0, &region)) {
        region.steps_max = steps_max;
        w = pl_walk_new(b->s, &region);
    }
    if (w == NULL)
        return false;
    if (pl_walk_go_to(w, PL_ATTR_CLIENT_ADDRESS)) {
        for (size_t a = 0; a < b->clients->natoms && pl_walk_gave_up(w) == NULL; a++) {
            if (!pl_walk_choose(w, a))
                continue;
            pl_walk_collect(w, &outcomes, &n);
            for (size_t i = 0; i < n && !chosen[a]; i++)
                chosen[a] = passes(b, a, &outcomes[i], &why);
            pl_walk_back(w);
        }
    }
    b->surface->gave_up = pl_walk_gave_up(w);
    pl_walk_free(w);
    return true;
}

bool pl_surface_measure(const struct pl_space *s, size_t steps_max, struct pl_surface_size *size)
{
    struct pl_surface surface = {.arena = pl_arena_new()};
    struct surface_build b = {.p = s->policy[0],
                              .s = s,
                              .clients = s->axis_of[PL_ATTR_CLIENT_ADDRESS],
                              .surface = &surface};
    bool *chosen = surface.arena == NULL
                       ? NULL
                       : pl_arena_array(surface.arena, b.clients->natoms, sizeof(*chosen));
    struct pl_prefix *networks = NULL;
    size_t n = 0;
    bool ok = chosen != NULL && choose_clients(&b, steps_max, chosen) &&
              pl_space_networks(s, b.clients, chosen, surface.arena, &networks, &n);

    *size = (struct pl_surface_size){.unknown = surface.gave_up};
    for (size_t i = 0; i < n && ok && size->unknown == NULL; i++) {
        if (networks[i].addr.family == 4) {
            size->networks_v4++;
            size->addresses_v4 += (double)(UINT64_C(1) << (32 - networks[i].len));
        } else {
            size->networks_v6++;
        }
    }
    pl_arena_free(surface.arena);
    return ok;
}
