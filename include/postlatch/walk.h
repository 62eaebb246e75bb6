/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_WALK_H
#define POSTLATCH_WALK_H

#include "postlatch/space.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which rules decide, over a part of the space? One axis after the other, keeping the rules that are
 * still possible; where the same rules are possible at the same axis again, the answer is known. It is
 * a decision diagram made on the way: its size follows the number of different sets of rules, not that
 * of values.
 */

/* The most steps of a question before it is given up, and of memory for what is known already. */
enum { PL_WALK_STEPS_MAX_MILLION = 2000, PL_WALK_MEMO_MAX_MIB = 512 };

/*
 * struct pl_region - the part of the space that a question is about; fill in, zeroed means all of it
 *
 * A rule that is forbidden must not hold, one that is required must; one that is ignored does not
 * decide, as if it did not exist. A rule may be both required and ignored, but not forbidden and
 * anything else. Where a part of the space has wanted rules, one of them decides in it: whoever asks
 * about a few rules only should name them, as all that cannot lead to them is then passed over. One
 * that is wanted is not both required and ignored.
 */
struct pl_region {
    const bool *allowed[PL_ATTR_COUNT]; /* natoms of the attribute's axis; NULL: all of them */
    const uint64_t *forbidden;          /* nwords, or NULL */
    const uint64_t *ignored;            /* nwords, or NULL */
    const uint64_t *required;           /* nwords, or NULL: all of these must hold */
    const uint64_t *wanted;             /* nwords, or NULL: any rule may decide */
    bool no_login;    /* sasl_username is absent, also where no rule asks about it */
    bool no_tls;      /* encryption_protocol is absent, likewise */
    size_t steps_max; /* give up after as many; 0: PL_WALK_STEPS_MAX_MILLION */
    /* The order of axes: these first, the others behind them as they are in the space. */
    size_t nfirst;
    enum pl_attr first[8];
};

/* struct pl_walk - opaque; one thread at a time. What it points to must outlive it */
struct pl_walk;

/* pl_walk_new - NULL when memory is short; free with pl_walk_free */
struct pl_walk *pl_walk_new(const struct pl_space *s, const struct pl_region *region);
void pl_walk_free(struct pl_walk *w);

/* pl_walk_gave_up - why the answers are not complete, a static string; NULL if they are */
const char *pl_walk_gave_up(const struct pl_walk *w);

/*
 * A place in the walk: some axes have their atom. pl_walk_root begins; pl_walk_choose goes on by one
 * atom of the next axis and pl_walk_back takes that back. pl_walk_axis is the next axis, NULL behind
 * the last.
 */
void pl_walk_root(struct pl_walk *w);
const struct pl_axis *pl_walk_axis(const struct pl_walk *w);

/*
 * pl_walk_choose - go on with an atom of the next axis
 *
 * returns  false, without having gone on, if the region has nothing there
 */
bool pl_walk_choose(struct pl_walk *w, size_t atom);
void pl_walk_back(struct pl_walk *w);

/*
 * pl_walk_look, pl_walk_next - the atoms of the next axis that are worth a look
 *
 * What any other atom leads to, an earlier one of these does: who asks whether some atom, or all of
 * them, lead to something need not try all. pl_walk_look finds them, for as long as the walk does not
 * go back from here; pl_walk_next says which is the first from *atom on, false behind the last.
 */
void pl_walk_look(struct pl_walk *w);
bool pl_walk_next(const struct pl_walk *w, size_t *atom);

/*
 * pl_walk_go_to - choose, on each axis before that of attr, the first atom that is possible
 *
 * returns  false if an axis has none, or there is no axis of attr
 */
bool pl_walk_go_to(struct pl_walk *w, enum pl_attr attr);

/* A decision of a leaf: the deciding rule of each part, as a bit of the space. */
struct pl_outcome {
    uint32_t bit[2];
};

/*
 * pl_walk_collect - all decisions from here on
 *
 * out      *outcomes: *n different ones, in no order that means anything; owned by the walk and valid
 *          as long as it is. None if the region has no request here
 * returns  a number for this set of decisions: equal sets have equal numbers. When the walk gave up,
 *          decisions may be missing
 */
uint32_t pl_walk_collect(struct pl_walk *w, const struct pl_outcome **outcomes, size_t *n);

/*
 * pl_walk_find - a request from here on whose decision is wanted
 *
 * out      atoms: the atom of each axis, by attribute; PL_NO_ATOM for attributes without one
 * returns  false if there is none, or the walk gave up
 */
#define PL_NO_ATOM UINT32_MAX
bool pl_walk_find(struct pl_walk *w, bool (*wanted)(const struct pl_outcome *outcome, void *arg),
                  void *arg, uint32_t atoms[PL_ATTR_COUNT]);

/* pl_walk_steps - atoms looked at so far */
size_t pl_walk_steps(const struct pl_walk *w);

/*
 * pl_walk_request - the request that stands for atoms, as Postfix would send it
 *
 * What no rule asks about has an ordinary value, or none. The values are the space's.
 *
 * in       atoms: by attribute, as pl_walk_find gives them
 */
void pl_walk_request(const struct pl_space *s, const uint32_t atoms[PL_ATTR_COUNT],
                     struct pl_str request[PL_ATTR_COUNT]);

#endif
