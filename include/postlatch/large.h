/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_LARGE_H
#define POSTLATCH_LARGE_H

#include <stddef.h>

/*
 * pl_alloc_large - memory for an array that look-ups will read here and there
 *
 * Of a large one every read would also wait for the page's entry in the page tables. So the kernel is
 * asked for large pages, as far as they are filled; whether it has them, and is allowed to give them,
 * does not matter.
 *
 * returns  NULL when memory is short or n is 0; release with free()
 */
void *pl_alloc_large(size_t n);

#endif
