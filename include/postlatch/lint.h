/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_LINT_H
#define POSTLATCH_LINT_H

#include "postlatch/arena.h"
#include "postlatch/compiler.h"
#include "postlatch/hostfacts.h"
#include "postlatch/lintcode.h"
#include "postlatch/policy.h"
#include "postlatch/prove.h"
#include "postlatch/space.h"
#include "postlatch/surface.h"

#include <stdbool.h>
#include <stddef.h>

/* What of a policy is sound, but probably not meant. */

const char *pl_lint_word(enum pl_lint_code code);
bool pl_lint_is_note(enum pl_lint_code code);

/* struct pl_finding - read-only */
struct pl_finding {
    enum pl_lint_code code;
    struct pl_pos at;           /* what it is about; PL_NOWHERE if it stands in no file */
    const struct pl_rule *rule; /* or NULL */
    struct pl_str object;  /* for accept_warnings, as in "code:object": a rule's name, a network */
    struct pl_str message; /* what is wrong, why it matters, what to do; one line */
};

enum { PL_LINT_SHOWN = 20 }; /* findings of a code that are kept; the others are counted */

/* struct pl_findings - by code, then by place; released by pl_findings_free */
struct pl_findings {
    struct pl_arena *arena;
    const struct pl_policy *policy;
    size_t count, cap;
    struct pl_finding *items;
    size_t found[PL_LINT_COUNT]; /* how many there are, kept or not; those accepted do not count */
    size_t accepted[PL_LINT_COUNT]; /* silenced by accept_warnings */
    size_t naccepted;               /* of accept_warnings, which silenced something: bits below */
    bool *quiet_used;               /* of each accept_warnings entry */
    const char *gave_up; /* what was not computed, and why: a static string; NULL: all was */
    bool failed;         /* memory ran out */
};

/*
 * pl_lint_add - note a finding, unless accept_warnings has "code:object"
 *
 * in       object: copied; fmt: the message
 */
void pl_lint_add(struct pl_findings *f, enum pl_lint_code code, struct pl_pos at,
                 const struct pl_rule *rule, struct pl_str object, const char *fmt, ...)
    PL_PRINTF(6, 7);

/* What lint is told beside the policy, which is not lean. All but space may be NULL. */
struct pl_lint_input {
    const struct pl_space *space;
    const struct pl_proof *proof;
    const struct pl_surface *surface;
    const struct pl_host_facts *host;
};

/*
 * pl_lint - everything that is to be said about a policy
 *
 * returns  NULL when memory is short; free with pl_findings_free. Nothing in it outlives the policy
 */
struct pl_findings *pl_lint(const struct pl_policy *p, const struct pl_lint_input *in);
void pl_findings_free(struct pl_findings *f);

/* The parts of pl_lint: by what they look at. */
void pl_lint_rules(struct pl_findings *f, const struct pl_lint_input *in);    /* lint_rules.c */
void pl_lint_flows(struct pl_findings *f, const struct pl_lint_input *in);    /* lint_flows.c */
void pl_lint_networks(struct pl_findings *f, const struct pl_lint_input *in); /* lint_networks.c */
void pl_lint_tables(struct pl_findings *f, const struct pl_lint_input *in);   /* lint_tables.c */

#endif
