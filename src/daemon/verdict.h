/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_VERDICT_H
#define DAEMON_VERDICT_H

#include "postlatch/buf.h"
#include "postlatch/diag.h"
#include "postlatch/policy.h"
#include "postlatch/surface.h"

#include <stdbool.h>

/*
 * struct verdict - what the proof said of a policy, and in which words it is told; plain value,
 * initialise with {0}, release with verdict_fini
 */
struct verdict {
    const char *word;   /* safe, open, unprovable, invalid */
    bool safe;          /* the word is safe */
    bool accepted;      /* not safe, but waivers accept all of it */
    bool ended;         /* not safe, and accepted by waivers some of which have ended */
    struct pl_buf text; /* what is open, or cannot be proved: lines for the log, each with its LF */
    struct pl_buf report; /* the same as `postlatch check` tells it; empty if safe */
    struct pl_surface_size surface;
};

/* verdict_prove - prove p, which was loaded from path; false when memory is short */
bool verdict_prove(struct verdict *v, const struct pl_policy *p, const char *path);
void verdict_fini(struct verdict *v);

/* What is to become of a policy that was proved. */
enum verdict_fate {
    VERDICT_RUNS,   /* it is safe */
    VERDICT_WARNS,  /* it is not, and runs all the same: accepted, or in observe mode */
    VERDICT_REFUSED /* it must not run */
};

/*
 * verdict_fate - whether p may run
 *
 * in       starting: a start goes on when a waiver has ended, a reload is refused
 */
enum verdict_fate verdict_fate(const struct verdict *v, const struct pl_policy *p, bool starting);

/* verdict_reason - why a policy that is not safe runs; for VERDICT_WARNS */
const char *verdict_reason(const struct verdict *v);

/* verdict_waivers - append a line for each waiver of p whose last day is from..to, both included */
void verdict_waivers(struct pl_buf *b, const struct pl_policy *p, int32_t from, int32_t to);

#endif
