/* SPDX-License-Identifier: BSD-2-Clause */
/* Postfix's tables, listed by Postfix itself where it can, else read from the text that they are made of. */
#include "init.h"

#include "postlatch/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TABLE = 64 * 1024 * 1024 };

/* One row a type. Types that are not here cannot be listed: they are asked one key at a time. */
static const struct type {
    const char *name;
    bool listed;  /* postmap -s */
    bool in_text; /* made of, or being, a text file of this name */
    bool ordered;
} types[] = {
    {"hash", true, true, false},     {"btree", true, true, false},   {"lmdb", true, true, false},
    {"cdb", false, true, false},     {"dbm", true, true, false},     {"sdbm", true, true, false},
    {"texthash", true, true, false}, {"inline", true, false, false}, {"cidr", false, true, true},
};

static bool add_row(struct init_table *t, struct pl_str key, struct pl_str value, unsigned line)
{
    struct pl_map_row *rows = pl_grow(t->rows, &t->cap, t->count, sizeof(*rows));

    if (rows == NULL) {
        t->why = "out of memory";
        return false;
    }
    t->rows = rows;
    t->rows[t->count++] = (struct pl_map_row){key, value, line};
    return true;
}

static int by_key(const void *a, const void *b)
{
    return pl_str_cmp(((const struct pl_map_row *)a)->key, ((const struct pl_map_row *)b)->key);
}

/* What postmap -s prints: key, tab, value; in no order that stays the same. */
static bool take_listing(struct init_table *t)
{
    struct pl_str rest = pl_buf_str(&t->text);

    for (unsigned number = 1; rest.n > 0; number++) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')};
        size_t tab = pl_str_find(line, '\t');

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        if (!add_row(t, (struct pl_str){line.p, tab},
                     pl_str_from(line, tab < line.n ? tab + 1 : tab), number))
            return false;
    }
    if (t->count > 0)
        qsort(t->rows, t->count, sizeof(*t->rows), by_key);
    for (size_t i = 0; i < t->count; i++)
        t->rows[i].line = (unsigned)i + 1;
    return true;
}

static bool take_text(struct init_table *t)
{
    struct pl_str rest = pl_buf_str(&t->text);
    struct pl_map_row row;
    unsigned line = 0;

    while (pl_mapsource_next(&rest, &line, &row)) {
        if (!add_row(t, row.key, row.value, row.line))
            return false;
    }
    return true;
}

static bool list_by_postmap(struct init_table *t, const char *dir, struct pl_str text)
{
    const char *argv[6] = {"postmap"}, *why;
    struct pl_buf err = {0};
    size_t n = 1;
    int status;

    if (dir != NULL) {
        argv[n++] = "-c";
        argv[n++] = dir;
    }
    argv[n++] = "-s";
    argv[n++] = text.p;
    status = postfix_run(argv, (struct pl_str){NULL, 0}, &t->text, &err, &why);
    pl_buf_fini(&err);
    if (status == 0 && take_listing(t))
        return true;
    pl_buf_reset(&t->text);
    t->count = 0;
    return false;
}

bool init_file_read(struct pl_str path, struct pl_buf *text, const char **why)
{
    struct pl_diag *d = pl_diag_new();
    char *name = strndup(path.p, path.n);
    bool ok;

    *why = "out of memory";
    errno = 0;
    ok = d != NULL && name != NULL && pl_file_read(name, MOST_TABLE, text, d, PL_NOWHERE);
    if (!ok && errno != 0)
        *why = strerror(errno);
    else if (!ok && d != NULL)
        *why = "it cannot be read";
    free(name);
    pl_diag_free(d);
    return ok;
}

bool init_table_read(struct init *in, struct init_table *t, struct pl_str name)
{
    struct pl_str type, path, copy;
    size_t colon;

    *t = (struct init_table){.name = name};
    if (pl_str_has_prefix(name, pl_str_lit("proxy:")))
        name = pl_str_from(name, sizeof("proxy:") - 1);
    copy = init_keep(in, name);
    colon = pl_str_find(name, ':');
    type = (struct pl_str){name.p, colon};
    path = pl_str_from(name, colon < name.n ? colon + 1 : colon);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!pl_str_eq(type, pl_str_of(types[i].name)))
            continue;
        t->ordered = types[i].ordered;
        /* The folder may be another host's, with interfaces that postmap does not find here. */
        if (types[i].listed && (list_by_postmap(t, in->postfix->dir, copy) ||
                                (in->postfix->dir != NULL && list_by_postmap(t, NULL, copy))))
            return true;
        if (!types[i].in_text) {
            t->why = "postmap cannot list it";
            return false;
        }
        t->from_text = true;
        if (!init_file_read(path, &t->text, &t->why))
            return false;
        t->why = NULL;
        return take_text(t);
    }
    t->why = pl_str_eq(type, pl_str_lit("static")) ? "it answers to every key alike"
             : pl_str_eq(type, pl_str_lit("pcre")) || pl_str_eq(type, pl_str_lit("regexp"))
                 ? "it holds patterns, not a list"
                 : "tables of this type cannot be listed";
    return false;
}

void init_table_fini(struct init_table *t)
{
    pl_buf_fini(&t->text);
    free(t->rows);
    *t = (struct init_table){0};
}
