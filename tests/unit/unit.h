/* SPDX-License-Identifier: BSD-2-Clause */
/* What every unit test needs: cmocka, and its assertions with the name of the table's row. */
#ifndef POSTLATCH_TESTS_UNIT_H
#define POSTLATCH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postlatch/str.h"

#include <stdio.h>
#include <string.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* check_str - two strings are equal; says which row of which table they came from if not */
static inline void check_str(const char *row, const char *got, const char *want)
{
    if (strcmp(got, want) != 0)
        fail_msg("%s:\n   got \"%s\"\n  want \"%s\"", row, got, want);
}

static inline void check_true(const char *row, int holds)
{
    if (!holds)
        fail_msg("%s", row);
}

#endif
