/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_LINT_ASK_H
#define POSTLATCH_ANALYSIS_LINT_ASK_H

#include "postlatch/buf.h"
#include "postlatch/lint.h"
#include "postlatch/walk.h"

/*
 * Questions that lint asks of a space, one after the other, by the same bits: which requests are
 * meant (ask_all and what narrows it), then who decides them (ask_find, ask_collect).
 *
 * All of them together have a budget of steps. A question that was not answered, for that or for want
 * of memory for one walk, has the answer "nothing" and sets gave_up: then nothing is to be reported.
 */
struct lint_ask {
    const struct pl_policy *p;
    const struct pl_space *s;
    struct pl_findings *f;
    struct pl_arena *arena;
    size_t steps_left;
    size_t price, floor; /* of a step; of a walk before its first step */
    bool gave_up;        /* on the present question */
    bool incomplete;     /* on some question */

    struct pl_region region; /* the question: its bits are those below */
    enum pl_attr lead;       /* the walk begins with it; PL_ATTR_COUNT: with what is narrowest */
    bool *allowed[PL_ATTR_COUNT];
    bool *scratch;                  /* as long as the longest of them */
    size_t nallowed[PL_ATTR_COUNT]; /* how many of them are true, where region.allowed is set */
    uint64_t *forbidden, *ignored, *required;

    struct pl_region outsider; /* of pl_prove_region */
    uint32_t *found;           /* by ask_collect: rules, in order; malloc'ed */
    size_t nfound, found_cap;
};

/*
 * The steps that each half of lint may take (the rules as such, and the flows of mail), and the share
 * of it that one question may. A step counts once for each LINT_STEP_WORDS words of a row: so it stands
 * for some 0.1 µs.
 */
enum { LINT_STEPS_MAX_MILLION = 250, LINT_STEP_WORDS = 32, LINT_QUESTIONS_MIN = 16 };

/* ask_init - false when memory is short; release with ask_fini all the same */
bool ask_init(struct lint_ask *a, struct pl_findings *f, const struct pl_space *s);
void ask_fini(struct lint_ask *a);

/* ask_all - a new question: about all requests, all rules decide */
void ask_all(struct lint_ask *a);

/* ask_narrow - only atoms of an attribute that keep holds for; nothing if it has no axis */
void ask_narrow(struct lint_ask *a, enum pl_attr attr,
                bool (*keep)(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                             const void *arg),
                const void *arg);

/* ask_rule - only requests that rule number r holds for */
void ask_rule(struct lint_ask *a, size_t r);

/* ask_before - only requests that no rule before number r holds for; those ignored do not count */
void ask_before(struct lint_ask *a, size_t r);

/* ask_forbid, ask_ignore - only requests that rule r does not hold for; as if it did not exist */
void ask_forbid(struct lint_ask *a, size_t r);
void ask_ignore(struct lint_ask *a, size_t r);

/* ask_rcpt - only requests at RCPT */
void ask_rcpt(struct lint_ask *a);

/* ask_stranger - only those at RCPT for whom no built-in rule of trust holds */
void ask_stranger(struct lint_ask *a);

/* ask_outsider - only those that the proof is about, but to any recipient; with_login: with a login */
void ask_outsider(struct lint_ask *a, bool with_login);

/* ask_label - only values of an attribute that have one of some labels */
void ask_label(struct lint_ask *a, enum pl_attr attr, unsigned labels);

/* ask_find - as pl_walk_find */
bool ask_find(struct lint_ask *a, bool (*wanted)(const struct pl_outcome *outcome, void *arg),
              void *arg, uint32_t atoms[PL_ATTR_COUNT]);

/* ask_any - whether there is such a request at all */
bool ask_any(struct lint_ask *a);

/* ask_collect - all rules that decide, into found */
void ask_collect(struct lint_ask *a);

/* ask_walk - a walk of the question, to go through it oneself; NULL when memory is short */
struct pl_walk *ask_walk(struct lint_ask *a);

/* ask_done - the end of a walk: what it took is taken off the budget */
void ask_done(struct lint_ask *a, struct pl_walk *w);

/* lint_asks - whether a rule has a condition on an attribute; the condition, or NULL */
const struct pl_condition *lint_asks(const struct pl_rule *rule, enum pl_attr attr);

/* lint_holds - whether a row has the bit of a rule */
static inline bool lint_holds(const uint64_t *row, size_t r)
{
    return (row[r / 64] >> r % 64 & 1) != 0;
}

/* lint_same_answer - two actions send the same, whatever the request */
bool lint_same_answer(const struct pl_action *a, const struct pl_action *b);

/* ---- what is said (lint_say.c) ---- */

/* lint_say_rule - rule "printers" (postlatch.conf:7), or builtin:network */
void lint_say_rule(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule);

/* lint_say_name - rule "printers", or builtin:network: where its place is said already */
void lint_say_name(struct pl_buf *out, const struct pl_rule *rule);

/* lint_say_answer - "OK", in quotes and cut */
void lint_say_answer(struct pl_buf *out, const struct pl_rule *rule);

/*
 * lint_say_request - client_address=192.0.2.1 recipient=v@example.org: who writes to whom, and what else
 * the rule asks about
 */
void lint_say_request(struct pl_buf *out, const struct pl_space *s, const struct pl_rule *rule,
                      const uint32_t atoms[PL_ATTR_COUNT]);

/*
 * lint_say_blockers - the rules before number r that take all requests of the question, which is
 * about requests that r holds for: a few that do it together, the one that takes most first, and one
 * that answers otherwise if there is one
 *
 * out      text as `rule "a" (f:3, "OK") and rule "b" (f:4, "REJECT")`; *n: how many; *other: one of
 *          them answers otherwise than r
 * returns  false if it was not computed, or memory is short
 */
bool lint_say_blockers(struct lint_ask *a, size_t r, struct pl_buf *out, size_t *n, bool *other);

/* ask_spend - steps that something else took */
void ask_spend(struct lint_ask *a, size_t steps);

/*
 * lint_is_shown - whether a finding would be kept; else it is noted here, without a text, and counted
 *
 * Of a code with thousands of findings only the first are shown: to say why takes longer than to find
 * them.
 */
bool lint_is_shown(struct lint_ask *a, enum pl_lint_code code, struct pl_pos at,
                   const struct pl_rule *rule, struct pl_str object);

/* lint_tell - report what is in text, unless memory ran out while it was written */
void lint_tell(struct lint_ask *a, enum pl_lint_code code, struct pl_pos at,
               const struct pl_rule *rule, struct pl_str object, struct pl_buf *text);

#endif
