/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ADDRINDEX_H
#define POSTLATCH_ADDRINDEX_H

#include "postlatch/addr.h"
#include "postlatch/classes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which tables hold an address: all networks of all tables become disjoint ranges, each with the
 * class of the tables that hold it (not the longest prefix, but all of them).
 */

/* A table's number fits into this many bits. */
enum { PL_NETWORK_TABLE_BITS = 26 };

/* struct pl_network6 - an IPv6 network of a table; plain value, bits behind len are zero */
struct pl_network6 {
    uint64_t high, low;
    uint32_t table;
    uint32_t len;
};

/* struct pl_networks - networks of all tables, collected; plain value, start with {0} */
struct pl_networks {
    uint64_t *v4; /* address << 32 | length << 26 | table */
    size_t n4, cap4;
    struct pl_network6 *v6;
    size_t n6, cap6;
};

/*
 * pl_networks_add - one more; false when memory is short. pl_networks_fini frees all
 * pl_networks_add4 - the same of an IPv4 network as a number
 * pl_networks_reserve4 - room for so many more, if there is
 */
bool pl_networks_add(struct pl_networks *n, const struct pl_prefix *prefix, uint32_t table);
bool pl_networks_add4(struct pl_networks *n, uint32_t addr, unsigned len, uint32_t table);
void pl_networks_reserve4(struct pl_networks *n, size_t more);
void pl_networks_fini(struct pl_networks *n);

/*
 * struct pl_addr_index - address → class, built once, then read-only
 *
 * IPv4: the starts of the ranges in order, with a table on the leading bits in front when there are
 * many. IPv6: ranges of the leading 64 bits, and behind those that are divided further, ranges of
 * the trailing 64.
 */
struct pl_addr_index {
    struct pl_classes classes;
    struct pl_ranges4 {
        size_t count;
        unsigned direct_bits; /* 0: starts are whole addresses, in starts32 */
        unsigned class_bytes; /* 1, 2 or 4 */
        uint32_t *starts32;   /* direct_bits == 0 */
        uint8_t *class_of;    /* direct_bits == 0: of each range */
        uint32_t *direct;     /* else: 2^direct_bits + 1, the first range of each leading part */
        uint8_t *parts;       /* of each part its starts, the 2 bytes behind it, then its classes */
    } v4;
    struct pl_ranges6 {
        size_t count;
        struct pl_range6 {     /* 12 bytes: what a look-up reads of a range lies together */
            uint32_t start[2]; /* leading 64 bits, in the machine's order */
            uint32_t class;    /* or PL_RANGE_DIVIDED and an index into parts */
        } * ranges;
        uint64_t base; /* direct table: the range of (start - base) >> shift */
        unsigned shift, slots;
        uint32_t *direct; /* slots + 1 */
        size_t nparts, ntails;
        uint32_t *parts;         /* nparts + 1: the first tail range of each */
        struct pl_range6 *tails; /* by the trailing 64 bits */
    } v6;
};

#define PL_RANGE_DIVIDED 0x80000000U

/*
 * pl_addr_index_build - from networks, which are left in any order; *index is zeroed
 *
 * returns  false when memory is short or there are too many classes; release with _fini all the same
 * cost     two radix sorts and one pass; about 60 ns a network
 */
bool pl_addr_index_build(struct pl_addr_index *index, struct pl_networks *networks);
void pl_addr_index_fini(struct pl_addr_index *index);

/*
 * pl_addr_index_find - the class of an address that is one (family 4 or 6)
 *
 * cost     at most log2 of the ranges steps, usually a table look-up and a few
 */
uint32_t pl_addr_index_find(const struct pl_addr_index *index, const struct pl_addr *addr);

/*
 * pl_addr_index_place - where pl_addr_index_find begins to read; pl_addr_index_entry - where it then
 * goes on, which is known only when the first has been read
 *
 * For callers who ask the memory beforehand. NULL: not worth it; addr may be none (family 0).
 */
const void *pl_addr_index_place(const struct pl_addr_index *index, const struct pl_addr *addr);
const void *pl_addr_index_entry(const struct pl_addr_index *index, const struct pl_addr *addr);

/* struct pl_addr_cursor - a range of an index, and how to find the next; start with {0} */
struct pl_addr_cursor {
    struct pl_addr first, last;
    uint32_t class;
    /* The next range: where it begins, of IPv4; its place among the ranges, of IPv6 also its tail. */
    uint32_t next4, part;
    size_t at, tail;
    bool is_v6;
};

/* pl_addr_index_next - moves to the next range, in order, IPv4 first; false behind the last */
bool pl_addr_index_next(const struct pl_addr_index *index, struct pl_addr_cursor *cursor);

/*
 * pl_addr_index_walk - all ranges in order: for each its first and last address and class
 *
 * returns  false as soon as each does
 */
bool pl_addr_index_walk(const struct pl_addr_index *index,
                        bool (*each)(const struct pl_addr *first, const struct pl_addr *last,
                                     uint32_t class, void *arg),
                        void *arg);

/*
 * pl_addr_index_join - the addresses of some classes, as ranges: in order, disjoint, not adjacent
 *
 * in       marks: of each class; bit: those whose marks have it; least4: ranges of fewer IPv4 addresses
 *          are left out
 * returns  false as soon as each does
 */
bool pl_addr_index_join(
    const struct pl_addr_index *index, const uint16_t *marks, uint16_t bit, uint64_t least4,
    bool (*each)(const struct pl_addr *first, const struct pl_addr *last, void *arg), void *arg);

#endif
