/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion for bash, 4.0 or later; needs no library of functions. */
#include "completion.h"

static const char begin[] =
    "# bash completion for postlatch, made by: postlatch completion bash\n"
    "_postlatch()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local options='' files='' texts='' words='' names=''\n"
    "    COMPREPLY=()\n"
    "    case ${COMP_WORDS[1]} in\n";

static const char end[] = "    esac\n"
                          "    if ((COMP_CWORD == 1)); then\n"
                          "        options='--help --version'\n"
                          "        words=$commands names=''\n"
                          "    elif [[ $cur == = || $prev == = ]]; then\n"
                          "        return # the value of an attribute\n"
                          "    elif [[ $files == *\" $prev \"* ]]; then\n"
                          "        names=yes options='' words=''\n"
                          "    elif [[ $texts == *\" $prev \"* ]]; then\n"
                          "        return\n"
                          "    fi\n"
                          "    if [[ $cur == -* ]]; then\n"
                          "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
                          "        return\n"
                          "    fi\n"
                          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"; [[ -z "
                          "$names ]] || compgen -f -- "
                          "\"$cur\")\n"
                          "    [[ -z $names ]] || compopt -o filenames 2>/dev/null\n"
                          "    [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
                          "}\n"
                          "complete -F _postlatch postlatch\n";

/* The options of a command that a value of one kind follows, between blanks. */
static void print_options(const struct command *c, enum value_kind kind, FILE *out)
{
    const struct option *o;
    bool has_value;

    for (size_t i = 0; (o = option_at(c, i, &has_value)) != NULL; i++) {
        if (completion_value(c, o, has_value) == kind)
            fprintf(out, " %s", o->name);
    }
}

static void print_command(const struct command *c, FILE *out)
{
    struct pl_str rest = pl_str_of(c->usage), word;
    const struct option *o;
    enum value_kind kind;
    bool has_value;

    fprintf(out, "    %s)\n        options='--help", c->name);
    for (size_t i = 0; (o = option_at(c, i, &has_value)) != NULL; i++)
        fprintf(out, " %s", o->name);
    fputs("'\n        files='", out);
    print_options(c, VALUE_FILE, out);
    fputs(" '\n        texts='", out);
    print_options(c, VALUE_TEXT, out);
    fputs(" '\n", out);
    while ((kind = completion_word(c, &rest, &word)) != VALUE_NONE) {
        if (kind == VALUE_FILE) {
            fputs("        names=yes\n", out);
        } else if (kind == VALUE_WORD) {
            fprintf(out, "        words+=' %.*s'\n", (int)word.n, word.p);
        } else if (kind == VALUE_ATTRIBUTE) {
            fputs("        words+='", out);
            completion_attributes(out);
            fputs("'\n", out);
        }
    }
    fputs("        ;;\n", out);
}

void completion_bash(FILE *out)
{
    const struct command *c;

    fputs(begin, out);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        print_command(c, out);
    fputs("    esac\n    local commands='", out);
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", c->name);
    fputs("'\n", out);
    fputs(end + sizeof("    esac\n") - 1, out);
}
