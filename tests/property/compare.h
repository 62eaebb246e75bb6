/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The analysis against the oracle. Each function returns false at the first difference, after saying
 * in out what it is: both answers, and the request that shows it, if there is one.
 */
#ifndef POSTLATCH_TESTS_PROPERTY_COMPARE_H
#define POSTLATCH_TESTS_PROPERTY_COMPARE_H

#include "oracle.h"

#include "postlatch/buf.h"
#include "postlatch/prove.h"

/* Which analysis disagrees: so that shrinking does not slip from one fault to another. */
enum comparison {
    COMPARE_PROOF,
    COMPARE_WAIVERS,
    COMPARE_SURFACE,
    COMPARE_REACH,
    COMPARE_LINT,
    COMPARE_DIFF,
    COMPARE_COUNT
};

struct seen {
    size_t policies, too_large, cut;
    size_t verdicts[3];
    size_t whys[WHY_COUNT], masking;
    size_t networks, partial;
    size_t unreachable, redundant, domains;
    size_t pairs, pairs_too_large, same, wider, changes[8];
    size_t random, combinations;
    size_t credentials[4]; /* rules with lines of names, logins, certificates, places */
    size_t logins, stolen; /* whose reach was compared; that open something */
    size_t waived, accepted, ended, granted, refused;
};

/* compare_proof - verdict, openings, witnesses */
bool compare_proof(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                   struct seen *seen);

/*
 * compare_waivers - which openings are accepted, before, between and after the days of the generator;
 * the answers then
 */
bool compare_waivers(const struct oracle *o, const struct oracle_result *r, struct pl_policy *p,
                     struct pl_buf *out, struct seen *seen);

/* compare_surface - the addresses, together and by rule; what credentials add */
bool compare_surface(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                     struct seen *seen);

struct pl_surface;
/* compare_credentials - what these add; by_address: by client, the rules that let it pass by that */
bool compare_credentials(const struct oracle *o, const uint64_t *by_address,
                         const struct pl_surface *s, struct pl_buf *out, struct seen *seen);

/* compare_reach - what a stolen password of some logins opens */
bool compare_reach(const struct oracle *o, struct pl_buf *out, struct seen *seen);

/* compare_lint - rules that never decide, rules that change nothing, domains that nobody reaches */
bool compare_lint(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                  struct seen *seen);

/*
 * compare_diff - for an oracle of two policies: what changes, and that nothing else does; whether more
 * may relay
 */
bool compare_diff(const struct oracle *o, struct pl_buf *out, struct seen *seen);

/* compare_words - the same from the other side: the words of all changes, turned back into values */
bool compare_words(const struct oracle *o, struct pl_buf *out, struct seen *seen);

/* ---- for these ---- */

/* say_request - a request as attributes, in one line */
void say_request(struct pl_buf *out, const struct pl_str request[PL_ATTR_COUNT]);

/* opening_why - as the oracle calls it */
enum oracle_why opening_why(enum pl_opening_why why);

/* say_cidrs - a list, or "nobody" */
void say_cidrs(struct pl_buf *out, const struct pl_str *cidrs, size_t n);

/* judge - what the definition says of a whole request; the rule that decides it */
struct judgement {
    size_t rule;
    unsigned facts;
    bool at_listener;
};
struct judgement judge(const struct pl_policy *p, const struct pl_str request[PL_ATTR_COUNT]);

/* clients_with - the addresses whose value of client_address has a bit of mask in bits, as networks */
struct pl_str *clients_with(const struct oracle *o, const uint64_t *bits, uint64_t mask, size_t *n);

/* same_networks - the list is that of the analysis */
bool same_networks(const struct pl_str *cidrs, size_t n, const struct pl_prefix *networks,
                   size_t m);

/* say_networks - a list of the analysis, or "nobody" */
void say_networks(struct pl_buf *out, const struct pl_prefix *networks, size_t n);

#endif
