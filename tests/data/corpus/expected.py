#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes expected.tsv: every value of every request in this folder, read in a second way.

    ./expected.py > expected.tsv

The reader below shares nothing with src/wire/request.c. A row is the file's name and, separated by
tabs, name=value for each value that is not empty; bytes outside printable ASCII and backslashes are
\\xNN.
"""
import pathlib

here = pathlib.Path(__file__).parent

for path in sorted(here.glob("*.req")):
    body, end, rest = path.read_bytes().partition(b"\n\n")
    assert end and not rest, path
    values = {}
    for line in body.split(b"\n"):
        name, _, value = line.partition(b"=")
        assert _, (path, line)
        values.setdefault(name.decode("ascii"), value)
    print("\t".join([path.name] + [
        name + "=" + "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\x{b:02x}" for b in value)
        for name, value in values.items() if value]))
