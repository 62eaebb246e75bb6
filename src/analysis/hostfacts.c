/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a host is connected to, as a list of facts: from a file here, from the kernel in
 * report/netlink.c. A host has tens of them, so they are looked through one by one.
 */
#include "postlatch/hostfacts.h"

#include "postlatch/file.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdlib.h>
#include <string.h>

/* Limits of a file, and the most words that a line can need, with one more to tell that it has. */
enum { FILE_MAX_BYTES = 1024 * 1024, LINE_WORDS = 4 };

static const struct {
    const char *word;
    size_t words; /* of its line */
    const char *form;
} kinds[] = {
    [PL_HOST_INTERFACE] = {"interface", 3, "interface NAME ADDRESS/LEN"},
    [PL_HOST_BRIDGE] = {"bridge", 3, "bridge NAME ADDRESS/LEN"},
    [PL_HOST_GATEWAY] = {"gateway", 2, "gateway ADDRESS"},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void pl_host_facts_fini(struct pl_host_facts *h)
{
    free(h->facts);
    *h = (struct pl_host_facts){0};
}

bool pl_host_facts_add(struct pl_host_facts *h, const struct pl_host_fact *fact)
{
    struct pl_host_fact *facts = pl_grow(h->facts, &h->cap, h->count, sizeof(*facts));

    if (facts == NULL)
        return false;
    h->facts = facts;
    h->facts[h->count++] = *fact;
    return true;
}

/* A line being read. */
struct line {
    struct pl_diag *d;
    struct pl_pos at;
    struct pl_str words[LINE_WORDS];
    size_t n;       /* LINE_WORDS: these or more */
    bool no_memory; /* which d may have been told before */
};

static void split(struct line *l, struct pl_str rest)
{
    l->n = 0;
    while ((rest = pl_str_trim(rest)).n > 0 && rest.p[0] != '#' && l->n < LINE_WORDS) {
        size_t n = 0;

        while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\t')
            n++;
        l->words[l->n++] = (struct pl_str){rest.p, n};
        rest = pl_str_from(rest, n);
    }
}

static bool read_kind(struct line *l, enum pl_host_fact_kind *kind)
{
    struct pl_suggest s;
    struct pl_quote q;
    char hint[80];

    pl_suggest_init(&s, l->words[0]);
    for (size_t i = 0; i < KINDS; i++) {
        if (pl_str_eq(l->words[0], pl_str_of(kinds[i].word))) {
            *kind = (enum pl_host_fact_kind)i;
            return true;
        }
        pl_suggest_try(&s, kinds[i].word);
    }
    pl_suggest_text(&s, hint, sizeof(hint));
    pl_diag_error(l->d, l->at, "%s is no kind of fact%s", pl_quote(&q, l->words[0]),
                  hint[0] != '\0' ? hint : "; expected interface, bridge or gateway");
    return false;
}

static bool read_name(struct line *l, struct pl_host_fact *fact)
{
    struct pl_str name = l->words[1];
    struct pl_quote q;

    for (size_t i = 0; i < name.n; i++) {
        if (pl_ascii_is_print(name.p[i]))
            continue;
        pl_diag_error(l->d, l->at, "%s: a byte that no name of an interface has",
                      pl_quote(&q, name));
        return false;
    }
    if (name.n >= sizeof(fact->name)) {
        pl_diag_error(l->d, l->at, "%s: %zu bytes; expected the name of an interface, at most %zu",
                      pl_quote(&q, name), name.n, sizeof(fact->name) - 1);
        return false;
    }
    memcpy(fact->name, name.p, name.n);
    return true;
}

/* The address in front of a length; a network's own rules about host bits do not hold for it. */
static bool read_address(struct line *l, struct pl_str text, struct pl_addr *addr)
{
    static const struct pl_addr none4 = {4, {0}}, none6 = {6, {0}};
    struct pl_prefix prefix;
    char why[PL_PREFIX_WHY], folded[PL_ADDR_TEXT];
    struct pl_quote q;

    if (!pl_addr_parse(addr, text)) {
        if (pl_str_find(text, '%') < text.n)
            pl_diag_error(l->d, l->at, "%s: expected the address without '%%' and the interface",
                          pl_quote(&q, text));
        else if (pl_prefix_parse(&prefix, text, why)) /* in brackets */
            pl_diag_error(l->d, l->at, "%s: expected the address without brackets",
                          pl_quote(&q, text));
        else
            pl_diag_error(l->d, l->at, "%s: %s", pl_quote(&q, text),
                          pl_str_has_prefix(pl_str_of(why), pl_str_lit("an octet"))
                              ? why
                              : "not an IP address; expected one as 192.168.1.1 or 2001:db8::1");
        return false;
    }
    if (addr->family == 4 && pl_str_find(text, ':') < text.n) {
        pl_diag_error(l->d, l->at, "%s is an IPv4 address written as IPv6; expected %s",
                      pl_quote(&q, text), pl_addr_format(folded, addr));
        return false;
    }
    if (pl_addr_eq(addr, &none4) || pl_addr_eq(addr, &none6)) {
        pl_diag_error(l->d, l->at, "%s is no address of a host; leave the line out",
                      pl_quote(&q, text));
        return false;
    }
    return true;
}

/* The last word: an address, with a length unless it is a gateway's. */
static bool read_place(struct line *l, struct pl_host_fact *fact)
{
    struct pl_str text = l->words[l->n - 1], bare = {text.p, pl_str_find(text, '/')};
    unsigned long len;
    unsigned bits;
    struct pl_quote q;

    if (!read_address(l, bare, &fact->addr))
        return false;
    bits = pl_addr_bits(&fact->addr);
    fact->len = (uint8_t)bits;
    if (fact->kind == PL_HOST_GATEWAY) {
        if (bare.n == text.n)
            return true;
        pl_diag_error(l->d, l->at,
                      "%s: a gateway is one address; expected it without '/' and what "
                      "follows",
                      pl_quote(&q, text));
        return false;
    }
    if (bare.n == text.n) {
        pl_diag_error(l->d, l->at, "%s: expected the length of its network too, as in %s/%u",
                      pl_quote(&q, text), fact->addr.family == 4 ? "192.168.1.5" : "2001:db8::5",
                      fact->addr.family == 4 ? 24U : 64U);
        return false;
    }
    if (!pl_str_to_number(pl_str_from(text, bare.n + 1), 0, bits, &len)) {
        pl_diag_error(l->d, l->at, "%s: expected a length from 0 to %u behind '/'",
                      pl_quote(&q, text), bits);
        return false;
    }
    fact->len = (uint8_t)len;
    return true;
}

static void read_line(struct pl_host_facts *h, struct line *l)
{
    struct pl_host_fact fact = {0};

    if (l->n == 0 || !read_kind(l, &fact.kind))
        return;
    if (l->n != kinds[fact.kind].words) {
        pl_diag_error(l->d, l->at, "%s words than a fact of this kind has; expected \"%s\"",
                      l->n < kinds[fact.kind].words ? "fewer" : "more", kinds[fact.kind].form);
        return;
    }
    if ((fact.kind != PL_HOST_GATEWAY && !read_name(l, &fact)) || !read_place(l, &fact))
        return;
    if (!pl_host_facts_add(h, &fact)) {
        pl_diag_no_memory(l->d);
        l->no_memory = true;
    }
}

bool pl_host_facts_load(struct pl_host_facts *h, const char *path, struct pl_diag *d)
{
    const size_t errors = pl_diag_errors(d);
    struct line l = {.d = d, .at = {pl_diag_file(d, path), 0}};
    struct pl_buf content = {0};
    bool ok = pl_file_read(path, FILE_MAX_BYTES, &content, d, l.at);
    struct pl_str rest = ok ? pl_buf_str(&content) : (struct pl_str){NULL, 0};

    while (rest.n > 0) {
        struct pl_str text = {rest.p, pl_str_find(rest, '\n')};

        rest = pl_str_from(rest, text.n < rest.n ? text.n + 1 : text.n);
        if (text.n > 0 && text.p[text.n - 1] == '\r')
            text.n--;
        l.at.line++;
        split(&l, text);
        read_line(h, &l);
    }
    pl_buf_fini(&content);
    return ok && !l.no_memory && pl_diag_errors(d) == errors; /* of pl_diag_file, too */
}
