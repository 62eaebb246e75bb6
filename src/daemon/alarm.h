/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_ALARM_H
#define DAEMON_ALARM_H

#include "postlatch/buf.h"
#include "postlatch/config.h"
#include "postlatch/policy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The masking alarm: an address that is trusted for its address, and shows many HELO names or many
 * senders without a login, is hardly one client. A NAT, a proxy or a container bridge hides others
 * behind it, perhaps the whole Internet; the proof can only assume that it does not.
 *
 * Names are counted in bit maps, a bit a name, so that never more are counted than there were. They are
 * counted for an hour or so (ALARM_WINDOW_BITS), for ALARM_CLIENTS addresses at a time.
 */

/*
 * A window is 2^32 microseconds, 72 minutes. A worker looks at so many requests a second: with more of
 * them a NAT shows itself all the same, and the cost of the others is a comparison.
 */
enum { ALARM_CLIENTS = 256, ALARM_WINDOW_BITS = 32, ALARM_TOLD = 16, ALARM_LOOKS = 500 };
enum { ALARM_HELO_WORDS = 8, ALARM_SENDER_WORDS = 32, ALARM_MEMO = 512 };

/* struct alarm_client - what one trusted address has shown in a window */
struct alarm_client {
    struct pl_addr addr; /* family 0: free */
    uint32_t window;
    bool told;
    unsigned helo_names, senders; /* bits that are set below */
    uint64_t helo_bits[ALARM_HELO_WORDS], sender_bits[ALARM_SENDER_WORDS];
};

/* struct alarm - of all workers together; {0} but for the lock: alarm_init */
struct alarm {
    pthread_mutex_t lock; /* of clients; never waited for when a request is answered */
    struct alarm_client clients[ALARM_CLIENTS];
    atomic_ulong total; /* alarms so far */
};

/* struct alarm_memo - a worker's: what it has noted lately need not be noted again; {0} at first */
struct alarm_memo {
    int64_t since_us; /* the second that looks are counted in */
    unsigned looks;   /* that are left of it */
    uint64_t seen[ALARM_MEMO];
};

void alarm_init(struct alarm *a);
void alarm_fini(struct alarm *a);

/* alarm_is_wanted - whether a request that was decided is from a trusted address without a login */
static inline bool alarm_is_wanted(const struct pl_query *q)
{
    enum {
        MASKING = 1U << PL_BOUNDARY_MASKING,
        TRUSTED = 1U << PL_BOUNDARY_RELAY_NETWORKS | 1U << PL_BOUNDARY_RELAY_BY_RULE |
                  1U << PL_BOUNDARY_PERMITTED_ELSEWHERE
    };

    return (q->client_lists & TRUSTED) != 0 && (q->client_lists & MASKING) == 0 &&
           q->attr[PL_ATTR_SASL_USERNAME].n == 0;
}

/*
 * alarm_note - a request for which alarm_is_wanted; logs a warning, once a window and address, when it
 * is one name too many
 *
 * in       us: of the monotonic clock
 * threads  a worker with its own memo. Waits for nobody: what another is just noting is noted the next
 *          time
 * cost     some hundred instructions, fewer for what was noted lately; ALARM_LOOKS times a second
 */
void alarm_note(struct alarm *a, struct alarm_memo *memo, const struct pl_masking_alarm *limits,
                const struct pl_query *q, int64_t us);

/* alarm_suspects - addresses told of in this window or the one before, ALARM_TOLD at most, appended; "-" if none */
unsigned alarm_suspects(struct alarm *a, int64_t us, struct pl_buf *b);

#endif
