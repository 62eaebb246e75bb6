#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Malformed configurations, each with all that `postlatch check` prints about it.

A case in a *.cases file:

    ==== title
    text of postlatch.conf
    ---- file NAME          (more files, if it takes some)
    text of that file
    ---- expect
    every line of the output, and the exit status in brackets

With "(escaped)" in the title, \\n \\r \\t \\xNN in the texts stand for bytes. `test_config.py --accept` writes the expectations anew:
read each changed message as somebody who has never seen the program.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release")).resolve()


def parse(text):
    """The cases of a file: (title, {name: text}, expected)."""
    for block in re.split(r"(?m)^==== ", text)[1:]:
        title, _, body = block.partition("\n")
        parts = re.split(r"(?m)^---- (file \S+|expect)\n", body)
        files = {"postlatch.conf": parts[0]}
        expected = ""
        for kind, content in zip(parts[1::2], parts[2::2]):
            if kind == "expect":
                expected = content
            else:
                files[kind[5:]] = content
        yield title, files, expected


def output(title, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            data = content.encode()
            if "(escaped)" in title:
                data = re.sub(rb"\n$", b"", data)
                data = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), data)
                data = data.replace(b"\\n", b"\n").replace(b"\\r", b"\r").replace(b"\\t", b"\t")
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        done = subprocess.run([BIN / "postlatch", "check", "--no-host", "-c", "postlatch.conf"], cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout.decode("utf-8", "backslashreplace") + f"[{done.returncode}]\n"


def main():
    accept = "--accept" in sys.argv[1:]
    passed = failed = 0
    for path in sorted(HERE.glob("*.cases")):
        head = path.read_text().split("==== ", 1)[0]
        written = [head]
        for title, files, expected in parse(path.read_text()):
            got = output(title, files)
            body = files["postlatch.conf"] + "".join(
                f"---- file {n}\n{c}" for n, c in files.items() if n != "postlatch.conf")
            written.append(f"==== {title}\n{body}---- expect\n{got}")
            if got == expected:
                passed += 1
            else:
                failed += 1
                if not accept:
                    print(f"FAIL  {path.name}: {title}\n-- expected\n{expected}-- got\n{got}")
        if accept:
            path.write_text("".join(written))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed and not accept else 0


if __name__ == "__main__":
    sys.exit(main())
