/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to `status`: key=value, a line each. */
#include "vitals.h"

#include "log.h"
#include "postlatch/compiler.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The key and a moment in UTC; "-" for none. */
static void add_time(struct pl_buf *b, const char *key, time_t at)
{
    char text[32] = "-";
    struct tm tm;

    if (at != 0 && gmtime_r(&at, &tm) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    pl_buf_addf(b, "%s=%s\n", key, text);
}

static void add_surface(struct pl_buf *b, const struct snapshot *s)
{
    struct pl_surface_size size = s->verdict.surface;

    if (s->locked)
        size = (struct pl_surface_size){0}; /* nobody may relay */
    if (size.unknown != NULL) {
        pl_buf_addf(b, "surface=not computed: %s\n", size.unknown);
        return;
    }
    pl_buf_addf(b, "surface=computed\nsurface_networks_v4=%zu\nsurface_addresses_v4=%.0f\n",
                size.networks_v4, size.addresses_v4);
    pl_buf_addf(b, "surface_networks_v6=%zu\n", size.networks_v6);
}

static void add_policy(struct pl_buf *b, const struct reload *r)
{
    const struct snapshot *s = r->snapshot;
    const struct pl_policy *p = s->config.policy;

    pl_buf_addf(b, "policy=%s\ngeneration=%lu\nmode=%s\n", r->path, s->generation,
                p->mode == PL_MODE_OBSERVE ? "observe" : "enforce");
    add_time(b, "in_force_since", r->in_force_at);
    pl_buf_addf(b, "verdict=%s\naccepted=%s\nlocked=%s\n", s->verdict.word, vitals_accepted(s),
                s->locked ? "yes" : "no");
    add_surface(b, s);
    pl_buf_addf(b, "shadow=%s\nshadow_verdict=%s\n",
                s->shadow != NULL ? s->config.settings.shadow : "-",
                s->shadow != NULL ? s->shadow->verdict.word : "-");
    pl_buf_addf(b, "rules=%zu\ntables=%zu\nentries=%zu\n", p->nwritten, p->ntables,
                pl_policy_entries(p));
}

static void add_counters(struct pl_buf *b, const struct vitals *v)
{
    unsigned long effects[PL_EFFECT_UNKNOWN + 1], troubles = 0;
    struct pool *p = v->pool;
    struct vitals_sums sums;

    vitals_add_up(v, &sums);
    tally_effects(&p->snapshots->tally, effects);
    for (size_t i = 0; i < TROUBLE_COUNT; i++)
        troubles += sums.troubles[i];
    pl_buf_addf(b, "connections=%zu\nconnections_total=%lu\n", atomic_load(&p->connections),
                p->connections_total);
    pl_buf_addf(b, "connections_closed_idle=%lu\nconnections_closed_at_limit=%lu\n",
                sums.closed_idle, sums.closed_idlest);
    pl_buf_addf(b, "accept_pauses_total=%lu\nclock_steps_total=%lu\n", v->listeners->pauses,
                clock_steps());
    pl_buf_addf(b, "requests_total=%lu\ntroubles_total=%lu\n",
                effects[PL_EFFECT_PASS] + effects[PL_EFFECT_REFUSE] + effects[PL_EFFECT_LEAVE] +
                    effects[PL_EFFECT_UNKNOWN],
                troubles);
    pl_buf_addf(b, "decisions_pass=%lu\ndecisions_refuse=%lu\n", effects[PL_EFFECT_PASS],
                effects[PL_EFFECT_REFUSE]);
    pl_buf_addf(b, "decisions_leave=%lu\ndecisions_unknown=%lu\n", effects[PL_EFFECT_LEAVE],
                effects[PL_EFFECT_UNKNOWN]);
    pl_buf_addf(b, "shadow_differs_total=%lu\nmasking_alarms_total=%lu\nmasking_suspects=",
                sums.shadow_differs, atomic_load(&p->alarm.total));
    alarm_suspects(&p->alarm, clock_us(), b);
    pl_buf_addf(b, "\nlongest_wakeup_us=%lld\n", sums.longest_us);
}

/* Requests a second over the last minutes, all and by what was decided. */
static void add_rates(struct pl_buf *b, const struct rates *r, int minutes)
{
    double rate[PL_EFFECT_UNKNOWN + 1];

    rates_find(r, minutes * 60, rate);
    pl_buf_addf(b, "rate_%dm=%.2f\n", minutes,
                rate[PL_EFFECT_PASS] + rate[PL_EFFECT_REFUSE] + rate[PL_EFFECT_LEAVE] +
                    rate[PL_EFFECT_UNKNOWN]);
    pl_buf_addf(b, "rate_%dm_pass=%.2f\nrate_%dm_refuse=%.2f\n", minutes, rate[PL_EFFECT_PASS],
                minutes, rate[PL_EFFECT_REFUSE]);
    pl_buf_addf(b, "rate_%dm_leave=%.2f\nrate_%dm_unknown=%.2f\n", minutes, rate[PL_EFFECT_LEAVE],
                minutes, rate[PL_EFFECT_UNKNOWN]);
}

static void add_last_reload(struct pl_buf *b, const struct reload *r)
{
    struct pl_str rest = pl_buf_str(&r->last_error);

    pl_buf_addf(b, "last_reload=%s\n", reload_outcome_word(r->last));
    add_time(b, "last_reload_at", r->last == RELOAD_NONE ? 0 : r->last_at);
    while (rest.n > 0) {
        size_t n = pl_str_find(rest, '\n');

        pl_buf_addf(b, "last_reload_error=%.*s\n", (int)n, rest.p);
        rest = pl_str_from(rest, n < rest.n ? n + 1 : n);
    }
}

void status_add(struct pl_buf *b, const struct vitals *v)
{
    pl_buf_addf(b, "version=%s\npid=%ld\nuptime_s=%lld\n", PL_VERSION, (long)getpid(),
                (long long)((clock_ms() - v->process->started_ms) / 1000));
    add_policy(b, v->reload);
    add_last_reload(b, v->reload);
    add_counters(b, v);
    add_rates(b, v->rates, 1);
    add_rates(b, v->rates, 5);
    pl_buf_addf(b, "log_dropped_total=%lu\nlog_stderr_dropped_total=%lu\n", log_dropped(),
                log_stderr_dropped());
    pl_buf_addf(b, "workers=%zu\nlisteners=", v->pool->count);
    for (size_t i = 0; i < v->listeners->count; i++)
        pl_buf_addf(b, "%s%s", i > 0 ? " " : "", v->listeners->each[i].endpoint.text);
    pl_buf_add_char(b, '\n');
}
