/* SPDX-License-Identifier: BSD-2-Clause */
/* accepted_domains: what this Postfix takes mail for. */
#include "init.h"

#include "postlatch/domain.h"
#include "postlatch/quote.h"

#include <string.h>

/* One row a parameter. */
static const struct source {
    const char *name;
    bool
        parents; /* parent_domain_matches_subdomains may hold it: a domain then stands for its subdomains too */
    bool aliases; /* a table of it may hold mail addresses as well */
} sources[] = {
    {"mydestination", false, false},
    {"virtual_alias_domains", false, true},
    {"virtual_mailbox_domains", false, true},
    {"relay_domains", true, false},
};

enum { DEEPEST = 5 };

/* What is known while one parameter is read. */
struct reading {
    struct init *in;
    const struct source *source;
    bool parents;
    int depth;
};

static void take_list(struct reading *r, struct pl_str text, const char *where);

/* A name without a dot, of this host or of a mail domain that is nobody's. */
static bool is_short(struct pl_str name)
{
    return pl_str_find(name, '.') == name.n && !pl_str_eq_fold(name, pl_str_lit("localhost"));
}

static void take_domain(struct reading *r, struct pl_str text, bool out, const char *where)
{
    struct pl_buf sub = {0};
    struct pl_domain domain;
    struct pl_quote q;
    const char *why;
    bool below = text.n > 0 && text.p[0] == '.';

    if (below && (r->parents || !r->source->parents)) {
        init_note(r->in, INIT_DOMAINS, "%s, %s: matches nothing in Postfix, and is left out", where,
                  pl_quote(&q, text));
        return;
    }
    if (!pl_domain_parse(&domain, below ? pl_str_from(text, 1) : text, &why)) {
        init_decide(r->in, INIT_DOMAINS, "%s, %s: no domain (%s); left out", where,
                    pl_quote(&q, text), why);
        return;
    }
    if (is_short(pl_domain_str(&domain)) && !below && !out) {
        init_add(r->in, &r->in->short_names, pl_domain_str(&domain), false);
        if (!r->parents)
            return;
    }
    if (is_short(pl_domain_str(&domain)) && (below || out || r->parents)) {
        init_decide(r->in, INIT_DOMAINS,
                    "%s, %s: with all its subdomains this is a whole top-level domain; left out",
                    where, pl_quote(&q, text));
        return;
    }
    pl_buf_addf(&sub, ".%.*s", (int)pl_domain_str(&domain).n, pl_domain_str(&domain).p);
    if (!below)
        init_add(r->in, &r->in->domains, pl_domain_str(&domain), out);
    if (below || r->parents)
        init_add(r->in, &r->in->domains, pl_buf_str(&sub), out);
    r->in->failed = r->in->failed || sub.failed;
    pl_buf_fini(&sub);
}

static void take_table(struct reading *r, struct pl_str name, const char *where)
{
    struct init_table t = {0};
    struct pl_quote q;
    size_t addresses = 0, domains = 0;

    if (!init_table_read(r->in, &t, name)) {
        init_decide(r->in, INIT_DOMAINS,
                    "%s, %s: %s. Put its domains into accepted_domains: until then mail to them "
                    "would be refused",
                    where, pl_quote(&q, name), t.why);
        init_table_fini(&t);
        return;
    }
    for (size_t i = 0; i < t.count; i++) {
        struct pl_str key = t.rows[i].key;

        if (r->source->aliases && (pl_str_find(key, '@') < key.n || is_short(key))) {
            addresses++;
            continue;
        }
        domains++;
        take_domain(r, key, false, where);
    }
    init_note(r->in, INIT_DOMAINS,
              "%s, %s: %zu domain%s%s now; a change of that table must be made "
              "here too",
              where, pl_quote(&q, name), domains, domains == 1 ? "" : "s",
              t.from_text ? " in the file that it is made of" : "");
    init_table_fini(&t);
}

static void take_file(struct reading *r, struct pl_str path, const char *where)
{
    struct pl_buf text = {0}, lines = {0};
    struct pl_str rest;
    struct pl_map_row row;
    struct pl_quote q;
    const char *why = "files name each other in a circle";
    unsigned line = 0;

    if (r->depth >= DEEPEST || !init_file_read(path, &text, &why)) {
        init_decide(r->in, INIT_DOMAINS,
                    "%s, the file %s: %s. Put its domains into accepted_domains", where,
                    pl_quote(&q, path), why);
        goto out;
    }
    rest = pl_buf_str(&text);
    while (pl_mapsource_next(&rest, &line, &row)) /* also drops comments */
        pl_buf_addf(&lines, "%.*s %.*s ", (int)row.key.n, row.key.p, (int)row.value.n, row.value.p);
    init_note(r->in, INIT_DOMAINS, "%s, the file %s: as it is now; a change must be made here too",
              where, pl_quote(&q, path));
    r->depth++;
    take_list(r, pl_buf_str(&lines), where);
    r->depth--;
    r->in->failed = r->in->failed || lines.failed;
out:
    pl_buf_fini(&text);
    pl_buf_fini(&lines);
}

static void take_list(struct reading *r, struct pl_str text, const char *where)
{
    struct pl_match_entry entry;
    struct pl_quote q;

    while (pl_match_next(&text, &entry)) {
        if (entry.negated && entry.kind != PL_MATCH_VALUE && entry.kind != PL_MATCH_PARENT) {
            init_decide(r->in, INIT_DOMAINS,
                        "%s, %s with \"!\": what it takes out cannot be read from here", where,
                        pl_quote(&q, entry.text));
            continue;
        }
        if (entry.negated)
            init_decide(r->in, INIT_DOMAINS,
                        "%s, %s with \"!\": taken out of accepted_domains. In Postfix it takes out "
                        "of %s only, "
                        "and only of what stands behind it",
                        where, pl_quote(&q, entry.text), where);
        switch (entry.kind) {
        case PL_MATCH_VALUE:
        case PL_MATCH_PARENT:
            take_domain(r, entry.text, entry.negated, where);
            break;
        case PL_MATCH_FILE:
            take_file(r, entry.text, where);
            break;
        case PL_MATCH_TABLE:
            take_table(r, entry.text, where);
            break;
        }
    }
}

static bool lists_word(struct pl_str list, const char *word)
{
    struct pl_str item;

    while (pl_postfix_word(&list, &item)) {
        if (pl_str_eq(item, pl_str_of(word)))
            return true;
    }
    return false;
}

/* ---- user@[192.0.2.1], an address of this host ---- */

static void add_literal(struct init *in, const struct pl_addr *addr)
{
    char text[PL_ADDR_TEXT], literal[PL_ADDR_TEXT + 8];

    snprintf(literal, sizeof(literal), addr->family == 4 ? "[%s]" : "[IPv6:%s]",
             pl_addr_format(text, addr));
    init_add(in, &in->domains, pl_str_of(literal), false);
}

static bool has_protocol(const struct init *in, const struct pl_addr *addr)
{
    struct pl_str protocols = init_value(in, "inet_protocols");

    return lists_word(protocols, "all") ||
           lists_word(protocols, addr->family == 4 ? "ipv4" : "ipv6");
}

static void add_literals_of(struct init *in, const char *name)
{
    static const char *const loopback[] = {"127.0.0.1", "::1"};
    struct pl_str list = init_value(in, name), word;
    struct pl_addr addr;
    struct pl_quote q;

    while (pl_postfix_word(&list, &word)) {
        if (word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']')
            word = (struct pl_str){word.p + 1, word.n - 2};
        if (pl_str_eq(word, pl_str_lit("all"))) {
            for (size_t i = 0; in->host != NULL && i < in->host->count; i++) {
                const struct pl_host_fact *fact = &in->host->facts[i];

                if (fact->kind != PL_HOST_GATEWAY && has_protocol(in, &fact->addr))
                    add_literal(in, &fact->addr);
            }
            if (in->host == NULL)
                init_note(
                    in, INIT_DOMAINS,
                    "inet_interfaces = all: the addresses of this host are not known here; mail to "
                    "user@[address] would be refused");
        } else if (pl_str_eq(word, pl_str_lit("loopback-only")) ||
                   pl_str_eq(word, pl_str_lit("localhost"))) {
            for (int i = 0; i < 2; i++) {
                pl_addr_parse(&addr, pl_str_of(loopback[i]));
                if (has_protocol(in, &addr))
                    add_literal(in, &addr);
            }
        } else if (pl_addr_parse(&addr, word)) {
            add_literal(in, &addr);
        } else {
            init_note(in, INIT_DOMAINS,
                      "%s, %s: a name; mail to user@[its address] would be refused", name,
                      pl_quote(&q, word));
        }
    }
}

void init_domains(struct init *in)
{
    struct pl_str parents = init_value(in, "parent_domain_matches_subdomains"), written;

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct pl_str value = init_value(in, sources[i].name);
        struct reading r = {.in = in, .source = &sources[i]};

        if (value.n == 0)
            continue;
        r.parents = sources[i].parents && lists_word(parents, sources[i].name);
        written = init_written(in, sources[i].name);
        init_group(in, &in->domains, "%s = %.*s%s", sources[i].name, (int)written.n, written.p,
                   r.parents ? ", and their subdomains (parent_domain_matches_subdomains)" : "");
        take_list(&r, value, sources[i].name);
    }
    if (pl_postconf_find(&in->postfix->set, "relay_domains") == NULL &&
        init_value(in, "relay_domains").n > 0)
        init_note(in, INIT_DOMAINS,
                  "compatibility_level is below 2, so relay_domains is "
                  "$mydestination, and mail to subdomains is taken as well. If "
                  "that is not meant, set relay_domains = in main.cf, and run this "
                  "again");
    init_group(in, &in->domains, "user@[address] of this host (inet_interfaces, proxy_interfaces)");
    add_literals_of(in, "inet_interfaces");
    add_literals_of(in, "proxy_interfaces");
}
