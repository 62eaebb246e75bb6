/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Midnight and the full hours of a locked daemon. When the wall clock is set, libev asks anew when
 * midnight is, within a minute (for so long it sleeps at most): a day that has changed meanwhile is
 * seen then, so that no waiver lasts longer for it.
 */
#include "reminder.h"

#include "log.h"
#include "postlatch/date.h"

#include <stdatomic.h>
#include <string.h>

/* A second after midnight: the clock that time() reads may be a few milliseconds behind. */
#define PAST_MIDNIGHT_S 1.0
#define HOUR_S 3600.0
#define CLOCK_S 5.0

void reminder_tell_locked(const struct snapshot *s, const char *path)
{
    bool invalid = strcmp(s->verdict.word, "invalid") == 0;

    log_error("locked, as the policy is %s: nobody may relay, %s; mend %s and run \"postlatch "
              "reload\"",
              s->verdict.word,
              invalid ? "and mail to our own domains has to wait"
                      : "mail to our own domains is taken",
              path);
}

static void on_midnight(struct ev_loop *loop, ev_periodic *w, int revents)
{
    struct reminder *m = w->data;
    struct pl_policy *p = m->reload->snapshot->config.policy;
    int32_t before = atomic_load(&p->today), today = clock_today();
    struct pl_buf text = {0};

    (void)loop;
    (void)revents;
    snapshot_set_today(m->reload->snapshot, today);
    verdict_waivers(&text, p, before, today - 1);
    reload_log_lines(log_warn, "", pl_buf_str(&text));
    pl_buf_fini(&text);
}

/* When to look at the day next: at once if the running policy has another one than the clock. */
static ev_tstamp next_look(ev_periodic *w, ev_tstamp now) EV_NOEXCEPT
{
    const struct reminder *m = w->data;
    int32_t today = (int32_t)(now / PL_DAY_SECONDS);

    if (today != atomic_load(&m->reload->snapshot->config.policy->today))
        return now;
    return (ev_tstamp)(today + 1) * PL_DAY_SECONDS + PAST_MIDNIGHT_S;
}

static void on_hour(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct reminder *m = t->data;

    (void)loop;
    (void)revents;
    if (m->reload->snapshot->locked)
        reminder_tell_locked(m->reload->snapshot, m->reload->path);
}

/* Nothing that we answer or wait for depends on the wall clock, but whoever reads the log should know. */
static void on_clock(struct ev_loop *loop, ev_timer *t, int revents)
{
    int64_t step = clock_step_s();

    (void)loop;
    (void)t;
    (void)revents;
    if (step != 0)
        log_warn("the wall clock was set %s by %lld s; answers go on, waivers end by the new date",
                 step > 0 ? "ahead" : "back", (long long)(step > 0 ? step : -step));
}

void reminder_start(struct reminder *m, struct ev_loop *loop, const struct reload *reload)
{
    m->reload = reload;
    ev_periodic_init(&m->midnight, on_midnight, 0., 0., next_look);
    ev_timer_init(&m->hour, on_hour, HOUR_S, HOUR_S);
    ev_timer_init(&m->clock, on_clock, CLOCK_S, CLOCK_S);
    m->midnight.data = m->hour.data = m;
    ev_periodic_start(loop, &m->midnight);
    ev_timer_start(loop, &m->hour);
    clock_step_s();
    ev_timer_start(loop, &m->clock);
}
