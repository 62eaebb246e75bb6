/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_EXPLAIN_H
#define POSTLATCH_EXPLAIN_H

#include "postlatch/buf.h"
#include "postlatch/policy.h"

#include <stdbool.h>
#include <stddef.h>

/* One rule that was tried. */
struct pl_explain_step {
    const struct pl_rule *rule;
    bool matched;
    size_t failed;   /* not matched: index of the first condition that does not hold */
    size_t failures; /* not matched: how many conditions do not hold */
};

/* struct pl_explanation - how a decision came about; points into the policy and the query */
struct pl_explanation {
    const struct pl_policy *policy;
    const struct pl_query *query;
    struct pl_decision decision;
    const struct pl_waiver *ended; /* that has ended, so that builtin:expired decided; else NULL */
    size_t nsteps;                 /* the last one is the rule that decided */
    struct pl_explain_step *steps;
};

/*
 * pl_explain - decide by pl_policy_decide, and tell how each rule up to the deciding one fared
 *
 * returns  NULL when memory is short; free with pl_explanation_free, policy and query live longer
 */
struct pl_explanation *pl_explain(const struct pl_policy *p, const struct pl_query *q);
void pl_explanation_free(struct pl_explanation *e);

/*
 * pl_explain_is_near - a rule that did not match, but would have decided otherwise had its one
 * failing condition held: what would have changed the answer
 *
 * The state does not count: nobody can choose at which command Postfix asks.
 */
bool pl_explain_is_near(const struct pl_explanation *e, const struct pl_explain_step *step);

/*
 * pl_explain_condition - why a condition holds or not, in a sentence
 *
 * As "client_address 192.0.2.1 is in <lan>: 192.0.2.0/24 (lan.cidr:7)", "sasl_username is none, not
 * in {<blocked>}". Values are escaped; nothing that a client sent can confuse a terminal.
 */
void pl_explain_condition(struct pl_buf *out, const struct pl_explanation *e,
                          const struct pl_condition *cond);

/* pl_explain_ended - with e->ended: which waiver that is, and what follows from its end */
void pl_explain_ended(struct pl_buf *out, const struct pl_explanation *e);

/* pl_explain_set - a set as it would be written, long ones cut: {<lan>, 192.0.2.1, !192.0.2.66} */
void pl_explain_set(struct pl_buf *out, const struct pl_set *set, enum pl_attr attr);

/* pl_explain_rule - "builtin:network", or `rule "app server" (policy.conf:12)` */
void pl_explain_rule(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule);

/* pl_explain_place - "file:line", or "" for what stands in no file */
void pl_explain_place(struct pl_buf *out, const struct pl_policy *p, struct pl_pos at);

/* pl_explain_address - what a mail address was read as, and whose it is and why */
void pl_explain_address(struct pl_buf *out, const struct pl_explanation *e, enum pl_attr attr);

#endif
