/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* struct process - what can be told of our own process; -1: a file of /proc that is not there */
struct process {
    int statm, fds;
    int64_t started_ms; /* by clock_ms */
    double started_at;  /* in seconds since 1970 */
};

/* process_open - before the sandbox, which keeps /proc away, and behind the last fork */
void process_open(struct process *p);
void process_close(struct process *p);

/* struct process_figures - plain value; negative: not known */
struct process_figures {
    double cpu_s; /* of all threads, user and system */
    double virtual_bytes, resident_bytes;
    double open_fds, max_fds; /* open_fds: from Linux 6.2 on */
};

void process_read(const struct process *p, struct process_figures *f);

#endif
