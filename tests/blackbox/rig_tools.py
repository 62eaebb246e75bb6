# SPDX-License-Identifier: BSD-2-Clause
"""What all black-box tests share: tools, processes, folders, waiting, exit codes.

Everything that is started here is ended here, by its process id, also after a failure or Ctrl-C. Should this
interpreter be killed outright, a guard that it has started first ends the servers and removes the folders.
"""
import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SKIP = 77
READY_S = 20                 # a server that is not ready by then is broken
PR_SET_CHILD_SUBREAPER = 36

SBIN = ["/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/sbin", "/sbin"]

_libc = ctypes.CDLL(None, use_errno=True)
_exit_stack = contextlib.ExitStack()
_guard = None                # the writing end of the guard's pipe


class Missing(Exception):
    """A tool is missing; the message names the package."""


def tool(name, package):
    """Path of a program; Missing if there is none."""
    path = shutil.which(name, path=os.pathsep.join(os.environ.get("PATH", "").split(os.pathsep) + SBIN))
    if path is None:
        raise Missing("%s is missing: install the package %s" % (name, package))
    return path


def pl_bin(name):
    """One of our own programs, from the folder PL_BIN."""
    folder = os.environ.get("PL_BIN")
    if not folder:
        sys.exit("PL_BIN is not set: it names the folder with postlatchd and postlatch")
    path = os.path.join(os.path.abspath(folder), name)
    if not os.access(path, os.X_OK):
        sys.exit("%s: no such program" % path)
    return path


def wait_until(condition, what, timeout=READY_S, alive=None):
    """Poll until condition() is true and return its value. alive() raises if waiting has become pointless."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if alive is not None:
            alive()
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s" % (timeout, what))
        time.sleep(0.005)


def have_ipv6():
    """Is there an IPv6 loopback address?"""
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


class Port:
    """A free TCP port that stays ours: bound by us all the time, and never listened on.

    A server that sets SO_REUSEADDR, as all do, can bind and listen beside that; the kernel gives the port to nobody
    who asks for any free one. So rigs that run at the same time cannot take each other's ports.
    """

    def __init__(self, address="127.0.0.1"):
        self.address = address
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, 0))
        self.port = self.socket.getsockname()[1]
        cleanup(self.socket.close)

    @property
    def pair(self):
        return (self.address, self.port)

    def __str__(self):
        return ("[%s]:%d" if ":" in self.address else "%s:%d") % self.pair


def cleanup(function, *args):
    """Call function(*args) at the end, last come first served, whatever happens."""
    _exit_stack.callback(function, *args)


def folder(prefix="plbb-"):
    """A private folder that all users may pass through (smtpd and the SASL server run as users of their own)."""
    path = tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("TMPDIR", "/tmp"))
    os.chmod(path, 0o755)
    if not os.environ.get("PL_KEEP"):
        cleanup(shutil.rmtree, path, True)
        _tell_guard("folder " + path)
    return path


def _session_members(sid):
    """Processes of a session. Those that have ended and whose parent has too are ours (see main), and are reaped."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[3]) != sid:
            continue
        if fields[0] != b"Z":
            found.append(int(name))
        elif int(fields[1]) == os.getpid() and int(name) != sid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(name), os.WNOHANG)
    return found


def _end_session(sid, reap=lambda: None):
    """End what is left of a session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + 5
        members = _session_members(sid)
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while members and time.monotonic() < end:
            time.sleep(0.005)
            reap()
            members = _session_members(sid)


def _tell_guard(line):
    if _guard is not None:
        os.write(_guard, line.encode() + b"\n")


def _start_guard():
    """A process that waits for our end. (PR_SET_PDEATHSIG would not do: Postfix changes its user id, and is then left
    alone.)"""
    global _guard
    from_us, _guard = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(from_us)
        _exit_stack.callback(lambda: (os.close(_guard), os.waitpid(pid, 0)))
        return
    os.setsid()
    os.close(_guard)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sessions, folders = [], []
    with os.fdopen(from_us) as lines:
        for line in lines:
            word, _, value = line.rstrip("\n").partition(" ")
            if word == "start":
                sessions.append(int(value))
            elif word == "end" and int(value) in sessions:
                sessions.remove(int(value))
            elif word == "folder":
                folders.append(value)
    for sid in reversed(sessions):
        _end_session(sid)
    for path in folders:
        shutil.rmtree(path, True)
    os._exit(0)


class Process:
    """A server in the foreground, in a session of its own, with its output in a file."""

    def __init__(self, argv, log, env=None, cwd="/", pass_fds=()):
        self.argv = argv
        self.log = log
        self.name = os.path.basename(argv[0])
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=cwd,
                                          start_new_session=True, pass_fds=pass_fds)
        self.pid = self.popen.pid
        _tell_guard("start %d" % self.pid)
        cleanup(self.stop)

    def check_alive(self):
        if self.popen.poll() is not None:
            raise AssertionError("%s ended with status %s:\n%s" % (self.name, self.popen.returncode, read(self.log)))

    def kill(self, number):
        os.kill(self.pid, number)

    def wait(self, timeout=READY_S):
        return self.popen.wait(timeout)

    def stop(self, number=signal.SIGTERM):
        """End it and what it has started; the exit status."""
        if self.popen.returncode is None and self.popen.poll() is None:
            self.kill(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(10)
        _end_session(self.pid, self.popen.poll)
        _tell_guard("end %d" % self.pid)
        return self.popen.wait(5)


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as f:
            return f.read()
    except OSError:
        return default


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def run(argv, **more):
    """Run a program to its end; its output. A failure shows what it printed."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60, **more)
    if done.returncode != 0:
        raise AssertionError("%s: status %d\n%s" % (" ".join(argv), done.returncode, done.stdout))
    return done.stdout


def _on_signal(_number, _frame):
    raise KeyboardInterrupt      # unittest would take SystemExit for a failed test, and go on


def main(needs=()):
    """Run the tests of the calling file: exit status 0 or 1, or 77 if one of needs, (program, package), is missing."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    atexit.register(_exit_stack.close)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        if needs and os.geteuid() != 0:
            raise Missing("not root: a private Postfix cannot be started")
        for name, package in needs:
            tool(name, package)
    except Missing as why:
        print("SKIP: %s" % why, file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else SKIP)
    pl_bin("postlatchd")
    _start_guard()
    try:
        program = unittest.main(module="__main__", exit=False, verbosity=2 if os.environ.get("PL_VERBOSE") else 1)
    finally:
        _exit_stack.close()
    bad = not program.result.wasSuccessful() or program.result.testsRun == 0
    if program.result.skipped and os.environ.get("PL_REQUIRE_ALL") == "1":
        print("skipped tests are failures here (PL_REQUIRE_ALL=1)", file=sys.stderr)
        bad = True
    sys.exit(1 if bad else 0)
