/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in a flat hash with linear probing: 8 bytes a slot at most half full, and the keys one
 * behind the other. The keys are kept and compared: a hash alone could be forged.
 *
 * Looked up is what clients choose, stored is what the administrator chose. So the longest row of
 * taken slots, which no client can make longer, is the most work that any look-up can cause; should a
 * seed make a long one, another seed is taken. The only file that knows libxxhash.
 */
#include "postlatch/nameindex.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { LONG_RUN = 256, TRIES = 8, CLASS_BITS = 20 };
#define CLASS_MASK ((1U << CLASS_BITS) - 1)

/* ---- collecting ---- */

bool pl_keys_add(struct pl_keys *k, struct pl_str key, uint32_t table)
{
    pl_assert(key.n > 0 && key.n <= PL_KEY_MAX);
    if (k->nruns == 0 || k->runs[k->nruns - 1].table != table) {
        struct pl_keys_run *runs = pl_grow(k->runs, &k->runs_cap, k->nruns, sizeof(*runs));

        if (runs == NULL)
            return false;
        k->runs = runs;
        k->runs[k->nruns++] = (struct pl_keys_run){(uint32_t)(k->n == 0 ? 1 : k->n), table};
    }
    while (k->cap < k->n + key.n + 3) {
        uint8_t *bytes = pl_grow(k->bytes, &k->cap, k->cap, 1);

        if (bytes == NULL)
            return false;
        k->bytes = bytes;
    }
    if (k->n == 0)
        k->bytes[k->n++] = 0; /* so that no key is at 0, which means an empty slot */
    if (k->n + key.n + 2 > UINT32_MAX)
        return false;
    if (key.n >= 128)
        k->bytes[k->n++] = (uint8_t)(0x80 | key.n >> 8);
    k->bytes[k->n++] = (uint8_t)(key.n >= 128 ? key.n & 0xff : key.n);
    memcpy(k->bytes + k->n, key.p, key.n);
    k->n += key.n;
    k->count++;
    return true;
}

void pl_keys_fini(struct pl_keys *k)
{
    free(k->bytes);
    free(k->runs);
    *k = (struct pl_keys){0};
}

/* The key at offset; *next is behind it. */
static struct pl_str key_at(const uint8_t *bytes, size_t offset, size_t *next)
{
    size_t n = bytes[offset++];

    if ((n & 0x80) != 0)
        n = (n & 0x7f) << 8 | bytes[offset++];
    *next = offset + n;
    return (struct pl_str){(const char *)bytes + offset, n};
}

/* ---- the hash ---- */

static uint64_t hash(const struct pl_name_index *x, struct pl_str key)
{
    return XXH3_64bits_withSeed(key.p, key.n, x->seed);
}

static uint64_t slot_value(uint64_t h, uint32_t class, size_t offset)
{
    return (h & 0xfff) << 52 | (uint64_t) class << 32 | (uint64_t)offset;
}

static uint32_t slot_class(uint64_t slot)
{
    return (uint32_t)(slot >> 32) & CLASS_MASK;
}

/* The slot of a key, or the empty one where it would go. */
static uint64_t *find_slot(const struct pl_name_index *x, struct pl_str key, uint64_t h)
{
    size_t i = (size_t)((h >> 32) * x->nslots >> 32), next;

    while (x->slots[i] != 0) {
        if (x->slots[i] >> 52 == (h & 0xfff) &&
            pl_str_eq(key_at(x->bytes, (uint32_t)x->slots[i], &next), key))
            break;
        i = i + 1 == x->nslots ? 0 : i + 1;
    }
    return &x->slots[i];
}

static uint32_t find(const struct pl_name_index *x, struct pl_str key, bool *found)
{
    uint64_t slot = *find_slot(x, key, hash(x, key));

    *found = slot != 0;
    return slot == 0 ? PL_CLASS_NONE : slot_class(slot);
}

/* ---- parents ---- */

static unsigned count_labels(struct pl_str parent)
{
    unsigned n = 0;

    for (size_t i = 0; i < parent.n; i++)
        n += parent.p[i] == '.';
    return n;
}

/* Whether some ".parent" has so many labels. A name of 255 bytes has at most 128. */
static bool has_depth(const struct pl_name_index *x, unsigned labels)
{
    return labels <= 128 && (x->depths[(labels - 1) / 64] >> (labels - 1) % 64 & 1) != 0;
}

static uint32_t find_parent(const struct pl_name_index *x, struct pl_str value)
{
    struct pl_str rest = pl_str_from(value, 1);
    bool found;

    if (value.p[0] == '[' || (x->depths[0] | x->depths[1]) == 0)
        return PL_CLASS_NONE;
    for (unsigned labels = count_labels(rest); labels > 0; labels--) {
        uint32_t class;

        rest = pl_str_from(rest, pl_str_find(rest, '.'));
        if (has_depth(x, labels)) {
            class = find(x, rest, &found);
            if (found)
                return class;
        }
        rest = pl_str_from(rest, 1);
    }
    return PL_CLASS_NONE;
}

/* The class of the nearest key above value, which is not empty. */
static uint32_t find_above(const struct pl_name_index *x, struct pl_str value)
{
    size_t at;
    bool found;

    if (x->rule == PL_KEYS_DOMAINS)
        return find_parent(x, value);
    if (x->rule != PL_KEYS_USERS)
        return PL_CLASS_NONE;
    at = pl_str_rfind(value, '@');
    return at == 0 || at == value.n ? PL_CLASS_NONE : find(x, pl_str_from(value, at), &found);
}

/* ---- building ---- */

/* Puts all keys in, each with the class of the tables that name it; false when memory is short. */
static bool insert_all(struct pl_name_index *x, const struct pl_keys *keys)
{
    x->count = 0;
    for (size_t r = 0; r < keys->nruns; r++) {
        size_t at = keys->runs[r].start,
               end = r + 1 < keys->nruns ? keys->runs[r + 1].start : keys->n;

        while (at < end) {
            size_t offset = at;
            struct pl_str key = key_at(x->bytes, offset, &at);
            uint64_t h = hash(x, key), *slot = find_slot(x, key, h);
            uint32_t class = *slot == 0 ? PL_CLASS_NONE : slot_class(*slot);

            class = pl_classes_add(&x->classes, class, keys->runs[r].table);
            if (class == PL_CLASS_FAILED)
                return false;
            if (*slot == 0) {
                x->count++;
                *slot = slot_value(h, class, offset);
                if (x->rule == PL_KEYS_DOMAINS && key.p[0] == '.')
                    x->depths[(count_labels(key) - 1) / 64] |= 1ULL << (count_labels(key) - 1) % 64;
                if (key.n > x->longest_key)
                    x->longest_key = key.n;
            } else {
                *slot = (*slot & ~((uint64_t)CLASS_MASK << 32)) | (uint64_t) class << 32;
            }
        }
    }
    return true;
}

static void measure_runs(struct pl_name_index *x)
{
    unsigned run = 0;

    x->longest_run = 0;
    for (size_t i = 0; i < 2 * x->nslots; i++) { /* twice, for the row over the end */
        run = x->slots[i % x->nslots] == 0 ? 0 : run + 1;
        if (run > x->longest_run)
            x->longest_run = run;
    }
}

/* Adds to a key's class those of the keys above it. */
static bool inherit(struct pl_name_index *x, uint64_t *slot, struct pl_str key)
{
    uint32_t above = find_above(x, key);
    uint32_t class = pl_classes_union(&x->classes, slot_class(*slot), above);

    if (class == PL_CLASS_FAILED)
        return false;
    *slot = (*slot & ~((uint64_t)CLASS_MASK << 32)) | (uint64_t) class << 32;
    return true;
}

/* From the top down: when a key inherits, those above it have. Labels count for ".parent" keys. */
static bool inherit_all(struct pl_name_index *x)
{
    size_t next;

    for (unsigned labels = 1; labels <= 129; labels++) {
        bool names = labels == 129; /* at last those that are no parents */

        if (!names && !has_depth(x, labels))
            continue;
        for (size_t i = 0; i < x->nslots; i++) {
            struct pl_str key;
            bool parent;

            if (x->slots[i] == 0)
                continue;
            key = key_at(x->bytes, (uint32_t)x->slots[i], &next);
            parent = key.p[0] == '.';
            if ((names ? !parent : parent && count_labels(key) == labels) &&
                !inherit(x, &x->slots[i], key))
                return false;
        }
    }
    return true;
}

static bool inherit_realms(struct pl_name_index *x)
{
    size_t next;

    for (size_t i = 0; i < x->nslots; i++) {
        struct pl_str key;

        if (x->slots[i] == 0)
            continue;
        key = key_at(x->bytes, (uint32_t)x->slots[i], &next);
        if (!inherit(x, &x->slots[i], key)) /* a realm has nothing above it */
            return false;
    }
    return true;
}

bool pl_name_index_build(struct pl_name_index *x, struct pl_keys *keys, enum pl_key_rule rule)
{
    uint8_t *fitted;

    x->rule = rule;
    x->nslots = 2 * keys->count + 2;
    if (!pl_classes_init(&x->classes))
        return false;
    if (keys->count == 0)
        return true;
    fitted = realloc(keys->bytes, keys->n);
    x->bytes = fitted != NULL ? fitted : keys->bytes;
    keys->bytes = NULL;
    x->slots = malloc(x->nslots * sizeof(*x->slots));
    if (x->slots == NULL)
        return false;
    for (int i = 0; i < TRIES; i++) {
        if (getrandom(&x->seed, sizeof(x->seed), 0) != sizeof(x->seed))
            return false;
        memset(x->slots, 0, x->nslots * sizeof(*x->slots));
        if (!insert_all(x, keys))
            return false;
        measure_runs(x);
        if (x->longest_run <= LONG_RUN)
            break;
    }
    if (rule == PL_KEYS_DOMAINS && (x->depths[0] | x->depths[1]) != 0)
        return inherit_all(x);
    return rule != PL_KEYS_USERS || inherit_realms(x);
}

void pl_name_index_fini(struct pl_name_index *x)
{
    pl_classes_fini(&x->classes);
    free(x->slots);
    free(x->bytes);
    memset(x, 0, sizeof(*x));
}

uint32_t pl_name_index_find(const struct pl_name_index *x, struct pl_str value)
{
    uint32_t class;
    bool found = false;

    if (x->count == 0 || value.n == 0)
        return PL_CLASS_NONE;
    class = find(x, value, &found);
    return found ? class : find_above(x, value);
}

bool pl_name_index_each(const struct pl_name_index *x,
                        bool (*each)(struct pl_str key, uint32_t class, void *arg), void *arg)
{
    size_t next;

    for (size_t i = 0; i < x->nslots && x->count > 0; i++) {
        if (x->slots[i] != 0 &&
            !each(key_at(x->bytes, (uint32_t)x->slots[i], &next), slot_class(x->slots[i]), arg))
            return false;
    }
    return true;
}

void pl_name_index_prefetch(const struct pl_name_index *x, struct pl_str value)
{
    if (x->count > 0 && value.n > 0)
        __builtin_prefetch(&x->slots[(size_t)((hash(x, value) >> 32) * x->nslots >> 32)]);
}
