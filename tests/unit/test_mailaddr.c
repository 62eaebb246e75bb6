/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains and mail addresses, read as Postfix reads them. */
#include "unit.h"

#include "postlatch/domain.h"
#include "postlatch/mailaddr.h"

static const struct {
    const char *in, *out; /* out "": no domain */
} domains[] = {
    {"example.org", "example.org"},
    {"EXAMPLE.Org", "example.org"},
    {"example.org.", "example.org"},
    {"example.org..", ""},
    {".example.org", ""},
    {"example..org", ""},
    {"", ""},
    {".", ""},
    {"a_b.example", "a_b.example"},
    {"-a.example", ""},
    {"a-.example", ""},
    {"a-.", ""},
    {"localhost", "localhost"},
    {"192.0.2.25", ""},
    {"1.2.3.4.", ""},
    {"123", ""},
    {"1a.2", "1a.2"},
    {"exa mple.org", ""},
    {"example.org\x01", ""},
    {"xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"XN--BCHER-KVA.Example", "xn--bcher-kva.example"},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"B\xc3\x9c"
     "CHER.example",
     "xn--bcher-kva.example"},
    {"bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example"},                 /* decomposed */
    {"example\xe3\x80\x82org", "example.org"}, /* ideographic full stop */
    {"example.org\xe3\x80\x82", "example.org"},
    {"\xef\xbd\x85xample.org", "example.org"}, /* full-width e */
    {"\xe2\x98\x95.example", ""},              /* not allowed by IDNA2008 */
    {"\xe2\x80\x8b.com", ""},                  /* zero width space alone: an empty label */
    {"\xff.example", ""},                      /* not UTF-8 */
    {"[192.0.2.25]", "[192.0.2.25]"},
    {"[192.0.2.25].", "[192.0.2.25]"},
    {"[192.000.002.025]", ""},
    {"[0177.0.0.1]", ""},
    {"[IPv6:::1]", "[ipv6:::1]"},
    {"[ipv6:2001:DB8:0::1]", "[ipv6:2001:db8::1]"},
    {"[IPv6:::ffff:192.0.2.25]", "[ipv6:::ffff:192.0.2.25]"}, /* not [192.0.2.25] */
    {"[::1]", ""},
    {"[example.org]", ""},
    {"[]", ""},
    {"[", ""},
    {"[IPv6:]", ""},
    {"[1.2.3.4", ""},
};

static void read_domains(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(domains); i++) {
        struct pl_domain d;
        const char *why = NULL;
        bool ok = pl_domain_parse(&d, pl_str_of(domains[i].in), &why);

        check_str(domains[i].in, d.text, domains[i].out);
        check_true(domains[i].in, ok == (domains[i].out[0] != '\0') && (ok || why != NULL));
        check_true(domains[i].in, d.len == strlen(d.text));
    }
}

static void lengths(void **state)
{
    char label[70], name[600];
    struct pl_domain d;
    const char *why;

    (void)state;
    memset(label, 'a', sizeof(label));
    snprintf(name, sizeof(name), "%.63s.example", label);
    assert_true(pl_domain_parse(&d, pl_str_of(name), &why));
    snprintf(name, sizeof(name), "%.64s.example", label);
    assert_false(pl_domain_parse(&d, pl_str_of(name), &why));
    check_str("label", why, "a label is longer than 63 bytes");
    snprintf(name, sizeof(name), "%.63s.%.63s.%.63s.%.63s", label, label, label, label);
    assert_int_equal(strlen(name), 255);
    assert_true(pl_domain_parse(&d, pl_str_of(name), &why));
    snprintf(name, sizeof(name), "%.63s.%.63s.%.63s.%.61s.b", label, label, label, label);
    assert_true(pl_domain_parse(&d, pl_str_of(name), &why));
    snprintf(name, sizeof(name), "%.63s.%.63s.%.63s.%.62s.b", label, label, label, label);
    assert_false(pl_domain_parse(&d, pl_str_of(name), &why));
    check_str("name", why, "longer than 255 bytes");
    memset(name, 0xc3, sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(pl_domain_parse(&d, pl_str_of(name), &why));
    for (size_t i = 0; i < 598; i += 2)
        memcpy(name + i, "\xc3\xbc", 2);
    assert_false(pl_domain_parse(&d, (struct pl_str){name, 598}, &why));
    /* 1,021 bytes and more never reach libidn2 */
    {
        char huge[1200];

        for (size_t i = 0; i + 1 < sizeof(huge); i += 2)
            memcpy(huge + i, "\xc3\xbc", 2);
        assert_false(pl_domain_parse(&d, (struct pl_str){huge, sizeof(huge)}, &why));
        check_str("huge", why, "longer than 255 characters");
        assert_false(pl_domain_parse(&d, pl_str_lit("b\xc3\xbc\0.example"), &why));
        assert_false(pl_domain_parse(&d, pl_str_lit("[1.2.3.4\0]"), &why));
        memset(huge, '1', sizeof(huge));
        huge[0] = '[';
        huge[99] = ']';
        assert_false(pl_domain_parse(&d, (struct pl_str){huge, 100}, &why));
    }
}

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

        pl_mailaddr_read(&m, pl_str_of(addresses[i].in));
        check_str(addresses[i].in, form_names[m.form], addresses[i].form);
        snprintf(local, sizeof(local), "%.*s", (int)m.local.n, m.local.n > 0 ? m.local.p : "");
        check_str(addresses[i].in, local, addresses[i].local);
        check_str(addresses[i].in, m.domain.text, addresses[i].domain);
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
        {"user+", "+", "user"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str got =
            pl_mailaddr_strip_extension(pl_str_of(rows[i].local), pl_str_of(rows[i].delimiters));
        char text[40];

        snprintf(text, sizeof(text), "%.*s", (int)got.n, got.p);
        check_str(rows[i].local, text, rows[i].want);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_domains), cmocka_unit_test(lengths), cmocka_unit_test(read_addresses),
        cmocka_unit_test(extensions),   cmocka_unit_test(keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
