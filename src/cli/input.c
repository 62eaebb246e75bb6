/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions from standard input: what Postfix sent, or what the daemon logged about it. */
#include "input.h"

#include "cli.h"

#include "postlatch/logline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1024 * 1024 };

static bool read_all(struct pl_buf *input)
{
    char chunk[4096];
    size_t n;

    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0) {
        pl_buf_add(input, (struct pl_str){chunk, n});
        if (input->n > INPUT_MAX) {
            trouble("standard input: more than %d bytes; expected one request or one log line",
                    INPUT_MAX);
            return false;
        }
    }
    if (ferror(stdin) || input->failed) {
        trouble("cannot read standard input");
        return false;
    }
    return true;
}

/* What a log cannot hold whole is told of: the answer may depend on the rest. */
static void tell_cuts(const struct pl_logline *l)
{
    static const struct {
        const char *key;
        enum pl_attr attr;
    } keys[] = {
#define X(key, id) {key, PL_ATTR_##id},
        PL_LOGLINE_TABLE(X)
#undef X
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if ((l->unknown >> keys[i].attr & 1) != 0)
            trouble("note: the log has only the beginning of %s", keys[i].key);
    }
}

/* The values of a decision, which become the input in place of its line. */
static bool take_decision(struct pl_query *q, struct pl_buf *input, const struct pl_logline *l)
{
    struct pl_buf values = {0};
    size_t at = 0;

    for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
        pl_buf_add(&values, l->attr[a]);
    if (values.failed) {
        pl_buf_fini(&values);
        trouble("out of memory");
        return false;
    }
    pl_buf_fini(input);
    *input = values;
    for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
        if (l->attr[a].n > 0)
            q->attr[a] = (struct pl_str){input->p + at, l->attr[a].n};
        at += l->attr[a].n;
    }
    tell_cuts(l);
    return true;
}

static bool take_request(struct pl_query *q, char *text)
{
    char why[TAKE_WHY], *line;

    while ((line = strsep(&text, "\n")) != NULL && line[0] != '\0') {
        struct pl_str s = pl_str_of(line);
        enum pl_attr attr = pl_attr_find((struct pl_str){s.p, pl_str_find(s, '=')});

        if (pl_str_find(s, '=') == s.n) {
            take_attribute(q, line, why);
            trouble("standard input: %s", why);
            return false;
        }
        /* As the daemon does: what is not known is ignored, of a repeated name the first counts. */
        if (attr != PL_ATTR_COUNT && q->attr[attr].p == NULL)
            q->attr[attr] = pl_str_from(s, pl_str_find(s, '=') + 1);
    }
    if (text != NULL && text[strspn(text, "\r\n")] != '\0') {
        trouble("standard input: more than one request; expected one");
        return false;
    }
    return true;
}

bool read_question(struct pl_query *q, struct pl_buf *input)
{
    char why[PL_LOGLINE_WHY];
    struct pl_logline *l;
    bool ok = true;

    memset(q, 0, sizeof(*q));
    if (!read_all(input))
        return false;
    if (input->n == 0 || strlen(input->p) != input->n) {
        trouble("standard input: %s; expected a request or a decision line of the log",
                input->n == 0 ? "it is empty" : "it holds a NUL byte");
        return false;
    }
    l = malloc(sizeof(*l));
    if (l == NULL) {
        trouble("out of memory");
        return false;
    }
    /* The first line says which it is: a request may hold the same words further on. */
    switch (pl_logline_read(l, (struct pl_str){input->p, strcspn(input->p, "\n")}, why)) {
    case PL_LOGLINE_DECISION:
        ok = take_decision(q, input, l);
        break;
    case PL_LOGLINE_BROKEN:
        trouble("standard input: a decision line of the log: %s", why);
        ok = false;
        break;
    case PL_LOGLINE_OTHER:
        ok = input->p[0] != '{' && take_request(q, input->p);
        if (input->p[0] == '{')
            trouble("standard input: neither a request nor a decision line of the log");
        break;
    }
    free(l);
    if (ok && q->attr[PL_ATTR_PROTOCOL_STATE].p == NULL)
        q->attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    return ok;
}
