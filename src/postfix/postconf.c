/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters and lists as Postfix prints and splits them. */
#include "postlatch/postconf.h"

#include "postlatch/buf.h"
#include "postlatch/quote.h"

#include <stdlib.h>

void pl_postconf_fini(struct pl_postconf *pc)
{
    free(pc->params);
    *pc = (struct pl_postconf){0};
}

bool pl_postconf_add(struct pl_postconf *pc, struct pl_str name, struct pl_str value)
{
    struct pl_postconf_param *params =
        pl_grow(pc->params, &pc->cap, pc->count, sizeof(*pc->params));

    if (params == NULL)
        return false;
    pc->params = params;
    pc->params[pc->count++] = (struct pl_postconf_param){name, value};
    return true;
}

static int by_name(const void *a, const void *b)
{
    return pl_str_cmp(((const struct pl_postconf_param *)a)->name,
                      ((const struct pl_postconf_param *)b)->name);
}

void pl_postconf_sort(struct pl_postconf *pc)
{
    if (pc->count > 0)
        qsort(pc->params, pc->count, sizeof(*pc->params), by_name);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A name as Postfix takes one: anything without blanks, here without '=' as well. */
static bool is_name(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_print(s.p[i]) || s.p[i] == ' ')
            return false;
    }
    return s.n > 0;
}

/* Names that come twice; the parameters are sorted. */
static void note_twice(const struct pl_postconf *pc, uint32_t file, struct pl_diag *d)
{
    struct pl_quote q;

    for (size_t i = 1; i < pc->count; i++) {
        if (pl_str_eq(pc->params[i].name, pc->params[i - 1].name))
            pl_diag_error(d, (struct pl_pos){file, 0}, "%s comes twice; expected it once",
                          pl_quote(&q, pc->params[i].name));
    }
}

bool pl_postconf_read(struct pl_postconf *pc, struct pl_str text, const char *source,
                      struct pl_diag *d)
{
    size_t before = pl_diag_errors(d);
    struct pl_pos at = {pl_diag_file(d, source), 0};
    struct pl_quote q;

    while (text.n > 0) {
        struct pl_str line = {text.p, pl_str_find(text, '\n')};
        size_t equals = pl_str_find(line, '=');
        struct pl_str name = pl_str_trim((struct pl_str){line.p, equals});

        at.line++;
        text = pl_str_from(text, line.n < text.n ? line.n + 1 : line.n);
        if (equals == line.n || !is_name(name))
            pl_diag_error(d, at, "%s; expected a parameter: name = value", pl_quote(&q, line));
        else if (!pl_postconf_add(pc, name, pl_str_trim(pl_str_from(line, equals + 1))))
            pl_diag_no_memory(d);
    }
    pl_postconf_sort(pc);
    note_twice(pc, at.file, d);
    return pl_diag_errors(d) == before;
}

const struct pl_postconf_param *pl_postconf_find(const struct pl_postconf *pc, const char *name)
{
    struct pl_postconf_param key = {pl_str_of(name), {NULL, 0}};

    if (pc->count == 0)
        return NULL;
    return bsearch(&key, pc->params, pc->count, sizeof(*pc->params), by_name);
}

struct pl_str pl_postconf_value(const struct pl_postconf *pc, const char *name)
{
    const struct pl_postconf_param *p = pl_postconf_find(pc, name);

    return p != NULL ? p->value : (struct pl_str){NULL, 0};
}

static bool separates(char c)
{
    return is_blank(c) || c == ',' || c == '\r' || c == '\n';
}

bool pl_postfix_word(struct pl_str *rest, struct pl_str *word)
{
    size_t n = 0, depth = 0;

    while (rest->n > 0 && separates(rest->p[0]))
        *rest = pl_str_from(*rest, 1);
    while (n < rest->n && (depth > 0 || !separates(rest->p[n]))) {
        depth += rest->p[n] == '{';
        depth -= depth > 0 && rest->p[n] == '}';
        n++;
    }
    *word = (struct pl_str){rest->p, n};
    *rest = pl_str_from(*rest, n);
    return n > 0;
}

bool pl_postfix_unbrace(struct pl_str word, struct pl_str *inner)
{
    size_t depth = 0;

    if (word.n < 2 || word.p[0] != '{' || word.p[word.n - 1] != '}')
        return false;
    for (size_t i = 0; i < word.n; i++) {
        depth += word.p[i] == '{';
        depth -= word.p[i] == '}';
        if (depth == 0 && i + 1 < word.n)
            return false;
    }
    if (depth != 0)
        return false;
    *inner = pl_str_trim((struct pl_str){word.p + 1, word.n - 2});
    return true;
}

bool pl_postfix_seconds(struct pl_str text, unsigned long *seconds)
{
    static const struct {
        char letter;
        unsigned long seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    enum { MOST = 1000000000 };
    unsigned long unit = 1, number;

    for (size_t i = 0; text.n > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (pl_ascii_lower(text.p[text.n - 1]) == units[i].letter) {
            unit = units[i].seconds;
            text.n--;
            break;
        }
    }
    while (text.n > 1 && text.p[0] == '0')
        text = pl_str_from(text, 1);
    if (!pl_str_to_number(text, 0, MOST, &number) || number > MOST / unit)
        return false;
    *seconds = number * unit;
    return true;
}

bool pl_match_next(struct pl_str *rest, struct pl_match_entry *entry)
{
    struct pl_str text;

    if (!pl_postfix_word(rest, &text))
        return false;
    *entry = (struct pl_match_entry){.kind = PL_MATCH_VALUE};
    while (text.n > 0 && text.p[0] == '!') {
        entry->negated = !entry->negated;
        text = pl_str_from(text, 1);
    }
    entry->text = text;
    if (text.n == 0)
        return true;
    if (text.p[0] == '/')
        entry->kind = PL_MATCH_FILE;
    else if (text.p[0] != '[' && pl_str_find(text, ':') < text.n)
        entry->kind = PL_MATCH_TABLE;
    else if (text.p[0] == '.')
        entry->kind = PL_MATCH_PARENT;
    return true;
}
