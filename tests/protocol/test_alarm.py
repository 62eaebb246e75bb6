#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The masking alarm: a trusted address that shows many HELO names or senders without a login is told of, once."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_daemon import HEAD, Daemon, read_answers, until  # noqa: E402

POLICY = """accepted_domains = {example.org}
relay_networks = {192.0.2.0/24, 2001:db8::/48}
relay_by_rule = {10.1.0.0/16}
permitted_elsewhere = {10.2.0.0/16}
masking = {192.0.2.200}
relay_users = {any}
"""
ALARM = ("masking alarm: %s is trusted for its address and has shown at least %d %s without a login within 72 minutes: a NAT, a proxy "
         "or a container bridge may hide others behind it; expected masking = {%s}, or masking_alarm { except = {%s} } if all that "
         "comes from there is yours")


class Alarm(unittest.TestCase):
    def start(self, extra="", **more):
        self.d = Daemon(policy=POLICY, extra=extra, **more)
        self.addCleanup(self.d.stop)
        self.client = self.d.connect()
        self.addCleanup(self.client.close)

    def ask(self, client, helos=("mail.example.net",), senders=("a@example.net",), recipient="v@example.org", state="RCPT",
            **attributes):
        head = HEAD.replace(b"RCPT", state.encode())
        for helo in helos:
            for sender in senders:
                more = "".join(f"{k}={v}\n" for k, v in attributes.items())
                self.client.sendall(head + (f"client_address={client}\nhelo_name={helo}\nsender={sender}\n"
                                            f"recipient={recipient}\n{more}\n").encode())
                read_answers(self.client, 1)

    def alarms(self):
        """All warnings so far; what was logged before a line of our own is there with it."""
        mark = f"mark{len(self.d.log())}.example"
        self.ask("203.0.113.1", helos=(mark,))
        self.d.logged(mark)
        return [l.split("]: ", 1)[1] for l in self.d.log() if "masking alarm" in l]

    def status(self):
        got = json.loads(self.d.ctl("status", "--json")[1])
        return got["masking_alarms_total"], got["masking_suspects"]

    def test_helo_names(self):
        self.start("workers = 4")
        names = [f"host{i}.example.net" for i in range(10)]
        self.ask("192.0.2.7", names[:9])
        self.ask("192.0.2.7", names[:9] * 3)  # known ones are no new ones
        self.assertEqual((self.alarms(), self.status()), ([], (0, "-")))
        self.ask("192.0.2.7", names[9:])
        due = ALARM % ("192.0.2.7", 10, "HELO names", "192.0.2.7", "192.0.2.7")
        self.assertEqual((self.alarms(), self.status()), ([due], (1, "192.0.2.7")))
        self.ask("192.0.2.7", [f"more{i}.example" for i in range(50)])  # once is enough
        self.assertEqual(self.alarms(), [due])

    def test_senders(self):
        self.start()
        self.ask("2001:db8::5", senders=[f"user{i}@example.net" for i in range(150)], recipient="v@foreign.example")
        (alarm,) = self.alarms()
        self.assertEqual(alarm, ALARM % ("2001:db8::5", 100, "senders", "2001:db8::5", "2001:db8::5"))

    def test_all_that_trusts_an_address(self):
        self.start()
        names = [f"host{i}.example.net" for i in range(20)]
        self.ask("10.1.2.3", names)
        self.ask("10.2.3.4", names, recipient="v@foreign.example")
        self.ask("::ffff:192.0.2.9", names)
        self.assertEqual([a.split()[2] for a in self.alarms()], ["10.1.2.3", "10.2.3.4", "192.0.2.9"])

    def test_who_is_not_meant(self):
        self.start("masking_alarm { except = {192.0.2.16/28} }")
        names = [f"host{i}.example.net" for i in range(200)]
        self.ask("203.0.113.9", names)                            # not trusted
        self.ask("192.0.2.200", names)                            # known to mask
        self.ask("192.0.2.17", names)                             # excepted
        self.ask("192.0.2.1", names, sasl_username="alice")       # logins
        self.ask("192.0.2.2", names, state="CONNECT")    # who may log in yet
        self.ask("192.0.2.3", senders=[""] * 200)                 # bounces
        self.assertEqual((self.alarms(), self.status()), ([], (0, "-")))

    def test_limits_of_ones_own(self):
        self.start("masking_alarm { helo_names = 0  senders = 3 }")
        self.ask("192.0.2.1", [f"host{i}.example.net" for i in range(50)])
        self.assertEqual(self.alarms(), [])
        self.ask("192.0.2.1", senders=["b@c.example", "d@e.example"])
        self.assertEqual([a.split(" has ")[1][:24] for a in self.alarms()], ["shown at least 3 senders"])

    def test_more_addresses_than_there_is_room_for(self):
        self.start("masking_alarm { helo_names = 5 }")
        names = [f"host{i}.example.net" for i in range(5)]
        for i in range(1, 201):
            self.ask(f"10.1.{i}.1")
        self.ask("192.0.2.7", names)
        for i in range(1, 201):
            self.ask(f"10.1.{i}.2")
        self.assertEqual([a.split()[2] for a in self.alarms()], ["192.0.2.7"])
        self.assertEqual(self.status(), (1, "192.0.2.7"))


if __name__ == "__main__":
    unittest.main()
