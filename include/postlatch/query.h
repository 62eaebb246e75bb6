/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_QUERY_H
#define POSTLATCH_QUERY_H

#include "postlatch/addr.h"
#include "postlatch/attr.h"
#include "postlatch/domain.h"
#include "postlatch/mailaddr.h"
#include "postlatch/str.h"

#include <stdint.h>

/*
 * struct pl_query - one question, with its values read; plain value
 *
 * The attributes are views into whatever buffer the question came in and die with it. Who asks
 * fills attr[] and calls pl_query_read, which reads all values; or pl_query_begin, and each value is
 * read when somebody needs it. An attribute that is missing and one that is empty are the same.
 */
struct pl_query {
    struct pl_str attr[PL_ATTR_COUNT]; /* as sent; n is 0 for absent */

    uint64_t have; /* bit a: the value of attribute a below was read */
    /*
     * By pl_policy_decide: bit b, of each enum pl_boundary b that holds addresses, if it holds the client;
     * 0 also if no rule in play asked for the address.
     */
    uint32_t client_lists;
    struct pl_addr client, server; /* family 0: absent, "unknown" or unparsable */
    struct pl_mailaddr sender, recipient;
    struct pl_domain client_name, reverse_client_name,
        helo_name; /* len 0: absent, "unknown" or no host name */
};

_Static_assert(PL_ATTR_COUNT <= 64, "pl_query.have has a bit for each attribute");

/* pl_query_begin - no value has been read */
static inline void pl_query_begin(struct pl_query *q)
{
    q->have = 0;
    q->client_lists = 0;
}

/* pl_query_need - read the typed value of an attribute, if it has one and was not read before */
void pl_query_need(struct pl_query *q, enum pl_attr attr);

/* pl_query_read - read the typed values out of attr[]; allocates only for non-ASCII domains */
void pl_query_read(struct pl_query *q);

/*
 * pl_query_is_present - the attribute has a value: not empty, and for addresses and host names not
 * unknown
 */
bool pl_query_is_present(const struct pl_query *q, enum pl_attr attr);

/*
 * pl_query_mail, pl_query_addr, pl_query_host - the value read for an attribute of kind MAIL, ADDR,
 * HOST
 */
const struct pl_mailaddr *pl_query_mail(const struct pl_query *q, enum pl_attr attr);
const struct pl_addr *pl_query_addr(const struct pl_query *q, enum pl_attr attr);
const struct pl_domain *pl_query_host(const struct pl_query *q, enum pl_attr attr);

#endif
