/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <stdint.h>

/* The one door to libev: its functions without the names of version 3. */
#define EV_COMPAT3 0
#include <ev.h>

/* How every loop of ours is made: LIBEV_FLAGS of the environment must not choose the backend. */
#define LOOP_FLAGS (EVFLAG_AUTO | EVFLAG_NOENV)

/*
 * loop_stay_awake - for the callback before a wait: no wait if callbacks are due
 *
 * libev learns that the kernel will not watch a descriptor (no memory, no more watches) when it is
 * about to wait, notes an EV_ERROR for it, and would sleep on it until something else happens.
 */
static inline void loop_stay_awake(struct ev_loop *loop, ev_async *any)
{
    if (ev_pending_count(loop) > 0)
        ev_async_send(loop, any);
}

/*
 * clock_ms, clock_us - time since some fixed moment, never set back: for idleness and latency. ev_now
 * is the time at which the loop woke up, and follows the wall clock
 */
int64_t clock_ms(void);
int64_t clock_us(void);

/*
 * clock_step_s - by how many seconds the wall clock was set since the last call, 0 if by less than
 * CLOCK_STEP_MIN_S; the first call only begins. A pause of the machine is no step. Main thread only,
 * as is clock_steps, which counts them
 */
enum { CLOCK_STEP_MIN_S = 2 };
int64_t clock_step_s(void);
unsigned long clock_steps(void);

/* clock_today - the day by the wall clock, in days since 1970-01-01 (UTC) */
int32_t clock_today(void);

#endif
