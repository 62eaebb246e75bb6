/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_WIDER_H
#define DAEMON_WIDER_H

#include "postlatch/buf.h"
#include "postlatch/policy.h"

enum wider {
    WIDER_NOT,    /* whoever may relay by the new policy may by the old one */
    WIDER_IS,     /* others may, too */
    WIDER_UNKNOWN /* it could not be computed */
};

/*
 * wider_compare - who may relay by `next` and could not by `now`: addresses, names, listeners, logins,
 * certificates
 *
 * Recipients count in two steps: may relay to some, to anybody.
 *
 * out      *text: those, or why it is unknown, in a line without its LF; nothing if WIDER_NOT
 * cost     that of two surfaces, and n log n of their lines
 */
enum wider wider_compare(struct pl_buf *text, const struct pl_policy *now,
                         const struct pl_policy *next);

#endif
