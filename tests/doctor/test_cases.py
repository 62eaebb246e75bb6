#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every line that doctor prints about a configuration of Postfix; `test_cases.py --accept` writes the outputs anew."""
import os
import re
import sys
import unittest

from rig_doctor import HERE, Case, parse
from rig_tools import main

NEEDS = [("postconf", "postfix")]
ACCEPT = "--accept" in sys.argv
if ACCEPT:
    sys.argv.remove("--accept")


# What every healthy part says, in every case the same: a case with all of them has one line in their place.
USUAL = """\
ok: domains: the 2 that Postfix names are accepted by the policy, and the other way round
ok: Postfix 3.7.11 knows { } around a service
ok: bare_recipient = ours fits myorigin, "example.org"
ok: recipient_delimiter is the same, ""
ok: inet:@TCP@ answers "REJECT Relay access denied" to a stranger's mail for "user@elsewhere.invalid", as the configuration says
ok: inet:@TCP@ answers "DUNNO" to a stranger's mail for "postmaster@example.org", as the configuration says
ok: unix:@TOP@/queue/postlatch/policy answers "REJECT Relay access denied" to a stranger's mail for \
"user@elsewhere.invalid", as the configuration says
ok: unix:@TOP@/queue/postlatch/policy answers "DUNNO" to a stranger's mail for "postmaster@example.org", as the \
configuration says""".splitlines()


def shorten(lines):
    if not set(USUAL) <= set(lines):
        return lines
    lines = [line for line in lines if line not in USUAL]
    return lines[:-1] + ["and the %d usual ok" % len(USUAL)] + lines[-1:]


def outcome(name, sections):
    case = Case(name, sections)
    try:
        case.start()
        output, status = case.doctor()
    finally:
        case.stop()
    # Why a name does not resolve depends on whether there is a resolver.
    output = re.sub(r"(does not resolve for smtpd in its chroot): .*", r"\1: …", output)
    return shorten(output.splitlines()) + ["[%d]" % status]


class Cases(unittest.TestCase):
    maxDiff = None

    def test_cases(self):
        for path in sorted(HERE.glob("*.cases")):
            cases = parse(path)
            for name, sections in cases:
                if not re.search(os.environ.get("PL_CASE", ""), name):
                    continue
                with self.subTest(file=path.name, case=name):
                    got = outcome(name, sections)
                    if ACCEPT:
                        sections["output"] = got
                    self.assertEqual("\n".join(got), "\n".join(sections.get("output", [])).rstrip())
            if ACCEPT:
                self.write(path, cases)

    @staticmethod
    def write(path, cases):
        head = path.read_text().split("\n=== ")[0]
        lines = [head.rstrip()] if not head.startswith("=== ") else []
        for name, sections in cases:
            lines.append("\n=== " + name)
            for section, text in sections.items():
                if section != "about":
                    lines.append("--- " + section)
                lines += "\n".join(text).rstrip().splitlines()
        path.write_text("\n".join(lines).lstrip("\n") + "\n")


if __name__ == "__main__":
    main(NEEDS)
