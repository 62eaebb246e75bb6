/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The proof. Outsiders are the requests for which no built-in rule of trust holds, with no login, from
 * clients outside relay_by_rule or behind a masking address; the question is which rules can decide
 * when they write to somebody who is not ours, and whether one of these lets mail pass.
 */
#include "prove_build.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

const char *pl_verdict_word(enum pl_verdict v)
{
    return v == PL_VERDICT_SAFE ? "safe" : v == PL_VERDICT_OPEN ? "open" : "unprovable";
}

bool pl_prove_lets_pass(const struct pl_policy *p, const struct pl_action *action,
                        unsigned client_labels, enum pl_opening_why *why)
{
    *why = action->effect == PL_EFFECT_PASS      ? PL_OPENS_PASS
           : action->effect == PL_EFFECT_UNKNOWN ? PL_OPENS_CLASS
           : p->after_dunno == PL_AFTER_PERMIT   ? PL_OPENS_PERMIT
                                                 : PL_OPENS_ELSEWHERE;
    return pl_policy_lets_pass(p, action, (client_labels & PL_LABEL_ELSEWHERE) != 0);
}

uint64_t *pl_prove_passing(const struct pl_space *s, size_t part, struct pl_arena *arena)
{
    const struct pl_axis *clients = s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    const struct pl_policy *p = s->policy[part];
    uint64_t *bits = pl_arena_array(arena, s->nwords, sizeof(*bits));
    enum pl_opening_why why;
    unsigned labels = 0; /* of any client */

    for (size_t a = 0; a < clients->natoms; a++)
        labels |= clients->atoms[a].labels;
    labels = part == 0 ? labels : labels >> PL_LABEL_SECOND_SHIFT;
    for (size_t r = 0; r < p->nrules && bits != NULL; r++) {
        size_t bit = pl_space_bit(s, part, r);

        if (pl_prove_lets_pass(p, p->rules[r].action, labels, &why))
            bits[bit / 64] |= 1ULL << bit % 64;
    }
    return bits;
}

/* ---- outsiders ---- */

uint64_t *pl_prove_trust(const struct pl_space *s, struct pl_arena *arena)
{
    static const char *const trust[] = {"builtin:network", "builtin:name", "builtin:listener",
                                        "builtin:authenticated", "builtin:certificate"};
    uint64_t *bits = pl_arena_array(arena, s->nwords, sizeof(*bits));

    for (size_t part = 0; part < s->nparts && bits != NULL; part++) {
        const struct pl_policy *p = s->policy[part];

        for (size_t r = p->nwritten; r < p->nrules; r++) {
            for (size_t i = 0; i < sizeof(trust) / sizeof(trust[0]); i++) {
                size_t bit = pl_space_bit(s, part, r);

                if (pl_str_eq(p->rules[r].name, pl_str_of(trust[i])))
                    bits[bit / 64] |= 1ULL << bit % 64;
            }
        }
    }
    return bits;
}

/* Behind a masking address anyone may hide: no list of addresses counts for it. */
static bool is_outside(unsigned labels)
{
    return (labels & PL_LABEL_MASKING) != 0 ||
           (labels & (PL_LABEL_NETWORK | PL_LABEL_BY_RULE)) == 0;
}

static bool may_be(enum pl_attr attr, const struct pl_atom *atom)
{
    switch (attr) {
    case PL_ATTR_PROTOCOL_STATE:
        return pl_str_eq(atom->value, pl_str_lit("RCPT"));
    case PL_ATTR_CLIENT_ADDRESS:
        return is_outside(atom->labels);
    case PL_ATTR_RECIPIENT:
        return (atom->labels & PL_LABEL_FOREIGN) != 0;
    default:
        return true;
    }
}

bool pl_prove_region(const struct pl_space *s, struct pl_arena *arena, struct pl_region *region)
{
    static const enum pl_attr order[] = {PL_ATTR_PROTOCOL_STATE, PL_ATTR_SASL_USERNAME,
                                         PL_ATTR_CLIENT_ADDRESS, PL_ATTR_RECIPIENT};

    region->no_login = true;
    region->forbidden = pl_prove_trust(s, arena);
    region->nfirst = sizeof(order) / sizeof(order[0]);
    for (size_t i = 0; i < region->nfirst; i++) {
        const struct pl_axis *axis = s->axis_of[order[i]];
        bool *allowed;

        region->first[i] = order[i];
        if (axis == NULL)
            continue;
        allowed = pl_arena_array(arena, axis->natoms, sizeof(*allowed));
        if (allowed == NULL)
            return false;
        for (size_t a = 0; a < axis->natoms; a++)
            allowed[a] = may_be(order[i], &axis->atoms[a]);
        region->allowed[order[i]] = allowed;
    }
    return region->forbidden != NULL;
}

/* ---- openings ---- */

enum { SPARED_WORTH = 1000 }; /* with more networks, those without an opening are not listed */

static struct hole *find_hole(struct proving *v, size_t bit, enum pl_opening_why why)
{
    struct hole *grown;

    for (size_t i = 0; i < v->nholes; i++) {
        if (v->holes[i].bit == bit && v->holes[i].why == why)
            return &v->holes[i];
    }
    grown = pl_grow(v->holes, &v->holes_cap, v->nholes, sizeof(*grown));
    if (grown == NULL) {
        v->failed = true;
        return NULL;
    }
    v->holes = grown;
    v->holes[v->nholes] =
        (struct hole){.rule = pl_space_rule(v->s, bit, NULL), .bit = bit, .why = why};
    return &v->holes[v->nholes++];
}

static void note_client(struct proving *v, size_t atom, const struct pl_outcome *outcomes, size_t n)
{
    unsigned labels = v->clients->atoms[atom].labels;
    enum pl_opening_why why;

    for (size_t i = 0; i < n && !v->failed; i++) {
        const struct pl_rule *rule = pl_space_rule(v->s, outcomes[i].bit[0], NULL);
        struct hole *hole;
        uint32_t *grown;

        if (!pl_prove_lets_pass(v->p, rule->action, labels, &why))
            continue;
        hole = find_hole(v, outcomes[i].bit[0], why);
        grown =
            hole == NULL ? NULL : pl_grow(hole->clients, &hole->cap, hole->count, sizeof(*grown));
        if (grown == NULL) {
            v->failed = true;
            return;
        }
        hole->clients = grown;
        hole->clients[hole->count++] = (uint32_t)atom;
    }
}

static void find_holes(struct proving *v)
{
    struct pl_walk *w = pl_walk_new(v->s, &v->region);

    if (w == NULL) {
        v->failed = true;
        return;
    }
    if (pl_walk_go_to(w, PL_ATTR_CLIENT_ADDRESS)) {
        for (size_t a = 0; a < v->clients->natoms && pl_walk_gave_up(w) == NULL; a++) {
            const struct pl_outcome *outcomes;
            size_t n;

            if (!pl_walk_choose(w, a))
                continue;
            pl_walk_collect(w, &outcomes, &n);
            note_client(v, a, outcomes, n);
            pl_walk_back(w);
        }
    }
    v->proof->gave_up = pl_walk_gave_up(w);
    v->proof->steps = pl_walk_steps(w);
    pl_walk_free(w);
}

/* ---- examples ---- */

static bool is_wanted(const struct pl_outcome *outcome, void *arg)
{
    const size_t *bit = arg;

    return outcome->bit[0] == *bit;
}

/* The witness has to be confirmed by the code that decides; else it proves nothing, either way. */
static bool is_confirmed(const struct proving *v, const struct hole *h,
                         const struct pl_str request[PL_ATTR_COUNT])
{
    struct pl_query q;
    struct pl_cursor cursor = {0};
    struct pl_decision d;

    memcpy(q.attr, request, sizeof(q.attr));
    pl_query_begin(&q);
    return pl_policy_decide(v->p, &q, &cursor, &d) == PL_STEP_DECIDED &&
           (d.rule == h->rule || d.rule == v->p->expired);
}

/* The client to show: outside all waivers if there is one. */
static uint32_t client_to_show(const struct proving *v, const struct hole *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (v->uncovered[h->clients[i]])
            return h->clients[i];
    }
    return h->clients[0];
}

static bool find_example(struct proving *v, struct hole *h, struct pl_opening *o)
{
    char text[PL_ADDR_TEXT];
    struct pl_walk *w = pl_walk_new(v->s, &v->region);
    uint32_t client = client_to_show(v, h), atoms[PL_ATTR_COUNT];
    bool found = w != NULL && pl_walk_go_to(w, PL_ATTR_CLIENT_ADDRESS) &&
                 pl_walk_choose(w, client) && pl_walk_find(w, is_wanted, &h->bit, atoms);

    pl_walk_free(w);
    if (!found)
        return false;
    pl_walk_request(v->s, atoms, o->request);
    prove_leave_waivers(v, client, &o->request[PL_ATTR_CLIENT_ADDRESS], text);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        o->request[i] = pl_arena_copy(v->proof->arena, o->request[i]);
        if (o->request[i].p == NULL)
            return false;
    }
    o->masking = (v->clients->atoms[client].labels & PL_LABEL_MASKING) != 0;
    return is_confirmed(v, h, o->request);
}

/* The addresses of the atoms of a hole that have a label (0: all); or of outsiders without a hole. */
static bool list_labelled(struct proving *v, const struct hole *h, unsigned label, bool spared,
                          struct pl_prefix **networks, size_t *n)
{
    const bool *outside = v->region.allowed[PL_ATTR_CLIENT_ADDRESS];
    bool *chosen = calloc(v->clients->natoms, sizeof(*chosen)), ok = chosen != NULL;

    for (size_t i = 0; i < h->count && ok; i++)
        chosen[h->clients[i]] = (v->clients->atoms[h->clients[i]].labels & label) == label;
    for (size_t a = 0; a < v->clients->natoms && ok && spared; a++)
        chosen[a] = !chosen[a] && outside[a];
    ok = ok && pl_space_networks(v->s, v->clients, chosen, v->proof->arena, networks, n);
    free(chosen);
    return ok;
}

static bool list_clients(struct proving *v, const struct hole *h, struct pl_opening *o)
{
    bool any_masking = false;

    o->masking_only = h->count > 0;
    for (size_t i = 0; i < h->count; i++) {
        unsigned labels = v->clients->atoms[h->clients[i]].labels;

        o->no_address = o->no_address || (labels & PL_LABEL_ABSENT) != 0;
        any_masking = any_masking || (labels & PL_LABEL_MASKING) != 0;
        o->masking_only = o->masking_only && (labels & PL_LABEL_MASKING) != 0;
    }
    o->everywhere = h->count == v->noutside;
    return list_labelled(v, h, 0, false, &o->networks, &o->nnetworks) &&
           (o->nnetworks > SPARED_WORTH || list_labelled(v, h, 0, true, &o->spared, &o->nspared)) &&
           (!any_masking || list_labelled(v, h, PL_LABEL_MASKING, false, &o->masked, &o->nmasked));
}

static int compare_openings(const void *va, const void *vb)
{
    const struct pl_opening *a = va, *b = vb;

    if ((a->waiver == NULL) != (b->waiver == NULL))
        return a->waiver == NULL ? -1 : 1;
    if ((a->why == PL_OPENS_CLASS) != (b->why == PL_OPENS_CLASS))
        return a->why == PL_OPENS_CLASS ? 1 : -1;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    return a->why < b->why ? -1 : a->why > b->why;
}

static void tell(struct proving *v)
{
    struct pl_proof *proof = v->proof;

    proof->openings = pl_arena_array(proof->arena, v->nholes, sizeof(*proof->openings));
    if (proof->openings == NULL) {
        v->failed = true;
        return;
    }
    for (size_t i = 0; i < v->nholes && !v->failed; i++) {
        struct pl_opening *o = &proof->openings[proof->nopenings];

        o->rule = v->holes[i].rule;
        o->why = v->holes[i].why;
        if (!find_example(v, &v->holes[i], o)) {
            proof->gave_up = "a witness was not confirmed by the decision code: this is a fault of "
                             "postlatch, please report it";
            continue;
        }
        v->failed = i < PL_OPENINGS_LISTED && !list_clients(v, &v->holes[i], o);
        prove_waive(v, &v->holes[i], o); /* with its networks */
        proof->nopenings++;
    }
    qsort(proof->openings, proof->nopenings, sizeof(*proof->openings), compare_openings);
}

static void judge(struct proving *v)
{
    struct pl_proof *proof = v->proof;
    bool all = proof->nopenings > 0 && proof->gave_up == NULL;

    proof->verdict = proof->gave_up != NULL ? PL_VERDICT_UNPROVABLE : PL_VERDICT_SAFE;
    for (size_t i = 0; i < proof->nopenings; i++) {
        const struct pl_opening *o = &proof->openings[i];

        if (o->why != PL_OPENS_CLASS)
            proof->verdict = PL_VERDICT_OPEN;
        else if (proof->verdict == PL_VERDICT_SAFE)
            proof->verdict = PL_VERDICT_UNPROVABLE;
        all = all && o->waiver != NULL;
        proof->expired = proof->expired || o->expired;
    }
    proof->expired = proof->expired && all;
    proof->accepted = all && !proof->expired;
}

static void prove(struct proving *v)
{
    v->clients = v->s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        v->proof->atoms += v->s->axis_of[i] == NULL ? 0 : v->s->axis_of[i]->natoms;
    v->region.wanted = pl_prove_passing(v->s, 0, v->proof->arena);
    if (v->region.wanted == NULL || !pl_prove_region(v->s, v->proof->arena, &v->region)) {
        v->failed = true;
        return;
    }
    for (size_t a = 0; a < v->clients->natoms; a++)
        v->noutside += v->region.allowed[PL_ATTR_CLIENT_ADDRESS][a];
    find_holes(v);
    if (!v->failed && v->nholes > 0) {
        prove_look_at_waivers(v);
        if (!v->failed)
            tell(v);
    }
    judge(v);
}

struct pl_proof *pl_prove(const struct pl_policy *p, const struct pl_space *s)
{
    struct pl_space *own = NULL;
    struct proving v = {.p = p, .s = s};
    bool too_large = false;

    v.proof = calloc(1, sizeof(*v.proof));
    if (v.proof == NULL)
        return NULL;
    v.proof->arena = pl_arena_new();
    v.failed = v.proof->arena == NULL;
    if (s == NULL && !v.failed)
        v.s = own = pl_space_new(p, NULL, &too_large);
    v.failed = v.failed || (v.s == NULL && !too_large);
    if (too_large) {
        v.proof->verdict = PL_VERDICT_UNPROVABLE;
        v.proof->gave_up = "its rules and lists overlap in too many different ways";
    } else if (!v.failed) {
        prove(&v);
    }
    for (size_t i = 0; i < v.nholes; i++)
        free(v.holes[i].clients);
    free(v.holes);
    pl_ranges_fini(&v.waived);
    pl_space_free(own);
    if (v.failed) {
        pl_proof_free(v.proof);
        return NULL;
    }
    return v.proof;
}

void pl_proof_free(struct pl_proof *proof)
{
    if (proof == NULL)
        return;
    pl_arena_free(proof->arena);
    free(proof);
}
