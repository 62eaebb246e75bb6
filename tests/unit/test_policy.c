/* SPDX-License-Identifier: BSD-2-Clause */
/* What policies mean: every condition key, every boundary list, every way to compare values. */
#include "config.h"

struct row {
    const char *request, *answer, *rule;
};

static void check(const char *text, const struct row *rows, size_t n)
{
    struct pl_config config;
    struct pl_buf messages = {0};

    if (!load_text(&config, text, &messages))
        fail_msg("does not load:\n%s", messages.p);
    for (size_t i = 0; i < n; i++) {
        const char *rule;
        char got[600], want[600];

        snprintf(got, sizeof(got), "%s", ask(&config, rows[i].request, &rule));
        snprintf(want, sizeof(want), "%s [%s]", rows[i].answer, rows[i].rule);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), " [%s]", rule);
        check_str(rows[i].request, got, want);
    }
    pl_buf_fini(&messages);
    pl_config_fini(&config);
}

#define CHECK(text, rows) check(text, rows, ROWS(rows))
#define NO "REJECT Relay access denied"

static void boundary(void **state)
{
    static const struct row rows[] = {
        {"client_address=203.0.113.9 recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=u@example.org", "DUNNO", "builtin:accepted"},
        {"client_address=203.0.113.9 recipient=u@EXAMPLE.ORG.", "DUNNO", "builtin:accepted"},
        {"client_address=203.0.113.9 recipient=u@sub.example.org", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=u@a.b.relay.example", "DUNNO", "builtin:accepted"},
        {"client_address=203.0.113.9 recipient=u@relay.example", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=u@xrelay.example", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=u@[192.0.2.25]", "DUNNO", "builtin:accepted"},
        {"client_address=203.0.113.9 recipient=u@[IPv6:::ffff:192.0.2.25]", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=u", "DUNNO", "builtin:accepted"},
        {"client_address=203.0.113.9 recipient=v%c.example@example.org", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=v@c.example@example.org", NO, "builtin:reject"},
        {"client_address=203.0.113.9 recipient=", NO, "builtin:reject"},
        {"client_address=192.0.2.7 recipient=v@c.example", "OK", "builtin:network"},
        {"client_address=192.0.2.66 recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=::ffff:192.0.2.7 recipient=v@c.example", "OK", "builtin:network"},
        {"client_address=2001:db8:1::25 recipient=v@c.example", "OK", "builtin:network"},
        {"client_address=2001:db8:2::25 recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=192.0.2.7. recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=unknown recipient=v@c.example", NO, "builtin:reject"},
        {"recipient=v@c.example", NO, "builtin:reject"},
        {"client_name=mx.partner.example recipient=v@c.example", "OK", "builtin:name"},
        {"client_name=MX.Partner.Example recipient=v@c.example", "OK", "builtin:name"},
        {"client_name=partner.example recipient=v@c.example", NO, "builtin:reject"},
        {"client_name=unknown reverse_client_name=mx.partner.example recipient=v@c.example", NO,
         "builtin:reject"},
        {"client_name=mx.partner.example client_address=192.168.0.1 recipient=v@c.example", NO,
         "builtin:reject"},
        {"client_address=192.168.0.1 recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=192.168.0.2 recipient=v@c.example", "OK", "builtin:network"},
        {"server_address=10.0.0.25 recipient=v@c.example", "OK", "builtin:listener"},
        {"server_address=10.0.0.25 client_address=192.168.0.1 recipient=v@c.example", "OK",
         "builtin:listener"},
        {"server_address=192.0.2.1 server_port=2525 recipient=v@c.example", "OK",
         "builtin:listener"},
        {"server_address=192.0.2.1 server_port=25 recipient=v@c.example", NO, "builtin:reject"},
        {"server_address=2001:db8::1 server_port=26 recipient=v@c.example", "OK",
         "builtin:listener"},
        {"policy_context=internal recipient=v@c.example", "OK", "builtin:listener"},
        {"policy_context=Internal recipient=v@c.example", NO, "builtin:reject"},
        {"sasl_username=alice recipient=v@c.example", "OK", "builtin:authenticated"},
        {"sasl_username=ALICE recipient=v@c.example", "OK", "builtin:authenticated"},
        {"sasl_username=bob@staff.example recipient=v@c.example", "OK", "builtin:authenticated"},
        {"sasl_username=bob recipient=v@c.example", NO, "builtin:reject"},
        {"sasl_username=@staff.example recipient=v@c.example", NO, "builtin:reject"},
        {"sasl_sender=alice recipient=v@c.example", NO, "builtin:reject"},
        {"ccert_fingerprint=00112233445566778899AABBCCDDEEFF recipient=v@c.example", "OK",
         "builtin:certificate"},
        {"ccert_pubkey_fingerprint=00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff "
         "recipient=v@c.example",
         "OK", "builtin:certificate"},
        {"ccert_fingerprint=00112233445566778899AABBCCDDEE00 recipient=v@c.example", NO,
         "builtin:reject"},
        {"protocol_state=DATA client_address=192.0.2.7", "DUNNO", "builtin:state"},
        {"protocol_state=VRFY client_address=192.0.2.7 recipient=v@c.example", "DUNNO",
         "builtin:state"},
        {"protocol_state=NEW client_address=192.0.2.7 recipient=v@c.example", "DUNNO",
         "builtin:state"},
        {"protocol_state= client_address=192.0.2.7 recipient=v@c.example", "DUNNO",
         "builtin:state"},
    };

    (void)state;
    CHECK("accepted_domains = {example.org, .relay.example, \"[192.0.2.25]\"}\n"
          "relay_networks = {192.0.2.0/24, !192.0.2.66, 2001:db8:1::/48, 192.168.0.0/16}\n"
          "relay_client_names = {.partner.example}\n"
          "relay_listeners = {10.0.0.25, \"192.0.2.1:2525\", \"[2001:db8::1]:26\", "
          "\"context:internal\"}\n"
          "relay_users = {alice, \"@staff.example\"}\n"
          "relay_clientcerts = {\"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\"}\n"
          "masking = {192.168.0.1}\n",
          rows);
}

static void an_empty_file_lets_nobody_relay(void **state)
{
    static const struct row rows[] = {
        {"client_address=127.0.0.1 recipient=v@c.example", NO, "builtin:reject"},
        {"sasl_username=alice recipient=v@c.example", NO, "builtin:reject"},
        {"recipient=user", "DUNNO", "builtin:accepted"},
        {"protocol_state=DATA", "DUNNO", "builtin:state"},
    };

    (void)state;
    CHECK("", rows);
}

static void keys(void **state)
{
    static const struct row rows[] = {
        {"recipient=a@b helo_name=evil.example", "450 helo_name", "helo_name"},
        {"recipient=a@b helo_name=EVIL.example.", "450 helo_name", "helo_name"},
        {"recipient=a@b helo_name=[192.0.2.9]", "450 helo_name", "helo_name"},
        {"recipient=a@b reverse_client_name=x.dyn.example", "450 reverse", "reverse"},
        {"recipient=a@b sasl_method=login", "450 method", "method"},
        {"recipient=a@b sasl_sender=x@y.example", "450 sasl_sender", "sasl_sender"},
        {"recipient=a@b sasl_sender=X@y.example", NO, "builtin:reject"},
        {"recipient=a@b server_address=192.0.2.1", "450 server", "server"},
        {"recipient=a@b server_port=587", "450 port", "port"},
        {"recipient=a@b server_port=588", "450 port", "port"},
        {"recipient=a@b server_port=465", "450 port", "port"},
        {"recipient=a@b server_port=589", NO, "builtin:reject"},
        {"recipient=a@b server_port=0587", NO, "builtin:reject"},
        {"recipient=a@b encryption_protocol=tlsv1", "450 tls", "tls"},
        {"recipient=a@b ccert_subject=Client+20=+20+2B50%", "450 subject", "subject"},
        {"recipient=a@b ccert_subject=Client+20=", NO, "builtin:reject"},
        {"recipient=a@b ccert_subject=a+", "450 odd", "odd"},
        {"recipient=a@b ccert_subject=b+2", "450 odd", "odd"},
        {"recipient=a@b ccert_subject=c+2g", "450 odd", "odd"},
        {"recipient=a@b ccert_subject=d+g2", "450 odd", "odd"},
        {"recipient=a@b ccert_subject=+61+2B", "450 odd", "odd"},
        {"recipient=a@b policy_context=outside", "450 context", "context"},
        {"recipient=a@b tls_sni=MAIL.example.org", "450 sni", "sni"},
        {"protocol_state=ETRN", "450 state", "state"},
        {"protocol_state=MAIL sender=x@bulk.example", "450 mail", "mail"},
        {"recipient=a@b sender=x@bulk.example", NO, "builtin:reject"},
    };

    (void)state;
    CHECK(
        "rule \"helo_name\" { helo_name = {evil.example, \"[192.0.2.9]\"} action = \"450 "
        "helo_name\" }\n"
        "rule \"reverse\" { reverse_client_name = {.dyn.example} action = \"450 reverse\" }\n"
        "rule \"method\" { sasl_method = {LOGIN} action = \"450 method\" }\n"
        "rule \"sasl_sender\" { sasl_sender = {x@y.example} action = \"450 sasl_sender\" }\n"
        "rule \"server\" { server_address = {192.0.2.0/30} action = \"450 server\" }\n"
        "rule \"port\" { server_port = {465, 587-588} action = \"450 port\" }\n"
        "rule \"tls\" { encryption_protocol = {TLSv1, TLSv1.1} action = \"450 tls\" }\n"
        "rule \"subject\" { ccert_subject = {\"Client = +50%\"} action = \"450 subject\" }\n"
        "rule \"odd\" { ccert_subject = {\"a+\", \"b+2\", \"c+2g\", \"d+g2\"} action = \"450 odd\" "
        "}\n"
        "rule \"context\" { policy_context = {outside} action = \"450 context\" }\n"
        "rule \"sni\" { tls_sni = {mail.example.org} action = \"450 sni\" }\n"
        "rule \"state\" { protocol_state = {etrn} action = \"450 state\" }\n"
        "rule \"mail\" { protocol_state = {MAIL} sender = {bulk.example} action = \"450 mail\" }\n",
        rows);
}

static void any_and_absent(void **state)
{
    static const struct row rows[] = {
        {"recipient=a@b client_address=203.0.113.9", NO, "builtin:reject"},
        {"recipient=a@b client_address=203.0.114.9", "450 all but", "all but"},
        {"recipient=a@b client_address=2001:db8::1", "450 all but", "all but"},
        {"recipient=a@b client_address=junk", "450 no address", "no address"},
        {"recipient=a@b", "450 no address", "no address"},
        {"recipient=a@b client_address=203.0.113.9 sender= client_name=x", "450 null", "null"},
        {"recipient=a@b client_address=203.0.113.9 sender=x@y sasl_username=z", "450 login",
         "login"},
        {"recipient=a@b client_address=203.0.113.9 sender=x@y client_name=a.example", "450 name",
         "name"},
        {"recipient=a@b client_address=203.0.113.9 sender=x@y encryption_protocol=TLSv1.3",
         "450 tls", "tls"},
    };

    (void)state;
    CHECK("rule \"all but\" { client_address = {any, !203.0.113.0/24} action = \"450 all but\" }\n"
          "rule \"no address\" { client_address = {unknown} action = \"450 no address\" }\n"
          "rule \"null\" { sender = {\"<>\"} client_name = {x} action = \"450 null\" }\n"
          "rule \"login\" { sasl_username = {any} action = \"450 login\" }\n"
          "rule \"name\" { client_name = {any, !x} action = \"450 name\" }\n"
          "rule \"tls\" { encryption_protocol = {any} ccert_fingerprint = {none} action = \"450 "
          "tls\" }\n",
          rows);
}

static void mail_addresses(void **state)
{
    static const struct row rows[] = {
        {"recipient=postmaster@anything.example", "450 local", "local"},
        {"recipient=Postmaster", "450 local", "local"},
        {"recipient=postmaster+x@anything.example", "450 local", "local"},
        {"recipient=postmaster%x@anything.example", "450 routed", "routed"},
        {"recipient=it@example.org", "450 exact", "exact"},
        {"recipient=IT+scan@Example.Org", "450 exact", "exact"},
        {"recipient=it@sub.example.org", "450 below", "below"},
        {"recipient=other@example.org", "450 ours", "ours"},
        {"recipient=bare", "450 ours", "ours"},
        {"recipient=x!y", "450 routed", "routed"},
        {"recipient=v@c.example sender=a@example.org", "450 from us", "from us"},
        {"recipient=v@c.example sender=bare", "450 from us", "from us"},
        {"recipient=v@c.example sender=", NO, "builtin:reject"},
        {"recipient=v@c.example sender=a@d.example", "450 foreign both", "foreign both"},
        {"recipient=v@ sender=a%b@example.org", "450 foreign both", "foreign both"},
        {"recipient=v@xn--bcher-kva.example", "450 idn", "idn"},
        {"recipient=v@b\xc3\xbc"
         "cher.example",
         "450 idn", "idn"},
        {"recipient=v@[IPv6:2001:DB8::25]", "450 literal", "literal"},
    };

    (void)state;
    CHECK("accepted_domains = {example.org}\nrecipient_delimiter = \"+\"\n"
          "rule \"local\" { recipient = {postmaster@} action = \"450 local\" }\n"
          "rule \"exact\" { recipient = {it@example.org} action = \"450 exact\" }\n"
          "rule \"below\" { recipient = {.example.org} action = \"450 below\" }\n"
          "rule \"ours\" { recipient = {ours} action = \"450 ours\" }\n"
          "rule \"routed\" { recipient = {routed} action = \"450 routed\" }\n"
          "rule \"idn\" { recipient = {b\xc3\xbc"
          "cher.example} action = \"450 idn\" }\n"
          "rule \"literal\" { recipient = {\"[IPv6:2001:db8::25]\"} action = \"450 literal\" }\n"
          "rule \"from us\" { sender = {ours} action = \"450 from us\" }\n"
          "rule \"foreign both\" { sender = {foreign} recipient = {foreign} action = \"450 foreign "
          "both\" }\n",
          rows);
}

static void users(void **state)
{
    static const struct row fold[] = {
        {"recipient=a@b sasl_username=Bob@Example.org", "REJECT no", "bob"},
        {"recipient=a@b sasl_username=bob", "REJECT no", "bob"},
        {"recipient=a@b sasl_username=carol", "REJECT carol", "carol"},
        {"recipient=a@b sasl_username=carol@example.org", "REJECT carol", "carol"},
        {"recipient=a@b sasl_username=carol@other.example", "OK", "builtin:authenticated"},
    };
    static const struct row keep[] = {
        {"recipient=a@b sasl_username=Bob@Example.org", "OK", "builtin:authenticated"},
        {"recipient=a@b sasl_username=bob", "OK", "builtin:authenticated"},
        {"recipient=a@b sasl_username=bob@example.org", "REJECT no", "bob"},
    };

    (void)state;
    CHECK("default_realm = example.org\nrelay_users = {any}\n"
          "rule \"bob\" { sasl_username = {bob@example.org} action = \"REJECT no\" }\n"
          "rule \"carol\" { sasl_username = {carol} action = \"REJECT carol\" }\n",
          fold);
    CHECK("username_case = keep\nrelay_users = {any}\n"
          "rule \"bob\" { sasl_username = {bob@example.org} action = \"REJECT no\" }\n",
          keep);
}

static void options(void **state)
{
    static const struct row words[] = {
        {"client_address=192.0.2.1 recipient=v@c.example", "DUNNO", "builtin:network"},
        {"client_address=192.0.3.1 recipient=v@c.example", "reject_unauth_destination",
         "builtin:reject"},
        {"client_address=192.0.3.1 recipient=bare", "reject_unauth_destination", "builtin:reject"},
    };
    static const struct row observe[] = {
        {"client_address=192.0.2.1 recipient=v@c.example", "DUNNO", "builtin:network"},
        {"client_address=192.0.3.1 recipient=v@c.example",
         "WARN would be refused: REJECT Relay access denied", "builtin:reject"},
        {"client_address=192.0.3.1 recipient=hold@example.org", "DUNNO", "hold"},
        {"client_address=192.0.3.1 recipient=later@example.org helo_name=h",
         "WARN would be refused: 450 4.7.1 Not now, h", "later"},
    };

    (void)state;
    CHECK("relay_networks = {192.0.2.0/24}\nrelay_action = DUNNO\nbare_recipient = foreign\n"
          "reject_action = reject_unauth_destination\n",
          words);
    CHECK("mode = observe\naccepted_domains = {example.org}\nrelay_networks = {192.0.2.0/24}\n"
          "rule \"hold\" { recipient = {hold@example.org} action = HOLD }\n"
          "rule \"later\" { recipient = {later@example.org} action = \"450 4.7.1 Not now, "
          "%{helo_name}\" }\n",
          observe);
}

static void references(void **state)
{
    static const struct row rows[] = {
        {"client_address=10.1.0.1 recipient=v@c.example", "OK", "builtin:network"},
        {"client_address=10.1.0.66 recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=10.2.0.1 recipient=v@c.example", "OK", "builtin:network"},
        {"client_address=10.3.0.1 recipient=v@c.example", NO, "builtin:reject"},
        {"client_address=10.1.0.1 recipient=boss@example.org", "REJECT inside", "inside"},
        {"client_address=10.9.0.1 recipient=boss@example.org", "DUNNO", "builtin:accepted"},
        {"client_address=10.9.0.1 recipient=x@file.example", "DUNNO", "builtin:accepted"},
        {"client_address=10.9.0.1 recipient=x@second.example", "DUNNO", "builtin:accepted"},
        {"client_address=10.9.0.1 recipient=x@third.example", "DUNNO", "builtin:accepted"},
        {"client_address=10.9.0.1 recipient=x@comment.example", NO, "builtin:reject"},
    };
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/hosted", folder);
    write_file(path,
               "# domains\n\nfile.example\r\n  second.example  # a comment\n#comment.example\n"
               "third.example");
    CHECK(
        "networks lan { entries = {10.1.0.0/16} }\nnetworks quarantine { entries = {10.1.0.66} }\n"
        "domains hosted { entries = {example.org} file = \"hosted\" }\n"
        "accepted_domains = {<hosted>}\n"
        "relay_networks = {<lan>, !<quarantine>, 10.2.0.0/16}\n"
        "rule \"inside\" { client_address = {<relay_networks>} recipient = {boss@example.org} "
        "action = \"REJECT inside\" }\n",
        rows);
}

static void a_hundred_rules_ten_thousand_entries(void **state)
{
    struct pl_buf text = {0}, messages = {0};
    struct pl_config config;
    const char *rule;

    (void)state;
    for (int i = 0; i < 100; i++) {
        pl_buf_addf(&text, "rule \"r%d\" { client_address = {", i);
        for (int j = 0; j < 100; j++)
            pl_buf_addf(&text, "%s10.%d.%d.0/24", j > 0 ? ", " : "", i, j);
        pl_buf_addf(&text, "} action = \"450 4.7.1 rule %d\" }\n", i);
    }
    if (!load_text(&config, text.p, &messages))
        fail_msg("%s", messages.p);
    assert_int_equal(pl_policy_entries(config.policy), 10000);
    assert_int_equal(config.policy->nwritten, 100);
    check_str("first", ask(&config, "client_address=10.0.0.1 recipient=a@b", &rule),
              "450 4.7.1 rule 0");
    check_str("last", ask(&config, "client_address=10.99.99.255 recipient=a@b", &rule),
              "450 4.7.1 rule 99");
    check_str("none", ask(&config, "client_address=10.99.100.1 recipient=a@b", &rule), NO);
    pl_config_fini(&config);
    pl_buf_fini(&text);
    pl_buf_fini(&messages);
}

/* The longest that is compared, and the longest that is sent. */
static void lengths(void **state)
{
    struct pl_buf text = {0}, request = {0}, want = {0}, messages = {0};
    struct pl_config config;

    (void)state;
    pl_buf_addf(
        &text,
        "mode = observe\nrule r { ccert_subject = {\"%0512d\"} action = \"REJECT %0393d\" }\n", 7,
        1);
    if (!load_text(&config, text.p, &messages))
        fail_msg("%s", messages.p);
    pl_buf_addf(&request, "recipient=a@b ccert_subject=%0512d", 7);
    pl_buf_addf(&want, "WARN would be refused: REJECT %0393d", 1);
    want.p[PL_ACTION_MAX] = '\0';
    check_str("512 bytes", ask(&config, request.p, NULL), want.p);
    pl_buf_reset(&request);
    pl_buf_addf(&request, "recipient=a@b ccert_subject=%0511d+37", 0);
    check_str("512 bytes, one encoded", ask(&config, request.p, NULL), want.p);
    pl_buf_reset(&request);
    pl_buf_addf(&request, "recipient=a@b ccert_subject=0%0512d", 7);
    check_str("513 bytes", ask(&config, request.p, NULL), "WARN would be refused: " NO);
    pl_config_fini(&config);
    pl_buf_fini(&text);
    pl_buf_fini(&request);
    pl_buf_fini(&want);
    pl_buf_fini(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundary),
        cmocka_unit_test(an_empty_file_lets_nobody_relay),
        cmocka_unit_test(keys),
        cmocka_unit_test(any_and_absent),
        cmocka_unit_test(mail_addresses),
        cmocka_unit_test(users),
        cmocka_unit_test(options),
        cmocka_unit_test(references),
        cmocka_unit_test(a_hundred_rules_ten_thousand_entries),
        cmocka_unit_test(lengths),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
