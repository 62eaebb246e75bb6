/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lint says of rules and of domains, but shadowed-rule, which has no definition that is shorter
 * than its code: rules that never decide, rules without which all answers are the same, domains of
 * ours that nobody outside can send to.
 */
#include "compare.h"
#include "draft.h"

#include "postlatch/lint.h"

/* ---- rules ---- */

static uint64_t written(const struct pl_policy *p)
{
    uint64_t rules = 0;

    for (size_t r = 0; r < p->nrules; r++)
        rules |= (uint64_t)!p->rules[r].builtin << r;
    return rules;
}

/* Whether some request gets another answer when rule r is taken out, after those that are gone. */
static bool makes_a_difference(const struct oracle *o, const struct oracle_result *r, size_t rule,
                               uint64_t gone)
{
    const struct pl_rule *rules = o->policy[0]->rules;

    for (size_t i = 0; i < r->rules_cap; i++) {
        uint64_t hold = r->rules[i] & ~gone, next = hold & ~(1ULL << rule);

        if (r->rules[i] == 0 || oracle_decides(hold) != rule)
            continue;
        if (!oracle_same_answer(rules[rule].action, rules[oracle_decides(next)].action))
            return true;
    }
    return false;
}

/* In their order: each is judged as if those found before it were taken out. */
static uint64_t redundant(const struct oracle *o, const struct oracle_result *r,
                          uint64_t unreachable)
{
    uint64_t all = written(o->policy[0]), gone = unreachable;

    for (size_t i = 0; i < o->policy[0]->nrules; i++) {
        if ((all & ~unreachable) >> i & 1 && !makes_a_difference(o, r, i, gone))
            gone |= 1ULL << i;
    }
    return gone & ~unreachable;
}

static bool compare_rules(const struct oracle *o, const struct pl_findings *f,
                          enum pl_lint_code code, uint64_t want, struct pl_buf *out)
{
    uint64_t have = 0;
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code != code)
            continue;
        have |= 1ULL << (f->items[i].rule - o->policy[0]->rules);
        n++;
    }
    if (have == want && n == f->found[code] && n == (size_t)__builtin_popcountll(want))
        return true;
    pl_buf_addf(out, "%s: by the oracle rules 0x%llx, by lint 0x%llx in %zu findings\n",
                pl_lint_word(code), (unsigned long long)want, (unsigned long long)have, n);
    return false;
}

/* ---- domains ---- */

/* The mail is refused, or accepted and thrown away. */
static bool arrives(const struct pl_action *action)
{
    struct pl_str word = action->source;

    word.n = pl_str_find(word, ' ');
    return oracle_effect(action) != EFFECT_REFUSE && !pl_str_eq_fold(word, pl_str_lit("DISCARD"));
}

/* Bits of the accepted entries that have recipients of ours, none of whom any outsider can reach. */
static uint64_t out_of_reach(const struct oracle *o, const struct oracle_result *r)
{
    const struct pl_policy *p = o->policy[0];
    uint64_t arriving = 0, ours = 0, reached = 0;
    bool outsiders = false;

    for (size_t i = 0; i < p->nrules; i++)
        arriving |= (uint64_t)arrives(p->rules[i].action) << i;
    for (size_t i = 0; i < o->client->count; i++) {
        unsigned facts = o->client->values[i].facts[0];

        outsiders =
            outsiders || ((facts & FACT_NO_ADDRESS) == 0 && oracle_is_outsider(facts, false));
    }
    for (size_t i = 0; i < o->recipient->count; i++) {
        const struct oracle_value *v = &o->recipient->values[i];

        if ((v->facts[0] & FACT_OURS) == 0)
            continue;
        ours |= v->entries;
        if ((r->reach[i] & arriving) != 0)
            reached |= v->entries;
    }
    return outsiders ? ours & ~reached : 0;
}

/* One finding for each entry; the same name in two lists is two entries. */
static bool compare_domains(const struct oracle *o, const struct pl_findings *f, uint64_t want,
                            struct pl_buf *out)
{
    for (size_t i = 0; i < o->accepted.count; i++) {
        struct pl_str text = o->accepted.texts[i];
        bool wanted = (want >> i & 1) != 0, found = false;

        for (size_t j = 0; j < f->count; j++)
            found = found || (f->items[j].code == PL_LINT_UNREACHABLE_DOMAIN &&
                              pl_str_eq_fold(f->items[j].object, text));
        if (found == wanted)
            continue;
        pl_buf_addf(out, "unreachable-domain: \"%.*s\" by the oracle %d, by lint %d\n", (int)text.n,
                    text.p, wanted, found);
        return false;
    }
    for (size_t j = 0; j < f->count && want == 0; j++) {
        if (f->items[j].code == PL_LINT_UNREACHABLE_DOMAIN) {
            pl_buf_add(out, pl_str_lit("unreachable-domain for what is in no list: "));
            pl_buf_add(out, f->items[j].message);
            pl_buf_add_char(out, '\n');
            return false;
        }
    }
    return true;
}

/* ---- all ---- */

bool compare_lint(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                  struct seen *seen)
{
    bool too_large = false, same;
    struct pl_space *s = pl_space_new(o->policy[0], NULL, &too_large);
    struct pl_lint_input in = {.space = s};
    struct pl_findings *f = s == NULL ? NULL : pl_lint(o->policy[0], &in);
    uint64_t unreachable = written(o->policy[0]) & ~r->decides;
    uint64_t no_use = redundant(o, r, unreachable), domains = out_of_reach(o, r);

    must(f != NULL, "pl_lint: out of memory");
    same = f->gave_up == NULL;
    if (!same)
        pl_buf_addf(out, "lint gave up: %s\n", f->gave_up);
    same = same && compare_rules(o, f, PL_LINT_UNREACHABLE_RULE, unreachable, out) &&
           compare_rules(o, f, PL_LINT_REDUNDANT_RULE, no_use, out) &&
           (f->found[PL_LINT_UNREACHABLE_DOMAIN] > PL_LINT_SHOWN ||
            compare_domains(o, f, domains, out));
    seen->unreachable += (size_t)__builtin_popcountll(unreachable);
    seen->redundant += (size_t)__builtin_popcountll(no_use);
    seen->domains += (size_t)__builtin_popcountll(domains);
    pl_findings_free(f);
    pl_space_free(s);
    return same;
}
