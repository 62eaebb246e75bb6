/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_MATRIX_H
#define POSTLATCH_MATRIX_H

#include "postlatch/arena.h"
#include "postlatch/policy.h"
#include "postlatch/prove.h"
#include "postlatch/space.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A policy on a page: classes of clients × classes of recipients, in each cell the rules that can
 * decide there. A class holds all values that get the same decisions from the same rules, everywhere on
 * the page; it is named by the tables and entries that are in it.
 *
 * A row varies one thing: the address of a client that has nothing else to show, or one other thing
 * that rules ask about (a login, a verified name, a certificate, the place where the client came in) of
 * a client whose address is in no list. What then still depends on something else, such as the sender,
 * is told in the cell: first the usual decision, then the others with their rules' conditions.
 *
 * The same with one recipient, one client or one login only answers who may send there, and where it
 * may send.
 */

/* What becomes of mail: enum, word, sentence. */
#define PL_FLOW_TABLE(X)                                                                           \
    X(MAIL, "mail", "to a recipient of ours, taken")                                               \
    X(RELAY, "relay", "to a recipient elsewhere, passed on for a client that may relay")           \
    X(OPEN, "OPEN", "to a recipient elsewhere, passed on for anybody: an open relay")              \
    X(REFUSED, "refused", "refused, for good or for now")                                          \
    X(LEFT, "left", "left to Postfix, which refuses it (after_dunno)")                             \
    X(UNKNOWN, "unknown", "decided by a restriction class that postlatch does not know")

enum pl_flow {
#define X(id, word, doc) PL_FLOW_##id,
    PL_FLOW_TABLE(X)
#undef X
        PL_FLOW_COUNT
};

const char *pl_flow_word(enum pl_flow flow);
const char *pl_flow_doc(enum pl_flow flow);

/* pl_flow_passes - mail gets through */
bool pl_flow_passes(enum pl_flow flow);

/* What a row varies. Rows stand in this order. */
enum pl_row_kind {
    PL_ROW_NETWORK,  /* client_address */
    PL_ROW_NAME,     /* client_name */
    PL_ROW_LISTENER, /* a member of relay_listeners */
    PL_ROW_PLACE,    /* server_address, server_port or policy_context, that some rule asks about */
    PL_ROW_LOGIN,    /* sasl_username */
    PL_ROW_CERTIFICATE, /* ccert_fingerprint, ccert_pubkey_fingerprint or ccert_subject */
    PL_ROW_KIND_COUNT
};

/* pl_row_kind_title - as a heading: "clients by address" */
const char *pl_row_kind_title(enum pl_row_kind kind);

enum pl_column_kind { PL_COLUMN_OURS, PL_COLUMN_NAMED, PL_COLUMN_FOREIGN, PL_COLUMN_ROUTED };

/* How many members of a class are listed; the others are counted. */
enum { PL_CLASS_ITEMS = 200 };

/* struct pl_class_item - a member of a class: an entry of a table, a network, a word */
struct pl_class_item {
    struct pl_str text;
    struct pl_str table; /* that it is an entry of: "<hosted>"; empty: written in a rule or list */
    struct pl_pos at;    /* or PL_NOWHERE */
};

/* struct pl_class - a row or a column; read-only */
struct pl_class {
    unsigned kind;       /* enum pl_row_kind or enum pl_column_kind */
    enum pl_attr attr;   /* that the row varies */
    bool outside;        /* row: outside the relay boundary */
    bool rest;           /* everybody that no list and no rule names, is in it */
    bool masking;        /* row: masking addresses, anyone may hide behind them */
    bool elsewhere;      /* row: Postfix lets these relay without our word: permitted_elsewhere */
    bool no_address;     /* row of networks: clients whose address is unknown are in it */
    size_t merged;       /* 0, or so many classes that found no room and are together in this one */
    struct pl_str title; /* short: "<printers>", "example.org, example.net, … 37 more" */
    struct pl_str lists; /* row of networks: the lists and tables that hold them */
    size_t nitems, more; /* items below; how many more there are */
    struct pl_class_item *items;
    struct pl_prefix *networks; /* row of networks: all of its addresses, minimal */
    size_t nnetworks;
};

/* struct pl_outcome_told - a rule that can decide in a cell; read-only */
struct pl_outcome_told {
    const struct pl_rule *rule;
    enum pl_flow flow;
    bool usual;         /* with ordinary values of all that row and column do not say */
    struct pl_str when; /* its conditions on that: "sender = {foreign}"; empty: none */
    struct pl_str request[PL_ATTR_COUNT]; /* an example; pl_policy_decide has confirmed it */
};

enum { PL_CELL_OUTCOMES = 12 };

/* struct pl_cell - read-only */
struct pl_cell {
    size_t noutcomes, more; /* outcomes below, the usual one first, then by rule; how many more */
    struct pl_outcome_told *outcomes;
    enum pl_flow flow; /* OPEN if any is, else that of the first */
    bool depends;      /* outcomes have different flows */
};

/* What is asked; zeroed: everything, with room for all classes. */
struct pl_matrix_question {
    struct pl_str recipient; /* this one only; empty: all */
    struct pl_str client;    /* only the row of this address; empty: all */
    struct pl_str login;     /* only the row of this login; empty: all. Not with client */
    bool every_address; /* with login: decisions at any address, not only where rules ask for it */
    const struct pl_proof *proof; /* what is OPEN is what it found; NULL: as the boundary has it */
    size_t max_rows,
        max_columns; /* at least 2; 0: no limit. Classes that find no room are merged */
};

/* The most pairs of atoms that are looked at, before the policy is said to be too large. */
enum { PL_MATRIX_PAIRS_MAX_MILLION = 8 };

struct pl_matrix {
    struct pl_arena *arena;
    const struct pl_policy *policy;
    const char *gave_up; /* why it is not complete, or empty: a static string; else NULL */
    size_t nrows, ncolumns;
    struct pl_class *rows, *columns;
    struct pl_cell *cells;      /* nrows × ncolumns, row by row */
    struct pl_space *own_space; /* the one that was made, or NULL */
    bool too_large;
};

/*
 * pl_matrix_new - a policy as rows, columns and cells
 *
 * in       p: not lean; s: its space, or NULL to have it made
 * returns  NULL when memory is short; free with pl_matrix_free. p and s must outlive it
 * cost     a step of the walk for each pair of atoms, of which there are at most
 *          PL_MATRIX_PAIRS_MAX_MILLION million, and a look-up for each entry of a table in use
 */
struct pl_matrix *pl_matrix_new(const struct pl_policy *p, const struct pl_space *s,
                                const struct pl_matrix_question *question);
void pl_matrix_free(struct pl_matrix *m);

/* pl_matrix_cell - the cell of a row and a column */
const struct pl_cell *pl_matrix_cell(const struct pl_matrix *m, size_t row, size_t column);

#endif
