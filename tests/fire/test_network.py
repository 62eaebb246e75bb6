#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A bad network between Postfix and the daemon: packets lost, a narrow line, a slow one, one that is cut: no wrong answer, and all is
well as soon as the network is. Runs alone as root, as test_daemon.py.

The client side is a network namespace, joined by a pair of virtual cards to another one, in which the daemon runs. nftables loses
packets, tbf narrows the line; for delay and cut a relay of the test's own stands between (not every kernel has netem)."""
import ctypes
import os
import random
import re
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest
from collections import deque
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import DUE, Client, Daemon, behind, figure, reload, size, started, status, tcp, until  # noqa: E402

CLONE_NEWNET = 0x40000000
SERVER, CLIENT = "10.71.0.1", "10.71.0.2"
PORT = 10071
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr}")


class Namespaces:
    """Two network namespaces with a line between them."""

    def __init__(self):
        self.server, self.client = f"pl-fire-{os.getpid()}-s", f"pl-fire-{os.getpid()}-c"

    def __enter__(self):
        try:
            for name in (self.server, self.client):
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", self.server, "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", self.client)
            for name, address in ((self.server, SERVER), (self.client, CLIENT)):
                run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "line")
                run("ip", "-n", name, "link", "set", "line", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        for name in (self.server, self.client):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def lose(self, percent):
        """On both sides, of what comes in."""
        for name in (self.server, self.client):
            run("ip", "netns", "exec", name, "nft", "-f", "-", text="add table inet fire\nflush table inet fire\n")
            if percent:
                run("ip", "netns", "exec", name, "nft", "-f", "-", text="table inet fire {\n chain in {\n  type filter hook input "
                    f"priority 0;\n  iifname \"line\" numgen random mod 100 < {percent} drop\n }}\n}}\n")

    def narrow(self, rate):
        for name in (self.server, self.client):
            run("tc", "-n", name, "qdisc", "replace", "dev", "line", "root", "tbf", "rate", rate, "burst", "2k", "latency", "200ms")

    def inside(self, work):
        """Runs work() in a thread that is in the client's namespace; its result."""
        result = []

        def thread():
            with open(f"/run/netns/{self.client}", "rb") as f:
                if LIBC.setns(f.fileno(), CLONE_NEWNET) != 0:
                    result.append(OSError(ctypes.get_errno(), "setns"))
                    return
            try:
                result.append(work())
            except (AssertionError, OSError) as why:
                result.append(why)
        t = threading.Thread(target=thread)
        t.start()
        t.join()
        if isinstance(result[0], BaseException):
            raise result[0]
        return result[0]


def ask_beside(clients, rounds):
    """Each client asks that often, all at once, whatever the network does; how many connections broke."""
    def work(client, number):
        try:
            for n in range(rounds):
                request, due = DUE[(n + number) % len(DUE)]
                got = client.ask(request)
                if got != due:
                    wrong.append(f"{request!r}: {got!r} instead of {due!r}")
        except (AssertionError, OSError) as why:
            wrong.append(repr(why))
    wrong = []
    threads = [threading.Thread(target=work, args=(c, i)) for i, c in enumerate(clients)]
    for t in threads:
        t.start()  # in the namespace of the thread that starts them
    for t in threads:
        t.join()
    if wrong:
        raise AssertionError(wrong[:10])
    return sum(c.broken for c in clients)


class Remote(Daemon):
    """Listens where the other namespace comes in."""

    def write(self, policy):
        self.tail = re.sub(r"inet:127\.0\.0\.1:\d+", f"inet:{SERVER}:{PORT}", self.tail)
        super().write(policy)


@unittest.skipIf(os.getuid() != 0, "not root")
class Line(unittest.TestCase):
    def setUp(self):
        self.line = self.enterContext(Namespaces())
        self.d = Remote(extra="workers = 2", launch=behind("ip", "netns", "exec", self.line.server))
        self.addCleanup(self.d.stop)
        started(self.d)

    def ask(self, rounds):
        clients = [Client((SERVER, PORT), patience=10, gives_up=True) for _ in range(8)]
        try:
            return self.line.inside(lambda: ask_beside(clients, rounds))
        finally:
            for c in clients:
                c.close()

    def well(self):
        """As on any day: nothing breaks; nothing of before is left."""
        self.assertEqual(self.ask(20), 0)
        until(lambda: status(self.d)["connections"] == "0", "all connections to be gone", 120)

    def test_loss(self):
        self.well()
        for percent, rounds in ((2, size(20, 200)), (10, size(20, 200)), (30, size(3, 20))):
            self.line.lose(percent)
            figure(f"{8 * rounds} requests, {percent} % of packets lost each way",
                   f"all answered as is due; {self.ask(rounds)} connections given up after 10 s")
        self.line.lose(0)
        self.well()

    def test_narrow(self):
        self.line.narrow("128kbit")
        self.ask(size(15, 100))
        self.line.narrow("1gbit")
        self.well()


class Relay(threading.Thread):
    """Between a client and the daemon: hands on what it gets, later, in pieces, or not at all for a while."""

    def __init__(self, to):
        super().__init__()
        self.to, self.delay_s, self.cut, self.reset, self.stop = to, 0.0, False, False, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.waiting, self.other, self.random = deque(), {}, random.Random(6)
        self.start()

    def run(self):
        while not self.stop:
            for key, _ in [] if self.cut else self.selector.select(0.002):
                self.accept() if key.fileobj is self.listener else self.read(key.fileobj)
            if self.cut:
                time.sleep(0.002)
            if self.reset:
                for s in list(self.other):
                    self.drop(s)
                self.reset = False
            while not self.cut and self.waiting and self.waiting[0][0] <= time.monotonic():
                _, s, data = self.waiting.popleft()
                self.send(s, data)
        for s in [*self.other, self.listener]:
            s.close()

    def accept(self):
        client, server = self.listener.accept()[0], socket.create_connection(self.to)
        self.other[client], self.other[server] = server, client
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(s, selectors.EVENT_READ)

    def read(self, s):
        try:
            data = s.recv(65536)
        except OSError:
            data = b""
        while data:  # in pieces, each later than the one before
            n = self.random.randrange(1, 80)
            self.waiting.append((time.monotonic() + self.delay_s, self.other[s], data[:n]))
            data = data[n:]
            if not data:
                return
        self.drop(s)

    def send(self, s, data):
        try:
            if s in self.other:
                s.sendall(data)
        except OSError:
            self.drop(s)

    def drop(self, s):
        for one in (s, self.other.get(s)):
            if one in self.other:
                del self.other[one]
                self.selector.unregister(one)
                one.close()

    def end(self):
        self.stop = True
        self.join()


class Broken(unittest.TestCase):
    def setUp(self):
        self.d = started(Daemon(extra="workers = 2"))
        self.addCleanup(self.d.stop)
        self.relay = Relay(tcp(self.d))
        self.addCleanup(self.relay.end)

    def test_delay(self):
        self.relay.delay_s = 0.02
        self.assertEqual(ask_beside([Client(self.relay.address) for _ in range(8)], size(20, 200)), 0)

    def test_cut(self):
        """Nothing comes through for a while, in the middle of requests; whoever waits gets the answer that is due."""
        for resets in (False, True):
            with self.subTest(resets=resets):
                clients = [Client(self.relay.address, patience=120) for _ in range(8)]
                asking = threading.Thread(target=lambda: broken.append(ask_beside(clients, size(100, 1000))))
                broken = []
                asking.start()
                until(lambda: all(c.socket for c in clients), "all clients to be connected")
                self.relay.cut = True
                self.relay.reset = resets
                time.sleep(size(2, 30))
                self.assertEqual(reload(self.d)[0], "ok")  # and who does not come that way is served
                with Client(str(self.d.sock)) as other:
                    self.assertEqual(other.ask(DUE[0][0]), DUE[0][1])
                self.relay.cut = False
                asking.join(120)
                self.assertEqual(len(broken), 1, "not answered")
                self.assertGreaterEqual(broken[0], 1) if resets else self.assertEqual(broken[0], 0)
                for c in clients:
                    c.close()
        until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")


if __name__ == "__main__":
    for tool in ("ip", "tc", "nft"):
        if shutil.which(tool) is None:
            print(f"SKIP: no {tool}", file=sys.stderr)
            sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
