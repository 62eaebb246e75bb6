/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A relay boundary can be wrong in itself, before any rule is looked at: 172.0.0.0/8 typed for /12,
 * half the Internet as "our network", a whole top-level domain. Such a file is invalid.
 */
#include "build.h"

#include "postlatch/netkind.h"
#include "postlatch/quote.h"
#include "postlatch/ranges.h"

#include <stdio.h>

/* The defaults; a smaller widest_network_… says that mixed networks are meant. */
enum { WIDEST_V4 = 16, WIDEST_V6 = 32 };

static bool add_set(struct pl_ranges *r, const struct pl_set *set);

/* Adds what one side of a set holds. */
static bool add_side(struct pl_ranges *r, unsigned words, const struct pl_member *members, size_t n)
{
    static const struct pl_prefix everything[] = {{{4, {0}}, 0}, {{6, {0}}, 0}};

    if ((words & PL_WORD_ANY) != 0 &&
        (!pl_ranges_add(r, &everything[0]) || !pl_ranges_add(r, &everything[1])))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (members[i].set != NULL) {
            if (!add_set(r, members[i].set))
                return false;
            continue;
        }
        for (size_t e = 0; e < members[i].table->networks.count; e++) {
            if (!pl_ranges_add(r, &members[i].table->networks.entries[e].prefix))
                return false;
        }
    }
    pl_ranges_merge(r);
    return true;
}

static bool add_set(struct pl_ranges *r, const struct pl_set *set)
{
    struct pl_ranges in = {0}, out = {0};
    bool ok = add_side(&in, set->in_words, set->in, set->in_count) &&
              add_side(&out, set->out_words, set->out, set->out_count) &&
              pl_ranges_subtract(&in, &out);

    for (size_t i = 0; i < in.count && ok; i++) {
        struct pl_prefix prefix;
        struct pl_range rest = in.ranges[i];

        while (ok && pl_range_next_prefix(&rest, &prefix))
            ok = pl_ranges_add(r, &prefix);
    }
    pl_ranges_fini(&in);
    pl_ranges_fini(&out);
    return ok;
}

/* The first entry that reaches into prefix: the line to point at. */
static struct pl_pos find_entry(const struct pl_set *set, const struct pl_prefix *prefix)
{
    for (size_t i = 0; i < set->in_count; i++) {
        const struct pl_table *t = set->in[i].table;

        if (t == NULL)
            return find_entry(set->in[i].set, prefix);
        for (size_t e = 0; e < t->networks.count; e++) {
            if (pl_prefix_overlaps(&t->networks.entries[e].prefix, prefix))
                return t->entries[t->networks.entries[e].id].at;
        }
    }
    return set->at;
}

/* What is wrong with a network of the merged list. */
enum fault { FAULT_NONE, FAULT_EVERYBODY, FAULT_MIXED, FAULT_WIDE };

static enum fault find_fault(const struct builder *b, const struct pl_prefix *prefix,
                             const char **across)
{
    const bool v4 = prefix->addr.family == 4;
    const unsigned widest = v4 ? b->widest_v4 : b->widest_v6;
    const unsigned preset = v4 ? WIDEST_V4 : WIDEST_V6;
    enum pl_netkind kind = pl_netkind_of(prefix, across);

    if (prefix->len == 0 && widest > 0)
        return FAULT_EVERYBODY;
    if (kind == PL_NET_MIXED && (widest >= preset || prefix->len < widest))
        return FAULT_MIXED;
    return kind == PL_NET_PUBLIC && prefix->len < widest ? FAULT_WIDE : FAULT_NONE;
}

static void check_network(struct builder *b, const struct pl_prefix *prefix)
{
    const bool v4 = prefix->addr.family == 4;
    const unsigned widest = v4 ? b->widest_v4 : b->widest_v6;
    const unsigned preset = v4 ? WIDEST_V4 : WIDEST_V6;
    const unsigned purpose = prefix->len < preset ? prefix->len : preset - 1;
    const char *across = NULL;
    enum fault fault = find_fault(b, prefix, &across);
    struct pl_pos at;
    char text[PL_PREFIX_TEXT], meant[40] = "";

    if (fault == FAULT_NONE)
        return;
    at = find_entry(&b->policy->boundary[PL_BOUNDARY_RELAY_NETWORKS], prefix);
    pl_prefix_format(text, prefix);
    if (across != NULL)
        snprintf(meant, sizeof(meant), "; was %s meant?", across);
    if (fault == FAULT_EVERYBODY)
        pl_diag_error(b->d, at,
                      "relay_networks: %s is everybody, so strangers could relay; expected the "
                      "networks that are yours. To allow it on purpose set widest_network_%s = 0",
                      text, v4 ? "v4" : "v6");
    else if (fault == FAULT_MIXED)
        pl_diag_error(b->d, at,
                      "relay_networks: %s is private only in part, so strangers could relay%s To "
                      "allow it on purpose set widest_network_%s = %u",
                      text, across != NULL ? meant : ".", v4 ? "v4" : "v6", purpose);
    else
        pl_diag_error(b->d, at,
                      "relay_networks: %s is public and wider than /%u; expected the networks that "
                      "are yours. To allow it on purpose set widest_network_%s = %u",
                      text, widest, v4 ? "v4" : "v6", purpose);
}

static void check_networks(struct builder *b)
{
    struct pl_ranges r = {0};

    if (!add_set(&r, &b->policy->boundary[PL_BOUNDARY_RELAY_NETWORKS])) {
        pl_diag_no_memory(b->d);
        pl_ranges_fini(&r);
        return;
    }
    pl_ranges_merge(&r);
    for (size_t i = 0; i < r.count; i++) {
        struct pl_range rest = r.ranges[i];
        struct pl_prefix prefix;

        while (pl_range_next_prefix(&rest, &prefix))
            check_network(b, &prefix);
    }
    pl_ranges_fini(&r);
}

static void check_domains(struct builder *b, const struct pl_set *set, const char *list)
{
    struct pl_quote q;

    for (size_t i = 0; i < set->in_count; i++) {
        const struct pl_table *t = set->in[i].table;

        for (size_t e = 0; t != NULL && e < t->names.count; e++) {
            const struct pl_table_entry *entry = &t->entries[t->names.entries[e].id];

            if (pl_table_is_top_level(t->names.entries[e].key))
                pl_diag_error(b->d, entry->at,
                              "%s: %s: a domain of one label, which is nobody's own; expected at "
                              "least two, as in example.org",
                              list, pl_quote(&q, entry->text));
        }
        if (set->in[i].set != NULL)
            check_domains(b, set->in[i].set, list);
    }
}

void check_boundary(struct builder *b)
{
    check_networks(b);
    check_domains(b, &b->policy->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], "accepted_domains");
    check_domains(b, &b->policy->boundary[PL_BOUNDARY_RELAY_CLIENT_NAMES], "relay_client_names");
}

static bool has_top_level(const struct pl_set *set)
{
    for (size_t i = 0; i < set->in_count; i++) {
        if (set->in[i].set != NULL ? has_top_level(set->in[i].set)
                                   : set->in[i].table->has_top_level)
            return true;
    }
    return false;
}

/*
 * Few addresses are networks longer than what is too wide, and than any private network but ::1: so
 * each lies in a private network or apart from all.
 */
static unsigned longest(unsigned widest, unsigned preset)
{
    return widest > preset ? widest : preset;
}

static uint64_t leading(const struct pl_addr *addr)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | addr->bytes[i];
    return v;
}

static bool range_is_sound(const struct pl_addr *first, const struct pl_addr *last, void *arg)
{
    const struct builder *b = arg;
    struct pl_range rest = {*first, *last};
    unsigned few = longest(b->widest_v6, WIDEST_V6);
    struct pl_prefix prefix;
    const char *across;

    if (first->family == 6 && few <= 64 && leading(first) > 0 &&
        leading(last) - leading(first) < 1ULL << (64 - few))
        return true;
    while (pl_range_next_prefix(&rest, &prefix)) {
        if (find_fault(b, &prefix, &across) != FAULT_NONE)
            return false;
    }
    return true;
}

bool boundary_is_sound(struct builder *b)
{
    const uint64_t many4 = (1ULL << (32 - longest(b->widest_v4, WIDEST_V4))) + 1;

    return !has_top_level(&b->policy->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS]) &&
           !has_top_level(&b->policy->boundary[PL_BOUNDARY_RELAY_CLIENT_NAMES]) &&
           pl_compiled_each_range(b->policy->compiled, PL_BOUNDARY_RELAY_NETWORKS, many4,
                                  range_is_sound, b);
}
