/* SPDX-License-Identifier: BSD-2-Clause */
/* Names in one sorted array: no hash, so nothing that a client chooses can make a look-up slow.
 * O(log n). */
#include "postlatch/nameset.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>

void pl_nameset_fini(struct pl_nameset *s)
{
    free(s->entries);
    *s = (struct pl_nameset){0};
}

bool pl_nameset_add(struct pl_nameset *s, struct pl_str key, uint32_t id)
{
    struct pl_nameset_entry *entries = pl_grow(s->entries, &s->cap, s->count, sizeof(*entries));

    pl_assert(!s->frozen);
    if (entries == NULL)
        return false;
    s->entries = entries;
    s->entries[s->count++] = (struct pl_nameset_entry){key, id};
    return true;
}

static int compare(const void *va, const void *vb)
{
    const struct pl_nameset_entry *a = va, *b = vb;
    int order = pl_str_cmp(a->key, b->key);

    return order != 0 ? order : a->id < b->id ? -1 : a->id > b->id;
}

void pl_nameset_freeze(struct pl_nameset *s)
{
    if (s->count > 0)
        qsort(s->entries, s->count, sizeof(*s->entries), compare);
    s->frozen = true;
}

uint32_t pl_nameset_find(const struct pl_nameset *s, struct pl_str key)
{
    size_t low = 0, high = s->count;

    pl_assert(s->frozen || s->count == 0);
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (pl_str_cmp(s->entries[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->count && pl_str_eq(s->entries[low].key, key) ? s->entries[low].id : PL_NO_ENTRY;
}
