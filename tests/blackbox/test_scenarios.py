#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Policies that administrators of real servers have asked for, each with the sessions that show it.

Verdicts: "ok" (taken), "no" (refused by the built-in rule), "postfix" (left to Postfix, which refuses), or the text of
a refusal of ours.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, LOGINS, NEEDS, OK, RigCase
from rig_tools import main

OUTSIDE = "203.0.113.9"
GMAIL, OURS = "user@gmail.example", "user@example.org"


def named(name, address=OUTSIDE):
    return {"ADDR": address, "NAME": name, "REVERSE_NAME": name or "mail.partner.example"}


# what is asked for, the policy, [(client, login, {recipient: verdict})]
SCENARIOS = [
    ("a printer may write to ourselves only", """
        networks printers { entries = {192.168.5.20} }
        rule "printers" { client_address = {<printers>}  recipient = {ours}  action = "OK" }
     """, [
        ("192.168.5.20", None, {"anyone@example.org": "ok", GMAIL: "no"}),
        ("::ffff:192.168.5.20", None, {"anyone@example.org": "ok", GMAIL: "no"}),
        ("192.168.5.21", None, {GMAIL: "no"})]),
    ("an application server may reach us and one partner", """
        relay_by_rule = {10.20.0.0/16}
        rule "app" { client_address = {10.20.0.0/16}  recipient = {example.org, partner.example}  action = "OK" }
     """, [
        ("10.20.0.1", None, {OURS: "ok", "a@partner.example": "ok", GMAIL: "no", "a@x.partner.example": "no"}),
        ("10.21.0.1", None, {OURS: "ok", "a@partner.example": "no"})]),
    ("one login for inside, one for two domains", """
        rule "intern" { sasl_username = {intern@example.org}  recipient = {foreign}  action = "REJECT Inside only" }
        rule "sales"  { sasl_username = {sales@example.org}  recipient = {any, !example.org, !gmail.example}
                        action = "REJECT Two domains only" }
        relay_users = {any}
     """, [
        (OUTSIDE, "intern@example.org", {OURS: "ok", GMAIL: "Inside only"}),
        (OUTSIDE, "sales@example.org", {OURS: "ok", GMAIL: "ok", "a@other.example": "Two domains only"}),
        (OUTSIDE, "alice", {"a@other.example": "ok"})]),
    ("one login from one network, another from anywhere", """
        rule "user1" { sasl_username = {user1}  client_address = {192.168.1.0/24}  action = "OK" }
        relay_users = {user2}
     """, [
        ("192.168.1.77", "user1", {GMAIL: "ok"}),
        ("10.8.0.3", "user1", {GMAIL: "no", OURS: "ok"}),
        ("10.8.0.3", "user2", {GMAIL: "ok"})]),
    ("no login from outside office and VPN", """
        networks inside { entries = {192.0.2.0/24, 10.8.0.0/24} }
        rule "outside" { sasl_username = {any}  client_address = {any, !<inside>}  action = "REJECT Use the VPN" }
        relay_users = {any}
     """, [
        ("192.0.2.5", "alice", {GMAIL: "ok"}), ("10.8.0.3", "alice", {GMAIL: "ok"}),
        (OUTSIDE, "alice", {GMAIL: "Use the VPN"}), (OUTSIDE, None, {OURS: "ok", GMAIL: "no"})]),
    ("a staging system that reaches one domain", """
        relay_by_rule = {172.20.0.5}
        rule "staging" { client_address = {172.20.0.5}  recipient = {allowed-test.example}  action = "OK" }
        rule "staging, else" { client_address = {172.20.0.5}  action = "REJECT Staging" }
     """, [
        ("172.20.0.5", None, {"a@allowed-test.example": "ok", GMAIL: "Staging", OURS: "Staging"}),
        ("172.20.0.6", None, {"a@allowed-test.example": "no"})]),
    ("a scanner's login, from its place, to one address", """
        rule "scanner" { sasl_username = {scanner}  client_address = {198.51.100.7}  recipient = {it@example.org}
                         action = "OK" }
        rule "scanner, else" { sasl_username = {scanner}  action = "REJECT Scans to it@example.org only" }
     """, [
        ("198.51.100.7", "scanner", {"it@example.org": "ok", "other@example.org": "Scans to it@example.org only",
                                     GMAIL: "Scans to it@example.org only"}),
        ("198.51.100.8", "scanner", {"it@example.org": "Scans to it@example.org only"})]),
    ("the container bridge hides the Internet", """
        relay_networks = {172.16.0.0/12}
        masking        = {172.17.0.1}
     """, [
        ("172.17.0.1", None, {GMAIL: "no", OURS: "ok"}), ("172.17.0.2", None, {GMAIL: "ok"})]),
    ("an IPv6 network, however the client is written", """
        relay_networks = {2001:db8:5::/48}
     """, [
        ("2001:db8:5::25", None, {GMAIL: "ok"}), ("2001:0DB8:0005:0:0:0:0:25", None, {GMAIL: "ok"}),
        ("2001:db8:6::1", None, {GMAIL: "no"})]),
    ("a login's capitals are folded", """
        relay_users = {bob@example.org}
     """, [
        (OUTSIDE, "Bob@Example.org", {GMAIL: "ok"}), (OUTSIDE, "bob@example.org", {GMAIL: "ok"}),
        (OUTSIDE, "bob", {GMAIL: "no"})]),
    ("a login without realm", """
        default_realm = "example.org"
        relay_users   = {bob@example.org}
     """, [
        (OUTSIDE, "bob", {GMAIL: "ok"}), (OUTSIDE, "dave@other.example", {GMAIL: "no"})]),
    ("routed forms", "", [
        (OUTSIDE, None, {"victim%gmail.example@example.org": "no", "victim@gmail.example@relay.example": "no",
                         "gmail.example!victim@example.org": "no"})]),
    ("only the list, by address, network and confirmed name", """
        relay_networks     = {192.0.2.10, 198.51.100.0/28}
        relay_client_names = {.partner.example}
     """, [
        ("192.0.2.10", None, {GMAIL: "ok"}), ("198.51.100.15", None, {GMAIL: "ok"}),
        ("198.51.100.16", None, {GMAIL: "no"}), (named("mail.partner.example"), None, {GMAIL: "ok"}),
        (named(None), None, {GMAIL: "no"}), ("192.0.2.11", "alice", {GMAIL: "no"})]),
    ("the list, and logins regardless of it", """
        relay_networks = {192.0.2.10}
        relay_users    = {any}
     """, [
        ("192.0.2.11", "alice", {GMAIL: "ok"}), ("192.0.2.11", None, {GMAIL: "no"})]),
    ("bounces are as other mail", """
        rule "no forgers" { sender = {example.org}  client_address = {any, !192.168.5.0/24}
                            action = "REJECT Forged" }
     """, [
        ("192.168.5.20", None, {OURS: "ok"}, ""), (OUTSIDE, None, {OURS: "ok", GMAIL: "no"}, ""),
        (OUTSIDE, None, {OURS: "Forged"}, "a@example.org"), ("192.168.5.20", None, {OURS: "ok"}, "a@example.org")]),
    ("role mail is never refused by the relay rules", "", [
        (OUTSIDE, None, {"postmaster": "ok", "postmaster@example.org": "ok", "PostMaster@Example.ORG": "ok",
                         "abuse@relay.example": "ok"})]),
    ("subdomains of a relay domain only if listed", "", [
        (OUTSIDE, None, {"user@sub.relay.example": "ok", "user@sub.virt.example": "no"})]),
    ("a blocked account that still has its password", """
        users blocked { entries = {mallory@example.org} }
        rule "blocked" { sasl_username = {<blocked>}  recipient = {foreign}  action = "REJECT 5.7.1 Suspended" }
        relay_users = {any}
     """, [
        (OUTSIDE, "mallory@example.org", {GMAIL: "Suspended"}), (OUTSIDE, "alice", {GMAIL: "ok"}),
        (OUTSIDE, None, {"mallory@example.org": "ok"})]),
    ("a blocked destination, save for one login", """
        rule "bad" { recipient = {bad.example}  sasl_username = {any, none, !bulk@example.org}
                     action = "REJECT Not there" }
        relay_users = {any}
     """, [
        (OUTSIDE, "bulk@example.org", {"a@bad.example": "ok"}), (OUTSIDE, "alice", {"a@bad.example": "Not there"}),
        (OUTSIDE, None, {"a@bad.example": "Not there", GMAIL: "no"})]),
]


class Scenarios(RigCase):
    policy = ACCEPTED

    def session(self, place, client, login, recipients, sender="a@sender.example.net"):
        with self.rig.smtp(place, client, login=login and (login, LOGINS[login])) as s:
            s.expect(250, s.mail(sender))
            for recipient, verdict in recipients.items():
                want = {"ok": OK, "no": self.refused(recipient), "postfix": self.postfix_refused(recipient)}.get(
                    verdict, self.refused(recipient, verdict))
                with self.subTest(place=place, client=client, login=login, recipient=recipient):
                    self.assertEqual(str(s.rcpt(recipient)), want)

    def test_scenarios(self):
        for name, policy, sessions in SCENARIOS:
            with self.subTest(name):
                self.rig.daemon.reload(ACCEPTED + policy)
                for place in ("relay", "recipient-unix"):
                    for session in sessions:
                        if ":" in session[0] and not self.rig.ipv6:
                            continue
                        self.session(place, *session)

    def test_internal_interface(self):
        """Who comes in at the inner address may relay; the same client at the outer one may not."""
        self.rig.daemon.reload(ACCEPTED + "relay_listeners = {127.0.0.2}")
        self.session("second-address", "10.0.0.99", None, {GMAIL: "ok", OURS: "ok"})
        self.session("relay", "10.0.0.99", None, {GMAIL: "no", OURS: "ok"})

    def test_certificate(self):
        self.rig.daemon.reload(ACCEPTED + "relay_clientcerts = {%s}" % self.rig.certs.fingerprint("listed"))
        for name, want in (("listed", OK), ("unlisted", None), (None, None)):
            with self.subTest(certificate=name):
                self.assertEqual(self.rig.rcpt(GMAIL, tls=self.rig.certs.context(name)), want or self.refused(GMAIL))


if __name__ == "__main__":
    main(NEEDS)
