/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include "activation.h"
#include "loop.h"
#include "postlatch/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Daemon;
struct vitals;

enum { HTTP_MAGIC = 0x48545450 };

/*
 * Clients at once at one address, bytes that the request of one may take, seconds after which a silent one
 * and any is turned out.
 */
enum { HTTP_CLIENTS = 16, HTTP_REQUEST_BYTES = 16384, HTTP_SILENT_S = 10, HTTP_PATIENCE_S = 30 };

enum { HTTP_FILES = HTTP_CLIENTS + 4 }; /* that an address may have open */

/* struct http_place - one address of metrics { listen } */
struct http_place {
    uint32_t magic;
    struct pl_endpoint endpoint;
    int fd; /* -1: none, or libmicrohttpd's by now */
    struct MHD_Daemon *server;
    ev_io io;         /* its epoll descriptor */
    ev_timer timeout; /* when it wants to be called next */
    ev_timer tick;    /* turns out who is here too long; runs while somebody is */
    struct http_client {
        int fd;
        int64_t since_ms;
    } clients[HTTP_CLIENTS];
    bool freed;   /* a client has gone since the server was last called */
    size_t count; /* of clients */
    struct http *all;
};

/*
 * struct http - the metrics over HTTP, on the main loop, by libmicrohttpd without threads: GET and HEAD of
 * /metrics, one exchange a connection. No worker waits for it; the main loop serves all that is ready in
 * one go, so that accepting connections of Postfix waits for HTTP_CLIENTS answers at most
 */
struct http {
    struct ev_loop *loop;
    const struct vitals *vitals;
    size_t count;
    struct http_place *each;
};

#ifdef PL_METRICS_HTTP

/* http_bind - make the sockets, or take those handed over; false after logging what is wrong with each */
bool http_bind(struct http *h, const struct pl_settings *settings, struct activation *handed_over);

/* http_start - serve; false after logging */
bool http_start(struct http *h, struct ev_loop *loop, const struct vitals *vitals);

/* http_close - end it and free all; also if never bound */
void http_close(struct http *h);

#else /* no configuration that loads has metrics { listen } */

static inline bool http_bind(struct http *h, const struct pl_settings *settings,
                             struct activation *handed_over)
{
    (void)h;
    (void)settings;
    (void)handed_over;
    return true;
}

static inline bool http_start(struct http *h, struct ev_loop *loop, const struct vitals *vitals)
{
    (void)h;
    (void)loop;
    (void)vitals;
    return true;
}

static inline void http_close(struct http *h)
{
    (void)h;
}

#endif
#endif
