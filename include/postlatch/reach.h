/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REACH_H
#define POSTLATCH_REACH_H

#include "postlatch/arena.h"
#include "postlatch/policy.h"
#include "postlatch/space.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * struct pl_reach - what a login opens to whoever has its password: from which addresses, with which
 * senders some mail to a recipient elsewhere passes by a rule that asks for the login; what passes
 * without a password does not count. Read-only
 */
struct pl_reach {
    struct pl_arena *arena;
    const char *gave_up;        /* why it is not complete, a static string; else NULL */
    bool passes;                /* some such mail passes */
    bool every_address;         /* from each address */
    bool no_address;            /* from a client whose address is unknown */
    struct pl_prefix *networks; /* the addresses, as a minimal list */
    size_t nnetworks;
    bool any_sender;    /* with each sender */
    bool ours_only;     /* with senders of ours only */
    bool null_sender;   /* with the null sender */
    bool any_recipient; /* to each recipient that is not ours */
};

/*
 * pl_reach_login - that of one login
 *
 * in       s: the space of p; login: as Postfix would send it, not empty
 * returns  NULL when memory is short; free with pl_reach_free
 */
struct pl_reach *pl_reach_login(const struct pl_policy *p, const struct pl_space *s,
                                struct pl_str login);
void pl_reach_free(struct pl_reach *r);

#endif
