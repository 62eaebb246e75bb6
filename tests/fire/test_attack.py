#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who means harm costs himself, not his neighbours: slow senders, peers that never read, half a request, floods of connections, text
that would forge the log, hostile control clients. Runs alone, as test_daemon.py; figures are published, no time is asserted."""
import json
import multiprocessing
import os
import random
import re
import resource
import socket
import string
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import (BIN, DUNNO, HEAD, OPEN, OURS, Client, Crowd, Daemon, Traffic, check_due, cpu_s, descriptors, figure,  # noqa: E402
                 private_kib, raise_limits, read_answers, reload, sanitized, size, started, status, tcp, until)

WINDOW_S = 1.0  # over which CPU time is measured: spinning takes all of it
LONG = HEAD + b"helo_name=" + b"x" * 60000  # a request whose end does not come


def trickle(address, n, ready, go, stop, got):
    """A process: n connections, each of which sends a byte of a request now and then, all of them 2,000 a second, while `go` says so."""
    raise_limits()
    with Crowd(address) as crowd:
        crowd.grow(n)
        ready.value, sent = 1, 0
        while not stop.value:
            if go.value:
                crowd.sockets[sent % n].sendall(LONG[sent // n % len(LONG):][:1])
                sent += 1
            time.sleep(0.0005)
        for s in crowd.sockets:
            s.setblocking(False)
            try:
                got.value += len(s.recv(100))
            except BlockingIOError:
                pass


class Slow(unittest.TestCase):
    def setUp(self):
        raise_limits()
        self.d = started(Daemon(extra="workers = 2\nmax_connections = 19000", log="decisions = none"))

    def tearDown(self):
        self.d.stop()

    def honest(self):
        """p50 and p99 in microseconds of 16 clients that ask 1,000 times a second together; all are answered."""
        done = subprocess.run([BIN / "postlatch", "bench", "--json", "--socket", f"unix:{self.d.sock}", "--connections", "16",
                               "--seconds", "1", "--rate", "1000"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        latency = json.loads(done.stdout)["latency_us"]
        return latency["p50"], latency["p99"]

    def test_a_byte_at_a_time(self):
        """Quiet and under attack in turn, so that what else the machine does weighs on both."""
        n, rounds = size(1000, 5000), {0: [], 1: []}
        ready, go, stop, got = (multiprocessing.Value("i", 0) for _ in range(4))
        child = multiprocessing.Process(target=trickle, args=(str(self.d.sock), n, ready, go, stop, got))
        before = private_kib(self.d.process.pid)
        child.start()
        try:
            until(lambda: ready.value, "the attack", 60)
            for turn in range(size(2, 30)):
                go.value = turn % 2
                rounds[turn % 2].append(self.honest())
            until(lambda: private_kib(self.d.process.pid) > before, "something to be kept")
            took = private_kib(self.d.process.pid) - before
            with Client(str(self.d.sock)) as client:
                check_due(client)
        finally:
            stop.value = 1
            child.join(60)
        self.assertEqual((child.exitcode, got.value), (0, 0))
        quiet, attack = (tuple(sorted(r[i] for r in rounds[k])[len(rounds[k]) // 2] for i in (0, 1)) for k in (0, 1))
        figure(f"16 honest clients beside {n} that send a byte at a time", f"p50 {attack[0]} µs, p99 {attack[1]} µs; while these "
               f"are silent {quiet[0]} and {quiet[1]} µs (medians of {len(rounds[0])} seconds each, in turn)")
        figure(f"private memory that each of {n} slow senders took", f"{1024 * took // n} bytes")
        until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")

    def test_half_a_request(self):
        """What unfinished requests take is bounded and given back: the second and third wave take no more than the first."""
        peaks = []
        for _ in range(3):
            with Crowd(str(self.d.sock)) as crowd, Client(str(self.d.sock)) as honest:
                for s in crowd.grow(size(100, 1000)).sockets:
                    s.sendall(LONG)
                check_due(honest, 10)
                peaks.append(private_kib(self.d.process.pid))
                self.assertEqual((honest.broken, crowd.closed_by_peer()), (0, []))
            until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")
        if not sanitized(self.d):
            self.assertLess(peaks[2], peaks[0] + 1024)
            self.assertLess(1024 * peaks[2], size(100, 1000) * 70000 + 20_000_000)

    def test_a_peer_that_never_reads(self):
        """It gets no more than its socket and one turn hold; nothing spins for it, and its neighbours are served."""
        with Crowd(str(self.d.sock)) as deaf, Crowd(str(self.d.sock)) as honest:
            honest.grow(16)
            for s in deaf.grow(50).sockets:
                s.setblocking(False)
                try:
                    while True:
                        s.send(OPEN * 100)
                except BlockingIOError:
                    pass
                honest.ask_in_turn()
            before, at = cpu_s(self.d.process.pid), time.monotonic()
            time.sleep(WINDOW_S)
            self.assertLess((cpu_s(self.d.process.pid) - before) / (time.monotonic() - at), 0.5)
            honest.ask_in_turn()
            self.assertEqual(deaf.closed_by_peer(), [])
        until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")

    def test_many_requests_at_once(self):
        """Who sends thousands at once gets his answers between those of others."""
        with Crowd(str(self.d.sock)) as greedy, Crowd(str(self.d.sock)) as honest:
            honest.grow(16)
            children = []
            for s in greedy.grow(4).sockets:
                child = multiprocessing.Process(target=ask_much, args=(s, size(20, 200)))
                child.start()
                children.append(child)
            while any(c.is_alive() for c in children):
                honest.ask_in_turn()
            self.assertEqual([c.exitcode for c in children], [0] * 4)


def ask_much(s, times):
    for _ in range(times):
        s.sendall(OURS * 300)
        if read_answers(s, 300) != DUNNO * 300:
            raise AssertionError("a wrong answer")


class Floods(unittest.TestCase):
    def setUp(self):
        self.d = started(Daemon(extra="workers = 2"))

    def tearDown(self):
        self.d.stop()

    def test_connections_that_come_and_go(self):
        """Closed, half closed and reset at once, in the thousands, at both sockets: nobody else notices, nothing is left."""
        before = descriptors(self.d.process.pid)
        with Traffic(str(self.d.sock)) as traffic:
            for n in range(size(600, 6000)):
                for address in (str(self.d.sock), tcp(self.d)):
                    with Crowd(address) as one:
                        s = one.grow(1).sockets[0]
                        if n % 3 == 1:
                            s.shutdown(socket.SHUT_WR)
                        elif n % 3 == 2 and address != str(self.d.sock):
                            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        if n % 2:
                            try:
                                s.sendall(OURS[:n % len(OURS)])
                            except BrokenPipeError:
                                pass  # of the half that shut down before
                if n % 200 == 0:
                    traffic.goes_on(1)
                    self.assertEqual(reload(self.d)[0], "ok")
            traffic.goes_on()
            self.assertEqual(traffic.broken(), 0)
        until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")
        until(lambda: descriptors(self.d.process.pid) <= before, "descriptors to be given back")

    def test_text_that_would_forge_the_log(self):
        """Any byte in any attribute: a line for each request, printable ASCII, with the same fields in the same order."""
        fields = ["action", "rule", "client", "name", "helo", "sasl", "from", "to", "state", "server", "instance", "queue_id",
                  "generation", "us"]
        names = (b"client_address client_name reverse_client_name helo_name sasl_username sender recipient protocol_state server_address "
                 b"server_port instance queue_id").split()
        r, wanted = random.Random(6), 0
        values = [bytes(range(1, 10)) + bytes(range(11, 128)), bytes(range(128, 256)), b" action=OK rule=x client=192.0.2.1",
                  b"x\rdecision action=OK", b"\x1b[2Jx", b"\xe2\x80\xa8x", b'"} {"action":"OK"', b"=", b" ", b"%s%n", b"\\n", b"<>", b"-"]
        values += [bytes(r.choice(string.printable.replace("\n", "").encode()) for _ in range(r.randrange(40))) for _ in range(20)]
        with Crowd(str(self.d.sock)) as one:
            s = one.grow(1).sockets[0]
            for name in names:
                for value in values:
                    s.sendall(b"request=smtpd_access_policy\n" + (b"" if name == b"protocol_state" else b"protocol_state=RCPT\n")
                              + name + b"=" + value + b"\n\n")
                    read_answers(s, 1)
                    wanted += 1
        lines = until(lambda: [l for l in self.d.log() if ": decision " in l][:wanted + 1][wanted - 1:] and self.d.log(), "all lines")
        decisions = [l for l in lines if ": decision " in l]
        self.assertEqual(len(decisions), wanted)
        for line in lines:
            self.assertRegex(line, r"^<\d+>[ -~]+$")
            self.assertRegex(line, r"^<\d+>\w{3} [ \d]\d \d\d:\d\d:\d\d postlatchd\[\d+\]: ")
        for line in decisions:
            words = line.split(": decision ", 1)[1].split(" ")
            self.assertEqual([w.split("=", 1)[0] for w in words], fields, line)


class Control(unittest.TestCase):
    def setUp(self):
        self.d = started(Daemon(extra="workers = 2"))
        self.control = str(self.d.dir / "control")

    def tearDown(self):
        self.d.stop()

    def test_hostile_clients(self):
        """Silent, slow, deaf, half closed, rubbish, thousands: at most sixteen are held, for five seconds; nobody else notices."""
        before = descriptors(self.d.process.pid)
        with Traffic(str(self.d.sock)) as traffic:
            with Crowd(self.control) as silent:
                silent.grow(16)
                until(lambda: descriptors(self.d.process.pid) >= before + 16, "sixteen clients")
                with Crowd(self.control) as more:
                    self.assertEqual(more.grow(1).sockets[0].recv(10), b"")
                self.d.logged("<20>.*control: more than 16 clients at once; one is turned away$")
                for s in silent.sockets[:8]:
                    s.sendall(b"postlatch/1 sta")
                traffic.goes_on()
                for s in silent.sockets:  # the daemon's patience ends, also with those that have begun
                    self.assertEqual(s.recv(10), b"")
            for n in range(size(1000, 5000)):
                with Crowd(self.control) as one:
                    s = one.grow(1).sockets[0]
                    try:
                        s.sendall((b"", b"\0" * 100, b"x" * 500, b"postlatch/1 status\n", b"postlatch/1 re", b"postlatch/1 reload\n")[n % 6])
                        if n % 2:
                            s.shutdown(socket.SHUT_WR)
                    except (BrokenPipeError, ConnectionResetError):
                        pass
            traffic.goes_on()
            self.assertEqual(traffic.broken(), 0)
        self.assertEqual(status(self.d)["troubles_total"], "0")
        until(lambda: descriptors(self.d.process.pid) <= before, "descriptors to be given back")

    def test_a_client_that_never_reads(self):
        """It asks for a report that is larger than its socket holds, and does not take it: five seconds, and it is gone."""
        before = descriptors(self.d.process.pid)
        self.d.write("".join(f'rule "{"r" * 60}" {{ mistake{n}{"x" * 3000} = {{any}} }}\n' for n in range(200)))
        with Crowd(self.control) as deaf, Traffic(str(self.d.sock)) as traffic:
            for s in deaf.grow(3).sockets:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                s.sendall(b"postlatch/1 reload\n")
            traffic.goes_on()
            until(lambda: descriptors(self.d.process.pid) <= before + 2, "the clients to be gone")
            self.assertEqual(traffic.broken(), 0)


if __name__ == "__main__":
    unittest.main()
