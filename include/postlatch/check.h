/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CHECK_H
#define POSTLATCH_CHECK_H

#include "postlatch/diag.h"

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of `postlatch check` and `postlatchd -t`. 0 is kept for a policy that was proved. */
enum { PL_CHECK_UNPROVED = 1, PL_CHECK_INVALID = 2 };

/*
 * pl_check_report - load a configuration and write what is to be said about it
 *
 * returns  the exit status: PL_CHECK_INVALID if it does not load, else PL_CHECK_UNPROVED, as this
 *          version computes no verdict
 */
int pl_check_report(const char *config_path, bool json, FILE *out);

/*
 * pl_check_print_errors - the messages of d, one a line, then how many more there are
 *
 * The last line is left to the caller, who knows what follows from them.
 */
void pl_check_print_errors(struct pl_diag *d, FILE *out);

#endif
