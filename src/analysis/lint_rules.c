/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that decide nothing, and rules without which nothing would change. A rule is asked about by
 * itself: is there a request that it holds for and no rule before it? Who would decide if it did not
 * exist? Both questions end with the first request found, so what is as it should be costs little.
 */
#include "lint_ask.h"
#include "lint_shadow.h"

#include "postlatch/compiler.h"
#include "postlatch/explain.h"

#include <stdlib.h>

/* ---- unreachable-rule ---- */

/* Nothing is in the set, whatever is taken out of it. */
static bool is_empty(const struct pl_set *set)
{
    bool empty = set->in_words == 0;

    for (size_t i = 0; i < set->in_count && empty; i++)
        empty = set->in[i].table != NULL ? set->in[i].table->count == 0 : is_empty(set->in[i].set);
    return empty;
}

/* No request has all that the rule asks for. */
static void say_impossible(const struct pl_rule *rule, struct pl_buf *out)
{
    const struct pl_condition *empty = NULL;

    for (size_t i = 0; i < rule->ncond && empty == NULL; i++) {
        if (is_empty(rule->cond[i].set))
            empty = &rule->cond[i];
    }
    lint_say_name(out, rule);
    if (empty != NULL) {
        pl_buf_addf(out, " decides no request: it asks for %s in ", pl_attr_name(empty->attr));
        pl_explain_set(out, empty->set, empty->attr);
        pl_buf_add(out, pl_str_lit(", which has no entries. So "));
    } else {
        pl_buf_add(out, pl_str_lit(" decides no request: there is none for which all of its "
                                   "conditions hold. So "));
    }
    lint_say_answer(out, rule);
    pl_buf_add(out, pl_str_lit(" is never sent. Correct the conditions, or take the rule out"));
}

static void say_unreachable(const struct pl_rule *rule, const char *blockers, size_t n, bool other,
                            struct pl_buf *out)
{
    lint_say_name(out, rule);
    pl_buf_addf(out, " decides no request: %s %s before it and %s all of its requests. ", blockers,
                n == 1 ? "stands" : "stand", n == 1 ? "takes" : "take");
    if (other) {
        pl_buf_add(out, pl_str_lit("So it never sends "));
        lint_say_answer(out, rule);
        pl_buf_addf(
            out, ", whatever it was meant for. Put it before %s, narrow %s, or take this one out",
            n == 1 ? "that one" : "them", n == 1 ? "that one" : "them");
    } else {
        pl_buf_addf(out,
                    "%s the same answer, so nothing is lost, but whoever edits this rule "
                    "changes nothing. Take it out",
                    n == 1 ? "It gives" : "They give");
    }
}

static void report_unreachable(struct lint_ask *a, size_t r)
{
    const struct pl_rule *rule = &a->p->rules[r];
    struct pl_buf text = {0}, blockers = {0};
    size_t n;
    bool other;

    if (!lint_is_shown(a, PL_LINT_UNREACHABLE_RULE, rule->at, rule, rule->name))
        return;
    ask_all(a);
    ask_rule(a, r);
    if (lint_say_blockers(a, r, &blockers, &n, &other)) {
        if (n == 0)
            say_impossible(rule, &text);
        else
            say_unreachable(rule, blockers.p, n, other, &text);
        text.failed = text.failed || blockers.failed;
    }
    lint_tell(a, PL_LINT_UNREACHABLE_RULE, rule->at, rule, rule->name, &text);
    pl_buf_fini(&blockers);
}

/* ---- redundant-rule ---- */

static bool answers_otherwise(const struct pl_outcome *outcome, void *arg)
{
    const struct lint_ask *a = arg;
    const struct pl_rule *rules = a->p->rules;
    size_t r = 0;

    while (a->required[r / 64] == 0)
        r += 64;
    r += (size_t)__builtin_ctzll(a->required[r / 64]);
    return !lint_same_answer(rules[outcome->bit[0]].action, rules[r].action);
}

static void ask_without(struct lint_ask *a, size_t r, const bool *gone)
{
    ask_all(a);
    for (size_t i = 0; i < a->p->nwritten; i++) {
        if (gone[i])
            ask_ignore(a, i);
    }
    ask_ignore(a, r);
    ask_rule(a, r);
    ask_before(a, r);
}

static void report_redundant(struct lint_ask *a, size_t r, const bool *gone)
{
    enum { NAMED = 3 };
    const struct pl_rule *rule = &a->p->rules[r];
    struct pl_buf text = {0};

    if (!lint_is_shown(a, PL_LINT_REDUNDANT_RULE, rule->at, rule, rule->name))
        return;
    ask_without(a, r, gone);
    ask_collect(a);
    lint_say_name(&text, rule);
    pl_buf_add(&text, pl_str_lit(" changes nothing: without it "));
    for (size_t i = 0; i < a->nfound && i < NAMED; i++) {
        bool last = i + 1 == a->nfound;

        pl_buf_add(&text, i == 0 ? pl_str_lit("") : last ? pl_str_lit(" and ") : pl_str_lit(", "));
        lint_say_rule(&text, a->p, &a->p->rules[a->found[i]]);
    }
    if (a->nfound > NAMED)
        pl_buf_addf(&text, " and %zu more %s", a->nfound - NAMED,
                    a->nfound - NAMED == 1 ? "rule" : "rules");
    pl_buf_addf(&text, " %s ", a->nfound == 1 ? "gives" : "give");
    lint_say_answer(&text, rule);
    pl_buf_add(&text,
               pl_str_lit(" to all of its requests as well. Whoever deletes it later to stop "
                          "that stops nothing. Take it out, or correct what was meant"));
    lint_tell(a, PL_LINT_REDUNDANT_RULE, rule->at, rule, rule->name, &text);
}

/* ---- all ---- */

/* Rules that decide nothing are gone for what follows: they are reported, and change nothing. */
static void find_unreachable(struct lint_ask *a, bool *gone)
{
    for (size_t r = 0; r < a->p->nwritten && !a->f->failed && a->steps_left > 0; r++) {
        ask_all(a);
        ask_rule(a, r);
        ask_before(a, r);
        if (ask_any(a) || a->gave_up)
            continue;
        gone[r] = true;
        report_unreachable(a, r);
    }
}

static void find_redundant(struct lint_ask *a, bool *gone)
{
    uint32_t atoms[PL_ATTR_COUNT];

    for (size_t r = 0; r < a->p->nwritten && !a->f->failed && a->steps_left > 0; r++) {
        if (gone[r])
            continue;
        ask_without(a, r, gone);
        if (ask_find(a, answers_otherwise, a, atoms) || a->gave_up)
            continue;
        report_redundant(a, r, gone);
        gone[r] = true;
    }
}

void pl_lint_rules(struct pl_findings *f, const struct pl_lint_input *in)
{
    struct lint_ask a;
    bool *unreachable, *gone;

    if (in->space == NULL)
        return;
    if (!ask_init(&a, f, in->space))
        f->failed = true;
    gone = calloc(f->policy->nwritten + 1, sizeof(*gone));
    unreachable = calloc(f->policy->nwritten + 1, sizeof(*unreachable));
    f->failed = f->failed || gone == NULL || unreachable == NULL;
    if (!f->failed) {
        find_unreachable(&a, unreachable);
        for (size_t r = 0; r < f->policy->nwritten; r++)
            gone[r] = unreachable[r];
        find_redundant(&a, gone);
        lint_shadowed(&a, unreachable);
        if (a.incomplete || a.steps_left == 0)
            f->gave_up = "the rules are too many, or overlap in too many ways, for all of them to "
                         "be looked at (unreachable-rule, redundant-rule, shadowed-rule)";
    }
    free(gone);
    free(unreachable);
    ask_fini(&a);
}
