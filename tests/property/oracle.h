/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle: what a policy does, found out by asking the plain interpreter about every request that
 * can matter. Slow and obvious on purpose; it shares nothing with src/analysis, and of the policy it
 * reads the rules' sets and the entries' texts only.
 *
 * For each attribute there are values next to every entry that any list has: the entry itself, what is
 * just beside it, below it, above it, one that nobody names, none at all. Values that behave alike (in
 * each condition of each rule, and by what the boundary says of them) are kept once. Every request is
 * then a combination of values, and all combinations are gone through, but those that cannot be.
 */
#ifndef POSTLATCH_TESTS_PROPERTY_ORACLE_H
#define POSTLATCH_TESTS_PROPERTY_ORACLE_H

#include "postlatch/arena.h"
#include "postlatch/policy.h"

__extension__ typedef unsigned __int128 oracle_u128;

/* ---- addresses (oracle_spans.c) ---- */

/* The addresses from low to high of one family, 4 or 6. */
struct span {
    int family;
    oracle_u128 low, high;
};

/* IPv6 addresses that are read as IPv4: no client has one of them as an IPv6 address. */
#define ORACLE_MAPPED                                                                              \
    ((struct span){6, (oracle_u128)0xffff << 32, (oracle_u128)0xffff << 32 | 0xffffffff})

struct spans {
    struct span *items; /* malloc'ed */
    size_t count, cap;
};

/* span_parse - the addresses of a network as an administrator writes it; mapped ones are IPv4 */
bool span_parse(struct span *s, struct pl_str text);

/* span_of - a single address */
struct span span_of(const struct pl_addr *addr);

/* span_of_prefix - the addresses of a network */
struct span span_of_prefix(const struct pl_prefix *prefix);

/* span_text - an address of a family as text, owned by a; mapped: IPv4 written as IPv6 */
struct pl_str span_text(struct pl_arena *a, int family, oracle_u128 at, bool mapped);

void spans_add(struct spans *s, struct span span);
void spans_fini(struct spans *s);

/* spans_merge - in order, IPv4 first, disjoint, not adjacent */
void spans_merge(struct spans *s);

/*
 * spans_cidrs - the least list of networks for merged spans without ORACLE_MAPPED; one holds that too
 * if it would be several otherwise. The texts are owned by a
 */
struct pl_str *spans_cidrs(const struct spans *s, struct pl_arena *a, size_t *n);

/* ---- what the boundary says (oracle_boundary.c) ---- */

/* What is true of a value. Bits. */
enum oracle_fact {
    FACT_NOT_RCPT = 1,
    FACT_LOGIN = 2,
    FACT_METHOD = 4,
    FACT_TLS = 8,
    FACT_NEEDS_TLS = 16, /* a certificate, or SNI */
    FACT_CERT = 32,
    FACT_LISTED_CERT = 64,
    FACT_NO_ADDRESS = 128,
    FACT_NETWORK = 256,
    FACT_BY_RULE = 512,
    FACT_MASKING = 1024,
    FACT_ELSEWHERE = 2048,
    FACT_HAS_NAME = 4096,
    FACT_LISTED_NAME = 8192,
    FACT_NO_RECIPIENT = 16384,
    FACT_OURS = 32768,
    FACT_ROUTED = 65536,
    FACT_BARE = 131072
};

/* oracle_facts - what is true of q's value of attr; q has been read */
unsigned oracle_facts(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr);

/* oracle_listeners - bit i: what relay_listeners[i] asks of attr holds, or it asks nothing */
uint64_t oracle_listeners(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr);

/* The entries of accepted_domains, those of its references too, negated ones not. */
struct oracle_entries {
    size_t count;
    struct pl_str texts[64];
};

void oracle_accepted(const struct pl_policy *p, struct oracle_entries *entries);

/* oracle_in_entries - bit i: the recipient's domain lies in entry i */
uint64_t oracle_in_entries(const struct oracle_entries *entries, const struct pl_query *q);

/* oracle_is_possible - no method without a login, no certificate or SNI without TLS */
bool oracle_is_possible(unsigned facts);

/* oracle_is_outsider - an outsider with a foreign recipient, at RCPT */
bool oracle_is_outsider(unsigned facts, bool at_listener);

/* What an action does for a foreign recipient; read from its text. */
enum oracle_effect { EFFECT_PASS, EFFECT_REFUSE, EFFECT_LEAVE, EFFECT_UNKNOWN };

enum oracle_effect oracle_effect(const struct pl_action *action);

/* oracle_same_answer - two actions send the same, whatever the request */
bool oracle_same_answer(const struct pl_action *a, const struct pl_action *b);

/* How an answer lets an outsider's mail pass. */
enum oracle_why { WHY_PASS, WHY_PERMIT, WHY_ELSEWHERE, WHY_CLASS, WHY_COUNT, WHY_NOT = WHY_COUNT };

enum oracle_why oracle_why(const struct pl_policy *p, const struct pl_action *action,
                           unsigned facts);

/* ---- values (oracle_values.c) ---- */

/* Labels that no list of the generator or the corpus has. */
#define ORACLE_NOBODY "zznobody"
#define ORACLE_NOWHERE "zznowhere.invalid"

/* A value that stands for all that behave alike. */
struct oracle_value {
    struct pl_str text; /* as sent; empty: absent */
    uint64_t rules[2];  /* of each policy; bit r: rule r's conditions on the attribute hold */
    uint64_t listeners; /* as oracle_listeners, of the first policy */
    uint64_t entries;   /* recipient: as oracle_in_entries */
    unsigned facts[2];
};

struct oracle_axis {
    enum pl_attr attr;
    struct oracle_value *values; /* malloc'ed */
    size_t count, cap;
};

/* Addresses that no list tells apart, and their value of client_address. */
struct oracle_interval {
    struct span span;
    size_t value;
};

struct oracle {
    struct pl_arena *arena;
    size_t nparts;
    const struct pl_policy *policy[2];
    struct oracle_entries accepted; /* of the first policy */
    size_t naxes;
    struct oracle_axis axes[PL_ATTR_COUNT];
    const struct oracle_axis *client, *login, *recipient;
    struct oracle_interval *intervals; /* all addresses, in order; malloc'ed */
    size_t nintervals, intervals_cap;
    double combinations; /* of values, those that cannot be included */
};

/*
 * oracle_new - the values of a policy, or of two
 *
 * in       other: may be NULL. Both have at most 64 rules and keep their tables
 */
struct oracle *oracle_new(const struct pl_policy *p, const struct pl_policy *other);
void oracle_free(struct oracle *o);

/* oracle_axis_of - the values of an attribute; NULL: one value is as good as any other */
const struct oracle_axis *oracle_axis_of(const struct oracle *o, enum pl_attr attr);

/* oracle_value_of - the value that behaves as this one does; SIZE_MAX: none (then a value is missing) */
size_t oracle_value_of(const struct oracle *o, const struct oracle_axis *axis, struct pl_str text);

/* ---- combinations (oracle_walk.c) ---- */

/* One combination. */
struct oracle_leaf {
    const struct oracle *o;
    size_t at[PL_ATTR_COUNT]; /* of each axis, in their order: which value */
    uint64_t rules[2];        /* of each policy: those whose conditions all hold */
    uint64_t listeners;
    unsigned facts[2];
    size_t client, login, recipient; /* values of these axes */
};

/* oracle_walk - each combination that can be, until visit returns false */
void oracle_walk(const struct oracle *o, bool (*visit)(const struct oracle_leaf *, void *),
                 void *context);

/* oracle_decides - the number of the rule that decides: the first that holds */
static inline size_t oracle_decides(uint64_t rules)
{
    return (size_t)__builtin_ctzll(rules);
}

/* oracle_request - the request of a combination */
void oracle_request(const struct oracle_leaf *leaf, struct pl_query *q);

/* oracle_confirm - some hundred combinations, by the interpreter as a whole; stops the test if not so */
void oracle_confirm(const struct oracle *o, uint64_t seed);

/* What all combinations of one policy amount to. Indexes: client or recipient value, then bit: rule. */
struct oracle_result {
    uint64_t decides;             /* the rules that decide something */
    uint64_t *rules;              /* different sets of rules that hold; malloc'ed */
    size_t nrules, rules_cap;     /* a hash, 0: empty */
    uint64_t *open[WHY_COUNT];    /* by client: outsiders' foreign recipients that pass */
    uint64_t *surface[WHY_COUNT]; /* by client: without login, certificate, name, listener */
    uint64_t *to;                 /* by client × recipient: the same, any why */
    uint64_t *reach;              /* by recipient: outsiders with an address, to ours too */
    bool has_outsiders;           /* with an address */
    struct oracle_leaf example;   /* of what is open, or may be */
    bool has_example;
};

void oracle_result_init(struct oracle_result *r, const struct oracle *o);
void oracle_result_fini(struct oracle_result *r);

/* ---- what changes from the first policy to the second (oracle_boxes.c) ---- */

/* Values of an axis, in order. */
struct oracle_set {
    uint32_t *values; /* malloc'ed */
    size_t count;
};

bool oracle_set_holds(const struct oracle_set *set, size_t value);

/* States × logins × clients × recipients whose answer changes in the same way, by the same rules. */
struct oracle_box {
    size_t rule[2];
    const char *kind; /* "+RELAY"; one of a few static strings */
    bool moved, only_some;
    const struct oracle_set *states, *logins, *clients,
        *recipients; /* states: 0 if there is no axis */
};

struct oracle_boxes {
    struct oracle_set *sets;
    size_t nsets;
    struct oracle_box *items;
    size_t count;
};

void oracle_boxes_init(struct oracle_boxes *boxes, const struct oracle *o);
void oracle_boxes_fini(struct oracle_boxes *boxes);

#endif
