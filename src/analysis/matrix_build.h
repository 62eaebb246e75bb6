/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_MATRIX_BUILD_H
#define POSTLATCH_ANALYSIS_MATRIX_BUILD_H

#include "atoms.h"

#include "postlatch/buf.h"
#include "postlatch/matrix.h"
#include "postlatch/walk.h"

/* A matrix while it is built: matrix_collect.c, then matrix_names.c and matrix.c. */

/*
 * struct family - rows that vary one attribute
 *
 * near: the decisions of clients that have nothing else to show. far: of clients whatever else they
 * have; of these only rules count that ask about the attribute. NULL in the family of networks.
 */
struct family {
    enum pl_row_kind kind;
    enum pl_attr attr;
    const struct pl_listener *listener; /* PL_ROW_LISTENER */
    struct pl_walk *near, *far;
    bool all_of_far;                /* no rule of far is left out */
    uint32_t pinned[PL_ATTR_COUNT]; /* PL_ROW_LISTENER: the atoms of the place; else PL_NO_ATOM */
    struct family *next;
};

/* struct row_class, struct column_class - atoms that behave alike, before they have a name */
struct row_class {
    struct family *family;
    size_t natoms; /* PL_NO_ATOM alone where no rule asks about the attribute */
    uint32_t *atoms;
    uint32_t *sets; /* of each atom of recipients: which set of decisions */
    bool outside;   /* the relay boundary */
};

struct column_class {
    enum pl_column_kind kind;
    size_t natoms;
    size_t *at; /* indexes into rcpts */
};

/* struct decided - a set of deciding rules, as ascending bits of the space */
struct decided {
    size_t n;
    uint32_t *bits;
};

/* struct member - an entry of a table that conditions on an attribute name, and its atom */
struct member {
    uint32_t atom, entry;
    const struct pl_table *table;
};

struct members {
    bool listed;
    size_t n, cap;
    struct member *items; /* by table */
};

struct build {
    const struct pl_policy *p;
    const struct pl_space *s;
    struct pl_arena *arena; /* the matrix's */
    const struct pl_matrix_question *question;
    struct atom_finder finder;
    bool failed; /* memory is short */
    const char *gave_up;
    uint32_t plain[PL_ATTR_COUNT][2]; /* atoms of clients with nothing to show; PL_NO_ATOM: none */
    uint32_t everybody;               /* client_address: the atom that most addresses are in */
    struct family *families;
    size_t nrcpts;
    uint32_t *rcpts; /* atoms of recipient; PL_NO_ATOM alone if no rule asks */
    size_t nrows, rows_cap;
    struct row_class *rows;
    size_t ncolumns, columns_cap;
    struct column_class *columns;
    size_t nsets, sets_cap;
    struct decided *sets;
    uint32_t *set_slots;
    size_t set_mask;
    struct members members[PL_ATTR_COUNT]; /* listed when first asked for */
};

/* matrix_find_plain - fills in plain and everybody */
void matrix_find_plain(struct build *b);

/* matrix_collect - all classes of rows and columns; see failed and gave_up */
void matrix_collect(struct build *b);

/* matrix_collect_fini - frees what the walks hold */
void matrix_collect_fini(struct build *b);

/* matrix_set - the number of a set of decisions; bits are sorted by it */
uint32_t matrix_set(struct build *b, uint32_t *bits, size_t n);

/* matrix_decides - whether a rule is in a set */
bool matrix_decides(const struct build *b, uint32_t set, uint32_t bit);

/*
 * matrix_go - choose the atoms of a row and a recipient in a walk of the family
 *
 * returns  how often pl_walk_back takes it back; 0: there is no request there
 */
size_t matrix_go(const struct build *b, struct family *f, struct pl_walk *w, uint32_t atom,
                 uint32_t rcpt);

/* matrix_usual - the rule that decides, as a bit, for ordinary values of all else; *atoms: these */
uint32_t matrix_usual(struct build *b, const struct family *f, uint32_t atom, bool outside,
                      uint32_t rcpt, uint32_t atoms[PL_ATTR_COUNT]);

/* matrix_is_outside - a row's clients are outside the relay boundary */
bool matrix_is_outside(struct build *b, const struct family *f, uint32_t atom);

/* matrix_name_row, matrix_name_column - what a class is called, and what is in it */
void matrix_name_row(struct build *b, struct pl_class *out, const struct row_class *row);
void matrix_name_column(struct build *b, struct pl_class *out, const struct column_class *column);

/* matrix_names_fini - frees the lists of members */
void matrix_names_fini(struct build *b);

#endif
