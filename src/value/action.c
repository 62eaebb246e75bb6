/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions: what we may say to Postfix. They are checked once, at load, and cut into pieces;
 * answering is copying the pieces. Sources: access(5), and what Postfix was measured to make of odd
 * actions (tests/blackbox).
 */
#include "postlatch/action.h"

#include "postlatch/compiler.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct word {
    const char *word;
    enum pl_action_kind kind;
    enum pl_effect effect;
    enum pl_argument argument;
    char dsn;
} words[] = {
#define X(id, word, effect, argument, dsn) {(word), PL_ACTION_##id, (effect), (argument), (dsn)},
    PL_ACTION_TABLE(X)
#undef X
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

/*
 * Words that Postfix or access(5) give a meaning of their own, beside those of the table and all
 * that begin like Postfix's own restrictions: no restriction class can have such a name.
 */
static const char *const taken_words[] = {"RELAY",  "PERMIT",         "HANGUP", "SLEEP",
                                          "SILENT", "WARN_IF_REJECT", "STATIC", "REPLACE"};
static const char *const taken_prefixes[] = {"permit_", "reject_", "defer_", "check_", "warn_"};

static bool fail(char why[PL_ACTION_WHY], const char *fmt, ...) PL_PRINTF(2, 3);
static bool fail(char why[PL_ACTION_WHY], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, PL_ACTION_WHY, fmt, ap);
    va_end(ap);
    return false;
}

static const struct word *find_word(struct pl_str name)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (pl_str_eq_fold(pl_str_of(words[i].word), name))
            return &words[i];
    }
    return NULL;
}

static bool all_digits(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_digit(s.p[i]))
            return false;
    }
    return true;
}

/* Splits s at its first blank. */
static struct pl_str first_word(struct pl_str s, struct pl_str *rest)
{
    size_t n = pl_str_find(s, ' ');

    *rest = n < s.n ? pl_str_trim(pl_str_from(s, n)) : (struct pl_str){s.p + n, 0};
    return (struct pl_str){s.p, n};
}

/*
 * The length of the enhanced status code (RFC 3463) that s begins with, 0 for none. What merely looks
 * like one, "1.7.1" or "5.7.12345", counts: it is not worth finding out what Postfix makes of it.
 */
static size_t enhanced_code(struct pl_str s)
{
    struct pl_str rest, code = first_word(s, &rest);
    unsigned dots = 0, digits = 0;

    if (code.n < 5 || code.p[1] != '.')
        return 0;
    for (size_t i = 0; i < code.n; i++) {
        if (code.p[i] == '.' && digits > 0 && dots < 2) {
            dots++;
            digits = 0;
        } else if (pl_ascii_is_digit(code.p[i])) {
            digits++;
        } else {
            return 0;
        }
    }
    return dots == 2 && digits > 0 ? code.n : 0;
}

/* Postfix reads past the end of such a reply and sends whatever stands there in memory. */
static bool lonely_code(struct pl_str word, struct pl_str code, char why[PL_ACTION_WHY])
{
    return fail(why,
                "an enhanced code needs text behind it; expected for example \"%.*s %.*s Access "
                "denied\"",
                (int)word.n, word.p, (int)code.n, code.p);
}

/* The text behind REJECT, DEFER…, 4NN, 5NN: an enhanced code must fit, and have text behind it. */
static bool check_reply(struct pl_str word, struct pl_str text, char digit,
                        struct pl_str *free_text, char why[PL_ACTION_WHY])
{
    struct pl_quote q;
    struct pl_str rest, first = first_word(text, &rest);
    size_t code = enhanced_code(text);

    *free_text = text;
    if (first.n == 3 && all_digits(first))
        return fail(why, "Postfix takes the code in %s for text; write \"%.3s %.*s\" without %.*s",
                    pl_quote(&q, (struct pl_str){word.p, (size_t)(first.p + first.n - word.p)}),
                    first.p, rest.n == 0 ? 4 : (int)(rest.n > 60 ? 60 : rest.n),
                    rest.n == 0 ? "text" : rest.p, (int)word.n, word.p);
    if (code == 0)
        return true;
    if (text.p[0] != digit)
        return fail(
            why, "the enhanced code \"%.*s\" does not fit %.*s; expected one that begins with %c",
            (int)code, text.p, (int)word.n, word.p, digit);
    if (code == text.n)
        return lonely_code(word, text, why);
    *free_text = rest;
    return true;
}

static bool check_header(struct pl_str text, char why[PL_ACTION_WHY])
{
    size_t colon = pl_str_find(text, ':');

    if (colon == 0 || colon == text.n || pl_str_find(text, ' ') < colon ||
        pl_str_trim(pl_str_from(text, colon + 1)).n == 0)
        return fail(why, "PREPEND needs a header; expected \"PREPEND Name: value\"");
    return true;
}

static bool check_transport(struct pl_str text, char why[PL_ACTION_WHY])
{
    size_t colon = pl_str_find(text, ':');

    for (size_t i = 0; i < text.n; i++) {
        bool of_name = pl_ascii_is_alnum(text.p[i]) || text.p[i] == '-' || text.p[i] == '_' ||
                       text.p[i] == '.';

        if (text.p[i] == ' ' || (i < colon && !of_name))
            colon = 0;
    }
    if (colon == 0 || colon == text.n)
        return fail(why,
                    "FILTER needs a transport; expected \"FILTER transport:destination\", as in "
                    "\"FILTER smtp:[127.0.0.1]:10025\"");
    return true;
}

static bool check_address(struct pl_str word, struct pl_str text, char why[PL_ACTION_WHY])
{
    struct pl_mailaddr m;

    pl_mailaddr_read(&m, text);
    if (m.form != PL_MAIL_PLAIN || m.local.n == 0 || pl_str_find(text, ' ') < text.n)
        return fail(why, "%.*s needs one mail address; expected \"%.*s user@example.org\"",
                    (int)word.n, word.p, (int)word.n, word.p);
    return true;
}

/* Counts the %{…} of text and checks that each names an attribute. */
static bool check_placeholders(struct pl_str text, size_t *count, char why[PL_ACTION_WHY])
{
    char hint[80];
    struct pl_quote q;

    *count = 0;
    for (size_t i = 0; i + 1 < text.n; i++) {
        struct pl_str name;
        struct pl_suggest s;

        if (text.p[i] != '%' || text.p[i + 1] != '{')
            continue;
        name = pl_str_from(text, i + 2);
        if (pl_str_find(name, '}') == name.n)
            return fail(
                why, "\"%%{\" without its \"}\"; expected %%{attribute}, as in %%{client_address}");
        name.n = pl_str_find(name, '}');
        if (pl_attr_find(name) == PL_ATTR_COUNT) {
            pl_suggest_init(&s, name);
            for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
                pl_suggest_try(&s, pl_attr_name((enum pl_attr)a));
            return fail(
                why, "unknown attribute %s in %%{…}; expected one of Postfix's policy protocol%s",
                pl_quote(&q, name), pl_suggest_text(&s, hint, sizeof(hint)));
        }
        (*count)++;
    }
    return true;
}

static bool check_class(struct pl_str name, char why[PL_ACTION_WHY])
{
    struct pl_quote q;
    bool taken = find_word(name) != NULL;
    bool ok = name.n > 0 && name.n <= 64 && (pl_ascii_is_alpha(name.p[0]) || name.p[0] == '_');

    for (size_t i = 0; i < name.n; i++)
        ok = ok && (pl_ascii_is_alnum(name.p[i]) || name.p[i] == '_' || name.p[i] == '-');
    if (!ok)
        return fail(why,
                    "bad class name %s; expected a name from smtpd_restriction_classes: letters, "
                    "digits, '_', '-'",
                    pl_quote(&q, name));
    for (size_t i = 0; i < sizeof(taken_words) / sizeof(taken_words[0]); i++)
        taken = taken || pl_str_eq_fold(name, pl_str_of(taken_words[i]));
    for (size_t i = 0; i < sizeof(taken_prefixes) / sizeof(taken_prefixes[0]); i++)
        taken = taken || pl_str_has_prefix_fold(name, pl_str_of(taken_prefixes[i]));
    if (taken)
        return fail(
            why,
            "class:%.*s is a word of Postfix's own, not a restriction class; expected another name",
            (int)name.n, name.p);
    return true;
}

/* What others call the same. */
static const struct {
    const char *theirs, *ours;
} other_words[] = {
    {"PERMIT", "OK"},   {"RELAY", "OK"},       {"ACCEPT", "OK"},   {"ALLOW", "OK"},
    {"YES", "OK"},      {"OKAY", "OK"},        {"DENY", "REJECT"}, {"BLOCK", "REJECT"},
    {"DROP", "REJECT"}, {"REFUSE", "REJECT"},  {"FAIL", "REJECT"}, {"NO", "REJECT"},
    {"PASS", "DUNNO"},  {"CONTINUE", "DUNNO"}, {"NONE", "DUNNO"},  {"TEMPFAIL", "DEFER"},
};

static bool unknown_word(struct pl_str word, char why[PL_ACTION_WHY])
{
    struct pl_suggest s;
    struct pl_quote q;
    char hint[80];

    pl_suggest_init(&s, word);
    for (size_t i = 0; i < WORDS; i++)
        pl_suggest_try(&s, words[i].word);
    for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++) {
        if (pl_str_eq_fold(word, pl_str_of(other_words[i].theirs)))
            s.best = other_words[i].ours;
    }
    if (enhanced_code(word) == word.n)
        return fail(why, "an enhanced code without an action; expected \"%s %.*s text\"",
                    word.p[0] == '4' ? "DEFER" : "REJECT", (int)word.n, word.p);
    return fail(why,
                "unknown action %s; expected OK, DUNNO, REJECT text, 450 text, … or class:NAME%s",
                pl_quote(&q, word), pl_suggest_text(&s, hint, sizeof(hint)));
}

/* What a word and its argument are; *placeable: the part that may hold %{…}, {NULL, 0} for none. */
static bool classify(struct pl_action *action, struct pl_str word, struct pl_str text,
                     struct pl_str *wire_word, struct pl_str *placeable, char why[PL_ACTION_WHY])
{
    const struct word *w = find_word(word);
    struct pl_quote q;

    *wire_word = word;
    *placeable = (struct pl_str){NULL, 0};
    if (all_digits(word)) {
        if (text.n == 0)
            return fail(
                why,
                "an action of digits alone means OK to Postfix; expected a code and text, as in %s",
                word.p[0] == '5' ? "\"550 5.7.1 Access denied\"" : "\"450 4.7.1 Try again later\"");
        if (word.n != 3 || (word.p[0] != '4' && word.p[0] != '5'))
            return fail(why, "bad reply code %s; expected 4NN or 5NN and text", pl_quote(&q, word));
        action->kind = PL_ACTION_CODE;
        action->effect = PL_EFFECT_REFUSE;
        action->word = word;
        return check_reply(word, text, word.p[0], placeable, why);
    }
    if (pl_str_has_prefix_fold(word, pl_str_lit("class:"))) {
        struct pl_str name = pl_str_from(word, 6);

        action->kind = PL_ACTION_CLASS;
        action->effect = PL_EFFECT_UNKNOWN;
        action->word = word;
        *wire_word = name;
        if (text.n > 0)
            return fail(why, "a class takes no text; expected \"class:NAME\"");
        return check_class(name, why);
    }
    if (w == NULL)
        return unknown_word(word, why);
    action->kind = w->kind;
    action->effect = w->effect;
    *wire_word = action->word = pl_str_of(w->word);
    switch (w->argument) {
    case PL_ARG_NONE:
        if (text.n > 0)
            return fail(why, "%s takes no text, Postfix would ignore it; expected \"%s\"", w->word,
                        w->word);
        return true;
    case PL_ARG_TEXT:
        *placeable = text;
        if (text.n > 0 && enhanced_code(text) == text.n)
            return lonely_code(word, text, why);
        return true;
    case PL_ARG_REPLY:
        return check_reply(word, text, w->dsn, placeable, why);
    case PL_ARG_HEADER:
        *placeable = text;
        return check_header(text, why);
    case PL_ARG_TRANSPORT:
        return check_transport(text, why);
    default:
        pl_assert(w->argument == PL_ARG_ADDRESS);
        return check_address(action->word, text, why);
    }
}

/* Cuts wire at each of its n - 1 %{…}; the names were checked. */
static void cut(struct pl_action_piece *pieces, size_t n, struct pl_str wire)
{
    for (size_t i = 0; i + 1 < n; i++) {
        size_t at = 0;
        struct pl_str name;

        while (wire.p[at] != '%' || wire.p[at + 1] != '{')
            at++;
        name = pl_str_from(wire, at + 2);
        name.n = pl_str_find(name, '}');
        pieces[i] = (struct pl_action_piece){{wire.p, at}, pl_attr_find(name)};
        wire = pl_str_from(wire, at + 2 + name.n + 1);
    }
    pieces[n - 1] = (struct pl_action_piece){wire, PL_ATTR_COUNT};
}

static bool check_text(struct pl_str text, char why[PL_ACTION_WHY])
{
    struct pl_quote q;

    if (text.n == 0)
        return fail(why, "an empty action means OK to Postfix; expected OK, DUNNO, REJECT text, …");
    if (text.n > PL_ACTION_MAX)
        return fail(why, "an action of %zu bytes; expected at most %d", text.n, PL_ACTION_MAX);
    for (size_t i = 0; i < text.n; i++) {
        if (!pl_ascii_is_print(text.p[i]))
            return fail(
                why,
                "%s holds a byte that is not printable ASCII, which an SMTP reply must not; "
                "write it in plain letters",
                pl_quote(&q, text));
    }
    return true;
}

/* wire_word, a blank if there is text, and text; .p is NULL when memory is short. */
static struct pl_str join(struct pl_arena *a, struct pl_str wire_word, struct pl_str text)
{
    char wire[2 * PL_ACTION_MAX + 2];
    size_t n = wire_word.n;

    memcpy(wire, wire_word.p, wire_word.n);
    if (text.n > 0) {
        wire[n++] = ' ';
        memcpy(wire + n, text.p, text.n);
        n += text.n;
    }
    return pl_arena_copy(a, (struct pl_str){wire, n});
}

/* The word for the log, the same however the administrator spelt it. */
static struct pl_str copy_word(struct pl_arena *a, const struct pl_action *action)
{
    char canonical[PL_ACTION_MAX];

    if (action->kind != PL_ACTION_CLASS)
        return pl_arena_copy(a, action->word);
    memcpy(canonical, action->word.p, action->word.n);
    memcpy(canonical, "class:", 6);
    return pl_arena_copy(a, (struct pl_str){canonical, action->word.n});
}

const struct pl_action *pl_action_parse(struct pl_arena *a, struct pl_str text,
                                        char why[PL_ACTION_WHY])
{
    struct pl_action action = {0};
    struct pl_str word, rest, wire_word, placeable, wire;
    struct pl_action_piece *pieces;
    struct pl_action *result;
    size_t count, placed = 0;

    text = pl_str_trim(text);
    if (!check_text(text, why))
        return NULL;
    word = first_word(text, &rest);
    if (!classify(&action, word, rest, &wire_word, &placeable, why) ||
        !check_placeholders(text, &count, why))
        return NULL;
    check_placeholders(placeable, &placed, why); /* a part of text, so it cannot fail */
    if (placed != count) {
        fail(why, "%%{…} is not allowed here; it may stand in the text of REJECT, DEFER…, 4NN, "
                  "5NN, WARN, INFO, HOLD, "
                  "DISCARD and the value of PREPEND");
        return NULL;
    }
    if (action.kind == PL_ACTION_PREPEND && count > 0 &&
        pl_str_find((struct pl_str){rest.p, pl_str_find(rest, ':')}, '{') <
            pl_str_find(rest, ':')) {
        fail(why, "%%{…} is not allowed in the name of a header; expected it in the value");
        return NULL;
    }
    /* So that no client can put an enhanced code, or a word of access(5), where Postfix looks for
     * one. */
    if (count > 0 && !pl_ascii_is_alpha(placeable.p[0])) {
        fail(why, "a text with %%{…} must begin with a letter; expected for example \"Client "
                  "%%{client_address} …\"");
        return NULL;
    }
    wire = join(a, wire_word, rest);
    action.source = pl_arena_copy(a, text);
    action.word = copy_word(a, &action);
    pieces = pl_arena_array(a, count + 1, sizeof(*pieces));
    result = pl_arena_alloc(a, sizeof(*result));
    if (wire.p == NULL || action.source.p == NULL || action.word.p == NULL || pieces == NULL ||
        result == NULL) {
        fail(why, "out of memory");
        return NULL;
    }
    cut(pieces, count + 1, wire);
    action.pieces = pieces;
    action.npieces = count + 1;
    *result = action;
    return result;
}

static void put(char out[PL_ACTION_ROOM], size_t *n, struct pl_str s, bool clean)
{
    for (size_t i = 0; i < s.n && *n < PL_ACTION_MAX; i++)
        out[(*n)++] = clean || pl_ascii_is_print(s.p[i]) ? s.p[i] : '?';
}

size_t pl_action_format(char out[PL_ACTION_ROOM], const struct pl_action *action,
                        const struct pl_query *q)
{
    size_t n = 0;

    for (size_t i = 0; i < action->npieces; i++) {
        const struct pl_action_piece *piece = &action->pieces[i];

        put(out, &n, piece->literal, true);
        if (piece->attr != PL_ATTR_COUNT)
            put(out, &n, q->attr[piece->attr].n > 0 ? q->attr[piece->attr] : pl_str_lit("-"),
                false);
    }
    while (n > 0 && out[n - 1] == ' ')
        n--; /* a cut or an empty end must not leave blanks for Postfix to read as text */
    pl_assert(n > 0 && n <= PL_ACTION_MAX);
    out[n] = '\0';
    return n;
}
