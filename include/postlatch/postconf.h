/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_POSTCONF_H
#define POSTLATCH_POSTCONF_H

#include "postlatch/diag.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What `postconf` prints, as values. Parameters, one a line, as of `postconf`, `postconf -n` and
 * `postconf -x`. Who wants `$name` and `${name?…}` expanded asks `postconf -x`, with the -o of a
 * service as further arguments: Postfix itself does it then, and no second reader can be wrong.
 */

/* struct pl_postconf_param - plain value; views into the text that was read */
struct pl_postconf_param {
    struct pl_str name, value; /* value: as printed, without blanks at its ends; may be empty */
};

/* struct pl_postconf - plain value, start with {0}, release with pl_postconf_fini */
struct pl_postconf {
    struct pl_postconf_param *params; /* by name */
    size_t count, cap;
};

void pl_postconf_fini(struct pl_postconf *pc);

/*
 * pl_postconf_add - one more parameter, at the end; pl_postconf_sort when all are there
 *
 * returns  false when memory is short
 */
bool pl_postconf_add(struct pl_postconf *pc, struct pl_str name, struct pl_str value);
void pl_postconf_sort(struct pl_postconf *pc);

/*
 * pl_postconf_read - the parameters of a text: lines `name = value`
 *
 * in       text: lives as long as pc; source: what printed it, for messages
 * returns  false after noting in d every line that is none, or a name that comes twice
 */
bool pl_postconf_read(struct pl_postconf *pc, struct pl_str text, const char *source,
                      struct pl_diag *d);

/* pl_postconf_find - a parameter, or NULL; a binary search */
const struct pl_postconf_param *pl_postconf_find(const struct pl_postconf *pc, const char *name);

/* pl_postconf_value - its value; empty if there is no such parameter */
struct pl_str pl_postconf_value(const struct pl_postconf *pc, const char *name);

/*
 * pl_postfix_word - the next word of a list, as Postfix splits them
 *
 * Words are separated by commas, blanks and tabs; what stands in { } is part of one word.
 *
 * out      *word: a view; *rest: what is behind it
 * returns  false if there is no more
 */
bool pl_postfix_word(struct pl_str *rest, struct pl_str *word);

/*
 * pl_postfix_unbrace - the inside of a word in braces, without blanks at its ends
 *
 * returns  false if word does not begin with '{', does not end with '}', or goes on behind the
 *          brace that closes the first one: Postfix does not start with such a word
 */
bool pl_postfix_unbrace(struct pl_str word, struct pl_str *inner);

/*
 * pl_postfix_seconds - a time as Postfix writes it: digits, then s, m, h, d or w; no letter: seconds
 *
 * returns  false if text is none, or over 10^9 seconds
 */
bool pl_postfix_seconds(struct pl_str text, unsigned long *seconds);

/* What an entry of a list such as mydestination, relay_domains or mynetworks is. */
enum pl_match_kind {
    PL_MATCH_VALUE,  /* a name or an address */
    PL_MATCH_PARENT, /* ".example.org" */
    PL_MATCH_FILE,   /* "/path": entries from a file */
    PL_MATCH_TABLE   /* "type:name" */
};

/* struct pl_match_entry - plain value */
struct pl_match_entry {
    enum pl_match_kind kind;
    bool negated;       /* "!…" */
    struct pl_str text; /* without '!'; a table's whole "type:name" */
};

/* pl_match_next - the next entry of such a list; false if there is no more */
bool pl_match_next(struct pl_str *rest, struct pl_match_entry *entry);

#endif
