/* SPDX-License-Identifier: BSD-2-Clause */
/* The axes of host names, logins, fingerprints, words and ports: an example of each class of each index. */
#include "axis.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_ROOM = 4 * PL_KEY_MAX };

enum pl_names axis_names_of(enum pl_attr attr)
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_MAIL:
    case PL_KIND_HOST:
        return PL_NAMES_DOMAINS;
    case PL_KIND_USER:
        return PL_NAMES_USERS;
    case PL_KIND_FINGERPRINT:
        return PL_NAMES_FINGERPRINTS;
    case PL_KIND_WORD_FOLD:
        return PL_NAMES_WORDS_FOLD;
    default:
        return PL_NAMES_WORDS;
    }
}

uint64_t axis_classes(const struct pl_space *s, enum pl_names names, struct pl_str name)
{
    uint64_t classes = 0;

    for (size_t part = 0; part < s->nparts; part++)
        classes |= (uint64_t)pl_name_index_find(&s->policy[part]->compiled->names[names], name)
                   << (part == 0 ? 32 : 0);
    return classes;
}

struct pl_str axis_child(const struct pl_space *s, struct pl_str parent, char *room, size_t size)
{
    static const char *const labels[] = {"host", "mail", AXIS_NOBODY, "x"};
    struct pl_str child = {room, 0};
    uint64_t wanted;
    char label[PL_DOMAIN_MAX + sizeof(AXIS_NOBODY)];

    if (parent.n + sizeof(AXIS_NOBODY) > sizeof(label) || size < sizeof(label))
        return child;
    snprintf(label, sizeof(label), "%s%.*s", AXIS_NOBODY, (int)parent.n, parent.p);
    wanted = axis_classes(s, PL_NAMES_DOMAINS, pl_str_of(label));
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        child.n = (size_t)snprintf(room, size, "%s%.*s", labels[i], (int)parent.n, parent.p);
        if (child.n <= PL_DOMAIN_MAX && axis_classes(s, PL_NAMES_DOMAINS, child) == wanted)
            return child;
    }
    child.n = 0;
    return child;
}

/* ---- the same examples at every start ---- */

struct least {
    struct pl_str *keys;
    size_t most;
    bool parents; /* only those */
};

static bool is_less(struct pl_str a, struct pl_str b)
{
    if (a.n != b.n)
        return a.n < b.n;
    return a.n > 0 && memcmp(a.p, b.p, a.n) < 0;
}

static bool keep_least(struct pl_str key, uint32_t class, void *arg)
{
    const struct least *l = arg;
    struct pl_str *of = l->keys + class * l->most;

    if (l->parents && key.p[0] != '.')
        return true;
    for (size_t i = 0; i < l->most; i++) {
        struct pl_str other = of[i];

        if (other.n > 0 && !is_less(key, other))
            continue;
        of[i] = key;
        if (other.n == 0)
            break;
        key = other;
    }
    return true;
}

struct pl_str *axis_first_keys(const struct pl_space *s, enum pl_names names, size_t most)
{
    const struct pl_name_index *index = &s->policy[0]->compiled->names[names];
    struct least l = {calloc((index->classes.count + 1) * most, sizeof(*l.keys)), most, false};

    if (l.keys != NULL)
        pl_name_index_each(index, keep_least, &l);
    return l.keys;
}

struct pl_str *axis_first_parents(const struct pl_space *s)
{
    const struct pl_name_index *index = &s->policy[0]->compiled->names[PL_NAMES_DOMAINS];
    struct least l = {calloc(index->classes.count + 1, sizeof(*l.keys)), 1, true};

    if (l.keys != NULL)
        pl_name_index_each(index, keep_least, &l);
    return l.keys;
}

struct gathering {
    struct pl_str *keys;
    size_t count;
};

static bool gather(struct pl_str key, uint32_t class, void *arg)
{
    struct gathering *g = arg;

    (void)class;
    g->keys[g->count++] = key;
    return true;
}

int axis_order(struct pl_str a, struct pl_str b)
{
    return is_less(a, b) ? -1 : is_less(b, a);
}

static int compare_keys(const void *va, const void *vb)
{
    const struct pl_str *a = va, *b = vb;

    return axis_order(*a, *b);
}

struct pl_str *axis_all_keys(const struct pl_space *s, enum pl_names names, size_t *n)
{
    struct gathering g = {0};

    *n = 0;
    for (size_t part = 0; part < s->nparts; part++)
        *n += s->policy[part]->compiled->names[names].count;
    g.keys = malloc((*n + 1) * sizeof(*g.keys));
    for (size_t part = 0; part < s->nparts && g.keys != NULL; part++)
        pl_name_index_each(&s->policy[part]->compiled->names[names], gather, &g);
    if (g.keys != NULL)
        qsort(g.keys, g.count, sizeof(*g.keys), compare_keys);
    return g.keys;
}

/* ---- what a key looks like when it is sent ---- */

static struct pl_str hex_of(struct pl_str bytes, char *room, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes.n && n + 4 < size; i++)
        n += (size_t)snprintf(room + n, size - n, "%s%02X", i == 0 ? "" : ":",
                              (unsigned)(unsigned char)bytes.p[i]);
    return (struct pl_str){room, n};
}

static struct pl_str xtext_of(struct pl_str text, char *room, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n && n + 4 < size; i++) {
        if (pl_ascii_is_print(text.p[i]) && strchr("+= ", text.p[i]) == NULL)
            room[n++] = text.p[i];
        else
            n += (size_t)snprintf(room + n, size - n, "+%02X", (unsigned)(unsigned char)text.p[i]);
    }
    return (struct pl_str){room, n};
}

static struct pl_str value_of(const struct axis_builder *b, struct pl_str key, char *room,
                              size_t size)
{
    switch (pl_attr_kind(b->attr)) {
    case PL_KIND_HOST:
        return key.p[0] == '.' ? axis_child(b->s, key, room, size) : key;
    case PL_KIND_USER:
        if (key.p[0] != '@')
            return key;
        return (struct pl_str){room,
                               (size_t)snprintf(room, size, "someone%.*s", (int)key.n, key.p)};
    case PL_KIND_FINGERPRINT:
        return hex_of(key, room, size);
    case PL_KIND_WORD_XTEXT:
        return xtext_of(key, room, size);
    default:
        return key;
    }
}

/* ---- keys ---- */

/* The other case for those of the first letters of text that have a bit in which. */
static void turn_case(char *text, size_t n, unsigned which)
{
    for (size_t i = 0; i < n && which != 0; i++) {
        char lower = pl_ascii_lower(text[i]);

        if (lower == pl_ascii_upper(text[i]))
            continue;
        if ((which & 1) != 0)
            text[i] = text[i] == lower ? pl_ascii_upper(text[i]) : lower;
        which >>= 1;
    }
}

/*
 * The same login in the forms that differ between two policies that read logins differently: without
 * its realm; and written otherwise, the name, the realm or both, since a list may have some of these
 * forms, but hardly all.
 */
static void offer_login_forms(struct axis_builder *b, struct pl_str login)
{
    enum { FORMS = 8 };
    const struct pl_user_style *x = &b->s->policy[0]->users, *y = &b->s->policy[1]->users;
    size_t at = pl_str_rfind(login, '@');
    char form[PL_USER_MAX];

    if (login.n > sizeof(form) ||
        (x->fold == y->fold && pl_str_eq(x->default_realm, y->default_realm)))
        return;
    for (unsigned name = 0; name < FORMS; name++) {
        for (unsigned realm = 0; realm < FORMS && !axis_is_stopped(b); realm++) {
            memcpy(form, login.p, login.n);
            turn_case(form, at, name);
            turn_case(form + at, login.n - at, realm);
            if (at > 0 && at < login.n && realm == 0)
                axis_offer(b, (struct pl_str){form, at}, 0);
            axis_offer(b, (struct pl_str){form, login.n}, 0);
            if (x->fold == y->fold)
                return;
        }
    }
}

/* "someone" may be a login of its own: then another stands for those of the realm. */
static void offer_realm(struct axis_builder *b, struct pl_str realm)
{
    char room[PL_USER_MAX + sizeof(AXIS_NOBODY)];
    int n = snprintf(room, sizeof(room), AXIS_NOBODY "%.*s", (int)realm.n, realm.p);

    if ((size_t)n > PL_USER_MAX)
        return;
    axis_offer(b, (struct pl_str){room, (size_t)n}, 0);
    if (b->s->nparts == 2)
        offer_login_forms(b, (struct pl_str){room, (size_t)n});
}

/* Whether both policies read a login as the same one. */
static bool reads_alike(const struct pl_space *s)
{
    const struct pl_user_style *x = &s->policy[0]->users, *y = &s->policy[1]->users;

    return x->fold == y->fold && pl_str_eq(x->default_realm, y->default_realm);
}

static bool offer_key(struct pl_str key, struct axis_builder *b)
{
    char room[NAME_ROOM];
    struct pl_str value;

    value = value_of(b, key, room, sizeof(room));
    if (value.n == 0)
        return true; /* no name can be below it */
    if (pl_attr_kind(b->attr) == PL_KIND_USER && key.p[0] == '@')
        offer_realm(b, key);
    if (pl_attr_kind(b->attr) == PL_KIND_USER && b->s->nparts == 2)
        offer_login_forms(b, key);
    axis_offer(b, value, 0);
    /* "@a@realm" holds the login of that very name, which no "someone@a@realm" is like. */
    if (pl_attr_kind(b->attr) == PL_KIND_USER && key.p[0] == '@')
        axis_offer(b, key, 0);
    return !axis_is_stopped(b);
}

/* Of one policy a key of each class is enough; of two it is pairs of classes that count. */
static void offer_keys(struct axis_builder *b)
{
    enum pl_names names = axis_names_of(b->attr);
    size_t n = b->s->policy[0]->compiled->names[names].classes.count;
    struct axis_keys_wanted wanted = {names, 1, axis_order, false};
    struct pl_str *keys;

    if (b->s->nparts == 1)
        keys = axis_first_keys(b->s, names, 1);
    else if (names != PL_NAMES_USERS || reads_alike(b->s))
        keys = axis_pair_keys(b->s, &wanted, &n);
    else
        keys = axis_all_keys(b->s, names, &n);
    if (keys == NULL) {
        b->failed = true;
        return;
    }
    qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < n; i++) {
        if (keys[i].n > 0 && !offer_key(keys[i], b))
            break;
    }
    free(keys);
}

/* Values that are in no list, or in one that all are in, the more ordinary first. */
static void offer_ordinary(struct axis_builder *b)
{
    static const struct {
        enum pl_attr_kind kind;
        const char *value;
    } ordinary[] = {
        {PL_KIND_HOST, "unknown"},
        {PL_KIND_HOST, "host.client.example"},
        {PL_KIND_HOST, AXIS_NOBODY "." AXIS_NOBODY},
        {PL_KIND_USER, "someone"},
        {PL_KIND_USER, "someone@realm.example"},
        {PL_KIND_USER, AXIS_NOBODY},
        {PL_KIND_USER, AXIS_NOBODY "@" AXIS_NOBODY},
        {PL_KIND_FINGERPRINT, "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"},
        {PL_KIND_FINGERPRINT, "F3:9A:0C:51:7E:D4:28:B6:8D:60:E1:5F:47:C2:93:1A:BE:05:7C:88:"
                              "2D:E9:46:A1:3B:F0:64:D7:19:8E:52:CB"},
        {PL_KIND_STATE, "RCPT"},
        {PL_KIND_STATE, AXIS_NOBODY},
        {PL_KIND_WORD_FOLD, AXIS_NOBODY},
        {PL_KIND_WORD, AXIS_NOBODY},
        {PL_KIND_WORD_XTEXT, AXIS_NOBODY},
    };

    if (pl_attr_kind(b->attr) != PL_KIND_HOST)
        axis_offer(b, (struct pl_str){"", 0}, 0);
    if (b->attr == PL_ATTR_HELO_NAME)
        axis_offer(b, pl_str_lit("host.client.example"), 0);
    if (b->attr == PL_ATTR_ENCRYPTION_PROTOCOL)
        axis_offer(b, pl_str_lit("TLSv1.3"), 0);
    for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++) {
        if (ordinary[i].kind == pl_attr_kind(b->attr))
            axis_offer(b, pl_str_of(ordinary[i].value), 0);
    }
}

void axis_names(struct axis_builder *b)
{
    offer_ordinary(b);
    if (!axis_is_stopped(b))
        offer_keys(b);
}

void axis_ports(struct axis_builder *b)
{
    static const unsigned well_known[] = {25, 587, 465};
    char text[8];

    axis_offer(b, (struct pl_str){"", 0}, 0);
    for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++) {
        snprintf(text, sizeof(text), "%u", well_known[i]);
        axis_offer(b, pl_str_of(text), 0);
    }
    for (unsigned port = 1; port <= 65535 && !axis_is_stopped(b); port++) {
        bool begins = port == 1;

        for (size_t part = 0; part < b->s->nparts; part++) {
            const uint32_t *class = b->s->policy[part]->compiled->port_class;

            begins = begins || (class != NULL && class[port] != class[port - 1]);
        }
        if (!begins)
            continue;
        snprintf(text, sizeof(text), "%u", port);
        axis_offer(b, pl_str_of(text), 0);
    }
}
