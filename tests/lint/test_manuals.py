#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages and the default file: well formed, and silent about no option."""
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
# Known names whose part of the program is yet to come; the loader says so when they are set.
LATER = {"shadow"}
SCHEMA = (SRC / "src/config/schema.h").read_text()
ATTRS = (SRC / "include/postlatch/attr.h").read_text()
ACTIONS = (SRC / "include/postlatch/action.h").read_text()


def options(section):
    table = re.search(rf"#define SCHEMA_{section}_TABLE\(X\)(.*?)\n\n", SCHEMA, re.S).group(1)
    return re.findall(r'X\("(\w+)", \w+, "((?:[^"\\]|\\.)*)"\)', table)


class Manuals(unittest.TestCase):
    @unittest.skipIf(shutil.which("mandoc") is None, "no mandoc; apt-get install mandoc")
    def test_mandoc(self):
        for page in sorted((SRC / "docs/man").iterdir()):
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""), page)

    def test_every_option_is_documented(self):
        page = (SRC / "docs/man/postlatch.conf.5").read_text()
        for section in ("TOP", "LOG", "METRICS"):
            for name, _ in options(section):
                self.assertTrue(re.search(rf"(?m)^\.(It|Ic) .*\b{name}\b", page), f"{name} is not in postlatch.conf(5)")
        for name, kind in re.findall(r'X\(\w+, "(\w+)", (PL_KIND_\w+)', re.sub(r"\\\n\s*", "", ATTRS)):
            if kind != "PL_KIND_OTHER":
                self.assertTrue(name in page, f"{name} is not in postlatch.conf(5)")
        for word in re.findall(r'X\(\w+, "(\w+)", PL_EFFECT', ACTIONS):
            self.assertTrue(word in page, f"{word} is not in postlatch.conf(5)")

    def test_every_command_and_warning_is_documented(self):
        page = (SRC / "docs/man/postlatch.1").read_text()
        for path in sorted((SRC / "src/cli").glob("cmd_*.c")):
            for name in re.findall(r"(?m)^int cmd_(\w+)\(", path.read_text()):
                self.assertIn(f"\n.Ss {name}\n", page, f"{name} is not in postlatch(1)")
        for word in re.findall(r'X\(\w+, "([\w-]+)", (?:true|false)\)', (SRC / "include/postlatch/lintcode.h").read_text()):
            self.assertIn(f"\n.It Li {word}\n", page, f"{word} is not in postlatch(1)")

    def test_every_finding_of_doctor_is_documented(self):
        page = (SRC / "docs/man/postlatch.1").read_text()
        for path in sorted((SRC / "src/doctor").glob("*.c")) + sorted((SRC / "src/cli").glob("doctor_*.c")):
            for word in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', path.read_text()):
                self.assertRegex(page, rf"(?m)^\.(It )?Li .*\b{word}\b", f"{path}: {word} is not in postlatch(1)")

    def test_the_default_file_shows_every_option(self):
        text = whole = (SRC / "etc/postlatch.conf").read_text()
        for section in ("TOP", "LOG", "METRICS"):
            if section != "TOP":
                text = re.search(rf"(?ms)^#{section.lower()} \{{.*?^#\}}", whole).group()
            for name, default in options(section):
                if name in LATER:
                    continue
                with self.subTest(option=name):
                    value = default.replace('\\"', '"')
                    found = re.search(rf"^#(?:    )?{name}\s*=\s*(\{{.*?\}}|\S+|\"[^\"]*\")\s*(#.*)?$", text, re.M) or \
                        re.search(rf"^#(?:    )?{name}\s*=\s*(\"[^\"]*\")", text, re.M)
                    self.assertIsNotNone(found, f"{name} is not in etc/postlatch.conf as a comment")
                    self.assertEqual(re.sub(r'[ "]', "", found.group(1)), re.sub(r'[ "]', "", value))

    def test_the_default_file_sets_nothing(self):
        for line in (SRC / "etc/postlatch.conf").read_text().splitlines():
            self.assertTrue(line.strip() == "" or line.startswith("#"), line)


if __name__ == "__main__":
    unittest.main()
