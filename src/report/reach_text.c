/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers to "who may send there", "where may it send" and "what does a stolen password open": rows
 * or columns of a matrix as lists, those together that the same rules decide.
 */
#include "postlatch/reach_text.h"

#include "matrix_json.h"
#include "matrix_words.h"
#include "postlatch/explain.h"
#include "postlatch/reach.h"

#include <string.h>

enum fate { MAY, SOMETIMES, MAY_NOT, FATES };

static enum fate fate_of(const struct pl_cell *cell)
{
    bool some = false, all = true;

    for (size_t i = 0; i < cell->noutcomes; i++) {
        some |= pl_flow_passes(cell->outcomes[i].flow);
        all &= pl_flow_passes(cell->outcomes[i].flow);
    }
    return !some ? MAY_NOT : all ? MAY : SOMETIMES;
}

static void print(struct pl_buf *text, FILE *out, bool *ok)
{
    *ok &= !text->failed;
    fprintf(out, "%s\n", text->n > 0 ? text->p : "");
    pl_buf_reset(text);
}

static void add_outcome(struct pl_buf *text, const struct pl_policy *p,
                        const struct pl_outcome_told *o)
{
    add_plain(text, o->rule->action->source);
    pl_buf_add(text, pl_str_lit(" by "));
    add_rule(text, o->rule);
    if (o->rule->at.file < p->nfiles) {
        pl_buf_add(text, pl_str_lit(" ("));
        pl_explain_place(text, p, o->rule->at);
        pl_buf_add_char(text, ')');
    }
}

/* The rules of a cell, a line each: the usual one bare, the others with their conditions. */
static void print_outcomes(const struct pl_policy *p, const struct pl_cell *cell, FILE *out,
                           bool *ok)
{
    struct pl_buf text = {0};

    for (size_t i = 0; i < cell->noutcomes; i++) {
        const struct pl_outcome_told *o = &cell->outcomes[i];
        bool lone = cell->noutcomes + cell->more == 1;

        pl_buf_addf(&text, "  %s", lone ? "" : o->usual ? "usually: " : "but: ");
        add_outcome(&text, p, o);
        if (!o->usual && o->when.n > 0) {
            pl_buf_add(&text, pl_str_lit(", if "));
            add_plain(&text, o->when);
        }
        print(&text, out, ok);
    }
    if (cell->more > 0) {
        pl_buf_addf(&text, "  and %zu more rules", cell->more);
        print(&text, out, ok);
    }
    pl_buf_fini(&text);
}

/* "login", "server_port": what stands before a member of a row. */
static const char *row_word(const struct pl_class *row)
{
    switch (row->kind) {
    case PL_ROW_NAME:
        return "verified name ";
    case PL_ROW_LISTENER:
        return "relay listener ";
    case PL_ROW_LOGIN:
        return "login ";
    case PL_ROW_PLACE:
    case PL_ROW_CERTIFICATE:
        return pl_attr_name(row->attr);
    default:
        return "";
    }
}

static void print_row(const struct pl_class *row, FILE *out, bool *ok)
{
    struct pl_buf text = {0};
    const char *word = row_word(row),
               *blank = row->kind == PL_ROW_PLACE || row->kind == PL_ROW_CERTIFICATE ? " " : "";

    if (row->masking || row->elsewhere || (row->no_address && !row->rest)) {
        pl_buf_addf(&text, "    (");
        add_row_notes(&text, row);
        pl_buf_add_char(&text, ')');
        print(&text, out, ok);
    }
    if (row->rest || (row->nitems == 0 && row->nnetworks == 0)) {
        bool bare = row->kind == PL_ROW_NETWORK || row->rest;

        pl_buf_addf(&text, "    %s%s", bare ? "" : word, bare ? "" : blank);
        add_plain(&text, row->title);
        print(&text, out, ok);
    } else if (row->kind == PL_ROW_NETWORK) {
        for (size_t i = 0; i < row->nnetworks; i++) {
            char prefix[PL_PREFIX_TEXT];

            fprintf(out, "    %s\n", pl_prefix_format(prefix, &row->networks[i]));
        }
    } else {
        for (size_t i = 0; i < row->nitems; i++) {
            pl_buf_addf(&text, "    %s%s", word, blank);
            add_plain(&text, row->items[i].text);
            print(&text, out, ok);
        }
    }
    if (!row->rest && row->kind != PL_ROW_NETWORK && row->more > 0)
        fprintf(out, "    and %zu more of %s\n", row->more, row->title.p);
    pl_buf_fini(&text);
}

static void print_column(const struct pl_class *column, FILE *out, bool *ok)
{
    struct pl_buf text = {0};

    if (column->rest || column->nitems == 0) {
        pl_buf_addf(&text, "    %s: ", column_side(column));
        add_plain(&text, column->title);
        print(&text, out, ok);
    }
    for (size_t i = 0; i < column->nitems && !column->rest; i++) {
        pl_buf_addf(&text, "    %s: ", column_side(column));
        add_plain(&text, column->items[i].text);
        print(&text, out, ok);
    }
    if (column->more > 0 && !column->rest)
        fprintf(out, "    and %zu more\n", column->more);
    pl_buf_fini(&text);
}

static bool same_outcomes(const struct pl_cell *a, const struct pl_cell *b)
{
    if (a->noutcomes != b->noutcomes || a->more != b->more)
        return false;
    for (size_t i = 0; i < a->noutcomes; i++) {
        if (a->outcomes[i].rule != b->outcomes[i].rule ||
            a->outcomes[i].usual != b->outcomes[i].usual)
            return false;
    }
    return true;
}

/* All cells of a list with one fate, those with the same rules under one head. */
static void print_fate(const struct pl_matrix *m, bool rows, enum fate fate, const char *head,
                       FILE *out, bool *ok)
{
    size_t n = rows ? m->nrows : m->ncolumns;
    bool headed = false;

    for (size_t i = 0; i < n; i++) {
        bool told = false;

        if (m->cells[i].noutcomes == 0 || fate_of(&m->cells[i]) != fate)
            continue;
        for (size_t k = 0; k < i && !told; k++)
            told = fate_of(&m->cells[k]) == fate && same_outcomes(&m->cells[k], &m->cells[i]);
        if (told)
            continue;
        if (!headed)
            fprintf(out, "%s\n", head);
        headed = true;
        print_outcomes(m->policy, &m->cells[i], out, ok);
        for (size_t k = i; k < n; k++) {
            if (fate_of(&m->cells[k]) != fate || !same_outcomes(&m->cells[k], &m->cells[i]))
                continue;
            if (rows)
                print_row(&m->rows[k], out, ok);
            else
                print_column(&m->columns[k], out, ok);
        }
    }
}

static bool print_lists(const struct pl_matrix *m, bool rows, FILE *out)
{
    bool ok = true;

    if (m->gave_up != NULL)
        fprintf(out, "not complete: %s\n", m->gave_up);
    print_fate(m, rows, MAY, rows ? "may send there:" : "may send to:", out, &ok);
    print_fate(m, rows, SOMETIMES,
               rows ? "may send there, but not always:" : "may send to, but not always:", out, &ok);
    print_fate(m, rows, MAY_NOT, rows ? "may not:" : "may not send to:", out, &ok);
    return ok;
}

/* How the recipient is read, as explain says it. */
static void add_recipient(struct pl_buf *text, const struct pl_policy *p, struct pl_str recipient)
{
    struct pl_query q = {0};
    struct pl_explanation e = {.policy = p, .query = &q};

    q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    q.attr[PL_ATTR_RECIPIENT] = recipient;
    pl_query_read(&q);
    pl_explain_address(text, &e, PL_ATTR_RECIPIENT);
}

static void lists_json(const struct pl_matrix *m, bool rows, struct pl_json *into)
{
    static const char *const fates[FATES] = {"yes", "sometimes", "no"};
    size_t n = rows ? m->nrows : m->ncolumns;
    struct pl_json *list = pl_json_array();

    for (size_t i = 0; i < n; i++) {
        struct pl_json *one = class_json(m, rows ? &m->rows[i] : &m->columns[i], rows);

        pl_json_set(one, "may", pl_json_string(pl_str_of(fates[fate_of(&m->cells[i])])));
        pl_json_set(one, "decisions", cell_json(m, &m->cells[i]));
        pl_json_append(list, one);
    }
    pl_json_set(into, rows ? "who" : "where", list);
    pl_json_set(into, "gave_up",
                m->gave_up == NULL ? pl_json_null() : pl_json_string(pl_str_of(m->gave_up)));
}

bool pl_reach_who(const struct pl_policy *p, const struct pl_space *s, struct pl_str recipient,
                  bool json, FILE *out)
{
    struct pl_matrix_question question = {.recipient = recipient};
    struct pl_matrix *m = pl_matrix_new(p, s, &question);
    struct pl_buf text = {0}, read = {0};
    bool ok = m != NULL;

    if (!ok)
        return false;
    add_recipient(&read, p, recipient);
    if (json) {
        struct pl_json *all = pl_json_object();

        pl_json_set(all, "recipient", pl_json_string(recipient));
        pl_json_set(all, "read_as", pl_json_string(pl_buf_str(&read)));
        lists_json(m, true, all);
        pl_json_print(all, out);
        pl_json_free(all);
    } else {
        pl_buf_add(&text, pl_str_lit("recipient "));
        add_plain(&text, recipient);
        pl_buf_add(&text, pl_str_lit(": "));
        pl_buf_add(&text, pl_buf_str(&read));
        print(&text, out, &ok);
        ok &= print_lists(m, true, out);
    }
    ok &= !read.failed;
    pl_buf_fini(&read);
    pl_buf_fini(&text);
    pl_matrix_free(m);
    return ok;
}

bool pl_reach_where(const struct pl_policy *p, const struct pl_space *s, struct pl_str who,
                    bool json, FILE *out)
{
    struct pl_addr addr;
    bool client = pl_addr_parse(&addr, who) || pl_str_eq(who, pl_str_lit("unknown"));
    struct pl_matrix_question question = {0};
    struct pl_matrix *m;
    struct pl_buf text = {0};
    bool ok = true;

    if (client)
        question.client = who;
    else
        question.login = who;
    m = pl_matrix_new(p, s, &question);
    if (m == NULL)
        return false;
    if (json) {
        struct pl_json *all = pl_json_object();

        pl_json_set(all, client ? "client" : "login", pl_json_string(who));
        lists_json(m, false, all);
        pl_json_print(all, out);
        pl_json_free(all);
    } else {
        pl_buf_addf(&text, "%s ", client ? "client" : "login");
        add_plain(&text, who);
        if (client && m->nrows > 0 && m->rows[0].lists.n > 0) {
            pl_buf_add(&text, pl_str_lit(", in "));
            add_plain(&text, m->rows[0].lists);
        }
        pl_buf_addf(&text, "%s",
                    client ? ", without login, certificate or a name that rules ask about"
                           : ", from an address in no list, or where a rule says so from another");
        print(&text, out, &ok);
        if (m->nrows == 0 && m->gave_up == NULL)
            fprintf(out, "no rule asks about logins: it may send where its address may\n");
        ok &= print_lists(m, false, out);
    }
    pl_buf_fini(&text);
    pl_matrix_free(m);
    return ok;
}

/* ---- a stolen password ---- */

static void print_from(const struct pl_reach *r, FILE *out)
{
    if (r->every_address) {
        fprintf(out, "  from any address%s\n", r->no_address ? "" : " that is known");
        return;
    }
    fprintf(out, "  from these addresses only%s:\n",
            r->no_address ? ", and where the address is unknown" : "");
    for (size_t i = 0; i < r->nnetworks; i++) {
        char prefix[PL_PREFIX_TEXT];

        fprintf(out, "    %s\n", pl_prefix_format(prefix, &r->networks[i]));
    }
}

static const char *sender_words(const struct pl_reach *r)
{
    if (r->any_sender)
        return "with any sender: nothing ties the sender to the login";
    if (r->ours_only)
        return "with senders of ours only: any of them, nothing ties it to the login";
    return r->null_sender ? "with some senders, the null sender among them"
                          : "with some senders, not with the null sender";
}

/* The rules that refuse it somewhere, once each. */
static void print_stops(const struct pl_matrix *m, FILE *out, bool *ok)
{
    struct pl_buf text = {0};
    size_t shown = 0;

    for (size_t r = 0; r < m->policy->nrules; r++) {
        const struct pl_outcome_told *found = NULL;

        for (size_t c = 0; c < m->nrows * m->ncolumns && found == NULL; c++) {
            for (size_t i = 0; i < m->cells[c].noutcomes; i++) {
                const struct pl_outcome_told *o = &m->cells[c].outcomes[i];

                if (o->rule == &m->policy->rules[r] && !pl_flow_passes(o->flow) &&
                    m->columns[c % m->ncolumns].kind != PL_COLUMN_OURS)
                    found = o;
            }
        }
        if (found == NULL)
            continue;
        if (shown++ == 0)
            fprintf(out, "what stops some of it:\n");
        pl_buf_add(&text, pl_str_lit("  "));
        add_outcome(&text, m->policy, found);
        if (found->when.n > 0) {
            pl_buf_add(&text, pl_str_lit(", if "));
            add_plain(&text, found->when);
        }
        print(&text, out, ok);
    }
    if (shown == 0)
        fprintf(out, "nothing stops it: no rule refuses this login anything\n");
    pl_buf_fini(&text);
}

static void print_recipients(const struct pl_matrix *m, FILE *out, bool *ok)
{
    fprintf(out, "  to these recipients:\n");
    for (size_t c = 0; c < m->ncolumns; c++) {
        if (m->columns[c].kind != PL_COLUMN_OURS && fate_of(&m->cells[c]) != MAY_NOT)
            print_column(&m->columns[c], out, ok);
    }
}

bool pl_reach_compromised(const struct pl_policy *p, const struct pl_space *s, struct pl_str login,
                          FILE *out)
{
    struct pl_matrix_question question = {.login = login, .every_address = true};
    struct pl_matrix *m = pl_matrix_new(p, s, &question);
    struct pl_reach *r = m == NULL ? NULL : pl_reach_login(p, s, login);
    struct pl_buf text = {0};
    bool ok = r != NULL;

    if (ok) {
        pl_buf_add(&text, pl_str_lit("a stolen password of "));
        add_plain(&text, login);
        if (m->gave_up != NULL || r->gave_up != NULL) {
            pl_buf_addf(&text, ": not known: %s", m->gave_up != NULL ? m->gave_up : r->gave_up);
            print(&text, out, &ok);
        } else if (!r->passes) {
            pl_buf_addf(&text, " opens nothing: no mail to recipients elsewhere passes");
            print(&text, out, &ok);
        } else {
            pl_buf_addf(&text, " opens mail to recipients elsewhere");
            print(&text, out, &ok);
            print_from(r, out);
            fprintf(out, "  %s\n", sender_words(r));
            if (r->any_recipient)
                fprintf(out, "  to any recipient\n");
            else
                print_recipients(m, out, &ok);
            print_stops(m, out, &ok);
        }
    }
    pl_buf_fini(&text);
    pl_reach_free(r);
    pl_matrix_free(m);
    return ok;
}

struct pl_json *pl_reach_compromised_json(const struct pl_policy *p, const struct pl_space *s,
                                          struct pl_str login)
{
    struct pl_matrix_question question = {.login = login, .every_address = true};
    struct pl_matrix *m = pl_matrix_new(p, s, &question);
    struct pl_reach *r = m == NULL ? NULL : pl_reach_login(p, s, login);
    struct pl_json *all = r == NULL ? NULL : pl_json_object(), *networks;

    if (all != NULL) {
        networks = pl_json_array();
        pl_json_set(all, "login", pl_json_string(login));
        pl_json_set(all, "passes", pl_json_bool(r->passes));
        pl_json_set(all, "every_address", pl_json_bool(r->every_address));
        for (size_t i = 0; i < r->nnetworks; i++) {
            char prefix[PL_PREFIX_TEXT];

            pl_json_append(networks,
                           pl_json_string(pl_str_of(pl_prefix_format(prefix, &r->networks[i]))));
        }
        pl_json_set(all, "networks", networks);
        pl_json_set(all, "unknown_address", pl_json_bool(r->no_address));
        pl_json_set(all, "any_sender", pl_json_bool(r->any_sender));
        pl_json_set(all, "senders_of_ours_only", pl_json_bool(r->ours_only));
        pl_json_set(all, "any_recipient", pl_json_bool(r->any_recipient));
        lists_json(m, false, all);
    }
    pl_reach_free(r);
    pl_matrix_free(m);
    return all;
}
