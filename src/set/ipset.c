/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Networks in one sorted array, the longest prefixes first. A look-up takes each run of equal
 * length in turn, clears the host bits of the address and searches for exactly that network: slow
 * beside a trie, but plainly right.
 */
#include "postlatch/ipset.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

void pl_ipset_fini(struct pl_ipset *s)
{
    free(s->entries);
    *s = (struct pl_ipset){0};
}

bool pl_ipset_add(struct pl_ipset *s, const struct pl_prefix *prefix, uint32_t id)
{
    struct pl_ipset_entry *entries = pl_grow(s->entries, &s->cap, s->count, sizeof(*entries));

    pl_assert(!s->frozen);
    if (entries == NULL)
        return false;
    s->entries = entries;
    s->entries[s->count++] = (struct pl_ipset_entry){*prefix, id};
    return true;
}

/* Order by family, longest first, address. */
static int compare_prefix(const struct pl_prefix *a, const struct pl_prefix *b)
{
    if (a->addr.family != b->addr.family)
        return a->addr.family < b->addr.family ? -1 : 1;
    if (a->len != b->len)
        return a->len > b->len ? -1 : 1;
    return memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
}

static int compare_entry(const void *va, const void *vb)
{
    const struct pl_ipset_entry *a = va, *b = vb;
    int order = compare_prefix(&a->prefix, &b->prefix);

    return order != 0 ? order : a->id < b->id ? -1 : a->id > b->id;
}

void pl_ipset_freeze(struct pl_ipset *s)
{
    if (s->count > 0)
        qsort(s->entries, s->count, sizeof(*s->entries), compare_entry);
    s->frozen = true;
}

/* Index of the first entry at or after from that does not sort before want. */
static size_t lower_bound(const struct pl_ipset *s, size_t from, const struct pl_prefix *want)
{
    size_t low = from, high = s->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (compare_prefix(&s->entries[mid].prefix, want) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

uint32_t pl_ipset_find(const struct pl_ipset *s, const struct pl_addr *addr)
{
    struct pl_prefix want = {{addr->family, {0}}, (uint8_t)pl_addr_bits(addr)};
    size_t at;

    pl_assert(s->frozen || s->count == 0);
    if (addr->family == 0)
        return PL_NO_ENTRY;
    at = lower_bound(s, 0, &want); /* the first entry of the family: no address sorts before zero */
    while (at < s->count && s->entries[at].prefix.addr.family == addr->family) {
        want.len = s->entries[at].prefix.len;
        want.addr = *addr;
        pl_addr_mask(&want.addr, want.len);
        at = lower_bound(s, at, &want);
        if (at < s->count && compare_prefix(&s->entries[at].prefix, &want) == 0)
            return s->entries[at].id;
        if (want.len == 0)
            break;
        want.len--; /* on to the first entry of a shorter length */
        memset(want.addr.bytes, 0, sizeof(want.addr.bytes));
        at = lower_bound(s, at, &want);
    }
    return PL_NO_ENTRY;
}
