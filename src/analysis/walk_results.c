/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of decisions, each kept once, so that to have met one is to compare a number. */
#include "walk_state.h"

#include "postlatch/buf.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_ids(const uint32_t *ids, size_t n)
{
    uint64_t h = 1469598103934665603ULL;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ ids[i]) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return h;
}

static uint32_t fail(struct pl_walk *w)
{
    w->gave_up = "out of memory";
    return RESULT_NOTHING;
}

/* ---- decisions ---- */

static uint32_t *find_outcome(const struct pl_walk *w, uint32_t *by, size_t cap,
                              const struct pl_outcome *o)
{
    size_t i = (size_t)hash_ids(o->bit, 2) & (cap - 1);

    while (by[i] != UINT32_MAX && memcmp(&w->outcomes[by[i]], o, sizeof(*o)) != 0)
        i = (i + 1) & (cap - 1);
    return &by[i];
}

static bool grow_outcomes(struct pl_walk *w)
{
    size_t cap = w->by_outcome_cap == 0 ? 64 : 2 * w->by_outcome_cap;
    uint32_t *by = malloc(cap * sizeof(*by));

    if (by == NULL)
        return false;
    memset(by, 0xff, cap * sizeof(*by));
    for (uint32_t i = 0; i < w->noutcomes; i++)
        *find_outcome(w, by, cap, &w->outcomes[i]) = i;
    free(w->by_outcome);
    w->by_outcome = by;
    w->by_outcome_cap = cap;
    return true;
}

/* The number of a decision; UINT32_MAX when memory is short. */
static uint32_t outcome_id(struct pl_walk *w, const struct pl_outcome *o)
{
    struct pl_outcome *grown;
    uint32_t *place;

    if (2 * (w->noutcomes + 1) > w->by_outcome_cap && !grow_outcomes(w))
        return UINT32_MAX;
    place = find_outcome(w, w->by_outcome, w->by_outcome_cap, o);
    if (*place != UINT32_MAX)
        return *place;
    grown = pl_grow(w->outcomes, &w->outcomes_cap, w->noutcomes, sizeof(*grown));
    if (grown == NULL)
        return UINT32_MAX;
    w->outcomes = grown;
    w->outcomes[w->noutcomes] = *o;
    *place = (uint32_t)w->noutcomes;
    return (uint32_t)w->noutcomes++;
}

/* ---- sets of them ---- */

static uint32_t *find_result(const struct pl_walk *w, uint32_t *by, size_t cap, const uint32_t *ids,
                             size_t n)
{
    size_t i = (size_t)hash_ids(ids, n) & (cap - 1);

    while (by[i] != UINT32_MAX &&
           (w->results[by[i]].n != n || memcmp(w->results[by[i]].ids, ids, n * sizeof(*ids)) != 0))
        i = (i + 1) & (cap - 1);
    return &by[i];
}

static bool grow_results(struct pl_walk *w)
{
    size_t cap = w->by_result_cap == 0 ? 64 : 2 * w->by_result_cap;
    uint32_t *by = malloc(cap * sizeof(*by));

    if (by == NULL)
        return false;
    memset(by, 0xff, cap * sizeof(*by));
    for (uint32_t i = 0; i < w->nresults; i++)
        *find_result(w, by, cap, w->results[i].ids, w->results[i].n) = i;
    free(w->by_result);
    w->by_result = by;
    w->by_result_cap = cap;
    return true;
}

static uint32_t keep_result(struct pl_walk *w, const uint32_t *ids, size_t n)
{
    struct result *grown, new;
    uint32_t *place, *copy;

    if (2 * (w->nresults + 1) > w->by_result_cap && !grow_results(w))
        return fail(w);
    place = find_result(w, w->by_result, w->by_result_cap, ids, n);
    if (*place != UINT32_MAX)
        return *place;
    grown = pl_grow(w->results, &w->results_cap, w->nresults, sizeof(*grown));
    if (grown == NULL)
        return fail(w);
    w->results = grown;
    copy = pl_arena_array(w->arena, n, sizeof(*copy));
    new.outcomes = pl_arena_array(w->arena, n, sizeof(*new.outcomes));
    if (copy == NULL || new.outcomes == NULL)
        return fail(w);
    for (size_t i = 0; i < n; i++) {
        copy[i] = ids[i];
        new.outcomes[i] = w->outcomes[ids[i]];
    }
    new.n = (uint32_t)n;
    new.ids = copy;
    w->results[w->nresults] = new;
    *place = (uint32_t)w->nresults;
    return (uint32_t)w->nresults++;
}

/* The empty set is number 0, RESULT_NOTHING. */
static bool begin(struct pl_walk *w)
{
    static const uint32_t none = 0;

    return w->nresults > 0 || (keep_result(w, &none, 0) == RESULT_NOTHING && w->gave_up == NULL);
}

uint32_t walk_single_result(struct pl_walk *w, const struct pl_outcome *outcome)
{
    uint32_t id = outcome_id(w, outcome);

    if (id == UINT32_MAX || !begin(w))
        return fail(w);
    return keep_result(w, &id, 1);
}

static int compare(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;

    return *a < *b ? -1 : *a > *b;
}

uint32_t walk_union(struct pl_walk *w, const uint32_t *results, size_t n)
{
    uint32_t *ids, result;
    size_t count = 0;

    if (!begin(w))
        return RESULT_NOTHING;
    if (n == 0)
        return RESULT_NOTHING;
    if (n == 1)
        return results[0];
    if (w->stamp_cap < w->noutcomes) {
        uint64_t *stamp = realloc(w->stamp, 2 * w->noutcomes * sizeof(*stamp));

        if (stamp == NULL)
            return fail(w);
        memset(stamp + w->stamp_cap, 0, (2 * w->noutcomes - w->stamp_cap) * sizeof(*stamp));
        w->stamp = stamp;
        w->stamp_cap = 2 * w->noutcomes;
    }
    ids = malloc((w->noutcomes + 1) * sizeof(*ids));
    if (ids == NULL)
        return fail(w);
    w->unions++;
    for (size_t i = 0; i < n; i++) {
        const struct result *r = &w->results[results[i]];

        for (uint32_t j = 0; j < r->n; j++) {
            if (w->stamp[r->ids[j]] == w->unions)
                continue;
            w->stamp[r->ids[j]] = w->unions;
            ids[count++] = r->ids[j];
        }
    }
    qsort(ids, count, sizeof(*ids), compare);
    result = keep_result(w, ids, count);
    free(ids);
    return result;
}

uint32_t walk_list(const struct pl_walk *w, uint32_t result, const struct pl_outcome **outcomes,
                   size_t *n)
{
    *n = 0;
    *outcomes = NULL;
    if (result < w->nresults) {
        *n = w->results[result].n;
        *outcomes = w->results[result].outcomes;
    }
    return result;
}
