# SPDX-License-Identifier: BSD-2-Clause
"""What the tests under fire share: the daemon of tests/protocol, a client that does as Postfix does, crowds of connections."""
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "protocol"))
from test_daemon import BIN, HEAD, OPEN, OURS, POLICY, REJECT, RELAY, Daemon, free_port, read_answers, until  # noqa: E402,F401

DUNNO, OK = b"action=DUNNO\n\n", b"action=OK\n\n"
DUE = ((OURS, DUNNO), (RELAY, OK), (OPEN, REJECT))
FULL = os.environ.get("PL_FIRE_FULL") == "1"  # as tests/long sets it


def size(short, full):
    """How many: fewer in every run of the tests than in tests/long."""
    return full if FULL else short


def figure(name, value):
    """A line for docs/reliability.md; ctest -V shows it."""
    print(f"figure: {name}: {value}", flush=True)


def behind(*front):
    """For Daemon's launch: a program that starts the daemon in its own place."""
    return lambda d: (front, ())


def raise_limits():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def cpu_s(pid):
    """CPU time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_kib(pid, name="VmRSS"):
    return int(re.search(rf"(?m)^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()).group(1))


def private_kib(pid):
    """Memory that no other process shares; that of the kernel, for sockets, is not in it."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"(?m)^Private_(?:Clean|Dirty):\s+(\d+) kB", text))


def sanitized(d):
    """Whether the daemon was built with a sanitizer: slower, with memory of its own, in all the address space there is."""
    return memory_kib(d.process.pid, "VmSize") > 1 << 30


def control(d, line, timeout=60):
    """One command; the outcome, and the text behind it. Both are empty if the daemon has turned us away, or has no such socket yet."""
    data = b""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        try:
            s.connect(str(d.dir / "control"))
            s.sendall(line)
            while got := s.recv(65536):
                data += got
        except (BrokenPipeError, ConnectionResetError, FileNotFoundError, ConnectionRefusedError):
            pass
    first, _, rest = data.decode().partition("\n")
    return first.removeprefix("postlatch/1 "), rest


def status(d):
    """The daemon's own account of itself; while it has too many control clients it is asked again."""
    outcome, text = until(lambda: [r for r in [control(d, b"postlatch/1 status\n")] if r[0]], "room for a control client")[0]
    if outcome != "ok":
        raise AssertionError(f"status: {outcome}: {text}")
    return dict(line.split("=", 1) for line in text.splitlines())


def started(d):
    """The same daemon, when it answers and nobody is connected."""
    d.connect().close()
    until(lambda: status(d)["connections"] == "0", "the first connection to be gone")
    return d


def reload(d):
    return control(d, b"postlatch/1 reload\n")


def tcp(d):
    """The address of the daemon's TCP socket."""
    return "127.0.0.1", d.port


class Client:
    """Asks as Postfix does: one request at a time; when the connection breaks, the same request on a new one. A wait of `patience`
    seconds is an error, or with gives_up a connection that broke."""

    def __init__(self, address, patience=60, gives_up=False):
        self.address, self.patience, self.gives_up, self.socket, self.broken = address, patience, gives_up, None, 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def connect(self):
        s = socket.socket(socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET)
        s.settimeout(self.patience)
        try:
            s.connect(self.address)
        except BaseException:
            s.close()
            raise
        self.socket = s

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def try_once(self, request):
        """The answer; None when the connection ended without one. What is not the beginning of one answer is an error."""
        data = b""
        try:
            if self.socket is None:
                self.connect()
            self.socket.sendall(request)
            while not data.endswith(b"\n\n"):
                got = self.socket.recv(65536)
                if not got:
                    break
                data += got
        except (BrokenPipeError, ConnectionResetError, ConnectionRefusedError, BlockingIOError):
            pass
        except TimeoutError:
            if not self.gives_up:
                raise
        if data.count(b"\n\n") > 1 or (data and not data.startswith(b"action=")):
            raise AssertionError(f"not one answer: {data!r}")
        if data.endswith(b"\n\n"):
            return data
        self.close()
        return None

    def ask(self, request, tries=400):
        for _ in range(tries):
            answer = self.try_once(request)
            if answer is not None:
                return answer
            self.broken += 1
            time.sleep(0.005)
        raise AssertionError(f"no answer in {tries} tries")


def check_due(client, times=1):
    """Each kind of request gets the answer that is due."""
    for _ in range(times):
        for request, due in DUE:
            got = client.ask(request)
            if got != due:
                raise AssertionError(f"{request!r}: {got!r} instead of {due!r}")


class Crowd:
    """Many connections of one thread."""

    def __init__(self, address):
        self.address, self.sockets = address, []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        for s in self.sockets:
            s.close()
        self.sockets = []

    def grow(self, n):
        for _ in range(n):
            s = socket.socket(socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET)
            s.settimeout(60)
            self.sockets.append(s)
            until(lambda s=s: self.try_connect(s), "a connection", 60)
        return self

    def try_connect(self, s):
        try:
            s.connect(self.address)
            return True
        except BlockingIOError:  # the queue of a Unix socket is full; with a timeout Python does not wait for that
            return False

    def ask_in_turn(self, sockets=None):
        """Each connection asks once, after the one before has its answer; whatever is asked, the due answer."""
        for i, s in enumerate(sockets or self.sockets):
            request, due = DUE[i % len(DUE)]
            s.sendall(request)
            if (got := read_answers(s, 1)) != due:
                raise AssertionError(f"{got!r} instead of {due!r}")

    def ask_at_once(self, sockets=None):
        """All ask, then all read."""
        sockets = sockets or self.sockets
        for i, s in enumerate(sockets):
            s.sendall(DUE[i % len(DUE)][0])
        for i, s in enumerate(sockets):
            if (got := read_answers(s, 1)) != DUE[i % len(DUE)][1]:
                raise AssertionError(f"{got!r} instead of {DUE[i % len(DUE)][1]!r}")

    def closed_by_peer(self):
        """Those at whose other end nobody is any more, as indexes."""
        poll = select.poll()
        index = {s.fileno(): i for i, s in enumerate(self.sockets)}
        for number in index:
            poll.register(number, select.POLLRDHUP)
        return sorted(index[number] for number, _ in poll.poll(0))


class Traffic:
    """Clients that ask one after the other while the test does something; each answer must be the due one."""

    def __init__(self, address, clients=2, check=check_due):
        self.stop, self.wrong, self.rounds = threading.Event(), [], 0
        self.clients = [Client(address) for _ in range(clients)]
        self.threads = [threading.Thread(target=self.run, args=(c, check)) for c in self.clients]

    def run(self, client, check):
        try:
            while not self.stop.is_set():
                check(client)
                self.rounds += 1
        except (AssertionError, OSError) as why:
            self.wrong.append(why)
        client.close()

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        for t in self.threads:
            t.join()
        if exc[0] is None and self.wrong:
            raise AssertionError(self.wrong)

    def goes_on(self, rounds=5):
        """Waits for that many more rounds of right answers."""
        wanted = self.rounds + rounds
        until(lambda: self.wrong or self.rounds >= wanted, "answers", 60)
        if self.wrong:
            raise AssertionError(self.wrong)

    def broken(self):
        return sum(c.broken for c in self.clients)


class Attached:
    """strace on all threads of a running process, with faults injected."""

    def __init__(self, pid, *inject):
        self.pid = pid
        self.process = subprocess.Popen(
            ["strace", "-f", "-q", "-p", str(pid), "-o", "/dev/null", "-e", "signal=none", *(f"--inject={i}" for i in inject)],
            stderr=subprocess.PIPE, text=True)

    def traced(self):
        texts = [p.read_text() for p in Path(f"/proc/{self.pid}/task").glob("*/status")]
        return texts and all(re.search(r"(?m)^TracerPid:\t[1-9]", t) for t in texts)

    def __enter__(self):
        until(lambda: self.traced() or self.process.poll() is not None, "strace to be attached")
        if self.process.poll() is not None:
            raise AssertionError(f"strace: {self.process.stderr.read()}")
        return self

    def rests(self):
        """All threads wait in the kernel, and do so for a while."""
        for _ in range(5):
            for path in Path(f"/proc/{self.pid}/task").glob("*/stat"):
                if path.read_text().rsplit(")", 1)[1].split()[0] != "S":
                    return False
            time.sleep(0.005)
        return True

    def __exit__(self, *exc):
        # A call that strace has made fail, and which it leaves before its end, returns ENOSYS: it may only go between calls.
        if self.process.poll() is None and Path(f"/proc/{self.pid}").exists():
            until(self.rests, "the daemon to rest")
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
