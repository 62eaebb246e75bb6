/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DOCTOR_H
#define POSTLATCH_DOCTOR_H

#include "postlatch/arena.h"
#include "postlatch/buf.h"
#include "postlatch/config.h"
#include "postlatch/endpoint.h"
#include "postlatch/hostfacts.h"
#include "postlatch/master.h"
#include "postlatch/restriction.h"

/*
 * What Postfix's configuration and ours say of each other: where we are asked, what an OK does there,
 * who relays without our word, which facts of ours do not fit. Asks nothing of the system itself:
 * tables and names are looked up by whoever runs it.
 */

enum pl_finding_kind {
    PL_FINDING_FAULT,     /* to be changed */
    PL_FINDING_NOTE,      /* to be known */
    PL_FINDING_UNCHECKED, /* could not be looked at */
    PL_FINDING_OK         /* looked at, and fine */
};

/* struct pl_finding - plain value; strings live in the doctor's arena, "" if there is nothing to say */
struct pl_finding {
    enum pl_finding_kind kind;
    const char *code; /* a word that stays the same; of an OK "" */
    struct pl_str at; /* services of master.cf, as "smtp/inet, submission/inet" */
    struct pl_str what, why;
    struct pl_str
        file; /* where to change it: "main.cf", "master.cf, smtp/inet", "postlatch.conf" */
    struct pl_str lines; /* what to write there: whole lines, without the last line end */
};

/* The lists of restrictions, in the order in which smtpd tries them. */
#define PL_SMTPD_LIST_TABLE(X)                                                                     \
    X(CLIENT, "smtpd_client_restrictions")                                                         \
    X(HELO, "smtpd_helo_restrictions")                                                             \
    X(SENDER, "smtpd_sender_restrictions")                                                         \
    X(RELAY, "smtpd_relay_restrictions")                                                           \
    X(RECIPIENT, "smtpd_recipient_restrictions")                                                   \
    X(DATA, "smtpd_data_restrictions")                                                             \
    X(END_OF_DATA, "smtpd_end_of_data_restrictions")                                               \
    X(ETRN, "smtpd_etrn_restrictions")

enum pl_smtpd_list {
#define PL_X(name, text) PL_LIST_##name,
    PL_SMTPD_LIST_TABLE(PL_X)
#undef PL_X
        PL_LIST_COUNT
};

const char *pl_smtpd_list_name(enum pl_smtpd_list list);

/* One service that runs smtpd; plain value. */
struct pl_doctor_listener {
    const struct pl_master_service *service;
    struct pl_postconf pc; /* all parameters as it has them; owned by the caller */
    /* found by pl_doctor_run: */
    bool asks; /* us, where a recipient may be refused */
};

/* One place where we are asked; plain value. */
struct pl_doctor_place {
    size_t listener;
    enum pl_smtpd_list list;
    struct pl_policy_service service; /* views into the listener's parameters */
    bool chrooted;
    struct pl_endpoint where; /* one of ours */
};

/* What is asked of the system; arg is handed on. */
struct pl_doctor_system {
    void *arg;
    /*
     * Which of n keys a table "type:name" has; false and *why if it cannot be asked. found[0..n)
     */
    bool (*query)(void *arg, struct pl_str table, const struct pl_str *keys, size_t n, bool *found,
                  const char **why);
    /*
     * All of a table "type:name", or of a file "/path" of patterns: lines "key\tvalue"; false and
     * *why if it cannot be listed
     */
    bool (*list)(void *arg, struct pl_str table, struct pl_buf *text, const char **why);
    /* A host name that stands for an address of a socket of ours. */
    bool (*resolves)(void *arg, struct pl_str host, const struct pl_endpoint *ours);
};

/* struct pl_doctor - plain value; start with {0} and fill in the first part */
struct pl_doctor {
    const struct pl_postconf *set, *all; /* of main.cf: as written; expanded, with defaults */
    const struct pl_master *master;
    struct pl_doctor_listener *listeners;
    size_t nlisteners;
    const struct pl_config *config; /* loaded in full */
    const struct pl_endpoint *ours; /* where the daemon answers Postfix */
    size_t nours;
    struct pl_str warnings;           /* of postconf, lines */
    const struct pl_host_facts *host; /* what the host is connected to; NULL: nobody looked */
    struct pl_doctor_system system;

    struct pl_arena *arena;
    struct pl_finding *findings; /* in the order found */
    size_t count, cap;
    struct pl_doctor_place *places;
    size_t nplaces, places_cap;
    bool no_memory; /* something was left out */
};

/* pl_doctor_run - look at everything; false when memory is short. pl_doctor_fini in either case */
bool pl_doctor_run(struct pl_doctor *d);

/* pl_doctor_fini - frees what pl_doctor_run made */
void pl_doctor_fini(struct pl_doctor *d);

/*
 * pl_doctor_say - note something
 *
 * The same code, what and lines at another place of master.cf is told once, with both places.
 *
 * in       code: static; at, file, lines may be ""; why may be NULL
 */
void pl_doctor_say(struct pl_doctor *d, enum pl_finding_kind kind, const char *code, const char *at,
                   const char *file, const char *lines, const char *why, const char *what, ...)
    PL_PRINTF(8, 9);

/* pl_doctor_faults - findings of kind FAULT */
size_t pl_doctor_faults(const struct pl_doctor *d);

#endif
