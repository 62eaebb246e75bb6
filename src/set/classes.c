/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of table numbers, each kept once. Adding a table to a class is remembered, so that a million
 * entries of a table cost a million look-ups in a small hash and make a handful of classes.
 */
#include "postlatch/classes.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

/* class + table = result; result PL_CLASS_FAILED: an empty place. */
struct pl_class_step {
    uint32_t class, table, result;
};

bool pl_classes_init(struct pl_classes *c)
{
    memset(c, 0, sizeof(*c));
    c->first = pl_grow(NULL, &c->first_cap, 1, sizeof(*c->first));
    if (c->first == NULL)
        return false;
    c->first[0] = c->first[1] = 0;
    c->count = 1;
    return true;
}

void pl_classes_done(struct pl_classes *c)
{
    free(c->steps);
    free(c->by_content);
    c->steps = NULL;
    c->by_content = NULL;
    c->nsteps = c->steps_cap = c->content_cap = 0;
}

void pl_classes_fini(struct pl_classes *c)
{
    pl_classes_done(c);
    free(c->first);
    free(c->members);
    memset(c, 0, sizeof(*c));
}

const uint32_t *pl_classes_members(const struct pl_classes *c, uint32_t class, size_t *n)
{
    pl_assert(class < c->count);
    *n = c->first[class + 1] - c->first[class];
    return *n == 0 ? NULL : c->members + c->first[class];
}

/* The numbers are ours, nobody outside chooses them: any mixing will do. */
static uint32_t mix(uint32_t a, uint32_t b)
{
    uint64_t h = (a + 0x9e3779b97f4a7c15ULL) * (b + 0xbf58476d1ce4e5b9ULL);

    return (uint32_t)(h ^ h >> 32);
}

static struct pl_class_step *find_step(struct pl_class_step *steps, size_t cap, uint32_t class,
                                       uint32_t table)
{
    size_t i = mix(class, table) & (cap - 1);

    while (steps[i].result != PL_CLASS_FAILED &&
           (steps[i].class != class || steps[i].table != table))
        i = (i + 1) & (cap - 1);
    return &steps[i];
}

/* Twice the room for steps, and for classes by content; false when memory is short. */
static bool grow_steps(struct pl_classes *c)
{
    size_t cap = c->steps_cap == 0 ? 64 : 2 * c->steps_cap;
    struct pl_class_step *steps = malloc(cap * sizeof(*steps));

    if (steps == NULL)
        return false;
    memset(steps, 0xff, cap * sizeof(*steps));
    for (size_t i = 0; i < c->steps_cap; i++) {
        if (c->steps[i].result != PL_CLASS_FAILED)
            *find_step(steps, cap, c->steps[i].class, c->steps[i].table) = c->steps[i];
    }
    free(c->steps);
    c->steps = steps;
    c->steps_cap = cap;
    return true;
}

static uint32_t hash_members(const uint32_t *members, size_t n)
{
    uint32_t h = (uint32_t)n;

    for (size_t i = 0; i < n; i++)
        h = mix(h, members[i]);
    return h;
}

/* The place of a set of members among the classes by content. */
static uint32_t *find_content(const struct pl_classes *c, uint32_t *by_content, size_t cap,
                              const uint32_t *members, size_t n)
{
    size_t i = hash_members(members, n) & (cap - 1);

    while (by_content[i] != PL_CLASS_FAILED) {
        size_t m;
        const uint32_t *have = pl_classes_members(c, by_content[i], &m);

        if (m == n && (n == 0 || memcmp(have, members, n * sizeof(*members)) == 0))
            break;
        i = (i + 1) & (cap - 1);
    }
    return &by_content[i];
}

static bool grow_content(struct pl_classes *c)
{
    size_t cap = c->content_cap == 0 ? 64 : 2 * c->content_cap, n;
    uint32_t *by_content = malloc(cap * sizeof(*by_content));

    if (by_content == NULL)
        return false;
    memset(by_content, 0xff, cap * sizeof(*by_content));
    for (uint32_t i = 0; i < c->count; i++) {
        const uint32_t *members = pl_classes_members(c, i, &n);

        *find_content(c, by_content, cap, members, n) = i;
    }
    free(c->by_content);
    c->by_content = by_content;
    c->content_cap = cap;
    return true;
}

/* Appends the members of `class` with table among them, behind the last class; how many there are. */
static bool draft(struct pl_classes *c, uint32_t class, uint32_t table, size_t *n)
{
    size_t have = c->first[class + 1] - c->first[class], end = c->first[c->count];
    uint32_t *to;

    while (c->members_cap < end + have + 1) {
        uint32_t *members =
            pl_grow(c->members, &c->members_cap, c->members_cap, sizeof(*c->members));

        if (members == NULL)
            return false;
        c->members = members;
    }
    to = c->members + end;
    *n = 0;
    for (size_t i = 0; i < have; i++) {
        uint32_t m = c->members[c->first[class] + i];

        if (m > table && (*n == 0 || to[*n - 1] < table))
            to[(*n)++] = table;
        to[(*n)++] = m;
    }
    if (*n == 0 || to[*n - 1] < table)
        to[(*n)++] = table;
    return true;
}

static uint32_t make(struct pl_classes *c, uint32_t class, uint32_t table)
{
    size_t n, end = c->first[c->count];
    uint32_t *place, *first;

    if (2 * (size_t)(c->count + 1) > c->content_cap && !grow_content(c))
        return PL_CLASS_FAILED;
    if (!draft(c, class, table, &n))
        return PL_CLASS_FAILED;
    place = find_content(c, c->by_content, c->content_cap, c->members + end, n);
    if (*place != PL_CLASS_FAILED)
        return *place;
    if (c->count == PL_CLASSES_MAX || end + n > UINT32_MAX) {
        c->full = true;
        return PL_CLASS_FAILED;
    }
    first = pl_grow(c->first, &c->first_cap, c->count + 1, sizeof(*first));
    if (first == NULL)
        return PL_CLASS_FAILED;
    c->first = first;
    c->first[c->count + 1] = (uint32_t)(end + n);
    *place = c->count++;
    return *place;
}

uint32_t pl_classes_add(struct pl_classes *c, uint32_t class, uint32_t table)
{
    struct pl_class_step *step;
    uint32_t result;

    if (2 * (c->nsteps + 1) > c->steps_cap && !grow_steps(c))
        return PL_CLASS_FAILED;
    step = find_step(c->steps, c->steps_cap, class, table);
    if (step->result != PL_CLASS_FAILED)
        return step->result;
    result = make(c, class, table);
    if (result == PL_CLASS_FAILED)
        return PL_CLASS_FAILED;
    *step = (struct pl_class_step){class, table, result};
    c->nsteps++;
    return result;
}

uint32_t pl_classes_union(struct pl_classes *c, uint32_t a, uint32_t b)
{
    size_t n;

    if (a == b || b == PL_CLASS_NONE)
        return a;
    if (a == PL_CLASS_NONE)
        return b;
    pl_classes_members(c, b, &n);
    for (size_t i = 0; i < n && a != PL_CLASS_FAILED; i++)
        a = pl_classes_add(c, a, c->members[c->first[b] + i]);
    return a;
}
