/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch completion: what shells are told of the commands, all of it out of the tables in main.c. */
#include "completion.h"

#include "postlatch/attr.h"
#include "postlatch/buf.h"
#include "postlatch/quote.h"

#include <string.h>

static const struct {
    const char *name;
    void (*print)(FILE *out);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

/* Words of usage texts that stand for a file. */
static const char *const files[] = {"FILE", "PATH", "DIR", "LOG", "OLD", "NEW"};

static enum value_kind kind_of(struct pl_str word)
{
    if (pl_str_has_prefix(word, pl_str_lit("ATTR=VALUE")))
        return VALUE_ATTRIBUTE;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (pl_str_eq(word, pl_str_of(files[i])))
            return VALUE_FILE;
    }
    for (size_t i = 0; i < word.n; i++) {
        if (pl_ascii_lower(word.p[i]) != word.p[i] || !pl_ascii_is_alpha(word.p[i]))
            return VALUE_TEXT;
    }
    return VALUE_WORD;
}

enum value_kind completion_value(const struct command *c, const struct option *o, bool has_value)
{
    struct pl_str rest = pl_str_of(c->usage), word, name = pl_str_of(o->name);

    if (!has_value)
        return VALUE_NONE;
    if (strcmp(o->name, "-c") == 0)
        return VALUE_FILE;
    while (usage_next(&rest, &word)) {
        if (pl_str_eq(word, name) && usage_next(&rest, &word))
            return kind_of(word);
    }
    return VALUE_TEXT;
}

/* Whether a value follows the option that a usage text names. */
static bool takes_value(const struct command *c, struct pl_str name)
{
    const struct option *o;
    bool has_value;

    for (size_t i = 0; (o = option_at(c, i, &has_value)) != NULL; i++) {
        if (pl_str_eq(name, pl_str_of(o->name)))
            return has_value;
    }
    return false;
}

enum value_kind completion_word(const struct command *c, struct pl_str *rest, struct pl_str *word)
{
    while (usage_next(rest, word)) {
        if (word->p[0] != '-')
            return kind_of(*word);
        if (takes_value(c, *word))
            usage_next(rest, word);
    }
    return VALUE_NONE;
}

void completion_describe(const struct command *c, const struct option *o, struct pl_buf *out)
{
    if (strcmp(o->name, "-c") == 0)
        pl_buf_add(out, pl_str_lit("the configuration"));
    else if (strcmp(o->name, "--json") == 0)
        pl_buf_add(out, pl_str_lit("print JSON"));
    else
        help_find_option(c, o->name, out);
}

void completion_attributes(FILE *out)
{
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (i != PL_ATTR_REQUEST)
            fprintf(out, " %s=", pl_attr_name((enum pl_attr)i));
    }
}

int cmd_completion(const struct arguments *a)
{
    struct pl_quote q;

    if (a->count != 1)
        return trouble("completion: expected bash, zsh or fish");
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(a->words[0], shells[i].name) == 0) {
            shells[i].print(stdout);
            return EXIT_FINE;
        }
    }
    return trouble("completion: %s: expected bash, zsh or fish",
                   pl_quote(&q, pl_str_of(a->words[0])));
}
