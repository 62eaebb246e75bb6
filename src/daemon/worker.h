/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "alarm.h"
#include "busiest.h"
#include "counter.h"
#include "duration.h"
#include "listener.h"
#include "loop.h"
#include "postlatch/policy.h"
#include "postlatch/reply.h"
#include "session.h"
#include "snapshot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum { WORKER_MAGIC = 0x574f524b };

/*
 * Bytes read at once, and requests answered in one turn of a session: a client that sends many at
 * once gets its answers in pieces, between those of others.
 */
enum { WORKER_READ = 32 * 1024, WORKER_TURN = 64 };

/* Why a connection is closed without an answer: enum, label in metrics. */
#define TROUBLE_TABLE(X)                                                                           \
    X(MALFORMED, "malformed") /* what was sent is no request */                                    \
    X(TOO_LARGE, "too_large") /* max_request_size */                                               \
    X(CUT_OFF, "cut_off")     /* the peer ended its stream in the middle of a request */           \
    X(SEND, "send_failed")    /* the peer does not take its answer */                              \
    X(MEMORY, "no_memory")                                                                         \
    X(NO_ANSWER, "no_sound_answer")

enum trouble {
#define X(id, label) TROUBLE_##id,
    TROUBLE_TABLE(X)
#undef X
        TROUBLE_COUNT
};

/* What a worker has counted beside its decisions (tally.h); written by it alone, read by the main thread. */
struct counters {
    atomic_ulong requests, closed_idlest, closed_idle, shadow_differs;
    atomic_ulong troubles[TROUBLE_COUNT];
    struct duration duration;
};

/* A connection on its way from the main thread to its worker. */
struct handover {
    int fd;
    struct listener *listener;
    struct pl_addr peer; /* family 0: a Unix socket */
    uint16_t port;
};

/* One answered request of a turn, until it is logged. */
struct answered {
    struct pl_query query;
    struct pl_decision decision;
    int64_t us; /* from reading to its answer */
};

/* struct worker - a thread with a loop and sessions of its own */
struct worker {
    uint32_t magic;
    unsigned index;
    struct pool *pool;
    pthread_t thread;
    struct ev_loop *loop;
    ev_async wake;     /* something in the inbox, a new snapshot, an order to evict or to stop */
    ev_timer idle;     /* closes sessions after idle_timeout */
    ev_timer turn;     /* the next turn of the sessions in turns */
    ev_timer grace;    /* of stopping: who was active lately has asked by then, or is closed */
    ev_timer deadline; /* of stopping: closes what is left */

    const struct snapshot *snapshot; /* changes between callbacks only */
    atomic_ulong *decided;           /* this worker's numbers of the snapshot's rules */
    int64_t woke_us;                 /* when the loop last woke up */
    struct chunk_list turns;         /* of the sessions with more requests in hand */
    struct session **sessions;       /* [0..count), in no order; room for cap */
    size_t cap;
    struct session *spare; /* closed ones, kept for the next */
    size_t spares;
    bool stopping;

    char in[WORKER_READ + PL_REQUEST_PAD]; /* what one read brought */
    char out[WORKER_TURN * PL_REPLY_MAX];  /* the answers of one turn */
    struct answered answered[WORKER_TURN]; /* and what to log of them */
    struct counters counters;
    struct alarm_memo memo;
    struct busiest busiest;
    bool looks_back; /* requests that were answered are noted, or compared, once more */

    /* Shared with the main thread. */
    pthread_mutex_t lock; /* of the inbox, and of the pointer active_us */
    struct handover *inbox;
    size_t inbox_count, inbox_cap;
    atomic_size_t load;      /* connections handed over and not yet closed */
    atomic_size_t count;     /* of sessions; the worker's to change */
    atomic_llong *active_us; /* when each was accepted, or last asked something whole */
    atomic_llong longest_us; /* from waking up to waiting again, since the start */
    atomic_bool evict;       /* the idlest session is to be closed */
    atomic_ulong pulse;      /* of the pool, when the worker last woke up to be asked */
};

/* struct pool - all workers, and what they share */
struct pool {
    size_t count;          /* workers */
    atomic_size_t started; /* threads that run; a reload may look while the daemon ends */
    struct worker *workers;
    struct snapshot_holder *snapshots;
    struct alarm alarm;
    struct busiest_watch watch;
    unsigned max_connections;
    size_t max_request_size; /* bytes */
    int64_t idle_timeout_ms; /* 0: never */
    struct ev_loop *main_loop;
    ev_async *room; /* of the main loop: accepting may go on */
    atomic_size_t connections;
    unsigned long connections_total; /* the main thread's */
    atomic_bool room_wanted;         /* accepting has stopped because of max_connections */
    atomic_bool stopping;
    atomic_ulong pulse; /* counts questions whether the workers are alive: watchdog.c */
};

/*
 * pool_init - prepare count workers (0: one for each CPU that we may use); no thread runs yet
 *
 * in       limits: max_connections, max_request_size, idle_timeout_s
 * returns  false after logging
 */
bool pool_init(struct pool *p, unsigned count, const struct pl_settings *limits,
               struct snapshot_holder *snapshots, struct ev_loop *main_loop, ev_async *room);

/* pool_workers - how many workers a setting means */
unsigned pool_workers(unsigned count);

/* pool_start - start the threads; false after logging, those that run are to be stopped */
bool pool_start(struct pool *p);

/* pool_wake - let every worker look for what is new; any thread */
void pool_wake(struct pool *p);

/* pool_is_open - whether there are fewer connections than max_connections */
bool pool_is_open(const struct pool *p);

/*
 * pool_has_room - whether another connection fits below max_connections
 *
 * If not, the idlest session is told to go, and *p->room is sent when there is room. Main thread.
 */
bool pool_has_room(struct pool *p);

/* pool_take - hand a connection to the worker with the fewest. Main thread */
void pool_take(struct pool *p, int fd, struct listener *listener,
               const struct sockaddr_storage *peer);

/* pool_stop - let every session answer what it was sent, close all, end the threads */
void pool_stop(struct pool *p);
void pool_fini(struct pool *p);

/* worker_touch - a session was active in this wake-up. The worker's thread, as the rest */
static inline void worker_touch(struct worker *w, const struct session *s)
{
    atomic_store_explicit(&w->active_us[s->index], w->woke_us, memory_order_relaxed);
}

/* worker_queue_turn - a session has more requests in hand: it goes on in the loop's next turn */
void worker_queue_turn(struct worker *w, struct session *s);

/* worker_forget - a session ends: it leaves all tables and counts */
void worker_forget(struct worker *w, struct session *s);

#endif
