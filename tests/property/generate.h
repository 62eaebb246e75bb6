/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies and requests out of random numbers, near the edges of one another on purpose. */
#ifndef POSTLATCH_TESTS_PROPERTY_GENERATE_H
#define POSTLATCH_TESTS_PROPERTY_GENERATE_H

#include "draft.h"
#include "rng.h"

/*
 * Entries that the policy has, by what they are: a pool for each kind of table, and one for the
 * words of each attribute, since those are not exchangeable.
 */
enum { POOLS = PL_TABLE_KIND_COUNT + PL_ATTR_COUNT };

struct pool {
    struct pl_str *texts; /* malloc'ed; the texts are the draft's */
    size_t count, cap;
};

struct generator {
    struct rng rng;
    struct draft *draft;
    struct pool pools[POOLS];
    size_t universe;     /* how many names are made up: few meet often, many are told apart */
    unsigned words;      /* percent of conditions' entries that are words: any, ours, … */
    bool large;          /* many rules: each must be narrow */
    struct pl_str realm; /* default_realm, or empty */
    bool huge; /* so many that each must be about one thing, or the first hundred decide all */
    unsigned rank[DRAFT_LISTS]; /* a boundary list refers to those of higher rank only */
    struct pl_buf scratch;
};

struct request {
    struct pl_buf value[PL_ATTR_COUNT];
    bool off[PL_ATTR_COUNT]; /* not sent: absent */
};

/* How an entry is made. */
enum { ENTRY_LOOSE = 1 /* domains of one label too */, ENTRY_FILE = 2 /* for a line of a file */ };

/* generator_init, generator_fini - for one policy */
void generator_init(struct generator *g, uint64_t seed, struct draft *d);
void generator_fini(struct generator *g);

/* pool_of - where entries of a kind are kept; attr matters for words only */
struct pool *pool_of(struct generator *g, enum pl_table_kind kind, enum pl_attr attr);

/* entry_kind - the kind of an inline entry of a condition on attr */
enum pl_table_kind entry_kind(enum pl_attr attr, struct pl_str text);

/* make_entry - a new entry, often a relative of one that is there; recorded in its pool */
struct pl_str make_entry(struct generator *g, enum pl_table_kind kind, enum pl_attr attr,
                         unsigned how);

/* make_name - a domain of at least `least` labels */
void make_name(struct generator *g, struct pl_buf *out, size_t least);

/* make_local - a local part or login */
void make_local(struct generator *g, struct pl_buf *out);

/* generate_policy - fill the draft with about so many rules */
void generate_policy(struct generator *g, size_t rules);

/* The last days on which waivers count; both far from now. */
#define ACCEPTED_FIRST "2097-03-31"
#define ACCEPTED_SECOND "2098-12-31"

/*
 * generate_small - fill the draft with so many rules as administrators who nearly get it right write
 * them: few names, so that all requests can be tried, and grants that keep within the boundary, or not
 */
void generate_small(struct generator *g, size_t rules);

/* generate_change - change a little of a policy: an entry, a list, a rule, its action, the order */
void generate_change(struct generator *g);

/* ---- parts of these ---- */

/* Where a list stands decides what may be in it. */
struct place {
    enum pl_attr attr;
    int boundary; /* the boundary list, or NO_REF in a condition */
};

/* make_options, make_table, make_boundary - add them; a list is absent in so many of 100 cases */
void make_options(struct generator *g);
void make_table(struct generator *g, size_t most);
void make_boundary(struct generator *g, unsigned absent, size_t most);

/* fill_list - at most so many items that may stand in a place */
void fill_list(struct generator *g, struct draft_list *list, const struct place *place,
               size_t most);

/* add_reference - <name> of a table or boundary list; false if there is none that fits */
bool add_reference(struct generator *g, struct draft_list *list, const struct place *place);

/* generate_request - the next request to ask of the policy */
void generate_request(struct generator *g, struct request *r);

/* value_near - a value that an entry holds, or (if not exact) often just does not hold */
void value_near(struct generator *g, struct pl_buf *out, enum pl_table_kind kind, enum pl_attr attr,
                struct pl_str entry, bool exact);

/* value_any - any value of an attribute, absent and junk too */
void value_any(struct generator *g, struct pl_buf *out, enum pl_attr attr);

#endif
