/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_QUOTE_H
#define POSTLATCH_QUOTE_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of offending text that a message shows, and room for them escaped with quotes, "..." and a
 * NUL.
 */
enum { PL_QUOTE_SHOWN = 80, PL_QUOTE_SIZE = PL_QUOTE_SHOWN * 4 + 6 };

/* Bytes of a value that a line of the log shows. */
enum { PL_LOG_SHOWN = 320 };

/* struct pl_quote - room for one quoted text; plain value */
struct pl_quote {
    char text[PL_QUOTE_SIZE];
};

/*
 * pl_quote - offending text for a message: in double quotes, cut after 80 bytes, nothing in it
 * that could confuse a terminal or a log
 *
 * returns  q->text
 */
const char *pl_quote(struct pl_quote *q, struct pl_str s);

/*
 * pl_escape - text as a value of a log line
 *
 * Each byte that is not printable ASCII, and blank, double quote and backslash, becomes \xNN, so
 * that no client can forge a field or a line; at most shown bytes of s are taken, then "..."
 * follows. "-" alone becomes \x2d, since a bare - stands for an absent value.
 *
 * out      at most size - 1 bytes and a NUL; a size of shown * 4 + 4 always suffices
 * returns  the length written
 */
size_t pl_escape(char *out, size_t size, struct pl_str s, size_t shown);

/*
 * pl_copy_plain - copy a value in which pl_escape would change nothing
 *
 * out      s.n bytes, no NUL; undefined if false
 * returns  false if something in s wants an escape
 * cost     16 bytes at once
 */
bool pl_copy_plain(char *out, struct pl_str s);

/*
 * pl_unescape - the inverse of pl_escape (without the cut)
 *
 * returns  the length written to out, which needs s.n bytes; a backslash that begins no \xNN is
 *          kept as it is
 */
size_t pl_unescape(char *out, struct pl_str s);

#endif
