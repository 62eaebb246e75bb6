/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_LEX_H
#define POSTLATCH_CONFIG_LEX_H

#include "postlatch/arena.h"
#include "postlatch/diag.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
    TOKEN_WORD,   /* unquoted */
    TOKEN_STRING, /* quoted; text is what the quotes hold, escapes undone */
    TOKEN_OPEN,   /* { */
    TOKEN_CLOSE,  /* } */
    TOKEN_LEFT,   /* ( */
    TOKEN_RIGHT,  /* ) */
    TOKEN_EQUALS, /* = */
    TOKEN_ADD,    /* += */
    TOKEN_COMMA,
    TOKEN_END
};

/* struct token - a piece of a configuration file; plain value, text in the arena given to lex */
struct token {
    enum token_kind kind;
    bool bad;           /* an error was noted for it: take it as a value, say no more about it */
    bool first_of_line; /* nothing but blanks and comments stands before it on its line */
    uint32_t line;
    struct pl_str text; /* WORD, STRING; for the others the character itself */
};

/*
 * lex - cut a configuration file into tokens, noting everything that is no token
 *
 * Comments ('#' and '//' to the end of the line, C comments) end where they end, also in lists. A
 * string ends on its line.
 *
 * in       content: without NUL (pl_file_read sees to that); file: for positions
 * out      *n tokens, the last one TOKEN_END
 * returns  a malloc'ed array, NULL when memory is short (noted)
 * errors   unterminated string or comment (at its first line), control characters, bad escapes, a
 *          quote in the middle of a word, characters that need quotes, ${…}
 */
struct token *lex(struct pl_str content, uint32_t file, struct pl_arena *a, struct pl_diag *d,
                  size_t *n);

#endif
