/* SPDX-License-Identifier: BSD-2-Clause */
#include "duration.h"

#include <stddef.h>

void duration_note(struct duration *d, unsigned long requests, int64_t took_us)
{
    static const int64_t bounds[DURATION_BOUNDS] = {
#define X(us, text) (us),
        DURATION_TABLE(X)
#undef X
    };
    unsigned long n = requests - d->timed;
    size_t bucket = 0;

    if (n == 0)
        return;
    while (bucket < DURATION_BOUNDS && took_us > bounds[bucket])
        bucket++;
    counter_add(&d->buckets[bucket], n);
    counter_add(&d->sum_us, n * (unsigned long)took_us);
    d->timed += n;
}
