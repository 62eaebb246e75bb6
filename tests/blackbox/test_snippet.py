#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `postlatch snippet` prints, pasted into a real Postfix: each form, with the daemon up and down."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK
from rig_tools import main, pl_bin, wait_until
from rig_wire import FOREIGN, GRANTED, INSIDE, OURS, OUTSIDE, OWN_RELAY, WireCase

# GRANTED is ours to grant, INSIDE (mynetworks) is Postfix's.
POLICY = ACCEPTED + "relay_networks = {192.0.2.0/24}\nrelay_users = {any}\n"
PLACES = ("plain", "chrooted")
# What doctor finds in any rig: everybody on loopback may use XCLIENT, one relay domain's subdomains are not accepted.
THE_RIGS_OWN = ["xclient", "subdomains-refused"]
SUBMISSIONS = ("submission", "old-submission")


class Snippet(WireCase):
    policy = POLICY

    def replies(self, client, recipients=(FOREIGN, OURS), places=PLACES, login=None):
        """Each place's replies to recipients; all must be the same."""
        found = set()
        for place in places:
            session = self.rig.login(login, place, client) if login else self.rig.smtp(place, client)
            with session as s:
                s.expect(250, s.mail())
                found.add(tuple(str(s.rcpt(r)) for r in recipients))
        self.assertEqual(len(found), 1, found)
        return found.pop()

    def unavailable(self, recipient):
        return self.refused(recipient, "Policy server is not available", "451 4.3.5")

    def stopped(self):
        """The daemon is down until the test ends."""
        self.rig.daemon.stop()
        self.addCleanup(self.rig.daemon.start)

    def wire(self, policy, *more, main="smtpd_relay_restrictions = " + OWN_RELAY, status=0):
        self.rig.plain(main)
        self.rig.daemon.reload(policy)
        self.addCleanup(lambda: self.rig.daemon.write(POLICY))
        lines = self.rig.paste(*more, status=status)
        self.rig.start_postfix()
        return lines

    def doctor(self):
        """What doctor finds wrong in what has been pasted."""
        done = subprocess.run([pl_bin("postlatch"), "doctor", "-c", self.rig.daemon.config, "--postfix", self.rig.etc,
                               "--no-host"], capture_output=True, text=True, timeout=120, check=False)
        return re.findall(r"(?m)^finding ([\w-]+)", done.stdout)

    def enforced(self):
        """We decide, everywhere."""
        self.assertEqual(self.doctor(), THE_RIGS_OWN)
        self.assertEqual(self.replies(GRANTED), (OK, OK))
        self.assertEqual(self.replies(OUTSIDE), (self.refused(FOREIGN), OK))
        self.assertEqual(self.replies(INSIDE), (self.refused(FOREIGN), OK))
        self.assertEqual(self.replies(OUTSIDE, login="alice", places=PLACES + SUBMISSIONS), (OK, OK))
        self.assertEqual(self.replies(OUTSIDE, places=SUBMISSIONS),
                         (self.refused(FOREIGN), self.refused(OURS, "Access denied")))
        self.stopped()       # each of these takes a second
        self.assertEqual(self.replies(GRANTED, (FOREIGN,), ("plain",)), (self.unavailable(FOREIGN),))
        self.assertEqual(self.replies(INSIDE, (FOREIGN,), ("plain",)), (self.unavailable(FOREIGN),))
        self.assertEqual(self.replies(OUTSIDE, (FOREIGN, OURS), ("chrooted",)),
                         (self.unavailable(FOREIGN), self.unavailable(OURS)))
        self.assertEqual(self.replies(OUTSIDE, (FOREIGN,), SUBMISSIONS, "alice"), (self.unavailable(FOREIGN),))

    def observed(self):
        """Postfix decides as before, and logs what we would refuse; the same without us."""
        self.assertEqual(self.doctor(), THE_RIGS_OWN)
        for up in (True, False):
            if not up:
                self.stopped()
            since = len(self.log_text())
            self.assertEqual(self.replies(INSIDE), (OK, OK))
            self.assertEqual(self.replies(GRANTED), (self.postfix_refused(FOREIGN), OK))
            self.assertEqual(self.replies(OUTSIDE), (self.postfix_refused(FOREIGN), OK))
            self.assertEqual(self.replies(OUTSIDE, login="alice", places=PLACES + SUBMISSIONS), (OK, OK))
            self.assertEqual(self.replies(OUTSIDE, (OURS,), SUBMISSIONS), (self.refused(OURS, "Access denied"),))
            if up:
                wait_until(lambda: self.log_text()[since:].count("would be refused: ") >= 4, "warnings in the mail log",
                           timeout=60)

    def log_text(self):
        with open(self.rig.maillog, encoding="utf-8", errors="backslashreplace") as f:
            return f.read()

    def test_enforce_tcp_relay(self):
        self.wire(POLICY)
        self.enforced()

    def test_enforce_unix_relay(self):
        self.wire(POLICY, "--socket", "unix:" + self.rig.daemon.unix)
        self.enforced()

    def test_enforce_tcp_recipient(self):
        self.wire(POLICY, main="smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = " + OWN_RELAY)
        self.enforced()

    def test_enforce_unix_recipient(self):
        """From the relay list into the recipient list."""
        self.wire(POLICY, "--placement", "recipient", "--socket", "unix:" + self.rig.daemon.unix)
        self.enforced()

    def test_observe_tcp_relay(self):
        self.wire("mode = observe\n" + POLICY)
        self.observed()

    def test_observe_unix_recipient(self):
        self.wire("mode = observe\n" + POLICY, "--placement", "recipient", "--socket", "unix:" + self.rig.daemon.unix)
        self.observed()

    def test_from_observe_to_enforce(self):
        """Pasted a second time, over what the first time wrote."""
        self.wire("mode = observe\n" + POLICY)
        first = self.rig.snippet()
        self.assertEqual(first.count("check_policy_service"), 1)
        self.rig.daemon.reload(POLICY)
        self.rig.paste()
        self.rig.start_postfix()
        self.enforced()

    def test_socket_outside_the_chroot(self):
        """What is said of it is true: only a chrooted smtpd cannot reach it."""
        policy = ACCEPTED + "relay_networks = {192.0.2.0/24}\n"
        outside = os.path.join(self.rig.top, "outside")
        os.symlink(self.rig.daemon.unix, outside)
        lines = self.wire(policy, "--socket", "unix:" + outside, status=1)
        self.assertIn("cannot reach %s:" % outside, lines.replace("\n# ", " "))
        self.assertEqual(self.replies(GRANTED, places=("plain",)), (OK, OK))
        self.assertEqual(self.replies(GRANTED, places=("chrooted",)), (self.unavailable(FOREIGN), self.unavailable(OURS)))

    def test_checks_stay(self):
        """What refused goes on to refuse; whom a permit spared a check is spared it still."""
        self.rig.plain()
        spared = "check_sender_access inline:{ { spam@sender.example.net = REJECT no spam } }"
        self.wire(POLICY, status=1, main="smtpd_relay_restrictions = reject_non_fqdn_recipient, permit_mynetworks, "
                  + spared + ", reject_unauth_destination")
        no_spam = "554 5.7.1 <spam@sender.example.net>: Sender address rejected: no spam"
        self.assertEqual(self.replies(GRANTED), (OK, no_spam))
        self.assertEqual(self.replies(INSIDE), (self.refused(FOREIGN), OK))
        self.assertEqual(self.replies(OUTSIDE), (self.refused(FOREIGN), no_spam))
        self.assertEqual(self.replies(GRANTED, ("user@relay",)),
                         ("504 5.5.2 <user@relay>: Recipient address rejected: need fully-qualified address",))


if __name__ == "__main__":
    main(NEEDS)
