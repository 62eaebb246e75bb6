/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_SURFACE_H
#define POSTLATCH_SURFACE_H

#include "postlatch/arena.h"
#include "postlatch/policy.h"
#include "postlatch/space.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The relay surface: from where mail can be sent to a recipient that is not ours. First the addresses
 * from which neither login nor certificate nor a verified name nor a place in relay_listeners is
 * needed; then what such a name, a place, a login or a certificate adds.
 */
enum pl_surface_kind {
    PL_SURFACE_NETWORK,
    PL_SURFACE_NO_ADDRESS, /* a client whose address is unknown */
    PL_SURFACE_NAME,       /* by client_name */
    PL_SURFACE_LISTENER,
    PL_SURFACE_LOGIN,
    PL_SURFACE_CERTIFICATE
};

/* struct pl_surface_line - read-only */
struct pl_surface_line {
    enum pl_surface_kind kind;
    struct pl_prefix network; /* NETWORK */
    struct pl_str text;       /* as it is written: "192.0.2.0/24", ".partner.example", "alice" */
    size_t nrules;
    const struct pl_rule **rules; /* that let it, in order */
    bool elsewhere; /* NETWORK: Postfix lets it, for permitted_elsewhere; rules then say DUNNO */
    /*
     * To any foreign recipient: NETWORK, NO_ADDRESS: from each of its addresses, by one of its rules
     * or another. Else: one of its rules has no condition on the recipient.
     */
    bool any;
    bool mixed;       /* NETWORK, not any: to any from some of its addresses */
    struct pl_str to; /* not any: to which, as its rules say: "{partner.example}" */
};

struct pl_surface {
    struct pl_arena *arena;
    const char *gave_up; /* why it is not complete, a static string; else NULL */
    size_t nlines;       /* by kind, then in order */
    struct pl_surface_line *lines;
    double addresses_v4; /* how many IPv4 addresses the networks hold */
};

/*
 * pl_surface_new - the surface of a policy
 *
 * in       s: the space of p, or NULL to have it made. by_rule: networks are minimal for each rule,
 *          not over all rules together; such a line, and that of clients without address, then has
 *          one rule, and says what that rule lets
 * returns  NULL when memory is short; free with pl_surface_free. p must outlive it
 */
struct pl_surface *pl_surface_new(const struct pl_policy *p, const struct pl_space *s,
                                  bool by_rule);
void pl_surface_free(struct pl_surface *surface);

/* struct pl_surface_size - how large the surface of addresses is; plain value */
struct pl_surface_size {
    const char *unknown;             /* why it was not computed, a static string; NULL: it was */
    size_t networks_v4, networks_v6; /* of the minimal list */
    double addresses_v4;
};

/*
 * pl_surface_measure - the size of the surface of addresses, without its lines
 *
 * in       s: a space of one policy, which may be lean. steps_max: of the walk (struct pl_region)
 * returns  false when memory is short
 */
bool pl_surface_measure(const struct pl_space *s, size_t steps_max, struct pl_surface_size *size);

#endif
