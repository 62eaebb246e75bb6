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
 * changes, every other one gets the same answer from both.
 */

/* The most dangerous first. "Relay": to recipients that are not ours; "mail": to those that are. */
enum pl_change_kind {
    PL_CHANGE_MORE_RELAY, /* +RELAY */
    PL_CHANGE_LESS_MAIL,  /* -MAIL */
    PL_CHANGE_LESS_RELAY, /* -RELAY */
    PL_CHANGE_MORE_MAIL,  /* +MAIL */
    PL_CHANGE_TEXT        /* ~TEXT: another answer with the same effect */
};

const char *pl_change_word(enum pl_change_kind kind);

/*
 * struct pl_change - a box: clients × logins × recipients whose answer changes from one rule's to
 * another's. Where other attributes matter too (sender, helo, …) it changes for some values of them
 */
struct pl_change {
    enum pl_change_kind kind;
    const struct pl_rule *rule[2]; /* old, new */
    bool every_client;
    struct pl_prefix *clients; /* a minimal list */
    size_t nclients;
    bool no_address;     /* clients whose address is unknown, too */
    struct pl_str login; /* "none", "any", or logins as "alice, bob, other logins" */
    size_t nrecipients;
    struct pl_str *recipients; /* "any", "ours", "foreign", "example.org", "v@example.org", … */
    bool only_some;            /* other attributes than these three matter */
    struct pl_str request[PL_ATTR_COUNT]; /* an example, confirmed by both policies */
};

struct pl_diff {
    struct pl_arena *arena;
    const char *gave_up; /* why it is not complete, a static string; else NULL */
    size_t nchanges;     /* by kind, then by rules in order */
    struct pl_change *changes;
};

/*
 * pl_diff_new - what changes from one policy to the other
 *
 * returns  NULL when memory is short; free with pl_diff_free. Both policies must outlive it
 */
struct pl_diff *pl_diff_new(const struct pl_policy *from, const struct pl_policy *to);
void pl_diff_free(struct pl_diff *d);

#endif
