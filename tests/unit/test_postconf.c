/* SPDX-License-Identifier: BSD-2-Clause */
/* What postconf prints, as values; the texts are those of Postfix 3.7. */
#include "unit.h"

#include "postlatch/buf.h"
#include "postlatch/master.h"
#include "postlatch/restriction.h"

static void messages(struct pl_buf *out, struct pl_diag *d)
{
    for (size_t i = 0; pl_diag_get(d, i) != NULL; i++)
        pl_buf_addf(out, "%s\n", pl_diag_get(d, i));
    pl_diag_free(d);
}

/* Parameters as "name=value|", then the messages. */
static void parameters(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"b = 1\na = x, y =z\n", "a=x, y =z|b=1|"},
        {"a =\nb =  \t", "a=|b=|"},
        {"a=b", "a=b|"},
        {"x$y = 3", "x$y=3|"},
        {"a = 1\njunk\n", "a=1|t:2: \"junk\"; expected a parameter: name = value\n"},
        {"\n", "t:1: \"\"; expected a parameter: name = value\n"},
        {" = 1\n", "t:1: \" = 1\"; expected a parameter: name = value\n"},
        {"a b = 1\n", "t:1: \"a b = 1\"; expected a parameter: name = value\n"},
        {"a = 1\na = 2\n", "a=1|a=2|t: \"a\" comes twice; expected it once\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_postconf pc = {0};
        struct pl_diag *d = pl_diag_new();
        struct pl_buf out = {0};

        pl_postconf_read(&pc, pl_str_of(rows[i].in), "t", d);
        for (size_t k = 0; k < pc.count; k++)
            pl_buf_addf(&out, "%.*s=%.*s|", (int)pc.params[k].name.n, pc.params[k].name.p,
                        (int)pc.params[k].value.n, pc.params[k].value.p);
        messages(&out, d);
        check_str(rows[i].in, out.p == NULL ? "" : out.p, rows[i].out);
        pl_buf_fini(&out);
        pl_postconf_fini(&pc);
    }
}

static void words(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {" ,, \t", ""},
        {"a, b\tc,d", "<a><b><c><d>"},
        {"x { unix:p, t=5s, { d = 451 x, y } } z", "<x><{ unix:p, t=5s, { d = 451 x, y } }><z>"},
        {"inline:{ {a = OK} } b", "<inline:{ {a = OK} }><b>"},
        {"} a", "<}><a>"},
        {"{ a b", "<{ a b>"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str rest = pl_str_of(rows[i].in), word;
        struct pl_buf out = {0};

        while (pl_postfix_word(&rest, &word))
            pl_buf_addf(&out, "<%.*s>", (int)word.n, word.p);
        check_str(rows[i].in, out.p == NULL ? "" : out.p, rows[i].out);
        pl_buf_fini(&out);
    }
}

static void braces(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: no word in braces */
    } rows[] = {
        {"{ a b }", "a b"}, {"{}", ""},  {"{a{b}}", "a{b}"}, {"{a}{b}", NULL}, {"{a}b", NULL},
        {"a", NULL},        {"{", NULL}, {"", NULL},         {"{a", NULL},     {"{ {a } ", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str inner;
        bool ok = pl_postfix_unbrace(pl_str_of(rows[i].in), &inner);

        check_true(rows[i].in, ok == (rows[i].out != NULL));
        if (ok)
            check_true(rows[i].in, pl_str_eq(inner, pl_str_of(rows[i].out)));
    }
}

static void times(void **state)
{
    static const struct {
        const char *in;
        long seconds; /* -1: none */
    } rows[] = {
        {"100s", 100},      {"5", 5},
        {"2m", 120},        {"1h", 3600},
        {"1D", 86400},      {"1w", 604800},
        {"0", 0},           {"007s", 7},
        {"", -1},           {"s", -1},
        {"-1s", -1},        {"5x", -1},
        {"5 s", -1},        {"99999999999", -1},
        {"999999999w", -1},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        unsigned long seconds;
        bool ok = pl_postfix_seconds(pl_str_of(rows[i].in), &seconds);

        check_true(rows[i].in, ok == (rows[i].seconds >= 0));
        check_true(rows[i].in, !ok || seconds == (unsigned long)rows[i].seconds);
    }
}

static void matches(void **state)
{
    static const char kinds[] = "VPFT";
    struct pl_str rest = pl_str_lit("a.example, !.b.example hash:/etc/x /etc/list !!c [::1]/128 "
                                    "192.0.2.0/24 !/x proxy:hash:/y !");
    struct pl_match_entry e;
    struct pl_buf out = {0};

    (void)state;
    while (pl_match_next(&rest, &e))
        pl_buf_addf(&out, "%c%s%.*s ", kinds[e.kind], e.negated ? "!" : "", (int)e.text.n,
                    e.text.p);
    check_str("entries", out.p,
              "Va.example P!.b.example Thash:/etc/x F/etc/list Vc V[::1]/128 V192.0.2.0/24 F!/x "
              "Tproxy:hash:/y V! ");
    pl_buf_fini(&out);
}

static void services(void **state)
{
    static const char master[] =
        "smtp       inet  n       -       y       -       -       smtpd -o a=$b -o {c=d, e} -v\n"
        "[::1]:25   inet  n       -       n       -       0       smtpd -o f = g\n"
        "pickup     unix  n       -       -       60      1       pickup\n"
        "x          unix  -       n       n       -       -       pipe flags=R argv=/x ${a}\n"
        "short inet n\n";
    static const char overrides[] = "smtp/inet/a = $b\nsmtp/inet/c = d, e\na/b/x/y = 1\nno\n"
                                    "smtp/unix/a = 1\n";
    struct pl_master m = {0};
    struct pl_diag *d = pl_diag_new();
    struct pl_buf out = {0};

    (void)state;
    pl_master_read(&m, pl_str_of(master), pl_str_of(overrides), d);
    for (size_t i = 0; i < m.count; i++) {
        const struct pl_master_service *s = &m.services[i];

        pl_buf_addf(&out, "%.*s/%.*s %.*s chroot %d,%d odd <%.*s>", (int)s->name.n, s->name.p,
                    (int)s->type.n, s->type.p, (int)s->command.n, s->command.p,
                    pl_master_is_chrooted(s, pl_str_lit("0")),
                    pl_master_is_chrooted(s, pl_str_lit("3.6")), (int)s->odd.n, s->odd.p);
        for (size_t k = 0; k < s->overrides.count; k++)
            pl_buf_addf(&out, " %.*s=%.*s;", (int)s->overrides.params[k].name.n,
                        s->overrides.params[k].name.p, (int)s->overrides.params[k].value.n,
                        s->overrides.params[k].value.p);
        pl_buf_add_char(&out, '\n');
    }
    messages(&out, d);
    check_str(
        "services", out.p,
        "smtp/inet smtpd chroot 1,1 odd <> a=$b; c=d, e;\n"
        "[::1]:25/inet smtpd chroot 0,0 odd <f>\n"
        "pickup/unix pickup chroot 1,0 odd <>\n"
        "x/unix pipe chroot 0,0 odd <flags=R>\n"
        "postconf -M:5: \"short inet n\"; expected a service: eight fields, the last its command\n"
        "postconf -P:3: \"a/b/x\" is no service; expected one of postconf -M\n"
        "postconf -P:4: \"no\"; expected an override: service/type/parameter = value\n"
        "postconf -P:5: \"smtp/unix\" is no service; expected one of postconf -M\n");
    pl_buf_fini(&out);
    pl_master_fini(&m);
}

static void restrictions(void **state)
{
    static const char letters[] = "PpCRrTSND?";
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"Permit_Mynetworks, reject_unauth_destination permit", "p:Permit_Mynetworks() "
                                                                "C:reject_unauth_destination() "
                                                                "P:permit() "},
        {"check_policy_service { unix:x, timeout=5s } reject",
         "S:check_policy_service({ unix:x, timeout=5s }) R:reject() "},
        {"check_client_access cidr:/a hash:/b",
         "T:check_client_access(cidr:/a) T:hash:/b(hash:/b) "},
        {"warn_if_reject reject_unauth_destination", "C!:reject_unauth_destination() "},
        {"warn_if_reject", ""},
        {"myclass check_policy_service", "?:myclass() S:check_policy_service() "},
        {"check_relay_domains sleep 1 defer_if_reject", "D:check_relay_domains() N:sleep(1) "
                                                        "N:defer_if_reject() "},
        {"reject_rbl_client bl.example", "r:reject_rbl_client(bl.example) "},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str rest = pl_str_of(rows[i].in);
        struct pl_restriction r;
        struct pl_buf out = {0};

        while (pl_restriction_next(&rest, &r))
            pl_buf_addf(&out, "%c%s:%.*s(%.*s) ", letters[r.effect], r.warn_only ? "!" : "",
                        (int)r.word.n, r.word.p, (int)r.arg.n, r.arg.p);
        check_str(rows[i].in, out.p == NULL ? "" : out.p, rows[i].out);
        pl_buf_fini(&out);
    }
}

static void policy_services(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"unix:private/x", "unix:private/x"},
        {"{ inet:127.0.0.1:1, timeout=5s, { default_action = 451 4.3.5 x, y } }",
         "{inet:127.0.0.1:1} default_action=451 4.3.5 x, y; timeout=5s;"},
        {"{ unix:x, default_action={451 4.3.5 x} }", "{unix:x} default_action={451 4.3.5 x};"},
        {"{unix:x,policy_context=submission}", "{unix:x} policy_context=submission;"},
        {"{ unix:x, default_action=451 4.3.5 x }",
         "4.3.5: expected option=value, or { option = value } around one with blanks or commas"},
        {"{ unix:x, time_out=5s }", "time_out=5s: no option of a policy service has this name"},
        {"{ unix:x, { timeout=5s } x }",
         "x: expected option=value, or { option = value } around one with blanks or commas"},
        {"{ unix:x", "{ unix:x: expected a closing brace, and nothing behind it"},
        {"{}", "{}: expected a service, as unix:private/postlatch or inet:127.0.0.1:10071"},
        {"", ": expected a service, as unix:private/postlatch or inet:127.0.0.1:10071"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_policy_service s;
        struct pl_str part;
        const char *why;
        struct pl_buf out = {0};

        if (pl_policy_service_read(&s, pl_str_of(rows[i].in), &part, &why)) {
            pl_buf_addf(&out, s.braces ? "{%.*s}" : "%.*s", (int)s.endpoint.n, s.endpoint.p);
            for (unsigned o = 0; o < PL_SERVICE_OPTION_COUNT; o++) {
                if (s.given[o])
                    pl_buf_addf(&out, " %s=%.*s;",
                                pl_service_option_name((enum pl_service_option)o),
                                (int)s.option[o].n, s.option[o].p);
            }
        } else {
            pl_buf_addf(&out, "%.*s: %s", (int)part.n, part.n == 0 ? "" : part.p, why);
        }
        check_str(rows[i].in, out.p, rows[i].out);
        pl_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters),   cmocka_unit_test(words),
        cmocka_unit_test(braces),       cmocka_unit_test(times),
        cmocka_unit_test(matches),      cmocka_unit_test(services),
        cmocka_unit_test(restrictions), cmocka_unit_test(policy_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
