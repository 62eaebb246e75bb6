/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_SNAPSHOT_H
#define DAEMON_SNAPSHOT_H

#include "postlatch/arena.h"
#include "postlatch/config.h"
#include "postlatch/diag.h"
#include "shadow.h"
#include "tally.h"
#include "verdict.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * struct snapshot - what the daemon runs: read-only once published
 *
 * Locked, it lets nobody relay: DUNNO for recipients that are ours, and for all but RCPT; a 451 for
 * the rest.
 */
struct snapshot {
    struct pl_config config;
    unsigned long generation; /* 1 at the start, one more with each reload that succeeded */
    struct verdict verdict;
    struct shadow *shadow; /* NULL: none */
    bool locked;
    struct pl_rule lock;    /* builtin:locked */
    struct pl_str *replies; /* of each rule, of builtin:expired and of builtin:locked; empty: it has
                               placeholders */
    struct tally_set
        *counts; /* of the same rules, by the same numbers; NULL until it is published */
};

/*
 * snapshot_load - load a configuration and prove its policy; what follows from the verdict is the
 * caller's (verdict_fate)
 *
 * returns  NULL after noting in d what is wrong. Free: snapshot_free
 */
struct snapshot *snapshot_load(const char *path, unsigned long generation, struct pl_diag *d);

/*
 * snapshot_load_shadow - load the policy that the configuration names as its shadow, if any
 *
 * returns  false after noting in d what is wrong; the snapshot is good without it
 */
bool snapshot_load_shadow(struct snapshot *s, struct pl_diag *d);

/* snapshot_set_today - the day, for all waivers; any thread */
void snapshot_set_today(const struct snapshot *s, int32_t today);

/*
 * snapshot_load_locked - a locked snapshot for a configuration that does not load: its own options
 * are sound, and among them is on_bad_policy = locked. No recipient is ours then
 *
 * returns  NULL if there is no such thing, or memory is short
 */
struct snapshot *snapshot_load_locked(const char *path);
void snapshot_free(struct snapshot *s);

/*
 * snapshot_decide - what to answer to a request
 *
 * out      *d, what decided; *number, of its rule: replies[*number] is the whole answer, empty if it has
 *          to be made for this request
 * returns  false: there is no answer (it waits for a guard)
 */
bool snapshot_decide(const struct snapshot *s, struct pl_query *q, struct pl_decision *d,
                     size_t *number);

/*
 * struct snapshot_holder - the running snapshot, and who has yet to let go of the one before
 *
 * A reader (each worker, and the main thread) keeps a pointer of its own. It follows the holder's
 * only between two callbacks, when none of its requests is under way, and acknowledges. So a request
 * sees one policy from start to end, and nobody takes a lock to read it.
 */
struct snapshot_holder {
    _Atomic(struct snapshot *) current;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct tally tally;       /* of all that there have been */
    size_t readers;           /* how many there are */
    size_t waiting;           /* how many still hold the one before */
    bool closing;             /* the daemon stops: nobody acknowledges any more */
    struct snapshot *retired; /* the one before, if closing cut the wait short */
};

void snapshot_holder_init(struct snapshot_holder *h, struct snapshot *first);
void snapshot_holder_fini(struct snapshot_holder *h);

/*
 * snapshot_holder_open - for so many workers, and the main thread: the readers. Before any of them starts
 *
 * returns  false when memory is short
 */
bool snapshot_holder_open(struct snapshot_holder *h, size_t workers);

/*
 * snapshot_replace - publish a snapshot, wake the readers, wait until all have let go of the old
 * one, free it. Blocks: not for a thread that runs a loop
 *
 * in       wake, arg: called once to wake every reader
 * returns  false, and next is the caller's still, if the daemon is stopping or memory is short
 */
bool snapshot_replace(struct snapshot_holder *h, struct snapshot *next, void (*wake)(void *),
                      void *arg);

/* snapshot_follow - a reader, awake and without a request under way, takes the newest one */
void snapshot_follow(struct snapshot_holder *h, const struct snapshot **mine);

/* snapshot_close - end the waiting of snapshot_replace, now and for ever */
void snapshot_close(struct snapshot_holder *h);

/*
 * struct settings_copy - settings that outlive the configuration that they came from: those that
 * only a restart can change
 */
struct settings_copy {
    struct pl_arena *arena; /* owns what s points to */
    struct pl_settings s;
};

/* settings_copy_init - a deep copy; false when memory is short */
bool settings_copy_init(struct settings_copy *copy, const struct pl_settings *from);
void settings_copy_fini(struct settings_copy *copy);

#endif
