/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as a structure, from which configuration text is made. Every part has an `off`: a part
 * that is off is not printed. So a failing policy shrinks by switching parts off.
 */
#ifndef POSTLATCH_TESTS_PROPERTY_DRAFT_H
#define POSTLATCH_TESTS_PROPERTY_DRAFT_H

#include "postlatch/arena.h"
#include "postlatch/buf.h"
#include "postlatch/policy.h"

enum { NO_REF = -1 };

/* One entry of a list. */
struct draft_item {
    struct pl_str text; /* without '!' */
    int table;          /* <name> of this table, or NO_REF */
    int boundary;       /* <name> of this boundary list, or NO_REF */
    bool out;           /* with '!' */
    bool file;          /* of a table: stands in its file */
    bool off;
};

struct draft_list {
    struct draft_item *items; /* malloc'ed */
    size_t count, cap;
    bool off;
};

struct draft_table {
    enum pl_table_kind kind;
    char name[16];
    bool loose; /* has domains of one label, which the boundary may not name */
    struct draft_list list;
};

struct draft_cond {
    enum pl_attr attr;
    struct draft_list list;
};

enum { DRAFT_CONDS = 6 };

struct draft_rule {
    const char *action; /* a static string */
    size_t ncond;
    struct draft_cond cond[DRAFT_CONDS];
    bool off;
};

/* accept: a surface, or the name of a rule, or both. */
struct draft_waiver {
    struct draft_list surface;
    int rule;          /* or NO_REF */
    const char *until; /* a static string */
    bool off;
};

struct draft_option {
    const char *name; /* a static string */
    struct pl_str value;
    bool off;
};

enum { DRAFT_OPTIONS = 16, DRAFT_WAIVERS = 4, DRAFT_LISTENERS = PL_BOUNDARY_COUNT, DRAFT_LISTS };

struct draft {
    struct pl_arena *arena;                  /* of all texts */
    struct draft_list boundary[DRAFT_LISTS]; /* off: not given; the last is relay_listeners */
    struct draft_option options[DRAFT_OPTIONS];
    size_t noptions;
    struct draft_table *tables; /* malloc'ed */
    size_t ntables, tables_cap;
    struct draft_rule *rules; /* malloc'ed */
    size_t nrules, rules_cap;
    struct draft_waiver waivers[DRAFT_WAIVERS];
    size_t nwaivers;
};

/* draft_init, draft_fini - an empty policy; the end of it */
void draft_init(struct draft *d);
void draft_fini(struct draft *d);

/* draft_text - a copy that lives as long as d */
struct pl_str draft_text(struct draft *d, struct pl_str text);

/* draft_add_… - one more, zeroed; the pointer is good until the next of its kind */
struct draft_item *draft_add_item(struct draft_list *list, struct pl_str text);
struct draft_table *draft_add_table(struct draft *d, enum pl_table_kind kind);
struct draft_rule *draft_add_rule(struct draft *d);
void draft_add_option(struct draft *d, const char *name, struct pl_str value);

/* draft_is_on - the item is printed: it is on, and so is the table that it refers to */
bool draft_is_on(const struct draft *d, const struct draft_item *item);

/* draft_print - the main file */
void draft_print(const struct draft *d, struct pl_buf *out);

/* draft_print_file - the file of a table; false if it has none */
bool draft_print_file(const struct draft_table *t, struct pl_buf *out);

/* draft_save - write all files to folder; the main one is postlatch.conf */
void draft_save(const struct draft *d, const char *folder);

/* draft_show - all files, for people */
void draft_show(const struct draft *d);

/* must - what has to hold for the test to go on; says why it stops */
void must(bool holds, const char *what);

/* print_bytes - bytes with \xNN for what is not printable ASCII */
void print_bytes(struct pl_str s);

#endif
