/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_SNIPPET_H
#define POSTLATCH_CLI_SNIPPET_H

#include "postfix.h"

#include "postlatch/arena.h"
#include "postlatch/config.h"
#include "postlatch/restriction.h"

#include <stdbool.h>
#include <stddef.h>

/* What has to be written into main.cf and master.cf for a policy to be asked. */

/* Which list of main.cf asks: the one that decides there now, or as the administrator says. */
enum snippet_placement { SNIPPET_AS_IT_IS, SNIPPET_RELAY, SNIPPET_RECIPIENT };

/* One restriction with its arguments; a '\n' in text is where a long one is best broken. */
struct snippet_item {
    struct pl_str text;
    const char *why; /* a comment; NULL: it says itself what it does */
};

/* One list of restrictions: of main.cf, or of a service with a list of its own. */
struct snippet_list {
    const struct pl_master_service *service; /* NULL: main.cf */
    const char *name;                        /* smtpd_relay_restrictions or …recipient… */
    bool left;                               /* nothing is to be changed; why says the reason */
    const char *why;
    struct snippet_item *items;
    size_t count, cap;
    struct pl_str dropped; /* restrictions that were there and whose work we do now; may be empty */
};

/* One parameter of main.cf beside the lists. */
struct snippet_setting {
    const char *name, *value, *why;
};

/* What has to be decided before it works as promised; a note is only to be known. */
struct snippet_finding {
    struct pl_str what;
    bool note;
};

/* struct snippet - start with {0}, release with snippet_fini */
struct snippet {
    struct pl_arena *arena;
    bool failed;            /* memory was short: not complete */
    bool observe;           /* mode = observe */
    struct pl_str endpoint; /* as Postfix writes it: inet:127.0.0.1:10071, unix:postlatch/policy */
    struct pl_str service;  /* check_policy_service { … }, as an item's text */
    struct snippet_list *lists; /* main.cf's is the first */
    size_t nlists, lists_cap;
    struct snippet_setting *settings;
    size_t nsettings, settings_cap;
    struct snippet_finding *findings;
    size_t nfindings, findings_cap;
};

/* What it is made of. */
struct snippet_input {
    const struct pl_config *config;
    const struct pl_endpoint *endpoint; /* where the daemon listens */
    const struct postfix *postfix;      /* NULL: no Postfix here, a new one is assumed */
    enum snippet_placement placement;
};

/* snippet_build - false after printing why */
bool snippet_build(struct snippet *s, const struct snippet_input *in);
void snippet_fini(struct snippet *s);

/*
 * snippet_rewrite - a list of restrictions, and what it becomes with us in it
 *
 * in       old: the list as it is, expanded
 * out      list->items, list->dropped; findings of s
 */
void snippet_rewrite(struct snippet *s, const struct snippet_input *in, struct snippet_list *list,
                     struct pl_str old);

/*
 * snippet_spares - a list's permits spare their clients a check behind them, so that they stay when we
 * enforce
 */
bool snippet_spares(struct pl_str list);

/* snippet_find, snippet_note - one more finding, one more note */
void snippet_find(struct snippet *s, const char *fmt, ...) PL_PRINTF(2, 3);
void snippet_note(struct snippet *s, const char *fmt, ...) PL_PRINTF(2, 3);

/* snippet_undecided - whether there are findings that are no notes */
bool snippet_undecided(const struct snippet *s);

/* snippet_add_item - one more restriction; text is copied */
void snippet_add_item(struct snippet *s, struct snippet_list *list, struct pl_str text,
                      const char *why);

/* snippet_place - "main.cf", or the service's "submission/inet" */
struct pl_str snippet_place(struct snippet *s, const struct pl_master_service *service);

/* The lines for main.cf, for master.cf (whole entries of services), and both as JSON. */
void snippet_print_main(const struct snippet *s, const char *config_path);
void snippet_print_master(const struct snippet *s);
void snippet_print_json(const struct snippet *s);

#endif
