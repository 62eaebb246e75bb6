/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of addresses as ranges, and look-ups in sets of networks and names. */
#include "misuse.h"

#include "postlatch/buf.h"
#include "postlatch/ipset.h"
#include "postlatch/nameset.h"
#include "postlatch/ranges.h"

static struct pl_prefix prefix(const char *text)
{
    struct pl_prefix p;
    char why[PL_PREFIX_WHY];

    if (!pl_prefix_parse(&p, pl_str_of(text), why))
        fail_msg("%s: %s", text, why);
    return p;
}

/* The prefixes of "a b c", as ranges, merged. */
static void read_ranges(struct pl_ranges *r, const char *list)
{
    char copy[400], *rest = copy, *word;

    snprintf(copy, sizeof(copy), "%s", list);
    while ((word = strsep(&rest, " ")) != NULL) {
        struct pl_prefix p;

        if (word[0] == '\0')
            continue;
        p = prefix(word);
        assert_true(pl_ranges_add(r, &p));
    }
    pl_ranges_merge(r);
}

static void subtracting(void **state)
{
    static const struct {
        const char *a, *b, *left; /* left: the minimal list of prefixes */
    } rows[] = {
        {"", "", ""},
        {"", "10.0.0.0/8", ""},
        {"10.0.0.0/8", "", "10.0.0.0/8"},
        {"10.0.0.0/9 10.128.0.0/9", "", "10.0.0.0/8"},
        {"10.0.0.0/9 10.0.0.0/8 10.1.0.0/16", "", "10.0.0.0/8"},
        {"10.0.0.1 10.0.0.2 10.0.0.3", "", "10.0.0.1 10.0.0.2/31"},
        {"10.0.0.1 10.0.0.3", "", "10.0.0.1 10.0.0.3"},
        {"10.0.0.0/8", "10.0.0.0/8", ""},
        {"10.0.0.0/8", "0.0.0.0/0", ""},
        {"10.0.0.0/30", "10.0.0.0", "10.0.0.1 10.0.0.2/31"},
        {"10.0.0.0/30", "10.0.0.3", "10.0.0.0/31 10.0.0.2"},
        {"10.0.0.0/29", "10.0.0.2 10.0.0.5", "10.0.0.0/31 10.0.0.3 10.0.0.4 10.0.0.6/31"},
        {"10.0.0.0/24 10.0.2.0/24", "10.0.1.0/24", "10.0.0.0/24 10.0.2.0/24"},
        {"10.0.0.0/24 10.0.2.0/24", "10.0.0.0/16", ""},
        {"10.0.0.0/24 10.0.2.0/24", "9.0.0.0/8 11.0.0.0/8", "10.0.0.0/24 10.0.2.0/24"},
        {"10.0.0.0/24 10.0.2.0/24", "10.0.0.128/25 10.0.2.0/25", "10.0.0.0/25 10.0.2.128/25"},
        {"0.0.0.0/0", "", "0.0.0.0/0"},
        {"255.255.255.255 255.255.255.254", "", "255.255.255.254/31"},
        {"255.0.0.0/8 255.255.255.255", "", "255.0.0.0/8"},
        {"0.0.0.0/0", "255.255.255.255 0.0.0.0",
         "0.0.0.1 0.0.0.2/31 0.0.0.4/30 0.0.0.8/29 0.0.0.16/28 0.0.0.32/27 0.0.0.64/26 "
         "0.0.0.128/25 0.0.1.0/24 0.0.2.0/23 0.0.4.0/22 0.0.8.0/21 0.0.16.0/20 0.0.32.0/19 "
         "0.0.64.0/18 0.0.128.0/17 0.1.0.0/16 0.2.0.0/15 0.4.0.0/14 0.8.0.0/13 0.16.0.0/12 "
         "0.32.0.0/11 0.64.0.0/10 0.128.0.0/9 1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/5 16.0.0.0/4 "
         "32.0.0.0/3 64.0.0.0/2 128.0.0.0/2 192.0.0.0/3 224.0.0.0/4 240.0.0.0/5 248.0.0.0/6 "
         "252.0.0.0/7 254.0.0.0/8 255.0.0.0/9 255.128.0.0/10 255.192.0.0/11 255.224.0.0/12 "
         "255.240.0.0/13 255.248.0.0/14 255.252.0.0/15 255.254.0.0/16 255.255.0.0/17 "
         "255.255.128.0/18 255.255.192.0/19 255.255.224.0/20 255.255.240.0/21 255.255.248.0/22 "
         "255.255.252.0/23 255.255.254.0/24 255.255.255.0/25 255.255.255.128/26 "
         "255.255.255.192/27 255.255.255.224/28 255.255.255.240/29 255.255.255.248/30 "
         "255.255.255.252/31 255.255.255.254"},
        {"2001:db8::/33 2001:db8:8000::/33", "2001:db8:8000::/33", "2001:db8::/33"},
        {"::/0", "", "::/0"},
        /* the two families never touch */
        {"255.255.255.255 ::", "", "255.255.255.255 ::"},
        {"0.0.0.0/0 ::/0", "0.0.0.0/0", "::/0"},
        {"0.0.0.0/0 ::/0", "::/0", "0.0.0.0/0"},
        {"::/0", "0.0.0.0/0", "::/0"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", "",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_ranges a = {0}, b = {0};
        struct pl_buf got = {0};
        char text[PL_PREFIX_TEXT], row[900];

        snprintf(row, sizeof(row), "%s without %s", rows[i].a, rows[i].b);
        read_ranges(&a, rows[i].a);
        read_ranges(&b, rows[i].b);
        check_true(row, pl_ranges_subtract(&a, &b));
        for (size_t k = 0; k < a.count; k++) {
            struct pl_range rest = a.ranges[k];
            struct pl_prefix p;

            while (pl_range_next_prefix(&rest, &p))
                pl_buf_addf(&got, "%s%s", got.n > 0 ? " " : "", pl_prefix_format(text, &p));
        }
        check_str(row, got.p == NULL ? "" : got.p, rows[i].left);
        pl_buf_fini(&got);
        pl_ranges_fini(&a);
        pl_ranges_fini(&b);
    }
}

/* The most specific network answers, and of equal ones the first. */
static void networks(void **state)
{
    static const char *const entries[] = {"10.0.0.0/8",    "10.1.0.0/16",  "10.1.2.3",
                                          "0.0.0.0/0",     "10.1.0.0/16",  "2001:db8::/32",
                                          "2001:db8::/48", "192.0.2.0/24", "2001:db8::/48"};
    static const struct {
        const char *addr;
        uint32_t id;
    } rows[] = {
        {"10.1.2.3", 2},          {"10.1.2.4", 1},        {"10.2.0.0", 0},
        {"192.0.2.255", 7},       {"192.0.3.0", 3},       {"::1", PL_NO_ENTRY},
        {"2001:db8:0:1::", 6},    {"2001:db8:1::", 5},    {"2001:db9::", PL_NO_ENTRY},
        {"unknown", PL_NO_ENTRY}, {"::ffff:10.1.2.3", 2},
    };
    struct pl_ipset s = {0};
    struct pl_prefix p;
    struct pl_addr a;

    (void)state;
    assert_true(pl_addr_parse(&a, pl_str_lit("10.1.2.3")));
    assert_int_equal(pl_ipset_find(&s, &a), PL_NO_ENTRY);
    pl_ipset_freeze(&s);
    assert_int_equal(pl_ipset_find(&s, &a), PL_NO_ENTRY);
    pl_ipset_fini(&s);
    for (uint32_t i = (uint32_t)ROWS(entries); i-- > 0;) { /* backwards: ids count, not order */
        p = prefix(entries[i]);
        assert_true(pl_ipset_add(&s, &p, i));
    }
    expect_assert_failure(pl_ipset_find(&s, &a));
    pl_ipset_freeze(&s);
    expect_assert_failure(pl_ipset_add(&s, &p, 0));
    for (size_t i = 0; i < ROWS(rows); i++) {
        pl_addr_parse(&a, pl_str_of(rows[i].addr));
        check_true(rows[i].addr, pl_ipset_find(&s, &a) == rows[i].id);
    }
    pl_ipset_fini(&s);
    assert_int_equal(s.count, 0);
}

static void names(void **state)
{
    static const char *const entries[] = {"b", "a", "ab", "b", "", "B", "abc"};
    static const struct {
        const char *key;
        uint32_t id;
    } rows[] = {
        {"a", 1},
        {"b", 0},
        {"B", 5},
        {"ab", 2},
        {"abc", 6},
        {"", 4},
        {"A", PL_NO_ENTRY},
        {"abcd", PL_NO_ENTRY},
        {"aa", PL_NO_ENTRY},
        {"c", PL_NO_ENTRY},
    };
    static const struct pl_str key = {"a", 1};
    static struct pl_nameset s;

    (void)state;
    assert_int_equal(pl_nameset_find(&s, key), PL_NO_ENTRY);
    pl_nameset_freeze(&s);
    assert_int_equal(pl_nameset_find(&s, key), PL_NO_ENTRY);
    pl_nameset_fini(&s);
    for (uint32_t i = (uint32_t)ROWS(entries); i-- > 0;)
        assert_true(pl_nameset_add(&s, pl_str_of(entries[i]), i));
    expect_assert_failure(pl_nameset_find(&s, key));
    pl_nameset_freeze(&s);
    expect_assert_failure(pl_nameset_add(&s, key, 0));
    for (size_t i = 0; i < ROWS(rows); i++)
        check_true(rows[i].key, pl_nameset_find(&s, pl_str_of(rows[i].key)) == rows[i].id);
    pl_nameset_fini(&s);
}

static void containing(void **state)
{
    static const struct {
        const char *list, *addr;
        bool holds;
    } rows[] = {
        {"", "10.0.0.1", false},
        {"10.0.0.0/8", "10.0.0.0", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8 12.0.0.0/8 14.0.0.1", "12.1.2.3", true},
        {"10.0.0.0/8 12.0.0.0/8 14.0.0.1", "14.0.0.1", true},
        {"10.0.0.0/8 12.0.0.0/8 14.0.0.1", "14.0.0.2", false},
        {"10.0.0.0/8 12.0.0.0/8 14.0.0.1", "11.0.0.1", false},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"10.0.0.0/8 2001:db8::/32", "2001:db8::1", true},
        {"10.0.0.0/8 2001:db8::/32", "2001:db9::1", false},
        {"::/0", "10.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_ranges r = {0};
        struct pl_addr addr;

        read_ranges(&r, rows[i].list);
        assert_true(pl_addr_parse(&addr, pl_str_of(rows[i].addr)));
        if (pl_ranges_contain(&r, &addr) != rows[i].holds)
            fail_msg("{%s} and %s", rows[i].list, rows[i].addr);
        pl_ranges_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subtracting),
        cmocka_unit_test(containing),
        cmocka_unit_test(networks),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
