/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_PROGRESS_H
#define POSTLATCH_CLI_PROGRESS_H

/*
 * A sign of life while something long is computed: from the first second on a line on standard error
 * says for how long, if that is a terminal; else nothing. Between the two calls nothing may be printed.
 */

/* progress_begin - what: the command's name, static */
void progress_begin(const char *what);

/* progress_end - takes the line away; does nothing if there is none */
void progress_end(void);

#endif
