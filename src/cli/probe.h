/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_PROBE_H
#define POSTLATCH_CLI_PROBE_H

#include "probe_forms.h"
#include "probe_smtp.h"

#include "postlatch/addr.h"
#include "postlatch/arena.h"
#include "postlatch/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* The relay test of one's own server: where it goes, what it tries, what came of it. */

/* ---- where ---- */

enum { PROBE_TARGETS = 16, PROBE_TARGET_TEXT = PL_ADDR_TEXT + 10, PROBE_WHY = 600 };

/* struct probe_target - one address of the server; plain value */
struct probe_target {
    struct sockaddr_storage addr;
    socklen_t len;
    struct pl_addr ip;
    char text[PROBE_TARGET_TEXT]; /* "192.0.2.1:25", "[::1]:25" */
    bool allowed;                 /* loopback, or an address of this host; or all are allowed */
};

/*
 * probe_find_targets - the addresses of a server
 *
 * in       text: HOST or HOST:PORT, an address of IPv6 in brackets if a port follows; all: any host
 *          is allowed
 * returns  how many; 0 and why if the text cannot be read or the name not be resolved, or it cannot be
 *          known which addresses this host has
 */
size_t probe_find_targets(struct probe_target out[PROBE_TARGETS], const char *text, bool all,
                          char why[PROBE_WHY]);

/* probe_addr - the address of a socket */
struct pl_addr probe_addr(const struct sockaddr_storage *addr);

/* probe_is_loopback - an address that only this host can come from */
bool probe_is_loopback(const struct pl_addr *a);

/* ---- what ---- */

enum { PROBE_DOMAINS = 4 };

/* struct probe_plan - what the administrator named, and what the policy knows; views */
struct probe_plan {
    const char *sender;      /* stands between < and > */
    struct form_words words; /* of host, domain and addresses only what was named */
    size_t ndomains;
    const char *domains[PROBE_DOMAINS]; /* of the server's */
    const char *control;                /* a recipient of the server's, or NULL */
    bool control_named;                 /* by the administrator: it must be taken */
    const struct pl_addr *bind, *as;    /* or NULL */
    int seconds;                        /* patience with each reply */
    const struct pl_policy *policy;     /* or NULL */
    const char *policy_path;
};

enum probe_outcome {
    PROBE_ACCEPTED,
    PROBE_REFUSED,
    PROBE_NOT_KNOWN, /* not tried: something that it needs is not known, or the server has not got */
    PROBE_TROUBLE    /* tried in vain: it shows nothing */
};

/* struct probe_try - one form, filled in; text in the arena of the result */
struct probe_try {
    char id[16]; /* "R01", "R01/F02" */
    enum form_kind kind;
    bool utf8, own_sender; /* own_sender: of probe_senders */
    struct pl_str from, to;
    const char *note;
    enum probe_outcome outcome;
    unsigned code;      /* of the reply that decided; 0: none */
    struct pl_str text; /* that reply's last line; or why there is none */
};

enum probe_verdict { PROBE_CLOSED, PROBE_OPEN, PROBE_UNKNOWN };

/* struct probe_result - of one address; start with {0}, release with probe_result_fini */
struct probe_result {
    struct pl_arena *arena;
    const struct probe_target *target;
    bool asked;            /* it has greeted us: what follows means something */
    bool nobody;           /* nobody listens there */
    struct pl_addr client; /* whom the server sees: us, or --as */
    const char *host;      /* the server's name by its greeting, or NULL */
    bool offers_xclient;
    struct probe_try control; /* id is empty: there was none */
    size_t ntries;
    struct probe_try *tries;
    const char *trusted; /* the boundary list of the policy that lets this client relay, or NULL */
    bool speaks_of_relaying; /* some refusal does */
    enum probe_verdict verdict;
    char why[PROBE_WHY]; /* UNKNOWN: the reason */
};

/*
 * probe_run - try all forms on one address
 *
 * No message is ever sent: each recipient is followed by RSET. Connections are made anew before the
 * server's patience with errors ends, and after a pause if it says 421.
 *
 * returns  false when memory is short
 */
bool probe_run(struct probe_result *r, const struct probe_plan *plan,
               const struct probe_target *target);
void probe_result_fini(struct probe_result *r);

/* probe_list - make r->tries, from what is known; false when memory is short */
bool probe_list(struct probe_result *r, const struct probe_plan *plan);

/* probe_count - how many tries of r that lead elsewhere (or, ours, that do not) have this outcome */
size_t probe_count(const struct probe_result *r, bool ours, enum probe_outcome outcome);

/* ---- telling ---- */

/* probe_tell - print the result of one address, and what to do next, for people */
void probe_tell(const struct probe_result *r, const struct probe_plan *plan);

/* probe_verdict_word - closed, open, unknown */
const char *probe_verdict_word(enum probe_verdict verdict);

/* probe_tell_json - print all results */
void probe_tell_json(const struct probe_result *results, size_t count, enum probe_verdict verdict,
                     const struct probe_plan *plan);

#endif
