#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/logs.md: its example, its tables, its commands and the files that it names."""
import gzip
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).parents[2])).resolve()
BIN = Path(os.environ.get("PL_BIN", SRC / "build/release")).resolve()
TEXT = (SRC / "docs/logs.md").read_text()
LINE = re.search(r"^    (decision .*)$", TEXT, re.M).group(1)
KEYS = re.findall(r"([a-z_]+)=", LINE)


class Logs(unittest.TestCase):
    def test_example(self):
        """The line is one of ours, with every key; the table and the fields name the same."""
        table = re.findall(r"^\| (`[a-z_` ]+`) \|", TEXT, re.M)
        named = [k for row in table for k in re.findall(r"`([a-z_]+)`", row)]
        self.assertEqual([k for k in named if k != "would"], KEYS)
        self.assertEqual(named[1], "would")
        self.assertEqual(re.findall(r"`POSTLATCH_([A-Z_]+)`", TEXT), [k.upper() for k in named])

    def test_commands(self):
        """The commands of the last part, on a log of that line; journalctl is played."""
        with tempfile.TemporaryDirectory() as folder:
            logs, bin_ = Path(folder) / "var", Path(folder) / "bin"
            logs.mkdir()
            bin_.mkdir()
            (logs / "postlatch.log").write_text(f"Nov 28 10:00:00 mx postlatchd[1]: {LINE}\n")
            (logs / "postlatch.log.2.gz").write_bytes(gzip.compress((LINE + "\n").encode()))
            (bin_ / "journalctl").write_text(f"#!/bin/sh\ncat <<'EOF'\n{LINE}\nEOF\n")
            (bin_ / "journalctl").chmod(0o755)
            (Path(folder) / "new.conf").write_text("relay_networks = {203.0.113.0/24}\n")
            commands = [c for block in re.findall(r"```sh\n(.*?)```", TEXT, re.S) for c in block.splitlines() if "replay" in c]
            self.assertEqual(len(commands), 3)
            for command in commands:
                with self.subTest(command):
                    done = subprocess.run(["sh", "-c", command.replace("/var/log", str(logs))], cwd=folder, capture_output=True, text=True,
                                          env=dict(os.environ, PATH=f"{bin_}:{BIN}:{os.environ['PATH']}"), timeout=60, check=False)
                    self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
                    self.assertIn('    old       "REJECT" by builtin:reject\n    new       "OK" by builtin:network\n', done.stdout)

    def test_files(self):
        for path in re.findall(r"`((?:contrib|tests|docs)/[a-z0-9_./]+)`", TEXT) + re.findall(r"(docs/adr/\d{4})", TEXT):
            self.assertTrue(list(SRC.glob(path + "*")), path)


if __name__ == "__main__":
    unittest.main()
