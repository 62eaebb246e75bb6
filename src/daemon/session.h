/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_SESSION_H
#define DAEMON_SESSION_H

#include "loop.h"
#include "postlatch/addr.h"
#include "postlatch/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct worker;
struct listener;
struct handover;

enum { SESSION_MAGIC = 0x53455353, SESSION_DEAD = 0x44454144 };

/*
 * Bytes that a session must keep: an incomplete request (or requests that wait for their turn), or
 * answers that the peer does not take.
 */
struct chunk {
    TAILQ_ENTRY(chunk) turn; /* in worker->turns, if the session is queued */
    struct session *session;
    size_t start, n, cap;        /* data[start..n) is in use */
    struct pl_request_scan scan; /* of an incomplete request */
    char data[];
};
TAILQ_HEAD(chunk_list, chunk);

/*
 * struct session - one connection of Postfix; its worker's alone
 *
 * It waits for exactly one thing at a time: to read, to write (while answers are pending nothing is
 * read, so they cannot pile up), or for its turn (while it has complete requests in hand).
 */
struct session {
    /* What each request touches comes first. */
    ev_io io; /* io.data is the worker */
    uint32_t magic;
    uint32_t index;    /* in the worker's tables */
    struct chunk *in;  /* NULL: no request is incomplete */
    struct chunk *out; /* NULL: no answer is pending */
    bool more;         /* in may hold a further complete request */
    bool closing;      /* closes as soon as out is empty */
    bool queued;       /* in is in worker->turns */
    bool last_read;    /* the worker is stopping, and this session has read for the last time */
    uint16_t port;
    struct pl_addr peer; /* family 0: a Unix socket */
    struct listener *listener;
};

/* Idle connections are what there are thousands of. */
_Static_assert(sizeof(struct session) <= 104, "a session is small");

/* session_open - begin a session with a connection; s is zeroed. Closes by session_close */
void session_open(struct session *s, struct worker *w, const struct handover *h);

/* session_close - end it: watchers, descriptor, lists, memory. s is dead */
void session_close(struct session *s);

/* session_turn - answer what is in hand, at most WORKER_TURN requests; s may be dead afterwards */
void session_turn(struct session *s);

/*
 * session_finish - the worker stops: read once more, answer what is complete, send it, close; s may
 * be dead afterwards, or live until its answers have been taken
 */
void session_finish(struct session *s);

/* session_peer - who is at the other end: "192.0.2.1:4711", "uid:115,pid:4711", "unknown" */
enum { SESSION_PEER = 64 };
const char *session_peer(char out[SESSION_PEER], const struct session *s);

#endif
