#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every system call of the request path fails in turn: no crash, no answer but the due one, nothing leaks. Runs alone, as test_daemon.py.

strace attaches to the running daemon and lets every third call of a kind fail, in each thread. Clients do as Postfix does: a
connection that breaks is opened anew. Afterwards the daemon serves as before, on every socket that it has."""
import os
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import Attached, Client, Daemon, check_due, control, descriptors, reload, sanitized, size, started, status, tcp, until  # noqa: E402

# What fails, and how it may. epoll_wait fails with EINTR at most, unless its arguments are wrong. futex is left out: only its waits
# can fail, strace cannot tell them from its wakes, and the C library rightly aborts when a wake fails. close is left out: it frees
# the descriptor whatever it returns, and what strace lets fail is not done.
FAULTS = (
    ("read", "EINTR EAGAIN ENOMEM ENOBUFS ECONNRESET EIO"),
    ("sendto", "EINTR EAGAIN ENOMEM ENOBUFS ECONNRESET EPIPE"),
    ("accept4", "EINTR EAGAIN ENOMEM ENOBUFS EMFILE ENFILE ECONNABORTED EPROTO EPERM"),
    ("epoll_wait", "EINTR"),
    ("epoll_ctl", "ENOMEM ENOSPC"),
    ("sendmmsg", "EINTR EAGAIN ENOBUFS ENOMEM ECONNREFUSED"),  # the log
    ("connect,socket", "EINTR EAGAIN ENOMEM EMFILE"),
    ("getsockopt,setsockopt", "ENOMEM ENOBUFS"),
    ("recvfrom", "EINTR EAGAIN ENOMEM ECONNRESET"),            # the control socket
    ("poll,ppoll", "EINTR ENOMEM"),
    ("mmap,brk,mremap,munmap", "ENOMEM"),
    ("openat", "EMFILE ENFILE ENOMEM EACCES"),
    ("fstat,newfstatat,lseek", "ENOMEM EIO"),
    ("clone3,clone", "EAGAIN ENOMEM"),
    ("mprotect,madvise", "ENOMEM"),
    ("getrandom", "EINTR EAGAIN"),
)
MEMORY = ("mmap,brk,mremap,munmap", "mprotect,madvise")  # the allocator of a sanitizer ends the program when they fail


class Syscalls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(extra="workers = 2")
        started(cls.d)
        cls.addresses = str(cls.d.sock), tcp(cls.d)

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def serve(self):
        """What a daemon has to do, by whatever way it gets there: new connections, requests on each, the control socket."""
        for address in self.addresses:
            for _ in range(size(5, 30)):
                with Client(address) as client:
                    check_due(client, 4)
        for command in (b"postlatch/1 status\n", b"postlatch/1 reload\n") * size(3, 10):
            self.assertIn(control(self.d, command)[0], ("ok", "refused", "error", ""))

    def calm(self):
        """Without faults everything is as before; the number of descriptors."""
        until(lambda: reload(self.d)[0] == "ok", "a reload")
        for address in self.addresses:
            with Client(address) as client:
                check_due(client)
                self.assertEqual(client.broken, 0)
        until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")
        return descriptors(self.d.process.pid)

    def test_each_in_turn(self):
        until(lambda: self.calm() == self.calm(), "a calm daemon")
        before = self.calm()
        for calls, errors in FAULTS:
            if calls in MEMORY and sanitized(self.d):
                continue
            for error in errors.split():
                with self.subTest(calls=calls, error=error):
                    if os.environ.get("PL_VERBOSE"):
                        print(calls, error, flush=True)
                    with Attached(self.d.process.pid, f"{calls}:error={error}:when=3+3"):
                        self.serve()
                    until(lambda: self.calm() <= before, "descriptors to be given back")


if __name__ == "__main__":
    unittest.main()
