/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Networks that may relay without login, and who may stand behind their addresses: routers, bridges,
 * local programs, strangers. What may relay is what the surface says; where there is none, or it is not
 * complete, what relay_networks says.
 */
#include "postlatch/lint.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/date.h"
#include "postlatch/netkind.h"
#include "postlatch/quote.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIVER_SOON_DAYS = 30, SENTENCE = 400 };

/* An entry by which addresses may relay. */
struct entry {
    struct pl_prefix prefix;
    const struct pl_table *table;
    uint32_t id;
};

struct looking {
    struct pl_findings *f;
    const struct pl_policy *p;
    const struct pl_lint_input *in;
    bool complete; /* the surface is there, with all of its lines */
    struct entry *entries;
    size_t count, cap;
    bool *collected; /* tables, by number */
};

/* Why an address may relay. */
struct trust {
    const struct pl_surface_line *line; /* NULL: the surface does not say */
    const struct pl_rule *rule;         /* a written one; NULL: a list does it */
    const char *list;                   /* relay_networks, permitted_elsewhere; with rule NULL */
    struct pl_hit hit;                  /* the entry; none if rule asks for no address */
};

static bool match(const struct pl_policy *p, const struct pl_set *set, const struct pl_addr *addr,
                  struct pl_hit *hit)
{
    char text[PL_ADDR_TEXT];
    struct pl_query q;

    memset(&q, 0, sizeof(q));
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_of(pl_addr_format(text, addr));
    pl_query_need(&q, PL_ATTR_CLIENT_ADDRESS);
    *hit = pl_set_match(set, p, &q, PL_ATTR_CLIENT_ADDRESS);
    return hit->holds;
}

static const struct pl_surface_line *surface_line(const struct looking *l,
                                                  const struct pl_addr *addr)
{
    for (size_t i = 0; l->in->surface != NULL && i < l->in->surface->nlines; i++) {
        const struct pl_surface_line *line = &l->in->surface->lines[i];

        if (line->kind == PL_SURFACE_NETWORK && pl_prefix_contains(&line->network, addr))
            return line;
    }
    return NULL;
}

/* The written rule of a line that lets this address, and by which entry; false if none does. */
static bool find_rule(const struct looking *l, const struct pl_surface_line *line,
                      const struct pl_addr *addr, struct trust *t)
{
    for (size_t r = 0; r < line->nrules; r++) {
        const struct pl_rule *rule = line->rules[r];
        bool holds = !rule->builtin;

        t->hit = (struct pl_hit){0};
        for (size_t c = 0; c < rule->ncond && holds; c++) {
            if (rule->cond[c].attr == PL_ATTR_CLIENT_ADDRESS)
                holds = match(l->p, rule->cond[c].set, addr, &t->hit);
        }
        if (holds) {
            t->rule = rule;
            return true;
        }
    }
    return false;
}

static bool has_builtin_network(const struct pl_surface_line *line)
{
    for (size_t r = 0; r < line->nrules; r++) {
        if (line->rules[r]->builtin &&
            pl_str_eq(line->rules[r]->name, pl_str_lit("builtin:network")))
            return true;
    }
    return false;
}

/* Whether an address may relay without login, and why. What is masking is the proof's, not ours. */
static bool is_trusted(const struct looking *l, const struct pl_addr *addr, struct trust *t)
{
    const struct pl_set *lists = l->p->boundary;
    struct pl_hit hit;

    *t = (struct trust){.line = surface_line(l, addr)};
    if (match(l->p, &lists[PL_BOUNDARY_MASKING], addr, &hit) || (t->line == NULL && l->complete))
        return false;
    if (match(l->p, &lists[PL_BOUNDARY_RELAY_NETWORKS], addr, &t->hit) &&
        (t->line == NULL || has_builtin_network(t->line))) {
        t->list = pl_boundary_name(PL_BOUNDARY_RELAY_NETWORKS);
        return true;
    }
    if (t->line == NULL)
        return false;
    if (t->line->elsewhere && match(l->p, &lists[PL_BOUNDARY_PERMITTED_ELSEWHERE], addr, &t->hit)) {
        t->list = pl_boundary_name(PL_BOUNDARY_PERMITTED_ELSEWHERE);
        return true;
    }
    return find_rule(l, t->line, addr, t);
}

static struct pl_pos trusted_at(const struct trust *t)
{
    if (t->hit.table != NULL && t->hit.entry != PL_NO_ENTRY)
        return t->hit.table->entries[t->hit.entry].at;
    return t->rule != NULL ? t->rule->at : PL_NOWHERE;
}

/* "may relay without login, by 10.0.0.0/8 of <lan> in relay_networks" */
static const char *say_trust(char out[SENTENCE], const struct trust *t)
{
    const struct pl_surface_line *line = t->line;
    bool some = line != NULL && !line->any && !line->mixed;
    char entry[PL_PREFIX_TEXT + 2] = "", table[160] = "";

    if (t->hit.table != NULL && t->hit.entry != PL_NO_ENTRY) {
        struct pl_str text = t->hit.table->entries[t->hit.entry].text;

        snprintf(entry, sizeof(entry), "%.*s", (int)text.n, text.p);
        if (t->hit.table->name.n > 0)
            snprintf(table, sizeof(table), " of <%s>", t->hit.table->name.p);
    }
    if (t->rule != NULL)
        snprintf(out, SENTENCE, "may relay without login%s%.*s, by %s%s%srule \"%.*s\"",
                 some ? " to " : "", some ? (int)line->to.n : 0, some ? line->to.p : "", entry,
                 table, entry[0] != '\0' ? " in " : "", (int)t->rule->name.n, t->rule->name.p);
    else
        snprintf(out, SENTENCE, "may relay without login, by %s%s in %s", entry, table, t->list);
    return out;
}

/* What to do so that an address is not trusted any more. */
static const char *say_remedy(char out[SENTENCE], const struct looking *l, const struct trust *t,
                              const char *addr)
{
    const char *networks = pl_boundary_name(PL_BOUNDARY_RELAY_NETWORKS);
    bool masks = l->p->boundary[PL_BOUNDARY_MASKING].in_count > 0;

    if (t->rule != NULL && t->hit.table != NULL)
        snprintf(out, SENTENCE, "add \"!%s\" to client_address of the rule", addr);
    else if (t->rule != NULL)
        snprintf(out, SENTENCE, "add client_address = {any, \"!%s\"} to the rule", addr);
    else if (strcmp(t->list, networks) == 0 && masks)
        snprintf(out, SENTENCE, "add %s to masking, or \"!%s\" to relay_networks", addr, addr);
    else if (strcmp(t->list, networks) == 0)
        snprintf(out, SENTENCE, "write masking = {%s}, or add \"!%s\" to relay_networks", addr,
                 addr);
    else
        snprintf(out, SENTENCE, "take it out of Postfix's mynetworks and of permitted_elsewhere");
    return out;
}

/* Whether a fact with this kind and address came before number i. */
static bool was_seen(const struct pl_host_facts *host, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (host->facts[j].kind == host->facts[i].kind &&
            pl_addr_eq(&host->facts[j].addr, &host->facts[i].addr))
            return true;
    }
    return false;
}

static void lint_host(const struct looking *l)
{
    const struct pl_host_facts *host = l->in->host;
    char addr[PL_ADDR_TEXT], trust[SENTENCE], remedy[SENTENCE];
    struct trust t;

    for (size_t i = 0; host != NULL && i < host->count; i++) {
        const struct pl_host_fact *fact = &host->facts[i];

        if (fact->kind == PL_HOST_INTERFACE || was_seen(host, i) || !is_trusted(l, &fact->addr, &t))
            continue;
        pl_addr_format(addr, &fact->addr);
        say_trust(trust, &t);
        say_remedy(remedy, l, &t, addr);
        if (fact->kind == PL_HOST_GATEWAY)
            pl_lint_add(l->f, PL_LINT_TRUSTED_GATEWAY, trusted_at(&t), t.rule, pl_str_of(addr),
                        "%s, the default gateway of this host, %s. If it replaces the addresses of "
                        "those who come in through it (NAT, port forwarding), everybody on the "
                        "Internet appears as %s and may relay too. Remedy: %s",
                        addr, trust, addr, remedy);
        else
            pl_lint_add(
                l->f, PL_LINT_TRUSTED_BRIDGE, trusted_at(&t), t.rule, pl_str_of(addr),
                "%s, this host's own address on the bridge %s, %s. Whoever comes in through "
                "a published port of a container may appear as %s, so everybody on the "
                "Internet may relay too. Remedy: %s",
                addr, fact->name, trust, addr, remedy);
    }
}

/* Entries by which somebody may relay: each table once. */
static void collect_table(struct looking *l, const struct pl_table *t)
{
    if (t->kind != PL_TABLE_NETWORKS || l->collected[t->number])
        return;
    l->collected[t->number] = true;
    for (size_t i = 0; i < t->networks.count; i++) {
        struct entry *entries = pl_grow(l->entries, &l->cap, l->count, sizeof(*entries));

        if (entries == NULL) {
            l->f->failed = true;
            return;
        }
        l->entries = entries;
        l->entries[l->count++] =
            (struct entry){t->networks.entries[i].prefix, t, t->networks.entries[i].id};
    }
}

/* Boundary lists are not circular (config/boundary.c), so this ends. */
static void collect_set(struct looking *l, const struct pl_set *set)
{
    for (size_t i = 0; i < set->in_count; i++) {
        if (set->in[i].set != NULL)
            collect_set(l, set->in[i].set);
        else
            collect_table(l, set->in[i].table);
    }
}

static void collect_line(struct looking *l, const struct pl_surface_line *line)
{
    if (line->elsewhere)
        collect_set(l, &l->p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE]);
    for (size_t r = 0; r < line->nrules; r++) {
        const struct pl_rule *rule = line->rules[r];

        for (size_t c = 0; c < rule->ncond && !rule->builtin; c++) {
            if (rule->cond[c].attr == PL_ATTR_CLIENT_ADDRESS)
                collect_set(l, rule->cond[c].set);
        }
    }
}

static int by_address(const void *va, const void *vb)
{
    const struct entry *a = va, *b = vb;
    int order = memcmp(&a->prefix.addr, &b->prefix.addr, sizeof(a->prefix.addr));

    if (order == 0)
        order = (int)a->prefix.len - (int)b->prefix.len;
    if (order == 0 && a->table->number != b->table->number)
        order = a->table->number < b->table->number ? -1 : 1;
    return order != 0 ? order : a->id < b->id ? -1 : a->id > b->id;
}

static double addresses_of(const struct pl_prefix *prefix)
{
    return ldexp(1, (int)pl_addr_bits(&prefix->addr) - prefix->len);
}

/* How many addresses of a network may relay: those in the lines of the surface, if all are known. */
static double count_relaying(const struct looking *l, const struct pl_prefix *prefix)
{
    const struct pl_surface *surface = l->in->surface;
    size_t low = 0, high = surface == NULL ? 0 : surface->nlines;
    double n = 0;

    if (!l->complete)
        return addresses_of(prefix);
    /* The networks stand first and in order. The first that does not end before prefix: */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct pl_surface_line *line = &surface->lines[mid];

        if (line->kind == PL_SURFACE_NETWORK && !pl_prefix_overlaps(&line->network, prefix) &&
            memcmp(&line->network.addr, &prefix->addr, sizeof(prefix->addr)) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < surface->nlines; low++) {
        const struct pl_surface_line *line = &surface->lines[low];

        if (line->kind != PL_SURFACE_NETWORK || !pl_prefix_overlaps(&line->network, prefix))
            break;
        if (line->network.len <= prefix->len)
            return addresses_of(prefix);
        n += addresses_of(&line->network);
    }
    return n;
}

/* "254", "2^80", "about 2^80" */
static const char *say_count(char out[40], double n)
{
    int exponent;
    double part = frexp(n, &exponent);

    if (n < 1e9)
        snprintf(out, 40, "%.0f", n);
    else if (part <= 0.5)
        snprintf(out, 40, "2^%d", exponent - 1);
    else
        snprintf(out, 40, "about 2^%d", part > 0.75 ? exponent : exponent - 1);
    return out;
}

/* The same without private addresses. */
static double count_public(const struct looking *l, const struct pl_prefix *prefix)
{
    const struct pl_prefix *private;
    double n = count_relaying(l, prefix);

    for (size_t i = 0; (private = pl_netkind_private(i)) != NULL; i++) {
        if (pl_prefix_contains(prefix, &private->addr) && private->len >= prefix->len)
            n -= count_relaying(l, private);
    }
    return n;
}

static void lint_public(const struct looking *l, const struct entry *e)
{
    const struct pl_table_entry *entry = &e->table->entries[e->id];
    const char *across;
    enum pl_netkind kind = pl_netkind_of(&e->prefix, &across);
    char text[PL_PREFIX_TEXT], count[40], hint[80] = "";
    double n = count_public(l, &e->prefix);

    if (kind == PL_NET_PRIVATE || n <= 0)
        return;
    if (across != NULL)
        snprintf(hint, sizeof(hint), " (was %s meant?)", across);
    pl_prefix_format(text, &e->prefix);
    if (addresses_of(&e->prefix) <= 1)
        pl_lint_add(l->f, PL_LINT_PUBLIC_NETWORK, entry->at, NULL, pl_str_of(text),
                    "%s is one public address, which may relay without login. Whoever has it may "
                    "relay: see that it is yours, and stays so",
                    text);
    else
        pl_lint_add(l->f, PL_LINT_PUBLIC_NETWORK, entry->at, NULL, pl_str_of(text),
                    "%s is a public network%s%s: %s%s %s of it may relay without login. See that "
                    "each is yours; where others have some of them, name yours only, or let them "
                    "log in",
                    text, kind == PL_NET_MIXED ? " in part" : "", hint, say_count(count, n),
                    kind == PL_NET_MIXED ? " public" : "", n > 1 ? "addresses" : "address");
}

static bool lint_embedded(const struct looking *l, const struct entry *e)
{
    const struct pl_table_entry *entry = &e->table->entries[e->id];
    struct pl_prefix v4;
    enum pl_embedding embedding = pl_netkind_embedding(&e->prefix, &v4);
    char text[PL_PREFIX_TEXT], stands[PL_PREFIX_TEXT], who[PL_PREFIX_TEXT + 60];

    if (embedding == PL_EMBEDS_NONE)
        return false;
    pl_prefix_format(text, &e->prefix);
    if (v4.len == 0)
        snprintf(who, sizeof(who), "any IPv4 address, so everybody who comes in by it");
    else
        snprintf(who, sizeof(who), "%s %s, so whoever has %s",
                 v4.len == 32 ? "the IPv4 address" : "the IPv4 network",
                 pl_prefix_format(stands, &v4), v4.len == 32 ? "it" : "an address of it");
    pl_lint_add(l->f, PL_LINT_EMBEDDED_IPV4, entry->at, NULL, pl_str_of(text),
                "%s may relay without login, and its addresses (%s) stand for %s may relay. See "
                "that this is meant, or take it out",
                text, embedding == PL_EMBEDS_6TO4 ? "6to4" : "NAT64", who);
    return e->prefix.len >= 16; /* one wider than all of 6to4 has other addresses besides */
}

/* Loopback in an entry: 127.0.0.1 if it has that, else the first address of both. */
static bool loopback_in(const struct pl_prefix *prefix, struct pl_addr *addr)
{
    static const struct pl_prefix v4 = {{4, {127}}, 8}, v6 = {{6, {[15] = 1}}, 128};
    static const struct pl_addr usual = {4, {127, 0, 0, 1}};

    if (pl_prefix_overlaps(&v6, prefix)) {
        *addr = v6.addr;
        return true;
    }
    if (!pl_prefix_overlaps(&v4, prefix))
        return false;
    *addr = pl_prefix_contains(prefix, &usual) ? usual
            : prefix->len > v4.len             ? prefix->addr
                                               : v4.addr;
    return true;
}

static void lint_loopback(const struct looking *l, const struct entry *e)
{
    const struct pl_table_entry *entry = &e->table->entries[e->id];
    char text[PL_PREFIX_TEXT], shown[PL_ADDR_TEXT], trust[SENTENCE], remedy[SENTENCE];
    struct pl_addr addr;
    struct trust t;

    if (!loopback_in(&e->prefix, &addr) || !is_trusted(l, &addr, &t))
        return;
    pl_addr_format(shown, &addr);
    pl_lint_add(l->f, PL_LINT_LOOPBACK_TRUSTED, entry->at, t.rule,
                pl_str_of(pl_prefix_format(text, &e->prefix)),
                "%s %s. Whatever takes connections from elsewhere and passes them on within this "
                "host (ssh and TLS tunnels, port forwarders of containers, a web form) lets "
                "strangers appear as %s. Remedy, if there is any: %s",
                shown, say_trust(trust, &t), shown, say_remedy(remedy, l, &t, shown));
}

static void lint_entries(struct looking *l)
{
    size_t widest = 0;

    collect_set(l, &l->p->boundary[PL_BOUNDARY_RELAY_NETWORKS]);
    for (size_t i = 0; l->in->surface != NULL && i < l->in->surface->nlines; i++) {
        if (l->in->surface->lines[i].kind == PL_SURFACE_NETWORK)
            collect_line(l, &l->in->surface->lines[i]);
    }
    if (l->count > 0)
        qsort(l->entries, l->count, sizeof(*l->entries), by_address);
    for (size_t i = 0; i < l->count && !l->f->failed; i++) {
        const struct entry *e = &l->entries[i];

        /* An entry within another is spoken of with that. */
        if (i > 0 && pl_prefix_contains(&l->entries[widest].prefix, &e->prefix.addr))
            continue;
        widest = i;
        if (count_relaying(l, &e->prefix) <= 0)
            continue;
        if (!lint_embedded(l, e))
            lint_public(l, e);
        lint_loopback(l, e);
    }
}

/* Addresses by which a host is reached from elsewhere: not loopback, not of one link only. */
static bool is_reachable(const struct pl_addr *addr)
{
    static const struct pl_prefix no[] = {
        {{4, {127}}, 8}, {{4, {169, 254}}, 16}, {{6, {[15] = 1}}, 128}, {{6, {0xfe, 0x80}}, 10}};

    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        if (pl_prefix_contains(&no[i], addr))
            return false;
    }
    return true;
}

static bool any_trusted(const struct looking *l, unsigned family)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct pl_prefix *prefix = &l->entries[i].prefix;

        if (prefix->addr.family == family && is_reachable(&prefix->addr) &&
            count_relaying(l, prefix) > 0)
            return true;
    }
    return false;
}

/*
 * An interface whose network of one family is trusted, while it has addresses of the other family and
 * nothing of that is: the same machines are let in or not by the family that they happen to use.
 * Without facts of the host nothing is said: most networks have IPv4 only, and rightly trust no IPv6.
 */
static void lint_family_of_interface(const struct looking *l, size_t i)
{
    const struct pl_host_fact *fact = &l->in->host->facts[i];
    struct pl_prefix other;
    char trusted[PL_ADDR_TEXT], text[PL_PREFIX_TEXT];
    struct trust t;

    if (fact->kind == PL_HOST_GATEWAY || !is_reachable(&fact->addr) ||
        !is_trusted(l, &fact->addr, &t))
        return;
    for (size_t j = 0; j < l->in->host->count; j++) {
        const struct pl_host_fact *second = &l->in->host->facts[j];

        if (second->kind != fact->kind || strcmp(second->name, fact->name) != 0 ||
            second->addr.family == fact->addr.family || !is_reachable(&second->addr) ||
            any_trusted(l, second->addr.family))
            continue;
        other = (struct pl_prefix){second->addr, second->len};
        pl_addr_mask(&other.addr, other.len);
        pl_prefix_format(text, &other);
        pl_addr_format(trusted, &fact->addr);
        pl_lint_add(
            l->f, PL_LINT_ONE_FAMILY_ONLY, trusted_at(&t), t.rule, pl_str_of(text),
            "the network of %s (interface %s) may relay without login, but no %s network "
            "may, and the interface is in %s as well: the same machines are refused as soon "
            "as they connect by %s. If that is not meant, trust %s too",
            trusted, fact->name, second->addr.family == 6 ? "IPv6" : "IPv4", text,
            second->addr.family == 6 ? "IPv6" : "IPv4", text);
        return;
    }
}

/* Programs that connect to "localhost" take ::1 first, then 127.0.0.1: one without the other is odd. */
static void lint_family_of_loopback(const struct looking *l)
{
    static const struct pl_addr local[2] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};
    static const char *const names[2] = {"127.0.0.1", "::1"};
    const struct pl_host_facts *host = l->in->host;
    struct trust t, trusts[2];
    bool trusted[2], has_v6 = host == NULL;
    size_t to;

    for (size_t i = 0; host != NULL && i < host->count; i++)
        has_v6 |= host->facts[i].addr.family == 6;
    for (size_t i = 0; i < 2; i++)
        trusted[i] = is_trusted(l, &local[i], &trusts[i]);
    if (!has_v6 || trusted[0] == trusted[1])
        return;
    to = trusted[0] ? 1 : 0;
    t = trusts[1 - to];
    pl_lint_add(l->f, PL_LINT_ONE_FAMILY_ONLY, trusted_at(&t), t.rule, pl_str_of(names[to]),
                "%s may relay without login, %s may not: a program of this host that connects to "
                "localhost is let in or refused by the address that it happens to take. If that is "
                "not meant, trust both or neither",
                names[1 - to], names[to]);
}

static void lint_families(const struct looking *l)
{
    for (size_t i = 0; l->in->host != NULL && i < l->in->host->count; i++)
        lint_family_of_interface(l, i);
    lint_family_of_loopback(l);
}

static void lint_waivers(const struct looking *l)
{
    const int32_t today = l->p->today;

    for (size_t i = 0; i < l->p->nwaivers; i++) {
        const struct pl_waiver *w = &l->p->waivers[i];
        int64_t left = (int64_t)w->until - today;
        struct pl_quote q;
        char day[PL_DATE_TEXT], when[40] = "today";

        if (left > WAIVER_SOON_DAYS)
            continue;
        pl_date_format(day, w->until);
        if (left > 0)
            snprintf(when, sizeof(when), "in %d day%s", (int)left, left == 1 ? "" : "s");
        if (left < 0)
            pl_lint_add(
                l->f, PL_LINT_ACCEPT_EXPIRES, w->at, NULL, w->reason,
                "accept %s has ended on %s: what it waived is let through no more, and a "
                "reload is refused while it stands. Close what was open and take it out, or "
                "give it a later date",
                pl_quote(&q, w->reason), day);
        else
            pl_lint_add(l->f, PL_LINT_ACCEPT_EXPIRES, w->at, NULL, w->reason,
                        "accept %s ends %s, on %s: from the day after, what it waives is let "
                        "through no more and a reload is refused. Close what is open, or give it a "
                        "later date",
                        pl_quote(&q, w->reason), when, day);
    }
}

void pl_lint_networks(struct pl_findings *f, const struct pl_lint_input *in)
{
    struct looking l = {.f = f, .p = f->policy, .in = in};

    l.complete = in->surface != NULL && in->surface->gave_up == NULL;
    l.collected = calloc(l.p->ntables + l.p->ninline + 1, sizeof(*l.collected));
    if (l.collected == NULL) {
        f->failed = true;
        return;
    }
    lint_host(&l);
    lint_entries(&l);
    lint_families(&l);
    lint_waivers(&l);
    free(l.entries);
    free(l.collected);
}
