/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The matrix for a terminal: a table whose cells name what becomes of the mail and the number of the
 * rule; what the numbers and letters stand for is listed below it. Wide tables are cut into blocks of
 * columns.
 */
#include "postlatch/matrix_text.h"

#include "matrix_words.h"

#include "postlatch/check.h"
#include "postlatch/explain.h"

enum { CELL = 16, LABEL_MIN = 26, LABEL_MAX = 44, ITEMS_SHOWN = 6 };

struct page {
    const struct pl_matrix *m;
    struct rule_numbers numbers;
    size_t width, label;
    FILE *out;
    bool failed;
};

/* Prints what was gathered and empties the buffer. */
static void flush(struct page *p, struct pl_buf *line)
{
    if (line->failed)
        p->failed = true;
    while (line->n > 0 && line->p[line->n - 1] == ' ')
        line->p[--line->n] = '\0';
    fprintf(p->out, "%s\n", line->n > 0 ? line->p : "");
    pl_buf_reset(line);
}

/* Text behind what line has, broken at blanks, further lines indented. */
static void wrap(struct page *p, struct pl_buf *line, struct pl_str text, size_t indent)
{
    while (text.n > 0) {
        size_t blank = pl_str_find(text, ' ');
        struct pl_str word = {text.p, blank};

        if (text_width(pl_buf_str(line)) + text_width(word) > p->width &&
            text_width(pl_buf_str(line)) > indent) {
            flush(p, line);
            for (size_t i = 0; i < indent; i++)
                pl_buf_add_char(line, ' ');
        }
        if (word.n > 0 || text_width(pl_buf_str(line)) > indent) { /* no blank begins a line */
            pl_buf_add(line, word);
            if (blank < text.n)
                pl_buf_add_char(line, ' ');
        }
        text = blank < text.n ? pl_str_from(text, blank + 1) : (struct pl_str){NULL, 0};
    }
    flush(p, line);
}

static void add_cell(struct page *p, struct pl_buf *line, size_t r, size_t c)
{
    const struct pl_cell *cell = pl_matrix_cell(p->m, r, c);
    const struct pl_outcome_told *head = cell_head(cell);
    struct pl_buf text = {0};

    if (head == NULL) {
        pl_buf_addf(&text, "-");
    } else if (cell_differs(p->m, r, c)) {
        pl_buf_addf(&text, "differ");
    } else {
        pl_buf_addf(&text, "%-7s %2zu", pl_flow_word(cell->flow),
                    p->numbers.number[head->rule - p->m->policy->rules]);
        if (cell->noutcomes + cell->more > 1)
            pl_buf_addf(&text, " +%zu", cell->noutcomes + cell->more - 1);
    }
    pl_buf_add(line, pl_str_lit("  "));
    add_cut(line, pl_buf_str(&text), CELL - 2);
    p->failed |= text.failed;
    pl_buf_fini(&text);
}

static void print_column_heads(struct page *p, size_t from, size_t to)
{
    struct pl_buf line = {0}, text = {0};

    add_cut(&line, pl_str_lit("from \\ to"), p->label);
    for (size_t c = from; c < to; c++) {
        char name[8];

        letter(name, c);
        pl_buf_reset(&text);
        pl_buf_addf(&text, "%s %s", name, column_side(&p->m->columns[c]));
        pl_buf_add(&line, pl_str_lit("  "));
        add_cut(&line, pl_buf_str(&text), CELL - 2);
    }
    flush(p, &line);
    add_cut(&line, pl_str_lit(""), p->label);
    for (size_t c = from; c < to; c++) {
        pl_buf_reset(&text);
        add_plain(&text, p->m->columns[c].title);
        pl_buf_add(&line, pl_str_lit("  "));
        add_cut(&line, pl_buf_str(&text), CELL - 2);
    }
    flush(p, &line);
    p->failed |= text.failed;
    pl_buf_fini(&text);
    pl_buf_fini(&line);
}

/* What a row is called, in the room there is: the lists alone where their networks find none. */
static void add_label(struct page *p, struct pl_buf *line, const struct pl_class *row)
{
    struct pl_buf title = {0}, safe = {0};
    bool lists = row->kind == PL_ROW_NETWORK && row->lists.n > 0 && !row->rest && row->merged == 0;

    add_row_title(&title, row);
    if (lists && text_width(pl_buf_str(&title)) > p->label - 5) {
        pl_buf_reset(&title);
        pl_buf_add(&title, row->lists);
    }
    add_plain(&safe, pl_buf_str(&title));
    add_cut(line, pl_buf_str(&safe), p->label - 5);
    p->failed |= title.failed || safe.failed;
    pl_buf_fini(&safe);
    pl_buf_fini(&title);
}

static void print_block(struct page *p, size_t from, size_t to)
{
    const struct pl_matrix *m = p->m;
    struct pl_buf line = {0};
    unsigned kind = PL_ROW_KIND_COUNT;

    print_column_heads(p, from, to);
    for (size_t r = 0; r < m->nrows; r++) {
        if (m->rows[r].kind != kind) {
            kind = m->rows[r].kind;
            pl_buf_addf(&line, "%s", pl_row_kind_title((enum pl_row_kind)kind));
            flush(p, &line);
        }
        pl_buf_addf(&line, "%3zu  ", r + 1);
        add_label(p, &line, &m->rows[r]);
        for (size_t c = from; c < to; c++)
            add_cell(p, &line, r, c);
        flush(p, &line);
    }
    fputc('\n', p->out);
    pl_buf_fini(&line);
}

static void print_table(struct page *p)
{
    size_t room = (p->width - LABEL_MIN) / CELL;

    if (room == 0)
        room = 1;
    if (room > p->m->ncolumns)
        room = p->m->ncolumns;
    p->label = p->width - room * CELL;
    if (p->label > LABEL_MAX)
        p->label = LABEL_MAX;
    for (size_t c = 0; c < p->m->ncolumns; c += room)
        print_block(p, c, c + room < p->m->ncolumns ? c + room : p->m->ncolumns);
}

/* The members of a class, a few of them. */
static void add_members(struct pl_buf *out, const struct pl_class *class)
{
    size_t shown = class->nitems < ITEMS_SHOWN ? class->nitems : ITEMS_SHOWN;

    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            pl_buf_add(out, pl_str_lit(", "));
        add_plain(out, class->items[i].text);
    }
    if (class->nitems + class->more > shown)
        pl_buf_addf(out, ", … %zu more", class->nitems + class->more - shown);
}

/* A line of the key, unless it says no more than the table did in `room` columns. */
static void print_key(struct page *p, const char *name, const struct pl_buf *text,
                      struct pl_str title, size_t room, bool *headed, const char *head)
{
    struct pl_buf line = {0}, plain = {0};

    add_plain(&plain, title);
    if (!pl_str_eq(pl_buf_str(text), pl_buf_str(&plain)) || text_width(pl_buf_str(text)) > room) {
        if (!*headed)
            fprintf(p->out, "%s\n", head);
        *headed = true;
        pl_buf_addf(&line, "%3s  ", name);
        wrap(p, &line, pl_buf_str(text), 5);
    }
    p->failed |= text->failed || plain.failed;
    pl_buf_fini(&plain);
    pl_buf_fini(&line);
}

static void print_row_key(struct page *p, size_t r, bool *headed)
{
    const struct pl_class *row = &p->m->rows[r];
    struct pl_buf text = {0}, title = {0}, notes = {0};
    char name[24];

    snprintf(name, sizeof(name), "%zu", r + 1);
    add_row_title(&title, row);
    add_row_notes(&notes, row);
    if (row->merged > 0)
        pl_buf_addf(&text, "%zu classes that found no room here; --json has them", row->merged);
    else if (row->kind == PL_ROW_NETWORK && row->rest)
        pl_buf_addf(&text, "all addresses that are in no other row");
    else if (row->kind == PL_ROW_NETWORK && row->nitems > 0) {
        if (row->lists.n > 0) {
            add_plain(&text, row->lists);
            pl_buf_add(&text, pl_str_lit(": "));
        }
        add_members(&text, row);
    } else if (row->nitems > 1 && !row->rest) {
        if (row->kind == PL_ROW_PLACE)
            pl_buf_addf(&text, "%s ", pl_attr_name(row->attr));
        add_members(&text, row);
    } else {
        add_plain(&text, pl_buf_str(&title));
    }
    if (notes.n > 0) {
        pl_buf_add(&text, pl_str_lit(" ("));
        pl_buf_add(&text, pl_buf_str(&notes));
        pl_buf_add_char(&text, ')');
    }
    print_key(p, name, &text, pl_buf_str(&title), p->label - 5, headed, "rows");
    p->failed |= title.failed || notes.failed;
    pl_buf_fini(&notes);
    pl_buf_fini(&title);
    pl_buf_fini(&text);
}

static void print_column_key(struct page *p, size_t c, bool *headed)
{
    const struct pl_class *column = &p->m->columns[c];
    struct pl_buf text = {0};
    char name[8];

    letter(name, c);
    if (column->merged > 0)
        pl_buf_addf(&text, "%zu classes that found no room here; --json has them", column->merged);
    else if (column->rest || column->nitems + column->more == 0)
        add_plain(&text, column->title);
    else
        add_members(&text, column);
    print_key(p, name, &text, column->title, CELL - 2, headed, "columns");
    pl_buf_fini(&text);
}

static void print_rules(struct page *p)
{
    const struct pl_policy *policy = p->m->policy;
    struct pl_buf line = {0}, text = {0};

    fprintf(p->out, "rules\n");
    for (size_t r = 0; r < policy->nrules; r++) {
        const struct pl_rule *rule = &policy->rules[r];

        if (p->numbers.number[r] == 0)
            continue;
        pl_buf_reset(&text);
        pl_buf_addf(&line, "%3zu  ", p->numbers.number[r]);
        add_plain(&text, rule->action->source);
        pl_buf_add(&text, pl_str_lit("  by "));
        add_rule(&text, rule);
        if (rule->at.file < policy->nfiles) {
            pl_buf_add(&text, pl_str_lit("  ("));
            pl_explain_place(&text, policy, rule->at);
            pl_buf_add_char(&text, ')');
        }
        wrap(p, &line, pl_buf_str(&text), 5);
    }
    p->failed |= text.failed;
    pl_buf_fini(&text);
    pl_buf_fini(&line);
}

/* What else can decide, a rule once: what it asks for, and in which cells. */
static void print_exceptions(struct page *p)
{
    const struct pl_policy *policy = p->m->policy;
    struct pl_buf line = {0}, text = {0}, cells = {0};
    bool headed = false;

    for (size_t r = 0; r < policy->nrules; r++) {
        for (unsigned f = 0; f < PL_FLOW_COUNT && p->numbers.number[r] != 0; f++) {
            pl_buf_reset(&cells);
            add_cells_of(&cells, p->m, &policy->rules[r], (enum pl_flow)f);
            if (cells.n == 0)
                continue;
            if (!headed)
                fprintf(p->out,
                        "\nother answers (\"+\" above), for what row and column do not say\n");
            headed = true;
            pl_buf_reset(&text);
            pl_buf_addf(&line, "%3zu  ", p->numbers.number[r]);
            pl_buf_addf(&text, "%s", pl_flow_word((enum pl_flow)f));
            add_when(&text, policy, &policy->rules[r]);
            pl_buf_add(&text, pl_str_lit(": "));
            pl_buf_add(&text, pl_buf_str(&cells));
            wrap(p, &line, pl_buf_str(&text), 5);
        }
    }
    p->failed |= text.failed || cells.failed;
    pl_buf_fini(&cells);
    pl_buf_fini(&text);
    pl_buf_fini(&line);
}

static void print_legend(struct page *p)
{
    unsigned used = flows_used(p->m);

    for (unsigned f = 0; f < PL_FLOW_COUNT; f++) {
        if ((used >> f & 1) != 0)
            fprintf(p->out, "%-7s  %s\n", pl_flow_word((enum pl_flow)f),
                    pl_flow_doc((enum pl_flow)f));
    }
}

static void print_head(struct page *p, const struct pl_proof *proof, const char *name)
{
    const struct pl_policy *policy = p->m->policy;
    struct pl_buf ended = {0};

    fprintf(p->out, "%s: %zu rule%s, %zu table%s, %zu entr%s\n", name, policy->nwritten,
            policy->nwritten == 1 ? "" : "s", policy->ntables, policy->ntables == 1 ? "" : "s",
            pl_policy_entries(policy), pl_policy_entries(policy) == 1 ? "y" : "ies");
    fprintf(p->out, "verdict: %s: %s\n",
            proof == NULL ? "not computed" : pl_verdict_word(proof->verdict),
            verdict_sentence(proof));
    if (policy->mode == PL_MODE_OBSERVE)
        fprintf(p->out, "mode = observe: these are the answers that enforce would give; now "
                        "nothing is refused\n");
    pl_check_add_ended(&ended, policy);
    fprintf(p->out, "%s\n", ended.n > 0 ? ended.p : "");
    p->failed |= ended.failed;
    pl_buf_fini(&ended);
}

bool pl_matrix_text(const struct pl_matrix *m, const struct pl_proof *proof, const char *name,
                    size_t width, FILE *out)
{
    struct page p = {.m = m, .width = width, .out = out};
    bool headed = false;

    if (!rule_numbers_init(&p.numbers, m))
        return false;
    if (p.width < PL_MATRIX_WIDTH_MIN)
        p.width = PL_MATRIX_WIDTH_MIN;
    print_head(&p, proof, name);
    if (m->gave_up != NULL)
        fprintf(out, "not complete: %s\n", m->gave_up);
    if (m->nrows > 0 && m->ncolumns > 0) {
        print_table(&p);
        print_legend(&p);
        fputc('\n', out);
        for (size_t r = 0; r < m->nrows; r++)
            print_row_key(&p, r, &headed);
        headed = false;
        for (size_t c = 0; c < m->ncolumns; c++)
            print_column_key(&p, c, &headed);
        print_rules(&p);
        print_exceptions(&p);
    }
    rule_numbers_fini(&p.numbers);
    return !p.failed;
}
