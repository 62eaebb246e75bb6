/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_AXIS_H
#define POSTLATCH_ANALYSIS_AXIS_H

#include "postlatch/space.h"

/*
 * struct axis_builder - making the atoms of one axis, from values that are offered one after the other
 *
 * A value that behaves as an earlier one adds nothing: so what is offered must have a value of each
 * class, and the better example first.
 */
struct axis_builder {
    struct pl_space *s;
    enum pl_attr attr;
    int dim[2]; /* index into the compiled dimensions of each policy, or -1 */
    struct pl_atom *atoms;
    size_t natoms, cap;
    uint32_t *by_content; /* atoms, hashed by row and labels; UINT32_MAX: empty */
    size_t content_cap;
    uint64_t *row;           /* scratch, nwords */
    size_t *row_bytes;       /* taken by the rows of all axes */
    struct axis_pair *pairs; /* PL_KIND_ADDR: hashed by classes */
    size_t npairs, pairs_cap;
    bool too_large, failed;
    /* Called for each value that is offered, with its atom; NULL: nobody asks. Stops if it is false. */
    bool (*each)(struct pl_str value, uint32_t atom, void *arg);
    void *arg;
};

/* What a pair of classes of addresses, one of each policy, is. */
struct axis_pair {
    uint64_t classes; /* of the first << 32 | of the second; UINT64_MAX: empty */
    uint32_t atom;
};

/*
 * axis_offer - one more value; its text is copied if it makes an atom
 *
 * in       labels: those that do not follow from the value
 * returns  its atom, or UINT32_MAX after setting b->failed or b->too_large
 */
uint32_t axis_offer(struct axis_builder *b, struct pl_str value, unsigned labels);

/* axis_is_stopped - nothing more can be made of it */
static inline bool axis_is_stopped(const struct axis_builder *b)
{
    return b->failed || b->too_large;
}

/* axis_find_odd - makes odd_from and odd of an axis, of which all else is known; false: out of memory */
bool axis_find_odd(const struct pl_space *s, struct pl_axis *axis);

/* The values of an axis, by the kind of its attribute. */
void axis_addresses(struct axis_builder *b);
void axis_names(struct axis_builder *b); /* hosts, logins, fingerprints, words */
void axis_mail(struct axis_builder *b);
void axis_ports(struct axis_builder *b);

/* axis_pair_find - the place of a pair of classes among pairs, which are never full */
struct axis_pair *axis_pair_find(struct axis_pair *pairs, size_t cap, uint64_t classes);

/*
 * axis_pairs_grow - more room for pairs
 *
 * inout    *cap: places of pairs, a power of two or 0; those of what is returned
 * returns  what replaces pairs, which is freed; NULL, with all as it was, when memory is short
 */
struct axis_pair *axis_pairs_grow(struct axis_pair *pairs, size_t *cap);

/* A name that nobody has: what stands for all names that are in no list. */
#define AXIS_NOBODY "x7q2zk9w"

/* axis_names_of - the index in which names of an attribute are looked up */
enum pl_names axis_names_of(enum pl_attr attr);

/*
 * axis_child - a name below parent, ".example.org": a readable one if it is in no list itself; empty
 * if none can be
 */
struct pl_str axis_child(const struct pl_space *s, struct pl_str parent, char *room, size_t size);

/*
 * axis_first_keys - of each class of an index of the first policy its least keys, by length and bytes
 *
 * An index is in no order that means anything, differently at each start; examples should not differ.
 *
 * out      keys: classes × most; an empty one ends those of a class. Malloc'ed; NULL when memory is short
 */
struct pl_str *axis_first_keys(const struct pl_space *s, enum pl_names names, size_t most);

/* axis_first_parents - of each class of domains the least ".parent" of it, or an empty one; likewise */
struct pl_str *axis_first_parents(const struct pl_space *s);

/* axis_all_keys - all keys of an index of both policies, sorted likewise; *n of them, malloc'ed */
struct pl_str *axis_all_keys(const struct pl_space *s, enum pl_names names, size_t *n);

/* Which keys of an index of both policies are wanted: of each pair of classes the least ones. */
struct axis_keys_wanted {
    enum pl_names names;
    size_t most; /* of each pair */
    int (*order)(struct pl_str, struct pl_str);
    bool parents; /* only ".parent" keys */
};

/*
 * axis_pair_keys - what is wanted, in order
 *
 * out      *n: how many, empty ones included, which stand for nothing. Malloc'ed; NULL when memory is
 *          short
 * cost     one look-up a key; memory for the pairs
 */
struct pl_str *axis_pair_keys(const struct pl_space *s, const struct axis_keys_wanted *wanted,
                              size_t *n);

/* axis_order - shorter keys first, then by bytes */
int axis_order(struct pl_str a, struct pl_str b);

/* axis_classes - the classes of a name in the index of both policies */
uint64_t axis_classes(const struct pl_space *s, enum pl_names names, struct pl_str name);

#endif
