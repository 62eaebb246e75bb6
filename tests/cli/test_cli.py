#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Transcripts of the command: *.t files hold command lines and, word for word, what they print.

    $ postlatch check -c bad.conf
    bad.conf:1: …
    [2]

The last line is the exit status. A line that ends in " <<" is followed by standard input up to a line "<<". Commands run in a
copy of data/, as if at a terminal of 100 columns, those of matrix.t of 80. `test_cli.py --accept` writes the transcripts anew;
read the difference before you commit it.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release")).resolve()


def commands(lines):
    """The command lines of a transcript, with their standard input."""
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("#") or line == "":
            yield line, None, None
        elif line.startswith("$ "):
            stdin = []
            if line.endswith(" <<"):
                while lines[at] != "<<":
                    stdin.append(lines[at])
                    at += 1
                at += 1
            yield line, line[2:].removesuffix(" <<"), stdin
            while at < len(lines) and not re.fullmatch(r"\[\d+\]", lines[at]):
                at += 1
            at += 1


def run(command, stdin, folder, columns):
    # "@NUL@" and the like cannot stand in a text file; \xNN in standard input is one byte.
    data = "\n".join(stdin + [""]).encode().decode("unicode_escape").encode("latin-1") if stdin else b""
    argv = shlex.split(command)
    assert argv[0] in ("postlatch", "postlatchd"), command
    argv[0] = str(BIN / argv[0])
    done = subprocess.run(argv, cwd=folder, input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": columns}, check=False)
    return done.stdout.decode("utf-8", "backslashreplace"), done.returncode


def replay(path, folder):
    out = []
    for line, command, stdin in commands(path.read_text().splitlines()):
        out.append(line)
        if command is None:
            continue
        if stdin:
            out += stdin + ["<<"]
        printed, status = run(command, stdin, folder, "80" if path.name == "matrix.t" else "100")
        out += printed.splitlines() + [f"[{status}]"]
    return "\n".join(out) + "\n"


def main():
    accept = "--accept" in sys.argv[1:]
    failed = 0
    for path in sorted(HERE.glob("*.t")):
        with tempfile.TemporaryDirectory() as temp:
            folder = Path(temp) / "data"
            shutil.copytree(HERE / "data", folder)
            got = replay(path, folder)
        if got == path.read_text():
            print(f"ok    {path.name}")
        elif accept:
            path.write_text(got)
            print(f"wrote {path.name}")
        else:
            failed += 1
            print(f"FAIL  {path.name}")
            with tempfile.NamedTemporaryFile("w", suffix=".got") as f:
                f.write(got)
                f.flush()
                subprocess.run(["diff", "-u", path, f.name], check=False)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
