/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "listener.h"
#include "loop.h"
#include "postlatch/endpoint.h"
#include "reload.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/stat.h>

struct vitals;

enum { CONTROL_MAGIC = 0x4354524c, CONTROL_CLIENTS_MAX = 16 };

LIST_HEAD(control_clients, control_client);

/* struct control - the control socket and its clients, on the main loop (docs/control-protocol.md) */
struct control {
    unsigned magic;
    struct ev_loop *loop;
    struct pl_endpoint endpoint;
    struct stat socket; /* as made by us */
    int fd;
    ev_io io;
    ev_timer pause; /* after EMFILE and its like: accept again */
    struct control_clients clients;
    unsigned count; /* of clients */
    struct reload *reload;
    const struct vitals *vitals;
};

/* control_bind - make the socket at path, mode 0600; its folder too if it is missing. False: logged */
bool control_bind(struct control *c, const char *path);

/* control_start - take clients; with the pointers of *c set */
void control_start(struct control *c, struct ev_loop *loop);

/* control_reload_done - reload `number` has ended: whoever waits for it is told */
void control_reload_done(struct control *c, unsigned long number, enum reload_outcome outcome,
                         struct pl_str text);

/* control_close - no more clients, the socket's file is removed; also if never bound */
void control_close(struct control *c);

#endif
