/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_PROBE_SMTP_H
#define POSTLATCH_CLI_PROBE_SMTP_H

#include "probe_reply.h"

#include "postlatch/addr.h"

#include <sys/socket.h>

/* One SMTP session, as far as a relay test needs it: there is no DATA here. */

enum { SMTP_WHY = 160 };

/* struct smtp - plain value, start with {.fd = -1}; close with smtp_close */
struct smtp {
    int fd;                /* -1: closed */
    int seconds;           /* patience with each step: connecting, a command and its reply */
    struct pl_addr client; /* our address of this connection */
    char in[1024];         /* received, not yet taken: [from, n) */
    size_t from, n;
    struct smtp_reply reply; /* the last one */
    char why[SMTP_WHY];      /* what went wrong, when a function says false */
};

/*
 * smtp_connect - connect, and read the greeting into s->reply, whatever its code
 *
 * in       bind: our address, or NULL
 * out      *refused: nobody listens there
 * returns  false and s->why; s is closed then
 */
bool smtp_connect(struct smtp *s, const struct sockaddr *where, socklen_t len,
                  const struct pl_addr *bind, bool *refused);

/*
 * smtp_command - send a line (CRLF is added) and read the reply into s->reply
 *
 * returns  false and s->why if there is none in time, or it cannot be read; s is closed then
 */
bool smtp_command(struct smtp *s, struct pl_str line);

/* smtp_close - close without a word; does nothing if it is closed */
void smtp_close(struct smtp *s);

#endif
