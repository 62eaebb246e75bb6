/* SPDX-License-Identifier: BSD-2-Clause */
/* Named tables: networks "lan" { entries = {…}  file = "…" }. */
#include "build.h"

#include "postlatch/file.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    enum schema_section section;
    enum pl_table_kind kind;
} kinds[] = {
    {SECTION_NETWORKS, PL_TABLE_NETWORKS},
    {SECTION_DOMAINS, PL_TABLE_DOMAINS},
    {SECTION_USERS, PL_TABLE_USERS},
    {SECTION_ADDRESSES, PL_TABLE_ADDRESSES},
    {SECTION_FINGERPRINTS, PL_TABLE_FINGERPRINTS},
};

static bool good_name(struct pl_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!pl_ascii_is_alnum(name.p[i]) && name.p[i] != '_' && name.p[i] != '.' &&
            name.p[i] != '-')
            return false;
    }
    return name.n >= 1 && name.n <= 64;
}

/* Whether a table may have this name; notes why not. */
static bool admit_name(struct builder *b, const char *kind, const struct tree_value *name)
{
    const struct pl_table *other = pl_policy_find_table(b->policy, name->text);
    struct pl_quote q;
    bool boundary = pl_str_eq(name->text, pl_str_lit("relay_listeners"));

    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++)
        boundary =
            boundary || pl_str_eq(name->text, pl_str_of(pl_boundary_name((enum pl_boundary)i)));
    if (!good_name(name->text))
        pl_diag_error(b->d, name->at,
                      "%s %s: bad name; expected 1 to 64 letters, digits, '_', '.' or '-'", kind,
                      pl_quote(&q, name->text));
    else if (boundary)
        pl_diag_error(b->d, name->at,
                      "%s %s: that is the name of a boundary list; expected another", kind,
                      pl_quote(&q, name->text));
    else if (other != NULL)
        pl_diag_error(b->d, name->at, "%s %s: a table of that name stands at %s:%u already", kind,
                      pl_quote(&q, name->text), pl_diag_file_name(b->d, other->at.file),
                      (unsigned)other->at.line);
    else
        return true;
    return false;
}

static void read_file(struct builder *b, struct pl_table *t, const struct tree_value *file,
                      const char *what)
{
    char *path;

    if (file->bad)
        return;
    if (file->text.n == 0) {
        pl_diag_error(b->d, file->at, "%s: file is empty; expected the name of a file", what);
        return;
    }
    path = pl_path_beside(pl_diag_file_name(b->d, file->at.file), file->text);
    if (path == NULL)
        pl_diag_no_memory(b->d);
    else
        pl_table_read(t, b->policy->arena, path, file->at, &b->policy->users, b->d);
    free(path);
}

static void build_table(struct builder *b, struct tree_section *s, enum pl_table_kind kind)
{
    const char *word = pl_table_kind_word(kind);
    struct tree_value name, file, value;
    struct pl_table *t;
    struct pl_pos at;
    struct pl_quote q;
    char what[WHAT_SIZE];
    unsigned from = 0;
    bool has_entries = tree_list_at(s, "entries", &at);
    bool has_file = tree_scalar(s, "file", &file);

    if (!tree_scalar(s, "title", &name) || name.bad || !admit_name(b, word, &name))
        return;
    snprintf(what, sizeof(what), "%s %s", word, pl_quote(&q, name.text));
    if (!has_entries && !has_file)
        pl_diag_error(b->d, name.at, "%s: neither entries nor file; expected at least one of them",
                      what);
    t = pl_policy_new_table(b->policy, name.text, kind, name.at);
    if (t == NULL) {
        pl_diag_no_memory(b->d);
        return;
    }
    while (tree_list_next(s, "entries", &from, &value)) {
        if (!value.bad)
            pl_table_add(t, b->policy->arena, value.text, value.at, &b->policy->users, what, b->d);
    }
    if (has_file)
        read_file(b, t, &file, what);
}

void build_tables(struct builder *b)
{
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (size_t i = 0; i < tree_count(b->tree, kinds[k].section); i++)
            build_table(b, tree_section(b->tree, kinds[k].section, i), kinds[k].kind);
    }
}
