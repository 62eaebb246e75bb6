#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""cases/NAME: a main.cf, a master.cf, tables, the facts of a host; read by the real postconf. Beside it NAME.out: all that
`init` prints for it, what `check` says to that, and what `snippet` then prints, with the exit statuses; then further
command lines from the file `more`.

@DIR@ in a file is the folder's path. `test_init.py --accept` writes the outputs anew; read the difference before you commit it.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release")).resolve()
CASES = HERE / "cases"
MASTER = "smtp inet n - y - - smtpd\n"


def prepare(case, folder):
    for path in case.iterdir():
        (folder / path.name).write_text(path.read_text().replace("@DIR@", str(folder)))
    if not (folder / "master.cf").exists():
        (folder / "master.cf").write_text(MASTER)


def run(folder, *argv):
    done = subprocess.run([BIN / "postlatch", *argv], cwd=folder, capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "100"})
    out = done.stdout.replace(str(folder), "DIR")
    # The version of Postfix is the machine's own.
    out = re.sub(r"Postfix \d+\.\d+(\.\d+)?", "Postfix VERSION", out)
    err = done.stderr.replace(str(folder), "DIR")
    return f"$ postlatch {' '.join(argv)}\n{out}{err}[{done.returncode}]\n", done


def transcript(case):
    # Always as long, since lines are broken by it.
    with tempfile.TemporaryDirectory(prefix="plin-", dir="/tmp") as temp:
        folder = Path(temp).resolve()
        prepare(case, folder)
        host = ["--host", "host"] if (folder / "host").exists() else ["--no-host"]
        text, done = run(folder, "init", "--postfix", ".", *host)
        (folder / "postlatch.conf").write_text(done.stdout)
        text += run(folder, "check", *host, "-c", "postlatch.conf")[0]
        text += run(folder, "snippet", "--postfix", ".", "-c", "postlatch.conf")[0]
        (folder / "enforce.conf").write_text(done.stdout.replace("mode   = observe", "mode   = enforce"))
        text += run(folder, "snippet", "--postfix", ".", "-c", "enforce.conf")[0]
        if "snippet --master" in text:
            text += run(folder, "snippet", "--postfix", ".", "-c", "enforce.conf", "--master")[0]
        for line in (case / "more").read_text().splitlines() if (case / "more").exists() else []:
            text += run(folder, *line.split())[0]
        return text


def main():
    if shutil.which("postconf", path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
        print("SKIP: no Postfix; apt-get install postfix", file=sys.stderr)
        return 1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77
    accept, failed, cases = "--accept" in sys.argv[1:], 0, sorted(p for p in CASES.iterdir() if p.is_dir())
    for case in cases:
        golden, got = case.with_suffix(".out"), transcript(case)
        want = golden.read_text() if golden.exists() else ""
        if got == want:
            continue
        if accept:
            golden.write_text(got)
            continue
        failed += 1
        print(f"FAIL {case.name}", file=sys.stderr)
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(got)
            f.flush()
            subprocess.run(["diff", "-u", golden, f.name], stdout=sys.stderr, check=False)
    print(f"{len(cases) - failed} of {len(cases)} cases are as they were")
    return failed > 0 or len(cases) < 10


if __name__ == "__main__":
    sys.exit(main())
