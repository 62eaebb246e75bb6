#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The shape of the tree: who includes whom, one wrapper a library, forbidden calls, headers that stand alone."""
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))

# docs/HACKING.md, "The map": a module may include its own headers and those of these modules.
MAY = {
    "base": {"base"},
    "value": {"value", "base"},
    "set": {"set", "value", "base"},
    "policy": {"policy", "set", "value", "base"},
    "config": {"config", "policy", "set", "value", "base"},
    "wire": {"wire", "value", "base"},
    "analysis": {"analysis", "policy", "set", "value", "base"},
    "report": {"report", "analysis", "config", "policy", "set", "value", "base"},
    "daemon": {"daemon", "report", "analysis", "wire", "config", "policy", "set", "value", "base"},
    "cli": {"cli", "report", "analysis", "wire", "config", "policy", "set", "value", "base"},
}
# A public header belongs to the module that has the .c file of its name, except these.
HEADER_MODULE = {"compiler": "base", "config": "config", "lintcode": "policy"}
# One wrapper for each foreign library.
WRAPPERS = {
    "confuse.h": {"src/config/tree.c"},
    "libcidr.h": {"src/value/addr.c"},
    "idn2.h": {"src/value/domain.c"},
    "jansson.h": {"src/report/json.c"},
    "libmnl/libmnl.h": {"src/report/netlink.c"},
    "xxhash.h": {"src/set/nameindex.c"},
    "seccomp.h": {"src/daemon/sandbox_calls.c"},
    "microhttpd.h": {"src/daemon/http.c"},
}
FORBIDDEN = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|setlocale|strtok)\s*\(")


def sources():
    return sorted((SRC / "src").rglob("*.[ch]"))


def module_of_header(name):
    stem = Path(name).stem
    if stem in HEADER_MODULE:
        return HEADER_MODULE[stem]
    for source in (SRC / "src").rglob(stem + ".c"):
        return source.parent.name
    return None


class Tree(unittest.TestCase):
    def test_layers(self):
        for path in sources():
            module = path.parent.name
            for include in re.findall(r'#include "(?:postlatch/)?([\w/]+\.h)"', path.read_text()):
                public = (SRC / "include/postlatch" / include).exists()
                target = module_of_header(include) if public else module
                with self.subTest(path=path.relative_to(SRC), include=include):
                    self.assertIsNotNone(target, "no module has this header")
                    self.assertIn(target, MAY[module])
                    self.assertTrue(public or (path.parent / include).exists(), "no such header")

    def test_one_wrapper_a_library(self):
        for path in sources():
            for library, wrappers in WRAPPERS.items():
                if f"<{library}>" in path.read_text():
                    self.assertIn(str(path.relative_to(SRC)), wrappers)
            if "<ev.h>" in path.read_text():
                self.assertEqual(path.parent.name, "daemon", path)

    def test_forbidden_calls(self):
        for path in sources():
            for number, line in enumerate(path.read_text().splitlines(), 1):
                self.assertIsNone(FORBIDDEN.search(line), f"{path}:{number}: {line}")

    def test_licence_lines(self):
        for path in sources() + sorted((SRC / "include").rglob("*.h")):
            self.assertIn("SPDX-License-Identifier: BSD-2-Clause", path.read_text().splitlines()[0], path)

    def test_headers_stand_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            for header in sorted((SRC / "include/postlatch").glob("*.h")):
                source = Path(folder) / "header.c"
                source.write_text(f'#include "postlatch/{header.name}"\n#include "postlatch/{header.name}"\n')
                done = subprocess.run(
                    ["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                     "-I", SRC / "include", source], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{header.name}: {done.stderr}")

    def test_size_of_files(self):
        for path in sources():
            self.assertLessEqual(len(path.read_text().splitlines()), 600, f"{path}: two things in one file?")

    def test_top_level(self):
        allowed = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "src", "include", "etc", "tests",
                   "contrib", "debian", "docs", "build"}
        present = {p.name for p in SRC.iterdir() if not p.name.startswith(".")}
        self.assertLessEqual(present, allowed)


if __name__ == "__main__":
    unittest.main()
