/* SPDX-License-Identifier: BSD-2-Clause */
#include "rates.h"

static void look(struct rates *r)
{
    struct rates_look *now = &r->looks[r->next];

    now->ms = clock_ms();
    tally_effects(r->tally, now->by_effect);
    r->next = (r->next + 1) % RATES_LOOKS;
    if (r->count < RATES_LOOKS)
        r->count++;
}

static void on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
    (void)loop;
    (void)revents;
    look(t->data);
}

void rates_start(struct rates *r, struct ev_loop *loop, struct tally *tally)
{
    r->tally = tally;
    look(r);
    ev_timer_init(&r->tick, on_tick, RATES_EVERY_S, RATES_EVERY_S);
    r->tick.data = r;
    ev_timer_start(loop, &r->tick);
}

void rates_find(const struct rates *r, int seconds, double by_effect[PL_EFFECT_UNKNOWN + 1])
{
    unsigned long now[PL_EFFECT_UNKNOWN + 1];
    int64_t ms = clock_ms();
    const struct rates_look *then = NULL;

    tally_effects(r->tally, now);
    /* The latest look that is old enough, else the oldest there is. */
    for (size_t i = 1; i <= r->count; i++) {
        then = &r->looks[(r->next + RATES_LOOKS - i) % RATES_LOOKS];
        if (ms - then->ms >= seconds * 1000)
            break;
    }
    for (unsigned e = 0; e <= PL_EFFECT_UNKNOWN; e++) {
        by_effect[e] = 0;
        if (then != NULL && ms > then->ms)
            by_effect[e] = (double)(now[e] - then->by_effect[e]) * 1000 / (double)(ms - then->ms);
    }
}
