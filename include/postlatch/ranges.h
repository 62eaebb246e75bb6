/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_RANGES_H
#define POSTLATCH_RANGES_H

#include "postlatch/addr.h"

#include <stdbool.h>
#include <stddef.h>

/* struct pl_range - the addresses from low to high, both included, of one family; plain value */
struct pl_range {
    struct pl_addr low, high;
};

/*
 * struct pl_ranges - a set of addresses; plain value, initialise with {0}, release with
 * pl_ranges_fini
 */
struct pl_ranges {
    struct pl_range
        *ranges; /* after pl_ranges_merge: by family and address, disjoint, not adjacent */
    size_t count, cap;
};

void pl_ranges_fini(struct pl_ranges *r);

/* pl_ranges_add - add the addresses of a prefix; false when memory is short */
bool pl_ranges_add(struct pl_ranges *r, const struct pl_prefix *prefix);

/* pl_ranges_merge - bring into the one canonical form; O(n log n) */
void pl_ranges_merge(struct pl_ranges *r);

/*
 * pl_ranges_subtract - take the addresses of b out of a; both merged before, a merged after
 *
 * returns  false when memory is short; a is then unchanged
 */
bool pl_ranges_subtract(struct pl_ranges *a, const struct pl_ranges *b);

/* pl_ranges_contain - an address is among them, which were merged before; O(log n) */
bool pl_ranges_contain(const struct pl_ranges *r, const struct pl_addr *addr);

/*
 * pl_range_next_prefix - the largest prefix that begins where a range begins and lies within it
 *
 * The range is shortened by it, so that repeated calls list the minimal set of prefixes.
 *
 * returns  false when nothing of the range is left
 */
bool pl_range_next_prefix(struct pl_range *range, struct pl_prefix *prefix);

#endif
