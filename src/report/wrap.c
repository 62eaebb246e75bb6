/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines no wider than the terminal. */
#include "postlatch/wrap.h"

#include "matrix_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/* Where text stands behind the label of an opening or a change, and in a line of the surface. */
enum { LABELLED = 14, SURFACE = 30, ELSE = 4 };

size_t pl_wrap_width(FILE *out)
{
    const char *columns = getenv("COLUMNS");
    unsigned long n = 0;
    struct winsize size;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        n = size.ws_col;
    else if (columns == NULL || !pl_str_to_number(pl_str_of(columns), 1, PL_WRAP_MAX, &n))
        return 0;
    return n < PL_WRAP_MIN ? PL_WRAP_MIN : n;
}

static size_t leading_blanks(struct pl_str line)
{
    size_t n = 0;

    while (n < line.n && line.p[n] == ' ')
        n++;
    return n;
}

static size_t continuation(struct pl_str line)
{
    size_t blanks = leading_blanks(line);

    if (blanks == 2 && line.p[blanks] != '-')
        return SURFACE;
    return blanks == 4 || blanks == LABELLED ? LABELLED : ELSE;
}

static bool begins_with(struct pl_str line, struct pl_str start)
{
    return line.n >= start.n && pl_str_eq((struct pl_str){line.p, start.n}, start);
}

/* Where to break: the last blank within width, else the first one at all; line.n: nowhere. */
static size_t find_break(struct pl_str line, size_t from, size_t width, bool shell)
{
    bool quoted = false;
    size_t found = line.n;

    for (size_t i = 0; i < line.n; i++) {
        if (shell && line.p[i] == '\'')
            quoted = !quoted;
        if (line.p[i] != ' ' || quoted || i < from)
            continue;
        if (text_width((struct pl_str){line.p, i}) > width)
            return found < line.n ? found : i;
        found = i;
    }
    return found;
}

static void print_line(FILE *out, struct pl_str line, size_t width)
{
    size_t indent = continuation(line), done = 0, from = leading_blanks(line);
    bool shell = begins_with(line, pl_str_lit("    example   "));
    size_t room = width - (shell ? 2 : 0);

    if (begins_with(line, pl_str_lit("    ")) && indent == LABELLED)
        from = LABELLED; /* not between a label and its text */
    while (width > 0 && text_width(line) + done > width) {
        size_t at = find_break(line, from, room - done, shell), end = at;

        if (at == line.n)
            break;
        while (end > 0 && line.p[end - 1] == ' ')
            end--;
        fprintf(out, "%*s%.*s%s\n", (int)done, "", (int)end, line.p, shell ? " \\" : "");
        line = pl_str_from(line, at + 1);
        done = indent;
        from = 0;
    }
    fprintf(out, "%*s%.*s\n", (int)done, "", (int)line.n, line.p);
}

void pl_wrap_print(FILE *out, struct pl_str text, size_t width)
{
    while (text.n > 0) {
        size_t n = pl_str_find(text, '\n');

        print_line(out, (struct pl_str){text.p, n}, width);
        text = pl_str_from(text, n < text.n ? n + 1 : n);
    }
}
