/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch reload, status, metrics: what is asked over the control socket. */
#include "ask.h"
#include "cli.h"
#include "tell.h"

#include "postlatch/json.h"
#include "postlatch/wrap.h"

#include <stdio.h>
#include <string.h>

enum { RELOAD_SECONDS = 60, STATUS_SECONDS = 5, METRICS_SECONDS = 10 };

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

/* What reads: prints by one of these two if the daemon answers "ok". */
static int tell(const struct arguments *a, const char *command, int seconds,
                void (*text)(struct pl_str lines), void (*json)(struct pl_str lines))
{
    struct control_reply r;
    int status = EXIT_TROUBLE;

    if (ask_control(a->control, a->config, command, seconds, &r)) {
        if (!pl_str_eq(r.word, pl_str_lit("ok")))
            trouble("the daemon answers \"%.*s\"", (int)r.word.n, r.word.p);
        else {
            (a->json ? json : text)(r.lines);
            status = EXIT_FINE;
        }
    }
    pl_buf_fini(&r.text);
    return status;
}

int cmd_status(const struct arguments *a)
{
    return tell(a, "status", STATUS_SECONDS, tell_status, tell_status_json);
}

int cmd_metrics(const struct arguments *a)
{
    return tell(a, "metrics", METRICS_SECONDS, tell_metrics, tell_metrics_json);
}
