/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_REMINDER_H
#define DAEMON_REMINDER_H

#include "loop.h"
#include "reload.h"

/*
 * struct reminder - what comes with time alone, on the main loop: waivers end at midnight (UTC), and a
 * locked daemon says so every hour; that the wall clock was set is logged, within seconds
 */
struct reminder {
    const struct reload *reload; /* has the running snapshot */
    ev_periodic midnight;
    ev_timer hour;
    ev_timer clock;
};

void reminder_start(struct reminder *m, struct ev_loop *loop, const struct reload *reload);

/* reminder_tell_locked - one line: locked, why, and how to unlock */
void reminder_tell_locked(const struct snapshot *s, const char *path);

#endif
