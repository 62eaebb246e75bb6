/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_TREE_H
#define POSTLATCH_CONFIG_TREE_H

#include "postlatch/diag.h"
#include "postlatch/str.h"
#include "schema.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The options of a configuration as libconfuse has parsed them from what scan wrote. The only code
 * that knows libconfuse.
 */

/* struct tree - a parsed configuration; opaque, one thread at a time */
struct tree;

/* struct tree_section - the top level or a section of it; opaque, owned by the tree */
struct tree_section;

/* struct tree_value - a value and where it stands; plain value, text dies with the tree */
struct tree_value {
    struct pl_str text;
    struct pl_pos at;
    bool bad; /* an error was noted for it already: say no more */
};

/*
 * tree_parse - parse the canonical text of scan
 *
 * returns  NULL after noting why in d
 * threads  any: libconfuse keeps global state, so callers wait for one another inside
 */
struct tree *tree_parse(const char *canonical, struct pl_diag *d);

/* tree_free - NULL accepted */
void tree_free(struct tree *t);

/* tree_top - the options outside all sections */
struct tree_section *tree_top(struct tree *t);

/* tree_count, tree_section - the sections of a kind, in the order written */
size_t tree_count(struct tree *t, enum schema_section section);
struct tree_section *tree_section(struct tree *t, enum schema_section section, size_t i);

/* tree_scalar - the value of an option of shape SCALAR, or `title`; false if it was not given */
bool tree_scalar(struct tree_section *s, const char *name, struct tree_value *value);

/* tree_list_at - whether a list was given, and where */
bool tree_list_at(struct tree_section *s, const char *name, struct pl_pos *at);

/* tree_list_next - the entries of a list: *from is {0} first; false behind the last one */
bool tree_list_next(struct tree_section *s, const char *name, unsigned *from,
                    struct tree_value *value);

#endif
