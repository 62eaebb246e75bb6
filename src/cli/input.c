/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions from standard input: what Postfix sent, or what the daemon logged about it. */
#include "input.h"

#include "cli.h"

#include "postlatch/json.h"
#include "postlatch/logline.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1024 * 1024 };

/* Keys of the log line and the attributes they stand for (postlatchd(8), "LOG LINES"). */
static const struct {
    const char *key;
    enum pl_attr attr;
} log_keys[] = {
#define X(key, id) {key, PL_ATTR_##id},
    PL_LOGLINE_TABLE(X)
#undef X
};

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

/* The value behind a key of the log, escapes undone in place. */
static void take_log_value(struct pl_query *q, struct pl_str key, char *value)
{
    struct pl_str s = pl_str_of(value);
    size_t colon;

    for (size_t i = 0; i < sizeof(log_keys) / sizeof(log_keys[0]); i++) {
        if (!pl_str_eq(pl_str_of(log_keys[i].key), key))
            continue;
        if (pl_str_eq(s, pl_str_lit("-")))
            return;
        if (s.n > 3 && strcmp(value + s.n - 3, "...") == 0)
            trouble("note: the log has only the beginning of %.*s", (int)key.n, key.p);
        if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
            s = (struct pl_str){s.p + 1, s.n - 2};
        s.n = pl_unescape(value, s);
        s.p = value;
        if (log_keys[i].attr == PL_ATTR_SERVER_ADDRESS) { /* address:port, IPv6 in brackets */
            colon = pl_str_rfind(s, ':');
            if (colon < s.n)
                q->attr[PL_ATTR_SERVER_PORT] = pl_str_from(s, colon + 1);
            s.n = colon;
            if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
                s = (struct pl_str){s.p + 1, s.n - 2};
        }
        q->attr[log_keys[i].attr] = s;
        return;
    }
}

/* key=value key=value … behind "decision ". */
static void take_log_line(struct pl_query *q, char *line)
{
    char *word;

    line[strcspn(line, "\r\n")] = '\0';
    while ((word = strsep(&line, " ")) != NULL) {
        char *equals = strchr(word, '=');

        if (equals != NULL)
            take_log_value(q, (struct pl_str){word, (size_t)(equals - word)}, equals + 1);
    }
}

static bool take_json_line(struct pl_query *q, struct pl_buf *input, const char *start)
{
    struct pl_json *object = pl_json_parse((struct pl_str){start, strcspn(start, "\r\n")});
    struct pl_buf copies = {0};
    size_t at[sizeof(log_keys) / sizeof(log_keys[0])];

    if (object == NULL || pl_json_get(object, "client") == NULL) {
        pl_json_free(object);
        trouble("standard input: neither a request nor a decision line of the log");
        return false;
    }
    /* All values in one buffer first, as it moves while it grows. */
    for (size_t i = 0; i < sizeof(log_keys) / sizeof(log_keys[0]); i++) {
        const char *value = pl_json_get(object, log_keys[i].key);

        at[i] = copies.n;
        pl_buf_add(&copies, pl_str_of(value == NULL ? "-" : value));
        pl_buf_add_char(&copies, '\0');
    }
    pl_json_free(object);
    if (copies.failed) {
        pl_buf_fini(&copies);
        trouble("out of memory");
        return false;
    }
    pl_buf_fini(input);
    *input = copies;
    for (size_t i = 0; i < sizeof(log_keys) / sizeof(log_keys[0]); i++)
        take_log_value(q, pl_str_of(log_keys[i].key), input->p + at[i]);
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
    char *decision, *brace, *line_end;
    bool ok = true;

    memset(q, 0, sizeof(*q));
    if (!read_all(input))
        return false;
    if (input->n == 0 || strlen(input->p) != input->n) {
        trouble("standard input: %s; expected a request or a decision line of the log",
                input->n == 0 ? "it is empty" : "it holds a NUL byte");
        return false;
    }
    decision = strstr(input->p, "decision action=");
    brace = strstr(input->p, "{\"action\"");
    line_end =
        input->p + strcspn(input->p, "\n"); /* a request may hold the same words further on */
    if (decision != NULL && decision < line_end)
        take_log_line(q, decision);
    else if (brace != NULL && brace < line_end)
        ok = take_json_line(q, input, brace);
    else
        ok = take_request(q, input->p);
    if (ok && q->attr[PL_ATTR_PROTOCOL_STATE].p == NULL)
        q->attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    return ok;
}
