/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail let through or stopped for a reason that hardly anybody means: whole messages, and near cases. */
#include "lint.h"

enum {
    FLOWS = 1U << PL_LINT_SENDER_GRANT | 1U << PL_LINT_RECIPIENT_GRANT |
            1U << PL_LINT_NULL_SENDER_REFUSED | 1U << PL_LINT_LOST_GRANT |
            1U << PL_LINT_UNREACHABLE_DOMAIN | 1U << PL_LINT_LOGIN_BEYOND_BOUNDARY
};

static void flows(void **state)
{
    static const struct lint_case cases[] = {
        {"sender-grant",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"colleagues\" {\n"
         "  sender = {ours}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: sender-grant colleagues: rule \"colleagues\" lets clients relay for "
         "their sender alone, which every client writes as it likes. Whoever knows or guesses "
         "what is asked for may send to anybody. Add a condition on client_address or "
         "sasl_username, or take the rule out\n"},
        {"sender-grant: two texts, any client",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"colleagues\" {\n"
         "  sender = {ours}\n"
         "  helo_name = {.example.org}\n"
         "  client_address = {any, unknown}\n"
         "  recipient = {foreign}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: sender-grant colleagues: rule \"colleagues\" lets clients relay for "
         "their helo_name and sender alone, which every client writes as it likes. Whoever knows "
         "or guesses what is asked for may send to anybody. Add a condition on client_address or "
         "sasl_username, or take the rule out\n"},
        {"near: with a client",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "relay_by_rule = {10.0.0.1}\n"
         "rule \"app\" {\n"
         "  sender = {ours}\n"
         "  client_address = {10.0.0.1}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: with a login",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"app\" {\n"
         "  sender = {ours}\n"
         "  sasl_username = {alice}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: strangers were refused before",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"strangers\" {\n"
         "  client_address = {any, unknown, !192.168.0.0/16}\n"
         "  sasl_username = {none}\n"
         "  recipient = {foreign}\n"
         "  action = \"REJECT s\"\n"
         "}\n"
         "rule \"colleagues\" {\n"
         "  sender = {ours}\n"
         "  recipient = {foreign}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"recipient-grant: ours",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"white\" {\n"
         "  recipient = {\"postmaster@example.org\"}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: recipient-grant white: rule \"white\" gives OK to everybody who "
         "writes to its recipients, who are ours. OK ends all checks that Postfix has behind us, "
         "for instance block lists (DNSBL); a recipient of ours needs no OK. Answer DUNNO "
         "instead, which leaves the mail to them\n"},
        {"recipient-grant: ours, by sender",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"white\" {\n"
         "  recipient = {ours}\n"
         "  sender = {partner.example}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: recipient-grant white: rule \"white\" gives OK to everybody who "
         "writes to its recipients, who are ours. OK ends all checks that Postfix has behind us, "
         "for instance block lists (DNSBL); a recipient of ours needs no OK. Answer DUNNO "
         "instead, which leaves the mail to them\n"},
        {"recipient-grant: foreign",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"white\" {\n"
         "  recipient = {partner.example}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: recipient-grant white: rule \"white\" gives OK to everybody who "
         "writes to its recipients, and some of these are not ours. So the whole Internet may "
         "send to them through this host. Add a condition on client_address or sasl_username, or "
         "take the rule out\n"},
        {"near: for the client's sake",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"white\" {\n"
         "  recipient = {ours}\n"
         "  client_address = {203.0.113.9}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: DUNNO",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"white\" {\n"
         "  recipient = {ours}\n"
         "  action = \"DUNNO\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: DISCARD",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"trap\" {\n"
         "  recipient = {\"trap@example.org\"}\n"
         "  action = \"DISCARD spam trap\"\n"
         "}\n",
         NULL, NULL, ""},
        {"null-sender-refused",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"bounces\" {\n"
         "  sender = {\"<>\"}\n"
         "  action = \"REJECT no bounces\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: null-sender-refused bounces: rule \"bounces\" refuses mail from the "
         "null sender \"<>\" to recipients of ours. That is how bounces and other reports are "
         "sent (RFC 5321 section 4.5.5), so who writes from here never learns that a message was "
         "not delivered, and some hosts refuse our mail for it. Take \"<>\" out of sender\n"},
        {"null-sender-refused: among others, deferred",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"bounces\" {\n"
         "  sender = {any, \"<>\"}\n"
         "  recipient = {\"news@example.org\"}\n"
         "  action = \"DEFER no bounces\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: null-sender-refused bounces: rule \"bounces\" refuses mail from the "
         "null sender \"<>\" to recipients of ours. That is how bounces and other reports are "
         "sent (RFC 5321 section 4.5.5), so who writes from here never learns that a message was "
         "not delivered, and some hosts refuse our mail for it. Take \"<>\" out of sender\n"},
        {"near: senders but the null sender",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"senders\" {\n"
         "  sender = {any, !partner.example}\n"
         "  recipient = {\"news@example.org\"}\n"
         "  action = \"REJECT members only\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: to foreign recipients",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"bounces\" {\n"
         "  sender = {\"<>\"}\n"
         "  recipient = {foreign}\n"
         "  client_address = {192.168.0.0/16}\n"
         "  action = \"REJECT no bounces\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: from blocked clients",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"blocked\" {\n"
         "  sender = {any, \"<>\"}\n"
         "  client_address = {203.0.113.0/24}\n"
         "  action = \"REJECT blocked\"\n"
         "}\n",
         NULL, NULL, ""},
        {"lost-grant",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"tag\" {\n"
         "  client_address = {192.168.0.0/16}\n"
         "  action = \"PREPEND X-Seen: yes\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: lost-grant tag: rule \"tag\" takes relaying away from clients who "
         "may relay: it answers \"PREPEND X-Seen: yes\", which leaves them to Postfix, and there "
         "reject_unauth_destination refuses (after_dunno). Without it builtin:network answers "
         "OK, for instance to client_address=192.168.0.0 recipient=someone@foreign.example. Add "
         "recipient = {ours} to it if that is whom it is for, or put a rule that grants before "
         "it\n"},
        {"lost-grant: a login, defer",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "after_dunno = defer_unauth_destination\n"
         "rule \"note\" {\n"
         "  sasl_username = {any}\n"
         "  action = \"INFO seen\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:5: lost-grant note: rule \"note\" takes relaying away from clients who "
         "may relay: it answers \"INFO seen\", which leaves them to Postfix, and there "
         "defer_unauth_destination refuses (after_dunno). Without it builtin:network answers OK, "
         "for instance to client_address=192.168.0.0 recipient=someone@foreign.example "
         "sasl_username=someone. Add recipient = {ours} to it if that is whom it is for, or put "
         "a rule that grants before it\n"},
        {"near: for ours",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"tag\" {\n"
         "  client_address = {192.168.0.0/16}\n"
         "  recipient = {ours}\n"
         "  action = \"PREPEND X-Seen: yes\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: who may not relay anyway",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"tag\" {\n"
         "  client_address = {any, unknown, !192.168.0.0/16}\n"
         "  sasl_username = {none}\n"
         "  action = \"WARN stranger\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: permitted elsewhere",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "permitted_elsewhere = {192.168.0.0/16}\n"
         "rule \"tag\" {\n"
         "  client_address = {192.168.0.0/16}\n"
         "  action = \"PREPEND X-Seen: yes\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: observe",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "mode = observe\n"
         "rule \"tag\" {\n"
         "  client_address = {192.168.0.0/16}\n"
         "  action = \"PREPEND X-Seen: yes\"\n"
         "}\n",
         NULL, NULL, ""},
        {"unreachable-domain",
         "accepted_domains = {example.org,\n"
         "    internal.example,\n"
         "    .internal.example}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"inside\" {\n"
         "  recipient = {internal.example, .internal.example}\n"
         "  client_address = {any, unknown, !<relay_networks>}\n"
         "  action = \"REJECT inside only\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:2: unreachable-domain internal.example: \"internal.example\" is in "
         "accepted_domains, but no outsider can send to it: all get \"REJECT inside only\" from "
         "rule \"inside\" (postlatch.conf:5). So mail from the Internet, bounces included, never "
         "arrives there. Narrow that rule; or, if the domain is for insiders only, write "
         "accept_warnings = {\"unreachable-domain:internal.example\"}\n"
         "postlatch.conf:3: unreachable-domain .internal.example: \".internal.example\" is in "
         "accepted_domains, but no outsider can send to it: all get \"REJECT inside only\" from "
         "rule \"inside\" (postlatch.conf:5). So mail from the Internet, bounces included, never "
         "arrives there. Narrow that rule; or, if the domain is for insiders only, write "
         "accept_warnings = {\"unreachable-domain:.internal.example\"}\n"},
        {"unreachable-domain: from a table, by two rules",
         "domains hosted { entries = {example.org,\n"
         "    internal.example} }\n"
         "accepted_domains = {<hosted>}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"v4\" {\n"
         "  recipient = {internal.example}\n"
         "  client_address = {0.0.0.0/0, !<relay_networks>}\n"
         "  action = \"REJECT v4\"\n"
         "}\n"
         "rule \"v6\" {\n"
         "  recipient = {internal.example}\n"
         "  client_address = {::/0}\n"
         "  action = \"DEFER v6\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:2: unreachable-domain internal.example: \"internal.example\" is in "
         "accepted_domains, but no outsider can send to it: all get \"REJECT v4\" from rule "
         "\"v4\" (postlatch.conf:5) or \"DEFER v6\" from rule \"v6\" (postlatch.conf:10). So "
         "mail from the Internet, bounces included, never arrives there. Narrow those rules; or, "
         "if the domain is for insiders only, write accept_warnings = "
         "{\"unreachable-domain:internal.example\"}\n"},
        {"unreachable-domain: dropped",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"drop\" {\n"
         "  recipient = {example.org}\n"
         "  action = \"DISCARD dropped\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:1: unreachable-domain example.org: \"example.org\" is in "
         "accepted_domains, but no outsider can send to it: all get \"DISCARD dropped\" from "
         "rule \"drop\" (postlatch.conf:4). So mail from the Internet, bounces included, never "
         "arrives there. Narrow that rule; or, if the domain is for insiders only, write "
         "accept_warnings = {\"unreachable-domain:example.org\"}\n"},
        {"near: IPv6 is left",
         "accepted_domains = {example.org, internal.example}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"v4\" {\n"
         "  recipient = {internal.example}\n"
         "  client_address = {0.0.0.0/0, unknown, !<relay_networks>}\n"
         "  action = \"REJECT v4\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: one address is left",
         "accepted_domains = {example.org, internal.example}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"inside\" {\n"
         "  recipient = {internal.example, \"!postmaster@internal.example\"}\n"
         "  client_address = {any, unknown, !<relay_networks>}\n"
         "  action = \"REJECT inside only\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: one sender is let through",
         "accepted_domains = {example.org, internal.example}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"inside\" {\n"
         "  recipient = {internal.example}\n"
         "  sender = {any, !partner.example}\n"
         "  client_address = {any, unknown, !<relay_networks>}\n"
         "  action = \"REJECT inside only\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: DUNNO, though Postfix refuses then",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "after_dunno = reject\n"
         "rule \"all\" {\n"
         "  recipient = {ours}\n"
         "  action = \"DUNNO\"\n"
         "}\n",
         NULL, NULL, ""},
        {"unreachable-domain: accepted",
         "accepted_domains = {example.org, internal.example}\n"
         "accept_warnings = {\"unreachable-domain:internal.example\"}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "rule \"inside\" {\n"
         "  recipient = {internal.example}\n"
         "  client_address = {any, unknown, !<relay_networks>}\n"
         "  action = \"REJECT inside only\"\n"
         "}\n",
         NULL, NULL, ""},
        {"login-beyond-boundary",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"contractor\" {\n"
         "  sasl_username = {bob}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL,
         "postlatch.conf:4: login-beyond-boundary contractor: rule \"contractor\" lets logins "
         "relay that are not in relay_users, for instance client_address=203.0.113.9 "
         "recipient=someone@foreign.example sasl_username=bob. Who reads relay_users does not see "
         "that their stolen passwords reach others. If it is meant, write accept_warnings = "
         "{\"login-beyond-boundary:contractor\"}; or add the logins to relay_users, by which they "
         "may relay from anywhere; or take the rule out\n"},
        {"near: in relay_users",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"contractor\" {\n"
         "  sasl_username = {alice}\n"
         "  recipient = {partner.example}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: to ours",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"contractor\" {\n"
         "  sasl_username = {bob}\n"
         "  recipient = {ours}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
        {"near: from inside",
         "accepted_domains = {example.org}\n"
         "relay_networks = {192.168.0.0/16}\n"
         "relay_users = {alice}\n"
         "rule \"contractor\" {\n"
         "  sasl_username = {bob}\n"
         "  client_address = {192.168.1.1}\n"
         "  action = \"OK\"\n"
         "}\n",
         NULL, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], FLOWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
