/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_COMPLETION_H
#define POSTLATCH_CLI_COMPLETION_H

#include "commands.h"

#include <stdio.h>

/* What can follow an option, or stand as a word of a command. */
enum value_kind { VALUE_NONE, VALUE_TEXT, VALUE_FILE, VALUE_ATTRIBUTE, VALUE_WORD };

/* completion_value - what follows an option, by the usage of a command */
enum value_kind completion_value(const struct command *c, const struct option *o, bool has_value);

/*
 * completion_word - the next word that a command takes, by its usage
 *
 * in       *rest: c->usage at first
 * returns  VALUE_NONE at the end
 */
enum value_kind completion_word(const struct command *c, struct pl_str *rest, struct pl_str *word);

/* completion_describe - what an option does, for people; appended to out */
void completion_describe(const struct command *c, const struct option *o, struct pl_buf *out);

/* completion_attributes - print all attributes, "name=" each, between blanks */
void completion_attributes(FILE *out);

/* A script for each shell. */
void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

#endif
