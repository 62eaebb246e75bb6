/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a policy answers as it does. The decision comes from the code that serves mail; the rules up to
 * it are then asked one by one, with the same matching code, what became of them.
 */
#include "postlatch/explain.h"

#include "postlatch/compiler.h"
#include "postlatch/date.h"
#include "postlatch/quote.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES_SHOWN = 5 };

static size_t count_failures(const struct pl_explanation *e, const struct pl_rule *rule)
{
    size_t n = 0;

    for (size_t i = 0; i < rule->ncond; i++)
        n += !pl_set_match(rule->cond[i].set, e->policy, e->query, rule->cond[i].attr).holds;
    return n;
}

struct pl_explanation *pl_explain(const struct pl_policy *p, const struct pl_query *q)
{
    struct pl_explanation *e = calloc(1, sizeof(*e));
    struct pl_cursor cursor = {0};
    struct pl_query own = *q; /* deciding reads values, and q is the caller's */
    enum pl_step step;

    if (e == NULL)
        return NULL;
    e->policy = p;
    e->query = q;
    step = pl_policy_decide(p, &own, &cursor, &e->decision);
    if (e->decision.rule == p->expired)
        e->ended = pl_policy_ended_waiver(p, &own, &p->rules[cursor.rule]);
    pl_assert(step == PL_STEP_DECIDED &&
              (e->ended != NULL || &p->rules[cursor.rule] == e->decision.rule));
    e->nsteps = cursor.rule + 1 + (e->ended != NULL);
    e->steps = calloc(e->nsteps, sizeof(*e->steps));
    if (e->steps == NULL) {
        free(e);
        return NULL;
    }
    for (size_t i = 0; i <= cursor.rule; i++) {
        struct pl_explain_step *s = &e->steps[i];

        s->rule = &p->rules[i];
        s->matched = pl_rule_match(s->rule, p, q, &s->failed, NULL);
        s->failures = s->matched ? 0 : count_failures(e, s->rule);
        pl_assert(s->matched == (i == cursor.rule));
    }
    if (e->ended != NULL)
        e->steps[e->nsteps - 1] = (struct pl_explain_step){.rule = p->expired, .matched = true};
    return e;
}

void pl_explanation_free(struct pl_explanation *e)
{
    if (e == NULL)
        return;
    free(e->steps);
    free(e);
}

bool pl_explain_is_near(const struct pl_explanation *e, const struct pl_explain_step *step)
{
    const struct pl_action *other = step->rule->action, *now = e->decision.action;

    return !step->matched && step->failures == 1 &&
           step->rule->cond[step->failed].attr != PL_ATTR_PROTOCOL_STATE &&
           (other->effect != now->effect || !pl_str_eq(other->source, now->source));
}

void pl_explain_place(struct pl_buf *out, const struct pl_policy *p, struct pl_pos at)
{
    if (at.file < p->nfiles)
        pl_buf_addf(out, "%s:%u", p->files[at.file].p, (unsigned)at.line);
}

void pl_explain_rule(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule)
{
    struct pl_quote q;

    if (rule->builtin) {
        pl_buf_add(out, rule->name);
        return;
    }
    pl_buf_addf(out, "rule %s", pl_quote(&q, rule->name));
    if (rule->at.file < p->nfiles) {
        pl_buf_add(out, pl_str_lit(" ("));
        pl_explain_place(out, p, rule->at);
        pl_buf_add_char(out, ')');
    }
}

/* A value for people: printable as it is, else escaped. */
static void add_value(struct pl_buf *out, struct pl_str value)
{
    struct pl_quote q;
    bool plain = value.n > 0 && value.n <= PL_QUOTE_SHOWN;

    for (size_t i = 0; i < value.n && plain; i++)
        plain = pl_ascii_is_print(value.p[i]) && value.p[i] != ' ' && value.p[i] != '"';
    if (plain)
        pl_buf_add(out, value);
    else
        pl_buf_addf(out, "%s", pl_quote(&q, value));
}

static const char *word_name(unsigned word, enum pl_attr attr)
{
    switch (word) {
    case PL_WORD_ANY:
        return "any";
    case PL_WORD_OURS:
        return "ours";
    case PL_WORD_FOREIGN:
        return "foreign";
    case PL_WORD_ROUTED:
        return "routed";
    default:
        break;
    }
    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
    case PL_KIND_HOST:
        return "unknown";
    case PL_KIND_MAIL:
        return "\"<>\"";
    default:
        return "none";
    }
}

static void separate(struct pl_buf *out, bool *first, bool negated)
{
    if (!*first)
        pl_buf_add(out, pl_str_lit(", "));
    *first = false;
    if (negated)
        pl_buf_add_char(out, '!');
}

static void add_side(struct pl_buf *out, bool *first, bool negated, unsigned words,
                     const struct pl_member *members, size_t n, enum pl_attr attr)
{
    for (unsigned word = PL_WORD_ANY; word <= PL_WORD_ROUTED; word *= 2) {
        if ((words & word) == 0)
            continue;
        separate(out, first, negated);
        pl_buf_addf(out, "%s", word_name(word, attr));
    }
    for (size_t i = 0; i < n; i++) {
        const struct pl_table *t = members[i].table;
        const struct pl_set *set = members[i].set;

        if (set != NULL && set->name.n == 0) {
            add_side(out, first, negated, set->in_words, set->in, set->in_count, attr);
            continue;
        }
        if (set != NULL || t->name.n > 0) {
            separate(out, first, negated);
            pl_buf_addf(out, "<%s>", set != NULL ? set->name.p : t->name.p);
            continue;
        }
        if (t->entries == NULL) { /* of a lean policy */
            separate(out, first, negated);
            pl_buf_addf(out, "%zu %s", t->count, t->count == 1 ? "entry" : "entries");
            continue;
        }
        for (size_t e = 0; e < t->count && e < ENTRIES_SHOWN; e++) {
            separate(out, first, negated);
            add_value(out, t->entries[e].text);
        }
        if (t->count > ENTRIES_SHOWN)
            pl_buf_addf(out, ", … %zu more", t->count - ENTRIES_SHOWN);
    }
}

void pl_explain_set(struct pl_buf *out, const struct pl_set *set, enum pl_attr attr)
{
    bool first = true;

    if (set->name.n > 0) { /* a boundary list, as one would refer to it */
        pl_buf_addf(out, "<%s>", set->name.p);
        return;
    }
    pl_buf_add_char(out, '{');
    add_side(out, &first, false, set->in_words, set->in, set->in_count, attr);
    add_side(out, &first, true, set->out_words, set->out, set->out_count, attr);
    pl_buf_add_char(out, '}');
}

/* "client_address 192.0.2.1", "sasl_username (none)". */
static void add_subject(struct pl_buf *out, const struct pl_query *q, enum pl_attr attr)
{
    pl_buf_addf(out, "%s ", pl_attr_name(attr));
    if (q->attr[attr].n > 0)
        add_value(out, q->attr[attr]);
    else
        pl_buf_addf(out, "(%s)",
                    attr == PL_ATTR_RECIPIENT ? "empty" : word_name(PL_WORD_ABSENT, attr));
}

/* The word, list, table and entry that decided: "<lan>: 192.0.2.0/24 (lan.cidr:7)". */
static void add_hit(struct pl_buf *out, const struct pl_policy *p, const struct pl_hit *hit,
                    enum pl_attr attr)
{
    const char *between = "";

    if (hit->list != NULL && hit->list->name.n > 0) {
        pl_buf_addf(out, "<%s>", hit->list->name.p);
        between = ": ";
    }
    if (hit->word != 0) {
        pl_buf_addf(out, "%s%s", between, word_name(hit->word, attr));
        return;
    }
    if (hit->table->name.n > 0) {
        pl_buf_addf(out, "%s<%s>", between, hit->table->name.p);
        between = ": ";
    }
    pl_buf_addf(out, "%s", between);
    add_value(out, hit->table->entries[hit->entry].text);
    if (hit->table->entries[hit->entry].at.file < p->nfiles) {
        pl_buf_add(out, pl_str_lit(" ("));
        pl_explain_place(out, p, hit->table->entries[hit->entry].at);
        pl_buf_add_char(out, ')');
    }
}

static bool is_empty(const struct pl_set *set)
{
    return set->in_words == 0 && set->in_count == 0;
}

void pl_explain_condition(struct pl_buf *out, const struct pl_explanation *e,
                          const struct pl_condition *cond)
{
    struct pl_hit hit = pl_set_match(cond->set, e->policy, e->query, cond->attr);

    if (!hit.holds && is_empty(cond->set)) {
        pl_buf_addf(out, "%s is empty", cond->set->name.n > 0 ? cond->set->name.p : "its list");
        return;
    }
    add_subject(out, e->query, cond->attr);
    if (hit.holds) {
        bool named = hit.list != NULL || (hit.table != NULL && hit.table->name.n > 0);

        pl_buf_addf(out, " %s ", named || cond->set->name.n > 0 ? "is in" : "matches");
        if (cond->set->name.n > 0 && hit.list == NULL)
            pl_buf_addf(out, "<%s>: ", cond->set->name.p);
        add_hit(out, e->policy, &hit, cond->attr);
    } else if (hit.excluded) {
        pl_buf_add(out, pl_str_lit(" is excluded "));
        if (hit.from != NULL || cond->set->name.n > 0)
            pl_buf_addf(out, "from <%s> ", hit.from != NULL ? hit.from->name.p : cond->set->name.p);
        pl_buf_add(out, pl_str_lit("by !"));
        add_hit(out, e->policy, &hit, cond->attr);
    } else {
        pl_buf_add(out, pl_str_lit(" is not in "));
        pl_explain_set(out, cond->set, cond->attr);
    }
}

void pl_explain_ended(struct pl_buf *out, const struct pl_explanation *e)
{
    char day[PL_DATE_TEXT];
    struct pl_quote q;

    pl_buf_addf(out, "accept %s (", pl_quote(&q, e->ended->reason));
    pl_explain_place(out, e->policy, e->ended->at);
    pl_buf_addf(
        out,
        ") ended with %s: the client gets no OK from written rules any more, as nothing else "
        "makes it one that may relay",
        pl_date_format(day, e->ended->until));
}

void pl_explain_address(struct pl_buf *out, const struct pl_explanation *e, enum pl_attr attr)
{
    const struct pl_mailaddr *m = pl_query_mail(e->query, attr);
    const struct pl_set *accepted = &e->policy->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS];
    struct pl_hit hit;

    switch (m->form) {
    case PL_MAIL_EMPTY:
        pl_buf_addf(out, "%s",
                    attr == PL_ATTR_SENDER ? "the null sender"
                                           : "empty: no condition on recipient holds");
        return;
    case PL_MAIL_BARE:
        pl_buf_addf(out, "no domain: %s (bare_recipient = %s)",
                    e->policy->bare_is_ours ? "ours" : "foreign",
                    e->policy->bare_is_ours ? "ours" : "foreign");
        return;
    case PL_MAIL_ROUTED:
        pl_buf_add(out,
                   pl_str_lit("sender-specified routing ('@', '%' or '!' left of the last '@'): "
                              "in no domain, foreign"));
        return;
    case PL_MAIL_UNPARSABLE:
        pl_buf_add(out, pl_str_lit("what follows the last '@' is no domain: foreign"));
        return;
    case PL_MAIL_PLAIN:
        break;
    }
    hit = pl_set_match(accepted, e->policy, e->query, attr);
    pl_buf_addf(out, "domain %s: ", m->domain.text);
    if (hit.holds) {
        pl_buf_add(out, pl_str_lit("ours, in accepted_domains: "));
        add_hit(out, e->policy, &hit, attr);
    } else if (hit.excluded) {
        pl_buf_add(out, pl_str_lit("foreign, excluded from accepted_domains by !"));
        add_hit(out, e->policy, &hit, attr);
    } else {
        pl_buf_add(out, pl_str_lit("foreign, not in accepted_domains"));
    }
}
