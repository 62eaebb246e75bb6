#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Written rules in front of a real Postfix: logins for some recipients or from some networks, all-except lists,
tables, senders, delimiters, the order of rules."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, LOGINS, NEEDS, OK, RigCase
from rig_tools import main

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"
POSTFIX = "(refused by Postfix)"


class Rules(RigCase):
    policy = ACCEPTED

    def load(self, policy):
        self.rig.daemon.reload(ACCEPTED + policy)

    def table(self, *rows, place="relay"):
        """Rows of (client, login or None, sender, {recipient: reply}). True: it is taken; False: the built-in
        refusal; POSTFIX: Postfix refuses after a DUNNO of ours; else the text of our refusal, with code or without."""
        for client, login, sender, recipients in rows:
            with self.rig.smtp(place, client, login=login and (login, LOGINS[login])) as s:
                s.expect(250, s.mail(sender))
                for recipient, want in recipients.items():
                    with self.subTest(place=place, client=client, login=login, sender=sender, recipient=recipient):
                        if want is False:
                            want = self.refused(recipient)
                        elif want is True:
                            want = OK
                        elif want is POSTFIX:
                            want = self.postfix_refused(recipient)
                        elif not want.startswith(("4", "5")):
                            want = self.refused(recipient, want)
                        else:
                            want = self.refused(recipient, want[10:], want[:9])
                        self.assertEqual(str(s.rcpt(recipient)), want)

    def test_login_for_some_recipients(self):
        self.load("""
            domains partners { entries = {partner.example, .partner.example} }
            rule "trainees" {
                sasl_username = {intern@example.org}
                recipient     = {ours, <partners>, boss@foreign.example.com}
                action        = "OK"
            }
            rule "trainees, else" {
                sasl_username = {intern@example.org}
                action        = "REJECT Login %{sasl_username} may not write to %{recipient}"
            }
            rule "scanner" { sasl_username = {scanner}  recipient = {it@example.org}  action = "DUNNO" }
            rule "scanner, else" { sasl_username = {scanner}  action = "550 5.7.1 it@example.org only" }
            relay_users = {any}
        """)
        no = "Login intern@example.org may not write to "
        for place in ("relay", "recipient-unix"):
            self.table(
                (OUTSIDE, "intern@example.org", "intern@example.org", {
                    "user@example.org": True, "user@partner.example": True, "user@sub.partner.example": True,
                    "boss@foreign.example.com": True, FOREIGN: no + FOREIGN,
                    "user@badpartner.example": no + "user@badpartner.example",
                    "victim%foreign.example.com@example.org": no + "victim%foreign.example.com@example.org"}),
                (INSIDE, "intern@example.org", "", {FOREIGN: no + FOREIGN, "user@partner.example": True}),
                (OUTSIDE, "scanner", "scanner@example.org", {
                    "it@example.org": True, "other@example.org": "550 5.7.1 it@example.org only",
                    FOREIGN: "550 5.7.1 it@example.org only", "IT@Example.ORG.": True}),
                (OUTSIDE, "alice", "alice@example.org", {FOREIGN: True}),
                (OUTSIDE, None, "intern@example.org", {"user@partner.example": False, "it@example.org": True}),
                place=place)

    def test_only_the_recipients_taken_get_the_mail(self):
        self.load("""
            rule "a" { sasl_username = {intern@example.org}  recipient = {partner.example}  action = "OK" }
        """)
        with self.rig.login("intern@example.org") as s:
            s.expect(250, s.mail())
            self.assertEqual([s.rcpt(r).code for r in ("a@partner.example", FOREIGN, "user@example.org",
                                                       "b@partner.example")], [250, 554, 250, 250])
            self.assertEqual(self.rig.delivered(s.data()), {
                ("a@partner.example", "foreign"), ("b@partner.example", "foreign"), ("user@example.org", "local")})

    def test_login_from_some_networks(self):
        self.load("""
            networks office { entries = {198.51.100.0/24, 2001:db8:1::/48} }
            rule "user1 from elsewhere" {
                sasl_username  = {user1}
                client_address = {any, unknown, !<office>}
                recipient      = {foreign}
                action         = "REJECT Not from %{client_address}"
            }
            relay_users = {user1, user2}
        """)
        rows = [("198.51.100.7", True), ("203.0.113.9", "Not from 203.0.113.9"), ({"ADDR": None}, "Not from unknown")]
        if self.rig.ipv6:
            rows += [("2001:db8:1::7", True), ("2001:db8:2::7", "Not from 2001:db8:2::7"),
                     ("::ffff:198.51.100.7", True)]
        for place in ("relay", "recipient-unix"):
            for client, want in rows:
                self.table((client, "user1", "a@example.org", {FOREIGN: want, "user@example.org": True}),
                           (client, "user2", "a@example.org", {FOREIGN: True}), place=place)

    def test_all_except(self):
        """{any, !…} for each kind of key that Postfix lets a client choose."""
        self.load("""
            users    blocked { entries = {mallory@example.org} }
            rule "network" {
                sasl_username  = {bulk@example.org}
                client_address = {any, !203.0.113.0/24}
                action         = "OK"
            }
            rule "recipients" {
                sasl_username = {sales@example.org}
                recipient     = {any, !foreign.example.com, !.foreign.example.com, "!user+tag@partner.example"}
                action        = "OK"
            }
            rule "senders" {
                sasl_username = {carol@example.org}
                sender        = {any, !carol@example.org, !news@}
                action        = "REJECT Not your address"
            }
            rule "logins" { sasl_username = {any, !<blocked>, "!@other.example", !bulk@example.org,
                                             !sales@example.org}  action = "OK" }
        """)
        self.table(
            ("203.0.113.9", "bulk@example.org", "", {FOREIGN: False, "user@example.org": True}),
            ("203.0.112.255", "bulk@example.org", "", {FOREIGN: True}),
            ("203.0.114.0", "bulk@example.org", "", {FOREIGN: True}),
            ({"ADDR": None}, "bulk@example.org", "", {FOREIGN: False}),
            (OUTSIDE, "sales@example.org", "", {
                FOREIGN: False, "a@sub.foreign.example.com": False, "a@gmail.example": True,
                "user+tag@partner.example": False, "USER+Tag@partner.example": False, "user@partner.example": True,
                "a@notforeign.example.com": True}),
            (OUTSIDE, "carol@example.org", "carol@example.org", {FOREIGN: True}),
            (OUTSIDE, "carol@example.org", "Carol@Example.ORG", {FOREIGN: True}),
            (OUTSIDE, "carol@example.org", "news@any.example.net", {FOREIGN: True}),
            (OUTSIDE, "carol@example.org", "boss@example.org", {FOREIGN: "Not your address"}),
            (OUTSIDE, "carol@example.org", "", {FOREIGN: True}),
            (OUTSIDE, "alice", "", {FOREIGN: True}),
            (OUTSIDE, "mallory@example.org", "", {FOREIGN: False, "user@example.org": True}),
            (OUTSIDE, "dave@other.example", "", {FOREIGN: False}),
            (OUTSIDE, None, "", {FOREIGN: False}))

    def test_senders(self):
        self.load("""
            addresses forgers { entries = {ceo@example.org, invoice@} }
            rule "forged"  { client_address = {any, !198.51.100.0/24}  sender = {<forgers>, .example.org}
                             action = "REJECT 5.7.1 Forged sender" }
            rule "bounces" { sender = {"<>"}  recipient = {noreply@example.org}  action = "REJECT No bounces here" }
            rule "elsewhere" { sender = {foreign}  recipient = {staff@lists.example.org}
                               action = "REJECT Members only" }
            rule "routed"  { sender = {routed}  action = "REJECT No routes" }
            relay_networks = {198.51.100.0/24}
        """)
        self.table(
            (OUTSIDE, None, "ceo@example.org", {"user@example.org": "Forged sender"}),
            (OUTSIDE, None, "CEO@EXAMPLE.org.", {"user@example.org": "Forged sender"}),
            (OUTSIDE, None, "invoice@sender.example.net", {"user@example.org": "Forged sender"}),
            (OUTSIDE, None, "a@sub.example.org", {"user@example.org": "Forged sender"}),
            (OUTSIDE, None, "a@example.org", {"user@example.org": True, "staff@lists.example.org": True}),
            (INSIDE, None, "ceo@example.org", {"user@example.org": True, FOREIGN: True}),
            (OUTSIDE, None, "", {"user@example.org": True, "noreply@example.org": "No bounces here",
                                 "staff@lists.example.org": True, FOREIGN: False}),
            (OUTSIDE, None, "a@sender.example.net", {"noreply@example.org": True,
                                                     "staff@lists.example.org": "Members only"}),
            (OUTSIDE, None, "a%b@example.org", {"staff@lists.example.org": "Members only",
                                                "user@example.org": "No routes"}))

    def test_recipients(self):
        self.load("""
            recipient_delimiter = "+"
            rule "routed" { recipient = {routed}  action = "REJECT No routes" }
            rule "closed" { recipient = {closed@example.org, sub.relay.example, "[127.0.0.1]"}
                            client_address = {any, !198.51.100.0/24}  action = "REJECT Closed" }
            rule "abuse"  { recipient = {abuse@, postmaster@}  action = "DUNNO" }
            rule "spam trap" { recipient = {trap@virt.example}  action = "450 4.7.1 Trap" }
            relay_by_rule = {192.0.2.0/24}
            rule "partner"  { recipient = {any, !ours, !gmail.example}  client_address = {192.0.2.0/24}
                              action = "OK" }
        """)
        self.table(
            (OUTSIDE, None, "a@sender.example.net", {
                "closed@example.org": "Closed", "closed+any@example.org": "Closed", "Closed@Example.Org": "Closed",
                "closed@virt.example": True, "a@sub.relay.example": "Closed", "a@relay.example": True,
                "a@b.sub.relay.example": True, "a@[127.0.0.1]": "Closed", "a@[IPv6:::1]": True,
                "abuse@example.org": True, "abuse": True, "abuse@foreign.example.com": POSTFIX,
                "trap@virt.example": "450 4.7.1 Trap", "trap+x@virt.example": "450 4.7.1 Trap",
                "abuse%foreign.example.com@example.org": "No routes", "virt.example!trap": "No routes",
                "closed%example.org@mx.example.org": "No routes"}),
            (INSIDE, None, "a@sender.example.net", {"closed@example.org": True}),
            ("192.0.2.9", None, "a@sender.example.net", {
                FOREIGN: True, "a@gmail.example": False, "user@example.org": True,
                "victim%foreign.example.com@example.org": "No routes"}))

    def test_bare_recipients(self):
        for setting, want in (("ours", True), ("foreign", False)):
            self.load("bare_recipient = " + setting)
            self.table((OUTSIDE, None, "a@sender.example.net", {
                "user": want, "user@mx.example.org": True, "a!b": False, "a%b": False}))
            self.assertEqual(self.rig.rcpt("PostMaster"), OK)

    def test_tls_and_words(self):
        self.load("""
            rule "clear text" { sasl_username = {user2}  encryption_protocol = {none}  action = "REJECT TLS, please" }
            rule "tls"   { sasl_username = {user2}  encryption_protocol = {any}  action = "OK" }
            rule "plain" { sasl_method = {plain}  sasl_username = {user1}  server_port = {%d}  action = "OK" }
            relay_by_rule = {203.0.113.0/24}
            rule "subject" { ccert_subject = {listed.example.org, "CN=listed.example.org"}
                             client_address = {<relay_by_rule>}  recipient = {a@partner.example}  action = "OK" }
            rule "any certificate" { ccert_fingerprint = {any}  client_address = {<relay_by_rule>}
                                     recipient = {b@partner.example}  action = "OK" }
            rule "no certificate"  { ccert_fingerprint = {none}  recipient = {b@partner.example}
                                     action = "REJECT Certificate, please" }
            rule "helo" { helo_name = {client.example.net}  reverse_client_name = {unknown}
                          recipient = {c@partner.example}  action = "REJECT Hello, %%{helo_name}" }
        """ % self.rig.ports["second-port"].port)
        no_tls = self.refused(FOREIGN, "TLS, please")
        login = ("user2", LOGINS["user2"])
        self.assertEqual(self.rig.rcpt(FOREIGN, login=login), no_tls)
        self.assertEqual(self.rig.rcpt(FOREIGN, login=login, tls=self.rig.certs.context()), OK)
        login = ("user1", LOGINS["user1"])
        self.assertEqual(self.rig.rcpt(FOREIGN, "second-port", login=login), OK)
        self.assertEqual(self.rig.rcpt(FOREIGN, "relay", login=login), self.refused(FOREIGN))
        for name, a, b in (("listed", OK, OK), ("unlisted", None, OK), ("selfsigned", None, OK),
                           (None, None, "Certificate, please")):
            with self.subTest(certificate=name):
                context = self.rig.certs.context(name)
                self.assertEqual(self.rig.rcpt("a@partner.example", tls=context),
                                 a or self.refused("a@partner.example"))
                self.assertEqual(self.rig.rcpt("b@partner.example", tls=context),
                                 b if b == OK else self.refused("b@partner.example", b))
        self.assertEqual(self.rig.rcpt("c@partner.example"),
                         self.refused("c@partner.example", "Hello, client.example.net"))
        self.assertEqual(self.rig.rcpt("c@partner.example", helo="other.example.net"),
                         self.refused("c@partner.example"))

    def test_first_rule_decides(self):
        self.load("""
            rule "first"  { recipient = {a@foreign.example.com}  action = "REJECT First" }
            rule "second" { recipient = {foreign.example.com}  action = "450 4.7.1 Second" }
            rule "third"  { recipient = {foreign}  action = "REJECT Third" }
            rule "never"  { action = "OK" }
            relay_networks = {198.51.100.0/24}
        """)
        self.table((INSIDE, None, "a@sender.example.net", {
            "a@foreign.example.com": "First", "b@foreign.example.com": "450 4.7.1 Second",
            "a@other.example": "Third"}))


if __name__ == "__main__":
    main(NEEDS)
