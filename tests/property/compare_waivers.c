/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waivers: on each day exactly the openings are accepted that they name, and when they have ended the
 * answers that they accepted are given no more, and no others are missing.
 */
#include "compare.h"
#include "draft.h"
#include "generate.h"

#include "postlatch/date.h"
#include "postlatch/prove.h"

#include <stdlib.h>
#include <string.h>

enum { PROBED = 400 }; /* requests a day */

/* An address at the edge of a surface. */
struct probe {
    struct pl_str text;
    size_t value; /* of the axis of client_address */
};

struct comparing {
    const struct oracle *o;
    const struct oracle_result *r;
    const struct pl_policy *p;
    struct pl_buf *out;
    int32_t today;
    struct spans counting, all; /* surfaces of the waivers that count, and of all of them; merged */
    struct probe probes[8 * DRAFT_WAIVERS * 4];
    size_t nprobes;
    size_t probed, granted, refused;
    bool same;
};

/* ---- the definition ---- */

static bool counts(const struct comparing *c, const struct pl_waiver *w)
{
    return c->today <= w->until;
}

static bool names(const struct pl_waiver *w, const struct pl_rule *rule)
{
    return oracle_effect(rule->action) == EFFECT_UNKNOWN && pl_str_eq(w->rule, rule->name);
}

static bool is_named(const struct comparing *c, const struct pl_rule *rule, bool ended)
{
    for (size_t i = 0; i < c->p->nwaivers; i++) {
        if (names(&c->p->waivers[i], rule) && (ended || counts(c, &c->p->waivers[i])))
            return true;
    }
    return false;
}

static bool spans_hold(const struct spans *s, struct span x)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].family == x.family && s->items[i].low <= x.low &&
            x.high <= s->items[i].high)
            return true;
    }
    return false;
}

/* All addresses of a value of client_address lie in surfaces. */
static bool is_covered(const struct comparing *c, size_t client, const struct spans *surfaces)
{
    bool some = false;

    for (size_t i = 0; i < c->o->nintervals; i++) {
        if (c->o->intervals[i].value != client)
            continue;
        if (!spans_hold(surfaces, c->o->intervals[i].span))
            return false;
        some = true;
    }
    return some;
}

/* All that a rule opens for a reason is accepted, by those that count or by all. */
static bool is_accepted(const struct comparing *c, size_t rule, unsigned why, bool ended)
{
    if (is_named(c, &c->p->rules[rule], ended))
        return true;
    for (size_t i = 0; i < c->o->client->count; i++) {
        if ((c->r->open[why][i] >> rule & 1) != 0 &&
            !is_covered(c, i, ended ? &c->all : &c->counting))
            return false;
    }
    return true;
}

static bool is_open(const struct comparing *c, size_t rule, unsigned why)
{
    for (size_t i = 0; i < c->o->client->count; i++) {
        if ((c->r->open[why][i] >> rule & 1) != 0)
            return true;
    }
    return false;
}

/* ---- the verdict ---- */

static bool differs(struct comparing *c, const char *what, const struct pl_rule *rule)
{
    char day[PL_DATE_TEXT];

    pl_buf_addf(c->out, "waivers, on %s: %s%s%.*s\n", pl_date_format(day, c->today), what,
                rule == NULL ? "" : ", rule ", rule == NULL ? 0 : (int)rule->name.n,
                rule == NULL ? "" : rule->name.p);
    return false;
}

static const struct pl_opening *opening_of(const struct pl_proof *proof, const struct pl_rule *rule,
                                           enum oracle_why why)
{
    for (size_t i = 0; i < proof->nopenings; i++) {
        if (proof->openings[i].rule == rule && opening_why(proof->openings[i].why) == why)
            return &proof->openings[i];
    }
    return NULL;
}

/* The waiver that is told of is of the rule, or has an address of the opening. */
static bool is_about(const struct comparing *c, const struct pl_opening *opening, size_t rule)
{
    const struct pl_waiver *w = opening->waiver;
    const uint64_t *open = c->r->open[opening_why(opening->why)];

    if (names(w, opening->rule))
        return true;
    for (size_t i = 0; i < w->surface.count; i++) {
        struct span low = span_of(&w->surface.ranges[i].low);
        struct span high = span_of(&w->surface.ranges[i].high);

        for (size_t k = 0; k < c->o->nintervals; k++) {
            const struct oracle_interval *x = &c->o->intervals[k];

            if (x->span.family == low.family && x->span.low <= high.high &&
                low.low <= x->span.high && (open[x->value] >> rule & 1) != 0)
                return true;
        }
    }
    return false;
}

static bool compare_opening(struct comparing *c, const struct pl_proof *proof, size_t rule,
                            unsigned why, bool *now, bool *ever)
{
    const struct pl_rule *r = &c->p->rules[rule];
    const struct pl_opening *o = opening_of(proof, r, why);
    bool is_now = is_accepted(c, rule, why, false), is_ever = is_accepted(c, rule, why, true);

    *now = *now && is_now;
    *ever = *ever && is_ever;
    if (o == NULL)
        return differs(c, "an opening is not told of", r);
    if ((o->waiver != NULL) != is_ever)
        return differs(c,
                       is_ever ? "an opening is accepted, and the proof says it is not"
                               : "an opening is not accepted, and the proof says it is",
                       r);
    if (o->expired != (is_ever && !is_now))
        return differs(c, "it has ended, and the proof says it has not, or the other way round", r);
    if (o->waiver != NULL && counts(c, o->waiver) == o->expired)
        return differs(c, "the waiver that is told of has ended, or has not", r);
    if (o->waiver != NULL && !is_about(c, o, rule))
        return differs(c, "the waiver that is told of is about something else", r);
    return true;
}

static bool compare_verdict(struct comparing *c, struct seen *seen)
{
    struct pl_proof *proof = pl_prove(c->p, NULL);
    bool now = true, ever = true, some = false, same = true;

    must(proof != NULL, "pl_prove: out of memory");
    for (size_t rule = 0; rule < c->p->nrules && same; rule++) {
        for (unsigned why = 0; why < WHY_COUNT && same; why++) {
            if (!is_open(c, rule, why))
                continue;
            some = true;
            same = compare_opening(c, proof, rule, why, &now, &ever);
        }
    }
    if (same && proof->accepted != (some && now))
        same = differs(c,
                       some && now ? "all is accepted, and the proof says it is not"
                                   : "not all is accepted, and the proof says it is",
                       NULL);
    if (same && proof->expired != (some && ever && !now))
        same = differs(c, "what was accepted has ended, or has not", NULL);
    if (same && (proof->verdict == PL_VERDICT_SAFE) == some)
        same = differs(c, "waivers change the verdict", NULL);
    seen->accepted += proof->accepted;
    seen->ended += proof->expired;
    pl_proof_free(proof);
    return same;
}

/* ---- answers ---- */

static void add_probe(struct comparing *c, int family, oracle_u128 at)
{
    const struct span gap = ORACLE_MAPPED;
    struct probe *probe = &c->probes[c->nprobes];

    if (c->nprobes == sizeof(c->probes) / sizeof(c->probes[0]) ||
        (family == 6 && at >= gap.low && at <= gap.high))
        return;
    probe->text = span_text(c->o->arena, family, at, false);
    probe->value = oracle_value_of(c->o, c->o->client, probe->text);
    must(probe->value != SIZE_MAX, "an address that the oracle did not think of");
    c->nprobes++;
}

static void add_probes(struct comparing *c, const struct pl_range *range)
{
    struct span low = span_of(&range->low), high = span_of(&range->high);
    oracle_u128 last = low.family == 4 ? 0xffffffff : ~(oracle_u128)0;

    add_probe(c, low.family, low.low);
    add_probe(c, low.family, high.high);
    if (low.low > 0)
        add_probe(c, low.family, low.low - 1);
    if (high.high < last)
        add_probe(c, low.family, high.high + 1);
}

/* Whether an outsider's answer, which lets it pass, is given no more. */
static bool is_gone(const struct comparing *c, const struct pl_rule *rule,
                    const struct pl_addr *client)
{
    bool ended = false;

    for (size_t i = 0; i < c->p->nwaivers; i++) {
        const struct pl_waiver *w = &c->p->waivers[i];
        bool holds = names(w, rule);

        for (size_t k = 0; k < w->surface.count && client->family != 0; k++) {
            struct span at = span_of(client), low = span_of(&w->surface.ranges[k].low);
            struct span high = span_of(&w->surface.ranges[k].high);

            holds = holds || (at.family == low.family && low.low <= at.low && at.low <= high.high);
        }
        if (holds && counts(c, w))
            return false;
        ended = ended || holds;
    }
    return ended;
}

static bool try_answer(struct comparing *c, const struct oracle_leaf *leaf, struct pl_str client)
{
    size_t rule = oracle_decides(leaf->rules[0]);
    const struct pl_rule *want = &c->p->rules[rule];
    bool opens = oracle_is_outsider(leaf->facts[0], leaf->listeners != 0) &&
                 oracle_why(c->p, want->action, leaf->facts[0]) != WHY_NOT;
    struct pl_cursor cursor = {0};
    struct pl_decision fast, plain;
    struct pl_query q;

    oracle_request(leaf, &q);
    q.attr[PL_ATTR_CLIENT_ADDRESS] = client;
    pl_query_read(&q);
    if (opens && is_gone(c, want, &q.client)) {
        want = c->p->expired;
        c->refused++;
    } else if (opens) {
        c->granted++;
    }
    pl_policy_interpret(c->p, &q, &plain);
    must(pl_policy_decide(c->p, &q, &cursor, &fast) == PL_STEP_DECIDED, "it needs a guard");
    c->probed++;
    if (fast.rule == want && plain.rule == want)
        return true;
    differs(c, "a request is answered otherwise", want);
    pl_buf_addf(c->out, "compiled: %s; plain: %s:", fast.rule->name.p, plain.rule->name.p);
    say_request(c->out, q.attr);
    return false;
}

/* Some of all requests, rather those that pass. */
static bool visit(const struct oracle_leaf *leaf, void *context)
{
    struct comparing *c = context;
    bool opens = oracle_is_outsider(leaf->facts[0], leaf->listeners != 0);
    size_t every = 1 + (size_t)c->o->combinations / (opens ? PROBED : PROBED / 8);
    size_t number = 0;

    for (size_t i = 0; i < c->o->naxes; i++)
        number = number * 31 + leaf->at[i] * 7;
    if (number % every != 0)
        return true;
    c->same = try_answer(c, leaf, c->o->client->values[leaf->client].text);
    for (size_t i = 0; i < c->nprobes && c->same; i++) {
        if (c->probes[i].value == leaf->client)
            c->same = try_answer(c, leaf, c->probes[i].text);
    }
    return c->same;
}

/* ---- each day ---- */

static void add_surface(struct spans *spans, const struct pl_waiver *w)
{
    for (size_t i = 0; i < w->surface.count; i++) {
        struct span s = span_of(&w->surface.ranges[i].low);

        s.high = span_of(&w->surface.ranges[i].high).high;
        spans_add(spans, s);
    }
}

static bool compare_day(struct comparing *c, struct pl_policy *p, int32_t today, struct seen *seen)
{
    c->today = today;
    c->counting = c->all = (struct spans){0};
    c->nprobes = 0;
    pl_policy_set_today(p, today);
    for (size_t i = 0; i < p->nwaivers; i++) {
        add_surface(&c->all, &p->waivers[i]);
        if (counts(c, &p->waivers[i]))
            add_surface(&c->counting, &p->waivers[i]);
        for (size_t k = 0; k < p->waivers[i].surface.count; k++)
            add_probes(c, &p->waivers[i].surface.ranges[k]);
    }
    spans_merge(&c->counting);
    spans_merge(&c->all);
    c->same = compare_verdict(c, seen);
    if (c->same)
        oracle_walk(c->o, visit, c);
    spans_fini(&c->counting);
    spans_fini(&c->all);
    return c->same;
}

bool compare_waivers(const struct oracle *o, const struct oracle_result *r, struct pl_policy *p,
                     struct pl_buf *out, struct seen *seen)
{
    struct comparing c = {.o = o, .r = r, .p = p, .out = out};
    int32_t first, second, before = p->today;
    bool same;

    must(p == o->policy[0], "another policy");
    if (p->nwaivers == 0)
        return true;
    must(pl_date_parse(&first, pl_str_lit(ACCEPTED_FIRST)) == PL_DATE_FINE &&
             pl_date_parse(&second, pl_str_lit(ACCEPTED_SECOND)) == PL_DATE_FINE,
         "a day that is none");
    same = compare_day(&c, p, first, seen) && compare_day(&c, p, first + 1, seen) &&
           compare_day(&c, p, second, seen) && compare_day(&c, p, second + 1, seen);
    pl_policy_set_today(p, before);
    seen->waived++;
    seen->granted += c.granted;
    seen->refused += c.refused;
    return same;
}
