/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include "postlatch/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The service manager that looks after us, if there is one (sd_notify(3)). State is the process's;
 * all of it is the main thread's.
 */

/*
 * notify_init - takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and removes these variables
 *
 * A socket that cannot be used is logged; the manager then misses our word and says so.
 */
void notify_init(void);

/* notify_is_wanted - whether a manager waits for word of us */
bool notify_is_wanted(void);

/* notify_is_abstract - whether it is reached in the abstract namespace of Unix sockets */
bool notify_is_abstract(void);

/*
 * notify_send - one message: assignments as VARIABLE=value, one a line
 *
 * Bytes that are not printable become '?', line feeds excepted. Never waits: a manager that takes
 * nothing misses it. Nothing happens if none is wanted.
 */
void notify_send(const char *fmt, ...) PL_PRINTF(1, 2);

/* notify_watchdog_us - within which time the manager wants a keep-alive, each time; 0: never */
int64_t notify_watchdog_us(void);

void notify_close(void);

#endif
