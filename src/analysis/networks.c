/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of addresses as the networks that people write. */
#include "networks.h"

#include "postlatch/buf.h"

#include <string.h>

const struct pl_addr gap_first = {6, {[10] = 0xff, [11] = 0xff}},
                     gap_last = {6, {[10] = 0xff, [11] = 0xff, 0xff, 0xff, 0xff, 0xff}},
                     gap_before = {6, {[10] = 0xff, [11] = 0xfe, 0xff, 0xff, 0xff, 0xff}},
                     gap_behind = {6, {[9] = 1}};

int addr_compare(const struct pl_addr *a, const struct pl_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct pl_addr addr_next(const struct pl_addr *addr)
{
    struct pl_addr next = *addr;

    for (size_t i = pl_addr_bits(addr) / 8; i-- > 0;) {
        if (++next.bytes[i] != 0)
            break;
    }
    return next;
}

static bool list_prefixes(struct network_list *l, struct pl_range range)
{
    struct pl_prefix prefix;

    while (pl_range_next_prefix(&range, &prefix)) {
        struct pl_prefix *grown = pl_grow(l->prefixes, &l->cap, l->count, sizeof(*grown));

        if (grown == NULL)
            return false;
        l->prefixes = grown;
        l->prefixes[l->count++] = prefix;
    }
    return true;
}

/*
 * A list reaches over the gap where that makes it shorter: ::/0 stays that. It does if the three
 * networks of its size before it are in it too, which then are one with it.
 */
static bool flush(struct network_list *l)
{
    static const struct pl_addr whole = {6, {[10] = 0xff, [11] = 0xfc}};
    struct pl_range open = l->open, rest;

    l->open.low.family = 0;
    if (open.low.family != 6 || addr_compare(&open.low, &gap_first) > 0 ||
        addr_compare(&open.high, &gap_before) < 0)
        return open.low.family == 0 || list_prefixes(l, open);
    if (addr_compare(&open.low, &whole) <= 0) {
        if (addr_compare(&open.high, &gap_last) < 0)
            open.high = gap_last;
        return list_prefixes(l, open);
    }
    rest = (struct pl_range){gap_behind, open.high};
    open.high = gap_before;
    return list_prefixes(l, open) &&
           (addr_compare(&rest.low, &rest.high) > 0 || list_prefixes(l, rest));
}

/* Whether b comes next behind a, the gap left out. */
static bool follows(const struct pl_addr *a, const struct pl_addr *b)
{
    struct pl_addr next = addr_next(a);

    return addr_compare(&next, b) == 0 ||
           (addr_compare(a, &gap_before) == 0 && addr_compare(b, &gap_behind) == 0);
}

bool network_list_add(struct network_list *l, const struct pl_addr *first,
                      const struct pl_addr *last)
{
    if (l->open.low.family != 0 && !follows(&l->open.high, first) && !flush(l))
        return false;
    if (l->open.low.family == 0)
        l->open.low = *first;
    l->open.high = *last;
    return true;
}

bool network_list_end(struct network_list *l)
{
    return flush(l);
}
