/* SPDX-License-Identifier: BSD-2-Clause */
#include "postlatch/lint.h"
__attribute__((weak)) void pl_lint_rules(struct pl_findings *f, const struct pl_lint_input *in) {(void)f;(void)in;}
__attribute__((weak)) void pl_lint_flows(struct pl_findings *f, const struct pl_lint_input *in) {(void)f;(void)in;}
