/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of Postfix's policy protocol: bytes to attributes, in place. One pass finds the end and
 * checks each line, one pass takes the lines apart; linear, however the bytes arrive. Nothing is
 * allocated. Source: Postfix SMTPD_POLICY_README, "Protocol description".
 */
#include "postlatch/request.h"

#include "postlatch/compiler.h"

#include <string.h>

enum pl_request_status pl_request_find_end(const char *buf, size_t len,
                                           struct pl_request_scan *scan, size_t *end,
                                           const char **why)
{
    pl_assert(scan->line <= scan->seen && scan->seen <= len);
    while (scan->seen < len) {
        const char *fresh = buf + scan->seen;
        const char *nl = memchr(fresh, '\n', len - scan->seen);
        size_t stop = nl == NULL ? len : (size_t)(nl - buf);

        /* Told at once, before the line ends: who sends a NUL speaks another protocol. */
        if (memchr(fresh, '\0', stop - scan->seen) != NULL) {
            *why = "a NUL byte in the request";
            return PL_REQUEST_TROUBLE;
        }
        scan->seen = stop;
        if (nl == NULL)
            return PL_REQUEST_MORE;
        if (stop == scan->line) {
            *end = stop + 1;
            return PL_REQUEST_COMPLETE;
        }
        if (memchr(buf + scan->line, '=', stop - scan->line) == NULL) {
            *why = "a line without '='";
            return PL_REQUEST_TROUBLE;
        }
        scan->seen = scan->line = stop + 1;
    }
    return PL_REQUEST_MORE;
}

/* "step 3" of the life of a request in docs/HACKING.md. */
bool pl_request_parse(struct pl_str attr[PL_ATTR_COUNT], const char *buf, size_t end,
                      const char **why)
{
    const char *p = buf;
    unsigned next = 0;

    /* The last byte is the LF of the empty line; the loop stops at it. */
    pl_assert(end > 0 && buf[end - 1] == '\n');
    memset(attr, 0, PL_ATTR_COUNT * sizeof(attr[0]));
    while (p < buf + end - 1) {
        const char *nl = memchr(p, '\n', (size_t)(buf + end - p));
        const char *eq = memchr(p, '=', (size_t)(nl - p));
        enum pl_attr found;

        pl_assert(eq != NULL);
        found = pl_attr_find_near((struct pl_str){p, (size_t)(eq - p)}, &next);
        /* The first of a repeated name wins, an empty one too: p is not NULL once it was seen. */
        if (found != PL_ATTR_COUNT && attr[found].p == NULL)
            attr[found] = (struct pl_str){eq + 1, (size_t)(nl - eq - 1)};
        p = nl + 1;
    }
    if (attr[PL_ATTR_REQUEST].p == NULL) {
        *why = "no request= in the request";
        return false;
    }
    if (!pl_str_eq(attr[PL_ATTR_REQUEST], pl_str_lit("smtpd_access_policy"))) {
        *why = "request= is not smtpd_access_policy";
        return false;
    }
    return true;
}
