/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_TABLE_H
#define POSTLATCH_TABLE_H

#include "postlatch/arena.h"
#include "postlatch/diag.h"
#include "postlatch/ipset.h"
#include "postlatch/nameset.h"
#include "postlatch/query.h"
#include "postlatch/sources.h"
#include "postlatch/user.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of a table's file: bytes of the file, bytes of a line, entries. */
enum { PL_TABLE_FILE_MAX_MIB = 1024, PL_TABLE_LINE_MAX = 4096 };

enum { PL_WORD_MAX = 512 }; /* bytes of an entry of kind WORDS or WORDS_FOLD */

/*
 * What a table holds: enum, word of the configuration (NULL: only written inline in a condition),
 * what an entry is.
 */
#define PL_TABLE_KIND_TABLE(X)                                                                     \
    X(NETWORKS, "networks", "an address or network")                                               \
    X(DOMAINS, "domains", "a domain, \".domain\" for its subdomains, or an address literal")       \
    X(USERS, "users", "a login, or \"@realm\"")                                                    \
    X(ADDRESSES, "addresses", "a mail address, or \"user@\"")                                      \
    X(FINGERPRINTS, "fingerprints", "a fingerprint")                                               \
    X(WORDS, NULL, "a word")                                                                       \
    X(WORDS_FOLD, NULL, "a word")                                                                  \
    X(PORTS, NULL, "a port or range of ports")

enum pl_table_kind {
#define X(id, word, doc) PL_TABLE_##id,
    PL_TABLE_KIND_TABLE(X)
#undef X
        PL_TABLE_KIND_COUNT
};

/*
 * pl_table_kind_word, pl_table_kind_doc - the configuration's word for a kind (or NULL), and what
 * an entry of it is
 */
const char *pl_table_kind_word(enum pl_table_kind kind);
const char *pl_table_kind_doc(enum pl_table_kind kind);

/* struct pl_table_entry - an entry as written, and where */
struct pl_table_entry {
    struct pl_str text;
    struct pl_pos at;
    uint16_t low, high; /* PORTS: the range, both ends included */
};

/*
 * struct pl_table - a set of values of one kind; read-only once frozen, any thread may look things
 * up then
 *
 * The struct, its texts and keys live in the arena that it was made in; its arrays are malloc'ed:
 * pl_table_fini.
 */
struct pl_table {
    struct pl_str name; /* empty for the inline entries of a condition */
    enum pl_table_kind kind;
    struct pl_pos at;           /* where it is declared */
    uint32_t number;            /* among all tables of the policy */
    struct pl_sources *sources; /* collects the entries for the compiled form; NULL: nobody does */
    bool lean;                  /* nothing else keeps them: no look-ups here, no texts, no places */
    bool has_top_level;         /* DOMAINS: some entry has one label only, as "com" or ".com" */
    size_t count, cap;
    struct pl_table_entry *entries; /* in the order written; an entry's index is its id */
    struct pl_ipset networks;       /* NETWORKS */
    struct pl_nameset names;        /* all kinds but NETWORKS and PORTS */
};

/* pl_table_new - an empty table in a; NULL when memory is short */
struct pl_table *pl_table_new(struct pl_arena *a, struct pl_str name, enum pl_table_kind kind,
                              struct pl_pos at);

/* pl_table_fini - frees the arrays; NULL accepted */
void pl_table_fini(struct pl_table *t);

/*
 * pl_table_add - add the entry text, found at `at`
 *
 * in       style: how logins compare (USERS only); what: names the place in messages, e.g.
 *          `networks "lan"`
 * returns  false after noting what is wrong with it in d
 */
bool pl_table_add(struct pl_table *t, struct pl_arena *a, struct pl_str text, struct pl_pos at,
                  const struct pl_user_style *style, const char *what, struct pl_diag *d);

/*
 * pl_table_read - add the entries of a file
 *
 * File format: one entry a line; blanks at both ends, empty lines, and '#' at the start of a line
 * or behind a blank with all that follows are dropped; lines end with LF or CRLF. A line longer
 * than PL_TABLE_LINE_MAX, a blank or comma within an entry, quotes, '!' and '<' are errors: a file
 * holds plain entries only.
 *
 * in       at: the place that names the file
 * returns  false after noting all that is wrong in d
 */
bool pl_table_read(struct pl_table *t, struct pl_arena *a, const char *path, struct pl_pos at,
                   const struct pl_user_style *style, struct pl_diag *d);

/*
 * pl_table_is_top_level - the key of a domain entry has one label: "com", ".com"; not "localhost", not
 * a literal
 */
bool pl_table_is_top_level(struct pl_str key);

/* pl_table_freeze - end of building */
void pl_table_freeze(struct pl_table *t);

/*
 * pl_table_find_… - the id of the entry that holds a value, or PL_NO_ENTRY; the table is of the
 * kind that fits
 *
 * addr: the most specific network. domain: the name itself, else its nearest parent given as
 * ".parent". user: the login, else "@realm". address: "local@domain", then with the extension cut
 * off, then "local@" likewise.
 */
uint32_t pl_table_find_addr(const struct pl_table *t, const struct pl_addr *addr);
uint32_t pl_table_find_domain(const struct pl_table *t, const struct pl_domain *domain);
uint32_t pl_table_find_user(const struct pl_table *t, struct pl_str login,
                            const struct pl_user_style *style);
uint32_t pl_table_find_address(const struct pl_table *t, const struct pl_mailaddr *m,
                               struct pl_str delimiters);
uint32_t pl_table_find_fingerprint(const struct pl_table *t, struct pl_str text);
uint32_t pl_table_find_word(const struct pl_table *t, struct pl_str word);
uint32_t pl_table_find_port(const struct pl_table *t, struct pl_str port);

#endif
