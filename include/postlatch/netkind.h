/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_NETKIND_H
#define POSTLATCH_NETKIND_H

#include "postlatch/addr.h"

#include <stdbool.h>

/* What kind of network a prefix is, by the registries of special addresses. */

/* How a prefix lies to the private networks: within one, apart from all, or across some. */
enum pl_netkind { PL_NET_PRIVATE, PL_NET_PUBLIC, PL_NET_MIXED };

/*
 * pl_netkind_of - private: addresses that no packet from the Internet carries
 *
 * out      *across: of a mixed one, the private network that it reaches beyond, as text; NULL if they
 *          are several
 */
enum pl_netkind pl_netkind_of(const struct pl_prefix *prefix, const char **across);

/* pl_netkind_private - the i-th private network, each apart from the others; NULL behind the last */
const struct pl_prefix *pl_netkind_private(size_t i);

/* pl_prefix_overlaps - some address is in both */
bool pl_prefix_overlaps(const struct pl_prefix *a, const struct pl_prefix *b);

/* The networks of IPv6 in which each address stands for one of IPv4. */
enum pl_embedding { PL_EMBEDS_NONE, PL_EMBEDS_NAT64, PL_EMBEDS_NAT64_LOCAL, PL_EMBEDS_6TO4 };

/*
 * pl_netkind_embedding - which of them a prefix overlaps
 *
 * out      *v4: the IPv4 addresses that stand in prefix; all of them for NAT64_LOCAL, where the place
 *          of the address depends on the site
 */
enum pl_embedding pl_netkind_embedding(const struct pl_prefix *prefix, struct pl_prefix *v4);

#endif
