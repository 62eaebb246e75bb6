/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_OVERLAP_H
#define POSTLATCH_OVERLAP_H

#include "postlatch/policy.h"
#include "postlatch/space.h"

#include <stdbool.h>

/*
 * pl_overlaps - pairs of written rules with different actions, both of which hold for some request: the
 * order in which they stand decides
 *
 * in       each: called with the rule that decides and the later one, until it returns false
 * returns  false if each did, or when memory is short
 * cost     the atoms of all axes for each rule
 */
bool pl_overlaps(const struct pl_space *s,
                 bool (*each)(const struct pl_rule *first, const struct pl_rule *later, void *arg),
                 void *arg);

#endif
