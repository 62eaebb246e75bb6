/* SPDX-License-Identifier: BSD-2-Clause */
/* The monotonic clock, and the day. */
#include "loop.h"

#include "postlatch/date.h"

#include <time.h>

int64_t clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

int32_t clock_today(void)
{
    return (int32_t)(time(NULL) / PL_DAY_SECONDS);
}
