/* SPDX-License-Identifier: BSD-2-Clause */
/* What `postlatch top` shows. */
#include "top.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HEAD_LINES = 8, NAME_COLUMNS = 26 };

static void add_duration(struct pl_buf *b, double us)
{
    if (isinf(us))
        pl_buf_add(b, pl_str_lit("over 1 s"));
    else if (us <= 0)
        pl_buf_add_char(b, '-');
    else if (us < 1000)
        pl_buf_addf(b, "up to %.0f us", us);
    else
        pl_buf_addf(b, "up to %.4g ms", us / 1000);
}

static void add_uptime(struct pl_buf *b, struct pl_str seconds)
{
    unsigned long s = 0;

    pl_str_to_number(seconds, 0, ~0UL, &s);
    pl_buf_addf(b, "up %lu d %02lu:%02lu", s / 86400, s / 3600 % 24, s / 60 % 60);
}

static void add_value(struct pl_buf *b, struct pl_str s)
{
    pl_buf_addf(b, "%.*s", (int)s.n, s.p);
}

static void add_head(struct pl_buf *b, const struct top_report *r, const struct top_sample *now)
{
    struct pl_str reload = top_status(now, "last_reload");
    struct pl_str suspects = top_status(now, "masking_suspects");
    char clock[16] = "";
    time_t t = time(NULL);
    struct tm tm;

    if (localtime_r(&t, &tm) != NULL)
        strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    pl_buf_addf(b, "postlatch top  %s  ", clock);
    add_uptime(b, top_status(now, "uptime_s"));
    pl_buf_add(b, pl_str_lit("  generation "));
    add_value(b, top_status(now, "generation"));
    pl_buf_add(b, pl_str_lit(", "));
    add_value(b, top_status(now, "mode"));
    pl_buf_add(b, pl_str_lit(", verdict "));
    add_value(b, top_status(now, "verdict"));
    if (pl_str_eq(top_status(now, "locked"), pl_str_lit("yes")))
        pl_buf_add(b, pl_str_lit(", LOCKED"));
    pl_buf_addf(b, "\nrequests/s %9.1f  let pass %.1f  refused %.1f  left to Postfix %.1f", r->all,
                r->pass, r->refuse, r->leave);
    if (r->unknown > 0)
        pl_buf_addf(b, "  a class's %.1f", r->unknown);
    pl_buf_addf(b, "\nconnections %8.0f  closed for trouble %.1f/s  log lines lost ",
                r->connections, r->troubles);
    add_value(b, top_status(now, "log_dropped_total"));
    pl_buf_add(b, pl_str_lit("\ntime taken  half of them "));
    add_duration(b, r->p50_us);
    pl_buf_add(b, pl_str_lit(", 99 of 100 "));
    add_duration(b, r->p99_us);
    pl_buf_add_char(b, '\n');
    if (pl_str_eq(reload, pl_str_lit("refused")) || pl_str_eq(reload, pl_str_lit("error"))) {
        pl_buf_addf(b, "last reload %.*s: ", (int)reload.n, reload.p);
        add_value(b, top_status(now, "last_reload_error"));
        pl_buf_add_char(b, '\n');
    }
    if (suspects.n > 0 && !pl_str_eq(suspects, pl_str_lit("-"))) {
        pl_buf_add(b, pl_str_lit("masking alarm: others may hide behind "));
        add_value(b, suspects);
        pl_buf_add_char(b, '\n');
    }
}

static void add_rules(struct pl_buf *b, const struct top_report *r, size_t rows)
{
    pl_buf_add(b, pl_str_lit("\n       /s  action      rule\n"));
    for (size_t i = 0; i < r->nrules && i < rows; i++) {
        const struct top_row *row = &r->rules[i];

        pl_buf_addf(b, "%9.1f  %-10.*s  ", row->per_s, (int)row->action.n, row->action.p);
        top_unescape(b, row->name);
        if (!pl_str_eq(row->stage, pl_str_lit("RCPT")))
            pl_buf_addf(b, " (at %.*s)", (int)row->stage.n, row->stage.p);
        pl_buf_add_char(b, '\n');
    }
    if (r->nrules == 0)
        pl_buf_add(b, pl_str_lit("           nothing was asked\n"));
    else if (r->nrules > rows)
        pl_buf_addf(b, "           and %zu more\n", r->nrules - rows);
}

/* A row of clients or of logins; blanks behind the last one. */
static void add_cell(struct pl_buf *b, const struct top_row *rows, size_t n, size_t i)
{
    struct pl_str name = {"", 0};
    bool cut;

    if (i >= n) {
        pl_buf_addf(b, "%*s", 22 + NAME_COLUMNS, "");
        return;
    }
    name = rows[i].name;
    cut = name.n > NAME_COLUMNS;
    pl_buf_addf(b, "%9.1f %9.1f  %.*s%s", rows[i].per_s, rows[i].refused_per_s,
                (int)(cut ? NAME_COLUMNS - 1 : name.n), name.p, cut ? "…" : "");
    pl_buf_addf(b, "%*s", cut ? 1 : (int)(NAME_COLUMNS - name.n) + 1, "");
}

static void add_names(struct pl_buf *b, const struct top_report *r, size_t rows)
{
    size_t n = r->nclients > r->nlogins ? r->nclients : r->nlogins;

    if (n == 0)
        return;
    pl_buf_addf(b, "\n       /s   refused  %-*s       /s   refused  login\n", NAME_COLUMNS + 1,
                "client");
    for (size_t i = 0; i < n && i < rows; i++) {
        add_cell(b, r->clients, r->nclients, i);
        add_cell(b, r->logins, r->nlogins, i);
        while (b->n > 0 && b->p[b->n - 1] == ' ')
            b->n--;
        pl_buf_add_char(b, '\n');
    }
}

/* Cuts what is too wide for the screen, and too long. */
static void fit(struct pl_buf *out, struct pl_str text, size_t rows, size_t columns)
{
    for (size_t i = 0; text.n > 0 && (rows == 0 || i < rows); i++) {
        size_t n = pl_str_find(text, '\n');

        pl_buf_add(out, (struct pl_str){text.p, columns > 0 && n > columns ? columns : n});
        pl_buf_add_char(out, '\n');
        text = pl_str_from(text, n < text.n ? n + 1 : n);
    }
}

void top_draw(struct pl_buf *out, const struct top_report *r, const struct top_sample *now,
              size_t rows, size_t columns)
{
    struct pl_buf text = {0};
    size_t each = rows == 0 ? 10 : rows > HEAD_LINES + 8 ? (rows - HEAD_LINES) / 2 : 4;

    add_head(&text, r, now);
    add_rules(&text, r, each);
    add_names(&text, r, each);
    out->failed = out->failed || text.failed;
    fit(out, pl_buf_str(&text), rows, columns);
    pl_buf_fini(&text);
}

static struct pl_json *names_json(const struct top_row *rows, size_t n, const char *kind)
{
    struct pl_json *out = pl_json_array();

    for (size_t i = 0; i < n; i++) {
        struct pl_json *one = pl_json_object();

        pl_json_set(one, kind, pl_json_string(rows[i].name));
        pl_json_set(one, "per_s", pl_json_real(rows[i].per_s));
        pl_json_set(one, "refused_per_s", pl_json_real(rows[i].refused_per_s));
        pl_json_append(out, one);
    }
    return out;
}

static struct pl_json *rules_json(const struct top_report *r)
{
    struct pl_json *out = pl_json_array();

    for (size_t i = 0; i < r->nrules; i++) {
        struct pl_json *one = pl_json_object();
        struct pl_buf name = {0};

        top_unescape(&name, r->rules[i].name);
        pl_json_set(one, "rule", pl_json_string(pl_buf_str(&name)));
        pl_json_set(one, "action", pl_json_string(r->rules[i].action));
        pl_json_set(one, "stage", pl_json_string(r->rules[i].stage));
        pl_json_set(one, "per_s", pl_json_real(r->rules[i].per_s));
        pl_json_append(out, one);
        pl_buf_fini(&name);
    }
    return out;
}

struct pl_json *top_json(const struct top_report *r)
{
    struct pl_json *out = pl_json_object(), *rates = pl_json_object();

    pl_json_set(out, "seconds", pl_json_real(r->seconds));
    pl_json_set(rates, "all", pl_json_real(r->all));
    pl_json_set(rates, "pass", pl_json_real(r->pass));
    pl_json_set(rates, "refuse", pl_json_real(r->refuse));
    pl_json_set(rates, "leave", pl_json_real(r->leave));
    pl_json_set(rates, "unknown", pl_json_real(r->unknown));
    pl_json_set(out, "requests_per_s", rates);
    pl_json_set(out, "connections", pl_json_number((long long)r->connections));
    pl_json_set(out, "troubles_per_s", pl_json_real(r->troubles));
    pl_json_set(out, "p50_us", isinf(r->p50_us) ? pl_json_null() : pl_json_real(r->p50_us));
    pl_json_set(out, "p99_us", isinf(r->p99_us) ? pl_json_null() : pl_json_real(r->p99_us));
    pl_json_set(out, "rules", rules_json(r));
    pl_json_set(out, "clients", names_json(r->clients, r->nclients, "client"));
    pl_json_set(out, "logins", names_json(r->logins, r->nlogins, "login"));
    return out;
}
