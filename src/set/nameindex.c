/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in a hash of buckets. The keys of a bucket lie one behind the other, each with its class, and
 * the buckets one behind the other, without a gap. In front is a small array: where each bucket begins,
 * and 32 bits of a Bloom filter, which spare most values that are no keys the way to the bucket. The
 * keys are kept and compared: a hash alone could be forged.
 *
 * Looked up is what clients choose, stored is what the administrator chose. So the fullest bucket,
 * which no client can make fuller, is the most work that any look-up can cause; should a seed make a
 * full one, another seed is taken. The only file that knows libxxhash.
 */
#include "postlatch/nameindex.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { KEYS_A_BUCKET = 4, FULL = 256, TRIES = 8, LENGTH_BITS = 12, HEAD = 4, AHEAD = 12 };
enum { SHARE = 4 << 20, SHARES = 2 }; /* bytes of keys, from which on there are so many shares */
_Static_assert(PL_KEY_MAX <= 1 << LENGTH_BITS, "a key's head has its length less 1");
_Static_assert(PL_CLASSES_MAX <= 1 << (8 * HEAD - LENGTH_BITS), "and its class");

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

static size_t bucket_of(const struct pl_name_index *x, uint64_t h)
{
    return (size_t)((h >> 32) * x->nbuckets >> 32);
}

/* Two bits of 32. */
static uint32_t filter_of(uint64_t h)
{
    return 1U << (h & 31) | 1U << (h >> 5 & 31);
}

static uint32_t bucket_start(uint64_t bucket)
{
    return (uint32_t)(bucket >> 32);
}

static uint32_t head_of(const uint8_t *entry)
{
    uint32_t head;

    memcpy(&head, entry, HEAD);
    return head;
}

static uint32_t entry_class(const uint8_t *entry)
{
    return head_of(entry) >> LENGTH_BITS;
}

static struct pl_str entry_key(const uint8_t *entry)
{
    size_t n = (head_of(entry) & ((1U << LENGTH_BITS) - 1)) + 1;

    return (struct pl_str){(const char *)entry + HEAD, n};
}

static void set_entry(uint8_t *entry, uint32_t class, size_t n)
{
    uint32_t head = class << LENGTH_BITS | (uint32_t)(n - 1);

    memcpy(entry, &head, HEAD);
}

/* The entry of a key in keys[at..end), or NULL. */
static uint8_t *search(const struct pl_name_index *x, uint32_t at, uint32_t end, struct pl_str key)
{
    while (at < end) {
        struct pl_str k = entry_key(x->keys + at);

        if (pl_str_eq(k, key))
            return x->keys + at;
        at += HEAD + (uint32_t)k.n;
    }
    return NULL;
}

static const uint8_t *find(const struct pl_name_index *x, struct pl_str key)
{
    uint64_t h = hash(x, key);
    const uint64_t *bucket = &x->buckets[bucket_of(x, h)];

    if ((filter_of(h) & ~*bucket) != 0)
        return NULL;
    return search(x, bucket_start(bucket[0]), bucket_start(bucket[1]), key);
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

/* The parents of a name that may be keys, the longest first. */
struct parents {
    struct pl_str rest; /* what is left of the name */
    unsigned labels;    /* of the next parent; 0: there is none */
};

static struct parents parents_of(const struct pl_name_index *x, struct pl_str name)
{
    struct pl_str rest = pl_str_from(name, 1);
    bool none = name.p[0] == '[' || (x->depths[0] | x->depths[1]) == 0;

    return (struct parents){rest, none ? 0 : count_labels(rest)};
}

static bool next_parent(const struct pl_name_index *x, struct parents *p, struct pl_str *parent)
{
    while (p->labels > 0) {
        *parent = pl_str_from(p->rest, pl_str_find(p->rest, '.'));
        p->rest = pl_str_from(*parent, 1);
        if (has_depth(x, p->labels--))
            return true;
    }
    return false;
}

static uint32_t find_parent(const struct pl_name_index *x, struct pl_str name)
{
    struct parents p = parents_of(x, name);
    struct pl_str parent;

    while (next_parent(x, &p, &parent)) {
        const uint8_t *entry = find(x, parent);

        if (entry != NULL)
            return entry_class(entry);
    }
    return PL_CLASS_NONE;
}

/* The class of the nearest key above value, which is not empty. */
static uint32_t find_above(const struct pl_name_index *x, struct pl_str value)
{
    const uint8_t *realm;
    size_t at;

    if (x->rule == PL_KEYS_DOMAINS)
        return find_parent(x, value);
    if (x->rule != PL_KEYS_USERS)
        return PL_CLASS_NONE;
    at = pl_str_rfind(value, '@');
    realm = at == 0 || at == value.n ? NULL : find(x, pl_str_from(value, at));
    return realm == NULL ? PL_CLASS_NONE : entry_class(realm);
}

/* ---- building ---- */

/* A bucket while it is filled: behind its last entry, and how many it has. */
struct filling {
    uint32_t end, count;
};

/*
 * Where each bucket begins if no key is there twice; returns where the last one ends. fullest: how many
 * keys the fullest one would have.
 */
static size_t lay_out(struct pl_name_index *x, const struct pl_keys *keys, struct filling *fill)
{
    size_t at = 1, start = 0;

    x->fullest = 0;
    memset(fill, 0, x->nbuckets * sizeof(*fill));
    while (at < keys->n) {
        struct pl_str key = key_at(keys->bytes, at, &at);
        struct filling *f = &fill[bucket_of(x, hash(x, key))];

        f->end += HEAD + (uint32_t)key.n;
        if (++f->count > x->fullest)
            x->fullest = f->count;
    }
    for (size_t b = 0; b < x->nbuckets; b++) {
        x->buckets[b] = (uint64_t)start << 32;
        start += fill[b].end;
        fill[b] = (struct filling){bucket_start(x->buckets[b]), 0};
    }
    return start;
}

/* Puts a key of a table into its bucket; false when there can be no class for it. */
static bool put(struct pl_name_index *x, struct filling *fill, struct pl_str key, uint64_t h,
                uint32_t table)
{
    uint64_t *bucket = &x->buckets[bucket_of(x, h)];
    struct filling *f = &fill[bucket - x->buckets];
    uint8_t *entry = search(x, bucket_start(*bucket), f->end, key);
    uint32_t class =
        pl_classes_add(&x->classes, entry == NULL ? PL_CLASS_NONE : entry_class(entry), table);

    if (class == PL_CLASS_FAILED)
        return false;
    if (entry == NULL) {
        entry = x->keys + f->end;
        memcpy(entry + HEAD, key.p, key.n);
        f->end += HEAD + (uint32_t)key.n;
        f->count++;
        *bucket |= filter_of(h);
        x->count++;
        if (f->count > x->fullest)
            x->fullest = f->count;
        if (x->rule == PL_KEYS_DOMAINS && key.p[0] == '.')
            x->depths[(count_labels(key) - 1) / 64] |= 1ULL << (count_labels(key) - 1) % 64;
    }
    set_entry(entry, class, key.n);
    return true;
}

/* Asks the memory for what put() will read for the key at offset; returns where the next key is. */
static size_t foresee(const struct pl_name_index *x, const struct filling *fill,
                      const struct pl_keys *keys, size_t offset)
{
    size_t bucket;

    if (offset >= keys->n)
        return offset;
    bucket = bucket_of(x, hash(x, key_at(keys->bytes, offset, &offset)));
    __builtin_prefetch(&x->buckets[bucket], 1);
    __builtin_prefetch(x->keys + fill[bucket].end, 1);
    return offset;
}

/* Puts in the keys of the buckets in front of end_bucket; the others stay, without gaps. */
static bool put_some(struct pl_name_index *x, struct filling *fill, struct pl_keys *keys,
                     size_t end_bucket)
{
    size_t to = 1, ahead = 1;

    for (int i = 0; i < AHEAD; i++)
        ahead = foresee(x, fill, keys, ahead);
    for (size_t r = 0; r < keys->nruns; r++) {
        size_t at = keys->runs[r].start,
               end = r + 1 < keys->nruns ? keys->runs[r + 1].start : keys->n;

        keys->runs[r].start = (uint32_t)to;
        while (at < end) {
            size_t offset = at;
            struct pl_str key = key_at(keys->bytes, offset, &at);
            uint64_t h = hash(x, key);

            ahead = foresee(x, fill, keys, ahead);
            if (bucket_of(x, h) >= end_bucket) {
                memmove(keys->bytes + to, keys->bytes + offset, at - offset);
                to += at - offset;
            } else if (!put(x, fill, key, h, keys->runs[r].table)) {
                return false;
            }
        }
    }
    keys->n = to;
    return true;
}

/*
 * Of many keys a share of the buckets after the other: so the memory of the buckets is taken while that
 * of the keys is given back, and both together are never there as a whole.
 */
static bool put_all(struct pl_name_index *x, struct filling *fill, struct pl_keys *keys)
{
    size_t shares = keys->n < SHARE ? 1 : SHARES;

    x->count = 0;
    x->fullest = 0;
    for (size_t share = 1; share <= shares; share++) {
        uint8_t *fitted;

        if (!put_some(x, fill, keys, x->nbuckets * share / shares))
            return false;
        fitted = realloc(keys->bytes, keys->n);
        keys->bytes = fitted != NULL ? fitted : keys->bytes;
    }
    return true;
}

/* Closes the gaps behind buckets that were to have a key twice. */
static void close_gaps(struct pl_name_index *x, const struct filling *fill)
{
    uint32_t to = 0;
    uint8_t *fitted;

    for (size_t b = 0; b < x->nbuckets; b++) {
        uint32_t from = bucket_start(x->buckets[b]), n = fill[b].end - from;

        if (to != from)
            memmove(x->keys + to, x->keys + from, n);
        x->buckets[b] = (uint64_t)to << 32 | (uint32_t)x->buckets[b];
        to += n;
    }
    x->buckets[x->nbuckets] = (uint64_t)to << 32;
    fitted = realloc(x->keys, to);
    x->keys = fitted != NULL ? fitted : x->keys;
}

static bool fill_buckets(struct pl_name_index *x, struct pl_keys *keys, struct filling *fill)
{
    size_t size = 0;

    x->fullest = FULL + 1;
    for (int i = 0; i < TRIES && x->fullest > FULL; i++) {
        if (getrandom(&x->seed, sizeof(x->seed), 0) != sizeof(x->seed))
            return false;
        size = lay_out(x, keys, fill);
    }
    x->keys = size > UINT32_MAX ? NULL : pl_alloc_large(size);
    if (x->keys == NULL || !put_all(x, fill, keys))
        return false;
    close_gaps(x, fill);
    return true;
}

/* Adds to a key's class those of the keys above it. */
static bool inherit(struct pl_name_index *x, uint8_t *entry)
{
    struct pl_str key = entry_key(entry);
    uint32_t class = pl_classes_union(&x->classes, entry_class(entry), find_above(x, key));

    if (class == PL_CLASS_FAILED)
        return false;
    set_entry(entry, class, key.n);
    return true;
}

/* The entry behind this one; the first one for NULL, NULL behind the last. */
static uint8_t *next_entry(const struct pl_name_index *x, const uint8_t *entry)
{
    size_t at = entry == NULL ? 0 : (size_t)(entry - x->keys) + HEAD + entry_key(entry).n;

    return x->count == 0 || at == bucket_start(x->buckets[x->nbuckets]) ? NULL : x->keys + at;
}

/* From the top down: when a key inherits, those above it have. Labels count for ".parent" keys. */
static bool inherit_all(struct pl_name_index *x)
{
    for (unsigned labels = 1; labels <= 129; labels++) {
        bool names = labels == 129; /* at last those that are no parents */

        if (!names && !has_depth(x, labels))
            continue;
        for (uint8_t *e = next_entry(x, NULL); e != NULL; e = next_entry(x, e)) {
            struct pl_str key = entry_key(e);
            bool parent = key.p[0] == '.';

            if ((names ? !parent : parent && count_labels(key) == labels) && !inherit(x, e))
                return false;
        }
    }
    return true;
}

static bool inherit_realms(struct pl_name_index *x)
{
    for (uint8_t *e = next_entry(x, NULL); e != NULL; e = next_entry(x, e)) {
        if (!inherit(x, e)) /* a realm has nothing above it */
            return false;
    }
    return true;
}

bool pl_name_index_build(struct pl_name_index *x, struct pl_keys *keys, enum pl_key_rule rule)
{
    struct filling *fill;
    bool ok;

    x->rule = rule;
    x->nbuckets = keys->count / KEYS_A_BUCKET + 1;
    if (!pl_classes_init(&x->classes))
        return false;
    if (keys->count == 0)
        return true;
    x->buckets = pl_alloc_large((x->nbuckets + 1) * sizeof(*x->buckets));
    fill = malloc(x->nbuckets * sizeof(*fill));
    ok = x->buckets != NULL && fill != NULL && fill_buckets(x, keys, fill);
    free(fill);
    pl_keys_fini(keys);
    if (!ok)
        return false;
    if (rule == PL_KEYS_DOMAINS && (x->depths[0] | x->depths[1]) != 0)
        return inherit_all(x);
    return rule != PL_KEYS_USERS || inherit_realms(x);
}

void pl_name_index_fini(struct pl_name_index *x)
{
    pl_classes_fini(&x->classes);
    free(x->buckets);
    free(x->keys);
    memset(x, 0, sizeof(*x));
}

uint32_t pl_name_index_find(const struct pl_name_index *x, struct pl_str value)
{
    const uint8_t *entry;

    if (x->count == 0 || value.n == 0)
        return PL_CLASS_NONE;
    entry = find(x, value);
    return entry != NULL ? entry_class(entry) : find_above(x, value);
}

bool pl_name_index_each(const struct pl_name_index *x,
                        bool (*each)(struct pl_str key, uint32_t class, void *arg), void *arg)
{
    for (const uint8_t *e = next_entry(x, NULL); e != NULL; e = next_entry(x, e)) {
        if (!each(entry_key(e), entry_class(e), arg))
            return false;
    }
    return true;
}

/* What the look-up of one key reads: at most two places, how many is returned. */
static size_t place_of(const struct pl_name_index *x, struct pl_str key, const void **out)
{
    out[0] = &x->buckets[bucket_of(x, hash(x, key))];
    return 1;
}

/* Both ends of the bucket: most take two lines of the caches. */
static size_t entry_of(const struct pl_name_index *x, struct pl_str key, const void **out)
{
    uint64_t h = hash(x, key);
    const uint64_t *bucket = &x->buckets[bucket_of(x, h)];

    if ((filter_of(h) & ~*bucket) != 0)
        return 0;
    out[0] = x->keys + bucket_start(bucket[0]);
    out[1] = x->keys + bucket_start(bucket[1]) - 1;
    return 2;
}

/* The same for a value and its parents. */
static size_t each_of(const struct pl_name_index *x, struct pl_str value, const void **out,
                      size_t room,
                      size_t (*of)(const struct pl_name_index *, struct pl_str, const void **))
{
    struct parents p;
    size_t n = 0;

    if (x->count == 0 || value.n == 0)
        return 0;
    p = parents_of(x, value);
    do {
        n += of(x, value, out + n);
    } while (n + 2 <= room && next_parent(x, &p, &value));
    return n;
}

size_t pl_name_index_places(const struct pl_name_index *x, struct pl_str value, const void **out,
                            size_t room)
{
    return each_of(x, value, out, room, place_of);
}

size_t pl_name_index_entries(const struct pl_name_index *x, struct pl_str value, const void **out,
                             size_t room)
{
    return each_of(x, value, out, room, entry_of);
}
