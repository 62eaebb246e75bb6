#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon in other lists than the one that decides relaying: CONNECT to END-OF-MESSAGE, VRFY, ETRN."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK, RigCase
from rig_tools import main

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"
POLICY = ACCEPTED + "relay_networks = {198.51.100.0/24}\nrelay_users = {any}\n"


class States(RigCase):
    policy = POLICY

    def setUp(self):
        self.rig.daemon.reload(POLICY)
        self.since = self.rig.log.mark()

    def seen(self, state, **want):
        return self.rig.log.decision(self.since, state=state, **want)

    def test_data_two_recipients(self):
        """No recipient in the request: no opinion, from a stranger and from a friend."""
        for client in (OUTSIDE, INSIDE):
            with self.subTest(client=client), self.rig.smtp("data", client) as s:
                self.since = self.rig.log.mark()
                s.expect(250, s.mail())
                s.expect(250, s.rcpt("user@example.org"))
                s.expect(250, s.rcpt("user@virt.example"))
                self.assertEqual(self.rig.delivered(s.data()),
                                 {("user@example.org", "local"), ("user@virt.example", "virtual")})
                for state in ("DATA", "END-OF-MESSAGE"):
                    seen = self.seen(state, client=client)
                    self.assertEqual((seen["action"], seen["rule"], seen["to"]), ("DUNNO", "builtin:state", "<>"))
                    self.assertRegex(seen["queue_id"], r"^[0-9A-F]{6,}$")

    def test_data_one_recipient(self):
        with self.rig.smtp("data", OUTSIDE) as s:
            s.expect(250, s.mail(""))
            s.expect(250, s.rcpt("user@example.org"))
            s.expect(250, s.data())
        seen = self.seen("DATA", to="<user@example.org>")
        self.assertEqual((seen["action"], seen["rule"], seen["from"]), ("DUNNO", "builtin:state", "<>"))

    def test_every_state(self):
        """smtpd_delay_reject = no: each list asks in its own state, and only RCPT decides."""
        with self.rig.smtp("states", OUTSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
            self.assertEqual(str(s.rcpt("user@example.org")), OK)
            s.expect(250, s.data())
            self.assertEqual(s.cmd("VRFY user@example.org").code // 100, 2)
            s.cmd("ETRN example.org")
        for state in ("CONNECT", "EHLO", "MAIL", "DATA", "END-OF-MESSAGE", "VRFY", "ETRN"):
            with self.subTest(state=state):
                seen = self.seen(state)
                self.assertEqual((seen["action"], seen["rule"]), ("DUNNO", "builtin:state"))
        self.assertEqual(self.seen("RCPT", to="<%s>" % FOREIGN)["rule"], "builtin:reject")
        self.assertEqual(self.seen("RCPT", to="<user@example.org>")["rule"], "builtin:accepted")

    def test_vrfy_grants_nothing(self):
        with self.rig.smtp("relay", INSIDE) as s:
            self.assertEqual(str(s.cmd("VRFY " + FOREIGN)), self.postfix_refused(FOREIGN))
        self.assertEqual(self.seen("VRFY", to="<%s>" % FOREIGN)["action"], "DUNNO")

    def test_rules_for_other_states(self):
        self.rig.daemon.reload(POLICY + """
            rule "connect" { protocol_state = {connect, xclient}  client_address = {203.0.113.66}
                             action = "REJECT No calls" }
            rule "helo" { protocol_state = {HELO, EHLO}  helo_name = {evil.example.net}  action = "REJECT Evil" }
            rule "mail" { protocol_state = {MAIL}  sender = {evil.example.net}  action = "REJECT Evil mail" }
            rule "data" { protocol_state = {DATA}  sender = {late@}  action = "451 4.7.1 Later" }
            rule "eom"  { protocol_state = {END-OF-MESSAGE}  sender = {end@}  action = "REJECT At the end" }
            rule "grant at MAIL" { protocol_state = {MAIL}  action = "OK" }
        """)
        with self.rig.smtp("states", None, helo=None) as s:
            self.assertEqual(str(s.cmd("XCLIENT ADDR=203.0.113.66 NAME=[UNAVAILABLE]")),
                             "554 5.7.1 <unknown[203.0.113.66]>: Client host rejected: No calls")
        with self.rig.smtp("states", OUTSIDE) as s:
            self.assertEqual(str(s.cmd("EHLO evil.example.net")),
                             "554 5.7.1 <evil.example.net>: Helo command rejected: Evil")
            s.ehlo()
            self.assertEqual(str(s.mail("a@evil.example.net")),
                             "554 5.7.1 <a@evil.example.net>: Sender address rejected: Evil mail")
            for sender, want in [
                    ("late@sender.example.net", "451 4.7.1 <DATA>: Data command rejected: Later"),
                    ("end@sender.example.net", "554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: At the end")]:
                s.expect(250, s.mail(sender))
                s.expect(250, s.rcpt("user@example.org"))
                self.assertEqual(str(s.data()), want)
                s.rset()
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))

    def test_rule_without_state_holds_at_rcpt_only(self):
        self.rig.daemon.reload(POLICY + 'rule "all" { client_address = {203.0.113.0/24}  action = "REJECT All" }')
        with self.rig.smtp("states", OUTSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt("user@example.org")), self.refused("user@example.org", "All"))


if __name__ == "__main__":
    main(NEEDS)
