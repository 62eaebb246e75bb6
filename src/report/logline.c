/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of our own log, read back: the inverse of src/daemon/log_decision.c. */
#include "postlatch/logline.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *key;
    enum pl_attr attr;
} table[] = {
#define X(key, id) {key, PL_ATTR_##id},
    PL_LOGLINE_TABLE(X)
#undef X
};

/* The keys of a line: those of the table, and in front of them what was decided. */
enum { NTABLE = sizeof(table) / sizeof(table[0]), ACTION = NTABLE, WOULD, RULE, END, NKEYS };

struct reading {
    struct pl_str value[NKEYS]; /* as written; p is NULL if the key is not there */
    struct pl_logline *l;
    size_t used; /* of l->bytes */
    char *why;
};

static const char *key_name(unsigned key)
{
    static const char *const more[] = {"action", "would", "rule", "us"};

    return key < NTABLE ? table[key].key : more[key - NTABLE];
}

static bool broken(struct reading *r, const char *what, struct pl_str value)
{
    struct pl_quote q;

    if (value.n > 40)
        value.n = 40;
    snprintf(r->why, PL_LOGLINE_WHY, "%s%s%s", what, value.p == NULL ? "" : " ",
             value.p == NULL ? "" : pl_quote(&q, value));
    return false;
}

static const struct pl_str nothing = {NULL, 0};

/* ---- values ---- */

/* How many bytes the value stands for; false if it is none that pl_escape writes. */
static bool count_bytes(struct pl_str s, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < s.n; i++, ++*count) {
        if (!pl_ascii_is_print(s.p[i]) || s.p[i] == ' ' || s.p[i] == '"')
            return false;
        if (s.p[i] != '\\')
            continue;
        if (s.n - i < 4 || s.p[i + 1] != 'x' || pl_ascii_hex_digit(s.p[i + 2]) < 0 ||
            pl_ascii_hex_digit(s.p[i + 3]) < 0)
            return false;
        i += 3;
    }
    return true;
}

/*
 * The value with its escapes undone. A cut one has PL_LOG_SHOWN bytes and three dots, an uncut one has
 * no more than PL_LOG_SHOWN bytes: so it is certain which it is, whatever the value ends with.
 */
static bool undo(struct reading *r, struct pl_str value, struct pl_str *out, bool *cut)
{
    char *to = r->l->bytes + r->used;
    size_t count;

    *cut = false;
    if (!count_bytes(value, &count))
        return broken(r, "a value that the daemon does not write:", value);
    if (count > PL_LOG_SHOWN) {
        *cut = count == PL_LOG_SHOWN + 3 && memcmp(value.p + value.n - 3, "...", 3) == 0;
        if (!*cut)
            return broken(r, "a value that is too long:", value);
        value.n -= 3;
    }
    *out = (struct pl_str){to, pl_unescape(to, value)};
    r->used += out->n;
    return true;
}

/* 192.0.2.1:25, [2001:db8::1]:25, or either without its port */
static void take_server(struct pl_logline *l, struct pl_str s)
{
    size_t bracket = pl_str_rfind(s, ']'), colon = pl_str_rfind(s, ':');
    bool has_port = colon < s.n && (s.p[0] != '[' || colon > bracket);

    if (has_port)
        l->attr[PL_ATTR_SERVER_PORT] = pl_str_from(s, colon + 1);
    else
        l->unknown |= 1ULL << PL_ATTR_SERVER_PORT;
    if (has_port)
        s.n = colon;
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct pl_str){s.p + 1, s.n - 2};
    l->attr[PL_ATTR_SERVER_ADDRESS] = s;
}

static bool take_attribute(struct reading *r, unsigned key)
{
    struct pl_str s = r->value[key];
    enum pl_attr attr = table[key].attr;
    bool mail = attr == PL_ATTR_SENDER || attr == PL_ATTR_RECIPIENT, cut;

    if (mail && (s.n < 2 || s.p[0] != '<' || s.p[s.n - 1] != '>'))
        return broken(r, "an address without its brackets:", s);
    if (mail)
        s = (struct pl_str){s.p + 1, s.n - 2};
    if (pl_str_eq(s, pl_str_lit("-")) && !mail) {
        if (attr == PL_ATTR_SERVER_ADDRESS)
            r->l->unknown |= 1ULL << PL_ATTR_SERVER_PORT;
        return true;
    }
    if (!undo(r, s, &s, &cut))
        return false;
    if (cut)
        r->l->unknown |= 1ULL << attr;
    if (attr == PL_ATTR_SERVER_ADDRESS && s.n > 0)
        take_server(r->l, s);
    else
        r->l->attr[attr] = s;
    return true;
}

/* All values have been found: what they mean. */
static bool take_values(struct reading *r)
{
    struct pl_logline *l = r->l;
    bool cut;

    for (unsigned key = 0; key < NKEYS; key++) {
        if (r->value[key].p == NULL && key != WOULD) {
            snprintf(r->why, PL_LOGLINE_WHY, "%s= is missing: the line was cut or changed",
                     key_name(key));
            return false;
        }
    }
    for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
        if (pl_attr_is_key((enum pl_attr)a))
            l->unknown |= 1ULL << a;
    }
    for (unsigned key = 0; key < NTABLE; key++)
        l->unknown &= ~(1ULL << table[key].attr);
    l->unknown &= ~(1ULL << PL_ATTR_SERVER_PORT);
    l->observed = r->value[WOULD].p != NULL;
    if (!undo(r, r->value[l->observed ? WOULD : ACTION], &l->action, &cut) ||
        !undo(r, r->value[RULE], &l->rule, &cut))
        return false;
    for (unsigned key = 0; key < NTABLE; key++) {
        if (!take_attribute(r, key))
            return false;
    }
    /* Postfix sends a method with a login only. */
    if (l->attr[PL_ATTR_SASL_USERNAME].n == 0)
        l->unknown &= ~(1ULL << PL_ATTR_SASL_METHOD);
    return true;
}

/* ---- lines ---- */

/* key=value key=value: behind "decision ", whose first key is sure to be there. */
static bool take_text(struct reading *r, struct pl_str rest)
{
    while (rest.n > 0) {
        size_t n = pl_str_find(rest, ' '), equals;
        struct pl_str word = {rest.p, n};
        unsigned key = 0;

        rest = pl_str_from(rest, n < rest.n ? n + 1 : n);
        equals = pl_str_find(word, '=');
        if (equals == word.n)
            return broken(r, "expected key=value, not", word);
        while (key < NKEYS && !pl_str_eq(pl_str_of(key_name(key)), (struct pl_str){word.p, equals}))
            key++;
        if (key == NKEYS)
            continue; /* of another version */
        if (r->value[key].p != NULL)
            return broken(r, "twice in the line:", (struct pl_str){word.p, equals});
        r->value[key] = pl_str_from(word, equals + 1);
    }
    return take_values(r);
}

static bool take_json(struct reading *r, const struct pl_json *object)
{
    for (unsigned key = 0; key < NKEYS; key++)
        r->value[key] = pl_str_of(pl_json_get(object, key_name(key)));
    r->value[END] = pl_str_lit("0"); /* a number, and an object has its end */
    return take_values(r);
}

static enum pl_logline_found found(bool whole)
{
    return whole ? PL_LOGLINE_DECISION : PL_LOGLINE_BROKEN;
}

/* Our line alone; depth: of objects that hold it. */
static enum pl_logline_found read_message(struct reading *r, struct pl_str line, unsigned depth)
{
    static const char begin[] = "decision action=";
    struct pl_json *object;
    enum pl_logline_found result = PL_LOGLINE_OTHER;
    const char *message;

    if (pl_str_has_prefix(line, pl_str_of(begin)))
        return found(take_text(r, pl_str_from(line, strlen("decision "))));
    if (line.n == 0 || line.p[0] != '{')
        return PL_LOGLINE_OTHER;
    object = pl_json_parse(line);
    message = pl_json_get(object, "MESSAGE");
    if (object == NULL) {
        /* Of our own form a logger may have cut the end off; others' objects are no concern. */
        if (pl_str_has_prefix(line, pl_str_lit("{\"action\":\"")))
            result = found(broken(r, "no whole JSON object: the line was cut or changed", nothing));
    } else if (message != NULL && depth == 0) {
        result = read_message(r, pl_str_of(message), depth + 1);
    } else if (pl_json_get(object, "POSTLATCH_ACTION") != NULL) {
        result = found(broken(
            r, "the line was too long for journalctl, which says so with --all only", nothing));
    } else if (pl_json_get(object, "other") == NULL && pl_json_get(object, "action") != NULL &&
               pl_json_get(object, "rule") != NULL) { /* "other": what a shadow would have said */
        result = found(take_json(r, object));
    }
    pl_json_free(object);
    return result;
}

/* <22>1 time host program pid id - MESSAGE: RFC 5424 without structured data */
static struct pl_str behind_rfc5424(struct pl_str line)
{
    struct pl_str rest = line;

    if (line.n == 0 || line.p[0] != '<')
        return nothing;
    for (unsigned words = 0; words < 7; words++) {
        size_t n = pl_str_find(rest, ' ');

        if (n == rest.n || (words == 0 && (n < 4 || memcmp(rest.p + n - 2, ">1", 2) != 0)) ||
            (words == 6 && (n != 1 || rest.p[0] != '-')))
            return nothing;
        rest = pl_str_from(rest, n + 1);
    }
    return pl_str_has_prefix(rest, pl_str_lit("\xef\xbb\xbf")) ? pl_str_from(rest, 3) : rest;
}

/* Behind the first ": ", where a program's own words begin. */
static struct pl_str behind_name(struct pl_str line)
{
    for (struct pl_str rest = line;;) {
        size_t n = pl_str_find(rest, ':');

        if (rest.n - n < 2)
            return nothing;
        if (rest.p[n + 1] == ' ')
            return pl_str_from(rest, n + 2);
        rest = pl_str_from(rest, n + 1);
    }
}

enum pl_logline_found pl_logline_read(struct pl_logline *l, struct pl_str line,
                                      char why[PL_LOGLINE_WHY])
{
    struct reading r = {.l = l, .why = why};
    struct pl_str message = line;
    enum pl_logline_found result;

    memset(l, 0, offsetof(struct pl_logline, bytes));
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (line.n > PL_LOGLINE_MAX)
        return found(broken(&r, "the line is too long", nothing));
    result = read_message(&r, line, 0);
    if (result != PL_LOGLINE_OTHER || (line.n > 0 && line.p[0] == '{'))
        return result;
    message = behind_rfc5424(line);
    if (message.p == NULL)
        message = behind_name(line);
    return message.p == NULL ? PL_LOGLINE_OTHER : read_message(&r, message, 1);
}
