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
 * each class has a row: one bit for each rule, set if the rule's condition on this attribute holds for
 * the values of the class, or if it has none. The rows of a request's values, one of each dimension,
 * are ANDed; the first bit that is left is the rule that decides.
 *
 * Values of one kind share an index, whichever attribute they come from: all domains are in one, be
 * they looked up for client_name or for recipient. Rows that are equal are kept once.
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

/*
 * struct pl_dimension - one attribute; read-only
 *
 * A list of mail addresses is a set of domains and, beside it, of user@domain and user@: for those the
 * row is put together when a request is asked, as ~asked | in & ~out, in and out being ORed over the
 * classes of the domain and of the address: the rules whose list names it, and those that take it out
 * with '!'.
 */
struct pl_dimension {
    enum pl_attr attr;
    uint32_t nclasses;        /* special ones included */
    const uint32_t *row;      /* of each class: which row */
    const uint64_t *asked;    /* the rules that have a condition on it */
    uint32_t naddresses;      /* classes of the index of addresses; 0: no list has any */
    const uint32_t *in, *out; /* rows of each class, if there are addresses */
    const uint32_t *address_in, *address_out; /* rows of each class of addresses */
};

/* struct pl_compiled - read-only; any number of threads may ask it */
struct pl_compiled {
    size_t nrules;
    size_t nwords;   /* of 64 rules each */
    size_t nsummary; /* words in front of a row, one bit for each word that is not zero; 0: none */
    size_t stride;   /* words a row has in all */
    const uint64_t
        *live; /* the rules that hold for some request at all: no list of theirs is empty */
    size_t ndims;
    struct pl_dimension *dims; /* in the order in which they are looked at, the cheapest first */
    uint64_t *rows;            /* row r: rows + r * stride */
    size_t nrows;

    struct pl_addr_index addrs;
    struct pl_name_index names[PL_NAMES_COUNT];
    struct pl_classes port_classes;
    uint32_t *port_class;   /* of each port 0..65535; NULL when no table has ports */
    struct pl_arena *arena; /* owns what dims point to */
    const uint16_t
        *addr_lists; /* of each class of addresses: the boundary lists that hold it, as bits */
    uint32_t class_of_rcpt; /* of protocol_state=RCPT */
};

struct pl_policy;

/*
 * pl_compile - the compiled form of a policy with all its rules, the built-in ones too
 *
 * in       sources: the entries of the policy's tables; used up
 * returns  NULL when memory is short or there are more than PL_CLASSES_MAX classes of a kind. Free
 *          with pl_compiled_free; the policy's rules must outlive it
 * cost     linear in the entries, plus rows: classes × rules / 64
 */
struct pl_compiled *pl_compile(const struct pl_policy *p, struct pl_sources *sources);
void pl_compiled_free(struct pl_compiled *c);

/*
 * pl_compiled_each_network - the networks of a boundary list of addresses, as a minimal list, in order
 *
 * in       each: called with one after the other, until it returns false
 * returns  false if each did
 * cost     linear in the ranges of the index
 */
bool pl_compiled_each_network(const struct pl_compiled *c, unsigned boundary,
                              bool (*each)(const struct pl_prefix *prefix, void *arg), void *arg);

/* pl_compiled_row - the words of a row, without its summary */
const uint64_t *pl_compiled_row(const struct pl_compiled *c, uint32_t row);

#endif
