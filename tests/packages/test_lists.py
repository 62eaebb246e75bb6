#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The libraries of docs/libraries.md stand in each list of packages, and no other does."""
import os
import re
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
# What Fedora calls Debian's packages, where it is not just -devel for -dev.
FEDORA = {"libev-dev": "libev-devel", "libjansson-dev": "jansson-devel", "libxxhash-dev": "xxhash-devel"}


def text(name):
    return (SRC / name).read_text()


def dev(words):
    return {w for w in re.split(r"[\s,()]+", words) if re.fullmatch(r"lib[\w.+]+-dev", w)} - {"libc6-dev"}


class Lists(unittest.TestCase):
    def setUp(self):
        table = text("docs/libraries.md").split("## Building and tests")[0]
        rows = re.findall(r"(?m)^\| [\w ]+ \| ([\d.]+) \| `([\w+-]+)` \|", table)
        self.floor = {package: version for version, package in rows}
        self.assertGreaterEqual(len(self.floor), 8)

    def test_debian_names(self):
        lists = {
            "debian/control": re.search(r"(?ms)^Build-Depends:\n(.*?)\n\n", text("debian/control")).group(1),
            "contrib/container/Containerfile": text("contrib/container/Containerfile").split("WORKDIR")[0],
            "contrib/quickstart": re.search(r"(?s)packages=\((.*?)\)", text("contrib/quickstart")).group(1),
            "README.md": re.search(r"(?m)^sudo apt-get install (.*)$", text("README.md")).group(1),
        }
        for name, words in lists.items():
            with self.subTest(list=name):
                self.assertEqual(dev(words), set(self.floor))
        self.assertLessEqual(set(self.floor), dev(re.search(r"(?s)packages=\((.*?)\)", text("tests/run")).group(1)))

    def test_fedora_names_and_versions(self):
        wanted = dict(re.findall(r"(?m)^BuildRequires:\s+(\S+-devel) >= (\S+)$", text("contrib/rpm/postlatch.spec")))
        self.assertEqual(wanted, {FEDORA.get(p, p + "el"): version for p, version in self.floor.items()})

    def test_switches(self):
        """Each switch of CMakeLists.txt is in docs/PACKAGING.md, with its default."""
        cmake, table = text("CMakeLists.txt"), re.findall(r"(?m)^\| (`PL_.*?`) \| (.*?) \|", text("docs/PACKAGING.md"))
        documented = {name: default.strip("`").replace("empty", "") for names, default in table for name in re.findall(r"PL_\w+", names)}
        real = dict(re.findall(r'(?m)^option\((PL_\w+) ".*?" (ON|OFF)\)', cmake))
        real.update(re.findall(r'(?m)^set\((PL_\w+) "(.*?)" CACHE ', cmake))
        self.assertEqual(documented, real)


if __name__ == "__main__":
    unittest.main()
