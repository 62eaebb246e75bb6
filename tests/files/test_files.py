#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Files under our hands: changed while they load, of the wrong kind, endless, too large for memory.

Each is an error that says what to do, to `postlatch check` and to a daemon that reloads; the daemon goes on with what it has.
Runs alone: PL_BIN=build/release PL_MEDDLE=build/release/tests/files/meddle.so test_files.py
"""
import os
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "protocol"))
from test_daemon import BIN, OPEN, REJECT, RELAY, Daemon, read_answers  # noqa: E402

MEDDLE = os.environ.get("PL_MEDDLE", str(BIN / "tests/files/meddle.so"))
SANITIZED = b"libasan" in subprocess.run(["ldd", BIN / "postlatchd"], capture_output=True, check=True).stdout
COVERED = b".gcda" in (BIN / "postlatch").read_bytes()  # gcov's runtime does not survive without memory
TABLE = "192.0.2.0/28\n198.51.100.0/28\n"
CONF = 'networks lan { file = "lan" }\nrelay_networks = {<lan>}\naccepted_domains = {example.org}\n'
CHANGES = '"lan" keeps changing while it is read; write a new file and rename it into place'


def check(folder, env=None, limit=None):
    """(exit status, output) of `postlatch check` in a folder."""
    def before():
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    done = subprocess.run([BIN / "postlatch", "check", "--no-host", "-c", "postlatch.conf"], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=env, preexec_fn=before, timeout=120, check=False)
    return done.returncode, done.stdout.decode()


def errors(*lines):
    count = "1 error" if len(lines) == 1 else f"{len(lines)} errors"
    return 2, "".join(line + "\n" for line in lines) + f"{count}: not loaded\nverdict: invalid\n"


def meddling(folder):
    """An environment in which a file of the folder changes while it is read, as the order says."""
    return dict(os.environ, LD_PRELOAD=MEDDLE, MEDDLE=str(folder / "order"), ASAN_OPTIONS="verify_asan_link_order=0")


class Folder(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)
        self.dir = Path(self.temp.name).resolve()
        self.write("postlatch.conf", CONF)
        self.write("lan", TABLE)

    def write(self, name, text):
        (self.dir / name).write_text(text)


class WhileItLoads(Folder):
    def meddle(self, how, times, name="lan"):
        """What check says, and how often the file was still to be changed (each try reads twice: all, and the end)."""
        self.write("order", f"{self.dir}/{name} {how} {times}\n")
        result = check(self.dir, meddling(self.dir))
        return result, int((self.dir / "order").read_text().split()[2])

    def test_changed_once(self):
        """It is read again, and what is there then counts."""
        for how, entries in (("rewrite", 1), ("truncate", 1), ("grow", 2)):
            with self.subTest(how=how):
                self.write("lan", "192.0.2.0/28\n19.1.100.0/28\n")
                (status, text), left = self.meddle(how, 1)
                self.assertEqual((status, left), (0, 0), text)
                self.assertIn(f"1 table, {entries + 1} entr", text)

    def test_changed_always(self):
        for how in ("rewrite", "truncate", "grow"):
            with self.subTest(how=how):
                self.write("lan", TABLE * 100)
                self.assertEqual(self.meddle(how, 99), (errors(f"postlatch.conf:1: {CHANGES}"), 93))

    def test_the_configuration_itself(self):
        self.assertEqual(self.meddle("grow", 99, "postlatch.conf"),
                         (errors('"postlatch.conf"' + CHANGES[5:]), 93))

    def test_removed(self):
        self.assertEqual(self.meddle("remove", 1),
                         (errors('postlatch.conf:1: cannot open "lan": No such file or directory'), 0))

    def test_replaced(self):
        """A rename puts a whole file in the place of a whole file: no error, and the newer one counts."""
        self.write("lan.new", "192.0.2.77/24\n")
        (status, text), left = self.meddle("replace", 1)
        self.assertEqual((status, left), (2, 0))
        self.assertIn('lan:1: networks "lan": "192.0.2.77/24": host bits are set', text)


class WrongKind(Folder):
    def test_wrong_kind(self):
        why = "expected a regular file"
        for make, says in ((lambda p: os.mkfifo(p, 0o600), f'"lan" is a FIFO; {why}'),
                           (lambda p: p.mkdir(), f'"lan" is a directory; {why}'),
                           (lambda p: p.symlink_to("/dev/zero"), f'"lan" is no regular file; {why}'),
                           (lambda p: p.symlink_to("lan"), 'cannot open "lan": Too many levels of symbolic links')):
            with self.subTest(says=says):
                path = self.dir / "lan"
                path.unlink()
                make(path)
                self.assertEqual(check(self.dir), errors(f"postlatch.conf:1: {says}"))
                if path.is_dir():
                    path.rmdir()
                else:
                    path.unlink()
                path.write_text("")

    def test_the_configuration(self):
        conf = self.dir / "postlatch.conf"
        conf.unlink()
        os.mkfifo(conf, 0o600)
        self.assertEqual(check(self.dir), errors('"postlatch.conf" is a FIFO; expected a regular file'))

    def test_writable_by_others(self):
        says = '"%s" may be written by anybody (mode 0666), who could then open the relay; chmod o-w it'
        self.write("more.conf", "")
        for name, at in (("lan", "postlatch.conf:1: "), ("more.conf", "postlatch.conf:4: "), ("postlatch.conf", "")):
            with self.subTest(name=name):
                self.write("postlatch.conf", CONF + 'include("more.conf")\n')
                (self.dir / name).chmod(0o666)
                self.assertEqual(check(self.dir), errors(at + says % name))
                (self.dir / name).chmod(0o644)

    def test_more_includes_than_bearable(self):
        for i in range(9):
            self.write(f"{i}.conf", f'include("{i + 1}.conf")\n' * 10)
        self.write("9.conf", "")
        self.write("postlatch.conf", 'include("0.conf")\n')
        status, out = check(self.dir)
        self.assertEqual(status, 2)
        self.assertIn("8.conf:10: more than 1000 files are included\n", out)

    def test_loop_of_includes(self):
        self.write("postlatch.conf", 'include("a.conf")\n')
        self.write("a.conf", '# a\ninclude("b.conf")\n')
        self.write("b.conf", '# b\n\ninclude("./a.conf")\n')
        self.assertEqual(check(self.dir), errors('b.conf:3: "./a.conf" includes itself, directly or through others'))


@unittest.skipIf(SANITIZED, "two minutes of it with a sanitizer; the parsers are fuzzed with one")
class TooMuch(Folder):
    def test_a_million_errors(self):
        """The first hundred, in order, then how many more there are."""
        for name, text, line in (("lan", "192.0.2.1/24\n", 'networks "lan": "192.0.2.1/24": host bits are set; '
                                                           'expected the network, "192.0.2.0/24", or the address, "192.0.2.1"'),
                                 ("postlatch.conf", "x = 1\n", 'unknown option "x"; postlatch.conf(5) lists them')):
            with self.subTest(name=name):
                self.write(name, text * 1_000_000)
                status, out = check(self.dir)
                lines = out.splitlines()
                self.assertEqual(status, 2)
                self.assertEqual(lines[:100], [f"{name}:{i}: {line}" for i in range(1, 101)])
                self.assertEqual(lines[100:], ["and 999900 more", "1000000 errors: not loaded", "verdict: invalid"])

    def test_a_line_of_200_mb(self):
        self.write("lan", TABLE + "1" * 200_000_000 + "\n")
        self.assertEqual(check(self.dir),
                         errors('lan:3: networks "lan": a line of 200000000 bytes; expected one entry of at most 4096'))
        self.write("lan", "")
        self.write("postlatch.conf", 'accepted_domains = {"' + "a" * 200_000_000 + '"}\n')
        self.assertEqual(check(self.dir), errors('"postlatch.conf" is larger than the limit of 64 MiB'))
        self.write("postlatch.conf", 'accepted_domains = {"' + "a" * 60_000_000 + '"}\n')
        status, out = check(self.dir)
        self.assertEqual(status, 2)
        self.assertRegex(out, r'^postlatch.conf:1: [^\n]{,300}\n1 error: not loaded\nverdict: invalid\n$')

    @unittest.skipIf(SANITIZED or COVERED, "a sanitizer takes terabytes of address space; gcov dies at the end")
    def test_no_memory(self):
        """Whatever the limit: it loads, or it says so. A limit too small to begin with is the dynamic linker's to tell."""
        self.write("lan", "".join(f"10.{i >> 8 & 255}.{i & 255}.0/24\n" for i in range(65536)) * 2)
        seen = set()
        for mib in range(4, 41):
            status, out = check(self.dir, limit=mib << 20)
            if "error while loading shared libraries" in out:
                continue
            self.assertIn(status, (0, 2), (mib, out))
            if status == 2:
                self.assertRegex(out, r"(?m)^(postlatch(\.conf)?: )?out of memory$")
            seen.add(status)
        self.assertEqual(seen, {0, 2})


class Reload(unittest.TestCase):
    """The same in front of a running daemon: each is refused, told to who asked, and the answers stay."""

    def setUp(self):
        self.d = None

    def tearDown(self):
        if self.d:
            self.d.stop()

    def start(self, extra="", **environment):
        before = dict(os.environ)
        os.environ.update(environment)
        self.d = Daemon(CONF.replace("<lan>", "192.0.2.0/28").replace('networks lan { file = "lan" }', ""), extra=extra)
        os.environ.clear()
        os.environ.update(before)
        self.ask()
        self.lan = self.d.dir / "lan"
        self.lan.write_text(TABLE)
        self.d.write(CONF)

    def ask(self):
        with self.d.connect() as s:
            s.sendall(RELAY + OPEN)
            self.assertEqual(read_answers(s, 2), b"action=OK\n\n" + REJECT)

    def refused(self, says):
        status, text = self.d.ctl("reload")
        self.assertEqual(status, 1, text)
        self.assertIn(says, text)
        self.assertIn("keeping the running policy (generation 1)", text)
        self.ask()

    def test_wrong_kind(self):
        self.start()
        self.lan.unlink()
        self.refused("lan\": No such file or directory")
        os.mkfifo(self.lan, 0o600)
        self.refused("is a FIFO; expected a regular file")
        self.lan.unlink()
        self.lan.mkdir()
        self.refused("is a directory; expected a regular file")
        self.lan.rmdir()
        self.lan.write_text(TABLE)
        self.lan.chmod(0o666)
        self.refused("may be written by anybody")
        self.lan.chmod(0o600)
        self.assertEqual(self.d.ctl("reload")[0], 0)
        self.ask()

    @unittest.skipIf(SANITIZED, "as above")
    def test_too_much(self):
        self.start()
        self.lan.write_text("192.0.2.1/24\n" * 1_000_000)
        self.refused("and 999900 more")
        self.lan.write_text("1" * 200_000_000)
        self.refused("a line of 200000000 bytes")
        self.d.write("x" * 200_000_000)
        self.refused("is larger than the limit of 64 MiB")

    def test_changing(self):
        with tempfile.NamedTemporaryFile() as order:
            # What meddles does so in the daemon's process, which may not, confined.
            self.start(extra="sandbox = off", LD_PRELOAD=MEDDLE, MEDDLE=order.name, ASAN_OPTIONS="verify_asan_link_order=0")
            for how in ("rewrite", "truncate", "grow"):
                Path(order.name).write_text(f"{self.lan} {how} 99\n")
                self.lan.write_text(TABLE * 100)
                self.refused("keeps changing while it is read")
            Path(order.name).write_text(f"{self.lan} remove 1\n")
            self.refused("lan\": No such file or directory")

    def test_changed_once(self):
        """What was taken of the file before it changed is dropped: each entry counts once, of the file as it is then."""
        lines = "".join(f"10.{i >> 8}.{i & 255}.0/24\n" for i in range(60000))  # some 800 KiB: several pieces
        with tempfile.NamedTemporaryFile() as order:
            self.start(extra="sandbox = off", LD_PRELOAD=MEDDLE, MEDDLE=order.name, ASAN_OPTIONS="verify_asan_link_order=0")
            for how, entries in (("nothing", 60003), ("rewrite", 60002), ("grow", 60003)):
                with self.subTest(how=how):
                    self.lan.write_text(lines + TABLE)
                    Path(order.name).write_text(f"{self.lan} {how} 1\n")
                    status, text = self.d.ctl("reload")
                    self.assertEqual(status, 0, text)
                    self.assertIn(f"1 table, {entries} entries", text)
                    self.assertTrue(Path(order.name).read_text().endswith(" 0\n"))
                    self.ask()

    @unittest.skipIf(SANITIZED or COVERED, "a sanitizer takes terabytes of address space; gcov dies at the end")
    def test_no_memory(self):
        self.start()
        self.lan.write_text("".join(f"10.{i >> 8 & 255}.{i & 255}.0/24\n" for i in range(65536)) * 4 + TABLE)
        pid = self.d.process.pid
        size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * 4096
        outcomes = set()
        for more in (0, 1, 4, 8, 12, 16, 24, 32):
            resource.prlimit(pid, resource.RLIMIT_AS, (size + (more << 20), resource.RLIM_INFINITY))
            status, text = self.d.ctl("reload")
            outcomes.add(status)
            self.ask()
            if status != 0:
                self.assertRegex(text, "out of memory|no memory or no thread")
                self.assertIn("keeping the running policy", text)
        self.assertIn(1, outcomes)
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertEqual(self.d.ctl("reload")[0], 0)
        self.ask()


if __name__ == "__main__":
    unittest.main(verbosity=2)
