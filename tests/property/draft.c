/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies as structures, and their text. */
#include "draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    exit(2);
}

void print_bytes(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (pl_ascii_is_print(s.p[i]) && s.p[i] != '\\')
            putchar(s.p[i]);
        else
            printf("\\x%02x", (unsigned)(unsigned char)s.p[i]);
    }
}

void draft_init(struct draft *d)
{
    *d = (struct draft){.arena = pl_arena_new()};
    must(d->arena != NULL, "out of memory");
    for (unsigned i = 0; i < DRAFT_LISTS; i++)
        d->boundary[i].off = true;
}

void draft_fini(struct draft *d)
{
    for (unsigned i = 0; i < DRAFT_LISTS; i++)
        free(d->boundary[i].items);
    for (size_t i = 0; i < d->ntables; i++)
        free(d->tables[i].list.items);
    for (size_t i = 0; i < d->nrules; i++) {
        for (size_t c = 0; c < d->rules[i].ncond; c++)
            free(d->rules[i].cond[c].list.items);
    }
    for (size_t i = 0; i < d->nwaivers; i++)
        free(d->waivers[i].surface.items);
    free(d->tables);
    free(d->rules);
    pl_arena_free(d->arena);
}

struct pl_str draft_text(struct draft *d, struct pl_str text)
{
    struct pl_str copy = pl_arena_copy(d->arena, text);

    must(copy.p != NULL, "out of memory");
    return copy;
}

struct draft_item *draft_add_item(struct draft_list *list, struct pl_str text)
{
    struct draft_item *items = pl_grow(list->items, &list->cap, list->count, sizeof(*items));

    must(items != NULL, "out of memory");
    list->items = items;
    items[list->count] = (struct draft_item){.text = text, .table = NO_REF, .boundary = NO_REF};
    return &items[list->count++];
}

struct draft_table *draft_add_table(struct draft *d, enum pl_table_kind kind)
{
    struct draft_table *tables = pl_grow(d->tables, &d->tables_cap, d->ntables, sizeof(*tables));
    struct draft_table *t;

    must(tables != NULL, "out of memory");
    d->tables = tables;
    t = &tables[d->ntables++];
    *t = (struct draft_table){.kind = kind};
    /* No domain and no login of the generator has an underscore there. */
    snprintf(t->name, sizeof(t->name), "t_%zu", d->ntables);
    return t;
}

struct draft_rule *draft_add_rule(struct draft *d)
{
    struct draft_rule *rules = pl_grow(d->rules, &d->rules_cap, d->nrules, sizeof(*rules));

    must(rules != NULL, "out of memory");
    d->rules = rules;
    rules[d->nrules] = (struct draft_rule){0};
    return &rules[d->nrules++];
}

void draft_add_option(struct draft *d, const char *name, struct pl_str value)
{
    must(d->noptions < DRAFT_OPTIONS, "too many options");
    d->options[d->noptions++] = (struct draft_option){name, draft_text(d, value), false};
}

bool draft_is_on(const struct draft *d, const struct draft_item *item)
{
    return !item->off && (item->table == NO_REF || !d->tables[item->table].list.off);
}

/* Without quotes where none are needed, so that both ways are read. */
static bool is_plain(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_alnum(s.p[i]) && strchr(".-_:<>!", s.p[i]) == NULL &&
            (s.p[i] != '/' || i == 0))
            return false;
        if (s.p[i] == '/' && i + 1 < s.n && (s.p[i + 1] == '/' || s.p[i + 1] == '*'))
            return false;
    }
    return s.n > 0;
}

static void print_value(struct pl_buf *out, bool negated, struct pl_str s)
{
    bool plain = is_plain(s);

    if (!plain)
        pl_buf_add_char(out, '"');
    if (negated)
        pl_buf_add_char(out, '!');
    for (size_t i = 0; i < s.n; i++) {
        if (!plain && (s.p[i] == '"' || s.p[i] == '\\'))
            pl_buf_add_char(out, '\\');
        pl_buf_add_char(out, s.p[i]);
    }
    if (!plain)
        pl_buf_add_char(out, '"');
}

static void print_list(const struct draft *d, const struct draft_list *list, struct pl_buf *out)
{
    bool first = true;

    pl_buf_add_char(out, '{');
    for (size_t i = 0; i < list->count; i++) {
        const struct draft_item *item = &list->items[i];

        if (!draft_is_on(d, item) || item->file)
            continue;
        if (!first)
            pl_buf_add(out, pl_str_lit(", "));
        first = false;
        print_value(out, item->out, item->text);
    }
    pl_buf_add_char(out, '}');
}

static size_t count_in_file(const struct draft_table *t, bool file)
{
    size_t n = 0;

    for (size_t i = 0; i < t->list.count; i++)
        n += !t->list.items[i].off && t->list.items[i].file == file;
    return n;
}

static void print_tables(const struct draft *d, struct pl_buf *out)
{
    for (size_t i = 0; i < d->ntables; i++) {
        const struct draft_table *t = &d->tables[i];
        bool file = count_in_file(t, true) > 0;

        if (t->list.off)
            continue;
        pl_buf_addf(out, "%s %s {", pl_table_kind_word(t->kind), t->name);
        if (!file || count_in_file(t, false) > 0) {
            pl_buf_add(out, pl_str_lit(" entries = "));
            print_list(d, &t->list, out);
        }
        if (file)
            pl_buf_addf(out, " file = \"%s\"", t->name);
        pl_buf_add(out, pl_str_lit(" }\n"));
    }
}

static void print_rules(const struct draft *d, struct pl_buf *out)
{
    for (size_t i = 0; i < d->nrules; i++) {
        const struct draft_rule *r = &d->rules[i];

        if (r->off)
            continue;
        pl_buf_addf(out, "rule \"r%zu\" {", i);
        for (size_t c = 0; c < r->ncond; c++) {
            if (r->cond[c].list.off)
                continue;
            pl_buf_addf(out, " %s = ", pl_attr_name(r->cond[c].attr));
            print_list(d, &r->cond[c].list, out);
        }
        pl_buf_addf(out, " action = \"%s\" }\n", r->action);
    }
}

static void print_waivers(const struct draft *d, struct pl_buf *out)
{
    for (size_t i = 0; i < d->nwaivers; i++) {
        const struct draft_waiver *w = &d->waivers[i];

        if (w->off)
            continue;
        pl_buf_addf(out, "accept \"w%zu\" {", i);
        if (w->surface.count > 0 && !w->surface.off) {
            pl_buf_add(out, pl_str_lit(" surface = "));
            print_list(d, &w->surface, out);
        }
        if (w->rule != NO_REF)
            pl_buf_addf(out, " rule = r%d", w->rule);
        pl_buf_addf(out, " until = \"%s\" }\n", w->until);
    }
}

void draft_print(const struct draft *d, struct pl_buf *out)
{
    for (size_t i = 0; i < d->noptions; i++) {
        if (d->options[i].off)
            continue;
        pl_buf_addf(out, "%s = ", d->options[i].name);
        print_value(out, false, d->options[i].value);
        pl_buf_add_char(out, '\n');
    }
    for (unsigned i = 0; i < DRAFT_LISTS; i++) {
        if (d->boundary[i].off)
            continue;
        pl_buf_addf(out, "%s = ",
                    i == DRAFT_LISTENERS ? "relay_listeners"
                                         : pl_boundary_name((enum pl_boundary)i));
        print_list(d, &d->boundary[i], out);
        pl_buf_add_char(out, '\n');
    }
    print_tables(d, out);
    print_rules(d, out);
    print_waivers(d, out);
    must(!out->failed, "out of memory");
}

bool draft_print_file(const struct draft_table *t, struct pl_buf *out)
{
    if (t->list.off || count_in_file(t, true) == 0)
        return false;
    for (size_t i = 0; i < t->list.count; i++) {
        if (!t->list.items[i].off && t->list.items[i].file) {
            pl_buf_add(out, t->list.items[i].text);
            pl_buf_add_char(out, '\n');
        }
    }
    must(!out->failed, "out of memory");
    return true;
}

static void write_file(const char *folder, const char *name, const struct pl_buf *content)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");
    must(f != NULL, "cannot open a file of the policy");
    must(content->n == 0 || fwrite(content->p, content->n, 1, f) == 1, "cannot write");
    must(fclose(f) == 0, "cannot write");
}

void draft_save(const struct draft *d, const char *folder)
{
    struct pl_buf text = {0};

    draft_print(d, &text);
    write_file(folder, "postlatch.conf", &text);
    for (size_t i = 0; i < d->ntables; i++) {
        pl_buf_reset(&text);
        if (draft_print_file(&d->tables[i], &text))
            write_file(folder, d->tables[i].name, &text);
    }
    pl_buf_fini(&text);
}

void draft_show(const struct draft *d)
{
    struct pl_buf text = {0};

    draft_print(d, &text);
    printf("--- postlatch.conf\n%s", text.p == NULL ? "" : text.p);
    for (size_t i = 0; i < d->ntables; i++) {
        pl_buf_reset(&text);
        if (draft_print_file(&d->tables[i], &text))
            printf("--- %s\n%s", d->tables[i].name, text.p);
    }
    printf("---\n");
    pl_buf_fini(&text);
}
