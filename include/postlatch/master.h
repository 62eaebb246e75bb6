/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_MASTER_H
#define POSTLATCH_MASTER_H

#include "postlatch/postconf.h"

/*
 * The services of master.cf, from what `postconf -M` and `postconf -P` print.
 */

/* One argument of a service's command that is not `-o name=value`. */
enum pl_master_args {
    PL_MASTER_ARGS_PLAIN, /* only -o with a name and a value, -v and -D */
    PL_MASTER_ARGS_ODD    /* others: see odd */
};

/* struct pl_master_service - plain value; strings are views into the two texts */
struct pl_master_service {
    struct pl_str name;      /* "smtp", "127.0.0.1:10025", "[::1]:587", "private/x" */
    struct pl_str type;      /* inet, unix, unix-dgram, fifo, pass */
    struct pl_str chroot;    /* "y", "n", or "-": the default, see pl_master_is_chrooted */
    struct pl_str command;   /* smtpd, postscreen, … */
    struct pl_str arguments; /* all that is behind the command */
    enum pl_master_args args;
    struct pl_str odd;            /* the first argument of another kind; empty: none */
    struct pl_postconf overrides; /* what -o sets, values as written */
};

/* struct pl_master - plain value, start with {0}, release with pl_master_fini */
struct pl_master {
    struct pl_master_service *services; /* in the order of master.cf */
    size_t count, cap;
};

void pl_master_fini(struct pl_master *m);

/*
 * pl_master_read - services and their overrides
 *
 * in       services: of `postconf -M`; overrides: of `postconf -P`; both live as long as m
 * returns  false after noting in d each line that cannot be read, and each override of a service
 *          that does not exist
 */
bool pl_master_read(struct pl_master *m, struct pl_str services, struct pl_str overrides,
                    struct pl_diag *d);

/*
 * pl_master_is_chrooted - whether a service runs in the queue directory
 *
 * in       compatibility_level: its value; "-" means y below level 1, n from there on
 */
bool pl_master_is_chrooted(const struct pl_master_service *s, struct pl_str compatibility_level);

/* pl_master_is_smtpd - it takes mail by SMTP, and decides by smtpd's lists */
bool pl_master_is_smtpd(const struct pl_master_service *s);

/* pl_master_is_loopback - only this host can reach it, by its name in master.cf */
bool pl_master_is_loopback(const struct pl_master_service *s);

/* pl_master_is_reinjection - its -o are those of a content filter's way back */
bool pl_master_is_reinjection(const struct pl_master_service *s);

#endif
