/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_DIFF_BUILD_H
#define POSTLATCH_ANALYSIS_DIFF_BUILD_H

#include "postlatch/diff.h"

#include <stdint.h>

/* ---- lists of numbers, each kept once ---- */

#define NO_LIST UINT32_MAX

struct diff_list {
    size_t at; /* in items */
    uint32_t n;
};

/* struct diff_lists - plain value, start with {0} */
struct diff_lists {
    uint32_t *items;
    size_t nitems, items_cap;
    struct diff_list *lists;
    size_t count, cap;
    uint32_t *by_content; /* hashed; NO_LIST: empty */
    size_t by_cap;
};

/* diff_lists_keep - the number of a list; NO_LIST when memory is short */
uint32_t diff_lists_keep(struct diff_lists *l, const uint32_t *items, size_t n);
const uint32_t *diff_lists_get(const struct diff_lists *l, uint32_t list, size_t *n);
void diff_lists_fini(struct diff_lists *l);

/* ---- pieces: parts of the space in which the same rules give way to the same ---- */

enum piece_key { KEY_GROUP, KEY_STATES, KEY_LOGINS, KEY_CLIENTS, KEY_RECIPIENTS, PIECE_KEYS };

/* At first an atom of each axis; folded, a list of atoms. */
struct diff_piece {
    uint32_t key[PIECE_KEYS];
};

/*
 * diff_fold - pieces that differ in one key only become one, with the list of its values
 *
 * in       pieces: n of them, all different
 * returns  how many there are now, in no order that means anything; SIZE_MAX when memory is short
 */
size_t diff_fold(struct diff_piece *pieces, size_t n, enum piece_key key, struct diff_lists *lists);

/* ---- names of atoms ---- */

enum { ATOM_NAMES = 8 };

/* What a list calls the values of an atom: the first of its keys in the order of bytes. */
struct atom_names {
    struct pl_str name[ATOM_NAMES];
    size_t kept, count[2]; /* count: keys in the lists of each policy */
};

struct diff_names {
    const struct pl_space *s;
    const struct pl_axis *axis;
    struct pl_arena *arena;
    struct atom_names *atoms; /* owned by arena */
    size_t nobody;            /* the atom of what is in no list; natoms: there is none */
    size_t bare;              /* of a recipient without domain that is in no list; likewise */
};

/* diff_names_init - names for the atoms of recipient or sasl_username; false when memory is short */
bool diff_names_init(struct diff_names *names, const struct pl_space *s, enum pl_attr attr,
                     struct pl_arena *arena);

/*
 * diff_names_list - some atoms in words, as a condition would name them
 *
 * out      *words: *n of them, owned by the arena: "foreign", "!routed", "example.org", "and 3 more"
 * returns  false when memory is short
 */
bool diff_names_list(const struct diff_names *names, const uint32_t *chosen, size_t nchosen,
                     struct pl_str **words, size_t *n);

/*
 * diff_names_best - the atom of some to make an example of: what is in no list (of logins: none)
 * before the first by name; what indexes list has no order, so the number of an atom says nothing
 */
uint32_t diff_names_best(const struct diff_names *names, const uint32_t *atoms, size_t n);

/* diff_names_first - the name by which an atom is put in order; a value of it if it has none */
struct pl_str diff_names_first(const struct diff_names *names, size_t atom);

/* ---- comparing ---- */

struct diff_build {
    struct pl_diff *diff;
    const struct pl_space *s;
    struct pl_walk *w;
    const struct pl_axis *states, *logins, *clients, *recipients; /* states, logins: may be NULL */
    struct diff_lists lists;
    uint32_t *text; /* of each bit: the number of its answer */
    uint8_t *seen;  /* of each result of the walk: what is known about it */
    size_t seen_cap;
    struct diff_piece *pieces; /* malloc'ed */
    size_t npieces, pieces_cap;
    size_t steps;
    uint32_t at[PIECE_KEYS]; /* where the walk is */
    bool failed;
};

/* diff_find_pieces - walk over both policies at once; pieces are atoms × atoms × lists of recipients */
void diff_find_pieces(struct diff_build *b);

/* diff_tell - the folded pieces as changes */
void diff_tell(struct diff_build *b);

/* diff_is_rcpt - whether an atom of b->states is RCPT */
bool diff_is_rcpt(const struct diff_build *b, uint32_t atom);

#endif
