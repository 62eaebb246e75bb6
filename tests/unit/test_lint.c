/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings as such: order, how many are kept, accept_warnings. */
#include "lint.h"
#include "misuse.h"

/* The findings of a policy of which lint has nothing to say, to add to. */
static struct pl_findings *begin(struct pl_config *config, struct pl_str *quiet, size_t n)
{
    struct pl_lint_input in = {0};
    struct pl_buf messages = {0};
    struct pl_findings *f;

    assert_true(load_text(config, "accepted_domains = {example.org}\n", &messages));
    config->policy->quiet = quiet;
    config->policy->nquiet = n;
    f = pl_lint(config->policy, &in);
    assert_non_null(f);
    assert_int_equal(f->count, 0);
    pl_buf_fini(&messages);
    return f;
}

static void end(struct pl_findings *f, struct pl_config *config)
{
    pl_findings_free(f);
    pl_config_fini(config);
}

static void words(void **state)
{
    (void)state;
    check_str("the first", pl_lint_word(PL_LINT_UNREACHABLE_RULE), "unreachable-rule");
    check_str("the last", pl_lint_word(PL_LINT_EMBEDDED_IPV4), "embedded-ipv4");
    assert_false(pl_lint_is_note(PL_LINT_ACCEPT_EXPIRES));
    assert_true(pl_lint_is_note(PL_LINT_PUBLIC_NETWORK));
    expect_assert_failure(pl_lint_word(PL_LINT_COUNT));
    expect_assert_failure(pl_lint_is_note(PL_LINT_COUNT));
}

/* By code, then by file and line, what stands nowhere last; a code does not take another's room. */
static void order(void **state)
{
    static const char text[] = "networks unused { entries = {10.0.0.0/8,\n  10.1.0.0/16} }\n"
                               "networks empty { entries = {} }\n"
                               "relay_networks = {<empty>, 127.0.0.1, ::1}\n"
                               "users spare { entries = {alice} }\n";
    static const struct lint_case c = {
        "order", text, NULL, NULL,
        "postlatch.conf:3: empty-table empty: networks \"empty\" has no entries: whom it is meant "
        "to "
        "let in, or to keep out, it does not. Fill it, or take it out\n"
        "postlatch.conf:2: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" adds nothing, as "
        "\"10.0.0.0/8\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes nobody "
        "off the list. Take it out now, or narrow the wider entry\n"
        "postlatch.conf:1: unused-table unused: no rule and no list names networks \"unused\", so "
        "its entries have no effect. Write <unused> where they are to count, or take the table "
        "out\n"
        "postlatch.conf:5: unused-table spare: no rule and no list names users \"spare\", so its "
        "entries have no effect. Write <spare> where they are to count, or take the table out\n"};

    (void)state;
    check_lint(&c, 1U << PL_LINT_EMPTY_TABLE | 1U << PL_LINT_REDUNDANT_ENTRY |
                       1U << PL_LINT_UNUSED_TABLE);
}

/* Of many the first by place are kept, in whatever order they come; all are counted. */
static void limit(void **state)
{
    struct pl_config config;
    struct pl_findings *f = begin(&config, NULL, 0);
    bool seen[PL_LINT_SHOWN + 1] = {false};

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct pl_pos at = {0, i * 7 % 1000 + 1};

        pl_lint_add(f, PL_LINT_REDUNDANT_ENTRY, at, NULL, pl_str_lit("x"), "line %u",
                    (unsigned)at.line);
    }
    pl_lint_add(f, PL_LINT_REDUNDANT_ENTRY, PL_NOWHERE, NULL, pl_str_lit("x"), "nowhere");
    pl_lint_add(f, PL_LINT_EMPTY_TABLE, PL_NOWHERE, NULL, pl_str_lit("y"), "another");
    assert_false(f->failed);
    assert_int_equal(f->found[PL_LINT_REDUNDANT_ENTRY], 1001);
    assert_int_equal(f->found[PL_LINT_EMPTY_TABLE], 1);
    assert_int_equal(f->count, PL_LINT_SHOWN + 1);
    for (size_t i = 0; i < f->count; i++) {
        char want[40];

        if (f->items[i].code == PL_LINT_EMPTY_TABLE)
            continue;
        snprintf(want, sizeof(want), "line %u", (unsigned)f->items[i].at.line);
        check_str("its own message", f->items[i].message.p, want);
        assert_in_range(f->items[i].at.line, 1, PL_LINT_SHOWN);
        assert_false(seen[f->items[i].at.line]);
        seen[f->items[i].at.line] = true;
    }
    end(f, &config);
}

static void accepted(void **state)
{
    struct pl_str quiet[] = {pl_str_lit("empty-table:lan"),  pl_str_lit("empty-table:"),
                             pl_str_lit("empty-table"),      pl_str_lit("unused-table:lan"),
                             pl_str_lit("empty-table:lan2"), pl_str_lit("empty-table:lan")};
    static const bool want[] = {true, false, false, false, false, true};
    struct pl_config config;
    struct pl_findings *f = begin(&config, quiet, ROWS(quiet));

    (void)state;
    pl_lint_add(f, PL_LINT_EMPTY_TABLE, PL_NOWHERE, NULL, pl_str_lit("lan"), "accepted");
    pl_lint_add(f, PL_LINT_EMPTY_TABLE, PL_NOWHERE, NULL, pl_str_lit("lan"), "again");
    pl_lint_add(f, PL_LINT_EMPTY_TABLE, PL_NOWHERE, NULL, pl_str_lit("la"), "not accepted");
    assert_int_equal(f->count, 1);
    check_str("kept", f->items[0].message.p, "not accepted");
    assert_int_equal(f->found[PL_LINT_EMPTY_TABLE], 1);
    assert_int_equal(f->accepted[PL_LINT_EMPTY_TABLE], 2);
    assert_int_equal(f->naccepted, 2);
    for (size_t i = 0; i < ROWS(want); i++)
        check_true(quiet[i].p, f->quiet_used[i] == want[i]);
    end(f, &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(order),
        cmocka_unit_test(limit),
        cmocka_unit_test(accepted),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
