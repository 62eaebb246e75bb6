/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_NAMEINDEX_H
#define POSTLATCH_NAMEINDEX_H

#include "postlatch/classes.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which tables hold a name: a domain, a login, a mail address, a fingerprint, a word. A flat hash of
 * all keys of all tables of one kind, each with its class.
 */

enum { PL_KEY_MAX = 4096 }; /* bytes of a key */

/* struct pl_keys - keys of all tables of a kind, collected; plain value, start with {0} */
struct pl_keys {
    uint8_t *bytes; /* a length of one or two bytes, then the key */
    size_t n, cap;
    size_t count;
    struct pl_keys_run { /* from this byte on the keys are this table's */
        uint32_t start, table;
    } * runs;
    size_t nruns, runs_cap;
};

/* pl_keys_add - one more key of a table; false when memory is short or there are 4 GiB of them */
bool pl_keys_add(struct pl_keys *k, struct pl_str key, uint32_t table);
void pl_keys_fini(struct pl_keys *k);

/* How a value is held by keys other than itself. */
enum pl_key_rule {
    PL_KEYS_EXACT,
    PL_KEYS_DOMAINS, /* ".parent" holds every name below it */
    PL_KEYS_USERS    /* "@realm" holds every login of the realm */
};

/* struct pl_name_index - key → class, built once, then read-only */
struct pl_name_index {
    struct pl_classes classes;
    enum pl_key_rule rule;
    uint64_t seed;     /* of the hash, random: clients choose what is looked up */
    uint64_t *buckets; /* nbuckets + 1: where its keys begin << 32 | bits that some of them sets */
    size_t nbuckets, count;
    uint8_t *keys;      /* class << 12 | length - 1 in 4 bytes, then the key; a bucket's together */
    uint64_t depths[2]; /* bit d - 1: some ".parent" has d labels */
    unsigned fullest;   /* keys in the fullest bucket: the work of the worst look-up */
};

/*
 * pl_name_index_build - from keys, which are freed as soon as they are copied; *index is zeroed
 *
 * A key in several tables is kept once. The class of a key has the tables of all keys above it, so
 * that the first key found answers.
 *
 * returns  false when memory is short or there are too many classes; release with _fini all the same
 * cost     about 100 ns a key
 */
bool pl_name_index_build(struct pl_name_index *index, struct pl_keys *keys, enum pl_key_rule rule);
void pl_name_index_fini(struct pl_name_index *index);

/*
 * pl_name_index_find - the class of a value
 *
 * PL_KEYS_DOMAINS: of the name itself, else of its nearest parent that is a key; a name that begins
 * with '[' (an address literal) has no parents. PL_KEYS_USERS: the login, else its realm.
 *
 * cost     one look-up, and one more for each number of labels that a ".parent" has (or the realm);
 *          each compares at most fullest keys, whatever the value
 */
uint32_t pl_name_index_find(const struct pl_name_index *index, struct pl_str value);

/*
 * pl_name_index_each - all keys, in no order that means anything, each with the class that it gives:
 * that of the name itself, of the names below a ".parent", of the logins of an "@realm"
 *
 * returns  false as soon as each does. key is dead with the index
 */
bool pl_name_index_each(const struct pl_name_index *index,
                        bool (*each)(struct pl_str key, uint32_t class, void *arg), void *arg);

/*
 * pl_name_index_places - where pl_name_index_find begins to read for a value and for its parents;
 * pl_name_index_entries - where it then goes on, which is known only when the first have been read
 *
 * For callers who ask the memory beforehand: a large index does not fit into any cache, and what
 * several look-ups wait for then comes at the same time.
 *
 * in       room: of out, at least 2; parents that do not fit are left out
 * returns  how many there are
 */
size_t pl_name_index_places(const struct pl_name_index *index, struct pl_str value,
                            const void **out, size_t room);
size_t pl_name_index_entries(const struct pl_name_index *index, struct pl_str value,
                             const void **out, size_t room);

#endif
