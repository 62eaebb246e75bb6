#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Names chosen so that they collide in a hash with a known seed cost no more than any others. Runs alone, as test_daemon.py.

Whoever knows the hash (XXH3) and its seed can find names that all begin their search at the same place of a table. Ours is seeded
at random at each load. So a table of such names, for the seed 0, is asked for each of them, and for as many that are not in it,
and so is a table of random names: callgrind counts what it takes."""
import ctypes
import os
import random
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import HEAD, POLICY, Client, Daemon, figure, started  # noqa: E402

NAMES = 600
AGREE = 0xFC0000000000000F  # bits of the hash that are 0 in each chosen name: places are taken from its upper half, or its lower
RULE = 'domains many { file = "many" }\nrule "many" { sender = {<many>}  action = "REJECT listed" }\n'


def hash_of_zero():
    xxhash = ctypes.CDLL("libxxhash.so.0")
    xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    xxhash.XXH3_64bits_withSeed.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64)
    return lambda name: xxhash.XXH3_64bits_withSeed(name, len(name), 0)


def colliding(count):
    """Names of the same length, all alike in the bits of AGREE."""
    of, found, n = hash_of_zero(), [], 0
    while len(found) < count:
        name = b"d%08d.example" % n
        if of(name) & AGREE == 0:
            found.append(name)
        n += 1
    return found


def at_random(count):
    r = random.Random(6)
    return [b"d%08d.example" % n for n in r.sample(range(10 ** 8), count)]


class Hash(unittest.TestCase):
    def instructions(self, names):
        """Of all look-ups of the daemon, with half of the names in its table, and each of them asked for."""
        listed = names[::2]
        with tempfile.TemporaryDirectory() as folder:
            d = Daemon("", extra="workers = 1", log="decisions = none", launch=lambda d: self.prepare(d, listed, folder))
            try:
                started(d)
                with Client(str(d.sock)) as client:
                    for i, name in enumerate(names):
                        got = client.ask(HEAD + b"client_address=203.0.113.9\nsender=u@" + name + b"\nrecipient=u@example.org\n\n")
                        self.assertEqual(got, b"action=REJECT listed\n\n" if i % 2 == 0 else b"action=DUNNO\n\n")
            finally:
                d.stop()
            return int(re.search(r"(?m)^(?:totals|summary): (\d+)", (Path(folder) / "out").read_text()).group(1))

    def prepare(self, d, listed, folder):
        (d.dir / "many").write_bytes(b"".join(name + b"\n" for name in listed))
        d.write(POLICY + RULE)
        return ("valgrind", "--tool=callgrind", "--toggle-collect=on_io*", f"--callgrind-out-file={folder}/out"), ()

    def test_names_that_collide(self):
        chosen, others = self.instructions(colliding(2 * NAMES)), self.instructions(at_random(2 * NAMES))
        figure(f"instructions for {2 * NAMES} names that collide with a known seed, over those for random names", f"{chosen / others:.3f}")
        self.assertLess(chosen, 1.2 * others)


if __name__ == "__main__":
    if shutil.which("valgrind") is None:
        print("SKIP: no valgrind", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
