/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_WRAP_H
#define POSTLATCH_WRAP_H

#include "postlatch/str.h"

#include <stddef.h>
#include <stdio.h>

/*
 * pl_wrap_width - how wide lines for people may be
 *
 * returns  the columns of the terminal that out is; else COLUMNS of the environment; else 0: no limit,
 *          as programs read a line at a time. Never less than PL_WRAP_MIN, but for 0
 */
enum { PL_WRAP_MIN = 60, PL_WRAP_MAX = 1000 };
size_t pl_wrap_width(FILE *out);

/*
 * pl_wrap_print - print what check, diff and reload say, with lines broken at blanks
 *
 * in       text: whole lines; width: 0 leaves them as they are
 *
 * A line goes on below its text: behind its label, if it has one ("    why       ..."), or four columns
 * from the left. An example goes on behind a backslash, so that a shell takes it as one command.
 */
void pl_wrap_print(FILE *out, struct pl_str text, size_t width);

#endif
