#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Half of the load that the daemon can take, a reload every second, connections that come and go: memory and descriptors stay what they
are after the first tenth. Runs alone: PL_BIN=build/release test_soak.py [SECONDS]; tests/long takes 30 minutes."""
import json
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import BIN, POLICY, Client, Crowd, Daemon, check_due, descriptors, figure, memory_kib, reload, sanitized, started, status, until  # noqa: E402

SECONDS = 15
SLACK_KIB = 1024  # what memory may differ by: a reload has it or has it not when it is looked at


class Deaf(Daemon):
    """With a logger that reads and forgets, and a standard error that nobody keeps."""

    def start(self):
        self.stderr.close()
        self.stderr = open(os.devnull, "wb")
        super().start()

    def read_syslog(self, syslog):
        try:
            while syslog.recv(65536):
                pass
        except OSError:
            pass


class Load(threading.Thread):
    """Half of what the daemon can take; a minute at a time, as it can take less when the machine has other work."""

    def __init__(self, where, seconds):
        super().__init__()
        self.where, self.end = where, time.monotonic() + seconds
        self.answers, self.rates, self.trouble = 0, [], None
        self.start()

    def bench(self, *more):
        done = subprocess.run([BIN / "postlatch", "bench", "--json", "--socket", self.where, *more], capture_output=True, text=True,
                              timeout=180, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        self.answers += json.loads(done.stdout)["answers"]
        return json.loads(done.stdout)["requests_per_s"]

    def run(self):
        try:
            while (left := self.end - time.monotonic()) >= 3:
                self.rates.append(max(1, int(self.bench("--seconds", "2") / 2)))
                self.bench("--seconds", str(int(min(60, left - 2))), "--rate", str(self.rates[-1]))
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble


class Soak(unittest.TestCase):
    def look(self):
        """Memory and descriptors; of the latter what is left when no control connection is there."""
        pid, numbers = self.d.process.pid, []
        for _ in range(5):
            numbers.append(descriptors(pid))
            time.sleep(0.02)
        return memory_kib(pid), min(numbers)

    def test_soak(self):
        self.d = started(Deaf(extra="workers = 2"))
        try:
            load = Load(f"unix:{self.d.sock}", SECONDS)
            begun, seen, reloads = time.monotonic(), [], 0
            while time.monotonic() < begun + SECONDS - 1 and load.trouble is None:
                self.d.write(POLICY + f'reject_action = "REJECT policy {reloads}"\n' * (reloads % 2))
                self.assertEqual(reload(self.d)[0], "ok")
                reloads += 1
                with Crowd(str(self.d.sock)) as crowd:
                    crowd.grow(20)
                seen.append(self.look())
                time.sleep(max(0, begun + reloads - time.monotonic()))
            load.join()
            self.assertIsNone(load.trouble)
            self.check(seen, load, reloads)
            until(lambda: status(self.d)["connections"] == "0", "all connections to be gone")
            self.d.write(POLICY)
            self.assertEqual(reload(self.d)[0], "ok")
            with Client(str(self.d.sock)) as client:
                check_due(client)
        finally:
            self.d.stop()

    def check(self, seen, load, reloads):
        warm = seen[max(1, len(seen) // 10):]
        half = len(warm) // 2
        memory, numbers = [m for m, _ in warm], [n for _, n in warm]
        figure(f"{SECONDS} s at {min(load.rates)} to {max(load.rates)} requests a second, {reloads} reloads",
               f"{load.answers} answers; RSS at most {max(memory[:half])} KiB in the first half, {max(memory[half:])} in the second; descriptors at most {max(numbers[:half])} "
               f"and {max(numbers[half:])}")
        if not sanitized(self.d):  # which keeps what was freed for a while
            self.assertLessEqual(max(memory[half:]), max(memory[:half]) + SLACK_KIB)
        self.assertLessEqual(max(numbers[half:]), max(numbers[:half]) + 2)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SECONDS = int(sys.argv.pop(1))
    unittest.main()
