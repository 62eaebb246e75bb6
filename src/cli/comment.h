/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_COMMENT_H
#define POSTLATCH_CLI_COMMENT_H

#include <stdio.h>

/*
 * print_comment - a text as lines "# …" of at most 100 columns
 *
 * in       indent: blanks before each line; text: broken at blanks; a newline counts as one. UTF-8
 *          or any bytes; control characters are printed as '?', so that no line can end early
 */
void print_comment(FILE *out, const char *indent, const char *text);

#endif
