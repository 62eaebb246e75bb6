/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REPORT_MATRIX_JSON_H
#define POSTLATCH_REPORT_MATRIX_JSON_H

#include "postlatch/json.h"
#include "postlatch/matrix.h"

/* class_json - a row or a column; cell_json - what is decided in a cell */
struct pl_json *class_json(const struct pl_matrix *m, const struct pl_class *class, bool row);
struct pl_json *cell_json(const struct pl_matrix *m, const struct pl_cell *cell);

#endif
