/* SPDX-License-Identifier: BSD-2-Clause */
/* The surface, whole, as it is printed. */
#include "config.h"

#include "postlatch/check.h"
#include "postlatch/surface.h"

#define WIDE "widest_network_v4 = 0\nwidest_network_v6 = 0\n"
#define OK "action = OK }\n"

static const struct {
    const char *name, *policy;
    bool by_rule;
    const char *lines;
} rows[] = {
    {"nobody", "", false, ""},

    /* ::ffff:0:0/96 is IPv4, not IPv6: it is listed only as a part of something larger. */
    {"all of IPv6", WIDE "relay_networks = {\"::/0\"}\n", false, "::/0 builtin:network\n"},
    {"the end is the gap", WIDE "relay_networks = {\"::/80\"}\n", false, "::/80 builtin:network\n"},
    {"three beside the gap", WIDE "relay_networks = {\"::fffc:0:0/94\"}\n", false,
     "::fffc:0:0/94 builtin:network\n"},
    {"two beside the gap", WIDE "relay_networks = {\"::fffd:0:0/96\", \"::fffe:0:0/95\"}\n", false,
     "::fffd:0:0/96 builtin:network\n::fffe:0:0/96 builtin:network\n"},
    {"one beside the gap", WIDE "relay_networks = {\"::fffe:0:0/95\"}\n", false,
     "::fffe:0:0/96 builtin:network\n"},
    {"both sides of the gap",
     WIDE "relay_networks = {\"::fffe:0:0/96\", \"::1:0:0:0/96\", \"::1:1:0:0/96\"}\n", false,
     "::fffe:0:0/96 builtin:network\n::1:0:0:0/95 builtin:network\n"},

    /* To whom. */
    {"to some", "rule a { client_address = {192.0.2.0/24} recipient = {partner.example} " OK, false,
     "192.0.2.0/24 \"a\"  only to {partner.example}\n"},
    {"to some, by two rules",
     "rule a { client_address = {192.0.2.0/24} recipient = {partner.example} " OK
     "rule b { client_address = {192.0.2.0/24} recipient = {p2.example} " OK,
     false, "192.0.2.0/24 \"a\", \"b\"  only to {partner.example} or {p2.example}\n"},
    {"to all but some: not only to those of the first rule",
     "rule a { client_address = {192.0.2.0/24} recipient = {partner.example} " OK
     "rule no { recipient = {p2.example} action = REJECT }\n"
     "rule b { client_address = {192.0.2.0/24} " OK,
     false, "192.0.2.0/24 \"a\", \"b\"  only to some recipients\n"},

    /* By rule: what that rule lets, not what another one of the line does. */
    {"by rule, to whom",
     "rule a { client_address = {192.0.2.0/24} recipient = {partner.example} " OK
     "rule b { client_address = {192.0.2.0/25} sender = {c.example} " OK,
     true,
     "192.0.2.0/24 \"a\"  only to {partner.example}\n192.0.2.0/25 \"b\"  only to some "
     "recipients\n"},
    {"all rules, to whom",
     "rule a { client_address = {192.0.2.0/25} recipient = {partner.example} sender = "
     "{b.example} " OK "rule b { client_address = {192.0.2.0/25} " OK,
     false, "192.0.2.0/25 \"a\", \"b\"\n"},
    {"by rule, to any",
     "rule a { client_address = {192.0.2.0/25} recipient = {partner.example} sender = "
     "{b.example} " OK "rule b { client_address = {192.0.2.0/25} " OK,
     true, "192.0.2.0/25 \"a\"  only to {partner.example}\n192.0.2.0/25 \"b\"\n"},
    {"by rule, elsewhere",
     "permitted_elsewhere = {192.0.2.0/24}\n"
     "rule a { client_address = {192.0.2.0/24} sender = {b.example} " OK
     "rule b { client_address = {192.0.2.0/25} action = DUNNO }\n",
     true,
     "192.0.2.0/24 \"a\"\n"
     "192.0.2.0/25 \"b\" (Postfix permits it: permitted_elsewhere)\n"},
    {"by rule, without an address",
     "rule a { client_address = {unknown} recipient = {partner.example} " OK
     "rule b { client_address = {unknown} sender = {b.example} " OK,
     true,
     "address:unknown \"a\"  only to {partner.example}\n"
     "address:unknown \"b\"  only to some recipients\n"},

    /* What credentials add. */
    {"a login to some by one rule, to any by another",
     "rule a { sasl_username = {alice} recipient = {partner.example} " OK
     "rule b { sasl_username = {alice} sender = {b.example} " OK,
     false, "login:alice \"a\", \"b\"\n"},
    {"a login to some by two rules",
     "rule a { sasl_username = {alice} recipient = {partner.example} " OK
     "rule b { sasl_username = {alice} recipient = {p2.example} " OK,
     false, "login:alice \"a\", \"b\"  only to {partner.example} or {p2.example}\n"},
    {"a login that is written like a group", "relay_users = {\"@a@mx.example\"}\n", false,
     "login:@a@mx.example builtin:authenticated\n"},
    {"one of a group, who is in another list",
     "relay_client_names = {.partner.example}\n"
     "rule no { client_name = {.partner.example, !mx.partner.example} action = REJECT }\n",
     false, "name:.partner.example builtin:name\n"},
    {"a certificate must be shown",
     "rule a { ccert_fingerprint = {none} ccert_pubkey_fingerprint = "
     "{\"00112233445566778899aabbccddeeff\"} " OK,
     false, "certificate:00112233445566778899aabbccddeeff \"a\"\n"},
};

/* Without the blanks that make a column of the rules. */
static void squeeze(char *text)
{
    char *to = text;

    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n") + 1, subject = strcspn(line, " \n"), blanks;

        blanks = strspn(line + subject, " ");
        memmove(to, line, subject);
        to += subject;
        *to++ = ' ';
        memmove(to, line + subject + blanks, n - subject - blanks);
        to += n - subject - blanks;
        line += n;
    }
    *to = '\0';
}

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pl_buf messages = {0}, text = {0};
        struct pl_surface *surface;
        struct pl_config config;

        if (!load_text(&config, rows[i].policy, &messages))
            fail_msg("%s: %s", rows[i].name, messages.p);
        surface = pl_surface_new(config.policy, NULL, rows[i].by_rule);
        assert_non_null(surface);
        assert_null(surface->gave_up);
        pl_check_add_surface(&text, surface, 0, "");
        pl_buf_add_char(&text, '\0');
        squeeze(text.p);
        if (strcmp(text.p, rows[i].lines) != 0)
            fail_msg("%s:\n%snot:\n%s", rows[i].name, text.p, rows[i].lines);
        pl_buf_fini(&text);
        pl_buf_fini(&messages);
        pl_surface_free(surface);
        pl_config_fini(&config);
    }
}

/* The size, of a lean policy too, as the daemon asks. */
static void sizes(void **state)
{
    static const struct {
        const char *policy;
        size_t v4, v6;
        double addresses;
    } wanted[] = {
        {"", 0, 0, 0},
        {"relay_networks = {192.0.2.0/25, 192.0.2.128/25, 2001:db8::/48, 10.0.0.1}\n", 2, 1, 257},
        {WIDE "relay_networks = {0.0.0.0/0, \"::/0\"}\n", 1, 1, 4294967296.0},
        {"masking = {192.0.2.1}\nrelay_networks = {192.0.2.0/30}\n", 2, 0, 3},
        {"permitted_elsewhere = {192.0.2.0/31}\n", 0, 0, 0},
        {"permitted_elsewhere = {192.0.2.0/31}\n"
         "rule b { client_address = {192.0.2.0/30} action = DUNNO }\n",
         1, 0, 2},
        {"relay_client_names = {.a.example}\nrelay_users = {any}\n", 0, 0, 0},
        {"rule a { client_address = {192.0.2.8/29} recipient = {partner.example} " OK, 1, 0, 8},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(wanted); i++) {
        struct pl_buf messages = {0};
        struct pl_surface_size size;
        struct pl_config config, lean;
        struct pl_diag *d = pl_diag_new();
        struct pl_space *space;
        bool too_large = false;
        char path[512];

        if (!load_text(&config, wanted[i].policy, &messages))
            fail_msg("%s", messages.p);
        snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
        assert_true(pl_config_load_lean(&lean, path, d));
        space = pl_space_new(lean.policy, NULL, &too_large);
        assert_non_null(space);
        assert_true(pl_surface_measure(space, 0, &size));
        assert_null(size.unknown);
        if (size.networks_v4 != wanted[i].v4 || size.networks_v6 != wanted[i].v6 ||
            (size_t)size.addresses_v4 != (size_t)wanted[i].addresses)
            fail_msg("%s: %zu, %zu, %.0f", wanted[i].policy, size.networks_v4, size.networks_v6,
                     size.addresses_v4);
        assert_true(pl_surface_measure(space, 1, &size));
        check_true(wanted[i].policy, size.unknown != NULL || wanted[i].v4 + wanted[i].v6 == 0);
        pl_space_free(space);
        pl_diag_free(d);
        pl_config_fini(&lean);
        pl_config_fini(&config);
        pl_buf_fini(&messages);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(sizes)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
