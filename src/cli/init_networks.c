/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay_networks and relay_client_names: mynetworks, in its order.
 *
 * In Postfix the first entry that fits decides, in a list of ours "!" takes out of the whole. So of an entry with "!" only
 * that part is taken out which no earlier entry without it holds.
 */
#include "init.h"

#include "postlatch/domain.h"
#include "postlatch/netkind.h"
#include "postlatch/quote.h"
#include "postlatch/ranges.h"

#include <string.h>

enum { DEEPEST = 5, WIDEST_V4 = 16, WIDEST_V6 = 32 };

struct reading {
    struct init *in;
    struct pl_ranges earlier; /* entries without "!" so far, merged */
    bool parents;             /* a name stands for the names below it, too */
    int depth;
};

static void take_list(struct reading *r, struct pl_str text, const char *where);

/* The address in brackets, of [2001:db8::]/32 and [::1]. */
static struct pl_str unbracket(struct pl_str text, char room[PL_PREFIX_TEXT + 4])
{
    size_t close = pl_str_find(text, ']');

    if (text.n == 0 || text.p[0] != '[' || close == text.n || text.n >= PL_PREFIX_TEXT)
        return text;
    memcpy(room, text.p + 1, close - 1);
    memcpy(room + close - 1, text.p + close + 1, text.n - close - 1);
    return (struct pl_str){room, text.n - 2};
}

static bool looks_like_address(struct pl_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!pl_ascii_is_digit(text.p[i]) && text.p[i] != '.' && text.p[i] != '/')
            return text.p[0] == '[' || pl_str_find(text, ':') < text.n ||
                   pl_str_find(text, '/') < text.n;
    }
    return true;
}

static bool is_too_wide(const struct pl_prefix *p, const char **across)
{
    enum pl_netkind kind = pl_netkind_of(p, across);

    return kind == PL_NET_MIXED ||
           (kind == PL_NET_PUBLIC && p->len < (p->addr.family == 4 ? WIDEST_V4 : WIDEST_V6));
}

/* Takes out of relay_networks what this entry took out of mynetworks. */
static void take_out(struct reading *r, const struct pl_prefix *prefix, const char *where)
{
    struct pl_ranges left = {0};
    struct pl_prefix piece;
    char text[PL_PREFIX_TEXT], whole[PL_PREFIX_TEXT];
    size_t pieces = 0;
    bool same = false;

    if (!pl_ranges_add(&left, prefix)) {
        r->in->failed = true;
        return;
    }
    pl_ranges_merge(&left);
    if (!pl_ranges_subtract(&left, &r->earlier))
        r->in->failed = true;
    pl_prefix_format(whole, prefix);
    for (size_t i = 0; i < left.count; i++) {
        struct pl_range range = left.ranges[i];

        while (pl_range_next_prefix(&range, &piece)) {
            pl_prefix_format(text, &piece);
            same = same || strcmp(text, whole) == 0;
            init_add(r->in, &r->in->networks, pl_str_of(text), true);
            pieces++;
        }
    }
    if (pieces == 0)
        init_note(r->in, INIT_GRANTS,
                  "%s, !%s: an earlier entry holds all of it, so it takes nothing "
                  "out in Postfix either",
                  where, whole);
    else if (!same)
        init_note(r->in, INIT_GRANTS,
                  "%s, !%s: only what no earlier entry holds is taken out, as in Postfix", where,
                  whole);
    pl_ranges_fini(&left);
}

static void take_network(struct reading *r, const struct pl_prefix *prefix, bool out,
                         const char *where)
{
    char text[PL_PREFIX_TEXT];
    const char *across = NULL;

    if (out) {
        take_out(r, prefix, where);
        return;
    }
    if (!pl_ranges_add(&r->earlier, prefix))
        r->in->failed = true;
    pl_ranges_merge(&r->earlier);
    pl_prefix_format(text, prefix);
    if (is_too_wide(prefix, &across)) {
        init_decide(
            r->in, INIT_GRANTS,
            "%s, %s: this is no network of one site%s%s; strangers can relay from it today. "
            "Left out: put in what is yours",
            where, text, across != NULL ? ", unless this was meant: " : "",
            across != NULL ? across : "");
        return;
    }
    init_add(r->in, &r->in->networks, pl_str_of(text), false);
}

static void take_value(struct reading *r, struct pl_str text, bool out, const char *where)
{
    char room[PL_PREFIX_TEXT + 4], why[PL_PREFIX_WHY];
    struct pl_prefix prefix;
    struct pl_domain name;
    struct pl_quote q;
    struct pl_buf sub = {0};
    const char *fault;

    if (pl_prefix_parse(&prefix, unbracket(text, room), why)) {
        take_network(r, &prefix, out, where);
        return;
    }
    if (looks_like_address(text)) {
        init_decide(
            r->in, INIT_GRANTS,
            "%s, %s: Postfix cannot use this entry (%s), and answers 451 to clients that come "
            "to it. Left out",
            where, pl_quote(&q, text), why);
        return;
    }
    if (!pl_domain_parse(&name, text.p[0] == '.' ? pl_str_from(text, 1) : text, &fault) ||
        (pl_str_find(pl_domain_str(&name), '.') == name.len &&
         !pl_str_eq(pl_domain_str(&name), pl_str_lit("localhost")))) {
        init_note(r->in, INIT_GRANTS,
                  "%s, %s%s: neither an address nor a name that a client can have; left out", where,
                  out ? "!" : "", pl_quote(&q, text));
        return;
    }
    if (text.p[0] == '.' && r->parents) {
        init_note(r->in, INIT_GRANTS, "%s, %s%s: matches nothing in Postfix, and is left out",
                  where, out ? "!" : "", pl_quote(&q, text));
        return;
    }
    init_note(r->in, INIT_GRANTS, "%s, %s%s: a name, so it stands in relay_client_names", where,
              out ? "!" : "", pl_quote(&q, text));
    if (text.p[0] != '.')
        init_add(r->in, &r->in->names, text, out);
    pl_buf_addf(&sub, "%s%.*s", text.p[0] == '.' ? "" : ".", (int)text.n, text.p);
    if (text.p[0] == '.' || r->parents)
        init_add(r->in, &r->in->names, pl_buf_str(&sub), out);
    pl_buf_fini(&sub);
}

static void take_table(struct reading *r, struct pl_str name, bool out, const char *where)
{
    struct init_table t = {0};
    struct pl_prefix bare;
    char fault[PL_PREFIX_WHY];
    struct pl_quote q;

    if (pl_prefix_parse(&bare, name, fault)) {
        init_decide(
            r->in, INIT_GRANTS,
            "%s, %s: an IPv6 address without brackets, which Postfix takes for a table, and "
            "answers 451 to clients that come to it. Left out",
            where, pl_quote(&q, name));
        return;
    }
    if (!init_table_read(r->in, &t, name)) {
        init_decide(r->in, INIT_GRANTS,
                    "%s, %s%s: %s. Its clients may relay today: put them into "
                    "relay_networks",
                    where, out ? "!" : "", pl_quote(&q, name), t.why);
        init_table_fini(&t);
        return;
    }
    init_note(r->in, INIT_GRANTS,
              "%s, %s: %zu rows now; a change of that table must be made here too", where,
              pl_quote(&q, name), t.count);
    for (size_t i = 0; i < t.count; i++) {
        struct pl_str key = t.rows[i].key;
        char why[PL_PREFIX_WHY];
        struct pl_prefix prefix;

        if (t.ordered && (key.p[0] == '!' || pl_str_eq_fold(key, pl_str_lit("if")) ||
                          pl_str_eq_fold(key, pl_str_lit("endif"))))
            init_decide(r->in, INIT_GRANTS, "%s, %s, line %u: %s is not understood here", where,
                        pl_quote(&q, name), t.rows[i].line, key.p[0] == '!' ? "\"!\"" : "if");
        else if (pl_prefix_parse(&prefix, key, why))
            take_network(r, &prefix, out, where);
        else
            take_value(r, key, out, where);
    }
    init_table_fini(&t);
}

static void take_file(struct reading *r, struct pl_str path, bool out, const char *where)
{
    struct pl_buf text = {0}, lines = {0};
    struct pl_str rest;
    struct pl_map_row row;
    struct pl_quote q;
    const char *why = "files name each other in a circle";
    unsigned line = 0;

    if (out) {
        init_decide(r->in, INIT_GRANTS,
                    "%s, %s with \"!\": what it takes out must be written into "
                    "relay_networks, with \"!\"",
                    where, pl_quote(&q, path));
    } else if (r->depth >= DEEPEST || !init_file_read(path, &text, &why)) {
        init_decide(r->in, INIT_GRANTS, "%s, the file %s: %s. Put its clients into relay_networks",
                    where, pl_quote(&q, path), why);
    } else {
        rest = pl_buf_str(&text);
        while (pl_mapsource_next(&rest, &line, &row))
            pl_buf_addf(&lines, "%.*s %.*s ", (int)row.key.n, row.key.p, (int)row.value.n,
                        row.value.p);
        init_note(r->in, INIT_GRANTS,
                  "%s, the file %s: as it is now; a change must be made here too", where,
                  pl_quote(&q, path));
        r->depth++;
        take_list(r, pl_buf_str(&lines), where);
        r->depth--;
        r->in->failed = r->in->failed || lines.failed;
    }
    pl_buf_fini(&text);
    pl_buf_fini(&lines);
}

static void take_list(struct reading *r, struct pl_str text, const char *where)
{
    struct pl_match_entry entry;

    while (pl_match_next(&text, &entry)) {
        switch (entry.kind) {
        case PL_MATCH_VALUE:
        case PL_MATCH_PARENT:
            take_value(r, entry.text, entry.negated, where);
            break;
        case PL_MATCH_FILE:
            take_file(r, entry.text, entry.negated, where);
            break;
        case PL_MATCH_TABLE: /* "2001:db8::/32" has a colon, and no brackets: Postfix takes it for a table */
            take_table(r, entry.text, entry.negated, where);
            break;
        }
    }
}

void init_networks(struct init *in)
{
    struct reading r = {.in = in};
    struct pl_str written = init_written(in, "mynetworks"),
                  style = init_value(in, "mynetworks_style"),
                  parents = init_value(in, "parent_domain_matches_subdomains"), word;

    if (!in->permits_networks) {
        init_note(in, INIT_GRANTS,
                  "no list that decides about relaying has permit_mynetworks, so "
                  "mynetworks grants nothing");
        return;
    }
    if (pl_postconf_find(&in->postfix->set, "mynetworks") == NULL) {
        init_group(in, &in->networks,
                   "mynetworks is not set: what mynetworks_style = %.*s makes of "
                   "this host's interfaces today",
                   (int)style.n, style.p);
        if (!pl_str_eq(style, pl_str_lit("host")))
            init_decide(in, INIT_GRANTS,
                        "mynetworks_style = %.*s trusts whole networks because this host has an "
                        "address in them: say in relay_networks which of them are yours",
                        (int)style.n, style.p);
    } else {
        init_group(in, &in->networks, "mynetworks = %.*s", (int)written.n, written.p);
    }
    while (pl_postfix_word(&parents, &word))
        r.parents = r.parents || pl_str_eq(word, pl_str_lit("mynetworks"));
    init_group(in, &in->names, "mynetworks = %.*s", (int)written.n, written.p);
    take_list(&r, init_value(in, "mynetworks"), "mynetworks");
    pl_ranges_fini(&r.earlier);
}
