/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DIFF_H
#define POSTLATCH_DIFF_H

#include "postlatch/arena.h"
#include "postlatch/policy.h"
#include "postlatch/space.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What changes between two policies, in meaning: every request whose answer differs lies in one of the
 * changes, every other one gets the same answer from both. An answer is an action as it is written,
 * placeholders and all; the same answer given by another rule is no change. Who may pass because of
 * after_dunno and permitted_elsewhere counts too, even where the answer is the same.
 *
 * Both policies are compared as if they enforced. Waivers (accept) are left out.
 */

/*
 * The most dangerous first. A recipient may be ours for one policy and foreign for the other; what
 * counts then (passes: pl_prove_lets_pass; let in: not refused):
 *
 *   old \ new                 foreign, passes  foreign, does not  ours, let in   ours, refused
 *   foreign, passes           ~TEXT            -RELAY             -RELAY         -RELAY
 *   foreign, does not pass    +RELAY           ~TEXT              +MAIL *        ~TEXT
 *   ours, let in              +RELAY           -MAIL *            ~TEXT          -MAIL
 *   ours, refused             +RELAY           ~TEXT              +MAIL          ~TEXT
 *
 * (*) ~TEXT if both answers leave it to Postfix. Between an ours and a foreign column, and in the cells
 * ~TEXT, the same answer is no change. Other states than RCPT, and empty recipients, are ~TEXT.
 */
enum pl_change_kind {
    PL_CHANGE_MORE_RELAY, /* +RELAY */
    PL_CHANGE_LESS_MAIL,  /* -MAIL */
    PL_CHANGE_LESS_RELAY, /* -RELAY */
    PL_CHANGE_MORE_MAIL,  /* +MAIL */
    PL_CHANGE_TEXT        /* ~TEXT: another answer with the same effect */
};
enum { PL_CHANGE_KINDS = PL_CHANGE_TEXT + 1 };

/* pl_change_word - "+RELAY" */
const char *pl_change_word(enum pl_change_kind kind);

/*
 * struct pl_change - a box: states × clients × logins × recipients whose answer changes from one rule's
 * to another's. Where other attributes matter too (sender, helo, …) it changes for some values of them
 */
struct pl_change {
    enum pl_change_kind kind;
    const struct pl_rule *rule[2]; /* old, new */
    bool at_rcpt;                  /* at RCPT only, as nearly everything */
    struct pl_str states;          /* not at_rcpt: "DATA, other states" */
    /* +RELAY, -RELAY: ours for one policy, foreign for the other; let in, or let pass, by both */
    bool moved;
    bool every_client;
    bool unlisted;             /* clients would have taken too long to list: the example has one */
    struct pl_prefix *clients; /* a minimal list */
    size_t nclients;
    bool no_address; /* clients whose address is unknown, too */
    /* Where it is the shorter list and no_address: those whom it is not about. */
    struct pl_prefix *others;
    size_t nothers;
    struct pl_str login; /* "none", "any", "any or none", or as "alice, bob, other logins" */
    size_t nrecipients;
    struct pl_str *recipients; /* "any", "ours", "foreign", "example.org", "v@example.org", "!…" */
    bool only_some;            /* other attributes than these matter */
    uint64_t matters;          /* only_some: bits of enum pl_attr, those near the example */
    struct pl_str request[PL_ATTR_COUNT]; /* an example, confirmed by both policies */
};

/* The most changes that are kept, and of requests compared before it is given up. */
enum { PL_CHANGES_MAX = 1000, PL_DIFF_STEPS_MAX_MILLION = 200, PL_DIFF_PIECES_MAX_MILLION = 8 };

/* struct pl_diff - read-only */
struct pl_diff {
    struct pl_arena *arena;
    const struct pl_policy *policy[2];
    const char *gave_up; /* why it is not complete, a static string; else NULL */
    bool mode_differs;   /* one enforces, the other observes */
    bool expired[2]; /* has a waiver that has expired: its clients get no OK, which is left out */
    bool
        expired_differ; /* one has, and not both accept the same: answers to its clients may differ */
    size_t nchanges;    /* by kind, then by rules in order */
    struct pl_change *changes;
    size_t omitted[PL_CHANGE_KINDS]; /* changes beyond PL_CHANGES_MAX */
};

/*
 * pl_diff_new - what changes from one policy to the other
 *
 * in       both may be lean; steps_max: atoms to look at before it is given up, 0: as many as a walk may
 * returns  NULL when memory is short; free with pl_diff_free. Both policies must outlive it
 * cost     logins × clients × recipients, as far as the policies tell them apart, where answers differ
 */
struct pl_diff *pl_diff_new(const struct pl_policy *from, const struct pl_policy *to,
                            size_t steps_max);
void pl_diff_free(struct pl_diff *d);

/* pl_diff_is_same - nothing changes, and that is certain */
bool pl_diff_is_same(const struct pl_diff *d);

#endif
