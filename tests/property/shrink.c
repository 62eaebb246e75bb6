/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a policy of hundreds of rules to the two lines that matter. All parts of one level are tried
 * in chunks, each half as large as the one before, until nothing more can go; then the next level,
 * and once more from the first.
 */
#include "shrink.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum level {
    LEVEL_ATTRIBUTES, /* few, so first: it is done however large the policy */
    LEVEL_RULES,
    LEVEL_TABLES,
    LEVEL_LISTS,
    LEVEL_CONDITIONS,
    LEVEL_ITEMS,
    LEVEL_OPTIONS,
    LEVEL_COUNT
};

/* A fault that needs thousands of rules would take hours to shrink; what there is then is shown. */
enum { SECONDS = 60 };

struct shrinking {
    time_t end; /* by the monotonic clock */
    bool late;
    struct draft *d;
    struct request *r;
    shrink_test *test;
    void *context;
    bool **parts; /* malloc'ed: the `off` of each part of the level that is on */
    size_t count, cap;
};

static time_t now(void)
{
    struct timespec t;

    must(clock_gettime(CLOCK_MONOTONIC, &t) == 0, "no clock");
    return t.tv_sec;
}

static bool still_fails(struct shrinking *s)
{
    s->late = s->late || now() >= s->end;
    return !s->late && s->test(s->d, s->r, s->context);
}

static void add_part(struct shrinking *s, bool *off)
{
    bool **parts;

    if (*off)
        return;
    parts = pl_grow(s->parts, &s->cap, s->count, sizeof(*parts));
    must(parts != NULL, "out of memory");
    s->parts = parts;
    s->parts[s->count++] = off;
}

static void add_items(struct shrinking *s, struct draft_list *list)
{
    for (size_t i = 0; i < list->count && !list->off; i++)
        add_part(s, &list->items[i].off);
}

static void collect(struct shrinking *s, enum level level)
{
    struct draft *d = s->d;

    s->count = 0;
    for (size_t i = 0; i < d->nrules; i++) {
        struct draft_rule *rule = &d->rules[i];

        if (level == LEVEL_RULES)
            add_part(s, &rule->off);
        for (size_t c = 0; c < rule->ncond && !rule->off; c++) {
            if (level == LEVEL_CONDITIONS)
                add_part(s, &rule->cond[c].list.off);
            if (level == LEVEL_ITEMS)
                add_items(s, &rule->cond[c].list);
        }
    }
    for (size_t i = 0; i < d->ntables; i++) {
        if (level == LEVEL_TABLES)
            add_part(s, &d->tables[i].list.off);
        if (level == LEVEL_ITEMS)
            add_items(s, &d->tables[i].list);
    }
    for (unsigned i = 0; i < DRAFT_LISTS; i++) {
        if (level == LEVEL_LISTS)
            add_part(s, &d->boundary[i].off);
        if (level == LEVEL_ITEMS)
            add_items(s, &d->boundary[i]);
    }
    for (size_t i = 0; i < d->nwaivers; i++) {
        if (level == LEVEL_LISTS)
            add_part(s, &d->waivers[i].off);
        if (level == LEVEL_ITEMS && !d->waivers[i].off)
            add_items(s, &d->waivers[i].surface);
    }
    for (size_t i = 0; i < d->noptions && level == LEVEL_OPTIONS; i++)
        add_part(s, &d->options[i].off);
    for (unsigned i = 0; i < PL_ATTR_COUNT && level == LEVEL_ATTRIBUTES; i++) {
        if (s->r->value[i].n > 0)
            add_part(s, &s->r->off[i]);
    }
}

/* Tries to do without parts[from..to) that are still on; whether some went. */
static bool drop(struct shrinking *s, size_t from, size_t to)
{
    bool *was = calloc(to - from, sizeof(*was));
    bool any = false;

    must(was != NULL, "out of memory");
    for (size_t i = from; i < to; i++) {
        was[i - from] = *s->parts[i];
        any = any || !*s->parts[i];
        *s->parts[i] = true;
    }
    if (any && !still_fails(s)) {
        any = false;
        for (size_t i = from; i < to; i++)
            *s->parts[i] = was[i - from];
    }
    free(was);
    return any;
}

static bool shrink_level(struct shrinking *s, enum level level)
{
    bool some = false;

    collect(s, level);
    for (size_t chunk = s->count; chunk > 0; chunk /= 2) {
        for (size_t i = 0; i < s->count; i += chunk)
            some |= drop(s, i, i + chunk < s->count ? i + chunk : s->count);
    }
    return some;
}

/* Takes bytes out of one value of the request; whether some went. */
static bool shorten(struct shrinking *s, struct pl_buf *value)
{
    char *copy = malloc(value->n + 1);
    bool some = false;

    must(copy != NULL, "out of memory");
    for (size_t chunk = (value->n + 1) / 2; chunk > 0; chunk /= 2) {
        for (size_t i = 0; i + chunk <= value->n;) {
            size_t n = value->n;

            memcpy(copy, value->p, n);
            memmove(value->p + i, value->p + i + chunk, n - i - chunk);
            value->n = n - chunk;
            if (value->n > 0 && still_fails(s)) {
                some = true;
                continue;
            }
            memcpy(value->p, copy, n);
            value->n = n;
            i += chunk;
        }
    }
    free(copy);
    return some;
}

bool shrink(struct draft *d, struct request *r, shrink_test *test, void *context)
{
    struct shrinking s = {.d = d, .r = r, .test = test, .context = context, .end = now() + SECONDS};
    bool some = true;

    while (some && !s.late) {
        some = false;
        for (unsigned level = 0; level < LEVEL_COUNT; level++)
            some |= shrink_level(&s, (enum level)level);
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
            if (!r->off[i] && r->value[i].n > 0)
                some |= shorten(&s, &r->value[i]);
        }
    }
    free(s.parts);
    return !s.late;
}
