#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The policies of docs/examples: each answers as its .test says, or is refused as its .error says.

A .test without a refusal, or without anything else, says why: a line "# no refusals: …" or
"# only refusals: …".
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).parents[2])).resolve()
BIN = Path(os.environ.get("PL_BIN", SRC / "build/release")).resolve()
EXAMPLES = SRC / "docs/examples"
README = (EXAMPLES / "README.md").read_text()
REFUSES = re.compile(r"(?i)(reject|defer|[45]\d\d|reject_unauth_destination)\b")
# These change no answer, they only matter to a proof.
NO_ANSWER = {"relay_by_rule", "after_dunno", "permitted_elsewhere"}
ALIKE = {
    "an empty policy": "",
    "one that permits all": 'rule "all" { protocol_state = {any}  action = "OK" }\n',
    "one that leaves all to Postfix": 'rule "all" { protocol_state = {any}  action = "DUNNO" }\n',
}


def postlatch(*argv, folder):
    return subprocess.run([BIN / "postlatch", *argv], cwd=folder, capture_output=True, text=True,
                          timeout=60, check=False)


def policies():
    return sorted(EXAMPLES.rglob("*.conf"))


def lessened(text):
    """A policy less one statement, and less one entry of a list: (what is left out, text)."""
    text = re.sub(r"#.*", "", text)
    parts = [part for part in re.split(r"(?m)^(?=[^\s}])", text) if part.strip()]
    for i, part in enumerate(parts):
        if part.split()[0] not in NO_ANSWER:
            yield part.strip(), "".join(parts[:i] + parts[i + 1:])
    for found in re.finditer(r"(\w+)\s*=\s*\{([^{}]*)\}", text):
        entries = found[2].split(",")
        # Addresses that hide others are named though nothing trusts them today.
        if found[1] not in NO_ANSWER | {"masking"} and len(entries) > 1:
            for i, entry in enumerate(entries):
                rest = ",".join(entries[:i] + entries[i + 1:])
                yield (f"{entry.strip()} in {found[1]}",
                       text[:found.start(2)] + rest + text[found.end(2):])


def expectations(path):
    """What the rows of a .test expect."""
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.rsplit(" -> ", 1)[1]


class Examples(unittest.TestCase):
    def test_each_is_the_same_as_itself(self):
        for conf in policies():
            if conf.with_suffix(".error").exists():
                continue
            with self.subTest(conf.name):
                done = postlatch("diff", conf.name, conf.name, folder=conf.parent)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "same answer for everything (proved)\n", ""))

    def test_each_has_its_test(self):
        self.assertGreater(len(policies()), 40)
        for conf in policies():
            with self.subTest(conf.name):
                self.assertNotEqual(conf.with_suffix(".test").exists(),
                                    conf.with_suffix(".error").exists())
        for path in [*EXAMPLES.rglob("*.test"), *EXAMPLES.rglob("*.error"), *EXAMPLES.rglob("*.host")]:
            self.assertTrue(path.with_suffix(".conf").exists(), path)

    def test_each_is_linked(self):
        links = set(re.findall(r"\]\(([^)#]+)\)", README))
        for path in EXAMPLES.rglob("*"):
            if path.is_file() and path.name != "README.md":
                self.assertIn(str(path.relative_to(EXAMPLES)), links)
        for link in links:
            self.assertTrue((EXAMPLES / link).exists(), link)

    def test_nothing_else_lies_there(self):
        for path in EXAMPLES.rglob("*"):
            if path.is_file():
                self.assertIn(path.suffix, (".conf", ".test", ".error", ".host", ".cidr", ".domains", ".md"), path)
                if path.suffix in (".cidr", ".domains"):
                    named = [c for c in policies() if f'"{path.name}"' in c.read_text()]
                    self.assertTrue(named, path)

    def test_answers(self):
        for conf in policies():
            test = conf.with_suffix(".test")
            if test.exists():
                with self.subTest(conf.name):
                    rows = len(list(expectations(test)))
                    done = postlatch("test", "-c", conf.name, test.name, folder=conf.parent)
                    self.assertEqual((done.returncode, done.stdout, done.stderr),
                                     (0, f"{rows} passed, 0 failed\n", ""))

    def test_errors(self):
        for error in EXAMPLES.rglob("*.error"):
            with self.subTest(error.name):
                conf = error.with_suffix(".conf").name
                done = postlatch("check", "-c", conf, folder=error.parent)
                self.assertEqual((done.returncode, done.stdout), (2, error.read_text()))

    def test_verdicts(self):
        """What is to be copied is safe, without a warning; what is not has the verdict, the warnings and the notes that its line
        "# check:" says. A note, of loopback for instance, is no fault of the others."""
        for conf in policies():
            if conf.with_suffix(".error").exists():
                continue
            with self.subTest(conf.name):
                said = re.search(r"(?m)^# check: ([^(\n]*?)(?: \(with the facts of (\S+)\))?$", conf.read_text())
                self.assertEqual(said is not None, conf.parent != EXAMPLES, "a line # check: says the verdict")
                host = conf.with_suffix(".host")
                self.assertEqual(said[2] if said else None, host.name if host.exists() else None)
                facts = ["--host", host.name] if host.exists() else ["--no-host"]
                done = postlatch("check", "--strict", "--json", *facts, "-c", conf.name, folder=conf.parent)
                report = json.loads(done.stdout)
                found = [f"{f['code']} {f['object']}" for f in report["warnings"]]
                if said is None:
                    self.assertEqual((report["verdict"], found, done.returncode), ("safe", [], 0))
                    continue
                verdict, *expected = said[1].split("; ")
                notes = [f"{f['code']} {f['object']}" for f in report["notes"]]
                self.assertEqual(report["verdict"], verdict)
                self.assertEqual([f for f in expected if f not in notes], found)
                self.assertEqual(done.returncode, 1 if verdict == "open" or found else 0)
                self.assertTrue(verdict == "open" or expected, "nothing warns of it")

    def test_both_kinds_of_rows(self):
        for test in EXAMPLES.rglob("*.test"):
            with self.subTest(test.name):
                text = test.read_text()
                self.assertTrue(text.startswith("# "), "expected a comment: who asks for what")
                refused = {bool(REFUSES.match(answer)) for answer in expectations(test)}
                self.assertTrue(True in refused or "# no refusals: " in text, "no row is refused")
                self.assertTrue(False in refused or "# only refusals: " in text, "all are refused")

    def test_what_is_wrong_is_said(self):
        for conf in policies():
            dangerous = conf.parent != EXAMPLES
            self.assertEqual(conf.read_text().startswith("# WRONG: "), dangerous, conf)
            if dangerous:
                for name in re.findall(r"\.\./[\w.-]+\.conf", conf.read_text()):
                    self.assertTrue((conf.parent / name).exists(), f"{conf}: {name}")

    def test_rows_can_fail(self):
        """No policy that answers all alike passes an example's rows, nor does the example itself
        with something left out."""
        changed = 0
        for conf in policies():
            test = conf.with_suffix(".test")
            if not test.exists():
                continue
            with tempfile.TemporaryDirectory() as temp:
                for path in conf.parent.iterdir():
                    if path.is_file():
                        shutil.copy(path, temp)
                for what, text in ALIKE.items():
                    with self.subTest(conf.name, instead=what):
                        self.assertEqual(self.mutant(temp, text, test).returncode, 1)
                if conf.parent == EXAMPLES:
                    changed += self.lessen(temp, conf, test)
        self.assertGreater(changed, 120)

    def lessen(self, temp, conf, test):
        changed = 0
        for what, text in lessened(conf.read_text()):
            with self.subTest(conf.name, without=what):
                done = self.mutant(temp, text, test)
                if done.returncode == 2:  # what is left does not load
                    self.assertRegex(done.stdout + done.stderr,
                                     "no table is named|only '!' entries")
                else:
                    self.assertEqual(done.returncode, 1, "no row misses it")
                    changed += 1
        return changed

    def mutant(self, temp, text, test):
        (Path(temp) / "mutant.conf").write_text(text)
        return postlatch("test", "-c", "mutant.conf", test.name, folder=temp)


if __name__ == "__main__":
    unittest.main()
