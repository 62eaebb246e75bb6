/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access tables that grant to clients, certificates and logins.
 *
 * Of a hash the most specific row decides, of a cidr: table the first. So rows are applied from the least to the most
 * deciding, each taking its addresses over from those before.
 */
#include "init.h"

#include "postlatch/fingerprint.h"
#include "postlatch/quote.h"
#include "postlatch/ranges.h"

#include <stdlib.h>

struct access {
    struct init *in;
    struct pl_str place; /* "main.cf", "submission/inet" */
    const struct pl_restriction *restriction;
    struct init_table table;
    bool parents; /* a name stands for the names below it, too */
    size_t granted;
    struct pl_ranges grants, refuses; /* merged */
};

/* One row about addresses. */
struct net_row {
    struct pl_prefix prefix;
    enum pl_access access;
    size_t row;
    bool ordered;
};

/* The least deciding first. */
static int by_weight(const void *a, const void *b)
{
    const struct net_row *x = a, *y = b;

    if (!x->ordered && x->prefix.len != y->prefix.len)
        return x->prefix.len < y->prefix.len ? -1 : 1;
    return x->row > y->row ? -1 : x->row < y->row;
}

static void apply(struct access *a, const struct net_row *row)
{
    struct pl_ranges one = {0};
    struct pl_ranges *to = row->access == PL_ACCESS_GRANT    ? &a->grants
                           : row->access == PL_ACCESS_REFUSE ? &a->refuses
                                                             : NULL;
    bool ok = pl_ranges_add(&one, &row->prefix);

    pl_ranges_merge(&one);
    /* What is written with "!" anyway need not be cut out of what is granted. */
    if (row->access != PL_ACCESS_REFUSE || a->in->permits_networks)
        ok = ok && pl_ranges_subtract(&a->grants, &one);
    ok = ok && pl_ranges_subtract(&a->refuses, &one);
    if (to != NULL) {
        ok = ok && pl_ranges_add(to, &row->prefix);
        pl_ranges_merge(to);
    }
    a->in->failed = a->in->failed || !ok;
    pl_ranges_fini(&one);
}

static void add_ranges(struct init *in, const struct pl_ranges *ranges, bool out)
{
    char text[PL_PREFIX_TEXT];
    struct pl_prefix prefix;

    for (size_t i = 0; i < ranges->count; i++) {
        struct pl_range rest = ranges->ranges[i];

        while (pl_range_next_prefix(&rest, &prefix)) {
            pl_prefix_format(text, &prefix);
            init_add(in, &in->networks, pl_str_of(text), out);
        }
    }
}

static bool is_network(const struct access *a, struct pl_str key, struct pl_prefix *prefix)
{
    char why[PL_PREFIX_WHY];

    return a->table.ordered ? pl_prefix_parse(prefix, key, why) : pl_access_network(key, prefix);
}

static void tell_row(const struct access *a, const struct pl_map_row *row)
{
    struct pl_quote table, key, value;

    init_decide(a->in, INIT_GRANTS,
                "%s, row %u, %s %s: may let clients relay, and is not understood here",
                pl_quote(&table, a->restriction->arg), row->line, pl_quote(&key, row->key),
                pl_quote(&value, row->value));
}

/* A row about a name. Those that refuse take out of the names that are granted. */
static void take_name(struct access *a, const struct pl_map_row *row, enum pl_access access)
{
    struct pl_str key = row->key;
    bool out = access != PL_ACCESS_GRANT, below = key.p[0] == '.';
    struct pl_buf sub = {0};

    if (pl_str_find(key, '.') == key.n || a->table.ordered) {
        if (!out)
            tell_row(a, row);
        return;
    }
    if (below && a->parents) /* matches nothing in Postfix */
        return;
    if (!below)
        init_add(a->in, &a->in->names, key, out);
    pl_buf_addf(&sub, "%s%.*s", below ? "" : ".", (int)key.n, key.p);
    if (below || a->parents)
        init_add(a->in, &a->in->names, pl_buf_str(&sub), out);
    pl_buf_fini(&sub);
}

static void take_clients(struct access *a)
{
    struct net_row *rows = calloc(a->table.count + 1, sizeof(*rows));
    size_t count = 0, names = 0;

    if (rows == NULL) {
        a->in->failed = true;
        return;
    }
    for (size_t i = 0; i < a->table.count; i++) {
        const struct pl_map_row *row = &a->table.rows[i];
        struct net_row *net = &rows[count];

        net->access = pl_access_of(row->value);
        if (net->access == PL_ACCESS_OTHER)
            tell_row(a, row);
        a->granted += net->access == PL_ACCESS_GRANT;
        if (is_network(a, row->key, &net->prefix)) {
            net->row = i;
            net->ordered = a->table.ordered;
            count++;
            continue;
        }
        names += net->access == PL_ACCESS_REFUSE;
        take_name(a, row, net->access);
    }
    qsort(rows, count, sizeof(*rows), by_weight);
    for (size_t i = 0; i < count; i++)
        apply(a, &rows[i]);
    add_ranges(a->in, &a->grants, false);
    /* It refuses before mynetworks are permitted: so these may not relay. */
    if (!a->in->permits_networks)
        add_ranges(a->in, &a->refuses, true);
    if (names > 0)
        init_decide(
            a->in, INIT_GRANTS,
            "%.*s: %.*s %.*s refuses %zu names, which is not carried over to their addresses",
            (int)a->place.n, a->place.p, (int)a->restriction->word.n, a->restriction->word.p,
            (int)a->restriction->arg.n, a->restriction->arg.p, names);
    free(rows);
}

bool init_add_certificate(struct init *in, struct pl_str key)
{
    uint8_t bytes[PL_FINGERPRINT_MAX];
    size_t len;

    if (!pl_fingerprint_parse(bytes, &len, key))
        return false;
    init_add(in, &in->certs, key, false);
    return true;
}

/* Certificates and logins: each row stands for itself. */
static void take_keys(struct access *a, enum init_key kind)
{
    for (size_t i = 0; i < a->table.count; i++) {
        const struct pl_map_row *row = &a->table.rows[i];
        enum pl_access access = pl_access_of(row->value);
        bool grants = access == PL_ACCESS_GRANT;

        a->granted += grants;
        if (access == PL_ACCESS_OTHER ||
            (grants && kind == INIT_KEY_CERTIFICATE && !init_add_certificate(a->in, row->key)))
            tell_row(a, row);
        else if (grants && kind == INIT_KEY_LOGIN)
            init_add(a->in, &a->in->users, row->key, false);
        else if (access == PL_ACCESS_REFUSE && kind == INIT_KEY_LOGIN && !a->in->permits_logins)
            init_add(a->in, &a->in->users, row->key, true);
    }
}

static bool matches_parents(const struct init *in)
{
    struct pl_str list = init_value(in, "parent_domain_matches_subdomains"), word;

    while (pl_postfix_word(&list, &word)) {
        if (pl_str_eq(word, pl_str_lit("smtpd_access_maps")))
            return true;
    }
    return false;
}

void init_access(struct init *in, struct pl_str place, const struct pl_restriction *r,
                 enum init_key kind)
{
    struct init_list *const lists[] = {&in->networks, &in->certs, &in->users};
    struct access a = {.in = in, .place = place, .restriction = r};
    struct pl_quote q;

    if (!init_table_read(in, &a.table, r->arg)) {
        init_decide(
            in, INIT_GRANTS,
            "%.*s: %.*s %s may let clients relay, and cannot be listed (%s). Whom it answers OK "
            "must be granted here, and whom it refuses be taken out",
            (int)place.n, place.p, (int)r->word.n, r->word.p, pl_quote(&q, r->arg), a.table.why);
        goto out;
    }
    a.parents = matches_parents(in);
    init_group(in, lists[kind], "%.*s: %.*s %.*s", (int)place.n, place.p, (int)r->word.n, r->word.p,
               (int)r->arg.n, r->arg.p);
    if (kind == INIT_KEY_CLIENT) {
        init_group(in, &in->names, "%.*s: %.*s %.*s", (int)place.n, place.p, (int)r->word.n,
                   r->word.p, (int)r->arg.n, r->arg.p);
        take_clients(&a);
    } else {
        take_keys(&a, kind);
    }
    if (a.granted > 0)
        init_note(
            in, INIT_GRANTS,
            "%.*s: %.*s %s grants by %zu of its rows, as it is now; a change must be made here too",
            (int)place.n, place.p, (int)r->word.n, r->word.p, pl_quote(&q, r->arg), a.granted);
out:
    pl_ranges_fini(&a.grants);
    pl_ranges_fini(&a.refuses);
    init_table_fini(&a.table);
}
