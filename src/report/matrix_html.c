/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as a page to hang on the wall. What a cell is about shows when it is pointed at, tapped or
 * reached by the keyboard, by CSS alone; on paper the same is listed below the table. Each flow has a
 * word, a sign and a border of its own beside its colour.
 */
#include "postlatch/matrix_html.h"

#include "matrix_html.h"
#include "postlatch/check.h"
#include "postlatch/explain.h"

enum { OPENINGS_SHOWN = 3, FEW_COLUMNS = 4, MANY_COLUMNS = 8 };

void html_rule(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule)
{
    html_text(out, rule->name);
    if (rule->at.file < p->nfiles) {
        struct pl_buf place = {0};

        pl_explain_place(&place, p, rule->at);
        pl_buf_add(out, pl_str_lit(" <span class=\"place\">"));
        html_text(out, pl_buf_str(&place));
        pl_buf_add(out, pl_str_lit("</span>"));
        out->failed |= place.failed;
        pl_buf_fini(&place);
    }
}

static void add_code(struct pl_buf *out, const struct pl_policy *p,
                     const struct pl_str request[PL_ATTR_COUNT])
{
    struct pl_buf text = {0};

    add_example(&text, p, request);
    pl_buf_add(out, pl_str_lit("<code>"));
    add_html(out, pl_buf_str(&text));
    pl_buf_add(out, pl_str_lit("</code>"));
    out->failed |= text.failed;
    pl_buf_fini(&text);
}

static const char *flow_class(enum pl_flow flow)
{
    return flow == PL_FLOW_OPEN ? "open" : pl_flow_word(flow);
}

static void add_flow(struct pl_buf *out, enum pl_flow flow)
{
    pl_buf_addf(out, "<span class=\"flow %s\">%s</span>", flow_class(flow), pl_flow_word(flow));
}

/* ---- head ---- */

static void add_openings(struct pl_buf *out, const struct pl_page *page)
{
    const struct pl_proof *proof = page->proof;
    size_t shown = proof->nopenings < OPENINGS_SHOWN ? proof->nopenings : OPENINGS_SHOWN;

    for (size_t i = 0; i < shown; i++) {
        const struct pl_opening *o = &proof->openings[i];

        pl_buf_addf(out, "<p>By %s", o->rule->builtin ? "" : "rule ");
        html_rule(out, page->matrix->policy, o->rule);
        if (o->waiver != NULL) {
            pl_buf_add(out, pl_str_lit(", accepted: "));
            html_text(out, o->waiver->reason);
        }
        pl_buf_add(out, pl_str_lit("; for example "));
        add_code(out, page->matrix->policy, o->request);
        if (o->nmasked > 0)
            pl_buf_add(out, o->masking_only
                                ? pl_str_lit(" Anyone may hide behind this address (masking).")
                                : pl_str_lit(" Also from masking addresses, behind which anyone "
                                             "may hide."));
        pl_buf_add(out, pl_str_lit("</p>"));
    }
    if (proof->nopenings > shown)
        pl_buf_addf(out, "<p>And by %zu other rules; <code>postlatch check</code> has them.</p>",
                    proof->nopenings - shown);
    if (proof->gave_up != NULL)
        pl_buf_addf(out, "<p>Not decided: %s.</p>", proof->gave_up);
}

static void add_ended(struct pl_buf *out, const struct pl_policy *p)
{
    struct pl_buf text = {0};

    pl_check_add_ended(&text, p);
    if (text.n > 0) {
        pl_buf_add(out, pl_str_lit("<p class=\"meta warn\">"));
        add_html(out, pl_buf_str(&text));
        pl_buf_add(out, pl_str_lit("</p>\n"));
    }
    out->failed |= text.failed;
    pl_buf_fini(&text);
}

static void add_head(struct pl_buf *out, const struct pl_page *page)
{
    const struct pl_policy *p = page->matrix->policy;
    const char *verdict =
        page->proof == NULL ? "not computed" : pl_verdict_word(page->proof->verdict);

    pl_buf_add(
        out, pl_str_lit("<header>\n<div>\n<p class=\"eyebrow\">Who may send mail where</p>\n<h1>"));
    html_text(out, pl_str_of(page->name));
    pl_buf_add(out, pl_str_lit("</h1>\n<p class=\"meta\">"));
    pl_buf_addf(out, "%zu rule%s, %zu table%s, ", p->nwritten, p->nwritten == 1 ? "" : "s",
                p->ntables, p->ntables == 1 ? "" : "s");
    add_number(out, (double)pl_policy_entries(p));
    pl_buf_addf(out, " entr%s. Made by postlatch " PL_VERSION " on ",
                pl_policy_entries(p) == 1 ? "y" : "ies");
    add_html(out, pl_str_of(page->when));
    pl_buf_add(out, pl_str_lit(".</p>\n"));
    if (p->mode == PL_MODE_OBSERVE)
        pl_buf_add(out,
                   pl_str_lit("<p class=\"meta warn\">mode = observe: this is what enforce would "
                              "answer; now nothing is refused.</p>\n"));
    add_ended(out, p);
    pl_buf_addf(out, "</div>\n<div class=\"verdict %s\"><p><b>%s%s</b><span>%s.</span></p>",
                page->proof == NULL ? "" : verdict, "Verdict: ", verdict,
                verdict_sentence(page->proof));
    if (page->proof != NULL)
        add_openings(out, page);
    pl_buf_add(out, pl_str_lit("</div>\n</header>\n"));
}

static void add_legend(struct pl_buf *out, const struct pl_matrix *m)
{
    unsigned used = flows_used(m);

    pl_buf_add(out, pl_str_lit("<ul class=\"legend\">\n"));
    for (unsigned f = 0; f < PL_FLOW_COUNT; f++) {
        if ((used >> f & 1) == 0)
            continue;
        pl_buf_add(out, pl_str_lit("<li>"));
        add_flow(out, (enum pl_flow)f);
        pl_buf_addf(out, "<span>%s</span></li>\n", pl_flow_doc((enum pl_flow)f));
    }
    pl_buf_add(out, pl_str_lit("</ul>\n"));
}

/* ---- the table ---- */

/* Whether a title shows each member as it is written, so that a list of them adds nothing. */
static bool title_says_all(const struct pl_class *class)
{
    size_t at = 0;

    for (size_t i = 0; i < class->nitems; i++) {
        struct pl_str text = class->items[i].text;

        if (at + text.n > class->title.n ||
            !pl_str_eq(text, (struct pl_str){class->title.p + at, text.n}))
            return false;
        at += text.n + 2; /* ", " */
    }
    return class->more == 0 && at == class->title.n + 2;
}

/* A class's members behind a word that opens them. */
static void add_members(struct pl_buf *out, const struct pl_matrix *m, const struct pl_class *class)
{
    size_t all = class->nitems + class->more;

    if (all == 0 || title_says_all(class))
        return;
    if (class->rest && class->attr == PL_ATTR_CLIENT_ADDRESS)
        return; /* what is left of all addresses tells nobody anything */
    pl_buf_add(out, pl_str_lit("<details><summary>"));
    add_number(out, (double)all);
    pl_buf_addf(out, "%s%s</summary><ul class=\"members\">",
                class->attr == PL_ATTR_CLIENT_ADDRESS ? (all == 1 ? " network" : " networks")
                                                      : (all == 1 ? " entry" : " entries"),
                class->rest ? " in lists among them" : "");
    for (size_t i = 0; i < class->nitems; i++) {
        const struct pl_class_item *item = &class->items[i];
        struct pl_buf place = {0};

        pl_buf_add(out, pl_str_lit("<li><code>"));
        add_html(out, item->text);
        pl_buf_add(out, pl_str_lit("</code>"));
        if (item->table.n > 0) {
            pl_buf_add_char(out, ' ');
            html_text(out, item->table);
        }
        pl_explain_place(&place, m->policy, item->at);
        if (place.n > 0) {
            pl_buf_add_char(out, ' ');
            html_text(out, pl_buf_str(&place));
        }
        pl_buf_fini(&place);
        pl_buf_add(out, pl_str_lit("</li>"));
    }
    if (class->more > 0) {
        pl_buf_add(out, pl_str_lit("<li>and "));
        add_number(out, (double)class->more);
        pl_buf_add(out, pl_str_lit(" more</li>"));
    }
    pl_buf_add(out, pl_str_lit("</ul></details>"));
}

static void add_row_head(struct pl_buf *out, const struct pl_matrix *m, size_t r)
{
    const struct pl_class *row = &m->rows[r];
    bool named = row->kind == PL_ROW_NETWORK && row->lists.n > 0 && !row->rest && row->merged == 0;
    struct pl_buf text = {0};

    pl_buf_addf(out, "<th scope=\"row\"><span class=\"number\">%zu</span> <span class=\"title\">",
                r + 1);
    if (named)
        pl_buf_add(&text, row->lists);
    else
        add_row_title(&text, row);
    html_text(out, pl_buf_str(&text));
    pl_buf_add(out, pl_str_lit("</span>"));
    if (named) {
        pl_buf_add(out, pl_str_lit("<br><span class=\"mono note\">"));
        html_text(out, row->title);
        pl_buf_add(out, pl_str_lit("</span>"));
    }
    pl_buf_reset(&text);
    add_row_notes(&text, row);
    if (text.n > 0) {
        pl_buf_addf(out, "<p class=\"note%s\">", row->masking ? " warn" : "");
        add_html(out, pl_buf_str(&text));
        pl_buf_add(out, pl_str_lit("</p>"));
    }
    out->failed |= text.failed;
    pl_buf_fini(&text);
    if (row->merged == 0)
        add_members(out, m, row);
    pl_buf_add(out, pl_str_lit("</th>\n"));
}

static void add_outcome(struct pl_buf *out, const struct pl_matrix *m, const struct pl_cell *cell,
                        size_t i)
{
    const struct pl_outcome_told *o = &cell->outcomes[i];

    pl_buf_add(out, pl_str_lit("<li>"));
    add_flow(out, o->flow);
    pl_buf_add(out, pl_str_lit(" <b>"));
    html_text(out, o->rule->action->source);
    pl_buf_add(out, pl_str_lit("</b> by "));
    html_rule(out, m->policy, o->rule);
    if (o->usual && cell->noutcomes + cell->more > 1)
        pl_buf_add(out, pl_str_lit("<br>Usually."));
    else if (o->when.n > 0) {
        pl_buf_add(out, pl_str_lit("<br>If "));
        html_text(out, o->when);
    } else if (cell->noutcomes > 1)
        pl_buf_add(out, pl_str_lit("<br>For some values of what earlier rules ask about."));
    add_code(out, m->policy, o->request);
    pl_buf_add(out, pl_str_lit("</li>"));
}

static void add_pair(struct pl_buf *out, const struct pl_class *row, const struct pl_class *column)
{
    struct pl_buf title = {0};

    add_row_title(&title, row);
    pl_buf_add(out, pl_str_lit("From <b>"));
    html_text(out, pl_buf_str(&title));
    pl_buf_addf(out, "</b> to %s: <b>", column_side(column));
    html_text(out, column->title);
    pl_buf_add(out, pl_str_lit("</b>"));
    out->failed |= title.failed;
    pl_buf_fini(&title);
}

static void add_pop(struct pl_buf *out, const struct pl_matrix *m, size_t r, size_t c)
{
    const struct pl_cell *cell = pl_matrix_cell(m, r, c);

    pl_buf_addf(out, "<div class=\"pop\" id=\"r%zuc%zu\"><p>", r, c);
    add_pair(out, &m->rows[r], &m->columns[c]);
    pl_buf_add(out, pl_str_lit("</p><ol>"));
    for (size_t i = 0; i < cell->noutcomes; i++)
        add_outcome(out, m, cell, i);
    if (cell->more > 0)
        pl_buf_addf(out, "<li>And %zu more.</li>", cell->more);
    pl_buf_add(out, pl_str_lit("</ol></div>"));
}

/* What a cell says of itself when there are several answers: which other flows there are. */
static void add_also(struct pl_buf *out, const struct pl_cell *cell)
{
    unsigned told = 1U << cell->flow;
    size_t others = cell->noutcomes + cell->more - 1;

    if (others == 0)
        return;
    if (!cell->depends) {
        pl_buf_addf(out, "<span class=\"also\">also by %zu other rule%s</span>", others,
                    others == 1 ? "" : "s");
        return;
    }
    pl_buf_add(out, pl_str_lit("<span class=\"also\">but also: "));
    for (size_t i = 0, shown = 0; i < cell->noutcomes; i++) {
        if ((told >> cell->outcomes[i].flow & 1) != 0)
            continue;
        told |= 1U << cell->outcomes[i].flow;
        pl_buf_addf(out, "%s%s", shown++ > 0 ? ", " : "", pl_flow_word(cell->outcomes[i].flow));
    }
    pl_buf_add(out, pl_str_lit("</span>"));
}

/* What a cell shows while nobody points at it. */
static void add_face(struct pl_buf *out, const struct pl_matrix *m, size_t r, size_t c)
{
    const struct pl_cell *cell = pl_matrix_cell(m, r, c);

    if (cell_differs(m, r, c)) {
        pl_buf_addf(
            out, "<span class=\"flow differ\">differ</span><span class=\"by\">by %zu rules</span>",
            cell->noutcomes + cell->more);
        return;
    }
    add_flow(out, cell->flow);
    pl_buf_add(out, pl_str_lit("<span class=\"by\">"));
    html_text(out, cell_head(cell)->rule->name);
    pl_buf_add(out, pl_str_lit("</span>"));
    add_also(out, cell);
}

static void add_cell(struct pl_buf *out, const struct pl_matrix *m, size_t r, size_t c)
{
    const struct pl_cell *cell = pl_matrix_cell(m, r, c);

    if (cell->noutcomes == 0) {
        pl_buf_add(out, pl_str_lit("<td><span class=\"cell\">no such mail</span></td>\n"));
        return;
    }
    pl_buf_addf(
        out,
        "<td class=\"%s%s\"><div class=\"cell\" tabindex=\"0\" aria-describedby=\"r%zuc%zu\">"
        "<span class=\"column\">%s: ",
        cell_differs(m, r, c) ? "left" : flow_class(cell->flow),
        c > 0 && c * 4 >= m->ncolumns ? " right" : "", r, c, column_side(&m->columns[c]));
    html_text(out, m->columns[c].title);
    pl_buf_add(out, pl_str_lit("</span>"));
    add_face(out, m, r, c);
    pl_buf_add(out, pl_str_lit("</div>"));
    add_pop(out, m, r, c);
    pl_buf_add(out, pl_str_lit("</td>\n"));
}

static void add_column_head(struct pl_buf *out, const struct pl_matrix *m, size_t c)
{
    const struct pl_class *column = &m->columns[c];
    char name[8];

    letter(name, c);
    pl_buf_addf(out,
                "<th scope=\"col\"><span class=\"side\"><span class=\"number\">%s</span> %s</span>"
                "<span class=\"title\">",
                name, column_side(column));
    html_text(out, column->title);
    pl_buf_add(out, pl_str_lit("</span>"));
    if (column->merged == 0)
        add_members(out, m, column);
    pl_buf_add(out, pl_str_lit("</th>\n"));
}

static void add_table(struct pl_buf *out, const struct pl_matrix *m)
{
    pl_buf_addf(out, "<table class=\"matrix%s", m->ncolumns >= MANY_COLUMNS ? " many" : "");
    pl_buf_add(out, pl_str_lit("\">\n<thead><tr><th scope=\"col\">from \\ to"
                               "</th>\n"));
    for (size_t c = 0; c < m->ncolumns; c++)
        add_column_head(out, m, c);
    pl_buf_add(out, pl_str_lit("</tr></thead>\n"));
    for (size_t r = 0; r < m->nrows; r++) {
        if (r == 0 || m->rows[r].kind != m->rows[r - 1].kind)
            pl_buf_addf(out,
                        "%s<tbody>\n<tr class=\"kind\"><th colspan=\"%zu\" scope=\"rowgroup\">%s"
                        "</th></tr>\n",
                        r == 0 ? "" : "</tbody>\n", m->ncolumns + 1,
                        pl_row_kind_title((enum pl_row_kind)m->rows[r].kind));
        pl_buf_add(out, pl_str_lit("<tr>"));
        add_row_head(out, m, r);
        for (size_t c = 0; c < m->ncolumns; c++)
            add_cell(out, m, r, c);
        pl_buf_add(out, pl_str_lit("</tr>\n"));
    }
    pl_buf_add(out, pl_str_lit("</tbody>\n</table>\n"));
}

/* On paper nothing can be pointed at: the other answers as a list, a rule once. */
static void add_paper(struct pl_buf *out, const struct pl_matrix *m)
{
    bool headed = false;
    struct pl_buf text = {0};

    for (size_t r = 0; r < m->policy->nrules; r++) {
        for (unsigned f = 0; f < PL_FLOW_COUNT; f++) {
            const struct pl_rule *rule = &m->policy->rules[r];

            pl_buf_reset(&text);
            add_cells_of(&text, m, rule, (enum pl_flow)f);
            if (text.n == 0)
                continue;
            if (!headed)
                pl_buf_add(out,
                           pl_str_lit("<section class=\"paper\">\n<h2>Other answers, for what "
                                      "row and column do not say</h2>\n<ul class=\"others\">\n"));
            headed = true;
            pl_buf_addf(out, "<li><b>%s</b> by ", pl_flow_word((enum pl_flow)f));
            html_rule(out, m->policy, rule);
            {
                struct pl_buf when = {0};

                add_when(&when, m->policy, rule);
                html_text(out, pl_buf_str(&when));
                pl_buf_fini(&when);
            }
            pl_buf_add(out, pl_str_lit(": "));
            add_html(out, pl_buf_str(&text));
            pl_buf_add(out, pl_str_lit("</li>\n"));
        }
    }
    if (headed)
        pl_buf_add(out, pl_str_lit("</ul>\n</section>\n"));
    out->failed |= text.failed;
    pl_buf_fini(&text);
}

static void add_style(struct pl_buf *out, const struct pl_matrix *m)
{
    pl_buf_add(out, pl_str_lit("<style>\n"));
    pl_buf_add(out, pl_str_of(matrix_css));
    pl_buf_addf(out, "@media screen and (max-width: %urem) {\n",
                m->ncolumns <= FEW_COLUMNS ? 44U : 16U + 6U * (unsigned)m->ncolumns);
    pl_buf_add(out, pl_str_of(matrix_narrow_css));
    pl_buf_add(out, pl_str_lit("}\n"));
    pl_buf_add(out, pl_str_of(matrix_print_css));
    pl_buf_add(out, pl_str_lit("</style>\n"));
}

void pl_matrix_html(struct pl_buf *out, const struct pl_page *page)
{
    const struct pl_matrix *m = page->matrix;

    pl_buf_add(out,
               pl_str_lit("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                          "<meta name=\"viewport\" content=\"width=device-width, "
                          "initial-scale=1\">\n"
                          "<meta name=\"referrer\" content=\"no-referrer\">\n"
                          "<meta http-equiv=\"Content-Security-Policy\" "
                          "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>"));
    add_html(out, pl_str_of(page->name));
    pl_buf_add(out, pl_str_lit(": who may send mail where</title>\n"));
    add_style(out, m);
    pl_buf_add(out, pl_str_lit("</head>\n<body>\n"));
    add_head(out, page);
    pl_buf_add(
        out,
        pl_str_lit("<main>\n<section>\n<h2>From whom, to whom</h2>\n"
                   "<p class=\"lead\">Each row is a class of clients, each column a class "
                   "of recipients. <span class=\"screen\">Point at a cell, tap it or tab to it "
                   "for rule, line and an example. </span>Rows of names, logins, "
                   "places and certificates are about clients whose address is in no "
                   "list.</p>\n"));
    if (m->gave_up != NULL)
        pl_buf_addf(out, "<p class=\"warn\">Not complete: %s.</p>\n", m->gave_up);
    if (m->nrows > 0 && m->ncolumns > 0) {
        add_legend(out, m);
        add_table(out, m);
    }
    pl_buf_add(out, pl_str_lit("</section>\n"));
    add_paper(out, m);
    html_surface(out, page);
    html_rules(out, page);
    html_assumptions(out, page);
    pl_buf_add(out, pl_str_lit("</main>\n<footer>"));
    html_text(out, pl_str_of(page->name));
    pl_buf_addf(out, ", as it was on ");
    add_html(out, pl_str_of(page->when));
    pl_buf_add(
        out, pl_str_lit(". Made by <code>postlatch matrix --html</code>; the page needs no network "
                        "and runs no script.</footer>\n</body>\n</html>\n"));
}
