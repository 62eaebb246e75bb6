#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/migration.md: the old configuration and the new policy are asked the same and give the same; on a real Postfix, by the real postfwd."""
import ipaddress
import os
import shlex
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../blackbox"))

from pages import block, blocks
from postfix_rig import NEEDS
from rig_tools import folder, main, run, tool, write
from test_postfix import PageCase, PageRig

PAGE = "migration"


class OldRig(PageRig):
    """The page's files are in Postfix's folder, and lists beside the policy too."""

    plain = [("relay", "127.0.0.1", "n", [])]

    def _start_postfix(self):
        etc = os.path.join(self.top, "etc")
        write(os.path.join(etc, "main.cf"), "compatibility_level = 3.6\n")
        for b in blocks(self.page, "file"):
            path = write(os.path.join(etc, b.name), b.text)
            if b.name.endswith(".cidr"):
                write(os.path.join(self.top, b.name), b.text)
            else:
                run([tool("postmap", "postfix"), "-c", etc, "hash:" + path])
        super()._start_postfix()

    def private(self, text):
        return super().private(text).replace("/etc/postfix/", os.path.join(self.top, "etc/"))


class Postfix(PageCase):
    page = PAGE
    page_rig = OldRig

    def test_sessions(self):
        self.assertEqual(self.sessions(), 6)

    def test_same_outcome(self):
        count = 0
        for b in blocks(PAGE, "same"):
            old, new, policy = b.words
            self.serve(policy)
            for line in b.text.splitlines():
                left, _, outcome = line.partition(" -> ")
                for place in (old, new):
                    with self.subTest(f"{b}: {place}: {left}"):
                        reply = self.session(place, left)
                        self.assertEqual(reply[:3], {"taken": "250", "refused": "554"}[outcome], reply)
                count += 1
        self.assertGreater(count, 45)


class Styles(unittest.TestCase):
    def test_mynetworks_style(self):
        """What the page says of compatibility_level = 0."""
        for level, style in (("0", "subnet"), ("3.6", "host")):
            etc = folder()
            write(os.path.join(etc, "main.cf"), f"compatibility_level = {level}\n")
            write(os.path.join(etc, "master.cf"), "")
            self.assertEqual(run([tool("postconf", "postfix"), "-c", etc, "-x", "-h", "mynetworks_style"]).split(), [style])


class Postfwd(unittest.TestCase):
    # All attributes, as Postfix sends them: postfwd warns of one that a rule asks for and that is not there.
    ATTRIBUTES = ("client_name", "helo_name", "sender", "recipient", "sasl_username", "queue_id", "size")

    def ask(self, rules, requests):
        """The first words of postfwd's answers to requests, each a list of words attribute=value."""
        text = "".join("".join(f"{word}\n" for word in ["request=smtpd_access_policy", "protocol_state=RCPT"] + words
                               + [f"{name}=" for name in self.ATTRIBUTES if not any(w.startswith(f"{name}=") for w in words)])
                       + "\n" for words in requests)
        done = subprocess.run([tool("postfwd1", "postfwd"), "--nodns", "-f", write(os.path.join(folder(), "rules"), rules)],
                              input=text, timeout=120, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return [line.partition("=")[2].split()[0].upper() for line in done.stdout.splitlines() if line.startswith("action=")]

    def test_same_answer(self):
        for b in blocks(PAGE, "both"):
            if b.name not in {rules.name for rules in blocks(PAGE, "postfwd")}:
                continue
            rows = [line.partition(" -> ") for line in b.text.splitlines()]
            answers = self.ask(block(PAGE, "postfwd", b.name).text, [shlex.split(left) for left, _, _ in rows])
            self.assertEqual(answers, [want.split()[0] for _, _, want in rows])

    def test_misspelt_item(self):
        """What the page and the FAQ say of it: the rule is silently off."""
        request = [["client_address=203.0.113.9", "sasl_username=mallory", "recipient=a@b.example"]]
        for item, want in (("sasl_username", "REJECT"), ("sasl_usernam", "OK")):
            self.assertEqual(self.ask(f"id=A; {item}==mallory; action=REJECT\nid=B; action=OK\n", request), [want])


class Cbpolicyd(unittest.TestCase):
    """A model of its matching: policies in the order of their priority; members of which all entries of Source and of Destination hold;
    the first verdict of access_control. Written from its source (policies.pm); the program itself is not in Debian."""

    SCHEMA = """
        CREATE TABLE policy_groups (ID, Name, Disabled DEFAULT 0);
        CREATE TABLE policy_group_members (PolicyGroupID, Member, Disabled DEFAULT 0);
        CREATE TABLE policies (ID, Priority, Name, Disabled DEFAULT 0);
        CREATE TABLE policy_members (PolicyID, Source, Destination, Disabled DEFAULT 0);
        CREATE TABLE access_control (PolicyID, Verdict, Data, Disabled DEFAULT 0);
    """

    def holds(self, db, entry, address, mail, login):
        if entry.startswith("!"):
            return not self.holds(db, entry[1:], address, mail, login)
        if entry.startswith("%"):
            members = db.execute("SELECT Member FROM policy_group_members m, policy_groups g WHERE g.Name = ? AND g.ID = m.PolicyGroupID"
                                 " AND g.Disabled = 0 AND m.Disabled = 0", (entry[1:],)).fetchall()
            return any(self.holds(db, member, address, mail, login) for member, in members)
        if entry.startswith("$"):
            return entry == "$*" or login.lower() == ("" if entry == "$-" else entry[1:].lower())
        if "@" in entry:
            user, _, domain = entry.lower().rpartition("@")
            has_user, _, has_domain = mail.lower().rpartition("@")
            return domain == has_domain and user in ("", has_user)
        return bool(address) and ipaddress.ip_address(address) in ipaddress.ip_network(entry)

    def answer(self, db, request):
        login, sender = request.get("sasl_username", ""), request.get("sender", "")
        for policy, source, destination, verdict, data in db.execute(
                "SELECT p.ID, Source, Destination, Verdict, Data FROM policies p, policy_members m, access_control a"
                " WHERE m.PolicyID = p.ID AND a.PolicyID = p.ID AND p.Disabled = 0 AND m.Disabled = 0 AND a.Disabled = 0"
                " ORDER BY Priority").fetchall():
            if all(entry == "any" or self.holds(db, entry, request["client_address"], sender, login) for entry in source.split(",")) and \
                    all(entry == "any" or self.holds(db, entry, "", request["recipient"], login) for entry in destination.split(",")):
                return f"{verdict} {data}".strip()
        return "DUNNO"

    def test_same_answer(self):
        tried = 0
        for rules in blocks(PAGE, "sql"):
            db = sqlite3.connect(":memory:")
            self.addCleanup(db.close)
            db.executescript(self.SCHEMA + rules.text)
            for line in block(PAGE, "both", rules.name).text.splitlines():
                left, _, want = line.partition(" -> ")
                with self.subTest(left):
                    self.assertEqual(self.answer(db, dict(word.split("=", 1) for word in left.split())), want)
                    tried += 1
        self.assertGreater(tried, 5)


if __name__ == "__main__":
    main(NEEDS + [("postfwd1", "postfwd")])
