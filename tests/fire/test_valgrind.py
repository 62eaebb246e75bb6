#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tests of tests/protocol, with the daemon under valgrind: nothing is used before it is set or after it is freed, nothing leaks.
Runs alone, as test_daemon.py.

Those tests take the daemon from PL_BIN and want it to end with status 0; here PL_BIN is a folder whose postlatchd starts valgrind,
which ends with 99 if it has found something."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release")).resolve()
PATIENCE_S = 250


class Valgrind(unittest.TestCase):
    def test_protocol(self):
        for script, tests in (("test_daemon.py", ("Protocol", "Life.test_reload",
                                                  "Life.test_term_answers_what_was_read", "Life.test_max_connections")),
                              ("test_log.py", ("Loggers.test_restarted", "Loggers.test_many_workers", "Json.test_messages")),
                              ("test_journal.py", ("Fields", "Trouble.test_restarted"))):
            with self.subTest(script=script), tempfile.TemporaryDirectory() as folder:
                wrapper = Path(folder) / "postlatchd"
                wrapper.write_text("#!/bin/sh\nexec valgrind -q --fair-sched=yes --error-exitcode=99 --leak-check=full "
                                   f"--errors-for-leak-kinds=definite,possible --suppressions={HERE}/valgrind.supp "
                                   f"--log-file={folder}/found-%p {BIN}/postlatchd \"$@\"\n")
                wrapper.chmod(0o755)
                (Path(folder) / "postlatch").symlink_to(BIN / "postlatch")
                done = subprocess.run([sys.executable, HERE.parent / "protocol" / script, *tests], capture_output=True, text=True,
                                      env=dict(os.environ, PL_BIN=folder), timeout=PATIENCE_S, check=False)
                self.maxDiff = None
                # Lines that begin with -- say that valgrind does not know landlock and seccomp; the daemon runs without.
                found = "".join(line for path in Path(folder).glob("found-*") for line in path.read_text().splitlines(True)
                                if line.startswith("=="))
                self.assertEqual(found, "", found)
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])


if __name__ == "__main__":
    if shutil.which("valgrind") is None:
        print("SKIP: no valgrind", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
