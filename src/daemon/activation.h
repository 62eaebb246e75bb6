/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_ACTIVATION_H
#define DAEMON_ACTIVATION_H

#include "postlatch/endpoint.h"

#include <stdbool.h>
#include <stddef.h>

enum { ACTIVATION_MAX = 64, ACTIVATION_NAME = 128 };

/*
 * struct activation - listening sockets that a service manager has handed over (sd_listen_fds(3))
 *
 * They stay the manager's: it holds them too, so connections wait in them while we are restarted. A
 * socket belongs to the entry of `listen` with the same address.
 */
struct activation {
    size_t count;
    struct activated {
        int fd;
        bool taken;
        char name[ACTIVATION_NAME]; /* printable, "" without one: FileDescriptorName= of the unit */
        struct pl_endpoint endpoint;
    } each[ACTIVATION_MAX];
};

/*
 * activation_receive - takes what LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES tell, and removes these
 * variables; nothing is there if they are absent or meant for another process
 *
 * returns  false after logging: something handed over is no socket that we could serve
 * errors   the descriptors are left open: the process is to end
 * threads  before any is started
 */
bool activation_receive(struct activation *a);

/* activation_take - the descriptor that listens at e, now the caller's; -1: none was handed over */
int activation_take(struct activation *a, const struct pl_endpoint *e);

/* activation_is_used_up - whether each one was taken; else false, after logging which was not */
bool activation_is_used_up(const struct activation *a);

#endif
