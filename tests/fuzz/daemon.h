/* SPDX-License-Identifier: BSD-2-Clause */
/* A daemon without threads: one worker, whose loop and the main loop the target turns by hand. */
#ifndef POSTLATCH_TESTS_FUZZ_DAEMON_H
#define POSTLATCH_TESTS_FUZZ_DAEMON_H

#include "daemon/control.h"
#include "daemon/reload.h"
#include "daemon/vitals.h"
#include "daemon/worker.h"

struct daemon {
    struct ev_loop *loop;
    struct snapshot_holder snapshots;
    struct settings_copy started_with;
    struct listeners listeners;
    struct pool pool;
    struct reload reload;
    struct control control;
    struct process process;
    struct rates rates;
    struct vitals vitals;
    ev_async room;
};

/* daemon_start - load the file at path and make everything ready; once a process */
void daemon_start(struct daemon *d, const char *path);

/* daemon_turn - let both loops do what there is to do, without waiting */
void daemon_turn(struct daemon *d);

/* take_bytes - what there is to read from fd, added to got; false at the end of the stream */
bool take_bytes(int fd, struct pl_buf *got);

#endif
