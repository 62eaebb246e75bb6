/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch explain: one decision and its reasons, for people or as JSON. */
#include "cli.h"
#include "input.h"

#include "postlatch/explain.h"
#include "postlatch/json.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

enum { NEAR_SHOWN = 5 };

/* builtin:network, or rule "app server" */
static void add_rule_name(struct pl_buf *out, const struct pl_rule *rule)
{
    if (rule->builtin)
        pl_buf_add(out, rule->name);
    else
        pl_buf_addf(out, "rule \"%s\"", rule->name.p);
}

static void print_step(const struct pl_explanation *e, size_t i)
{
    const struct pl_explain_step *s = &e->steps[i];
    struct pl_buf line = {0};

    pl_buf_addf(&line, "  %zu  ", i + 1);
    add_rule_name(&line, s->rule);
    if (s->rule->at.file < e->policy->nfiles) {
        pl_buf_add(&line, pl_str_lit("  ("));
        pl_explain_place(&line, e->policy, s->rule->at);
        pl_buf_add_char(&line, ')');
    }
    pl_buf_addf(&line, "\n       %s: ", s->matched ? "yes" : "no");
    if (!s->matched) {
        pl_explain_condition(&line, e, &s->rule->cond[s->failed]);
    } else if (s->rule == e->policy->expired) {
        pl_explain_ended(&line, e);
    } else if (s->rule->ncond == 0) {
        pl_buf_add(&line, pl_str_lit("it has no condition"));
    } else {
        size_t shown = 0;

        for (size_t c = 0; c < s->rule->ncond; c++) {
            /* That a rule holds at RCPT goes without saying, unless it says nothing else. */
            if (s->rule->cond[c].set == e->policy->at_rcpt && s->rule->ncond > 1)
                continue;
            if (shown++ > 0)
                pl_buf_add(&line, pl_str_lit("\n            "));
            pl_explain_condition(&line, e, &s->rule->cond[c]);
        }
    }
    puts(line.p);
    pl_buf_fini(&line);
}

static void print_request(const struct pl_explanation *e)
{
    struct pl_buf line = {0};

    puts("request:");
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        enum pl_attr attr = (enum pl_attr)i;
        char addr[PL_ADDR_TEXT];
        struct pl_quote q;

        if (e->query->attr[i].n == 0 || attr == PL_ATTR_REQUEST)
            continue;
        pl_buf_reset(&line);
        pl_buf_addf(&line, "  %-16s %s", pl_attr_name(attr), pl_quote(&q, e->query->attr[i]));
        if (pl_attr_kind(attr) == PL_KIND_ADDR) {
            const struct pl_addr *a = pl_query_addr(e->query, attr);

            pl_addr_format(addr, a);
            if (a->family == 0)
                pl_buf_add(&line, pl_str_lit(": no IP address, counts as unknown"));
            else if (!pl_str_eq(pl_str_of(addr), e->query->attr[i]))
                pl_buf_addf(&line, ": read as %s", addr);
        } else if (pl_attr_kind(attr) == PL_KIND_MAIL) {
            pl_buf_add(&line, pl_str_lit(": "));
            pl_explain_address(&line, e, attr);
        }
        puts(line.p);
    }
    pl_buf_fini(&line);
}

/* One rule that was near: what it would have answered, and on what condition. */
static void describe_near(struct pl_buf *out, const struct pl_explain_step *s)
{
    const struct pl_condition *c = &s->rule->cond[s->failed];

    pl_buf_addf(out, "%s by ", s->rule->action->source.p);
    add_rule_name(out, s->rule);
    pl_buf_addf(out, ", if %s were in ", pl_attr_name(c->attr));
    pl_explain_set(out, c->set, c->attr);
}

/* Rules whose one missing condition can never hold are no advice. */
static bool worth_telling(const struct pl_explanation *e, const struct pl_explain_step *s)
{
    const struct pl_set *set;

    if (!pl_explain_is_near(e, s))
        return false;
    set = s->rule->cond[s->failed].set;
    return set->in_words != 0 || set->in_count != 0;
}

static void print_near(const struct pl_explanation *e)
{
    struct pl_buf line = {0};
    size_t count = 0;

    for (size_t i = 0; i < e->nsteps; i++) {
        if (!worth_telling(e, &e->steps[i]) || count++ >= NEAR_SHOWN)
            continue;
        if (count == 1)
            puts("what would change the answer:");
        pl_buf_reset(&line);
        describe_near(&line, &e->steps[i]);
        printf("  %s\n", line.p);
    }
    if (count > NEAR_SHOWN)
        printf("  and %zu more; --json lists all\n", count - NEAR_SHOWN);
    pl_buf_fini(&line);
}

static void print_text(const struct pl_explanation *e, const char *answer, const char *enforced)
{
    struct pl_buf line = {0};

    print_request(e);
    puts("rules tried:");
    for (size_t i = 0; i < e->nsteps; i++)
        print_step(e, i);
    print_near(e);
    add_rule_name(&line, e->decision.rule);
    printf("answer: by %s\n", line.p);
    pl_buf_fini(&line);
    if (e->policy->mode == PL_MODE_OBSERVE)
        printf("mode = observe; with enforce the answer would be: %s\n", enforced);
    printf("action=%s\n", answer);
}

static struct pl_json *step_json(const struct pl_explanation *e, const struct pl_explain_step *s)
{
    struct pl_json *step = pl_json_object(), *why = pl_json_array();
    struct pl_buf text = {0};
    size_t from = s->matched ? 0 : s->failed, to = s->matched ? s->rule->ncond : s->failed + 1;

    pl_json_set(step, "rule", pl_json_string(s->rule->name));
    pl_json_set(step, "matched", pl_json_bool(s->matched));
    pl_json_set(step, "failed",
                s->matched
                    ? pl_json_null()
                    : pl_json_string(pl_str_of(pl_attr_name(s->rule->cond[s->failed].attr))));
    for (size_t i = from; i < to; i++) {
        pl_buf_reset(&text);
        pl_explain_condition(&text, e, &s->rule->cond[i]);
        pl_json_append(why, pl_json_string(pl_buf_str(&text)));
    }
    if (s->rule == e->policy->expired) {
        pl_explain_ended(&text, e);
        pl_json_append(why, pl_json_string(pl_buf_str(&text)));
    }
    pl_json_set(step, "why", why);
    pl_buf_reset(&text);
    pl_explain_place(&text, e->policy, s->rule->at);
    pl_json_set(step, "place", pl_json_string(pl_buf_str(&text)));
    pl_buf_fini(&text);
    return step;
}

static void print_json(const struct pl_explanation *e, const char *answer, const char *enforced)
{
    struct pl_json *out = pl_json_object(), *trace = pl_json_array(), *near = pl_json_array();
    struct pl_buf text = {0};

    pl_json_set(out, "action", pl_json_string(pl_str_of(answer)));
    pl_json_set(out, "rule", pl_json_string(e->decision.rule->name));
    if (e->policy->mode == PL_MODE_OBSERVE)
        pl_json_set(out, "would", pl_json_string(pl_str_of(enforced)));
    pl_explain_address(&text, e, PL_ATTR_RECIPIENT);
    pl_json_set(out, "recipient", pl_json_string(pl_buf_str(&text)));
    for (size_t i = 0; i < e->nsteps; i++) {
        pl_json_append(trace, step_json(e, &e->steps[i]));
        if (!worth_telling(e, &e->steps[i]))
            continue;
        pl_buf_reset(&text);
        describe_near(&text, &e->steps[i]);
        pl_json_append(near, pl_json_string(pl_buf_str(&text)));
    }
    pl_json_set(out, "trace", trace);
    pl_json_set(out, "would_change", near);
    pl_json_print(out, stdout);
    pl_json_free(out);
    pl_buf_fini(&text);
}

static int explain(const struct pl_policy *p, struct pl_query *q, bool json)
{
    char answer[PL_ACTION_ROOM], enforced[PL_ACTION_ROOM];
    struct pl_explanation *e;

    pl_query_read(q);
    e = pl_explain(p, q);
    if (e == NULL)
        return trouble("out of memory");
    pl_policy_answer(answer, p, q, &e->decision);
    pl_action_format(enforced, e->decision.action, q);
    if (json)
        print_json(e, answer, enforced);
    else
        print_text(e, answer, enforced);
    pl_explanation_free(e);
    return EXIT_FINE;
}

int cmd_explain(const struct arguments *a)
{
    struct pl_config config = {0};
    struct pl_query q;
    struct pl_buf input = {0};
    int status = EXIT_TROUBLE;
    bool from_stdin = a->count == 1 && strcmp(a->words[0], "-") == 0;

    if (a->count == 0)
        return trouble("explain: nothing to explain; expected ATTR=VALUE… or -");
    if (from_stdin ? !read_question(&q, &input) : !take_attributes(&q, a->words, a->count))
        goto out;
    if (load(&config, a->config))
        status = explain(config.policy, &q, a->json);
out:
    pl_buf_fini(&input);
    pl_config_fini(&config);
    return status;
}
