#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""shadow = "FILE": the running policy answers, and what the other one would have answered otherwise is logged and counted."""
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_daemon import BIN, HEAD, Daemon, read_answers, until  # noqa: E402

RUNNING = 'accepted_domains = {example.org}\nrelay_networks = {192.0.2.0/24}\nshadow = "new.conf"\n'
# An open policy may be compared with; it answers nobody.
NEW = """accepted_domains = {example.org, example.net}
relay_networks = {192.0.2.0/25}
rule "old words" { client_address = {192.0.2.1}  recipient = {foreign}  action = "ok" }
rule "app" { client_address = {203.0.113.7}  action = "OK" }
rule "told" { sasl_username = {mallory}  action = "REJECT Suspended, %{sasl_username}" }
"""
REJECT, OK, DUNNO = b"action=REJECT Relay access denied\n\n", b"action=OK\n\n", b"action=DUNNO\n\n"
TAIL = r' name=unknown helo=- sasl=%s from=<> to=<%s> state=RCPT server=- instance=- queue_id=- generation=%s$'


def request(client, recipient, login=""):
    return HEAD + f"client_address={client}\nrecipient={recipient}\nsasl_username={login}\n\n".encode()


class Shadow(unittest.TestCase):
    def start(self, running=RUNNING, new=NEW, **more):
        def put(d):
            if new is not None:
                (d.dir / "new.conf").write_text(new)
            return [], ()
        self.d = Daemon(policy=running, launch=put, **more)
        self.addCleanup(self.d.stop)
        self.client = self.d.connect()
        self.addCleanup(self.client.close)

    def ask(self, *args):
        self.client.sendall(request(*args))
        return read_answers(self.client, 1)

    def status(self):
        done = subprocess.run([BIN / "postlatch", "status", "--json", "--control", self.d.dir / "control"], capture_output=True,
                              text=True, timeout=60, check=True)
        return {key: str(value) for key, value in json.loads(done.stdout).items()}

    def shadowed(self):
        """The lines of differences, without what syslog puts in front."""
        return [line.split("]: ", 1)[1] for line in self.d.log() if "]: shadow other=" in line or '"other":' in line]

    def test_what_differs_is_logged_and_counted(self):
        self.start()
        self.d.logged(r"shadow: answers are compared with \S+/new\.conf: 3 rules, 0 tables, \d+ entries; verdict: open$")
        for args, answer in (
                (("192.0.2.1", "v@foreign.example"), OK),        # the same word, written otherwise
                (("192.0.2.200", "v@foreign.example"), OK),      # no longer
                (("203.0.113.7", "v@foreign.example"), REJECT),  # from then on
                (("203.0.113.9", "v@foreign.example"), REJECT),
                (("203.0.113.9", "v@example.net"), REJECT),      # ours from then on
                (("203.0.113.9", "v@example.org"), DUNNO),
                (("203.0.113.9", "v@foreign.example", "mallory"), REJECT)):  # another text
            self.assertEqual(self.ask(*args), answer)
        lines = until(lambda: self.shadowed()[3:] and self.shadowed(), "four differences")
        head = r"^shadow other=%s other_rule=%s action=%s rule=%s client=%s"
        for line, (what, tail) in zip(lines, (
                (("REJECT", "builtin:reject", "OK", "builtin:network", r"192\.0\.2\.200"), ("-", r"v@foreign\.example", 1)),
                (("OK", "app", "REJECT", "builtin:reject", r"203\.0\.113\.7"), ("-", r"v@foreign\.example", 1)),
                (("DUNNO", "builtin:accepted", "REJECT", "builtin:reject", r"203\.0\.113\.9"), ("-", r"v@example\.net", 1)),
                (("REJECT", "told", "REJECT", "builtin:reject", r"203\.0\.113\.9"), ("mallory", r"v@foreign\.example", 1))),
                strict=True):
            self.assertRegex(line, head % what + TAIL % tail)
        got = self.status()
        self.assertEqual((got["shadow"], got["shadow_verdict"], got["shadow_differs_total"]), (f"{self.d.dir}/new.conf", "open", "4"))

    def test_whatever_decisions_are_logged_and_as_json(self):
        self.start(log="decisions = none\nformat = json")
        self.assertEqual(self.ask('203.0.113.7', 'a"b\\\x7f@foreign.example'), REJECT)
        line, = until(self.shadowed, "a difference")
        self.assertEqual(json.loads(line), {
            "other": "OK", "other_rule": "app", "action": "REJECT", "rule": "builtin:reject", "client": "203.0.113.7",
            "name": "unknown", "helo": "-", "sasl": "-", "from": "<>", "to": '<a\\x22b\\x5c\\x7f@foreign.example>', "state": "RCPT",
            "server": "-", "instance": "-", "queue_id": "-", "generation": 1})
        self.assertEqual([l for l in self.d.log() if "decision" in l], [])

    def test_observe_mode_is_left_aside_on_both_sides(self):
        self.start(running=RUNNING + "mode = observe\n", new=RUNNING + "mode = enforce\n")
        self.assertEqual(self.ask("203.0.113.9", "v@foreign.example")[:13], b"action=WARN w")
        self.assertEqual(self.ask("192.0.2.9", "v@foreign.example"), DUNNO)
        self.assertEqual(self.status()["shadow_differs_total"], "0")

    def test_a_start_goes_on_without_it_a_reload_is_refused(self):
        self.start(new=NEW.replace("/25", "/24x"))
        self.d.logged(r"started without the shadow: what it would answer is not compared$")
        said = [l.split("]: ", 1)[1] for l in self.d.log() if re.search(r"/(new|postlatch)\.conf:\d+: ", l)]
        self.assertEqual(said, [
            f'{self.d.dir}/postlatch.conf:3: shadow: "{self.d.dir}/new.conf" does not load',
            f'{self.d.dir}/new.conf:2: relay_networks: "192.0.2.0/24x": bad prefix length; expected a number from 0 to 32 '
            "behind the '/'"])
        self.assertEqual(self.ask("203.0.113.9", "v@foreign.example"), REJECT)
        self.assertEqual((self.status()["shadow"], self.status()["shadow_verdict"]), ("-", "-"))
        said = "\n".join(said)
        status, told = self.d.ctl("reload")
        self.assertEqual((status, told), (1, f"{said}\n2 errors; keeping the running policy (generation 1)\n"))
        check = subprocess.run([BIN / "postlatch", "check", "-c", self.d.conf], capture_output=True, text=True, timeout=60)
        self.assertEqual((check.returncode, check.stdout), (2, f"{said}\n2 errors: not loaded\nverdict: invalid\n"))

    def test_a_reload_takes_it_anew(self):
        self.start(new=NEW)
        (self.d.dir / "new.conf").write_text(RUNNING)
        status, told = self.d.ctl("reload")
        self.assertEqual((status, told), (0, "generation 2 is in force: 0 rules, 0 tables, 2 entries; verdict: safe\n"
                                          f"shadow: answers are compared with {self.d.dir}/new.conf: 0 rules, 0 tables, 2 entries; "
                                          "verdict: safe\n"))
        self.assertEqual(self.ask("203.0.113.7", "v@foreign.example"), REJECT)
        self.assertEqual(self.status()["shadow_differs_total"], "0")
        self.d.write(RUNNING.replace('shadow = "new.conf"\n', ""))
        self.assertEqual(self.d.ctl("reload")[0], 0)
        self.assertEqual(self.status()["shadow"], "-")

    def test_a_file_that_is_not_there(self):
        self.start(new=None)
        self.d.logged(r'cannot open "\S+/new\.conf": No such file or directory$')
        self.d.logged(r'/postlatch\.conf:3: shadow: "\S+/new\.conf" does not load$')
        self.assertEqual(self.ask("203.0.113.9", "v@example.org"), DUNNO)


if __name__ == "__main__":
    unittest.main()
