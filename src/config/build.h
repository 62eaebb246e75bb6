/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_BUILD_H
#define POSTLATCH_CONFIG_BUILD_H

#include "postlatch/config.h"
#include "postlatch/diag.h"
#include "postlatch/policy.h"
#include "tree.h"

/*
 * Turning a parsed configuration into a policy and settings, part by part. Every function notes
 * what is wrong in b->d and goes on, so that one load finds everything.
 */
struct builder {
    struct tree *tree;
    struct pl_policy *policy;
    struct pl_settings *settings;
    struct pl_diag *d;
    unsigned widest_v4, widest_v6;
};

/* Messages say where a value stands: room for `rule "name": client_address`. */
enum { WHAT_SIZE = 480 };

/* build_options - everything of shape SCALAR at the top level, listen, log; first, as others use it */
void build_options(struct builder *b);

/* build_tables - the named tables and their files */
void build_tables(struct builder *b);

/* build_boundary - the boundary lists, which may refer to tables and to each other */
void build_boundary(struct builder *b);

/* build_listeners - relay_listeners */
void build_listeners(struct builder *b);

/* build_rules - the rules, which may refer to tables and boundary lists */
void build_rules(struct builder *b);

/* build_waivers - accept and accept_warnings, which may name rules; sets the policy's today */
void build_waivers(struct builder *b);

/* build_networks - a plain list of addresses and networks, option of section s, told to add one by one */
void build_networks(struct builder *b, struct tree_section *s, const char *option, const char *what,
                    bool (*add)(void *arg, const struct pl_prefix *prefix), void *arg);

/* check_boundary - is the boundary absurd? Networks too wide or half private, whole top-level domains */
void check_boundary(struct builder *b);

/*
 * boundary_is_sound - the same of a lean policy that is compiled: whether check_boundary would find
 * nothing. If it would, the file is loaded once more with all places, to say where
 */
bool boundary_is_sound(struct builder *b);

/* How the entries of a set are read. */
struct set_style {
    enum pl_attr attr;
    bool boundary;                /* a boundary list: fewer words, one kind of entry */
    enum pl_table_kind only_kind; /* boundary lists: the kind of their entries */
    unsigned words;               /* bits of enum pl_keyword that may stand in it */
};

/*
 * build_set - the set that a list of values means
 *
 * in       section, name: the list in the tree; what: names it in messages
 * out      *set, whose name and at the caller has set; inline tables belong to the policy
 */
void build_set(struct builder *b, struct tree_section *section, const char *name,
               const struct set_style *style, const char *what, struct pl_set *set);

/* set_absent_word - the word for "no value": unknown, "<>" or none, by the attribute's kind */
const char *set_absent_word(enum pl_attr attr);

/* set_takes - whether a table of this kind may be referred to in such a list */
bool set_takes(const struct set_style *style, enum pl_table_kind kind);

/*
 * is_in_doubt - whether an inline entry could be read, but hardly means what it says
 *
 * A value that nobody has would make a rule that refuses silently do nothing; so it is an error, with
 * the word that was probably meant and a way to insist.
 *
 * returns  true after noting it
 */
bool is_in_doubt(struct builder *b, const struct set_style *style, const char *what,
                 struct pl_str text, struct pl_pos at);

#endif
