/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of blocks; each request is cut from the newest one. O(1) an allocation, at most a block's
 * tail wasted. */
#include "postlatch/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct block {
    struct block *next;
    size_t used, size; /* bytes of data[] */
    alignas(max_align_t) char data[];
};

struct pl_arena {
    struct block *blocks; /* the newest first */
};

struct pl_arena *pl_arena_new(void)
{
    return calloc(1, sizeof(struct pl_arena));
}

void pl_arena_free(struct pl_arena *a)
{
    if (a == NULL)
        return;
    for (struct block *b = a->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static struct block *block_new(size_t size)
{
    struct block *b;

    if (size > SIZE_MAX - sizeof(*b))
        return NULL;
    b = calloc(1, sizeof(*b) + size);
    if (b != NULL)
        b->size = size;
    return b;
}

void *pl_arena_alloc(struct pl_arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct block *b = a->blocks;
    void *result;

    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (b == NULL || size > b->size - b->used) {
        b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
        if (b == NULL)
            return NULL;
        b->next = a->blocks;
        a->blocks = b;
    }
    result = b->data + b->used;
    b->used += size;
    return result;
}

void *pl_arena_array(struct pl_arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return pl_arena_alloc(a, count * size);
}

struct pl_str pl_arena_copy(struct pl_arena *a, struct pl_str s)
{
    char *copy = s.n == SIZE_MAX ? NULL : pl_arena_alloc(a, s.n + 1);

    if (copy == NULL)
        return (struct pl_str){NULL, 0};
    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return (struct pl_str){copy, s.n};
}
