#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a real Postfix makes of each action: none but OK and DISCARD lets a foreign recipient pass."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK, PLACES, RigCase, read
from rig_tools import main, run, tool

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"
US, POSTFIX = "<%s>: Recipient address rejected: ", "<%s>: Relay access denied"
DENIED = "554 5.7.1 " + POSTFIX

# action, reply for a foreign recipient, reply for one of ours (None: the same); %s is the recipient
ACTIONS = [
    ("OK", OK, OK),
    ("ok", OK, OK),
    ("DUNNO", DENIED, OK),
    ("REJECT", "554 5.7.1 " + US + "Access denied", None),
    ("reject Go away", "554 5.7.1 " + US + "Go away", None),
    ("REJECT 5.7.99 Go away", "554 5.7.99 " + US + "Go away", None),
    ("DEFER", "450 4.7.1 " + US + "Access denied", None),
    ("DEFER 4.3.2 Later", "450 4.3.2 " + US + "Later", None),
    ("DEFER_IF_PERMIT Later", DENIED, "450 4.7.1 " + US + "Later"),
    ("DEFER_IF_REJECT Later", "450 4.7.1 " + US + "Later", OK),
    ("450 Later", "450 4.7.1 " + US + "Later", None),
    ("451 4.3.0 Later", "451 4.3.0 " + US + "Later", None),
    ("550 Gone", "550 5.7.1 " + US + "Gone", None),
    ("550 5.1.1 Gone", "550 5.1.1 " + US + "Gone", None),
    ("550 5.1.2 Gone", "550 5.1.2 " + US + "Gone", None),
    ("421 4.3.2 Bye", "421 4.3.2 " + US + "Bye", None),
    ("521 5.3.2 Bye", "521 5.3.2 " + US + "Bye", None),
    ("reject_unauth_destination", DENIED, OK),
    ("permit_auth_destination", DENIED, OK),
    ("WARN look", DENIED, OK),
    ("WARN", DENIED, OK),
    ("INFO look", DENIED, OK),
    ("HOLD look", DENIED, OK),
    ("HOLD", DENIED, OK),
    ("PREPEND X-Test: %{client_address}", DENIED, OK),
    ("FILTER discard:filtered", DENIED, OK),
    ("REDIRECT other@virt.example", DENIED, OK),
    ("BCC copy@virt.example", DENIED, OK),
    ("DISCARD", OK, OK),
    ("DISCARD away with it", OK, OK),
    ("class:closed", "554 5.7.1 " + US + "Access denied", None),
    ("REJECT From %{client_address} (%{client_name}), as %{sasl_username}, in %{protocol_state}",
     "554 5.7.1 " + US + "From 203.0.113.9 (unknown), as -, in RCPT", None),
    ("550 5.7.1 No: %{helo_name} %{recipient}", "550 5.7.1 " + US + "No: client.example.net %s", None),
    ("DEFER_IF_PERMIT Later, %{sender}", DENIED, "450 4.7.1 " + US + "Later, spam@sender.example.net"),
]


def rules(actions):
    """One rule for each action: it holds for the recipients a0@, a1@ and so on, from clients that it may let relay."""
    return "relay_by_rule = {203.0.113.0/24}\n" + "\n".join(
        'rule "action %d" { client_address = {<relay_by_rule>}  recipient = {a%d@}  action = "%s" }' % (n, n, action)
        for n, action in enumerate(actions))


class Actions(RigCase):
    policy = ACCEPTED + rules(a for a, _, _ in ACTIONS)

    def test_each(self):
        for place in ("relay", "recipient-unix"):
            for at, (action, foreign, ours) in enumerate(ACTIONS):
                for domain, want in (("foreign.example.com", foreign), ("example.org", ours or foreign)):
                    with self.subTest(place=place, action=action, domain=domain):
                        recipient = "a%d@%s" % (at, domain)
                        since = self.rig.log.mark()
                        reply = self.rig.rcpt(recipient, place)
                        self.assertEqual(reply, want.replace("%s", recipient))
                        seen = self.rig.log.decision(since, to="<%s>" % recipient)
                        word = action.split()[0]
                        self.assertEqual(seen["action"].lower(), word.lower())
                        self.assertEqual(seen["rule"], r"action\x20%d" % at)

    def number(self, action):
        return [a for a, _, _ in ACTIONS].index(action)

    def to_ours(self, *actions, domain="example.org"):
        """A mail with a recipient for each action; the queue id and what is logged about it."""
        with self.rig.smtp("relay", OUTSIDE) as s:
            s.expect(250, s.mail())
            for action in actions:
                s.expect(250, s.rcpt("a%d@%s" % (self.number(action), domain)))
            return s.data()

    def test_warn_and_info(self):
        before = len(read(self.rig.maillog))
        for action in ("WARN look", "INFO look"):
            self.to_ours(action)
        for word, at in (("warn", 19), ("info", 21)):
            self.rig.logged(r"NOQUEUE: %s: RCPT from .*: look; from=<spam@sender.example.net> to=<a%d@example.org>"
                            % (word, at), before)

    def test_filter_redirect_bcc(self):
        for action, want in [
                ("FILTER discard:filtered", {("%s", "filtered")}),
                ("REDIRECT other@virt.example", {("other@virt.example", "virtual")}),
                ("BCC copy@virt.example", {("%s", "local"), ("copy@virt.example", "virtual")})]:
            with self.subTest(action=action):
                recipient = "a%d@example.org" % self.number(action)
                self.assertEqual(self.rig.delivered(self.to_ours(action)),
                                 {(a.replace("%s", recipient), t) for a, t in want})

    def test_hold_and_prepend(self):
        """The mail is put on hold with the header in front; no other line comes with it."""
        reply = self.to_ours("PREPEND X-Test: %{client_address}", "HOLD look")
        queue_id = reply.text.rpartition(" ")[2]
        text = run([tool("postcat", "postfix"), "-c", os.path.join(self.rig.top, "etc"), "-h", "-q", queue_id])
        self.assertIn("\nX-Test: 203.0.113.9\n", "\n" + text)
        self.assertTrue(os.path.exists(os.path.join(self.rig.queue, "hold", queue_id)))

    def test_discard(self):
        for domain in ("example.org", "foreign.example.com"):
            before = len(read(self.rig.maillog))
            reply = self.to_ours("DISCARD away with it", domain=domain)
            log = read(self.rig.maillog)[before:]
            self.assertRegex(log, r"discard: RCPT from .*: Recipient address away with it;")
            self.assertNotIn("status=sent", log)
            self.assertEqual(reply.code, 250)

    def test_close(self):
        for action, code in (("421 4.3.2 Bye", 421), ("521 5.3.2 Bye", 521)):
            with self.subTest(action=action), self.rig.smtp("relay", OUTSIDE) as s:
                s.expect(250, s.mail())
                s.expect(code, s.rcpt("a%d@example.org" % self.number(action)))
                with self.assertRaises(ConnectionError):
                    s.cmd("NOOP")


class Settings(RigCase):
    policy = ACCEPTED

    def four(self, inside, outside, place="relay"):
        """The replies to a foreign recipient; ours is always taken."""
        for client, want in ((INSIDE, inside), (OUTSIDE, outside)):
            with self.subTest(place=place, client=client), self.rig.smtp(place, client) as s:
                s.expect(250, s.mail())
                self.assertEqual(str(s.rcpt(FOREIGN)), want)
                self.assertEqual(str(s.rcpt("user@example.org")), OK)

    def load(self, policy):
        self.rig.daemon.reload(ACCEPTED + "relay_networks = {198.51.100.0/24}\n" + policy)

    def test_reject_action(self):
        for action, want in [
                ("REJECT", self.refused(FOREIGN, "Access denied")),
                ("550 5.7.1 No relaying for %{client_address}; see postmaster@example.org",
                 self.refused(FOREIGN, "No relaying for 203.0.113.9; see postmaster@example.org", "550 5.7.1")),
                ("450 4.7.1 Not today", self.refused(FOREIGN, "Not today", "450 4.7.1")),
                ("DEFER_IF_PERMIT Later", self.postfix_refused(FOREIGN)),
                ("DUNNO", self.postfix_refused(FOREIGN)),
                ("reject_unauth_destination", self.postfix_refused(FOREIGN))]:
            with self.subTest(action=action):
                self.load('reject_action = "%s"' % action)
                self.four(OK, want)

    def test_relay_action(self):
        self.load("relay_action = DUNNO")
        self.four(self.postfix_refused(FOREIGN), self.refused(FOREIGN))

    def test_observe(self):
        self.load("""
            mode = observe
            rule "no" { recipient = {closed@example.org}  action = "550 5.1.1 Closed for %{client_address}" }
        """)
        since, before = self.rig.log.mark(), len(read(self.rig.maillog))
        for place in PLACES:
            self.four(self.postfix_refused(FOREIGN), self.postfix_refused(FOREIGN), place)
        self.assertEqual(self.rig.rcpt("closed@example.org"), OK)
        for to, client, action, would, rule in [
                (FOREIGN, INSIDE, "DUNNO", "OK", "builtin:network"),
                (FOREIGN, OUTSIDE, "WARN", "REJECT", "builtin:reject"),
                ("user@example.org", OUTSIDE, "DUNNO", "DUNNO", "builtin:accepted"),
                ("closed@example.org", OUTSIDE, "WARN", "550", "no")]:
            seen = self.rig.log.decision(since, to="<%s>" % to, client=client)
            self.assertEqual((seen["action"], seen["would"], seen["rule"]), (action, would, rule))
        self.rig.logged(r"NOQUEUE: warn: RCPT from .*: would be refused: REJECT Relay access denied; from=", before)
        log = self.rig.logged(r"NOQUEUE: warn: RCPT from .*: would be refused: 550 5.1.1 Closed for 203.0.113.9; from=",
                              before)
        self.assertEqual(len(re.findall("would be refused", log)), len(PLACES) + 1)

    def test_placeholders(self):
        """What a client writes stands in the reply as printable ASCII, and the line stays short."""
        self.load('rule "r" { recipient = {r@example.org}  action = "REJECT From %{sender} by %{helo_name}" }')
        for sender, helo, want in [
                ("", "client.example.net", "From - by client.example.net"),
                ("a=b@sender.example.net", "x;y", "From a=b@sender.example.net by x?y"),
                ('"a b"@sender.example.net', "h", "From a b@sender.example.net by h"),
                ("%{recipient}@sender.example.net", "%{sender}", "From %{recipient}@sender.example.net by %{sender}"),
                ("action=OK@sender.example.net", "h", "From action=OK@sender.example.net by h"),
                (b'"a\x01\x7fb"@sender.example.net', "h", "From a??b@sender.example.net by h")]:
            with self.subTest(sender=sender):
                self.assertEqual(self.rig.rcpt("r@example.org", sender=sender, helo=helo),
                                 self.refused("r@example.org", want))
        long = "x" * 900
        reply = self.rig.rcpt("r@example.org", sender=long + "@sender.example.net")
        self.assertTrue(reply.startswith(self.refused("r@example.org", "From xxx")), reply)
        self.assertLessEqual(len(reply), len(self.refused("r@example.org", "")) + 400)


if __name__ == "__main__":
    main(NEEDS)
