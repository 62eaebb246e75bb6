/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may relay by a new policy and could not by the old one: whole lines. */
#include "config.h"

#include "postlatch/wider.h"

#define BASE "accepted_domains = {example.org}\nrelay_networks = {192.0.2.0/24}\n"
#define MORE "more may relay than before: "
#define OK "action = OK }\n"

static const struct {
    const char *name, *now, *next, *line;
} rows[] = {
    {"the same", BASE, BASE, ""},
    {"nothing and nothing", "", "", ""},
    {"from nothing", "", BASE, MORE "192.0.2.0/24"},
    {"fewer", BASE, "accepted_domains = {example.org}\n", ""},
    {"a narrower network", BASE, "relay_networks = {192.0.2.64/26}\n", ""},
    {"a wider network", BASE, "relay_networks = {192.0.2.0/23}\n", MORE "192.0.3.0/24"},
    {"another network", BASE, "relay_networks = {198.51.100.0/24}\n", MORE "198.51.100.0/24"},
    {"an exception less", "relay_networks = {192.0.2.0/24, !192.0.2.7}\n", BASE, MORE "192.0.2.7"},
    {"IPv6", BASE, "relay_networks = {192.0.2.0/24, 2001:db8:1::/48}\n", MORE "2001:db8:1::/48"},
    {"twelve of them", BASE,
     "relay_networks = {192.0.2.0/24, 10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11, "
     "10.0.0.13, 10.0.0.15, 10.0.0.17, 10.0.0.19, 10.0.0.21, 10.0.0.23}\n",
     MORE "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11, 10.0.0.13, 10.0.0.15, "
          "10.0.0.17, 10.0.0.19 and 2 more"},
    {"masking no more", "masking = {192.0.2.1}\n" BASE, BASE, MORE "192.0.2.1"},
    {"masking now", BASE, "masking = {192.0.2.1}\n" BASE, ""},
    {"a rule refuses no more",
     BASE "rule a { client_address = {192.0.2.9}  action = \"REJECT a\" }\n", BASE,
     MORE "192.0.2.9"},
    {"a rule that says the same", BASE, BASE "rule a { client_address = {192.0.2.9}  " OK, ""},
    {"a rule by address", BASE, BASE "rule a { client_address = {198.51.100.9}  " OK,
     MORE "198.51.100.9"},
    {"a rule to some", BASE,
     BASE "rule a { client_address = {198.51.100.9}  recipient = {partner.example}  " OK,
     MORE "198.51.100.9"},
    {"to more", BASE "rule a { client_address = {198.51.100.9}  recipient = {partner.example}  " OK,
     BASE
     "rule a { client_address = {198.51.100.9}  recipient = {partner.example, p2.example}  " OK,
     MORE "198.51.100.9 (to more recipients)"},
    {"to fewer",
     BASE
     "rule a { client_address = {198.51.100.9}  recipient = {partner.example, p2.example}  " OK,
     BASE "rule a { client_address = {198.51.100.9}  recipient = {partner.example}  " OK, ""},
    {"for one sender", BASE,
     BASE "rule a { client_address = {198.51.100.9}  sender = {a@b.example}  " OK,
     MORE "198.51.100.9"},
    {"clients without an address", BASE, BASE "rule a { client_address = {unknown}  " OK,
     MORE "clients without an address"},
    {"a rule to our own only", BASE,
     BASE "rule a { client_address = {198.51.100.9}  recipient = {ours}  " OK, ""},
    {"another state", BASE,
     BASE "rule a { client_address = {198.51.100.9}  protocol_state = {DATA}  " OK, ""},
    {"DUNNO now permits", BASE "rule a { client_address = {198.51.100.9}  action = DUNNO }\n",
     BASE "after_dunno = permit\nrule a { client_address = {198.51.100.9}  action = DUNNO }\n",
     MORE "198.51.100.9"},
    {"permitted elsewhere", BASE "rule a { client_address = {198.51.100.9}  action = DUNNO }\n",
     BASE "permitted_elsewhere = {198.51.100.8/30}\n"
          "rule a { client_address = {198.51.100.9}  action = DUNNO }\n",
     MORE "198.51.100.9"},
    {"permitted elsewhere, with a name",
     BASE "rule a { client_name = {unknown}  action = REJECT }\n"
          "rule b { client_address = {198.51.100.9}  action = DUNNO }\n",
     BASE "permitted_elsewhere = {198.51.100.8/30}\n"
          "rule a { client_name = {unknown}  action = REJECT }\n"
          "rule b { client_address = {198.51.100.9}  action = DUNNO }\n",
     MORE "names such as \"host.client.example\""},
    {"with a name, where Postfix permits without one",
     BASE "permitted_elsewhere = {198.51.100.8/30}\n"
          "rule a { client_name = {unknown}  action = DUNNO }\n"
          "rule b { client_address = {198.51.100.9}  action = REJECT }\n",
     BASE "permitted_elsewhere = {198.51.100.8/30}\n"
          "rule a { client_name = {unknown}  action = DUNNO }\n"
          "rule b { client_address = {198.51.100.9}  " OK,
     MORE "names such as \"host.client.example\""},
    {"a login from a name where Postfix permits without",
     BASE "permitted_elsewhere = {198.51.100.8/30}\n"
          "rule a { client_address = {198.51.100.9}  sasl_username = {bob}  client_name = {any}  "
          "action = REJECT }\n"
          "rule b { client_address = {198.51.100.9}  action = DUNNO }\n",
     BASE "permitted_elsewhere = {198.51.100.8/30}\n"
          "rule b { client_address = {198.51.100.9}  action = DUNNO }\n",
     MORE "requests such as client_address=\"198.51.100.9\" client_name=\"host.client.example\" "
          "reverse_client_name=\"unknown\" helo_name=\"host.client.example\" "
          "sender=\"sender@elsewhere.example\" recipient=\"someone@foreign.example\" "
          "sasl_username=\"bob\""},
    {"a name", BASE, BASE "relay_client_names = {mx.partner.example}\n",
     MORE "names such as \"mx.partner.example\""},
    {"names below", BASE, BASE "relay_client_names = {.partner.example}\n",
     MORE "names such as \"host.partner.example\""},
    {"a name of those below", BASE "relay_client_names = {.partner.example}\n",
     BASE "relay_client_names = {mx.partner.example}\n", ""},
    {"a listener", BASE, BASE "relay_listeners = {10.0.0.25}\n",
     MORE "whoever comes in at 10.0.0.25"},
    {"its port does not matter any more", BASE "relay_listeners = {\"10.0.0.25:26\"}\n",
     BASE "relay_listeners = {10.0.0.25}\n", MORE "whoever comes in at 10.0.0.25"},
    {"its port matters now", BASE "relay_listeners = {10.0.0.25}\n",
     BASE "relay_listeners = {\"10.0.0.25:26\"}\n", ""},
    {"another of two", BASE "relay_listeners = {10.0.0.25, \"context:in\"}\n",
     BASE "relay_listeners = {10.0.0.25, \"context:out\"}\n",
     MORE "whoever comes in at context:out"},
    {"a login", BASE "relay_users = {alice}\n", BASE "relay_users = {alice, bob}\n",
     MORE "logins such as \"bob\""},
    {"another login", BASE "relay_users = {alice}\n", BASE "relay_users = {bob}\n",
     MORE "logins such as \"bob\""},
    {"a login of a table of the same name",
     BASE "relay_users = {<vip>}\nusers vip { entries = {alice} }\n",
     BASE "relay_users = {<vip>}\nusers vip { entries = {alice, carol} }\n",
     MORE "logins such as \"carol\""},
    {"one of all logins", BASE "relay_users = {any}\n", BASE "relay_users = {alice}\n", ""},
    {"a blocked login no more",
     BASE "relay_users = {any}\nrule b { sasl_username = {bob}  action = \"REJECT b\" }\n",
     BASE "relay_users = {any}\n", MORE "logins such as \"bob\""},
    {"a certificate", BASE, BASE "relay_clientcerts = {\"00112233445566778899aabbccddeeff\"}\n",
     MORE "certificates such as \"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\", keys of "
          "certificates such as \"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\""},
    {"a certificate, but nothing with TLS passes", BASE,
     BASE "relay_clientcerts = {\"00112233445566778899aabbccddeeff\"}\n"
          "rule a { encryption_protocol = {any}  action = \"450 4.7.1 Later\" }\n",
     ""},
    {"a login from a name only", BASE,
     BASE "rule a { sasl_username = {bob}  client_name = {mx.partner.example}  " OK,
     MORE "requests such as client_address=\"203.0.113.9\" client_name=\"mx.partner.example\" "
          "reverse_client_name=\"unknown\" helo_name=\"host.client.example\" "
          "sender=\"sender@elsewhere.example\" recipient=\"someone@foreign.example\" "
          "sasl_username=\"bob\""},
    {"a domain that is ours no more: nobody relays who could not", BASE,
     "relay_networks = {192.0.2.0/24}\n", ""},
    {"all at once", BASE,
     BASE "relay_networks += {10.0.0.0/24}\nrelay_client_names = {a.example}\n"
          "relay_listeners = {10.0.0.25}\nrelay_users = {alice}\n",
     MORE "10.0.0.0/24, names such as \"a.example\", whoever comes in at 10.0.0.25, logins such as "
          "\"alice\""},
};

static void load(struct pl_config *config, const char *text, bool lean)
{
    struct pl_diag *d = pl_diag_new();
    char path[512];

    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    write_file(path, text);
    if (!(lean ? pl_config_load_lean : pl_config_load)(config, path, d))
        fail_msg("%s%s", text, pl_diag_get(d, 0));
    assert_int_equal(config->policy->lean, lean);
    pl_diag_free(d);
}

static void check(bool lean)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_config now, next;
        struct pl_buf text = {0};
        enum pl_wider result;

        load(&now, rows[i].now, lean);
        load(&next, rows[i].next, lean);
        result = pl_wider_tell(&text, now.policy, next.policy);
        check_str(rows[i].name, text.p, rows[i].line);
        check_true(rows[i].name, (result == PL_WIDER_IS) == (rows[i].line[0] != '\0') &&
                                     result != PL_WIDER_UNKNOWN);
        pl_config_fini(&now);
        pl_config_fini(&next);
        pl_buf_fini(&text);
    }
}

static void whole(void **state)
{
    (void)state;
    check(false);
}

static void lean(void **state)
{
    (void)state;
    check(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(lean),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
