/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_POSTFIX_H
#define POSTLATCH_CLI_POSTFIX_H

#include "postlatch/buf.h"
#include "postlatch/master.h"
#include "postlatch/postconf.h"

#include <stdbool.h>

/* Postfix's own tools, asked: the one place of the command that runs programs. */

/*
 * postfix_run - run one of Postfix's tools and read all that it prints
 *
 * No shell; standard input is empty. The program is looked for in PATH, then in /usr/sbin.
 *
 * in       argv: NULL behind the last; argv[0] the program's name
 *          input: what it reads on standard input, at most 64 KiB
 * out      *out, *err: what it printed; the caller releases them
 * returns  its exit status; -1 and *why (static or strerror's) if it could not be run, was killed,
 *          or printed more than 64 MiB
 */
int postfix_run(const char *const *argv, struct pl_str input, struct pl_buf *out,
                struct pl_buf *err, const char **why);

/* struct postfix - a system's configuration as postconf prints it; start with {0} */
struct postfix {
    const char *dir; /* --postfix DIR, or NULL: the default instance */
    struct pl_buf set_text, all_text, services_text, overrides_text;
    struct pl_buf warnings;  /* what `postconf -n` and `-P` complain about, a line each */
    struct pl_postconf set;  /* what main.cf sets (postconf -n), values as written */
    struct pl_postconf all;  /* everything, expanded (postconf -x) */
    struct pl_master master; /* services and their overrides, as written */
};

/*
 * postfix_read - all of the above
 *
 * in       dir: NULL: the default instance; else the folder of main.cf and master.cf
 * returns  false after printing why on standard error; postfix_fini in either case
 */
bool postfix_read(struct postfix *p, const char *dir);
void postfix_fini(struct postfix *p);

/*
 * postfix_effective - all parameters as a service of master.cf has them: its -o in force, everything
 * expanded
 *
 * in       extra: one more "name=value" to assume, or NULL
 * out      *pc: views into *text; the caller releases both
 * returns  false after printing why
 */
bool postfix_effective(const struct postfix *p, const struct pl_master_service *s,
                       const char *extra, struct pl_postconf *pc, struct pl_buf *text);

#endif
