/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DIAG_H
#define POSTLATCH_DIAG_H

#include "postlatch/compiler.h"
#include "postlatch/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * struct pl_pos - a place in a file; plain value
 *
 * file is an index that pl_diag_file gave; PL_NO_FILE means "no file". line counts from 1; 0 means
 * the whole file.
 */
struct pl_pos {
    uint32_t file;
    uint32_t line;
};

#define PL_NO_FILE UINT32_MAX
#define PL_NOWHERE ((struct pl_pos){PL_NO_FILE, 0})

/* Messages kept (the rest is counted) and messages meant to be shown. */
enum { PL_DIAG_KEPT = 1000, PL_DIAG_SHOWN = 100 };

/*
 * struct pl_diag - what is wrong with an input: all of it, in file order; opaque, one thread at a
 * time
 */
struct pl_diag;

/*
 * pl_diag_new - an empty collection, NULL when memory is short; free with pl_diag_free (NULL
 * accepted)
 */
struct pl_diag *pl_diag_new(void);
void pl_diag_free(struct pl_diag *d);

/*
 * pl_diag_file - the index that stands for path in positions; the same path gives the same index
 *
 * Files sort in the order in which they were first named. PL_NO_FILE when memory is short.
 */
uint32_t pl_diag_file(struct pl_diag *d, const char *path);

/* pl_diag_file_name - the path behind an index, owned by d; "" for PL_NO_FILE */
const char *pl_diag_file_name(const struct pl_diag *d, uint32_t file);

/* pl_diag_file_count - how many files were named: indexes are 0 to this less one */
size_t pl_diag_file_count(const struct pl_diag *d);

/*
 * pl_diag_error - note an error
 *
 * Its form: what is wrong; what was expected. Quote offending text with pl_quote. Never put a
 * newline in. When memory is short the error is still counted.
 */
void pl_diag_error(struct pl_diag *d, struct pl_pos at, const char *fmt, ...) PL_PRINTF(3, 4);

/* pl_diag_no_memory - note, once, that memory ran out */
void pl_diag_no_memory(struct pl_diag *d);

/* pl_diag_errors - how many errors were noted, kept or not */
size_t pl_diag_errors(const struct pl_diag *d);

/*
 * pl_diag_get - the i-th message in file order, formatted "file:line: text"
 *
 * in       i < PL_DIAG_SHOWN
 * returns  the text, owned by d and dead at the next call of any pl_diag function; NULL behind the
 *          last one
 */
const char *pl_diag_get(struct pl_diag *d, size_t i);

/*
 * pl_diag_at - position and bare text of the i-th message in file order; NULL behind the last one
 */
const char *pl_diag_at(struct pl_diag *d, size_t i, struct pl_pos *at);

#endif
