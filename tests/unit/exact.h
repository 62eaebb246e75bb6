/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts that end where their memory ends, so that AddressSanitizer sees a read behind the end. */
#ifndef POSTLATCH_TESTS_UNIT_EXACT_H
#define POSTLATCH_TESTS_UNIT_EXACT_H

#include "unit.h"

#include <stdlib.h>

/* exact - a copy of text without its NUL, {NULL, 0} for ""; to be released with exact_free */
static inline struct pl_str exact(const char *text)
{
    size_t n = strlen(text);
    char *copy = NULL;

    if (n > 0) {
        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, text, n);
    }
    return (struct pl_str){copy, n};
}

static inline void exact_free(struct pl_str s)
{
    free((void *)(uintptr_t)s.p);
}

#endif
