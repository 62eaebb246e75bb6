#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/troubleshooting.md: each line of Postfix that it quotes is provoked, by the lines of main.cf beside it; and no warning or error
of the daemon is missing."""
import os
import re
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../blackbox"))

from pages import SRC, block, blocks
from postfix_rig import NEEDS
from rig_smtp import SmtpClient
from rig_tools import Port, cleanup, main, read, wait_until, write
from test_postfix import PageCase, PageRig

PAGE = "troubleshooting"
OURS = "someone@example.org"
# Which policy is served, and to whom mail is sent, where it is not all the same.
POLICY = {name: name for name in ("access-denied", "observe", "class")}
RECIPIENT = {"access-denied": "someone@foreign.example", "observe": "someone@foreign.example"}


def fatal(name):
    return any(b.name == name and " fatal: " in b.text for b in blocks(PAGE, "maillog"))


class TroubleRig(PageRig):
    plain = [("relay", "127.0.0.1", "n", [])]

    def __init__(self, page):
        self.silent, self.closes = Port(), Port()
        super().__init__(page)
        self.unix("left-behind").close()
        self.unix("denied", 0o600)
        self.serve(self.silent, lambda connection: self.kept.append(connection))
        self.serve(self.closes, lambda connection: (connection.recv(1 << 16), connection.close()))

    kept = []

    def is_chrooted(self, text):
        return ".invalid" in text or super().is_chrooted(text)

    def _folders(self):
        """No name of the chrooted ones is asked for in DNS."""
        super()._folders()
        write(os.path.join(self.queue, "etc/nsswitch.conf"), "hosts: files\n")

    def unix(self, name, mode=0o666):
        path = os.path.join(self.queue, "postlatch", name)
        s = socket.socket(socket.AF_UNIX)
        s.bind(path)
        os.chmod(path, mode)
        s.listen(5)
        cleanup(s.close)
        return s

    def serve(self, port, what):
        """Accept there, and do something with each connection."""
        s = socket.create_server(port.pair)
        cleanup(s.close)

        def loop():
            while True:
                try:
                    what(s.accept()[0])
                except OSError:
                    return
        threading.Thread(target=loop, daemon=True).start()

    def private(self, text):
        return (super().private(text).replace("127.0.0.1:10078", str(self.silent))
                .replace("127.0.0.1:10077", str(self.closes)))

    def public(self, line):
        """A line of the mail log as the page has it."""
        for port, number in ((self.daemon.port, 10071), (self.closed, 10079), (self.silent, 10078), (self.closes, 10077)):
            line = line.replace(str(port), f"127.0.0.1:{number}")
        return re.sub(r"^\S+ +\d+ [\d:]+ \S+ postfix/(?:[\w-]+/)?(\w+)\[\d+\]", r"postfix/\1[4711]", line)

    def _greets(self, name):
        return fatal(name) or super()._greets(name)


class Troubleshooting(PageCase):
    page = PAGE
    page_rig = TroubleRig

    def test_each_entry_is_provoked(self):
        lines = {b.name for b in blocks(PAGE, "main.cf")}
        found = {b.name for b in blocks(PAGE, "maillog")} | {b.name for b in blocks(PAGE, "smtp")}
        self.assertEqual(lines, found)

    def logged(self, since):
        return {self.rig.public(line) for line in read(self.rig.maillog)[since:].splitlines()}

    def ask(self, name):
        with SmtpClient(self.rig.ports[name].pair, {"ADDR": "203.0.113.9", "NAME": None}) as s:
            s.expect(250, s.mail())
            s.rcpt(RECIPIENT.get(name, OURS))

    def provoke(self, b):
        since = len(read(self.rig.maillog))
        if fatal(b.name):
            connection = socket.create_connection(self.rig.ports[b.name].pair, 30)
            self.addCleanup(connection.close)
        else:
            self.ask(b.name)
        want = b.text.splitlines()
        wait_until(lambda: self.logged(since).issuperset(want), f"{b}: {set(want) - self.logged(since)}", timeout=90)

    def test_postfix_says_so(self):
        for b in blocks(PAGE, "maillog"):
            with self.subTest(str(b)):
                self.serve(POLICY.get(b.name, "mx"))
                self.provoke(b)

    def test_sessions(self):
        self.assertEqual(self.sessions(), 2)


# Where the daemon makes sentences that it logs elsewhere; which strings there are sentences.
SENTENCES = {
    "src/daemon/reload.c": r"not compared|takes effect|stays locked|keeping the running|accept-wider|no memory",
    "src/daemon/verdict.c": r"^it runs|not granted|not provable",
    "src/daemon/bind.c": r"^; ",
    "src/daemon/session.c": r"cannot send an answer|no end of the request|in the middle of a request",
    "src/wire/request.c": r"request\b(?!\.h)|request=|line without",
    "src/daemon/log_writer.c": r"were dropped|s were",
}


def strings(text, begin=""):
    """The string literals of a source, adjacent ones as one."""
    for found in re.finditer(begin + r'((?:"(?:[^"\\\n]|\\.)*"\s*)+)', text):
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found[1])).replace('\\"', '"').replace("\\n", "")


class Messages(unittest.TestCase):
    page = re.sub(r"\s+", " ", (SRC / "docs/troubleshooting.md").read_text())

    def explained(self, path, message):
        part = max(re.split(r"%[-.*0-9]*(?:z|ll|l|h)?[a-zA-Z]", message), key=len).strip(' "')
        if len(part) < 4:   # the text comes from elsewhere
            return 0
        with self.subTest(path, message=message):
            self.assertIn(part, self.page, "docs/troubleshooting.md has no row for this message")
        return 1

    def test_each_warning_and_error_of_the_daemon_is_explained(self):
        seen = sum(self.explained(path.name, message) for path in sorted((SRC / "src/daemon").glob("*.c"))
                   for message in strings(re.sub(r"\bOPTION \"", '"metrics: listen', path.read_text()), r"\blog_(?:error|warn|fatal)\(\s*"))
        self.assertGreater(seen, 40)

    def test_each_sentence_that_is_logged_is_explained(self):
        for path, pattern in SENTENCES.items():
            text = re.sub(r"/\*.*?\*/", "", (SRC / path).read_text(), flags=re.S)
            found = [message for message in strings(text) if re.search(pattern, message)]
            self.assertTrue(found, path)
            for message in found:
                self.explained(path, message)


if __name__ == "__main__":
    main(NEEDS)
