#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon down, restarted and reloaded, seen from an SMTP session that is under way."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK, PLACES, RigCase, read
from rig_tools import main, pl_bin, wait_until

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"

CLOSED = ACCEPTED
OPEN_FOR_INSIDE = ACCEPTED + "relay_networks = {198.51.100.0/24}\n"
NO_NEWS = OPEN_FOR_INSIDE + """
rule "no news" { recipient = {news@}  action = "450 4.7.1 No news today" }
"""

# broken files, and how the message about each begins behind file and line; the line counts from the end of the file
BROKEN = [
    ("host bits", OPEN_FOR_INSIDE + "masking = {192.0.2.77/24}\n", "masking: "),
    ("unknown option", OPEN_FOR_INSIDE + "relay_network = {192.0.2.0/24}\n", ".*relay_network"),
    ("twice", OPEN_FOR_INSIDE + "relay_networks = {192.0.2.0/24}\n", ".*relay_networks"),
    ("open brace", OPEN_FOR_INSIDE + "relay_users = {any\n", ""),
    ("bad action", OPEN_FOR_INSIDE + 'rule "r" { action = "550" }\n', ""),
    ("too wide", ACCEPTED + "relay_networks = {198.0.0.0/8}\n", "relay_networks: "),
    ("any", ACCEPTED + "relay_networks = {any}\n", "relay_networks: "),
    ("missing file", OPEN_FOR_INSIDE + 'networks gone { file = "gone" }\n', ""),
]


class Trouble(RigCase):
    policy = OPEN_FOR_INSIDE

    def setUp(self):
        if self.rig.daemon.process is None:
            self.rig.daemon.start(OPEN_FOR_INSIDE)
        else:
            self.rig.daemon.reload(OPEN_FOR_INSIDE)

    def down(self, recipient):
        return "451 4.3.5 <%s>: Recipient address rejected: Server configuration problem" % recipient

    def test_down(self):
        """Nobody gets anything through, nothing is refused for good, and all is well when the daemon is back."""
        self.rig.daemon.stop()
        for place, client, recipient in zip(PLACES, (OUTSIDE, INSIDE, INSIDE, OUTSIDE), (
                FOREIGN, FOREIGN, "user@example.org", "user@example.org")):
            with self.subTest(place=place):
                self.assertEqual(self.rig.rcpt(recipient, place, client), self.down(recipient))
        self.rig.daemon.start()
        for place in PLACES:
            with self.subTest(place=place, again=True):
                self.assertEqual(self.rig.rcpt(FOREIGN, place, OUTSIDE), self.refused(FOREIGN))
                self.assertEqual(self.rig.rcpt(FOREIGN, place, INSIDE), OK)

    def test_down_in_mid_session(self):
        with self.rig.smtp("relay", OUTSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt("user@example.org")), OK)
            self.assertEqual(self.rig.daemon.stop(), 0)
            self.assertEqual(str(s.rcpt("user@virt.example")), self.down("user@virt.example"))
            self.assertEqual(str(s.rcpt(FOREIGN)), self.down(FOREIGN))
            self.rig.daemon.start()
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
            self.assertEqual(str(s.rcpt("user@relay.example")), OK)
            self.assertEqual(self.rig.delivered(s.data()),
                             {("user@example.org", "local"), ("user@relay.example", "relay")})

    def restart(self, place, stop_signal):
        before = len(read(self.rig.maillog))
        with self.rig.smtp(place, OUTSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt("user@example.org")), OK)
            process = self.rig.daemon.process
            process.stop(stop_signal)
            self.rig.daemon.start()
            self.assertNotEqual(process.pid, self.rig.daemon.process.pid)
            self.assertEqual(str(s.rcpt(FOREIGN)), self.refused(FOREIGN))
            self.assertEqual(str(s.rcpt("user@virt.example")), OK)
            self.assertEqual(self.rig.delivered(s.data()),
                             {("user@example.org", "local"), ("user@virt.example", "virtual")})
        self.assertNotIn("warning: problem talking to server", self.rig.logged(": disconnect from", before))

    def test_restart_in_mid_session(self):
        """Between two recipients: the second waits a second and is answered, nothing is lost or logged as trouble."""
        for place in ("relay", "recipient-unix"):
            for number in (signal.SIGTERM, signal.SIGKILL):
                with self.subTest(place=place, signal=number):
                    self.restart(place, number)

    def test_socket_left_behind(self):
        """After SIGKILL the Unix sockets are still there; a new daemon takes their place."""
        self.rig.daemon.process.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.rig.daemon.unix))
        self.rig.daemon.start()
        self.assertEqual(self.rig.rcpt(FOREIGN, "relay-unix"), self.refused(FOREIGN))

    def all_stopped(self):
        tasks = "/proc/%d/task" % self.rig.daemon.process.pid
        return all(read("%s/%s/stat" % (tasks, task)).rpartition(") ")[2][:1] == "T" for task in os.listdir(tasks))

    def test_hanging(self):
        """A stopped daemon holds the answer up; going on, it gives it."""
        with self.rig.smtp("relay", INSIDE) as s:
            s.expect(250, s.mail())
            s.expect(250, s.rcpt("user@example.org"))
            self.rig.daemon.process.kill(signal.SIGSTOP)
            wait_until(self.all_stopped, "all threads to stop")
            try:
                s.raw("RCPT TO:<%s>\r\n" % FOREIGN)
                s.sock.settimeout(0.3)
                with self.assertRaises(TimeoutError):
                    s.sock.recv(1)
            finally:
                self.rig.daemon.process.kill(signal.SIGCONT)
            s.sock.settimeout(30)
            s.file = s.sock.makefile("rb")
            self.assertEqual(str(s.reply()), OK)

    def reloads(self, how):
        """Answers change from one recipient to the next of one mail, over the same policy connection."""
        with self.rig.smtp("relay", INSIDE) as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt(FOREIGN)), OK)
            first, since = self.rig.daemon.status(), self.rig.log.mark()
            how(CLOSED)
            self.assertEqual(str(s.rcpt("a@foreign.example.com")), self.refused("a@foreign.example.com"))
            self.assertEqual(str(s.rcpt("user@example.org")), OK)
            how(NO_NEWS)
            self.assertEqual(str(s.rcpt("b@foreign.example.com")), OK)
            self.assertEqual(str(s.rcpt("news@example.org")),
                             self.refused("news@example.org", "No news today", "450 4.7.1"))
            self.assertEqual(self.rig.delivered(s.data()), {
                (FOREIGN, "foreign"), ("user@example.org", "local"), ("b@foreign.example.com", "foreign")})
            last = self.rig.daemon.status()
        generation = int(first["generation"])
        self.assertEqual(int(last["generation"]), generation + 2)
        self.assertEqual(first["connections_total"], last["connections_total"])
        self.assertEqual(first["pid"], last["pid"])
        self.assertEqual(last["last_reload"], "ok")
        for to, more in (("a@foreign.example.com", 1), ("b@foreign.example.com", 2)):
            self.rig.log.decision(since, to="<%s>" % to, generation=str(generation + more))

    def by_signal(self, policy):
        generation = self.rig.daemon.status()["generation"]
        self.rig.daemon.write(policy)
        self.rig.daemon.process.kill(signal.SIGHUP)
        wait_until(lambda: self.rig.daemon.status()["generation"] != generation, "the reload",
                   alive=self.rig.daemon.process.check_alive)

    def by_command(self, policy, status=0):
        self.rig.daemon.write(policy)
        done = subprocess.run([pl_bin("postlatch"), "reload", "-c", self.rig.daemon.config], text=True, timeout=30,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def test_reload_in_mid_session_control_socket(self):
        self.reloads(self.rig.daemon.reload)

    def test_reload_in_mid_session_signal(self):
        self.reloads(self.by_signal)

    def test_reload_in_mid_session_command(self):
        self.reloads(self.by_command)

    def still_old(self, s, at):
        foreign, ours = "x%d@foreign.example.com" % at, "x%d@example.org" % at
        self.assertEqual(str(s.rcpt(foreign)), OK)
        self.assertEqual(str(s.rcpt(ours)), OK)
        self.assertEqual(self.rig.rcpt(FOREIGN, "relay-unix", OUTSIDE), self.refused(FOREIGN))

    def test_reload_with_a_bad_file(self):
        """The old policy stays, in the session under way and for others; the message names the file and the line."""
        generation = self.rig.daemon.status()["generation"]
        with self.rig.smtp("relay", INSIDE) as s:
            s.expect(250, s.mail())
            for at, (name, policy, message) in enumerate(BROKEN):
                with self.subTest(name):
                    lines = self.rig.daemon.reload(policy, want="refused")
                    number = len(read(self.rig.daemon.config).rstrip("\n").split("\n"))
                    self.assertRegex("\n".join(lines), "(?m)^%s:%d: %s" % (
                        re.escape(self.rig.daemon.config), number, message))
                    self.assertRegex(lines[-1], r"^\d+ errors?; keeping the running policy \(generation %s\)$"
                                     % generation)
                    status = self.rig.daemon.status()
                    self.assertEqual((status["last_reload"], status["generation"]), ("refused", generation))
                    self.still_old(s, at)
            since = self.rig.log.mark()
            self.rig.daemon.process.kill(signal.SIGHUP)
            self.rig.log.find(lambda line: "keeping the running policy" in line, since)
            self.still_old(s, 100)
            output = self.by_command(BROKEN[0][1], 1)
            self.assertIn("keeping the running policy", output)
            self.still_old(s, 101)

    def test_reload_while_busy(self):
        """Twenty reloads under a session that never stops asking: each answer is that of the old or the new policy."""
        with self.rig.smtp("relay", INSIDE) as s:
            s.expect(250, s.mail())
            for at in range(20):
                self.rig.daemon.reload(CLOSED if at % 2 == 0 else OPEN_FOR_INSIDE)
                names = ["a%d-%d@foreign.example.com" % (at, n) for n in range(10)]
                s.raw("".join("RCPT TO:<%s>\r\n" % n for n in names))
                self.assertEqual([str(s.reply()) for _ in names],
                                 [self.refused(n) if at % 2 == 0 else OK for n in names])

    def test_bad_file_at_the_start(self):
        """The daemon does not run with it, and Postfix defers."""
        self.rig.daemon.stop()
        for name, policy, message in BROKEN:
            with self.subTest(name):
                self.rig.daemon.write(policy)
                done = subprocess.run([pl_bin("postlatchd"), "-f", "-c", self.rig.daemon.config], text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      timeout=30)
                number = len(read(self.rig.daemon.config).rstrip("\n").split("\n"))
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertRegex(done.stdout, "(?m)^(postlatchd: )?%s:%d: %s" % (
                    re.escape(self.rig.daemon.config), number, message))
        self.assertEqual(self.rig.rcpt("user@example.org"), self.down("user@example.org"))
        self.rig.daemon.start(OPEN_FOR_INSIDE)


if __name__ == "__main__":
    main(NEEDS)
