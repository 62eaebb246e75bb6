/* SPDX-License-Identifier: BSD-2-Clause */
/* The log's thread is not watched: no answer waits for it. Nor is a reload's, which may take long. */
#include "watchdog.h"

#include "log.h"
#include "notify.h"
#include "worker.h"

enum { TICKS = 4 };

/* The first worker that has not answered the last question; pool->count if all have. */
static size_t find_silent(const struct pool *p)
{
    unsigned long asked = atomic_load(&p->pulse);
    size_t i = 0;

    while (i < p->count && atomic_load(&p->workers[i].pulse) == asked)
        i++;
    return i;
}

static void on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct watchdog *w = t->data;
    size_t silent = find_silent(w->pool);

    (void)loop;
    (void)revents;
    if (silent < w->pool->count) {
        if (!w->stalled)
            log_error("worker-%zu does not come back to its loop; no keep-alive is sent to the "
                      "service manager",
                      silent);
        w->stalled = true;
        return; /* the question stays: an answer to it, however late, is a sign of life */
    }
    if (w->stalled)
        log_warn("all workers come back to their loops again");
    w->stalled = false;
    notify_send("WATCHDOG=1");
    atomic_fetch_add(&w->pool->pulse, 1);
    pool_wake(w->pool);
}

void watchdog_start(struct watchdog *w, struct ev_loop *loop, struct pool *pool)
{
    double every = (double)notify_watchdog_us() / 1e6 / TICKS;

    if (every == 0)
        return;
    w->pool = pool;
    ev_timer_init(&w->tick, on_tick, 0., every);
    ev_set_priority(&w->tick, EV_MAXPRI);
    w->tick.data = w;
    ev_timer_start(loop, &w->tick);
}
