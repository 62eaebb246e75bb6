/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOG_JOURNAL_H
#define DAEMON_LOG_JOURNAL_H

#include "postlatch/str.h"

#include <stddef.h>

/*
 * A line as the journal's native protocol wants it, one datagram: the head, the line, the fields. No
 * value holds a line end, so each is KEY=value and LF. Source: systemd, "Native Journal Protocol".
 */

/* Room for a head: the tag and its fields' names. */
enum { LOG_JOURNAL_HEAD = 64 + 96 };

/*
 * log_journal_head - what stands before the line: its priority, facility, tag, and "MESSAGE="
 *
 * in       facility: of syslog.h, as LOG_MAIL; tag: at most 64 bytes
 * returns  the length, without a NUL
 */
size_t log_journal_head(char out[LOG_JOURNAL_HEAD], int priority, int facility, const char *tag);

/* How much longer than the line of a decision its fields may be. */
enum { LOG_JOURNAL_MORE = 256 };

/*
 * log_journal_fields - what stands behind the line of a decision: a line end, then POSTLATCH_ACTION,
 * POSTLATCH_RULE and so on, one field for each key of the line that has a value
 *
 * Values are those of the line, escapes and all, so that no client can show a terminal what it likes;
 * only mail addresses lose their brackets. What the line shows as - has no field.
 *
 * in       line: as log_decision_format writes it, text or JSON; out: room for line.n +
 *          LOG_JOURNAL_MORE bytes
 * returns  the length
 * cost     linear
 */
size_t log_journal_fields(char *out, struct pl_str line);

#endif
