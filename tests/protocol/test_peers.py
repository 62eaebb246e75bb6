#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Faults of other policy servers on the wire, each with its kind, held against the daemon."""
import os
import resource
import socket
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_daemon import (HEAD, OPEN, OURS, REJECT, RELAY, Daemon, free_port, read_all, read_answers,
                         until)

DUNNO, OK = b"action=DUNNO\n\n", b"action=OK\n\n"
POLICY = """
accepted_domains = {example.org}
relay_networks = {192.0.2.0/24, 2001:db8:5::/48}
relay_users = {Alice@Example.org, bob}
users blocked { file = "blocked" }
rule "blocked" { sasl_username = {<blocked>}  action = "REJECT Blocked" }
"""
BLOCKED = b"action=REJECT Blocked\n\n"


def request(**attributes):
    """A request at RCPT; values are text or bytes."""
    lines = (name.encode() + b"=" + (value.encode() if isinstance(value, str) else value) + b"\n"
             for name, value in attributes.items())
    return HEAD + b"".join(lines) + b"\n"


OUTSIDE = {"client_address": "203.0.113.9", "recipient": "v@foreign.example"}


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # One worker, so that an answer on one connection tells how far it is on another.
        cls.d = start("workers = 1")

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def setUp(self):
        self.other = self.d.connect()
        self.addCleanup(self.other.close)

    def seen(self):
        """Returns when the daemon has read all that was sent before: two turns of its loop."""
        for _ in range(2):
            self.other.sendall(OURS)
            self.assertEqual(read_answers(self.other, 1), DUNNO)

    def session(self):
        """A connection that the daemon has taken up."""
        s = self.d.connect()
        s.sendall(OURS)
        self.assertEqual(read_answers(s, 1), DUNNO)
        return s

    def ask(self, *parts):
        """Sends the parts, each read by the daemon on its own; returns the answers to all of it."""
        with self.session() as s:
            for part in parts:
                s.sendall(part)
                self.seen()
            s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def test_characters_on_the_boundary_of_a_read(self):
        """Elsewhere each read of 1024 bytes was decoded by itself."""
        text = "ä€𐍈".encode()
        for size in (1024, 2048, 4096, 8192, 16384, 32768):
            for back in range(1, len(text)):
                # The boundary falls "back" bytes into the characters.
                head = RELAY[:-1] + b"helo_name="
                pad = b"x" * (size - len(head) - len(b"\nsender=") - back)
                data = head + pad + b"\nsender=" + text + b"@c.example\n\n"
                with self.subTest(size=size, back=back):
                    self.assertEqual(data[size - back:].find(text), 0)
                    self.assertEqual(self.ask(data[:size], data[size:] + OPEN), OK + REJECT)
                    self.assertEqual(self.ask(data + OPEN), OK + REJECT)

    def test_bytes_that_are_no_text(self):
        for value in (b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x90\x8d", b"\xed\xa0\x80", b"\x80\x80",
                      b"\xc0\xaf"):
            with self.subTest(value=value):
                for name in ("sender", "helo_name", "client_name", "sasl_username",
                             "ccert_subject"):
                    self.assertEqual(self.ask(request(**OUTSIDE, **{name: value})), REJECT)
                local, domain = value + b"@example.org", b"u@" + value + b"example.org"
                self.assertEqual(self.ask(request(recipient=local)), DUNNO)
                self.assertEqual(self.ask(request(recipient=domain)), REJECT)

    def test_requests_that_arrive_together(self):
        """Elsewhere two requests in one read merged into one. What one lacks must not come from its
        neighbour, wherever a read ends."""
        login = request(sasl_username="bob", recipient="v@foreign.example")
        bare = request(recipient="v@foreign.example")
        nothing = HEAD + b"\n"
        for requests, answers in (
                ((login, bare), (OK, REJECT)), ((bare, login), (REJECT, OK)),
                ((RELAY, nothing, OURS), (OK, REJECT, DUNNO)), ((OURS, nothing), (DUNNO, REJECT)),
                ((request(sasl_username="mallory"), login), (BLOCKED, OK))):
            data = b"".join(requests)
            with self.subTest(requests=requests):
                self.assertEqual(self.ask(data), b"".join(answers))
                for at in range(1, len(data)):
                    self.assertEqual(self.ask(data[:at], data[at:]), b"".join(answers), at)

    def test_a_read_that_ends_in_an_empty_line(self):
        """The end of a request is where it ends, not where a read does."""
        for parts in ((OPEN[:-1], b"\n" + RELAY), (OPEN[:-1], b"\n" + RELAY[:-1], b"\n"),
                      (OPEN + RELAY[:-2], b"\n\n"), (OPEN, RELAY), (OPEN + RELAY,)):
            with self.subTest(parts=parts):
                self.assertEqual(self.ask(*parts), REJECT + OK)

    def test_no_answer_before_the_end(self):
        """Elsewhere a malformed address was answered in the middle of the request."""
        for line in (b"sender=no address", b"sender=a@b@c", b"sender=<>", b"sender=@",
                     b"sender=" + b"x" * 5000, b"recipient=@", b"recipient=a@",
                     b"recipient=v@foreign.example,w@foreign.example", b"sasl_username=@",
                     b"sasl_username=no mail address", b"client_address=999.1.1.1",
                     b"client_address=::g", b"server_port=none", b"ccert_fingerprint=zz",
                     b"protocol_state=", b"size=many", b"unheard_of=1"):
            with self.subTest(line=line[:60]), self.session() as s:
                s.sendall(b"request=smtpd_access_policy\n" + line + b"\n")
                self.seen()
                s.sendall(OPEN[len(b"request=smtpd_access_policy\n"):-1])
                self.seen()
                s.setblocking(False)
                self.assertRaises(BlockingIOError, s.recv, 1)
                s.settimeout(20)
                s.sendall(b"\n" + RELAY)
                s.shutdown(socket.SHUT_WR)
                first = DUNNO if line == b"protocol_state=" else REJECT
                self.assertEqual(read_all(s), first + OK)

    def test_trouble_is_never_a_permit(self):
        """Elsewhere any internal error was answered with DUNNO. Here it gets no answer."""
        for rest in (OURS[len(HEAD):], RELAY[len(HEAD):]):
            for data in (
                    b"protocol_state=RCPT\n" + rest,
                    b"request=\nprotocol_state=RCPT\n" + rest,
                    b"request=smtpd_access_policy2\nprotocol_state=RCPT\n" + rest,
                    b"Request=smtpd_access_policy\nprotocol_state=RCPT\n" + rest,
                    HEAD + b"no equals sign\n" + rest,
                    HEAD + b"sender=\0\n" + rest,
                    HEAD + b"\0=x\n" + rest,
                    (HEAD + rest).replace(b"\n", b"\r\n"),
                    HEAD + b"helo_name=" + b"x" * 65536 + b"\n" + rest,
                    HEAD + b"x=y\n" * 20000 + rest,
                    b"\n" + HEAD + rest,
                    HEAD[:-1]):
                with self.subTest(data=data[:70], rest=rest), self.d.connect() as s:
                    try:
                        s.sendall(data)
                        s.shutdown(socket.SHUT_WR)
                        got = read_all(s)
                    except (ConnectionResetError, BrokenPipeError):
                        got = b""
                    self.assertEqual(got, b"")
        self.assertEqual(self.ask(OURS + RELAY + OPEN), DUNNO + OK + REJECT)

    def test_states_without_a_recipient(self):
        """Elsewhere END-OF-MESSAGE of a mail to several was never answered: recipient is empty."""
        for state in (b"END-OF-MESSAGE", b"DATA", b"MAIL", b"CONNECT"):
            for more in (b"recipient=\n", b"", b"recipient=\nsasl_username=mallory\n",
                         b"recipient=\nrecipient_count=2\nsasl_username=bob\n",
                         b"recipient=\nclient_address=192.0.2.7\n"):
                with self.subTest(state=state, more=more):
                    data = HEAD.replace(b"RCPT", state) + more + b"\n"
                    self.assertEqual(self.ask(data), DUNNO)

    def test_letters_of_logins(self):
        """Elsewhere the pattern was folded and the login was not."""
        for login, answer in (("alice@example.org", OK), ("ALICE@EXAMPLE.ORG", OK), ("Bob", OK),
                              ("MALLORY", BLOCKED), ("eve@example.org", BLOCKED),
                              ("alice", REJECT), ("", REJECT)):
            with self.subTest(login=login):
                self.assertEqual(self.ask(request(sasl_username=login, **OUTSIDE)), answer)

    def test_ipv6_clients(self):
        for client, answer in (("2001:db8:5::25", OK), ("2001:DB8:5:0:0:0:0:25", OK),
                               ("2001:db8:6::1", REJECT), ("::ffff:192.0.2.7", OK),
                               ("::ffff:192.0.3.7", REJECT), ("::192.0.2.7", REJECT)):
            with self.subTest(client=client):
                data = request(client_address=client, recipient="v@foreign.example")
                self.assertEqual(self.ask(data), answer)

    def test_more_connections_than_select_knows(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 1500:
            self.skipTest(f"only {hard} open files allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1500), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        sockets = []
        try:
            for _ in range(1100):
                sockets.append(self.d.connect())
            for s in (sockets[0], sockets[1023], sockets[1024], sockets[-1]):
                s.sendall(OPEN)
                self.assertEqual(read_answers(s, 1), REJECT)
        finally:
            for s in sockets:
                s.close()


class Start(unittest.TestCase):
    def test_a_list_that_goes_missing(self):
        """Elsewhere a rule whose list was missing did not match: a refusal was silently off."""
        d = start()
        blocked = request(sasl_username="mallory", recipient="u@example.org")
        try:
            with d.connect() as s:
                for change in (d.blocked.unlink, lambda: d.blocked.write_text("mallory\n@\n"),
                               lambda: d.blocked.write_bytes(b"mallory\n\0")):
                    s.sendall(blocked)
                    self.assertEqual(read_answers(s, 1), BLOCKED)
                    change()
                    status, text = d.ctl("reload")
                    self.assertEqual(status, 1, text)
                    self.assertIn("keeping the running policy (generation 1)", text)
                    self.assertIn("blocked", text)
                s.sendall(blocked)
                self.assertEqual(read_answers(s, 1), BLOCKED)
        finally:
            d.stop()

    @unittest.skipUnless(socket.has_ipv6, "no IPv6")
    def test_a_service_on_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 on the loopback")
        port = free_port()
        d = start(f'listen += {{"inet:[::1]:{port}"}}')
        try:
            d.connect().close()
            with socket.create_connection(("::1", port), 20) as s:
                s.sendall(OPEN + RELAY)
                self.assertEqual(read_answers(s, 2), REJECT + OK)
        finally:
            d.stop()


def start(extra=""):
    """A daemon whose table of blocked logins is a file beside its policy."""
    d = Daemon.__new__(Daemon)
    write = d.write

    def write_both(policy):
        d.blocked = d.dir / "blocked"
        d.blocked.write_text("Mallory\neve@Example.org\n")
        write(policy)
    d.write = write_both
    d.__init__(policy=POLICY, extra=extra)
    until(d.connect, "the daemon").close()
    return d


if __name__ == "__main__":
    unittest.main()
