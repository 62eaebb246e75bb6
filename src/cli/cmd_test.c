/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postlatch test: scenarios in a file, put to the policy.
 *
 *     ATTR=VALUE ATTR="VALUE WITH BLANKS" … -> ACTION [rule="NAME"]    # comment
 *
 * In double quotes \" and \\ stand for a quote and a backslash. ACTION is a word, or the whole text
 * that is sent. What is compared is the decision, before observe mode turns it into a warning.
 */
#include "cli.h"

#include "postlatch/file.h"
#include "postlatch/json.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 16 * 1024 * 1024, WORDS_MAX = 64 };

/* One line, cut into words in place. */
struct scenario {
    const char *words[WORDS_MAX]; /* the attributes */
    int nwords;
    const char *expected[WORDS_MAX]; /* the words of the action */
    int nexpected;
    const char *rule; /* or NULL */
};

struct run {
    const struct pl_policy *policy;
    const char *path;
    bool json;
    struct pl_json *failures;
    size_t passed, failed, errors;
};

static void bad_line(struct run *r, unsigned line, const char *why)
{
    r->errors++;
    fflush(stdout);
    fprintf(stderr, "%s:%u: %s\n", r->path, line, why);
}

/* The next word of *rest, quotes taken off in place; NULL at the end; *why is set if it is malformed. */
static char *next_word(char **rest, const char **why)
{
    char *in = *rest + strspn(*rest, " \t"), *start = in, *out = in;
    bool quoted = false;

    if (*in == '\0' || *in == '#')
        return NULL;
    for (; *in != '\0' && (quoted || (*in != ' ' && *in != '\t')); in++) {
        if (*in == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && *in == '\\' && (in[1] == '"' || in[1] == '\\'))
            in++;
        *out++ = *in;
    }
    if (quoted)
        *why = "a double quote that is not closed on its line";
    *rest = *in == '\0' ? in : in + 1;
    *out = '\0';
    return start;
}

/* Cuts a line into a scenario; returns 0 for an empty line, 1, or -1 with *why. */
static int cut(struct scenario *s, char *line, const char **why)
{
    bool arrow = false;
    char *word;

    memset(s, 0, sizeof(*s));
    *why = NULL;
    while ((word = next_word(&line, why)) != NULL && *why == NULL) {
        if (!arrow && strcmp(word, "->") == 0) {
            arrow = true;
        } else if (s->nwords == WORDS_MAX || s->nexpected == WORDS_MAX) {
            *why = "too many words in a line";
        } else if (!arrow) {
            s->words[s->nwords++] = word;
        } else if (s->rule != NULL) {
            *why = "something behind rule=NAME; a name with blanks needs double quotes";
        } else if (strncmp(word, "rule=", 5) == 0) {
            s->rule = word + 5;
        } else {
            s->expected[s->nexpected++] = word;
        }
    }
    if (*why == NULL && s->nwords == 0 && !arrow)
        return 0;
    if (*why == NULL && !arrow)
        *why = "no \"->\"; expected ATTR=VALUE … -> ACTION";
    if (*why == NULL && s->nexpected == 0)
        *why = "no action behind \"->\"; expected for example REJECT";
    if (*why == NULL && s->nwords == 0)
        *why = "no attribute in front of \"->\"; expected ATTR=VALUE …";
    return *why == NULL ? 1 : -1;
}

static bool action_matches(const struct scenario *s, const struct pl_action *action,
                           const char *text)
{
    struct pl_buf expected = {0};
    bool same;

    for (int i = 0; i < s->nexpected; i++)
        pl_buf_addf(&expected, "%s%s", i > 0 ? " " : "", s->expected[i]);
    same = pl_str_eq_fold(pl_buf_str(&expected), action->word) ||
           (pl_str_find(pl_buf_str(&expected), ' ') < expected.n &&
            pl_str_eq(pl_buf_str(&expected), pl_str_of(text)));
    pl_buf_fini(&expected);
    return same;
}

static void tell_failure(struct run *r, unsigned line, const struct scenario *s,
                         const struct pl_decision *d, const char *text)
{
    struct pl_buf want = {0};

    for (int i = 0; i < s->nexpected; i++)
        pl_buf_addf(&want, "%s%s", i > 0 ? " " : "", s->expected[i]);
    if (s->rule != NULL)
        pl_buf_addf(&want, " by rule \"%s\"", s->rule);
    if (r->json) {
        struct pl_json *f = pl_json_object();

        pl_json_set(f, "line", pl_json_number(line));
        pl_json_set(f, "expected", pl_json_string(pl_buf_str(&want)));
        pl_json_set(f, "action", pl_json_string(pl_str_of(text)));
        pl_json_set(f, "rule", pl_json_string(d->rule->name));
        pl_json_append(r->failures, f);
    } else {
        printf("%s:%u: expected %s, got %s by rule \"%s\"\n", r->path, line, want.p, text,
               d->rule->name.p);
    }
    pl_buf_fini(&want);
}

static void run_scenario(struct run *r, unsigned line, const struct scenario *s)
{
    char why[TAKE_WHY], text[PL_ACTION_ROOM];
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_query q;

    memset(&q, 0, sizeof(q));
    for (int i = 0; i < s->nwords; i++) {
        if (!take_attribute(&q, s->words[i], why)) {
            bad_line(r, line, why);
            return;
        }
    }
    if (q.attr[PL_ATTR_PROTOCOL_STATE].p == NULL)
        q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    pl_query_read(&q);
    pl_policy_decide(r->policy, &q, &cursor, &decision);
    pl_action_format(text, decision.action, &q);
    if (action_matches(s, decision.action, text) &&
        (s->rule == NULL || pl_str_eq(pl_str_of(s->rule), decision.rule->name))) {
        r->passed++;
        return;
    }
    r->failed++;
    tell_failure(r, line, s, &decision, text);
}

static void run_file(struct run *r, char *text)
{
    char *line;

    for (unsigned number = 1; (line = strsep(&text, "\n")) != NULL; number++) {
        struct scenario s;
        const char *why;
        int kind;

        line[strcspn(line, "\r")] = '\0';
        kind = cut(&s, line, &why);
        if (kind < 0)
            bad_line(r, number, why);
        else if (kind > 0)
            run_scenario(r, number, &s);
    }
}

static void print_summary(struct run *r)
{
    struct pl_json *out;

    if (!r->json) {
        printf("%zu passed, %zu failed\n", r->passed, r->failed);
        return;
    }
    out = pl_json_object();
    pl_json_set(out, "passed", pl_json_number((long long)r->passed));
    pl_json_set(out, "failed", pl_json_number((long long)r->failed));
    pl_json_set(out, "failures", r->failures);
    r->failures = NULL;
    pl_json_print(out, stdout);
    pl_json_free(out);
}

int cmd_test(const struct arguments *a)
{
    struct run r = {.json = a->json};
    struct pl_diag *d = pl_diag_new();
    struct pl_buf text = {0};
    struct pl_config config = {0};
    int status = EXIT_TROUBLE;

    if (a->count != 1 || d == NULL) {
        pl_diag_free(d);
        return trouble("test: expected one FILE with scenarios");
    }
    r.path = a->words[0];
    if (!pl_file_read(r.path, FILE_MAX, &text, d, PL_NOWHERE)) {
        trouble("%s", pl_diag_get(d, 0));
        goto out;
    }
    if (!load(&config, a->config))
        goto out;
    r.policy = config.policy;
    r.failures = pl_json_array();
    run_file(&r, text.p);
    print_summary(&r);
    if (r.errors > 0)
        trouble("%s: %zu line%s cannot be read", r.path, r.errors, r.errors == 1 ? "" : "s");
    else if (r.passed + r.failed == 0)
        trouble("%s: no scenario in it", r.path);
    else
        status = r.failed > 0 ? EXIT_FOUND : EXIT_FINE;
out:
    pl_json_free(r.failures);
    pl_config_fini(&config);
    pl_buf_fini(&text);
    pl_diag_free(d);
    return status;
}
