#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon's life as Postfix sees it: down, restarted and reloaded in the middle of SMTP sessions."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK, RigCase
from rig_tools import main

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"
TRUSTING = ACCEPTED + "relay_networks = {203.0.113.0/24}\n"
DOWN = "451 4.3.5 <%s>: Recipient address rejected: Server configuration problem"


class Life(RigCase):
    policy = ACCEPTED

    def test_down_and_back(self):
        """Down: 451 for everybody, nothing is let through, nothing is lost. Back: the session goes on."""
        for place in ("relay", "recipient-unix"):
            with self.subTest(place=place), self.rig.smtp(place, OUTSIDE) as s:
                s.expect(250, s.mail())
                self.assertEqual(str(s.rcpt("user@example.org")), OK)
                self.rig.daemon.stop()
                try:
                    self.assertEqual(str(s.rcpt(FOREIGN)), DOWN % FOREIGN)
                    self.assertEqual(str(s.rcpt("other@example.org")), DOWN % "other@example.org")
                finally:
                    self.rig.daemon.start()
                self.assertEqual(str(s.rcpt("other@example.org")), OK)
                self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))

    def test_restarted_in_a_session(self):
        with self.rig.smtp("relay", OUTSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt("user@example.org")), OK)
            self.rig.daemon.stop()
            self.rig.daemon.start()
            self.assertEqual(str(s.rcpt("other@example.org")), OK)
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))

    def test_reloaded_in_a_session(self):
        try:
            with self.rig.smtp("relay", OUTSIDE) as s:
                s.expect(250, s.mail())
                self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
                self.rig.daemon.reload(TRUSTING)
                self.assertEqual(str(s.rcpt(FOREIGN)), OK)
                self.rig.daemon.reload("relay_networks = {0.0.0.0/0}\nmod = x\n", want="refused")
                self.assertEqual(str(s.rcpt("a" + FOREIGN)), OK)
                self.rig.daemon.reload(ACCEPTED)
                self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
        finally:
            self.rig.daemon.reload(ACCEPTED)


if __name__ == "__main__":
    main(NEEDS)
