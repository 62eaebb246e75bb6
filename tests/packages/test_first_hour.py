#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The first hour of a new user, as docs/first-hour.md tells it, still goes like that: to the letter, but for what differs from
run to run. `test_first_hour.py --write` makes the page anew; read every line of it."""
import os
import sys
import unittest

import first_hour
import rig_root


class FirstHour(unittest.TestCase):
    maxDiff = None

    def test_the_page_is_what_happens(self):
        self.assertEqual(first_hour.make_page(), first_hour.PAGE.read_text())


def write():
    first_hour.PAGE.write_text(first_hour.make_page(lambda text: print(text, end="", flush=True)))


if __name__ == "__main__":
    lacks = rig_root.missing("dpkg-buildpackage", "dh", "apt-get", "postfix", "setpriv")
    if lacks is not None:
        print(f"SKIP: {lacks}", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        unittest.main()
