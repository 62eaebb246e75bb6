#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What doctor finds is so, and what it prints cures it: a real Postfix is asked before and after the change."""
import json
import os
import re
import socket
import unittest

from rig_doctor import HERE, Case, parse, settings

from rig_smtp import SmtpClient
from rig_tools import main, read, wait_until

NEEDS = [("postconf", "postfix"), ("master", "postfix")]
PATIENCE_S = 60


def greets(case, name):
    try:
        with socket.create_connection(("127.0.0.1", case.ports[name].port), 2) as s:
            return s.recv(3) == b"220"
    except OSError:
        return False


def reply(case, port, client, recipient):
    """What becomes of one recipient: "250 asked", "554 unasked"; "dead" if smtpd ends with an error."""
    if case.daemon.process is None:
        with SmtpClient(("127.0.0.1", case.ports[port].port), {"ADDR": client, "NAME": None}) as s:
            s.mail()
            return str(s.rcpt(recipient).code)
    before = case.daemon.status()["requests_total"]
    with SmtpClient(("127.0.0.1", case.ports[port].port), {"ADDR": client, "NAME": None}) as s:
        s.mail()
        code = s.rcpt(recipient).code
    return "%d %s" % (code, "unasked" if case.daemon.status()["requests_total"] == before else "asked")


def fatal(case):
    return "fatal:" in read(os.path.join(case.top, "maillog"))


def observe(case, truths):
    """The outcomes of all lines; stops the Postfix that it has started."""
    log = os.path.join(case.top, "maillog")
    if os.path.exists(log):
        os.unlink(log)
    case.start_postfix()
    try:
        found = []
        for port, client, recipient, _before, _after in truths:
            wait_until(lambda: fatal(case) or greets(case, port), "Postfix to greet or to give up", PATIENCE_S,
                       case.postfix.check_alive)
            found.append("dead" if fatal(case) else reply(case, port, client, recipient))
        return found
    finally:
        case.stop_postfix()


def truths_of(lines):
    """[PORT ]CLIENT RECIPIENT: BEFORE -> AFTER"""
    found = []
    for line in lines:
        if line.strip():
            port, client, recipient, before, after = re.fullmatch(
                r"(?:@(\w+)@ )?(\S+) (\S+): (.*) -> (.*)", line).groups()
            found.append((port or "SMTP", client, recipient, before, after))
    return found


def apply(case, finding):
    """Change what a finding says, as an administrator would paste it."""
    where, lines = finding["file"], case.unfill(finding["change"])
    if where.endswith("in place of this check_policy_service"):
        for key, value in case.main.items():
            case.main[key] = replace_service(value, lines, key)
        case.master = replace_service(case.master, lines, "smtpd_relay_restrictions")
    elif where == "main.cf":
        case.main.update(settings(lines.splitlines()))
    elif where.startswith("master.cf, "):
        change_service(case, case.unfill(where[len("master.cf, "):]), lines)
    elif where.startswith("postlatch.conf"):
        name, _, value = lines.partition(" = ")
        old = re.search(r"(?m)^%s = \{(.*)\}$" % name, case.policy)
        if old and where.endswith("has"):
            value = "{%s, %s}" % (old.group(1), value.strip("{}"))
        case.policy = re.sub(r"(?m)^%s = .*\n?" % name, "", case.policy) + "\n%s = %s" % (name, value)
    else:
        raise AssertionError("no rule for a change in %s" % where)
    case.write()


def replace_service(text, line, key):
    if not key.startswith("smtpd_"):
        return text
    return re.sub(r"check_policy_service (\{(?:[^{}]|\{[^{}]*\})*\}|[^\s,]+)", lambda m: line, text)


def change_service(case, at, lines):
    """Give a service of master.cf these -o, in place of those of the same names."""
    name = at.split("/")[0]
    names = [re.match(r"\s*-o \{ (\S+) =", line).group(1) for line in lines.splitlines()]
    out, inside = [], False
    for line in case.master.splitlines():
        if not line[:1].isspace():
            if inside:
                out += lines.splitlines()
            inside = line.split()[0] == name
        if not (inside and any(re.match(r"\s*-o \{? ?%s ?=" % n, line) for n in names)):
            out.append(line)
    if inside:
        out += lines.splitlines()
    case.master = "\n".join(out)


class Truth(unittest.TestCase):
    maxDiff = None

    def test_truth(self):
        tried = 0
        for path in sorted(HERE.glob("*.cases")):
            for name, sections in parse(path):
                if "truth" in sections and re.search(os.environ.get("PL_CASE", ""), name):
                    tried += 1
                    with self.subTest(file=path.name, case=name):
                        self.case(name, sections)
        self.assertGreater(tried, 0)

    def case(self, name, sections):
        case = Case(name, sections)
        truths = truths_of(sections["truth"])
        try:
            case.start()
            before = observe(case, truths)
            self.assertEqual(before, [t[3] for t in truths])
            case.write()
            if all(t[4] == "-" for t in truths): # nothing that a test could paste
                return
            changed = self.cure(case)
            after = observe(case, truths)
            self.assertEqual(after, [t[4] for t in truths], "after " + "; ".join(changed))
        finally:
            case.stop()

    def cure(self, case):
        """Apply changes until doctor finds nothing that can be changed; each must be gone then."""
        changed = []
        for _ in range(10):
            output, _status = case.doctor("--json")
            findings = [f for f in json.loads(output)["findings"] if f.get("file", "a shell") != "a shell"]
            if not findings:
                return changed
            finding = findings[0]
            self.assertNotIn(finding["code"] + finding["what"], changed, "the change has not cured it")
            changed.append(finding["code"] + finding["what"])
            apply(case, finding)
            if finding["file"].startswith("postlatch.conf"):
                case.daemon.ask_control("reload")
        raise AssertionError("no end of findings: %s" % changed)


if __name__ == "__main__":
    main(NEEDS)
