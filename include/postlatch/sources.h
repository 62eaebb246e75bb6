/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_SOURCES_H
#define POSTLATCH_SOURCES_H

#include "postlatch/addrindex.h"
#include "postlatch/nameindex.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kinds of values that are looked up by name. */
enum pl_names {
    PL_NAMES_DOMAINS,
    PL_NAMES_USERS,
    PL_NAMES_ADDRESSES,
    PL_NAMES_FINGERPRINTS,
    PL_NAMES_WORDS,
    PL_NAMES_WORDS_FOLD,
    PL_NAMES_COUNT
};

/* struct pl_port_range - ports of a table, both ends included; plain value */
struct pl_port_range {
    uint16_t low, high;
    uint32_t table;
};

/*
 * struct pl_sources - the entries of all tables of a policy, by kind, while it is built; plain value,
 * start with {0}
 */
struct pl_sources {
    uint32_t ntables; /* tables are numbered from 0, over all kinds */
    struct pl_networks networks;
    struct pl_keys names[PL_NAMES_COUNT];
    struct pl_port_range *ports;
    size_t nports, ports_cap;
};

/* pl_sources_add_ports - one more range; false when memory is short */
bool pl_sources_add_ports(struct pl_sources *s, struct pl_port_range range);

/* struct pl_sources_mark - how much there was at a time */
struct pl_sources_mark {
    size_t n4, n6, nports;
    struct {
        size_t n, count, nruns;
    } names[PL_NAMES_COUNT];
};

/*
 * pl_sources_note, pl_sources_rewind - drops what has been added since a mark was noted, all of it of one
 * table
 */
struct pl_sources_mark pl_sources_note(const struct pl_sources *s);
void pl_sources_rewind(struct pl_sources *s, const struct pl_sources_mark *mark);

void pl_sources_fini(struct pl_sources *s);

#endif
