# SPDX-License-Identifier: BSD-2-Clause
"""A service manager of the test's own: it holds the listening sockets, hands them to each start of the daemon, and takes
its word (LISTEN_FDS and NOTIFY_SOCKET, as systemd does). systemd itself cannot run here: it wants to be process 1."""
import contextlib
import os
import socket
import sys
import threading
import time

# Runs in the child: the descriptors go to 3, 4, …, and only then is the process known that they are for.
LAUNCH = """
import os, sys
n = int(sys.argv[1])
fds = [os.dup(int(fd)) for fd in sys.argv[2:2 + n]]
high = [os.dup2(fd, 200 + i) for i, fd in enumerate(fds)]
for fd in set(map(int, sys.argv[2:2 + n])) | set(fds):
    os.close(fd)
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(n)
os.execv(sys.argv[2 + n], sys.argv[2 + n:])
"""


def listen(address, backlog=512, **options):
    """A listening socket: at a path, or at (address, port)."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    s = socket.socket(family)
    if family != socket.AF_UNIX:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, options.get("v6only", 1))
    s.bind(address)
    if family == socket.AF_UNIX:
        os.chmod(address, 0o666)
    s.listen(backlog)
    return s


def launcher(sockets):
    """What to put in front of a command so that it gets these sockets; and Popen's pass_fds."""
    fds = [s.fileno() for s in sockets]
    return [sys.executable, "-S", "-c", LAUNCH, str(len(fds)), *map(str, fds)], tuple(fds)


class Manager:
    """The receiving end of NOTIFY_SOCKET; a path, or '@' and a name in the abstract namespace."""

    def __init__(self, address):
        self.address = address
        self.messages = []
        self.changed = threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address[0] == "@" else address)
        if address[0] != "@":
            os.chmod(address, 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError):
            while message := self.socket.recv(65536):
                with self.changed:
                    self.messages.append(message.decode())
                    self.changed.notify_all()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def mark(self):
        with self.changed:
            return len(self.messages)

    def wait(self, text, since=0, seconds=20):
        """The first message from a mark on that contains text, and the mark behind it."""
        end = time.monotonic() + seconds
        with self.changed:
            at = since
            while True:
                for at in range(at, len(self.messages)):
                    if text in self.messages[at]:
                        return self.messages[at], at + 1
                at = len(self.messages)
                if not self.changed.wait(end - time.monotonic()):
                    raise AssertionError(f"no {text!r} in {self.messages[since:]}")
