/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_RATES_H
#define DAEMON_RATES_H

#include "loop.h"
#include "tally.h"

#include <stddef.h>
#include <stdint.h>

/* A look every so many seconds, kept for five minutes. */
enum { RATES_EVERY_S = 5, RATES_LOOKS = 300 / RATES_EVERY_S + 1 };

/* struct rates - requests a second, by what was decided; the main loop's */
struct rates {
    struct tally *tally;
    ev_timer tick;
    struct rates_look {
        int64_t ms;
        unsigned long by_effect[PL_EFFECT_UNKNOWN + 1];
    } looks[RATES_LOOKS]; /* a ring */
    size_t next, count;
};

/* rates_start - take the first look now */
void rates_start(struct rates *r, struct ev_loop *loop, struct tally *tally);

/*
 * rates_find - requests a second over the last so many seconds, or since rates_start if that is later
 *
 * in       seconds: at most 300
 */
void rates_find(const struct rates *r, int seconds, double by_effect[PL_EFFECT_UNKNOWN + 1]);

#endif
