/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_IPSET_H
#define POSTLATCH_IPSET_H

#include "postlatch/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PL_NO_ENTRY UINT32_MAX

/* struct pl_ipset_entry - a network and the number by which its owner knows it; plain value */
struct pl_ipset_entry {
    struct pl_prefix prefix;
    uint32_t id;
};

/*
 * struct pl_ipset - networks, looked up by address; plain value, initialise with {0}, release with
 * pl_ipset_fini
 *
 * Build with pl_ipset_add, then pl_ipset_freeze; after that it is read-only and any thread may look
 * things up.
 */
struct pl_ipset {
    struct pl_ipset_entry *entries; /* frozen: by family, then longest prefix first, then address */
    size_t count, cap;
    bool frozen;
};

void pl_ipset_fini(struct pl_ipset *s);

/* pl_ipset_add - false when memory is short. Duplicates are allowed: the smallest id answers */
bool pl_ipset_add(struct pl_ipset *s, const struct pl_prefix *prefix, uint32_t id);

/* pl_ipset_freeze - sort for look-ups; O(n log n) */
void pl_ipset_freeze(struct pl_ipset *s);

/*
 * pl_ipset_find - the id of the most specific network that holds addr, or PL_NO_ENTRY
 *
 * cost     a binary search for each prefix length that occurs
 */
uint32_t pl_ipset_find(const struct pl_ipset *s, const struct pl_addr *addr);

#endif
