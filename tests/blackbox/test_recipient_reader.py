#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Our reader of recipients against Postfix's own, on thousands of generated recipients.

Postfix asks a policy service that answers DUNNO to everything and keeps the request; what Postfix
says then is its own opinion: 250 for a recipient of ours, "Relay access denied" for a foreign or
routed one. The same requests, byte for byte, then go to postlatchd with a policy that is the relay
boundary alone, where DUNNO means ours. Every difference must be of a class that is known and has
its reason, below; every class must occur.

PL_SEED and PL_COUNT say which recipients, and how many. No DATA is ever sent, so no mail can leave.
"""
import collections
import os
import random
import re
import socket
import sys
import threading
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import postfix_rig
from postfix_rig import NEEDS, RigCase
from rig_tools import Port, cleanup, have_ipv6, main
from test_relay_forms import OUTSIDER, forms

SEED = int(os.environ.get("PL_SEED", "20240229"))     # the same each time: failures are repeatable
COUNT = int(os.environ.get("PL_COUNT", "10000"))
TRANSACTION = 100               # recipients between MAIL and RSET
BATCH = 500                     # requests to postlatchd at a time

# What is ours: the rig's domains, and relay domains that show what becomes of other scripts.
FIXED = ["mx.example.org", "localhost", "example.org", "lists.example.org", "virt.example",
         "alias.example", "[192.0.2.25]", "[127.0.0.1]"] + ["[IPv6:::1]"] * have_ipv6()
RELAY_POSTFIX = ["relay.example", "müller.example", "xn--mller-kva.example", "strasse.example",
                 "xn--grn-ioa.example", "blåbær.example", "βόλος.example"]
RELAY_POSTLATCH = ["relay.example", "müller.example", "grün.example", "strasse.example",
                   "blåbær.example", "βόλος.example"]

# ---------------------------------------------------------------------------------------------
# The generator

IDNA_DOTS = ["\u3002", "\uff0e", "\uff61"]
OTHER_DOTS = ["\u2024", "\u00b7", "\u2025", "..", ",", ". ", " .", "\\."]
INVISIBLE = ["\u00ad", "\u200b", "\u2060", "\ufe0f", "\ufeff", "\u034f", "\u180b"]
JOINERS = ["\u200c", "\u200d"]          # IDNA keeps these two, or refuses them
SPECIALS = ["@", "%", "!", "\"", "\\", ".", ",", ":", ";", "(", ")", "<", ">", "[", "]", " ", "\t",
            "+", "-", "_", "\0", "\x01", "\x08", "\x0b", "\x1b", "\x7f", "\r", "\u0085", "\u00a0",
            "\u3000", "\ud7ff", "\u202e", "\udc80", "\udcc3", "\udcff", "@@", "%%", "!!", "\"\"",
            "@.", ".@", "()"]
LOCALS = [
    "user", "victim", "User", "postmaster", "POSTMASTER", "double-bounce", "mailer-daemon", "root",
    "first.last", ".user", "user.", "us..er", ".", "-user", "", "user+ext", "+ext", "user+",
    "user-ext", "user+x=foreign.example.com", "prvs=1=user", "us'er", "us`er", "{x}", "|cmd", "~",
    "/dev/null", "a/b", "*", "user&x", "$x", "${x}", "#user", "a:b", "include:x", "user:", ":user",
    "üser", "us\u0430er", "u\u0308ser", "\uff20", "a\uff20b", "a\uff05b", "a\u2028b", "\u200buser",
    "x" * 64, "x" * 65, "x" * 330, "a;b", "a,b", "a\tb", "a b", "a\\b", "a\"b", "a\x01b", "a\x7fb",
    "a\rb", "a\x1bb", "a(b", "a)b", "a<b", "a>b", "a[b", "a]b"]
OURS = FIXED + ["xn--grn-ioa.example", "xn--blbr-roah.example", "xn--nxasmm1c.example",
                "sub.relay.example", "a.b.relay.example"] + RELAY_POSTFIX + RELAY_POSTLATCH
FOREIGN = [
    "foreign.example.com", "sub.example.org", "sub.virt.example", "xexample.org", "xrelay.example",
    "relay.example.foreign.example.com", "example", "org", "localhost.localdomain", "a",
    "example.or", "bücher.example", "xn--bcher-kva.example", "xample.org", "example_org",
    "exa_mple.org", "_example.org", "example-.org", "-example.org", "example.org-", "1.2",
    "xn--n3h.müller.example", "192.0.2.25", "127.0.0.1", "xn--", "xn--a.example",
    "xn--example.org", "x" * 63 + ".example", "x" * 64 + ".example",
    ".".join(["abcdefg"] * 31) + ".example", "xn--nxasmq6b.example", "xn--strae-oqa.example",
    "mueller.example", "muller.example", "grun.example", "blabaer.example"]
# Odd names below a relay domain, where what we and Postfix read differently would be taken.
LONG = ".".join(["y" * 60] * 4)
BELOW = [name + ".relay.example" for name in [
    "z", "Z", "1", "-a", "a-", "a--b", "ab--c", "_a", "a_b", "*", "xn--zz", "xn--", "xn--fa-hia",
    "xn--n3h", "faß", "\u2603", "\U0001f600", "a\u0301", "\u0301a", "ü_x", "ab--ü", "xn--ü",
    "\u05d0a", "\u05d0\u05d1", "\u0627\u0628", "\u06271", "1.\u05d0", "a\u00b7b", "l\u00b7l",
    "\u0661", "\u30fb", "\u30a2\u30fb", "y" * 63, "y" * 64, LONG[:240], LONG[:241], LONG[:242],
    "ü" * 30, "ü" * 57, "ü" * 58, ".".join(["ü" * 40] * 4), "\u0430bc", "\u01c6", "\u0130",
    "\ufb01", "\u2167", "\u00bd", "\u2488", "\u30a2", "\u4e2d", "\u0e01",
    "\u0915\u094d\u200d\u0937"]]
LITERALS = ["[%s]" % text for text in [
    "192.0.2.25", "127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "127.0.0.01", "0177.0.0.1",
    "0x7f.0.0.1", "127.0.0.1.", "192.000.002.025", "192.0.2.025", "192.0.02.25", "0300.0.2.25",
    "192.0.2.25 ", " 192.0.2.25", "192.0.2.256", "192.0.2.99", "0.0.0.0", "3221226009", "",
    "IPv6:::1", "ipv6:::1", "IPV6:0:0:0:0:0:0:0:1", "IPv6:::0001", "IPv6:0::1", "IPv6:0:0::1",
    "IPv6:0000:0000:0000:0000:0000:0000:0000:0001", "IPv6:::0:1", "IPv6:::1%lo", "IPv6:::0.0.0.1",
    "IPv6:0:0:0:0:0:0:0.0.0.1", "IPv6:::ffff:127.0.0.1", "IPv6:::ffff:7f00:1", "IPv6:2001:db8::99",
    "IPv6:::ffff:192.0.2.25", "IPv6:127.0.0.1", "IPv6:", "IPv6:::", "::1", "IPv6 :::1", "IPv6:1",
    "virt.example", "example.org", "192.0.2.25]x[", "127.0.0.1\\", "x:y"]]
WRAPPERS = [
    "%s", "< %s >", "<%s> ", "<<%s>>", "<%s", "%s>", "Name <%s>", "(c)<%s>", "<%s>(c)", "<%s> x",
    "<(c)%s>", "<%s(c)>", "<%s(c(d)>", "<%s(@virt.example)>", "\"%s\"", "<%s,u@virt.example>",
    "<u@virt.example,%s>", "<%s;>", "<g:%s;>", "<\"%s\">", "<mailto:%s>", "<%s> NOTIFY=NEVER",
    "<\t%s>", "<%s\t>", "<[%s]>", "<%s\0>", "<%s\r>", "<%s@>", "<@%s>", "<@%s:>"]

# A few of every class below, so that each occurs whatever the seed is.
ALWAYS = [
    "<user@grün.example>", "<user@xn--blbr-roah.example>", "<user@virt\uff0eexample>",
    "<user@example.org\u3002>", "<user@ex\u00adample.org>", "<user@mu\u0308ller.example>",
    "<user@loc\uff41lhost>", "<user@virt.example@mx.example.org>", "<user%virt.example>",
    "<relay.example!user>", "<\"@virt.example:user\">", "<@a.example:@virt.example:user>",
    "<user@[127.0.0.01]>", "<user@\"\\\"virt.example\\\"\">", "<user@\"virt.example. \">",
    "<user@\"[127.0.0.1\">", "<user@stra\u00dfe.example>",
    "<user@\u03b2\u03cc\u03bb\u03bf\u03c3.example>",
    "<user@\u0392\u038c\u039b\u039f\u03a3.example>", "<user@\u2603.relay.example>"]


class Generator:
    """Recipients as they are typed behind RCPT TO:, as text; a surrogate is a byte of no UTF-8."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def insert(self, text, what, instead=0):
        """With what somewhere in text; instead: how many characters it takes the place of."""
        at = self.random.randrange(len(text) + 1)
        return text[:at] + what + text[at + instead:]

    def wide(self, text):
        """One character as its full-width twin, which IDNA takes for the same."""
        at = self.random.randrange(len(text) or 1)
        twin = "".join(chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c for c in text[at:at + 1])
        return text[:at] + twin + text[at + 1:]

    def domain(self):
        text = self.pick(self.pick([OURS, OURS, OURS, OURS, FOREIGN, BELOW, LITERALS]))
        while self.chance(28):
            text = self.pick(DOMAIN_CHANGES)(self, text)
        return text

    def local(self, depth):
        if depth > 0 and self.chance(30):
            text = self.routed(depth)
        else:
            text = "user" if self.chance(40) else self.pick(LOCALS)
        return self.quoted(text) if re.search(r"[^\w.+-]", text) or self.chance(10) else text

    def quoted(self, text):
        """As a quoted string, with backslashes, or, one in ten, not at all."""
        kind = self.random.randrange(10)
        if kind < 3:
            return "".join("\\" + c if c in "@%! ()\\\"" else c for c in text)
        return '"%s"' % re.sub(r'(["\\])', r"\\\1", text) if kind < 9 else text

    def routed(self, depth):
        """A local part, or a recipient, that names another one to go to."""
        kind = self.random.randrange(4)
        if kind == 0:
            return "%s%%%s" % (self.local(depth - 1), self.domain())
        if kind == 1:
            return "%s!%s" % (self.domain(), self.local(depth - 1))
        if kind == 2:
            return "%s@%s" % (self.local(depth - 1), self.domain())
        return "@%s:%s" % (self.domain(), self.local(depth - 1))

    def address(self):
        kind = self.random.randrange(100)
        if kind < 50:
            return "%s@%s" % (self.local(2), self.domain())
        if kind < 70:
            return "user@%s" % self.domain()
        if kind < 78:
            return self.routed(2)
        if kind < 84:
            return self.local(1)
        if kind < 88:
            return self.local(1) + "@"
        if kind < 94:
            hops = ",".join("@" + self.domain() for _ in range(self.random.randrange(1, 4)))
            return "%s:%s@%s" % (hops, self.local(1), self.domain())
        return "%s@%s" % (self.quoted(self.local(2)), self.quoted(self.domain()))

    def mutated(self, text):
        while self.chance(50):
            kind = self.random.randrange(5)
            if kind < 3:
                text = self.insert(text, self.pick(SPECIALS), instead=kind // 2)
            elif kind == 3:
                text = self.insert(text, "", instead=1)
            else:
                at, to = sorted(self.random.randrange(len(text) + 1) for _ in range(2))
                text = self.insert(text, text[at:to])
        return text

    def typed(self):
        """What is typed, and whether with SMTPUTF8."""
        text = self.address()
        if self.chance(20):
            text = self.mutated(text)
        text = (self.pick(WRAPPERS) if self.chance(8) else "<%s>") % text
        utf8 = self.chance(20 if text.isascii() else 90)
        return text.replace("\n", "").encode("utf-8", "surrogateescape"), utf8


DOMAIN_CHANGES = [
    lambda g, text: text.upper(), lambda g, text: text.title(), lambda g, text: text + ".",
    lambda g, text: text + "..", lambda g, text: "." + text, lambda g, text: "x" + text,
    lambda g, text: "sub." + text, lambda g, text: text + ".foreign.example.com",
    lambda g, text: text.replace(".", g.pick(IDNA_DOTS)), lambda g, text: text + g.pick(IDNA_DOTS),
    lambda g, text: text.replace(".", g.pick(OTHER_DOTS), 1), Generator.wide, Generator.wide,
    lambda g, text: g.insert(text, g.pick(INVISIBLE)),
    lambda g, text: g.insert(text, g.pick(JOINERS)),
    lambda g, text: unicodedata.normalize("NFD", text),
    lambda g, text: text + g.pick([" ", "\t", "(c)", "-", "_", "\0", ":25", "#"]),
    lambda g, text: g.insert(text, g.pick([" ", "(c)", "-", "_", "\\", "\""])),
    lambda g, text: '"%s"' % text, lambda g, text: "[%s]" % text, lambda g, text: "(c)" + text,
    lambda g, text: text.replace("ss", g.pick(["\u00df", "\u1e9e"])),
    lambda g, text: text.replace("s", "\u017f"), lambda g, text: text.replace("e", "\u0435", 1),
    lambda g, text: text.replace("\u03c2", "\u03c3"), lambda g, text: text.replace("i", "\u0130"),
]

# ---------------------------------------------------------------------------------------------
# Both opinions


class Place:
    """A listener, and the policy that says the same as its Postfix."""

    def __init__(self, name, parents, *options):
        self.name, self.parents, self.options = name, parents, options
        self.cases = []

    def policy(self):
        names = FIXED + RELAY_POSTLATCH + ["." + name for name in RELAY_POSTLATCH] * self.parents
        return "accepted_domains = {%s}" % ", ".join('"%s"' % name for name in names)

    def listener(self, recorder):
        asks = "check_policy_service inet:%s, reject_unauth_destination" % recorder.port
        limits = ["smtpd_%s_limit=10000000" % name for name in (
            "recipient", "recipient_overshoot", "hard_error", "soft_error", "junk_command")]
        return self.name, "127.0.0.1", "n", [
            "{ smtpd_relay_restrictions = %s }" % asks, "rewrite_service_name=rewrite-" + self.name,
            "smtpd_reject_unlisted_recipient=no", "recipient_delimiter=+", *limits, *self.options]

    def resolver(self):
        """It is not smtpd that compares with relay_domains."""
        return ("rewrite-%s unix - - n - - trivial-rewrite\n  -o { relay_domains = %s }\n"
                "  -o parent_domain_matches_subdomains=%s\n"
                % (self.name, ", ".join(RELAY_POSTFIX), "relay_domains" * self.parents))


class Case:
    """One recipient: what was typed, what Postfix asked and replied, what postlatchd answers."""

    def __init__(self, place, typed, utf8):
        self.place, self.typed, self.utf8 = place, typed, utf8
        self.reply = self.request = self.recipient = self.answer = None

    def asked(self, request):
        self.request = request
        recipient = re.search(rb"(?m)^recipient=(.*)$", request).group(1)
        self.recipient = recipient.decode("utf-8", "surrogateescape")
        self.local, self.at, self.domain = self.recipient.rpartition("@")

    @property
    def routed(self):
        """The documented rule; `domain` is the whole recipient if there is no '@'."""
        return re.search("[@%!]", self.local if self.at else self.domain) is not None

    @property
    def postfix(self):
        """Is it ours? None: the reply says neither."""
        if self.reply.code == 250:
            return True
        denied = re.fullmatch(r"5\.7\.1 <.*>: Relay access denied", self.reply.text, re.DOTALL)
        return False if self.reply.code == 554 and denied else None

    @property
    def postlatch(self):
        return {b"DUNNO": True, b"REJECT Relay access denied": False}[self.answer]

    def __str__(self):
        return "%s: %a%s, recipient=%a: Postfix says %a, postlatch %a" % (
            self.place.name, self.typed, " SMTPUTF8" * self.utf8, self.recipient,
            str(self.reply), self.answer)


class Recorder:
    """A policy service that answers DUNNO and keeps what it was asked."""

    def __init__(self):
        self.port = Port()
        self.requests = []
        self.listener = socket.create_server(self.port.pair, backlog=64)
        cleanup(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            request = b""
            while data := connection.recv(65536):
                request += data
                if request.endswith(b"\n\n"):    # Postfix waits for the answer: there is no more
                    self.requests.append(request)
                    request = b""
                    connection.sendall(b"action=DUNNO\n\n")

    def take(self):
        taken, self.requests = self.requests, []
        return taken


def ask_daemon(address, requests):
    """The actions, for requests as they are."""
    answers = []
    with socket.create_connection(address, 30) as s, s.makefile("rb") as lines:
        for at in range(0, len(requests), BATCH):
            batch = requests[at:at + BATCH]
            s.sendall(b"".join(batch))
            for _ in batch:
                answers.append(lines.readline().removeprefix(b"action=").removesuffix(b"\n"))
                lines.readline()
    return answers


# ---------------------------------------------------------------------------------------------
# What differs, and why


def below(names, domain, parents):
    return domain in names or parents and any(domain.endswith("." + name) for name in names)


def is_own_literal(domain):
    """An address of ours, as the C library reads it."""
    found = re.fullmatch(r"\[(ipv6:)?([0-9a-fx.:]+)\]", domain)
    try:
        if found is None:
            return False
        if found.group(1):
            address = socket.inet_pton(socket.AF_INET6, found.group(2))
            return "[IPv6:%s]" % socket.inet_ntop(socket.AF_INET6, address) in FIXED
        return "[%s]" % socket.inet_ntoa(socket.inet_aton(found.group(2))) in FIXED
    except OSError:
        return False


def postfix_takes(domain, parents):
    """Postfix's comparison: the text without one dot at its end, with case folded."""
    domain = domain.removesuffix(".").casefold()
    return (is_own_literal(domain) or domain in [name.casefold() for name in FIXED]
            or below([name.casefold() for name in RELAY_POSTFIX], domain, parents))


def to_ascii(domain):
    """What UTS 46 (nontransitional) makes of a domain, as far as it matters here."""
    text = "".join(c for c in domain.removesuffix(".") if c not in INVISIBLE)
    text = text.replace("\u1e9e", "ss")         # so until Unicode 15.1, where it becomes \u00df
    text = "".join(c.lower() for c in unicodedata.normalize("NFKC", text))
    text = unicodedata.normalize("NFKC", text)
    for dot in IDNA_DOTS:
        text = text.replace(dot, ".")
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode()
                    for label in text.removesuffix(".").split("."))


def same_by_idna(c):
    domain = to_ascii(c.domain)
    return domain in FIXED or below(list(map(to_ascii, RELAY_POSTLATCH)), domain, c.place.parents)


def is_other_label_form(c):
    plain = c.domain.removesuffix(".").casefold()
    return below(["grün.example", "xn--blbr-roah.example", "xn--nxasmm1c.example"], plain,
                 c.place.parents)


def is_octal_literal(c):
    return re.fullmatch(r"\[[0-9]+(\.[0-9]+){3}\]\.?", c.domain) and postfix_takes(c.domain, False)


def is_quoted_domain(c):
    bare = re.sub(r'["\\ \t]', "", c.domain)
    bare += "]" * (bare.startswith("[") and "]" not in bare)
    return bare != c.domain and postfix_takes(bare, c.place.parents)


def is_quoted_route(c):
    return re.match(r"@[^@]*:", c.recipient) and not re.fullmatch(r"\[[^]]*\]\.?", c.domain)


def is_folded(c):
    return postfix_takes(c.domain, c.place.parents) and not same_by_idna(c)


def is_bad_label(label):
    """A symbol, a joiner, or letters that run in both directions; roughly."""
    if label.startswith("xn--"):
        try:
            label = label[4:].encode().decode("punycode")
        except UnicodeError:
            return True
    runs = [unicodedata.bidirectional(x) for x in label if not unicodedata.combining(x)]
    to_left = {"R", "AL", "AN"}.intersection(runs)
    return (any(unicodedata.category(x)[0] not in "LMN" for x in label if x not in "-_")
            or to_left and ("L" in runs or {"EN", "AN"}.issubset(runs) or runs[0] not in ("R", "AL")
                            or runs[-1] not in ("R", "AL", "EN", "AN")))


def is_no_idn(c):
    mapped = "".join(x for x in c.domain.casefold() if x not in INVISIBLE)
    mapped = unicodedata.normalize("NFKC", mapped)
    return (postfix_takes(c.domain, c.place.parents) and not c.domain.isascii()
            and (any(map(is_bad_label, mapped.split("."))) or len(c.domain) > 255))


WE_TAKE, WE_REFUSE = True, False

# name, who takes it, the reason, the predicate. A difference belongs to the first that holds.
#
# What we take and Postfix refuses does no harm before reject_unauth_destination. With
# after_dunno = permit it goes where the DNS has that domain; and there each of these is the very
# domain in accepted_domains, as IDNA makes them spellings of one name.
CLASSES = [
    ("the other label form", WE_TAKE,
     "Postfix lists U-label or A-label, we hold both to be equal", is_other_label_form),
    ("IDNA dot", WE_TAKE, "U+3002, U+FF0E, U+FF61 part labels as a dot does",
     lambda c: same_by_idna(c) and any(dot in c.domain for dot in IDNA_DOTS)),
    ("invisible", WE_TAKE, "IDNA drops soft hyphens, zero-width spaces and variation selectors",
     lambda c: same_by_idna(c) and any(x in c.domain for x in INVISIBLE)),
    ("decomposed", WE_TAKE, "u with U+0308 is \u00fc; Postfix does not normalize",
     lambda c: same_by_idna(c) and not unicodedata.is_normalized("NFC", c.domain)),
    ("compatibility", WE_TAKE, "IDNA maps full-width forms to the plain ones",
     lambda c: same_by_idna(c) and not unicodedata.is_normalized("NFKC", c.domain)),
    # From here on Postfix takes what we refuse: this mail is lost. What is routed leads back to us;
    # with allow_untrusted_routing it may also stay with a host that we relay to.
    ("routed: @", WE_REFUSE, "refused on purpose: Postfix may send it anywhere (A12)",
     lambda c: "@" in c.local),
    ("routed: %", WE_REFUSE, "the same (R14 R15)", lambda c: c.routed and "%" in c.recipient),
    ("routed: !", WE_REFUSE, "the same (B08 B09)", lambda c: c.routed and "!" in c.recipient),
    ("route in quotes", WE_REFUSE,
     "@a:user, left in by quotes or by a route before it; Postfix drops @a:, we see no domain",
     is_quoted_route),
    ("octal literal", WE_REFUSE, "depends on the C library; not copied on purpose (L09)",
     is_octal_literal),
    ("quoted domain", WE_REFUSE,
     "quotes, blanks or an open bracket in the domain; Postfix overlooks them",
     is_quoted_domain),
    ("case folding", WE_REFUSE,
     "\u00df is ss and \u03c2 is \u03c3 to Postfix; IDNA has them differ",
     is_folded),
    ("no IDN", WE_REFUSE,
     "below a relay domain, with a label that IDNA2008 forbids; or too long for libidn2",
     is_no_idn),
]


def explain(case):
    """Name of the first class that a difference belongs to, or None."""
    for name, who, _, holds in CLASSES:
        if who == case.postlatch and holds(case):
            return name
    return None


PARENTS = Place("parents", True)
EXACT = Place("exact", False)
ROUTING = Place("routing", True, "allow_untrusted_routing=yes")
PLACES = (PARENTS, EXACT, ROUTING)


class Reader(RigCase):
    policy = PARENTS.policy()

    @classmethod
    def setUpClass(cls):
        cls.recorder = Recorder()
        for place in PLACES:
            postfix_rig.LISTENERS.append(place.listener(cls.recorder))
            postfix_rig.Rig.master_cf += place.resolver()
        super().setUpClass()
        generator = Generator(SEED)
        recipients = [(form.typed, form.options != "") for form in forms()]
        recipients += [(text.encode(), not text.isascii()) for text in ALWAYS]
        recipients += [generator.typed() for _ in range(COUNT - len(recipients))]
        recipients.sort(key=lambda recipient: recipient[1])      # SMTPUTF8 is MAIL's option
        for place in PLACES:
            cls.rig.daemon.reload(place.policy())
            place.cases = [Case(place, *recipient) for recipient in recipients]
            cls.ask_both(place)

    @classmethod
    def ask_both(cls, place):
        with cls.rig.smtp(place.name, OUTSIDER) as s:
            for at, case in enumerate(place.cases):
                if at % TRANSACTION == 0 or case.utf8 != place.cases[at - 1].utf8:
                    s.transcript.clear()
                    s.rset()
                    s.expect(250, s.mail(options="SMTPUTF8" * case.utf8))
                case.reply = s.cmd(b"RCPT TO:" + case.typed)
                for request in cls.recorder.take():
                    case.asked(request)
        asked = [case for case in place.cases if case.request]
        for case, answer in zip(asked, ask_daemon(cls.rig.daemon.tcp, [c.request for c in asked])):
            case.answer = answer

    def check(self, bad, what):
        if bad:
            self.fail("%d %s, with PL_SEED=%d:\n%s"
                      % (len(bad), what, SEED, "\n".join(map(str, bad[:40]))))

    def test_differences(self):
        found, unknown = collections.Counter(), []
        for place in PLACES:
            tally = collections.Counter()
            for case in place.cases:
                if case.request is None:
                    tally["not asked, %d" % case.reply.code] += 1
                elif case.postfix == case.postlatch:
                    tally["ours" if case.postfix else "foreign"] += 1
                else:
                    name = explain(case) if case.postfix is not None else None
                    tally[name] += 1
                    if name is None:
                        unknown.append(case)
            self.show(place, tally)
            found += tally
        self.check(unknown, "differences of no known class")
        self.assertEqual([name for name, *_ in CLASSES if not found[name]], [], "dead classes")

    def show(self, place, tally):
        print("%s: %d recipients, PL_SEED=%d" % (place.name, len(place.cases), SEED))
        agreed = [(name, None, "to both", None) for name in ("ours", "foreign")]
        for name, who, why, _ in agreed + CLASSES:
            whose = "" if who is None else "we take: " if who else "we refuse: "
            print("%7d  %-22s %s%s" % (tally[name], name, whose, why))
        for name in sorted(name for name in tally if str(name).startswith("not asked")):
            print("%7d  %s" % (tally[name], name))

    def test_taken_without_a_question(self):
        """Postfix does not ask about postmaster and double-bounce@$myorigin, about all else."""
        taken = [c for c in PARENTS.cases if c.request is None and c.reply.code == 250]
        self.check([c for c in taken if not re.search(
            rb"postmaster|double_?bouncemxexampleorg", re.sub(rb"\W", b"", c.typed).lower())],
                   "recipients taken without a question")

    def test_routed_is_never_ours(self):
        for place in PLACES:
            self.check([c for c in place.cases if c.request and c.routed and c.postlatch],
                       "routed recipients taken")

    def test_subdomains(self):
        """Without the entries with a dot, the subdomains of relay domains are foreign; no more."""
        changed = 0
        for loose, strict in zip(PARENTS.cases, EXACT.cases):
            self.assertEqual(loose.reply.code == 501, strict.reply.code == 501, str(loose))
            if loose.request and loose.postlatch != strict.postlatch:
                changed += 1
                self.assertTrue(loose.postlatch and same_by_idna(loose), str(loose))
                self.assertFalse(same_by_idna(strict), str(strict))
        self.assertGreater(changed, 0)

    def test_untrusted_routing(self):
        """What allow_untrusted_routing opens, we refuse."""
        opened = 0
        for shut, wide in zip(PARENTS.cases, ROUTING.cases):
            if shut.request and shut.postfix != wide.postfix:
                opened += 1
                self.assertTrue(wide.postfix and not wide.postlatch, str(wide))
            if shut.request:
                self.assertEqual(shut.postlatch, wide.postlatch, str(wide))
        self.assertGreater(opened, 0)


if __name__ == "__main__":
    main(NEEDS)
