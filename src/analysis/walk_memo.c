/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known about states that a walk has met already. */
#include "walk_state.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_state(const struct frame *f, size_t k)
{
    uint64_t h = k << 8 | f->flags;

    for (size_t i = 0; i < f->n; i++) {
        h = (h ^ f->word[i] ^ (uint64_t)f->index[i] << 40) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return h;
}

static bool is_state(const struct memo *m, const struct frame *f, size_t k)
{
    return m->k == k && m->flags == f->flags && m->n == f->n &&
           memcmp(m->words, f->word, f->n * sizeof(*f->word)) == 0 &&
           memcmp(m->words + f->n, f->index, f->n * sizeof(*f->index)) == 0;
}

static bool grow_memo(struct pl_walk *w)
{
    size_t cap = w->memo_cap == 0 ? 1024 : 2 * w->memo_cap;
    struct memo **memo = calloc(cap, sizeof(struct memo *));

    if (memo == NULL)
        return false;
    for (size_t i = 0; i < w->memo_cap; i++) {
        size_t to;

        if (w->memo[i] == NULL)
            continue;
        to = (size_t)w->memo[i]->hash & (cap - 1);
        while (memo[to] != NULL)
            to = (to + 1) & (cap - 1);
        memo[to] = w->memo[i];
    }
    free(w->memo);
    w->memo = memo;
    w->memo_cap = cap;
    return true;
}

struct memo *walk_recall(struct pl_walk *w, size_t k)
{
    const struct frame *f = &w->frames[k];
    uint64_t h = hash_state(f, k);
    size_t words = f->n + (f->n + 1) / 2, bytes = sizeof(struct memo) + words * sizeof(uint64_t), i;
    struct memo *m;

    if (w->steps > w->steps_max) {
        w->gave_up = "it would take too many steps";
        return NULL;
    }
    if (2 * (w->memo_count + 1) > w->memo_cap && !grow_memo(w)) {
        w->gave_up = "out of memory";
        return NULL;
    }
    i = (size_t)h & (w->memo_cap - 1);
    while ((m = w->memo[i]) != NULL) {
        if (m->hash == h && is_state(m, f, k))
            return m;
        i = (i + 1) & (w->memo_cap - 1);
    }
    w->memo_bytes += bytes;
    if (w->memo_bytes > (size_t)PL_WALK_MEMO_MAX_MIB << 20) {
        w->gave_up = "it would take too much memory";
        return NULL;
    }
    m = pl_arena_alloc(w->arena, bytes);
    if (m == NULL) {
        w->gave_up = "out of memory";
        return NULL;
    }
    *m = (struct memo){h, NO_RESULT, 0, (uint32_t)k, f->flags, (uint32_t)f->n};
    memcpy(m->words, f->word, f->n * sizeof(*f->word));
    memcpy(m->words + f->n, f->index, f->n * sizeof(*f->index));
    w->memo[i] = m;
    w->memo_count++;
    return m;
}
