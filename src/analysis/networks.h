/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ANALYSIS_NETWORKS_H
#define ANALYSIS_NETWORKS_H

#include "postlatch/addr.h"
#include "postlatch/ranges.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * IPv6 has a gap: ::ffff:0:0/96 are the IPv4 addresses, in a request as in a file. No client has one of
 * these as an IPv6 address, so they are in no range.
 */
extern const struct pl_addr gap_first, gap_last, gap_before, gap_behind;

/* addr_compare - as qsort wants it: IPv4 first, then by value */
int addr_compare(const struct pl_addr *a, const struct pl_addr *b);

/* addr_next - the address behind; the first one of the family behind the last */
struct pl_addr addr_next(const struct pl_addr *addr);

/*
 * struct network_list - ranges of addresses as a minimal list of networks
 *
 * Begins with all zero. The owner frees prefixes.
 */
struct network_list {
    struct pl_range open; /* not in prefixes yet; family 0: none */
    struct pl_prefix *prefixes;
    size_t count, cap;
};

/*
 * network_list_add - one more range, behind all before
 *
 * returns  false when memory is short; the list may then only be freed
 */
bool network_list_add(struct network_list *l, const struct pl_addr *first,
                      const struct pl_addr *last);

/* network_list_end - behind the last range: prefixes are whole; returns as network_list_add */
bool network_list_end(struct network_list *l);

#endif
