#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The four mail flows, in both lists, over TCP and over a Unix socket with smtpd chrooted; several recipients in one
mail; the null sender; internationalized addresses."""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../protocol"))

import rig_metrics

from postfix_rig import ACCEPTED, NEEDS, OK, PLACES, RigCase, read
from rig_tools import main, wait_until

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"

# recipient of ours, transport
OURS = [("user@example.org", "local"), ("user@virt.example", "virtual"), ("user@relay.example", "relay"),
        ("user@sub.relay.example", "relay")]


class Flows(RigCase):
    policy = ACCEPTED + """
    relay_networks = {198.51.100.0/24, 2001:db8:1::/48}
    relay_users    = {any}

    rule "no numbers" { recipient = {numbers@foreign.example.com}  action = "550 5.1.1 No such person" }
    rule "later"      { recipient = {later@}  action = "DEFER 4.2.0 Later, please" }
    rule "idn out"    { sasl_username = {sales@example.org}  recipient = {xn--bcher-kva.example}  action = "OK" }
    rule "idn out 2"  { sasl_username = {sales@example.org}  recipient = {"straße.example"}  action = "OK" }
    rule "sales"      { sasl_username = {sales@example.org}  recipient = {foreign}  action = "REJECT Not there" }
    rule "idn from"   { sender = {"bücher.example"}  recipient = {lists.example.org}
                        action = "REJECT Sender %{sender} may not write here" }
    """

    def test_smtpd_is_where_it_should_be(self):
        """The chrooted places are chrooted, the others are not."""
        for place, chroot in zip(PLACES, (False, False, True, True)):
            with self.subTest(place=place):
                self.rig.rcpt("user@example.org", place)
                pid = re.findall(r"postfix/%s/smtpd\[(\d+)\]" % place, read(self.rig.maillog))[-1]
                self.assertEqual(os.readlink("/proc/%s/root" % pid), self.rig.queue if chroot else "/")

    def test_four_flows(self):
        for place in PLACES:
            for client, name in ((INSIDE, "inside"), (OUTSIDE, "outside")):
                for recipient, transport in OURS + [(FOREIGN, "foreign")]:
                    with self.subTest(place=place, client=name, recipient=recipient):
                        self.flow(place, client, recipient, transport)

    def flow(self, place, client, recipient, transport):
        since = self.rig.log.mark()
        with self.rig.smtp(place, client) as s:
            s.expect(250, s.mail())
            reply = s.rcpt(recipient)
            if transport != "foreign":
                action, rule, want = "DUNNO", "builtin:accepted", OK
            elif client == INSIDE:
                action, rule, want = "OK", "builtin:network", OK
            else:
                action, rule, want = "REJECT", "builtin:reject", self.refused(recipient)
            self.assertEqual(str(reply), want)
            if want == OK:
                self.assertEqual(self.rig.delivered(s.data()), {(recipient, transport)})
            else:
                self.assertEqual(str(s.data()), "554 5.5.1 Error: no valid recipients")
        seen = self.rig.log.decision(since, to="<%s>" % recipient)
        us, instance = seen.pop("us"), seen.pop("instance")
        self.assertRegex(us, r"^\d+$")
        self.assertRegex(instance, r"^[0-9a-f]+(\.[0-9a-f]+)+$")
        address, port = self.rig.ports[place].pair
        self.assertEqual(seen, {
            "action": action, "rule": rule, "client": client, "name": "unknown", "helo": "client.example.net",
            "sasl": "-", "from": "<spam@sender.example.net>", "to": "<%s>" % recipient, "state": "RCPT",
            "server": "%s:%d" % (address, port), "queue_id": "-", "generation": "1"})

    def counted(self):
        """Decisions so far, by rule and action, as the metrics have them."""
        outcome, lines = self.rig.daemon.ask_control("metrics")
        self.assertEqual(outcome, "ok")
        found = rig_metrics.samples(rig_metrics.read("\n".join(lines) + "\n"), "postlatch_decisions_total")
        return collections.Counter({(dict(labels)["rule"], dict(labels)["action"]): int(n) for labels, n in found.items()})

    def test_metrics(self):
        """What Postfix was answered is what is counted, and what is logged."""
        before, since, asked = self.counted(), self.rig.log.mark(), collections.Counter()
        for place in PLACES:
            for client, recipient, decided in ((INSIDE, FOREIGN, ("builtin:network", "OK")), (OUTSIDE, FOREIGN, ("builtin:reject", "REJECT")),
                                               (OUTSIDE, "user@example.org", ("builtin:accepted", "DUNNO")),
                                               (OUTSIDE, "later@foreign.example.com", ("later", "DEFER"))):
                self.rig.rcpt(recipient, place, client)
                asked[decided] += 1
                self.assertEqual(self.counted() - before, asked)
        wait_until(lambda: collections.Counter((d["rule"].strip('"'), d["action"]) for d in self.rig.log.decisions(since)) == asked,
                   "the log to say the same")

    def test_several_recipients(self):
        """Each recipient of one mail has its own answer, and only those that were taken get the mail."""
        recipients = [
            ("user@example.org", OK), (FOREIGN, self.refused(FOREIGN)), ("user@virt.example", OK),
            ("numbers@foreign.example.com",
             self.refused("numbers@foreign.example.com", "No such person", "550 5.1.1")),
            ("later@example.org", self.refused("later@example.org", "Later, please", "450 4.2.0")),
            ("victim%foreign.example.com@example.org", self.refused("victim%foreign.example.com@example.org")),
            ("user@relay.example", OK)]
        for place in PLACES:
            with self.subTest(place=place), self.rig.smtp(place, OUTSIDE) as s:
                s.expect(250, s.mail())
                for recipient, want in recipients:
                    self.assertEqual(str(s.rcpt(recipient)), want)
                self.assertEqual(self.rig.delivered(s.data()), {
                    ("user@example.org", "local"), ("user@virt.example", "virtual"), ("user@relay.example", "relay")})

    def test_insider_mixed(self):
        """The insider's answers differ in kind (OK, DUNNO, REJECT), within one mail."""
        with self.rig.smtp("relay", INSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual([s.rcpt(r).code for r in (
                FOREIGN, "numbers@foreign.example.com", "user@example.org", "other@foreign.example.com")],
                [250, 550, 250, 250])
            self.assertEqual(self.rig.delivered(s.data()), {
                (FOREIGN, "foreign"), ("user@example.org", "local"), ("other@foreign.example.com", "foreign")})

    def test_pipelined_recipients(self):
        """Sent in one piece by the client, answered in order."""
        for place in PLACES:
            with self.subTest(place=place), self.rig.smtp(place, OUTSIDE) as s:
                names = [("user%d@example.org" if n % 3 else "user%d@foreign.example.com") % n for n in range(100)]
                s.raw("MAIL FROM:<a@sender.example.net>\r\n" + "".join("RCPT TO:<%s>\r\n" % n for n in names))
                self.assertEqual(s.reply().code, 250)
                self.assertEqual([str(s.reply()) for _ in names],
                                 [OK if n.endswith(".org") else self.refused(n) for n in names])

    def test_second_mail_in_a_session(self):
        """What one mail was granted is not the next one's."""
        with self.rig.smtp("relay", OUTSIDE) as s:
            s.expect(250, s.mail())
            s.expect(250, s.rcpt("user@example.org"))
            self.rig.delivered(s.data())
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
            s.rset()
            s.expect(250, s.mail(""))
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))

    def test_null_sender(self):
        for place in PLACES:
            for client, recipient, want in [
                    (OUTSIDE, "user@example.org", OK), (OUTSIDE, FOREIGN, self.refused(FOREIGN)),
                    (INSIDE, "user@example.org", OK), (INSIDE, FOREIGN, OK)]:
                with self.subTest(place=place, client=client, recipient=recipient):
                    since = self.rig.log.mark()
                    self.assertEqual(self.rig.rcpt(recipient, place, client, sender=""), want)
                    self.rig.log.decision(since, from_="<>", to="<%s>" % recipient)

    def idn(self, recipient, want, sender="spam@sender.example.net", login=None, place="relay"):
        with self.subTest(recipient=recipient, sender=sender, login=login, place=place):
            more = {} if login is None else {"login": (login, "secret of " + login)}
            with self.rig.smtp(place, OUTSIDE, **more) as s:
                s.expect(250, s.mail(sender, "SMTPUTF8"))
                self.assertEqual(str(s.rcpt(recipient)), want)

    def test_smtputf8(self):
        """An internationalized domain is one domain, as A-label and as U-label, in the file and in the mail."""
        for place in PLACES:
            for recipient in ("user@müller.example", "user@xn--mller-kva.example", "user@MÜLLER.example",
                              "user@XN--Mller-KVA.Example", "üser@müller.example", "üser@example.org"):
                self.idn(recipient, OK, place=place)
        for recipient in ("user@muller.example", "user@bücher.example", "user@xn--bcher-kva.example",
                          "victim%foreign.example.com@müller.example", "üser@foreign.example.com",
                          "user@müller.example.foreign.example.com", "user@sub.müller.example.net"):
            self.idn(recipient, self.refused(recipient))

    def test_smtputf8_rules(self):
        login = "sales@example.org"
        for recipient in ("user@bücher.example", "user@xn--bcher-kva.example", "user@BÜCHER.EXAMPLE",
                          "user@straße.example", "user@xn--strae-oqa.example"):
            self.idn(recipient, OK, login=login)
        for recipient in ("user@bucher.example", "user@sub.bücher.example"):
            self.idn(recipient, self.refused(recipient, "Not there"), login=login)
        for sender, shown in (("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
                              ("a@bücher.example", "a@b??cher.example")):
            self.idn("all@lists.example.org",
                     self.refused("all@lists.example.org", "Sender %s may not write here" % shown), sender)
        self.idn("all@lists.example.org", OK, "a@buecher.example")

    def test_smtputf8_log(self):
        since = self.rig.log.mark()
        self.idn("üser@müller.example", OK, "bö@sender.example.net")
        seen = self.rig.log.decision(since, to=r"<\xc3\xbcser@m\xc3\xbcller.example>")
        self.assertEqual(seen["from"], r"<b\xc3\xb6@sender.example.net>")


class RealClients(RigCase):
    """Without XCLIENT: the client is where it is."""

    policy = ACCEPTED

    def test_loopback_is_not_trusted_by_itself(self):
        for place in ("relay", "ipv6"):
            if place == "ipv6" and not self.rig.ipv6:
                self.skipTest("no IPv6 loopback address")
            with self.subTest(place=place):
                self.assertEqual(self.rig.rcpt(FOREIGN, place, None), self.refused(FOREIGN))
                self.assertEqual(self.rig.rcpt("user@example.org", place, None), OK)

    def test_trusted(self):
        self.rig.daemon.reload(ACCEPTED + "relay_networks = {127.0.0.1, ::1}")
        for place, client in (("relay", "127.0.0.1"), ("relay-unix", "127.0.0.1"), ("ipv6", "::1")):
            if place == "ipv6" and not self.rig.ipv6:
                self.skipTest("no IPv6 loopback address")
            with self.subTest(place=place):
                since = self.rig.log.mark()
                self.assertEqual(self.rig.rcpt(FOREIGN, place, None), OK)
                seen = self.rig.log.decision(since, client=client, to="<%s>" % FOREIGN)
                self.assertEqual((seen["rule"], seen["server"]), ("builtin:network", str(self.rig.ports[place])))
        self.rig.daemon.reload(self.policy)


if __name__ == "__main__":
    main(NEEDS)
