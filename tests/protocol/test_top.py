#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""postlatch top: rates, the busiest clients and logins, on a terminal and in a pipe."""
import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_daemon import BIN, HEAD, Daemon, read_answers, until  # noqa: E402

POLICY = r"""accepted_domains = {example.org}
relay_networks = {192.0.2.0/24}
relay_users = {any}
rule "the \"blocked\"" { sasl_username = {mallory}  action = "REJECT Blocked" }
"""


def request(client, login=""):
    return HEAD + f"client_address={client}\nrecipient=v@foreign.example\nsasl_username={login}\n\n".encode()


class Top(unittest.TestCase):
    def setUp(self):
        self.d = Daemon(policy=POLICY, extra="workers = 3", log="decisions = none")
        self.addCleanup(self.d.stop)
        self.clients = [self.d.connect() for _ in range(6)]
        for c in self.clients:
            self.addCleanup(c.close)

    def ask(self, client, login="", times=1):
        for i in range(times):
            c = self.clients[i % len(self.clients)]
            c.sendall(request(client, login))
            read_answers(c, 1)

    def busiest(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.d.dir / "control"))
            s.sendall(b"postlatch/1 busiest\n")
            text = b""
            while got := s.recv(65536):
                text += got
        lines = text.decode().splitlines()
        self.assertEqual(lines[0], "postlatch/1 ok")
        self.assertRegex(lines[1], r"^watched_us=\d+$")
        return lines[2:]

    def top(self, *args):
        return subprocess.Popen([BIN / "postlatch", "top", "--control", self.d.dir / "control", *args], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def test_counted_while_somebody_looks(self):
        self.ask("192.0.2.1", "alice", 5)
        self.assertEqual(self.busiest(), [])
        self.ask("192.0.2.1", times=7)
        self.ask("203.0.113.9", times=8)
        self.ask("2001:db8:0::1", "mallory", 2)
        self.ask("::ffff:192.0.2.1", "a b\xff" + "x" * 80)
        due = ["client=192.0.2.1 requests=8 refused=0", "client=203.0.113.9 requests=8 refused=8",
               "client=2001:db8::1 requests=2 refused=2", "login=mallory requests=2 refused=2",
               "login=a\\x20b\\xc3\\xbf" + "x" * 59 + " requests=1 refused=0"]
        until(lambda: self.busiest() == due, "all to be counted, which they are after the answer")

    def test_the_busiest_are_found_among_thousands(self):
        self.busiest()
        for i in range(40):
            for k in range(50):
                self.ask(f"10.{i}.{k}.1")
            self.ask("203.0.113.9", times=3)
            self.ask("203.0.113.8", times=2)
            self.busiest()  # looks on, however slow the machine is
        until(lambda: sum(int(re.search(r"refused=(\d+)", l)[1]) for l in self.busiest()[:2]) == 200, "all to be counted")
        lines = self.busiest()
        self.assertEqual(len(lines), 50)
        numbers = {}
        for line in lines[:2]:
            found = re.fullmatch(r"client=(\S+) requests=(\d+) refused=(\d+)", line)
            numbers[found[1]] = int(found[2]), int(found[3])
        self.assertEqual(set(numbers), {"203.0.113.9", "203.0.113.8"})
        for name, count in (("203.0.113.9", 120), ("203.0.113.8", 80)):  # never too low; too high by 2000/256 a worker at most
            self.assertTrue(count <= numbers[name][0] <= count + 3 * 8, numbers)
            self.assertEqual(numbers[name][1], count)

    def reports(self, *args):
        """The output of top while requests are asked."""
        run, done = self.top(*args), threading.Event()

        def go_on():
            while not done.is_set():
                self.ask("192.0.2.1", times=4)
                self.ask("203.0.113.9", times=2)
                self.ask("198.51.100.7", "mallory")
        thread = threading.Thread(target=go_on)
        thread.start()
        out, err = run.communicate(timeout=60)
        done.set()
        thread.join()
        self.assertEqual((run.returncode, err), (0, ""))
        return out

    def test_json(self):
        got = json.loads(self.reports("--json", "--interval", "1"))
        self.assertEqual(sorted(got), ["clients", "connections", "logins", "p50_us", "p99_us", "requests_per_s", "rules", "seconds",
                                       "troubles_per_s"])
        self.assertEqual(got["connections"], 6)
        rules = {(r["rule"], r["action"], r["stage"]): r["per_s"] for r in got["rules"]}
        self.assertEqual(list(rules), [("builtin:network", "OK", "RCPT"), ("builtin:reject", "REJECT", "RCPT"),
                                       ('the "blocked"', "REJECT", "RCPT")])
        rates = got["requests_per_s"]
        # Counted one after the other, while requests come.
        self.assertAlmostEqual(sum(rules.values()), rates["all"], delta=rates["all"] / 100)
        self.assertAlmostEqual(rates["pass"], rules[("builtin:network", "OK", "RCPT")], delta=rates["all"] / 100)
        self.assertEqual([c["client"] for c in got["clients"]], ["192.0.2.1", "203.0.113.9", "198.51.100.7"])
        self.assertEqual([(c["login"], c["per_s"] == c["refused_per_s"]) for c in got["logins"]], [("mallory", True)])
        self.assertGreater(got["p99_us"], 0)

    def test_in_a_pipe(self):
        self.maxDiff = None
        out = self.reports("--reports", "2", "--interval", "1")
        times = re.sub(r" (up to [\d.]+ [um]s|over 1 s)", " T", out)
        numbers = re.sub(r"(?m)(^ *| +)\d+\.\d(?= |$)", " N", times)
        one = """postlatch top  HH:MM:SS  up 0 d 00:00  generation 1, enforce, verdict safe
requests/s N  let pass N  refused N  left to Postfix N
connections        6  closed for trouble 0.0/s  log lines lost 0
time taken  half of them T, 99 of 100 T

       /s  action      rule
 N  OK          builtin:network
 N  REJECT      builtin:reject
 N  REJECT      the "blocked"

       /s   refused  client                            /s   refused  login
 N N  192.0.2.1 N N  mallory
 N N  203.0.113.9
 N N  198.51.100.7
"""
        self.assertEqual(re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", numbers), one + "\n" + one)

    def test_on_a_terminal(self):
        """Another screen, drawn until q is pressed; then the old one and its settings are back."""
        master, slave = pty.openpty()
        before = subprocess.run(["stty", "-g"], stdin=slave, capture_output=True, check=True).stdout
        run = subprocess.Popen([BIN / "postlatch", "top", "--control", self.d.dir / "control", "--interval", "1"], stdin=slave,
                               stdout=slave, stderr=slave)
        shown = b""

        def read():
            nonlocal shown
            while select.select([master], [], [], 0)[0]:
                shown += os.read(master, 65536)
            return shown.count(b"q: end") >= 2
        until(read, "two reports")
        os.write(master, b"q")
        self.assertEqual(run.wait(30), 0)
        read()
        self.assertTrue(shown.startswith(b"\x1b[?1049h\x1b[?25l\x1b[Hpostlatch top  "), shown[:60])
        self.assertTrue(shown.endswith(b"\x1b[?25h\x1b[?1049l"), shown[-60:])
        self.assertEqual(subprocess.run(["stty", "-g"], stdin=slave, capture_output=True, check=True).stdout, before)
        os.close(master)
        os.close(slave)

    def test_no_daemon_and_bad_options(self):
        for args, message in ((("--control", self.d.dir / "nothing"), "postlatch: cannot ask the daemon "),
                              (("--interval", "0"), 'postlatch: top: --interval "0": expected a number from 1 to 10\n'),
                              (("--reports", "x"), 'postlatch: top: --reports "x": expected a number from 1 to 1000000\n')):
            done = subprocess.run([BIN / "postlatch", "top", *args], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout, done.stderr[:len(message)]), (2, "", message))


if __name__ == "__main__":
    unittest.main()
