#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The journal, played by the test: fields, each line once, a journal that is slow, dead, or starts anew. Runs alone, as test_daemon.py."""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_daemon import BIN, HEAD, OPEN, POLICY, RELAY, Daemon, read_answers, until  # noqa: E402
from test_log import ask  # noqa: E402

HOSTILE = (HEAD + b"client_address=203.0.113.9\nclient_name=\nhelo_name=a b\"c\\d\x1b[2J\xff\nsasl_username=-\nsender=\n"
           b"recipient=x\xc3\xa9 MESSAGE=forged@foreign.example\nserver_address=192.0.2.1\nserver_port=25\n"
           b"instance=1f.2\nqueue_id=\n\n")


def take_entry(data):
    """The fields of one native datagram, as the journal reads them."""
    fields, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end]
        if b"=" in line:
            name, value = line.split(b"=", 1)
            at = end + 1
        else:  # the form for values with line ends, which is never needed
            size, = struct.unpack("<Q", data[end + 1:end + 9])
            name, value, at = line, data[end + 9:end + 9 + size], end + 10 + size
        assert re.fullmatch(rb"[A-Z][A-Z0-9_]*", name), name
        assert name not in fields, name
        fields[name.decode()] = value.decode("ascii")
    return fields


class Journaled(Daemon):
    """With a journal of the test's own beside the syslog, and standard error as systemd makes it, if stream."""

    def __init__(self, stream=False, journal=None, reads=True, **rest):
        self.entries, self.streamed, self.stream, self.reads = [], [], stream, reads
        self.journal = journal
        super().__init__(**rest)

    def open_syslog(self):
        super().open_syslog()
        self.open_journal()

    def open_journal(self):
        path = self.dir / "socket"
        path.unlink(missing_ok=True)
        self.jsock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.jsock.bind(str(path))
        os.chmod(path, 0o666)
        if self.reads:
            self.read_journal()

    def read_journal(self):
        def read(sock):
            try:
                while data := sock.recv(1 << 20):
                    self.entries.append(take_entry(data))
            except OSError:
                pass
        threading.Thread(target=read, args=(self.jsock,), daemon=True).start()

    def close_journal(self):
        self.jsock.shutdown(socket.SHUT_RDWR)
        self.jsock.close()

    def start(self):
        self.tail = self.tail.replace("log {", f'log {{ journal = "{self.dir}/socket"' if self.journal is None else f"log {{ journal = {self.journal}")
        self.write(self.policy)
        if self.stream:
            ours, theirs = socket.socketpair()
            stat = os.fstat(theirs.fileno())
            self.env = {**self.env, "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}
            self.stderr.close()
            self.stderr = theirs

            def read():
                with ours.makefile("rb") as lines:
                    for line in lines:
                        self.streamed.append(line.decode().rstrip("\n"))
            threading.Thread(target=read, daemon=True).start()
        super().start()

    def write(self, policy):
        self.policy = policy
        super().write(policy)

    def errors(self):
        return "\n".join(self.streamed) if self.stream else super().errors()

    def entry(self, pattern):
        return until(lambda: [e for e in self.entries if re.search(pattern, e["MESSAGE"])], f"an entry {pattern}")[0]

    def messages(self):
        return [e["MESSAGE"] for e in list(self.entries)]

    def stop(self, expect=0):
        super().stop(expect)
        self.close_journal()


def in_run(self):
    """The test's folder in the place of the real journal's: in a mount namespace of the daemon's own."""
    script = f'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind {self.dir} /run/systemd/journal && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"], ()


class Fields(unittest.TestCase):
    def test_decision(self):
        for form in "text", "json":
            d = Journaled(log=f"format = {form}")
            try:
                with d.connect() as s:
                    s.sendall(HOSTILE + RELAY)
                    read_answers(s, 2)
                entry = dict(d.entry("builtin:reject"))
                us = entry.pop("POSTLATCH_US")
                message = entry.pop("MESSAGE")
                self.assertEqual(entry, {
                    "PRIORITY": "6", "SYSLOG_FACILITY": "2", "SYSLOG_IDENTIFIER": "postlatchd", "POSTLATCH_ACTION": "REJECT",
                    "POSTLATCH_RULE": "builtin:reject", "POSTLATCH_CLIENT": "203.0.113.9", "POSTLATCH_NAME": "unknown",
                    "POSTLATCH_HELO": r"a\x20b\x22c\x5cd\x1b[2J\xff", "POSTLATCH_SASL": r"\x2d", "POSTLATCH_FROM": "<>",
                    "POSTLATCH_TO": r"x\xc3\xa9\x20MESSAGE=forged@foreign.example", "POSTLATCH_STATE": "RCPT",
                    "POSTLATCH_SERVER": "192.0.2.1:25", "POSTLATCH_INSTANCE": "1f.2", "POSTLATCH_GENERATION": "1"})
                if form == "text":
                    self.assertTrue(message.endswith(f" generation=1 us={us}"), message)
                else:
                    self.assertEqual(json.loads(message)["us"], int(us))
                    self.assertEqual(json.loads(message)["to"], "<" + entry["POSTLATCH_TO"] + ">")
                self.assertEqual(d.entry("builtin:network")["POSTLATCH_ACTION"], "OK")
                self.assertEqual(d.entry("started")["PRIORITY"], "6")
                self.assertNotIn("POSTLATCH_ACTION", d.entry("started"))
                self.assertEqual(d.log(), [])
            finally:
                d.stop()

    def test_longest(self):
        """Every value long and in need of escapes: whole, in one datagram."""
        d = Journaled()
        try:
            with d.connect() as s:
                s.sendall(HEAD + b"".join(name + b"=" + b"\1" * 400 + b"\n" for name in (
                    b"client_address", b"client_name", b"helo_name", b"sasl_username", b"sender", b"recipient", b"queue_id",
                    b"instance")) + b"\n")
                read_answers(s, 1)
            entry = d.entry("decision")
            for key in "CLIENT", "NAME", "HELO", "SASL", "FROM", "TO", "QUEUE_ID", "INSTANCE":
                self.assertEqual(entry["POSTLATCH_" + key], r"\x01" * 320 + "...", key)
        finally:
            d.stop()


class Once(unittest.TestCase):
    """Under a service manager that made standard error a stream to the journal."""

    def once(self, d, wanted):
        """Each of the lines in the stream or as an entry, and only once."""
        everywhere = [re.sub(r"^<\d>", "", l) for l in d.streamed] + d.messages() + d.log()
        for pattern in wanted:
            self.assertEqual(len([l for l in everywhere if re.search(pattern, l)]), 1, (pattern, everywhere))

    def test_auto(self):
        """The way of the unit: JOURNAL_STREAM, the journal at its usual place."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(f"\0postlatch-test-{os.getpid()}")
        d = Journaled(stream=True, journal="auto", launch=in_run, args=(), env={"NOTIFY_SOCKET": f"@postlatch-test-{os.getpid()}"})
        try:
            with d.connect() as s:
                s.sendall(OPEN)
                read_answers(s, 1)
            d.entry("decision action=REJECT")
            code, text = d.ctl("reload")
            self.assertEqual(code, 0, text)
            d.entry("generation 2 is in force")
            self.once(d, ("proved safe", "running as root", " started: ", "decision action", "generation 2 is in force"))
            self.assertIn("<4>running as root; the option user names a user to become", d.streamed)
            self.assertEqual(d.log(), [])
        finally:
            d.stop()

    def test_not_ours(self):
        """JOURNAL_STREAM of somebody else's standard error: syslog, as ever."""
        d = Journaled(journal="auto", env={"JOURNAL_STREAM": "1:2"})
        try:
            d.logged(" started: ")
            self.assertEqual(d.entries, [])
        finally:
            d.stop()

    def test_no(self):
        """Syslog, although there is a journal; a logger of one's own is another place, so warnings are in both."""
        d = Journaled(stream=True, journal="no")
        try:
            d.logged(" started: ")
            d.logged("running as root")
            until(lambda: "postlatchd: running as root; the option user names a user to become" in d.streamed, "the warning")
            self.assertEqual(d.entries, [])
        finally:
            d.stop()

    def test_start_that_fails(self):
        """By the stream, so that the journal knows the unit of a process that is gone at once."""
        d = Journaled(stream=True, policy="relay_networks = {0.0.0.0/0}\n")
        self.assertNotEqual(d.process.wait(30), 0)
        until(lambda: d.streamed and "not started" in d.streamed[-1], "the reason")
        self.assertTrue(all(re.match(r"<3>", l) for l in d.streamed), d.streamed)
        self.assertEqual(d.entries, [])
        d.stop(d.process.returncode)


class Trouble(unittest.TestCase):
    def test_nobody_reads(self):
        """A journal that hangs delays no answer; what it missed is counted and said."""
        d = Journaled(reads=False, extra="workers = 1")
        try:
            dropped = lambda: int(re.search(r"log_dropped_total\W+(\d+)", d.ctl("status", "--json")[1]).group(1))
            with d.connect() as s:
                ask(s, 0, 3000)
                until(lambda: dropped() > 0, "lines to be dropped")
                d.read_journal()
                said = lambda: sum(int(n) for m in d.messages() for n in re.findall(r"^log: (\d+) lines? w", m))
                decisions = lambda: len([m for m in d.messages() if m.startswith("decision ")])
                until(lambda: said() == dropped() and said() + decisions() == 3000, "all lines, or their count", 60)
        finally:
            d.stop()

    def test_restarted(self):
        d = Journaled(extra="workers = 1")
        try:
            d.entry(" started: ")
            with d.connect() as s:
                for first in range(0, 30, 10):
                    d.close_journal()
                    ask(s, first, 10)
                    d.open_journal()
                    until(lambda: len([m for m in d.messages() if "instance=n" in m]) == first + 10, "the lines of meanwhile")
            self.assertEqual([m for m in d.messages() if "dropped" in m], [])
        finally:
            d.stop()

    def test_reload_changes_the_way(self):
        d = Journaled()
        try:
            d.entry(" started: ")
            d.tail = d.tail.replace(f'journal = "{d.dir}/socket"', "journal = no")
            d.write(POLICY)
            self.assertEqual(d.ctl("reload")[0], 0)
            with d.connect() as s:
                s.sendall(RELAY)
                read_answers(s, 1)
            d.logged("decision action=OK")
            self.assertFalse([m for m in d.messages() if "decision" in m])
        finally:
            d.stop()


class Limit(unittest.TestCase):
    def test_datagrams(self):
        """What one datagram holds here: twice our longest line with its fields."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            self.assertEqual(ours.send(b"x" * 2 * 50 * 1024), 2 * 50 * 1024)
            self.assertEqual(len(theirs.recv(1 << 20)), 2 * 50 * 1024)


if __name__ == "__main__":
    unittest.main()
