/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ARENA_H
#define POSTLATCH_ARENA_H

#include "postlatch/str.h"

#include <stddef.h>

/*
 * struct pl_arena - memory that is built up once and freed whole; opaque
 *
 * A loaded policy lives in one arena: nothing inside it is freed alone, so nothing inside it can be
 * freed twice.
 */
struct pl_arena;

/* pl_arena_new - an empty arena, or NULL when memory is short; free with pl_arena_free */
struct pl_arena *pl_arena_new(void);

/* pl_arena_free - frees the arena and all that came from it; NULL is accepted */
void pl_arena_free(struct pl_arena *a);

/*
 * pl_arena_alloc - size bytes, zeroed, aligned for any type
 *
 * returns  the memory, which the arena owns; NULL when memory is short. size 0 gives a valid
 *          pointer
 */
void *pl_arena_alloc(struct pl_arena *a, size_t size);

/*
 * pl_arena_array - count objects of size bytes each, zeroed; NULL when memory is short or the
 * product overflows
 */
void *pl_arena_array(struct pl_arena *a, size_t count, size_t size);

/*
 * pl_arena_copy - a copy of s with a NUL behind it (not counted in .n); .p is NULL when memory is
 * short
 */
struct pl_str pl_arena_copy(struct pl_arena *a, struct pl_str s);

#endif
