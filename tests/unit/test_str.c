/* SPDX-License-Identifier: BSD-2-Clause */
/* Views of bytes, and the numbers in them. */
#include "exact.h"

static void comparing(void **state)
{
    static const struct {
        const char *a, *b;
        int order;                /* of bytes */
        bool fold;                /* equal without case */
        bool prefix, prefix_fold; /* b begins a */
    } rows[] = {
        {"", "", 0, true, true, true},
        {"a", "", 1, false, true, true},
        {"", "a", -1, false, false, false},
        {"a", "a", 0, true, true, true},
        {"a", "b", -1, false, false, false},
        {"abc", "ab", 1, false, true, true},
        {"abc", "abd", -1, false, false, false},
        {"Abc", "aBC", -1, true, false, true},
        {"aBcd", "Ab", 1, false, false, true},
        {"a", "\xff", -1, false, false, false},
        {"\xc3\x9c", "\xc3\xbc", -1, false, false, false},
        {"@", "`", -1, false, false, false},
        {"[", "{", -1, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str a = exact(rows[i].a), b = exact(rows[i].b);
        int order = pl_str_cmp(a, b);

        check_true(rows[i].a, (order > 0) - (order < 0) == rows[i].order);
        check_true(rows[i].a, pl_str_eq(a, b) == (rows[i].order == 0));
        check_true(rows[i].a, pl_str_eq_fold(a, b) == rows[i].fold);
        check_true(rows[i].a, pl_str_has_prefix(a, b) == rows[i].prefix);
        check_true(rows[i].a, pl_str_has_prefix_fold(a, b) == rows[i].prefix_fold);
        exact_free(a);
        exact_free(b);
    }
    assert_int_equal(pl_str_of(NULL).n, 0);
    assert_null(pl_str_of(NULL).p);
    assert_true(pl_str_eq(pl_str_of(NULL), pl_str_lit("")));
    assert_true(pl_str_cmp(pl_str_of(NULL), pl_str_lit("")) == 0);
}

static void finding_and_cutting(void **state)
{
    static const struct {
        const char *in;
        size_t first, last; /* of '@' */
        const char *trimmed;
    } rows[] = {
        {"", 0, 0, ""},           {"a", 1, 1, "a"},           {"@", 0, 0, "@"},
        {"a@b@c", 1, 3, "a@b@c"}, {" \ta b\t ", 7, 7, "a b"}, {" ", 1, 1, ""},
        {"\t\t", 2, 2, ""},       {"\n@ ", 1, 1, "\n@"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str s = exact(rows[i].in);

        assert_int_equal(pl_str_find(s, '@'), rows[i].first);
        assert_int_equal(pl_str_rfind(s, '@'), rows[i].last);
        check_true(rows[i].in, pl_str_eq(pl_str_trim(s), pl_str_of(rows[i].trimmed)));
        check_true(rows[i].in, pl_str_eq(pl_str_from(s, 0), s));
        assert_int_equal(pl_str_from(s, s.n).n, 0);
        exact_free(s);
    }
    assert_int_equal(pl_str_from((struct pl_str){NULL, 0}, 0).n, 0);
    assert_true(pl_str_eq(pl_str_from(pl_str_lit("abc"), 2), pl_str_lit("c")));
    assert_int_equal(pl_str_find(pl_str_lit("a\0@"), '@'), 2);
}

/* Every byte, against the C locale written out. */
static void letters_and_digits(void **state)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char digits[] = "0123456789", hex[] = "0123456789abcdef";

    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i, row[20];
        const char *l = c == '\0' ? NULL : strchr(lower, c),
                   *u = c == '\0' ? NULL : strchr(upper, c);
        const char *h;

        snprintf(row, sizeof(row), "\\x%02x", (unsigned)i);
        check_true(row, pl_ascii_lower(c) == (u != NULL ? lower[u - upper] : c));
        check_true(row, pl_ascii_upper(c) == (l != NULL ? upper[l - lower] : c));
        check_true(row, pl_ascii_is_alpha(c) == (l != NULL || u != NULL));
        check_true(row, pl_ascii_is_digit(c) == (c != '\0' && strchr(digits, c) != NULL));
        check_true(row, pl_ascii_is_alnum(c) == (pl_ascii_is_alpha(c) || pl_ascii_is_digit(c)));
        check_true(row, pl_ascii_is_print(c) == (i >= 32 && i < 127));
        h = c == '\0' ? NULL : strchr(hex, u != NULL ? lower[u - upper] : c);
        check_true(row, pl_ascii_hex_digit(c) == (h != NULL ? (int)(h - hex) : -1));
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *in;
        unsigned long min, max;
        long want; /* -1: none */
    } rows[] = {
        {"0", 0, 9, 0},
        {"9", 0, 9, 9},
        {"10", 0, 9, -1},
        {"1", 2, 9, -1},
        {"2", 2, 9, 2},
        {"65535", 1, 65535, 65535},
        {"65536", 1, 65535, -1},
        {"", 0, 9, -1},
        {"00", 0, 9, -1},
        {"01", 0, 9, -1},
        {"+1", 0, 9, -1},
        {"-1", 0, 9, -1},
        {" 1", 0, 9, -1},
        {"1 ", 0, 9, -1},
        {"1x", 0, 99, -1},
        {"0x1", 0, 99, -1},
        {"1.", 0, 99, -1},
        {"\xd9\xa1", 0, 99, -1},
        {"4294967295", 0, 0xffffffff, 4294967295},
        {"9999999999", 0, 9999999999, 9999999999},
        {"10000000000", 0, 99999999999, -1}, /* eleven digits */
        {"18446744073709551617", 0, 9, -1},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str s = exact(rows[i].in);
        unsigned long value = 77;
        bool ok = pl_str_to_number(s, rows[i].min, rows[i].max, &value);

        check_true(rows[i].in, ok == (rows[i].want >= 0));
        check_true(rows[i].in, value == (ok ? (unsigned long)rows[i].want : 77));
        exact_free(s);
    }
}

/* Every byte at every place of every length, without a write behind the end. */
static void lower_case(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 40; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int byte = 0; byte < 256; byte++) {
                char in[40], out[41];

                memset(in, 'Q', sizeof(in));
                memset(out, '#', sizeof(out));
                in[at] = (char)byte;
                pl_str_lower(out, (struct pl_str){in, n});
                for (size_t i = 0; i < n; i++)
                    assert_int_equal(out[i], i == at ? pl_ascii_lower((char)byte) : 'q');
                assert_int_equal(out[n], '#');
            }
        }
    }
    pl_str_lower(NULL, (struct pl_str){NULL, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lower_case),
        cmocka_unit_test(comparing),
        cmocka_unit_test(finding_and_cutting),
        cmocka_unit_test(letters_and_digits),
        cmocka_unit_test(numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
