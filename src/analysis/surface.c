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
#include "postlatch/ranges.h"

#include <stdio.h>
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

/* Whether some rule lets the chosen client pass to each foreign recipient. */
static bool reaches_all(struct surface_build *b, struct pl_walk *w, size_t client)
{
    bool all = true;

    pl_assert(pl_walk_axis(w)->attr == PL_ATTR_RECIPIENT);
    pl_walk_look(w); /* among recipients that are foreign: no other is in the region */
    for (size_t a = 0; all && pl_walk_next(w, &a); a++) {
        const struct pl_outcome *outcomes;
        enum pl_opening_why why;
        size_t n;
        bool some = false;

        if (pl_walk_choose(w, a)) {
            pl_walk_collect(w, &outcomes, &n);
            for (size_t i = 0; i < n && !some; i++)
                some = passes(b, client, &outcomes[i], &why);
            pl_walk_back(w);
        }
        all = some;
    }
    return all;
}

static void note_client(struct surface_build *b, struct pl_walk *w, size_t client)
{
    struct surface_client *c = &b->by_client[client];
    const struct pl_outcome *outcomes;
    enum pl_opening_why why;
    size_t n;

    pl_walk_collect(w, &outcomes, &n);
    c->rules = pl_arena_array(b->surface->arena, n, sizeof(*c->rules));
    if (c->rules == NULL) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!passes(b, client, &outcomes[i], &why))
            continue;
        c->rules[c->count++] = outcomes[i].bit[0];
        c->elsewhere = c->elsewhere || why == PL_OPENS_ELSEWHERE;
    }
    c->all = c->count > 0 && reaches_all(b, w, client);
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

/* ---- lines of addresses ---- */

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

/* To whom: what the rules of a line say about recipients. */
static void set_recipients(struct surface_build *b, struct pl_surface_line *line)
{
    struct pl_buf text = {0};

    for (size_t r = 0; r < line->nrules; r++) {
        for (size_t i = 0; i < line->rules[r]->ncond; i++) {
            const struct pl_condition *c = &line->rules[r]->cond[i];

            if (c->attr != PL_ATTR_RECIPIENT)
                continue;
            if (text.n > 0)
                pl_buf_add(&text, pl_str_lit(" or "));
            pl_explain_set(&text, c->set, c->attr);
        }
    }
    line->to = pl_arena_copy(b->surface->arena,
                             text.n > 0 ? pl_buf_str(&text) : pl_str_lit("some recipients"));
    b->failed = b->failed || text.failed || line->to.p == NULL;
    pl_buf_fini(&text);
}

struct fill {
    struct surface_build *b;
    const struct pl_prefix *networks;
    size_t n, next;
    size_t only; /* a rule, or SIZE_MAX for all of them */
    bool open;   /* in_line and the two below are about networks[next] */
    bool all, elsewhere;
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
    line->elsewhere = f->elsewhere;
    surface_set_rules(f->b, line);
    if (!f->all && !f->b->failed)
        set_recipients(f->b, line);
}

static int compare(const struct pl_addr *a, const struct pl_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static struct pl_addr last_of(const struct pl_prefix *prefix)
{
    struct pl_addr last = prefix->addr;

    for (unsigned bit = prefix->len; bit < pl_addr_bits(&last); bit++)
        last.bytes[bit / 8] = (uint8_t)(last.bytes[bit / 8] | 0x80 >> bit % 8);
    return last;
}

/* Networks and ranges come in the same order; a range may end in a network, and reach over several. */
static bool fill_range(struct fill *f, const struct surface_range *range)
{
    const struct pl_addr *first = &range->first, *last = &range->last;
    const struct surface_client *c = &f->b->by_client[range->atom];

    while (f->next < f->n && !f->b->failed) {
        struct pl_addr end = last_of(&f->networks[f->next]);

        if (compare(&f->networks[f->next].addr, last) > 0)
            return true;
        if (!f->open) {
            f->open = f->all = true;
            f->elsewhere = false;
        }
        if (c->count > 0 && compare(first, &end) <= 0) {
            for (size_t i = 0; i < c->count; i++) {
                if (f->only == SIZE_MAX || f->only == c->rules[i])
                    f->b->in_line[c->rules[i]] = true;
            }
            f->all = f->all && c->all;
            f->elsewhere = f->elsewhere || c->elsewhere;
        }
        if (compare(&end, last) > 0)
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
    b->grants = pl_arena_array(b->surface->arena, n + 1, sizeof(*b->grants));
    if (b->of_rule == NULL || b->grants == NULL)
        return false;
    n = 0;
    for (uint32_t a = 0; a < b->clients->natoms; a++) {
        for (size_t i = 0; i < b->by_client[a].count; i++) {
            uint32_t rule = b->by_client[a].rules[i];

            b->grants[++n] = (struct surface_grant){a, b->of_rule[rule]};
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

/* The minimal list of the n ranges found: neighbours are joined, there are no gaps between ranges. */
static bool list_networks(struct surface_build *b, size_t n, struct fill *f)
{
    struct pl_prefix *networks = NULL, prefix;
    size_t cap = 0;

    if (n > 0)
        qsort(b->found, n, sizeof(*b->found), compare_numbers);
    for (size_t i = 0, next; i < n; i = next) {
        struct pl_range range = {b->ranges[b->found[i]].first, b->ranges[b->found[i]].last};

        for (next = i + 1; next < n && b->found[next] == b->found[next - 1] + 1 &&
                           b->ranges[b->found[next]].first.family == range.low.family;
             next++)
            range.high = b->ranges[b->found[next]].last;
        while (pl_range_next_prefix(&range, &prefix)) {
            struct pl_prefix *grown = pl_grow(networks, &cap, f->n, sizeof(*grown));

            if (grown == NULL) {
                free(networks);
                return false;
            }
            networks = grown;
            networks[f->n++] = prefix;
        }
    }
    f->networks = networks;
    return true;
}

/* The networks of the clients whom a rule lets pass, or any rule. */
static void add_networks(struct surface_build *b, size_t only)
{
    struct fill f = {.b = b, .only = only};
    size_t n = 0;

    if (only == SIZE_MAX) {
        for (size_t a = 0; a < b->clients->natoms; a++) {
            if (b->by_client[a].count > 0)
                find_ranges(b, a, &n);
        }
    } else {
        for (uint32_t i = b->of_rule[only]; i != 0; i = b->grants[i].before)
            find_ranges(b, b->grants[i].atom, &n);
    }
    b->failed = !list_networks(b, n, &f);
    for (size_t i = 0; i < n && !b->failed; i++) {
        const struct surface_range *r = &b->ranges[b->found[i]];

        b->failed = !fill_range(&f, r);
    }
    for (size_t i = 0; i < f.n && only == SIZE_MAX; i++) {
        if (f.networks[i].addr.family == 4)
            b->surface->addresses_v4 += (double)(1ULL << (32 - f.networks[i].len));
    }
    free((void *)f.networks);
}

static void add_no_address(struct surface_build *b)
{
    for (size_t a = 0; a < b->clients->natoms && !b->failed; a++) {
        const struct surface_client *c = &b->by_client[a];
        struct pl_surface_line *line;

        if ((b->clients->atoms[a].labels & PL_LABEL_ABSENT) == 0 || c->count == 0)
            continue;
        line = surface_add_line(b, PL_SURFACE_NO_ADDRESS, pl_str_lit("unknown"));
        if (line == NULL)
            return;
        for (size_t i = 0; i < c->count; i++)
            b->in_line[c->rules[i]] = true;
        line->any = c->all;
        surface_set_rules(b, line);
        if (!c->all && !b->failed)
            set_recipients(b, line);
    }
}

/* ---- all ---- */

static void build(struct surface_build *b, bool by_rule)
{
    b->clients = b->s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    b->by_client = pl_arena_array(b->surface->arena, b->clients->natoms, sizeof(*b->by_client));
    b->in_line = pl_arena_array(b->surface->arena, b->p->nrules, sizeof(*b->in_line));
    b->failed = b->by_client == NULL || b->in_line == NULL;
    if (!b->failed)
        find_clients(b);
    if (!b->failed)
        b->failed = !chain_ranges(b) || !chain_clients(b);
    for (size_t r = 0; r < b->p->nrules && by_rule && !b->failed; r++)
        add_networks(b, r);
    if (!by_rule && !b->failed)
        add_networks(b, SIZE_MAX);
    if (!b->failed)
        add_no_address(b);
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
    struct surface_build b = {.p = p, .s = s};
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
        build(&b, by_rule);
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
