/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the tokens of a configuration to statements: names are looked up in the schema, shapes are
 * checked, everything wrong is noted and passed over, everything right is written out for
 * libconfuse. Only the form is checked here; what values mean is the loader's business.
 *
 * After an error the scan goes on behind the statement, so that one run shows all errors.
 */
#include "scan.h"

#include "includes.h"
#include "lex.h"
#include "postlatch/attr.h"
#include "postlatch/file.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One place where options stand: the top level, or a section. */
struct scope {
    enum schema_section section;
    struct pl_str title;                     /* of the section, or empty */
    struct pl_pos given[SCHEMA_OPTIONS_MAX]; /* where each option was given; line 0: not yet */
};

/* What is the same for a file and all that it includes. */
struct scan {
    struct pl_buf *out;
    struct pl_diag *d;
    struct pl_arena *arena;
    struct scope top;
    struct pl_pos sections[SECTION_COUNT]; /* where each section that may stand once was given */
    struct includes includes;
};

/* One file being scanned. */
struct reader {
    struct scan *scan;
    const char *path;
    uint32_t file;
    const struct token *tokens;
    size_t at;
};

static bool scan_file(struct scan *s, const char *path, struct pl_pos named_at);

static const struct token *look(const struct reader *r, size_t ahead)
{
    const struct token *t = &r->tokens[r->at];

    while (ahead > 0 && t->kind != TOKEN_END) {
        t++;
        ahead--;
    }
    return t;
}

static const struct token *take(struct reader *r)
{
    const struct token *t = look(r, 0);

    if (t->kind != TOKEN_END)
        r->at++;
    return t;
}

static struct pl_pos pos_of(const struct reader *r, const struct token *t)
{
    return (struct pl_pos){r->file, t->line};
}

static bool is_value(const struct token *t)
{
    return t->kind == TOKEN_WORD || t->kind == TOKEN_STRING;
}

/* The token as a message quotes it. */
static const char *shown(struct pl_quote *q, const struct token *t)
{
    if (t->kind == TOKEN_END)
        return "the end of the file";
    return pl_quote(q, t->text);
}

/* Whether a statement begins ahead tokens from here: name = …, name { …, name "title" { …, include( */
static bool begins_statement(const struct reader *r, size_t ahead)
{
    const struct token *name = look(r, ahead), *second = look(r, ahead + 1);

    if (name->kind != TOKEN_WORD)
        return false;
    return second->kind == TOKEN_EQUALS || second->kind == TOKEN_ADD ||
           second->kind == TOKEN_OPEN ||
           (second->kind == TOKEN_LEFT && pl_str_eq(name->text, pl_str_lit("include"))) ||
           (is_value(second) && look(r, ahead + 2)->kind == TOKEN_OPEN);
}

/* Passes over the rest of a statement that cannot be understood. */
static void skip(struct reader *r)
{
    take(r);
    while (look(r, 0)->kind != TOKEN_END && look(r, 0)->kind != TOKEN_CLOSE &&
           !(look(r, 0)->first_of_line && look(r, 0)->kind == TOKEN_WORD) &&
           !begins_statement(r, 0))
        take(r);
}

static void write_value(struct scan *s, struct pl_pos at, char mark, struct pl_str text)
{
    pl_buf_addf(s->out, "\"%u:%u%c", (unsigned)at.file, (unsigned)at.line, mark);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            pl_buf_add_char(s->out, '\\');
        pl_buf_add_char(s->out, text.p[i]);
    }
    pl_buf_add_char(s->out, '"');
}

static void write_token(struct scan *s, const struct reader *r, const struct token *t)
{
    write_value(s, pos_of(r, t), t->bad ? '!' : ':', t->bad ? (struct pl_str){NULL, 0} : t->text);
}

/* The place an option or section stands in, for messages: rule, log, "" at the top level. */
static const char *scope_name(const struct scope *scope)
{
    return scope->section == SECTION_TOP ? "the top level" : schema_section_word(scope->section);
}

static void unknown_option(struct reader *r, const struct scope *scope, const struct token *name)
{
    struct pl_suggest s;
    struct pl_quote q, q2;
    char hint[80];
    size_t n;
    const struct schema_option *options = schema_options(scope->section, &n);

    pl_suggest_init(&s, name->text);
    for (size_t i = 0; i < n; i++) {
        if (options[i].name != NULL)
            pl_suggest_try(&s, options[i].name);
    }
    if (schema_synonym(scope->section, name->text) != NULL)
        s.best = schema_synonym(scope->section, name->text);
    pl_suggest_text(&s, hint, sizeof(hint));
    if (hint[0] == '\0')
        snprintf(hint, sizeof(hint), "; postlatch.conf(5) lists them");
    if (s.best == NULL && scope->section != SECTION_TOP &&
        schema_find(SECTION_TOP, name->text) >= 0)
        pl_diag_error(r->scan->d, pos_of(r, name),
                      "%s belongs to the top level, not into %s; is a '}' missing?",
                      pl_quote(&q, name->text), scope_name(scope));
    else if (scope->section == SECTION_RULE && pl_attr_find(name->text) != PL_ATTR_COUNT)
        pl_diag_error(r->scan->d, pos_of(r, name), "rule: %s cannot be a condition in this version",
                      pl_quote(&q, name->text));
    else
        pl_diag_error(r->scan->d, pos_of(r, name), "%s%s%s%sunknown %s %s%s",
                      scope->section == SECTION_TOP ? "" : scope_name(scope),
                      scope->title.n > 0 ? " " : "",
                      scope->title.n > 0 ? pl_quote(&q2, scope->title) : "",
                      scope->section == SECTION_TOP ? "" : ": ",
                      scope->section == SECTION_RULE ? "condition" : "option",
                      pl_quote(&q, name->text), hint);
}

/* The index of the option that name gives, if it may be given (again) here; else -1, noted. */
static int admit(struct reader *r, struct scope *scope, const struct token *name, bool add)
{
    int i = schema_find(scope->section, name->text);
    struct pl_quote q;

    if (i < 0) {
        unknown_option(r, scope, name);
        return -1;
    }
    if (add && scope->given[i].line == 0) {
        pl_diag_error(
            r->scan->d, pos_of(r, name),
            "%s: nothing to add to; expected \"=\" for the first entries, \"+=\" adds to them",
            pl_quote(&q, name->text));
        return -1;
    }
    if (!add && scope->given[i].line != 0) {
        pl_diag_error(r->scan->d, pos_of(r, name), "%s is given twice; first at %s:%u",
                      pl_quote(&q, name->text), pl_diag_file_name(r->scan->d, scope->given[i].file),
                      (unsigned)scope->given[i].line);
        return -1;
    }
    if (!add)
        scope->given[i] = pos_of(r, name);
    return i;
}

/*
 * The values of a list behind its '{', written out if write. Stops behind the '}', or where a
 * statement begins that shows the '}' to be missing.
 */
static void list(struct reader *r, const struct token *name, const struct token *open, bool write)
{
    struct pl_quote q, q2;

    for (;;) {
        const struct token *t = look(r, 0);

        if (t->kind == TOKEN_CLOSE) {
            take(r);
            return;
        }
        if (t->kind == TOKEN_END || begins_statement(r, 0)) {
            pl_diag_error(r->scan->d, pos_of(r, open),
                          "%s: this \"{\" is never closed; expected \"}\"",
                          pl_quote(&q, name->text));
            return;
        }
        if (!is_value(t)) {
            pl_diag_error(r->scan->d, pos_of(r, t), "%s: %s in a list; expected an entry",
                          pl_quote(&q, name->text), shown(&q2, t));
            take(r);
            continue;
        }
        take(r);
        if (write) {
            pl_buf_add(r->scan->out, pl_str_lit(", "));
            write_token(r->scan, r, t);
        }
        if (look(r, 0)->kind == TOKEN_COMMA) {
            take(r);
        } else if (is_value(look(r, 0)) && !begins_statement(r, 0)) {
            pl_diag_error(r->scan->d, pos_of(r, look(r, 0)),
                          "%s: no comma before %s; entries are separated by commas",
                          pl_quote(&q, name->text), shown(&q2, look(r, 0)));
        }
    }
}

/* Whether a value can stand in a suggestion as it is: short, nothing that a terminal would take amiss. */
static bool can_be_shown(struct pl_str text)
{
    bool ok = text.n <= PL_QUOTE_SHOWN;

    for (size_t i = 0; i < text.n && ok; i++)
        ok = pl_ascii_is_print(text.p[i]);
    return ok;
}

/* name = { … } or name += { … }; the tokens up to the operator are taken. */
static void assign_list(struct reader *r, const struct token *name, int option, bool add)
{
    struct scan *s = r->scan;
    const struct token *open = take(r);
    size_t before;

    if (option >= 0) {
        pl_buf_addf(s->out, "%.*s %s {", (int)name->text.n, name->text.p, add ? "+=" : "=");
        write_value(s, pos_of(r, name), '=', (struct pl_str){NULL, 0});
    }
    before = s->out->n;
    list(r, name, open, option >= 0);
    if (option >= 0) {
        /* A list with nothing right in it is no empty list: say that something was there. */
        if (s->out->n == before && r->tokens[r->at - 1].kind != TOKEN_CLOSE) {
            pl_buf_add(s->out, pl_str_lit(", "));
            write_value(s, pos_of(r, name), '!', (struct pl_str){NULL, 0});
        }
        pl_buf_add(s->out, pl_str_lit("}\n"));
    }
}

static void write_bad_scalar(struct reader *r, const struct token *name)
{
    pl_buf_addf(r->scan->out, "%.*s = ", (int)name->text.n, name->text.p);
    write_value(r->scan, pos_of(r, name), '!', (struct pl_str){NULL, 0});
    pl_buf_add_char(r->scan->out, '\n');
}

/* name = value; the tokens up to the operator are taken. */
static void assign_scalar(struct reader *r, const struct token *name, int option)
{
    const struct token *value = take(r);
    struct pl_quote q, q2, q3;

    if (is_value(look(r, 0)) && !look(r, 0)->first_of_line && !begins_statement(r, 0)) {
        if (!look(r, 0)->bad && !value->bad)
            pl_diag_error(
                r->scan->d, pos_of(r, look(r, 0)),
                "%s: %s follows the value %s; a value of several words needs quotes around it",
                pl_quote(&q, name->text), shown(&q3, look(r, 0)), shown(&q2, value));
        while (is_value(look(r, 0)) && !look(r, 0)->first_of_line && !begins_statement(r, 0))
            take(r);
        if (option >= 0)
            write_bad_scalar(r, name);
        return;
    }
    if (option < 0)
        return;
    pl_buf_addf(r->scan->out, "%.*s = ", (int)name->text.n, name->text.p);
    write_token(r->scan, r, value);
    pl_buf_add_char(r->scan->out, '\n');
}

static void assignment(struct reader *r, struct scope *scope)
{
    const struct token *name = take(r), *operator= take(r), *value = look(r, 0);
    bool add = operator->kind == TOKEN_ADD;
    int option = admit(r, scope, name, add);
    enum schema_shape shape = SHAPE_LIST;
    struct pl_quote q, q2;
    size_t n;

    if (option >= 0)
        shape = schema_options(scope->section, &n)[option].shape;
    if (value->kind == TOKEN_OPEN) {
        if (option >= 0 && shape == SHAPE_SCALAR) {
            pl_diag_error(r->scan->d, pos_of(r, value),
                          "%s takes one value; expected it without braces",
                          pl_quote(&q, name->text));
            write_bad_scalar(r, name);
            option = -1;
        }
        if (option >= 0 && shape == SHAPE_LIST_SOME && look(r, 1)->kind == TOKEN_CLOSE)
            pl_diag_error(r->scan->d, pos_of(r, value),
                          "%s: an empty list; expected at least one entry%s",
                          pl_quote(&q, name->text),
                          scope->section == SECTION_RULE ? ", or any for every value" : "");
        assign_list(r, name, option, add);
    } else if (is_value(value) && !(value->first_of_line && begins_statement(r, 0))) {
        if (option >= 0 && (shape == SHAPE_LIST || shape == SHAPE_LIST_SOME)) {
            struct pl_str shown_value = can_be_shown(value->text) ? value->text : pl_str_lit("…");

            pl_diag_error(r->scan->d, pos_of(r, value), "%s is a list; expected %s = {%.*s}",
                          pl_quote(&q, name->text), name->text.p, (int)shown_value.n,
                          shown_value.p);
            pl_buf_addf(r->scan->out, "%s = {", name->text.p);
            write_value(r->scan, pos_of(r, name), '=', (struct pl_str){NULL, 0});
            pl_buf_add(r->scan->out, pl_str_lit(", "));
            write_value(r->scan, pos_of(r, name), '!', (struct pl_str){NULL, 0});
            pl_buf_add(r->scan->out, pl_str_lit("}\n"));
            option = -1;
        }
        if (option >= 0 && add) {
            pl_diag_error(r->scan->d, pos_of(r, operator), "%s takes one value; expected \"=\"",
                          pl_quote(&q, name->text));
            option = -1;
        }
        assign_scalar(r, name, option);
    } else {
        pl_diag_error(r->scan->d, pos_of(r, name), "%s: no value behind \"%s\", but %s",
                      pl_quote(&q, name->text), add ? "+=" : "=", shown(&q2, value));
        if (option >= 0 && shape == SHAPE_SCALAR)
            write_bad_scalar(r, name);
        if (value->kind != TOKEN_CLOSE && value->kind != TOKEN_END && !is_value(value))
            skip(r);
    }
}

/* Statements up to the '}' of a section; false if the section is seen not to be closed. */
static bool section_body(struct reader *r, struct scope *scope)
{
    struct pl_quote q;

    for (;;) {
        const struct token *t = look(r, 0), *second = look(r, 1);

        if (t->kind == TOKEN_CLOSE) {
            take(r);
            return true;
        }
        if (t->kind == TOKEN_END)
            return false;
        if (begins_statement(r, 0)) {
            if (second->kind != TOKEN_EQUALS && second->kind != TOKEN_ADD)
                return false; /* a section in a section: the outer one was not closed */
            assignment(r, scope);
        } else if (t->kind == TOKEN_COMMA) {
            pl_diag_error(r->scan->d, pos_of(r, t), "a comma between options; expected none");
            take(r);
        } else {
            if (!t->bad)
                pl_diag_error(r->scan->d, pos_of(r, t),
                              "%s makes no sense here; expected an option of %s and \"=\"",
                              shown(&q, t), scope_name(scope));
            skip(r);
        }
    }
}

static void unknown_section(struct reader *r, const struct token *word, bool titled)
{
    struct pl_suggest s;
    struct pl_quote q;
    char hint[80];

    if (!titled && schema_find(SECTION_TOP, word->text) >= 0) {
        pl_diag_error(r->scan->d, pos_of(r, word),
                      "%s is an option; expected \"=\" between it and \"{\"",
                      pl_quote(&q, word->text));
        return;
    }
    pl_suggest_init(&s, word->text);
    for (unsigned i = SECTION_TOP + 1; i < SECTION_COUNT; i++)
        pl_suggest_try(&s, schema_section_word((enum schema_section)i));
    pl_diag_error(r->scan->d, pos_of(r, word), "unknown section %s%s", pl_quote(&q, word->text),
                  s.best != NULL ? pl_suggest_text(&s, hint, sizeof(hint))
                                 : "; expected rule, log, networks, domains, users, addresses or "
                                   "fingerprints");
}

/* Whether the section may stand here with this title (or without one); notes why not. */
static bool admit_section(struct reader *r, enum schema_section section, const struct token *word,
                          const struct token *title)
{
    struct scan *s = r->scan;
    struct pl_quote q;

    if (section == SECTION_COUNT) {
        unknown_section(r, word, title != NULL);
        return false;
    }
    if (schema_section_titled(section) && title == NULL) {
        pl_diag_error(s->d, pos_of(r, word), "%s without a name; expected %s \"name\" { … }",
                      pl_quote(&q, word->text), word->text.p);
        return false;
    }
    if (!schema_section_titled(section) && title != NULL) {
        pl_diag_error(s->d, pos_of(r, title), "%s takes no name; expected %s { … }",
                      pl_quote(&q, word->text), word->text.p);
        return false;
    }
    if (!schema_section_many(section)) {
        if (s->sections[section].line != 0) {
            pl_diag_error(s->d, pos_of(r, word), "%s is given twice; first at %s:%u",
                          pl_quote(&q, word->text),
                          pl_diag_file_name(s->d, s->sections[section].file),
                          (unsigned)s->sections[section].line);
            return false;
        }
        s->sections[section] = pos_of(r, word);
    }
    return true;
}

/* word { … } or word "title" { … } */
static void section(struct reader *r)
{
    struct scan *s = r->scan;
    const struct token *word = take(r);
    const struct token *title = look(r, 0)->kind == TOKEN_OPEN ? NULL : take(r);
    const struct token *open = take(r);
    enum schema_section kind = schema_section_find(word->text);
    struct scope scope = {.section = kind,
                          .title = title == NULL ? (struct pl_str){NULL, 0} : title->text};
    size_t before = s->out->n, errors;
    bool admitted = admit_section(r, kind, word, title);
    struct pl_quote q;
    int action = schema_find(SECTION_RULE, pl_str_lit("action"));

    if (kind == SECTION_COUNT) { /* its options cannot be judged: pass over all of it */
        for (size_t depth = 1; depth > 0 && look(r, 0)->kind != TOKEN_END;) {
            enum token_kind t = take(r)->kind;

            depth += t == TOKEN_OPEN;
            depth -= t == TOKEN_CLOSE;
        }
        return;
    }
    pl_buf_addf(s->out, "%s {\n", schema_section_word(kind));
    if (title != NULL && schema_section_titled(kind)) {
        pl_buf_add(s->out, pl_str_lit("title = "));
        write_token(s, r, title);
        pl_buf_add_char(s->out, '\n');
    }
    errors = pl_diag_errors(s->d);
    if (!section_body(r, &scope))
        pl_diag_error(s->d, pos_of(r, open), "%s%s%s: this \"{\" is never closed; expected \"}\"",
                      word->text.p, title != NULL ? " " : "",
                      title != NULL ? pl_quote(&q, title->text) : "");
    /* A rule that is misshapen may have lost its action to that: do not ask for one as well. */
    if (kind == SECTION_RULE && scope.given[action].line == 0 && pl_diag_errors(s->d) != errors) {
        pl_buf_add(s->out, pl_str_lit("action = "));
        write_value(s, pos_of(r, word), '!', (struct pl_str){NULL, 0});
        pl_buf_add_char(s->out, '\n');
    }
    pl_buf_add(s->out, pl_str_lit("}\n"));
    if (!admitted) /* its body was checked all the same; nothing of it goes on */
        s->out->n = before;
}

/* include("file") */
static void include(struct reader *r)
{
    const struct token *word = take(r);
    const struct token *name = look(r, 1);
    struct pl_pos at = pos_of(r, word);
    char *path;

    if (!is_value(name) || look(r, 2)->kind != TOKEN_RIGHT) {
        pl_diag_error(r->scan->d, at, "expected include(\"file\")");
        skip(r);
        return;
    }
    r->at += 3;
    if (name->bad)
        return;
    path = pl_path_beside(r->path, name->text);
    if (path == NULL)
        pl_diag_no_memory(r->scan->d);
    else
        scan_file(r->scan, path, at);
    free(path);
}

static void top_level(struct reader *r)
{
    const struct token *t = look(r, 0), *second = look(r, 1);
    struct pl_quote q, q2;

    if (!begins_statement(r, 0)) {
        if (t->kind == TOKEN_CLOSE)
            pl_diag_error(r->scan->d, pos_of(r, t), "a \"}\" without its \"{\"");
        else if (is_value(t) && !t->bad)
            pl_diag_error(r->scan->d, pos_of(r, t),
                          "%s is followed by %s; expected \"=\" or \"{\" behind a name",
                          shown(&q, t), shown(&q2, second));
        else if (!t->bad)
            pl_diag_error(r->scan->d, pos_of(r, t),
                          "%s makes no sense here; expected an option or a section", shown(&q, t));
        if (t->kind == TOKEN_CLOSE)
            take(r);
        else
            skip(r);
        return;
    }
    if (second->kind == TOKEN_LEFT)
        include(r);
    else if (second->kind == TOKEN_EQUALS || second->kind == TOKEN_ADD)
        assignment(r, &r->scan->top);
    else
        section(r);
}

static bool scan_file(struct scan *s, const char *path, struct pl_pos named_at)
{
    struct pl_buf content = {0};
    struct reader r = {.scan = s, .path = path};
    struct token *tokens = NULL;
    size_t n;

    if (!includes_enter(&s->includes, path, named_at, s->d))
        return false;
    if (pl_file_read(path, (size_t)SCAN_FILE_MAX_MIB * 1024 * 1024, &content, s->d, named_at)) {
        r.file = pl_diag_file(s->d, path);
        tokens = lex(pl_buf_str(&content), r.file, s->arena, s->d, &n);
    }
    r.tokens = tokens;
    while (tokens != NULL && look(&r, 0)->kind != TOKEN_END)
        top_level(&r);
    free(tokens);
    pl_buf_fini(&content);
    includes_leave(&s->includes);
    return tokens != NULL;
}

bool scan(const char *path, struct pl_buf *canonical, struct pl_diag *d)
{
    struct scan *s = calloc(1, sizeof(*s));
    size_t before = pl_diag_errors(d);

    if (s != NULL) {
        s->out = canonical;
        s->d = d;
        s->arena = pl_arena_new();
    }
    if (s == NULL || s->arena == NULL) {
        free(s);
        pl_diag_no_memory(d);
        return false;
    }
    pl_diag_file(d, path); /* the main file's errors come first, whatever is wrong */
    scan_file(s, path, PL_NOWHERE);
    if (canonical->failed)
        pl_diag_no_memory(d);
    pl_arena_free(s->arena);
    free(s);
    return pl_diag_errors(d) == before;
}
