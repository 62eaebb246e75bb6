/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CHECK_H
#define POSTLATCH_CHECK_H

#include "postlatch/buf.h"
#include "postlatch/diag.h"
#include "postlatch/json.h"
#include "postlatch/policy.h"
#include "postlatch/prove.h"
#include "postlatch/surface.h"

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of `postlatch check` and `postlatchd -t`. */
enum {
    PL_CHECK_SAFE = 0,
    PL_CHECK_FOUND = 1, /* open or unprovable and not accepted, or a warning with --strict */
    PL_CHECK_INVALID = 2
};

/* struct pl_check_options - plain value; zeroed: text, the facts of this host */
struct pl_check_options {
    bool json, strict;
    bool no_host;                /* ask no host for its facts */
    const char *host_file;       /* take them from a file; NULL: from this host */
    bool overlaps;               /* list rules whose order decides, too */
    const char *compromised;     /* a login: tell what its password opens, too; NULL: none */
    void (*before_output)(void); /* called once, before anything is written; NULL: nothing is */
};

/*
 * pl_check_report - load a configuration, prove it, and write what is to be said about it
 *
 * returns  the exit status
 */
int pl_check_report(const char *config_path, const struct pl_check_options *options, FILE *out);

/*
 * pl_check_print_errors - the messages of d, one a line, then how many more there are
 *
 * The last line is left to the caller, who knows what follows from them.
 */
void pl_check_print_errors(struct pl_diag *d, FILE *out);

/* pl_check_add_verdict - the verdict of a policy that loads, with its counterexamples, as text */
void pl_check_add_verdict(struct pl_buf *out, const struct pl_policy *p,
                          const struct pl_proof *proof, const char *config_path);

/* pl_check_add_ended - a line for each waiver that has ended: what is told of rules leaves it out */
void pl_check_add_ended(struct pl_buf *out, const struct pl_policy *p);

/* pl_check_add_overlaps - pairs of rules whose order decides; false when memory is short */
bool pl_check_add_overlaps(struct pl_buf *out, const struct pl_space *s);

/* pl_check_assumption - the i-th thing that the verdict assumes, in out; false behind the last one */
bool pl_check_assumption(struct pl_buf *out, const struct pl_policy *p, size_t i);

/* pl_check_add_surface - lines of a surface, at most `most` of them (0: all), indented by indent */
void pl_check_add_surface(struct pl_buf *out, const struct pl_surface *surface, size_t most,
                          const char *indent);

/* pl_check_json_surface - the surface as JSON; networks_only as check has it */
struct pl_json *pl_check_json_surface(const struct pl_surface *surface, bool networks_only);

/* pl_check_json_request - a request as an object, {attr: value} of what is not empty */
struct pl_json *pl_check_json_request(const struct pl_str request[PL_ATTR_COUNT]);

/* pl_check_add_request - a request as the words of `postlatch explain`, quoted for a shell */
void pl_check_add_request(struct pl_buf *out, const struct pl_str request[PL_ATTR_COUNT]);

#endif
