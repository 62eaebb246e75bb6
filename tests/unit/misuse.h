/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes the place of the library's pl_assert_failed, so that a test can see an assertion fail:
 * expect_assert_failure(call). For one source file a program.
 */
#ifndef POSTLATCH_TESTS_UNIT_MISUSE_H
#define POSTLATCH_TESTS_UNIT_MISUSE_H

#include "unit.h"

#include "postlatch/compiler.h"

#include <stdlib.h>

_Noreturn void pl_assert_failed(const char *expr, const char *file, int line)
{
    mock_assert(0, expr, file, line);
    abort();
}

#endif
