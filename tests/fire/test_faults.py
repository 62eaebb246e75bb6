#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon leans on breaks while it answers: the logger, the disk, the clock. Answers go on, it is said and counted, it ends
by itself. Runs alone, as test_daemon.py, with PL_CLOCK=build/release/tests/protocol/clock.so. The logger alone: tests/protocol."""
import datetime
import os
import re
import signal
import socket
import struct
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import (OK, OPEN, POLICY, REJECT, Client, Crowd, Daemon, Traffic, behind, cpu_s, reload, started, status, until)  # noqa: E402
from test_life import Stopped  # noqa: E402

CLOCK = os.environ.get("PL_CLOCK")
WINDOW_S = 0.5  # over which CPU time is measured: spinning takes all of it
DAY, YEAR = 86400, 365 * 86400


class Logger(unittest.TestCase):
    def test_full_gone_and_back_under_load(self):
        """No connection breaks, whatever happens to the socket; what was lost is counted, and the count is told."""
        d = started(Daemon(extra="workers = 2"))
        try:
            with Traffic(str(d.sock)) as traffic:
                traffic.goes_on()
                for turn in range(3):
                    d.syslog.shutdown(socket.SHUT_RDWR)
                    d.syslog.close()
                    if turn == 1:
                        (d.dir / "log").unlink()
                    elif turn == 2:  # somebody listens, and never reads
                        (d.dir / "log").unlink()
                        deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                        deaf.bind(str(d.dir / "log"))
                    dropped = int(status(d)["log_dropped_total"])
                    until(lambda: int(status(d)["log_dropped_total"]) > dropped, "lines to be dropped", 60)
                    self.assertEqual(reload(d)[0], "ok")
                    traffic.goes_on()
                    if turn == 2:
                        deaf.close()
                    d.open_syslog()
                    d.logged(f"generation {turn + 2} is in force")
                self.assertEqual(traffic.broken(), 0)
            until(lambda: int(status(d)["log_dropped_total"]) ==
                  sum(int(n) for n in re.findall(r": log: (\d+) lines? w", "\n".join(d.log()))), "the count to be told")
        finally:
            d.stop()


class FullDisk(unittest.TestCase):
    def test_standard_error_on_a_full_disk(self):
        """Standard error is a file on a disk of 64 KiB, which no other process sees: syslog misses nothing, and when there is room
        again, lines begin where lines begin."""
        if os.getuid() != 0:
            self.skipTest("not root")
        disk = "mount -t tmpfs -o size=64k none \"$0\" && exec \"$@\" 2>>\"$0/err\""
        folder = "/mnt"  # any: what it holds is hidden from the daemon alone
        d = Daemon(extra="workers = 1", launch=behind("unshare", "-m", "sh", "-c", disk, folder))
        with Client(str(d.sock)) as client:
            try:
                started(d)
                err = Path(f"/proc/{d.process.pid}/root{folder}/err")
                asked = self.ask_until(d, client, lambda: int(status(d)["log_stderr_dropped_total"]) > 0)
                self.assertEqual(err.stat().st_size, 64 * 1024)
                asked += self.ask_until(d, client, lambda: True)
                until(lambda: len([l for l in d.log() if "to=<v@foreign.example>" in l]) == asked, "all lines in syslog")
                self.assertEqual(status(d)["log_dropped_total"], "0")
                os.truncate(err, 0)
                self.assertEqual(reload(d)[0], "ok")
                until(lambda: "generation 2 is in force" in err.read_text(), "the line of the reload")
                for line in err.read_text().splitlines():
                    self.assertRegex(line, "^(postlatchd: .*)?$")
                self.assertEqual(client.broken, 0)
            finally:
                d.stop()

    def ask_until(self, d, client, condition):
        asked = 0
        while not asked or not condition():
            for _ in range(50):
                self.assertEqual(client.ask(OPEN), REJECT)
            asked += 50
        return asked


@unittest.skipIf(CLOCK is None, "PL_CLOCK: the library that sets the clock is not built")
class Clock(unittest.TestCase):
    def start(self, policy=POLICY, extra=""):
        self.ahead = Path(self.enterContext(tempfile.TemporaryDirectory())) / "ahead"
        self.set(0, 0)
        d = Daemon(policy, extra=extra, env={"LD_PRELOAD": CLOCK, "PL_CLOCK_FILE": str(self.ahead),
                                             "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.addCleanup(d.stop)
        return started(d)

    def set(self, wall, monotonic):
        """Both clocks are so many seconds ahead; the file stays the same, as it is mapped."""
        with open(self.ahead, "r+b" if self.ahead.exists() else "w+b") as f:
            f.write(struct.pack("qq", wall, monotonic))

    def test_jumps(self):
        """The wall clock jumps both ways, the monotonic one ahead, as after a pause of the machine: nobody is closed, nothing spins."""
        d = self.start(extra="workers = 2")
        with Crowd(str(d.sock)) as idle, Traffic(str(d.sock)) as traffic:
            idle.grow(20).ask_in_turn()
            for wall, monotonic in ((1, 0), (DAY, 0), (-DAY, 0), (10 * YEAR, 0), (-20 * YEAR, 0), (0, 0), (0, 2000), (0, 30 * DAY),
                                    (YEAR, 2 * YEAR), (0, 3 * YEAR)):
                with self.subTest(wall=wall, monotonic=monotonic):
                    self.set(wall, monotonic)
                    traffic.goes_on()
                    outcome, text = reload(d)
                    self.assertEqual(outcome, "ok")
                    generation = re.match(r"generation (\d+) ", text).group(1)
                    line = d.logged(f"generation {generation} is in force")[0]
                    now = datetime.datetime.fromtimestamp(time.time() + wall)
                    self.assertIn(re.match(r"<\d+>(\w{3} [ \d]\d \d\d:\d\d)", line).group(1),
                                  [(now - datetime.timedelta(minutes=m)).strftime("%b %e %H:%M") for m in range(3)])
                    self.assertEqual(idle.closed_by_peer(), [])
            idle.ask_in_turn()
            self.assertEqual(traffic.broken(), 0)
        before, at = cpu_s(d.process.pid), time.monotonic()
        time.sleep(WINDOW_S)
        self.assertLess((cpu_s(d.process.pid) - before) / (time.monotonic() - at), 0.5)

    def test_idle_connections_outlive_postfix(self):
        """Postfix keeps one for 1,000 seconds at most between sessions; without idle_timeout we keep it for ever, with it as long as
        it says."""
        for extra, kept in (("workers = 1", True), ("workers = 1\nidle_timeout = 1200", False)):
            with self.subTest(extra=extra):
                d = self.start(extra=extra)
                with Crowd(str(d.sock)) as idle, Client(str(d.sock)) as client:
                    idle.grow(20).ask_in_turn()
                    self.set(0, 1100)
                    self.assertEqual(client.ask(OPEN), REJECT)
                    self.assertEqual(idle.closed_by_peer(), [])
                    self.set(0, 1500)
                    self.assertEqual(client.ask(OPEN), REJECT)
                    if kept:
                        idle.ask_in_turn()
                        self.assertEqual((status(d)["connections_closed_idle"], idle.closed_by_peer()), ("0", []))
                    else:
                        until(lambda: len(idle.closed_by_peer()) == 20, "idle connections to be closed")
                        self.assertEqual(status(d)["connections_closed_idle"], "20")
                    self.assertEqual(client.broken, 0)

    def test_a_step_is_told(self):
        """Set by two seconds or more, it is counted; the pause of a machine is no step."""
        d = self.start()
        told = []
        for wall, text in ((DAY, "ahead by 86400 s"), (-DAY, "back by 172800 s"), (-DAY + 3, "ahead by 3 s")):
            self.set(wall, 2000)
            told.append(f"the wall clock was set {text}; answers go on, waivers end by the new date")
            d.logged(re.escape(told[-1]))
        self.assertEqual(status(d)["clock_steps_total"], "3")
        self.assertIn("\npostlatch_clock_steps_total 3\n", d.ctl("metrics")[1])
        self.assertEqual([l.split(": ", 1)[1] for l in d.logged("wall clock")], told)

    def test_the_end_does_not_wait_for_the_wall_clock(self):
        """SIGTERM while a reload hangs, and the wall clock is far from the kernel's: the daemon ends without it."""
        d = self.start(extra="workers = 1")
        self.set(10 * YEAR, 0)
        lines = "\n".join(f"d{i}.example" for i in range(300000))
        (d.dir / "many").write_text(lines + "\n")
        d.write(POLICY + 'domains many { file = "many" }\nrule "r" { recipient = {<many>}  action = "REJECT no" }\n')
        d.process.send_signal(signal.SIGHUP)
        tasks = Path(f"/proc/{d.process.pid}/task")
        until(lambda: any((t / "comm").read_text() == "reload\n" for t in tasks.iterdir()), "the reload")
        with Stopped(d.process.pid, "reload", detach=False) as thread:
            d.process.send_signal(signal.SIGTERM)
            until(lambda: thread.has_ended(), "the end", 60)
            self.assertEqual(d.process.wait(60), 0)

    def test_what_ends_with_a_day(self):
        """A waiver ends when the wall clock passes its date, however it gets there."""
        last = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=100)).date().isoformat()
        d = self.start(POLICY + 'rule "app" { client_address = {203.0.113.0/24}  action = "OK" }\n'
                       f'accept "ticket 12" {{ surface = {{203.0.113.0/24}}  until = "{last}" }}\n')
        with Client(str(d.sock)) as client:
            self.assertEqual(client.ask(OPEN), OK)
            self.set(200 * DAY, 0)
            until(lambda: status(d) and client.ask(OPEN) == REJECT, "the end of the waiver")
            d.logged(f"ticket 12.* ended with {last}: ")
            self.assertEqual(client.broken, 0)


if __name__ == "__main__":
    unittest.main()
