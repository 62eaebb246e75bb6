/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_BUSIEST_H
#define DAEMON_BUSIEST_H

#include "postlatch/buf.h"
#include "postlatch/policy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Who asks most, while somebody watches: the clients and the logins with the most requests, by the
 * Space-Saving algorithm (Metwally, Agrawal, El Abbadi 2005). A table has BUSIEST_ENTRIES; whoever finds
 * none takes that of the least and goes on from its number, so that nobody who has asked more than a
 * 1/BUSIEST_ENTRIES of all is missing, and no number is too low. Each worker has tables of its own.
 * Nobody watches for longer than BUSIEST_WATCH_US after he was last seen, and then nothing is counted.
 */
enum { BUSIEST_ENTRIES = 256, BUSIEST_SHOWN = 64, BUSIEST_TOLD = 50 };
#define BUSIEST_WATCH_US INT64_C(15000000)

/* struct busiest_table - of one kind of names; {0} is empty */
struct busiest_table {
    size_t n;
    uint64_t hash[BUSIEST_ENTRIES];
    struct busiest_entry {
        char name[BUSIEST_SHOWN]; /* its first bytes */
        uint8_t len;
        unsigned long requests; /* with those of whom it was taken from */
        unsigned long refused;  /* without */
    } entries[BUSIEST_ENTRIES];
};

/* struct busiest - of one worker */
struct busiest {
    pthread_mutex_t lock;
    unsigned long watch; /* which one the tables are of */
    struct busiest_table clients, logins;
};

/* struct busiest_watch - shared by all workers; the main thread writes */
struct busiest_watch {
    atomic_ulong number; /* counts the watches */
    atomic_llong until_us;
    int64_t since_us;
};

void busiest_init(struct busiest *b);
void busiest_fini(struct busiest *b);

/* busiest_is_watched - whether requests are to be noted; in: us, of the monotonic clock */
static inline bool busiest_is_watched(const struct busiest_watch *w, int64_t us)
{
    return us < atomic_load_explicit(&w->until_us, memory_order_relaxed);
}

/*
 * busiest_note - a request that was answered; the worker's thread
 *
 * cost     some hundred instructions, and a lock that only who looks takes besides
 */
void busiest_note(struct busiest *b, const struct busiest_watch *w, const struct pl_query *q,
                  const struct pl_decision *d);

/*
 * busiest_tell - who has asked most since the watch began, which is now if nobody watched: lines for the
 * control socket (docs/control-protocol.md). Watches on
 *
 * in       each: the i-th of n workers' tables; us: now
 * returns  false when memory is short
 * threads  the main thread
 */
bool busiest_tell(struct pl_buf *out, struct busiest_watch *w,
                  struct busiest *(*each)(void *, size_t), void *arg, size_t n, int64_t us);

#endif
