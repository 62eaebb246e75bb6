/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_CRASH_H
#define DAEMON_CRASH_H

#include <signal.h>

/*
 * crash_prepare - have libev's last words logged, and the name of a system call that the sandbox
 * forbids; before the first loop is made
 */
void crash_prepare(void);

/* crash_fill_mask - all signals but those that tell of a crash, for threads that watch none */
void crash_fill_mask(sigset_t *mask);

#endif
