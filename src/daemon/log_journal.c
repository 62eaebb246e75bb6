/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal's native protocol. Fields are taken out of the line of a decision, in the log's thread:
 * a worker writes the line and knows nothing of it. The line is our own, so its form is certain: no
 * value holds a blank or a quote, and in JSON a backslash is doubled. Cost: one pass over the line.
 */
#include "log_journal.h"

#include "postlatch/compiler.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

size_t log_journal_head(char out[LOG_JOURNAL_HEAD], int priority, int facility, const char *tag)
{
    int n = snprintf(out, LOG_JOURNAL_HEAD,
                     "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=",
                     LOG_PRI(priority), LOG_FAC(facility), tag);

    pl_assert(n > 0 && n < LOG_JOURNAL_HEAD);
    return (size_t)n;
}

static char *append(char *to, struct pl_str s)
{
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

/* queue_id becomes POSTLATCH_QUEUE_ID= */
static char *put_name(char *to, struct pl_str key)
{
    to = append(to, pl_str_lit("POSTLATCH_"));
    for (size_t i = 0; i < key.n; i++)
        *to++ = key.p[i] >= 'a' && key.p[i] <= 'z' ? (char)(key.p[i] - 'a' + 'A') : key.p[i];
    *to++ = '=';
    return to;
}

static char *put_field(char *to, struct pl_str key, struct pl_str value, bool json)
{
    bool mail = pl_str_eq(key, pl_str_lit("from")) || pl_str_eq(key, pl_str_lit("to"));

    if (key.n == 0 || pl_str_eq(value, pl_str_lit("-")))
        return to;
    if (mail && value.n > 2)
        value = (struct pl_str){value.p + 1, value.n - 2};
    to = put_name(to, key);
    for (size_t slash; json && (slash = pl_str_find(value, '\\')) + 1 < value.n;
         value = pl_str_from(value, slash + 2))
        to = append(to, (struct pl_str){value.p, slash + 1});
    to = append(to, value);
    *to++ = '\n';
    return to;
}

/* Up to the first c, which is taken away too; all of it if there is none. */
static struct pl_str take_until(struct pl_str *rest, char c)
{
    size_t n = pl_str_find(*rest, c);
    struct pl_str part = {rest->p, n};

    *rest = pl_str_from(*rest, n < rest->n ? n + 1 : n);
    return part;
}

static char *put_text_fields(char *to, struct pl_str rest)
{
    take_until(&rest, ' '); /* decision */
    while (rest.n > 0) {
        struct pl_str value = take_until(&rest, ' '), key = take_until(&value, '=');

        to = put_field(to, key, value, false);
    }
    return to;
}

/* {"key":"value","key":number} */
static char *put_json_fields(char *to, struct pl_str rest)
{
    while (rest.n > 1) {
        struct pl_str key, value;

        take_until(&rest, '"');
        key = take_until(&rest, '"');
        take_until(&rest, ':');
        if (rest.n > 0 && rest.p[0] == '"') {
            take_until(&rest, '"');
            value = take_until(&rest, '"');
        } else {
            value = rest;
            value.n = 0;
            while (value.n < rest.n && rest.p[value.n] >= '0' && rest.p[value.n] <= '9')
                value.n++;
            rest = pl_str_from(rest, value.n);
        }
        to = put_field(to, key, value, true);
    }
    return to;
}

size_t log_journal_fields(char *out, struct pl_str line)
{
    char *to = out;

    *to++ = '\n';
    to = line.n > 0 && line.p[0] == '{' ? put_json_fields(to, line) : put_text_fields(to, line);
    return (size_t)(to - out);
}
