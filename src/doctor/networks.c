/* SPDX-License-Identifier: BSD-2-Clause */
/* Who relays by Postfix's own word, against what the policy says of it. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 8 };

bool add_networks(struct pl_doctor *d, struct pl_str list, struct pl_ranges *r, struct pl_buf *odd)
{
    struct pl_match_entry e;
    bool ok = true;

    while (pl_match_next(&list, &e)) {
        struct pl_prefix p;
        char why[PL_PREFIX_WHY];
        struct pl_quote q;

        if (e.kind == PL_MATCH_VALUE && !e.negated && pl_prefix_parse(&p, e.text, why)) {
            d->no_memory = !pl_ranges_add(r, &p) || d->no_memory;
            continue;
        }
        pl_buf_addf(odd, "%s%s%s", odd->n > 0 ? ", " : "", e.negated ? "! of " : "",
                    pl_quote(&q, e.text));
        ok = false;
    }
    pl_ranges_merge(r);
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

void look_at_permitted(struct look *k)
{
    const struct pl_policy *p = k->d->config->policy;
    struct pl_ranges mine = {0}, known = {0};
    struct pl_buf odd = {0}, text = {0}, line = {0};

    if (find_word(&k->lists[PL_LIST_RELAY], 0, "permit_mynetworks") == NONE &&
        find_word(&k->lists[PL_LIST_RECIPIENT], 0, "permit_mynetworks") == NONE)
        return;
    if (stands_before_us(&k->lists[PL_LIST_RELAY]) ||
        stands_before_us(&k->lists[PL_LIST_RECIPIENT])) /* told as such */
        return;
    if (!lets_mynetworks(&k->lists[PL_LIST_RELAY]) ||
        !lets_mynetworks(&k->lists[PL_LIST_RECIPIENT]))
        return;
    if (!add_networks(k->d, pl_postconf_value(&k->l->pc, "mynetworks"), &mine, &odd))
        pl_doctor_say(k->d, PL_FINDING_FAULT, "mynetworks-unknown", k->at, "", "",
                      "permit_mynetworks lets relay what these stand for, and whether the policy "
                      "says so cannot be told. Write networks, as 192.0.2.0/24 or [2001:db8::]/32.",
                      "mynetworks: %s is not understood here", odd.p);
    if (!add_set(&p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], &known) ||
        !add_set(&p->boundary[PL_BOUNDARY_RELAY_NETWORKS], &known) ||
        !pl_ranges_subtract(&mine, &known))
        k->d->no_memory = true;
    write_ranges(&text, &mine, SHOWN);
    write_permitted(&line, p, &mine);
    if (mine.count > 0 && k->l->asks)
        pl_doctor_say(
            k->d, PL_FINDING_FAULT, "fact-permitted-elsewhere", k->at, "postlatch.conf",
            text_of(&line),
            "permit_mynetworks lets them relay without our word, and the policy does not know: "
            "the verdict and the surface of postlatch check leave them out. Name them, or "
            "take permit_mynetworks out.",
            "mynetworks holds %s, neither in relay_networks nor in permitted_elsewhere",
            text_of(&text));
    pl_ranges_fini(&mine);
    pl_ranges_fini(&known);
    pl_buf_fini(&odd);
    pl_buf_fini(&text);
    pl_buf_fini(&line);
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
