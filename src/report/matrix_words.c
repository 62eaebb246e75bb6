/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words and texts that the table, the page and the answers to who and where share. Names of rules and
 * entries of tables are an administrator's, who may have them from elsewhere: nothing in them may pass
 * for markup, move the cursor or turn the direction of writing.
 */
#include "matrix_words.h"

#include "postlatch/compiler.h"
#include "postlatch/explain.h"
#include "postlatch/utf8.h"

#include <stdint.h>
#include <stdlib.h>

static void add_safe(struct pl_buf *out, struct pl_str text, bool html)
{
    while (text.n > 0) {
        uint32_t c = 0;
        size_t n = pl_utf8_take(text, &c);

        if (n == 0) {
            pl_buf_addf(out, "\\x%02x", (unsigned)(unsigned char)text.p[0]);
            n = 1;
        } else if (pl_utf8_is_odd(c)) {
            pl_buf_addf(out, "\\u{%x}", (unsigned)c);
        } else if (html && (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')) {
            pl_buf_addf(out, "&#%u;", (unsigned)c);
        } else {
            pl_buf_add(out, (struct pl_str){text.p, n});
        }
        text = pl_str_from(text, n);
    }
}

void add_plain(struct pl_buf *out, struct pl_str text)
{
    add_safe(out, text, false);
}

void add_html(struct pl_buf *out, struct pl_str text)
{
    add_safe(out, text, true);
}

/* Names break behind their dots and the like; addresses, their prefix lengths and lines do not. */
static bool may_break(struct pl_str text, size_t i)
{
    return i > 0 && i + 1 < text.n && pl_str_find(pl_str_lit(":@./"), text.p[i]) < 4 &&
           pl_ascii_is_alnum(text.p[i - 1]) && pl_ascii_is_alpha(text.p[i + 1]);
}

static bool ends_item(struct pl_str text, size_t i)
{
    return i + 1 < text.n && text.p[i] == ',' && text.p[i + 1] == ' ';
}

/* Members of a list are boxes of their own: lines end between them first, within them if they must. */
void html_text(struct pl_buf *out, struct pl_str text)
{
    size_t done = 0;
    bool list = false;

    for (size_t i = 0; i < text.n && !list; i++)
        list = ends_item(text, i);
    pl_buf_add(out, list ? pl_str_lit("<bdi><span>") : pl_str_lit("<bdi>"));
    for (size_t i = 0; i < text.n; i++) {
        bool item = ends_item(text, i);

        if (!item && !may_break(text, i))
            continue;
        add_html(out, (struct pl_str){text.p + done, i + 1 - done});
        pl_buf_add(out, item ? pl_str_lit("</span> <span>") : pl_str_lit("<wbr>"));
        done = i + 1 + item;
        i += item;
    }
    add_html(out, pl_str_from(text, done));
    if (list)
        pl_buf_add(out, pl_str_lit("</span>"));
    pl_buf_add(out, pl_str_lit("</bdi>"));
}

size_t text_width(struct pl_str text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

void add_cut(struct pl_buf *out, struct pl_str text, size_t width)
{
    size_t have = text_width(text), room = have > width ? width - 1 : have, i = 0;

    for (size_t shown = 0; i < text.n; i++) {
        shown += ((unsigned char)text.p[i] & 0xc0) != 0x80;
        if (shown > room)
            break;
    }
    pl_buf_add(out, (struct pl_str){text.p, i});
    if (have > width)
        pl_buf_add(out, pl_str_lit("…"));
    for (; have < width; have++)
        pl_buf_add_char(out, ' ');
}

void add_number(struct pl_buf *out, double n)
{
    struct pl_buf digits = {0};

    pl_buf_addf(&digits, "%.0f", n);
    for (size_t i = 0; i < digits.n; i++) {
        if (i > 0 && (digits.n - i) % 3 == 0)
            pl_buf_add_char(out, ',');
        pl_buf_add_char(out, digits.p[i]);
    }
    out->failed |= digits.failed;
    pl_buf_fini(&digits);
}

void add_rule(struct pl_buf *out, const struct pl_rule *rule)
{
    if (rule->builtin) {
        pl_buf_add(out, rule->name);
        return;
    }
    pl_buf_add(out, pl_str_lit("rule \""));
    add_plain(out, rule->name);
    pl_buf_add_char(out, '"');
}

void add_conditions(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule)
{
    struct pl_buf text = {0};

    for (size_t i = 0; i < rule->ncond; i++) {
        if (rule->cond[i].set == p->at_rcpt)
            continue;
        if (text.n > 0)
            pl_buf_add(&text, pl_str_lit(", "));
        pl_buf_addf(&text, "%s = ", pl_attr_name(rule->cond[i].attr));
        pl_explain_set(&text, rule->cond[i].set, rule->cond[i].attr);
    }
    pl_buf_add(out, text.n > 0 ? pl_buf_str(&text) : pl_str_lit("always"));
    out->failed |= text.failed;
    pl_buf_fini(&text);
}

void add_when(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule)
{
    struct pl_buf text = {0};

    if (rule->ncond == 0) {
        pl_buf_add(out, pl_str_lit(", where no rule before it decides"));
        return;
    }
    add_conditions(&text, p, rule);
    pl_buf_add(out, pl_str_lit(", if "));
    add_plain(out, pl_buf_str(&text));
    out->failed |= text.failed;
    pl_buf_fini(&text);
}

void letter(char out[8], size_t column)
{
    size_t n = 0;

    if (column >= 26)
        out[n++] = (char)('A' + column / 26 - 1);
    out[n++] = (char)('A' + column % 26);
    out[n] = '\0';
}

bool cell_differs(const struct pl_matrix *m, size_t row, size_t column)
{
    const struct pl_cell *cell = pl_matrix_cell(m, row, column);

    return cell->depends && cell->flow != PL_FLOW_OPEN &&
           (m->rows[row].merged > 0 || m->columns[column].merged > 0);
}

const struct pl_outcome_told *cell_head(const struct pl_cell *cell)
{
    for (size_t i = 0; i < cell->noutcomes; i++) {
        if (cell->outcomes[i].flow == cell->flow)
            return &cell->outcomes[i];
    }
    return NULL;
}

static bool decides_there(const struct pl_cell *cell, const struct pl_rule *rule, enum pl_flow flow)
{
    const struct pl_outcome_told *head = cell_head(cell);

    for (size_t i = 0; i < cell->noutcomes; i++) {
        if (&cell->outcomes[i] != head && cell->outcomes[i].rule == rule &&
            cell->outcomes[i].flow == flow)
            return true;
    }
    return false;
}

/* Rows with the same columns are told together. */
static bool same_columns(const struct pl_matrix *m, size_t a, size_t b, const struct pl_rule *rule,
                         enum pl_flow flow)
{
    for (size_t c = 0; c < m->ncolumns; c++) {
        if (decides_there(pl_matrix_cell(m, a, c), rule, flow) !=
            decides_there(pl_matrix_cell(m, b, c), rule, flow))
            return false;
    }
    return true;
}

/* "rows 1-3, 5" out of marks. */
static void add_marked(struct pl_buf *out, const char *what, const bool *marked, size_t n,
                       bool letters)
{
    size_t count = 0;
    const char *between = " ";

    for (size_t i = 0; i < n; i++)
        count += marked[i];
    pl_buf_addf(out, "%s%s", what, count == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        size_t end = i;

        if (!marked[i])
            continue;
        while (end + 1 < n && marked[end + 1])
            end++;
        if (letters) {
            char first[8], last[8];

            letter(first, i);
            letter(last, end);
            pl_buf_addf(out, "%s%s%s%s", between, first, end > i ? "-" : "", end > i ? last : "");
        } else {
            pl_buf_addf(out, "%s%zu", between, i + 1);
            if (end > i)
                pl_buf_addf(out, "-%zu", end + 1);
        }
        between = ", ";
        i = end;
    }
}

void add_cells_of(struct pl_buf *out, const struct pl_matrix *m, const struct pl_rule *rule,
                  enum pl_flow flow)
{
    bool *rows = calloc(m->nrows + m->ncolumns + 1, sizeof(*rows));
    bool *columns = rows == NULL ? NULL : rows + m->nrows;
    const char *between = "";

    if (rows == NULL) {
        out->failed = true;
        return;
    }
    for (size_t r = 0; r < m->nrows; r++) {
        bool known = false, any = false, all = true;

        for (size_t c = 0; c < m->ncolumns; c++) {
            columns[c] = decides_there(pl_matrix_cell(m, r, c), rule, flow);
            any |= columns[c];
            all &= columns[c];
        }
        for (size_t k = 0; k < m->nrows; k++) {
            rows[k] = same_columns(m, r, k, rule, flow);
            known |= rows[k] && k < r;
        }
        if (!any || known)
            continue;
        pl_buf_addf(out, "%s", between);
        add_marked(out, "row", rows, m->nrows, false);
        if (!all) {
            pl_buf_add(out, pl_str_lit(", "));
            add_marked(out, "column", columns, m->ncolumns, true);
        }
        between = "; ";
    }
    free(rows);
}

/* A word of a command line: in single quotes if a shell would read it otherwise. */
static void add_argument(struct pl_buf *out, const char *name, struct pl_str value)
{
    bool plain = true;

    for (size_t i = 0; i < value.n && plain; i++)
        plain = pl_ascii_is_alnum(value.p[i]) ||
                pl_str_find(pl_str_lit("@._:+-/=%,"), value.p[i]) < sizeof("@._:+-/=%,") - 1;
    pl_buf_addf(out, "%s%s=", plain ? "" : "'", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\'')
            pl_buf_add(out, pl_str_lit("'\\''"));
        else
            pl_buf_add_char(out, value.p[i]);
    }
    if (!plain)
        pl_buf_add_char(out, '\'');
}

void add_example(struct pl_buf *out, const struct pl_policy *p,
                 const struct pl_str request[PL_ATTR_COUNT])
{
    bool first = true;

    for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
        bool matters = i == PL_ATTR_CLIENT_ADDRESS || i == PL_ATTR_RECIPIENT;

        for (size_t d = 0; d < p->compiled->ndims; d++)
            matters |= (size_t)p->compiled->dims[d].attr == i;
        if (!matters || request[i].n == 0 || i == PL_ATTR_PROTOCOL_STATE)
            continue;
        if (!first)
            pl_buf_add_char(out, ' ');
        first = false;
        add_argument(out, pl_attr_name((enum pl_attr)i), request[i]);
    }
}

const char *column_side(const struct pl_class *column)
{
    return column->kind == PL_COLUMN_OURS ? "ours" : "foreign";
}

void add_row_title(struct pl_buf *out, const struct pl_class *row)
{
    if (row->merged == 0 && !row->rest) {
        if (row->kind == PL_ROW_NETWORK && row->lists.n > 0) {
            pl_buf_add(out, row->lists);
            pl_buf_add(out, pl_str_lit(": "));
        } else if (row->kind == PL_ROW_PLACE) {
            pl_buf_addf(out, "%s ", pl_attr_name(row->attr));
        } else if (row->kind == PL_ROW_CERTIFICATE && row->attr != PL_ATTR_CCERT_FINGERPRINT) {
            pl_buf_addf(out, "%s ", row->attr == PL_ATTR_CCERT_SUBJECT ? "subject" : "public key");
        }
    }
    pl_buf_add(out, row->title);
}

void add_row_notes(struct pl_buf *out, const struct pl_class *row)
{
    const char *between = "";

    if (row->masking) {
        pl_buf_addf(out, "anyone may hide behind it");
        between = "; ";
    }
    if (row->elsewhere) {
        pl_buf_addf(out, "%sPostfix lets it relay without our word", between);
        between = "; ";
    }
    if (row->no_address && row->nnetworks > 0)
        pl_buf_addf(out, "%sclients whose address is unknown, too", between);
}

const char *verdict_sentence(const struct pl_proof *proof)
{
    if (proof == NULL)
        return "not computed";
    switch (proof->verdict) {
    case PL_VERDICT_SAFE:
        return "no outsider can send to a recipient elsewhere";
    case PL_VERDICT_OPEN:
        return proof->accepted ? "an outsider can send to a recipient elsewhere, which is accepted"
               : proof->expired
                   ? "an outsider could send to a recipient elsewhere, which was accepted until a "
                     "day that has passed"
                   : "an outsider can send to a recipient elsewhere";
    case PL_VERDICT_UNPROVABLE:
        break;
    }
    return "an outsider may be able to send to a recipient elsewhere";
}

bool rule_numbers_init(struct rule_numbers *n, const struct pl_matrix *m)
{
    const struct pl_policy *p = m->policy;

    *n = (struct rule_numbers){.number = calloc(p->nrules + 1, sizeof(*n->number))};
    if (n->number == NULL)
        return false;
    for (size_t c = 0; c < m->nrows * m->ncolumns; c++) {
        for (size_t i = 0; i < m->cells[c].noutcomes; i++)
            n->number[m->cells[c].outcomes[i].rule - p->rules] = 1;
    }
    for (size_t r = 0; r < p->nrules; r++) {
        if (n->number[r] != 0)
            n->number[r] = ++n->count;
    }
    return true;
}

void rule_numbers_fini(struct rule_numbers *n)
{
    free(n->number);
}

unsigned flows_used(const struct pl_matrix *m)
{
    unsigned used = 0;

    for (size_t c = 0; c < m->nrows * m->ncolumns; c++) {
        for (size_t i = 0; i < m->cells[c].noutcomes; i++)
            used |= 1U << m->cells[c].outcomes[i].flow;
    }
    return used;
}
