/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_SURFACE_BUILD_H
#define POSTLATCH_ANALYSIS_SURFACE_BUILD_H

#include "postlatch/surface.h"
#include "postlatch/walk.h"

/* What a client shows beside its address. */
enum { SHOWS_NAME = 1, SHOWS_PLACE = 2, SHOWS_LOGIN = 4, SHOWS_CERTIFICATE = 8 };

/* A rule that lets a client pass. */
struct surface_grant {
    uint32_t rule;
    bool all;       /* to each foreign recipient; looked for by rule only */
    bool elsewhere; /* permitted_elsewhere does */
};

/* What clients of an atom may do by their address alone. */
struct surface_client {
    struct surface_grant *grants; /* in the order of the rules */
    size_t count;
    bool all; /* to each foreign recipient, by one rule or another */
};

/* Addresses of an atom. Chains go from number to number; 0 ends them, so they count from 1. */
struct surface_range {
    struct pl_addr first, last;
    uint32_t atom, before; /* before: the range before it in the chain of its atom */
};

/* That a rule lets an atom pass: the grants of all clients, by rule. */
struct surface_let {
    uint32_t atom, before;
};

struct surface_build {
    const struct pl_policy *p;
    const struct pl_space *s;
    const struct pl_axis *clients;
    struct pl_surface *surface;
    struct surface_client *by_client;
    struct surface_range *ranges; /* all addresses, in order; malloc'ed */
    size_t nranges, ranges_cap;
    uint32_t *of_atom;        /* of each atom: the last of its ranges, counted from 1 */
    struct surface_let *lets; /* from 1 on */
    uint32_t *of_rule;        /* of each rule: the last of its lets */
    uint32_t *found;          /* scratch: numbers of ranges */
    bool *in_line;            /* scratch: of each rule */
    bool by_rule;
    struct pl_surface_line *lines; /* malloc'ed */
    size_t cap;
    bool failed;
};

/*
 * surface_region - the requests at RCPT to foreign recipients of clients that show this, and of
 * certificates possibly
 */
bool surface_region(struct surface_build *b, unsigned shown, struct pl_region *region);

/* surface_add_line - one more line; NULL after setting b->failed */
struct pl_surface_line *surface_add_line(struct surface_build *b, enum pl_surface_kind kind,
                                         struct pl_str text);

/* surface_set_rules - the rules marked in b->in_line become those of the line */
void surface_set_rules(struct surface_build *b, struct pl_surface_line *line);

/* surface_set_recipients - to whom, of a line that has its rules and is not to any */
void surface_set_recipients(struct surface_build *b, struct pl_surface_line *line);

/* surface_networks - the lines of addresses, and of clients without one */
void surface_networks(struct surface_build *b);

/* surface_credentials - the lines of names, listeners, logins and certificates */
void surface_credentials(struct surface_build *b);

#endif
