/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks that may relay, and who may stand behind their addresses: whole messages. */
#include "lint.h"

enum {
    CODES = 1U << PL_LINT_TRUSTED_GATEWAY | 1U << PL_LINT_TRUSTED_BRIDGE |
            1U << PL_LINT_PUBLIC_NETWORK | 1U << PL_LINT_LOOPBACK_TRUSTED |
            1U << PL_LINT_ONE_FAMILY_ONLY | 1U << PL_LINT_EMBEDDED_IPV4
};

static void gateways_and_bridges(void **state)
{
    static const struct lint_case cases[] = {
        {"no facts", "relay_networks = {192.168.0.0/16}\n", NULL, NULL, ""},
        {"a gateway, no surface",
         "accepted_domains = {example.org}\n"
         "\n"
         "relay_networks = {\n"
         "  10.0.0.0/8,\n"
         "  192.168.0.0/16\n"
         "}\n",
         NULL, "gateway 192.168.1.1\n",
         "postlatch.conf:5: trusted-gateway 192.168.1.1: 192.168.1.1, the default gateway of this "
         "host, may relay without login, by 192.168.0.0/16 in relay_networks. If it replaces the "
         "addresses of those who come in through it (NAT, port forwarding), everybody on the "
         "Internet appears as 192.168.1.1 and may relay too. Remedy: write masking = "
         "{192.168.1.1}, or add \"!192.168.1.1\" to relay_networks\n"},
        {"a gateway elsewhere", "relay_networks = {192.168.0.0/16}\n", NULL,
         "gateway 10.0.0.1\n"
         "gateway fe80::1\n",
         ""},
        {"the interface's own address is no matter", "relay_networks = {192.168.0.0/16}\n", NULL,
         "interface eth0 192.168.1.5/24\n", ""},
        {"masking",
         "relay_networks = {192.168.0.0/16}\n"
         "masking = {192.168.1.1}\n",
         NULL, "gateway 192.168.1.1\n", ""},
        {"taken out", "relay_networks = {192.168.0.0/16, !192.168.1.1}\n", NULL,
         "gateway 192.168.1.1\n", ""},
        {"another masking address",
         "relay_networks = {192.168.0.0/16}\n"
         "masking = {192.168.1.2}\n",
         "192.168.0.0/16 builtin:network\n", "gateway 192.168.1.1\n",
         "postlatch.conf:1: trusted-gateway 192.168.1.1: 192.168.1.1, the default gateway of this "
         "host, may relay without login, by 192.168.0.0/16 in relay_networks. If it replaces the "
         "addresses of those who come in through it (NAT, port forwarding), everybody on the "
         "Internet appears as 192.168.1.1 and may relay too. Remedy: add 192.168.1.1 to masking, "
         "or \"!192.168.1.1\" to relay_networks\n"},
        {"in relay_networks, but a rule refuses it", "relay_networks = {192.168.0.0/16}\n",
         "192.168.0.0/24 builtin:network\n", "gateway 192.168.1.1\n", ""},
        {"twice the same gateway, two bridges", "relay_networks = {172.16.0.0/12}\n", NULL,
         "gateway 172.16.0.1\n"
         "gateway 172.16.0.1\n"
         "bridge docker0 172.17.0.1/16\n"
         "bridge br-1 172.18.0.1/16\n",
         "postlatch.conf:1: trusted-gateway 172.16.0.1: 172.16.0.1, the default gateway of this "
         "host, may relay without login, by 172.16.0.0/12 in relay_networks. If it replaces the "
         "addresses of those who come in through it (NAT, port forwarding), everybody on the "
         "Internet appears as 172.16.0.1 and may relay too. Remedy: write masking = {172.16.0.1}, "
         "or add \"!172.16.0.1\" to relay_networks\n"
         "postlatch.conf:1: trusted-bridge 172.17.0.1: 172.17.0.1, this host's own address on the "
         "bridge docker0, may relay without login, by 172.16.0.0/12 in relay_networks. Whoever "
         "comes in through a published port of a container may appear as 172.17.0.1, so everybody "
         "on the Internet may relay too. Remedy: write masking = {172.17.0.1}, or add "
         "\"!172.17.0.1\" to relay_networks\n"
         "postlatch.conf:1: trusted-bridge 172.18.0.1: 172.18.0.1, this host's own address on the "
         "bridge br-1, may relay without login, by 172.16.0.0/12 in relay_networks. Whoever comes "
         "in through a published port of a container may appear as 172.18.0.1, so everybody on the "
         "Internet may relay too. Remedy: write masking = {172.18.0.1}, or add \"!172.18.0.1\" to "
         "relay_networks\n"},
        {"IPv6", "relay_networks = {fe80::/10, fd00::/8}\n", NULL,
         "gateway fe80::1\n"
         "bridge docker0 fd00::1/64\n",
         "postlatch.conf:1: trusted-gateway fe80::1: fe80::1, the default gateway of this host, "
         "may relay without login, by fe80::/10 in relay_networks. If it replaces the addresses of "
         "those who come in through it (NAT, port forwarding), everybody on the Internet appears "
         "as fe80::1 and may relay too. Remedy: write masking = {fe80::1}, or add \"!fe80::1\" to "
         "relay_networks\n"
         "postlatch.conf:1: trusted-bridge fd00::1: fd00::1, this host's own address on the bridge "
         "docker0, may relay without login, by fd00::/8 in relay_networks. Whoever comes in "
         "through a published port of a container may appear as fd00::1, so everybody on the "
         "Internet may relay too. Remedy: write masking = {fd00::1}, or add \"!fd00::1\" to "
         "relay_networks\n"},
        {"a table that relay_networks names",
         "networks site { entries = {192.168.200.0/24,\n"
         "  192.168.203.0/24} }\n"
         "relay_networks = {<site>}\n",
         NULL, "gateway 192.168.203.1\n",
         "postlatch.conf:2: trusted-gateway 192.168.203.1: 192.168.203.1, the default gateway of "
         "this host, may relay without login, by 192.168.203.0/24 of <site> in relay_networks. If "
         "it replaces the addresses of those who come in through it (NAT, port forwarding), "
         "everybody on the Internet appears as 192.168.203.1 and may relay too. Remedy: write "
         "masking = {192.168.203.1}, or add \"!192.168.203.1\" to relay_networks\n"},
        {"a written rule",
         "relay_by_rule = {10.0.0.0/8}\n"
         "rule \"app server\" {\n"
         "  client_address = {10.0.0.0/8}\n"
         "  action = OK\n"
         "}\n",
         "10.0.0.0/8 app server\n", "gateway 10.0.0.1\n",
         "postlatch.conf:3: trusted-gateway 10.0.0.1: 10.0.0.1, the default gateway of this host, "
         "may relay without login, by 10.0.0.0/8 in rule \"app server\". If it replaces the "
         "addresses of those who come in through it (NAT, port forwarding), everybody on the "
         "Internet appears as 10.0.0.1 and may relay too. Remedy: add \"!10.0.0.1\" to "
         "client_address of the rule\n"},
        {"a rule that asks for no address",
         "rule \"helo\" {\n"
         "  helo_name = {x.example}\n"
         "  action = OK\n"
         "}\n",
         "0.0.0.0/0 helo\n", "bridge br0 10.0.0.1/8\n",
         "postlatch.conf:1: trusted-bridge 10.0.0.1: 10.0.0.1, this host's own address on the "
         "bridge br0, may relay without login, by rule \"helo\". Whoever comes in through a "
         "published port of a container may appear as 10.0.0.1, so everybody on the Internet may "
         "relay too. Remedy: add client_address = {any, \"!10.0.0.1\"} to the rule\n"},
        {"permitted elsewhere", "permitted_elsewhere = {10.0.0.0/8}\n", "10.0.0.0/8 elsewhere\n",
         "gateway 10.0.0.1\n",
         "postlatch.conf:1: trusted-gateway 10.0.0.1: 10.0.0.1, the default gateway of this host, "
         "may relay without login, by 10.0.0.0/8 in permitted_elsewhere. If it replaces the "
         "addresses of those who come in through it (NAT, port forwarding), everybody on the "
         "Internet appears as 10.0.0.1 and may relay too. Remedy: take it out of Postfix's "
         "mynetworks and of permitted_elsewhere\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void public_networks(void **state)
{
    static const struct lint_case cases[] = {
        {"private networks", "relay_networks = {10.0.0.0/8, 100.64.0.0/10, fd00::/8}\n", NULL, NULL,
         ""},
        {"no surface",
         "relay_networks = {\n"
         "192.0.2.0/24,\n"
         "203.0.113.7,\n"
         "2001:db8:1::/48}\n",
         NULL, NULL,
         "postlatch.conf:2: public-network 192.0.2.0/24: 192.0.2.0/24 is a public network: 256 "
         "addresses of it may relay without login. See that each is yours; where others have some "
         "of them, name yours only, or let them log in\n"
         "postlatch.conf:3: public-network 203.0.113.7: 203.0.113.7 is one public address, which "
         "may relay without login. Whoever has it may relay: see that it is yours, and stays so\n"
         "postlatch.conf:4: public-network 2001:db8:1::/48: 2001:db8:1::/48 is a public network: "
         "2^80 addresses of it may relay without login. See that each is yours; where others have "
         "some of them, name yours only, or let them log in\n"},
        {"part of each may relay",
         "relay_networks = {192.0.2.0/24, !192.0.2.66, 2001:db8:1::/48}\n",
         "192.0.2.0/26 builtin:network\n"
         "192.0.2.64/31 builtin:network\n"
         "192.0.2.67 builtin:network\n"
         "192.0.2.68/30 builtin:network\n"
         "2001:db8:1::/49 builtin:network\n"
         "2001:db8:1:8000::/51 builtin:network\n",
         NULL,
         "postlatch.conf:1: public-network 192.0.2.0/24: 192.0.2.0/24 is a public network: 71 "
         "addresses of it may relay without login. See that each is yours; where others have some "
         "of them, name yours only, or let them log in\n"
         "postlatch.conf:1: public-network 2001:db8:1::/48: 2001:db8:1::/48 is a public network: "
         "about 2^79 addresses of it may relay without login. See that each is yours; where others "
         "have some of them, name yours only, or let them log in\n"},
        {"one address of a network", "relay_networks = {192.0.2.0/24}\n",
         "192.0.2.1 builtin:network\n", NULL,
         "postlatch.conf:1: public-network 192.0.2.0/24: 192.0.2.0/24 is a public network: 1 "
         "address of it may relay without login. See that each is yours; where others have some of "
         "them, name yours only, or let them log in\n"},
        {"a rule refuses all of it", "relay_networks = {192.0.2.0/24, 10.0.0.0/8}\n",
         "10.0.0.0/8 builtin:network\n", NULL, ""},
        {"an entry within another",
         "networks lan { entries = {192.0.2.0/24} }\n"
         "relay_networks = {192.0.2.1, <lan>}\n",
         NULL, NULL,
         "postlatch.conf:1: public-network 192.0.2.0/24: 192.0.2.0/24 is a public network: 256 "
         "addresses of it may relay without login. See that each is yours; where others have some "
         "of them, name yours only, or let them log in\n"},
        {"a written rule, a list named twice",
         "networks lan { entries = {198.51.100.0/24} }\n"
         "rule \"a\" {\n"
         "  client_address = {<lan>}\n"
         "  action = OK\n"
         "}\n"
         "rule \"b\" {\n"
         "  client_address = {<lan>, !198.51.100.7}\n"
         "  sender = {a@example.org}\n"
         "  action = OK\n"
         "}\n",
         "198.51.100.0/25 a\n"
         "198.51.100.128/25 b\n",
         NULL,
         "postlatch.conf:1: public-network 198.51.100.0/24: 198.51.100.0/24 is a public network: "
         "256 addresses of it may relay without login. See that each is yours; where others have "
         "some of them, name yours only, or let them log in\n"},
        {"permitted elsewhere, public", "permitted_elsewhere = {192.0.2.0/30}\n",
         "192.0.2.0/30 elsewhere\n", NULL,
         "postlatch.conf:1: public-network 192.0.2.0/30: 192.0.2.0/30 is a public network: 4 "
         "addresses of it may relay without login. See that each is yours; where others have some "
         "of them, name yours only, or let them log in\n"},
        {"public in part",
         "widest_network_v4 = 8\n"
         "relay_networks = {172.0.0.0/8}\n",
         "172.0.0.0/8 builtin:network\n", NULL,
         "postlatch.conf:2: public-network 172.0.0.0/8: 172.0.0.0/8 is a public network in part "
         "(was 172.16.0.0/12 meant?): 15728640 public addresses of it may relay without login. See "
         "that each is yours; where others have some of them, name yours only, or let them log "
         "in\n"},
        {"public in part, of which only what is private may relay",
         "relay_networks = {172.0.0.0/8, !172.0.0.0/12, !172.32.0.0/11, !172.64.0.0/10, "
         "!172.128.0.0/9}\n",
         "172.16.0.0/12 builtin:network\n", NULL, ""},
        {"a network that is the surface's in part",
         "relay_networks = {192.0.2.0/25, 192.0.2.128/25}\n", "192.0.2.0/24 builtin:network\n",
         NULL,
         "postlatch.conf:1: public-network 192.0.2.0/25: 192.0.2.0/25 is a public network: 128 "
         "addresses of it may relay without login. See that each is yours; where others have some "
         "of them, name yours only, or let them log in\n"
         "postlatch.conf:1: public-network 192.0.2.128/25: 192.0.2.128/25 is a public network: 128 "
         "addresses of it may relay without login. See that each is yours; where others have some "
         "of them, name yours only, or let them log in\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void loopback(void **state)
{
    static const struct lint_case cases[] = {
        {"both families",
         "relay_networks = {127.0.0.0/8,\n"
         "::1}\n",
         NULL, NULL,
         "postlatch.conf:1: loopback-trusted 127.0.0.0/8: 127.0.0.1 may relay without login, by "
         "127.0.0.0/8 in relay_networks. Whatever takes connections from elsewhere and passes them "
         "on within this host (ssh and TLS tunnels, port forwarders of containers, a web form) "
         "lets strangers appear as 127.0.0.1. Remedy, if there is any: write masking = "
         "{127.0.0.1}, or add \"!127.0.0.1\" to relay_networks\n"
         "postlatch.conf:2: loopback-trusted ::1: ::1 may relay without login, by ::1 in "
         "relay_networks. Whatever takes connections from elsewhere and passes them on within this "
         "host (ssh and TLS tunnels, port forwarders of containers, a web form) lets strangers "
         "appear as ::1. Remedy, if there is any: write masking = {::1}, or add \"!::1\" to "
         "relay_networks\n"},
        {"another address of this host", "relay_networks = {127.0.0.2}\n", NULL, NULL,
         "postlatch.conf:1: loopback-trusted 127.0.0.2: 127.0.0.2 may relay without login, by "
         "127.0.0.2 in relay_networks. Whatever takes connections from elsewhere and passes them "
         "on within this host (ssh and TLS tunnels, port forwarders of containers, a web form) "
         "lets strangers appear as 127.0.0.2. Remedy, if there is any: write masking = "
         "{127.0.0.2}, or add \"!127.0.0.2\" to relay_networks\n"},
        {"IPv4 only", "relay_networks = {127.0.0.0/8}\n", NULL, NULL,
         "postlatch.conf:1: loopback-trusted 127.0.0.0/8: 127.0.0.1 may relay without login, by "
         "127.0.0.0/8 in relay_networks. Whatever takes connections from elsewhere and passes them "
         "on within this host (ssh and TLS tunnels, port forwarders of containers, a web form) "
         "lets strangers appear as 127.0.0.1. Remedy, if there is any: write masking = "
         "{127.0.0.1}, or add \"!127.0.0.1\" to relay_networks\n"
         "postlatch.conf:1: one-family-only ::1: 127.0.0.1 may relay without login, ::1 may not: a "
         "program of this host that connects to localhost is let in or refused by the address that "
         "it happens to take. If that is not meant, trust both or neither\n"},
        {"IPv4 only, and the host has no IPv6", "relay_networks = {127.0.0.0/8}\n", NULL,
         "interface lo 127.0.0.1/8\n",
         "postlatch.conf:1: loopback-trusted 127.0.0.0/8: 127.0.0.1 may relay without login, by "
         "127.0.0.0/8 in relay_networks. Whatever takes connections from elsewhere and passes them "
         "on within this host (ssh and TLS tunnels, port forwarders of containers, a web form) "
         "lets strangers appear as 127.0.0.1. Remedy, if there is any: write masking = "
         "{127.0.0.1}, or add \"!127.0.0.1\" to relay_networks\n"},
        {"masking",
         "relay_networks = {127.0.0.0/8, ::1}\n"
         "masking = {127.0.0.1, ::1}\n",
         NULL, NULL, ""},
        {"permitted elsewhere", "permitted_elsewhere = {127.0.0.0/8, ::1}\n",
         "127.0.0.0/8 elsewhere\n"
         "::1 elsewhere\n",
         NULL,
         "postlatch.conf:1: loopback-trusted 127.0.0.0/8: 127.0.0.1 may relay without login, by "
         "127.0.0.0/8 in permitted_elsewhere. Whatever takes connections from elsewhere and passes "
         "them on within this host (ssh and TLS tunnels, port forwarders of containers, a web "
         "form) lets strangers appear as 127.0.0.1. Remedy, if there is any: take it out of "
         "Postfix's mynetworks and of permitted_elsewhere\n"
         "postlatch.conf:1: loopback-trusted ::1: ::1 may relay without login, by ::1 in "
         "permitted_elsewhere. Whatever takes connections from elsewhere and passes them on within "
         "this host (ssh and TLS tunnels, port forwarders of containers, a web form) lets "
         "strangers appear as ::1. Remedy, if there is any: take it out of Postfix's mynetworks "
         "and of permitted_elsewhere\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void families(void **state)
{
    static const struct lint_case cases[] = {
        {"IPv4 only, and the interface has both", "relay_networks = {192.168.0.0/16}\n", NULL,
         "interface eth0 192.168.1.5/24\n"
         "interface eth0 2001:db8::5/64\n"
         "interface eth0 fe80::5/64\n",
         "postlatch.conf:1: one-family-only 2001:db8::/64: the network of 192.168.1.5 (interface "
         "eth0) may relay without login, but no IPv6 network may, and the interface is in "
         "2001:db8::/64 as well: the same machines are refused as soon as they connect by IPv6. If "
         "that is not meant, trust 2001:db8::/64 too\n"},
        {"IPv6 only, and the interface has both", "relay_networks = {fd00::/8}\n", NULL,
         "interface eth0 192.168.1.5/24\n"
         "interface eth0 fd00::5/64\n",
         "postlatch.conf:1: one-family-only 192.168.1.0/24: the network of fd00::5 (interface "
         "eth0) may relay without login, but no IPv4 network may, and the interface is in "
         "192.168.1.0/24 as well: the same machines are refused as soon as they connect by IPv4. "
         "If that is not meant, trust 192.168.1.0/24 too\n"},
        {"another interface has IPv6", "relay_networks = {192.168.0.0/16}\n", NULL,
         "interface eth0 192.168.1.5/24\n"
         "interface eth1 2001:db8::5/64\n",
         ""},
        {"link-local is no network of its own", "relay_networks = {192.168.0.0/16}\n", NULL,
         "interface eth0 192.168.1.5/24\n"
         "interface eth0 fe80::5/64\n",
         ""},
        {"both are trusted", "relay_networks = {192.168.0.0/16, fd00::/8}\n", NULL,
         "interface eth0 192.168.1.5/24\n"
         "interface eth0 2001:db8::5/64\n",
         ""},
        {"the interface is not trusted", "relay_networks = {10.0.0.0/8}\n", NULL,
         "interface eth0 192.168.1.5/24\n"
         "interface eth0 2001:db8::5/64\n",
         ""},
        {"no facts", "relay_networks = {192.168.0.0/16}\n", NULL, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void embedded(void **state)
{
    static const struct lint_case cases[] = {
        {"NAT64", "relay_networks = {64:ff9b::/96}\n", NULL, NULL,
         "postlatch.conf:1: embedded-ipv4 64:ff9b::/96: 64:ff9b::/96 may relay without login, and "
         "its addresses (NAT64) stand for any IPv4 address, so everybody who comes in by it may "
         "relay. See that this is meant, or take it out\n"},
        {"NAT64, a network and an address",
         "relay_networks = {64:ff9b::192.0.2.0/120,\n"
         "64:ff9b::c633:6407}\n",
         NULL, NULL,
         "postlatch.conf:1: embedded-ipv4 64:ff9b::c000:200/120: 64:ff9b::c000:200/120 may relay "
         "without login, and its addresses (NAT64) stand for the IPv4 network 192.0.2.0/24, so "
         "whoever has an address of it may relay. See that this is meant, or take it out\n"
         "postlatch.conf:2: embedded-ipv4 64:ff9b::c633:6407: 64:ff9b::c633:6407 may relay without "
         "login, and its addresses (NAT64) stand for the IPv4 address 198.51.100.7, so whoever has "
         "it may relay. See that this is meant, or take it out\n"},
        {"NAT64 of a site", "relay_networks = {64:ff9b:1:8::/96}\n", NULL, NULL,
         "postlatch.conf:1: embedded-ipv4 64:ff9b:1:8::/96: 64:ff9b:1:8::/96 may relay without "
         "login, and its addresses (NAT64) stand for any IPv4 address, so everybody who comes in "
         "by it may relay. See that this is meant, or take it out\n"},
        {"6to4",
         "relay_networks = {2002:c000:204::/48,\n"
         "2002:c633::/32}\n",
         NULL, NULL,
         "postlatch.conf:1: embedded-ipv4 2002:c000:204::/48: 2002:c000:204::/48 may relay without "
         "login, and its addresses (6to4) stand for the IPv4 address 192.0.2.4, so whoever has it "
         "may relay. See that this is meant, or take it out\n"
         "postlatch.conf:2: embedded-ipv4 2002:c633::/32: 2002:c633::/32 may relay without login, "
         "and its addresses (6to4) stand for the IPv4 network 198.51.0.0/16, so whoever has an "
         "address of it may relay. See that this is meant, or take it out\n"},
        {"none", "relay_networks = {2001:db8::/32}\n", "fd00::/8 builtin:network\n", NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++)
        check_lint(&cases[i], CODES);
}

static void waivers(void **state)
{
    static const struct {
        const char *name;
        int32_t until; /* from today, which is 2024-10-04 */
        const char *want;
    } cases[] = {
        {"far off", 31, ""},
        {"thirty days", 30,
         "accept \"scanner, ticket 12\" ends in 30 days, on 2024-11-03: from the day after, what "
         "it "
         "waives is let through no more and a reload is refused. Close what is open, or give it a "
         "later date"},
        {"tomorrow", 1,
         "accept \"scanner, ticket 12\" ends in 1 day, on 2024-10-05: from the day after, what it "
         "waives is let through no more and a reload is refused. Close what is open, or give it a "
         "later date"},
        {"today", 0,
         "accept \"scanner, ticket 12\" ends today, on 2024-10-04: from the day after, what it "
         "waives is let through no more and a reload is refused. Close what is open, or give it a "
         "later date"},
        {"yesterday", -1,
         "accept \"scanner, ticket 12\" has ended on 2024-10-03: what it waived is let through no "
         "more, and a reload is refused while it stands. Close what was open and take it out, or "
         "give it a later date"},
        {"the first day of all", -20000,
         "accept \"scanner, ticket 12\" has ended on 1970-01-01: what it waived is let through no "
         "more, and a reload is refused while it stands. Close what was open and take it out, or "
         "give it a later date"},
    };
    struct pl_lint_input in = {0};
    struct pl_buf messages = {0};
    struct pl_config config;

    (void)state;
    assert_true(load_text(&config, "", &messages));
    config.policy->today = 20000;
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct pl_waiver waiver = {.reason = pl_str_lit("scanner, ticket 12"),
                                   .at = {0, 7},
                                   .until = 20000 + cases[i].until};
        struct pl_findings *f;

        config.policy->waivers = &waiver;
        config.policy->nwaivers = 1;
        f = pl_lint(config.policy, &in);
        assert_non_null(f);
        assert_int_equal(f->found[PL_LINT_ACCEPT_EXPIRES], cases[i].want[0] != '\0');
        for (size_t k = 0; k < f->count; k++) {
            if (f->items[k].code != PL_LINT_ACCEPT_EXPIRES)
                continue;
            assert_int_equal(f->items[k].at.line, 7);
            check_str(cases[i].name, f->items[k].object.p, "scanner, ticket 12");
            check_str(cases[i].name, f->items[k].message.p, cases[i].want);
        }
        pl_findings_free(f);
    }
    config.policy->waivers = NULL;
    config.policy->nwaivers = 0;
    pl_config_fini(&config);
    pl_buf_fini(&messages);
}

/* Where the surface says to which recipients, so does the warning; where it gave up, it is not believed. */
static void surface_to_some(void **state)
{
    static const char text[] = "relay_networks = {10.0.0.0/8}\nrelay_by_rule = {192.168.0.0/16}\n"
                               "rule \"app\" {\n  client_address = {192.168.0.0/16}\n"
                               "  recipient = {partner.example}\n  action = OK\n}\n";
    struct pl_host_fact facts[] = {{PL_HOST_GATEWAY, "", {4, {192, 168, 0, 1}}, 32},
                                   {PL_HOST_GATEWAY, "", {4, {10, 0, 0, 1}}, 32}};
    struct pl_host_facts host = {facts, ROWS(facts), ROWS(facts)};
    struct pl_surface surface;
    struct pl_lint_input in = {.surface = &surface, .host = &host};
    struct pl_buf messages = {0};
    struct pl_config config;
    struct pl_findings *f;

    (void)state;
    assert_true(load_text(&config, text, &messages));
    make_surface(&surface, config.policy, "192.168.0.0/16 app\n");
    surface.lines[0].any = false;
    surface.lines[0].to = pl_str_lit("{partner.example}");
    f = pl_lint(config.policy, &in);
    assert_non_null(f);
    assert_int_equal(f->found[PL_LINT_TRUSTED_GATEWAY], 1);
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].code != PL_LINT_TRUSTED_GATEWAY)
            continue;
        check_str("to some", f->items[i].message.p,
                  "192.168.0.1, the default gateway of this host, may relay without login to "
                  "{partner.example}, by 192.168.0.0/16 in rule \"app\". If it replaces the "
                  "addresses of those who come in through it (NAT, port forwarding), everybody on "
                  "the Internet appears as 192.168.0.1 and may relay too. Remedy: add "
                  "\"!192.168.0.1\" to client_address of the rule");
        assert_ptr_equal(f->items[i].rule, &config.policy->rules[0]);
    }
    pl_findings_free(f);

    surface.gave_up = "it was too much";
    f = pl_lint(config.policy, &in);
    assert_non_null(f);
    assert_int_equal(f->found[PL_LINT_TRUSTED_GATEWAY], 2);
    pl_findings_free(f);
    pl_arena_free(surface.arena);
    pl_config_fini(&config);
    pl_buf_fini(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateways_and_bridges),
        cmocka_unit_test(public_networks),
        cmocka_unit_test(loopback),
        cmocka_unit_test(families),
        cmocka_unit_test(embedded),
        cmocka_unit_test(waivers),
        cmocka_unit_test(surface_to_some),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
