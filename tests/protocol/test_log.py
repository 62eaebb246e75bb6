#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Loggers that are slow, full, dead, or restarted: answers go on, what is lost is counted and said. Runs alone, as test_daemon.py."""
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_daemon import BIN, HEAD, OURS, POLICY, RELAY, Daemon, read_answers, until  # noqa: E402


def numbered(n):
    """A request whose line is long, with a number in it."""
    return HEAD + b"client_address=192.0.2.7\nhelo_name=" + b"\1" * 300 + b"\nrecipient=v@foreign.example\ninstance=n%d.\n\n" % n


def ask(s, first, count):
    """That many numbered requests, a hundred at once."""
    for n in range(first, first + count, 100):
        s.sendall(b"".join(numbered(i) for i in range(n, min(n + 100, first + count))))
        wanted = min(100, first + count - n)
        if read_answers(s, wanted) != b"action=OK\n\n" * wanted:
            raise AssertionError("a wrong answer")


def numbers(lines):
    return [int(m.group(1)) for m in (re.search(r"instance=n(\d+)\.", l) for l in lines) if m]


class Silent(Daemon):
    """With a syslog socket that nobody reads, until read() is called."""

    def open_syslog(self):
        path = self.dir / "log"
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog.bind(str(path))
        os.chmod(path, 0o666)

    def read(self):
        threading.Thread(target=self.read_syslog, args=(self.syslog,), daemon=True).start()

    def status(self):
        code, text = self.ctl("status")
        if code != 0:
            raise AssertionError(text)
        return dict(line.split("=", 1) for line in text.replace(": ", "=").splitlines() if "=" in line) | {"text": text}

    def dropped(self):
        return int(re.search(r"log_dropped_total\W+(\d+)", self.ctl("status", "--json")[1]).group(1))


class Json(unittest.TestCase):
    """format = json: each line one object, whatever is in it."""

    def objects(self, d):
        return [json.loads(re.sub(r"^<\d+>\w+ +\d+ \S+ postlatchd\[\d+\]: ", "", l)) for l in d.log()]

    def test_hostile_bytes(self):
        """Raw bytes in every value that a client chooses: what is read back is what was sent, cut after 320 bytes."""
        rng = random.Random(5)
        any_byte = bytes(set(range(256)) - {0, 10})
        names = {"helo_name": "helo", "sasl_username": "sasl", "sender": "from", "recipient": "to", "queue_id": "queue_id"}
        d = Daemon(log="format = json", extra="workers = 1")
        try:
            sent = []
            with d.connect() as s:
                for n in range(300):
                    values = {name: bytes(rng.choice(any_byte) if n % 3 else rng.choice(b'"\\{}:, \x7f-') for _ in
                                          range(rng.choice([0, 1, 5, 60, 319, 320, 321, 350]))) for name in names}
                    sent.append(values)
                    s.sendall(HEAD + b"".join(name.encode() + b"=" + value + b"\n" for name, value in values.items())
                              + b"client_address=203.0.113.9\ninstance=n%d.\n\n" % n)
                    read_answers(s, 1)
            until(lambda: len([o for o in self.objects(d) if "instance" in o]) == len(sent), "all lines")
            for o in self.objects(d):
                if "instance" not in o:
                    continue
                values = sent[int(o["instance"][1:-1])]
                for name, key in names.items():
                    shown = o[key][1:-1] if key in ("from", "to") else "" if o[key] == "-" else o[key]
                    plain = re.sub(rb"\\x(..)", lambda m: bytes.fromhex(m[1].decode()), shown.encode("ascii"))
                    cut = values[name] if len(values[name]) <= 320 else values[name][:320] + b"..."
                    self.assertEqual(plain, cut)
        finally:
            d.stop()

    def test_messages(self):
        """The other lines, too: level and message."""
        d = Daemon(log="format = json")
        try:
            self.assertRegex(d.logged(" started: ")[0], r'^<22>.*: \{"level":"info","message":"postlatchd .*"\}$')
            d.write('relay_networks = {"\\x \xfc/24"}\n')
            self.assertEqual(d.ctl("reload")[0], 1)
            d.logged("keeping the running policy")
            messages = [(o["level"], o["message"]) for o in self.objects(d)]
            self.assertIn(("error", "reload: 1 error; keeping the running policy (generation 1)"), messages)
            self.assertIn(("error", f'reload: {d.conf}:1: unknown escape; expected \\" or \\\\ (a backslash is written \\\\)'), messages)
            until(lambda: '{"level":"error","message":"reload: 1 error' in d.errors(), "standard error")
        finally:
            d.stop()


class Loggers(unittest.TestCase):
    def test_nobody_reads(self):
        d = Silent(extra="workers = 1")
        try:
            with d.connect() as s:
                ask(s, 0, 3000)
                until(lambda: d.dropped() > 0, "lines to be dropped")
                code, text = d.ctl("reload")  # a message behind a flood of decisions
                self.assertEqual(code, 0, text)
                ask(s, 3000, 3000)
                d.read()
                d.logged("generation 2 is in force")
                said = lambda: sum(int(n) for n in re.findall(r"<20>[^\n]*: log: (\d+) lines? w", "\n".join(d.log())))
                until(lambda: said() == d.dropped() and len(numbers(d.log())) + said() == 6000, "all lines, or their count")
                got = numbers(d.log())
                self.assertEqual(got, sorted(set(got)))
        finally:
            d.stop()

    def test_restarted(self):
        """What happens while there is no syslog is told to the next one, as long as it is not too much."""
        d = Daemon(extra="workers = 1")
        try:
            with d.connect() as s:
                ask(s, 0, 10)
                until(lambda: len(numbers(d.log())) == 10, "ten lines")
                for first in range(10, 40, 10):
                    d.syslog.shutdown(socket.SHUT_RDWR)
                    d.syslog.close()
                    if first == 20:
                        (d.dir / "log").unlink()
                    ask(s, first, 10)
                    d.open_syslog()
                    until(lambda: len(numbers(d.log())) == first + 10, "the lines of meanwhile")
            self.assertEqual(numbers(d.log()), list(range(40)))
            self.assertFalse([l for l in d.log() if "dropped" in l])
        finally:
            d.stop()

    def test_all_of_it_before_the_end(self):
        d = Daemon(extra="workers = 1")
        with d.connect() as s:
            ask(s, 0, 200)
            d.process.send_signal(signal.SIGTERM)
            d.logged("postlatchd ended")
        d.stop()
        self.assertEqual(numbers(d.log()), list(range(200)))
        self.assertRegex(d.log()[-1], r"^<22>\w{3} [ \d]\d \d\d:\d\d:\d\d postlatchd\[\d+\]: postlatchd ended$")

    def test_the_end_with_a_full_logger(self):
        d = Silent(extra="workers = 1")
        with d.connect() as s:
            ask(s, 0, 1000)
        d.stop()  # with status 0, and before it loses patience

    def test_many_workers(self):
        d = Daemon(extra="workers = 4")
        try:
            sockets = [d.connect() for _ in range(4)]
            threads = [threading.Thread(target=ask, args=(s, 1000 * i, 200)) for i, s in enumerate(sockets)]
            for t in threads:
                t.start()
            for t, s in zip(threads, sockets):
                t.join()
                s.close()
            until(lambda: len(numbers(d.log())) == 800, "all lines")
            for i in range(4):
                self.assertEqual([n for n in numbers(d.log()) if n // 1000 == i], list(range(1000 * i, 1000 * i + 200)))
        finally:
            d.stop()

    def test_standard_error(self):
        """A copy of each line, without syslog, too; lines that are longer than a pipe takes at once are whole."""
        d = Daemon(syslog=False, extra="workers = 1")
        try:
            with d.connect() as s:
                s.sendall(RELAY)
                read_answers(s, 1)
                for first in range(0, 2000, 100):  # more than waits for a syslog
                    ask(s, first, 100)
                    until(lambda: len(numbers(d.errors().splitlines())) == first + 100, "all lines")
                s.sendall(HEAD + b"".join(name + b"=" + b"\1" * 320 + b"\n" for name in
                                          (b"helo_name", b"client_name", b"sasl_username", b"queue_id")) + b"instance=long.\n\n")
                read_answers(s, 1)
                until(lambda: "instance=long." in d.errors(), "the long line")
            lines = d.errors().splitlines()
            self.assertEqual(numbers(lines), list(range(2000)))
            self.assertTrue(all(l.startswith("postlatchd: ") for l in lines), lines)
            self.assertGreater(len([l for l in lines if "instance=long." in l][0]), 4096)
        finally:
            d.stop()

    def test_standard_error_that_nobody_reads(self):
        """A full pipe costs lines of its own, and none of syslog's; then it begins on a new line."""
        with tempfile.TemporaryDirectory() as folder:
            d = Daemon.__new__(Daemon)
            d.temp, d.dir = tempfile.TemporaryDirectory(), None
            d.temp.cleanup()
            conf, path = Path(folder) / "postlatch.conf", Path(folder) / "policy"
            conf.write_text(f'{POLICY}listen = {{"unix:{path}"}}\ncontrol = "{folder}/control"\nworkers = 1\n'
                            f'log {{ socket = "{folder}/log" }}\n')
            lines = []
            syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            syslog.bind(f"{folder}/log")

            def read():
                while line := syslog.recv(65536):
                    lines.append(line.decode())
            threading.Thread(target=read, daemon=True).start()
            process = subprocess.Popen([BIN / "postlatchd", "-f", "-c", conf], stderr=subprocess.PIPE)
            try:
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(20)
                    until(path.exists, "the daemon to listen")
                    until(lambda: s.connect_ex(str(path)) == 0, "a connection")
                    ask(s, 0, 200)  # some 250 KiB, into a pipe of 64
                    until(lambda: len(numbers(lines)) == 200, "all lines in syslog")
                    done = subprocess.run([BIN / "postlatch", "status", "--json", "--control", f"{folder}/control"],
                                          capture_output=True, text=True)
                    self.assertGreater(int(re.search(r'log_stderr_dropped_total": (\d+)', done.stdout).group(1)), 0, done.stdout)
                    self.assertEqual(re.search(r'"log_dropped_total": (\d+)', done.stdout).group(1), "0")
                    s.sendall(OURS)
                    read_answers(s, 1)
            finally:
                process.terminate()
                _, text = process.communicate(timeout=30)
                syslog.close()
            self.assertEqual(process.returncode, 0)
            for line in text.decode().splitlines():
                self.assertRegex(line, r"^postlatchd: ")


if __name__ == "__main__":
    unittest.main()
