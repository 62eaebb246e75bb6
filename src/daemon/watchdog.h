/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_WATCHDOG_H
#define DAEMON_WATCHDOG_H

#include "loop.h"

#include <stdbool.h>

struct pool;

/*
 * struct watchdog - keep-alives for the service manager, as long as every worker makes progress
 *
 * Four times within the manager's interval each worker is asked for a sign, in its own loop. A
 * keep-alive is sent only if all have answered the last question; so one that hangs, or a main thread
 * that hangs, ends the keep-alives, and the manager ends us.
 */
struct watchdog {
    ev_timer tick;
    struct pool *pool;
    bool stalled; /* it was logged that a worker does not answer */
};

/* watchdog_start - with the workers running; does nothing if the manager wants no keep-alive */
void watchdog_start(struct watchdog *w, struct ev_loop *loop, struct pool *pool);

#endif
