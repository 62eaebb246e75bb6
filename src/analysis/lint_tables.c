/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables that hold nothing, that nobody asks, and entries that change nothing because others hold all
 * that they hold. One sort for each table; for entries written in a list also a look-up in each table
 * beside them.
 */
#include "postlatch/lint.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry that holds another, be it the same value or a wider one. */
struct holder {
    const struct pl_table *table;
    uint32_t entry; /* or PL_NO_ENTRY */
    bool same;
};

/* "lan.cidr:7" */
static const char *place(char out[PL_QUOTE_SIZE], const struct pl_policy *p, struct pl_pos at)
{
    if (at.file < p->nfiles)
        snprintf(out, PL_QUOTE_SIZE, "%.*s:%u", (int)p->files[at.file].n, p->files[at.file].p,
                 (unsigned)at.line);
    else
        out[0] = '\0';
    return out;
}

static void report(struct pl_findings *f, const struct pl_table *t, uint32_t id, struct holder h)
{
    const struct pl_table_entry *entry = &t->entries[id], *other = &h.table->entries[h.entry];
    struct pl_quote q1, q2;
    char at[PL_QUOTE_SIZE], named[300] = "", as[PL_QUOTE_SIZE + 8] = "";

    pl_quote(&q1, entry->text);
    pl_quote(&q2, other->text);
    place(at, f->policy, other->at);
    if (h.table != t && h.table->name.n > 0)
        snprintf(named, sizeof(named), " in <%s>", h.table->name.p);
    if (!pl_str_eq(entry->text, other->text))
        snprintf(as, sizeof(as), " as %s", q2.text);
    if (h.same)
        pl_lint_add(
            f, PL_LINT_REDUNDANT_ENTRY, entry->at, NULL, entry->text,
            "%s is there already%s%s (%s). Whoever deletes only one of the two takes nobody "
            "off the list. Take this one out",
            q1.text, as, named, at);
    else
        pl_lint_add(f, PL_LINT_REDUNDANT_ENTRY, entry->at, NULL, entry->text,
                    "%s adds nothing, as %s%s (%s) holds all of it. Whoever deletes it later takes "
                    "nobody off the list. Take it out now, or narrow the wider entry",
                    q1.text, q2.text, named, at);
}

/* Networks in the order of their addresses, wide ones first: a holder comes before what it holds. */
static int by_address(const void *va, const void *vb)
{
    const struct pl_ipset_entry *a = va, *b = vb;
    int order = memcmp(&a->prefix.addr, &b->prefix.addr, sizeof(a->prefix.addr));

    if (order != 0)
        return order;
    if (a->prefix.len != b->prefix.len)
        return a->prefix.len < b->prefix.len ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void within_networks(struct pl_findings *f, const struct pl_table *t)
{
    struct pl_ipset_entry *entries = malloc((t->networks.count + 1) * sizeof(*entries));
    size_t widest = 0;

    if (entries == NULL) {
        f->failed = true;
        return;
    }
    for (size_t i = 0; i < t->networks.count; i++)
        entries[i] = t->networks.entries[i];
    qsort(entries, t->networks.count, sizeof(*entries), by_address);
    for (size_t i = 1; i < t->networks.count; i++) {
        /* Two networks are apart, or one holds the other. */
        if (pl_prefix_contains(&entries[widest].prefix, &entries[i].prefix.addr))
            report(f, t, entries[i].id,
                   (struct holder){t, entries[widest].id,
                                   entries[widest].prefix.len == entries[i].prefix.len});
        else
            widest = i;
    }
    free(entries);
}

struct port_entry {
    uint16_t low, high;
    uint32_t id;
};

static int by_port(const void *va, const void *vb)
{
    const struct port_entry *a = va, *b = vb;

    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high > b->high ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void within_ports(struct pl_findings *f, const struct pl_table *t)
{
    struct port_entry *entries = malloc((t->count + 1) * sizeof(*entries));
    size_t farthest = 0;

    if (entries == NULL) {
        f->failed = true;
        return;
    }
    for (size_t i = 0; i < t->count; i++)
        entries[i] = (struct port_entry){t->entries[i].low, t->entries[i].high, (uint32_t)i};
    qsort(entries, t->count, sizeof(*entries), by_port);
    for (size_t i = 1; i < t->count; i++) {
        if (entries[i].high <= entries[farthest].high)
            report(f, t, entries[i].id,
                   (struct holder){t, entries[farthest].id,
                                   entries[farthest].low == entries[i].low &&
                                       entries[farthest].high == entries[i].high});
        else
            farthest = i;
    }
    free(entries);
}

/* The entry of t that is ".parent" of a domain's key, or PL_NO_ENTRY. */
static uint32_t find_parent(const struct pl_table *t, struct pl_str key)
{
    uint32_t id = PL_NO_ENTRY;

    if (key.p[0] == '[')
        return id;
    for (size_t i = 1; i < key.n && id == PL_NO_ENTRY; i++) {
        if (key.p[i] == '.')
            id = pl_nameset_find(&t->names, pl_str_from(key, i));
    }
    return id;
}

/* The same for a mail address: without its extension, or anywhere. */
static uint32_t find_wider_address(const struct pl_table *t, struct pl_str key,
                                   struct pl_str delimiters)
{
    size_t at = pl_str_rfind(key, '@');
    struct pl_str local = {key.p, at}, domain = pl_str_from(key, at + 1);
    struct pl_str bare = pl_mailaddr_strip_extension(local, delimiters);
    char room[PL_MAILADDR_MAX];
    uint32_t id = PL_NO_ENTRY;

    for (int i = 0; i < 3 && id == PL_NO_ENTRY; i++) {
        bool stripped = i != 1, anywhere = i > 0;
        struct pl_str wider = {room, 0};

        if ((stripped && !anywhere && bare.n == local.n) || (i == 1 && domain.n == 0))
            continue;
        wider.n = pl_mailaddr_key(room, stripped ? bare : local,
                                  anywhere ? (struct pl_str){NULL, 0} : domain);
        if (wider.n > 0 && !pl_str_eq(wider, key))
            id = pl_nameset_find(&t->names, wider);
    }
    return id;
}

/* The entry of t, of the kind that key comes from, that holds more than key alone. */
static uint32_t find_wider(const struct pl_policy *p, const struct pl_table *t, struct pl_str key)
{
    size_t at;

    switch (t->kind) {
    case PL_TABLE_DOMAINS:
        return find_parent(t, key);
    case PL_TABLE_USERS:
        at = pl_str_rfind(key, '@');
        return at > 0 && at < key.n ? pl_nameset_find(&t->names, pl_str_from(key, at))
                                    : PL_NO_ENTRY;
    case PL_TABLE_ADDRESSES:
        return find_wider_address(t, key, p->delimiters);
    default:
        return PL_NO_ENTRY;
    }
}

static void within_names(struct pl_findings *f, const struct pl_table *t)
{
    for (size_t i = 0; i < t->names.count; i++) {
        const struct pl_nameset_entry *entry = &t->names.entries[i];
        struct holder h = {t, find_wider(f->policy, t, entry->key), false};

        /* Sorted by key, then by the order in the file: the first of the equal ones stays. */
        if (h.entry == PL_NO_ENTRY && i > 0 && pl_str_eq(entry->key, entry[-1].key))
            h = (struct holder){t, pl_nameset_find(&t->names, entry->key), true};
        if (h.entry != PL_NO_ENTRY)
            report(f, t, entry->id, h);
    }
}

static void lint_table(struct pl_findings *f, const struct pl_table *t)
{
    if (t->kind == PL_TABLE_NETWORKS)
        within_networks(f, t);
    else if (t->kind == PL_TABLE_PORTS)
        within_ports(f, t);
    else
        within_names(f, t);
}

/* A network of a table that holds prefix. */
static struct holder find_network(const struct pl_table *t, const struct pl_prefix *prefix)
{
    const struct pl_ipset *s = &t->networks;
    struct pl_prefix wider = *prefix;

    /* The most specific network of an address may be narrower than prefix: so each length is asked. */
    for (unsigned len = prefix->len + 1U; len-- > 0;) {
        size_t low = 0, high = s->count;

        wider.len = (uint8_t)len;
        pl_addr_mask(&wider.addr, len);
        while (low < high) {
            size_t mid = low + (high - low) / 2;
            const struct pl_prefix *e = &s->entries[mid].prefix;
            bool before = e->addr.family != wider.addr.family ? e->addr.family < wider.addr.family
                          : e->len != wider.len
                              ? e->len > wider.len
                              : memcmp(e->addr.bytes, wider.addr.bytes, sizeof(e->addr.bytes)) < 0;

            if (before)
                low = mid + 1;
            else
                high = mid;
        }
        if (low < s->count && s->entries[low].prefix.len == wider.len &&
            pl_addr_eq(&s->entries[low].prefix.addr, &wider.addr))
            return (struct holder){t, s->entries[low].id, len == prefix->len};
    }
    return (struct holder){t, PL_NO_ENTRY, false};
}

/* What another table of the list holds of an inline table's entry, which is number i of its index. */
static struct holder find_beside(const struct pl_policy *p, const struct pl_table *t, size_t i,
                                 const struct pl_table *other)
{
    struct holder h = {other, PL_NO_ENTRY, true};
    struct pl_str key;
    struct pl_mailaddr m;

    if (t->kind == PL_TABLE_NETWORKS)
        return find_network(other, &t->networks.entries[i].prefix);
    key = t->names.entries[i].key;
    if (t->kind == other->kind) {
        h.entry = pl_nameset_find(&other->names, key);
        if (h.entry == PL_NO_ENTRY)
            h = (struct holder){other, find_wider(p, other, key), false};
    } else if (t->kind == PL_TABLE_ADDRESSES && other->kind == PL_TABLE_DOMAINS) {
        pl_mailaddr_read(&m, key);
        if (m.form == PL_MAIL_PLAIN)
            h = (struct holder){other, pl_table_find_domain(other, &m.domain), false};
    }
    return h;
}

/* Whether lint_table has spoken of entry number i of the index already. */
static bool is_held_within(const struct pl_policy *p, const struct pl_table *t, size_t i)
{
    const struct pl_nameset_entry *name;
    struct pl_prefix wider;

    if (t->kind != PL_TABLE_NETWORKS) {
        name = &t->names.entries[i];
        return find_wider(p, t, name->key) != PL_NO_ENTRY ||
               pl_nameset_find(&t->names, name->key) != name->id;
    }
    wider = t->networks.entries[i].prefix;
    if (find_network(t, &wider).entry != t->networks.entries[i].id)
        return true;
    if (wider.len == 0)
        return false;
    pl_addr_mask(&wider.addr, --wider.len);
    return find_network(t, &wider).entry != PL_NO_ENTRY;
}

/* Entries written in a list, which tables that the list names hold as well. */
static void lint_inline(struct pl_findings *f, const struct pl_table *t,
                        const struct pl_member *members, size_t n)
{
    const bool networks = t->kind == PL_TABLE_NETWORKS;
    size_t count = networks ? t->networks.count : t->names.count;

    for (size_t i = 0; i < count; i++) {
        struct holder h = {NULL, PL_NO_ENTRY, false};

        for (size_t m = 0; m < n && h.entry == PL_NO_ENTRY; m++) {
            if (members[m].table != NULL && members[m].table != t)
                h = find_beside(f->policy, t, i, members[m].table);
        }
        if (h.entry != PL_NO_ENTRY && !is_held_within(f->policy, t, i))
            report(f, t, networks ? t->networks.entries[i].id : t->names.entries[i].id, h);
    }
}

static void lint_side(struct pl_findings *f, bool any, const struct pl_member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct pl_table *t = members[i].table;

        if (t == NULL || t->name.n > 0)
            continue;
        for (uint32_t e = 0; e < t->count && any; e++) {
            struct pl_quote q;

            pl_lint_add(f, PL_LINT_REDUNDANT_ENTRY, t->entries[e].at, NULL, t->entries[e].text,
                        "%s adds nothing, as the same list says any. Take any out if "
                        "only the entries are meant, else take this one out",
                        pl_quote(&q, t->entries[e].text));
        }
        if (!any && t->kind != PL_TABLE_PORTS)
            lint_inline(f, t, members, n);
    }
}

static void mark(bool *used, const struct pl_member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (members[i].table != NULL)
            used[members[i].table->number] = true;
    }
}

/* What a list says by itself; a boundary list that it names is looked at once, on its own. */
static void lint_set(struct pl_findings *f, const struct pl_set *set, bool *used)
{
    mark(used, set->in, set->in_count);
    mark(used, set->out, set->out_count);
    lint_side(f, (set->in_words & PL_WORD_ANY) != 0, set->in, set->in_count);
    lint_side(f, false, set->out, set->out_count);
}

static void lint_named(struct pl_findings *f, const struct pl_table *t, bool used)
{
    const char *kind = pl_table_kind_word(t->kind);

    if (t->count == 0)
        pl_lint_add(f, PL_LINT_EMPTY_TABLE, t->at, NULL, t->name,
                    "%s \"%s\" has no entries: whom it is meant to let in, or to keep out, it does "
                    "not. Fill it, or take it out",
                    kind, t->name.p);
    if (!used)
        pl_lint_add(
            f, PL_LINT_UNUSED_TABLE, t->at, NULL, t->name,
            "no rule and no list names %s \"%s\", so its entries have no effect. Write <%s> "
            "where they are to count, or take the table out",
            kind, t->name.p, t->name.p);
}

void pl_lint_tables(struct pl_findings *f, const struct pl_lint_input *in)
{
    const struct pl_policy *p = f->policy;
    bool *used = calloc(p->ntables + p->ninline + 1, sizeof(*used));

    (void)in;
    if (used == NULL) {
        f->failed = true;
        return;
    }
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++)
        lint_set(f, &p->boundary[i], used);
    for (size_t r = 0; r < p->nwritten; r++) {
        for (size_t c = 0; c < p->rules[r].ncond; c++)
            lint_set(f, p->rules[r].cond[c].set, used);
    }
    for (size_t i = 0; i < p->ntables; i++) {
        lint_named(f, p->tables[i], used[p->tables[i]->number]);
        lint_table(f, p->tables[i]);
    }
    for (size_t i = 0; i < p->ninline; i++)
        lint_table(f, p->inlines[i]);
    free(used);
}
