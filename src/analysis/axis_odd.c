/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which atoms are odd: most rules hold for few values of an attribute, or for all but a few. A walk that
 * has few rules left need only look at these values, and at one of the others.
 */
#include "axis.h"

#include <stdlib.h>
#include <string.h>

/* A rule with more odd atoms than this share of an axis has none listed. So lists are no larger than rows. */
enum { SHARE_LISTED = 32, ALWAYS_LISTED = 8 };

/* In how many atoms each rule holds. In words that are mostly set, those that are not are counted. */
static bool count_held(const struct pl_axis *axis, size_t nwords, int64_t *held)
{
    size_t *full = calloc(nwords, sizeof(*full));

    for (size_t a = 0; a < axis->natoms && full != NULL; a++) {
        for (size_t i = 0; i < nwords; i++) {
            uint64_t asked = axis->asked[i], set = axis->atoms[a].row[i] & asked;
            bool most = 2 * __builtin_popcountll(set) > __builtin_popcountll(asked);

            full[i] += most;
            for (uint64_t bits = most ? asked & ~set : set; bits != 0; bits &= bits - 1)
                held[64 * i + (size_t)__builtin_ctzll(bits)] += most ? -1 : 1;
        }
    }
    for (size_t bit = 0; bit < 64 * nwords && full != NULL; bit++)
        held[bit] += (int64_t)full[bit / 64];
    free(full);
    return full != NULL;
}

/* Where the list of each rule begins, and which rules hold for most atoms. Returns the room for all lists. */
static size_t place_lists(const struct pl_axis *axis, size_t nwords, const int64_t *held,
                          uint32_t *from, uint64_t *usual)
{
    size_t room = 0, most = axis->natoms / SHARE_LISTED;

    most = most < ALWAYS_LISTED ? ALWAYS_LISTED : most;
    for (size_t bit = 0; bit < 64 * nwords; bit++) {
        size_t n = (size_t)held[bit];

        if ((axis->asked[bit / 64] >> bit % 64 & 1) == 0)
            continue;
        if (2 * n > axis->natoms) {
            usual[bit / 64] |= 1ULL << bit % 64;
            n = axis->natoms - n;
        }
        from[bit] = n > most ? PL_ODD_MANY : (uint32_t)room;
        room += n > most ? 0 : n + 1;
    }
    return room;
}

static void fill_lists(const struct pl_axis *axis, size_t nwords, const uint64_t *usual,
                       const uint32_t *from, uint32_t *next, uint32_t *odd)
{
    memcpy(next, from, 64 * nwords * sizeof(*next));
    for (size_t a = 0; a < axis->natoms; a++) {
        for (size_t i = 0; i < nwords; i++) {
            uint64_t bits = (axis->atoms[a].row[i] ^ usual[i]) & axis->asked[i];

            for (; bits != 0; bits &= bits - 1) {
                size_t bit = 64 * i + (size_t)__builtin_ctzll(bits);

                if (from[bit] != PL_ODD_MANY)
                    odd[next[bit]++] = (uint32_t)a;
            }
        }
    }
    for (size_t bit = 0; bit < 64 * nwords; bit++) {
        if ((axis->asked[bit / 64] >> bit % 64 & 1) != 0 && from[bit] != PL_ODD_MANY)
            odd[next[bit]] = PL_ODD_END;
    }
}

bool axis_find_odd(const struct pl_space *s, struct pl_axis *axis)
{
    size_t bits = 64 * s->nwords, room;
    int64_t *held = calloc(bits, sizeof(*held));
    uint64_t *usual = pl_arena_array(s->arena, s->nwords, sizeof(*usual));
    uint32_t *next = calloc(bits, sizeof(*next)), *odd = NULL,
             *from = pl_arena_array(s->arena, bits, sizeof(*from));
    bool ok = held != NULL && usual != NULL && next != NULL && from != NULL &&
              count_held(axis, s->nwords, held);

    if (ok) {
        room = place_lists(axis, s->nwords, held, from, usual);
        odd = pl_arena_array(s->arena, room, sizeof(*odd));
        ok = odd != NULL;
    }
    if (ok)
        fill_lists(axis, s->nwords, usual, from, next, odd);
    axis->usual = usual;
    axis->odd_from = from;
    axis->odd = odd;
    free(held);
    free(next);
    return ok;
}
