/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a process that found one of its own invariants broken. */
#include "postlatch/compiler.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void pl_assert_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "postlatch: bug: \"%s\" does not hold (%s:%d)\n", expr, file, line);
    abort();
}
