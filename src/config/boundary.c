/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay boundary: who may relay, and which domains are ours. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdlib.h>

static bool reaches(const struct pl_set *from, const struct pl_set *to, size_t depth)
{
    const struct pl_member *sides[2] = {from->in, from->out};
    const size_t counts[2] = {from->in_count, from->out_count};

    for (size_t side = 0; side < 2 && depth < PL_BOUNDARY_COUNT; side++) {
        for (size_t i = 0; i < counts[side]; i++) {
            const struct pl_set *next = sides[side][i].set;

            if (next != NULL && (next == to || reaches(next, to, depth + 1)))
                return true;
        }
    }
    return false;
}

/* A list that refers to itself means nothing. It is emptied, so that nothing later runs in circles. */
static void check_circles(struct builder *b)
{
    bool circular[PL_BOUNDARY_COUNT];

    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++)
        circular[i] = reaches(&b->policy->boundary[i], &b->policy->boundary[i], 0);
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
        struct pl_set *set = &b->policy->boundary[i];

        if (!circular[i])
            continue;
        pl_diag_error(b->d, set->at, "%s refers to itself, directly or through other lists",
                      pl_boundary_name((enum pl_boundary)i));
        set->in_count = set->out_count = 0;
    }
}

void build_boundary(struct builder *b)
{
    struct tree_section *top = tree_top(b->tree);

    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
        const char *name = pl_boundary_name((enum pl_boundary)i);
        struct set_style style = {.attr = pl_boundary_attr((enum pl_boundary)i),
                                  .boundary = true,
                                  .only_kind = pl_boundary_kind((enum pl_boundary)i)};
        struct pl_set *set = &b->policy->boundary[i];

        if (i == PL_BOUNDARY_RELAY_USERS)
            style.words = PL_WORD_ANY;
        if (tree_list_at(top, name, &set->at))
            build_set(b, top, name, &style, name, set);
    }
    check_circles(b);
}

/* "192.0.2.1", "192.0.2.1:2525", "[2001:db8::1]:2525", "context:NAME" */
static bool parse_listener(struct pl_listener *l, struct pl_str text)
{
    size_t colon = pl_str_rfind(text, ':');
    struct pl_str host = text;
    unsigned long port = 0;

    if (pl_str_has_prefix(text, pl_str_lit("context:"))) {
        l->context = pl_str_from(text, 8);
        return l->context.n > 0 && l->context.n <= PL_WORD_MAX;
    }
    if (pl_addr_parse(&l->server, text))
        return true;
    if (colon < text.n && text.p[text.n - 1] != ']') {
        host.n = colon;
        if (!pl_str_to_number(pl_str_from(text, colon + 1), 1, 65535, &port))
            return false;
    }
    l->port = (uint16_t)port;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = (struct pl_str){host.p + 1, host.n - 2};
        return pl_addr_parse(&l->server, host) && pl_str_find(host, ':') < host.n;
    }
    return pl_addr_parse(&l->server, host) && l->server.family == 4 &&
           pl_str_find(host, ':') == host.n;
}

void build_listeners(struct builder *b)
{
    struct tree_section *top = tree_top(b->tree);
    struct pl_listener *listeners;
    struct tree_value value;
    struct pl_quote q;
    unsigned from = 0;
    size_t n = 0;

    while (tree_list_next(top, "relay_listeners", &from, &value))
        n++;
    listeners = pl_arena_array(b->policy->arena, n, sizeof(*listeners));
    if (listeners == NULL) {
        pl_diag_no_memory(b->d);
        return;
    }
    n = 0;
    from = 0;
    while (tree_list_next(top, "relay_listeners", &from, &value)) {
        struct pl_listener l = {.at = value.at};

        if (value.bad)
            continue;
        if (!parse_listener(&l, value.text)) {
            pl_diag_error(b->d, value.at,
                          "relay_listeners: %s: expected an address, \"address:port\" (IPv6 in "
                          "brackets) or \"context:NAME\"; no network, no '!', no table",
                          pl_quote(&q, value.text));
            continue;
        }
        l.text = pl_arena_copy(b->policy->arena, value.text);
        l.context = pl_arena_copy(b->policy->arena, l.context);
        if (l.text.p == NULL || l.context.p == NULL)
            pl_diag_no_memory(b->d);
        listeners[n++] = l;
    }
    b->policy->listeners = listeners;
    b->policy->nlisteners = n;
}
