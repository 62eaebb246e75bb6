/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors in the order of the files, each counted, as many kept as anybody reads. */
#include "unit.h"

#include "postlatch/diag.h"

static void order(void **state)
{
    static const char *const want[] = {"b.conf: whole file",         "b.conf:2: first of line 2",
                                       "b.conf:2: second of line 2", "b.conf:10: line 10",
                                       "a.conf:1: another file",     "nowhere"};
    struct pl_diag *d = pl_diag_new();
    uint32_t a, b;

    (void)state;
    assert_non_null(d);
    assert_null(pl_diag_get(d, 0));
    b = pl_diag_file(d, "b.conf");
    a = pl_diag_file(d, "a.conf");
    assert_int_equal(pl_diag_file(d, "b.conf"), b);
    assert_int_equal(pl_diag_file_count(d), 2);
    check_str("name", pl_diag_file_name(d, a), "a.conf");
    check_str("no name", pl_diag_file_name(d, PL_NO_FILE), "");
    pl_diag_error(d, PL_NOWHERE, "nowhere");
    pl_diag_error(d, (struct pl_pos){a, 1}, "another %s", "file");
    pl_diag_error(d, (struct pl_pos){b, 10}, "line 10");
    pl_diag_error(d, (struct pl_pos){b, 2}, "first of line 2");
    pl_diag_error(d, (struct pl_pos){b, 2}, "second of line 2");
    pl_diag_error(d, (struct pl_pos){b, 0}, "whole file");
    for (size_t i = 0; i < ROWS(want); i++)
        check_str(want[i], pl_diag_get(d, i), want[i]);
    assert_null(pl_diag_get(d, ROWS(want)));
    assert_int_equal(pl_diag_errors(d), ROWS(want));
    /* One that comes after the others were read. */
    pl_diag_error(d, (struct pl_pos){b, 1}, "late");
    check_str("late", pl_diag_get(d, 1), "b.conf:1: late");
    pl_diag_free(d);
    pl_diag_free(NULL);
}

static void many(void **state)
{
    struct pl_diag *d = pl_diag_new();
    uint32_t file;
    char want[40];

    (void)state;
    assert_non_null(d);
    file = pl_diag_file(d, "f");
    for (uint32_t i = 1; i <= PL_DIAG_KEPT + 5; i++)
        pl_diag_error(d, (struct pl_pos){file, i}, "no. %u", (unsigned)i);
    assert_int_equal(pl_diag_errors(d), PL_DIAG_KEPT + 5);
    for (size_t i = 0; i < PL_DIAG_SHOWN; i++) {
        snprintf(want, sizeof(want), "f:%zu: no. %zu", i + 1, i + 1);
        check_str(want, pl_diag_get(d, i), want);
    }
    assert_null(pl_diag_get(d, PL_DIAG_SHOWN));
    pl_diag_free(d);
}

static void no_memory_is_said_once(void **state)
{
    struct pl_diag *d = pl_diag_new();

    (void)state;
    assert_non_null(d);
    pl_diag_no_memory(d);
    pl_diag_no_memory(d);
    assert_int_equal(pl_diag_errors(d), 1);
    check_str("text", pl_diag_get(d, 0), "out of memory");
    assert_null(pl_diag_get(d, 1));
    pl_diag_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),
        cmocka_unit_test(many),
        cmocka_unit_test(no_memory_is_said_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
