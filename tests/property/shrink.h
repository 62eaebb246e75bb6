/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_TESTS_PROPERTY_SHRINK_H
#define POSTLATCH_TESTS_PROPERTY_SHRINK_H

#include "draft.h"
#include "generate.h"

/* Whether a policy and a request still show the fault; false too if the policy does not load. */
typedef bool shrink_test(const struct draft *d, const struct request *r, void *context);

/*
 * shrink - switch off all of the policy and the request that the fault does not need, and shorten
 * the request's values
 *
 * returns  true when what is left is minimal: without any single part of it the fault is gone.
 *          False when it would have taken too long
 */
bool shrink(struct draft *d, struct request *r, shrink_test *test, void *context);

#endif
