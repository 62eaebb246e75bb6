/* SPDX-License-Identifier: BSD-2-Clause */
/* The text that Postfix's tables are made of. */
#include "postlatch/mapsource.h"

#include "postlatch/compiler.h"

#include <stdio.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The line at the beginning of rest, without its end. */
static struct pl_str first_line(struct pl_str rest)
{
    return (struct pl_str){rest.p, pl_str_find(rest, '\n')};
}

static void skip_line(struct pl_str *rest, unsigned *line)
{
    size_t n = pl_str_find(*rest, '\n');

    *rest = pl_str_from(*rest, n < rest->n ? n + 1 : n);
    ++*line;
}

/* Nothing but blanks, or a comment. */
static bool says_nothing(struct pl_str line)
{
    while (line.n > 0 && is_blank(line.p[0]))
        line = pl_str_from(line, 1);
    return line.n == 0 || line.p[0] == '#';
}

/* Goes on with the lines that belong to the one before, if there are such. */
static void skip_more(struct pl_str *rest, unsigned *line)
{
    struct pl_str ahead = *rest;
    unsigned at = *line;

    while (ahead.n > 0) {
        bool nothing = says_nothing(first_line(ahead));

        if (!nothing && !is_blank(ahead.p[0]))
            return;
        skip_line(&ahead, &at);
        if (!nothing) {
            *rest = ahead;
            *line = at;
        }
    }
}

/* Without blanks and line ends at its end. */
static struct pl_str trim_end(struct pl_str s)
{
    while (s.n > 0 && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\n'))
        s.n--;
    return s;
}

bool pl_mapsource_next(struct pl_str *rest, unsigned *line, struct pl_map_row *row)
{
    struct pl_str all;
    size_t n = 0;

    while (rest->n > 0 && says_nothing(first_line(*rest)))
        skip_line(rest, line);
    if (rest->n == 0)
        return false;
    row->line = *line + 1;
    all.p = rest->p;
    skip_line(rest, line);
    skip_more(rest, line);
    all = trim_end((struct pl_str){all.p, (size_t)(rest->p - all.p)});
    while (is_blank(all.p[0])) /* a first line that nothing goes before */
        all = pl_str_from(all, 1);
    while (n < all.n && !is_blank(all.p[n]) && all.p[n] != '\n')
        n++;
    row->key = (struct pl_str){all.p, n};
    row->value = pl_str_from(all, n);
    while (row->value.n > 0 && (is_blank(row->value.p[0]) || row->value.p[0] == '\n'))
        row->value = pl_str_from(row->value, 1);
    return true;
}

/* One row a word of access(5). */
static const struct word {
    const char *name;
    enum pl_access access;
} words[] = {
    {"OK", PL_ACCESS_GRANT},
    {"RELAY", PL_ACCESS_GRANT},
    {"PERMIT", PL_ACCESS_GRANT},
    {"DISCARD", PL_ACCESS_GRANT},
    {"REJECT", PL_ACCESS_REFUSE},
    {"DEFER", PL_ACCESS_REFUSE},
    {"DEFER_IF_PERMIT", PL_ACCESS_REFUSE},
    {"HANGUP", PL_ACCESS_REFUSE},
    {"DUNNO", PL_ACCESS_NONE},
    {"WARN", PL_ACCESS_NONE},
    {"INFO", PL_ACCESS_NONE},
    {"HOLD", PL_ACCESS_NONE},
    {"PREPEND", PL_ACCESS_NONE},
    {"FILTER", PL_ACCESS_NONE},
    {"REDIRECT", PL_ACCESS_NONE},
    {"BCC", PL_ACCESS_NONE},
    {"DEFER_IF_REJECT", PL_ACCESS_NONE},
};

static bool all_digits(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_digit(s.p[i]))
            return false;
    }
    return true;
}

enum pl_access pl_access_of(struct pl_str value)
{
    struct pl_str word = {value.p, 0};

    value = pl_str_trim(value);
    word.p = value.p;
    while (word.n < value.n && !is_blank(value.p[word.n]) && value.p[word.n] != '\n')
        word.n++;
    if (all_digits(value)) /* the empty one too: Postfix warns, and permits */
        return PL_ACCESS_GRANT;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (pl_str_eq_fold(word, pl_str_of(words[i].name)))
            return words[i].access;
    }
    if (word.n >= 3 && all_digits((struct pl_str){word.p, 3}) &&
        (word.p[0] == '4' || word.p[0] == '5') && (word.n == 3 || word.p[3] == '.'))
        return PL_ACCESS_REFUSE;
    return PL_ACCESS_OTHER;
}

/* How often c stands in s. */
static size_t count_of(struct pl_str s, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

bool pl_access_network(struct pl_str key, struct pl_prefix *prefix)
{
    enum { ROOM = 64 };
    char text[ROOM];
    size_t dots = count_of(key, '.'), colons = count_of(key, ':');

    if (pl_addr_parse(&prefix->addr, key)) {
        prefix->len = (uint8_t)pl_addr_bits(&prefix->addr);
        return true;
    }
    if (key.n == 0 || key.n >= ROOM - 8)
        return false;
    if (colons > 0) {
        snprintf(text, sizeof(text), "%.*s::", (int)key.n, key.p);
        prefix->len = (uint8_t)(16 * (colons + 1));
        return colons < 7 && pl_addr_parse(&prefix->addr, pl_str_of(text));
    }
    if (dots > 2)
        return false;
    snprintf(text, sizeof(text), "%.*s%s", (int)key.n, key.p,
             dots == 0   ? ".0.0.0"
             : dots == 1 ? ".0.0"
                         : ".0");
    prefix->len = (uint8_t)(8 * (dots + 1));
    return pl_addr_parse(&prefix->addr, pl_str_of(text));
}
