/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REQUEST_H
#define POSTLATCH_REQUEST_H

#include "postlatch/attr.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>

enum pl_request_status { PL_REQUEST_MORE, PL_REQUEST_COMPLETE, PL_REQUEST_TROUBLE };

/*
 * How far an incomplete request was looked at, so that a slow sender costs linear work; plain
 * value, start with {0}.
 */
struct pl_request_scan {
    size_t line; /* where the unfinished line begins */
    size_t seen; /* bytes known to hold no further line end */
};

/*
 * pl_request_find_end - find the end of the first request in a buffer
 *
 * in       buf[0..len): bytes as received from the start of a request on; len may have grown since
 *          the last call; *scan: {0} for a new request, else as the last call left it
 * out      *end: bytes of the request, the empty line included (COMPLETE). *why: a static string
 *          (TROUBLE)
 * errors   NUL byte, a line without '=' (so also CRLF line ends). The caller bounds len by
 *          max_request_size
 * cost     linear in the bytes not seen before
 * source   Postfix SMTPD_POLICY_README, "Protocol description"
 */
enum pl_request_status pl_request_find_end(const char *buf, size_t len,
                                           struct pl_request_scan *scan, size_t *end,
                                           const char **why);

/*
 * pl_request_parse - take one complete request apart
 *
 * in       buf[0..end) as pl_request_find_end found it
 * out      attr[]: views into buf, n 0 for absent; unknown names are ignored; of a repeated name
 *          the first wins
 * returns  false and *why if request= is missing or not smtpd_access_policy
 * memory   allocates nothing
 */
bool pl_request_parse(struct pl_str attr[PL_ATTR_COUNT], const char *buf, size_t end,
                      const char **why);

/* Bytes behind those received that pl_request_take may read. */
enum { PL_REQUEST_PAD = 64 };

/*
 * pl_request_take - find the end of the first request and take it apart: pl_request_find_end and
 * pl_request_parse in one, in one pass over a request that came whole
 *
 * in       buf[0..len) as for pl_request_find_end; buf[len..len + PL_REQUEST_PAD) may be read too: any
 *          bytes, which never count
 * out      as those two; attr[] only if COMPLETE
 */
enum pl_request_status pl_request_take(struct pl_str attr[PL_ATTR_COUNT], const char *buf,
                                       size_t len, struct pl_request_scan *scan, size_t *end,
                                       const char **why);

#endif
