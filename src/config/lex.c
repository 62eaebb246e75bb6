/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens of the configuration language: libconfuse's, without what libconfuse does silently (it
 * drops characters, cuts words at '#', expands ${NAME}, lets strings and comments run to the end).
 */
#include "lex.h"

#include "postlatch/buf.h"
#include "postlatch/quote.h"

#include <stdlib.h>
#include <string.h>

struct lexer {
    struct pl_str in;
    size_t at;
    uint32_t file, line;
    bool first_of_line;
    struct pl_arena *arena;
    struct pl_diag *d;
    struct token *tokens;
    size_t n, cap;
    bool failed; /* out of memory */
};

static char peek(const struct lexer *l, size_t ahead)
{
    return l->at + ahead < l->in.n ? l->in.p[l->at + ahead] : '\0';
}

static struct pl_pos here(const struct lexer *l)
{
    return (struct pl_pos){l->file, l->line};
}

static void emit(struct lexer *l, enum token_kind kind, struct pl_str text, bool bad)
{
    struct token *tokens = pl_grow(l->tokens, &l->cap, l->n, sizeof(*tokens));

    if (tokens == NULL) {
        l->failed = true;
        return;
    }
    l->tokens = tokens;
    l->tokens[l->n++] = (struct token){kind, bad, l->first_of_line, l->line, text};
    l->first_of_line = false;
}

/* As emit, with a copy of text that outlives the content of the file. */
static void emit_copy(struct lexer *l, enum token_kind kind, struct pl_str text, bool bad)
{
    struct pl_str copy = pl_arena_copy(l->arena, text);

    l->failed = l->failed || copy.p == NULL;
    emit(l, kind, copy, bad);
}

static size_t line_end(const struct lexer *l)
{
    size_t end = l->at;

    while (end < l->in.n && l->in.p[end] != '\n')
        end++;
    return end;
}

static void block_comment(struct lexer *l)
{
    struct pl_pos open = here(l);

    for (l->at += 2; l->at < l->in.n; l->at++) {
        if (peek(l, 0) == '*' && peek(l, 1) == '/') {
            l->at += 2;
            return;
        }
        if (peek(l, 0) == '\n')
            l->line++;
    }
    pl_diag_error(l->d, open,
                  "this comment is never closed; expected \"*/\" before the end of the file");
}

/*
 * Where a string without its closing quote is taken to end: before the braces that end its line, so
 * that the section around it is still seen to close.
 */
static size_t lost_string_end(const struct lexer *l, size_t from)
{
    size_t end = line_end(l), cut;

    while (end > from && (l->in.p[end - 1] == '\r' || l->in.p[end - 1] == ' '))
        end--;
    cut = end;
    while (cut > from && (l->in.p[cut - 1] == '}' || l->in.p[cut - 1] == ' '))
        cut--;
    return cut;
}

/* Why a character cannot stand in a string, or NULL. */
static const char *bad_in_string(const struct lexer *l, char quote)
{
    char c = peek(l, 0), next = peek(l, 1);

    if (c == '\\' && next != quote && next != '\\')
        return quote == '"' ? "unknown escape; expected \\\" or \\\\ (a backslash is written \\\\)"
                            : "unknown escape; expected \\' or \\\\ (a backslash is written \\\\)";
    if (c == '$' && next == '{')
        return "\"${\" is not used here; write %{attribute} for an attribute of the request";
    if ((c & 0x80) == 0 && !pl_ascii_is_print(c))
        return "a control character in a string; expected printable text";
    return NULL;
}

static void string(struct lexer *l)
{
    struct pl_buf text = {0};
    struct pl_pos open = here(l);
    char quote = peek(l, 0);
    size_t start = l->at;
    bool bad = false;

    l->at++;
    for (;;) {
        const char *why;

        if (l->at >= l->in.n || peek(l, 0) == '\n' || (peek(l, 0) == '\r' && peek(l, 1) == '\n')) {
            l->at = start;
            pl_diag_error(
                l->d, open,
                "a string begins here that is not closed on its line; expected a second %c", quote);
            l->at = lost_string_end(l, start + 1);
            bad = true;
            break;
        }
        if (peek(l, 0) == quote) {
            l->at++;
            break;
        }
        why = bad_in_string(l, quote);
        if (why != NULL && !bad)
            pl_diag_error(l->d, open, "%s", why);
        bad = bad || why != NULL;
        if (peek(l, 0) == '\\' && why == NULL)
            l->at++;
        pl_buf_add_char(&text, peek(l, 0));
        l->at++;
    }
    emit_copy(l, TOKEN_STRING, pl_buf_str(&text), bad);
    l->failed = l->failed || text.failed;
    pl_buf_fini(&text);
}

static bool ends_word(const struct lexer *l)
{
    char c = peek(l, 0);

    return l->at >= l->in.n || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '{' ||
           c == '}' || c == '(' || c == ')' || c == '=' || c == ',' || c == '"' || c == '\'' ||
           (c == '+' && peek(l, 1) == '=');
}

static bool plain(char c)
{
    return pl_ascii_is_alnum(c) || (c & 0x80) != 0 ||
           (c != '\0' && strchr("._-/:@!<>[]%", c) != NULL);
}

static void word(struct lexer *l)
{
    struct pl_str text = {l->in.p + l->at, 0};
    struct pl_quote q;
    char odd = '\0';

    while (!ends_word(l)) {
        if (odd == '\0' && !plain(peek(l, 0)))
            odd = peek(l, 0);
        if (peek(l, 0) == '$' && peek(l, 1) == '{') { /* ${NAME} is one mistake, not three */
            size_t rest = line_end(l) - l->at;
            size_t close = pl_str_find((struct pl_str){l->in.p + l->at, rest}, '}');

            close = close < rest ? close : rest - 1;
            l->at += close;
            text.n += close;
        }
        l->at++;
        text.n++;
    }
    if (text.n == 0) { /* a character that begins nothing */
        l->at++;
        text.n++;
        odd = text.p[0];
    }
    if (peek(l, 0) == '"' || peek(l, 0) == '\'') {
        /* !"…": take the quoted part along, so that it is not reported again. */
        size_t n = l->n;

        pl_diag_error(l->d, here(l),
                      "%s: a quote in the middle of a word; put the whole between quotes",
                      pl_quote(&q, text));
        string(l);
        if (l->n > n)
            l->tokens[n].bad = true;
        return;
    }
    if (odd == '$')
        pl_diag_error(l->d, here(l),
                      "%s: '$' is not used here; write %%{attribute} in the text of an action",
                      pl_quote(&q, text));
    else if (odd != '\0' && !pl_ascii_is_print(odd))
        pl_diag_error(l->d, here(l), "%s: a control character; expected printable text",
                      pl_quote(&q, text));
    else if (odd == ';')
        pl_diag_error(l->d, here(l),
                      "%s: ';' is not used here; an option ends where the next one begins",
                      pl_quote(&q, text));
    else if (odd == '#')
        pl_diag_error(
            l->d, here(l),
            "%s: '#' inside a word; put a blank before a comment, or quotes around the word",
            pl_quote(&q, text));
    else if (odd != '\0')
        pl_diag_error(l->d, here(l), "%s: a word with '%c' needs quotes around it",
                      pl_quote(&q, text), odd);
    emit_copy(l, TOKEN_WORD, text, odd != '\0');
}

static void punctuation(struct lexer *l, enum token_kind kind, size_t n)
{
    emit(l, kind, (struct pl_str){l->in.p + l->at, n}, false);
    l->at += n;
}

static void next(struct lexer *l)
{
    char c = peek(l, 0);

    if (c == '\n') {
        l->line++;
        l->first_of_line = true;
        l->at++;
    } else if (c == ' ' || c == '\t' || (c == '\r' && peek(l, 1) == '\n')) {
        l->at++;
    } else if (c == '#' || (c == '/' && peek(l, 1) == '/')) {
        l->at = line_end(l);
    } else if (c == '/' && peek(l, 1) == '*') {
        block_comment(l);
    } else if (c == '"' || c == '\'') {
        string(l);
    } else if (c == '{') {
        punctuation(l, TOKEN_OPEN, 1);
    } else if (c == '}') {
        punctuation(l, TOKEN_CLOSE, 1);
    } else if (c == '(') {
        punctuation(l, TOKEN_LEFT, 1);
    } else if (c == ')') {
        punctuation(l, TOKEN_RIGHT, 1);
    } else if (c == '=') {
        punctuation(l, TOKEN_EQUALS, 1);
    } else if (c == ',') {
        punctuation(l, TOKEN_COMMA, 1);
    } else if (c == '+' && peek(l, 1) == '=') {
        punctuation(l, TOKEN_ADD, 2);
    } else {
        word(l);
    }
}

struct token *lex(struct pl_str content, uint32_t file, struct pl_arena *a, struct pl_diag *d,
                  size_t *n)
{
    struct lexer l = {
        .in = content, .file = file, .line = 1, .first_of_line = true, .arena = a, .d = d};

    while (l.at < l.in.n && !l.failed)
        next(&l);
    l.first_of_line = true;
    emit(&l, TOKEN_END, (struct pl_str){NULL, 0}, false);
    if (l.failed) {
        pl_diag_no_memory(d);
        free(l.tokens);
        return NULL;
    }
    *n = l.n;
    return l.tokens;
}
