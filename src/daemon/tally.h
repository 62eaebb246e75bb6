/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_TALLY_H
#define DAEMON_TALLY_H

#include "counter.h"
#include "postlatch/policy.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was decided, by rule. A worker counts in an array of its own, a number for each rule of the policy
 * that it answers by; nothing is looked up and nothing is shared when a request is answered. Who reads
 * adds up the arrays of all workers. When a policy is replaced its numbers are added to those of the
 * policies before it, by the names of its rules, so that no number ever goes back.
 */

/* Series at most; rules beyond them are counted together, in series that are named TALLY_OTHER. */
enum { TALLY_SERIES_MAX = 1000 };
#define TALLY_OTHER "…other"

/* struct tally_series - decisions of the rules of one name, action and stage; read-only but for tally.c */
struct tally_series {
    struct pl_str rule, action; /* owned */
    /*
     * The protocol_state at which the rule holds: RCPT, DATA, … if it is one; "other" if there are others,
     * RCPT not among them; "any" if RCPT is.
     */
    const char *stage;
    enum pl_effect effect;
    unsigned long count; /* of all policies so far, when it is read */

    unsigned long past; /* of the policies that are gone */
    size_t rules;       /* of the present policies that are counted here */
};

struct tally_set;

/* struct tally - all series, and the policies that are counted at present; one a daemon */
struct tally {
    pthread_mutex_t lock;
    size_t workers;
    struct tally_series **series; /* in the order of rule, action and stage */
    size_t count, cap;
    struct tally_set *sets; /* two while a policy is being replaced */
};

/* tally_init, tally_fini - in: workers, how many threads will count. No set may be left at the end */
void tally_init(struct tally *t, size_t workers);
void tally_fini(struct tally *t);

/*
 * tally_begin - numbers for a policy
 *
 * in       p: it and its rules outlive the set. more: n rules that are counted behind those of p;
 *          NULL for one that answers nothing
 * returns  NULL when memory is short; ends with tally_end
 * threads  any
 * cost     a search among the series for each rule
 */
struct tally_set *tally_begin(struct tally *t, const struct pl_policy *p,
                              const struct pl_rule *const *more, size_t n);

/*
 * tally_end - the policy is gone, nobody counts there any more: its numbers become those of the past.
 * NULL accepted; any thread
 */
void tally_end(struct tally_set *set);

/* tally_slots - the numbers of a worker: its to write, one for each rule, then for those of `more` */
atomic_ulong *tally_slots(const struct tally_set *set, size_t worker);

/* tally_each - all series, in their order. The lock is held meanwhile; any thread */
void tally_each(struct tally *t, void (*each)(const struct tally_series *s, void *arg), void *arg);

/* tally_effects - all decisions so far, by what their actions do */
void tally_effects(struct tally *t, unsigned long by_effect[PL_EFFECT_UNKNOWN + 1]);

#endif
