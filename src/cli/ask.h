/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_ASK_H
#define POSTLATCH_CLI_ASK_H

#include "cli.h"

#include "postlatch/buf.h"
#include "postlatch/endpoint.h"

#include <stdbool.h>

/*
 * ask - connect, send, and read what comes back
 *
 * in       until: stop when the answer ends with these bytes; NULL: read to the end of the stream
 *          seconds: for all of it together
 * out      *answer: what was read, also after false; the caller releases it
 * returns  false and *why (a static string or strerror's) if it cannot be done, also when the stream
 *          ends before until was seen
 */
bool ask(const struct pl_endpoint *where, struct pl_str request, const char *until, int seconds,
         struct pl_buf *answer, const char **why);

/*
 * find_policy_socket - where the daemon answers Postfix: as --socket tells, else the first listen of
 * the configuration; false after printing why
 */
bool find_policy_socket(const struct arguments *a, struct pl_endpoint *where);

/*
 * write_request - append the request as Postfix would write it, request= added if it is not given
 *
 * returns  false after printing why: a value with a line end, no memory
 */
bool write_request(struct pl_buf *out, const struct pl_query *q);

/* A control reply: the word of its first line, and the lines behind it. */
struct control_reply {
    struct pl_buf text;
    struct pl_str word;  /* ok, refused, error */
    struct pl_str lines; /* view into text */
};

/*
 * ask_control - one exchange over the control socket (docs/control-protocol.md)
 *
 * in       control: --control PATH or NULL: then the path that the configuration names, though it
 *          may have errors, else the default path
 * returns  false after printing why; else *reply, whose text the caller releases
 */
bool ask_control(const char *control, const char *config_path, const char *command, int seconds,
                 struct control_reply *reply);

#endif
