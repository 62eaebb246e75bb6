/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON that programs read: every byte of a client's text comes out as something that they can read. */
#include "unit.h"

#include "postlatch/json.h"

#include <stdlib.h>

/* What is printed of value, which is freed. */
static void check_printed(struct pl_json *value, const char *want)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    assert_non_null(f);
    pl_json_print(value, f);
    assert_int_equal(fclose(f), 0);
    check_str(want, text, want);
    free(text);
    pl_json_free(value);
}

static void strings(void **state)
{
    static const struct {
        struct pl_str in;
        const char *out;
    } rows[] = {
        {{NULL, 0}, "\"\"\n"},
        {{"a b", 3}, "\"a b\"\n"},
        {{"\"\\\n\x01", 4}, "\"\\\"\\\\\\n\\u0001\"\n"},
        {{"\xc3\xbc", 2}, "\"\xc3\xbc\"\n"},
        {{"a\0b", 3}, "\"a\\\\x00b\"\n"},
        {{"\xff", 1}, "\"\\\\xff\"\n"},
        {{"\xc3", 1}, "\"\\\\xc3\"\n"},
        {{"\xed\xa0\x80", 3}, "\"\\\\xed\\\\xa0\\\\x80\"\n"}, /* a surrogate is no UTF-8 */
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_printed(pl_json_string(rows[i].in), rows[i].out);
}

static void values(void **state)
{
    struct pl_json *object = pl_json_object(), *array = pl_json_array();

    (void)state;
    pl_json_append(array, pl_json_number(-1));
    pl_json_append(array, pl_json_bool(true));
    pl_json_append(array, pl_json_bool(false));
    pl_json_append(array, pl_json_null());
    pl_json_append(array, NULL); /* memory was short */
    pl_json_set(object, "z", array);
    pl_json_set(object, "a", pl_json_string(pl_str_lit("b")));
    pl_json_set(object, "none", NULL);
    check_printed(object, "{\n  \"z\": [\n    -1,\n    true,\n    false,\n    null\n  ],\n"
                          "  \"a\": \"b\"\n}\n");
    pl_json_free(NULL);
}

static void parsing(void **state)
{
    static const char *const none[] = {"", "[]", "\"a\"", "1", "null", "{", "{\"a\":}", "{} x"};
    struct pl_json *value = pl_json_parse(pl_str_lit("{\"a\": \"b\", \"n\": 1}"));

    (void)state;
    assert_non_null(value);
    check_str("a", pl_json_get(value, "a"), "b");
    assert_null(pl_json_get(value, "n")); /* no string */
    assert_null(pl_json_get(value, "c"));
    pl_json_free(value);
    for (size_t i = 0; i < ROWS(none); i++)
        check_true(none[i], pl_json_parse(pl_str_of(none[i])) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(values),
        cmocka_unit_test(parsing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
