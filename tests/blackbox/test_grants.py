#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may relay: by network, by confirmed name, by the place of entry, by login, by client certificate."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, LOGINS, NEEDS, OK, RigCase
from rig_tools import main

OUTSIDE = "203.0.113.9"
FOREIGN = "victim@foreign.example.com"


class Grants(RigCase):
    policy = ACCEPTED

    def ask(self, rule, place="relay", xclient=OUTSIDE, **more):
        """A foreign recipient is let out by this rule, or refused if it is None; one of ours is never refused."""
        since = self.rig.log.mark()
        with self.rig.smtp(place, xclient, **more) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt(FOREIGN)), OK if rule else self.refused(FOREIGN))
            self.assertEqual(str(s.rcpt("user@example.org")), OK)
        seen = self.rig.log.decision(since, to="<%s>" % FOREIGN)
        self.assertEqual((seen["rule"], seen["action"]), (rule or "builtin:reject", "OK" if rule else "REJECT"))
        return seen

    def load(self, policy):
        self.rig.daemon.reload(ACCEPTED + policy)

    def clients(self, policy, table):
        """table: client, rule or None."""
        self.load(policy)
        for client, rule in table:
            ipv6 = ":" in (client if isinstance(client, str) else client["ADDR"][5:])
            if ipv6 and not self.rig.ipv6:
                continue
            with self.subTest(client=client):
                self.ask(rule, xclient=client)

    def test_networks(self):
        net = "builtin:network"
        self.clients("""
            networks offices  { entries = {192.0.2.0/28, 2001:db8:7::/64} }
            networks printers { entries = {192.0.2.130} }
            relay_networks    = {198.51.100.0/24, !198.51.100.66, 2001:db8:1::/48, !2001:db8:1:bad::/64, <offices>}
            relay_networks   += {203.0.113.77, ::ffff:203.0.113.78, 192.0.2.128/29, !<printers>}
            masking           = {198.51.100.1, 2001:db8:1::1}
        """, [
            ("198.51.99.255", None), ("198.51.100.0", net), ("198.51.100.255", net), ("198.51.101.0", None),
            ("198.51.100.66", None), ("198.51.100.65", net), ("198.51.100.1", None),
            ("2001:db8:0:ffff:ffff:ffff:ffff:ffff", None), ("2001:db8:1::", net), ("2001:db8:2::", None),
            ("2001:db8:1:ffff:ffff:ffff:ffff:ffff", net), ("2001:0DB8:0001:0:0:0:0:00AB", net),
            ("2001:db8:1:bad::5", None), ("2001:db8:1::1", None), ("2001:db8:1::2", net),
            ("192.0.2.15", net), ("192.0.2.16", None), ("2001:db8:7::9", net), ("2001:db8:7:1::9", None),
            ("203.0.113.77", net), ("203.0.113.78", net), ("203.0.113.79", None), ("::ffff:203.0.113.77", net),
            ("::ffff:198.51.100.66", None), ("192.0.2.129", net), ("192.0.2.130", None),
        ])

    def test_names(self):
        name = "builtin:name"
        self.clients("""
            domains friends    { entries = {mail.friend.example, .friends.example} }
            relay_client_names = {mx.one.example, .partner.example, !bad.partner.example, <friends>}
            masking            = {192.0.2.1}
        """, [({"ADDR": address, "NAME": confirmed, "REVERSE_NAME": reverse}, rule)
              for address, confirmed, reverse, rule in [
            (OUTSIDE, "mx.one.example", "mx.one.example", name),
            (OUTSIDE, "MX.One.Example", "MX.One.Example", name),
            (OUTSIDE, None, "mx.one.example", None),
            (OUTSIDE, "[TEMPUNAVAIL]", "mx.one.example", None),
            (OUTSIDE, "a.mx.one.example", "a.mx.one.example", None),
            (OUTSIDE, "one.example", "one.example", None),
            (OUTSIDE, "host.partner.example", "host.partner.example", name),
            (OUTSIDE, "a.host.partner.example", "a.host.partner.example", name),
            (OUTSIDE, "bad.partner.example", "bad.partner.example", None),
            (OUTSIDE, "partner.example", "partner.example", None),
            (OUTSIDE, "hostpartner.example", "hostpartner.example", None),
            (OUTSIDE, "host.partner.example.foreign.example.com", "host.partner.example", None),
            (OUTSIDE, "foreign.example.com", "host.partner.example", None),
            (OUTSIDE, "host.partner.example", "foreign.example.com", name),
            (OUTSIDE, "mail.friend.example", "mail.friend.example", name),
            (OUTSIDE, "a.friends.example", "a.friends.example", name),
            ("192.0.2.1", "mx.one.example", "mx.one.example", None),
            ("192.0.2.2", "mx.one.example", "mx.one.example", name),
            ("IPV6:2001:db8::9", "mx.one.example", "mx.one.example", name)]])

    def test_listener_by_address(self):
        self.load("relay_listeners = {127.0.0.2}\nmasking = {203.0.113.9}")
        seen = self.ask("builtin:listener", "second-address")
        self.assertEqual(seen["server"], str(self.rig.ports["second-address"]))
        self.ask("builtin:listener", "second-address", None)
        for place in ("relay", "relay-unix", "second-port", "context"):
            self.ask(None, place)

    def test_listener_by_port(self):
        port = self.rig.ports["second-port"]
        self.load('relay_listeners = {"%s"}' % port)
        self.assertEqual(self.ask("builtin:listener", "second-port")["server"], str(port))
        for place in ("relay", "recipient-unix", "second-address", "context"):
            self.ask(None, place)
        self.load('relay_listeners = {"127.0.0.2:%d"}' % port.port)
        self.ask(None, "second-port")

    def test_listener_by_context(self):
        self.load('relay_listeners = {"context:internal"}')
        self.ask("builtin:listener", "context")
        for place in ("relay", "recipient", "second-address", "second-port"):
            self.ask(None, place)
        self.load('relay_listeners = {"context:Internal"}')
        self.ask(None, "context")

    def test_listener_ipv6(self):
        if not self.rig.ipv6:
            self.skipTest("no IPv6 loopback address")
        self.load('relay_listeners = {"%s"}' % self.rig.ports["ipv6"])
        self.ask("builtin:listener", "ipv6")
        self.load("relay_listeners = {::1}")
        self.ask("builtin:listener", "ipv6")
        self.ask(None, "relay")

    def logins(self, policy, yes=(), no=(), places=("relay",)):
        self.load(policy)
        for place in places:
            for user in yes:
                with self.subTest(place=place, user=user):
                    seen = self.ask("builtin:authenticated", place, login=(user, LOGINS[user]))
                    self.assertEqual(seen["sasl"], user)
            for user in no:
                with self.subTest(place=place, user=user):
                    seen = self.ask(None, place, login=(user, LOGINS[user]))
                    self.assertEqual(seen["sasl"], user)
            with self.subTest(place=place, user=None):
                self.assertEqual(self.ask(None, place)["sasl"], "-")

    def test_logins_listed(self):
        self.logins("relay_users = {alice, bob@example.org, user1}", ["alice", "bob@example.org", "Bob@Example.org",
                    "user1"], ["alice@example.org", "bob", "user2", "carol@example.org"],
                    ("relay", "recipient-unix"))

    def test_logins_any(self):
        self.logins("relay_users = {any}", sorted(LOGINS))

    def test_logins_none(self):
        self.logins("", [], ["alice", "bob@example.org"])

    def test_logins_blocked(self):
        self.logins("""
            users blocked { entries = {mallory@example.org, scanner} }
            relay_users   = {any, !<blocked>, "!@other.example"}
        """, ["alice", "bob@example.org"], ["mallory@example.org", "scanner", "dave@other.example"])

    def test_logins_of_a_realm(self):
        self.logins('relay_users = {"@example.org"}', ["alice@example.org", "Bob@Example.org"],
                    ["alice", "dave@other.example"])

    def test_logins_default_realm(self):
        self.logins('default_realm = "example.org"\nrelay_users = {bob@example.org, carol}',
                    ["bob@example.org", "bob", "carol@example.org"], ["alice", "dave@other.example"])

    def test_logins_case_kept(self):
        self.logins("username_case = keep\nrelay_users = {bob@example.org}", ["bob@example.org"],
                    ["Bob@Example.org", "bob"])

    def test_no_login(self):
        """A failed login is none, and neither is what the client says of itself."""
        self.load("relay_users = {any}")
        with self.rig.smtp("relay", OUTSIDE) as s:
            self.assertEqual(s.auth_plain("alice", "wrong").code, 535)
            s.expect(250, s.mail("alice@example.org"))
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
            s.rset()
            s.expect(250, s.mail("alice@example.org", "AUTH=alice@example.org"))
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
            s.rset()
            s.expect(235, s.auth_plain("alice", LOGINS["alice"]))
            s.expect(250, s.mail("alice@example.org"))
            self.assertEqual(str(s.rcpt(FOREIGN)), OK)

    def tls(self, rule, certificate, place="relay"):
        with self.subTest(certificate=certificate, place=place):
            return self.ask(rule, place, tls=self.rig.certs.context(certificate))

    def test_certificate_by_fingerprint(self):
        self.load('relay_clientcerts = {"%s"}' % self.rig.certs.fingerprint("listed"))
        self.tls("builtin:certificate", "listed")
        self.tls("builtin:certificate", "listed", "relay-unix")
        self.tls("builtin:certificate", "listed", "recipient")
        for name in ("unlisted", "selfsigned", None):
            self.tls(None, name)
        self.ask(None)

    def test_certificate_by_public_key(self):
        """Written in lower case, without colons and without quotes."""
        hexadecimal = self.rig.certs.pubkey_fingerprint("listed").replace(":", "").lower()
        self.load("relay_clientcerts = {%s}" % hexadecimal)
        self.tls("builtin:certificate", "listed")
        for name in ("unlisted", "selfsigned", None):
            self.tls(None, name)

    def test_certificate_without_a_ca(self):
        """The fingerprint is enough: who signed does not matter."""
        self.load("relay_clientcerts = {%s}" % self.rig.certs.fingerprint("selfsigned"))
        self.tls("builtin:certificate", "selfsigned")
        self.tls(None, "listed")

    def test_certificate_other_digests(self):
        for place, digest in (("tls-sha1", "sha1"), ("tls-md5", "md5")):
            self.load('fingerprints ours { entries = {"%s"} }\nrelay_clientcerts = {<ours>}'
                      % self.rig.certs.fingerprint("listed", digest))
            self.tls("builtin:certificate", "listed", place)
            self.tls(None, "unlisted", place)
            self.tls(None, None, place)
            self.tls(None, "listed")
            self.load("relay_clientcerts = {%s}" % self.rig.certs.pubkey_fingerprint("listed", digest))
            self.tls("builtin:certificate", "listed", place)
            self.tls(None, "selfsigned", place)

    def test_together(self):
        """All lists at once: the built-in rules' order decides the name in the log, not the answer."""
        self.load("""
            relay_networks     = {198.51.100.0/24}
            relay_client_names = {.partner.example}
            relay_listeners    = {127.0.0.2}
            relay_users        = {any}
            relay_clientcerts  = {%s}
        """ % self.rig.certs.fingerprint("listed"))
        named = {"ADDR": OUTSIDE, "NAME": "mx.partner.example"}
        login = ("alice", LOGINS["alice"])
        tls = self.rig.certs.context("listed")
        self.ask("builtin:network", "second-address", {**named, "ADDR": "198.51.100.7"}, login=login, tls=tls)
        self.ask("builtin:name", "second-address", named, login=login, tls=tls)
        self.ask("builtin:listener", "second-address", login=login, tls=tls)
        self.ask("builtin:authenticated", login=login, tls=tls)
        self.ask("builtin:certificate", tls=tls)
        self.ask(None, tls=self.rig.certs.context("unlisted"))


if __name__ == "__main__":
    main(NEEDS)
