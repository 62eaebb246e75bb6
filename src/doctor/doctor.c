/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which things are looked at, and what is noted. */
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *text_of(const struct pl_buf *b)
{
    return b->p == NULL ? "" : b->p;
}

/* The same finding, at another service. */
static bool add_place(struct pl_doctor *d, struct pl_finding *f, const struct pl_finding *more)
{
    struct pl_buf at = {0};

    if (f->kind != more->kind || strcmp(f->code, more->code) != 0 ||
        !pl_str_eq(f->what, more->what) || !pl_str_eq(f->lines, more->lines) ||
        !pl_str_eq(f->file, more->file))
        return false;
    if (f->at.n == 0 || more->at.n == 0)
        return true;
    pl_buf_addf(&at, "%.*s, %.*s", (int)f->at.n, f->at.p, (int)more->at.n, more->at.p);
    f->at = pl_arena_copy(d->arena, pl_buf_str(&at));
    d->no_memory = d->no_memory || at.failed || f->at.p == NULL;
    pl_buf_fini(&at);
    return true;
}

void pl_doctor_say(struct pl_doctor *d, enum pl_finding_kind kind, const char *code, const char *at,
                   const char *file, const char *lines, const char *why, const char *what, ...)
{
    struct pl_finding f = {.kind = kind, .code = code}, *grown;
    va_list ap;
    char *text;
    int n;

    va_start(ap, what);
    n = vasprintf(&text, what, ap);
    va_end(ap);
    if (n < 0) {
        d->no_memory = true;
        return;
    }
    f.what = pl_arena_copy(d->arena, pl_str_of(text));
    f.at = pl_arena_copy(d->arena, pl_str_of(at));
    f.why = pl_arena_copy(d->arena, pl_str_of(why));
    f.file = pl_arena_copy(d->arena, pl_str_of(file));
    f.lines = pl_arena_copy(d->arena, pl_str_of(lines));
    free(text);
    for (size_t i = 0; i < d->count; i++) {
        if (add_place(d, &d->findings[i], &f))
            return;
    }
    grown = pl_grow(d->findings, &d->cap, d->count, sizeof(f));
    if (grown == NULL || f.what.p == NULL || f.at.p == NULL || f.why.p == NULL ||
        f.file.p == NULL || f.lines.p == NULL)
        d->no_memory = true;
    if (grown == NULL)
        return;
    d->findings = grown;
    d->findings[d->count++] = f;
}

size_t pl_doctor_faults(const struct pl_doctor *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->count; i++)
        n += d->findings[i].kind == PL_FINDING_FAULT;
    return n;
}

bool pl_doctor_run(struct pl_doctor *d)
{
    d->arena = pl_arena_new();
    if (d->arena == NULL)
        return false;
    for (size_t i = 0; i < d->nlisteners; i++) {
        struct look k;

        look_at(&k, d, &d->listeners[i]);
        look_at_services(&k);
        look_at_placement(&k);
        look_at_permitted(&k);
        look_at_listener(&k);
        say_marks(&k);
    }
    look_at_others(d);
    look_at_networks(d);
    look_at_domains(d);
    look_at_facts(d);
    return !d->no_memory;
}

void pl_doctor_fini(struct pl_doctor *d)
{
    free(d->findings);
    free(d->places);
    pl_arena_free(d->arena);
    d->findings = NULL;
    d->places = NULL;
    d->arena = NULL;
}
