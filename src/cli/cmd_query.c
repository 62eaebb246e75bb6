/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch query: a question to a running daemon, as Postfix asks. */
#include "ask.h"
#include "cli.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <string.h>

enum { QUERY_SECONDS = 5 };

static bool find_daemon(const struct arguments *a, struct pl_endpoint *where)
{
    struct pl_config config;
    const char *why;

    if (a->socket != NULL) {
        if (pl_endpoint_parse(where, pl_str_of(a->socket), &why))
            return true;
        trouble("--socket \"%s\": %s", a->socket, why);
        return false;
    }
    if (!load(&config, a->config))
        return false;
    *where = config.settings.listen[0];
    pl_config_fini(&config);
    return true;
}

/* The request as Postfix would write it; false if a value cannot stand in one. */
static bool write_request(struct pl_buf *out, const struct pl_query *q)
{
    if (q->attr[PL_ATTR_REQUEST].p == NULL)
        pl_buf_add(out, pl_str_lit("request=smtpd_access_policy\n"));
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        struct pl_str value = q->attr[i];

        if (value.p == NULL)
            continue;
        if (pl_str_find(value, '\n') < value.n) {
            trouble("%s: a line end in the value, which no request can hold",
                    pl_attr_name((enum pl_attr)i));
            return false;
        }
        pl_buf_addf(out, "%s=%.*s\n", pl_attr_name((enum pl_attr)i), (int)value.n, value.p);
    }
    pl_buf_add_char(out, '\n');
    if (out->failed)
        trouble("out of memory");
    return !out->failed;
}

static int print_answer(const struct pl_buf *answer, bool json)
{
    static const char name[] = "action=";
    struct pl_str line = {answer->p, answer->n - 2}; /* without the empty line */

    if (!pl_str_has_prefix(line, pl_str_lit(name)) || pl_str_find(line, '\n') < line.n)
        return trouble("the answer is not one action= line; is that a policy server?");
    if (json) {
        struct pl_json *out = pl_json_object();

        pl_json_set(out, "action", pl_json_string(pl_str_from(line, sizeof(name) - 1)));
        pl_json_print(out, stdout);
        pl_json_free(out);
    } else {
        printf("%.*s\n", (int)line.n, line.p);
    }
    return EXIT_FINE;
}

int cmd_query(const struct arguments *a)
{
    struct pl_query q;
    struct pl_endpoint where;
    struct pl_buf request = {0}, answer = {0};
    const char *why = "";
    int status = EXIT_TROUBLE;

    if (a->count == 0)
        return trouble("query: nothing to ask; expected ATTR=VALUE…");
    if (!take_attributes(&q, a->words, a->count) || !write_request(&request, &q) ||
        !find_daemon(a, &where))
        goto out;
    if (ask(&where, pl_buf_str(&request), "\n\n", QUERY_SECONDS, &answer, &why))
        status = print_answer(&answer, a->json);
    else
        trouble("no answer from %s: %s", where.text, why);
out:
    pl_buf_fini(&request);
    pl_buf_fini(&answer);
    return status;
}
