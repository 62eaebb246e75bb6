/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion for zsh, 5 or later: a file _postlatch in a folder of fpath, or to be sourced. */
#include "completion.h"

#include "postlatch/buf.h"

#include <string.h>

/* Text within single quotes, and what _arguments and _describe would read in it behind a backslash. */
static void print_quoted(FILE *out, struct pl_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", text.p[i]) != NULL)
            fprintf(out, "\\%c", text.p[i]);
        else
            fputc(text.p[i], out);
    }
}

static void print_option(const struct command *c, const struct option *o, bool has_value, FILE *out)
{
    enum value_kind kind = completion_value(c, o, has_value);
    struct pl_buf text = {0};

    completion_describe(c, o, &text);
    fprintf(out, " \\\n            '%s", o->name);
    if (text.n > 0) {
        fputc('[', out);
        print_quoted(out, pl_buf_str(&text));
        fputc(']', out);
    }
    fprintf(out, "%s'", kind == VALUE_NONE ? "" : kind == VALUE_FILE ? ":file:_files" : ":value: ");
    pl_buf_fini(&text);
}

static void print_command(const struct command *c, FILE *out)
{
    struct pl_str rest = pl_str_of(c->usage), word;
    bool has_value, attributes = false, files = false;
    struct pl_buf words = {0};
    const struct option *o;
    enum value_kind kind;

    fprintf(out, "    %s)\n        _arguments '--help[what it does]'", c->name);
    for (size_t i = 0; (o = option_at(c, i, &has_value)) != NULL; i++)
        print_option(c, o, has_value, out);
    while ((kind = completion_word(c, &rest, &word)) != VALUE_NONE) {
        attributes |= kind == VALUE_ATTRIBUTE;
        files |= kind == VALUE_FILE;
        if (kind == VALUE_WORD)
            pl_buf_addf(&words, "%s%.*s", words.n > 0 ? " " : "", (int)word.n, word.p);
    }
    if (attributes)
        fputs(" \\\n            '*:attribute:_postlatch_attributes'", out);
    else if (files)
        fputs(" \\\n            '*:file:_files'", out);
    else if (words.n > 0)
        fprintf(out, " \\\n            '1:word:(%s)'", words.p);
    fputs("\n        ;;\n", out);
    pl_buf_fini(&words);
}

void completion_zsh(FILE *out)
{
    const struct command *c;

    fputs("#compdef postlatch\n"
          "# zsh completion for postlatch, made by: postlatch completion zsh\n"
          "_postlatch_attributes() {\n"
          "    compset -P '*=' && return 1\n"
          "    compadd -S '' --",
          out);
    completion_attributes(out);
    fputs("\n}\n"
          "_postlatch() {\n"
          "    local -a commands=(\n",
          out);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        fprintf(out, "        '%s:", c->name);
        print_quoted(out, pl_str_of(c->summary));
        fputs("'\n", out);
    }
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        if [[ $PREFIX == -* ]]; then\n"
          "            compadd -- --help --version\n"
          "        else\n"
          "            _describe -t commands command commands\n"
          "        fi\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $words[1] in\n",
          out);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        print_command(c, out);
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _postlatch ]]; then\n"
          "    _postlatch \"$@\"\n"
          "else\n"
          "    compdef _postlatch postlatch\n"
          "fi\n",
          out);
}
