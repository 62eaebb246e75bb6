/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ENDPOINT_H
#define POSTLATCH_ENDPOINT_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { PL_ENDPOINT_TEXT = 128 };

/* struct pl_endpoint - a place to listen at or to connect to; plain value */
struct pl_endpoint {
    struct sockaddr_storage addr;
    socklen_t len;
    char text[PL_ENDPOINT_TEXT]; /* canonical: "unix:/path", "inet:127.0.0.1:10071",
                                    "inet:[::1]:10071" */
};

/*
 * pl_endpoint_parse - "unix:/absolute/path" or "inet:address:port", IPv6 addresses in brackets
 *
 * No resolver is asked: names can fail at boot, and "localhost" may mean two families.
 *
 * returns  false, and in *why (a static string) what is wrong and what was expected
 */
bool pl_endpoint_parse(struct pl_endpoint *e, struct pl_str text, const char **why);

/*
 * pl_endpoint_is_unix, pl_endpoint_path - whether it is a Unix socket, and its path ("" for inet)
 */
bool pl_endpoint_is_unix(const struct pl_endpoint *e);
const char *pl_endpoint_path(const struct pl_endpoint *e);

/* pl_endpoint_is_loopback - a Unix socket, or an address that only this host can reach */
bool pl_endpoint_is_loopback(const struct pl_endpoint *e);

#endif
