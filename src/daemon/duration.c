/* SPDX-License-Identifier: BSD-2-Clause */
#include "duration.h"

#include <stddef.h>

void duration_add(struct duration *d, unsigned long n, int64_t us)
{
    static const int64_t bounds[DURATION_BOUNDS] = {
#define X(us, text) (us),
        DURATION_TABLE(X)
#undef X
    };
    size_t bucket = 0;

    while (bucket < DURATION_BOUNDS && us > bounds[bucket])
        bucket++;
    counter_add(&d->buckets[bucket], n);
    counter_add(&d->sum_us, n * (unsigned long)us);
}
