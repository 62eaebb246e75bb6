#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `postlatch init` writes means what Postfix did: both are asked the same pairs of client and recipient."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import NEEDS
from rig_daemon import PolicyClient
from rig_tools import main, pl_bin, read, write
from rig_wire import FOREIGN, OURS, OUTSIDE, WireCase

CLIENTS = """198.51.100.7 198.51.100.66 198.51.101.1 203.0.113.9 203.0.113.7 203.0.113.1 203.0.113.8 192.0.2.130 192.0.2.5 192.0.4.9
192.0.5.9 10.1.0.1 10.66.0.1 10.200.0.1 2001:db8:1::7 2001:db8:2::7 2001:db8:9::1 100.64.0.1""".split()
NAMES = ["mx.friend.example", "a.mx.friend.example", "host.dotted.example", "partner.example", "a.partner.example",
         "bad.partner.example"]
RECIPIENTS = """user@mx.example.org user@example.org user@EXAMPLE.ORG user@example.org. user@sub.example.org user@localhost
user@virt.example user@sub.virt.example user@alias.example user@relay.example user@sub.relay.example user@a.b.relay.example
user@bad.relay.example user@x.bad.relay.example user@foreignrelay.example user@table.example user@sub.table.example
user@file.example user@x.file.example user@dotted.example user@a.dotted.example user@below.example user@a.below.example
user@shortname user@[127.0.0.1] user@[192.0.2.25] user@[192.0.2.26] user@foreign.example.com user@xn--mller-kva.example
victim%foreign.example.com@example.org victim@foreign.example.com@virt.example user+tag@example.org user@com""".split()

MAIN = """
mydestination = mx.example.org, localhost EXAMPLE.org, shortname, .dotted.example
virtual_alias_domains = $virtual_alias_maps
virtual_alias_maps = texthash:{etc}/virtual
virtual_mailbox_domains = virt.example, {etc}/domains
relay_domains = !bad.relay.example, relay.example, .below.example, texthash:{etc}/backup, xn--mller-kva.example
mynetworks = !198.51.100.66 198.51.100.0/24, [2001:db8:1::]/48, 192.0.2.0/25 !192.0.0.0/22, 192.0.0.0/20, mx.friend.example,
    .dotted.example
recipient_delimiter = +
{more}
smtpd_relay_restrictions = check_client_access texthash:{etc}/clients, check_client_access cidr:{etc}/clients.cidr,
    permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
"""
FILES = {
    "virtual": "alias.example x\n@alias.example root@mx.example.org\n",
    "domains": "# hosted\nfile.example\n",
    "backup": "table.example OK\n",
    "clients": "10 OK\n10.66 REJECT\n10.200 DUNNO\n192.0.5 REJECT\n2001:db8:9 OK\npartner.example OK\n"
               "bad.partner.example DUNNO\n",
    "clients.cidr": "203.0.113.7 DUNNO\n203.0.113.0/29 OK\n203.0.113.8 REJECT\n",
}


class Init(WireCase):
    policy = "accepted_domains = {example.org}\n"

    def init(self, *more, status=0):
        done = subprocess.run([pl_bin("postlatch"), "init", "--postfix", self.rig.etc, "--no-host", *more],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def policy_of(self, conf, mode="enforce"):
        """As the daemon of the rig takes it, which listens elsewhere."""
        self.assertIn('listen = {"inet:127.0.0.1:10071"}\nmode   = observe\n', conf)
        return conf.replace('listen = {"inet:127.0.0.1:10071"}\nmode   = observe\n', "mode = %s\n" % mode)

    def before(self, more=""):
        """Postfix without us, running; what init makes of it."""
        for name, text in FILES.items():
            write(os.path.join(self.rig.etc, name), text)
        self.rig.plain(MAIN.format(etc=self.rig.etc, more=more), [("plain", "n", [])], self.rig.ipv6)
        self.rig.ports = {"plain": self.rig.ports["plain"]}
        conf = self.init(status=1)
        self.rig.start_postfix()
        return conf

    def pairs(self):
        """Clients as XCLIENT tells them, each with its recipients."""
        for client in CLIENTS:
            if self.rig.ipv6 or ":" not in client:
                yield ({"ADDR": ("IPV6:" if ":" in client else "") + client, "NAME": None},
                       RECIPIENTS if client == OUTSIDE else [FOREIGN, OURS])
        for name in NAMES:
            yield {"ADDR": "100.64.0.1", "NAME": name}, [FOREIGN, OURS]

    def takes(self):
        """Whether Postfix takes the recipient, for each pair."""
        found = {}
        for xclient, recipients in self.pairs():
            with self.rig.smtp("plain", xclient) as s:
                s.expect(250, s.mail())
                for recipient in recipients:
                    found[xclient["ADDR"], xclient["NAME"], recipient] = s.rcpt(recipient).code == 250
        self.assertGreater(len(found), 70)
        self.assertGreater(len(set(found.values())), 1)
        return found

    def answers(self):
        """Whether the daemon lets it pass, for each pair."""
        found = {}
        for xclient, recipients in self.pairs():
            with PolicyClient(self.rig.daemon.tcp) as ask:
                for recipient in recipients:
                    found[xclient["ADDR"], xclient["NAME"], recipient] = ask.ask(
                        client_address=xclient["ADDR"].removeprefix("IPV6:"),
                        client_name=xclient["NAME"] or "unknown", recipient=recipient) in ("OK", "DUNNO")
        return found

    def compare(self, more=""):
        self.rig.daemon.reload(self.policy_of(self.before(more)))
        postfix, policy = self.takes(), self.answers()
        wrong = {pair: takes for pair, takes in postfix.items() if takes != policy[pair]}
        # What a table refuses of our own mail it goes on to refuse: it stays in Postfix's list.
        self.assertEqual(wrong, {(client, None, OURS): False for client in ("203.0.113.8", "192.0.5.9", "10.66.0.1")})

    def test_same_answers(self):
        self.compare()

    def test_same_answers_without_parents(self):
        """A name stands for itself, ".name" for what is below it."""
        self.compare("parent_domain_matches_subdomains =")

    def test_from_init_to_enforce(self):
        """init, snippet, observe, enforce: Postfix takes what it took before, all the way."""
        conf = self.before()
        policy = os.path.join(self.rig.top, "first.conf")
        done = subprocess.run([pl_bin("postlatch"), "init", "--postfix", self.rig.etc, "--no-host", "-o", policy],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, policy + ": written\n"))
        self.assertEqual(read(policy), conf)
        done = subprocess.run([pl_bin("postlatch"), "check", "--no-host", "-c", policy], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout.splitlines()[1]), (0, "verdict: safe"))
        before = self.takes()
        found = {}
        for mode, status in (("observe", 0), ("enforce", 1)):
            self.rig.daemon.reload(self.policy_of(conf, mode))
            since = self.rig.log.mark()
            self.rig.paste(status=status)
            self.rig.start_postfix()
            self.assertEqual(self.takes(), before)
            done = subprocess.run([pl_bin("postlatch"), "doctor", "-c", self.rig.daemon.config, "--postfix", self.rig.etc,
                                   "--no-host"], capture_output=True, text=True, timeout=120, check=False)
            found[mode] = re.findall(r"(?m)^finding ([\w-]+)", done.stdout)
            seen = self.rig.log.decisions(since)
            self.assertGreater(len([d for d in seen if d.get("would" if mode == "observe" else "action") == "REJECT"]), 10)
        # XCLIENT is the rig's own. In observe mynetworks has names.
        self.assertEqual(found, {"observe": ["mynetworks-unknown", "xclient"], "enforce": ["xclient"]})

    def test_never_over_a_file(self):
        self.before()
        path = write(os.path.join(self.rig.top, "mine.conf"), "mine\n")
        done = subprocess.run([pl_bin("postlatch"), "init", "--postfix", self.rig.etc, "--no-host", "-o", path],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            2, "", 'postlatch: init: "%s" exists already, and is left as it is; choose another name\n' % path))
        self.assertEqual(read(path), "mine\n")

    def test_not_root(self):
        """Nobody special may run it."""
        conf = self.before()
        done = subprocess.run([pl_bin("postlatch"), "init", "--postfix", self.rig.etc, "--no-host"], capture_output=True,
                              text=True, timeout=60, check=False, user="nobody", group="nogroup", extra_groups=[])
        self.assertEqual((done.returncode, done.stdout), (1, conf))


if __name__ == "__main__":
    main(NEEDS)
