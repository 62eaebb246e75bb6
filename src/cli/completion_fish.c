/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion for fish, 3.0 or later. */
#include "completion.h"

#include "postlatch/buf.h"

static void print_quoted(FILE *out, struct pl_str text)
{
    fputc('\'', out);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'' || text.p[i] == '\\')
            fputc('\\', out);
        fputc(text.p[i], out);
    }
    fputc('\'', out);
}

/* A line that holds once the command is given. */
static void begin_line(const struct command *c, FILE *out)
{
    fprintf(out, "complete -c postlatch -n '__postlatch_command %s'", c->name);
}

static void print_option(const struct command *c, const struct option *o, bool has_value, FILE *out)
{
    enum value_kind kind = completion_value(c, o, has_value);
    bool is_long = o->name[1] == '-';
    struct pl_buf text = {0};

    completion_describe(c, o, &text);
    begin_line(c, out);
    fprintf(out, " -%c %s", is_long ? 'l' : 's', o->name + (is_long ? 2 : 1));
    fputs(kind == VALUE_NONE ? "" : kind == VALUE_FILE ? " -r -F" : " -x", out);
    if (text.n > 0) {
        fputs(" -d ", out);
        print_quoted(out, pl_buf_str(&text));
    }
    fputc('\n', out);
    pl_buf_fini(&text);
}

static void print_command(const struct command *c, FILE *out)
{
    struct pl_str rest = pl_str_of(c->usage), word;
    const struct option *o;
    enum value_kind kind;
    bool has_value;

    fprintf(out, "complete -c postlatch -n 'test (count (commandline -opc)) -eq 1' -a %s -d ",
            c->name);
    print_quoted(out, pl_str_of(c->summary));
    fputc('\n', out);
    begin_line(c, out);
    fputs(" -l help -d 'what it does'\n", out);
    for (size_t i = 0; (o = option_at(c, i, &has_value)) != NULL; i++)
        print_option(c, o, has_value, out);
    while ((kind = completion_word(c, &rest, &word)) != VALUE_NONE) {
        if (kind == VALUE_TEXT)
            continue;
        begin_line(c, out);
        if (kind == VALUE_FILE) {
            fputs(" -F", out);
        } else if (kind == VALUE_WORD) {
            fprintf(out, " -a %.*s", (int)word.n, word.p);
        } else {
            fputs(" -a '", out);
            completion_attributes(out);
            fputc('\'', out);
        }
        fputc('\n', out);
    }
}

void completion_fish(FILE *out)
{
    const struct command *c;

    fputs("# fish completion for postlatch, made by: postlatch completion fish\n"
          "function __postlatch_command -a name\n"
          "    set -l words (commandline -opc)\n"
          "    test (count $words) -gt 1; and test $words[2] = $name\n"
          "end\n"
          "complete -c postlatch -f\n"
          "complete -c postlatch -n 'test (count (commandline -opc)) -eq 1' -l help\n"
          "complete -c postlatch -n 'test (count (commandline -opc)) -eq 1' -l version\n",
          out);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        print_command(c, out);
}
