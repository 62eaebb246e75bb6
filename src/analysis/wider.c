/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a new policy lets relay beyond an old one, by the space of both: a decision is a pair of rules,
 * and the pairs in which only the second lets pass are what is new.
 */
#include "postlatch/wider.h"

#include "postlatch/compiler.h"
#include "postlatch/prove.h"
#include "postlatch/quote.h"
#include "postlatch/walk.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10 };

/* What a client shows beside its address. */
enum {
    SHOWS_NAME = 1,
    SHOWS_PLACE = 2,
    SHOWS_LOGIN = 4,
    SHOWS_CERTIFICATE = 8,
    SHOWS_KEY = 16,
    SHOWS_ANYTHING = 32 /* any of these, or none */
};

/*
 * Clients are looked at in four sorts, by whose permitted_elsewhere has them: with another answer of
 * Postfix's own the same action lets pass or does not.
 */
static const unsigned sorts[] = {0, PL_LABEL_ELSEWHERE, PL_LABEL_ELSEWHERE << PL_LABEL_SECOND_SHIFT,
                                 PL_LABEL_ELSEWHERE | PL_LABEL_ELSEWHERE << PL_LABEL_SECOND_SHIFT};
enum { SORTS = sizeof(sorts) / sizeof(sorts[0]) };

struct wider {
    const struct pl_policy *policy[2]; /* old, new */
    unsigned sort;                     /* of the clients that are looked at: one of sorts */
    struct pl_space *s;
    struct pl_arena *arena;
    const struct pl_axis *clients;
    bool *fresh, *freer; /* of each client: may relay now, or to more recipients than before */
    struct pl_buf *text;
    size_t count; /* of what is new */
    const char *gave_up;
    bool failed;
};

/* ---- what is said ---- */

static void add_item(struct wider *v, const char *before, const char *item, const char *behind)
{
    if (v->count++ < SHOWN)
        pl_buf_addf(v->text, "%s%s%s%s", v->count > 1 ? ", " : "", before, item, behind);
}

static void add_networks(struct wider *v, const bool *chosen, const char *behind)
{
    struct pl_prefix *networks;
    char text[PL_PREFIX_TEXT];
    size_t n;

    if (!pl_space_networks(v->s, v->clients, chosen, v->arena, &networks, &n)) {
        v->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        add_item(v, "", pl_prefix_format(text, &networks[i]), behind);
    for (size_t a = 0; a < v->clients->natoms; a++) {
        if (chosen[a] && (v->clients->atoms[a].labels & PL_LABEL_ABSENT) != 0)
            add_item(v, "", "clients without an address", behind);
    }
}

/* ---- which requests ---- */

static bool may_be(const struct wider *v, enum pl_attr attr, size_t atom, unsigned shown)
{
    const struct pl_atom *a = &v->s->axis_of[attr]->atoms[atom];
    bool absent = (a->labels & PL_LABEL_ABSENT) != 0, anything = (shown & SHOWS_ANYTHING) != 0;

    switch (attr) {
    case PL_ATTR_PROTOCOL_STATE:
        return pl_str_eq(a->value, pl_str_lit("RCPT"));
    case PL_ATTR_RECIPIENT:
        return (a->labels & PL_LABEL_FOREIGN) != 0 && (a->labels & PL_LABEL_FOREIGN_2) != 0;
    case PL_ATTR_CLIENT_ADDRESS: /* with a credential: who has not been told of already */
        return shown == 0 ||
               (!v->fresh[atom] && !v->freer[atom] && (a->labels & sorts[SORTS - 1]) == v->sort);
    case PL_ATTR_ENCRYPTION_PROTOCOL: /* no certificate without; its axis comes first here */
        return !absent || (shown & (SHOWS_CERTIFICATE | SHOWS_KEY)) == 0;
    case PL_ATTR_CLIENT_NAME:
        return anything || absent != ((shown & SHOWS_NAME) != 0);
    case PL_ATTR_SASL_USERNAME:
        return anything || absent != ((shown & SHOWS_LOGIN) != 0);
    case PL_ATTR_CCERT_FINGERPRINT:
        return anything || absent || (shown & SHOWS_CERTIFICATE) != 0;
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
        return anything || absent || (shown & SHOWS_KEY) != 0;
    case PL_ATTR_CCERT_SUBJECT:
        return anything || absent || (shown & (SHOWS_CERTIFICATE | SHOWS_KEY)) != 0;
    default:
        return true;
    }
}

/* The bits of builtin:listener of both: who came in at such a place needs nothing else. */
static const uint64_t *listeners(struct wider *v)
{
    uint64_t *bits = pl_arena_array(v->arena, v->s->nwords, sizeof(*bits));

    for (size_t part = 0; part < 2 && bits != NULL; part++) {
        for (size_t r = v->policy[part]->nwritten; r < v->policy[part]->nrules; r++) {
            size_t bit = pl_space_bit(v->s, part, r);

            if (pl_str_eq(v->policy[part]->rules[r].name, pl_str_lit("builtin:listener")))
                bits[bit / 64] |= 1ULL << bit % 64;
        }
    }
    return bits;
}

/*
 * A walk over the requests that show this and that a part may let pass, up to the axis of attr. NULL:
 * none, or v->failed.
 */
static struct pl_walk *walk_to(struct wider *v, struct pl_region *region, size_t part,
                               unsigned shown, enum pl_attr attr)
{
    struct pl_walk *w;
    const struct pl_axis *axis;

    *region = (struct pl_region){
        .no_login = (shown & (SHOWS_LOGIN | SHOWS_ANYTHING)) == 0,
        .wanted = pl_prove_passing(v->s, part, v->arena),
        .steps_max = (size_t)PL_WIDER_STEPS_MAX_MILLION * 1000000,
        .nfirst = 4,
        .first = {PL_ATTR_PROTOCOL_STATE, attr, PL_ATTR_CLIENT_ADDRESS, PL_ATTR_RECIPIENT}};
    if (attr == PL_ATTR_CLIENT_ADDRESS)
        region->first[--region->nfirst - 1] = PL_ATTR_RECIPIENT;
    v->failed = v->failed || region->wanted == NULL;
    if ((shown & (SHOWS_PLACE | SHOWS_ANYTHING)) == 0) {
        region->forbidden = listeners(v);
        v->failed = v->failed || region->forbidden == NULL;
    }
    for (size_t i = 0; i < v->s->naxes && !v->failed; i++) {
        const struct pl_axis *x = &v->s->axes[i];
        bool *allowed = pl_arena_array(v->arena, x->natoms, sizeof(*allowed));

        for (size_t a = 0; a < x->natoms && allowed != NULL; a++)
            allowed[a] = may_be(v, x->attr, a, shown);
        region->allowed[x->attr] = allowed;
        v->failed = allowed == NULL;
    }
    w = v->failed ? NULL : pl_walk_new(v->s, region);
    v->failed = v->failed || w == NULL;
    while (w != NULL && (axis = pl_walk_axis(w)) != NULL && axis->attr != attr) {
        size_t a = 0;

        while (a < axis->natoms && !(region->allowed[axis->attr][a] && pl_walk_choose(w, a)))
            a++;
        if (a < axis->natoms)
            continue;
        pl_walk_free(w);
        w = NULL;
    }
    return w;
}

static bool passes(const struct wider *v, const struct pl_outcome *o, unsigned part,
                   unsigned labels)
{
    const struct pl_rule *rule = pl_space_rule(v->s, o->bit[part], NULL);
    enum pl_opening_why why;

    return pl_prove_lets_pass(v->policy[part], rule->action,
                              part == 0 ? labels : labels >> PL_LABEL_SECOND_SHIFT, &why);
}

/* ---- by address ---- */

struct question {
    const struct wider *v;
    unsigned labels;
};

static bool passes_now(const struct pl_outcome *o, void *arg)
{
    const struct question *q = arg;

    return !passes(q->v, o, 0, q->labels) && passes(q->v, o, 1, q->labels);
}

static bool passed_before(const struct pl_outcome *o, void *arg)
{
    const struct question *q = arg;

    return passes(q->v, o, 0, q->labels);
}

/* Of the clients among which are found, those for whom there is such a request that a part lets pass. */
static void keep_clients(struct wider *v, size_t part,
                         bool (*wanted)(const struct pl_outcome *o, void *arg), bool *among)
{
    struct pl_region region;
    struct pl_walk *w = walk_to(v, &region, part, 0, PL_ATTR_CLIENT_ADDRESS);

    for (size_t a = 0; a < v->clients->natoms; a++) {
        struct question q = {v, v->clients->atoms[a].labels};
        uint32_t atoms[PL_ATTR_COUNT];

        if (!among[a])
            continue;
        among[a] = w != NULL && pl_walk_gave_up(w) == NULL && pl_walk_choose(w, a);
        if (!among[a])
            continue;
        among[a] = pl_walk_find(w, wanted, &q, atoms);
        pl_walk_back(w);
    }
    if (w != NULL && v->gave_up == NULL)
        v->gave_up = pl_walk_gave_up(w);
    pl_walk_free(w);
}

/* Who can pass in more ways than before; fresh: who could in none. */
static void compare_addresses(struct wider *v)
{
    size_t n = v->clients->natoms;

    memset(v->fresh, true, n * sizeof(*v->fresh));
    keep_clients(v, 1, passes_now, v->fresh);
    memcpy(v->freer, v->fresh, n * sizeof(*v->freer));
    if (v->gave_up == NULL)
        keep_clients(v, 0, passed_before, v->freer);
    for (size_t a = 0; a < n; a++)
        v->fresh[a] = v->fresh[a] && !v->freer[a];
    add_networks(v, v->fresh, "");
    if (!v->failed)
        add_networks(v, v->freer, " (to more recipients)");
}

/* ---- by what clients show ---- */

struct wanted {
    const struct wider *v;
    size_t rule; /* a bit of the new policy; SIZE_MAX: any */
};

static bool is_new(const struct pl_outcome *o, void *arg)
{
    const struct wanted *x = arg;

    return (x->rule == SIZE_MAX || x->rule == o->bit[1]) && !passes(x->v, o, 0, x->v->sort) &&
           passes(x->v, o, 1, x->v->sort);
}

/* Which values of an attribute let clients of one sort pass that did not. */
static void find_values(struct wider *v, enum pl_attr attr, unsigned shown, bool *found)
{
    const struct pl_axis *axis = v->s->axis_of[attr];
    struct wanted x = {v, SIZE_MAX};
    uint32_t atoms[PL_ATTR_COUNT];
    struct pl_region region;
    struct pl_walk *w = walk_to(v, &region, 1, shown, attr);

    if (w == NULL)
        return;
    for (size_t a = 0; a < axis->natoms; a++) {
        if (found[a] || (axis->atoms[a].labels & PL_LABEL_ABSENT) != 0 || !pl_walk_choose(w, a))
            continue;
        found[a] = pl_walk_find(w, is_new, &x, atoms);
        pl_walk_back(w);
    }
    v->gave_up = pl_walk_gave_up(w);
    pl_walk_free(w);
}

/* Each value that rules tell apart: does it let pass what it did not? */
static void compare_credential(struct wider *v, enum pl_attr attr, unsigned shown, const char *noun)
{
    const struct pl_axis *axis = v->s->axis_of[attr];
    struct pl_quote q;
    bool *found;

    if (v->failed || v->gave_up != NULL || axis == NULL)
        return;
    found = pl_arena_array(v->arena, axis->natoms, sizeof(*found));
    v->failed = found == NULL;
    for (size_t i = 0; i < SORTS && !v->failed && v->gave_up == NULL; i++) {
        v->sort = sorts[i];
        find_values(v, attr, shown, found);
    }
    for (size_t a = 0; a < axis->natoms && !v->failed; a++) {
        if (found[a])
            add_item(v, noun, pl_quote(&q, axis->atoms[a].value), "");
    }
}

/* A request of clients of any sort that is new; false if there is none, or it is not known. */
static bool find_any(struct wider *v, unsigned shown, size_t rule, uint32_t atoms[PL_ATTR_COUNT])
{
    struct wanted x = {v, rule};
    bool found = false;

    for (size_t i = 0; i < SORTS && !found && !v->failed && v->gave_up == NULL; i++) {
        struct pl_region region;
        struct pl_walk *w;

        v->sort = sorts[i];
        w = walk_to(v, &region, 1, shown, PL_ATTR_CLIENT_ADDRESS);
        if (w == NULL)
            continue;
        found = pl_walk_find(w, is_new, &x, atoms);
        v->gave_up = pl_walk_gave_up(w);
        pl_walk_free(w);
    }
    return found;
}

static void compare_listeners(struct wider *v)
{
    const struct pl_policy *p = v->policy[1];
    uint32_t atoms[PL_ATTR_COUNT];
    size_t listener = 0;

    for (size_t r = p->nwritten; r < p->nrules; r++) {
        if (!pl_str_eq(p->rules[r].name, pl_str_lit("builtin:listener")))
            continue;
        if (find_any(v, SHOWS_PLACE, pl_space_bit(v->s, 1, r), atoms))
            add_item(v, "whoever comes in at ", p->listeners[listener].text.p, "");
        listener++;
    }
}

/* Whoever needs more than one of these: a login from a name, a certificate with its key. */
static void compare_all(struct wider *v)
{
    struct pl_str request[PL_ATTR_COUNT];
    uint32_t atoms[PL_ATTR_COUNT];
    struct pl_quote q;

    if (!find_any(v, SHOWS_ANYTHING, SIZE_MAX, atoms))
        return;
    add_item(v, "requests such as", "", "");
    pl_walk_request(v->s, atoms, request);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (request[i].n > 0 && i != PL_ATTR_PROTOCOL_STATE)
            pl_buf_addf(v->text, " %s=%s", pl_attr_name((enum pl_attr)i), pl_quote(&q, request[i]));
    }
}

static void compare(struct wider *v)
{
    v->clients = v->s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    v->fresh = pl_arena_array(v->arena, v->clients->natoms, sizeof(*v->fresh));
    v->freer = pl_arena_array(v->arena, v->clients->natoms, sizeof(*v->freer));
    v->failed = v->fresh == NULL || v->freer == NULL;
    if (v->failed)
        return;
    compare_addresses(v);
    compare_credential(v, PL_ATTR_CLIENT_NAME, SHOWS_NAME, "names such as ");
    if (!v->failed && v->gave_up == NULL)
        compare_listeners(v);
    compare_credential(v, PL_ATTR_SASL_USERNAME, SHOWS_LOGIN, "logins such as ");
    compare_credential(v, PL_ATTR_CCERT_FINGERPRINT, SHOWS_CERTIFICATE, "certificates such as ");
    compare_credential(v, PL_ATTR_CCERT_PUBKEY_FINGERPRINT, SHOWS_KEY,
                       "keys of certificates such as ");
    if (!v->failed && v->gave_up == NULL && v->count == 0)
        compare_all(v);
}

enum pl_wider pl_wider_tell(struct pl_buf *text, const struct pl_policy *now,
                            const struct pl_policy *next)
{
    struct wider v = {.policy = {now, next}, .text = text};
    bool too_large = false;

    pl_buf_reset(text);
    pl_buf_add(text, pl_str_lit("more may relay than before: "));
    v.arena = pl_arena_new();
    v.s = v.arena == NULL ? NULL : pl_space_new(now, next, &too_large);
    if (v.s != NULL)
        compare(&v);
    else if (too_large)
        v.gave_up = "the rules and lists of both overlap in too many different ways";
    else
        v.failed = true;
    pl_space_free(v.s);
    pl_arena_free(v.arena);
    if (v.failed)
        v.gave_up = "out of memory";
    if (v.count > SHOWN)
        pl_buf_addf(text, " and %zu more", v.count - SHOWN);
    if (v.gave_up == NULL && v.count > 0)
        return PL_WIDER_IS;
    pl_buf_reset(text);
    if (v.gave_up == NULL)
        return PL_WIDER_NOT;
    pl_buf_addf(text, "whether more may relay than before is not known: %s", v.gave_up);
    return PL_WIDER_UNKNOWN;
}
