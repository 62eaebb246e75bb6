/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict, each opening with its witness and addresses. */
#include "compare.h"
#include "draft.h"

#include "postlatch/prove.h"

#include <stdlib.h>

static const char *const why_names[WHY_COUNT] = {"passes", "is left to Postfix, which permits",
                                                 "is left to Postfix, which permits this client",
                                                 "goes to a class"};

enum oracle_why opening_why(enum pl_opening_why why)
{
    switch (why) {
    case PL_OPENS_PASS:
        return WHY_PASS;
    case PL_OPENS_PERMIT:
        return WHY_PERMIT;
    case PL_OPENS_ELSEWHERE:
        return WHY_ELSEWHERE;
    case PL_OPENS_CLASS:
        return WHY_CLASS;
    }
    return WHY_NOT;
}

static uint64_t any_client(const struct oracle *o, const uint64_t *bits)
{
    uint64_t rules = 0;

    for (size_t c = 0; c < o->client->count; c++)
        rules |= bits[c];
    return rules;
}

static void say_rules(struct pl_buf *out, const struct pl_policy *p, uint64_t rules)
{
    for (size_t i = 0; i < p->nrules; i++) {
        if ((rules >> i & 1) != 0) {
            pl_buf_addf(out, " %zu:", i);
            pl_buf_add(out, p->rules[i].name);
        }
    }
    pl_buf_add(out, rules == 0 ? pl_str_lit(" none\n") : pl_str_lit("\n"));
}

static enum pl_verdict verdict_of(const struct oracle *o, const struct oracle_result *r)
{
    for (unsigned why = 0; why < WHY_CLASS; why++) {
        if (any_client(o, r->open[why]) != 0)
            return PL_VERDICT_OPEN;
    }
    return any_client(o, r->open[WHY_CLASS]) != 0 ? PL_VERDICT_UNPROVABLE : PL_VERDICT_SAFE;
}

/* The same rules, for the same reasons. */
static bool compare_rules(const struct oracle *o, const struct oracle_result *r,
                          const struct pl_proof *proof, struct pl_buf *out)
{
    const struct pl_policy *p = o->policy[0];

    for (unsigned why = 0; why < WHY_COUNT; why++) {
        uint64_t want = any_client(o, r->open[why]), have = 0;
        size_t count = 0;

        for (size_t i = 0; i < proof->nopenings; i++) {
            if (opening_why(proof->openings[i].why) == why) {
                have |= 1ULL << (proof->openings[i].rule - p->rules);
                count++;
            }
        }
        if (want == have && count == (size_t)__builtin_popcountll(have))
            continue;
        pl_buf_addf(out, "openings where mail %s: by the oracle", why_names[why]);
        say_rules(out, p, want);
        pl_buf_addf(out, "by the proof (%zu of them)", count);
        say_rules(out, p, have);
        return false;
    }
    return true;
}

static bool compare_witness(const struct oracle *o, const struct pl_opening *opening,
                            struct pl_buf *out)
{
    const struct pl_policy *p = o->policy[0];
    struct judgement j = judge(p, opening->request);
    enum oracle_why why = oracle_why(p, p->rules[j.rule].action, j.facts);
    const char *wrong = NULL;

    if (&p->rules[j.rule] != opening->rule)
        wrong = "is decided by another rule";
    else if (!oracle_is_possible(j.facts))
        wrong = "cannot be";
    else if (!oracle_is_outsider(j.facts, j.at_listener))
        wrong = "is none of an outsider to a foreign recipient";
    else if (why != opening_why(opening->why))
        wrong = "does not pass for that reason";
    else if (opening->masking != ((j.facts & FACT_MASKING) != 0))
        wrong = "has an address that is masking, or is not, unlike the proof says";
    if (wrong == NULL)
        return true;
    pl_buf_addf(out, "a witness %s:", wrong);
    say_request(out, opening->request);
    return false;
}

static bool compare_networks(const struct oracle *o, const struct oracle_result *r,
                             const struct pl_opening *opening, struct pl_buf *out,
                             struct seen *seen)
{
    const uint64_t *bits = r->open[opening_why(opening->why)];
    uint64_t rule = 1ULL << (opening->rule - o->policy[0]->rules);
    size_t n, absent = oracle_value_of(o, o->client, pl_str_lit(""));
    struct pl_str *cidrs = clients_with(o, bits, rule, &n);
    bool no_address = (bits[absent] & rule) != 0;
    bool same = same_networks(cidrs, n, opening->networks, opening->nnetworks);

    seen->networks += n;
    if (!same) {
        pl_buf_add(out, pl_str_lit("an opening's addresses, by rule "));
        pl_buf_add(out, opening->rule->name);
        pl_buf_add(out, pl_str_lit("\noracle:"));
        say_cidrs(out, cidrs, n);
        pl_buf_add(out, pl_str_lit("proof: "));
        say_networks(out, opening->networks, opening->nnetworks);
    } else if (opening->no_address != no_address) {
        same = false;
        pl_buf_addf(out, "an opening is%s for a client without an address, and the proof says%s\n",
                    no_address ? "" : " not", opening->no_address ? "" : " not");
    }
    free(cidrs);
    return same;
}

bool compare_proof(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                   struct seen *seen)
{
    struct pl_proof *proof = pl_prove(o->policy[0], NULL);
    enum pl_verdict want = verdict_of(o, r);
    bool same = true;

    must(proof != NULL, "pl_prove: out of memory");
    if (proof->gave_up != NULL) {
        pl_buf_addf(out, "the proof gave up: %s\n", proof->gave_up);
        same = false;
    } else if (proof->verdict != want) {
        pl_buf_addf(out, "verdict: by the oracle %s, by the proof %s\n", pl_verdict_word(want),
                    pl_verdict_word(proof->verdict));
        same = false;
    }
    if (!same && r->has_example) {
        struct pl_query q;

        oracle_request(&r->example, &q);
        pl_buf_add(out, pl_str_lit("a request that passes, or may:"));
        say_request(out, q.attr);
    }
    same = same && compare_rules(o, r, proof, out);
    for (size_t i = 0; i < proof->nopenings && same; i++) {
        const struct pl_opening *opening = &proof->openings[i];

        same = compare_witness(o, opening, out) && (proof->nopenings > PL_OPENINGS_LISTED ||
                                                    compare_networks(o, r, opening, out, seen));
        seen->whys[opening_why(opening->why)]++;
        seen->masking += opening->masking;
    }
    seen->verdicts[want]++;
    pl_proof_free(proof);
    return same;
}
