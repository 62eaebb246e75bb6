/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_WALK_STATE_H
#define POSTLATCH_ANALYSIS_WALK_STATE_H

#include "postlatch/walk.h"

/* What a request so far may have: a login, TLS. */
enum { FRAME_LOGIN = 1, FRAME_TLS = 2 };

/* The state before an axis: the words of rules that are possible, without those that are zero. */
struct frame {
    uint32_t *index;
    uint64_t *word;
    size_t n;
    unsigned flags;
    uint64_t *allowed; /* bits: the atoms of the axis that the region has */
    size_t nallowed;
    uint64_t *options;      /* bits: the atoms of the axis that are worth a look (walk_look) */
    size_t chosen;          /* by pl_walk_choose: the atom that led on from here */
    uint64_t *seen, serial; /* results of children that the present node has met: its serial */
    size_t seen_cap;
};

enum { RESULT_NOTHING = 0 };
#define NO_RESULT UINT32_MAX

/* What is known about a state. */
struct memo {
    uint64_t hash;
    uint32_t result; /* or NO_RESULT */
    uint32_t failed; /* the search that found nothing from here */
    uint32_t k, flags, n;
    uint64_t words[]; /* n words, then their n indexes, of 32 bits */
};

/* A set of decisions, kept once. */
struct result {
    uint32_t n;
    const uint32_t *ids; /* of outcomes, ascending */
    struct pl_outcome *outcomes;
};

struct pl_walk {
    const struct pl_space *s;
    struct pl_region region;
    struct pl_arena *arena;
    size_t naxes;
    const struct pl_axis *axes[PL_ATTR_COUNT]; /* in the order of the walk */
    uint64_t *definite; /* of each place: the rules that ask about no axis from there on */
    uint64_t *keep;     /* forbidden or required: not dropped */
    size_t
        *next_keep;   /* of each word: the next of its part that has such a rule, itself at first */
    bool wants[2];    /* whether the part has wanted rules */
    size_t *required; /* the words of region.required that are not zero */
    size_t nrequired;
    size_t free_from; /* from here on axes can be passed over */
    bool empty;       /* some axis has no allowed atom */
    bool nothing;     /* the region has no request */
    size_t k;         /* the next axis */
    struct frame frames[PL_ATTR_COUNT + 1];

    size_t steps, steps_max;
    const char *gave_up;
    struct memo **memo; /* hashed */
    size_t memo_count, memo_cap, memo_bytes;
    uint32_t searches;
    uint64_t serial;

    struct result *results;
    size_t nresults, results_cap;
    uint32_t *by_result; /* hashed by content */
    size_t by_result_cap;
    struct pl_outcome *outcomes;
    size_t noutcomes, outcomes_cap;
    uint32_t *by_outcome; /* hashed; UINT32_MAX: empty */
    size_t by_outcome_cap;
    uint64_t *stamp; /* of each outcome: the union that has it */
    size_t stamp_cap;
    uint64_t unions;
};

/* walk_atom - an atom of the axis at place k */
static inline const struct pl_atom *walk_atom(const struct pl_walk *w, size_t k, size_t atom)
{
    return &w->axes[k]->atoms[atom];
}

/* walk_bits - a word of some bits of the region, which may not be there */
static inline uint64_t walk_bits(const uint64_t *bits, size_t i)
{
    return bits == NULL ? 0 : bits[i];
}

/* walk_allows - whether the region has the atom at place k */
static inline bool walk_allows(const struct pl_walk *w, size_t k, size_t atom)
{
    return (w->frames[k].allowed[atom / 64] >> atom % 64 & 1) != 0;
}

/* walk_needs, walk_gives - what must be there for a value of the attribute to be; what one is: flags */
unsigned walk_needs(enum pl_attr attr);
unsigned walk_gives(enum pl_attr attr);

/*
 * walk_narrow - the state at place k: the rules of from that are in row and can decide
 *
 * out      to: may be from
 * returns  false if there is nothing: a forbidden rule holds
 */
bool walk_narrow(const struct pl_walk *w, const struct frame *from, const uint64_t *row, size_t k,
                 struct frame *to);

/* walk_step - the state behind an atom of axis k; false if the region has nothing there */
bool walk_step(struct pl_walk *w, size_t k, size_t atom);

/*
 * walk_look - finds the atoms at place k that are worth a look: what any other one leads to, an earlier
 * one of them does
 */
void walk_look(struct pl_walk *w, size_t k);

/* walk_next - the first of them from *atom on; false behind the last */
bool walk_next(const struct pl_walk *w, size_t k, size_t *atom);

/* walk_recall - what is known about the state at place k, maybe nothing; NULL when the walk gives up */
struct memo *walk_recall(struct pl_walk *w, size_t k);

/* walk_single_result - the set of one decision; RESULT_NOTHING after giving up */
uint32_t walk_single_result(struct pl_walk *w, const struct pl_outcome *outcome);

/* walk_union - the set of all decisions of some sets */
uint32_t walk_union(struct pl_walk *w, const uint32_t *results, size_t n);

/* walk_list - what is in a set; returns result */
uint32_t walk_list(const struct pl_walk *w, uint32_t result, const struct pl_outcome **outcomes,
                   size_t *n);

#endif
