/* SPDX-License-Identifier: BSD-2-Clause */
/* The monotonic clock, the day, and whether the wall clock was set. */
#include "loop.h"

#include "postlatch/date.h"

#include <stdbool.h>
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

static struct {
    bool begun;
    int64_t ahead_ms; /* the wall clock, of the one that never is set and goes on in a pause */
    unsigned long steps;
} wall;

static int64_t read_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_step_s(void)
{
    int64_t before = wall.ahead_ms, step;

    wall.ahead_ms = read_ms(CLOCK_REALTIME) - read_ms(CLOCK_BOOTTIME);
    step = wall.begun ? wall.ahead_ms - before : 0;
    step = (step + (step < 0 ? -500 : 500)) / 1000;
    wall.begun = true;
    if (step > -CLOCK_STEP_MIN_S && step < CLOCK_STEP_MIN_S)
        return 0;
    wall.steps++;
    return step;
}

unsigned long clock_steps(void)
{
    return wall.steps;
}

int32_t clock_today(void)
{
    return (int32_t)(time(NULL) / PL_DAY_SECONDS);
}
