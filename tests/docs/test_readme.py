#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What README.md says is run: its policies, its scenarios, its main.cf lines (by Postfix), its commands, the quickstart."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
BIN = Path(os.environ.get("PL_BIN", SRC / "build/release"))
README = (SRC / "README.md").read_text()


def blocks(language):
    return re.findall(rf"(?ms)^```{re.escape(language)}\n(.*?)^```", README)


def run(*argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, **more)


class Readme(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)
        self.dir = Path(self.temp.name)
        self.conf = self.dir / "postlatch.conf"

    def test_policies_load(self):
        for text in blocks("conf"):
            self.conf.write_text(text)
            done = run(BIN / "postlatch", "check", "--no-host", "-c", self.conf)
            self.assertEqual(done.returncode, 0, done.stdout)
            # What is open on purpose is accepted, and open still.
            verdict = "open (accepted)" if re.search(r'(?m)^accept "', text) else "safe"
            self.assertIn(f"verdict: {verdict}\n", done.stdout)

    def test_the_default_file(self):
        done = run(BIN / "postlatch", "check", "-c", SRC / "etc/postlatch.conf")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_scenarios(self):
        self.conf.write_text(blocks("conf")[0])
        flows = self.dir / "flows"
        flows.write_text(blocks("scenarios")[0])
        done = run(BIN / "postlatch", "test", "-c", self.conf, flows)
        self.assertEqual((done.returncode, done.stdout), (0, "4 passed, 0 failed\n"))

    def test_asking_by_hand(self):
        policy = blocks("conf")[0].replace("inet:127.0.0.1:10071", f"unix:{self.dir}/policy")
        self.conf.write_text(policy + f'control = "{self.dir}/control"\n')
        daemon = subprocess.Popen([BIN / "postlatchd", "-f", "-c", self.conf], stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 20
            while run(BIN / "postlatch", "status", "-c", self.conf).returncode != 0 and time.monotonic() < end:
                time.sleep(0.05)
            commands = re.findall(r"(?m)^(?:sudo )?postlatch (explain|query|reload|status|metrics)\b(.*)$", "\n".join(blocks("sh")))
            self.assertEqual({c for c, _ in commands}, {"explain", "query", "reload", "status", "metrics"})
            for command, arguments in commands:
                done = run(BIN / "postlatch", command, "-c", self.conf, *arguments.split())
                self.assertEqual(done.returncode, 0, done.stderr)
                if command in ("explain", "query"):
                    self.assertEqual(done.stdout.splitlines()[-1], "action=REJECT Relay access denied")
        finally:
            daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(20), 0)

    @unittest.skipIf(shutil.which("postconf") is None, "no Postfix; apt-get install postfix")
    def test_main_cf(self):
        """Postfix takes each block as it stands; that the forms work is shown in tests/blackbox."""
        self.assertGreaterEqual(len(blocks("main.cf")), 2)
        for text in blocks("main.cf"):
            (self.dir / "main.cf").write_text(f"compatibility_level = 3.6\nqueue_directory = {self.dir}\n" + text)
            (self.dir / "master.cf").write_text("")
            done = run("postconf", "-c", self.dir, "-x", "smtpd_relay_restrictions", "smtpd_recipient_restrictions")
            self.assertEqual((done.returncode, done.stderr), (0, ""), text)
            self.assertIn("check_policy_service {", done.stdout)

    def test_quickstart(self):
        done = run(SRC / "contrib/quickstart", "--once")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("All four answers were right.", done.stdout)
        self.assertEqual(run(SRC / "contrib/quickstart", "--twice").returncode, 2)

    def test_files_that_it_names(self):
        for name in re.findall(r"`((?:docs|etc|contrib|tests)/[\w./-]+)`", README):
            self.assertTrue((SRC / name).exists(), name)


if __name__ == "__main__":
    unittest.main()
