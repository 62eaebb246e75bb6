#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an intruder in a worker could do (tests/protocol/intruder.c), what is said about it, and that reloads still read what they
must. A build with sanitizers does not confine itself and cannot be preloaded: only what it says is tested then."""
import errno
import os
import re
import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_daemon import HEAD, OURS, POLICY, Daemon, read_answers

INTRUDER = os.environ.get("PL_INTRUDER")
CONFINED = re.compile(r"confined to the files of the policy \(landlock [1-9][0-9]*\) and to the system calls of a policy server "
                      r"\(seccomp\)$")
HINT = ("the daemon reads only what is in the folders of the files that it was started with; for a file in another folder, restart it")
# call, and what it is called in the log
DEADLY = (("execve", "execve"), ("fork", "fork"), ("clone", "clone, of a process"), ("kill", "kill"),
          ("tgkill", "tgkill, of another process"), ("ptrace", "ptrace"), ("inet", "socket, other than Unix"),
          ("netlink", "socket, other than Unix"), ("listen", "listen"), ("mmap", "mmap, of code"), ("mprotect", "mprotect, of code"))


def confined(d):
    """Whether the daemon is; else why not, as it says."""
    line = d.logged("confined")[0]
    return True if CONFINED.search(line) else line.split(": ", 1)[1]


class Sandbox(unittest.TestCase):
    def start(self, **more):
        env = {"LD_PRELOAD": INTRUDER} if INTRUDER else {}
        d = Daemon(env=env, **more)
        d.connect().close()
        self.addCleanup(self.end, d)
        return d

    def end(self, d, expect=0):
        if d.dir.exists():
            d.stop(expect)

    def confined(self, **more):
        """A daemon that is confined, with the intruder in it; None, and the test is at its end, in a build for tests."""
        d = self.start(**more)
        state = confined(d)
        if state is not True:
            self.assertEqual(state, "not confined: a build for tests")
            return None
        return d

    def intrude(self, d, what):
        """What came of it: an errno, 0 for success, None if the connection ended."""
        with d.connect() as s:
            s.sendall(HEAD + b"helo_name=intruder " + what.encode() + b"\nrecipient=u@example.org\n\n")
            try:
                line = s.makefile("rb").readline()
            except ConnectionResetError:
                return None
        return int(line.split()[1]) if line else None

    def test_files(self):
        d = self.confined()
        if d is None:
            return
        beside = d.dir / "beside"
        beside.write_text("x")
        with tempfile.TemporaryDirectory() as other:
            mine = Path(other) / "mine"
            mine.write_text("x")
            os.chmod(other, 0o777)
            for what, want in ((f"read {beside}", 0), (f"read {d.conf}", 0), ("write /dev/null", 0), ("read /etc/passwd", errno.EACCES),
                               (f"read {mine}", errno.EACCES), ("read /proc/self/maps", errno.EACCES), (f"write {beside}", errno.EACCES),
                               (f"create {d.dir}/new", errno.EACCES), (f"unlink {mine}", errno.EACCES),
                               ("create /dev/shm/postlatch-intruder", errno.EACCES)):
                with self.subTest(what):
                    self.assertEqual(self.intrude(d, what), want)
            self.assertTrue(mine.exists())
        with d.connect() as s:
            s.sendall(OURS)
            self.assertEqual(read_answers(s, 1), b"action=DUNNO\n\n")

    def test_calls_that_nobody_makes(self):
        d = self.confined()
        if d is None:
            return
        for what in ("swapoff /dev/null", "signal"):
            self.assertEqual(self.intrude(d, what), errno.ENOSYS, what)
        with d.connect() as s:
            s.sendall(OURS)
            self.assertEqual(read_answers(s, 1), b"action=DUNNO\n\n")

    def test_calls_that_only_an_intruder_makes(self):
        """The daemon ends before anything is done, and says why."""
        for what, name in DEADLY:
            with self.subTest(what):
                d = self.confined(extra="workers = 1")
                if d is None:
                    return
                self.assertIsNone(self.intrude(d, what))
                self.assertEqual(d.process.wait(30), -signal.SIGABRT)
                line = d.logged("forbidden")[0].split(": ", 1)[1]
                self.assertRegex(line, rf"^sandbox: forbidden system call [0-9]+ \({name}\); the daemon ends here$")
                self.end(d, -signal.SIGABRT)

    def test_broken_invariants(self):
        """A daemon that finds one ends by SIGABRT, and its last line says which."""
        if not INTRUDER:
            return
        for what, last in (("worker", r'bug: "w->magic == WORKER_MAGIC" does not hold \(\S*worker\.c:[0-9]+\)'),
                           ("loop", r"event loop: \(libev\) epoll_wait: Bad file descriptor")):
            with self.subTest(what):
                d = self.start(extra="workers = 1")
                self.assertEqual(self.intrude(d, what), 0)
                if d.process.poll() is None:
                    try:
                        d.connect().close()  # wakes the worker
                    except AssertionError:
                        pass                 # it has ended meanwhile
                self.assertEqual(d.process.wait(30), -signal.SIGABRT)
                line = d.logged("the daemon ends here")[-1].split(": ", 1)[1]
                self.assertRegex(line, f"^{last}; the daemon ends here$")
                self.assertIn(line, d.errors())
                self.end(d, -signal.SIGABRT)

    def test_off(self):
        d = self.start(extra="sandbox = off")
        self.assertEqual(confined(d), "not confined: sandbox = off")
        if INTRUDER:
            self.assertEqual([self.intrude(d, what) for what in ("read /etc/passwd", "inet", "mmap")], [0, 0, 0])
        d.tail = d.tail.replace("sandbox = off", "")
        d.write(POLICY)
        status, text = d.ctl("reload")
        self.assertEqual(status, 0)
        self.assertIn("\nsandbox: changed; takes effect at the next start\n", text)

    def test_bad_value(self):
        d = Daemon(extra="sandbox = maybe")
        self.assertEqual(d.process.wait(30), 2)
        self.assertEqual(d.errors().replace(f"{d.dir}/", "").splitlines()[0],
                         'postlatchd: postlatch.conf:6: sandbox: "maybe"; expected on or off')
        d.stop(expect=2)

    def test_reload_reads_the_folders_of_the_start(self):
        """Those of the configuration, of what it includes, of tables, and where links lead; new files there too."""
        with tempfile.TemporaryDirectory() as top:
            top = Path(top)
            os.chmod(top, 0o755)
            for name in ("tables", "behind", "included"):
                (top / name).mkdir()
            (top / "tables/a").write_text("a.example\n")
            (top / "behind/b").write_text("b.example\n")
            (top / "tables/link").symlink_to(top / "behind/b")
            (top / "included/more.conf").write_text("")
            policy = POLICY + f'include("{top}/included/more.conf")\n' + "".join(
                f'domains t{i} {{ file = "{top}/{name}" }}\n' for i, name in enumerate(("tables/a", "tables/link")))
            d = self.start(policy=policy)
            for name in ("tables/a", "behind/b"):  # replaced by a rename, as tools do
                (top / "new").write_text("c.example\nd.example\n")
                (top / "new").rename(top / name)
            (top / "behind/c").write_text("e.example\n")
            (top / "tables/link").unlink()
            (top / "tables/link").symlink_to(top / "behind/c")
            (top / "tables/fresh").write_text("f.example\n")
            (top / "included/more.conf").write_text(f'domains t2 {{ file = "{top}/tables/fresh" }}\n')
            status, text = d.ctl("reload")
            self.assertEqual((status, text.splitlines()[0]),
                             (0, "generation 2 is in force: 0 rules, 3 tables, 6 entries; verdict: safe"))

    def test_reload_of_another_folder(self):
        """It fails, and says what to do; the old policy stays, and a restart takes the new one."""
        with tempfile.TemporaryDirectory() as other:
            os.chmod(other, 0o755)
            (Path(other) / "t").write_text("a.example\n")
            d = self.confined()
            if d is None:
                return
            d.write(POLICY + f'domains t {{ file = "{other}/t" }}\n')
            status, text = d.ctl("reload")
            self.assertEqual((status, text.replace(f"{d.dir}/", "")), (
                1, f'postlatch.conf:4: cannot open "{other}/t": Permission denied\n{HINT}\n1 error; keeping the running policy '
                '(generation 1)\n'))
            self.assertIn(HINT, d.logged("reads only")[0])
            d.process.send_signal(signal.SIGTERM)
            d.process.wait(30)
            d.start()
            d.connect().close()
            self.assertEqual(d.ctl("reload")[0], 0)

    def test_sockets_are_removed(self):
        d = self.start()
        d.process.send_signal(signal.SIGTERM)
        self.assertEqual(d.process.wait(30), 0)
        self.assertFalse(d.sock.exists() or (d.dir / "control").exists())

    def test_capabilities(self):
        """Nobody but root keeps any, whoever gave them; and there is no way to new ones."""
        if os.getuid() != 0:
            self.skipTest("not root")
        none = {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapAmb": 0, "NoNewPrivs": 1}
        gift = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+net_bind_service",
                "--ambient-caps=+net_bind_service"]
        for front, extra in (([], 'user = "nobody"'), (gift, "")):
            with self.subTest(front=front):
                with tempfile.TemporaryDirectory() as place:
                    os.chmod(place, 0o777)
                    d = Daemon(extra=extra, launch=lambda d: (os.chmod(d.dir, 0o777), (front, ()))[1])
                    d.connect().close()
                    status = Path(f"/proc/{d.process.pid}/status").read_text()
                    have = {k: int(v, 16) for k, v in re.findall(r"^(Cap\w+|NoNewPrivs):\t(\w+)$", status, re.M)}
                    self.assertEqual({k: have[k] for k in none}, none)
                    d.stop()


if __name__ == "__main__":
    unittest.main()
