/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains that Postfix takes for its own, against accepted_domains, both ways. */
#include "build.h"

#include "postlatch/domain.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20, BATCH = 1000 };

/* The lists of main.cf that hold such domains. */
static const char *const lists[] = {"mydestination", "virtual_alias_domains",
                                    "virtual_mailbox_domains", "relay_domains"};
enum { LISTS = sizeof(lists) / sizeof(lists[0]), RELAY_DOMAINS = 3 };

/* What is gathered for one finding: names, each told once. */
struct names {
    struct pl_nameset set;
    size_t count;
    struct pl_buf text; /* as in a message */
    struct pl_buf list; /* as in a configuration */
};

static void add_name(struct pl_doctor *d, struct names *n, struct pl_str name)
{
    struct pl_str copy = pl_arena_copy(d->arena, name);

    if (copy.p == NULL || !pl_nameset_add(&n->set, copy, 0))
        d->no_memory = true;
}

static void end_names(struct names *n)
{
    struct pl_quote q;

    pl_nameset_freeze(&n->set);
    for (size_t i = 0; i < n->set.count; i++) {
        struct pl_str name = n->set.entries[i].key;

        if ((i > 0 && pl_str_eq(name, n->set.entries[i - 1].key)) || n->count++ >= SHOWN)
            continue;
        pl_buf_addf(&n->text, "%s%s", n->count == 1 ? "" : ", ", pl_quote(&q, name));
        pl_buf_addf(&n->list, "%s%.*s", n->count == 1 ? "" : ", ", (int)name.n, name.p);
    }
    if (n->count > SHOWN)
        pl_buf_addf(&n->text, " and %zu more", n->count - SHOWN);
}

static void free_names(struct names *n)
{
    pl_nameset_fini(&n->set);
    pl_buf_fini(&n->text);
    pl_buf_fini(&n->list);
}

static bool ours(const struct pl_policy *p, const char *local, struct pl_str domain)
{
    struct pl_query q = {0};
    struct pl_buf address = {0};
    bool is;

    pl_buf_addf(&address, "%s%.*s", local, (int)domain.n, domain.p);
    q.attr[PL_ATTR_RECIPIENT] = pl_buf_str(&address);
    pl_query_read(&q);
    is = pl_policy_is_ours(p, &q, PL_ATTR_RECIPIENT);
    pl_buf_fini(&address);
    return is;
}

/* All that is compared. */
struct compare {
    struct pl_doctor *d;
    bool parents;            /* relay_domains = example.org stands for its subdomains, too */
    struct pl_nameset names; /* values that Postfix accepts; ".x" for subdomains of x */
    struct names refused, subdomains, local;
    size_t accepted; /* names of Postfix that we accept, too */
};

static bool says(struct pl_str list, const char *word)
{
    struct pl_str w;

    while (pl_postfix_word(&list, &w)) {
        if (pl_str_eq(w, pl_str_of(word)))
            return true;
    }
    return false;
}

static void keep(struct compare *c, struct pl_str name, bool parent)
{
    struct pl_buf text = {0};
    struct pl_domain domain;
    const char *why;
    struct pl_str copy;

    if (!pl_domain_parse(&domain, name, &why))
        return;
    pl_buf_addf(&text, "%s%s", parent ? "." : "", domain.text);
    copy = pl_arena_copy(c->d->arena, pl_buf_str(&text));
    if (copy.p == NULL || !pl_nameset_add(&c->names, copy, 0))
        c->d->no_memory = true;
    pl_buf_fini(&text);
}

/* A name that nobody outside writes to, as "localhost" in mydestination. */
static bool is_local_name(struct pl_str name)
{
    return pl_str_eq_fold(name, pl_str_lit("localhost")) ||
           pl_str_has_prefix_fold(name, pl_str_lit("localhost."));
}

/*
 * A name without a dot, which accepted_domains cannot hold, and which a rule leaves to Postfix: as
 * postlatch init writes for the names of this host.
 */
static bool is_left_by_rule(const struct pl_policy *p, struct pl_str name)
{
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_query q = {0};
    struct pl_buf address = {0};
    bool left;

    if (pl_str_find(name, '.') < name.n)
        return false;
    pl_buf_addf(&address, "user@%.*s", (int)name.n, name.p);
    q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("unknown");
    q.attr[PL_ATTR_CLIENT_NAME] = pl_str_lit("unknown");
    q.attr[PL_ATTR_RECIPIENT] = pl_buf_str(&address);
    pl_query_read(&q);
    pl_policy_decide(p, &q, &cursor, &decision);
    left = decision.action->effect == PL_EFFECT_LEAVE && decision.action != p->reject_action;
    pl_buf_fini(&address);
    return left;
}

/* One domain that Postfix accepts, by the list with this index. */
static void compare_name(struct compare *c, size_t list, struct pl_str name)
{
    const struct pl_policy *p = c->d->config->policy;
    bool parent = name.n > 1 && name.p[0] == '.';
    struct pl_str bare = parent ? pl_str_from(name, 1) : name;
    struct pl_buf dotted = {0};

    if (bare.n == 0 || bare.p[0] == '[')
        return; /* Postfix accepts literals of its own addresses without being told */
    pl_buf_addf(&dotted, ".%.*s", (int)bare.n, bare.p);
    if (!parent) {
        keep(c, bare, false);
        if (ours(p, "user@", bare) || is_left_by_rule(p, bare))
            c->accepted++;
        else
            add_name(c->d, is_local_name(bare) ? &c->local : &c->refused, bare);
    }
    if (list == RELAY_DOMAINS && (parent ? !c->parents : c->parents)) {
        keep(c, bare, true);
        if (!ours(p, "user@subdomain.", bare))
            add_name(c->d, &c->subdomains, pl_buf_str(&dotted));
    }
    pl_buf_fini(&dotted);
}

/* Names in a table or a file: its keys. Only what can be a domain; addresses are other entries. */
static void compare_table(struct compare *c, size_t list, struct pl_str table)
{
    struct pl_buf text = {0};
    struct pl_quote q;
    struct pl_str rest;
    const char *why = "";

    if (!c->d->system.list(c->d->system.arg, table, &text, &why)) {
        pl_doctor_say(c->d, PL_FINDING_UNCHECKED, "table-not-listed", "", "", "", NULL,
                      "%s: domains in %s that the policy may refuse: %s", lists[list],
                      pl_quote(&q, table), why);
        pl_buf_fini(&text);
        return;
    }
    rest = pl_buf_str(&text);
    while (rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')}, key = {0}, copy;

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        key = (struct pl_str){line.p, pl_str_find(line, '\t')};
        /* Of virtual_alias_maps bare names are users; addresses are no domains anywhere. */
        if (key.n == 0 || pl_str_find(key, '@') < key.n || pl_str_find(key, '.') == key.n)
            continue;
        copy = pl_arena_copy(c->d->arena, key);
        if (copy.p != NULL)
            compare_name(c, list, copy);
    }
    pl_buf_fini(&text);
}

/* A table that has every name: Postfix takes the whole Internet for its own. */
static bool has_every_name(struct compare *c, size_t list, struct pl_str table)
{
    struct pl_str rest = pl_postconf_value(c->d->all, lists[list]), word;
    struct pl_buf lines = {0};

    if (!pl_str_has_prefix(table, pl_str_lit("static:")))
        return false;
    pl_buf_addf(&lines, "%s =", lists[list]);
    for (const char *between = " "; pl_postfix_word(&rest, &word);) {
        if (pl_str_eq(word, table))
            continue;
        pl_buf_addf(&lines, "%s%.*s", between, (int)word.n, word.p);
        between = ", ";
    }
    pl_doctor_say(
        c->d, PL_FINDING_FAULT, "every-domain", "", "main.cf", text_of(&lines),
        "Every domain is Postfix's own then: reject_unauth_destination refuses nothing, and "
        "each DUNNO of ours lets relay.",
        "%s has %.*s, which holds every domain", lists[list], (int)table.n, table.p);
    pl_buf_fini(&lines);
    return true;
}

/* Tables of patterns: what they match cannot be listed. */
static bool has_patterns(struct compare *c, size_t list, struct pl_str table)
{
    struct pl_str type = {table.p, pl_str_find(table, ':')};

    if (!pl_str_eq(type, pl_str_lit("regexp")) && !pl_str_eq(type, pl_str_lit("pcre")) &&
        !pl_str_eq(type, pl_str_lit("cidr")))
        return false;
    pl_doctor_say(c->d, PL_FINDING_UNCHECKED, "table-not-listed", "", "", "", NULL,
                  "%s: domains in %.*s that the policy may refuse: it holds patterns", lists[list],
                  (int)table.n, table.p);
    return true;
}

static void compare_list(struct compare *c, size_t list)
{
    struct pl_str rest = pl_postconf_value(c->d->all, lists[list]);
    struct pl_match_entry e;
    struct pl_quote q;

    while (pl_match_next(&rest, &e)) {
        if (e.negated)
            pl_doctor_say(c->d, PL_FINDING_UNCHECKED, "negated-domain", "", "", "", NULL,
                          "%s: what !%s takes away", lists[list], pl_quote(&q, e.text));
        else if (e.kind == PL_MATCH_FILE ||
                 (e.kind == PL_MATCH_TABLE && !has_every_name(c, list, e.text) &&
                  !has_patterns(c, list, e.text)))
            compare_table(c, list, e.text);
        else if (e.kind == PL_MATCH_TABLE)
            continue;
        else
            compare_name(c, list, e.text);
    }
}

/* Whether a name is one of Postfix's by the values that were listed. */
static bool listed(const struct compare *c, struct pl_str name)
{
    char parent[PL_DOMAIN_MAX + 2];

    if (pl_nameset_find(&c->names, name) != PL_NO_ENTRY)
        return true;
    for (size_t i = name.n > 0 && name.p[0] == '.' ? 0 : pl_str_find(name, '.'); i < name.n;) {
        struct pl_str rest = pl_str_from(name, i);

        if (rest.n >= sizeof(parent))
            return false;
        if (pl_nameset_find(&c->names, rest) != PL_NO_ENTRY)
            return true;
        i += 1 + pl_str_find(pl_str_from(rest, 1), '.');
    }
    return false;
}

/* Names of ours that Postfix may have in a table that is only asked, not listed. */
struct asked {
    struct pl_str *name;
    bool *found;
    size_t count, cap;
    bool incomplete; /* some table could not be asked */
};

static void ask_tables(struct compare *c, struct asked *a)
{
    bool *found = calloc(a->count + 1, sizeof(*found));

    for (size_t list = 0; found != NULL && list < LISTS; list++) {
        struct pl_str rest = pl_postconf_value(c->d->all, lists[list]);
        struct pl_match_entry e;
        const char *why = "";
        struct pl_quote q;

        while (pl_match_next(&rest, &e)) {
            if (e.kind != PL_MATCH_TABLE || e.negated)
                continue;
            why = "";
            memset(found, 0, a->count * sizeof(*found));
            if (!c->d->system.query(c->d->system.arg, e.text, a->name, a->count, found, &why)) {
                a->incomplete = true;
                pl_doctor_say(c->d, PL_FINDING_UNCHECKED, "table-not-asked", "", "", "", NULL,
                              "%s: whether %s has domains of accepted_domains: %s", lists[list],
                              pl_quote(&q, e.text), why);
            }
            for (size_t i = 0; i < a->count; i++)
                a->found[i] = a->found[i] || found[i];
        }
    }
    if (found == NULL)
        c->d->no_memory = true;
    free(found);
}

static void gather_table(struct compare *c, const struct pl_table *t, struct asked *a)
{
    for (size_t i = 0; i < t->names.count; i++) {
        struct pl_str key = t->names.entries[i].key, *grown;

        if (key.n == 0 || key.p[0] == '[' || listed(c, key))
            continue;
        grown = pl_grow(a->name, &a->cap, a->count, sizeof(*a->name));
        if (grown == NULL) {
            c->d->no_memory = true;
            return;
        }
        a->name = grown;
        a->name[a->count++] = key;
    }
}

/* Our domains that Postfix does not know: it refuses them after our DUNNO. */
static void compare_ours(struct compare *c)
{
    const struct pl_set *set = &c->d->config->policy->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS];
    struct pl_str now = pl_postconf_value(c->d->all, "relay_domains");
    struct names missing = {0};
    struct asked a = {0};
    struct pl_buf line = {0};

    for (size_t i = 0; i < set->in_count; i++) {
        if (set->in[i].table != NULL)
            gather_table(c, set->in[i].table, &a);
    }
    a.found = calloc(a.count + 1, sizeof(*a.found));
    if (a.found == NULL)
        c->d->no_memory = true;
    else if (a.count > 0)
        ask_tables(c, &a);
    for (size_t i = 0; a.found != NULL && i < a.count; i++) {
        if (!a.found[i])
            add_name(c->d, &missing, a.name[i]);
    }
    end_names(&missing);
    pl_buf_addf(&line, "relay_domains = %.*s%s%s", (int)now.n, now.n > 0 ? now.p : "",
                now.n > 0 ? ", " : "", text_of(&missing.list));
    if (missing.count > 0 && a.incomplete)
        pl_doctor_say(c->d, PL_FINDING_UNCHECKED, "domain-not-found", "", "", "", NULL,
                      "accepted_domains holds %s, and Postfix only if it is in a table that could "
                      "not be asked",
                      text_of(&missing.text));
    else if (missing.count > 0)
        pl_doctor_say(
            c->d, PL_FINDING_FAULT, "domain-not-in-postfix", "", "main.cf", text_of(&line),
            "We leave them to Postfix, and Postfix answers Relay access denied. Name them in "
            "mydestination, a virtual list or relay_domains, whichever is meant; or take "
            "them out of accepted_domains.",
            "accepted_domains holds %s, and Postfix does not", text_of(&missing.text));
    pl_buf_fini(&line);
    free_names(&missing);
    free(a.name);
    free(a.found);
}

static void say_refused(struct compare *c, struct names *n, enum pl_finding_kind kind,
                        const char *code, const char *why, const char *of)
{
    struct pl_buf line = {0};

    end_names(n);
    pl_buf_addf(&line, "accepted_domains = {%s}", text_of(&n->list));
    if (n->count > 0)
        pl_doctor_say(c->d, kind, code, "", "postlatch.conf, added to what accepted_domains has",
                      text_of(&line), why,
                      "Postfix accepts mail for %s%s, and accepted_domains does not hold them", of,
                      text_of(&n->text));
    pl_buf_fini(&line);
}

void look_at_domains(struct pl_doctor *d)
{
    struct compare c = {.d = d};
    size_t before = pl_doctor_faults(d);

    c.parents =
        says(pl_postconf_value(d->all, "parent_domain_matches_subdomains"), "relay_domains");
    for (size_t i = 0; i < LISTS; i++)
        compare_list(&c, i);
    pl_nameset_freeze(&c.names);
    compare_ours(&c);
    say_refused(&c, &c.refused, PL_FINDING_FAULT, "domain-refused",
                "Mail to them is refused by the policy: Relay access denied.", "");
    say_refused(&c, &c.subdomains, PL_FINDING_FAULT, "subdomains-refused",
                "relay_domains stands for subdomains, too, as long as "
                "parent_domain_matches_subdomains names it. Accept them here as well, or take "
                "relay_domains out of that parameter.",
                "subdomains, ");
    say_refused(&c, &c.local, PL_FINDING_NOTE, "localhost-refused",
                "Nobody elsewhere can mean them; a program on this host that speaks SMTP might.",
                "");
    if (pl_doctor_faults(d) == before)
        pl_doctor_say(d, PL_FINDING_OK, "", "", "", "", NULL,
                      "domains: the %zu that Postfix names are accepted by the policy, and the "
                      "other way round",
                      c.accepted);
    pl_nameset_fini(&c.names);
    free_names(&c.refused);
    free_names(&c.subdomains);
    free_names(&c.local);
}
