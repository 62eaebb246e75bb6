/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain meaning of a policy: the rules in order, the first whose conditions all hold. */
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

void pl_policy_interpret(const struct pl_policy *p, const struct pl_query *q,
                         struct pl_decision *out)
{
    for (size_t i = 0; i < p->nrules; i++) {
        if (pl_rule_match(&p->rules[i], p, q, NULL, NULL)) {
            *out = (struct pl_decision){&p->rules[i], p->rules[i].action};
            if (p->nwaivers > 0) {
                struct pl_query own = *q; /* it is the caller's, and waivers may read values */

                pl_policy_apply_waivers(p, &own, out);
            }
            return;
        }
    }
    pl_never("the last rule has a condition");
}
