/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_BUF_H
#define POSTLATCH_BUF_H

#include "postlatch/compiler.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * struct pl_buf - growable bytes; plain value, initialise with {0}, release with pl_buf_fini
 *
 * When memory runs out the buffer keeps what it has and `failed` stays set, so that a writer may
 * check once at its end instead of at each step.
 */
struct pl_buf {
    char *p;     /* NUL-terminated once anything was added; owned */
    size_t n;    /* bytes, without the NUL */
    size_t cap;  /* bytes allocated */
    bool failed; /* memory ran out: the content is not complete */
};

/* pl_buf_fini - frees the content and makes the buffer empty again */
void pl_buf_fini(struct pl_buf *b);

/* pl_buf_reset - empty, memory kept for the next use */
void pl_buf_reset(struct pl_buf *b);

/* pl_buf_add, pl_buf_add_char, pl_buf_addf - append; see `failed` */
void pl_buf_add(struct pl_buf *b, struct pl_str s);
void pl_buf_add_char(struct pl_buf *b, char c);
void pl_buf_addf(struct pl_buf *b, const char *fmt, ...) PL_PRINTF(2, 3);

/* pl_buf_str - a view of the content, dead at the next change of the buffer */
struct pl_str pl_buf_str(const struct pl_buf *b);

/*
 * pl_grow - make room for one more element in a malloc'ed array
 *
 * in       array: NULL or the last result; *cap: elements it can hold; count: elements in use;
 *          size: bytes an element
 * returns  the array with room for count + 1, *cap updated; NULL when memory is short, the old
 *          array then stays valid
 */
void *pl_grow(void *array, size_t *cap, size_t count, size_t size);

#endif
