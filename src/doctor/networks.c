/* SPDX-License-Identifier: BSD-2-Clause */
/* Who relays by Postfix's own word, against what the policy says of it. */
#include "build.h"

#include "postlatch/netkind.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 8 };

/* Adds a network without what an entry before it takes away: the first that matches decides. */
static bool add_rest(struct pl_ranges *r, const struct pl_prefix *p, const struct pl_ranges *taken)
{
    struct pl_ranges own = {0};
    bool ok = pl_ranges_add(&own, p);

    pl_ranges_merge(&own);
    ok = ok && pl_ranges_subtract(&own, taken);
    for (size_t i = 0; i < own.count && ok; i++) {
        struct pl_range left = own.ranges[i];
        struct pl_prefix part;

        while (ok && pl_range_next_prefix(&left, &part))
            ok = pl_ranges_add(r, &part);
    }
    pl_ranges_fini(&own);
    return ok;
}

bool add_networks(struct pl_doctor *d, struct pl_str list, struct pl_ranges *r, struct pl_buf *odd)
{
    struct pl_ranges taken = {0};
    struct pl_match_entry e;
    bool ok = true;

    while (pl_match_next(&list, &e)) {
        struct pl_prefix p;
        char why[PL_PREFIX_WHY];
        struct pl_quote q;

        if (e.kind != PL_MATCH_VALUE || !pl_prefix_parse(&p, e.text, why)) {
            pl_buf_addf(odd, "%s%s%s", odd->n > 0 ? ", " : "", e.negated ? "! of " : "",
                        pl_quote(&q, e.text));
            ok = false;
        } else if (e.negated) {
            d->no_memory = !pl_ranges_add(&taken, &p) || d->no_memory;
            pl_ranges_merge(&taken);
        } else {
            d->no_memory = !add_rest(r, &p, &taken) || d->no_memory;
        }
    }
    pl_ranges_merge(r);
    pl_ranges_fini(&taken);
    return ok;
}

static bool add_table(const struct pl_table *t, struct pl_ranges *r)
{
    for (size_t i = 0; i < t->networks.count; i++) {
        if (!pl_ranges_add(r, &t->networks.entries[i].prefix))
            return false;
    }
    return true;
}

static bool add_members(const struct pl_member *m, size_t n, struct pl_ranges *r)
{
    bool ok = true;

    for (size_t i = 0; i < n && ok; i++)
        ok = m[i].table != NULL ? add_table(m[i].table, r) : add_set(m[i].set, r);
    pl_ranges_merge(r);
    return ok;
}

bool add_set(const struct pl_set *set, struct pl_ranges *in)
{
    struct pl_ranges own = {0}, out = {0};
    bool ok = add_members(set->in, set->in_count, &own);

    if ((set->in_words & PL_WORD_ANY) != 0) {
        struct pl_prefix all4 = {{4, {0}}, 0}, all6 = {{6, {0}}, 0};

        ok = pl_ranges_add(&own, &all4) && pl_ranges_add(&own, &all6) && ok;
        pl_ranges_merge(&own);
    }
    ok = ok && add_members(set->out, set->out_count, &out) && pl_ranges_subtract(&own, &out);
    for (size_t i = 0; i < own.count && ok; i++) {
        struct pl_range left = own.ranges[i];
        struct pl_prefix p;

        while (ok && pl_range_next_prefix(&left, &p))
            ok = pl_ranges_add(in, &p);
    }
    pl_ranges_merge(in);
    pl_ranges_fini(&own);
    pl_ranges_fini(&out);
    return ok;
}

void write_ranges(struct pl_buf *out, const struct pl_ranges *r, size_t most)
{
    size_t n = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct pl_range left = r->ranges[i];
        struct pl_prefix p;
        char text[PL_PREFIX_TEXT];

        while (pl_range_next_prefix(&left, &p)) {
            if (n++ < most)
                pl_buf_addf(out, "%s%s", n == 1 ? "" : ", ", pl_prefix_format(text, &p));
        }
    }
    if (n > most)
        pl_buf_addf(out, " and %zu more", n - most);
}

/* permit_mynetworks comes before anything refuses, so that those clients relay. */
static bool lets_mynetworks(const struct items *items)
{
    size_t end = find_end(items, 0), at = find_word(items, 0, "permit_mynetworks");

    return !closes(items, end) || (at != NONE && at < end);
}

static bool stands_before_us(const struct items *items)
{
    size_t at = find_word(items, 0, "permit_mynetworks"), ours = first_of_ours(items);

    return at != NONE && ours != NONE && at < ours;
}

/* Members of a boundary list as its new line would have them: the old ones are kept by a reference. */
static void write_permitted(struct pl_buf *out, const struct pl_policy *p,
                            const struct pl_ranges *more)
{
    struct pl_ranges all = {0};
    bool ok = add_set(&p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], &all);

    for (size_t i = 0; i < more->count && ok; i++) {
        struct pl_range left = more->ranges[i];
        struct pl_prefix prefix;

        while (ok && pl_range_next_prefix(&left, &prefix))
            ok = pl_ranges_add(&all, &prefix);
    }
    pl_ranges_merge(&all);
    pl_buf_add(out, pl_str_lit("permitted_elsewhere = {"));
    write_ranges(out, &all, all.count * 256);
    pl_buf_add_char(out, '}');
    pl_ranges_fini(&all);
}

/* A network that nobody can have meant: across a private one, or half the Internet. */
static void look_at_width(struct look *k, const struct pl_ranges *mine)
{
    enum { WIDEST_V4 = 16, WIDEST_V6 = 32 }; /* of public ones, as for relay_networks */

    for (size_t i = 0; i < mine->count; i++) {
        struct pl_range left = mine->ranges[i];
        struct pl_prefix p;
        char text[PL_PREFIX_TEXT];
        const char *across;

        while (pl_range_next_prefix(&left, &p)) {
            enum pl_netkind kind = pl_netkind_of(&p, &across);
            bool wide = p.len < (p.addr.family == 4 ? WIDEST_V4 : WIDEST_V6);

            if (kind == PL_NET_PRIVATE || (kind == PL_NET_PUBLIC && !wide))
                continue;
            pl_doctor_say(k->d, PL_FINDING_FAULT, "mynetworks-wide", k->at, "main.cf",
                          "mynetworks = 127.0.0.0/8",
                          "permit_mynetworks lets all of it relay. Name only "
                          "the networks that are yours.",
                          "mynetworks holds %s, %s%s", pl_prefix_format(text, &p),
                          kind == PL_NET_MIXED && across != NULL ? "which reaches beyond "
                                                                 : "a great part of the Internet",
                          kind == PL_NET_MIXED && across != NULL ? across : "");
        }
    }
}

/* An address of this host's surroundings behind which anyone may hide: of a bridge, or a gateway. */
static bool is_masked(const struct pl_host_fact *f, const struct pl_ranges *mine)
{
    return f->kind != PL_HOST_INTERFACE && pl_ranges_contain(mine, &f->addr);
}

static void look_at_masked(struct look *k, const struct pl_ranges *mine)
{
    const struct pl_host_facts *h = k->d->host;
    struct pl_str now = pl_postconf_value(&k->l->pc, "mynetworks");
    struct pl_buf value = {0}, lines = {0}, file = {0};
    char text[PL_ADDR_TEXT];

    for (size_t i = 0; h != NULL && i < h->count; i++) {
        if (is_masked(&h->facts[i], mine))
            pl_buf_addf(&value, h->facts[i].addr.family == 6 ? "![%s], " : "!%s, ",
                        pl_addr_format(text, &h->facts[i].addr));
    }
    pl_buf_add(&value, now);
    write_setting(k, "mynetworks", pl_buf_str(&value), &lines, &file);
    for (size_t i = 0; h != NULL && i < h->count; i++) {
        const struct pl_host_fact *f = &h->facts[i];

        if (is_masked(f, mine))
            pl_doctor_say(k->d, PL_FINDING_FAULT, "masked-clients", k->at, text_of(&file),
                          text_of(&lines),
                          "Where addresses are translated, by Docker's proxy, a VPN or a firewall, "
                          "all the world comes from it, and permit_mynetworks lets it relay.",
                          "mynetworks holds %s, %s%s", pl_addr_format(text, &f->addr),
                          f->kind == PL_HOST_BRIDGE ? "this host's address on the bridge "
                                                    : "the gateway to the Internet",
                          f->name);
    }
    pl_buf_fini(&value);
    pl_buf_fini(&lines);
    pl_buf_fini(&file);
}

/* What permit_mynetworks behind us lets relay, and the policy does not. In observe mode that is what we are there to find
 * out: a fact of the policy it will not be, since the permit goes when the policy is enforced. */
static void say_permitted_behind(struct look *k, const struct pl_ranges *more)
{
    const struct pl_policy *p = k->d->config->policy;
    struct pl_buf text = {0}, line = {0};

    write_ranges(&text, more, SHOWN);
    write_permitted(&line, p, more);
    if (p->mode == PL_MODE_OBSERVE)
        pl_doctor_say(
            k->d, PL_FINDING_NOTE, "mynetworks-observed", k->at, "", "",
            "permit_mynetworks lets them relay as long as mode is observe. Once the policy is "
            "enforced they are refused: who of them sends stands in the mail log until then, "
            "\"would be refused\". Those who may belong into relay_networks.",
            "mynetworks holds %s, neither in relay_networks nor in permitted_elsewhere",
            text_of(&text));
    else
        pl_doctor_say(
            k->d, PL_FINDING_FAULT, "fact-permitted-elsewhere", k->at, "postlatch.conf",
            text_of(&line),
            "permit_mynetworks lets them relay without our word, and the policy does not know: "
            "the verdict and the surface of postlatch check leave them out. Name them, or "
            "take permit_mynetworks out.",
            "mynetworks holds %s, neither in relay_networks nor in permitted_elsewhere",
            text_of(&text));
    pl_buf_fini(&text);
    pl_buf_fini(&line);
}

void look_at_permitted(struct look *k)
{
    const struct items *relay = &k->lists[PL_LIST_RELAY], *rcpt = &k->lists[PL_LIST_RECIPIENT];
    const struct pl_policy *p = k->d->config->policy;
    struct pl_ranges mine = {0}, known = {0};
    struct pl_buf odd = {0};

    if ((find_word(relay, 0, "permit_mynetworks") == NONE &&
         find_word(rcpt, 0, "permit_mynetworks") == NONE) ||
        !lets_mynetworks(relay) || !lets_mynetworks(rcpt))
        return;
    if (!add_networks(k->d, pl_postconf_value(&k->l->pc, "mynetworks"), &mine, &odd))
        pl_doctor_say(k->d, PL_FINDING_FAULT, "mynetworks-unknown", k->at, "", "",
                      "permit_mynetworks lets relay what these stand for, and whether the policy "
                      "says so cannot be told. Write networks, as 192.0.2.0/24 or [2001:db8::]/32.",
                      "mynetworks: %s is not understood here", odd.p);
    look_at_width(k, &mine);
    look_at_masked(k, &mine);
    if (!add_set(&p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], &known) ||
        !add_set(&p->boundary[PL_BOUNDARY_RELAY_NETWORKS], &known) ||
        !pl_ranges_subtract(&mine, &known))
        k->d->no_memory = true;
    if (mine.count > 0 && k->l->asks && !stands_before_us(relay) && !stands_before_us(rcpt))
        say_permitted_behind(k, &mine);
    pl_ranges_fini(&mine);
    pl_ranges_fini(&known);
    pl_buf_fini(&odd);
}

/* permitted_elsewhere that no list backs: the proof counts somebody who may not relay at all. */
void look_at_networks(struct pl_doctor *d)
{
    struct pl_ranges known = {0}, mine = {0};
    struct pl_buf odd = {0}, text = {0};

    if (!add_set(&d->config->policy->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], &known))
        d->no_memory = true;
    for (size_t i = 0; i < d->nlisteners; i++)
        add_networks(d, pl_postconf_value(&d->listeners[i].pc, "mynetworks"), &mine, &odd);
    if (known.count > 0 && !pl_ranges_subtract(&known, &mine))
        d->no_memory = true;
    write_ranges(&text, &known, SHOWN);
    if (known.count > 0)
        pl_doctor_say(d, PL_FINDING_NOTE, "permitted-elsewhere-not-found", "", "", "",
                      "The proof counts them as relaying; it may be needlessly strict, or they are "
                      "let through by something else than permit_mynetworks.",
                      "permitted_elsewhere holds %s, and mynetworks does not", text_of(&text));
    pl_ranges_fini(&known);
    pl_ranges_fini(&mine);
    pl_buf_fini(&odd);
    pl_buf_fini(&text);
}
