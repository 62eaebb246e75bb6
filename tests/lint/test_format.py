#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
""".clang-format is the law."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))

if shutil.which("clang-format") is None:
    print("skipped: no clang-format; apt-get install clang-format")
    sys.exit(77)
files = [p for folder in ("src", "include", "tests") for p in sorted((SRC / folder).rglob("*.[ch]"))]
sys.exit(subprocess.run(["clang-format", "--dry-run", "-Werror", *files], check=False).returncode)
