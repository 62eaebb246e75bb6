/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_CLI_H
#define POSTLATCH_CLI_CLI_H

#include "postlatch/config.h"
#include "postlatch/query.h"

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses that all commands share (postlatch(1), "EXIT STATUS"). */
enum { EXIT_FINE = 0, EXIT_FOUND = 1, EXIT_TROUBLE = 2 };

/* struct arguments - what stands behind the command's name; plain value, strings are main's */
struct arguments {
    const char *config;  /* -c FILE, or the default */
    const char *socket;  /* --socket ADDR, or NULL */
    const char *control; /* --control PATH, or NULL */
    /* Of bench, as written; NULL: not given. */
    const char *connections, *seconds, *rate, *seed, *requests, *pid;
    const char *host;        /* --host FILE, or NULL */
    const char *compromised; /* --compromised LOGIN, or NULL */
    const char *html;        /* --html FILE, or NULL */
    const char *against;     /* --against FILE, or NULL */
    /* Of probe, as written; NULL: not given. */
    const char *from, *to, *ours, *bind, *as, *timeout;
    bool i_own_this_host;
    const char *interval, *reports; /* of top, as written; NULL: not given */
    bool json, strict, no_host, by_rule, accept_wider, overlaps;
    int count; /* what is left: words[0..count) */
    const char *const *words;
};

/* One function a subcommand; returns the exit status. */
int cmd_bench(const struct arguments *a);
int cmd_check(const struct arguments *a);
int cmd_completion(const struct arguments *a);
int cmd_diff(const struct arguments *a);
int cmd_explain(const struct arguments *a);
int cmd_matrix(const struct arguments *a);
int cmd_metrics(const struct arguments *a);
int cmd_probe(const struct arguments *a);
int cmd_query(const struct arguments *a);
int cmd_reload(const struct arguments *a);
int cmd_replay(const struct arguments *a);
int cmd_status(const struct arguments *a);
int cmd_surface(const struct arguments *a);
int cmd_test(const struct arguments *a);
int cmd_top(const struct arguments *a);
int cmd_where(const struct arguments *a);
int cmd_who(const struct arguments *a);

/* trouble - print "postlatch: …" on standard error; returns EXIT_TROUBLE */
int trouble(const char *fmt, ...) PL_PRINTF(1, 2);

/* load - load a configuration, or print what is wrong with it on standard error; false if it does not */
bool load(struct pl_config *config, const char *path);

/*
 * take_attribute - one ATTR=VALUE of a question
 *
 * in       text: lives as long as the question
 * out      q->attr[…]
 * returns  false and in why what is wrong: no '=', an unknown name, one given twice
 */
enum { TAKE_WHY = 240 };
bool take_attribute(struct pl_query *q, const char *text, char why[TAKE_WHY]);

/* take_attributes - all words as attributes; protocol_state=RCPT if not given; prints what is wrong */
bool take_attributes(struct pl_query *q, const char *const *words, int count);

#endif
