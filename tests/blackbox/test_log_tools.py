#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tools that read logs, on what a real Postfix and the daemon have logged: rsyslog, fail2ban, pflogsumm, logcheck, promtail's stages."""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import yaml

from postfix_rig import ACCEPTED, NEEDS, RigCase
from rig_daemon import LogSocket
from rig_tools import Process, folder, main, pl_bin, read, run, tool, wait_until, write

SRC = os.environ.get("PL_SRC", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
CONTRIB = os.path.join(SRC, "contrib")
FOREIGN, OURS = "victim@foreign.example.com", "user@example.org"
MORE_NEEDS = [("rsyslogd", "rsyslog"), ("fail2ban-regex", "fail2ban"), ("pflogsumm", "pflogsumm")]

# What an outsider is answered at RCPT, by the recipient it asks for: name, action, whether the stock filter of fail2ban bans for it.
AT_RCPT = [
    ("later", "450 4.7.1 Later", False),
    ("again", "451 4.7.1 Try again", False),
    ("server", "451 4.3.5 Server configuration error", False),
    ("defer", "DEFER Later", False),
    ("permit", "DEFER_IF_PERMIT Later", False),
    ("busy", "421 4.7.0 Bye", False),
    ("warned", "WARN would be refused: REJECT Relay access denied", False),
    ("noted", "INFO seen", False),
    ("plain", "REJECT", False),
    ("limit", "REJECT Sending limit reached; see https://example.org/limit?id=%{instance}", False),
    ("denied", "REJECT Relay access denied; see https://example.org/relay?id=%{instance}", True),
]
# And at DATA.
AT_DATA = [("data450", "450 4.7.1 Later", True),
           ("datadefer", "DEFER Later", True), ("datapermit", "DEFER_IF_PERMIT Later", True), ("data451", "451 4.7.1 Later", False)]

POLICY = ACCEPTED + "relay_networks = {198.51.100.0/24}\nrelay_users = {any}\n" + "".join(
    'rule "%s" { recipient = {%s@} action = "%s" }\n' % (name, name, action) for name, action, _ in AT_RCPT) + "".join(
    'rule "%s" { protocol_state = {DATA} sender = {%s@} action = "%s" }\n' % (name, name, action) for name, action, _ in AT_DATA)


class Fail2ban:
    """Debian's configuration in a folder of its own, with our filter and jail; no jail but ours is on."""

    def __init__(self, logpath):
        self.conf = os.path.join(folder(), "fail2ban")
        shutil.copytree("/etc/fail2ban", self.conf)
        shutil.copy(os.path.join(CONTRIB, "fail2ban/filter.d/postlatch.conf"), self.conf + "/filter.d")
        for name in os.listdir(self.conf + "/jail.d"):
            os.unlink(self.conf + "/jail.d/" + name)
        jail = read(os.path.join(CONTRIB, "fail2ban/jail.d/postlatch.conf"))
        write(self.conf + "/jail.d/postlatch.conf", jail.replace("/var/log/postlatch.log", logpath))

    def matched(self, log, name):
        """The addresses that a filter finds in a log."""
        done = subprocess.run([tool("fail2ban-regex", "fail2ban"), "-c", self.conf, "-o", "ip", log, name], capture_output=True,
                              text=True, timeout=120, check=False)
        if done.stderr:
            raise AssertionError(done.stderr)
        return sorted(set(done.stdout.split()))


class Rsyslogd:
    """A private rsyslogd with the drop-in of contrib/, its paths moved to a folder of its own."""

    def __init__(self):
        self.dir = folder()
        self.file, self.rest = (os.path.join(self.dir, n) for n in ("postlatch.log", "mail.log"))
        drop_in = read(os.path.join(CONTRIB, "rsyslog/postlatch.conf"))
        if "/var/log/postlatch.log" not in drop_in:
            raise AssertionError("the drop-in names another file")
        write(os.path.join(self.dir, "20-postlatch.conf"), drop_in.replace("/var/log/postlatch.log", self.file))
        self.socket = os.path.join(self.dir, "log")
        conf = write(os.path.join(self.dir, "rsyslog.conf"), """
global(workDirectory="%(dir)s" maxMessageSize="32k")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%(dir)s/log" CreatePath="off" UseSysTimeStamp="off")
module(load="builtin:omfile" Template="%(template)s")
include(file="%(dir)s/20-postlatch.conf")
mail.* action(type="omfile" file="%(dir)s/mail.log")
""" % {"dir": self.dir, "template": "RSYSLOG_TraditionalFileFormat"})
        self.process = Process([tool("rsyslogd", "rsyslog"), "-n", "-f", conf, "-i", os.path.join(self.dir, "pid")],
                               os.path.join(self.dir, "err"))
        wait_until(lambda: os.path.exists(self.socket), "rsyslogd's socket", 60, self.process.check_alive)

    def take(self, lines):
        """Give it lines as a daemon has sent them; wait for the last."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(self.socket)
            for line in list(lines) + ["<19>Nov 28 10:00:00 postlatchd[1]: the end"]:
                s.send(line.encode())
        wait_until(lambda: "the end\n" in read(self.rest), "rsyslogd to write", 60, self.process.check_alive)
        self.process.stop()


class LogTools(RigCase):
    policy = POLICY
    banned = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        last = 10
        for name, _, bans in AT_RCPT:
            last += 1
            cls.rig.rcpt(name + ("@foreign.example.com" if bans or "@" in name else "@example.org"), xclient="203.0.113.%d" % last)
            cls.banned["203.0.113.%d" % last] = bans
        for name, _, bans in AT_DATA:
            last += 1
            cls.banned["203.0.113.%d" % last] = bans
            with cls.rig.smtp("data", "203.0.113.%d" % last) as s:
                s.mail(name + "@sender.example.net")
                s.expect(250, s.rcpt(OURS))
                s.data()
        for n, place in ((1, "relay"), (2, "recipient")):
            for _ in range(3):
                cls.rig.rcpt(FOREIGN, place, xclient="203.0.113.%d" % n)
            cls.banned["203.0.113.%d" % n] = True
        cls.rig.rcpt(OURS, xclient="203.0.113.3")
        cls.rig.rcpt(FOREIGN, xclient="198.51.100.7")
        with cls.rig.login("alice", xclient="203.0.113.4") as s:
            s.mail()
            s.rcpt(FOREIGN)
        # What a client would have others banned with.
        cls.rig.rcpt(FOREIGN, xclient="203.0.113.5", sender='"a client=203.0.113.99 sasl=- state=RCPT "@sender.example.net')
        cls.banned["203.0.113.5"] = True
        cls.rig.daemon.reload(POLICY)
        cls.log = os.path.join(folder(), "log")
        cls.syslog = Rsyslogd()
        cls.syslog.take(cls.rig.log.lines)
        cls.fail2ban = Fail2ban(cls.syslog.file)

    def test_stock_filter(self):
        """Debian's own filter bans who probes for a relay, and none whom we refused softly; at DATA it would."""
        self.assertEqual(self.fail2ban.matched(self.rig.maillog, "postfix"), sorted(ip for ip, bans in self.banned.items() if bans))

    def test_own_filter(self):
        """By our lines: clients whom no rule lets relay, and no others."""
        prober = ["203.0.113.1", "203.0.113.2", "203.0.113.5"]
        self.assertEqual(self.fail2ban.matched(self.syslog.file, "postlatch"), prober)
        for mode, want in (("", prober), ("mode = observe\n", [])):
            lines = self.in_json(mode)
            self.assertEqual(self.fail2ban.matched(write(self.log, "\n".join(lines) + "\n"), "postlatch"), want[:1], mode)

    def in_json(self, mode):
        """The lines of a prober and a client of ours, as JSON, as rsyslog keeps them."""
        since = self.rig.log.mark()
        daemon = self.rig.daemon
        config = POLICY + mode
        daemon.reload(config)
        text = read(daemon.config)
        changed = re.sub(r"log \{", "log { format = json ", text)
        self.assertNotEqual(changed, text)
        write(daemon.config, changed)
        self.assertEqual(daemon.ask_control("reload")[0], "ok")
        self.rig.rcpt(FOREIGN, xclient="203.0.113.1")
        self.rig.rcpt(OURS, xclient="203.0.113.3")
        self.rig.log.find(lambda l: '"client":"203.0.113.3"' in l, since)
        lines = [l for l in self.rig.log.lines[since:] if '{"action"' in l]
        daemon.reload(POLICY)
        return [re.sub(r"^<\d+>(\w+ +\d+ \S+) ", r"\1 mx ", l) for l in lines]

    def test_jail(self):
        """fail2ban itself finds nothing wrong with filter and jail."""
        out = run([tool("fail2ban-client", "fail2ban"), "-c", self.fail2ban.conf, "-t"])
        self.assertIn("OK: configuration test is successful", out)
        dump = run([tool("fail2ban-client", "fail2ban"), "-c", self.fail2ban.conf, "-d"])
        self.assertIn("['add', 'postlatch', ", dump)

    def test_rsyslog(self):
        """Decisions in a file of their own, complete; warnings and errors in the mail log as well."""
        sent = [l.partition(": ")[2] for l in self.rig.log.lines if ": decision " in l]
        kept = [l.partition(": ")[2] for l in read(self.syslog.file).splitlines() if ": decision " in l]
        self.assertEqual(kept, sent[:len(kept)])
        self.assertGreater(len(kept), 20)
        self.assertNotIn("decision", read(self.syslog.rest))
        self.assertIn("the end", read(self.syslog.file))

    def test_replay(self):
        """What rsyslog keeps is read back: nothing differs from the policy that wrote it."""
        policy = write(os.path.join(folder(), "policy"), POLICY)
        self.assertIn("    other        0\n", run([pl_bin("postlatch"), "replay", self.syslog.file, "--against", policy]))

    def test_pflogsumm(self):
        """Refusals are grouped by their text up to the first ';', so what varies stands behind one."""
        # The places of the rig have names of their own, which pflogsumm does not know.
        log = write(self.log, re.sub(r"postfix/[a-z-]+/smtpd", "postfix/smtpd", read(self.rig.maillog)))
        out = run([tool("pflogsumm", "pflogsumm"), "--detail", "20", log])
        detail = out[out.index("message reject detail"):out.index("message reject warning detail")]
        groups = dict(re.findall(r"^    (\S.*?) \(top 20\) \(total: (\d+)\)$", detail, re.M))
        self.assertIn("Recipient address rejected: Relay access denied", groups)
        self.assertGreaterEqual(int(groups["Recipient address rejected: Relay access denied"]), 7)
        self.assertEqual(groups["Recipient address rejected: Sending limit reached"], "1")
        self.assertNotIn("id=", detail)

    def test_logcheck(self):
        """No line of good life is reported, every warning and error is."""
        rules = os.path.join(CONTRIB, "logcheck/ignore.d.server/postlatch")
        good = [l for l in self.kept_of_good_life() if l]
        self.assertGreater(len(good), 25)
        bad = ["Nov 28 10:00:00 mx postlatchd[1]: " + text for text in self.warnings()] + [
            "Nov 28 10:00:00 mx postlatchd[1]: the policy is open: …", "Nov 28 10:00:00 mx postlatchd[1]: log: 3 lines were dropped",
            "Nov 28 10:00:00 mx other[1]: decision action=OK", "Nov 28 10:00:00 mx postlatchd[1]: decision action=OK",
            "Nov 28 10:00:00 mx postlatchd[1]: reload: +RELAY 203.0.113.0/24, without login, recipient {foreign}"]
        for lines, want in ((good, []), (bad, bad)):
            done = subprocess.run(["grep", "-E", "-v", "-f", rules], input="".join(l + "\n" for l in lines), capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.stderr, "")
            self.assertEqual(done.stdout.splitlines(), want)

    def kept_of_good_life(self):
        lines = [re.sub(r"^<22>(\w+ +\d+ \S+) ", r"\1 mx ", l) for l in self.rig.log.lines if l.startswith("<22>")]
        iso = [re.sub(r"^\w+ +\d+ ([\d:]+)", r"2026-11-28T\1.123456+01:00", l) for l in lines]
        ends = self.whole_life()
        asked = "client=203.0.113.9 name=unknown helo=x sasl=- from=<> to=<v@foreign.example> state=RCPT server=- instance=- queue_id=-"
        shadows = ["Nov 28 10:00:00 mx postlatchd[1]: " + text for text in (
            f"shadow other=OK other_rule=app action=REJECT rule=builtin:reject {asked} generation=3",
            '{"other":"OK","other_rule":"app","action":"REJECT","rule":"builtin:reject","client":"203.0.113.9","generation":3}')]
        return lines + iso + ends + shadows + self.in_json("")

    def life(self, policy, form="text"):
        """Every line of a daemon of its own, from its start to its end."""
        top = folder()
        log = LogSocket(os.path.join(top, "log"))
        conf = write(os.path.join(top, "postlatch.conf"), 'listen = {"unix:%s/policy"}\ncontrol = "%s/control"\nuser = nobody\n'
                     'log { socket = "%s/log" format = %s }\n%s' % (top, top, top, form, policy))
        os.chmod(top, 0o777)
        daemon = Process([pl_bin("postlatchd"), "-f", "-c", conf], os.path.join(top, "err"))
        log.find(lambda l: " started: " in l or "not started" in l, timeout=60)
        if daemon.popen.poll() is None:
            with contextlib.suppress(AssertionError):
                run([pl_bin("postlatch"), "reload", "--control", top + "/control"])
            daemon.stop()
            log.find(lambda l: "postlatchd ended" in l, timeout=60)
        return log.lines

    def whole_life(self):
        lines = []
        for form in "text", "json":
            lines += self.life('accepted_domains = {example.org}\nshadow = "postlatch.conf"\n', form)
        self.assertTrue(all(l.startswith("<22>") for l in lines), lines)
        self.assertEqual(len(lines), 16, lines)
        return [re.sub(r"^<22>(\w+ +\d+ \S+) ", r"\1 mx ", l) for l in lines]

    def warnings(self):
        lines = self.life('sandbox = off\nmode = observe\nrelay_networks = {192.0.2.0/24}\n'
                          'rule "x" { client_address = {203.0.113.0/24} action = "OK" }\n')
        texts = [l.partition("]: ")[2] for l in lines if not l.startswith("<22>")]
        self.assertGreater(len(texts), 2)
        return texts

    def test_promtail(self):
        """Its stages, tried on what rsyslog has kept: two labels, with few values."""
        jobs = {j["job_name"]: j for j in yaml.safe_load(read(os.path.join(CONTRIB, "promtail/postlatch.yaml")))["scrape_configs"]}
        self.assertEqual(jobs["postlatch-journal"]["journal"]["matches"], "SYSLOG_IDENTIFIER=postlatchd")
        self.assertEqual([r["source_labels"] for r in jobs["postlatch-journal"]["relabel_configs"]],
                         [["__journal_postlatch_action"], ["__journal_postlatch_rule"], ["__journal_priority_keyword"]])
        regex, output, match = jobs["postlatch-file"]["pipeline_stages"]
        selector = re.fullmatch(r'\{job="postlatch"\} \|= "(.*)"', match["match"]["selector"]).group(1)
        logfmt, labels = match["match"]["stages"]
        self.assertEqual(set(labels["labels"]), {"action", "rule"})
        self.assertEqual((output["output"]["source"], logfmt["logfmt"]["source"]), ("message", "message"))
        seen, count = set(), 0
        for line in read(self.syslog.file).splitlines():
            found = re.match(regex["regex"]["expression"], line)
            self.assertIsNotNone(found, line)
            if selector not in line:
                continue
            fields = dict(w.split("=", 1) for w in found["message"].split(" ") if "=" in w)
            seen.add(tuple(fields[key] for key in logfmt["logfmt"]["mapping"]))
            count += 1
        self.assertGreater(count, 20)
        self.assertIn(("REJECT", "builtin:reject"), seen)
        self.assertIn(("451", "again"), seen)


if __name__ == "__main__":
    main(NEEDS + MORE_NEEDS)
