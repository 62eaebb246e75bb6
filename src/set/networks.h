/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_SET_NETWORKS_H
#define POSTLATCH_SET_NETWORKS_H

#include "postlatch/addrindex.h"

/* networks_sort4 - by address, then the wider network first; false when memory is short */
bool networks_sort4(struct pl_networks *networks);

/* networks_sort6 - likewise */
bool networks_sort6(struct pl_network6 *v6, size_t n);

/* ranges4_build, ranges6_build - from sorted networks; add what classes there are */
bool ranges4_build(struct pl_ranges4 *r, struct pl_classes *classes, const uint64_t *v4, size_t n);
bool ranges6_build(struct pl_ranges6 *r, struct pl_classes *classes, const struct pl_network6 *v6,
                   size_t n);

/* ranges4_find, ranges6_find - the class of an address */
uint32_t ranges4_find(const struct pl_ranges4 *r, uint32_t addr);
uint32_t ranges6_find(const struct pl_ranges6 *r, uint64_t high, uint64_t low);

/* As pl_addr_index_place and pl_addr_index_entry. */
const void *ranges4_place(const struct pl_ranges4 *r, uint32_t addr);
const void *ranges4_entry(const struct pl_ranges4 *r, uint32_t addr);
const void *ranges6_place(const struct pl_ranges6 *r, uint64_t high);
const void *ranges6_entry(const struct pl_ranges6 *r, uint64_t high);

/* ranges4_next, ranges6_next - as pl_addr_index_next; cursor->at begins at 0 */
bool ranges4_next(const struct pl_ranges4 *r, struct pl_addr_cursor *cursor);
bool ranges6_next(const struct pl_ranges6 *r, struct pl_addr_cursor *cursor);

/* ranges4_join - as pl_addr_index_join */
bool ranges4_join(const struct pl_ranges4 *r, const uint16_t *marks, uint16_t bit, uint64_t least,
                  bool (*each)(const struct pl_addr *first, const struct pl_addr *last, void *arg),
                  void *arg);

#endif
