#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The manual pages against the programs: examples load and run, defaults and options are those of the programs, JSON has no key that is
not told. (That no option, command or warning is left out: tests/lint/test_manuals.py.)"""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from pages import BIN, SRC

SCHEMA = (SRC / "src/config/schema.h").read_text()
# What examples refer to.
PRELUDE = {
    "offices": "networks offices { entries = {192.0.2.0/24} }",
    "blocked": "users blocked { entries = {mallory@example.org} }",
    "printers": "networks printers { entries = {192.168.5.20} }",
}
GREYLIST = 'rule "greylist" { recipient = {ours}  action = "class:greylist" }'
OFFICE = """accepted_domains = {example.org}
relay_networks   = {192.0.2.0/24, 2001:db8:5::/48}
relay_users      = {any}
"""


def page(name):
    """A page's source, its escapes undone."""
    text = (SRC / "docs/man" / name).read_text()
    for escape, meant in ((r"\(dq", '"'), (r"\(aq", "'"), (r"\&", ""), (r"\e", "\\")):
        text = text.replace(escape, meant)
    return text


def displays(text):
    return re.findall(r"(?ms)^\.Bd -literal.*?\n(.*?)^\.Ed", text)


def section(text, title, macro="Ss"):
    """What stands under a heading, to the next one of its kind or above."""
    found = re.search(rf"(?ms)^\.{macro} {re.escape(title)}\n(.*?)(?=^\.S[hs] |\Z)", text)
    assert found, f"no section {title}"
    return found[1]


def presets(table):
    """{option: its default} of a section of the configuration."""
    found = re.search(rf"#define SCHEMA_{table}_TABLE\(X\)(.*?)\n\n", SCHEMA, re.S)
    rows = re.findall(r'X\("(\w+)", \w+, "((?:[^"\\]|\\.)*)"\)', found[1])
    return {name: value.replace('\\"', '"') for name, value in rows}


# The section that options under a heading of the manual are of; all others are of the top level.
SECTIONS = {"LOG": "log", "METRICS": "metrics", "THE MASKING ALARM": "masking_alarm"}


class Case(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = Path(temp.name)

    def write(self, name, text):
        (self.dir / name).write_text(text)
        return name

    def run_it(self, *argv, stdin="", env=None):
        return subprocess.run([BIN / argv[0], *argv[1:]], cwd=self.dir, input=stdin, capture_output=True, text=True, timeout=120,
                              check=False, env=env)

    def loads(self, text):
        """A policy that may be open, but has no error."""
        needed = [line for name, line in PRELUDE.items() if f"<{name}>" in text and not re.search(rf"(?m)^\w+ +{name} ", text)]
        if '= "greylist"' in text:
            needed.append(GREYLIST)
        self.write("postlatch.conf", "\n".join(needed + [text]) + "\n")
        done = self.run_it("postlatch", "check", "--no-host", "-c", "postlatch.conf")
        self.assertNotEqual(done.returncode, 2, f"{text}\n{done.stdout}")


class Configuration(Case):
    """postlatch.conf(5)"""

    text = page("postlatch.conf.5")

    def options(self):
        """(names, section or "", what is said of them)"""
        for found in re.finditer(r"(?ms)^\.It Ic (?![^\n]* Ta )([\w ,]+?)(?: Q.*?)?\n(.*?)(?=^\.It Ic |^\.S[hs] |\Z)", self.text):
            title = re.findall(r"(?m)^\.Sh (.*)$", self.text[:found.start()])[-1]
            yield found[1].replace(" ", "").split(","), SECTIONS.get(title, ""), found[2]

    def test_defaults(self):
        told = 0
        for names, part, said in self.options():
            default = re.search(r"(?m)^\.It Default:\n(?:\.Li )?(.*)$", said)
            known = presets(part.upper() or "TOP")
            if default and names[0] in known:
                told += 1
                wanted = " and ".join(dict.fromkeys(known[name] for name in names))
                with self.subTest(names):
                    self.assertEqual(default[1].replace('"', ""), wanted.replace('"', ""))
        self.assertGreater(told, 30)

    def test_examples_of_options(self):
        self.write("new.conf", OFFICE)
        count = 0
        for names, part, said in self.options():
            for example in re.findall(r"(?m)^\.It Example:\n\.Li (.*)$", said):
                with self.subTest(example):
                    self.loads(f"{part} {{ {example} }}" if part and not example.startswith(part) else example)
                    self.assertTrue(any(name in example for name in names))
                    count += 1
        self.assertGreater(count, 30)

    def test_displays(self):
        self.write("partners.cidr", "192.0.2.0/24\n")
        self.write("blocked", "mallory@example.org\n")
        count = 0
        for text in displays(self.text):
            if "smtpd_" in text or re.match(r"[\w. ]+(?::\d+)?: ", text):   # of Postfix; lines of a log
                continue
            with self.subTest(text):
                self.loads(text)
                count += 1
        self.assertGreater(count, 6)

    def test_error_messages(self):
        """The two that the page shows, from such a file."""
        lines = [""] * 31
        lines[11] = "relay_networks = {192.0.2.77/24}"
        lines[30] = 'rule "printers" { sasl_user = {alice}  action = "OK" }'
        self.write("postlatch.conf", "\n".join(lines) + "\n")
        shown = next(text for text in displays(self.text) if text.startswith("postlatch.conf:"))
        done = self.run_it("postlatch", "check", "--no-host", "-c", "postlatch.conf")
        self.assertEqual("".join(line + "\n" for line in done.stdout.splitlines() if line.startswith("postlatch.conf:")), shown)


    def test_no_option_that_is_not(self):
        known = set().union(*map(presets, re.findall(r"#define SCHEMA_(\w+)_TABLE\(X\)", SCHEMA))) | {"include", "accept"}
        attributes = set(re.findall(r'X\(\w+, "(\w+)", PL_KIND_', (SRC / "include/postlatch/attr.h").read_text()))
        for names, _, _ in self.options():
            if "include" not in names[0]:
                self.assertLessEqual(set(names), known | attributes)

    def test_built_in_rules(self):
        found = set()
        for path in (SRC / "src").rglob("*.c"):
            found |= set(re.findall(r"builtin:\w+", path.read_text()))
        self.assertEqual(set(re.findall(r"(?m)^\.It Li (builtin:\w+)$", section(self.text, "BUILT-IN RULES", "Sh"))), found)


class Command(Case):
    """postlatch(1)"""

    text = page("postlatch.1")

    def synopsis(self):
        """{command: its options}"""
        part = section(self.text, "SYNOPSIS", "Sh")
        return {c: set(re.findall(r"Fl -([\w-]+)", rest)) 
                for c, rest in re.findall(r"(?ms)^\.Cm (\w+)\n(.*?)(?=^\.Nm|\Z)", part)}

    def test_commands_and_options(self):
        usage = self.run_it("postlatch", "--help").stdout
        commands = set(re.findall(r"(?m)^  (\w+) +\w", usage))
        synopsis = self.synopsis()
        self.assertEqual(commands, set(synopsis))
        for command, options in synopsis.items():
            with self.subTest(command):
                text = self.run_it("postlatch", command, "--help").stdout
                head = text.split("\n\n")[0]
                general = {"json"}   # taken everywhere, and told for all commands at once
                self.assertEqual(options - general, set(re.findall(r"--([\w-]+)", head)) - general)
                said = section(self.text, command)
                for option in options - general - {"control", "socket"}:
                    self.assertRegex(said, rf"Fl -{option}\b")
                self.assertIn("Exit status:", said)
                self.assertIn("\nExit status: ", text)
                self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def keys(self, value):
        """All keys of a JSON value, but not those of objects whose keys are names of the policy's or of Postfix."""
        if isinstance(value, list):
            return set().union(*map(self.keys, value)) if value else set()
        if isinstance(value, dict):
            found = set(value)
            for key, inner in value.items():
                if key not in ("witness", "example", "actions", "omitted"):
                    found |= self.keys(inner)
            return found
        return set()

    def told(self, command, *argv, stdin="", within=()):
        done = self.run_it("postlatch", command, "--json", *argv, stdin=stdin)
        said = " ".join(section(self.text, part) for part in (command, *within))
        for key in self.keys(json.loads(done.stdout)):
            with self.subTest(command, key=key):
                self.assertRegex(said, rf"(?m)(^\.Li|^\.It Li|[ (]).*\b{re.escape(key)}\b")

    def test_warnings_and_notes(self):
        """Each code of the program's, as the one that it is, and no other."""
        codes = re.findall(r'X\(\w+, "([\w-]+)", (true|false)\)', (SRC / "include/postlatch/lintcode.h").read_text())
        warnings, notes = section(self.text, "check").split("\nNotes, which\n")
        for text, note in ((warnings.split("\nWarnings, which\n")[1], "true"), (notes, "false")):
            told = re.findall(r"(?m)^\.It Li ([\w-]+)$", text)
            self.assertEqual(told, [code for code, is_note in codes if (is_note == "true") == (text is notes)], note)

    def test_json(self):
        self.write("p.conf", OFFICE + 'rule "partners" { recipient = {partner.example}  action = "OK" }\n')
        self.write("q.conf", OFFICE)
        self.write("bad.conf", "relay_network = {}\n")
        self.write("flows", "client_address=192.0.2.7 recipient=v@foreign.example -> REJECT\n")
        self.told("check", "--no-host", "--compromised", "alice", "-c", "p.conf", within=["surface", "where", "matrix"])
        self.told("check", "--no-host", "-c", "bad.conf")
        self.told("surface", "-c", "p.conf")
        self.told("matrix", "-c", "p.conf")
        self.told("who", "-c", "p.conf", "someone@foreign.example", within=["matrix"])
        self.told("where", "-c", "p.conf", "192.0.2.7", within=["matrix", "who"])
        self.told("explain", "-c", "p.conf", "client_address=192.0.2.7", "recipient=a@partner.example")
        self.told("test", "-c", "p.conf", "flows")
        self.told("diff", "p.conf", "q.conf")

    def test_scenarios(self):
        """The lines of the page, and the failure that it shows."""
        self.write("p.conf", OFFICE.replace("{any}", "{any}\nusername_case = fold") +
                   'rule "stopped" { sasl_username = {mallory}  action = "REJECT 5.7.1 Account suspended" }\n')
        lines, shown = displays(section(self.text, "test"))
        self.write("flows", lines)
        done = self.run_it("postlatch", "test", "-c", "p.conf", "flows")
        self.assertEqual((done.returncode, done.stdout), (0, "3 passed, 0 failed\n"))
        rows = [line for line in lines.splitlines() if not line.startswith("#")]
        self.write("flows", "\n".join([rows[0], rows[1], "client_address=203.0.113.9 recipient=v@foreign.example -> OK"]) + "\n")
        done = self.run_it("postlatch", "test", "-c", "p.conf", "flows")
        self.assertEqual((done.returncode, done.stdout), (1, shown))

    def test_surface(self):
        self.write("p.conf", OFFICE)
        self.assertEqual(self.run_it("postlatch", "surface", "-c", "p.conf").stdout, displays(section(self.text, "surface"))[0])

    def test_diff(self):
        self.write("old", "accepted_domains = {example.org}\n")
        self.write("new", "accepted_domains = {example.org}\nrelay_networks = {172.20.0.0/16}\n")
        got = self.run_it("postlatch", "diff", "old", "new").stdout
        shown = displays(section(self.text, "diff"))[0]
        self.assertEqual(re.sub(r"(client_name=unknown) .*", r"\1 ...", got), shown)

    def test_facts(self):
        self.write("p.conf", OFFICE)
        self.write("facts", displays(section(self.text, "check"))[0])
        done = self.run_it("postlatch", "check", "--strict", "--host", "facts", "-c", "p.conf")
        self.assertIn("trusted-gateway", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_examples(self):
        """Each command of EXAMPLES, with the daemon that it asks."""
        self.write("facts", "interface eth0 203.0.113.5/24\n")
        self.write("flows", "client_address=192.0.2.7 recipient=v@foreign.example -> OK\n")
        policy = OFFICE + f'listen = {{"unix:{self.dir}/policy"}}\ncontrol = "{self.dir}/control"\n'
        self.write("postlatch.conf", policy)
        daemon = subprocess.Popen([BIN / "postlatchd", "-f", "-c", self.dir / "postlatch.conf"], stderr=subprocess.DEVNULL)
        self.addCleanup(daemon.wait, 60)
        self.addCleanup(daemon.send_signal, signal.SIGTERM)
        end = time.monotonic() + 60
        while self.run_it("postlatch", "status", "-c", "postlatch.conf").returncode != 0:
            self.assertLess(time.monotonic(), end, "the daemon does not answer")
            time.sleep(0.05)
        ran = 0
        for text in displays(section(self.text, "EXAMPLES", "Sh")):
            for line in text.replace("\\\n", " ").splitlines():
                if re.match("journalctl|zcat|postlatch probe", line):
                    continue   # what they need is not here: tests/protocol/test_daemon.py, tests/cli, tests/blackbox/test_probe.py
                self.write("new.conf", policy)
                line = (line.replace("/etc/postlatch/postlatch.conf", "postlatch.conf").replace("unix:/var/spool/postfix/postlatch", f"unix:{self.dir}")
                        .replace("$(pidof postlatchd)", str(daemon.pid)).replace("postlatch bench", "postlatch bench --seconds 1 --connections 2"))
                line = re.sub(r"postlatch (\w+)(?! -c)", lambda m: m[0] + " -c postlatch.conf", line) if "new.conf" not in line else \
                    line.replace("postlatch reload", "postlatch reload -c postlatch.conf")
                done = subprocess.run(["sh", "-c", line], cwd=self.dir, env=dict(os.environ, PATH=f"{BIN}:/usr/bin:/bin"), capture_output=True,
                                      text=True, timeout=120, check=False)
                with self.subTest(line):
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    ran += 1
        self.assertGreater(ran, 7)
        done = self.run_it("postlatch", "status", "--json", "-c", "postlatch.conf")
        said = section(self.text, "status")
        for key in json.loads(done.stdout):
            key = re.sub(r"^(rate_\d+m)_(?:pass|refuse|leave|unknown)$", r"\1", key)
            with self.subTest(status=key):
                self.assertRegex(said, rf"(?m)^\.(?:It )?Li .*\b{key}\b")


class ControlProtocol(Case):
    """docs/control-protocol.md, spoken by hand."""

    text = (SRC / "docs/control-protocol.md").read_text()

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(f"{self.dir}/control")
            s.sendall(f"postlatch/1 {command}\n".encode())
            return s.makefile().read()

    def test_exchanges(self):
        head = f'listen = {{"unix:{self.dir}/policy"}} control = "{self.dir}/control"\n'
        path = self.dir / "postlatch.conf"
        path.write_text(head)
        daemon = subprocess.Popen([BIN / "postlatchd", "-f", "-c", path], stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.wait, 60)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.send_signal, signal.SIGTERM)
        for line in daemon.stderr:
            if " started: " in line:
                break
        path.write_text(head + "\nrelay_networks = {192.0.2.77/24}\n")
        sent, *lines = re.search(r"(?m)^    > postlatch/1 (reload)\n((?:    < .*\n)*)", self.text).groups()
        shown = re.sub("(?m)^    < ", "", lines[0])
        self.assertEqual(self.ask(sent).replace(str(path), "/etc/postlatch/postlatch.conf"), shown)
        path.write_text(head)
        self.assertEqual(self.ask("reload"), "postlatch/1 ok\ngeneration 2 is in force: 0 rules, 0 tables, 0 entries; verdict: safe\n")
        self.assertTrue(self.ask("rubbish").startswith("postlatch/1 error\n"))
        keys = [line.split("=")[0] for line in self.ask("status").splitlines()[1:]]
        told = [key for row in re.findall(r"(?m)^\| (`.*?) \|", self.text.split("## status")[1]) for key in re.findall(r"`(\w+)`", row)]
        told = [key for key in told if key != "last_reload_error"]   # there only after a refusal
        keys = [re.sub(r"^rate_5m_.*", "rate_5m_", key) for key in keys]
        self.assertEqual(set(told), set(keys))


class Daemon(Case):
    """postlatchd(8)"""

    text = page("postlatchd.8")

    def test_options(self):
        usage = self.run_it("postlatchd", "-h").stdout
        self.assertEqual(set(re.findall(r"(?m)^  -(\w)", usage)), set(re.findall(r"(?m)^\.It Fl (\w)", self.text)))

    def test_examples(self):
        self.write("new.conf", OFFICE + f'listen = {{"unix:{self.dir}/policy"}}\ncontrol = "{self.dir}/control"\n')
        check, serve = [text.split() for text in displays(section(self.text, "EXAMPLES", "Sh"))]
        done = self.run_it(*check)
        self.assertIn("verdict: safe\n", done.stdout)
        self.assertEqual(done.returncode, 0)
        with subprocess.Popen([BIN / serve[0], *serve[1:]], cwd=self.dir, stderr=subprocess.PIPE, text=True) as daemon:
            self.addCleanup(daemon.kill)
            for line in daemon.stderr:
                if " started: new.conf, generation 1: " in line:
                    daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(60), 0)

    def test_decision(self):
        """The line that the page shows is one that explain reads; each of its keys is told."""
        line = next(text for text in displays(self.text) if text.startswith("decision "))
        self.write("p.conf", OFFICE)
        done = self.run_it("postlatch", "explain", "-c", "p.conf", "-", stdin=line)
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "action=REJECT Relay access denied"))
        for key in re.findall(r" (\w+)=", line):
            self.assertRegex(section(self.text, "Decisions"), rf"(?m)^\.It Li .*\b{key}\b")


if __name__ == "__main__":
    unittest.main()
