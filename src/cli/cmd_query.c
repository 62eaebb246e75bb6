/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch query: a question to a running daemon, as Postfix asks. */
#include "ask.h"
#include "cli.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <string.h>

enum { QUERY_SECONDS = 5 };

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
        !find_policy_socket(a, &where))
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
