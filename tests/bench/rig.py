# SPDX-License-Identifier: BSD-2-Clause
"""Servers to be measured, and how: their CPU time, memory, system calls and instructions."""
import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release")).resolve()
PATIENCE = 300  # seconds that anything may take before it counts as hung
FIRST = b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=203.0.113.9\nrecipient=v@foreign.example\n\n"


class Failed(Exception):
    """A row cannot be measured; the text says why."""


def raise_limits():
    """As many open files as are allowed, for us and for what we start."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def run(*argv, **more):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=PATIENCE, check=False, **more)
    if done.returncode != 0:
        raise Failed(f"{Path(argv[0]).name}: status {done.returncode}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def processors(which):
    """What is started inside runs on these processors only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, which)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """A program that answers policy requests at `unix`, and perhaps at `inet`; ended by stop()."""

    def __init__(self, argv, unix, inet, folder, tool=()):
        self.unix, self.inet, self.folder = unix, inet, folder
        self.stderr = folder / "stderr"
        self.started = time.monotonic()
        with open(self.stderr, "wb") as stderr:
            self.process = subprocess.Popen([*map(str, tool), *map(str, argv)], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=stderr)
        try:
            self.first_answer = self.wait_for_answer() - self.started
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.process.pid

    def wait_for_answer(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failed(f"{self.process.args[0]} ended with {self.process.returncode}: {self.stderr.read_text()[-400:]}")
            try:
                with self.connect() as s:
                    s.sendall(FIRST)
                    if s.recv(4096).startswith(b"action="):
                        return time.monotonic()
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.0005)
        raise Failed(f"{self.process.args[0]} does not answer")

    def connect(self):
        s = socket.socket(socket.AF_UNIX if self.unix else socket.AF_INET)
        s.settimeout(PATIENCE)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                s.connect(self.unix.removeprefix("unix:") if self.unix else ("127.0.0.1", int(self.inet.split(":")[-1])))
                return s
            except BlockingIOError:  # the queue of a Unix socket is full; with a timeout Python does not wait for that
                if time.monotonic() > end:
                    raise
                time.sleep(0.001)
            except BaseException:
                s.close()
                raise

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- what it takes ----

    def status(self, name):
        """A line of /proc/PID/status, in KiB."""
        return int(re.search(rf"(?m)^{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text()).group(1))

    def private_bytes(self):
        """Memory that no other process shares, kernel memory (sockets) not included."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return 1024 * sum(int(n) for n in re.findall(r"(?m)^Private_(?:Clean|Dirty):\s+(\d+) kB", text))

    def bench(self, requests, seconds, connections=64, rate=None, inet=False, measure=True):
        """postlatch bench on it; its JSON, with cpu_us of this server."""
        argv = [BIN / "postlatch", "bench", "--json", "--socket", self.inet if inet else self.unix, "--requests", requests,
                "--seconds", seconds, "--connections", connections]
        argv += ["--rate", rate] if rate else []
        argv += ["--pid", self.pid] if measure else []
        return json.loads(run(*argv))


class Echo(Server):
    def __init__(self, folder, inet=False):
        folder.mkdir(parents=True, exist_ok=True)
        where = f"inet:127.0.0.1:{free_port()}" if inet else f"unix:{folder}/echo"
        super().__init__([BIN / "bench_echo", where], None if inet else where, where if inet else None, folder)


class Sink:
    """A syslog socket that is read as fast as can be."""

    def __init__(self, path):
        self.process = subprocess.Popen([BIN / "bench_sink", path])
        end = time.monotonic() + PATIENCE
        while not Path(path).exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Daemon(Server):
    """postlatchd with one worker, on the files of a data set: tables.conf and, if given, a rule set."""

    def __init__(self, folder, data, rules=None, decisions="none", tool=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.conf = folder / "postlatch.conf"
        unix, inet = f"unix:{folder}/policy", f"inet:127.0.0.1:{free_port()}"
        includes = [f'include("{data}/tables.conf")\n'] if data else []
        includes += [f'include("{data}/{rules}")\n'] if rules else []
        # valgrind lives in the same process. The masking alarm looks at some requests a second, so how many depends on the time.
        includes += ["sandbox = off\nmasking_alarm { helo_names = 0  senders = 0 }\n"] if tool else []
        self.conf.write_text(f'listen = {{"{unix}", "{inet}"}}\ncontrol = "{folder}/control"\nworkers = 1\nmax_connections = 15000\n'
                             f'{"".join(includes)}log {{ decisions = {decisions}  socket = "{folder}/log" }}\n')
        super().__init__([BIN / "postlatchd", "-f", "-c", self.conf], unix, inet, folder, tool)

    def control(self, command):
        return run(BIN / "postlatch", command, "--control", self.folder / "control", "--json")

    def counters(self):
        return json.loads(self.control("status"))

    def peak_during_reload(self):
        """VmHWM over a reload, in KiB."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        self.control("reload")
        return self.status("VmHWM")


# ---- counting system calls and instructions ----

def count_syscalls(server, requests, seconds=1, connections=64):
    """{name: calls a request} at saturation, by strace."""
    out = server.folder / "strace"
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", out, "-p", str(server.pid)], stderr=subprocess.PIPE, text=True)
    try:
        if "attached" not in tracer.stderr.readline():
            raise Failed("strace does not attach")
        answers = server.bench(requests, seconds, connections, measure=False)["answers"] + connections
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.stderr.read()
        tracer.wait(PATIENCE)
    calls = {}
    for line in out.read_text().splitlines():
        found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if found and found.group(2) != "total":
            calls[found.group(2)] = int(found.group(1)) / answers
    return calls


def ask(server, requests, n):
    """n requests over one connection, one after the other; the answers."""
    answers = []
    with server.connect() as s:
        for i in range(n):
            s.sendall(requests[i % len(requests)])
            answer = b""
            while not answer.endswith(b"\n\n"):
                got = s.recv(4096)
                if not got:
                    raise Failed("the connection was closed")
                answer += got
            answers.append(answer)
    return answers


def count_instructions(make, requests, n, folder):
    """User-mode instructions a request: of a run with 2n requests less one with n, so that start and end fall out."""
    totals = []
    for times in (1, 2):
        out = folder / f"callgrind.{times}"
        with make(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]) as server:
            ask(server, requests, n * times)
        totals.append(int(re.search(r"(?m)^(?:totals|summary): (\d+)", out.read_text()).group(1)))
    return (totals[1] - totals[0]) / n


def read_requests(path, most):
    """The first requests of a file, as bytes."""
    with open(path, "rb") as f:
        text = f.read(most * 1024)
    return [part + b"\n\n" for part in text.split(b"\n\n")[:most]]


def cpu_of(argv, stdin=b""):
    """CPU seconds of a command, and the most memory that it had in KiB."""
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    process.stdin.write(stdin)
    process.stdin.close()
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode not in (0, 1):  # postmap: 1, not found
        raise Failed(error.decode(errors="replace").strip()[-400:])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss
