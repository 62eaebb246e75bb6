/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_PROVE_H
#define POSTLATCH_PROVE_H

#include "postlatch/arena.h"
#include "postlatch/buf.h"
#include "postlatch/policy.h"
#include "postlatch/space.h"
#include "postlatch/walk.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Is a policy an open relay? Decided for all requests at once: those at RCPT, without login and without
 * a listed certificate, from a client outside the boundary or from a masking address, to a recipient
 * that is not ours. docs/proof.md says it precisely.
 */

enum pl_verdict { PL_VERDICT_SAFE, PL_VERDICT_OPEN, PL_VERDICT_UNPROVABLE };

/* pl_verdict_word - "safe", "open", "unprovable" */
const char *pl_verdict_word(enum pl_verdict v);

enum pl_opening_why {
    PL_OPENS_PASS,      /* the action lets mail pass */
    PL_OPENS_PERMIT,    /* it leaves it to Postfix, where after_dunno = permit */
    PL_OPENS_ELSEWHERE, /* it leaves it to Postfix, which permits this client (permitted_elsewhere) */
    PL_OPENS_CLASS      /* class:NAME: what it does is not known */
};

/* struct pl_opening - a way in which outsiders can, or may, send to foreign recipients */
struct pl_opening {
    const struct pl_rule *rule; /* that decides */
    enum pl_opening_why why;
    bool masking;                   /* the example's client is a masking address */
    const struct pl_waiver *waiver; /* by which all of it is accepted, with others maybe; or NULL */
    bool expired;                   /* it was accepted, until a day that has passed */
    const struct pl_waiver *in_part; /* not accepted, but some of it is, by this; or NULL */
    /* An example, outside of all waivers if there is one; pl_policy_decide has confirmed it. */
    struct pl_str request[PL_ATTR_COUNT];
    bool everywhere; /* from every address outside the boundary */
    /* Outsiders' addresses from which it is open, minimal; of the first PL_OPENINGS_LISTED only. */
    struct pl_prefix *networks;
    size_t nnetworks;
    struct pl_prefix *masked; /* those of them that are masking addresses, minimal */
    size_t nmasked;
    bool masking_only;        /* all of them are */
    struct pl_prefix *spared; /* outsiders' addresses without it; none told if networks are many */
    size_t nspared;
    bool no_address; /* open for a client whose address is unknown, too */
};

enum { PL_OPENINGS_LISTED = 20 };

/* struct pl_proof - read-only */
struct pl_proof {
    struct pl_arena *arena;
    enum pl_verdict verdict;
    bool accepted; /* not safe, but all openings are waived, by waivers that have not expired */
    bool expired;  /* not safe, and all openings are waived, some by waivers that have expired */
    const char *gave_up; /* unprovable: why it was not decided, a static string; else NULL */
    size_t nopenings;    /* one for each rule and why, those not accepted first, then by rule */
    struct pl_opening *openings;
    size_t steps, atoms; /* how much was looked at */
};

/*
 * pl_prove - the verdict
 *
 * in       s: the space of p, or NULL to have it made
 * returns  NULL when memory is short; free with pl_proof_free. p must outlive it
 * cost     in docs/proof.md
 */
struct pl_proof *pl_prove(const struct pl_policy *p, const struct pl_space *s);
void pl_proof_free(struct pl_proof *proof);

/*
 * pl_prove_region - the requests of outsiders to foreign recipients: what the proof is about
 *
 * out      *region: zeroed before; what it points to is owned by arena. Its walk begins with
 *          protocol_state, sasl_username (if it is an axis), client_address, recipient
 * returns  false when memory is short
 */
bool pl_prove_region(const struct pl_space *s, struct pl_arena *arena, struct pl_region *region);

/*
 * pl_prove_passing - the rules of a part of the space that let some client's mail pass to a recipient
 * elsewhere, as bits of the space: what a walk wants that asks who can
 *
 * returns  owned by arena; NULL when memory is short
 */
uint64_t *pl_prove_passing(const struct pl_space *s, size_t part, struct pl_arena *arena);

/*
 * pl_prove_trust - the built-in rules that mean a client inside the boundary, as bits of a space
 *
 * builtin:network, builtin:name, builtin:listener, builtin:authenticated, builtin:certificate; NULL
 * when memory is short
 */
uint64_t *pl_prove_trust(const struct pl_space *s, struct pl_arena *arena);

/* pl_prove_lets_pass - whether an action lets mail of a client with these labels pass, and how */
bool pl_prove_lets_pass(const struct pl_policy *p, const struct pl_action *action,
                        unsigned client_labels, enum pl_opening_why *why);

/*
 * pl_prove_line - an opening in one line, for a log: who, to whom, by which rule, where it stands
 */
void pl_prove_line(struct pl_buf *out, const struct pl_policy *p, const struct pl_opening *o);

#endif
