/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_LINT_UNITS_H
#define POSTLATCH_ANALYSIS_LINT_UNITS_H

#include "postlatch/buf.h"
#include "postlatch/lint.h"

/*
 * What a condition names, piece by piece: an entry written in it, a table, a boundary list, a word; and
 * in which atoms the values of each piece lie.
 */
struct lint_unit {
    const struct pl_condition *cond;
    const struct pl_table *table; /* of an entry, or the table itself */
    const struct pl_set *list;    /* a boundary list */
    unsigned word;                /* an enum pl_keyword */
    bool is_entry;
    size_t index; /* of an entry: in the index of its kind */
};

struct lint_values;

/* struct lint_units - what is known about values of all axes; start with lint_units_init */
struct lint_units {
    const struct pl_policy *p;
    const struct pl_space *s;
    struct lint_values *values[PL_ATTR_COUNT]; /* made when they are asked for */
    struct axis_range *ranges[PL_ATTR_COUNT];  /* likewise; malloc'ed */
    size_t nranges[PL_ATTR_COUNT];
    size_t work; /* what it took, in steps of a walk or less */
    bool failed;
};

void lint_units_init(struct lint_units *u, const struct pl_policy *p, const struct pl_space *s);
void lint_units_fini(struct lint_units *u);

/* lint_units_count - how many pieces a condition has; `any` and the words for "absent" count as one each */
size_t lint_units_count(const struct pl_condition *cond);

/*
 * lint_units_each - the pieces of a condition but `any` and the words for "absent", which stand beside
 * others to leave nobody out, until each returns false
 */
void lint_units_each(const struct pl_condition *cond,
                     bool (*each)(const struct lint_unit *unit, void *arg), void *arg);

/*
 * lint_units_atoms - the atoms in which values of a piece lie, whatever else the condition says
 *
 * out      atoms: of the axis of the condition's attribute, which there is; natoms
 * returns  false when memory is short
 */
bool lint_units_atoms(struct lint_units *u, const struct lint_unit *unit, bool *atoms);

/* lint_units_at - where a piece stands */
struct pl_pos lint_units_at(const struct lint_unit *unit);

/* lint_units_say - the piece as it is written: "192.0.2.1", <printers>, routed */
void lint_units_say(struct pl_buf *out, const struct lint_unit *unit);

#endif
