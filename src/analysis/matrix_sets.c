/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of deciding rules, each kept once, so that two cells are compared by a number. */
#include "matrix_build.h"

#include "postlatch/buf.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static size_t hash(const uint32_t *bits, size_t n)
{
    uint64_t h = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < n; i++)
        h = (h ^ bits[i]) * 0x100000001b3ULL;
    return (size_t)(h ^ h >> 31);
}

static bool make_room(struct build *b)
{
    size_t size = b->set_slots == NULL ? 256 : (b->set_mask + 1) * 2;
    uint32_t *slots = calloc(size, sizeof(*slots));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < b->nsets; i++) {
        size_t at = hash(b->sets[i].bits, b->sets[i].n) & (size - 1);

        while (slots[at] != 0)
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(b->set_slots);
    b->set_slots = slots;
    b->set_mask = size - 1;
    return true;
}

uint32_t matrix_set(struct build *b, uint32_t *bits, size_t n)
{
    struct decided *grown;
    uint32_t *copy;
    size_t at;

    if (n > 1)
        qsort(bits, n, sizeof(*bits), by_number);
    if ((b->set_slots == NULL || b->nsets * 2 > b->set_mask) && !make_room(b)) {
        b->failed = true;
        return 0;
    }
    for (at = hash(bits, n) & b->set_mask; b->set_slots[at] != 0; at = (at + 1) & b->set_mask) {
        const struct decided *d = &b->sets[b->set_slots[at] - 1];

        if (d->n == n && (n == 0 || memcmp(d->bits, bits, n * sizeof(*bits)) == 0))
            return b->set_slots[at] - 1;
    }
    grown = pl_grow(b->sets, &b->sets_cap, b->nsets, sizeof(*grown));
    if (grown != NULL)
        b->sets = grown;
    copy = grown == NULL ? NULL : pl_arena_array(b->arena, n, sizeof(*copy));
    if (copy == NULL) {
        b->failed = true;
        return 0;
    }
    if (n > 0)
        memcpy(copy, bits, n * sizeof(*bits));
    b->sets[b->nsets++] = (struct decided){n, copy};
    b->set_slots[at] = (uint32_t)b->nsets;
    return (uint32_t)b->nsets - 1;
}

bool matrix_decides(const struct build *b, uint32_t set, uint32_t bit)
{
    for (size_t i = 0; i < b->sets[set].n; i++) {
        if (b->sets[set].bits[i] == bit)
            return true;
    }
    return false;
}
