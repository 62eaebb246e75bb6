/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a verified name, a place of relay_listeners, a login or a certificate adds to the surface: each
 * member of the list through which a rule grants it, if some client who cannot relay by address can
 * with it.
 */
#include "axis.h"
#include "surface_build.h"

#include "postlatch/compiler.h"
#include "postlatch/explain.h"
#include "postlatch/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct credential {
    enum pl_surface_kind kind;
    enum pl_attr attr;
    unsigned shown;
} credentials[] = {
    {PL_SURFACE_NAME, PL_ATTR_CLIENT_NAME, SHOWS_NAME},
    {PL_SURFACE_LOGIN, PL_ATTR_SASL_USERNAME, SHOWS_LOGIN},
    {PL_SURFACE_CERTIFICATE, PL_ATTR_CCERT_FINGERPRINT, SHOWS_CERTIFICATE},
    {PL_SURFACE_CERTIFICATE, PL_ATTR_CCERT_PUBKEY_FINGERPRINT, SHOWS_CERTIFICATE},
};

/* Members of a list that get a line of their own; of more the list is named. */
enum { MEMBERS_LISTED = 100 };

struct adding {
    struct surface_build *b;
    const struct credential *c;
    struct pl_region region;
    uint64_t *required; /* scratch of the region: the rule that is looked at */
    size_t added;       /* to how many lines */
    bool unsure;        /* members are named without having been tried */
};

struct wanted {
    const struct surface_build *b;
    size_t rule;
    unsigned labels; /* of the client */
};

static bool lets_pass(const struct pl_outcome *o, void *arg)
{
    const struct wanted *x = arg;
    enum pl_opening_why why;

    return o->bit[0] == x->rule &&
           pl_prove_lets_pass(x->b->p, x->b->p->rules[x->rule].action, x->labels, &why);
}

/* Clients who cannot pass by their address, and whom Postfix permits by itself, or does not. */
static bool some_client(const struct surface_build *b, bool *allowed, bool elsewhere)
{
    bool some = false;

    for (size_t i = 0; i < b->clients->natoms; i++) {
        allowed[i] = b->by_client[i].count == 0 &&
                     ((b->clients->atoms[i].labels & PL_LABEL_ELSEWHERE) != 0) == elsewhere;
        some = some || allowed[i];
    }
    return some;
}

static bool search(struct adding *a, size_t rule, bool elsewhere)
{
    struct wanted x = {a->b, rule, elsewhere ? PL_LABEL_ELSEWHERE : 0};
    uint32_t atoms[PL_ATTR_COUNT];
    enum pl_opening_why why;
    struct pl_walk *w;
    bool found;

    if (!pl_prove_lets_pass(a->b->p, a->b->p->rules[rule].action, x.labels, &why) ||
        !some_client(a->b, (bool *)a->region.allowed[PL_ATTR_CLIENT_ADDRESS], elsewhere))
        return false;
    w = pl_walk_new(a->b->s, &a->region);
    found = w != NULL && pl_walk_find(w, lets_pass, &x, atoms);
    a->b->failed = a->b->failed || w == NULL;
    if (w != NULL && pl_walk_gave_up(w) != NULL)
        a->b->surface->gave_up = pl_walk_gave_up(w);
    pl_walk_free(w);
    return found;
}

/*
 * Whether the rule lets some client pass that shows something and cannot by its address; only: an atom
 * of what it shows, or SIZE_MAX.
 */
static bool grants(struct adding *a, size_t rule, size_t only)
{
    const struct pl_axis *axis = a->b->s->axis_of[a->c->attr];
    bool found, *allowed = (bool *)a->region.allowed[a->c->attr];
    bool *all = malloc(axis->natoms * sizeof(*all));

    if (all == NULL) {
        a->b->failed = true;
        return false;
    }
    memcpy(all, allowed, axis->natoms * sizeof(*all));
    for (size_t i = 0; i < axis->natoms; i++)
        allowed[i] = allowed[i] && (axis->atoms[i].labels & PL_LABEL_ABSENT) == 0 &&
                     (only == SIZE_MAX || i == only);
    a->required[rule / 64] = 1ULL << rule % 64; /* nothing is looked at where it cannot decide */
    found = search(a, rule, false) || search(a, rule, true);
    a->required[rule / 64] = 0;
    memcpy(allowed, all, axis->natoms * sizeof(*all));
    free(all);
    return found;
}

/* The atom of a value: the one with its rules. */
static size_t atom_of(struct adding *a, struct pl_str value)
{
    const struct pl_space *s = a->b->s;
    const struct pl_axis *axis = s->axis_of[a->c->attr];
    uint64_t *row = malloc((s->nwords + 1) * sizeof(*row));
    struct pl_query q;
    size_t atom = 0, dim = 0;

    if (row == NULL) {
        a->b->failed = true;
        return 0;
    }
    memset(q.attr, 0, sizeof(q.attr));
    q.attr[a->c->attr] = value;
    pl_query_begin(&q);
    while (a->b->p->compiled->dims[dim].attr != a->c->attr)
        dim++;
    pl_policy_row(a->b->p, &q, dim, row);
    for (size_t i = 0; i < s->nwords; i++)
        row[i] &= s->live[i];
    while (atom < axis->natoms &&
           ((axis->atoms[atom].labels & PL_LABEL_ABSENT) != 0 ||
            memcmp(axis->atoms[atom].row, row, s->nwords * sizeof(*row)) != 0))
        atom++;
    free(row);
    return atom;
}

static bool asks_recipient(const struct pl_rule *rule)
{
    for (size_t i = 0; i < rule->ncond; i++) {
        if (rule->cond[i].attr == PL_ATTR_RECIPIENT)
            return true;
    }
    return false;
}

static void add_line(struct adding *a, size_t rule, struct pl_str text)
{
    struct surface_build *b = a->b;
    struct pl_surface_line *line = NULL;

    for (size_t i = 0; i < b->surface->nlines && line == NULL; i++) {
        if (b->lines[i].kind == a->c->kind && pl_str_eq(b->lines[i].text, text))
            line = &b->lines[i];
    }
    if (line == NULL)
        line = surface_add_line(b, a->c->kind, text);
    if (line == NULL)
        return;
    for (size_t r = 0; r < line->nrules; r++)
        b->in_line[line->rules[r] - b->p->rules] = true;
    b->in_line[rule] = true;
    a->added++;
    line->any = line->any || !asks_recipient(&b->p->rules[rule]);
    line->nrules = 0;
    surface_set_rules(b, line);
    if (!line->any && !b->failed)
        surface_set_recipients(b, line);
}

/* Whether a member of a table lets pass: its text, or for a group one of whom no list knows. */
static bool entry_grants(struct adding *a, size_t rule, struct pl_str text)
{
    char room[PL_DOMAIN_MAX + 64];
    int n;

    if (grants(a, rule, atom_of(a, text)))
        return true;
    if (text.n == 0 || (text.p[0] != '.' && text.p[0] != '@'))
        return false;
    n = snprintf(room, sizeof(room), "%s%.*s", AXIS_NOBODY, (int)text.n, text.p);
    return n > 0 && (size_t)n < sizeof(room) &&
           grants(a, rule, atom_of(a, (struct pl_str){room, (size_t)n}));
}

static void add_table(struct adding *a, size_t rule, const struct pl_table *t)
{
    char room[PL_DOMAIN_MAX + 64];

    if (t->name.n > 0 || t->entries == NULL || t->count > MEMBERS_LISTED) {
        int n = t->name.n > 0 ? snprintf(room, sizeof(room), "<%s>", t->name.p)
                              : snprintf(room, sizeof(room), "%zu entries", t->count);

        add_line(a, rule, (struct pl_str){room, (size_t)n});
        return;
    }
    for (size_t e = 0; e < t->count && !a->b->failed; e++) {
        if (a->unsure || entry_grants(a, rule, t->entries[e].text))
            add_line(a, rule, t->entries[e].text);
    }
}

static void add_members(struct adding *a, size_t rule, const struct pl_set *set)
{
    if ((set->in_words & PL_WORD_ANY) != 0)
        add_line(a, rule, pl_str_lit("any"));
    for (size_t i = 0; i < set->in_count && !a->b->failed; i++) {
        if (set->in[i].set != NULL)
            add_members(a, rule, set->in[i].set);
        else
            add_table(a, rule, set->in[i].table);
    }
}

/*
 * The members of a set by which the rule lets somebody pass. Of a group it may be one who is in another
 * list, too, and nobody else: where no member is found, all are named.
 */
static void add_set(struct adding *a, size_t rule, const struct pl_set *set)
{
    size_t before = a->added;

    a->unsure = false;
    add_members(a, rule, set);
    if (a->added > before || a->b->failed)
        return;
    a->unsure = true;
    add_members(a, rule, set);
}

static void add_credential(struct surface_build *b, const struct credential *c)
{
    struct adding a = {.b = b, .c = c};

    if (b->s->axis_of[c->attr] == NULL)
        return;
    a.required = pl_arena_array(b->surface->arena, b->s->nwords, sizeof(*a.required));
    if (a.required == NULL || !surface_region(b, c->shown, &a.region)) {
        b->failed = true;
        return;
    }
    a.region.required = a.region.wanted = a.required;
    a.region.nfirst = 0; /* what the rule asks about comes first */
    for (size_t r = 0; r < b->p->nrules && !b->failed; r++) {
        for (size_t i = 0; i < b->p->rules[r].ncond && !b->failed; i++) {
            if (b->p->rules[r].cond[i].attr == c->attr && grants(&a, r, SIZE_MAX))
                add_set(&a, r, b->p->rules[r].cond[i].set);
        }
    }
}

/* Who comes in at such a place needs nothing else; each is a built-in rule of its own. */
static void add_listeners(struct surface_build *b)
{
    struct pl_region region;
    size_t listener = 0;

    if (!surface_region(b, SHOWS_PLACE, &region)) {
        b->failed = true;
        return;
    }
    for (size_t r = b->p->nwritten; r < b->p->nrules && !b->failed; r++) {
        struct pl_walk *w;
        uint32_t atoms[PL_ATTR_COUNT];
        struct wanted x = {b, r, 0};

        if (!pl_str_eq(b->p->rules[r].name, pl_str_lit("builtin:listener")))
            continue;
        w = pl_walk_new(b->s, &region);
        if (w == NULL) {
            b->failed = true;
        } else if (pl_walk_find(w, lets_pass, &x, atoms)) {
            struct pl_surface_line *line =
                surface_add_line(b, PL_SURFACE_LISTENER, b->p->listeners[listener].text);

            if (line != NULL) {
                b->in_line[r] = true;
                line->any = true;
                surface_set_rules(b, line);
            }
        }
        pl_walk_free(w);
        listener++;
    }
}

void surface_credentials(struct surface_build *b)
{
    size_t n = sizeof(credentials) / sizeof(credentials[0]);

    add_credential(b, &credentials[0]);
    add_listeners(b);
    for (size_t i = 1; i < n && !b->failed; i++)
        add_credential(b, &credentials[i]);
}
