/* SPDX-License-Identifier: BSD-2-Clause */
/* The help of a command: texts of the table in main.c, filled into lines for a screen. */
#include "commands.h"

#include "postlatch/buf.h"

#include <stdio.h>
#include <string.h>

enum { ITEM = 4, DEEPEST = 24 };

/* UTF-8: bytes that begin no character take no column. */
static size_t columns(struct pl_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static struct pl_str take_line(struct pl_str *rest)
{
    struct pl_str line = {rest->p, pl_str_find(*rest, '\n')};

    *rest = pl_str_from(*rest, line.n < rest->n ? line.n + 1 : line.n);
    return line;
}

static size_t indent_of(struct pl_str line)
{
    size_t n = 0;

    while (n < line.n && line.p[n] == ' ')
        n++;
    return n;
}

/* Where the text of an item stands: behind the first two blanks within it. */
static size_t find_hang(struct pl_str item)
{
    for (size_t i = ITEM; i + 2 < item.n; i++) {
        if (item.p[i] == ' ' && item.p[i + 1] == ' ') {
            while (i < item.n && item.p[i] == ' ')
                i++;
            return i <= DEEPEST ? i : DEEPEST;
        }
    }
    return 2 * ITEM;
}

/* The part of text that goes into one line: up to a blank outside of brackets. */
static size_t fit(struct pl_str text, size_t width)
{
    size_t found = text.n;
    int depth = 0;

    if (columns(text) <= width)
        return text.n;
    for (size_t i = 1; i < text.n; i++) {
        depth += text.p[i - 1] == '[' ? 1 : text.p[i - 1] == ']' ? -1 : 0;
        if (text.p[i] != ' ' || depth > 0)
            continue;
        if (columns((struct pl_str){text.p, i}) > width)
            return found < text.n ? found : i;
        found = i;
    }
    return found;
}

static void print_filled(FILE *out, struct pl_str text, size_t hang)
{
    size_t width = HELP_WIDTH, indent = 0;

    while (text.n > 0) {
        size_t n = fit(text, width);

        fprintf(out, "%*s%.*s\n", (int)indent, "", (int)n, text.p);
        text = pl_str_trim(pl_str_from(text, n));
        indent = hang;
        width = HELP_WIDTH - hang;
    }
}

/* Whether a line goes on with the paragraph or item in front of it. */
static bool goes_on(struct pl_str line, bool in_item)
{
    if (pl_str_has_prefix(line, pl_str_lit("Exit status")))
        return false;
    return in_item ? indent_of(line) > ITEM : indent_of(line) == 0;
}

static void print_text(FILE *out, struct pl_str rest)
{
    while (rest.n > 0) {
        struct pl_str line = take_line(&rest);
        bool item = indent_of(line) > 0;
        struct pl_buf text = {0};

        pl_buf_add(&text, line);
        while (rest.n > 0) {
            struct pl_str after = rest, next = take_line(&after);

            if (!goes_on(next, item))
                break;
            pl_buf_add_char(&text, ' ');
            pl_buf_add(&text, pl_str_trim(next));
            rest = after;
        }
        print_filled(out, pl_buf_str(&text), item ? find_hang(line) : 0);
        pl_buf_fini(&text);
    }
}

void help_print(const struct command *c, FILE *out)
{
    struct pl_buf usage = {0};
    struct pl_str rest = pl_str_of(c->usage);

    pl_buf_addf(&usage, "usage: postlatch %s [-c FILE] [--json]", c->name);
    while (rest.n > 0) {
        pl_buf_add_char(&usage, ' ');
        pl_buf_add(&usage, pl_str_trim(take_line(&rest)));
    }
    print_filled(out, pl_buf_str(&usage), sizeof("usage:"));
    pl_buf_fini(&usage);
    fputc('\n', out);
    print_text(out, pl_str_of(c->help));
}

bool usage_next(struct pl_str *rest, struct pl_str *word)
{
    size_t n = 0;

    while (rest->n > 0 && strchr(" \n[]|", rest->p[0]) != NULL)
        *rest = pl_str_from(*rest, 1);
    while (n < rest->n && strchr(" \n[]|", rest->p[n]) == NULL)
        n++;
    *word = (struct pl_str){rest->p, n};
    *rest = pl_str_from(*rest, n);
    return n > 0;
}

void help_find_option(const struct command *c, const char *option, struct pl_buf *out)
{
    struct pl_str rest = pl_str_of(c->help), name = pl_str_of(option);
    bool within = false;

    while (rest.n > 0) {
        struct pl_str line = take_line(&rest), text = pl_str_trim(line);

        if (indent_of(line) <= ITEM) {
            size_t hang = find_hang(line);

            if (within)
                return;
            within = indent_of(line) == ITEM && pl_str_has_prefix(text, name) && text.n > name.n &&
                     text.p[name.n] == ' ';
            text = pl_str_trim(pl_str_from(line, hang < line.n ? hang : line.n));
        }
        if (!within)
            continue;
        if (out->n > 0)
            pl_buf_add_char(out, ' ');
        for (size_t i = 0; i < text.n; i++) {
            bool ends = i + 1 < text.n && text.p[i + 1] == ' ';

            if (ends && strchr(";:.", text.p[i]) != NULL)
                return;
            pl_buf_add_char(out, text.p[i]);
        }
    }
}
