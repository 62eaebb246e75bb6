/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ANALYSIS_PROVE_BUILD_H
#define ANALYSIS_PROVE_BUILD_H

#include "postlatch/prove.h"
#include "postlatch/ranges.h"
#include "postlatch/walk.h"

/* An opening while it is found: from which atoms of client_address. */
struct hole {
    const struct pl_rule *rule;
    size_t bit;
    enum pl_opening_why why;
    uint32_t *clients;
    size_t count, cap;
};

struct proving {
    const struct pl_policy *p;
    const struct pl_space *s;
    struct pl_proof *proof;
    struct pl_region region;
    const struct pl_axis *clients;
    struct hole *holes;
    size_t nholes, holes_cap;
    size_t noutside;     /* atoms of client_address that are outside the boundary */
    bool *uncovered;     /* of each atom of client_address: some address of it is in no waiver */
    bool *never_covered; /* the same, if those that have ended counted too */
    struct pl_ranges waived; /* what is in waivers that have not ended; merged */
    struct pl_addr *stray;   /* of each atom: an address in none of these, if it has one */
    bool failed;
};

/* prove_look_at_waivers - what the waivers cover; on failure v->failed */
void prove_look_at_waivers(struct proving *v);

/* prove_waive - which waiver accepts an opening, whole or in part; its networks are known */
void prove_waive(const struct proving *v, const struct hole *h, struct pl_opening *o);

/*
 * prove_leave_waivers - an atom may be waived in part: if its usual example is in a waiver and another
 * address is not, that one is shown
 *
 * inout    address: of the client, an atom; may point to text then
 */
void prove_leave_waivers(const struct proving *v, uint32_t client, struct pl_str *address,
                         char text[PL_ADDR_TEXT]);

#endif
