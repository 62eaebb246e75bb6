/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules, and entries of rules, that decide nothing or change nothing: whole messages, and near cases. */
#include "lint.h"

static void unreachable(void **state)
{
    static const struct lint_case cases[] = {
        {"one rule takes all",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"early\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT 5.7.1 no\"\n"
         "}\n"
         "rule \"late\" {\n"
         "  client_address = {192.168.5.7}\n"
         "  recipient = {foreign}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:7: unreachable-rule late: rule \"late\" decides no request: rule "
         "\"early\" (postlatch.conf:3, \"REJECT 5.7.1 no\") stands before it and takes all of "
         "its requests. So it never sends \"OK\", whatever it was meant for. Put it before that "
         "one, narrow that one, or take this one out\n"},
        {"near: it takes foreign recipients only",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"early\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT no\"\n"
         "}\n"
         "rule \"late\" {\n"
         "  client_address = {192.168.5.7}\n"
         "  action = \"DEFER later\"\n"
         "}\n",
         NULL, NULL, ""},
        {"with the same answer",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"early\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT no\"\n"
         "}\n"
         "rule \"late\" {\n"
         "  client_address = {192.168.5.7}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:7: unreachable-rule late: rule \"late\" decides no request: rule "
         "\"early\" (postlatch.conf:3, \"REJECT no\") stands before it and takes all of its "
         "requests. It gives the same answer, so nothing is lost, but whoever edits this rule "
         "changes nothing. Take it out\n"},
        {"two together, and one that has no part in it",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"some\" {\n"
         "  client_address = {192.168.5.1}\n"
         "  action = \"REJECT c\"\n"
         "}\n"
         "rule \"half a\" {\n"
         "  client_address = {192.168.5.0/25}\n"
         "  action = \"REJECT a\"\n"
         "}\n"
         "rule \"half b\" {\n"
         "  client_address = {192.168.5.128/25}\n"
         "  action = \"REJECT b\"\n"
         "}\n"
         "rule \"net\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT d\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:15: unreachable-rule net: rule \"net\" decides no request: rule \"half "
         "a\" (postlatch.conf:7, \"REJECT a\") and rule \"half b\" (postlatch.conf:11, \"REJECT "
         "b\") stand before it and take all of its requests. So it never sends \"REJECT d\", "
         "whatever it was meant for. Put it before them, narrow them, or take this one out\n"},
        {"near: one address is left",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"half a\" {\n"
         "  client_address = {192.168.5.0/25}\n"
         "  action = \"REJECT a\"\n"
         "}\n"
         "rule \"half b\" {\n"
         "  client_address = {192.168.5.128/25, !192.168.5.200}\n"
         "  action = \"REJECT b\"\n"
         "}\n"
         "rule \"net\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"many",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"r0\" {\n"
         "  client_address = {192.168.0.0/24}\n"
         "  action = \"REJECT 0\"\n"
         "}\n"
         "rule \"r1\" {\n"
         "  client_address = {192.168.1.0/24}\n"
         "  action = \"REJECT 1\"\n"
         "}\n"
         "rule \"r2\" {\n"
         "  client_address = {192.168.2.0/24}\n"
         "  action = \"REJECT 0\"\n"
         "}\n"
         "rule \"r3\" {\n"
         "  client_address = {192.168.3.0/24}\n"
         "  action = \"REJECT 1\"\n"
         "}\n"
         "rule \"r4\" {\n"
         "  client_address = {192.168.4.0/24}\n"
         "  action = \"REJECT 0\"\n"
         "}\n"
         "rule \"last\" {\n"
         "  client_address = {192.168.0.0/24, 192.168.1.0/24, 192.168.2.0/24, 192.168.3.0/24, "
         "192.168.4.0/24}\n"
         "  action = \"DEFER x\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:23: unreachable-rule last: rule \"last\" decides no request: rule "
         "\"r0\" (postlatch.conf:3, \"REJECT 0\"), rule \"r1\" (postlatch.conf:7, \"REJECT 1\"), "
         "rule \"r2\" (postlatch.conf:11, \"REJECT 0\") and 2 more rules stand before it and "
         "take all of its requests. So it never sends \"DEFER x\", whatever it was meant for. "
         "Put it before them, narrow them, or take this one out\n"},
        {"the one that answers otherwise is named",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"odd\" {\n"
         "  client_address = {192.168.5.1}\n"
         "  action = \"DEFER odd\"\n"
         "}\n"
         "rule \"wide\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT no\"\n"
         "}\n"
         "rule \"late\" {\n"
         "  client_address = {192.168.5.0/30}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:11: unreachable-rule late: rule \"late\" decides no request: rule "
         "\"odd\" (postlatch.conf:3, \"DEFER odd\") and rule \"wide\" (postlatch.conf:7, "
         "\"REJECT no\") stand before it and take all of its requests. So it never sends "
         "\"REJECT no\", whatever it was meant for. Put it before them, narrow them, or take "
         "this one out\n"},
        {"an empty table",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks suspects { entries = {} }\n"
         "rule \"empty\" {\n"
         "  client_address = {<suspects>}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: unreachable-rule empty: rule \"empty\" decides no request: it asks "
         "for client_address in {<suspects>}, which has no entries. So \"REJECT no\" is never "
         "sent. Correct the conditions, or take the rule out\n"},
        {"conditions that exclude each other",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"never\" {\n"
         "  sasl_username = {none}\n"
         "  sasl_method = {PLAIN}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: unreachable-rule never: rule \"never\" decides no request: there is "
         "none for which all of its conditions hold. So \"REJECT no\" is never sent. Correct the "
         "conditions, or take the rule out\n"},
        {"accepted",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "accept_warnings = {\"unreachable-rule:late\"}\n"
         "rule \"early\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT no\"\n"
         "}\n"
         "rule \"late\" {\n"
         "  client_address = {192.168.5.7}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"a built-in rule is not criticised",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"all\" {\n"
         "  client_address = {any, unknown}\n"
         "  action = \"REJECT no\"\n"
         "}\n",
         NULL, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], 1U << PL_LINT_UNREACHABLE_RULE);
}

static void redundant(void **state)
{
    static const struct lint_case cases[] = {
        {"a built-in rule does the same",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"lan\" {\n"
         "  client_address = {192.168.1.0/24}\n"
         "  recipient = {foreign}\n"
         "  action = \"ok\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-rule lan: rule \"lan\" changes nothing: without it "
         "builtin:network gives \"ok\" to all of its requests as well. Whoever deletes it later "
         "to stop that stops nothing. Take it out, or correct what was meant\n"},
        {"near: a recipient of ours gets DUNNO from it",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"lan\" {\n"
         "  client_address = {192.168.1.0/24}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"of twins one",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"first\" {\n"
         "  sasl_username = {mallory}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"second\" {\n"
         "  sasl_username = {mallory, eve}\n"
         "  action = \"REJECT x\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-rule first: rule \"first\" changes nothing: without it "
         "rule \"second\" (postlatch.conf:7) gives \"REJECT x\" to all of its requests as well. "
         "Whoever deletes it later to stop that stops nothing. Take it out, or correct what was "
         "meant\n"},
        {"near: another text",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"first\" {\n"
         "  sasl_username = {mallory}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"second\" {\n"
         "  sasl_username = {mallory, eve}\n"
         "  action = \"REJECT y\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: another rule stands between them",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"first\" {\n"
         "  sasl_username = {mallory}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"between\" {\n"
         "  client_address = {192.168.7.0/24}\n"
         "  action = \"REJECT y\"\n"
         "}\n"
         "rule \"second\" {\n"
         "  sasl_username = {mallory, eve}\n"
         "  action = \"REJECT x\"\n"
         "}\n",
         NULL, NULL, ""},
        {"three, of which the last stays",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"a\" {\n"
         "  client_address = {192.168.5.1}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"b\" {\n"
         "  client_address = {192.168.5.0/30}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"c\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-rule a: rule \"a\" changes nothing: without it rule \"b\" "
         "(postlatch.conf:7) gives \"REJECT x\" to all of its requests as well. Whoever deletes "
         "it later to stop that stops nothing. Take it out, or correct what was meant\n"
         "postlatch.conf:7: redundant-rule b: rule \"b\" changes nothing: without it rule \"c\" "
         "(postlatch.conf:11) gives \"REJECT x\" to all of its requests as well. Whoever deletes "
         "it later to stop that stops nothing. Take it out, or correct what was meant\n"},
        {"four do the same together",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"all\" {\n"
         "  client_address = {192.168.0.0/22}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"r0\" {\n"
         "  client_address = {192.168.0.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"r1\" {\n"
         "  client_address = {192.168.1.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"r2\" {\n"
         "  client_address = {192.168.2.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"r3\" {\n"
         "  client_address = {192.168.3.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:3: redundant-rule all: rule \"all\" changes nothing: without it rule "
         "\"r0\" (postlatch.conf:8), rule \"r1\" (postlatch.conf:12), rule \"r2\" "
         "(postlatch.conf:16) and 1 more rule give \"REJECT x\" to all of its requests as well. "
         "Whoever deletes it later to stop that stops nothing. Take it out, or correct what was "
         "meant\n"},
        {"not by a rule that decides nothing itself",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"a\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"b\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  action = \"REJECT x\"\n"
         "}\n",
         NULL, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], 1U << PL_LINT_REDUNDANT_RULE);
}

static void shadowed(void **state)
{
    static const struct lint_case cases[] = {
        {"a table",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"printers\" {\n"
         "  client_address = {<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {192.168.6.0/24,\n"
         "    <printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:10: shadowed-rule apps: <printers> in client_address of rule \"apps\" "
         "decides nothing: rule \"printers\" (postlatch.conf:4, \"REJECT p\") stands before it "
         "and takes all requests that it is for. So \"DEFER d\" is never sent for it, whatever "
         "it was written there for. Put this rule before that one, narrow that one, or take the "
         "table out of the list\n"},
        {"near: recipients of ours are left",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"printers\" {\n"
         "  client_address = {<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {192.168.6.0/24,\n"
         "    <printers>}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: the same answer",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"printers\" {\n"
         "  client_address = {<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {192.168.6.0/24,\n"
         "    <printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: a rule before the other gives the same answer",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"first\" {\n"
         "  client_address = {192.168.5.0/24}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER d\"\n"
         "}\n"
         "rule \"lan\" {\n"
         "  client_address = {192.168.0.0/16}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {10.0.0.1,\n"
         "    <printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: of twins, though a third has a part of it",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"lan\" {\n"
         "  client_address = {192.168.1.0/24}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER l\"\n"
         "}\n"
         "rule \"first\" {\n"
         "  sasl_username = {mallory}\n"
         "  action = \"REJECT x\"\n"
         "}\n"
         "rule \"second\" {\n"
         "  sasl_username = {mallory, eve}\n"
         "  action = \"REJECT x\"\n"
         "}\n",
         NULL, NULL, ""},
        {"a network entry within another table",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"printers\" {\n"
         "  client_address = {<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {192.168.6.0/24,\n"
         "    192.168.5.33}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:11: shadowed-rule apps: \"192.168.5.33\" in client_address of rule "
         "\"apps\" decides nothing: rule \"printers\" (postlatch.conf:4, \"REJECT p\") stands "
         "before it and takes all requests that it is for. So \"DEFER d\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"},
        {"near: a network that has more",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"printers\" {\n"
         "  client_address = {<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {192.168.6.0/24,\n"
         "    192.168.5.32/28}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: taken out by the list itself",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "networks printers { entries = {192.168.5.20, 192.168.5.32/29} }\n"
         "rule \"printers\" {\n"
         "  client_address = {<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT p\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  client_address = {192.168.6.0/24,\n"
         "    192.168.5.33, !<printers>}\n"
         "  recipient = {foreign}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"domains and addresses",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"bad\" {\n"
         "  recipient = {bad.example, .worse.example, \"spam@\", \"x@y.example\", routed}\n"
         "  action = \"REJECT bad\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  recipient = {ok.example,\n"
         "    bad.example,\n"
         "    a.worse.example,\n"
         "    .b.worse.example,\n"
         "    \"spam@ok.example\",\n"
         "    \"spam@else.example\",\n"
         "    \"joe@ok2.example\",\n"
         "    \"x@y.example\",\n"
         "    routed}\n"
         "  client_address = {192.168.6.0/24}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:8: shadowed-rule apps: routed in recipient of rule \"apps\" decides "
         "nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands before it and takes "
         "all requests that it is for. So \"DEFER d\" is never sent for it, whatever it was "
         "written there for. Put this rule before that one, narrow that one, or take the word "
         "out of the list\n"
         "postlatch.conf:9: shadowed-rule apps: \"bad.example\" in recipient of rule \"apps\" "
         "decides nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands before it and "
         "takes all requests that it is for. So \"DEFER d\" is never sent for it, whatever it "
         "was written there for. Put this rule before that one, narrow that one, or take the "
         "entry out of the list\n"
         "postlatch.conf:10: shadowed-rule apps: \"a.worse.example\" in recipient of rule "
         "\"apps\" decides nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands "
         "before it and takes all requests that it is for. So \"DEFER d\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"
         "postlatch.conf:11: shadowed-rule apps: \".b.worse.example\" in recipient of rule "
         "\"apps\" decides nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands "
         "before it and takes all requests that it is for. So \"DEFER d\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"
         "postlatch.conf:12: shadowed-rule apps: \"spam@ok.example\" in recipient of rule "
         "\"apps\" decides nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands "
         "before it and takes all requests that it is for. So \"DEFER d\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"
         "postlatch.conf:13: shadowed-rule apps: \"spam@else.example\" in recipient of rule "
         "\"apps\" decides nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands "
         "before it and takes all requests that it is for. So \"DEFER d\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"
         "postlatch.conf:15: shadowed-rule apps: \"x@y.example\" in recipient of rule \"apps\" "
         "decides nothing: rule \"bad\" (postlatch.conf:3, \"REJECT bad\") stands before it and "
         "takes all requests that it is for. So \"DEFER d\" is never sent for it, whatever it "
         "was written there for. Put this rule before that one, narrow that one, or take the "
         "entry out of the list\n"},
        {"near: the parent itself, another local part",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"bad\" {\n"
         "  recipient = {bad.example, .worse.example, \"spam@\", \"x@y.example\", routed}\n"
         "  action = \"REJECT bad\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  recipient = {worse.example,\n"
         "    \"x@z.example\",\n"
         "    \"y@y.example\",\n"
         "    .example}\n"
         "  client_address = {192.168.6.0/24}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: a domain of which one address is named",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"bad\" {\n"
         "  recipient = {\"x@y.example\"}\n"
         "  action = \"REJECT bad\"\n"
         "}\n"
         "rule \"apps\" {\n"
         "  recipient = {y.example, z.example}\n"
         "  client_address = {192.168.6.0/24}\n"
         "  action = \"DEFER d\"\n"
         "}\n",
         NULL, NULL, ""},
        {"logins",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"realm\" {\n"
         "  sasl_username = {\"@example.net\", carol}\n"
         "  action = \"REJECT r\"\n"
         "}\n"
         "rule \"some\" {\n"
         "  sasl_username = {bob,\n"
         "    alice@example.net,\n"
         "    carol,\n"
         "    carol@example.com}\n"
         "  action = \"REJECT s\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:9: shadowed-rule some: \"alice@example.net\" in sasl_username of rule "
         "\"some\" decides nothing: rule \"realm\" (postlatch.conf:3, \"REJECT r\") stands "
         "before it and takes all requests that it is for. So \"REJECT s\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"
         "postlatch.conf:10: shadowed-rule some: \"carol\" in sasl_username of rule \"some\" "
         "decides nothing: rule \"realm\" (postlatch.conf:3, \"REJECT r\") stands before it and "
         "takes all requests that it is for. So \"REJECT s\" is never sent for it, whatever it "
         "was written there for. Put this rule before that one, narrow that one, or take the "
         "entry out of the list\n"},
        {"near: a realm, of which one login is left",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"realm\" {\n"
         "  sasl_username = {\"@example.net\", \"!alice@example.net\"}\n"
         "  action = \"REJECT r\"\n"
         "}\n"
         "rule \"some\" {\n"
         "  sasl_username = {bob,\n"
         "    \"@example.net\"}\n"
         "  action = \"REJECT s\"\n"
         "}\n",
         NULL, NULL, ""},
        {"ports",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"low\" {\n"
         "  server_port = {1-1024}\n"
         "  action = \"REJECT r\"\n"
         "}\n"
         "rule \"some\" {\n"
         "  server_port = {25,\n"
         "    1000-1024,\n"
         "    1000-1025,\n"
         "    2525}\n"
         "  action = \"REJECT s\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:8: shadowed-rule some: \"25\" in server_port of rule \"some\" decides "
         "nothing: rule \"low\" (postlatch.conf:3, \"REJECT r\") stands before it and takes all "
         "requests that it is for. So \"REJECT s\" is never sent for it, whatever it was written "
         "there for. Put this rule before that one, narrow that one, or take the entry out of "
         "the list\n"
         "postlatch.conf:9: shadowed-rule some: \"1000-1024\" in server_port of rule \"some\" "
         "decides nothing: rule \"low\" (postlatch.conf:3, \"REJECT r\") stands before it and "
         "takes all requests that it is for. So \"REJECT s\" is never sent for it, whatever it "
         "was written there for. Put this rule before that one, narrow that one, or take the "
         "entry out of the list\n"},
        {"words",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"states\" {\n"
         "  protocol_state = {DATA}\n"
         "  action = \"DUNNO\"\n"
         "}\n"
         "rule \"some\" {\n"
         "  protocol_state = {RCPT,\n"
         "    DATA}\n"
         "  client_address = {192.168.6.0/24}\n"
         "  action = \"REJECT s\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:9: shadowed-rule some: \"DATA\" in protocol_state of rule \"some\" "
         "decides nothing: rule \"states\" (postlatch.conf:3, \"DUNNO\") stands before it and "
         "takes all requests that it is for. So \"REJECT s\" is never sent for it, whatever it "
         "was written there for. Put this rule before that one, narrow that one, or take the "
         "entry out of the list\n"},
        {"a boundary list",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"lan\" {\n"
         "  client_address = {192.168.0.0/16}\n"
         "  action = \"REJECT l\"\n"
         "}\n"
         "rule \"some\" {\n"
         "  client_address = {10.0.0.0/8,\n"
         "    <relay_networks>}\n"
         "  action = \"REJECT s\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:8: shadowed-rule some: <relay_networks> in client_address of rule "
         "\"some\" decides nothing: rule \"lan\" (postlatch.conf:3, \"REJECT l\") stands before "
         "it and takes all requests that it is for. So \"REJECT s\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the table out of the list\n"},
        {"names and certificates",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"names\" {\n"
         "  client_name = {.partner.example}\n"
         "  action = \"REJECT n\"\n"
         "}\n"
         "rule \"certs\" {\n"
         "  ccert_fingerprint = {\"00112233445566778899aabbccddeeff\"}\n"
         "  action = \"REJECT c\"\n"
         "}\n"
         "rule \"some\" {\n"
         "  client_name = {partner.example,\n"
         "    mx.partner.example}\n"
         "  action = \"REJECT s\"\n"
         "}\n"
         "rule \"more\" {\n"
         "  ccert_fingerprint = {\"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\",\n"
         "    \"ff112233445566778899aabbccddeeff\"}\n"
         "  action = \"REJECT m\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:13: shadowed-rule some: \"mx.partner.example\" in client_name of rule "
         "\"some\" decides nothing: rule \"names\" (postlatch.conf:3, \"REJECT n\") stands "
         "before it and takes all requests that it is for. So \"REJECT s\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"
         "postlatch.conf:17: shadowed-rule more: "
         "\"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\" in ccert_fingerprint of rule "
         "\"more\" decides nothing: rule \"certs\" (postlatch.conf:7, \"REJECT c\") stands "
         "before it and takes all requests that it is for. So \"REJECT m\" is never sent for it, "
         "whatever it was written there for. Put this rule before that one, narrow that one, or "
         "take the entry out of the list\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], 1U << PL_LINT_SHADOWED_RULE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreachable),
        cmocka_unit_test(redundant),
        cmocka_unit_test(shadowed),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
