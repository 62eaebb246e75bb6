#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""postlatch probe against a real Postfix: closed, open in several ways, impatient; and nothing is ever queued."""
import json
import os
import pty
import re
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import postfix_rig
from postfix_rig import ACCEPTED, NEEDS, Rig, RigCase, read
from rig_tools import Port, cleanup, main, pl_bin, wait_until

POLICY = ACCEPTED + """
relay_networks = {127.0.0.0/8, 198.51.100.0/24}
relay_users    = {any}
"""

PERMIT = "smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination"
postfix_rig.LISTENERS += [
    ("everybody", "127.0.0.1", "n", [PERMIT, "mynetworks=0.0.0.0/0"]),
    ("access", "127.0.0.1", "n", ["smtpd_relay_restrictions=check_recipient_access,static:OK,reject_unauth_destination"]),
    ("hack", "127.0.0.1", "n", ["smtpd_relay_restrictions=$relay_by_hack"]),
    ("defer", "127.0.0.1", "n", ["smtpd_relay_restrictions=permit_mynetworks,defer_unauth_destination",
                                 "mynetworks=127.0.0.1"]),
    ("deaf", "127.0.0.1", "n", ["smtpd_recipient_restrictions=reject"]),
    ("grey", "127.0.0.1", "n", ["smtpd_relay_restrictions=check_recipient_access,inline:{x=OK},$grey_all",
                                "grey_all=defer"]),
    ("errors", "127.0.0.1", "n", ["smtpd_hard_error_limit=3", "smtpd_soft_error_limit=2"]),
    ("rates", "127.0.0.1", "n", ["smtpd_client_connection_rate_limit=2", "smtpd_client_event_limit_exceptions="]),
    ("early", "127.0.0.1", "n", ["smtpd_delay_reject=no", "smtpd_sender_restrictions=reject"]),
    ("tls", "127.0.0.1", "n", ["smtpd_tls_security_level=encrypt"]),
    ("twin", "127.0.0.1", "n", []),
    ("twin6", "::1", "n", [PERMIT, "mynetworks=[::]/0"]),
]


class TwinPort(Port):
    """The port of another family that a Port has."""

    def __init__(self, address, number):
        self.address, self.port = address, number
        self.socket = socket.socket(socket.AF_INET6)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, number))
        cleanup(self.socket.close)


class HackedService(threading.Thread):
    """A policy service that makes the classic mistake: OK if what stands behind the last @ is ours."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        cleanup(self.listener.close)
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection, connection.makefile("rwb") as f:
            recipient = ""
            for line in f:
                name, _, value = line.decode("utf-8", "replace").rstrip("\n").partition("=")
                if name == "recipient":
                    recipient = value
                elif name == "":
                    ours = recipient.rpartition("@")[2] in ("example.org", "mx.example.org")
                    f.write(b"action=%s\n\n" % (b"OK" if ours else b"DUNNO"))
                    f.flush()


class ProbeRig(Rig):
    def _start_postfix(self):
        if self.ipv6:
            self.ports["twin6"] = TwinPort("::1", self.ports["twin"].port)
        self.main_cf += "anvil_rate_time_unit = 1s\nrelay_by_hack = check_policy_service inet:127.0.0.1:%d, reject_unauth_destination\n" \
            % HackedService().port
        super()._start_postfix()


def probe(*argv):
    """Run it: exit status, standard output, standard error."""
    done = subprocess.run([pl_bin("postlatch"), "probe", *argv], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=240, check=False)
    return done.returncode, done.stdout, done.stderr


def head_and_end(text):
    """What stands around the lines of the forms."""
    return "".join(line for line in text.splitlines(True) if not re.match(r"  \w+(/\w+)?\s+(OPEN|accepted|refused|unclear|not tried) ", line))


NAMED = ["--from", "a@sender.example.net", "--to", "victim@foreign.example.com", "--ours", "user@example.org"]
OUTSIDER = ["--as", "203.0.113.9"]
ASK_AS_OUTSIDER = """\
    Ask as an outsider: with --as 203.0.113.9 (XCLIENT, which the server offers),
    or from another host, with --i-own-this-host.
"""
REPEAT = "    Next: the other ports that smtpd listens at; and again after each change of Postfix or policy.\n"
NEXT = """\
    Next: postlatch explain client_address=203.0.113.9 'recipient=%s'
    If that refuses, some permit or OK stands before reject_unauth_destination in
    postconf -n smtpd_relay_restrictions smtpd_recipient_restrictions mynetworks
"""


class Probe(RigCase):
    policy = POLICY
    make_rig = ProbeRig

    def tearDown(self):
        """Nothing was ever queued: no message got as far as the queue manager, and no file is left."""
        self.assertEqual(re.findall(r".*/cleanup\[.*message-id=.*", read(self.rig.maillog)), [])
        self.assertEqual(re.findall(r".* status=.*", read(self.rig.maillog)), [])
        # smtpd begins a file with the first recipient, and cleanup removes it a moment after RSET.
        wait_until(lambda: not self.queued(), "the queue to be empty")

    def queued(self):
        return [name for queue in ("incoming", "active", "deferred", "hold", "maildrop", "bounce", "defer")
                for _, _, files in os.walk(os.path.join(self.rig.queue, queue)) for name in files]

    def place(self, name):
        return str(self.rig.ports[name])

    def ask(self, name, *more):
        """Status and output, with the place's address as HOST:PORT; nothing on standard error."""
        status, out, err = probe(self.place(name), *NAMED, *more)
        self.assertEqual(err, "")
        return status, out.replace(self.place(name), "HOST:PORT")

    def expect_file(self, name, text):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe", name)
        if os.environ.get("PL_ACCEPT"):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        self.maxDiff = None
        self.assertEqual(text, read(path))

    def test_closed(self):
        for name, place in (("closed", "relay"), ("closed", "recipient-unix"), ("deferred", "defer")):
            status, out = self.ask(place, *OUTSIDER)
            self.expect_file(name, out)
            self.assertEqual(status, 0)

    def test_closed_as_the_table_says(self):
        """Each form comes to what relay_forms.tsv says, as far as a domain is what it stands for there."""
        from test_relay_forms import forms
        _, out = self.ask("relay", "--json", *OUTSIDER)
        found = {form["id"]: form["code"] for form in json.loads(out)["addresses"][0]["forms"] if "/" not in form["id"]}
        same = 0
        for form in forms():
            if form.id in found and form.id not in ("D01", "D02"):     # example.org is no relay domain
                with self.subTest(form=form.id, note=form.note):
                    self.assertEqual(found[form.id], form.code)
                    same += 1
        self.assertGreater(same, 80)

    def test_open_for_everybody(self):
        for place in ("everybody", "access"):
            status, out = self.ask(place, *OUTSIDER)
            self.expect_file("open", out)
            self.assertEqual(status, 1)

    def test_open_by_routes(self):
        status, out = self.ask("hack", *OUTSIDER)
        self.expect_file("routes", out)
        self.assertEqual(status, 1)

    def test_own_host(self):
        """From loopback most servers look open: said."""
        status, out = self.ask("everybody")
        self.assertEqual((status, head_and_end(out)), (1, """\
HOST:PORT, mx.example.org; it sees a client at 127.0.0.1

HOST:PORT: open, to its own host: of 106 forms that lead elsewhere, 103 accepted, 3 refused, 0 unclear, 0 not tried
    Accepted: P01 C06 D05 D06 R01 R02 R03 R04 R05 R08 R09 R10 and 91 more
    The server sees 127.0.0.1, its own host, which most servers trust (mynetworks). Whether others
    can relay is not shown.
""" + ASK_AS_OUTSIDER))

    def test_own_host_by_the_policy(self):
        """The policy says that this client may relay: nothing is shown. Its domains go into the forms."""
        conf = os.path.join(self.rig.top, "postlatch.conf")
        status, out = self.ask("relay", "-c", conf)
        self.assertEqual((status, head_and_end(out.replace(conf, "CONF"))), (2, """\
HOST:PORT, mx.example.org; it sees a client at 127.0.0.1

HOST:PORT: unknown: of 136 forms that lead elsewhere, 127 accepted, 9 refused, 0 unclear, 0 not tried
    Nothing is shown: by relay_networks of CONF this client may relay, so it shows nothing that it could.
""" + ASK_AS_OUTSIDER))
        status, out = self.ask("relay", "-c", conf, *OUTSIDER)
        self.assertEqual((status, head_and_end(out)), (0, """\
HOST:PORT, mx.example.org; it sees a client at 203.0.113.9 (XCLIENT)

HOST:PORT: closed: of 136 forms that lead elsewhere, 0 accepted, 136 refused, 0 unclear, 0 not tried
""" + REPEAT))

    def test_other_source(self):
        """--bind: another address of this host, which mynetworks does not hold."""
        status, out = self.ask("defer", "--bind", "127.0.0.3")
        self.assertEqual((status, head_and_end(out)), (0, """\
HOST:PORT, mx.example.org; it sees a client at 127.0.0.3

HOST:PORT: closed: of 106 forms that lead elsewhere, 0 accepted, 106 refused, 0 unclear, 0 not tried
""" + REPEAT))

    def test_refuses_everything(self):
        """That is not closed: the recipient of ours is refused as well."""
        status, out = self.ask("deaf", *OUTSIDER)
        self.assertEqual((status, head_and_end(out)), (2, """\
HOST:PORT, mx.example.org; it sees a client at 203.0.113.9 (XCLIENT)

HOST:PORT: unknown: of 106 forms that lead elsewhere, 0 accepted, 106 refused, 0 unclear, 0 not tried
    Nothing is shown: the server refuses its own recipient, too: it may refuse everything.
"""))

    def test_refusals_that_show_nothing(self):
        for place, refused, why in (
                ("grey", 3, '103 answered with nothing that counts, P01 first: "450 4.3.2 <victim@foreign.example.com>: '
                            'Recipient address rejected: Try again la..."'),
                ("early", 60, '46 answered with nothing that counts, P01 first: "MAIL FROM: 554 5.7.1 <a@sender.example.net>: '
                              'Sender address rejected: Access den..."'),
                ("tls", 0, "the server wants STARTTLS or a login first, which this command does not speak")):
            status, out = self.ask(place, *OUTSIDER)
            self.assertEqual((status, head_and_end(out)), (2, """\
HOST:PORT, mx.example.org; it sees a client at 203.0.113.9 (XCLIENT)

HOST:PORT: unknown: of 106 forms that lead elsewhere, 0 accepted, %d refused, %d unclear, 0 not tried
    Nothing is shown: %s.
""" % (refused, 106 - refused, why)))

    def test_impatient(self):
        """A server that ends sessions after three errors, and one that takes two connections a second."""
        closed = self.ask("relay", *OUTSIDER)
        for place in ("errors", "rates"):
            self.assertEqual(self.ask(place, *OUTSIDER), closed)

    def test_nothing_known(self):
        """Without a policy, and a recipient of the server's: what can be tried is."""
        status, out, err = probe(self.place("relay"), *OUTSIDER)
        self.expect_file("nothing-known", out.replace(self.place("relay"), "HOST:PORT"))
        self.assertEqual((status, err), (0, ""))

    def test_ipv6_only(self):
        """Closed by IPv4, open by IPv6; the name has both."""
        if not self.rig.ipv6:
            self.skipTest("no IPv6 loopback address")
        port = self.rig.ports["twin"].port
        hosts = os.path.join(self.rig.top, "hosts")
        with open(hosts, "w", encoding="utf-8") as f:
            f.write("127.0.0.1 both.example.org\n::1 both.example.org\n192.0.2.25 both.example.org\n")
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, pl_bin("postlatch"),
             "probe", "both.example.org:%d" % port, *NAMED, "--as", "2001:db8:f::9"],
            capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.stderr.replace(str(port), "PORT"),
                         "postlatch: probe: 192.0.2.25:PORT is no address of this host, and was not asked; if it is your "
                         "server, add --i-own-this-host\n")
        said = [line.replace(str(port), "PORT") for line in done.stdout.splitlines()
                if re.match(r"\S+: (open|closed|unknown)|all addresses", line)]
        self.assertEqual(sorted(said), [
            "127.0.0.1:PORT: closed: of 106 forms that lead elsewhere, 0 accepted, 106 refused, 0 unclear, 0 not tried",
            "[::1]:PORT: open: of 106 forms that lead elsewhere, 103 accepted, 3 refused, 0 unclear, 0 not tried",
            "all addresses: open"])
        self.assertEqual(done.returncode, 1)

    def test_examples_of_the_documents(self):
        """Each example, at a server of this test instead of localhost:25."""
        found = []
        for name in ("README.md", "docs/man/postlatch.1"):
            found += re.findall(r"(?m)^ *postlatch probe (.*localhost:25)$", read(os.path.join(os.environ["PL_SRC"], name)))
        self.assertEqual(len(found), 3)
        for line in found:
            argv = line.replace("localhost:25", self.place("relay" if "--as" in line else "twin")).split()
            with self.subTest(line):
                self.assertIn(probe(*argv)[0], (0,) if "--as" in line else (1,))

    def test_json(self):
        status, out = self.ask("hack", "--json", *OUTSIDER)
        report = json.loads(out)
        address = report["addresses"][0]
        self.assertEqual((status, report["verdict"], report["sender"], report["as_outsider"]),
                         (1, "open", "a@sender.example.net", True))
        self.assertEqual({k: v for k, v in address.items() if k not in ("forms", "control")}, {
            "address": "HOST:PORT", "listens": True, "client": "203.0.113.9", "host": "mx.example.org",
            "verdict": "open", "why": None})
        self.assertEqual(address["control"], {
            "id": "control", "leads": "ours", "from": "<a@sender.example.net>", "to": "<user@example.org>",
            "outcome": "accepted", "code": 250, "reply": "250 2.1.5 Ok"})
        self.assertEqual(next(f for f in address["forms"] if f["id"] == "R01"), {
            "id": "R01", "leads": "routed", "from": "<a@sender.example.net>",
            "to": "<victim%foreign.example.com@mx.example.org>", "outcome": "accepted", "code": 250,
            "reply": "250 2.1.5 Ok", "note": "percent route by way of our host name"})


class Server(threading.Thread):
    """A server that answers as it likes: serve(connection) for each."""

    def __init__(self, serve):
        super().__init__(daemon=True)
        self.serve = serve
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        cleanup(self.listener.close)
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection:
            try:
                self.serve(self, connection)
            except OSError:
                pass


def endless(begin, again):
    def serve(server, connection):
        connection.sendall(begin)
        while not server.over.is_set():
            connection.sendall(again)
    return serve


def slowly(server, connection):
    for byte in b"220 slow.example.org ESMTP\r\n":
        connection.sendall(bytes([byte]))
        if server.over.wait(0.2):
            return


def talks(answers, rest=b"250 ok\r\n"):
    """Greets, and answers each command that begins with a key of answers; b"" hangs up."""
    def serve(_, connection):
        connection.sendall(b"220 fake.example.org\r\n")
        with connection.makefile("rb") as f:
            for line in f:
                answer = next((a for word, a in answers.items() if line.startswith(word)), rest)
                if answer == b"":
                    return
                connection.sendall(answer)
    return serve


class Hostile(unittest.TestCase):
    def ask(self, serve, *more, seconds="30"):
        server = Server(serve)
        status, out, err = probe("127.0.0.1:%d" % server.port, *NAMED, "--timeout", seconds, *more)
        server.over.set()
        self.assertEqual(err, "")
        for c in out:
            self.assertTrue(c == "\n" or " " <= c <= "~", ascii(out))
        return status, out.replace(str(server.port), "PORT")

    def test_no_session(self):
        for serve, why in (
                (lambda s, c: c.sendall(b"SSH-2.0-\x1b[31mOpenSSH\r\n"), "it sent a reply that does not begin with a code"),
                (lambda s, c: c.sendall(b"220-a\r\n221 b\r\n"), "it sent a reply with two codes"),
                (lambda s, c: None, "it closed the connection"),
                (endless(b"220-hello\r\n", b"220-hello\r\n"), "it sent a reply that does not end"),
                (endless(b"220 ", b"x" * 100), "it sent a reply that does not end"),
                (slowly, "no complete reply within 1 seconds"),
                (lambda s, c: s.over.wait(30), "no complete reply within 1 seconds"),
                (lambda s, c: c.sendall(b"554 go \x07 away\r\n") or s.over.wait(30),
                 'the greeting is: "554 go \\x07 away"'),
                (lambda s, c: c.sendall(b"220 a\r\n220 b\r\n") or s.over.wait(30), "it sent more than was asked for"),
                (talks({b"EHLO": b"500 what\r\n", b"HELO": b"550 no\r\n"}), 'HELO was answered: "550 no"')):
            with self.subTest(why=why):
                seconds = "1" if "within 1 seconds" in why else "30"
                self.assertEqual(self.ask(serve, seconds=seconds), (2, "127.0.0.1:PORT: unknown: no session: %s\n" % why))

    def test_gives_up(self):
        """It hangs up at every RCPT: after some connections the rest is not tried."""
        status, out = self.ask(talks({b"RCPT": b""}))
        self.assertEqual((status, head_and_end(out)), (2, """\
127.0.0.1:PORT, fake.example.org; it sees a client at 127.0.0.1

127.0.0.1:PORT: unknown: of 106 forms that lead elsewhere, 0 accepted, 0 refused, 106 unclear, 0 not tried
    Nothing is shown: 106 answered with nothing that counts, P01 first: "it closed the connection".
"""))

    def test_old_server(self):
        """No EHLO, no SMTPUTF8, no relaying, and replies that would colour a terminal."""
        status, out = self.ask(talks({b"EHLO": b"502 what\r\n", b"RCPT TO:<user@example.org>": b"250 ok\r\n",
                                      b"RCPT": b"550 \x1b[31mno\x1b[0m relaying\r\n"}))
        self.assertEqual((status, head_and_end(out)), (0, """\
127.0.0.1:PORT, fake.example.org; it sees a client at 127.0.0.1

127.0.0.1:PORT: closed: of 106 forms that lead elsewhere, 0 accepted, 105 refused, 0 unclear, 1 not tried
""" + REPEAT))
        self.assertIn("\n  P01       refused    <victim@foreign.example.com>: 550 \\x1b[31mno\\x1b[0m relaying\n", out)

    def test_never_sends(self):
        """Not one byte of a message, though all is accepted: MAIL, RCPT, RSET, and nothing else."""
        seen = []

        def serve(_, connection):
            connection.sendall(b"220 fake.example.org\r\n")
            with connection.makefile("rb") as f:
                for line in f:
                    seen.append(line.split(b" ")[0].split(b":")[0].strip())
                    connection.sendall(b"250 ok\r\n")

        self.assertEqual(self.ask(serve)[0], 1)
        self.assertEqual(set(seen), {b"EHLO", b"MAIL", b"RCPT", b"RSET", b"QUIT"})
        self.assertEqual([b for a, b in zip(seen, seen[1:]) if a == b"RCPT" and b != b"RSET"], [])

    def test_progress(self):
        """On a terminal standard error counts, and is clean in the end."""
        server, (ours, theirs) = Server(talks({b"RCPT": b"550 no relaying\r\n"})), pty.openpty()
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(iter(lambda: os.read(ours, 4096).decode(), "end")), daemon=True)
        reader.start()
        done = subprocess.run([pl_bin("postlatch"), "probe", "127.0.0.1:%d" % server.port], stdout=subprocess.PIPE,
                              stderr=theirs, stdin=subprocess.DEVNULL, timeout=240, check=False)
        os.write(theirs, b"end")
        wait_until(lambda: "".join(seen).endswith("end") or not reader.is_alive(), "the end of the terminal's output")
        shown = "".join(seen).split("\r")
        last = "127.0.0.1:%d: 166 of 166" % server.port
        self.assertEqual(done.returncode, 0)
        self.assertIn(last, shown)
        self.assertEqual(shown[shown.index(last) + 1], " " * len(last))

    def test_xclient_is_not_offered(self):
        self.assertEqual(self.ask(talks({}), *OUTSIDER), (2, (
            "127.0.0.1:PORT: unknown: no session: --as needs XCLIENT, which the server does not offer to this client "
            "(smtpd_authorized_xclient_hosts)\n")))


class Usage(unittest.TestCase):
    def test_nobody(self):
        port = Port().port
        self.assertEqual(probe("127.0.0.1:%d" % port), (2, "127.0.0.1:%d: nobody listens there\n" % port, ""))

    def test_others_servers(self):
        for host in ("192.0.2.25:25", "192.0.2.25", "[2001:db8::25]:25", "2001:db8::25"):
            status, out, err = probe(host)
            shown = {"192.0.2.25": "192.0.2.25:25", "2001:db8::25": "[2001:db8::25]:25"}.get(host, host)
            self.assertEqual((status, out, err), (2, "", (
                "postlatch: probe: %s is no address of this host, and was not asked; if it is your server, add "
                "--i-own-this-host\n" % shown)))

    def test_bind_of_the_other_family(self):
        self.assertEqual(probe("[::1]:25", "--bind", "127.0.0.1"), (2, "", (
            "postlatch: probe: [::1]:25 was not asked: the address of --bind is of the other family\n")))

    def test_own_address(self):
        """An address of an interface is one's own; another host's is asked only if one says so."""
        for more, argv, out, err in (
                ("192.0.2.25/32", ["192.0.2.25:25"], "192.0.2.25:25: nobody listens there\n", ""),
                ("192.0.2.26/32", ["192.0.2.25:25"], "", "postlatch: probe: 192.0.2.25:25 is no address of this host, and was "
                                                         "not asked; if it is your server, add --i-own-this-host\n"),
                ("192.0.2.26/32", ["192.0.2.25:25", "--i-own-this-host"],
                 "192.0.2.25:25: unknown: no session: Network is unreachable\n", "")):
            done = subprocess.run(
                ["unshare", "-n", "sh", "-c", 'ip link set lo up && ip address add "$0" dev lo && exec "$@"', more,
                 pl_bin("postlatch"), "probe", *argv], capture_output=True, text=True, timeout=240, check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, out, err))

    def test_errors(self):
        for argv, message in (
                ([], "expected one HOST:PORT; see postlatch probe --help"),
                (["a:25", "b:25"], "expected one HOST:PORT; see postlatch probe --help"),
                (["127.0.0.1:0"], '"127.0.0.1:0": expected HOST:PORT, as in mx.example.org:25, 192.0.2.25:25 or '
                                  "[2001:db8::25]:25"),
                (["127.0.0.1:smtp"], '"127.0.0.1:smtp": expected HOST:PORT, as in mx.example.org:25, 192.0.2.25:25 or '
                                     "[2001:db8::25]:25"),
                (["[127.0.0.1"], '"[127.0.0.1": Name or service not known'),
                (["127.0.0.1:25", "--from", "a\r\nDATA@b.example"],
                 '--from "a\\x0d\\x0aDATA@b.example": expected local@domain, of letters, digits and . _ + - = only'),
                (["127.0.0.1:25", "--to", "victim"],
                 '--to "victim": expected local@domain, of letters, digits and . _ + - = only'),
                (["127.0.0.1:25", "--to", "a@example.org", "--ours", "b@example.org"],
                 '--to "a@example.org" is a recipient of the server\'s own; name one elsewhere'),
                (["127.0.0.1:25", "--as", "example.org"], '--as "example.org": expected an IP address'),
                (["127.0.0.1:25", "--bind", "192.0.2.0/24"], '--bind "192.0.2.0/24": expected an IP address'),
                (["127.0.0.1:25", "--timeout", "0"], '--timeout "0": expected a number from 1 to 600')):
            with self.subTest(argv=argv):
                self.assertEqual(probe(*argv), (2, "", "postlatch: probe: %s\n" % message))


if __name__ == "__main__":
    main(NEEDS)
