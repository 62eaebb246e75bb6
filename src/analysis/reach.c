/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stolen password opens: one walk for each attribute that is asked about, that attribute first. */
#include "postlatch/reach.h"

#include "atoms.h"

#include "postlatch/prove.h"
#include "postlatch/walk.h"

#include <stdlib.h>

struct question {
    const struct pl_policy *p;
    const struct pl_space *s;
    struct pl_reach *r;
    uint32_t login; /* PL_NO_ATOM: no rule asks about logins */
    uint32_t rcpt_state;
    uint64_t *needless; /* rules that let pass and do not ask about logins */
    uint64_t *passing;  /* all that let pass */
    bool failed;
};

/* What such a rule lets through needs no password: these rules are passed over. */
static void find_needless(struct question *q)
{
    const struct pl_axis *logins = q->s->axis_of[PL_ATTR_SASL_USERNAME];

    q->needless = pl_arena_array(q->r->arena, q->s->nwords, sizeof(*q->needless));
    q->passing = pl_prove_passing(q->s, 0, q->r->arena);
    if (q->needless == NULL || q->passing == NULL) {
        q->failed = true;
        return;
    }
    for (size_t r = 0; r < q->p->nrules; r++) {
        size_t bit = pl_space_bit(q->s, 0, r);
        bool asks = logins != NULL && (logins->asked[bit / 64] >> bit % 64 & 1) != 0;

        if (!asks && q->p->rules[r].action->effect == PL_EFFECT_PASS)
            q->needless[bit / 64] |= 1ULL << bit % 64;
    }
}

/* Lets mail through from wherever it comes; what only permitted_elsewhere lets needs no password. */
static bool lets_pass(const struct pl_outcome *outcome, void *arg)
{
    const struct question *q = arg;
    enum pl_opening_why why;
    size_t part;

    return pl_prove_lets_pass(q->p, pl_space_rule(q->s, outcome->bit[0], &part)->action, 0, &why);
}

static bool *allow(struct question *q, struct pl_region *region, enum pl_attr attr)
{
    const struct pl_axis *axis = q->s->axis_of[attr];
    bool *allowed = pl_arena_array(q->r->arena, axis->natoms, sizeof(*allowed));

    q->failed |= allowed == NULL;
    region->allowed[attr] = allowed;
    return allowed;
}

/* Which atoms of an attribute let mail to a recipient elsewhere through; NULL if no rule asks about it. */
static bool *passing(struct question *q, enum pl_attr attr, bool *any)
{
    const struct pl_axis *axis = q->s->axis_of[attr], *rcpts = q->s->axis_of[PL_ATTR_RECIPIENT];
    struct pl_region region = {
        .ignored = q->needless, .wanted = q->passing, .first = {attr}, .nfirst = 1};
    bool *allowed, *found;
    struct pl_walk *w;

    if (q->login != PL_NO_ATOM && (allowed = allow(q, &region, PL_ATTR_SASL_USERNAME)) != NULL)
        allowed[q->login] = true;
    if (q->rcpt_state != PL_NO_ATOM &&
        (allowed = allow(q, &region, PL_ATTR_PROTOCOL_STATE)) != NULL)
        allowed[q->rcpt_state] = true;
    if (rcpts != NULL && (allowed = allow(q, &region, PL_ATTR_RECIPIENT)) != NULL) {
        for (size_t i = 0; i < rcpts->natoms; i++)
            allowed[i] = (rcpts->atoms[i].labels & PL_LABEL_FOREIGN) != 0;
    }
    w = q->failed ? NULL : pl_walk_new(q->s, &region);
    found = pl_arena_array(q->r->arena, axis == NULL ? 1 : axis->natoms, sizeof(*found));
    if (w == NULL || found == NULL) {
        q->failed = true;
        pl_walk_free(w);
        return NULL;
    }
    pl_walk_root(w);
    for (size_t i = 0; i < (axis == NULL ? 1 : axis->natoms); i++) {
        uint32_t atoms[PL_ATTR_COUNT];

        if (axis != NULL && !pl_walk_choose(w, i))
            continue;
        found[i] = pl_walk_find(w, lets_pass, q, atoms);
        *any |= found[i];
        if (axis != NULL)
            pl_walk_back(w);
    }
    if (q->r->gave_up == NULL)
        q->r->gave_up = pl_walk_gave_up(w);
    pl_walk_free(w);
    return axis == NULL ? NULL : found;
}

static void read_addresses(struct question *q, const bool *found)
{
    const struct pl_axis *axis = q->s->axis_of[PL_ATTR_CLIENT_ADDRESS];

    q->r->every_address = q->r->no_address = q->r->passes;
    if (found == NULL)
        return;
    for (size_t i = 0; i < axis->natoms; i++) {
        if ((axis->atoms[i].labels & PL_LABEL_ABSENT) != 0)
            q->r->no_address = found[i];
        else if (!found[i])
            q->r->every_address = false;
    }
    if (!pl_space_networks(q->s, axis, found, q->r->arena, &q->r->networks, &q->r->nnetworks))
        q->failed = true;
}

static void read_senders(struct question *q, const bool *found)
{
    const struct pl_axis *axis = q->s->axis_of[PL_ATTR_SENDER];

    q->r->any_sender = q->r->null_sender = q->r->passes;
    q->r->ours_only = found != NULL && q->r->passes;
    for (size_t i = 0; found != NULL && i < axis->natoms; i++) {
        unsigned labels = axis->atoms[i].labels;

        if ((labels & PL_LABEL_ABSENT) != 0)
            q->r->null_sender = found[i];
        q->r->any_sender &= found[i];
        if (found[i] && (labels & PL_LABEL_OURS) == 0)
            q->r->ours_only = false;
    }
}

static void read_recipients(struct question *q, const bool *found)
{
    const struct pl_axis *axis = q->s->axis_of[PL_ATTR_RECIPIENT];

    q->r->any_recipient = q->r->passes;
    for (size_t i = 0; found != NULL && i < axis->natoms; i++) {
        if ((axis->atoms[i].labels & PL_LABEL_FOREIGN) != 0 && !found[i])
            q->r->any_recipient = false;
    }
}

struct pl_reach *pl_reach_login(const struct pl_policy *p, const struct pl_space *s,
                                struct pl_str login)
{
    struct pl_reach *r = calloc(1, sizeof(*r));
    struct question q = {.p = p, .s = s, .r = r};
    struct atom_finder finder = {0};
    bool *addresses = NULL, *senders = NULL, *recipients = NULL, ignored = false;

    if (r == NULL)
        return NULL;
    r->arena = pl_arena_new();
    if (r->arena == NULL || !atom_finder_init(&finder, s)) {
        q.failed = true;
    } else {
        q.login = atom_find(&finder, PL_ATTR_SASL_USERNAME, login, &q.failed);
        q.rcpt_state = atom_find(&finder, PL_ATTR_PROTOCOL_STATE, pl_str_lit("RCPT"), &q.failed);
    }
    if (!q.failed)
        find_needless(&q);
    if (!q.failed)
        addresses = passing(&q, PL_ATTR_CLIENT_ADDRESS, &r->passes);
    if (!q.failed)
        senders = passing(&q, PL_ATTR_SENDER, &ignored);
    if (!q.failed)
        recipients = passing(&q, PL_ATTR_RECIPIENT, &ignored);
    if (!q.failed) {
        read_addresses(&q, addresses);
        read_senders(&q, senders);
        read_recipients(&q, recipients);
    }
    atom_finder_fini(&finder);
    if (!q.failed)
        return r;
    pl_reach_free(r);
    return NULL;
}

void pl_reach_free(struct pl_reach *r)
{
    if (r == NULL)
        return;
    pl_arena_free(r->arena);
    free(r);
}
