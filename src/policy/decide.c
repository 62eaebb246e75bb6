/* SPDX-License-Identifier: BSD-2-Clause */
/* Deciding a request by reading the rules in order: the plain meaning of a policy. */
#include "postlatch/compiler.h"
#include "postlatch/policy.h"

bool pl_rule_match(const struct pl_rule *rule, const struct pl_policy *p, const struct pl_query *q,
                   size_t *failed, struct pl_hit *hit)
{
    for (size_t i = 0; i < rule->ncond; i++) {
        struct pl_hit h = pl_set_match(rule->cond[i].set, p, q, rule->cond[i].attr);

        if (h.holds)
            continue;
        if (failed != NULL)
            *failed = i;
        if (hit != NULL)
            *hit = h;
        return false;
    }
    return true;
}

/* "step 5" of the life of a request in docs/HACKING.md. */
enum pl_step pl_policy_decide(const struct pl_policy *p, const struct pl_query *q,
                              struct pl_cursor *cursor, struct pl_decision *out)
{
    for (; cursor->rule < p->nrules; cursor->rule++) {
        const struct pl_rule *rule = &p->rules[cursor->rule];

        if (pl_rule_match(rule, p, q, NULL, NULL)) {
            *out = (struct pl_decision){rule, rule->action};
            return PL_STEP_DECIDED;
        }
    }
    pl_never("the last rule has a condition");
}
