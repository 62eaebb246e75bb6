#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The instructions of a request, from reading it to its written answer, are those of instructions.json, within 2 %.

    test_instructions.py             compares
    test_instructions.py --record    writes the file anew, on purpose: the commit says why

callgrind runs the daemon and collects inside on_io() only: read, parse, decide, write. Only the instructions of our own
program count, for those of the C library depend on the processor. The figure belongs to a compiler and its flags (PL_COMPILER,
which CMake sets): another one is told and skipped. PL_BIN names the build.
"""
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import rig  # noqa: E402

FIGURES = rig.HERE / "instructions.json"
SKIP, TOLERANCE, REQUESTS, ASKED = 77, 0.02, 1000, 2000
DATA = ["--v4", "1000", "--users", "1000", "--domains", "1000", "--requests", REQUESTS, "--seed", "1"]


def by_object(path):
    """{object file: instructions}, of a callgrind output file: the cost lines below each ob=, calls not included."""
    names, costs, here, after_calls = {}, {}, "?", False
    for line in path.read_text().splitlines():
        found = re.match(r"(c?)ob=\((\d+)\)(?: (.*))?$", line)
        if found:
            called, number, name = found.groups()
            if name:
                names[number] = Path(name).name
            if not called:
                here = names[number]
        elif line.startswith("calls="):
            after_calls = True  # the next line is what the called function cost
        elif re.match(r"(?:[+-]?\d+|\*) \d+$", line):
            if not after_calls:
                costs[here] = costs.get(here, 0) + int(line.split()[1])
            after_calls = False
    return costs


def measure(folder):
    """Instructions a request: (of our own, of libraries)."""
    data, out = folder / "data", folder / "callgrind"
    rig.run(sys.executable, rig.HERE / "generate", data, *DATA)
    requests = rig.read_requests(data / "requests", REQUESTS)
    tool = ["valgrind", "--tool=callgrind", "--toggle-collect=on_io*", f"--callgrind-out-file={out}"]
    with rig.Daemon(folder / "daemon", data, tool=tool) as daemon:
        rig.ask(daemon, requests, ASKED)
    costs = by_object(out)
    own = costs.pop("postlatchd", 0)
    if own < 100 * ASKED:
        raise rig.Failed(f"callgrind found {own} instructions of on_io() in postlatchd: was it renamed, or stripped?")
    return own / ASKED, sum(costs.values()) / ASKED


def main():
    compiler = os.environ.get("PL_COMPILER", "unknown")
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    record = sys.argv[1:] == ["--record"]
    if sys.argv[1:] and not record:
        sys.exit(__doc__)
    if shutil.which("valgrind") is None:
        print("skipped: no valgrind; apt-get install valgrind", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else SKIP)
    if compiler not in figures and not record:
        print(f"skipped: no figure for \"{compiler}\" in {FIGURES}, only for {', '.join(figures)}", file=sys.stderr)
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory(prefix="instructions") as folder:
        own, libraries = measure(Path(folder))
    print(f"{own:.0f} instructions a request of our own, {libraries:.0f} of libraries; {compiler}")
    if record:
        figures[compiler] = round(own)
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
        return
    change = own / figures[compiler] - 1
    if abs(change) > TOLERANCE:
        verb = "grew" if change > 0 else "shrank"
        sys.exit(f"it {verb} by {abs(change):.1%}, from {figures[compiler]}; if that is meant, let the build target record_instructions "
                 f"write {FIGURES.name} anew, and say why in the commit")


if __name__ == "__main__":
    main()
