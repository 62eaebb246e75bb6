#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A daemon's log put to another policy, held to a daemon that has that policy and is asked the same. Runs alone, as test_daemon.py."""
import collections
import json
import os
import pty
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_daemon import BIN, Daemon, read_answers, until  # noqa: E402

OLD = """
accepted_domains = {example.org, ".example.net"}
relay_networks = {192.0.2.0/24, 2001:db8:1::/48}
relay_users = {any}
masking = {192.0.2.66}
rule "blocked" { sasl_username = {mallory} action = "REJECT 5.7.1 Suspended" }
rule "late" { sender = {foreign} helo_name = {unknown} action = "450 4.7.1 Later" }
"""
# Asks for what every log holds.
NEW = """
accepted_domains = {example.org, foreign.example}
relay_networks = {192.0.2.0/25, 198.51.100.0/24}
relay_users = {alice, "@example.org"}
relay_client_names = {.partner.example}
rule "greeting" { helo_name = {evil.example} action = "REJECT Bad greeting" }
rule "port" { server_port = {587} sasl_username = {none} action = "530 5.7.0 Log in" }
rule "place" { server_address = {"2001:db8::25"} client_address = {any, !192.0.2.0/24} sender = {"<>"} action = "DEFER_IF_PERMIT Later" }
rule "null" { sender = {"<>"} recipient = {"v@foreign.example", routed} action = "INFO a bounce" }
rule "data" { protocol_state = {DATA} client_address = {unknown} action = "450 4.7.1 Who are you?" }
"""
# And for what none holds.
DOUBT = NEW + """
relay_clientcerts = {"00112233445566778899aabbccddeeff"}
relay_listeners = {"context:internal"}
rule "dynamic" { reverse_client_name = {.dyn.example} recipient = {ours} action = "450 4.7.1 Dynamic" }
rule "method" { sasl_method = {login} action = "REJECT Old method" }
rule "plain" { encryption_protocol = {none} sasl_username = {any} action = "REJECT 5.7.0 TLS first" }
"""
VALUES = {
    "protocol_state": ["RCPT"] * 9 + ["DATA", "MAIL"],
    "client_address": ["192.0.2.7", "192.0.2.66", "192.0.2.200", "198.51.100.9", "203.0.113.9", "2001:db8:1::5", "unknown", "::ffff:192.0.2.8"],
    "client_name": ["unknown", "mx.partner.example", "a.example"],
    "reverse_client_name": ["unknown", "h9.dyn.example", "a.example"],
    "helo_name": ["evil.example", "a b=c", "[192.0.2.7]", "", "mx.example\x07"],
    "sender": ["", "a@example.org", "x@elsewhere.example", "-"],
    "recipient": ["u@example.org", "u@sub.example.net", "v@foreign.example", "x%y@example.org", "w@third.example", "", "bare"],
    "sasl_username": [""] * 3 + ["alice", "bob@example.org", "mallory", "-"],
    "server_address": ["192.0.2.25", "2001:db8::25", ""],
    "server_port": ["25", "587"],
    "ccert_fingerprint": [""] * 3 + ["00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"],
    "encryption_protocol": ["", "TLSv1.3"],
    "policy_context": ["", "", "internal"],
}
LONG = "l" * 400 + "@foreign.example"  # its end, which decides, is not in the log


def requests(count, seed):
    rng = random.Random(seed)
    for n in range(count):
        q = {name: rng.choice(values) for name, values in VALUES.items()}
        if n % 50 == 49:
            q["recipient"] = LONG
        q["sasl_method"] = rng.choice(["PLAIN", "LOGIN"]) if q["sasl_username"] else ""
        if not q["encryption_protocol"]:
            q["ccert_fingerprint"] = ""
        q["instance"] = f"n{n}."
        yield "request=smtpd_access_policy\n" + "".join(f"{k}={v}\n" for k, v in q.items()) + "\n"


def decided(line):
    """Number, word and rule of a decision line."""
    if "{" in line:
        d = json.loads(line[line.index("{"):])
        word, rule, n = d.get("would", d["action"]), d["rule"], d["instance"]
    else:
        d = dict(w.split("=", 1) for w in line.split(" ") if "=" in w)
        word, rule, n = d.get("would", d["action"]), d["rule"], d["instance"]
    return int(n[1:-1]), word, rule.replace(r"\x20", " ")


def answers(policy, asked, log=""):
    """The daemon's lines, in the order of the requests."""
    d = Daemon(policy=policy, extra="workers = 1", log=log)
    try:
        with d.connect() as s:
            for at in range(0, len(asked), 50):
                s.sendall("".join(asked[at:at + 50]).encode())
                read_answers(s, len(asked[at:at + 50]))
        lines = until(lambda: (l := [x for x in d.log() if "instance" in x]) and len(l) == len(asked) and l, "all lines")
    finally:
        d.stop()
    return lines


class Replay(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = Path(temp.name)

    def replay(self, lines, policy):
        (self.dir / "new.conf").write_text(policy)
        (self.dir / "log").write_text("".join(re.sub(r"^<\d+>(\w+ +\d+ \S+) ", r"\1 mx ", l) + "\n" for l in lines))
        done = subprocess.run([BIN / "postlatch", "replay", self.dir / "log", "--against", self.dir / "new.conf", "--json"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.stderr, "")
        result = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if result["same"] else 1)
        return result

    def test_known(self):
        """All that the rules ask for is in the log: the same pairs of answers, counted, from both formats and in observe mode."""
        # Without the server's address the line has no port either.
        asked = [r for r in requests(1500, 1) if LONG not in r and "server_address=\n" not in r]
        new = [decided(l) for l in answers(NEW, asked)]
        for log, mode in (("", ""), ("format = json", ""), ("", "mode = observe\n")):
            lines = answers(OLD + mode, asked, log)
            old = [decided(l) for l in lines]
            self.assertEqual([o[0] for o in old], [n[0] for n in new])
            pairs = collections.Counter((o[1:], n[1:]) for o, n in zip(old, new))
            result = self.replay(lines, NEW)
            self.assertEqual((result["decisions"], result["uncertain_answers"], result["unreadable"]["count"]), (len(asked), 0, 0))
            self.assertEqual(result["observed"], len(asked) if mode else 0)
            self.assertEqual(result["same_rule"], sum(n for (a, b), n in pairs.items() if a == b))
            self.assertEqual(result["other_rule"], sum(n for (a, b), n in pairs.items() if a[0] == b[0] and a != b))
            got = collections.Counter()
            for c in result["changes"]:
                old_one, new_one = c["old"], c["new"]
                got[(old_one["action"], old_one["rule"]), (new_one["action"].split(" ")[0], new_one["rule"])] += c["count"]
            self.assertEqual(got, {p: n for p, n in pairs.items() if p[0][0] != p[1][0]})
            self.assertGreater(len(got), 15)
            moved = collections.Counter()
            for c in result["moved"]:
                moved[c["old"]["action"], c["old"]["rule"], c["new"]["rule"]] += c["count"]
            self.assertEqual(moved, collections.Counter({(a[0], a[1], b[1]): n for (a, b), n in pairs.items() if a[0] == b[0] and a != b}))
            kinds = [c["kind"] for c in result["changes"]]
            self.assertEqual(kinds, sorted(kinds, key=["+RELAY", "-MAIL", "-RELAY", "+MAIL", "~TEXT"].index))

    def test_kinds(self):
        """Relaying that begins or ends is called so."""
        lines = answers(OLD, [r for r in requests(600, 2) if "recipient=\n" not in r and "protocol_state=RCPT" in r])
        for c in self.replay(lines, NEW)["changes"]:
            passes = lambda word: word in ("OK", "DISCARD")
            if c["kind"] == "+RELAY":
                self.assertTrue(passes(c["new"]["action"]), c)
            if passes(c["new"]["action"]) and not passes(c["old"]["action"]):
                self.assertEqual(c["kind"], "+RELAY", c)
            if c["kind"] == "-RELAY":
                self.assertTrue(passes(c["old"]["action"]) and not passes(c["new"]["action"]), c)

    def test_unknown(self):
        """Line by line: what is certain is right, and what is not has the right answer among those it names."""
        asked = list(requests(400, 3))
        lines, new = answers(OLD, asked), [decided(l) for l in answers(DOUBT, asked)]
        uncertain = 0
        for line, (_, word, rule) in zip(lines, new):
            result = self.replay([line], DOUBT)
            _, old_word, old_rule = decided(line)
            if result["uncertain_answers"]:
                uncertain += 1
                self.assertTrue(result["uncertain"][0]["asks"], line)
            elif result["other_answer"]:
                self.assertEqual(result["changes"][0]["new"]["action"].split(" ")[0], word, line)
            else:
                self.assertEqual(old_word, word, line)
                if result["same_rule"]:
                    self.assertEqual(old_rule, rule, line)
        self.assertGreater(uncertain, 100)
        self.assertLess(uncertain, 390)

    def test_long_log(self):
        """Ten times the lines take no more memory."""
        lines = ("\n".join(answers(OLD, list(requests(1000, 4)))) + "\n").encode()
        (self.dir / "new.conf").write_text(NEW)
        peaks = []
        for times in 5, 50:
            p = subprocess.Popen([BIN / "postlatch", "replay", "-", "--against", self.dir / "new.conf"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
            for _ in range(times):
                p.stdin.write(lines)
            p.stdin.flush()  # what is left is in the pipe
            peaks.append(int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{p.pid}/status").read_text())[1]))
            out, _ = p.communicate(timeout=300)
            self.assertIn(b"%d lines, %d decisions" % (1000 * times, 1000 * times), out)
        self.assertLess(peaks[1], 1.2 * peaks[0], peaks)

    def test_progress(self):
        """On a terminal standard error says how far it is, and standard output has nothing of it."""
        line = "".join(answers(OLD, list(requests(1, 5)))) + "\n"
        (self.dir / "new.conf").write_text(OLD)
        ours, theirs = pty.openpty()
        seen, stop = [], threading.Event()
        p = subprocess.Popen([BIN / "postlatch", "replay", "-", "--against", self.dir / "new.conf"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)

        def read():
            try:
                while data := os.read(ours, 4096):
                    seen.append(data)
                    stop.set()
            except OSError:  # the other side was closed
                pass
        thread = threading.Thread(target=read)
        thread.start()
        end = time.monotonic() + 60
        while not stop.is_set() and time.monotonic() < end:
            p.stdin.write(line.encode() * 1000)
        out, _ = p.communicate(timeout=60)
        thread.join()
        os.close(ours)
        self.assertEqual(p.returncode, 0)
        self.assertRegex(b"".join(seen), rb"^\r\d+ lines read, \d+ decisions")
        self.assertTrue(b"".join(seen).endswith(b" \r"), seen)
        self.assertRegex(out, rb"^standard input: \d+ lines, \d+ decisions\n")


if __name__ == "__main__":
    unittest.main()
