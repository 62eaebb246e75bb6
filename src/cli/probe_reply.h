/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_PROBE_REPLY_H
#define POSTLATCH_CLI_PROBE_REPLY_H

#include "postlatch/str.h"

#include <stdbool.h>

enum { SMTP_REPLY_MAX = 8192 }; /* bytes of a reply, all lines: RFC 5321 has 512 a line */

/* struct smtp_reply - a reply, or what has come of it; plain value, start with {0} */
struct smtp_reply {
    unsigned code;             /* 200 to 599, of all lines */
    size_t n;                  /* bytes of text */
    size_t line;               /* where in text its last line begins */
    char text[SMTP_REPLY_MAX]; /* as received, line ends included; any bytes */
};

enum smtp_take { SMTP_MORE, SMTP_DONE, SMTP_BAD };

/*
 * smtp_reply_take - one more byte of a reply
 *
 * returns  MORE: go on. DONE: the last line has ended. BAD: and in *why, a static string, what is
 *          wrong: a line without a code, two codes in one reply, more than SMTP_REPLY_MAX bytes
 */
enum smtp_take smtp_reply_take(struct smtp_reply *r, char c, const char **why);

/*
 * smtp_reply_has - a line behind the first is this word, alone or with more behind a blank, in any
 * case: an extension in the answer to EHLO
 */
bool smtp_reply_has(const struct smtp_reply *r, struct pl_str word);

/*
 * smtp_reply_last - what is to be shown of a reply: its last line without line end, e.g.
 * "554 5.7.1 Relay access denied"
 *
 * returns  a view into r; any bytes but a line feed
 */
struct pl_str smtp_reply_last(const struct smtp_reply *r);

/* smtp_reply_speaks_of - the text holds this word, in any case */
bool smtp_reply_speaks_of(const struct smtp_reply *r, struct pl_str word);

#endif
