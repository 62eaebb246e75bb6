#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The main.cf and master.cf lines in the pages of docs/, each as a listener of a real Postfix, and what that answers. See pages.py."""
import os
import re
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../blackbox"))

import postfix_rig
from pages import PAGES, block, blocks, parameters
from postfix_rig import LOGINS, NEEDS, Rig, RigCase
from rig_smtp import SmtpClient
from rig_tools import Port, Process, cleanup, folder, main, pl_bin, read, run, tool, wait_until, write

SERVICE = re.compile(r"(?m)^(\S+)([ \t]+inet[ \t].*)$")


def policy_text(page, name):
    """A policy of the page, without where it listens: that is the rig's."""
    return re.sub(r"(?ms)^listen\s*=\s*\{.*?\}$|^socket_\w+.*?$", "", block(page, "conf", name).text)


class PageRig(Rig):
    """A Postfix with a listener for each block of a page."""

    main_cf = postfix_rig.MAIN_CF + "postscreen_access_list = static:permit\n"
    master_cf = postfix_rig.MASTER_CF + "smtp unix - - n - - smtp\n"

    plain = [
        ("twice", "127.0.0.1", "n", ["smtpd_client_restrictions=$by_tcp"]),
        ("milter", "127.0.0.1", "n", ["smtpd_milters=inet:{milter}"]),
        ("xforward", "127.0.0.1", "n", ["smtpd_authorized_xforward_hosts=127.0.0.0/8"]),
        ("no-xclient", "127.0.0.1", "n", ["smtpd_authorized_xclient_hosts="]),
    ]

    def __init__(self, page):
        self.page = page
        self.first = {}          # name of a master.cf block -> its first port
        self.listeners = list(self.plain) + [
            (b.name, "127.0.0.1", "y" if self.is_chrooted(b.text) else "n", self.options(b)) for b in blocks(page, "main.cf")]
        self.proxied = {b.name for b in blocks(page, "main.cf", "master.cf") if "upstream_proxy_protocol" in b.text}
        self.closed = Port()
        self.milter = Milter()
        super().__init__("")

    def is_chrooted(self, text):
        return "unix:" in text

    def options(self, b):
        return ["{ %s = %s }" % pair for pair in parameters(b.text)]

    def private(self, text):
        """Lines of the page with the rig's ports in place of the page's."""
        return text.replace("127.0.0.1:10071", str(self.daemon.port)).replace("127.0.0.1:10079", str(self.closed)).replace("{milter}", str(self.milter.port))

    def services(self):
        lines = [self.master_cf]
        self.listeners = [(n, a, c, [self.private(o) for o in options]) for n, a, c, options in self.listeners]
        passed = 0
        for b in blocks(self.page, "master.cf"):
            text = self.private(b.text)
            if "postscreen" in text:   # two of them need two services to hand connections to
                passed += 1
                text = re.sub(r"(?m)^smtpd( +pass)", rf"smtpd{passed}\1", text)
                text = re.sub(r"(?m)^(smtp +inet.*)$", rf"\1\n    -o smtpd_service_name=smtpd{passed}"
                              "\n    -o postscreen_cache_map=", text)
                if passed > 1:
                    text = re.sub(r"(?m)^(dnsblog|tlsproxy) .*\n", "", text)
            for name in [m[1] for m in SERVICE.finditer(text)]:
                port = Port()
                self.ports.setdefault(b.name, port)
                text = re.sub(rf"(?m)^{re.escape(name)}(?=[ \t]+inet)", str(port), text)
                number = name.rpartition(":")[2]
                text = re.sub(rf"(\[?127\.0\.0\.1\]?):{number}\b", rf"\1:{port.port}", text)
            lines.append(text)
            if b.name == "postscreen":
                lines.append(self.deep(f"smtpd{passed}"))
        return "\n".join(lines)

    def deep(self, smtpd):
        """A postscreen that tests clients beyond the greeting."""
        self.ports["deep"] = Port()
        return (f"{self.ports['deep']} inet n - n - 1 postscreen\n    -o postscreen_access_list=\n    -o postscreen_greet_wait=1s\n"
                f"    -o postscreen_cache_map=\n    -o postscreen_pipelining_enable=yes\n    -o smtpd_service_name={smtpd}")

    def _greets(self, name):
        if name in self.proxied:
            return True
        return super()._greets(name)

    def smtp(self, place="relay", xclient=None, **more):
        if place not in self.proxied:
            return super().smtp(place, xclient, **more)
        return ProxiedClient(self.ports[place].pair, xclient)


class ProxiedClient(SmtpClient):
    """Comes through a proxy that tells the client's address."""

    def __init__(self, address, client):
        self.client = client
        super().__init__(address)

    def reply(self):
        if self.client:
            family, here = ("TCP6", "::1") if ":" in self.client else ("TCP4", "127.0.0.1")
            self.raw("PROXY %s %s %s 4711 25\r\n" % (family, self.client, here))
            self.client = None
        return super().reply()


class Milter:
    """As small as one can be: it agrees with everything but recipients that begin with "blocked"."""

    def __init__(self):
        self.port = Port()
        self.socket = socket.create_server(self.port.pair)
        cleanup(self.socket.close)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, connection.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                packet = stream.read(int.from_bytes(head, "big"))
                command = packet[:1]
                if command == b"Q":
                    return
                if command in b"DA":      # macros, abort: no answer
                    continue
                answer = b"c"
                if command == b"O":       # version 6, no actions, all events
                    answer = b"O" + (6).to_bytes(4, "big") + bytes(8)
                elif command == b"R" and packet.startswith(b"R<blocked"):
                    answer = b"r"
                connection.sendall(len(answer).to_bytes(4, "big") + answer)


class PageCase(RigCase):
    page = "integration"
    page_rig = PageRig

    @classmethod
    def setUpClass(cls):
        cls.make_rig = lambda policy: cls.page_rig(cls.page)
        super().setUpClass()

    def serve(self, name):
        self.rig.daemon.reload(policy_text(self.page, name))

    def session(self, place, line):
        client, *words, recipient = line.split()
        more = {}
        for word in words:
            key, _, value = word.partition("=")
            if key == "login":
                more["login"] = (value, LOGINS[value])
            elif key == "xclient-login":
                client = {"ADDR": client, "NAME": None, "LOGIN": value}
            elif key == "name":
                client = {"ADDR": client, "NAME": value}
            elif key == "from":
                more["sender"] = value
            else:
                raise AssertionError("unknown word: " + word)
        return self.rig.rcpt(recipient, place, client, **more)

    def sessions(self):
        count = 0
        for b in blocks(self.page, "smtp"):
            place, name = b.words
            self.serve(name)
            for line in b.text.splitlines():
                left, _, reply = line.partition(" -> ")
                with self.subTest(f"{b}: {left}"):
                    self.assertEqual(self.session(place, left), reply)
                count += 1
        return count


class Integration(PageCase):
    def test_sessions(self):
        self.assertGreater(self.sessions(), 40)

    def decisions(self, since):
        return [(d["client"], d["action"]) for d in self.rig.log.decisions(since)]

    def through(self, place):
        """A message of an inside client that goes through a filter; the clients we were asked about."""
        self.serve("office")
        since = self.rig.log.mark()
        with self.rig.smtp(place, "192.0.2.7") as s:
            s.expect(250, s.mail())
            s.expect(250, s.rcpt("someone@foreign.example"))
            reply = s.expect(250, s.data())
        self.rig.log.decision(since, client="192.0.2.7")
        return reply, since

    def test_before_queue_filter(self):
        """A whole message passes the filter; we are asked once."""
        reply, since = self.through("before-queue")
        self.assertEqual(self.rig.delivered(reply), {("someone@foreign.example", "foreign")})
        self.assertEqual(self.decisions(since), [("192.0.2.7", "OK")])

    def test_after_queue_filter(self):
        reply, since = self.through("after-queue")
        queue_id = reply.text.split()[-1]
        log = self.rig.logged(rf": {queue_id}: removed")
        found = re.search(rf": {queue_id}: to=<someone@foreign\.example>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+, .* status=sent "
                          r"\(250 2\.0\.0 Ok: queued as (\w+)\)", log)
        self.rig.logged(rf": {found[1]}: to=<someone@foreign\.example>, relay=.* status=sent \(foreign\)")
        self.assertEqual(self.decisions(since), [("192.0.2.7", "OK")])

    def test_xforward_does_not_change_the_client(self):
        """What the page says of an smtpd behind a filter that asks all the same."""
        self.serve("office")
        since = self.rig.log.mark()
        with self.rig.smtp("xforward") as s:
            s.expect(250, s.cmd("XFORWARD NAME=inside.example ADDR=192.0.2.7"))
            s.expect(250, s.mail())
            self.assertEqual(s.rcpt("someone@foreign.example").code, 554)
        self.rig.log.decision(since, client="127.0.0.1", action="REJECT")

    def test_asked_once_for_each_list(self):
        """Two lists that name us, at RCPT: two questions for one recipient."""
        self.serve("office")
        since = self.rig.log.mark()
        self.assertEqual(self.rig.rcpt("someone@example.org", "twice", "203.0.113.9"), "250 2.1.5 Ok")
        wait_until(lambda: len(self.decisions(since)) == 2, "two decisions")

    def test_milter(self):
        """Our OK skips no milter."""
        self.serve("office")
        self.assertEqual(self.rig.rcpt("someone@foreign.example", "milter", "192.0.2.7"), "250 2.1.5 Ok")
        self.assertEqual(self.rig.rcpt("blocked@foreign.example", "milter", "192.0.2.7"), "550 5.7.1 Command rejected")

    def test_postscreen_in_depth(self):
        """postscreen answers, and we are not asked."""
        self.serve("office")
        since = self.rig.log.mark()
        with self.rig.smtp("deep") as s:
            s.expect(250, s.mail())
            self.assertEqual(str(s.rcpt("someone@foreign.example")), block_text_with("450 4.3.2"))
            self.assertEqual(str(s.rcpt("someone@example.org")), block_text_with("450 4.3.2"))
        self.assertEqual(self.rig.rcpt("someone@example.org", "relay", "203.0.113.9"), "250 2.1.5 Ok")
        self.rig.log.decision(since, client="203.0.113.9")
        self.assertEqual(self.decisions(since), [("203.0.113.9", "DUNNO")])

    def test_xclient_of_others(self):
        text = block_text_with("550 5.7.0")
        with self.rig.smtp("no-xclient") as s:
            self.assertEqual(str(s.cmd("XCLIENT ADDR=192.0.2.7")), text)


class Daemon(unittest.TestCase):
    """What the page says of the daemon itself."""

    def start(self, text, *before):
        """Its standard error up to the line that says it has started; it is ended afterwards."""
        top = folder()
        path = write(os.path.join(top, "postlatch.conf"), text + f'control = "{top}/control"\nlog {{ socket = "{top}/log" }}\n')
        process = Process([*before, pl_bin("postlatchd"), "-f", "-c", path], os.path.join(top, "err"))
        self.addCleanup(process.stop)
        wait_until(lambda: " started: " in read(process.log), "the daemon to start", timeout=60, alive=process.check_alive)
        return read(process.log)

    def test_a_wider_address_is_told(self):
        """In a network namespace of its own."""
        said = self.start('listen = {"inet:0.0.0.0:10071"}\n', tool("unshare", "util-linux"), "-n")
        self.assertIn("postlatchd: " + block_text_with("can be reached") + "\n", said)

    def test_two_instances(self):
        """One daemon, a socket in each queue folder."""
        top = folder()
        for queue in ("postfix", "postfix-out"):
            os.makedirs(os.path.join(top, queue, "postlatch"))
        self.start(block("integration", "conf", "instances").text.replace("/var/spool", top))
        for queue, context, answer in (("postfix", "in", "REJECT"), ("postfix-out", "out", "OK")):
            said = run([pl_bin("postlatch"), "query", "--socket", f"unix:{top}/{queue}/postlatch/policy", "client_address=203.0.113.9",
                        f"policy_context={context}", "recipient=someone@foreign.example"])
            self.assertTrue(said.splitlines()[-1].startswith(f"action={answer}"), said)


def block_text_with(words):
    return next(b.text.strip() for b in blocks("integration", "text") if words in b.text)


if __name__ == "__main__":
    main(NEEDS)
