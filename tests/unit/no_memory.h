/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that ends at any one of the allocations of a call, or from it on. The linker gives the library's
 * calls to what is here: pl_wrap(TEST ${PL_ALLOCATIONS}) in CMakeLists.txt. For one test's only file.
 */
#ifndef POSTLATCH_TESTS_UNIT_NO_MEMORY_H
#define POSTLATCH_TESTS_UNIT_NO_MEMORY_H

#include "unit.h"

#include "postlatch/arena.h"

#include <stdarg.h>
#include <stdlib.h>

/* Allocations since `calls` was set to 0; those numbered fail_first to fail_last, from 1, fail. */
static long calls, fail_first, fail_last;

static bool fails(void)
{
    calls++;
    return calls >= fail_first && calls <= fail_last;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
int __real_vasprintf(char **out, const char *fmt, va_list ap);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
void *__real_pl_arena_alloc(struct pl_arena *a, size_t size);
void *__wrap_pl_arena_alloc(struct pl_arena *a, size_t size);
void *__real_pl_arena_array(struct pl_arena *a, size_t count, size_t size);
void *__wrap_pl_arena_array(struct pl_arena *a, size_t count, size_t size);
struct pl_str __real_pl_arena_copy(struct pl_arena *a, struct pl_str s);
struct pl_str __wrap_pl_arena_copy(struct pl_arena *a, struct pl_str s);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
    return fails() ? -1 : __real_vasprintf(out, fmt, ap);
}

void *__wrap_pl_arena_alloc(struct pl_arena *a, size_t size)
{
    return fails() ? NULL : __real_pl_arena_alloc(a, size);
}

void *__wrap_pl_arena_array(struct pl_arena *a, size_t count, size_t size)
{
    return fails() ? NULL : __real_pl_arena_array(a, count, size);
}

struct pl_str __wrap_pl_arena_copy(struct pl_arena *a, struct pl_str s)
{
    return fails() ? (struct pl_str){NULL, 0} : __real_pl_arena_copy(a, s);
}

/*
 * Runs once without failure; then with each allocation failing alone, with it and the next, and with all
 * from it on. Returns how many there are.
 */
static long each_failure(void (*run)(void *arg, bool may_fail), void *arg)
{
    static const long further[] = {0, 1, 1000000};
    long n;

    calls = fail_first = fail_last = 0;
    run(arg, false);
    n = calls;
    assert_true(n > 5);
    for (long at = 1; at <= n; at++) {
        for (size_t i = 0; i < ROWS(further); i++) {
            calls = 0;
            fail_first = at;
            fail_last = at + further[i];
            run(arg, true);
        }
    }
    fail_first = fail_last = 0;
    return n;
}

#endif
