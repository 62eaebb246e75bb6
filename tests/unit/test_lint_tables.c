/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that hold nothing or that nobody names, entries that others hold: whole messages. */
#include "lint.h"

enum {
    CODES = 1U << PL_LINT_EMPTY_TABLE | 1U << PL_LINT_UNUSED_TABLE | 1U << PL_LINT_REDUNDANT_ENTRY
};

static void tables(void **state)
{
    static const struct lint_case cases[] = {
        {"nothing to say",
         "networks lan { entries = {10.0.0.0/8} }\n"
         "relay_networks = {<lan>}\n",
         NULL, NULL, ""},
        {"no entries",
         "networks lan { entries = {} }\n"
         "relay_networks = {<lan>}\n",
         NULL, NULL,
         "postlatch.conf:1: empty-table lan: networks \"lan\" has no entries: whom it is meant to "
         "let in, or to keep out, it does not. Fill it, or take it out\n"},
        {"named nowhere",
         "relay_networks = {192.168.0.0/16}\n"
         "networks lan { entries = {10.0.0.0/8} }\n",
         NULL, NULL,
         "postlatch.conf:2: unused-table lan: no rule and no list names networks \"lan\", so its "
         "entries have no effect. Write <lan> where they are to count, or take the table out\n"},
        {"neither",
         "\n"
         "users blocked { entries = {} }\n",
         NULL, NULL,
         "postlatch.conf:2: empty-table blocked: users \"blocked\" has no entries: whom it is "
         "meant to let in, or to keep out, it does not. Fill it, or take it out\n"
         "postlatch.conf:2: unused-table blocked: no rule and no list names users \"blocked\", so "
         "its entries have no effect. Write <blocked> where they are to count, or take the table "
         "out\n"},
        {"named with '!' only",
         "networks lan { entries = {10.0.0.0/8} }\n"
         "relay_networks = {192.168.0.0/16, !<lan>}\n",
         NULL, NULL, ""},
        {"named by a rule",
         "users blocked { entries = {mallory} }\n"
         "rule \"r\" {\n"
         "  sasl_username = {<blocked>}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL, ""},
        {"named by a list that a rule names",
         "domains hosted { entries = {example.org} }\n"
         "accepted_domains = {<hosted>}\n"
         "rule \"r\" {\n"
         "  sender = {<accepted_domains>}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL, ""},
        {"named by masking",
         "networks m { entries = {10.0.0.1} }\n"
         "masking = {<m>}\n",
         NULL, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void within_a_table(void **state)
{
    static const struct lint_case cases[] = {
        {"a network within another",
         "relay_networks = {10.0.0.0/8,\n"
         "  10.1.0.0/16,\n"
         "  192.168.0.0/16,\n"
         " 11.0.0.0/16}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes nobody "
         "off the list. Take it out now, or narrow the wider entry\n"},
        {"the narrow one first",
         "relay_networks = {10.1.0.0/16,\n"
         "  10.0.0.0/8}\n",
         NULL, NULL,
         "postlatch.conf:1: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" (postlatch.conf:2) holds all of it. Whoever deletes it later takes nobody "
         "off the list. Take it out now, or narrow the wider entry\n"},
        {"twice",
         "relay_networks = {10.0.0.0/8,\n"
         "  10.0.0.0/8,\n"
         "  10.0.0.0/8}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 10.0.0.0/8: \"10.0.0.0/8\" is there already "
         "(postlatch.conf:1). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"
         "postlatch.conf:3: redundant-entry 10.0.0.0/8: \"10.0.0.0/8\" is there already "
         "(postlatch.conf:1). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"},
        {"the same, written otherwise",
         "relay_networks = {192.168.2.1, fd00::1,\n"
         "  192.168.2.1/32, fd00:0::1}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 192.168.2.1/32: \"192.168.2.1/32\" is there already as "
         "\"192.168.2.1\" (postlatch.conf:1). Whoever deletes only one of the two takes nobody off "
         "the list. Take this one out\n"
         "postlatch.conf:2: redundant-entry fd00:0::1: \"fd00:0::1\" is there already as "
         "\"fd00::1\" (postlatch.conf:1). Whoever deletes only one of the two takes nobody off the "
         "list. Take this one out\n"},
        {"twice within another",
         "relay_networks = {10.1.0.0/16,\n"
         "  10.1.0.0/16,\n"
         "  10.0.0.0/8}\n",
         NULL, NULL,
         "postlatch.conf:1: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" (postlatch.conf:3) holds all of it. Whoever deletes it later takes nobody "
         "off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:2: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" (postlatch.conf:3) holds all of it. Whoever deletes it later takes nobody "
         "off the list. Take it out now, or narrow the wider entry\n"},
        {"neighbours", "relay_networks = {10.0.0.0/9, 10.128.0.0/9, fd00::/9, fd80::/9}\n", NULL,
         NULL, ""},
        {"IPv4 and IPv6 with the same bytes",
         "relay_networks = {10.0.0.0/8, fd00::/8, fd00:1::/32}\n", NULL, NULL,
         "postlatch.conf:1: redundant-entry fd00:1::/32: \"fd00:1::/32\" adds nothing, as "
         "\"fd00::/8\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes nobody "
         "off the list. Take it out now, or narrow the wider entry\n"},
        {"taken out twice",
         "relay_networks = {10.0.0.0/8, !10.1.0.0/16,\n"
         "  !10.1.1.0/24}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 10.1.1.0/24: \"10.1.1.0/24\" adds nothing, as "
         "\"10.1.0.0/16\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes "
         "nobody off the list. Take it out now, or narrow the wider entry\n"},
        {"in one side, and in the other", "relay_networks = {10.0.0.0/8, !10.1.0.0/16}\n", NULL,
         NULL, ""},
        {"domains",
         "accepted_domains = {example.org, .example.org,\n"
         "  a.example.org,\n"
         "  .b.example.org,\n"
         "  EXAMPLE.org.,\n"
         "  xexample.org, example.net, .example.com, example.com}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry a.example.org: \"a.example.org\" adds nothing, as "
         "\".example.org\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes "
         "nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:3: redundant-entry .b.example.org: \".b.example.org\" adds nothing, as "
         "\".example.org\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes "
         "nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:4: redundant-entry EXAMPLE.org.: \"EXAMPLE.org.\" is there already as "
         "\"example.org\" (postlatch.conf:1). Whoever deletes only one of the two takes nobody off "
         "the list. Take this one out\n"},
        {"address literals",
         "accepted_domains = {\"[192.0.2.25]\", example.org,\n"
         " \"[192.0.2.25]\"}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry [192.0.2.25]: \"[192.0.2.25]\" is there already "
         "(postlatch.conf:1). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"},
        {"logins",
         "default_realm = \"\"\n"
         "relay_users = {alice, \"@example.org\",\n"
         "  \"bob@example.org\",\n"
         "  \"Alice\", \"bob@a.example.org\"}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-entry bob@example.org: \"bob@example.org\" adds nothing, as "
         "\"@example.org\" (postlatch.conf:2) holds all of it. Whoever deletes it later takes "
         "nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:4: redundant-entry Alice: \"Alice\" is there already as \"alice\" "
         "(postlatch.conf:2). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"},
        {"mail addresses",
         "recipient_delimiter = \"+\"\n"
         "addresses a { entries = {\"postmaster@\", \"list@example.org\",\n"
         "  \"postmaster@example.org\",\n"
         "  \"list+x@example.org\",\n"
         "  \"LIST@example.org\", \"list@example.net\", \"list+x@\",\n"
         "  \"list+x@example.net\"} }\n"
         "rule \"r\" {\n"
         "  recipient = {<a>}\n"
         "  action = DUNNO\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-entry postmaster@example.org: \"postmaster@example.org\" "
         "adds nothing, as \"postmaster@\" (postlatch.conf:2) holds all of it. Whoever deletes it "
         "later takes nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:4: redundant-entry list+x@example.org: \"list+x@example.org\" adds "
         "nothing, as \"list@example.org\" (postlatch.conf:2) holds all of it. Whoever deletes it "
         "later takes nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:5: redundant-entry LIST@example.org: \"LIST@example.org\" is there "
         "already as \"list@example.org\" (postlatch.conf:2). Whoever deletes only one of the two "
         "takes nobody off the list. Take this one out\n"
         "postlatch.conf:6: redundant-entry list+x@example.net: \"list+x@example.net\" adds "
         "nothing, as \"list@example.net\" (postlatch.conf:5) holds all of it. Whoever deletes it "
         "later takes nobody off the list. Take it out now, or narrow the wider entry\n"},
        {"extensions without a delimiter",
         "addresses a { entries = {\"list@example.org\", \"list+x@example.org\"} }\n"
         "rule \"r\" {\n"
         "  recipient = {<a>}\n"
         "  action = DUNNO\n"
         "}\n",
         NULL, NULL, ""},
        {"fingerprints",
         "fingerprints f { entries = {\n"
         "  \"00112233445566778899aabbccddeeff\",\n"
         "  \"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\"} }\n"
         "relay_clientcerts = {<f>}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-entry 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF: "
         "\"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\" is there already as "
         "\"00112233445566778899aabbccddeeff\" (postlatch.conf:2). Whoever deletes only one of the "
         "two takes nobody off the list. Take this one out\n"},
        {"ports",
         "rule \"r\" {\n"
         "  server_port = {\"20-30\", 25,\n"
         "  587, 587,\n"
         "  \"25-35\", \"20-30\"}\n"
         "  action = DUNNO\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 25: \"25\" adds nothing, as \"25-35\" "
         "(postlatch.conf:4) holds all of it. Whoever deletes it later takes nobody off the list. "
         "Take it out now, or narrow the wider entry\n"
         "postlatch.conf:3: redundant-entry 587: \"587\" is there already (postlatch.conf:3). "
         "Whoever deletes only one of the two takes nobody off the list. Take this one out\n"
         "postlatch.conf:4: redundant-entry 20-30: \"20-30\" is there already (postlatch.conf:2). "
         "Whoever deletes only one of the two takes nobody off the list. Take this one out\n"},
        {"words",
         "rule \"r\" {\n"
         "  sasl_method = {PLAIN, LOGIN,\n"
         "  PLAIN}\n"
         "  action = DUNNO\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-entry PLAIN: \"PLAIN\" is there already (postlatch.conf:2). "
         "Whoever deletes only one of the two takes nobody off the list. Take this one out\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void beside_a_table(void **state)
{
    static const struct lint_case cases[] = {
        {"networks of a table",
         "networks lan { entries = {10.0.0.0/8,\n"
         "  10.2.0.0/16} }\n"
         "relay_networks = {<lan>,\n"
         "  10.3.0.0/16,\n"
         "  10.2.0.0/16,\n"
         "  172.16.0.0/16}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 10.2.0.0/16: \"10.2.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" (postlatch.conf:1) holds all of it. Whoever deletes it later takes nobody "
         "off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:4: redundant-entry 10.3.0.0/16: \"10.3.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" in <lan> (postlatch.conf:1) holds all of it. Whoever deletes it later "
         "takes nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:5: redundant-entry 10.2.0.0/16: \"10.2.0.0/16\" is there already in <lan> "
         "(postlatch.conf:2). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"},
        {"the table's is the narrower one",
         "networks lan { entries = {10.2.0.0/16} }\n"
         "relay_networks = {<lan>, 10.0.0.0/8}\n",
         NULL, NULL, ""},
        {"on the other side",
         "networks lan { entries = {10.0.0.0/8} }\n"
         "relay_networks = {<lan>, !10.2.0.0/16}\n",
         NULL, NULL, ""},
        {"another list",
         "relay_networks = {10.0.0.0/8}\n"
         "masking = {10.0.0.1}\n"
         "relay_by_rule = {10.0.0.0/16}\n",
         NULL, NULL, ""},
        {"any",
         "rule \"r\" {\n"
         "  client_address = {any, 10.0.0.1,\n"
         "  !10.0.0.2}\n"
         "  action = DUNNO\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 10.0.0.1: \"10.0.0.1\" adds nothing, as the same list "
         "says any. Take any out if only the entries are meant, else take this one out\n"},
        {"addresses in domains",
         "domains d { entries = {example.org} }\n"
         "rule \"r\" {\n"
         "  sender = {<d>, .example.net, \"a@example.org\",\n"
         "  \"a@b.example.net\", \"a@example.net\", \"a@\"}\n"
         "  action = DUNNO\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-entry a@example.org: \"a@example.org\" adds nothing, as "
         "\"a@\" (postlatch.conf:4) holds all of it. Whoever deletes it later takes nobody off the "
         "list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:4: redundant-entry a@b.example.net: \"a@b.example.net\" adds nothing, as "
         "\"a@\" (postlatch.conf:4) holds all of it. Whoever deletes it later takes nobody off the "
         "list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:4: redundant-entry a@example.net: \"a@example.net\" adds nothing, as "
         "\"a@\" (postlatch.conf:4) holds all of it. Whoever deletes it later takes nobody off the "
         "list. Take it out now, or narrow the wider entry\n"},
        {"held within and beside",
         "networks lan { entries = {10.0.0.0/8} }\n"
         "relay_networks = {<lan>, 10.1.0.0/16,\n"
         "  10.1.0.0/16,\n"
         "  10.1.1.0/24}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" adds nothing, as "
         "\"10.0.0.0/8\" in <lan> (postlatch.conf:1) holds all of it. Whoever deletes it later "
         "takes nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:3: redundant-entry 10.1.0.0/16: \"10.1.0.0/16\" is there already "
         "(postlatch.conf:2). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"
         "postlatch.conf:4: redundant-entry 10.1.1.0/24: \"10.1.1.0/24\" adds nothing, as "
         "\"10.1.0.0/16\" (postlatch.conf:2) holds all of it. Whoever deletes it later takes "
         "nobody off the list. Take it out now, or narrow the wider entry\n"},
        {"logins of a table",
         "users u { entries = {\"@example.org\", alice} }\n"
         "relay_users = {<u>, \"bob@example.org\",\n"
         "  Alice, carol}\n",
         NULL, NULL,
         "postlatch.conf:2: redundant-entry bob@example.org: \"bob@example.org\" adds nothing, as "
         "\"@example.org\" in <u> (postlatch.conf:1) holds all of it. Whoever deletes it later "
         "takes nobody off the list. Take it out now, or narrow the wider entry\n"
         "postlatch.conf:3: redundant-entry Alice: \"Alice\" is there already as \"alice\" in <u> "
         "(postlatch.conf:1). Whoever deletes only one of the two takes nobody off the list. Take "
         "this one out\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(within_a_table),
        cmocka_unit_test(beside_a_table),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
