/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail addresses, read as Postfix reads them. test_domain.c has the domains. */
#include "exact.h"

#include "postlatch/mailaddr.h"

static const char *const form_names[] = {"empty", "bare", "plain", "routed", "unparsable"};

static const struct {
    const char *in, *form, *local, *domain;
} addresses[] = {
    {"", "empty", "", ""},
    {"user", "bare", "user", ""},
    {"user@example.org", "plain", "user", "example.org"},
    {"User@EXAMPLE.ORG.", "plain", "User", "example.org"},
    {"@example.org", "plain", "", "example.org"},
    {"user name@example.org", "plain", "user name", "example.org"},
    {"user@[192.0.2.25]", "plain", "user", "[192.0.2.25]"},
    {"user@[IPv6:2001:db8::1]", "plain", "user", "[ipv6:2001:db8::1]"},
    {"2001:db8::1]:user@virt.example", "plain", "2001:db8::1]:user", "virt.example"},
    {"user+victim=foreign.example@virt.example", "plain", "user+victim=foreign.example",
     "virt.example"},
    {"j\xc3\xbcrgen@example.org", "plain", "j\xc3\xbcrgen", "example.org"},
    {"us\x01"
     "er@example.org",
     "plain",
     "us\x01"
     "er",
     "example.org"},
    {"user%victim.example@example.org", "routed", "", ""},
    {"user%victim.example", "routed", "", ""},
    {"victim.example!user", "routed", "", ""},
    {"victim.example!user@example.org", "routed", "", ""},
    {"user@victim.example@example.org", "routed", "", ""},
    {"user@victim.example@", "routed", "", ""},
    {"a%b@[192.0.2.25]", "routed", "", ""},
    {"50%off@virt.example", "routed", "", ""},
    {"%@", "routed", "", ""},
    {"@@example.org", "routed", "", ""},
    {"user@", "unparsable", "user", ""},
    {"@", "unparsable", "", ""},
    {"user@.", "unparsable", "user", ""},
    {"user@example..org", "unparsable", "user", ""},
    {"user@192.0.2.25", "unparsable", "user", ""},
    {"user@[::1]", "unparsable", "user", ""},
    {"user@exa%mple.org", "unparsable", "user", ""},
    {"user@example.org!x", "unparsable", "user", ""},
};

static void read_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(addresses); i++) {
        struct pl_mailaddr m;
        char local[400];
        struct pl_str in = exact(addresses[i].in);

        pl_mailaddr_read(&m, in);
        check_str(addresses[i].in, form_names[m.form], addresses[i].form);
        snprintf(local, sizeof(local), "%.*s", (int)m.local.n, m.local.n > 0 ? m.local.p : "");
        check_str(addresses[i].in, local, addresses[i].local);
        check_str(addresses[i].in, m.domain.text, addresses[i].domain);
        exact_free(in);
    }
}

static void extensions(void **state)
{
    static const struct {
        const char *local, *delimiters, *want;
    } rows[] = {
        {"user+tag", "+", "user"},    {"user+a+b", "+", "user"},
        {"user-a+b", "+-", "user"},   {"+user", "+", "+user"},
        {"++user", "+", "+"},         {"user", "+", "user"},
        {"user+tag", "", "user+tag"}, {"", "+", ""},
        {"user+", "+", "user"},       {"u", "u", "u"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str in = exact(rows[i].local);
        struct pl_str got = pl_mailaddr_strip_extension(in, pl_str_of(rows[i].delimiters));
        char text[40];

        snprintf(text, sizeof(text), "%.*s", (int)got.n, got.p);
        check_str(rows[i].local, text, rows[i].want);
        exact_free(in);
    }
}

static void keys(void **state)
{
    char key[PL_MAILADDR_MAX], local[PL_LOCAL_MAX + 1], domain[PL_DOMAIN_MAX + 1];
    size_t n = pl_mailaddr_key(key,
                               pl_str_lit("Us\xc3\x9c"
                                          "er"),
                               pl_str_lit("example.org"));

    (void)state;
    assert_memory_equal(key,
                        "us\xc3\x9c"
                        "er@example.org",
                        n);
    assert_int_equal(pl_mailaddr_key(key, pl_str_lit("user"), (struct pl_str){NULL, 0}), 5);
    memset(local, 'A', sizeof(local));
    memset(domain, 'b', sizeof(domain));
    assert_int_equal(pl_mailaddr_key(key, (struct pl_str){local, PL_LOCAL_MAX},
                                     (struct pl_str){domain, PL_DOMAIN_MAX}),
                     PL_MAILADDR_MAX);
    assert_int_equal(
        pl_mailaddr_key(key, (struct pl_str){local, PL_LOCAL_MAX + 1}, (struct pl_str){NULL, 0}),
        0);
    assert_int_equal(
        pl_mailaddr_key(key, pl_str_lit("a"), (struct pl_str){domain, PL_DOMAIN_MAX + 1}), 0);
}

/* Two of the bytes that matter, at all pairs of places, around the length of a block and of the short form. */
static void every_pair_of_places(void **state)
{
    static const char bytes[] = "@%!x";

    (void)state;
    for (size_t n = 1; n <= 70; n++) {
        for (size_t k = 0; k < 16 * n * n; k++) {
            size_t i = k / 16 % n, j = k / 16 / n, last = n;
            struct pl_mailaddr m;
            char text[70];
            bool routed = false;

            memset(text, 'a', sizeof(text));
            text[i] = bytes[k % 4];
            text[j] = bytes[k / 4 % 4];
            for (size_t c = 0; c < n; c++)
                last = text[c] == '@' ? c : last;
            for (size_t c = 0; c < last; c++)
                routed = routed || text[c] == '@' || text[c] == '%' || text[c] == '!';
            pl_mailaddr_read(&m, (struct pl_str){text, n});
            if ((m.form == PL_MAIL_ROUTED) != routed ||
                (!routed && (m.local.n != last || (m.form == PL_MAIL_BARE) != (last == n))))
                fail_msg("%.*s: form %d, local %zu", (int)n, text, m.form, m.local.n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_places),
        cmocka_unit_test(read_addresses),
        cmocka_unit_test(extensions),
        cmocka_unit_test(keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
