#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Thousands of connections, and how workers share them. Runs alone, as test_daemon.py; tests/long takes as many as a process may have.

A worker's sessions are the descriptors that its epoll watches: the kernel tells them in /proc/PID/fdinfo."""
import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import (BIN, OURS, Attached, Client, Crowd, Daemon, behind, check_due, figure, private_kib, raise_limits, size, started, status,  # noqa: E402
                 tcp, until)

LEFT = 200  # descriptors of this process beside its connections


def watched(d):
    """For each thing that epolls, the descriptors that it watches: {epoll's number: {watched numbers}}."""
    found = {}
    for path in Path(f"/proc/{d.process.pid}/fdinfo").iterdir():
        numbers = re.findall(r"(?m)^tfd:\s+(\d+)", path.read_text())
        if numbers:
            found[int(path.name)] = {int(n) for n in numbers}
    return found


def open_sockets(d):
    """The descriptors that are sockets; an epoll may list one that is closed until it next looks."""
    here = f"/proc/{d.process.pid}/fd"
    return {int(n) for n in os.listdir(here) if os.readlink(f"{here}/{n}").startswith("socket:")}


def sessions(d, before):
    """How many new sockets since `before` each worker has: a list, and {descriptor: worker}."""
    place = {n: epoll for epoll, numbers in watched(d).items() for n in numbers if n in open_sockets(d) - before}
    return sorted(list(place.values()).count(epoll) for epoll in set(place.values())), place


class Many(unittest.TestCase):
    def busy(self, d):
        """CPU time of a request in microseconds, of 64 busy connections."""
        done = subprocess.run([BIN / "postlatch", "bench", "--json", "--socket", f"unix:{d.sock}", "--connections", "64",
                               "--seconds", "1", "--pid", str(d.process.pid)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["cpu_us"]

    def test_active_in_turn(self):
        n = min(size(2000, 10000), raise_limits() - LEFT)
        for name, where in (("Unix", lambda d: str(d.sock)), ("TCP", tcp)):
            d = Daemon(extra="workers = 2\nmax_connections = 19000", log="decisions = none")
            try:
                started(d)
                with Crowd(where(d)) as crowd:
                    empty = private_kib(d.process.pid)
                    crowd.grow(n).ask_in_turn()
                    figure(f"private memory of a connection, {n} over {name}",
                           f"{1024 * (private_kib(d.process.pid) - empty) // n} bytes")
                    for _ in range(2):
                        crowd.ask_in_turn()
                    crowd.ask_at_once()
                    got = status(d)
                    self.assertEqual((got["connections"], got["connections_closed_at_limit"], got["troubles_total"]), (str(n), "0", "0"))
                until(lambda: status(d)["connections"] == "0", "all connections to be gone")
            finally:
                d.stop()

    def test_idle_beside_busy(self):
        """Two daemons, measured in turn: one has thousands of idle connections beside the busy ones, the other has none."""
        n = min(size(4000, 18000), raise_limits() - LEFT)
        extra = "workers = 1\nmax_connections = 19000"
        crowded, alone = (Daemon(extra=extra, log="decisions = none") for _ in range(2))
        self.addCleanup(alone.stop)
        self.addCleanup(crowded.stop)
        started(alone)
        with Crowd(str(started(crowded).sock)) as crowd:
            crowd.grow(n).ask_in_turn()
            rounds = [(self.busy(crowded), self.busy(alone)) for _ in range(size(1, 15))]
            crowd.ask_in_turn()
            self.assertEqual(status(crowded)["connections_closed_at_limit"], "0")
        until(lambda: status(crowded)["connections"] == "0", "all connections to be gone")
        ratios = sorted(a / b for a, b in rounds)
        figure(f"CPU time of a request of 64 busy connections beside {n} idle ones, over that of the 64 alone",
               f"{min(a for a, _ in rounds) / min(b for _, b in rounds):.3f} (the least of {len(rounds)} rounds each; ratios within "
               f"a round: median {ratios[len(ratios) // 2]:.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f})")


class Workers(unittest.TestCase):
    def test_spread_and_never_moved(self):
        """Over Unix and TCP in turn: no worker has one more than its share; a session that others leave stays where it is."""
        d = Daemon(extra="workers = 4", log="decisions = none")
        try:
            started(d)
            until(lambda: len(watched(d)) == 5, "the workers")
            before = open_sockets(d)
            with Crowd(str(d.sock)) as unix, Crowd(tcp(d)) as inet:
                for _ in range(50):
                    unix.grow(1).ask_in_turn(unix.sockets[-1:])
                    inet.grow(1).ask_in_turn(inet.sockets[-1:])
                counts, place = sessions(d, before)
                self.assertEqual(counts, [25, 25, 25, 25])
                for _ in range(20):
                    unix.ask_at_once()
                    inet.ask_in_turn()
                unix.close()
                until(lambda: status(d)["connections"] == "50", "the Unix sockets to be gone")
                for _ in range(20):
                    inet.ask_in_turn()
                left = sessions(d, before)[1]
                self.assertEqual(left, {n: place[n] for n in left})
                # Half of each worker's are gone by now; new ones go to those that have fewer.
                unix.grow(50).ask_in_turn()
                self.assertEqual(sessions(d, before)[0], [25, 25, 25, 25])
        finally:
            d.stop()

    def test_one_a_processor(self):
        """workers = 0: one for each processor that we may use, not for each that there is."""
        for processors in sorted({1, len(os.sched_getaffinity(0))}):
            allowed = ",".join(str(n) for n in sorted(os.sched_getaffinity(0))[:processors])
            d = Daemon(extra="workers = 0", launch=behind("taskset", "-c", allowed))
            try:
                started(d)
                self.assertEqual(status(d)["workers"], str(processors))
                names = [p.read_text().strip() for p in Path(f"/proc/{d.process.pid}/task").glob("*/comm")]
                self.assertEqual(sorted(n for n in names if n.startswith("worker-")), [f"worker-{i}" for i in range(processors)])
            finally:
                d.stop()


class Limit(unittest.TestCase):
    def test_the_idlest_goes(self):
        """Of whatever worker: in the order in which they asked last; counted, and logged once a second."""
        d = Daemon(extra="max_connections = 40\nworkers = 4")
        try:
            started(d)
            with Crowd(str(d.sock)) as crowd, Crowd(tcp(d)) as more:
                crowd.grow(40).ask_in_turn()  # all are sessions before the order counts
                order = [i for k in range(7) for i in range(k, 40, 7)]
                for i in order:  # each by itself, so that no two asked in the same wake-up
                    crowd.ask_in_turn([crowd.sockets[i]])
                for n in range(1, 21):
                    more.grow(1)
                    more.ask_in_turn(more.sockets[-1:])
                    self.assertEqual(crowd.closed_by_peer(), sorted(order[:n]))
                got = status(d)
                self.assertEqual((got["connections"], got["connections_closed_at_limit"]), ("40", "20"))
                crowd.ask_in_turn([crowd.sockets[i] for i in order[20:]])
                lines = d.logged("max_connections = 40 is reached")
                self.assertRegex(lines[0], r"<20>.* max_connections = 40 is reached: closing the idlest, peer=uid:\d+,pid:\d+ "
                                 r"listener=unix:\S+ idle_s=\d+ \(0 before it were not logged\)$")
                self.assertLess(len(lines), 10)
        finally:
            d.stop()

    def test_who_has_just_been_answered_is_not_idle(self):
        """Nor when its worker is held up right behind the answer: strace keeps it there for a while."""
        d = Daemon(extra="max_connections = 2\nworkers = 2")
        try:
            started(d)
            with Crowd(str(d.sock)) as crowd, Crowd(str(d.sock)) as new:
                crowd.grow(2).ask_in_turn()
                crowd.ask_in_turn(crowd.sockets[1:])
                crowd.ask_in_turn(crowd.sockets[:1])
                with Attached(d.process.pid, "sendto:delay_exit=1000000"):
                    crowd.ask_in_turn(crowd.sockets[1:])
                    new.grow(1).ask_in_turn()
                self.assertEqual(crowd.closed_by_peer(), [0])
        finally:
            d.stop()

    def test_who_asks_a_byte_at_a_time_is_idle(self):
        d = Daemon(extra="max_connections = 10\nworkers = 1")
        try:
            started(d)
            with Crowd(str(d.sock)) as slow, Crowd(str(d.sock)) as crowd, Client(str(d.sock)) as new:
                slow.grow(1)
                crowd.grow(9).ask_in_turn()
                for byte in OURS[:40]:
                    slow.sockets[0].sendall(bytes([byte]))
                    crowd.ask_in_turn()
                check_due(new)
                self.assertEqual((slow.closed_by_peer(), crowd.closed_by_peer(), new.broken), ([0], [], 0))
        finally:
            d.stop()


if __name__ == "__main__":
    unittest.main()
