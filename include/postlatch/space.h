/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_SPACE_H
#define POSTLATCH_SPACE_H

#include "postlatch/arena.h"
#include "postlatch/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct axis_pair;

/*
 * All requests that there are, as a policy sees them.
 *
 * An axis is an attribute that some rule asks about; an atom of it is a set of values that no rule and
 * no boundary list tells apart, with one of them as its example. A request is one atom of each axis,
 * and every combination counts as possible, except: no sasl_method without sasl_username, no
 * certificate and no SNI without TLS. So a statement about all combinations of atoms is one about all
 * requests.
 *
 * The rules an atom lets hold are read by the code that decides requests (pl_policy_row), for an
 * example of each class of the compiled form. For two policies at once, to compare them, an atom has
 * the rules of both: first those of the one, then from a whole word on those of the other.
 */

/* What is true of all values of an atom. Bits. */
enum pl_label {
    PL_LABEL_ABSENT = 1,
    /* client_address; of the second policy the same, shifted by PL_LABEL_SECOND_SHIFT */
    PL_LABEL_NETWORK = 2,    /* in relay_networks */
    PL_LABEL_BY_RULE = 4,    /* in relay_by_rule */
    PL_LABEL_MASKING = 8,    /* in masking */
    PL_LABEL_ELSEWHERE = 16, /* in permitted_elsewhere */
    /* sender, recipient: of the first policy, and of the second */
    PL_LABEL_OURS = 32,
    PL_LABEL_FOREIGN = 64, /* present and not ours */
    PL_LABEL_OURS_2 = 128,
    PL_LABEL_FOREIGN_2 = 256,
    PL_LABEL_ROUTED = 512,
    PL_LABEL_BARE = 1024
};
enum { PL_LABEL_SECOND_SHIFT = 16 };

/* struct pl_atom - one set of values; read-only */
struct pl_atom {
    struct pl_str value; /* one of them, as Postfix would send it; empty: absent */
    unsigned labels;     /* bits of enum pl_label */
    const uint64_t
        *row; /* nwords: the rules whose condition on the attribute holds, or that have none */
};

#define PL_ODD_END UINT32_MAX
#define PL_ODD_MANY UINT32_MAX

/* struct pl_axis - an attribute that rules ask about; read-only */
struct pl_axis {
    enum pl_attr attr;
    size_t natoms;
    const struct pl_atom *atoms; /* those with a good example first: absent, documentation names */
    const uint64_t *asked;       /* nwords: the rules that have a condition on it */
    /*
     * Of the rules that are asked: usual is whether one holds for most atoms; the others, its odd ones,
     * stand from odd[odd_from[its bit]] on to a PL_ODD_END, or are PL_ODD_MANY. Atoms that are odd for
     * none of some rules are alike for these rules.
     */
    const uint64_t *usual; /* nwords */
    const uint32_t *odd_from, *odd;
    /* PL_KIND_ADDR: which atom a pair of classes is; for pl_space_each_range */
    const struct axis_pair *pairs;
    size_t pairs_cap;
};

/* struct pl_space - read-only; any number of threads may walk it. The policies must outlive it */
struct pl_space {
    struct pl_arena *arena;
    size_t nparts; /* 1, or 2 when two policies are compared */
    const struct pl_policy *policy[2];
    size_t first_word[2]; /* where the rules of a policy begin; rule r is bit 64 × first_word + r */
    size_t nwords;
    const uint64_t *live; /* the rules that hold for some request */
    size_t naxes;
    struct pl_axis axes[PL_ATTR_COUNT];
    const struct pl_axis *axis_of[PL_ATTR_COUNT]; /* NULL: no rule asks about the attribute */
};

/* The most memory that the rows of a space may take. */
enum { PL_SPACE_MAX_MIB = 512 };

/*
 * pl_space_new - the space of a policy, or of two
 *
 * in       other: NULL for one. Both may be lean
 * out      *too_large: its rows would take more than PL_SPACE_MAX_MIB
 * returns  NULL when memory is short or it is too large; free with pl_space_free
 * cost     linear in the entries (for two policies also a look-up each), and in distinct rows
 */
struct pl_space *pl_space_new(const struct pl_policy *p, const struct pl_policy *other,
                              bool *too_large);
void pl_space_free(struct pl_space *s);

/* pl_space_rule - the rule that a bit stands for; *part: of which policy */
const struct pl_rule *pl_space_rule(const struct pl_space *s, size_t bit, size_t *part);

/* pl_space_bit - the bit of rule r of a policy */
size_t pl_space_bit(const struct pl_space *s, size_t part, size_t r);

/*
 * pl_space_each_range - all addresses, in order, IPv4 first, as ranges with their atom of an axis of
 * addresses; neighbours may have the same atom. ::ffff:0:0/96 is in none: that is IPv4
 *
 * returns  false as soon as each does, or when memory is short
 */
bool pl_space_each_range(const struct pl_space *s, const struct pl_axis *axis,
                         bool (*each)(const struct pl_addr *first, const struct pl_addr *last,
                                      uint32_t atom, void *arg),
                         void *arg);

/*
 * pl_space_each_value - values of an attribute with their atoms of its axis: at least one of each
 * combination of lists that a value can be in, so that what is asked about all members of a list is
 * answered by those of these values that it holds
 *
 * in       each: value is dead when it returns
 * returns  false as soon as each does, or when memory is short
 * cost     that of making the axis
 */
bool pl_space_each_value(const struct pl_space *s, const struct pl_axis *axis,
                         bool (*each)(struct pl_str value, uint32_t atom, void *arg), void *arg);

/*
 * pl_space_networks - the addresses of some atoms of an axis of addresses, as a minimal list
 *
 * A network holds ::ffff:0:0/96, which is no IPv6 address of anybody, only if that makes the list
 * shorter.
 *
 * in       chosen: natoms; which atoms. The atom that is absent has none
 * out      *networks: *n of them, in order, IPv4 first; owned by arena
 * returns  false when memory is short
 */
bool pl_space_networks(const struct pl_space *s, const struct pl_axis *axis, const bool *chosen,
                       struct pl_arena *arena, struct pl_prefix **networks, size_t *n);

#endif
