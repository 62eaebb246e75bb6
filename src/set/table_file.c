/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files of tables. A lean table takes a file piece by piece as it is read, and forgets what it took
 * should the file turn out to have changed meanwhile; a million lines never are in memory as text.
 */
#include "postlatch/file.h"
#include "postlatch/quote.h"
#include "postlatch/table.h"

#include <stdio.h>

enum { SHORT_LINE = 12 }; /* bytes, most IPv4 networks take more */

/* One line of a table's file, without its line end. */
static bool add_line(struct pl_table *t, struct pl_arena *a, struct pl_str line, struct pl_pos at,
                     const struct pl_user_style *style, const char *what, struct pl_diag *d)
{
    struct pl_quote q;

    if (line.n > PL_TABLE_LINE_MAX) {
        pl_diag_error(d, at, "%s: a line of %zu bytes; expected one entry of at most %d", what,
                      line.n, PL_TABLE_LINE_MAX);
        return false;
    }
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
            line.n = i;
    }
    line = pl_str_trim(line);
    if (line.n == 0)
        return true;
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == ',') {
            pl_diag_error(d, at,
                          "%s: %s: a %s within an entry; expected one entry a line, nothing else",
                          what, pl_quote(&q, line), line.p[i] == ',' ? "comma" : "blank");
            return false;
        }
        if ((line.p[i] & 0x80) == 0 && !pl_ascii_is_print(line.p[i])) {
            pl_diag_error(d, at, "%s: %s: a control character within an entry", what,
                          pl_quote(&q, line));
            return false;
        }
    }
    if (line.p[0] == '"' || line.p[0] == '\'') {
        pl_diag_error(d, at,
                      "%s: %s: entries of a file are not quoted; write it without the quotes", what,
                      pl_quote(&q, line));
        return false;
    }
    return pl_table_add(t, a, line, at, style, what, d);
}

/*
 * A line with nothing but an entry in its usual form, as nearly all of a large file are. False: it is
 * to be looked at closely.
 */
static bool add_plain_line(struct pl_table *t, struct pl_str line)
{
    struct pl_prefix prefix;
    const char *why;
    struct pl_domain d;

    if (!t->lean || line.n == 0)
        return false;
    if (t->kind == PL_TABLE_NETWORKS) {
        if (!pl_prefix_parse_plain(&prefix, line) ||
            !pl_networks_add(&t->sources->networks, &prefix, t->number))
            return false;
    } else {
        /* A dot within: no word of conditions, no domain of one label. */
        if (t->kind != PL_TABLE_DOMAINS || line.p[0] == '.' || line.p[0] == '[' ||
            !pl_domain_parse(&d, line, &why) || pl_str_find(pl_domain_str(&d), '.') == d.len ||
            !pl_keys_add(&t->sources->names[PL_NAMES_DOMAINS], pl_domain_str(&d), t->number))
            return false;
    }
    t->count++;
    return true;
}

/* A file on its way into a table. */
struct reading {
    struct pl_table *t;
    struct pl_arena *a;
    struct pl_pos here; /* the last line that was read */
    const struct pl_user_style *style;
    char what[160];
    struct pl_diag *d;
    bool ok;
    /* Before its first line. */
    struct pl_sources_mark mark;
    size_t count;
    bool had_top_level;
};

/* Adds the first line of rest, and takes it off. */
static void add_next(struct reading *r, struct pl_str *rest)
{
    struct pl_str line = {rest->p, pl_str_find(*rest, '\n')};

    *rest = pl_str_from(*rest, line.n < rest->n ? line.n + 1 : line.n);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    r->here.line++;
    if (!add_plain_line(r->t, line))
        r->ok &= add_line(r->t, r->a, line, r->here, r->style, r->what, r->d);
}

/* The plain IPv4 networks at the head of rest, behind which there is an LF or a NUL. */
static void add_networks(struct reading *r, struct pl_str *rest)
{
    struct pl_networks *to = &r->t->sources->networks;
    size_t before = to->n4, n;
    uint32_t addr;
    unsigned len;

    while (rest->n > 0 && (n = pl_prefix_take_line(rest->p, &addr, &len)) != 0) {
        if (!pl_networks_add4(to, addr, len, r->t->number))
            break; /* the usual way will say so */
        *rest = pl_str_from(*rest, n);
    }
    r->t->count += to->n4 - before;
    r->here.line += (uint32_t)(to->n4 - before);
}

static void begin_file(size_t size, void *arg)
{
    struct reading *r = arg;
    struct pl_sources *to = r->t->sources;

    r->here.line = 0;
    r->ok = true;
    r->t->count = r->count;
    r->t->has_top_level = r->had_top_level;
    pl_sources_rewind(to, &r->mark);
    if (r->t->kind == PL_TABLE_NETWORKS)
        pl_networks_reserve4(&to->networks, size / SHORT_LINE);
}

static void take_piece(struct pl_str rest, void *arg)
{
    struct reading *r = arg;

    while (rest.n > 0) {
        if (r->t->kind == PL_TABLE_NETWORKS)
            add_networks(r, &rest);
        if (rest.n > 0)
            add_next(r, &rest);
    }
}

bool pl_table_read(struct pl_table *t, struct pl_arena *a, const char *path, struct pl_pos at,
                   const struct pl_user_style *style, struct pl_diag *d)
{
    const size_t size_max = (size_t)PL_TABLE_FILE_MAX_MIB * 1024 * 1024;
    struct reading r = {.t = t, .a = a, .here = {pl_diag_file(d, path), 0}, .style = style, .d = d};
    const struct pl_file_sink pieces = {begin_file, take_piece, &r};
    struct pl_buf content = {0};
    struct pl_str rest;
    bool whole;

    snprintf(r.what, sizeof(r.what), "%s \"%.*s\"", pl_table_kind_word(t->kind), (int)t->name.n,
             t->name.p);
    if (t->lean) {
        r.mark = pl_sources_note(t->sources);
        r.count = t->count;
        r.had_top_level = t->has_top_level;
        return pl_file_read_pieces(path, size_max, &pieces, d, at) && r.ok;
    }
    /* Entries and messages cannot be taken back: so nothing is added before the file is known to be whole. */
    r.ok = true;
    whole = pl_file_read(path, size_max, &content, d, at);
    rest = pl_buf_str(&content);
    while (whole && rest.n > 0)
        add_next(&r, &rest);
    pl_buf_fini(&content);
    return whole && r.ok;
}
