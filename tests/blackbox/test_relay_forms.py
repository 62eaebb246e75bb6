#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""No form of a recipient, a sender or a client gets mail out for an outsider, and what is ours is not refused.

The forms are in src/cli/probe_forms.c, what each comes to in relay_forms.tsv. An insider's run of the same table shows that each form would really leave, or
arrive, once an answer is OK.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK, PolicyClient, RigCase, read
from rig_tools import main

POLICY = ACCEPTED + """
relay_networks     = {198.51.100.0/24, 2001:db8:1::/48}
relay_client_names = {.partner.example}
relay_users        = {any}
"""

OUTSIDER = {"ADDR": "203.0.113.9", "NAME": None}
INSIDER = {"ADDR": "198.51.100.7", "NAME": None}


# How this rig fills in the words in braces (src/cli/probe_forms.c).
WORDS = {
    "victim": "victim", "foreign": "foreign.example.com", "user": "user", "host": "mx.example.org",
    "ip": "192.0.2.25", "ip_zeros": "192.000.002.025", "ip6": "::1",
    "local": "example.org", "LOCAL": "EXAMPLE.ORG", "local_dots": "example\u3002org", "local_wide": "\uff45xample.org",
    "virtual": "virt.example", "VIRTUAL": "VIRT.EXAMPLE", "Virtual": "Virt.Example", "relay": "relay.example",
    "alias": "alias.example",
}


def bytes_of(text):
    return re.sub(rb"\\x([0-9A-F]{2})", lambda m: bytes([int(m.group(1), 16)]), text.encode())


class Form:
    def __init__(self, line, typed):
        self.id, self.attribute, self.whose, code, goes = line.rstrip("\n").split("\t")
        self.kind, utf8, text, self.note = typed[self.id]
        self.options = "SMTPUTF8" if utf8 == "true" else ""
        self.typed = bytes_of(re.sub(r"\{(\w+)\}", lambda m: WORDS[m.group(1)], text))
        self.code = int(code)
        transport, _, address = goes.partition(" ")
        self.goes = {(address, transport)}
        self.asked = self.whose != "never-asked"


def typed_forms():
    """The table of `postlatch probe`: {id: (kind, utf8, what is typed, note)}."""
    with open(os.path.join(os.environ["PL_SRC"], "src/cli/probe_forms.c"), encoding="utf-8") as f:
        table = f.read().partition("probe_forms[PROBE_FORMS] = {")[2].partition("\n};")[0]
    rows = re.findall(r'\{"(\w+)", FORM_(\w+), (\w+),\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\}', table)
    return {row[0]: row[1:3] + tuple(re.sub(r"\\(.)", r"\1", text) for text in row[3:]) for row in rows}


def forms():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay_forms.tsv")
    typed = typed_forms()
    with open(path, encoding="utf-8") as f:
        found = [Form(line, typed) for line in f if not line.startswith("#")]
    if {form.id for form in found} != set(typed):
        raise AssertionError("relay_forms.tsv and probe_forms.c have different forms")
    return found


def escaped(value):
    """A value as the decision line writes it."""
    return "".join(chr(b) if 0x21 <= b <= 0x7e and b not in b'"\\' else "\\x%02x" % b for b in value.encode())


class Forms(RigCase):
    policy = POLICY

    def send(self, form, place, client, tag):
        """One mail to one form: the reply to RCPT, and to the message or None."""
        with self.rig.smtp(place, client) as s:
            s.expect(250, s.mail("%s.%s@sender.example.net" % (tag, form.id), form.options))
            reply = s.cmd(b"RCPT TO:" + form.typed)
            return reply, s.data() if reply.code == 250 else None

    def check_log(self, form, tag, since, action, rule):
        sender = "<%s.%s@sender.example.net>" % (tag, form.id)
        if not form.asked:
            self.assertEqual([d for d in self.rig.log.decisions(since) if d["from"] == sender], [])
            return
        seen = self.rig.log.decision(since, from_=sender)
        self.assertEqual((seen["action"], seen["rule"], seen["to"], seen["state"]),
                         (action, rule, "<%s>" % escaped(form.attribute), "RCPT"))

    def outsider(self, place):
        since, before, tag = self.rig.log.mark(), len(read(self.rig.maillog)), "out-" + place
        sent = [(form, *self.send(form, place, OUTSIDER, tag)) for form in forms()]
        for form, rcpt, data in sent:
            with self.subTest(place=place, form=form.id, note=form.note):
                self.assertEqual(rcpt.code, form.code, rcpt.text)
                if form.whose == "ours":
                    self.assertEqual(str(rcpt), OK)
                elif form.id in ("U06", "U07"):       # ours by IDNA's rules: then DUNNO, and Postfix refuses
                    self.assertRegex(str(rcpt), "^554 5.7.1 <.*>: (Recipient address rejected: )?Relay access denied$")
                elif form.asked:
                    self.assertEqual(str(rcpt), self.refused(form.attribute))
                if data is not None:
                    self.assertEqual(self.rig.delivered(data), form.goes)
                if form.id in ("U06", "U07"):
                    continue
                if form.whose == "ours":
                    self.check_log(form, tag, since, "DUNNO", "builtin:accepted")
                else:
                    self.check_log(form, tag, since, "REJECT", "builtin:reject")
        self.assertNotIn("status=sent (foreign)", read(self.rig.maillog)[before:])

    def test_table(self):
        self.assertEqual(len({form.id for form in forms()}), 108)

    def test_outsider_relay_list(self):
        self.outsider("relay")

    def test_outsider_recipient_list_unix_socket_chroot(self):
        self.outsider("recipient-unix")

    def test_insider(self):
        since, sent = self.rig.log.mark(), []
        for form in forms():
            if form.asked:
                sent.append((form, *self.send(form, "relay", INSIDER, "in")))
        for form, rcpt, data in sent:
            with self.subTest(form=form.id, note=form.note):
                if form.id in ("U06", "U07"):
                    continue
                self.assertEqual(str(rcpt), OK)
                self.assertEqual(self.rig.delivered(data), form.goes)
                if form.whose == "ours":
                    self.check_log(form, "in", since, "DUNNO", "builtin:accepted")
                else:
                    self.check_log(form, "in", since, "OK", "builtin:network")


# id, MAIL FROM, its options, sender attribute
SENDERS = [
    ("F01", "", "", ""),
    ("F02", "spam@example.org", "", "spam@example.org"),
    ("F03", "spam@mx.example.org", "", "spam@mx.example.org"),
    ("F04", "spam@[192.0.2.25]", "", "spam@[192.0.2.25]"),
    ("F05a", "spam@localhost", "", "spam@localhost"),
    ("F05b", "spam", "", "spam"),
    ("F06", "@sender.example.net:spam@example.org", "", "spam@example.org"),
    ("F07", "spam@example.org", "AUTH=admin@example.org", "spam@example.org"),
    ("F08", '""', "", ""),
    ("F09", "postmaster@example.org", "", "postmaster@example.org"),
    ("trusted address", "spam@[198.51.100.7]", "", "spam@[198.51.100.7]"),
    ("a recipient of ours", "user@virt.example", "", "user@virt.example"),
]

# what the client is, the answer to a foreign recipient: refused, or the rule that lets it relay
CLIENTS = [
    ("ordinary", {"ADDR": "203.0.113.9", "NAME": None}, None),
    ("no address", {"ADDR": None, "NAME": None}, None),
    ("calls itself localhost", {"ADDR": "203.0.113.9", "NAME": "localhost"}, None),
    ("named like us", {"ADDR": "203.0.113.9", "NAME": "mx.example.org"}, None),
    ("HELO: our name", {"ADDR": "203.0.113.9", "NAME": None, "HELO": "mx.example.org"}, None),
    ("HELO: a trusted address", {"ADDR": "203.0.113.9", "NAME": None, "HELO": "[198.51.100.7]"}, None),
    ("HELO: a trusted name", {"ADDR": "203.0.113.9", "NAME": None, "HELO": "mx.partner.example"}, None),
    ("reverse name: ours", {"ADDR": "203.0.113.9", "NAME": None, "REVERSE_NAME": "host.example.org"}, None),
    ("reverse name: trusted", {"ADDR": "203.0.113.9", "NAME": None, "REVERSE_NAME": "mx.partner.example"}, None),
    ("name look-up failed", {"ADDR": "203.0.113.9", "NAME": "[TEMPUNAVAIL]", "REVERSE_NAME": "mx.partner.example"},
     None),
    ("trusted name, confirmed", {"ADDR": "203.0.113.9", "NAME": "mx.partner.example"}, "builtin:name"),
    ("beside the IPv4 network", {"ADDR": "198.51.101.0", "NAME": None}, None),
    ("beside the IPv6 network", {"ADDR": "IPV6:2001:db8:2::7", "NAME": None}, None),
    ("IPv6, shorter", {"ADDR": "IPV6:2001:db8::7", "NAME": None}, None),
    ("in the IPv4 network", {"ADDR": "198.51.100.255", "NAME": None}, "builtin:network"),
    ("in the IPv4 network, mapped", {"ADDR": "IPV6:::ffff:198.51.100.7", "NAME": None}, "builtin:network"),
    ("in the IPv6 network", {"ADDR": "IPV6:2001:db8:1::7", "NAME": None}, "builtin:network"),
    ("in the IPv6 network, long", {"ADDR": "IPV6:2001:0DB8:0001:0000:0000:0000:0000:0007", "NAME": None},
     "builtin:network"),
]

# what Postfix never sends, or not today: client_address and client_name, the rule
REQUESTS = [
    ({}, "builtin:reject"),
    ({"client_address": ""}, "builtin:reject"),
    ({"client_address": "unknown"}, "builtin:reject"),
    ({"client_address": "198.51.100.7"}, "builtin:network"),
    ({"client_address": "::ffff:198.51.100.7"}, "builtin:network"),
    ({"client_address": "::FFFF:C633:6407"}, "builtin:network"),
    ({"client_address": "2001:db8:1::7"}, "builtin:network"),
    ({"client_address": "2001:0DB8:0001::0007"}, "builtin:network"),
    ({"client_address": "198.51.100.7."}, "builtin:reject"),
    ({"client_address": "198.051.100.007"}, "builtin:reject"),
    ({"client_address": " 198.51.100.7"}, "builtin:reject"),
    ({"client_address": "198.51.100.7 "}, "builtin:reject"),
    ({"client_address": "198.51.100.7/32"}, "builtin:reject"),
    ({"client_address": "198.51.100"}, "builtin:reject"),
    ({"client_address": "3325256711"}, "builtin:reject"),
    ({"client_address": "0xc6.51.100.7"}, "builtin:reject"),
    ({"client_address": "198.51.100.7,203.0.113.9"}, "builtin:reject"),
    ({"client_address": "::198.51.100.7"}, "builtin:reject"),
    ({"client_address": "64:ff9b::198.51.100.7"}, "builtin:reject"),
    ({"client_address": "2001:db8:1::7%eth0"}, "builtin:reject"),
    ({"client_address": "2001:db8:1::7::"}, "builtin:reject"),
    ({"client_name": "mx.partner.example"}, "builtin:name"),
    ({"client_name": "MX.Partner.Example."}, "builtin:name"),
    ({"client_name": "a.b.partner.example"}, "builtin:name"),
    ({"client_name": "partner.example"}, "builtin:reject"),
    ({"client_name": "mxpartner.example"}, "builtin:reject"),
    ({"client_name": ".partner.example"}, "builtin:reject"),
    ({"client_name": "mx.partner.example.foreign.example.com"}, "builtin:reject"),
    ({"client_name": "unknown"}, "builtin:reject"),
    ({"reverse_client_name": "mx.partner.example"}, "builtin:reject"),
    ({"sasl_sender": "admin@example.org"}, "builtin:reject"),
    ({"sasl_method": "PLAIN"}, "builtin:reject"),
    ({"sasl_username": "", "sasl_method": "PLAIN"}, "builtin:reject"),
    ({"sasl_username": "alice"}, "builtin:authenticated"),
]


class Variants(RigCase):
    policy = POLICY

    def test_senders(self):
        table = {form.id: form for form in forms()}
        for place in ("relay", "recipient-unix"):
            for name, sender, options, attribute in SENDERS:
                for form in [table[i] for i in ("P01", "R01", "R06", "B02", "A02", "S01", "P02", "P03", "P04")]:
                    with self.subTest(place=place, sender=name, form=form.id):
                        since = self.rig.log.mark()
                        with self.rig.smtp(place, OUTSIDER) as s:
                            s.expect(250, s.mail(sender, options))
                            want = OK if form.whose == "ours" else self.refused(form.attribute)
                            self.assertEqual(str(s.cmd(b"RCPT TO:" + form.typed)), want)
                        self.rig.log.decision(since, from_="<%s>" % attribute, to="<%s>" % form.attribute, sasl="-")

    def test_clients(self):
        for place in ("relay", "recipient-unix"):
            for name, client, rule in CLIENTS:
                if "IPV6" in (client["ADDR"] or "") and not self.rig.ipv6:
                    continue
                with self.subTest(place=place, client=name):
                    since = self.rig.log.mark()
                    with self.rig.smtp(place, client) as s:
                        s.expect(250, s.mail())
                        self.assertEqual(str(s.rcpt("user@example.org")), OK)
                        self.assertEqual(str(s.rcpt("victim@foreign.example.com")),
                                         OK if rule else self.refused("victim@foreign.example.com"))
                    self.rig.log.decision(since, to="<user@example.org>", rule="builtin:accepted", action="DUNNO")
                    self.rig.log.decision(since, to="<victim@foreign.example.com>", rule=rule or "builtin:reject",
                                          action="OK" if rule else "REJECT")

    def test_requests(self):
        for at, (attributes, rule) in enumerate(REQUESTS):
            with self.subTest(attributes):
                since = self.rig.log.mark()
                to = "v%d@foreign.example.com" % at
                with PolicyClient(self.rig.daemon.tcp) as client:
                    action = client.ask(recipient=to, sender="a@sender.example.net", **attributes)
                self.assertEqual(action, "REJECT Relay access denied" if rule == "builtin:reject" else "OK")
                self.rig.log.decision(since, to="<%s>" % to, rule=rule)


if __name__ == "__main__":
    main(NEEDS)
