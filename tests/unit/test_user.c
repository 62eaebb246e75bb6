/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins: which of them are one user, by the administrator's word. */
#include "unit.h"

#include "postlatch/user.h"

static const struct {
    const char *login, *realm;
    bool fold;
    const char *key; /* "": equal to no entry */
} rows[] = {
    {"alice", "", false, "alice"},
    {"Alice", "", false, "Alice"},
    {"Alice", "", true, "alice"},
    {"alice@example.org", "", false, "alice@example.org"},
    {"Alice@Example.ORG", "", false, "Alice@Example.ORG"},
    {"Alice@Example.ORG", "", true, "alice@example.org"},
    {"alice", "example.org", false, "alice@example.org"},
    {"Alice", "Example.ORG", false, "Alice@Example.ORG"},
    {"Alice", "Example.ORG", true, "alice@example.org"},
    {"alice@other.example", "example.org", false, "alice@other.example"},
    {"@example.org", "example.org", false, "@example.org"},
    {"@Example.org", "example.org", true, "@example.org"},
    {"@", "example.org", false, "@"},
    {"alice@", "example.org", false, "alice@"},
    {"a@b@c", "example.org", false, "a@b@c"},
    {"", "", false, ""},
    {"", "example.org", true, ""},
    {" ", "", false, " "},
    {"\xc3\x9c\x01", "", true, "\xc3\x9c\x01"}, /* only ASCII folds */
};

static void keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_user_style style = {rows[i].fold, pl_str_of(rows[i].realm)};
        char key[PL_USER_MAX], row[100];
        size_t n = pl_user_key(key, pl_str_of(rows[i].login), &style);

        snprintf(row, sizeof(row), "row %zu, \"%s\"", i, rows[i].login);
        check_true(row, pl_str_eq((struct pl_str){key, n}, pl_str_of(rows[i].key)));
    }
}

/* The longest login that has a key, with and without a realm appended; one byte more has none. */
static void lengths(void **state)
{
    static const struct pl_user_style alone = {false, {NULL, 0}}, realm = {true, {"REALM", 5}};
    static const struct {
        size_t n;
        bool with_at;
        const struct pl_user_style *style;
        size_t want;
    } cases[] = {
        {PL_USER_MAX, false, &alone, PL_USER_MAX}, {PL_USER_MAX + 1, false, &alone, 0},
        {PL_USER_MAX + 1, true, &alone, 0},        {PL_USER_MAX - 6, false, &realm, PL_USER_MAX},
        {PL_USER_MAX - 5, false, &realm, 0},       {PL_USER_MAX, false, &realm, 0},
        {PL_USER_MAX, true, &realm, PL_USER_MAX},  {PL_USER_MAX + 1, true, &realm, 0},
    };
    char login[PL_USER_MAX + 1], key[PL_USER_MAX];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        memset(login, 'a', sizeof(login));
        if (cases[i].with_at)
            login[1] = '@';
        assert_int_equal(pl_user_key(key, (struct pl_str){login, cases[i].n}, cases[i].style),
                         cases[i].want);
        if (cases[i].want == cases[i].n + 6)
            assert_memory_equal(key + PL_USER_MAX - 7, "a@realm", 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
