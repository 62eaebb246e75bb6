#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples in the pages of docs/ that need no mail server: policies, scenarios, commands with their output. See pages.py."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pages import BIN, KINDS, PAGES, blocks

# A command may use these besides our own.
TOOLS = {"postlatch", "postlatchd"}


class Pages(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = Path(temp.name)

    def postlatch(self, *argv):
        return subprocess.run([BIN / "postlatch", *argv], cwd=self.dir, capture_output=True, text=True, timeout=120, check=False)

    def test_each_block_is_of_a_kind(self):
        for page in PAGES:
            for block in blocks(page):
                self.assertIn(block.kind, KINDS, block)
                self.assertTrue(block.name or block.kind in ("console", "text"), f"{block}: no name")

    def test_each_main_cf_is_tried(self):
        """Sessions or lines of the log for each listener."""
        for page in PAGES:
            tried = {b.name for b in blocks(page, "smtp", "maillog")} | {w for b in blocks(page, "same") for w in b.words[:2]}
            for block in blocks(page, "main.cf", "master.cf"):
                self.assertIn(block.name, tried, f"{block}: nothing tries it")

    def test_policies(self):
        for page in PAGES:
            for block in blocks(page):
                with self.subTest(str(block)):
                    getattr(self, "take_" + block.kind.replace(".", "_"), lambda block: None)(block)

    def take_file(self, block):
        (self.dir / block.name).write_text(block.text)

    def take_conf(self, block):
        (self.dir / f"{block.name}.conf").write_text(block.text)
        done = self.postlatch("check", "--no-host", "-c", f"{block.name}.conf")
        verdict = block.words[1] if len(block.words) > 1 else "safe"
        self.assertIn(f"verdict: {verdict}", done.stdout)
        self.assertEqual(done.returncode, {"safe": 0, "open": 1, "unprovable": 1, "invalid": 2}[verdict], done.stdout)

    def take_scenarios(self, block):
        (self.dir / "scenarios").write_text(block.text)
        rows = [line for line in block.text.splitlines() if line and not line.startswith("#")]
        done = self.postlatch("test", "-c", f"{block.name}.conf", "scenarios")
        self.assertEqual((done.stdout, done.returncode), (f"{len(rows)} passed, 0 failed\n", 0), done.stderr)

    def take_both(self, block):
        """The policy's side; postfwd's is in test_migration.py."""
        block.words = block.words[1:]
        self.take_scenarios(block)

    def take_console(self, block):
        self.assertTrue(block.text.startswith("$ "), "a command comes first")
        for command, output in re.findall(r"(?m)^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", block.text):
            self.assertIn(command.split()[0], TOOLS)
            env = dict(os.environ, PATH=f"{BIN}:/usr/bin:/bin", NO_COLOR="1")
            env.pop("COLUMNS", None)
            done = subprocess.run(["sh", "-c", command], cwd=self.dir, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=120, check=False)
            self.assertEqual(done.stdout, output, command)

    @unittest.skipIf(shutil.which("postconf") is None, "no Postfix; apt-get install postfix")
    def test_postfix_takes_the_lines(self):
        """Without a warning of an unused parameter or a misspelt name."""
        found = [b for page in PAGES for b in blocks(page, "main.cf", "master.cf")]
        with ThreadPoolExecutor(8) as pool:   # postconf waits more than it works
            for block, said in zip(found, pool.map(self.postconf, found, range(len(found)))):
                with self.subTest(str(block)):
                    self.assertEqual(said, ["", ""])

    def postconf(self, block, number):
        """What postconf has to say of these lines."""
        etc = self.dir / str(number)
        etc.mkdir()
        (etc / "main.cf").write_text(f"compatibility_level = 3.6\nqueue_directory = {etc}\n" + block.text * (block.kind == "main.cf"))
        (etc / "master.cf").write_text(block.text * (block.kind == "master.cf"))
        return [subprocess.run(["postconf", "-c", etc, option], capture_output=True, text=True, timeout=120, check=False).stderr
                for option in ("-n", "-P")]


if __name__ == "__main__":
    unittest.main()
