/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "loop.h"
#include "postlatch/buf.h"
#include "snapshot.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct pool;
struct control;

enum { RELOAD_MAGIC = 0x524c4f44, RELOAD_TOLD = 20 };

enum reload_outcome {
    RELOAD_NONE,    /* there was none yet */
    RELOAD_OK,      /* the new configuration is in force */
    RELOAD_REFUSED, /* it has errors, or must not run; the old one is in force still */
    RELOAD_ERROR    /* the system did not let us try */
};

/*
 * struct reload - loading the configuration anew, in a thread of its own, one at a time
 *
 * Reloads are numbered from 1. A request while one runs waits for the next, which serves all that
 * came by then.
 */
struct reload {
    uint32_t magic;
    struct ev_loop *loop; /* the main one */
    const char *path;
    const struct pl_settings *started_with; /* what only a restart can change */
    struct snapshot_holder *snapshots;
    struct pool *pool;
    struct control *control;         /* is told of the end of each */
    const struct snapshot *snapshot; /* the main thread's own pointer to the running state */
    ev_async follow;                 /* a new snapshot was published */
    ev_async done;                   /* the thread is at its end */

    bool running, again;
    bool accept_wider, again_accept_wider; /* of the present one, of the next: reload_request */
    unsigned long number;                  /* of the last one that was begun */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t end; /* has_ended, of the thread; waits by the monotonic clock */
    bool has_ended;
    /* The thread's, while running. */
    unsigned long generation; /* that it is to make */
    enum reload_outcome outcome;
    struct pl_buf text, warnings; /* to be logged and told: lines, each with its LF */
    struct pl_buf changes;        /* likewise, behind them: what is another answer now */
    struct pl_buf reasons;        /* to be logged as errors, in front of text */
    struct pl_buf report;         /* to be told in place of reasons */

    enum reload_outcome last; /* of those that ended */
    time_t last_at;
    struct pl_buf last_error;              /* why it did not succeed: lines, at most RELOAD_TOLD */
    unsigned long ended[RELOAD_ERROR + 1]; /* how many so, so far */
    time_t in_force_at;                    /* since when the running policy is */
};

/* reload_outcome_word - none, ok, refused, error */
const char *reload_outcome_word(enum reload_outcome outcome);

/* reload_init - with the other members of *r set; starts its watchers */
void reload_init(struct reload *r);

/*
 * reload_request - load anew, or once more when the present one is done; returns its number
 *
 * in       accept_wider: although more may relay then, whatever reload_wider says
 */
unsigned long reload_request(struct reload *r, bool accept_wider);

/*
 * reload_stop - no more reloads; a running one is waited for if it ends soon
 *
 * returns  false if its thread still runs: memory that it uses must not be freed
 */
bool reload_stop(struct reload *r);

/*
 * reload_tell_manager - the service manager learns of a change, with the running policy in words
 *
 * in       change: an assignment of sd_notify(3), e.g. READY=1
 */
void reload_tell_manager(const struct reload *r, const char *change);

/* reload_log_lines - log each line of a text, the prefix in front; log: log_error and the like */
void reload_log_lines(void (*log)(const char *fmt, ...) PL_PRINTF(1, 2), const char *prefix,
                      struct pl_str lines);

/* reload_count - "1 rule", "2 rules", appended */
void reload_count(struct pl_buf *b, size_t n, const char *noun, const char *plural);

/* reload_summary - "12 rules, 3 tables, 4711 entries", appended */
void reload_summary(struct pl_buf *b, const struct pl_policy *policy);

#endif
