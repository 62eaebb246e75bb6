/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLASSES_H
#define POSTLATCH_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A class is a set of values that no rule can tell apart: they lie in the same tables. So a class is
 * written as the set of the tables' numbers, and equal sets are one class. Class 0 is the empty set:
 * values that no table names.
 */

enum { PL_CLASS_NONE = 0, PL_CLASSES_MAX = 1 << 20 };
#define PL_CLASS_FAILED UINT32_MAX

/* struct pl_classes - the classes of one kind of values; plain value, start with pl_classes_init */
struct pl_classes {
    uint32_t count; /* classes 0..count - 1 */
    bool full;      /* there would have been more than PL_CLASSES_MAX */
    /* Class c holds members[first[c] .. first[c + 1]), in ascending order. */
    uint32_t *first, *members;
    size_t first_cap, members_cap;
    /* What was made of a class and a table already, and which class a set of members is. */
    struct pl_class_step *steps;
    size_t nsteps, steps_cap;
    uint32_t *by_content;
    size_t content_cap;
};

/* pl_classes_init - class 0 only; false when memory is short. Release with pl_classes_fini */
bool pl_classes_init(struct pl_classes *c);
void pl_classes_fini(struct pl_classes *c);

/* pl_classes_done - no more classes: frees what only building needs */
void pl_classes_done(struct pl_classes *c);

/*
 * pl_classes_add - the class of values that lie in the tables of `class`, and in `table`
 *
 * returns  PL_CLASS_FAILED when memory is short or there would be more than PL_CLASSES_MAX
 * cost     O(1) for a pair that was asked for before
 */
uint32_t pl_classes_add(struct pl_classes *c, uint32_t class, uint32_t table);

/* pl_classes_union - the class of values that lie in the tables of either; as pl_classes_add */
uint32_t pl_classes_union(struct pl_classes *c, uint32_t a, uint32_t b);

/* pl_classes_members - the tables of a class; *n: how many. Dead at the next pl_classes_add. NULL for none */
const uint32_t *pl_classes_members(const struct pl_classes *c, uint32_t class, size_t *n);

#endif
