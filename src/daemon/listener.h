/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "activation.h"
#include "loop.h"
#include "postlatch/config.h"
#include "postlatch/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct pool;

enum { LISTENER_MAGIC = 0x4c49534e };

/* struct listener - one listening socket. Its text outlives every session that it let in */
struct listener {
    uint32_t magic;
    int fd;
    ev_io io;
    struct pl_endpoint endpoint;
    bool handed_over;   /* the service manager holds it too, and keeps it */
    struct stat socket; /* the Unix socket as made by us */
    struct listeners *all;
};

/* struct listeners - all of them, and the pause when there is no room; the main loop's */
struct listeners {
    struct ev_loop *loop; /* NULL until they are started */
    struct pool *pool;
    size_t count;
    struct listener *each;
    ev_timer pause; /* after EMFILE and its like: accept again */
    bool accepting;
    unsigned long pauses; /* so far */
};

/*
 * listener_bind - a listening Unix or TCP socket, or -1 after logging why not, the address named
 *
 * A Unix socket that nobody answers on is taken for a dead daemon's and removed. Owner and mode are
 * set before anybody can connect: connecting begins with listen().
 *
 * in       option: what names it in messages, e.g. listen
 * out      *made: the socket's file, for listener_remove
 */
struct socket_file {
    mode_t mode;
    const char *owner, *group; /* "": leave */
};
int listener_bind(const char *option, const struct pl_endpoint *e, const struct socket_file *file,
                  struct stat *made);

/* listener_remove - removes the file of a Unix socket, if it still is the one that was made */
void listener_remove(const struct pl_endpoint *e, const struct stat *made);

/*
 * listeners_bind - all of settings->listen: what was handed over is taken, the rest is bound
 *
 * returns  false after logging what is wrong with each
 */
bool listeners_bind(struct listeners *l, const struct pl_settings *settings,
                    struct activation *handed_over);

/* listeners_start - accept, and hand each connection to the pool */
void listeners_start(struct listeners *l, struct ev_loop *loop, struct pool *pool);

/* listeners_pause, listeners_resume - stop accepting for a while; callable in any state */
void listeners_pause(struct listeners *l);
void listeners_resume(struct listeners *l);

/*
 * listeners_drain - before the workers stop: nobody can connect any more, and those who wait to be
 * let in are, so that they get their answers. What was handed over is left alone: who waits there
 * waits for our successor
 */
void listeners_drain(struct listeners *l);

/* listeners_close - stop for good and remove the files of Unix sockets; also if never bound */
void listeners_close(struct listeners *l);

/* listeners_fini - frees the memory; no session may be left */
void listeners_fini(struct listeners *l);

#endif
