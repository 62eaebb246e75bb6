/* SPDX-License-Identifier: BSD-2-Clause */
/* What `postlatch top` compares: counters at two moments, as the daemon tells them. */
#include "tell.h"
#include "top.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECONDS = 5 };

static bool take(struct control_reply *r, const struct arguments *a, const char *command)
{
    if (!ask_control(a->control, a->config, command, SECONDS, r))
        return false;
    if (pl_str_eq(r->word, pl_str_lit("ok")))
        return true;
    trouble("the daemon answers \"%.*s\" to \"%s\": is it an older one?", (int)r->word.n, r->word.p,
            command);
    return false;
}

bool top_take(struct top_sample *s, const struct arguments *a)
{
    struct timespec t;

    memset(s, 0, sizeof(*s));
    clock_gettime(CLOCK_MONOTONIC, &t);
    s->at_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    return take(&s->status, a, "status") && take(&s->metrics, a, "metrics") &&
           take(&s->busiest, a, "busiest");
}

void top_free(struct top_sample *s)
{
    pl_buf_fini(&s->status.text);
    pl_buf_fini(&s->metrics.text);
    pl_buf_fini(&s->busiest.text);
}

void top_report_free(struct top_report *r)
{
    free(r->rules);
    free(r->clients);
    free(r->logins);
}

struct pl_str top_status(const struct top_sample *s, const char *key)
{
    struct pl_str rest = s->status.lines, line;

    while (next_line(&rest, &line)) {
        size_t equals = pl_str_find(line, '=');

        if (pl_str_eq((struct pl_str){line.p, equals}, pl_str_of(key)) && equals < line.n)
            return pl_str_from(line, equals + 1);
    }
    return (struct pl_str){"", 0};
}

void top_unescape(struct pl_buf *out, struct pl_str label)
{
    for (size_t i = 0; i < label.n; i++) {
        if (label.p[i] == '\\' && i + 1 < label.n)
            i++; /* a line end cannot stand in a name */
        pl_buf_add_char(out, label.p[i]);
    }
}

/* A number at the end of a line, behind its last blank. */
static double number_of(struct pl_str line)
{
    size_t blank = pl_str_rfind(line, ' ');
    char text[64];

    if (blank >= line.n)
        return 0;
    snprintf(text, sizeof(text), "%.*s", (int)(line.n - blank - 1), line.p + blank + 1);
    return strtod(text, NULL);
}

/* The number of the series that a line of the same text begins with; 0 if there was none. */
static double value_of(struct pl_str lines, struct pl_str series)
{
    struct pl_str line;

    while (next_line(&lines, &line)) {
        if (line.n > series.n && line.p[series.n] == ' ' && pl_str_has_prefix(line, series))
            return number_of(line);
    }
    return 0;
}

/* How much a series has grown; a daemon that was started anew begins at 0. */
static double growth(const struct top_sample *before, const struct top_sample *now,
                     struct pl_str series)
{
    double a = value_of(before->metrics.lines, series), b = value_of(now->metrics.lines, series);

    return b >= a ? b - a : b;
}

static double rate(const struct top_report *r, const struct top_sample *before,
                   const struct top_sample *now, const char *series)
{
    return growth(before, now, pl_str_of(series)) / r->seconds;
}

/* The value of a label within {…}, escapes left as they are. */
static struct pl_str label_of(struct pl_str line, const char *name)
{
    char head[32];
    size_t n = (size_t)snprintf(head, sizeof(head), "%s=\"", name);
    const char *at = memmem(line.p, line.n, head, n);
    struct pl_str value;
    size_t end = 0;

    if (at == NULL)
        return (struct pl_str){"", 0};
    value = pl_str_from(line, (size_t)(at - line.p) + n);
    while (end < value.n && value.p[end] != '"')
        end += value.p[end] == '\\' ? 2 : 1;
    return (struct pl_str){value.p, end < value.n ? end : value.n};
}

static int by_rate(const void *a, const void *b)
{
    const struct top_row *x = a, *y = b;

    return x->per_s != y->per_s ? (x->per_s < y->per_s ? 1 : -1) : pl_str_cmp(x->name, y->name);
}

static void compare_rules(struct top_report *r, const struct top_sample *before,
                          const struct top_sample *now)
{
    struct pl_str rest = now->metrics.lines, line;

    while (next_line(&rest, &line) && r->nrules < TOP_ROWS_MAX) {
        struct pl_str series = {line.p, pl_str_rfind(line, ' ')};
        double grown;

        if (!pl_str_has_prefix(line, pl_str_lit("postlatch_decisions_total{")))
            continue;
        grown = growth(before, now, series);
        if (grown > 0)
            r->rules[r->nrules++] = (struct top_row){.name = label_of(line, "rule"),
                                                     .action = label_of(line, "action"),
                                                     .stage = label_of(line, "stage"),
                                                     .per_s = grown / r->seconds};
    }
    qsort(r->rules, r->nrules, sizeof(*r->rules), by_rate);
}

/* Of "kind=NAME requests=N refused=M" the parts. */
static bool take_busy(struct pl_str line, const char *kind, struct pl_str *name, double *requests,
                      double *refused)
{
    size_t n = strlen(kind);
    char text[128];
    unsigned long r, f;

    if (line.n <= n || line.p[n] != '=' || !pl_str_has_prefix(line, pl_str_of(kind)))
        return false;
    line = pl_str_from(line, n + 1);
    *name = (struct pl_str){line.p, pl_str_find(line, ' ')};
    line = pl_str_from(line, name->n);
    snprintf(text, sizeof(text), "%.*s", (int)line.n, line.p);
    if (sscanf(text, " requests=%lu refused=%lu", &r, &f) != 2)
        return false;
    *requests = (double)r;
    *refused = (double)f;
    return true;
}

static void busy_before(const struct top_sample *before, const char *kind, struct pl_str wanted,
                        double *requests, double *refused)
{
    struct pl_str rest = before->busiest.lines, line, name;

    while (next_line(&rest, &line)) {
        if (take_busy(line, kind, &name, requests, refused) && pl_str_eq(name, wanted))
            return;
    }
    *requests = *refused = 0;
}

static size_t compare_busy(struct top_row *rows, double seconds, const struct top_sample *before,
                           const struct top_sample *now, const char *kind)
{
    struct pl_str rest = now->busiest.lines, line, name;
    size_t n = 0;

    while (next_line(&rest, &line) && n < TOP_ROWS_MAX) {
        double requests, refused, had, had_refused;

        if (!take_busy(line, kind, &name, &requests, &refused))
            continue;
        busy_before(before, kind, name, &had, &had_refused);
        if (requests < had || refused < had_refused) /* the table, or the daemon, began anew */
            had = had_refused = 0;
        if (requests > had)
            rows[n++] = (struct top_row){.name = name,
                                         .per_s = (requests - had) / seconds,
                                         .refused_per_s = (refused - had_refused) / seconds};
    }
    qsort(rows, n, sizeof(*rows), by_rate);
    return n;
}

/* The least upper bound of a bucket that holds a share of what was asked meanwhile. */
static double quantile(const struct top_sample *before, const struct top_sample *now, double share)
{
    struct pl_str rest = now->metrics.lines, line;
    double all = growth(before, now, pl_str_lit("postlatch_request_duration_seconds_count"));

    while (all > 0 && next_line(&rest, &line)) {
        struct pl_str series = {line.p, pl_str_rfind(line, ' ')}, le;
        char text[32];

        if (!pl_str_has_prefix(line, pl_str_lit("postlatch_request_duration_seconds_bucket{")) ||
            growth(before, now, series) < share * all)
            continue;
        le = label_of(line, "le");
        snprintf(text, sizeof(text), "%.*s", (int)le.n, le.p);
        return strcmp(text, "+Inf") == 0 ? INFINITY : strtod(text, NULL) * 1e6;
    }
    return 0;
}

static double troubles(const struct top_sample *before, const struct top_sample *now)
{
    struct pl_str rest = now->metrics.lines, line;
    double sum = 0;

    while (next_line(&rest, &line)) {
        if (pl_str_has_prefix(line, pl_str_lit("postlatch_protocol_errors_total{")))
            sum += growth(before, now, (struct pl_str){line.p, pl_str_rfind(line, ' ')});
    }
    return sum;
}

bool top_compare(struct top_report *r, const struct top_sample *before,
                 const struct top_sample *now)
{
    *r = (struct top_report){.seconds = (double)(now->at_us - before->at_us) / 1e6};
    r->rules = calloc(TOP_ROWS_MAX, sizeof(*r->rules));
    r->clients = calloc(TOP_ROWS_MAX, sizeof(*r->clients));
    r->logins = calloc(TOP_ROWS_MAX, sizeof(*r->logins));
    if (r->rules == NULL || r->clients == NULL || r->logins == NULL)
        return false;
    r->pass = rate(r, before, now, "postlatch_requests_total{effect=\"pass\"}");
    r->refuse = rate(r, before, now, "postlatch_requests_total{effect=\"refuse\"}");
    r->leave = rate(r, before, now, "postlatch_requests_total{effect=\"leave\"}");
    r->unknown = rate(r, before, now, "postlatch_requests_total{effect=\"unknown\"}");
    r->all = r->pass + r->refuse + r->leave + r->unknown;
    r->troubles = troubles(before, now) / r->seconds;
    r->connections = value_of(now->metrics.lines, pl_str_lit("postlatch_connections"));
    r->p50_us = quantile(before, now, 0.5);
    r->p99_us = quantile(before, now, 0.99);
    compare_rules(r, before, now);
    r->nclients = compare_busy(r->clients, r->seconds, before, now, "client");
    r->nlogins = compare_busy(r->logins, r->seconds, before, now, "login");
    return true;
}
