/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a class is called: by the tables and entries in it. An entry is in the class of the atom that a
 * value made of it lies in; for networks the exact list of addresses is there, and the lists that hold
 * them are named.
 */
#include "matrix_build.h"

#include <stdlib.h>
#include <string.h>

enum { TITLE_PIECES = 3, PREFIXES_LOOKED_AT = 64 };

static struct pl_str keep(struct build *b, struct pl_buf *text)
{
    struct pl_str copy = pl_arena_copy(b->arena, pl_buf_str(text));

    if (copy.p == NULL || text->failed)
        b->failed = true;
    pl_buf_fini(text);
    return copy.p == NULL ? (struct pl_str){"", 0} : copy;
}

/* ---- the entries of the tables that conditions name ---- */

/* A domain of ours as an example has it; empty if there is none. */
static struct pl_str own_domain(const struct build *b, enum pl_attr attr)
{
    const struct pl_axis *axis = b->s->axis_of[attr];

    for (size_t i = 0; i < axis->natoms; i++) {
        struct pl_str value = axis->atoms[i].value;
        size_t at = pl_str_rfind(value, '@');

        if ((axis->atoms[i].labels & PL_LABEL_OURS) != 0 && at < value.n)
            return pl_str_from(value, at + 1);
    }
    return (struct pl_str){NULL, 0};
}

/* A value that the entry holds, as Postfix would send it; domain: of an address that has none. */
static void entry_value(struct pl_buf *out, const struct pl_table *t, size_t entry,
                        enum pl_attr attr, struct pl_str domain)
{
    struct pl_str text = t->entries[entry].text;
    bool mail = pl_attr_kind(attr) == PL_KIND_MAIL;

    pl_buf_reset(out);
    switch (t->kind) {
    case PL_TABLE_DOMAINS:
        pl_buf_addf(out, "%s%s", mail ? "q7vhx2-nobody@" : "",
                    text.n > 0 && text.p[0] == '.' ? "q7vhx2" : "");
        pl_buf_add(out, text);
        break;
    case PL_TABLE_USERS:
        pl_buf_addf(out, "%s", text.n > 0 && text.p[0] == '@' ? "q7vhx2-nobody" : "");
        pl_buf_add(out, text);
        break;
    case PL_TABLE_ADDRESSES:
        pl_buf_add(out, text);
        if (text.n > 0 && text.p[text.n - 1] == '@')
            pl_buf_add(out, domain);
        break;
    case PL_TABLE_NETWORKS:
        pl_buf_add(out, (struct pl_str){text.p, pl_str_find(text, '/')});
        break;
    case PL_TABLE_PORTS:
        pl_buf_addf(out, "%u", (unsigned)t->entries[entry].low);
        break;
    default:
        pl_buf_add(out, text);
        break;
    }
}

static void add_member(struct build *b, enum pl_attr attr, const struct pl_table *t, size_t entry,
                       struct pl_str domain)
{
    struct members *m = &b->members[attr];
    struct member *items = pl_grow(m->items, &m->cap, m->n, sizeof(*items));
    struct pl_buf value = {0};

    if (items != NULL)
        m->items = items;
    entry_value(&value, t, entry, attr, domain);
    if (items == NULL || value.failed) {
        b->failed = true;
    } else {
        items[m->n++] = (struct member){atom_find(&b->finder, attr, pl_buf_str(&value), &b->failed),
                                        (uint32_t)entry, t};
    }
    pl_buf_fini(&value);
}

static void list_table(struct build *b, enum pl_attr attr, const struct pl_table *t, bool *seen)
{
    const struct pl_str nowhere = pl_str_of("q7vhx2-nowhere.q7vhx2.example");
    struct pl_str own = own_domain(b, attr);

    if (seen[t->number])
        return;
    seen[t->number] = true;
    for (size_t e = 0; e < t->count && !b->failed; e++) {
        struct pl_str text = t->entries[e].text;

        add_member(b, attr, t, e, nowhere);
        /* "user@" is that local part anywhere: with us and elsewhere. */
        if (t->kind == PL_TABLE_ADDRESSES && text.n > 0 && text.p[text.n - 1] == '@' && own.n > 0)
            add_member(b, attr, t, e, own);
    }
}

static void list_set(struct build *b, enum pl_attr attr, const struct pl_set *set, bool *seen)
{
    for (size_t side = 0; side < 2; side++) {
        const struct pl_member *members = side ? set->out : set->in;
        size_t n = side ? set->out_count : set->in_count;

        for (size_t i = 0; i < n; i++) {
            if (members[i].set != NULL)
                list_set(b, attr, members[i].set, seen);
            else
                list_table(b, attr, members[i].table, seen);
        }
    }
}

static const struct members *members_of(struct build *b, enum pl_attr attr)
{
    struct members *m = &b->members[attr];
    bool *seen;

    if (m->listed)
        return m;
    m->listed = true;
    seen = calloc(b->p->ntables + b->p->ninline + 1, sizeof(*seen));
    if (seen == NULL) {
        b->failed = true;
        return m;
    }
    if (pl_attr_kind(attr) == PL_KIND_MAIL)
        list_set(b, attr, &b->p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], seen);
    for (size_t r = 0; r < b->p->nrules; r++) {
        for (size_t c = 0; c < b->p->rules[r].ncond; c++) {
            if (b->p->rules[r].cond[c].attr == attr)
                list_set(b, attr, b->p->rules[r].cond[c].set, seen);
        }
    }
    free(seen);
    return m;
}

void matrix_names_fini(struct build *b)
{
    for (size_t i = 0; i < PL_ATTR_COUNT; i++)
        free(b->members[i].items);
}

/* ---- a class as its entries ---- */

/* A title is made of pieces, of which the first are shown and the others counted. */
struct pieces {
    size_t total;
    struct pl_str shown[TITLE_PIECES];
};

static void add_piece(struct pieces *p, struct pl_str piece)
{
    if (p->total < TITLE_PIECES)
        p->shown[p->total] = piece;
    p->total++;
}

static struct pl_str join(struct build *b, const struct pieces *p)
{
    struct pl_buf text = {0};

    for (size_t i = 0; i < p->total && i < TITLE_PIECES; i++) {
        if (i > 0)
            pl_buf_add(&text, pl_str_lit(", "));
        pl_buf_add(&text, p->shown[i]);
    }
    if (p->total > TITLE_PIECES)
        pl_buf_addf(&text, ", … %zu more", p->total - TITLE_PIECES);
    return keep(b, &text);
}

static struct pl_str reference(struct build *b, struct pl_str name)
{
    struct pl_buf text = {0};

    pl_buf_add_char(&text, '<');
    pl_buf_add(&text, name);
    pl_buf_add_char(&text, '>');
    return keep(b, &text);
}

static bool has_item(const struct pl_class *out, struct pl_str text)
{
    for (size_t i = 0; i < out->nitems; i++) {
        if (pl_str_eq(out->items[i].text, text))
            return true;
    }
    return false;
}

static void add_item(struct pl_class *out, struct pl_str text, struct pl_str table,
                     struct pl_pos at)
{
    if (out->nitems < PL_CLASS_ITEMS)
        out->items[out->nitems++] = (struct pl_class_item){text, table, at};
    else
        out->more++;
}

static bool make_items(struct build *b, struct pl_class *out)
{
    out->items = pl_arena_array(b->arena, PL_CLASS_ITEMS, sizeof(*out->items));
    b->failed |= out->items == NULL;
    return out->items != NULL;
}

/* The entries of one table that are in the class; a named table that is there as a whole is one piece. */
static void add_table(struct build *b, struct pl_class *out, struct pieces *pieces,
                      const struct member *m, size_t n, const bool *inside)
{
    const struct pl_table *t = m[0].table;
    struct pl_str name = {"", 0};
    size_t in = 0;

    for (size_t i = 0; i < n; i++)
        in += m[i].atom != PL_NO_ATOM && inside[m[i].atom];
    if (in == 0)
        return;
    if (t->name.n > 0)
        name = reference(b, t->name);
    if (name.n > 0 && in == n && n > 1)
        add_piece(pieces, name);
    for (size_t i = 0; i < n; i++) {
        const struct pl_table_entry *e = &t->entries[m[i].entry];

        if (m[i].atom == PL_NO_ATOM || !inside[m[i].atom] || has_item(out, e->text))
            continue;
        if (name.n == 0 || in != n || n == 1)
            add_piece(pieces, e->text);
        add_item(out, e->text, name, e->at);
    }
}

/* The entries in a class; *pieces: how it may be called. */
static void name_by_entries(struct build *b, struct pl_class *out, enum pl_attr attr,
                            const bool *inside, struct pieces *pieces)
{
    const struct members *m = members_of(b, attr);

    for (size_t i = 0, end; i < m->n && !b->failed; i = end) {
        for (end = i + 1; end < m->n && m->items[end].table == m->items[i].table; end++)
            ;
        add_table(b, out, pieces, &m->items[i], end - i, inside);
    }
}

static bool *inside_of(struct build *b, const struct pl_axis *axis, const uint32_t *atoms, size_t n)
{
    bool *inside = calloc(axis->natoms, sizeof(*inside));

    if (inside == NULL) {
        b->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        inside[atoms[i]] = true;
    return inside;
}

/* ---- networks ---- */

/* The named tables and boundary lists that hold an address, as pieces of a title, none twice. */
static void add_lists(struct build *b, struct pieces *lists, const struct pl_addr *addr)
{
    static const enum pl_boundary boundary[] = {PL_BOUNDARY_RELAY_NETWORKS,
                                                PL_BOUNDARY_RELAY_BY_RULE, PL_BOUNDARY_MASKING,
                                                PL_BOUNDARY_PERMITTED_ELSEWHERE};
    const struct pl_policy *p = b->p;
    struct pl_query q = {.client = *addr, .have = 1ULL << PL_ATTR_CLIENT_ADDRESS};
    char text[PL_ADDR_TEXT];
    size_t nboundary = sizeof(boundary) / sizeof(boundary[0]);

    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_of(pl_addr_format(text, addr));
    for (size_t i = 0; i < nboundary + p->ntables; i++) {
        const struct pl_table *t = i < nboundary ? NULL : p->tables[i - nboundary];
        struct pl_str name = t == NULL ? p->boundary[boundary[i]].name : t->name;
        bool known = false;

        if (t == NULL
                ? !pl_set_match(&p->boundary[boundary[i]], p, &q, PL_ATTR_CLIENT_ADDRESS).holds
                : t->kind != PL_TABLE_NETWORKS || pl_table_find_addr(t, addr) == PL_NO_ENTRY)
            continue;
        if (t != NULL)
            name = reference(b, name);
        for (size_t k = 0; k < lists->total && k < TITLE_PIECES; k++)
            known |= pl_str_eq(lists->shown[k], name);
        if (!known && lists->total < TITLE_PIECES)
            add_piece(lists, name);
    }
}

static void name_networks(struct build *b, struct pl_class *out, const struct pl_axis *axis,
                          const bool *inside)
{
    struct pieces lists = {0}, pieces = {0};

    if (!pl_space_networks(b->s, axis, inside, b->arena, &out->networks, &out->nnetworks)) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < out->nnetworks && !b->failed; i++) {
        char text[PL_PREFIX_TEXT];
        struct pl_str copy;

        if (i >= PL_CLASS_ITEMS) {
            out->more++;
            add_piece(&pieces, (struct pl_str){"", 0});
            continue;
        }
        if (i < PREFIXES_LOOKED_AT && !out->rest)
            add_lists(b, &lists, &out->networks[i].addr);
        copy = pl_arena_copy(b->arena, pl_str_of(pl_prefix_format(text, &out->networks[i])));
        b->failed |= copy.p == NULL;
        add_item(out, copy, (struct pl_str){"", 0}, PL_NOWHERE);
        add_piece(&pieces, copy);
    }
    out->lists = join(b, &lists);
    if (out->rest)
        out->title = pl_str_lit("everybody else");
    else if (out->nnetworks == 0)
        out->title = pl_str_lit("address unknown");
    else
        out->title = join(b, &pieces);
}

/* ---- rows and columns ---- */

/* "any other login" where others have a row, else "every login". */
static struct pl_str rest_title(struct build *b, enum pl_attr attr, bool alone)
{
    struct pl_buf text = {0};
    const char *what;

    switch (attr) {
    case PL_ATTR_SASL_USERNAME:
        what = "login";
        break;
    case PL_ATTR_CLIENT_NAME:
        what = "verified name";
        break;
    case PL_ATTR_CCERT_FINGERPRINT:
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
    case PL_ATTR_CCERT_SUBJECT:
        what = "certificate";
        break;
    default:
        what = pl_attr_name(attr);
        break;
    }
    pl_buf_addf(&text, "%s%s", alone ? "any " : "any other ", what);
    return keep(b, &text);
}

static bool has_atom(const uint32_t *atoms, size_t n, uint32_t atom)
{
    for (size_t i = 0; i < n; i++) {
        if (atoms[i] == atom)
            return true;
    }
    return false;
}

/* What a class is called that no entry is in: by the value that is its example. */
static struct pl_str example_title(struct build *b, enum pl_attr attr, struct pl_str value)
{
    struct pl_buf text = {0};

    if (value.n == 0)
        pl_buf_addf(&text, "no %s", pl_attr_name(attr));
    else
        pl_buf_addf(&text, "such as %.*s", (int)value.n, value.p);
    return keep(b, &text);
}

void matrix_name_row(struct build *b, struct pl_class *out, const struct row_class *row)
{
    const struct family *f = row->family;
    const struct pl_axis *axis = b->s->axis_of[f->attr];
    struct pieces pieces = {0};
    unsigned labels;
    bool *inside;

    *out = (struct pl_class){.kind = f->kind, .attr = f->attr, .outside = row->outside};
    if (!make_items(b, out))
        return;
    if (f->kind == PL_ROW_LISTENER) {
        out->title = f->listener->text;
        add_item(out, out->title, (struct pl_str){"", 0}, f->listener->at);
        return;
    }
    if (row->atoms[0] == PL_NO_ATOM) { /* no rule asks: all clients are one class */
        out->rest = true;
        out->title = pl_str_lit("everybody");
        return;
    }
    inside = inside_of(b, axis, row->atoms, row->natoms);
    if (inside == NULL)
        return;
    out->rest = has_atom(row->atoms, row->natoms, b->plain[f->attr][1]);
    labels = axis->atoms[row->atoms[row->natoms - 1]].labels; /* the absent atom is first */
    if (f->kind == PL_ROW_NETWORK) {
        out->masking = (labels & PL_LABEL_MASKING) != 0;
        out->elsewhere = (labels & PL_LABEL_ELSEWHERE) != 0;
        for (size_t i = 0; i < row->natoms; i++)
            out->no_address |= (axis->atoms[row->atoms[i]].labels & PL_LABEL_ABSENT) != 0;
        name_networks(b, out, axis, inside);
    } else {
        name_by_entries(b, out, f->attr, inside, &pieces);
        if (out->rest)
            out->title = rest_title(b, f->attr, row->natoms >= axis->natoms - 1);
        else
            out->title = pieces.total > 0
                             ? join(b, &pieces)
                             : example_title(b, f->attr, axis->atoms[row->atoms[0]].value);
    }
    free(inside);
}

void matrix_name_column(struct build *b, struct pl_class *out, const struct column_class *column)
{
    const struct pl_axis *axis = b->s->axis_of[PL_ATTR_RECIPIENT];
    struct pieces pieces = {0};
    uint32_t *atoms;
    bool *inside;

    *out = (struct pl_class){.kind = column->kind, .attr = PL_ATTR_RECIPIENT};
    if (!make_items(b, out))
        return;
    if (b->question->recipient.n > 0) {
        out->title = b->question->recipient;
        return;
    }
    out->rest = column->kind == PL_COLUMN_FOREIGN;
    out->title = pl_str_lit("any other domain");
    if (axis == NULL)
        return;
    atoms = calloc(column->natoms, sizeof(*atoms));
    for (size_t i = 0; atoms != NULL && i < column->natoms; i++)
        atoms[i] = b->rcpts[column->at[i]];
    inside = atoms == NULL ? NULL : inside_of(b, axis, atoms, column->natoms);
    b->failed |= inside == NULL;
    if (inside != NULL) {
        name_by_entries(b, out, PL_ATTR_RECIPIENT, inside, &pieces);
        if (pieces.total > 0 && !out->rest)
            out->title = join(b, &pieces);
        else if (column->kind == PL_COLUMN_ROUTED)
            out->title = pl_str_lit("with routing");
        else if (!out->rest && (axis->atoms[atoms[0]].labels & PL_LABEL_BARE) != 0)
            out->title = pl_str_lit("without a domain");
        else if (!out->rest)
            out->title = example_title(b, PL_ATTR_RECIPIENT, axis->atoms[atoms[0]].value);
    }
    free(inside);
    free(atoms);
}
