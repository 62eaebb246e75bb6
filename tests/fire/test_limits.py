#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Descriptors that run out, and what comes of max_connections. Runs alone, as test_daemon.py."""
import os
import resource
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import Crowd, Daemon, behind, cpu_s, descriptors, reload, started, status, until  # noqa: E402

WINDOW_S = 1.0  # over which CPU time is measured: spinning takes all of it


def limit(d, which, soft):
    """Another limit for the running daemon; the hard one stays."""
    hard = resource.prlimit(d.process.pid, which)[1]
    resource.prlimit(d.process.pid, which, (hard if soft is None else soft, hard))


def exhaust(d):
    """From now on the daemon gets no further descriptor."""
    taken = {int(n) for n in os.listdir(f"/proc/{d.process.pid}/fd")}
    limit(d, resource.RLIMIT_NOFILE, next(n for n in range(len(taken) + 1) if n not in taken))


def load(d):
    """CPU time over time that has passed, for a while."""
    before, at = cpu_s(d.process.pid), time.monotonic()
    time.sleep(WINDOW_S)
    return (cpu_s(d.process.pid) - before) / (time.monotonic() - at)


class Descriptors(unittest.TestCase):
    def setUp(self):
        self.d = Daemon(extra="workers = 2")
        started(self.d)
        self.before = descriptors(self.d.process.pid)

    def tearDown(self):
        self.d.stop()

    def fill(self, crowd):
        """Twenty connections, and then no descriptor more."""
        crowd.grow(20).ask_in_turn()
        until(lambda: descriptors(self.d.process.pid) <= self.before + 20, "control connections to be gone")
        exhaust(self.d)

    def test_policy_sockets(self):
        """Nobody is let in any more: whoever is in is served, nothing spins, it is logged and counted, and ends by itself."""
        with Crowd(str(self.d.sock)) as inside, Crowd(str(self.d.sock)) as outside:
            self.assertEqual(status(self.d)["accept_pauses_total"], "0")
            self.fill(inside)
            outside.grow(5)
            inside.ask_in_turn()
            self.d.logged(r"cannot accept at unix:\S+: Too many open files; trying again every 100 ms$")
            self.assertLess(load(self.d), 0.5)
            inside.ask_in_turn()
            limit(self.d, resource.RLIMIT_NOFILE, None)
            outside.ask_in_turn()
            self.assertGreater(int(status(self.d)["accept_pauses_total"]), 0)

    def test_control_socket(self):
        with Crowd(str(self.d.sock)) as inside, Crowd(str(self.d.dir / "control")) as waiting:
            self.fill(inside)
            waiting.grow(1)
            self.d.logged("control: cannot accept: Too many open files; trying again every 100 ms$")
            self.assertLess(load(self.d), 0.5)
            inside.ask_in_turn()
            limit(self.d, resource.RLIMIT_NOFILE, None)
            waiting.sockets[0].sendall(b"postlatch/1 status\n")
            self.assertTrue(waiting.sockets[0].recv(100).startswith(b"postlatch/1 ok\n"))


class FewDescriptors(unittest.TestCase):
    def test_the_limit_holds_back_connections(self):
        """What does not fit into the limit is like max_connections: the idlest goes, and reload and status still have theirs."""
        d = Daemon(extra="workers = 1", launch=behind("prlimit", "--nofile=100:100"))
        try:
            started(d)
            d.logged("max_connections = 10000 does not fit into the limit of 100 open files; at most 64 connections are accepted$")
            with Crowd(str(d.sock)) as crowd, Crowd(str(d.sock)) as more:
                crowd.grow(64).ask_in_turn()  # all are sessions before the order counts
                crowd.ask_in_turn()
                self.assertEqual(reload(d)[0], "ok")
                more.grow(10).ask_in_turn()
                self.assertEqual(reload(d)[0], "ok")
                self.assertEqual(crowd.closed_by_peer(), list(range(10)))
                got = status(d)
                self.assertEqual((got["connections"], got["connections_closed_at_limit"], got["accept_pauses_total"]),
                                 ("64", "10", "0"))
                crowd.ask_in_turn(crowd.sockets[10:])
        finally:
            d.stop()


if __name__ == "__main__":
    unittest.main()
