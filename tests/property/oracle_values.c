/* SPDX-License-Identifier: BSD-2-Clause */
/* The values next to every entry, and which of them behave alike. */
#include "draft.h"
#include "oracle.h"

#include "postlatch/mailaddr.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY ORACLE_NOBODY
#define NOWHERE ORACLE_NOWHERE

/* ---- texts ---- */

struct texts {
    struct pl_str *items; /* malloc'ed */
    size_t count, cap;
};

static void texts_add(struct texts *t, struct pl_str text)
{
    struct pl_str *items;

    for (size_t i = 0; i < t->count; i++) {
        if (pl_str_eq(t->items[i], text))
            return;
    }
    items = pl_grow(t->items, &t->cap, t->count, sizeof(*items));
    must(items != NULL, "out of memory");
    t->items = items;
    items[t->count++] = text;
}

static void texts_fini(struct texts *t)
{
    free(t->items);
    *t = (struct texts){0};
}

/* a, b and c, one behind the other. */
static struct pl_str join(const struct oracle *o, struct pl_str a, struct pl_str b, struct pl_str c)
{
    struct pl_buf text = {0};
    struct pl_str copy;

    pl_buf_add(&text, a);
    pl_buf_add(&text, b);
    pl_buf_add(&text, c);
    copy = pl_arena_copy(o->arena, pl_buf_str(&text));
    must(copy.p != NULL && !text.failed, "out of memory");
    pl_buf_fini(&text);
    return copy;
}

static void add_table(struct texts *texts, const struct pl_table *t, enum pl_table_kind kind)
{
    for (size_t i = 0; i < t->count && t->kind == kind; i++)
        texts_add(texts, t->entries[i].text);
}

/* The entries of all lists that hold values of a kind. */
static void add_kind(const struct oracle *o, struct texts *texts, enum pl_table_kind kind)
{
    for (size_t part = 0; part < o->nparts; part++) {
        const struct pl_policy *p = o->policy[part];

        for (size_t i = 0; i < p->ntables; i++)
            add_table(texts, p->tables[i], kind);
        for (size_t i = 0; i < p->ninline; i++)
            add_table(texts, p->inlines[i], kind);
    }
}

/* ---- what a value does ---- */

static uint64_t rules_that_hold(const struct pl_policy *p, const struct pl_query *q,
                                enum pl_attr attr)
{
    uint64_t rules = 0;

    for (size_t r = 0; r < p->nrules; r++) {
        bool holds = true;

        for (size_t c = 0; c < p->rules[r].ncond && holds; c++) {
            const struct pl_condition *cond = &p->rules[r].cond[c];

            holds = cond->attr != attr || pl_set_match(cond->set, p, q, attr).holds;
        }
        rules |= (uint64_t)holds << r;
    }
    return rules;
}

static struct oracle_value examine(const struct oracle *o, enum pl_attr attr, struct pl_str text)
{
    struct oracle_value v = {.text = text};
    struct pl_query q;

    memset(q.attr, 0, sizeof(q.attr));
    q.attr[attr] = text;
    pl_query_read(&q);
    for (size_t part = 0; part < o->nparts; part++) {
        v.rules[part] = rules_that_hold(o->policy[part], &q, attr);
        v.facts[part] = oracle_facts(o->policy[part], &q, attr);
    }
    v.listeners = oracle_listeners(o->policy[0], &q, attr);
    if (attr == PL_ATTR_RECIPIENT)
        v.entries = oracle_in_entries(&o->accepted, &q);
    return v;
}

static size_t find_alike(const struct oracle_axis *axis, const struct oracle_value *v)
{
    for (size_t i = 0; i < axis->count; i++) {
        const struct oracle_value *w = &axis->values[i];

        if (w->rules[0] == v->rules[0] && w->rules[1] == v->rules[1] &&
            w->listeners == v->listeners && w->entries == v->entries &&
            w->facts[0] == v->facts[0] && w->facts[1] == v->facts[1])
            return i;
    }
    return SIZE_MAX;
}

/* One more value; which one of the axis behaves like it. */
static size_t offer(const struct oracle *o, struct oracle_axis *axis, struct pl_str text)
{
    struct oracle_value v = examine(o, axis->attr, text), *values;
    size_t at = find_alike(axis, &v);

    if (at != SIZE_MAX)
        return at;
    values = pl_grow(axis->values, &axis->cap, axis->count, sizeof(*values));
    must(values != NULL, "out of memory");
    axis->values = values;
    values[axis->count] = v;
    return axis->count++;
}

size_t oracle_value_of(const struct oracle *o, const struct oracle_axis *axis, struct pl_str text)
{
    struct oracle_value v = examine(o, axis->attr, text);

    return find_alike(axis, &v);
}

static void offer_text(const struct oracle *o, struct oracle_axis *axis, const char *text)
{
    offer(o, axis, pl_str_of(text));
}

/* Where addresses begin to differ: the first of each network, and the first behind it. */
static void add_edges(const struct oracle *o, struct spans *edges)
{
    struct texts networks = {0};

    for (int family = 4; family <= 6; family += 2)
        spans_add(edges, (struct span){family, 0, 0});
    add_kind(o, &networks, PL_TABLE_NETWORKS);
    for (size_t i = 0; i < networks.count; i++) {
        struct span s;

        must(span_parse(&s, networks.items[i]), "a network that is none");
        spans_add(edges, (struct span){s.family, s.low, s.low});
        if (s.high != (s.family == 4 ? 0xffffffff : ~(oracle_u128)0))
            spans_add(edges, (struct span){s.family, s.high + 1, s.high + 1});
    }
    for (size_t i = 0; i < o->policy[0]->nlisteners; i++) {
        const struct pl_addr *server = &o->policy[0]->listeners[i].server;
        struct span s;

        if (server->family == 0)
            continue;
        s = span_of(server);
        spans_add(edges, s);
        if (s.high != (s.family == 4 ? 0xffffffff : ~(oracle_u128)0))
            spans_add(edges, (struct span){s.family, s.high + 1, s.high + 1});
    }
    texts_fini(&networks);
}

static int compare_edges(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->family != y->family)
        return x->family - y->family;
    return x->low < y->low ? -1 : x->low > y->low;
}

static void add_interval(struct oracle *o, struct span span, size_t value)
{
    struct oracle_interval *intervals =
        pl_grow(o->intervals, &o->intervals_cap, o->nintervals, sizeof(*intervals));

    must(intervals != NULL, "out of memory");
    o->intervals = intervals;
    intervals[o->nintervals++] = (struct oracle_interval){span, value};
}

/* What is left of a span without ORACLE_MAPPED: up to two. */
static size_t without_mapped(struct span s, struct span out[2])
{
    const struct span gap = ORACLE_MAPPED;
    size_t n = 0;

    if (s.family != gap.family || s.high < gap.low || s.low > gap.high) {
        out[0] = s;
        return 1;
    }
    if (s.low < gap.low)
        out[n++] = (struct span){6, s.low, gap.low - 1};
    if (s.high > gap.high)
        out[n++] = (struct span){6, gap.high + 1, s.high};
    return n;
}

static void addresses(struct oracle *o, struct oracle_axis *axis)
{
    struct spans edges = {0};

    offer_text(o, axis, "");
    offer_text(o, axis, "unknown");
    offer_text(o, axis, "192.0.2.01");
    add_edges(o, &edges);
    qsort(edges.items, edges.count, sizeof(*edges.items), compare_edges);
    for (size_t i = 0; i < edges.count; i++) {
        struct span s = edges.items[i], real[2];
        size_t n, first, last;

        if (i + 1 < edges.count && compare_edges(&s, &edges.items[i + 1]) == 0)
            continue;
        s.high = i + 1 < edges.count && edges.items[i + 1].family == s.family
                     ? edges.items[i + 1].low - 1
                     : (s.family == 4 ? 0xffffffff : ~(oracle_u128)0);
        n = without_mapped(s, real);
        if (n == 0)
            continue;
        first = offer(o, axis, span_text(o->arena, s.family, real[0].low, i % 7 == 3));
        last = offer(o, axis, span_text(o->arena, s.family, real[n - 1].high, i % 7 == 5));
        must(first == last, "an edge between addresses that no list has");
        for (size_t k = 0; k < n && axis->attr == PL_ATTR_CLIENT_ADDRESS; k++)
            add_interval(o, real[k], first);
    }
    spans_fini(&edges);
}

/* The names in entries without the leading dot, and what is below, beside and above them. */
static void near_domains(const struct oracle *o, struct texts *out, const struct texts *entries,
                         bool far)
{
    for (size_t i = 0; i < entries->count; i++) {
        struct pl_str name = entries->items[i], nothing = {NULL, 0};
        size_t dot;

        if (name.n > 0 && name.p[0] == '.')
            name = pl_str_from(name, 1);
        texts_add(out, name);
        texts_add(out, join(o, pl_str_lit(NOBODY "."), name, nothing));
        if (!far)
            continue;
        texts_add(out, join(o, pl_str_lit("a." NOBODY "."), name, nothing));
        texts_add(out, join(o, pl_str_lit("x"), name, nothing));
        dot = pl_str_find(name, '.');
        if (dot + 1 < name.n)
            texts_add(out, pl_str_from(name, dot + 1));
    }
}

static void hosts(const struct oracle *o, struct oracle_axis *axis)
{
    struct texts entries = {0}, names = {0};

    add_kind(o, &entries, PL_TABLE_DOMAINS);
    near_domains(o, &names, &entries, true);
    offer_text(o, axis, "");
    offer_text(o, axis, "unknown");
    offer_text(o, axis, "mx." NOWHERE);
    offer_text(o, axis, "-.-"); /* equal to no name */
    for (size_t i = 0; i < names.count; i++)
        offer(o, axis, names.items[i]);
    texts_fini(&entries);
    texts_fini(&names);
}

/* Local parts in entries, each with an extension too. */
static void near_locals(const struct oracle *o, struct texts *out, const struct texts *addresses)
{
    texts_add(out, pl_str_lit(NOBODY));
    for (size_t i = 0; i < addresses->count; i++) {
        struct pl_str local = addresses->items[i];

        local.n = pl_str_rfind(local, '@');
        texts_add(out, local);
        for (size_t part = 0; part < o->nparts; part++) {
            struct pl_str delimiter = o->policy[part]->delimiters;

            if (delimiter.n == 0)
                continue;
            delimiter.n = 1;
            texts_add(out, join(o, local, delimiter, pl_str_lit("zz")));
        }
    }
}

static void mail(const struct oracle *o, struct oracle_axis *axis)
{
    static const char *const odd[] = {"",
                                      NOBODY,
                                      "a%" NOWHERE,
                                      NOWHERE "!a",
                                      "a@" NOWHERE "@" NOWHERE,
                                      NOBODY "@-.-",
                                      NOBODY "@",
                                      "@" NOWHERE,
                                      "@",
                                      NOBODY "@" NOWHERE};
    struct texts entries = {0}, whole = {0}, realms = {0}, domains = {0}, far = {0}, locals = {0};
    const struct pl_str at = pl_str_lit("@");

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        offer_text(o, axis, odd[i]);
    add_kind(o, &entries, PL_TABLE_DOMAINS);
    add_kind(o, &whole, PL_TABLE_ADDRESSES);
    for (size_t i = 0; i < whole.count; i++) {
        size_t end = pl_str_rfind(whole.items[i], '@') + 1;

        if (end < whole.items[i].n)
            texts_add(&realms, pl_str_from(whole.items[i], end));
    }
    texts_add(&domains, pl_str_lit(NOWHERE));
    near_domains(o, &domains, &entries, false);
    near_domains(o, &domains, &realms, false);
    near_domains(o, &far, &entries, true);
    near_locals(o, &locals, &whole);
    for (size_t i = 0; i < far.count; i++) {
        offer(o, axis, join(o, pl_str_lit(NOBODY), at, far.items[i]));
        offer(o, axis, join(o, pl_str_lit("a%b"), at, far.items[i]));
    }
    for (size_t i = 0; i < locals.count; i++) {
        offer(o, axis, locals.items[i]);                                 /* bare */
        offer(o, axis, join(o, locals.items[i], at, pl_str_lit("-.-"))); /* unparsable */
        for (size_t j = 0; j < domains.count; j++)
            offer(o, axis, join(o, locals.items[i], at, domains.items[j]));
    }
    texts_fini(&entries);
    texts_fini(&whole);
    texts_fini(&realms);
    texts_fini(&domains);
    texts_fini(&far);
    texts_fini(&locals);
}

/* The same text with capitals where it had none, and none where it had some. */
static struct pl_str other_case(const struct oracle *o, struct pl_str text)
{
    struct pl_str copy = pl_arena_copy(o->arena, text);
    char *p = pl_arena_alloc(o->arena, text.n + 1);

    must(copy.p != NULL && p != NULL, "out of memory");
    for (size_t i = 0; i < text.n; i++)
        p[i] = text.p[i] == pl_ascii_lower(text.p[i]) ? pl_ascii_upper(text.p[i])
                                                      : pl_ascii_lower(text.p[i]);
    return (struct pl_str){p, text.n};
}

static struct pl_str to_lower(const struct oracle *o, struct pl_str text)
{
    char *p = pl_arena_alloc(o->arena, text.n + 1);

    must(p != NULL, "out of memory");
    for (size_t i = 0; i < text.n; i++)
        p[i] = pl_ascii_lower(text.p[i]);
    return (struct pl_str){p, text.n};
}

/* A part of a login, and what only looks like it by case. */
static void near_part(const struct oracle *o, struct texts *out, struct pl_str part)
{
    const struct pl_str low = to_lower(o, part);

    texts_add(out, part);
    texts_add(out, low);
    texts_add(out, other_case(o, low));
    texts_add(out, other_case(o, part));
}

/* Each name with each realm, of whatever entry: who is of a realm that is listed may be listed himself. */
static void logins(const struct oracle *o, struct oracle_axis *axis)
{
    const struct pl_str nothing = {NULL, 0}, at_sign = pl_str_lit("@");
    struct texts entries = {0}, names = {0}, realms = {0};

    offer_text(o, axis, "");
    texts_add(&names, pl_str_lit(NOBODY));
    texts_add(&names, nothing);
    texts_add(&realms, nothing);
    texts_add(&realms, at_sign);
    texts_add(&realms, pl_str_lit("@" NOWHERE));
    for (size_t part = 0; part < o->nparts; part++)
        near_part(o, &realms, join(o, at_sign, o->policy[part]->users.default_realm, nothing));
    add_kind(o, &entries, PL_TABLE_USERS);
    for (size_t i = 0; i < entries.count; i++) {
        struct pl_str text = entries.items[i];
        size_t at = pl_str_rfind(text, '@');

        near_part(o, &names, (struct pl_str){text.p, at});
        near_part(o, &realms, pl_str_from(text, at));
    }
    for (size_t i = 0; i < names.count; i++) {
        for (size_t j = 0; j < realms.count; j++)
            offer(o, axis, join(o, names.items[i], realms.items[j], nothing));
    }
    texts_fini(&entries);
    texts_fini(&names);
    texts_fini(&realms);
}

static void fingerprints(const struct oracle *o, struct oracle_axis *axis)
{
    struct texts entries = {0};

    offer_text(o, axis, "");
    offer_text(o, axis, "5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5b");
    offer_text(o, axis, "no fingerprint");
    add_kind(o, &entries, PL_TABLE_FINGERPRINTS);
    for (size_t i = 0; i < entries.count; i++) {
        offer(o, axis, entries.items[i]);
        offer(o, axis, other_case(o, entries.items[i]));
    }
    texts_fini(&entries);
}

static void ports(const struct oracle *o, struct oracle_axis *axis)
{
    struct texts entries = {0};
    struct pl_buf text = {0};

    offer_text(o, axis, "");
    offer_text(o, axis, "0");
    offer_text(o, axis, "x");
    add_kind(o, &entries, PL_TABLE_PORTS);
    for (size_t i = 0; i < entries.count; i++) {
        struct pl_str e = entries.items[i];
        size_t dash = pl_str_find(e, '-');
        unsigned long ends[2];

        must(pl_str_to_number((struct pl_str){e.p, dash}, 0, 65535, &ends[0]), "a port");
        ends[1] = ends[0];
        if (dash < e.n)
            must(pl_str_to_number(pl_str_from(e, dash + 1), 0, 65535, &ends[1]), "a port");
        for (size_t k = 0; k < 6; k++) {
            struct pl_str copy;

            pl_buf_reset(&text);
            pl_buf_addf(&text, "%lu", ends[k / 3] + k % 3 - 1);
            copy = pl_arena_copy(o->arena, pl_buf_str(&text));
            must(copy.p != NULL && !text.failed, "out of memory");
            offer(o, axis, copy);
        }
    }
    texts_fini(&entries);
    pl_buf_fini(&text);
}

/* A word as Postfix sends it: xtext, where the attribute is sent so. */
static struct pl_str encode(const struct oracle *o, enum pl_attr attr, struct pl_str word)
{
    struct pl_buf text = {0};
    struct pl_str copy;

    if (pl_attr_kind(attr) != PL_KIND_WORD_XTEXT)
        return word;
    for (size_t i = 0; i < word.n; i++) {
        if (pl_ascii_is_alnum(word.p[i]))
            pl_buf_add_char(&text, word.p[i]);
        else
            pl_buf_addf(&text, "+%02X", (unsigned)(unsigned char)word.p[i]);
    }
    copy = pl_arena_copy(o->arena, pl_buf_str(&text));
    must(copy.p != NULL && !text.failed, "out of memory");
    pl_buf_fini(&text);
    return copy;
}

static void words(const struct oracle *o, struct oracle_axis *axis)
{
    struct texts entries = {0};

    offer_text(o, axis, "");
    offer_text(o, axis, NOBODY);
    add_kind(o, &entries, PL_TABLE_WORDS);
    add_kind(o, &entries, PL_TABLE_WORDS_FOLD);
    if (axis->attr == PL_ATTR_PROTOCOL_STATE)
        texts_add(&entries, pl_str_lit("RCPT"));
    for (size_t part = 0; part < o->nparts; part++) {
        for (size_t i = 0; i < o->policy[part]->nlisteners; i++)
            texts_add(&entries, o->policy[part]->listeners[i].context);
    }
    for (size_t i = 0; i < entries.count; i++) {
        offer(o, axis, encode(o, axis->attr, entries.items[i]));
        offer(o, axis, encode(o, axis->attr, other_case(o, entries.items[i])));
    }
    texts_fini(&entries);
}

static void fill(struct oracle *o, struct oracle_axis *axis)
{
    switch (pl_attr_kind(axis->attr)) {
    case PL_KIND_ADDR:
        addresses(o, axis);
        break;
    case PL_KIND_MAIL:
        mail(o, axis);
        break;
    case PL_KIND_HOST:
        hosts(o, axis);
        break;
    case PL_KIND_USER:
        logins(o, axis);
        break;
    case PL_KIND_FINGERPRINT:
        fingerprints(o, axis);
        break;
    case PL_KIND_PORT:
        ports(o, axis);
        break;
    default:
        words(o, axis);
        break;
    }
}

/* ---- the whole ---- */

static bool is_asked(const struct oracle *o, enum pl_attr attr)
{
    for (size_t part = 0; part < o->nparts; part++) {
        const struct pl_policy *p = o->policy[part];

        for (size_t r = 0; r < p->nrules; r++) {
            for (size_t c = 0; c < p->rules[r].ncond; c++) {
                if (p->rules[r].cond[c].attr == attr)
                    return true;
            }
        }
    }
    return false;
}

const struct oracle_axis *oracle_axis_of(const struct oracle *o, enum pl_attr attr)
{
    for (size_t i = 0; i < o->naxes; i++) {
        if (o->axes[i].attr == attr)
            return &o->axes[i];
    }
    return NULL;
}

struct oracle *oracle_new(const struct pl_policy *p, const struct pl_policy *other)
{
    struct oracle *o = calloc(1, sizeof(*o));

    must(o != NULL && (o->arena = pl_arena_new()) != NULL, "out of memory");
    o->nparts = other == NULL ? 1 : 2;
    o->policy[0] = p;
    o->policy[1] = other;
    o->combinations = 1;
    for (size_t part = 0; part < o->nparts; part++)
        must(o->policy[part]->nrules <= 64, "more rules than the oracle has bits");
    oracle_accepted(p, &o->accepted);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        struct oracle_axis *axis = &o->axes[o->naxes];

        if (!is_asked(o, (enum pl_attr)i))
            continue;
        axis->attr = (enum pl_attr)i;
        fill(o, axis);
        o->combinations *= (double)axis->count;
        o->naxes++;
    }
    /* The built-in rules ask about these, whatever the boundary. */
    o->client = oracle_axis_of(o, PL_ATTR_CLIENT_ADDRESS);
    o->login = oracle_axis_of(o, PL_ATTR_SASL_USERNAME);
    o->recipient = oracle_axis_of(o, PL_ATTR_RECIPIENT);
    must(o->client != NULL && o->login != NULL && o->recipient != NULL, "built-in rules changed");
    return o;
}

void oracle_free(struct oracle *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->naxes; i++)
        free(o->axes[i].values);
    free(o->intervals);
    pl_arena_free(o->arena);
    free(o);
}
