/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers to "who may send there", "where may it send" and "what does a stolen password open": rows
 * or columns of a matrix as lists, those together that the same rules decide.
 */
#include "postlatch/reach_text.h"

#include "matrix_json.h"
#include "matrix_words.h"
#include "postlatch/check.h"
#include "postlatch/explain.h"
#include "postlatch/ranges.h"
#include "postlatch/reach.h"

#include <stdlib.h>
#include <string.h>

enum fate { MAY, SOMETIMES, MAY_NOT, FATES };

/* What a restriction class does is not known, so it may let pass. */
static enum fate fate_of(const struct pl_cell *cell)
{
    bool some = false, all = true;

    for (size_t i = 0; i < cell->noutcomes; i++) {
        enum pl_flow flow = cell->outcomes[i].flow;

        some |= pl_flow_passes(flow) || flow == PL_FLOW_UNKNOWN;
        all &= pl_flow_passes(flow);
    }
    return !some ? MAY_NOT : all ? MAY : SOMETIMES;
}

/* An answer while it is printed. Rules that decide now and then are told once, as numbered notes. */
struct answer {
    const struct pl_matrix *m;
    bool rows;    /* who: the rows of the one column; else where: the columns of the one row */
    size_t *note; /* of each rule; 0: none yet */
    size_t nnotes;
    FILE *out;
    bool ok;
};

static void print(struct answer *a, struct pl_buf *text)
{
    a->ok &= !text->failed;
    fprintf(a->out, "%s\n", text->n > 0 ? text->p : "");
    pl_buf_reset(text);
}

static void add_decision(struct pl_buf *text, const struct pl_policy *p, const struct pl_rule *rule,
                         enum pl_flow flow)
{
    add_plain(text, rule->action->source);
    pl_buf_add(text, pl_str_lit(" by "));
    add_rule(text, rule);
    if (rule->at.file < p->nfiles) {
        pl_buf_add(text, pl_str_lit(" ("));
        pl_explain_place(text, p, rule->at);
        pl_buf_add_char(text, ')');
    }
    if (flow == PL_FLOW_LEFT)
        pl_buf_add(text, pl_str_lit(", which leaves it to Postfix, and Postfix refuses it"));
    else if (flow == PL_FLOW_UNKNOWN)
        pl_buf_add(text, pl_str_lit(", a restriction class: what it does is not known"));
    else if (flow == PL_FLOW_OPEN)
        pl_buf_add(text, pl_str_lit(", for anybody: an open relay"));
}

/* The usual decision, and the numbers of the notes about the others. */
static void print_decision(struct answer *a, const struct pl_cell *cell)
{
    struct pl_buf text = {0};
    size_t first = cell->outcomes[0].usual || cell->noutcomes == 1 ? 1 : 0;

    pl_buf_addf(&text, "      ");
    if (first == 1)
        add_decision(&text, a->m->policy, cell->outcomes[0].rule, cell->outcomes[0].flow);
    else
        pl_buf_add(&text, pl_str_lit("by several rules"));
    if (cell->noutcomes > first)
        pl_buf_addf(&text, "%s", first == 1 ? "; but see" : ": see");
    for (size_t i = first; i < cell->noutcomes; i++) {
        size_t *note = &a->note[cell->outcomes[i].rule - a->m->policy->rules];

        if (*note == 0)
            *note = ++a->nnotes;
        pl_buf_addf(&text, " [%zu]", *note);
    }
    if (cell->more > 0)
        pl_buf_addf(&text, " and %zu more rules", cell->more);
    print(a, &text);
    pl_buf_fini(&text);
}

static void print_notes(struct answer *a)
{
    struct pl_buf text = {0};

    for (size_t n = 1; n <= a->nnotes; n++) {
        for (size_t r = 0; r < a->m->policy->nrules; r++) {
            const struct pl_rule *rule = &a->m->policy->rules[r];

            if (a->note[r] != n)
                continue;
            pl_buf_addf(&text, "[%zu] ", n);
            add_decision(&text, a->m->policy, rule, PL_FLOW_MAIL);
            add_when(&text, a->m->policy, rule);
            print(a, &text);
        }
    }
    pl_buf_fini(&text);
}

/* "login ", "server_port ": what stands before a member of a row. */
static void add_row_word(struct pl_buf *text, const struct pl_class *row)
{
    switch (row->kind) {
    case PL_ROW_NAME:
        pl_buf_add(text, pl_str_lit("verified name "));
        break;
    case PL_ROW_LISTENER:
        pl_buf_add(text, pl_str_lit("relay listener "));
        break;
    case PL_ROW_LOGIN:
        pl_buf_add(text, pl_str_lit("login "));
        break;
    default:
        pl_buf_addf(text, "%s ", pl_attr_name(row->attr));
        break;
    }
}

/* A class that is no network: its members, a line each. */
static void print_class(struct answer *a, const struct pl_class *class)
{
    struct pl_buf text = {0};
    bool whole = class->rest || class->nitems == 0;

    for (size_t i = 0; i < (whole ? 1 : class->nitems); i++) {
        pl_buf_addf(&text, "  ");
        if (!a->rows)
            pl_buf_addf(&text, "%s: ", column_side(class));
        else if (!class->rest)
            add_row_word(&text, class);
        add_plain(&text, whole ? class->title : class->items[i].text);
        print(a, &text);
    }
    if (class->more > 0 && !whole)
        fprintf(a->out, "  and %zu more\n", class->more);
    pl_buf_fini(&text);
}

/* The networks of all rows that are marked, as one minimal list. */
static void print_networks(struct answer *a, const bool *marked)
{
    struct pl_ranges all = {0};
    bool rest = false, unknown = false, all_networks = true;

    for (size_t i = 0; i < a->m->nrows; i++) {
        const struct pl_class *row = &a->m->rows[i];

        all_networks &= marked[i] || row->kind != PL_ROW_NETWORK;
        if (!marked[i] || row->kind != PL_ROW_NETWORK)
            continue;
        rest |= row->rest;
        unknown |= row->no_address;
        for (size_t k = 0; k < row->nnetworks; k++)
            a->ok &= pl_ranges_add(&all, &row->networks[k]);
    }
    pl_ranges_merge(&all);
    if (rest)
        fprintf(a->out, "  everybody%s\n", all_networks ? "" : " else");
    for (size_t i = 0; i < all.count && !rest; i++) {
        char text[PL_PREFIX_TEXT];
        struct pl_prefix prefix;

        while (pl_range_next_prefix(&all.ranges[i], &prefix))
            fprintf(a->out, "  %s\n", pl_prefix_format(text, &prefix));
    }
    if (unknown && !rest)
        fprintf(a->out, "  clients whose address is unknown\n");
    pl_ranges_fini(&all);
}

static bool same_decision(const struct pl_cell *a, const struct pl_cell *b)
{
    if (a->noutcomes != b->noutcomes || a->more != b->more)
        return false;
    for (size_t i = 0; i < a->noutcomes; i++) {
        if (a->outcomes[i].rule != b->outcomes[i].rule ||
            a->outcomes[i].usual != b->outcomes[i].usual ||
            a->outcomes[i].flow != b->outcomes[i].flow)
            return false;
    }
    return true;
}

/* All classes with one fate, those that the same rules decide together. */
static void print_fate(struct answer *a, enum fate fate, const char *head)
{
    const struct pl_matrix *m = a->m;
    size_t n = a->rows ? m->nrows : m->ncolumns;
    bool *marked = calloc(n + 1, sizeof(*marked)), headed = false;

    a->ok &= marked != NULL;
    for (size_t i = 0; marked != NULL && i < n; i++) {
        bool told = false;

        if (m->cells[i].noutcomes == 0 || fate_of(&m->cells[i]) != fate)
            continue;
        for (size_t k = 0; k < n; k++) {
            marked[k] = same_decision(&m->cells[k], &m->cells[i]);
            told |= marked[k] && k < i;
        }
        if (told)
            continue;
        if (!headed)
            fprintf(a->out, "%s\n", head);
        headed = true;
        if (a->rows)
            print_networks(a, marked);
        for (size_t k = i; k < n; k++) {
            if (!marked[k])
                continue;
            if (!a->rows)
                print_class(a, &m->columns[k]);
            else if (m->rows[k].kind != PL_ROW_NETWORK)
                print_class(a, &m->rows[k]);
        }
        print_decision(a, &m->cells[i]);
    }
    free(marked);
}

static bool print_lists(const struct pl_matrix *m, bool rows, FILE *out)
{
    struct answer a = {.m = m, .rows = rows, .out = out, .ok = true};
    struct pl_buf ended = {0};

    pl_check_add_ended(&ended, m->policy);
    a.ok &= !ended.failed;
    if (ended.n > 0)
        fputs(ended.p, out);
    pl_buf_fini(&ended);
    a.note = calloc(m->policy->nrules + 1, sizeof(*a.note));
    if (a.note == NULL)
        return false;
    if (m->gave_up != NULL)
        fprintf(out, "not complete: %s\n", m->gave_up);
    print_fate(&a, MAY, rows ? "may send there:" : "may send to:");
    print_fate(&a, SOMETIMES,
               rows ? "may send there, but not always, or not usually:"
                    : "may send to, but not always, or not usually:");
    print_fate(&a, MAY_NOT, rows ? "may not send there:" : "may not send to:");
    print_notes(&a);
    free(a.note);
    return a.ok;
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
        fprintf(out, "%s\n", text.n > 0 ? text.p : "");
        ok &= !text.failed && print_lists(m, true, out);
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
                    client ? ", without login" : ", from an address that is in no list");
        fprintf(out, "%s\n", text.n > 0 ? text.p : "");
        ok &= !text.failed;
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

/* Where a rule refuses the login mail to a recipient elsewhere; NULL: nowhere. */
static const struct pl_outcome_told *refusal(const struct pl_matrix *m, const struct pl_rule *rule)
{
    for (size_t c = 0; c < m->nrows * m->ncolumns; c++) {
        for (size_t i = 0; i < m->cells[c].noutcomes; i++) {
            const struct pl_outcome_told *o = &m->cells[c].outcomes[i];

            if (o->rule == rule && !pl_flow_passes(o->flow) &&
                m->columns[c % m->ncolumns].kind != PL_COLUMN_OURS)
                return o;
        }
    }
    return NULL;
}

/* The rules that refuse it somewhere, once each. */
static void print_stops(struct answer *a)
{
    struct pl_buf text = {0};
    size_t shown = 0;

    for (size_t r = 0; r < a->m->policy->nrules; r++) {
        const struct pl_rule *rule = &a->m->policy->rules[r];
        const struct pl_outcome_told *found = refusal(a->m, rule);

        if (found == NULL)
            continue;
        if (shown++ == 0)
            fprintf(a->out, "What stops some of it:\n");
        pl_buf_add(&text, pl_str_lit("  "));
        add_decision(&text, a->m->policy, rule, found->flow);
        add_when(&text, a->m->policy, rule);
        print(a, &text);
    }
    if (shown == 0)
        fprintf(a->out, "Nothing stops it: no rule refuses this login a recipient elsewhere.\n");
    pl_buf_fini(&text);
}

/* Mail passes by a rule that asks for the login; of rules that are only counted it is assumed. */
static bool opened_by_login(const struct pl_cell *cell)
{
    for (size_t i = 0; i < cell->noutcomes; i++) {
        const struct pl_rule *rule = cell->outcomes[i].rule;

        if (!pl_flow_passes(cell->outcomes[i].flow))
            continue;
        for (size_t c = 0; c < rule->ncond; c++) {
            if (rule->cond[c].attr == PL_ATTR_SASL_USERNAME)
                return true;
        }
    }
    return cell->more > 0;
}

static void print_recipients(struct answer *a)
{
    fprintf(a->out, "  to these recipients:\n");
    for (size_t c = 0; c < a->m->ncolumns; c++) {
        if (a->m->columns[c].kind != PL_COLUMN_OURS && opened_by_login(&a->m->cells[c]))
            print_class(a, &a->m->columns[c]);
    }
}

bool pl_reach_compromised(const struct pl_policy *p, const struct pl_space *s, struct pl_str login,
                          FILE *out)
{
    struct pl_matrix_question question = {.login = login, .every_address = true};
    struct pl_matrix *m = pl_matrix_new(p, s, &question);
    struct pl_reach *r = m == NULL ? NULL : pl_reach_login(p, s, login);
    struct answer a = {.m = m, .out = out, .ok = r != NULL};
    struct pl_buf text = {0};

    if (a.ok) {
        pl_buf_add(&text, pl_str_lit("A stolen password of "));
        add_plain(&text, login);
        if (m->gave_up != NULL || r->gave_up != NULL) {
            pl_buf_addf(&text, ": not known: %s", m->gave_up != NULL ? m->gave_up : r->gave_up);
            print(&a, &text);
        } else if (!r->passes) {
            pl_buf_addf(
                &text,
                " opens nothing: no rule that asks for it lets mail to recipients elsewhere pass.");
            print(&a, &text);
        } else {
            pl_buf_addf(&text, " opens mail to recipients elsewhere:");
            print(&a, &text);
            print_from(r, out);
            fprintf(out, "  %s\n", sender_words(r));
            if (r->any_recipient)
                fprintf(out, "  to any recipient\n");
            else
                print_recipients(&a);
            print_stops(&a);
        }
    }
    pl_buf_fini(&text);
    pl_reach_free(r);
    pl_matrix_free(m);
    return a.ok;
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
