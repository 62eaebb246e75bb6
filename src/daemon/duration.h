/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_DURATION_H
#define DAEMON_DURATION_H

#include "counter.h"

#include <stdatomic.h>
#include <stdint.h>

/*
 * The histogram of how long requests took: upper bounds in microseconds, and in seconds as metrics write
 * them. Behind the last one there is one more bucket for what took longer.
 */
#define DURATION_TABLE(X)                                                                          \
    X(5, "5e-06")                                                                                  \
    X(10, "1e-05")                                                                                 \
    X(25, "2.5e-05")                                                                               \
    X(50, "5e-05")                                                                                 \
    X(100, "0.0001")                                                                               \
    X(250, "0.00025")                                                                              \
    X(500, "0.0005")                                                                               \
    X(1000, "0.001")                                                                               \
    X(2500, "0.0025")                                                                              \
    X(5000, "0.005")                                                                               \
    X(10000, "0.01")                                                                               \
    X(25000, "0.025")                                                                              \
    X(50000, "0.05")                                                                               \
    X(100000, "0.1")                                                                               \
    X(250000, "0.25")                                                                              \
    X(500000, "0.5")                                                                               \
    X(1000000, "1.0")

enum {
#define X(us, text) +1
    DURATION_BOUNDS = 0 DURATION_TABLE(X)
#undef X
};

/*
 * struct duration - how long a worker's requests took, by buckets; written by it alone, read by others
 *
 * Each request is charged with the whole time from the worker's waking up, when it lay there at the
 * latest, to its waiting again, when it was answered. Costs a request nothing.
 */
struct duration {
    atomic_ulong buckets[DURATION_BOUNDS + 1], sum_us;
    unsigned long timed; /* requests that are in them; the worker's own */
};

/* duration_note - the requests that were not there the last time took no longer than took_us */
void duration_note(struct duration *d, unsigned long requests, int64_t took_us);

#endif
