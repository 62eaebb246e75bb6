/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon.h"

#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void on_room(struct ev_loop *loop, ev_async *a, int revents)
{
    (void)loop;
    (void)a;
    (void)revents;
}

void daemon_start(struct daemon *d, const char *path)
{
    struct pl_diag *diag = pl_diag_new();
    struct snapshot *first = snapshot_load(path, 1, diag);

    if (first == NULL) {
        fprintf(stderr, "%s\n", pl_diag_get(diag, 0));
        abort();
    }
    pl_diag_free(diag);
    d->loop = ev_loop_new(LOOP_FLAGS);
    fuzz_check(d->loop != NULL);
    ev_async_init(&d->room, on_room);
    ev_async_start(d->loop, &d->room);
    snapshot_holder_init(&d->snapshots, first);
    fuzz_check(settings_copy_init(&d->started_with, &first->config.settings));
    fuzz_check(pool_init(&d->pool, 1, &first->config.settings, &d->snapshots, d->loop, &d->room));
    d->pool.started = 1; /* so that a reload wakes the worker, which has no thread */
    d->reload = (struct reload){.loop = d->loop,
                                .path = path,
                                .started_with = &d->started_with.s,
                                .snapshots = &d->snapshots,
                                .pool = &d->pool,
                                .control = &d->control,
                                .snapshot = first};
    reload_init(&d->reload);
    d->control.fd = -1;
    d->control.reload = &d->reload;
    process_open(&d->process);
    rates_start(&d->rates, d->loop, &d->snapshots.tally);
    d->vitals = (struct vitals){&d->reload, &d->pool, &d->listeners, &d->process, &d->rates};
    d->control.vitals = &d->vitals;
}

void daemon_turn(struct daemon *d)
{
    ev_run(d->loop, EVRUN_NOWAIT);
    ev_run(d->pool.workers[0].loop, EVRUN_NOWAIT);
}

bool take_bytes(int fd, struct pl_buf *got)
{
    char chunk[8192];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        pl_buf_add(got, (struct pl_str){chunk, (size_t)n});
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}
