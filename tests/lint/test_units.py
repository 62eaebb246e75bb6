#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is installed for systemd: systemd's own checks, the exposure at most 1.5, and agreement with the daemon's defaults."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("PL_BUILD", SRC / "build/release"))
EXPOSURE = 15  # tenths


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Installed into a folder of its own, with the units that ours name."""
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.root = Path(temp.name)
        done = subprocess.run(["cmake", "--install", BUILD], env=dict(os.environ, DESTDIR=str(cls.root)), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        shutil.copytree("/lib/systemd/system", cls.root / "lib/systemd/system", symlinks=True)
        cls.lib = next(cls.root.rglob("postlatch.service")).parents[2]
        cls.service = (cls.lib / "systemd/system/postlatch.service").read_text()
        cls.socket = (cls.lib / "systemd/system/postlatch.socket").read_text()

    def test_verify(self):
        for unit in ("postlatch.service", "postlatch.socket"):
            self.assertEqual(run("systemd-analyze", "verify", "--man=no", f"--root={self.root}", unit), (0, ""), unit)

    def test_exposure(self):
        status, text = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager",
                           self.lib / "systemd/system/postlatch.service")
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"Overall exposure level for postlatch\.service: [01]\.[0-9]")

    def test_user(self):
        status, text = run("systemd-sysusers", f"--root={self.root}", "--dry-run")
        self.assertEqual(status, 0, text)
        self.assertIn("Creating user '_postlatch' (Postfix policy server)", text)
        for name in ("User", "Group"):
            self.assertIn(f"\n{name}=_postlatch\n", self.service)
        self.assertIn("d /run/postlatch 0755 _postlatch _postlatch -\n", (self.lib / "tmpfiles.d/postlatch.conf").read_text())

    def test_programs(self):
        """The unit starts what was installed."""
        for line in re.findall(r"^Exec\w+=(\S+)", self.service, re.M):
            self.assertTrue((self.root / line.lstrip("/")).exists(), line)

    def test_agrees_with_the_defaults(self):
        conf = (SRC / "etc/postlatch.conf").read_text()
        listen = re.search(r'^#listen = \{"inet:(.*)"\}$', conf, re.M).group(1)
        self.assertIn(f"\nListenStream={listen}\n", self.socket)
        control = re.search(r'^#control = "(.*)/control"$', conf, re.M).group(1)
        self.assertEqual("/run/" + re.search(r"^RuntimeDirectory=(.*)$", self.service, re.M).group(1), control)
        files = int(re.search(r"^LimitNOFILE=(.*)$", self.service, re.M).group(1))
        self.assertGreater(files, 2 * int(re.search(r"^#max_connections = (.*)$", conf, re.M).group(1)))


if __name__ == "__main__":
    if shutil.which("systemd-analyze") is None:
        print("SKIP: systemd-analyze is missing: install the package systemd", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
