/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers that are the same everywhere for the same seed: splitmix64. */
#ifndef POSTLATCH_TESTS_PROPERTY_RNG_H
#define POSTLATCH_TESTS_PROPERTY_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* below - a number from 0 to n - 1; 0 for n = 0 */
static inline size_t below(struct rng *r, size_t n)
{
    return n == 0 ? 0 : (size_t)(rng_next(r) % n);
}

/* chance - true in so many of 100 cases */
static inline bool chance(struct rng *r, unsigned percent)
{
    return below(r, 100) < percent;
}

#define PICK(rng, array) ((array)[below((rng), sizeof(array) / sizeof((array)[0]))])

#endif
