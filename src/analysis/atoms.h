/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_ATOMS_H
#define POSTLATCH_ANALYSIS_ATOMS_H

#include "postlatch/space.h"

/*
 * struct atom_finder - which atom of a space of one policy does a value lie in? By the code that
 * decides requests; one thread at a time
 */
struct atom_finder {
    const struct pl_space *space;
    uint64_t *bits; /* a row to look for */
    struct {
        uint32_t *slots; /* atom + 1; 0: free */
        size_t mask;
    } axis[PL_ATTR_COUNT]; /* filled when first asked */
};

/* atom_finder_init - false when memory is short; release with atom_finder_fini */
bool atom_finder_init(struct atom_finder *f, const struct pl_space *s);
void atom_finder_fini(struct atom_finder *f);

/*
 * atom_find - the atom that holds a value, written as Postfix would send it; empty: absent
 *
 * returns  PL_NO_ATOM when no rule asks about attr, or memory is short (then *failed is set)
 */
uint32_t atom_find(struct atom_finder *f, enum pl_attr attr, struct pl_str value, bool *failed);

/*
 * atom_unnamed - a value of an attribute that no list has: for mail addresses one that is not ours;
 * there is none for protocol_state and addresses
 */
struct pl_str atom_unnamed(const struct pl_policy *p, enum pl_attr attr, char room[8]);

#endif
