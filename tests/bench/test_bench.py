#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""postlatch bench counts right: what it sends, what it takes for an error. How long anything takes is no test."""
import collections
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release"))
sys.dont_write_bytecode = True
OK = b"action=OK\n\n"


class Server:
    """Answers each request with what answer(request, number) returns; None closes the connection."""

    def __init__(self, path, answer):
        self.answer, self.lock, self.requests, self.at_once = answer, threading.Lock(), [], 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(100)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        data = b""
        with s:
            try:
                while got := s.recv(65536):
                    data += got
                    self.at_once = max(self.at_once, data.count(b"\n\n"))
                    while b"\n\n" in data:
                        request, data = data.split(b"\n\n", 1)
                        with self.lock:
                            self.requests.append(request)
                            answer = self.answer(request, len(self.requests))
                        if answer is None:
                            return
                        for piece in answer if isinstance(answer, list) else [answer]:
                            s.sendall(piece)
            except OSError:
                pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Bench(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = Path(temp.name)

    def serve(self, answer):
        server = Server(self.dir / "policy", answer)
        self.addCleanup(server.stop)
        return server

    def bench(self, *args):
        done = subprocess.run([BIN / "postlatch", "bench", "--json", "--socket", f"unix:{self.dir}/policy", "--seconds", "1",
                               *map(str, args)], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def write(self, text):
        path = self.dir / "requests"
        path.write_text(text)
        return path

    def test_closed_loop(self):
        server = self.serve(lambda request, n: OK if b"a@" in request else b"action=REJECT 5.7.1 No\n\n")
        path = self.write("request=smtpd_access_policy\nrecipient=a@b\n\nrequest=smtpd_access_policy\nrecipient=c@d\n")
        status, result, error = self.bench("--connections", 4, "--requests", path)
        self.assertEqual((status, error, result["errors"], result["trouble"], result["loop"]), (0, "", 0, None, "closed"))
        self.assertEqual(len(server.requests), result["answers"] + 4)  # one on each for warming up
        self.assertEqual(result["actions"].keys(), {"OK", "REJECT"})
        self.assertEqual(sum(result["actions"].values()), result["answers"])
        sent = collections.Counter(server.requests)
        self.assertEqual(set(sent), {b"request=smtpd_access_policy\nrecipient=a@b", b"request=smtpd_access_policy\nrecipient=c@d"})
        self.assertLessEqual(max(sent.values()) - min(sent.values()), 1)
        self.assertEqual(server.at_once, 1)  # never before the answer
        latency = result["latency_us"]
        self.assertEqual(sorted(latency.values()), [latency[name] for name in ("p50", "p90", "p99", "p99.9", "max")])

    def test_open_loop(self):
        server = self.serve(lambda request, n: OK)
        status, result, error = self.bench("--connections", 3, "--rate", 700, "recipient=a@b", "sasl_username=x")
        self.assertEqual((status, error, result["errors"], result["answers"]), (0, "", 0, 700))
        self.assertEqual(set(server.requests), {b"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=a@b\nsasl_username=x"})

    def test_a_halt_is_charged_to_all_who_would_have_come(self):
        gate = threading.Event()

        def answer(request, n):
            if n == 100:
                gate.wait(0.5)
            return OK
        server = self.serve(answer)
        status, result, error = self.bench("--connections", 2, "--rate", 1000, "recipient=a@b")
        self.assertEqual((status, error, result["answers"]), (0, "", 1000))
        # The halt stopped all connections: about half of the requests were due while it lasted, not two of them.
        self.assertGreaterEqual(result["latency_us"]["max"], 480_000)
        self.assertGreaterEqual(result["latency_us"]["p90"], 100_000)
        self.assertEqual(server.at_once, 1)

    def test_generated(self):
        server = self.serve(lambda request, n: OK)
        self.assertEqual(self.bench("--connections", 1)[0], 0)
        first, server.requests = server.requests[:200], []
        self.assertEqual(self.bench("--connections", 1, "--seed", 1)[0], 0)
        again, server.requests = server.requests[:200], []
        self.assertEqual(self.bench("--connections", 1, "--seed", 2)[0], 0)
        self.assertEqual(first, again)
        self.assertNotEqual(first, server.requests[:200])
        for name in (b"client_address", b"recipient", b"sender", b"client_name", b"sasl_username", b"encryption_protocol"):
            values = {dict(line.split(b"=", 1) for line in r.split(b"\n"))[name] for r in first}
            self.assertGreater(len(values), 1, name)
        length = sum(map(len, first)) / len(first)
        self.assertTrue(660 <= length <= 700, length)  # postlatch(1) says about 680

    def test_answers_in_pieces(self):
        self.serve(lambda request, n: [b"act", b"ion=OK", b"\n", b"\n"])
        status, result, error = self.bench("--connections", 2, "recipient=a@b")
        self.assertEqual((status, error, result["errors"]), (0, "", 0))
        self.assertEqual(result["actions"], {"OK": result["answers"]})

    def test_malformed_answers(self):
        for answer in (b"action=OK\n\naction=OK\n\n", b"action=\n\n", b"action= OK\n\n", b"acton=OK\n\n", b"\n\n", b"action=OK\nx=y\n\n",
                       b"action=" + b"x" * 500 + b"\n\n", b"action=O\0K\n\n", b"action=OK\r\n\r\n"):
            with self.subTest(answer=answer):
                (self.dir / "policy").unlink(missing_ok=True)
                self.serve(lambda request, n, answer=answer: OK if n <= 50 else answer)
                status, result, error = self.bench("--connections", 3, "recipient=a@b")
                self.assertEqual((status, result["errors"]), (2, 3))  # none of the connections is used again
                self.assertEqual(result["answers"], 47)
                self.assertIn("not one well-formed answer: \"", error)

    def test_closed_connections(self):
        self.serve(lambda request, n: OK if n <= 20 else None)
        status, result, error = self.bench("--connections", 2, "recipient=a@b")
        self.assertEqual((status, result["answers"], result["errors"]), (2, 18, 2))
        self.assertEqual(error, "postlatch: bench: a connection was lost: closed by the server\n")

    def test_open_loop_counts_what_was_never_sent(self):
        """One of two connections is lost at the 10th request: every second one of the rest has no connection to go by."""
        self.serve(lambda request, n: None if n == 12 else OK)
        status, result, _ = self.bench("--connections", 2, "--rate", 100, "recipient=a@b")
        self.assertEqual((status, result["answers"] + result["errors"]), (2, 100))
        self.assertIn(result["errors"], (45, 46))

    def test_no_answer(self):
        self.serve(lambda request, n: OK if n <= 5 else b"")
        status, result, error = self.bench("--connections", 1, "recipient=a@b")
        self.assertEqual((status, result["answers"], result["errors"]), (2, 4, 1))
        self.assertEqual(error, "postlatch: bench: an answer is missing after 5 seconds\n")

    def test_trouble_before_the_clock_starts(self):
        self.serve(lambda request, n: None)
        self.assertEqual(self.bench("--connections", 1, "recipient=a@b"),
                         (2, None, "postlatch: bench: a connection was lost: closed by the server\n"))

    def test_files_of_requests(self):
        for text, why in (("", "no request in it"), ("\n\n\n", "no request in it"),
                          ("request=smtpd_access_policy\n\n\nx=y\n\n", "{}:4: in the request that begins here: no request= in the request"),
                          ("request=smtpd_access_policy\nrecipient\n\n", "{}:1: in the request that begins here: a line without '='")):
            with self.subTest(text=text):
                path = self.write(text)
                status, result, error = self.bench("--requests", path)
                self.assertEqual((status, result), (2, None))
                self.assertIn(why.format(path), error)

    def test_the_limit_of_open_files(self):
        done = subprocess.run(["sh", "-c", f"ulimit -n 50; exec '{BIN}/postlatch' bench --socket unix:{self.dir}/policy"], text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (
            2, "postlatch: bench: 64 connections need 80 open files; the hard limit is 50 (ulimit -Hn)\n"))

    def test_corpus(self):
        """What a Postfix sent can be sent again."""
        server = self.serve(lambda request, n: OK)
        recorded = sorted((HERE.parent / "data/corpus").glob("*.req"))
        path = self.write("")
        path.write_bytes(b"".join(p.read_bytes() for p in recorded))
        status, _, error = self.bench("--connections", 1, "--requests", path)
        self.assertEqual((status, error), (0, ""))
        self.assertEqual(server.requests[:len(recorded)], [p.read_bytes().removesuffix(b"\n\n") for p in recorded])


class Generate(unittest.TestCase):
    def test_tables_load(self):
        with tempfile.TemporaryDirectory() as temp:
            folders = [Path(temp) / name for name in ("one", "two")]
            for folder in folders:
                subprocess.run([sys.executable, HERE / "generate", folder, "--v4", "2000", "--v6", "500", "--domains", "1000", "--users",
                                "300", "--rules", "5,50", "--requests", "100"], check=True, timeout=120)
            for path in folders[0].iterdir():
                self.assertEqual(path.read_bytes(), (folders[1] / path.name).read_bytes(), path.name)
            for rules in ("rules-5.conf", "rules-50.conf"):
                conf = folders[0] / "all.conf"
                conf.write_text(f'include("tables.conf")\ninclude("{rules}")\n')
                done = subprocess.run([BIN / "postlatch", "check", "--no-host", "-c", conf], capture_output=True, text=True, timeout=60, check=False)
                self.assertIn(f": {rules[6:-5]} rules, 4 tables, ", done.stdout)


if __name__ == "__main__":
    unittest.main()
