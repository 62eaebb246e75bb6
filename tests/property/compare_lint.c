/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that decide nothing, rules without which nothing changes, domains that nobody outside reaches. */
#include "compare.h"
#include "draft.h"

#include "postlatch/lint.h"

#include <string.h>

/* Whether without rule r, of those that are not gone, every answer is the same. */
static bool changes_nothing(const struct pl_policy *p, const struct oracle_result *r, size_t rule,
                            uint64_t gone)
{
    for (size_t i = 0; i < r->rules_cap; i++) {
        uint64_t left = r->rules[i] & ~gone;

        if (r->rules[i] == 0 || oracle_decides(left) != rule)
            continue;
        left &= left - 1;
        if (!oracle_same_answer(p->rules[rule].action, p->rules[oracle_decides(left)].action))
            return false;
    }
    return true;
}

/* All of them together may go as well: the answers are those of the whole policy. */
static bool may_all_go(const struct pl_policy *p, const struct oracle_result *r, uint64_t gone)
{
    for (size_t i = 0; i < r->rules_cap; i++) {
        if (r->rules[i] != 0 &&
            !oracle_same_answer(p->rules[oracle_decides(r->rules[i])].action,
                                p->rules[oracle_decides(r->rules[i] & ~gone)].action))
            return false;
    }
    return true;
}

static uint64_t reported(const struct pl_findings *f, enum pl_lint_code code)
{
    uint64_t rules = 0;

    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code == code)
            rules |= 1ULL << (f->items[i].rule - f->policy->rules);
    }
    return rules;
}

static bool same_rules(struct pl_buf *out, const char *what, uint64_t want, uint64_t have)
{
    if (want == have)
        return true;
    pl_buf_addf(out, "%s rules (bits, the first rule is 1): oracle 0x%llx, lint 0x%llx\n", what,
                (unsigned long long)want, (unsigned long long)have);
    return false;
}

static bool compare_rules(const struct oracle *o, const struct oracle_result *r,
                          const struct pl_findings *f, struct pl_buf *out, struct seen *seen)
{
    const struct pl_policy *p = o->policy[0];
    uint64_t unreachable = 0, redundant = 0;

    for (size_t i = 0; i < p->nwritten; i++)
        unreachable |= (r->decides >> i & 1) == 0 ? 1ULL << i : 0;
    for (size_t i = 0; i < p->nwritten; i++) {
        uint64_t gone = unreachable | redundant;

        if ((gone >> i & 1) == 0 && changes_nothing(p, r, i, gone))
            redundant |= 1ULL << i;
    }
    must(may_all_go(p, r, unreachable | redundant), "the oracle's own rules cannot all go");
    seen->unreachable += (size_t)__builtin_popcountll(unreachable);
    seen->redundant += (size_t)__builtin_popcountll(redundant);
    return same_rules(out, "unreachable", unreachable, reported(f, PL_LINT_UNREACHABLE_RULE)) &&
           same_rules(out, "redundant", redundant, reported(f, PL_LINT_REDUNDANT_RULE));
}

/* Whether mail to one value of recipient arrives for some outsider: refused is not, nor thrown away. */
static bool arrives(const struct pl_policy *p, uint64_t rules)
{
    for (size_t i = 0; i < p->nrules; i++) {
        const struct pl_action *action = p->rules[i].action;
        struct pl_str word = action->source;

        word.n = pl_str_find(word, ' ');
        if ((rules >> i & 1) != 0 && oracle_effect(action) != EFFECT_REFUSE &&
            !pl_str_eq_fold(word, pl_str_lit("DISCARD")))
            return true;
    }
    return false;
}

/* Bit i: mail to entry i of accepted_domains arrives from nobody, though it is ours. */
static uint64_t out_of_reach(const struct oracle *o, const struct oracle_result *r,
                             uint64_t *is_ours)
{
    uint64_t ours = 0, reached = 0;

    for (size_t i = 0; i < o->recipient->count; i++) {
        const struct oracle_value *v = &o->recipient->values[i];

        if ((v->facts[0] & FACT_OURS) == 0)
            continue;
        ours |= v->entries;
        if (arrives(o->policy[0], r->reach[i]))
            reached |= v->entries;
    }
    *is_ours = ours;
    return r->has_outsiders ? ours & ~reached : 0;
}

static bool same_domain(struct pl_str a, struct pl_str b)
{
    struct pl_domain x, y;
    const char *why;
    bool below = a.p[0] == '.';

    if (below != (b.p[0] == '.'))
        return false;
    must(pl_domain_parse(&x, pl_str_from(a, below), &why) &&
             pl_domain_parse(&y, pl_str_from(b, below), &why),
         "a domain that is none");
    return x.len == y.len && memcmp(x.text, y.text, x.len) == 0;
}

static bool is_reported(const struct pl_findings *f, struct pl_str entry)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code == PL_LINT_UNREACHABLE_DOMAIN &&
            same_domain(f->items[i].object, entry))
            return true;
    }
    return false;
}

static bool compare_domains(const struct oracle *o, const struct oracle_result *r,
                            const struct pl_findings *f, struct pl_buf *out, struct seen *seen)
{
    uint64_t ours, want = out_of_reach(o, r, &ours);

    seen->domains += (size_t)__builtin_popcountll(want);
    if (f->found[PL_LINT_UNREACHABLE_DOMAIN] > PL_LINT_SHOWN)
        return true;
    for (size_t i = 0; i < o->accepted.count; i++) {
        bool unreachable = (want >> i & 1) != 0;

        if ((ours >> i & 1) == 0) /* nothing is in it, or nothing of it is ours */
            continue;
        if (is_reported(f, o->accepted.texts[i]) == unreachable)
            continue;
        pl_buf_addf(out, "accepted domain %.*s: by the oracle %s, lint says otherwise\n",
                    (int)o->accepted.texts[i].n, o->accepted.texts[i].p,
                    unreachable ? "no outsider reaches it" : "outsiders reach it");
        return false;
    }
    return true;
}

bool compare_lint(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                  struct seen *seen)
{
    bool too_large = false, same = false;
    struct pl_space *space = pl_space_new(o->policy[0], NULL, &too_large);
    struct pl_lint_input in = {.space = space};
    struct pl_findings *f = space == NULL ? NULL : pl_lint(o->policy[0], &in);

    must(f != NULL && !f->failed, "pl_lint: out of memory");
    if (f->gave_up != NULL)
        pl_buf_addf(out, "lint gave up: %s\n", f->gave_up);
    else
        same = compare_rules(o, r, f, out, seen) && compare_domains(o, r, f, out, seen);
    pl_findings_free(f);
    pl_space_free(space);
    return same;
}
