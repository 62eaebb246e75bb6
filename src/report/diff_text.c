/* SPDX-License-Identifier: BSD-2-Clause */
/* What changes between two policies: paragraphs, lines of a log, JSON. */
#include "postlatch/diff_text.h"

#include "postlatch/check.h"

#include "postlatch/explain.h"
#include "postlatch/quote.h"

/* What a paragraph and a line name before they say how many more there are. */
enum { CLIENTS_SHOWN = 12, CLIENTS_IN_LINE = 3, RECIPIENTS_SHOWN = 40, RECIPIENTS_IN_LINE = 4 };

/* ---- who, and to whom ---- */

static void add_clients(struct pl_buf *out, const struct pl_change *c, size_t most)
{
    char text[PL_PREFIX_TEXT];

    if (c->every_client) {
        pl_buf_add(out, pl_str_lit("every client"));
        return;
    }
    if (c->unlisted) {
        pl_buf_add(out, pl_str_lit("clients as in the example (too many networks to list)"));
        return;
    }
    if (c->nothers > 0 && c->nothers <= most) {
        pl_buf_add(out, pl_str_lit("every client but "));
        for (size_t i = 0; i < c->nothers; i++)
            pl_buf_addf(out, "%s%s", i == 0 ? "" : ", ", pl_prefix_format(text, &c->others[i]));
        return;
    }
    for (size_t i = 0; i < c->nclients && i < most; i++)
        pl_buf_addf(out, "%s%s", i == 0 ? "" : ", ", pl_prefix_format(text, &c->clients[i]));
    if (c->nclients > most)
        pl_buf_addf(out, " and %zu more networks", c->nclients - most);
    if (c->no_address)
        pl_buf_addf(out, "%sclients of unknown address", c->nclients == 0 ? "" : ", ");
}

static void add_login(struct pl_buf *out, struct pl_str login)
{
    if (pl_str_eq(login, pl_str_lit("none")))
        pl_buf_add(out, pl_str_lit(", without login"));
    else if (pl_str_eq(login, pl_str_lit("any")))
        pl_buf_add(out, pl_str_lit(", with any login"));
    else if (pl_str_eq(login, pl_str_lit("any or none")))
        pl_buf_add(out, pl_str_lit(", with or without login"));
    else
        pl_buf_addf(out, ", login {%s}", login.p);
}

static void add_who(struct pl_buf *out, const struct pl_change *c, size_t clients,
                    size_t recipients)
{
    add_clients(out, c, clients);
    add_login(out, c->login);
    pl_buf_add(out, pl_str_lit(", recipient {"));
    for (size_t i = 0; i < c->nrecipients && i < recipients; i++)
        pl_buf_addf(out, "%s%s", i == 0 ? "" : ", ", c->recipients[i].p);
    if (c->nrecipients > recipients)
        pl_buf_addf(out, " and %zu more", c->nrecipients - recipients);
    pl_buf_add_char(out, '}');
    if (!c->at_rcpt)
        pl_buf_addf(out, ", at %s", c->states.p);
}

static void add_matters(struct pl_buf *out, const struct pl_change *c)
{
    const char *between = "";

    pl_buf_add(out, pl_str_lit("only for some values of "));
    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        if ((c->matters >> attr & 1) == 0)
            continue;
        pl_buf_addf(out, "%s%s", between, pl_attr_name((enum pl_attr)attr));
        between = ", ";
    }
    if (c->matters == 0)
        pl_buf_add(out, pl_str_lit("other attributes"));
}

static void add_answer(struct pl_buf *out, const struct pl_diff *d, const struct pl_change *c,
                       size_t part)
{
    struct pl_quote q;

    pl_buf_addf(out, "%s by ", pl_quote(&q, c->rule[part]->action->source));
    pl_explain_rule(out, d->policy[part], c->rule[part]);
}

/* The same answer, and yet a change: what Postfix makes of it differs. */
static bool is_of_facts(const struct pl_change *c)
{
    return (c->kind == PL_CHANGE_MORE_RELAY || c->kind == PL_CHANGE_LESS_RELAY) &&
           c->rule[0]->action->effect == PL_EFFECT_LEAVE &&
           c->rule[1]->action->effect == PL_EFFECT_LEAVE;
}

static const char *fact_of(const struct pl_diff *d, const struct pl_change *c)
{
    const struct pl_policy *permits = d->policy[c->kind == PL_CHANGE_MORE_RELAY ? 1 : 0];

    return permits->after_dunno == PL_AFTER_PERMIT ? "after_dunno = permit" : "permitted_elsewhere";
}

/* ---- paragraphs ---- */

/* Postfix names the recipient at RCPT, so this is of little interest beside the rest. */
static bool is_without_recipient(const struct pl_change *c)
{
    return c->at_rcpt && c->nrecipients == 1 && c->request[PL_ATTR_RECIPIENT].n == 0;
}

static void add_change(struct pl_buf *out, const struct pl_diff *d, const struct pl_change *c)
{
    pl_buf_addf(out, "%-6s  ", pl_change_word(c->kind));
    add_who(out, c, CLIENTS_SHOWN, RECIPIENTS_SHOWN);
    pl_buf_add(out, pl_str_lit("\n    old       "));
    add_answer(out, d, c, 0);
    pl_buf_add(out, pl_str_lit("\n    new       "));
    add_answer(out, d, c, 1);
    if (c->only_some) {
        pl_buf_add(out, pl_str_lit("\n    where     "));
        add_matters(out, c);
    }
    if (is_of_facts(c))
        pl_buf_addf(out, "\n    why       what is left to Postfix %s (%s)",
                    c->kind == PL_CHANGE_MORE_RELAY ? "is let pass there now"
                                                    : "is not let pass there any more",
                    fact_of(d, c));
    if (c->moved)
        pl_buf_addf(out, "\n    why       %s",
                    c->kind == PL_CHANGE_MORE_RELAY
                        ? "these recipients were ours and are foreign now: what was mail is relay"
                        : "these recipients were foreign and are ours now: what was relay is mail");
    pl_buf_add(out, pl_str_lit("\n    example   "));
    pl_check_add_request(out, c->request);
    pl_buf_add(out, pl_str_lit("\n\n"));
}

static size_t count_omitted(const struct pl_diff *d)
{
    size_t n = 0;

    for (size_t kind = 0; kind < PL_CHANGE_KINDS; kind++)
        n += d->omitted[kind];
    return n;
}

static void add_omitted(struct pl_buf *out, const struct pl_diff *d)
{
    const char *between = "";

    if (count_omitted(d) == 0)
        return;
    pl_buf_addf(out, "and %zu more changes: ", count_omitted(d));
    for (size_t kind = 0; kind < PL_CHANGE_KINDS; kind++) {
        if (d->omitted[kind] == 0)
            continue;
        pl_buf_addf(out, "%s%zu %s", between, d->omitted[kind],
                    pl_change_word((enum pl_change_kind)kind));
        between = ", ";
    }
    pl_buf_add_char(out, '\n');
}

/* What concerns both policies as a whole. */
static void add_notes(struct pl_buf *out, const struct pl_diff *d)
{
    static const char *const which[] = {"old", "new"};

    if (d->mode_differs)
        pl_buf_addf(out,
                    "mode: the old policy %s, the new one %s: every refusal %s. All else is "
                    "compared as if both enforced.\n",
                    d->policy[0]->mode == PL_MODE_OBSERVE ? "observes" : "enforces",
                    d->policy[1]->mode == PL_MODE_OBSERVE ? "observes" : "enforces",
                    d->policy[1]->mode == PL_MODE_OBSERVE
                        ? "becomes a warning in Postfix's log, and the mail is left to Postfix"
                        : "takes effect now");
    for (size_t part = 0; part < 2; part++) {
        if (d->expired[part])
            pl_buf_addf(
                out,
                "accept: one of the %s policy has expired, so its clients get no OK; that is "
                "left out here. Renew it or take it out.\n",
                which[part]);
    }
}

static void add_end(struct pl_buf *out, const struct pl_diff *d)
{
    bool any = d->nchanges > 0 || d->mode_differs;

    if (d->gave_up != NULL)
        pl_buf_addf(out, "Not all was compared: %s. Other answers may differ too.\n", d->gave_up);
    else if (d->expired[0] || d->expired[1])
        pl_buf_addf(out, "same answer for everything%s, but for clients of what has expired\n",
                    any ? " else" : "");
    else
        pl_buf_addf(out, "same answer for everything%s (proved)\n", any ? " else" : "");
}

void pl_diff_text_add(struct pl_buf *out, const struct pl_diff *d)
{
    size_t empty = 0;

    for (size_t i = 0; i < d->nchanges; i++)
        empty += is_without_recipient(&d->changes[i]);
    for (size_t i = 0; i < d->nchanges; i++) {
        if (empty == d->nchanges || !is_without_recipient(&d->changes[i]))
            add_change(out, d, &d->changes[i]);
    }
    if (empty > 0 && empty < d->nchanges)
        pl_buf_addf(
            out,
            "~TEXT   and %zu more for requests at RCPT that name no recipient; --json lists "
            "%s\n\n",
            empty, empty == 1 ? "it" : "them");
    add_omitted(out, d);
    add_notes(out, d);
    add_end(out, d);
}

/* ---- lines ---- */

static void add_line(struct pl_buf *out, const struct pl_diff *d, const struct pl_change *c)
{
    pl_buf_addf(out, "%s ", pl_change_word(c->kind));
    add_who(out, c, CLIENTS_IN_LINE, RECIPIENTS_IN_LINE);
    pl_buf_add(out, pl_str_lit(": "));
    add_answer(out, d, c, 0);
    pl_buf_add(out, pl_str_lit(" -> "));
    add_answer(out, d, c, 1);
    if (is_of_facts(c))
        pl_buf_addf(out, ", %s", fact_of(d, c));
    if (c->only_some) {
        pl_buf_add(out, pl_str_lit(", "));
        add_matters(out, c);
    }
    pl_buf_add_char(out, '\n');
}

void pl_diff_text_add_lines(struct pl_buf *out, const struct pl_diff *d, size_t most)
{
    size_t shown = 0, more;

    for (size_t i = 0; i < d->nchanges && shown < most; i++) {
        if (is_without_recipient(&d->changes[i]))
            continue;
        add_line(out, d, &d->changes[i]);
        shown++;
    }
    more = count_omitted(d) + d->nchanges - shown;
    if (more > 0)
        pl_buf_addf(out,
                    "and %zu more change%s; postlatch diff OLD NEW, with a copy of the old file, "
                    "lists %s\n",
                    more, more == 1 ? "" : "s", more == 1 ? "it" : "them");
    add_notes(out, d);
    add_end(out, d);
}

/* ---- JSON ---- */

static struct pl_json *json_clients(const struct pl_change *c)
{
    struct pl_json *array = pl_json_array();
    char text[PL_PREFIX_TEXT];

    for (size_t i = 0; i < c->nclients; i++)
        pl_json_append(array, pl_json_string(pl_str_of(pl_prefix_format(text, &c->clients[i]))));
    if (c->every_client) {
        pl_json_append(array, pl_json_string(pl_str_lit("0.0.0.0/0")));
        pl_json_append(array, pl_json_string(pl_str_lit("::/0")));
    }
    if (c->no_address)
        pl_json_append(array, pl_json_string(pl_str_lit("unknown")));
    return array;
}

static struct pl_json *json_answer(const struct pl_rule *rule)
{
    struct pl_json *object = pl_json_object();

    pl_json_set(object, "action", pl_json_string(rule->action->source));
    pl_json_set(object, "rule", pl_json_string(rule->name));
    return object;
}

static struct pl_json *json_change(const struct pl_change *c)
{
    struct pl_json *object = pl_json_object(), *recipients = pl_json_array(),
                   *depends = pl_json_array();

    for (size_t i = 0; i < c->nrecipients; i++)
        pl_json_append(recipients, pl_json_string(c->recipients[i]));
    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        if ((c->matters >> attr & 1) != 0)
            pl_json_append(depends, pl_json_string(pl_str_of(pl_attr_name((enum pl_attr)attr))));
    }
    pl_json_set(object, "kind", pl_json_string(pl_str_of(pl_change_word(c->kind))));
    pl_json_set(object, "clients", json_clients(c));
    pl_json_set(object, "login", pl_json_string(c->login));
    pl_json_set(object, "recipients", recipients);
    pl_json_set(object, "states", pl_json_string(c->at_rcpt ? pl_str_lit("RCPT") : c->states));
    pl_json_set(object, "some", pl_json_bool(c->only_some));
    pl_json_set(object, "depends_on", depends);
    pl_json_set(object, "old", json_answer(c->rule[0]));
    pl_json_set(object, "new", json_answer(c->rule[1]));
    pl_json_set(object, "example", pl_check_json_request(c->request));
    return object;
}

struct pl_json *pl_diff_text_json(const struct pl_diff *d)
{
    struct pl_json *object = pl_json_object(), *changes = pl_json_array(), *notes = pl_json_array();
    struct pl_buf text = {0};

    for (size_t i = 0; i < d->nchanges; i++)
        pl_json_append(changes, json_change(&d->changes[i]));
    add_notes(&text, d);
    for (struct pl_str rest = pl_buf_str(&text); rest.n > 0;) {
        size_t n = pl_str_find(rest, '\n');

        pl_json_append(notes, pl_json_string((struct pl_str){rest.p, n}));
        rest = pl_str_from(rest, n < rest.n ? n + 1 : n);
    }
    pl_buf_fini(&text);
    pl_json_set(object, "same", pl_json_bool(pl_diff_is_same(d)));
    pl_json_set(object, "complete", pl_json_bool(d->gave_up == NULL));
    pl_json_set(object, "changes", changes);
    pl_json_set(object, "omitted", pl_json_number((long long)count_omitted(d)));
    pl_json_set(object, "notes", notes);
    return object;
}
