/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains: one form for each name, and what is said of text that is none. */
#include "exact.h"

#include "postlatch/domain.h"

#define EMPTY "empty; expected a domain"
#define EMPTY_LABEL "an empty label; expected names separated by single dots"
#define HYPHEN_FIRST "a label begins with '-'"
#define HYPHEN_LAST "a label ends with '-'"
#define LONG_LABEL "a label is longer than 63 bytes"
#define LONG_NAME "longer than 255 bytes"
#define CHARACTER "a character that no domain has; expected letters, digits, '-', '_' and dots"
#define ADDRESS "an address is no domain; expected a name, or the literal \"[192.0.2.25]\""
#define LITERAL "no address literal; expected \"[192.0.2.25]\" or \"[IPv6:2001:db8::25]\""
#define IDN "no international domain name by IDNA2008"
#define LONG_IDN "longer than 255 characters"

static const struct {
    const char *in, *out, *why; /* out "": no domain, and why */
} domains[] = {
    {"example.org", "example.org", NULL},
    {"EXAMPLE.Org", "example.org", NULL},
    {"example.org.", "example.org", NULL},
    {"example.org..", "", EMPTY_LABEL},
    {".example.org", "", EMPTY_LABEL},
    {"example..org", "", EMPTY_LABEL},
    {"", "", EMPTY},
    {".", "", EMPTY},
    {"..", "", EMPTY_LABEL},
    {"a", "a", NULL},
    {"a_b.example", "a_b.example", NULL},
    {"_a.example_", "_a.example_", NULL},
    {"a-b.example", "a-b.example", NULL},
    {"a--b.example", "a--b.example", NULL},
    {"-a.example", "", HYPHEN_FIRST},
    {"example.-a", "", HYPHEN_FIRST},
    {"-", "", HYPHEN_FIRST},
    {"a-.example", "", HYPHEN_LAST},
    {"example.a-", "", HYPHEN_LAST},
    {"a-.", "", HYPHEN_LAST},
    {"localhost", "localhost", NULL},
    {"192.0.2.25", "", ADDRESS},
    {"1.2.3.4.", "", ADDRESS},
    {"1.2", "", ADDRESS},
    {"123", "", ADDRESS},
    {"1a.2", "1a.2", NULL},
    {"1-2.3", "1-2.3", NULL},
    {"1_2", "1_2", NULL},
    {"exa mple.org", "", CHARACTER},
    {"example.org\x01", "", CHARACTER},
    {"example.org\x7f", "", CHARACTER},
    {"user@example.org", "", CHARACTER},
    {"exa%mple.org", "", CHARACTER},
    {"example.org!x", "", CHARACTER},
    {"*.example.org", "", CHARACTER},
    {"example:25", "", CHARACTER},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", NULL},
    {"XN--BCHER-KVA.Example", "xn--bcher-kva.example", NULL},
    {"xn--a.example", "xn--a.example", NULL}, /* no A-label, but nobody asks libidn2 */
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example", NULL},
    {"B\xc3\x9c"
     "CHER.example.",
     "xn--bcher-kva.example", NULL},
    {"bu\xcc\x88"
     "cher.example",
     "xn--bcher-kva.example", NULL},                 /* decomposed */
    {"example\xe3\x80\x82org", "example.org", NULL}, /* ideographic full stop */
    {"example.org\xe3\x80\x82", "example.org", NULL},
    {"example.org\xe3\x80\x82\xe3\x80\x82", "", EMPTY_LABEL},
    {"\xe3\x80\x82", "", EMPTY_LABEL},
    {"\xef\xbd\x85xample.org", "example.org", NULL},    /* full-width e */
    {"\xef\xbc\x91.2.3.4", "", ADDRESS},                /* full-width 1 */
    {"\xe2\x98\x95.example", "", IDN},                  /* not allowed by IDNA2008 */
    {"\xe2\x80\x8b.com", "", EMPTY_LABEL},              /* zero width space alone in a label */
    {"\xe2\x80\x8b", "", EMPTY_LABEL},                  /* and in the name */
    {"b\xc3\xbc_.example", "xn--b_-xka.example", NULL}, /* '_' as in ASCII */
    {"a\xef\xbc\xa0"
     "b.example",
     "", CHARACTER}, /* full-width @ */
    {"a\xef\xbc\x85"
     "b.example",
     "", CHARACTER}, /* full-width % */
    {"-\xc3\xbc.example", "", IDN},
    {"[\xef\xbc\x91.2.3.4]", "", LITERAL}, /* full-width 1 */
    {"\xff.example", "", IDN},             /* not UTF-8 */
    {"[192.0.2.25]", "[192.0.2.25]", NULL},
    {"[192.0.2.25].", "[192.0.2.25]", NULL},
    {"[192.000.002.025]", "", LITERAL},
    {"[0177.0.0.1]", "", LITERAL},
    {"[1.2.3]", "", LITERAL},
    {"[1.2.3.4 ]", "", LITERAL},
    {"[IPv6:::1]", "[ipv6:::1]", NULL},
    {"[ipv6:2001:DB8:0::1]", "[ipv6:2001:db8::1]", NULL},
    {"[IPv6:::ffff:192.0.2.25]", "[ipv6:::ffff:192.0.2.25]", NULL}, /* not [192.0.2.25] */
    {"[IPv6:192.0.2.25]", "", LITERAL},
    {"[IPv6:fe80::1%eth0]", "", LITERAL},
    {"[IPv4:192.0.2.25]", "", LITERAL},
    {"[::1]", "", LITERAL},
    {"[example.org]", "", LITERAL},
    {"[b\xc3\xbc"
     "cher.example]",
     "", LITERAL},
    {"[]", "", LITERAL},
    {"[IPv6:]", "", LITERAL},
    {"[", "", CHARACTER},
    {"]", "", CHARACTER},
    {"[1.2.3.4", "", CHARACTER},
    {"1.2.3.4]", "", CHARACTER},
};

/* Compares all that there is to know about one name. */
static void check_domain(const char *row, struct pl_str in, const char *out, const char *want_why)
{
    struct pl_domain d;
    const char *why = NULL;
    bool ok;

    memset(&d, 'x', sizeof(d));
    ok = pl_domain_parse(&d, in, &why);
    check_str(row, d.text, out);
    check_true(row, d.len == strlen(d.text));
    check_true(row, pl_str_eq(pl_domain_str(&d), pl_str_of(out)));
    check_true(row, ok == (out[0] != '\0'));
    check_true(row, pl_domain_is_literal(&d) == (out[0] == '['));
    if (!ok)
        check_str(row, why == NULL ? "no reason given" : why, want_why);
}

static void names_and_literals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(domains); i++) {
        struct pl_str in = exact(domains[i].in);

        check_domain(domains[i].in, in, domains[i].out, domains[i].why);
        exact_free(in);
    }
}

static void lengths(void **state)
{
    static const struct {
        size_t labels[5]; /* bytes of each */
        const char *why;  /* NULL: a domain */
    } rows[] = {
        {{63}, NULL},
        {{64}, LONG_LABEL},
        {{63, 7}, NULL},
        {{64, 7}, LONG_LABEL},
        {{7, 63}, NULL},
        {{7, 64}, LONG_LABEL},
        {{63, 63, 63, 63}, NULL},         /* 255 bytes */
        {{63, 63, 63, 62, 1}, LONG_NAME}, /* 256 */
        {{63, 63, 63, 61, 1}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        char name[300] = "", row[40];

        for (size_t k = 0; k < ROWS(rows[i].labels) && rows[i].labels[k] > 0; k++) {
            size_t n = strlen(name);

            if (n > 0)
                name[n++] = '.';
            memset(name + n, 'a', rows[i].labels[k]);
            name[n + rows[i].labels[k]] = '\0';
        }
        snprintf(row, sizeof(row), "row %zu, %zu bytes", i, strlen(name));
        check_domain(row, pl_str_of(name), rows[i].why == NULL ? name : "", rows[i].why);
    }
}

/* Text that must not reach libidn2 or inet_pton, or only so much of it. */
static void sizes_and_nuls(void **state)
{
    char u[1200], digits[100];

    (void)state;
    for (size_t i = 0; i < sizeof(u); i += 2)
        memcpy(u + i, "\xc3\xbc", 2);
    memset(digits, '1', sizeof(digits));
    digits[0] = '[';
    digits[sizeof(digits) - 1] = ']';
    check_domain("300 letters", (struct pl_str){u, 600}, "", IDN);
    check_domain("1020 bytes", (struct pl_str){u, 1020}, "", IDN);
    u[1020] = 'a';
    check_domain("1021 bytes", (struct pl_str){u, 1021}, "", LONG_IDN);
    u[1020] = u[1018];
    check_domain("1022 bytes", (struct pl_str){u, 1022}, "", LONG_IDN);
    check_domain("1200 bytes", (struct pl_str){u, sizeof(u)}, "", LONG_IDN);
    check_domain("NUL", pl_str_lit("a\0.example"), "", CHARACTER);
    check_domain("NUL in an IDN", pl_str_lit("b\xc3\xbc\0.example"), "", LONG_IDN);
    check_domain("NUL in a literal", pl_str_lit("[1.2.3.4\0]"), "", LITERAL);
    check_domain("literal of 98 bytes", (struct pl_str){digits, sizeof(digits)}, "", LITERAL);
    digits[45 + 1] = ']';
    check_domain("literal of 45 bytes", (struct pl_str){digits, 45 + 2}, "", LITERAL);
    digits[46] = '1';
    digits[47] = ']';
    check_domain("literal of 46 bytes", (struct pl_str){digits, 46 + 2}, "", LITERAL);
    check_domain("longest literal", pl_str_lit("[IPv6:1111:1111:1111:1111:1111:1111:1111:1111]"),
                 "[ipv6:1111:1111:1111:1111:1111:1111:1111:1111]", NULL);
    check_domain("no bytes", (struct pl_str){NULL, 0}, "", EMPTY);
}

/* What an ASCII name is read as, by the plainest of readers; "" for none. */
static void read_plainly(char out[PL_DOMAIN_MAX + 1], const char *name, size_t n)
{
    bool numeric = true;
    size_t label = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char c = pl_ascii_lower(name[i]);

        if (!pl_ascii_is_alnum(c) && c != '-' && c != '_' && c != '.')
            return;
        numeric = numeric && (pl_ascii_is_digit(c) || c == '.');
        label = c == '.' ? 0 : label + 1;
        if (label > 63 || (c == '.' && (i == 0 || name[i - 1] == '.' || name[i - 1] == '-')) ||
            (c == '-' && label == 1))
            return;
    }
    if (n == 0 || numeric || name[n - 1] == '.' || name[n - 1] == '-')
        return;
    for (size_t i = 0; i < n; i++)
        out[i] = pl_ascii_lower(name[i]);
    out[n] = '\0';
}

/* Every ASCII byte at every place of names around a label's and a block's length. */
static void every_byte_everywhere(void **state)
{
    static const struct pl_str bases[] = {{"aB.c-D_9", 8}, {"x", 1}, {"7.", 2}, {"Ab1-", 4}};
    const char *why;

    (void)state;
    for (size_t base = 0; base < ROWS(bases); base++) {
        for (size_t n = 1; n <= 70; n++) {
            char name[70], want[PL_DOMAIN_MAX + 1];

            for (size_t i = 0; i < n; i++)
                name[i] = bases[base].p[i % bases[base].n];
            for (size_t at = 0; at < n; at++) {
                char was = name[at];

                for (int byte = 0; byte < 128; byte++) {
                    struct pl_domain d;

                    name[at] = (char)byte;
                    read_plainly(want, name, name[n - 1] == '.' ? n - 1 : n); /* the root's dot */
                    if (pl_domain_parse(&d, (struct pl_str){name, n}, &why) != (want[0] != '\0') ||
                        strcmp(d.text, want) != 0 || d.len != strlen(want))
                        fail_msg("%.*s: \"%s\", expected \"%s\"", (int)n, name, d.text, want);
                }
                name[at] = was;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_everywhere),
        cmocka_unit_test(names_and_literals),
        cmocka_unit_test(lengths),
        cmocka_unit_test(sizes_and_nuls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
