/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_COMPILE_H
#define POSTLATCH_COMPILE_H

#include "postlatch/arena.h"
#include "postlatch/attr.h"
#include "postlatch/sources.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The compiled form of a policy: packet classification by bit vectors (Lakshman and Stiliadis 1998).
 *
 * For each attribute that a rule has a condition on (a dimension) a value is turned into a class, and
 * each class has a row: one bit for each rule, set if the class lets the rule's condition on this
 * attribute hold. A rule without a condition on it holds whatever the value. ANDed over the dimensions,
 * the first bit that is left is the rule that decides.
 *
 * Values of one kind share an index, whichever attribute they come from: all domains are in one, be
 * they looked up for client_name or for recipient. Rows that are equal are kept once. With many rules
 * most words of a row are zero; then it begins with a summary and has only those that are not: memory
 * and time follow the rules in play, not all there are. For each 64 words a summary has two: a bit for
 * each that is not zero, and where in the row the first of those stands.
 *
 * It is also what can be proved: every request lies in one class of each dimension, there are few
 * classes, and each row says exactly which rules the class lets hold.
 */

/*
 * The classes of a dimension are numbered: first these, which no index knows, then those of the index
 * of its kind, in the order of the index (0 of it: present, but in no table).
 */
enum pl_special_class {
    PL_CLASS_ABSENT, /* none, unknown, "<>", no recipient */
    PL_CLASS_BARE,   /* mail addresses without a domain */
    PL_CLASS_ROUTED, /* with sender-specified routing */
    PL_CLASS_INDEXED /* + the class of the index */
};

/* Where the two rows begin that a class adds: the rules whose list names it, or takes it out by '!'. */
struct pl_sides {
    uint32_t in, out;
};

/*
 * struct pl_dimension - one attribute; read-only
 *
 * A list of mail addresses is a set of domains and, beside it, of user@domain and user@: where one of
 * these is found the row is put together when a request is asked, as in & ~out, in and out being ORed
 * over the classes of the domain and of the address.
 *
 * A class that no value has any more has the row without any bit: it was that of a key on its way into
 * several tables.
 */
struct pl_dimension {
    enum pl_attr attr;
    enum pl_attr_kind kind;  /* of attr */
    enum pl_names names;     /* the index of its values, if their kind has one; not ADDR, PORT */
    uint32_t nclasses;       /* special ones included */
    const uint32_t *row;     /* of each class: where its row begins in rows */
    const uint64_t *asked;   /* the rules that have a condition on it */
    const uint64_t *unasked; /* summary of those that have none: bit i, some of word i */
    uint32_t naddresses;     /* classes of the index of addresses; 0: no list has any */
    const struct pl_sides *sides;         /* of each class, if there are addresses */
    const struct pl_sides *address_sides; /* of each class of addresses */
};

/*
 * struct pl_compiled - read-only; any number of threads may ask it
 *
 * With a summary the bits of rows are not in the order of the rules: rules that ask about the same
 * attributes stand together, and begin with a word of their own unless there are too many such groups.
 * Then every word has rules of one group only, no value that they do not ask about fills it, and the
 * summaries rule out all words but those of rules in play. The least rule of all bits that are left
 * decides. Bits that stand for no rule are never set in a row, and set in every `asked`.
 */
struct pl_compiled {
    size_t nrules;
    size_t nwords;               /* of 64 rules each */
    size_t nsummary;             /* pairs of words of a summary; 0: rows have none, and all words */
    const uint32_t *rule_of_bit; /* of each bit of all words: the rule, or PL_NO_RULE */
    const uint32_t *least_rule;  /* of each word */
    const uint64_t
        *live; /* the rules that hold for some request at all: no list of theirs is empty */
    const uint32_t
        *asks;        /* of each word: the dimensions that a live rule of it asks about, as bits */
    uint32_t nothing; /* the row without any bit */
    bool locals;      /* some list has an address without a domain, "user@" */
    const uint64_t
        *live_at_rcpt;      /* those that hold for some request whose protocol_state is RCPT */
    size_t decided_at_rcpt; /* dimensions that live_at_rcpt has decided: the first one, or none */
    size_t ndims;
    struct pl_dimension *dims; /* in the order in which they are looked at, the cheapest first */
    uint64_t *rows;            /* all rows, one behind the other */
    size_t nrows;              /* words in rows */

    struct pl_addr_index addrs;
    struct pl_name_index names[PL_NAMES_COUNT];
    struct pl_classes port_classes;
    uint32_t *port_class;   /* of each port 0..65535; NULL when no table has ports */
    struct pl_arena *arena; /* owns what dims point to */
    const uint16_t
        *addr_lists;        /* of each class of addresses: boundary lists that hold it, as bits */
    uint32_t class_of_rcpt; /* of protocol_state=RCPT */
    bool is_large;          /* some index does not fit into the caches that a request finds warm */
};

#define PL_NO_RULE UINT32_MAX

struct pl_policy;

/*
 * pl_compile - the compiled form of a policy with all its rules, the built-in ones too
 *
 * in       sources: the entries of the policy's tables; used up
 * returns  NULL when memory is short, or *too_many: more than PL_CLASSES_MAX classes of a kind. Free
 *          with pl_compiled_free; the policy's rules must outlive it
 * cost     linear in the entries, and in the classes of lists times the rules that name them
 */
struct pl_compiled *pl_compile(const struct pl_policy *p, struct pl_sources *sources,
                               bool *too_many);
void pl_compiled_free(struct pl_compiled *c);

/*
 * pl_compiled_each_range - the addresses of a boundary list of addresses, as pl_addr_index_join has them
 *
 * cost     linear in the ranges of the index
 */
bool pl_compiled_each_range(const struct pl_compiled *c, unsigned boundary, uint64_t least4,
                            bool (*each)(const struct pl_addr *first, const struct pl_addr *last,
                                         void *arg),
                            void *arg);

/* pl_popcount - the bits that are set. Processors older than x86-64-v2 have no instruction for it */
static inline size_t pl_popcount(uint64_t x)
{
#ifdef __POPCNT__
    return (size_t)__builtin_popcountll(x);
#else
    x -= x >> 1 & 0x5555555555555555ULL;
    x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
    return (size_t)(x * 0x0101010101010101ULL >> 56);
#endif
}

/* pl_compiled_word - word i of the row that begins at row: bits 64 i to 64 i + 63 */
static inline uint64_t pl_compiled_word(const struct pl_compiled *c, uint32_t row, size_t i)
{
    const uint64_t *r = c->rows + row, *summary = r + 2 * (i / 64);

    if (c->nsummary == 0)
        return r[i];
    if ((summary[0] >> i % 64 & 1) == 0)
        return 0;
    return r[summary[1] + pl_popcount(summary[0] & ((1ULL << i % 64) - 1))];
}

#endif
