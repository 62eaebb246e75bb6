/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REPORT_MATRIX_WORDS_H
#define POSTLATCH_REPORT_MATRIX_WORDS_H

#include "postlatch/buf.h"
#include "postlatch/matrix.h"
#include "postlatch/prove.h"

#include <stdbool.h>
#include <stddef.h>

/* What the pages about a policy have in common: words, numbers, texts made harmless. */

/*
 * add_plain - text of a policy, for a terminal: control characters, those that change the direction of
 * writing or cannot be seen, and bytes that are not UTF-8 become \u{…} and \x..
 */
void add_plain(struct pl_buf *out, struct pl_str text);

/* add_html - the same for HTML, in elements and attributes */
void add_html(struct pl_buf *out, struct pl_str text);

/* html_text - text in <bdi>, with places where a long word may break behind ':', '@', '.', '/' */
void html_text(struct pl_buf *out, struct pl_str text);

/* text_width - columns that UTF-8 text takes, one a character */
size_t text_width(struct pl_str text);

/* add_cut - text in exactly width columns: filled up with blanks, or cut with "…" */
void add_cut(struct pl_buf *out, struct pl_str text, size_t width);

/* add_number - with commas: 65,536 */
void add_number(struct pl_buf *out, double n);

/* add_rule - builtin:network, or rule "app server" */
void add_rule(struct pl_buf *out, const struct pl_rule *rule);

/* add_conditions - what a rule asks: "sender = {ours}, helo_name = {…}"; "always" if nothing */
void add_conditions(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule);

/* add_when - the same as the end of a sentence, for a terminal: ", if sender = {ours}" */
void add_when(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule);

/* letter - what a column is called: A, B, … */
void letter(char out[8], size_t column);

/* cell_differs - merged classes get different things there: no decision stands for the others */
bool cell_differs(const struct pl_matrix *m, size_t row, size_t column);

/* cell_head - the decision that a cell shows: the usual one, but an open relay before all others */
const struct pl_outcome_told *cell_head(const struct pl_cell *cell);

/*
 * add_cells_of - the cells in which a rule decides with this flow, but another one is shown: "rows 1-3, 5",
 * "row 16, column E"; columns are left out where it is all of them. Nothing if there is no cell
 */
void add_cells_of(struct pl_buf *out, const struct pl_matrix *m, const struct pl_rule *rule,
                  enum pl_flow flow);

/* add_example - the attributes of a request that matter, as arguments of postlatch explain */
void add_example(struct pl_buf *out, const struct pl_policy *p,
                 const struct pl_str request[PL_ATTR_COUNT]);

/* column_side - "ours", "foreign" */
const char *column_side(const struct pl_class *column);

/* add_row_title - what a row is called, with the lists that hold it */
void add_row_title(struct pl_buf *out, const struct pl_class *row);

/* add_row_notes - what is to be known about a row: masking, permitted_elsewhere; nothing for most */
void add_row_notes(struct pl_buf *out, const struct pl_class *row);

/* verdict_sentence - what a verdict means, in a sentence */
const char *verdict_sentence(const struct pl_proof *proof);

/*
 * struct rule_numbers - the rules that decide somewhere in a matrix, numbered in the order of the
 * policy; release with rule_numbers_fini
 */
struct rule_numbers {
    size_t *number; /* of each rule of the policy, from 1; 0: decides nowhere */
    size_t count;
};

bool rule_numbers_init(struct rule_numbers *n, const struct pl_matrix *m);
void rule_numbers_fini(struct rule_numbers *n);

/* flows_used - which flows occur in a matrix: bits */
unsigned flows_used(const struct pl_matrix *m);

#endif
