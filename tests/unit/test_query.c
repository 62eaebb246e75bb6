/* SPDX-License-Identifier: BSD-2-Clause */
/* A question's values: read once, absent or unknown where they are, and each where it belongs. */
#include "misuse.h"

#include "postlatch/query.h"

/* A value of an attribute that is an address or a host name; out: how it was read, "" for none. */
static const struct {
    enum pl_attr attr;
    const char *value, *out;
    bool present;
} rows[] = {
    {PL_ATTR_CLIENT_ADDRESS, "192.0.2.1", "192.0.2.1", true},
    {PL_ATTR_CLIENT_ADDRESS, "::ffff:192.0.2.1", "192.0.2.1", true},
    {PL_ATTR_CLIENT_ADDRESS, "2001:DB8::25", "2001:db8::25", true},
    {PL_ATTR_CLIENT_ADDRESS, "unknown", "", false},
    {PL_ATTR_CLIENT_ADDRESS, "192.0.2.1 ", "", false},
    {PL_ATTR_CLIENT_ADDRESS, "mail.example", "", false},
    {PL_ATTR_CLIENT_ADDRESS, "", "", false},
    {PL_ATTR_SERVER_ADDRESS, "198.51.100.25", "198.51.100.25", true},
    {PL_ATTR_SERVER_ADDRESS, "unknown", "", false},
    {PL_ATTR_SERVER_ADDRESS, "", "", false},
    {PL_ATTR_CLIENT_NAME, "Mail.Example.ORG", "mail.example.org", true},
    {PL_ATTR_CLIENT_NAME, "unknown", "", false},
    {PL_ATTR_CLIENT_NAME, "UnKnown", "", false},
    {PL_ATTR_CLIENT_NAME, "unknown.example", "unknown.example", true},
    {PL_ATTR_CLIENT_NAME, "", "", false},
    {PL_ATTR_CLIENT_NAME, "a..b", "", true}, /* there, but equal to no name */
    {PL_ATTR_REVERSE_CLIENT_NAME, "ptr.example", "ptr.example", true},
    {PL_ATTR_REVERSE_CLIENT_NAME, "unknown", "", false},
    {PL_ATTR_REVERSE_CLIENT_NAME, "", "", false},
    {PL_ATTR_HELO_NAME, "[192.0.2.1]", "[192.0.2.1]", true},
    {PL_ATTR_HELO_NAME, "[ipv6:2001:DB8::1]", "[ipv6:2001:db8::1]", true},
    {PL_ATTR_HELO_NAME, "192.0.2.1", "", true},
    {PL_ATTR_HELO_NAME, "unknown", "", false},
    {PL_ATTR_HELO_NAME, "", "", false},
};

/* What was read for an attribute of kind ADDR or HOST, as text. */
static const char *text_of(const struct pl_query *q, enum pl_attr attr, char room[PL_ADDR_TEXT])
{
    if (pl_attr_kind(attr) == PL_KIND_HOST)
        return pl_query_host(q, attr)->text;
    if (pl_query_addr(q, attr)->family == 0)
        return "";
    return pl_addr_format(room, pl_query_addr(q, attr));
}

static void addresses_and_hosts(void **state)
{
    static const enum pl_attr all[] = {PL_ATTR_CLIENT_ADDRESS, PL_ATTR_SERVER_ADDRESS,
                                       PL_ATTR_CLIENT_NAME, PL_ATTR_REVERSE_CLIENT_NAME,
                                       PL_ATTR_HELO_NAME};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_query q;
        char row[100], room[PL_ADDR_TEXT];

        snprintf(row, sizeof(row), "%s=%s", pl_attr_name(rows[i].attr), rows[i].value);
        /* Rubbish, as a question before this one may have left it. */
        memset(&q, 'x', sizeof(q));
        memset(q.attr, 0, sizeof(q.attr));
        q.attr[rows[i].attr] = pl_str_of(rows[i].value);
        pl_query_read(&q);
        for (size_t k = 0; k < ROWS(all); k++) {
            bool this = all[k] == rows[i].attr;

            check_str(row, text_of(&q, all[k], room), this ? rows[i].out : "");
            check_true(row, pl_query_is_present(&q, all[k]) == (this && rows[i].present));
        }
    }
}

/* The other kinds: there if there is a byte of it; "unknown" is a text like any other. */
static void presence_of_texts(void **state)
{
    (void)state;
    for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
        enum pl_attr attr = (enum pl_attr)a;
        const char *name = pl_attr_name(attr);
        struct pl_query q = {0};

        if (pl_attr_kind(attr) == PL_KIND_ADDR || pl_attr_kind(attr) == PL_KIND_HOST)
            continue;
        pl_query_read(&q);
        check_true(name, !pl_query_is_present(&q, attr));
        q.attr[attr] = pl_str_lit("");
        pl_query_read(&q);
        check_true(name, !pl_query_is_present(&q, attr));
        q.attr[attr] = pl_str_lit("unknown");
        pl_query_read(&q);
        check_true(name, pl_query_is_present(&q, attr));
        q.attr[attr] = pl_str_lit(" ");
        pl_query_read(&q);
        check_true(name, pl_query_is_present(&q, attr));
    }
}

static void mail_addresses(void **state)
{
    struct pl_query q = {0};

    (void)state;
    q.attr[PL_ATTR_SENDER] = pl_str_lit("Alice@Example.org");
    q.attr[PL_ATTR_RECIPIENT] = pl_str_lit("bob%victim.example@example.org");
    pl_query_read(&q);
    assert_int_equal(pl_query_mail(&q, PL_ATTR_SENDER)->form, PL_MAIL_PLAIN);
    check_str("sender", pl_query_mail(&q, PL_ATTR_SENDER)->domain.text, "example.org");
    assert_true(pl_str_eq(pl_query_mail(&q, PL_ATTR_SENDER)->local, pl_str_lit("Alice")));
    assert_int_equal(pl_query_mail(&q, PL_ATTR_RECIPIENT)->form, PL_MAIL_ROUTED);
    check_str("recipient", pl_query_mail(&q, PL_ATTR_RECIPIENT)->domain.text, "");
    q.attr[PL_ATTR_SENDER] = (struct pl_str){NULL, 0};
    q.attr[PL_ATTR_RECIPIENT] = pl_str_lit("bob");
    pl_query_read(&q);
    assert_int_equal(pl_query_mail(&q, PL_ATTR_SENDER)->form, PL_MAIL_EMPTY);
    check_str("no sender", pl_query_mail(&q, PL_ATTR_SENDER)->domain.text, "");
    assert_int_equal(pl_query_mail(&q, PL_ATTR_RECIPIENT)->form, PL_MAIL_BARE);
}

/* Each accessor takes the attributes of its own kind only. */
static void misuse(void **state)
{
    struct pl_query q = {0};

    (void)state;
    pl_query_read(&q);
    for (volatile unsigned a = 0; a <= PL_ATTR_COUNT; a++) {
        enum pl_attr attr = (enum pl_attr)a;

        if (attr == PL_ATTR_COUNT || pl_attr_kind(attr) != PL_KIND_MAIL)
            expect_assert_failure(pl_query_mail(&q, attr));
        if (attr == PL_ATTR_COUNT || pl_attr_kind(attr) != PL_KIND_ADDR)
            expect_assert_failure(pl_query_addr(&q, attr));
        if (attr == PL_ATTR_COUNT || pl_attr_kind(attr) != PL_KIND_HOST)
            expect_assert_failure(pl_query_host(&q, attr));
    }
    expect_assert_failure(pl_query_is_present(&q, PL_ATTR_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_hosts),
        cmocka_unit_test(presence_of_texts),
        cmocka_unit_test(mail_addresses),
        cmocka_unit_test(misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
