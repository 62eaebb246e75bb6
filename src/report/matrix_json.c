/* SPDX-License-Identifier: BSD-2-Clause */
/* The matrix for programs. */
#include "postlatch/matrix_text.h"

#include "matrix_json.h"
#include "postlatch/explain.h"
#include "postlatch/json.h"

static struct pl_json *place_json(const struct pl_policy *p, struct pl_pos at)
{
    struct pl_buf text = {0};
    struct pl_json *place;

    pl_explain_place(&text, p, at);
    place = text.n == 0 ? pl_json_null() : pl_json_string(pl_buf_str(&text));
    pl_buf_fini(&text);
    return place;
}

static const char *row_word(unsigned kind)
{
    static const char *const words[] = {"network", "name",  "listener",
                                        "place",   "login", "certificate"};

    return words[kind];
}

struct pl_json *class_json(const struct pl_matrix *m, const struct pl_class *class, bool row)
{
    static const char *const columns[] = {"ours", "named", "foreign", "routed"};
    struct pl_json *out = pl_json_object(), *items = pl_json_array();

    pl_json_set(out, "kind",
                pl_json_string(pl_str_of(row ? row_word(class->kind) : columns[class->kind])));
    pl_json_set(out, "title", pl_json_string(class->title));
    pl_json_set(out, "rest", pl_json_bool(class->rest));
    if (row) {
        pl_json_set(out, "attribute", pl_json_string(pl_str_of(pl_attr_name(class->attr))));
        pl_json_set(out, "outside", pl_json_bool(class->outside));
        pl_json_set(out, "masking", pl_json_bool(class->masking));
        pl_json_set(out, "permitted_elsewhere", pl_json_bool(class->elsewhere));
        pl_json_set(out, "lists", pl_json_string(class->lists));
    }
    if (row && class->kind == PL_ROW_NETWORK) {
        struct pl_json *networks = pl_json_array();

        for (size_t i = 0; i < class->nnetworks; i++) {
            char text[PL_PREFIX_TEXT];

            pl_json_append(networks,
                           pl_json_string(pl_str_of(pl_prefix_format(text, &class->networks[i]))));
        }
        pl_json_set(out, "networks", networks);
        pl_json_set(out, "unknown_address", pl_json_bool(class->no_address));
        pl_json_free(items);
        return out;
    }
    for (size_t i = 0; i < class->nitems; i++) {
        struct pl_json *item = pl_json_object();

        pl_json_set(item, "text", pl_json_string(class->items[i].text));
        pl_json_set(item, "table",
                    class->items[i].table.n == 0 ? pl_json_null()
                                                 : pl_json_string(class->items[i].table));
        pl_json_set(item, "place", place_json(m->policy, class->items[i].at));
        pl_json_append(items, item);
    }
    pl_json_set(out, "items", items);
    pl_json_set(out, "more_items", pl_json_number((long long)class->more));
    return out;
}

static struct pl_json *request_json(const struct pl_str request[PL_ATTR_COUNT])
{
    struct pl_json *out = pl_json_object();

    for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
        if (request[i].n > 0 && i != PL_ATTR_REQUEST)
            pl_json_set(out, pl_attr_name((enum pl_attr)i), pl_json_string(request[i]));
    }
    return out;
}

struct pl_json *cell_json(const struct pl_matrix *m, const struct pl_cell *cell)
{
    struct pl_json *out = pl_json_object(), *outcomes = pl_json_array();

    pl_json_set(out, "flow",
                cell->noutcomes == 0 ? pl_json_null()
                                     : pl_json_string(pl_str_of(pl_flow_word(cell->flow))));
    for (size_t i = 0; i < cell->noutcomes; i++) {
        const struct pl_outcome_told *o = &cell->outcomes[i];
        struct pl_json *told = pl_json_object();

        pl_json_set(told, "flow", pl_json_string(pl_str_of(pl_flow_word(o->flow))));
        pl_json_set(told, "action", pl_json_string(o->rule->action->source));
        pl_json_set(told, "rule", pl_json_string(o->rule->name));
        pl_json_set(told, "place", place_json(m->policy, o->rule->at));
        pl_json_set(told, "usual", pl_json_bool(o->usual));
        pl_json_set(told, "when", o->when.n == 0 ? pl_json_null() : pl_json_string(o->when));
        pl_json_set(told, "example", request_json(o->request));
        pl_json_append(outcomes, told);
    }
    pl_json_set(out, "outcomes", outcomes);
    pl_json_set(out, "more", pl_json_number((long long)cell->more));
    return out;
}

void pl_matrix_json(const struct pl_matrix *m, const struct pl_proof *proof, FILE *out)
{
    struct pl_json *page = pl_json_object(), *rows = pl_json_array(), *columns = pl_json_array(),
                   *cells = pl_json_array();

    pl_json_set(page, "verdict",
                proof == NULL ? pl_json_null()
                              : pl_json_string(pl_str_of(pl_verdict_word(proof->verdict))));
    pl_json_set(page, "gave_up",
                m->gave_up == NULL ? pl_json_null() : pl_json_string(pl_str_of(m->gave_up)));
    for (size_t r = 0; r < m->nrows; r++) {
        struct pl_json *line = pl_json_array();

        pl_json_append(rows, class_json(m, &m->rows[r], true));
        for (size_t c = 0; c < m->ncolumns; c++)
            pl_json_append(line, cell_json(m, pl_matrix_cell(m, r, c)));
        pl_json_append(cells, line);
    }
    for (size_t c = 0; c < m->ncolumns; c++)
        pl_json_append(columns, class_json(m, &m->columns[c], false));
    pl_json_set(page, "rows", rows);
    pl_json_set(page, "columns", columns);
    pl_json_set(page, "cells", cells);
    pl_json_print(page, out);
    pl_json_free(page);
}
