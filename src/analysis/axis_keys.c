/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of two policies it is pairs of classes that count. Lists have a million keys each, most of them in both,
 * and few pairs: so each key is looked up in the other policy, and of each pair a few keys are kept.
 */
#include "axis.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

struct keeping {
    const struct pl_space *s;
    const struct axis_keys_wanted *wanted;
    size_t part; /* whose keys come */
    struct axis_pair *pairs;
    size_t npairs, pairs_cap;
    struct pl_str *keys; /* of each pair wanted->most */
    size_t keys_cap;
    bool failed;
};

/* The keys that are kept of a pair; NULL when memory is short. */
static struct pl_str *keys_of(struct keeping *k, uint64_t classes)
{
    const size_t most = k->wanted->most;
    struct axis_pair *pair;
    struct pl_str *keys;

    if (2 * (k->npairs + 1) > k->pairs_cap) {
        struct axis_pair *pairs = axis_pairs_grow(k->pairs, &k->pairs_cap);

        if (pairs == NULL)
            return NULL;
        k->pairs = pairs;
    }
    pair = axis_pair_find(k->pairs, k->pairs_cap, classes);
    if (pair->classes == classes)
        return k->keys + pair->atom * most;
    keys = pl_grow(k->keys, &k->keys_cap, k->npairs, most * sizeof(*keys));
    if (keys == NULL)
        return NULL;
    k->keys = keys;
    *pair = (struct axis_pair){classes, (uint32_t)k->npairs++};
    keys += pair->atom * most;
    memset(keys, 0, most * sizeof(*keys));
    return keys;
}

static bool keep(struct pl_str key, uint32_t class, void *arg)
{
    struct keeping *k = arg;
    const struct axis_keys_wanted *w = k->wanted;
    uint64_t mine = class, other;
    struct pl_str *of;

    if (w->parents && key.p[0] != '.')
        return true;
    other = pl_name_index_find(&k->s->policy[1 - k->part]->compiled->names[w->names], key);
    of = keys_of(k, k->part == 0 ? mine << 32 | other : other << 32 | mine);
    k->failed = of == NULL;
    for (size_t i = 0; i < w->most && of != NULL; i++) {
        struct pl_str next = of[i];
        int order = next.n == 0 ? -1 : w->order(key, next);

        if (order == 0)
            break; /* it is in both policies */
        if (order > 0)
            continue;
        of[i] = key;
        key = next;
        if (key.n == 0)
            break;
    }
    return !k->failed;
}

static int compare(const void *va, const void *vb, void *arg)
{
    const struct axis_keys_wanted *w = arg;
    const struct pl_str *a = va, *b = vb;

    return w->order(*a, *b);
}

struct pl_str *axis_pair_keys(const struct pl_space *s, const struct axis_keys_wanted *wanted,
                              size_t *n)
{
    struct keeping k = {.s = s, .wanted = wanted};
    struct axis_keys_wanted order = *wanted;

    pl_assert(s->nparts == 2);
    for (; k.part < 2 && !k.failed; k.part++)
        pl_name_index_each(&s->policy[k.part]->compiled->names[wanted->names], keep, &k);
    free(k.pairs);
    *n = k.npairs * wanted->most;
    if (k.failed) {
        free(k.keys);
        return NULL;
    }
    if (*n == 0)
        return calloc(1, sizeof(*k.keys)); /* no keys are no failure */
    qsort_r(k.keys, *n, sizeof(*k.keys), compare, &order);
    return k.keys;
}
