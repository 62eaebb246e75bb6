/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_POLICY_ROWS_H
#define POSTLATCH_POLICY_ROWS_H

#include "postlatch/compile.h"
#include "postlatch/policy.h"

/* Up to so many words rows have no summary, and the result of an AND is kept on the stack. */
enum { COMPILED_SMALL = 8 };

/*
 * struct rows_builder - making the rows of all dimensions
 *
 * A use is a list's mention of something: of a table, a word, a boundary list. They are sorted by what
 * is mentioned, so that a class, which is a set of tables, finds the rules it touches.
 */
struct rows_builder {
    struct pl_compiled *c;
    const struct pl_policy *p;
    uint32_t *bit_of_rule;
    size_t rows_cap;
    uint32_t *by_content; /* where rows begin, hashed by content */
    size_t content_cap, count;
    uint32_t *mark; /* of each table: the class that was looked at last and has it */
    uint32_t marked;
    uint64_t *in, *out, *row; /* scratch: nwords, nwords, 2 nsummary + nwords */
    uint64_t *by_word;        /* what each word or list adds to in, and to out: nwords each */
    const uint64_t *used; /* of the present dimension: the classes that some value has; NULL: all */
    const uint64_t *used_addresses; /* the same of mail addresses */
    struct use *uses;               /* of the present dimension */
    size_t nuses, uses_cap;
    uint32_t *first_use; /* of each table, of each word and list behind them, and one more */
};

/* rows_begin, rows_end - *b is zeroed; false when memory is short. rows_end in any case */
bool rows_begin(struct rows_builder *b, struct pl_compiled *c, const struct pl_policy *p);
void rows_end(struct rows_builder *b);

/* rows_build - everything of d but its attribute, from the classes of its values */
bool rows_build(struct rows_builder *b, struct pl_dimension *d, const struct pl_classes *classes);

/* rows_address_lists - which boundary lists hold each class of addresses */
bool rows_address_lists(struct rows_builder *b);

#endif
