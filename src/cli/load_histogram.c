/* SPDX-License-Identifier: BSD-2-Clause */
/* Latencies, counted in steps of bounded relative width. */
#include "load.h"

/*
 * Values below LOAD_STEPS have a step each. Above, the bits behind the leading one are cut to
 * LOAD_STEPS_LOG2; the power of two selects the row.
 */
static size_t step_of(uint64_t ns)
{
    unsigned power, row;

    if (ns < LOAD_STEPS)
        return (size_t)ns;
    power = 63 - (unsigned)__builtin_clzll(ns);
    row = power - LOAD_STEPS_LOG2 + 1;
    if (row >= LOAD_POWERS)
        return LOAD_POWERS * LOAD_STEPS - 1;
    return row * LOAD_STEPS + (size_t)((ns >> (power - LOAD_STEPS_LOG2)) & (LOAD_STEPS - 1));
}

/* The largest value of a step. */
static int64_t end_of(size_t step)
{
    size_t row = step / LOAD_STEPS;
    uint64_t lead = LOAD_STEPS + step % LOAD_STEPS;

    if (row == 0)
        return (int64_t)step;
    return (int64_t)(((lead + 1) << (row - 1)) - 1);
}

void load_histogram_add(struct load_histogram *h, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    h->count[step_of((uint64_t)ns)]++;
    h->total++;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

int64_t load_histogram_at(const struct load_histogram *h, unsigned permille)
{
    uint64_t rank = (h->total * permille + 999) / 1000, seen = 0;

    for (size_t i = 0; i < LOAD_POWERS * LOAD_STEPS; i++) {
        seen += h->count[i];
        if (h->count[i] > 0 && seen >= rank)
            return end_of(i) < h->max_ns ? end_of(i) : h->max_ns;
    }
    return 0;
}
