/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_COMMANDS_H
#define POSTLATCH_CLI_COMMANDS_H

#include "cli.h"

#include "postlatch/buf.h"

#include <stdio.h>

/*
 * The tables of commands and options, main.c. Their texts are read by people and by completion:
 * usage names each option and what follows it, "[--host FILE | --no-host]"; words in capitals stand
 * for something (FILE, PATH, LOG, OLD and NEW for files, ATTR=VALUE for attributes), others are
 * themselves. help has a line for each option, "    --host FILE  what it does", which may go on in
 * lines that begin further right.
 */
struct command {
    const char *name;
    int (*run)(const struct arguments *a); /* NULL: of a later version */
    unsigned takes;
    const char *usage, *summary, *help;
};

struct option {
    const char *name;
    unsigned taken_by; /* 0: all commands */
    size_t at;         /* in struct arguments */
};

/* command_at - the commands of this version in order; NULL behind the last */
const struct command *command_at(size_t i);

/* option_at - the options of a command in order, --help not among them; NULL behind the last */
const struct option *option_at(const struct command *c, size_t i, bool *has_value);

enum { HELP_WIDTH = 80 };

/* help_print - what --help of a command says, no line wider than HELP_WIDTH columns */
void help_print(const struct command *c, FILE *out);

/*
 * help_find_option - what help says of an option, as one line: the first sentence or part of it
 *
 * out      appended to out; nothing if help says nothing
 */
void help_find_option(const struct command *c, const char *option, struct pl_buf *out);

/* usage_next - the next word of a usage text, without brackets and bars; false at the end */
bool usage_next(struct pl_str *rest, struct pl_str *word);

#endif
