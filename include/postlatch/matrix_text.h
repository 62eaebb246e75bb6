/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_MATRIX_TEXT_H
#define POSTLATCH_MATRIX_TEXT_H

#include "postlatch/matrix.h"
#include "postlatch/prove.h"

#include <stddef.h>
#include <stdio.h>

/* The room that a table for people has. JSON has no limit. */
enum { PL_MATRIX_ROWS = 40, PL_MATRIX_COLUMNS = 12, PL_MATRIX_WIDTH_MIN = 60 };

/*
 * pl_matrix_text - the matrix as a table for a terminal, and below it what rows, columns and rules are
 *
 * in       name: of the configuration file; proof: NULL if memory was short; width: columns of the
 *          terminal, at least PL_MATRIX_WIDTH_MIN
 * returns  false when memory is short
 */
bool pl_matrix_text(const struct pl_matrix *m, const struct pl_proof *proof, const char *name,
                    size_t width, FILE *out);

/* pl_matrix_json - the same as {"verdict", "rows", "columns", "cells"}; postlatch(1) has the keys */
void pl_matrix_json(const struct pl_matrix *m, const struct pl_proof *proof, FILE *out);

#endif
