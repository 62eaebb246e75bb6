/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_HOSTFACTS_H
#define POSTLATCH_HOSTFACTS_H

#include "postlatch/addr.h"
#include "postlatch/diag.h"

#include <stdbool.h>
#include <stddef.h>

/* What a host is connected to: what the proof cannot know and a check should compare with. */
enum pl_host_fact_kind { PL_HOST_INTERFACE, PL_HOST_BRIDGE, PL_HOST_GATEWAY };

enum { PL_HOST_NAME = 32 };

/* struct pl_host_fact - plain value */
struct pl_host_fact {
    enum pl_host_fact_kind kind;
    char name[PL_HOST_NAME]; /* of the interface; empty for a gateway */
    struct pl_addr addr;
    uint8_t len; /* of its network; of a gateway 32 or 128 */
};

/* struct pl_host_facts - plain value, start with {0}, release with pl_host_facts_fini */
struct pl_host_facts {
    struct pl_host_fact *facts; /* in the order found */
    size_t count, cap;
};

void pl_host_facts_fini(struct pl_host_facts *h);

/* pl_host_facts_add - one more; false when memory is short */
bool pl_host_facts_add(struct pl_host_facts *h, const struct pl_host_fact *fact);

/*
 * pl_host_facts_load - facts from a file
 *
 * File format: lines `interface NAME ADDRESS/LEN`, `bridge NAME ADDRESS/LEN`, `gateway ADDRESS`; blank
 * lines and '#' comments. Anything else is an error.
 *
 * returns  false after noting all that is wrong in d
 */
bool pl_host_facts_load(struct pl_host_facts *h, const char *path, struct pl_diag *d);

#endif
