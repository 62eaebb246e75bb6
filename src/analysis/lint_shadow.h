/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_LINT_SHADOW_H
#define POSTLATCH_ANALYSIS_LINT_SHADOW_H

#include "lint_ask.h"

/*
 * lint_shadowed - shadowed-rule: entries and tables of rules that decide nothing, because rules before
 * them answer otherwise
 *
 * in       unreachable: of each written rule; those are not looked at
 */
void lint_shadowed(struct lint_ask *a, const bool *unreachable);

#endif
