/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_VITALS_H
#define DAEMON_VITALS_H

#include "listener.h"
#include "postlatch/buf.h"
#include "process.h"
#include "rates.h"
#include "reload.h"
#include "worker.h"

/* struct vitals - where what can be told of the running daemon is found; the main loop's */
struct vitals {
    const struct reload *reload;
    struct pool *pool;
    const struct listeners *listeners;
    const struct process *process;
    const struct rates *rates;
};

/* struct vitals_sums - of all workers; plain value */
struct vitals_sums {
    unsigned long troubles[TROUBLE_COUNT], closed_idlest, closed_idle, shadow_differs;
    unsigned long duration[DURATION_BOUNDS + 1], duration_us;
    long long longest_us;
};
void vitals_add_up(const struct vitals *v, struct vitals_sums *sums);

/* vitals_accepted - "-" of a safe policy, else whether waivers accept it: "yes", "no", "ended" */
const char *vitals_accepted(const struct snapshot *s);

/* status_add - append the lines that answer `status` (docs/control-protocol.md) */
void status_add(struct pl_buf *b, const struct vitals *v);

/* metrics_add - append the metrics, for Prometheus (docs/metrics.md); in: openmetrics, its format */
void metrics_add(struct pl_buf *b, const struct vitals *v, bool openmetrics);

#endif
