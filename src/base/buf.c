/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing buffers by doubling: amortised O(1) a byte. */
#include "postlatch/buf.h"

#include "postlatch/large.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 4 * 1024 * 1024 }; /* bytes, from which large pages are worth copying */

void pl_buf_fini(struct pl_buf *b)
{
    free(b->p);
    *b = (struct pl_buf){0};
}

void pl_buf_reset(struct pl_buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p != NULL)
        b->p[0] = '\0';
}

/* Room for `more` bytes and a NUL. */
static bool reserve(struct pl_buf *b, size_t more)
{
    size_t cap = b->cap == 0 ? 64 : b->cap;
    char *p;

    if (b->failed || more > SIZE_MAX / 4 || b->n > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    if (b->cap > b->n + more)
        return true;
    while (cap <= b->n + more)
        cap *= 2;
    p = realloc(b->p, cap);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void pl_buf_add(struct pl_buf *b, struct pl_str s)
{
    if (!reserve(b, s.n))
        return;
    if (s.n > 0)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
}

void pl_buf_add_char(struct pl_buf *b, char c)
{
    pl_buf_add(b, (struct pl_str){&c, 1});
}

void pl_buf_addf(struct pl_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!reserve(b, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

struct pl_str pl_buf_str(const struct pl_buf *b)
{
    return (struct pl_str){b->p, b->n};
}

/* realloc would move the pages of a large array, and leave it on small ones. */
static void *grow_large(void *array, size_t have, size_t want)
{
    void *grown = pl_alloc_large(want);

    if (grown == NULL)
        return NULL;
    if (have > 0)
        memcpy(grown, array, have);
    free(array);
    return grown;
}

void *pl_grow(void *array, size_t *cap, size_t count, size_t size)
{
    size_t want = *cap == 0 ? 8 : *cap * 2;
    void *grown;

    if (array != NULL && count < *cap)
        return array;
    if (want > SIZE_MAX / 2 / size)
        return NULL;
    grown = want * size < LARGE ? realloc(array, want * size)
                                : grow_large(array, *cap * size, want * size);
    if (grown != NULL)
        *cap = want;
    return grown;
}
