# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix with postlatchd, a Dovecot for AUTH, and certificates: see README.md in this folder.

    class Flows(RigCase):
        policy = "accepted_domains = {example.org}"

        def test_outsider(self):
            with self.rig.smtp("relay", {"ADDR": "203.0.113.9"}) as s:
                s.mail()
                self.assertEqual(str(s.rcpt("v@foreign.example.com")), "554 5.7.1 ...")
"""
import contextlib
import grp
import hashlib
import os
import pwd
import re
import shutil
import ssl
import sys
import unittest

from rig_daemon import Daemon, PolicyClient
from rig_smtp import SmtpClient, tls_context
from rig_tools import (Port, Process, folder, have_ipv6, read, run, tool, wait_until, write)

NEEDS = [("master", "postfix"), ("dovecot", "dovecot-core"), ("openssl", "openssl")]

# The four ways in which smtpd asks: list, and transport (Unix socket: chrooted).
PLACES = ("relay", "recipient", "relay-unix", "recipient-unix")

OK = "250 2.1.5 Ok"

# login: password. Every spelling that a test logs in with stands here; the names reach smtpd as they were typed.
LOGINS = {user: "secret of " + user.lower() for user in (
    "alice", "alice@example.org", "bob@example.org", "Bob@Example.org", "bob", "carol@example.org",
    "mallory@example.org", "intern@example.org", "sales@example.org", "user1", "user2", "scanner",
    "dave@other.example", "bulk@example.org")}

# The domains and addresses of this Postfix, as a policy names them.
ACCEPTED = """
accepted_domains = {
    mx.example.org, localhost, example.org, lists.example.org,        # mydestination
    virt.example, alias.example, relay.example, .relay.example,       # virtual and relay domains
    "müller.example",
    "[192.0.2.25]", "[127.0.0.1]", "[IPv6:::1]"
}
"""

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {top}/maillog
maillog_file_prefixes = {top}
notify_classes =
in_flow_delay = 0
smtputf8_enable = yes
inet_protocols = {protocols}
inet_interfaces = {interfaces}
proxy_interfaces = 192.0.2.25
myhostname = mx.example.org
myorigin = $myhostname
mydestination = mx.example.org, localhost, example.org, lists.example.org
virtual_mailbox_domains = virt.example
virtual_mailbox_maps = static:any
virtual_alias_domains = alias.example
virtual_alias_maps = inline:{{ {{ @alias.example = root@mx.example.org }} }}
relay_domains = relay.example, müller.example, xn--mller-kva.example
mynetworks = 198.51.100.0/24
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard:local
virtual_transport = discard:virtual
relay_transport = discard:relay
default_transport = discard:foreign
smtpd_authorized_xclient_hosts = 127.0.0.0/8, [::1]
smtpd_peername_lookup = no
smtpd_timeout = 60s
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_junk_command_limit = 10000
smtpd_client_connection_count_limit = 0
smtpd_helo_required = no
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_tls_security_level = may
smtpd_tls_cert_file = {top}/tls/server.pem
smtpd_tls_key_file = {top}/tls/server.key
smtpd_tls_CAfile = {top}/tls/ca.pem
smtpd_tls_ask_ccert = yes
smtpd_tls_fingerprint_digest = sha256
smtpd_restriction_classes = closed
closed = reject

by_tcp = check_policy_service {{ inet:{policy_tcp}, timeout=10s }}
by_unix = check_policy_service {{ unix:postlatch/policy, timeout=10s }}
by_context = check_policy_service {{ inet:{policy_tcp}, timeout=10s, policy_context=internal }}
relay_by_tcp = $by_tcp, reject_unauth_destination
relay_by_unix = $by_unix, reject_unauth_destination
relay_by_context = $by_context, reject_unauth_destination
smtpd_relay_restrictions = $relay_by_tcp
smtpd_recipient_restrictions =
"""

MASTER_CF = """
postlog    unix-dgram n - n - 1 postlogd
rewrite    unix - - n - - trivial-rewrite
cleanup    unix n - n - 0 cleanup
qmgr       unix n - n 300 1 qmgr
pickup     unix n - n 60 1 pickup
bounce     unix - - n - 0 bounce
defer      unix - - n - 0 bounce
trace      unix - - n - 0 bounce
flush      unix n - n 1000? 0 flush
proxymap   unix - - n - - proxymap
tlsmgr     unix - - n 1000? 1 tlsmgr
anvil      unix - - n - 1 anvil
error      unix - - n - - error
retry      unix - - n - - error
discard    unix - - n - - discard
"""

# name, address, chroot, what differs from main.cf
LISTENERS = [
    ("relay", "127.0.0.1", "n", []),
    ("recipient", "127.0.0.1", "n", ["smtpd_relay_restrictions=", "smtpd_recipient_restrictions=$relay_by_tcp"]),
    ("relay-unix", "127.0.0.1", "y", ["smtpd_relay_restrictions=$relay_by_unix"]),
    ("recipient-unix", "127.0.0.1", "y", ["smtpd_relay_restrictions=",
                                          "smtpd_recipient_restrictions=$relay_by_unix"]),
    ("second-address", "127.0.0.2", "n", []),
    ("second-port", "127.0.0.1", "n", []),
    ("context", "127.0.0.1", "n", ["smtpd_relay_restrictions=$relay_by_context"]),
    ("tls-sha1", "127.0.0.1", "n", ["smtpd_tls_fingerprint_digest=sha1"]),
    ("tls-md5", "127.0.0.1", "n", ["smtpd_tls_fingerprint_digest=md5"]),
    ("data", "127.0.0.1", "n", ["smtpd_data_restrictions=$by_tcp", "smtpd_end_of_data_restrictions=$by_tcp"]),
    ("states", "127.0.0.1", "n", ["smtpd_delay_reject=no", "smtpd_client_restrictions=$by_tcp",
                                  "smtpd_helo_restrictions=$by_tcp", "smtpd_sender_restrictions=$by_tcp",
                                  "smtpd_data_restrictions=$by_tcp", "smtpd_end_of_data_restrictions=$by_tcp",
                                  "smtpd_etrn_restrictions=$by_tcp"]),
    ("ipv6", "::1", "n", []),
]

DOVECOT_CONF = """
base_dir = {top}/dovecot
state_dir = {top}/dovecot-state
log_path = {top}/dovecot.log
auth_verbose = yes
auth_failure_delay = 0 secs
auth_mechanisms = plain
auth_username_format = %u
disable_plaintext_auth = no
ssl = no
protocols =
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {top}/passwd
}}
service auth {{
  unix_listener {queue}/private/auth {{
    mode = 0666
  }}
}}
"""


class Certificates:
    """A CA, a certificate of the server's, and clients' certificates, made for this run."""

    def __init__(self, top):
        self.top = top
        self.openssl = tool("openssl", "openssl")
        self._new("ca", "/CN=Test CA", ["-x509", "-addext", "basicConstraints=critical,CA:TRUE"])
        self.ca = self.path("ca.pem")
        for name in ("server", "listed", "unlisted"):
            self._new(name, "/CN=%s.example.org" % name, ["-CA", self.ca, "-CAkey", self.path("ca.key"), "-x509"])
        self._new("selfsigned", "/CN=listed.example.org", ["-x509"])

    def path(self, name):
        return os.path.join(self.top, name)

    def _new(self, name, subject, more):
        run([self.openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", subject, "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem")] + more)

    def context(self, name=None):
        if name is None:
            return tls_context(self.ca)
        return tls_context(self.ca, self.path(name + ".pem"), self.path(name + ".key"))

    def fingerprint(self, name, digest="sha256"):
        """Of the certificate, as Postfix writes it."""
        der = ssl.PEM_cert_to_DER_cert(read(self.path(name + ".pem")))
        return _colons(hashlib.new(digest, der).digest())

    def pubkey_fingerprint(self, name, digest="sha256"):
        pem = run([self.openssl, "x509", "-in", self.path(name + ".pem"), "-noout", "-pubkey"])
        der = ssl.PEM_cert_to_DER_cert(pem.replace("PUBLIC KEY", "CERTIFICATE"))
        return _colons(hashlib.new(digest, der).digest())


def _colons(data):
    return ":".join("%02X" % b for b in data)


class Rig:
    """Everything together; started by the constructor."""

    make_daemon = Daemon
    listeners = LISTENERS
    main_cf = MAIN_CF
    master_cf = MASTER_CF

    def __init__(self, policy):
        self.top = folder()
        self.queue = os.path.join(self.top, "queue")
        self.maillog = os.path.join(self.top, "maillog")
        self._folders()
        self.ipv6 = have_ipv6()
        self.ports = {name: Port(address) for name, address, *_ in self.listeners if self.ipv6 or ":" not in address}
        self.certs = Certificates(os.path.join(self.top, "tls"))
        self.daemon = self.make_daemon(self.top, self.queue)
        self.log = self.daemon.log
        try:
            self.daemon.start(policy)
            self._start_dovecot()
            self._start_postfix()
        except BaseException:
            self.dump()
            raise

    def stop(self):
        for process in (self.postfix, self.dovecot, self.daemon.process):
            if process is not None:
                process.stop()

    def _folders(self):
        owner, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        for name, mode, uid, gid in [
                ("queue", 0o755, 0, 0), ("data", 0o700, owner, -1), ("etc", 0o755, 0, 0), ("tls", 0o755, 0, 0),
                ("queue/pid", 0o755, 0, 0), ("queue/etc", 0o755, 0, 0), ("queue/private", 0o700, owner, -1),
                ("queue/public", 0o710, owner, group), ("queue/maildrop", 0o730, owner, group)] + [
                ("queue/" + n, 0o700, owner, -1) for n in (
                    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "saved",
                    "trace")]:
            path = os.path.join(self.top, name)
            os.mkdir(path)
            os.chmod(path, mode)
            os.chown(path, uid, gid)
        for name in ("hosts", "services", "resolv.conf", "nsswitch.conf", "host.conf"):
            with contextlib.suppress(OSError):
                shutil.copy("/etc/" + name, os.path.join(self.queue, "etc"))

    def _start_dovecot(self):
        write(os.path.join(self.top, "passwd"), "".join("%s:%s\n" % item for item in LOGINS.items()))
        conf = write(os.path.join(self.top, "dovecot.conf"), DOVECOT_CONF.format(top=self.top, queue=self.queue))
        self.dovecot = Process([tool("dovecot", "dovecot-core"), "-F", "-c", conf],
                               os.path.join(self.top, "dovecot.err"))
        wait_until(lambda: os.path.exists(os.path.join(self.queue, "private/auth")), "Dovecot's socket",
                   alive=self.dovecot.check_alive)

    def _start_postfix(self):
        etc = os.path.join(self.top, "etc")
        addresses = ["127.0.0.1"] + ["[::1]"] * self.ipv6
        write(os.path.join(etc, "main.cf"), self.main_cf.format(
            top=self.top, queue=self.queue, data=os.path.join(self.top, "data"),
            protocols="all" if self.ipv6 else "ipv4", interfaces=", ".join(addresses),
            policy_tcp=self.daemon.port))
        lines = [self.services()]
        for name, _, chroot, options in self.listeners:
            if name in self.ports:
                lines.append("%s inet n - %s - - smtpd" % (self.ports[name], chroot))
                lines += ["  -o %s" % option for option in ["syslog_name=postfix/" + name] + options]
        write(os.path.join(etc, "master.cf"), "\n".join(lines) + "\n")
        self.postfix = Process([tool("master", "postfix"), "-d", "-c", etc], os.path.join(self.top, "master.err"))
        for name in self.ports:
            wait_until(lambda: self._greets(name), "Postfix to greet (%s)" % name, alive=self.postfix.check_alive)

    def services(self):
        """The lines of master.cf that are not listeners."""
        return self.master_cf

    def _greets(self, name):
        try:
            with SmtpClient(self.ports[name].pair, helo=None) as s:
                return s.greeting.code == 220
        except OSError:
            return False

    def smtp(self, place="relay", xclient=None, **more):
        """A session with a listener; xclient may be an address alone."""
        if isinstance(xclient, str):
            xclient = {"ADDR": ("IPV6:" if ":" in xclient else "") + xclient, "NAME": None}
        return SmtpClient(self.ports[place].pair, xclient, **more)

    def login(self, user, place="relay", xclient="203.0.113.9", **more):
        """A session of somebody who has logged in."""
        return self.smtp(place, xclient, login=(user, LOGINS[user]), **more)

    def rcpt(self, recipient, place="relay", xclient="203.0.113.9", sender="spam@sender.example.net", **more):
        """The reply to one recipient in a session of its own."""
        with self.smtp(place, xclient, **more) as s:
            s.expect(250, s.mail(sender))
            return str(s.rcpt(recipient))

    def logged(self, pattern, since=0):
        """Wait until the mail log, from an offset on, holds this; the log from there on."""
        wait_until(lambda: re.search(pattern, read(self.maillog)[since:]), "the mail log to hold " + pattern)
        return read(self.maillog)[since:]

    def delivered(self, reply):
        """Where a message went that DATA was answered for with this reply: {(recipient, transport)}."""
        found = re.fullmatch(r"2\.0\.0 Ok: queued as (\w+)", reply.text)
        if found is None:
            raise AssertionError("not queued: %s" % (reply,))
        queue_id = found.group(1)
        wait_until(lambda: ": %s: removed" % queue_id in read(self.maillog), "delivery of " + queue_id)
        return set(re.findall(r": %s: to=<(.*?)>, (?:orig_to=<.*?>, )?relay=.* status=sent \((\w+)\)\n" % queue_id,
                              read(self.maillog)))

    def dump(self):
        """Print all logs."""
        for title, text in zip(*[iter(self.daemon.dump() + [
                "Postfix, mail log", read(self.maillog), "Postfix, master", read(os.path.join(self.top, "master.err")),
                "Dovecot", read(os.path.join(self.top, "dovecot.log"))
                + read(os.path.join(self.top, "dovecot.err"))])] * 2):
            lines = text.splitlines()
            print("-- %s (%d lines)" % (title, len(lines)), *lines[-150:], sep="\n", file=sys.stderr)


class RigCase(unittest.TestCase):
    """Tests with one rig for the class; all logs are printed when a test fails."""

    policy = ""
    make_rig = Rig

    @classmethod
    def setUpClass(cls):
        cls.rig = cls.make_rig(cls.policy)
        cls.addClassCleanup(cls.rig.stop)

    def run(self, result=None):
        result = result if result is not None else self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print("== logs after %s" % self.id(), file=sys.stderr)
            self.rig.dump()
        return result

    @staticmethod
    def refused(recipient, text="Relay access denied", code="554 5.7.1"):
        """The whole reply to a recipient that postlatchd refuses."""
        return "%s <%s>: Recipient address rejected: %s" % (code, recipient, text)

    @staticmethod
    def postfix_refused(recipient):
        """The whole reply to a recipient that we leave to Postfix, which finds it foreign."""
        return "554 5.7.1 <%s>: Relay access denied" % recipient
