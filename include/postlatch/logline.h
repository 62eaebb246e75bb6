/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_LOGLINE_H
#define POSTLATCH_LOGLINE_H

#include "postlatch/attr.h"
#include "postlatch/quote.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading the daemon's own decision lines again, out of what loggers keep: docs/logs.md. Foreign
 * bytes: a log holds what anybody has written to it.
 */

/* The keys that stand for an attribute, in their order in the line. */
#define PL_LOGLINE_TABLE(X)                                                                        \
    X("client", CLIENT_ADDRESS)                                                                    \
    X("name", CLIENT_NAME)                                                                         \
    X("helo", HELO_NAME)                                                                           \
    X("sasl", SASL_USERNAME)                                                                       \
    X("from", SENDER)                                                                              \
    X("to", RECIPIENT)                                                                             \
    X("state", PROTOCOL_STATE)                                                                     \
    X("server", SERVER_ADDRESS) /* and SERVER_PORT */                                              \
    X("instance", INSTANCE)                                                                        \
    X("queue_id", QUEUE_ID)

/* The longest line that is read, our own and what a logger puts around it. */
enum { PL_LOGLINE_MAX = 256 * 1024, PL_LOGLINE_WHY = 160 };

/* struct pl_logline - one decision; its strings are views into bytes, so it must not be copied */
struct pl_logline {
    struct pl_str action; /* the word; in observe mode the one that enforce would have sent */
    struct pl_str rule;
    bool observed;
    struct pl_str attr[PL_ATTR_COUNT]; /* n is 0 for absent */
    uint64_t unknown; /* bits of enum pl_attr that can be asked for: not in the line, or cut */
    char bytes[PL_LOGLINE_MAX];
};

enum pl_logline_found {
    PL_LOGLINE_OTHER,    /* not a decision of ours */
    PL_LOGLINE_DECISION, /* *l tells of it */
    PL_LOGLINE_BROKEN    /* it is one, but cannot be relied upon: why says what is wrong */
};

/*
 * pl_logline_read - the decision that a line of a log tells of
 *
 * What may stand in front: nothing (journalctl -o cat); what ends with the first ": ", as a logger's
 * time, host and program do, or the daemon's name on standard error; the head of RFC 5424. Or the line
 * is an object of journalctl -o json. A decision is text or JSON. That the words of a decision stand
 * somewhere else in a line means nothing: Postfix logs what clients say.
 *
 * in       line: without its line end
 * out      *l if DECISION; why if BROKEN: values in it are escaped
 * errors   a key that is missing (a logger cut the line) or comes twice, an escape that we do not
 *          write
 * threads  any; allocates for JSON only
 * cost     linear
 */
enum pl_logline_found pl_logline_read(struct pl_logline *l, struct pl_str line,
                                      char why[PL_LOGLINE_WHY]);

#endif
