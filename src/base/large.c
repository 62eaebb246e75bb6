/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory in large pages, from the size on at which an array has some of them to itself. */
#include "postlatch/large.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20 };

void *pl_alloc_large(size_t n)
{
    void *p;

    if (n < LARGE_PAGE)
        return n == 0 ? NULL : malloc(n);
    if (posix_memalign(&p, LARGE_PAGE, n) != 0)
        return NULL;
    (void)madvise(p, n / LARGE_PAGE * LARGE_PAGE,
                  MADV_HUGEPAGE); /* slower without it, that is all */
    return p;
}
