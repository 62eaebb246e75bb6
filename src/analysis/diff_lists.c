/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of numbers, each kept once so that to compare two is to compare their numbers; and folding,
 * which makes few boxes out of many pieces by it.
 */
#include "diff_build.h"

#include "postlatch/buf.h"

#include <stdlib.h>
#include <string.h>

static size_t hash_of(const uint32_t *items, size_t n)
{
    uint64_t h = 1469598103934665603ULL + n;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ items[i]) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return (size_t)h;
}

static uint32_t *find(const struct diff_lists *l, uint32_t *by, size_t cap, const uint32_t *items,
                      size_t n)
{
    size_t i = hash_of(items, n) & (cap - 1);

    while (by[i] != NO_LIST && (l->lists[by[i]].n != n || memcmp(l->items + l->lists[by[i]].at,
                                                                 items, n * sizeof(*items)) != 0))
        i = (i + 1) & (cap - 1);
    return &by[i];
}

static bool grow_index(struct diff_lists *l)
{
    size_t cap = l->by_cap == 0 ? 64 : 2 * l->by_cap;
    uint32_t *by = malloc(cap * sizeof(*by));

    if (by == NULL)
        return false;
    memset(by, 0xff, cap * sizeof(*by));
    for (uint32_t i = 0; i < l->count; i++)
        *find(l, by, cap, l->items + l->lists[i].at, l->lists[i].n) = i;
    free(l->by_content);
    l->by_content = by;
    l->by_cap = cap;
    return true;
}

static bool grow_items(struct diff_lists *l, size_t n)
{
    size_t cap = l->items_cap == 0 ? 256 : l->items_cap;
    uint32_t *grown;

    while (cap < l->nitems + n)
        cap *= 2;
    if (cap == l->items_cap)
        return true;
    grown = realloc(l->items, cap * sizeof(*grown));
    if (grown == NULL)
        return false;
    l->items = grown;
    l->items_cap = cap;
    return true;
}

uint32_t diff_lists_keep(struct diff_lists *l, const uint32_t *items, size_t n)
{
    struct diff_list *grown;
    uint32_t *place;

    if ((2 * (l->count + 1) > l->by_cap && !grow_index(l)) || !grow_items(l, n))
        return NO_LIST;
    place = find(l, l->by_content, l->by_cap, items, n);
    if (*place != NO_LIST)
        return *place;
    grown = pl_grow(l->lists, &l->cap, l->count, sizeof(*grown));
    if (grown == NULL)
        return NO_LIST;
    l->lists = grown;
    if (n > 0)
        memcpy(l->items + l->nitems, items, n * sizeof(*items));
    l->lists[l->count] = (struct diff_list){l->nitems, (uint32_t)n};
    l->nitems += n;
    *place = (uint32_t)l->count;
    return (uint32_t)l->count++;
}

const uint32_t *diff_lists_get(const struct diff_lists *l, uint32_t list, size_t *n)
{
    *n = l->lists[list].n;
    return l->items + l->lists[list].at;
}

void diff_lists_fini(struct diff_lists *l)
{
    free(l->items);
    free(l->lists);
    free(l->by_content);
}

/* ---- folding ---- */

static int compare(const void *va, const void *vb)
{
    const struct diff_piece *a = va, *b = vb;

    for (size_t i = 0; i < PIECE_KEYS; i++) {
        if (a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    }
    return 0;
}

/* The key that is folded stands last while it is sorted. */
static void swap(struct diff_piece *pieces, size_t n, enum piece_key key)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t last = pieces[i].key[PIECE_KEYS - 1];

        pieces[i].key[PIECE_KEYS - 1] = pieces[i].key[key];
        pieces[i].key[key] = last;
    }
}

size_t diff_fold(struct diff_piece *pieces, size_t n, enum piece_key key, struct diff_lists *lists)
{
    uint32_t *items = malloc((n + 1) * sizeof(*items));
    size_t to = 0, end;

    if (items == NULL)
        return SIZE_MAX;
    swap(pieces, n, key);
    if (n > 0)
        qsort(pieces, n, sizeof(*pieces), compare);
    for (size_t i = 0; i < n; i = end) {
        struct diff_piece piece = pieces[i];
        size_t bytes = (PIECE_KEYS - 1) * sizeof(piece.key[0]);

        for (end = i; end < n && memcmp(pieces[end].key, piece.key, bytes) == 0; end++)
            items[end - i] = pieces[end].key[PIECE_KEYS - 1];
        piece.key[PIECE_KEYS - 1] = diff_lists_keep(lists, items, end - i);
        if (piece.key[PIECE_KEYS - 1] == NO_LIST) {
            free(items);
            return SIZE_MAX;
        }
        pieces[to++] = piece;
    }
    swap(pieces, to, key);
    free(items);
    return to;
}
