#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Incidents, each as it was and mended: what `postlatch check` finds in their policies.

A folder of cases/ has policy.conf, whose first line says what happened; host.facts, the facts of its host
(without it none are asked for); and expect.txt, with lines

    arguments: --compromised alice      more arguments of check
    verdict: open                       also "open (accepted)"
    witness: ATTR=VALUE ...             what the request shown has, among others
    surface: CIDR                       exactly these
    warning: CODE OBJECT                exactly these
    note: CODE [OBJECT]                 these, perhaps among others
    error: FILE:LINE: MESSAGE           exactly these, whole
    assumption: TEXT                    these, among others
    compromised: everything | nothing   what a stolen password of the login of --compromised opens
    explain: ATTR=VALUE ... -> TEXT     the explanation of that request has TEXT in it

A witness is put to `postlatch explain`, which must let it pass. With daemon.test, the requests of the incident
are put to `postlatch test`. A file golden/NAME.txt is all that check prints for cases/NAME, as text, at a terminal of 100 columns.
`test_cases.py --accept` writes these files anew: read each as somebody who has never seen the program.
"""
import difflib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(os.environ.get("PL_BIN", HERE.parents[1] / "build/release")).resolve()
CASES = HERE / "cases"
GOLDEN = HERE / "golden"
KEYS = ("arguments", "verdict", "witness", "surface", "warning", "note", "error", "assumption", "compromised", "explain")
FILES = {"policy.conf", "host.facts", "expect.txt", "daemon.test"}
PASSES = re.compile(r"(OK|DISCARD|class:)", re.I)
# What passes is then up to Postfix: DUNNO and its kin, where the policy says that Postfix permits.
LEAVES = re.compile(r"(DUNNO|WARN|INFO|HOLD|PREPEND|FILTER|REDIRECT|BCC|DEFER_IF_REJECT|permit_auth_destination)\b", re.I)
STATUS = {"safe": 0, "open (accepted)": 0, "unprovable (accepted)": 0, "open": 1, "unprovable": 1, "invalid": 2}


def postlatch(case, command, *argv):
    done = subprocess.run([BIN / "postlatch", command, "-c", "policy.conf", *argv], cwd=case, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, env={**os.environ, "COLUMNS": "100"}, check=False)
    if done.stderr:
        raise RuntimeError(f"{command}: standard error: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode(), done.returncode


def read(path):
    """expect.txt as {key: [value]}."""
    expected = {key: [] for key in KEYS}
    for line in path.read_text().splitlines():
        key, _, value = line.partition(": ")
        if key not in KEYS or value != value.strip() or not value:
            raise ValueError(f"{path}: {line!r}: expected KEY: VALUE, KEY one of {', '.join(KEYS)}")
        expected[key].append(value)
    if len(expected["verdict"]) != 1:
        raise ValueError(f"{path}: expected one verdict")
    return expected


def options(case, expected):
    host = ["--host", "host.facts"] if (case / "host.facts").exists() else ["--no-host"]
    return host + shlex.split(" ".join(expected["arguments"]))


def found(items, kind):
    """Warnings or notes as CODE OBJECT."""
    return [f"{kind}: {item['code']} {item['object']}".strip() for item in items]


def compare(kind, expected, got, exactly):
    """Differences of two lists of lines."""
    missing = [line for line in expected if line not in got]
    more = [line for line in got if line not in expected] if exactly else []
    yield from (f"expected {kind} {line}" for line in missing)
    yield from (f"unexpected {kind} {line}" for line in more)
    if exactly and not missing and not more and len(expected) != len(got):
        yield f"{kind}: one is there twice: {got}"


def witness(case, expected, report):
    """The request that check shows: has it what is expected, and does it pass?"""
    shown = report["witness"]
    if shown is None:
        yield from (f"expected the witness {line}, there is none" for line in expected)
        return
    for pair in (pair for line in expected for pair in shlex.split(line)):
        attr, _, value = pair.partition("=")
        if shown.get(attr, "") != value:
            yield f"expected {pair} in the witness, which is {shown}"
    for opening in report["openings"]:
        request = [f"{attr}={value}" for attr, value in opening["witness"].items()]
        out, status = postlatch(case, "explain", "--json", *request)
        answer = json.loads(out) if status == 0 else {}
        if status or answer["rule"] != opening["rule"]:
            yield f"witness {request}: explained as {out}; expected the rule {opening['rule']}"
        elif not (PASSES.match(answer["action"]) or (LEAVES.match(answer["action"]) and leaves(case))):
            yield f"witness {request} gets {answer['action']}, which does not pass"


def leaves(case):
    text = re.sub(r"#.*", "", (case / "policy.conf").read_text())
    return re.search(r"\bafter_dunno\s*=\s*permit\b|\bpermitted_elsewhere\b", text) is not None


def explained(case, lines):
    for line in lines:
        request, _, text = line.partition(" -> ")
        out, status = postlatch(case, "explain", *shlex.split(request))
        if status or text not in out:
            yield f"explain {request}: expected {text!r} in\n{out}"


def check(case):
    """All that is wrong with a case, a line each."""
    expected = read(case / "expect.txt")
    if not (case / "policy.conf").read_text().startswith("# "):
        yield "policy.conf: expected a first line that says what happened"
    for path in case.iterdir():
        if path.name not in FILES and path.name not in (case / "policy.conf").read_text():
            yield f"{path.name}: nothing refers to it"
    out, status = postlatch(case, "check", "--json", *options(case, expected))
    report = json.loads(out)
    verdict = report["verdict"] + (" (accepted)" if report["accepted"] else "")
    yield from compare("verdict", expected["verdict"], [verdict], True)
    if status != STATUS[verdict]:
        yield f"exit status {status}; expected {STATUS[verdict]}"
    yield from compare("surface", expected["surface"], [line["cidr"] for line in report["surface"] if "cidr" in line], True)
    yield from compare("", [f"warning: {line}" for line in expected["warning"]], found(report["warnings"], "warning"), True)
    notes = found(report["notes"], "note")
    yield from compare("", [f"note: {line}" for line in expected["note"]], notes + [line.rsplit(" ", 1)[0] for line in notes],
                       False)
    errors = [f"{e['file']}:{e['line']}: {e['message']}" for e in report["errors"]]
    yield from compare("error", expected["error"], errors, True)
    yield from compare("assumption", expected["assumption"], report["assumptions"], False)
    if "compromised" in report:
        told = report["compromised"]
        opens = "nothing" if not told["passes"] else "everything" if told["every_address"] else "something"
        yield from compare("compromised", expected["compromised"], [opens], True)
    yield from witness(case, expected["witness"], report)
    yield from explained(case, expected["explain"])
    strict = postlatch(case, "check", "--strict", *options(case, expected))[1]
    wanted = 1 if status == 0 and report["warnings"] else status
    if strict != wanted:
        yield f"exit status {strict} with --strict; expected {wanted}"
    if (case / "daemon.test").exists():
        out, status = postlatch(case, "test", "daemon.test")
        if status:
            yield out


def golden(path, accept):
    case = CASES / path.stem
    out, status = postlatch(case, "check", *options(case, read(case / "expect.txt")))
    got = f"{out}[{status}]\n"
    if accept:
        path.write_text(got)
    elif got != path.read_text():
        yield "".join(difflib.unified_diff(path.read_text().splitlines(True), got.splitlines(True), "expected", "printed"))


def main():
    accept = "--accept" in sys.argv[1:]
    failed = 0
    cases = sorted(path for path in CASES.iterdir() if path.is_dir())
    texts = sorted(GOLDEN.glob("*.txt"))
    for name, problems in [(c.name, check(c)) for c in cases] + [(f"golden {t.stem}", golden(t, accept)) for t in texts]:
        problems = list(problems)
        failed += bool(problems)
        for problem in problems:
            print(f"FAIL  {name}: {problem}")
    print(f"{len(cases)} cases, {len(texts)} whole texts, {failed} failed")
    return 1 if failed or len(cases) < 45 or len(texts) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
