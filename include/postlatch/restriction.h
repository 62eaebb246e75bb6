/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_RESTRICTION_H
#define POSTLATCH_RESTRICTION_H

#include "postlatch/postconf.h"

/*
 * Lists of restrictions (smtpd_relay_restrictions and the like) taken apart, as far as it matters to
 * who may relay.
 */

enum pl_restriction_effect {
    PL_RESTRICT_PERMIT_ALL,  /* permit: the list ends for everybody */
    PL_RESTRICT_PERMIT_SOME, /* the list ends for some clients or recipients */
    PL_RESTRICT_CLOSE,       /* refuses every recipient that is not ours */
    PL_RESTRICT_REJECT_ALL,  /* refuses everything that gets so far */
    PL_RESTRICT_REJECT_SOME,
    PL_RESTRICT_TABLE,  /* an access table: as its entries say */
    PL_RESTRICT_POLICY, /* a policy server: as it says */
    PL_RESTRICT_NONE,   /* changes nobody's right to relay */
    PL_RESTRICT_DEAD,   /* no longer in Postfix: smtpd stops, or warns and goes on */
    PL_RESTRICT_UNKNOWN /* a restriction class, or a word that Postfix 3.7 does not have */
};

/* struct pl_restriction - one restriction of a list; plain value, views */
struct pl_restriction {
    struct pl_str word; /* as written; of a table without its check_…_access: the table */
    struct pl_str arg;  /* what it is given; empty: none is due, or it is missing */
    enum pl_restriction_effect effect;
    bool wants_arg;
    bool warn_only; /* behind warn_if_reject: it refuses nobody */
};

/*
 * pl_restriction_next - the next restriction of a list
 *
 * The words are Postfix's own, in any case. A "type:table" without anything before it is an access
 * table too. warn_if_reject is not returned, but marked at the one that it is about.
 *
 * returns  false if there is no more
 */
bool pl_restriction_next(struct pl_str *rest, struct pl_restriction *r);

/* Options of a policy service, in the order of struct pl_policy_service.option. */
#define PL_SERVICE_OPTION_TABLE(X)                                                                 \
    X(DEFAULT_ACTION, "default_action")                                                            \
    X(MAX_IDLE, "max_idle")                                                                        \
    X(MAX_TTL, "max_ttl")                                                                          \
    X(CONTEXT, "policy_context")                                                                   \
    X(REQUEST_LIMIT, "request_limit")                                                              \
    X(RETRY_DELAY, "retry_delay")                                                                  \
    X(TIMEOUT, "timeout")                                                                          \
    X(TRY_LIMIT, "try_limit")

enum pl_service_option {
#define PL_X(name, text) PL_SERVICE_##name,
    PL_SERVICE_OPTION_TABLE(PL_X)
#undef PL_X
        PL_SERVICE_OPTION_COUNT
};

const char *pl_service_option_name(enum pl_service_option o);

/* struct pl_policy_service - what stands behind check_policy_service; plain value, views */
struct pl_policy_service {
    struct pl_str endpoint; /* "unix:private/postlatch", "inet:127.0.0.1:10071" */
    bool braces;            /* written as { endpoint, option=value, … } */
    bool given[PL_SERVICE_OPTION_COUNT];
    struct pl_str option[PL_SERVICE_OPTION_COUNT]; /* of those that are given */
};

/*
 * pl_policy_service_read - take the argument of check_policy_service apart
 *
 * returns  false if smtpd would not start with it; *part is what is wrong, *why says what was
 *          expected there (a static string)
 */
bool pl_policy_service_read(struct pl_policy_service *s, struct pl_str arg, struct pl_str *part,
                            const char **why);

#endif
