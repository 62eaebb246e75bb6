#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon under a service manager: sockets handed over, word of its state, keep-alives; and its end without one."""
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "blackbox")]

from rig_holder import Manager, launcher, listen
from test_daemon import BIN, OPEN, OURS, POLICY, REJECT, Daemon, free_port, read_all, read_answers, until

DUNNO = b"action=DUNNO\n\n"
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4


class Stopped:
    """One thread of a process, stopped. A signal stops all of them; a debugger can stop one. detach: it goes on behind the with-block."""

    def __init__(self, pid, name, detach=True):
        self.detach = detach
        tasks = Path(f"/proc/{pid}/task")
        self.tid = next(int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == name)

    def __enter__(self):
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            if libc.ptrace(request, self.tid, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(self.tid, WALL)
        return self

    def has_ended(self):
        """With its process; whoever traces it has to look, else the process is not gone either."""
        return os.waitpid(self.tid, WALL | os.WNOHANG)[0] == self.tid

    def __exit__(self, *exc):
        if self.detach:
            libc.ptrace(PTRACE_DETACH, self.tid, 0, 0)


class Case(unittest.TestCase):
    def start(self, held=(), **more):
        """A daemon; held(d): addresses whose sockets it gets, held by us for as long as the test runs."""
        self.sockets = None

        def launch(d):
            if self.sockets is None:
                self.sockets = [a if isinstance(a, socket.socket) else listen(a) for a in held(d)]
                for s in self.sockets:
                    self.addCleanup(s.close)
            return launcher(self.sockets)
        d = Daemon(launch=launch if held else None, **more)
        self.addCleanup(self.end, d)
        return d

    def manager(self, address=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        m = Manager(address or folder.name + "/notify")
        self.addCleanup(m.close)
        return m

    def end(self, d):
        if d.temp is not None and d.dir.exists():
            status = d.process.poll()
            d.stop(expect=0 if status is None else status)

    def term(self, d):
        d.process.send_signal(signal.SIGTERM)
        self.assertEqual(d.process.wait(30), 0)

    def tcp(self, d):
        s = socket.create_connection(("127.0.0.1", d.port), 20)
        self.addCleanup(s.close)
        return s

    def unix(self, d):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(d.sock))
        self.addCleanup(s.close)
        return s


def both(d):
    return [str(d.sock), ("127.0.0.1", d.port)]


class Activation(Case):
    def test_handed_over(self):
        d = self.start(both, args=())  # not -f: who is given sockets stays, as its manager knows its process
        for s in (self.unix(d), self.tcp(d)):
            s.sendall(OURS + OPEN)
            self.assertEqual(read_answers(s, 2), DUNNO + REJECT)
        self.assertIsNone(d.process.poll())
        self.assertEqual([l for l in d.log() if "not handed over" in l], [])

    def test_who_connects_meanwhile_waits(self):
        """Between two runs nobody is refused; who has connected is answered by the next run."""
        d = self.start(both)
        for kill in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=kill):
                with self.unix(d) as s:
                    s.sendall(OURS)
                    self.assertEqual(read_answers(s, 1), DUNNO)
                d.process.send_signal(kill)
                d.process.wait(30)
                self.assertTrue(d.sock.exists())
                waiting = [self.unix(d), self.tcp(d), self.unix(d)]
                for s in waiting:
                    s.sendall(OPEN)
                d.start()
                for s in waiting:
                    self.assertEqual(read_answers(s, 1), REJECT)

    def test_the_backlog_is_left_to_the_next(self):
        """Who is in the queue when the end comes is not taken along: a batch of 16 may be let in still, and is answered."""
        d = self.start(both)
        with self.unix(d) as s:
            s.sendall(OURS)
            read_answers(s, 1)
        d.process.send_signal(signal.SIGSTOP)
        waiting = [self.unix(d) for _ in range(40)] + [self.tcp(d) for _ in range(40)]
        for s in waiting:
            s.sendall(OURS)
        d.process.send_signal(signal.SIGTERM)
        d.process.send_signal(signal.SIGCONT)
        self.assertEqual(d.process.wait(30), 0)
        d.start()
        for s in waiting:
            self.assertEqual(read_answers(s, 1), DUNNO)

    def test_restarts_under_load(self):
        """A client that, as Postfix, asks once more on a new connection is answered throughout, and never refused."""
        d = self.start(both)
        end, trouble, asked = threading.Event(), [], [0] * 4

        def ask(i):
            while not end.is_set():
                for attempt in range(2):
                    try:
                        with self.connection(d, i) as s:
                            for _ in range(20):
                                s.sendall(OPEN)
                                if read_answers(s, 1) != REJECT:
                                    trouble.append("a wrong answer")
                            asked[i] += 1
                            break
                    except (ConnectionResetError, BrokenPipeError, AssertionError) as why:
                        if attempt == 1:
                            trouble.append(f"twice: {why!r}")
                    except OSError as why:
                        trouble.append(repr(why))
        threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for i in range(8):
            before = list(asked)
            until(lambda: all(a > b for a, b in zip(asked, before)), "each client to be answered")
            d.process.send_signal(signal.SIGKILL if i % 2 else signal.SIGTERM)
            d.process.wait(30)
            d.start()
        end.set()
        for t in threads:
            t.join()
        self.assertEqual(trouble, [])

    def connection(self, d, i):
        if i % 2:
            return socket.create_connection(("127.0.0.1", d.port), 20)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(d.sock))
        return s

    def test_only_some(self):
        d = self.start(lambda d: [("127.0.0.1", d.port)])
        for s in (d.connect(), self.tcp(d)):
            s.sendall(OURS)
            self.assertEqual(read_answers(s, 1), DUNNO)
            s.close()
        lines = d.logged("not handed over")
        self.assertEqual([l.split(": ", 1)[1] for l in lines],
                         [f'listen "unix:{d.sock}" was not handed over by the service manager: made here, and closed while '
                          'the daemon is restarted'])
        self.term(d)
        self.assertFalse(d.sock.exists())

    def refused(self, held, env=None):
        """The error with which a start ends."""
        d = self.start(held, env=env)
        self.assertEqual(d.process.wait(30), 1)
        text = d.errors()
        return [l for l in text.replace(str(d.dir), "DIR").replace(str(d.port), "PORT").splitlines() if "handed over" in l
                and "made here" not in l]

    def test_what_is_no_socket_of_ours(self):
        other = listen(("127.0.0.1", 0))
        deaf = socket.socket()
        deaf.bind(("127.0.0.1", 0))
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0postlatch-test-{os.getpid()}")
        abstract.listen()
        null = socket.socket(fileno=None)
        port = other.getsockname()[1]
        head = "postlatchd: descriptor 3, handed over by the service manager"
        unnamed = ('which "listen" does not name (once for each); name it there, or take it out of the socket unit')
        stream = "it is no listening stream socket; expected ListenStream= and Accept=no"
        cases = (
            ("another port", [other], f'postlatchd: the service manager has handed over a socket at "inet:127.0.0.1:{port}", {unnamed}'),
            ("does not listen", [deaf], f"{head}: {stream}"),
            ("datagrams", [datagrams], f"{head}: {stream}"),
            ("abstract", [abstract], f'{head}: its address is none that "listen" could name'),
        )
        for name, sockets, want in cases:
            with self.subTest(name):
                self.assertEqual(self.refused(lambda d, sockets=sockets: sockets), [want])
        with self.subTest("with its name"):
            self.assertEqual(self.refused(lambda d: [other], env={"LISTEN_FDNAMES": "postlatch.socket"}), [
                f'postlatchd: the service manager has handed over a socket at "inet:127.0.0.1:{port}" as "postlatch.socket", {unnamed}'])
        with self.subTest("twice"):
            self.assertEqual(self.refused(lambda d: 2 * [listen(str(d.sock))]), [
                f'postlatchd: the service manager has handed over a socket at "unix:DIR/policy", {unnamed}'])
        null.close()

    def test_both_families(self):
        """[::] is IPv6 alone, however it comes."""
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            conf = os.path.join(folder, "c.conf")
            with open(conf, "w") as f:
                f.write(f'{POLICY}listen = {{"inet:[::]:{port}"}}\ncontrol = "{folder}/control"\nlog {{ socket = "{folder}/log" }}\n')
            try:
                dual = listen(("::", port), v6only=0)
            except OSError:
                self.skipTest("no IPv6")
            with dual:
                front, fds = launcher([dual])
                done = subprocess.run([*front, BIN / "postlatchd", "-f", "-c", conf], pass_fds=fds, capture_output=True, text=True,
                                      timeout=30)
            self.assertEqual((done.returncode, done.stderr), (1, "postlatchd: descriptor 3, handed over by the service manager: it "
                                                              "takes IPv4 too; expected BindIPv6Only=ipv6-only\n"))

    def test_sockets_of_another_process(self):
        """Variables that were inherited say nothing about us."""
        d = self.start(env={"LISTEN_PID": "1", "LISTEN_FDS": "1"})
        with d.connect() as s:
            s.sendall(OURS)
            self.assertEqual(read_answers(s, 1), DUNNO)

    def test_no_number(self):
        d = Daemon.__new__(Daemon)
        with tempfile.TemporaryDirectory() as folder:
            conf = os.path.join(folder, "c.conf")
            with open(conf, "w") as f:
                f.write(f'{POLICY}control = "{folder}/control"\nlog {{ socket = "{folder}/log" }}\n')
            done = subprocess.run(["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=many exec "$0" -f -c "$1"', BIN / "postlatchd", conf],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (1, "postlatchd: LISTEN_FDS: expected a number from 0 to 64\n"))


class End(Case):
    def test_the_backlog_is_answered(self):
        """Without a manager: who has connected when the end comes is let in and answered before the sockets are closed."""
        d = self.start()
        with d.connect() as s:
            s.sendall(OURS)
            read_answers(s, 1)
        d.process.send_signal(signal.SIGSTOP)
        waiting = [self.unix(d) for _ in range(40)] + [self.tcp(d) for _ in range(40)]
        for s in waiting:
            s.sendall(OURS + OPEN)
        d.process.send_signal(signal.SIGTERM)
        d.process.send_signal(signal.SIGCONT)
        for s in waiting:
            self.assertEqual(read_all(s), DUNNO + REJECT)
        self.assertEqual(d.process.wait(30), 0)
        self.assertFalse(d.sock.exists())

    def test_the_end_under_load(self):
        """Whoever gets a connection and asks at once gets an answer; after that, connections are refused."""
        for _ in range(3):
            d = self.start()
            d.connect().close()
            trouble, answered, refused = [], [0] * 4, [0] * 4

            def ask(i):
                while True:
                    s = socket.socket(socket.AF_UNIX if i % 2 else socket.AF_INET)
                    s.settimeout(20)
                    try:
                        s.connect(str(d.sock) if i % 2 else ("127.0.0.1", d.port))
                    except (ConnectionRefusedError, FileNotFoundError):
                        refused[i] += 1
                        s.close()
                        return
                    try:
                        s.sendall(OPEN)
                        if read_answers(s, 1) != REJECT:
                            trouble.append("a wrong answer")
                        answered[i] += 1
                    except (OSError, AssertionError) as why:
                        trouble.append(f"{i}: {why!r}")
                    s.close()
            threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
            for t in threads:
                t.start()
            until(lambda: all(n > 20 for n in answered), "answers")
            self.term(d)
            for t in threads:
                t.join()
            self.assertEqual((trouble, refused), ([], [1, 1, 1, 1]))
            self.end(d)


class Notify(Case):
    def test_ready_reload_stopping(self):
        for address in (None, f"@postlatch-test-{os.getpid()}"):
            with self.subTest(address=address):
                m = self.manager(address)
                d = self.start(args=(), env={"NOTIFY_SOCKET": m.address})
                force = f"STATUS=generation %d of {d.conf} is in force; verdict: safe"
                self.assertEqual(m.wait("READY=1"), ("READY=1\n" + force % 1, 1))
                self.tcp(d)  # listens by now
                self.assertIsNone(d.process.poll())  # and stays in the foreground
                self.assertEqual(d.ctl("reload")[0], 0)
                text, at = m.wait("RELOADING=1", 1)
                self.assertRegex(text, r"\ARELOADING=1\nMONOTONIC_USEC=[0-9]+\n" + re.escape(force % 1) + r"; reloading\Z")
                self.assertLessEqual(int(text.split("\n")[1].split("=")[1]), time.monotonic_ns() // 1000)
                self.assertEqual(m.wait("READY=1", at)[0], "READY=1\n" + force % 2)
                d.write("mod = x\n")
                self.assertEqual(d.ctl("reload")[0], 1)
                _, at = m.wait("RELOADING=1", at + 1)
                text, at = m.wait("READY=1", at)
                self.assertEqual(text, "READY=1\n" + force % 2 + "; the last reload was refused")
                self.term(d)
                self.assertEqual(m.wait("STOPPING=1", at)[0], "STOPPING=1\nSTATUS=ending: what was asked is answered")

    def test_locked(self):
        m = self.manager()
        d = self.start(policy=POLICY + 'on_bad_policy = locked\nrule "r" { client_address = {203.0.113.0/24}  action = "OK" }\n',
                       env={"NOTIFY_SOCKET": m.address})
        self.assertEqual(m.wait("READY=1")[0], f"READY=1\nSTATUS=locked, as {d.conf} is open: nobody may relay")

    def test_not_ready(self):
        """Why there is no start stands in the state; what else goes wrong only in the log. It is never said that an end answers."""
        m = self.manager()
        for policy, verdict in (("mod = x\n", "invalid"),
                                (POLICY + 'rule "r" { client_address = {203.0.113.0/24}  action = "OK" }\n', "open")):
            d = self.start(policy=policy, env={"NOTIFY_SOCKET": m.address})
            self.assertEqual(d.process.wait(30), 2)
            m.wait(f"STATUS=not started, as {d.conf} is {verdict}; run: postlatch check -c {d.conf}")
        with socket.socket(socket.AF_UNIX) as taken:
            d = self.start(env={"NOTIFY_SOCKET": m.address}, policy=POLICY + f'user = "nobody-of-that-name"\n')
            self.assertEqual(d.process.wait(30), 1)
        self.assertEqual([t.split(",")[0] for t in m.messages], ["STATUS=not started"] * 2)

    def test_no_address(self):
        d = self.start(env={"NOTIFY_SOCKET": "vsock:2:1"})
        d.connect().close()
        self.assertEqual([l.split(": ", 1)[1] for l in d.logged("NOTIFY_SOCKET")],
                         ['NOTIFY_SOCKET: "vsock:2:1" is no path and no abstract name (@...); the service manager will not be told '
                          'that we are ready'])

    def test_a_manager_that_is_gone(self):
        """It misses our word; nothing else."""
        m = self.manager()
        d = self.start(env={"NOTIFY_SOCKET": m.address, "WATCHDOG_USEC": "40000"})
        m.wait("READY=1")
        m.close()
        # While it goes, and when it has gone.
        self.assertRegex(d.logged("NOTIFY_SOCKET: cannot tell")[0], "Broken pipe|Connection refused")
        with d.connect() as s:
            s.sendall(OURS)
            self.assertEqual(read_answers(s, 1), DUNNO)


class Watchdog(Case):
    def test_keep_alive(self):
        """It is fed as long as each worker comes back to its loop, and no longer."""
        m = self.manager()
        d = self.start(extra="workers = 3", env={"NOTIFY_SOCKET": m.address, "WATCHDOG_USEC": "100000"})
        _, at = m.wait("READY=1")
        for _ in range(3):
            _, at = m.wait("WATCHDOG=1", at)
        for worker in ("worker-1", "worker-2"):
            with Stopped(d.process.pid, worker):
                d.logged(f"{worker} does not come back to its loop; no keep-alive is sent to the service manager")
                mark = m.mark()
                # The main thread goes on: with a working loop there would be dozens meanwhile.
                for _ in range(50):
                    self.assertEqual(d.ctl("status")[0], 0)
                self.assertEqual(m.messages[mark:], [])
            d.logged("all workers come back to their loops again")
            m.wait("WATCHDOG=1", mark)

    def test_main_thread(self):
        m = self.manager()
        d = self.start(extra="workers = 1", env={"NOTIFY_SOCKET": m.address, "WATCHDOG_USEC": "100000"})
        _, at = m.wait("WATCHDOG=1", m.wait("READY=1")[1])
        with d.connect() as s:
            s.sendall(OURS)
            read_answers(s, 1)
            with Stopped(d.process.pid, "postlatchd"):
                mark = m.mark()
                for _ in range(2000):
                    s.sendall(OURS)
                    self.assertEqual(read_answers(s, 1), DUNNO)
                self.assertEqual(m.messages[mark:], [])
            m.wait("WATCHDOG=1", mark)

    def test_of_another_process(self):
        m = self.manager()
        d = self.start(env={"NOTIFY_SOCKET": m.address, "WATCHDOG_USEC": "4000", "WATCHDOG_PID": "1"})
        m.wait("READY=1")
        for _ in range(20):
            self.assertEqual(d.ctl("status")[0], 0)
        self.assertEqual([t for t in m.messages if "WATCHDOG" in t], [])


if __name__ == "__main__":
    unittest.main()
