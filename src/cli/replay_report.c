/* SPDX-License-Identifier: BSD-2-Clause */
/* What a replay found, for people and as JSON. */
#include "replay.h"

#include "postlatch/check.h"
#include "postlatch/explain.h"
#include "postlatch/json.h"
#include "postlatch/quote.h"
#include "postlatch/wrap.h"

#include <stdio.h>

static const char *plural(size_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

/* "reverse_client_name, ccert_fingerprint" */
static void add_attributes(struct pl_buf *out, uint64_t attrs)
{
    const char *between = "";

    for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
        if ((attrs >> a & 1) == 0)
            continue;
        pl_buf_addf(out, "%s%s", between, pl_attr_name((enum pl_attr)a));
        between = ", ";
    }
}

/* A name that the log holds, which may be any bytes: builtin:reject, rule "app server". */
static void add_old_rule(struct pl_buf *out, struct pl_str name)
{
    bool builtin = pl_str_has_prefix(name, pl_str_lit("builtin:"));
    struct pl_quote q;

    for (size_t i = 0; i < name.n; i++)
        builtin = builtin && (name.p[i] == ':' || pl_ascii_is_alpha(name.p[i]));
    if (builtin)
        pl_buf_add(out, name);
    else
        pl_buf_addf(out, "rule %s", pl_quote(&q, name));
}

static void add_new(struct pl_buf *out, const struct pl_policy *p, const struct replay_group *g)
{
    struct pl_quote q;

    if (g->maybe != NULL && !g->certain) {
        pl_buf_addf(out, "%s by ", pl_quote(&q, g->maybe_action->source));
        pl_explain_rule(out, p, g->maybe);
        pl_buf_add(out, pl_str_lit(", if it holds; else "));
    }
    pl_buf_addf(out, "%s by ", pl_quote(&q, g->sure_action->source));
    pl_explain_rule(out, p, g->sure);
    if (g->maybe != NULL && g->certain) {
        pl_buf_add(out, pl_str_lit(", or by "));
        pl_explain_rule(out, p, g->maybe);
    }
}

static void add_group(struct pl_buf *out, const struct pl_policy *p, const struct replay_group *g)
{
    struct pl_quote q;

    pl_buf_addf(out, "%s%s  %zu %s%s\n    old       %s by ",
                pl_change_word((enum pl_change_kind)g->kind), g->certain ? "" : "?", g->count,
                plural(g->count, "request", "requests"),
                g->certain ? "" : ", if at all: the log does not tell", pl_quote(&q, g->was));
    add_old_rule(out, g->rule);
    pl_buf_add(out, pl_str_lit("\n    new       "));
    add_new(out, p, g);
    if (!g->certain) {
        pl_buf_add(out, pl_str_lit("\n    asks for  "));
        add_attributes(out, g->asks);
    }
    pl_buf_addf(out, "\n    %-10s", plural(g->count, "line", "lines"));
    for (size_t i = 0; i < g->nexamples; i++)
        pl_buf_addf(out, "%s%zu", i == 0 ? "" : ", ", g->examples[i].line);
    pl_buf_addf(out, "%s\n    example   ", g->count > g->nexamples ? ", …" : "");
    pl_check_add_request(out, g->examples[0].attr);
    pl_buf_add(out, pl_str_lit("\n\n"));
}

/* The same answer, by another rule. */
static bool is_moved(const struct replay_group *g)
{
    return g->certain && g->kind == PL_CHANGE_KINDS;
}

static void add_moved(struct pl_buf *out, const struct pl_policy *p, const struct replay_group *g)
{
    struct pl_quote q;

    pl_buf_addf(out, "        %zu %s by ", g->count, pl_quote(&q, g->was));
    add_old_rule(out, g->rule);
    pl_buf_add(out, pl_str_lit(", now "));
    add_new(out, p, g);
    pl_buf_add_char(out, '\n');
}

static void add_summary(struct pl_buf *out, const struct replay_counts *c,
                        const struct pl_policy *p, const char *name)
{
    uint64_t asks = 0;

    for (size_t i = 0; i < c->ngroups; i++)
        asks |= c->groups[i]->certain ? 0 : c->groups[i]->asks;
    pl_buf_addf(out, "%s: %zu %s, %zu %s\n", name, c->lines, plural(c->lines, "line", "lines"),
                c->decisions, plural(c->decisions, "decision", "decisions"));
    if (c->observed > 0)
        pl_buf_addf(out,
                    "    observed     %zu, of which the answer that enforce would give counts\n",
                    c->observed);
    pl_buf_addf(out, "    same         %zu", c->same + c->moved);
    if (c->moved > 0)
        pl_buf_addf(out, ", %zu of them by another rule", c->moved);
    pl_buf_add_char(out, '\n');
    for (size_t i = 0; i < c->ngroups; i++) {
        if (is_moved(c->groups[i]))
            add_moved(out, p, c->groups[i]);
    }
    pl_buf_addf(out, "    other        %zu\n", c->differ);
    if (c->doubtful > 0) {
        pl_buf_addf(out, "    uncertain    %zu: the log does not hold ", c->doubtful);
        add_attributes(out, asks);
        pl_buf_add_char(out, '\n');
    }
    if (c->ungrouped > 0)
        pl_buf_addf(out, "    not listed   %zu, of more pairs of answers than are kept\n",
                    c->ungrouped);
    if (c->broken > 0)
        pl_buf_addf(out, "    not read     %zu\n", c->broken);
    for (size_t i = 0; i < c->broken && i < REPLAY_BROKEN; i++)
        pl_buf_addf(out, "    line %zu: %s\n", c->named[i].line, c->named[i].why);
    if (c->other > 0)
        pl_buf_addf(out, "    of others    %zu %s that %s no decision of postlatchd\n", c->other,
                    plural(c->other, "line", "lines"), plural(c->other, "is", "are"));
}

void replay_print_text(const struct replay_counts *c, const struct pl_policy *p, const char *name)
{
    struct pl_buf out = {0};

    for (size_t i = 0; i < c->ngroups; i++) {
        if (!is_moved(c->groups[i]))
            add_group(&out, p, c->groups[i]);
    }
    add_summary(&out, c, p, name);
    pl_wrap_print(stdout, pl_buf_str(&out), pl_wrap_width(stdout));
    pl_buf_fini(&out);
}

/* ---- JSON ---- */

static struct pl_json *answer_json(struct pl_str action, struct pl_str rule)
{
    struct pl_json *object = pl_json_object();

    pl_json_set(object, "action", pl_json_string(action));
    pl_json_set(object, "rule", pl_json_string(rule));
    return object;
}

static struct pl_json *attributes_json(uint64_t attrs)
{
    struct pl_json *array = pl_json_array();

    for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
        if ((attrs >> a & 1) != 0)
            pl_json_append(array, pl_json_string(pl_str_of(pl_attr_name((enum pl_attr)a))));
    }
    return array;
}

static struct pl_json *group_json(const struct replay_group *g)
{
    struct pl_json *object = pl_json_object(), *examples = pl_json_array();

    if (!is_moved(g))
        pl_json_set(object, "kind",
                    pl_json_string(pl_str_of(pl_change_word((enum pl_change_kind)g->kind))));
    pl_json_set(object, "count", pl_json_number((long long)g->count));
    pl_json_set(object, "old", answer_json(g->was, g->rule));
    pl_json_set(object, "new", answer_json(g->sure_action->source, g->sure->name));
    if (g->maybe != NULL) {
        pl_json_set(object, "or", answer_json(g->maybe_action->source, g->maybe->name));
        pl_json_set(object, "asks", attributes_json(g->asks));
    }
    for (size_t i = 0; i < g->nexamples; i++) {
        struct pl_json *example = pl_json_object();

        pl_json_set(example, "line", pl_json_number((long long)g->examples[i].line));
        pl_json_set(example, "request", pl_check_json_request(g->examples[i].attr));
        pl_json_append(examples, example);
    }
    pl_json_set(object, "examples", examples);
    return object;
}

static struct pl_json *broken_json(const struct replay_counts *c)
{
    struct pl_json *object = pl_json_object(), *named = pl_json_array();

    pl_json_set(object, "count", pl_json_number((long long)c->broken));
    for (size_t i = 0; i < c->broken && i < REPLAY_BROKEN; i++) {
        struct pl_json *one = pl_json_object();

        pl_json_set(one, "line", pl_json_number((long long)c->named[i].line));
        pl_json_set(one, "message", pl_json_string(pl_str_of(c->named[i].why)));
        pl_json_append(named, one);
    }
    pl_json_set(object, "lines", named);
    return object;
}

void replay_print_json(const struct replay_counts *c)
{
    struct pl_json *object = pl_json_object(), *changes = pl_json_array(),
                   *uncertain = pl_json_array(), *moved = pl_json_array();
    const struct {
        const char *key;
        size_t n;
    } numbers[] = {{"lines", c->lines},
                   {"decisions", c->decisions},
                   {"observed", c->observed},
                   {"same_rule", c->same},
                   {"other_rule", c->moved},
                   {"other_answer", c->differ},
                   {"uncertain_answers", c->doubtful},
                   {"not_listed", c->ungrouped},
                   {"other_lines", c->other}};

    pl_json_set(object, "same", pl_json_bool(replay_is_same(c)));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        pl_json_set(object, numbers[i].key, pl_json_number((long long)numbers[i].n));
    for (size_t i = 0; i < c->ngroups; i++) {
        const struct replay_group *g = c->groups[i];

        pl_json_append(!g->certain ? uncertain : is_moved(g) ? moved : changes, group_json(g));
    }
    pl_json_set(object, "changes", changes);
    pl_json_set(object, "uncertain", uncertain);
    pl_json_set(object, "moved", moved);
    pl_json_set(object, "unreadable", broken_json(c));
    pl_json_print(object, stdout);
    pl_json_free(object);
}
