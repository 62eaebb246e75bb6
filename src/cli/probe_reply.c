/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies of an SMTP server that may send anything: read a byte at a time, bounded as a whole. */
#include "probe_reply.h"

#include <string.h>

/* The line that ends with text[n], a line feed. */
static enum smtp_take take_line(struct smtp_reply *r, const char **why)
{
    const char *p = r->text + r->line;
    size_t n = r->n - r->line - 1;
    unsigned code;

    if (n > 0 && p[n - 1] == '\r')
        n--;
    if (n < 3 || p[0] < '2' || p[0] > '5' || !pl_ascii_is_digit(p[1]) || !pl_ascii_is_digit(p[2]) ||
        (n > 3 && p[3] != ' ' && p[3] != '-')) {
        *why = "a reply that does not begin with a code";
        return SMTP_BAD;
    }
    code = (unsigned)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
    if (r->line > 0 && code != r->code) {
        *why = "a reply with two codes";
        return SMTP_BAD;
    }
    r->code = code;
    if (n == 3 || p[3] == ' ')
        return SMTP_DONE;
    r->line = r->n;
    return SMTP_MORE;
}

enum smtp_take smtp_reply_take(struct smtp_reply *r, char c, const char **why)
{
    if (r->n == SMTP_REPLY_MAX) {
        *why = "a reply that does not end";
        return SMTP_BAD;
    }
    r->text[r->n++] = c;
    return c == '\n' ? take_line(r, why) : SMTP_MORE;
}

bool smtp_reply_has(const struct smtp_reply *r, struct pl_str word)
{
    struct pl_str rest = {r->text, r->n};

    while (rest.n > 0) {
        size_t end = pl_str_find(rest, '\n');
        struct pl_str line = {rest.p, end};

        rest = pl_str_from(rest, end < rest.n ? end + 1 : end);
        if (line.p == r->text || line.n < 4)
            continue; /* the first line is a greeting */
        line = pl_str_from(line, 4);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (pl_str_has_prefix_fold(line, word) && (line.n == word.n || line.p[word.n] == ' '))
            return true;
    }
    return false;
}

struct pl_str smtp_reply_last(const struct smtp_reply *r)
{
    struct pl_str line = {r->text + r->line, r->n - r->line};

    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    return line;
}

bool smtp_reply_speaks_of(const struct smtp_reply *r, struct pl_str word)
{
    for (size_t i = 0; i + word.n <= r->n; i++) {
        if (pl_str_has_prefix_fold((struct pl_str){r->text + i, r->n - i}, word))
            return true;
    }
    return false;
}
