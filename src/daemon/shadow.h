/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_SHADOW_H
#define DAEMON_SHADOW_H

#include "postlatch/buf.h"
#include "postlatch/config.h"
#include "postlatch/diag.h"
#include "verdict.h"

#include <stdbool.h>

/*
 * struct shadow - a policy that answers nobody: what it would have answered is compared with what the
 * running one has. Read-only once its snapshot is published
 */
struct shadow {
    struct pl_config config;
    struct verdict verdict;
};

/*
 * shadow_load - load and prove the policy that a configuration names as its shadow; whatever the verdict, it may
 * be compared with
 *
 * returns  NULL after noting in d what is wrong. Free: shadow_free
 */
struct shadow *shadow_load(const struct pl_config *of, struct pl_diag *d);
void shadow_free(struct shadow *s);

/* shadow_tell - append a line on what is compared with, for the log, with its LF */
void shadow_tell(struct pl_buf *b, const struct shadow *s, const char *path);

/*
 * shadow_differs - whether the shadow would answer a request otherwise than mine, to the letter;
 * observe mode is left aside on both sides
 *
 * out      *theirs, what the shadow decides
 * returns  false also where the shadow has no answer
 * threads  any; takes the values that q has read, and reads more of them
 * cost     a decision, and the text of two actions
 */
bool shadow_differs(const struct shadow *s, struct pl_query *q, const struct pl_decision *mine,
                    struct pl_decision *theirs);

#endif
