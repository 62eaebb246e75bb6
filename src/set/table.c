/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables: sets of values of one kind. An entry is checked and turned into the key by which requests
 * are compared when it is added; a look-up makes the same key of the request's value. O(log n).
 */
#include "postlatch/table.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/fingerprint.h"
#include "postlatch/quote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word, *doc;
} kinds[PL_TABLE_KIND_COUNT] = {
#define X(id, word, doc) {(word), (doc)},
    PL_TABLE_KIND_TABLE(X)
#undef X
};

/* An entry being added: its key, or its prefix, or its range. */
struct parsed {
    char key[PL_USER_MAX];
    size_t n; /* bytes of key */
    struct pl_prefix prefix;
    unsigned long low, high;
};

enum { WHY = 240 };
_Static_assert(sizeof(((struct parsed *)0)->key) >= PL_MAILADDR_MAX, "any mail address is a key");

const char *pl_table_kind_word(enum pl_table_kind kind)
{
    pl_assert(kind < PL_TABLE_KIND_COUNT);
    return kinds[kind].word;
}

const char *pl_table_kind_doc(enum pl_table_kind kind)
{
    pl_assert(kind < PL_TABLE_KIND_COUNT);
    return kinds[kind].doc;
}

struct pl_table *pl_table_new(struct pl_arena *a, struct pl_str name, enum pl_table_kind kind,
                              struct pl_pos at)
{
    struct pl_table *t = pl_arena_alloc(a, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->name = pl_arena_copy(a, name);
    t->kind = kind;
    t->at = at;
    return t->name.p == NULL ? NULL : t;
}

void pl_table_fini(struct pl_table *t)
{
    if (t == NULL)
        return;
    free(t->entries);
    t->entries = NULL;
    t->count = t->cap = 0;
    pl_ipset_fini(&t->networks);
    pl_nameset_fini(&t->names);
}

static bool fail(char why[WHY], const char *fmt, ...) PL_PRINTF(2, 3);
static bool fail(char why[WHY], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, WHY, fmt, ap);
    va_end(ap);
    return false;
}

static bool parse_network(struct parsed *e, struct pl_str text, char why[WHY])
{
    return pl_prefix_parse(&e->prefix, text, why);
}

/* "d" or ".d", the key is the same text in the form in which domains are compared. */
static bool parse_domain(struct parsed *e, struct pl_str text, char why[WHY])
{
    bool below = text.n > 0 && text.p[0] == '.';
    struct pl_domain d;
    const char *reason = NULL;

    if (pl_str_find(text, '@') < text.n)
        return fail(why, "a mail address where a domain is expected");
    if (!pl_domain_parse(&d, below ? pl_str_from(text, 1) : text, &reason))
        return fail(why, "%s", reason);
    if (below && pl_domain_is_literal(&d))
        return fail(why, "an address literal has no subdomains; write it without the dot");
    if (below)
        e->key[e->n++] = '.';
    memcpy(e->key + e->n, d.text, d.len);
    e->n += d.len;
    return true;
}

/*
 * What no login looks like, but a pattern, a file's name or a line of a password file does: read as a
 * login it would match nobody, and the rule that names it would silently be off.
 */
static bool check_login(struct pl_str text, char why[WHY])
{
    if (pl_str_find(text, '*') < text.n)
        return fail(why,
                    "a '*' stands for nothing here; expected a login, \"@realm\" for all users "
                    "of a realm, or the word any where a condition is");
    if (text.p[0] == '/' || pl_str_find(text, ':') < text.n)
        return fail(why, "neither a file nor a pattern can stand here; expected a login (a file "
                         "belongs into a table: users NAME { file = \"…\" })");
    if (pl_str_find(text, ',') < text.n)
        return fail(why, "a comma within a login; expected one login an entry");
    if (pl_str_find(text, '<') < text.n || pl_str_find(text, '>') < text.n)
        return fail(why, "a '<' or '>' within a login; expected a login, or <NAME> for a table");
    return true;
}

static bool parse_user(struct parsed *e, struct pl_str text, const struct pl_user_style *style,
                       char why[WHY])
{
    if (!check_login(text, why))
        return false;
    if (text.n > 0 && text.p[text.n - 1] == '@')
        return fail(why, "no realm behind '@'; expected a login, or \"@realm\" for all its users");
    e->n = pl_user_key(e->key, text, style);
    if (e->n == 0)
        return fail(why, "a login of %zu bytes; expected 1 to %d", text.n, PL_USER_MAX);
    return true;
}

static bool parse_address(struct parsed *e, struct pl_str text, char why[WHY])
{
    size_t at = pl_str_rfind(text, '@');
    struct pl_mailaddr m;
    struct pl_domain d = {0};
    const char *reason = NULL;

    if (at == text.n)
        return fail(why, "not a mail address; expected user@example.org, or \"user@\" for that "
                         "user of any domain");
    if (at == 0)
        return fail(why, "no user in front of '@'; expected user@example.org, or the bare domain "
                         "where domains are taken");
    if (pl_str_find((struct pl_str){text.p, at}, '*') < at)
        return fail(why, "a '*' stands for nothing here; expected user@example.org, \"user@\", or "
                         "the bare domain for all its addresses");
    pl_mailaddr_read(&m, text);
    if (m.form == PL_MAIL_ROUTED)
        return fail(why, "'@', '%%' or '!' left of the last '@' is sender-specified routing, which "
                         "no address entry holds; expected user@example.org");
    if (at + 1 < text.n && !pl_domain_parse(&d, pl_str_from(text, at + 1), &reason))
        return fail(why, "bad domain behind '@': %s", reason);
    e->n = pl_mailaddr_key(e->key, m.local, pl_domain_str(&d));
    if (e->n == 0)
        return fail(why, "the part in front of '@' is longer than %d bytes", PL_LOCAL_MAX);
    return true;
}

static bool parse_fingerprint(struct parsed *e, struct pl_str text, char why[WHY])
{
    uint8_t bytes[PL_FINGERPRINT_MAX];

    if (!pl_fingerprint_parse(bytes, &e->n, text))
        return fail(why, "not a fingerprint; expected 16, 20 or 32 bytes in hex, with a colon "
                         "between all of them or none");
    memcpy(e->key, bytes, e->n);
    return true;
}

static bool parse_word(struct parsed *e, struct pl_str text, bool fold, char why[WHY])
{
    if (text.n == 0 || text.n > PL_WORD_MAX)
        return fail(why, "a word of %zu bytes; expected 1 to %d", text.n, PL_WORD_MAX);
    for (; e->n < text.n; e->n++)
        e->key[e->n] = fold ? pl_ascii_lower(text.p[e->n]) : text.p[e->n];
    return true;
}

static bool parse_ports(struct parsed *e, struct pl_str text, char why[WHY])
{
    size_t dash = pl_str_find(text, '-');
    struct pl_str low = {text.p, dash};
    struct pl_str high = dash < text.n ? pl_str_from(text, dash + 1) : low;

    if (!pl_str_to_number(low, 1, 65535, &e->low) || !pl_str_to_number(high, 1, 65535, &e->high))
        return fail(why, "not a port; expected a number from 1 to 65535, or a range as in 587-588");
    if (e->low > e->high)
        return fail(why, "the range runs backwards; expected the lower port first");
    return true;
}

static bool parse(struct parsed *e, enum pl_table_kind kind, struct pl_str text,
                  const struct pl_user_style *style, char why[WHY])
{
    switch (kind) {
    case PL_TABLE_NETWORKS:
        return parse_network(e, text, why);
    case PL_TABLE_DOMAINS:
        return parse_domain(e, text, why);
    case PL_TABLE_USERS:
        return parse_user(e, text, style, why);
    case PL_TABLE_ADDRESSES:
        return parse_address(e, text, why);
    case PL_TABLE_FINGERPRINTS:
        return parse_fingerprint(e, text, why);
    case PL_TABLE_WORDS:
    case PL_TABLE_WORDS_FOLD:
        return parse_word(e, text, kind == PL_TABLE_WORDS_FOLD, why);
    case PL_TABLE_PORTS:
        return parse_ports(e, text, why);
    case PL_TABLE_KIND_COUNT:
        break;
    }
    return fail(why, "unknown kind of table");
}

static bool is_condition_word(struct pl_str text)
{
    static const char *const condition_words[] = {"any", "none",    "unknown", "ours",
                                                  "<>",  "foreign", "routed"};

    for (size_t i = 0; i < sizeof(condition_words) / sizeof(condition_words[0]); i++) {
        if (pl_str_eq(text, pl_str_of(condition_words[i])))
            return true;
    }
    return false;
}

/* Where keys of a kind are collected. */
static enum pl_names names_of(enum pl_table_kind kind)
{
    switch (kind) {
    case PL_TABLE_DOMAINS:
        return PL_NAMES_DOMAINS;
    case PL_TABLE_USERS:
        return PL_NAMES_USERS;
    case PL_TABLE_ADDRESSES:
        return PL_NAMES_ADDRESSES;
    case PL_TABLE_FINGERPRINTS:
        return PL_NAMES_FINGERPRINTS;
    case PL_TABLE_WORDS_FOLD:
        return PL_NAMES_WORDS_FOLD;
    default:
        pl_assert(kind == PL_TABLE_WORDS);
        return PL_NAMES_WORDS;
    }
}

/* A name of one label, with or without a dot in front; localhost is this host (RFC 6761). */
bool pl_table_is_top_level(struct pl_str key)
{
    struct pl_str name = key.n > 0 && key.p[0] == '.' ? pl_str_from(key, 1) : key;

    if (name.n > 0 && name.p[0] == '[')
        return false;
    return pl_str_find(name, '.') == name.n && !pl_str_eq(key, pl_str_lit("localhost"));
}

/* Notes a checked entry for the compiled form; false when memory is short. */
static bool collect(struct pl_table *t, const struct parsed *e)
{
    if (t->kind == PL_TABLE_DOMAINS && pl_table_is_top_level((struct pl_str){e->key, e->n}))
        t->has_top_level = true;
    if (t->sources == NULL)
        return true;
    if (t->kind == PL_TABLE_NETWORKS)
        return pl_networks_add(&t->sources->networks, &e->prefix, t->number);
    if (t->kind == PL_TABLE_PORTS)
        return pl_sources_add_ports(
            t->sources, (struct pl_port_range){(uint16_t)e->low, (uint16_t)e->high, t->number});
    return pl_keys_add(&t->sources->names[names_of(t->kind)], (struct pl_str){e->key, e->n},
                       t->number);
}

/* Puts a checked entry into the table's index; false when memory is short. */
static bool insert(struct pl_table *t, struct pl_arena *a, const struct parsed *e,
                   struct pl_str text, struct pl_pos at)
{
    struct pl_table_entry *entries;
    uint32_t id = (uint32_t)t->count;
    struct pl_str copy, key;
    bool ok;

    if (t->lean) {
        t->count++;
        return true;
    }
    entries = pl_grow(t->entries, &t->cap, t->count, sizeof(*entries));
    if (entries == NULL || t->count >= PL_NO_ENTRY)
        return false;
    t->entries = entries;
    copy = pl_arena_copy(a, text);
    if (copy.p == NULL)
        return false;
    entries[id] = (struct pl_table_entry){copy, at, (uint16_t)e->low, (uint16_t)e->high};
    if (t->kind == PL_TABLE_NETWORKS) {
        ok = pl_ipset_add(&t->networks, &e->prefix, id);
    } else if (t->kind == PL_TABLE_PORTS) {
        ok = true;
    } else {
        key = pl_arena_copy(a, (struct pl_str){e->key, e->n});
        ok = key.p != NULL && pl_nameset_add(&t->names, key, id);
    }
    t->count += ok;
    return ok;
}

bool pl_table_add(struct pl_table *t, struct pl_arena *a, struct pl_str text, struct pl_pos at,
                  const struct pl_user_style *style, const char *what, struct pl_diag *d)
{
    struct parsed e = {0};
    struct pl_quote q;
    char why[WHY];

    if (text.n > 0 && text.p[0] == '!') {
        pl_diag_error(d, at,
                      "%s: %s: a table's entry takes no '!'; exclude it where the table is used",
                      what, pl_quote(&q, text));
        return false;
    }
    if (text.n > 0 && text.p[0] == '<' && text.p[text.n - 1] == '>' && text.n > 2) {
        pl_diag_error(d, at,
                      "%s: %s: a table's entry cannot refer to a table; expected a plain entry",
                      what, pl_quote(&q, text));
        return false;
    }
    if (is_condition_word(text) && t->kind != PL_TABLE_WORDS && t->kind != PL_TABLE_WORDS_FOLD) {
        pl_diag_error(d, at,
                      "%s: %s is a word of conditions, not %s; write it where the table is used",
                      what, pl_quote(&q, text), pl_table_kind_doc(t->kind));
        return false;
    }
    if (!parse(&e, t->kind, text, style, why)) {
        pl_diag_error(d, at, "%s: %s: %s", what, pl_quote(&q, text), why);
        return false;
    }
    if (!insert(t, a, &e, text, at) || !collect(t, &e)) {
        pl_diag_no_memory(d);
        return false;
    }
    return true;
}

void pl_table_freeze(struct pl_table *t)
{
    pl_ipset_freeze(&t->networks);
    pl_nameset_freeze(&t->names);
}

uint32_t pl_table_find_addr(const struct pl_table *t, const struct pl_addr *addr)
{
    pl_assert(t->kind == PL_TABLE_NETWORKS);
    return pl_ipset_find(&t->networks, addr);
}

uint32_t pl_table_find_domain(const struct pl_table *t, const struct pl_domain *domain)
{
    struct pl_str name = pl_domain_str(domain);
    uint32_t id;

    pl_assert(t->kind == PL_TABLE_DOMAINS);
    if (name.n == 0)
        return PL_NO_ENTRY;
    id = pl_nameset_find(&t->names, name);
    if (pl_domain_is_literal(domain))
        return id;
    for (size_t i = 1; i < name.n && id == PL_NO_ENTRY; i++) {
        if (name.p[i] == '.')
            id = pl_nameset_find(&t->names, pl_str_from(name, i));
    }
    return id;
}

uint32_t pl_table_find_user(const struct pl_table *t, struct pl_str login,
                            const struct pl_user_style *style)
{
    char room[PL_USER_MAX];
    struct pl_str key = {room, pl_user_key(room, login, style)};
    size_t at = pl_str_rfind(key, '@');
    uint32_t id;

    pl_assert(t->kind == PL_TABLE_USERS);
    if (key.n == 0 || at + 1 == key.n)
        return PL_NO_ENTRY; /* absent, too long, or an empty realm: equal to no entry */
    /* A login that begins with '@' must not be taken for the entry that means a whole realm. */
    if (at == 0)
        return PL_NO_ENTRY;
    id = pl_nameset_find(&t->names, key);
    if (id == PL_NO_ENTRY && at < key.n)
        id = pl_nameset_find(&t->names, pl_str_from(key, at));
    return id;
}

uint32_t pl_table_find_address(const struct pl_table *t, const struct pl_mailaddr *m,
                               struct pl_str delimiters)
{
    struct pl_str locals[2] = {m->local, pl_mailaddr_strip_extension(m->local, delimiters)};
    struct pl_str domains[2] = {pl_domain_str(&m->domain), {NULL, 0}};
    char room[PL_MAILADDR_MAX];
    uint32_t id = PL_NO_ENTRY;

    pl_assert(t->kind == PL_TABLE_ADDRESSES);
    if (m->local.n == 0)
        return PL_NO_ENTRY;
    for (size_t i = 0; i < 4 && id == PL_NO_ENTRY; i++) {
        struct pl_str key = {room, 0};

        if (i < 2 && domains[0].n == 0)
            continue; /* a bare or unparsable address is held by "user@" only */
        key.n = pl_mailaddr_key(room, locals[i % 2], domains[i / 2]);
        if (key.n > 0)
            id = pl_nameset_find(&t->names, key);
    }
    return id;
}

uint32_t pl_table_find_fingerprint(const struct pl_table *t, struct pl_str text)
{
    uint8_t bytes[PL_FINGERPRINT_MAX];
    size_t n;

    pl_assert(t->kind == PL_TABLE_FINGERPRINTS);
    if (!pl_fingerprint_parse(bytes, &n, text))
        return PL_NO_ENTRY;
    return pl_nameset_find(&t->names, (struct pl_str){(const char *)bytes, n});
}

uint32_t pl_table_find_word(const struct pl_table *t, struct pl_str word)
{
    char room[PL_WORD_MAX];

    pl_assert(t->kind == PL_TABLE_WORDS || t->kind == PL_TABLE_WORDS_FOLD);
    if (word.n == 0 || word.n > PL_WORD_MAX)
        return PL_NO_ENTRY;
    if (t->kind == PL_TABLE_WORDS)
        return pl_nameset_find(&t->names, word);
    for (size_t i = 0; i < word.n; i++)
        room[i] = pl_ascii_lower(word.p[i]);
    return pl_nameset_find(&t->names, (struct pl_str){room, word.n});
}

uint32_t pl_table_find_port(const struct pl_table *t, struct pl_str port)
{
    unsigned long number;

    pl_assert(t->kind == PL_TABLE_PORTS);
    if (!pl_str_to_number(port, 1, 65535, &number))
        return PL_NO_ENTRY;
    for (uint32_t i = 0; i < t->count; i++) {
        if (number >= t->entries[i].low && number <= t->entries[i].high)
            return i;
    }
    return PL_NO_ENTRY;
}
