/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_WIDER_H
#define POSTLATCH_WIDER_H

#include "postlatch/buf.h"
#include "postlatch/policy.h"

enum pl_wider {
    PL_WIDER_NOT,    /* whatever may be relayed by the new policy may be by the old one */
    PL_WIDER_IS,     /* more may be */
    PL_WIDER_UNKNOWN /* it could not be decided */
};

/* The most atoms that one walk looks at: some seconds. A reload waits for the answer. */
enum { PL_WIDER_STEPS_MAX_MILLION = 10 };

/*
 * pl_wider_tell - who may relay by one policy and could not by another
 *
 * Decided for all requests at once, like the proof: is there one, to a recipient that is foreign by
 * both, that `next` lets pass and `now` does not? By address first: clients who show nothing else.
 * Then, for the other clients, what a verified name, a place of relay_listeners, a login or a
 * certificate adds; of these an example is named, as a list may have a million. If there is none of
 * these, whatever there is by several of them at once.
 *
 * in       both may be lean
 * out      *text: who, or why it is unknown, in a line without its LF; nothing if PL_WIDER_NOT
 * cost     that of a space of both, and a walk for each client and each credential that rules tell
 *          apart
 */
enum pl_wider pl_wider_tell(struct pl_buf *text, const struct pl_policy *now,
                            const struct pl_policy *next);

#endif
