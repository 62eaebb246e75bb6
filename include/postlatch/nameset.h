/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_NAMESET_H
#define POSTLATCH_NAMESET_H

#include "postlatch/ipset.h" /* PL_NO_ENTRY */
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * struct pl_nameset_entry - a key and the number by which its owner knows it; plain value, key is a
 * view
 */
struct pl_nameset_entry {
    struct pl_str key;
    uint32_t id;
};

/*
 * struct pl_nameset - byte strings, looked up whole; plain value, initialise with {0}, release with
 * pl_nameset_fini
 *
 * The keys stay the caller's (an arena's). Build with pl_nameset_add, then pl_nameset_freeze;
 * read-only from then on.
 */
struct pl_nameset {
    struct pl_nameset_entry *entries; /* frozen: by key */
    size_t count, cap;
    bool frozen;
};

void pl_nameset_fini(struct pl_nameset *s);

/* pl_nameset_add - false when memory is short. Duplicates are allowed: the smallest id answers */
bool pl_nameset_add(struct pl_nameset *s, struct pl_str key, uint32_t id);

/* pl_nameset_freeze - sort for look-ups; O(n log n) */
void pl_nameset_freeze(struct pl_nameset *s);

/*
 * pl_nameset_find - the id of the entry equal to key, byte by byte, or PL_NO_ENTRY; a binary search
 */
uint32_t pl_nameset_find(const struct pl_nameset *s, struct pl_str key);

#endif
