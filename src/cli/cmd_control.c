/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch reload, postlatch status: what is asked over the control socket. */
#include "ask.h"
#include "cli.h"

#include "postlatch/json.h"
#include "postlatch/wrap.h"

#include <stdio.h>
#include <string.h>

enum { RELOAD_SECONDS = 60, STATUS_SECONDS = 5 };

/* The next line of *rest, without its newline. */
static bool next_line(struct pl_str *rest, struct pl_str *line)
{
    if (rest->n == 0)
        return false;
    *line = (struct pl_str){rest->p, pl_str_find(*rest, '\n')};
    *rest = pl_str_from(*rest, line->n < rest->n ? line->n + 1 : line->n);
    return true;
}

static void reload_json(const struct control_reply *r)
{
    struct pl_json *out = pl_json_object(), *lines = pl_json_array();
    struct pl_str rest = r->lines, line;

    pl_json_set(out, "result", pl_json_string(r->word));
    while (next_line(&rest, &line))
        pl_json_append(lines, pl_json_string(line));
    pl_json_set(out, "lines", lines);
    pl_json_print(out, stdout);
    pl_json_free(out);
}

int cmd_reload(const struct arguments *a)
{
    struct control_reply r;
    int status = EXIT_TROUBLE;

    if (ask_control(a->control, a->config, a->accept_wider ? "reload accept-wider" : "reload",
                    RELOAD_SECONDS, &r)) {
        if (a->json)
            reload_json(&r);
        else
            pl_wrap_print(stdout, r.lines, pl_wrap_width(stdout));
        if (pl_str_eq(r.word, pl_str_lit("ok")))
            status = EXIT_FINE;
        else if (pl_str_eq(r.word, pl_str_lit("refused")))
            status = EXIT_FOUND;
    }
    pl_buf_fini(&r.text);
    return status;
}

static void status_json(struct pl_str rest)
{
    struct pl_json *out = pl_json_object();
    struct pl_str line;
    char key[64];

    while (next_line(&rest, &line)) {
        size_t equals = pl_str_find(line, '=');
        struct pl_str value = pl_str_from(line, equals < line.n ? equals + 1 : equals);
        unsigned long number;

        snprintf(key, sizeof(key), "%.*s", (int)equals, line.p);
        if (pl_str_to_number(value, 0, ~0UL, &number))
            pl_json_set(out, key, pl_json_number((long long)number));
        else
            pl_json_set(out, key, pl_json_string(value));
    }
    pl_json_print(out, stdout);
    pl_json_free(out);
}

static void status_text(struct pl_str rest)
{
    struct pl_str line;

    while (next_line(&rest, &line)) {
        size_t equals = pl_str_find(line, '=');

        if (equals < line.n)
            printf("%-27.*s %.*s\n", (int)equals, line.p, (int)(line.n - equals - 1),
                   line.p + equals + 1);
    }
}

int cmd_status(const struct arguments *a)
{
    struct control_reply r;
    int status = EXIT_TROUBLE;

    if (ask_control(a->control, a->config, "status", STATUS_SECONDS, &r)) {
        if (!pl_str_eq(r.word, pl_str_lit("ok")))
            trouble("the daemon answers \"%.*s\"", (int)r.word.n, r.word.p);
        else {
            (a->json ? status_json : status_text)(r.lines);
            status = EXIT_FINE;
        }
    }
    pl_buf_fini(&r.text);
    return status;
}
