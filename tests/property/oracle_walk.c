/* SPDX-License-Identifier: BSD-2-Clause */
/* All combinations of values, and what they amount to. */
#include "draft.h"
#include "oracle.h"
#include "rng.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct oracle_leaf leaf;
    bool (*visit)(const struct oracle_leaf *, void *);
    void *context;
};

/* What is so before any axis has a value. */
static void begin(struct oracle_leaf *leaf, const struct oracle *o)
{
    *leaf = (struct oracle_leaf){.o = o, .rules = {~0ULL, ~0ULL}, .listeners = ~0ULL};
    for (size_t part = 0; part < o->nparts; part++) {
        if (o->policy[part]->nrules < 64)
            leaf->rules[part] = (1ULL << o->policy[part]->nrules) - 1;
        /* If no rule asks about TLS there may be some: then a certificate can be, too. */
        if (oracle_axis_of(o, PL_ATTR_ENCRYPTION_PROTOCOL) == NULL)
            leaf->facts[part] = FACT_TLS;
    }
    if (o->policy[0]->nlisteners < 64)
        leaf->listeners = (1ULL << o->policy[0]->nlisteners) - 1;
}

static void take(struct oracle_leaf *leaf, size_t axis, size_t value)
{
    const struct oracle_value *v = &leaf->o->axes[axis].values[value];

    leaf->at[axis] = value;
    for (size_t part = 0; part < leaf->o->nparts; part++) {
        leaf->rules[part] &= v->rules[part];
        leaf->facts[part] |= v->facts[part];
    }
    leaf->listeners &= v->listeners;
}

static void finish(struct oracle_leaf *leaf)
{
    const struct oracle *o = leaf->o;

    leaf->client = leaf->at[o->client - o->axes];
    leaf->login = leaf->at[o->login - o->axes];
    leaf->recipient = leaf->at[o->recipient - o->axes];
}

static bool go(struct walk *w, size_t axis)
{
    const struct oracle *o = w->leaf.o;
    struct oracle_leaf before = w->leaf;

    if (axis == o->naxes) {
        if (!oracle_is_possible(w->leaf.facts[0]))
            return true;
        finish(&w->leaf);
        return w->visit(&w->leaf, w->context);
    }
    for (size_t i = 0; i < o->axes[axis].count; i++) {
        take(&w->leaf, axis, i);
        if (!go(w, axis + 1))
            return false;
        for (size_t part = 0; part < o->nparts; part++) {
            w->leaf.rules[part] = before.rules[part];
            w->leaf.facts[part] = before.facts[part];
        }
        w->leaf.listeners = before.listeners;
    }
    return true;
}

void oracle_walk(const struct oracle *o, bool (*visit)(const struct oracle_leaf *, void *),
                 void *context)
{
    struct walk w = {.visit = visit, .context = context};

    begin(&w.leaf, o);
    go(&w, 0);
}

void oracle_request(const struct oracle_leaf *leaf, struct pl_query *q)
{
    const struct oracle *o = leaf->o;

    memset(q, 0, sizeof(*q));
    for (size_t i = 0; i < o->naxes; i++)
        q->attr[o->axes[i].attr] = o->axes[i].values[leaf->at[i]].text;
    if (oracle_axis_of(o, PL_ATTR_ENCRYPTION_PROTOCOL) == NULL &&
        (leaf->facts[0] & FACT_NEEDS_TLS) != 0)
        q->attr[PL_ATTR_ENCRYPTION_PROTOCOL] = pl_str_lit("TLSv1.3");
    pl_query_read(q);
}

void oracle_confirm(const struct oracle *o, uint64_t seed)
{
    struct rng rng = {seed};

    for (size_t n = 0; n < 100; n++) {
        struct oracle_leaf leaf;
        struct pl_query q;

        begin(&leaf, o);
        for (size_t i = 0; i < o->naxes; i++)
            take(&leaf, i, below(&rng, o->axes[i].count));
        oracle_request(&leaf, &q);
        for (size_t part = 0; part < o->nparts; part++) {
            struct pl_decision d;

            pl_policy_interpret(o->policy[part], &q, &d);
            must((size_t)(d.rule - o->policy[part]->rules) == oracle_decides(leaf.rules[part]),
                 "the oracle does not combine values as the interpreter does");
        }
    }
}

/* ---- what they amount to ---- */

static void put_rules(struct oracle_result *r, uint64_t rules)
{
    size_t at = (size_t)(rules * 0x9e3779b97f4a7c15U >> 32) & (r->rules_cap - 1);

    while (r->rules[at] != 0) {
        if (r->rules[at] == rules)
            return;
        at = (at + 1) & (r->rules_cap - 1);
    }
    r->rules[at] = rules;
    r->nrules++;
}

static void note_rules(struct oracle_result *r, uint64_t rules)
{
    if (2 * r->nrules >= r->rules_cap) {
        uint64_t *old = r->rules;
        size_t n = r->rules_cap;

        r->rules_cap = n == 0 ? 1024 : 2 * n;
        r->rules = calloc(r->rules_cap, sizeof(*r->rules));
        must(r->rules != NULL, "out of memory");
        r->nrules = 0;
        for (size_t i = 0; i < n; i++) {
            if (old[i] != 0)
                put_rules(r, old[i]);
        }
        free(old);
    }
    put_rules(r, rules);
}

static bool note(const struct oracle_leaf *leaf, void *context)
{
    struct oracle_result *r = context;
    const struct oracle *o = leaf->o;
    const struct pl_policy *p = o->policy[0];
    size_t rule = oracle_decides(leaf->rules[0]), client = leaf->client;
    unsigned facts = leaf->facts[0];
    bool at_listener = leaf->listeners != 0;
    uint64_t bit = 1ULL << rule;
    enum oracle_why why;

    r->decides |= bit;
    note_rules(r, leaf->rules[0]);
    if ((facts & (FACT_NOT_RCPT | FACT_LOGIN | FACT_NO_RECIPIENT)) != 0)
        return true;
    if (oracle_is_outsider(facts & ~(unsigned)FACT_OURS, at_listener) &&
        (facts & FACT_NO_ADDRESS) == 0) {
        r->has_outsiders = true;
        r->reach[leaf->recipient] |= bit;
    }
    if ((facts & FACT_OURS) != 0)
        return true;
    why = oracle_why(p, p->rules[rule].action, facts);
    if (why == WHY_NOT)
        return true;
    if (oracle_is_outsider(facts, at_listener)) {
        r->open[why][client] |= bit;
        if (!r->has_example)
            r->example = *leaf;
        r->has_example = true;
    }
    if ((facts & (FACT_CERT | FACT_HAS_NAME)) == 0 && !at_listener) {
        r->surface[why][client] |= bit;
        r->to[client * o->recipient->count + leaf->recipient] |= bit;
    }
    return true;
}

static uint64_t *zeroes(size_t n)
{
    uint64_t *bits = calloc(n + 1, sizeof(*bits));

    must(bits != NULL, "out of memory");
    return bits;
}

void oracle_result_init(struct oracle_result *r, const struct oracle *o)
{
    *r = (struct oracle_result){0};
    for (unsigned why = 0; why < WHY_COUNT; why++) {
        r->open[why] = zeroes(o->client->count);
        r->surface[why] = zeroes(o->client->count);
    }
    r->to = zeroes(o->client->count * o->recipient->count);
    r->reach = zeroes(o->recipient->count);
    oracle_walk(o, note, r);
}

void oracle_result_fini(struct oracle_result *r)
{
    free(r->rules);
    for (unsigned why = 0; why < WHY_COUNT; why++) {
        free(r->open[why]);
        free(r->surface[why]);
    }
    free(r->to);
    free(r->reach);
    *r = (struct oracle_result){0};
}
