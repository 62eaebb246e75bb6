/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_INPUT_H
#define POSTLATCH_CLI_INPUT_H

#include "postlatch/buf.h"
#include "postlatch/query.h"

#include <stdbool.h>

/*
 * read_question - a question from standard input: a policy request (name=value lines), or a decision
 * line of our log, as text or JSON, with or without what syslog puts in front of it
 *
 * out      *q: views into *input, which the caller releases; protocol_state=RCPT if not given
 * returns  false after printing what is wrong
 */
bool read_question(struct pl_query *q, struct pl_buf *input);

#endif
