#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The units under a real systemd, in a virtual machine (rig_machine.py): one boot, the tests in the order of their names. Clients send
mail through the machine's Postfix all the while; what they saw and what was delivered is compared at the end. The first failure ends it."""
import collections
import json
import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import rig_machine  # noqa: E402
sys.path.insert(0, str(rig_machine.SRC / "tests/packages"))
import test_deb  # noqa: E402

CONF = "/etc/postlatch/postlatch.conf"
MORE = "/etc/postlatch/site/more.conf"
SOCKET = "/var/spool/postfix/private/postlatchd"
OPEN_RULE = 'rule "app" { client_address = {203.0.113.0/24}  action = "OK" }\n'
NEXT = "0.0.9"  # of the version that is upgraded to: as long as ours
OPENING = ('open relay: rule "app" (%s:%d) answers "OK", which lets it pass, to client_address="203.0.113.9" client_name="unknown" '
           'reverse_client_name="unknown" helo_name="host.client.example" sender="sender@elsewhere.example" '
           'recipient="someone@foreign.example"')

OURS_AND_REFUSED = "250 2.1.5 Ok\n554 5.7.1 <v@foreign.example>: Recipient address rejected: Relay access denied"
OURS_AND_RELAYED = "250 2.1.5 Ok\n250 2.1.5 Ok"

FULL = os.environ.get("PL_MACHINE_FULL") == "1"  # as tests/long sets it
full = unittest.skipUnless(FULL, "takes minutes: tests/long")


def setUpModule():
    global m
    stack = unittest.addModuleCleanup
    temp = tempfile.TemporaryDirectory(prefix="postlatch-machine-")
    stack(temp.cleanup)
    over = Path(temp.name) / "over"
    over.mkdir()
    rig_machine.bring(over)
    (over / "opt/next").mkdir()
    for name in ("sbin/postlatchd", "bin/postlatch"):
        program = (over / "usr/local" / name).read_bytes()
        version = re.search(rb"\0postlatchd? ([0-9.]{5})[ \0]", program).group(1)
        new = over / "opt/next" / Path(name).name
        new.write_bytes(program.replace(version, NEXT.encode()))
        new.chmod(0o755)
    if FULL:
        bring_packages(over / "opt/deb", temp.name)
    m = rig_machine.Machine(temp.name, over)
    stack(m.close)
    m.run("systemctl is-system-running --wait", seconds=rig_machine.BOOT_S)


def bring_packages(into, temp):
    """Debian's package of the tree, and the same as a later version."""
    into.mkdir()
    first = test_deb.rig_root.deb()
    shutil.copy(first, into / "first.deb")
    shutil.copy(test_deb.next_version(first, temp, change_conf=False), into / "next.deb")


def show(*names, unit="postlatch.service"):
    """Properties of the unit, by name."""
    lines = m.must("systemctl show %s -p %s" % (unit, ",".join(names))).splitlines()
    return dict(line.split("=", 1) for line in lines)


def entries_since(mark):
    """What the unit, and systemd of the unit, have logged since. journalctl itself cannot choose: a cursor whose entry is not
    chosen hides the first that is."""
    lines = m.must("journalctl -o json --no-pager --after-cursor='%s'" % mark).splitlines()
    return [e for e in map(json.loads, lines) if "postlatch.service" in (e.get("_SYSTEMD_UNIT"), e.get("UNIT"))]


def lines_since(mark):
    """Without decisions, each line with who wrote it."""
    return [(e["SYSLOG_IDENTIFIER"], e["MESSAGE"]) for e in entries_since(mark) if not e["MESSAGE"].startswith("decision ")]


def mark():
    m.must("journalctl --sync")
    return re.search("-- cursor: (.*)", m.must("journalctl -n 0 --show-cursor")).group(1)


class Units(unittest.TestCase):
    maxDiff = None

    def logged(self, since, text):
        """The lines since a mark, once one of the daemon's contains text."""
        return m.until("a line: " + text, lambda: [l for l in lines_since(since) if text in l[1]])

    def running(self, unless=None):
        """The main process of the unit, when it is ready; another one than `unless`."""
        def look():
            got = show("SubState", "MainPID")
            return got["SubState"] == "running" and got["MainPID"] != unless and got["MainPID"]
        return m.until("the unit to run", look)

    def ask(self, address):
        return m.must("python3 /opt/test/ask.py " + address, seconds=300)

    def traffic(self):
        return json.loads(m.must("cat /run/traffic.json"))

    def flow(self):
        """Each client's mail gets through, now."""
        before = self.traffic()["sent"]
        after = m.until("mail to flow", lambda: (lambda t: (t["wrong"] or all(a > b + 1 for a, b in zip(t["sent"], before))) and t)(
            self.traffic()))
        self.assertEqual(after["wrong"], [])

    def test_01_what_is_installed(self):
        """sysusers.d and tmpfiles.d were applied at boot, by systemd's own tools; the units start as postlatchd(8) says."""
        self.assertEqual(m.must("getent passwd _postlatch | cut -d: -f1,5-"), "_postlatch:Postfix policy server:/:/usr/sbin/nologin")
        self.assertEqual(m.must("stat -c '%A %U %G' /run/postlatch"), "drwxr-xr-x _postlatch _postlatch")
        m.must("systemctl enable --now postlatch.socket postlatch.service")
        self.assertEqual(m.must("stat -c '%A %U %G' " + SOCKET), "srw-rw---- postfix postfix")
        self.assertEqual(show("ActiveState", "SubState", unit="postlatch.socket"), {"ActiveState": "active", "SubState": "running"})
        self.assertEqual(show("Type", "ActiveState", "SubState", "NRestarts", "StatusText", "TriggeredBy"), {
            "Type": "notify", "ActiveState": "active", "SubState": "running", "NRestarts": "0", "TriggeredBy": "postlatch.socket",
            "StatusText": "generation 1 of %s is in force; verdict: safe" % CONF})
        text = m.must("systemctl status postlatch --no-pager")
        self.assertIn('Status: "generation 1 of %s is in force; verdict: safe"' % CONF, text)
        self.assertRegex(text, r"postlatchd\[\d+\]: the policy is proved safe")

    def test_02_a_chrooted_smtpd_asks(self):
        self.assertEqual(self.ask("203.0.113.9"), OURS_AND_REFUSED)
        self.assertEqual(self.ask("198.51.100.7"), OURS_AND_RELAYED)
        self.assertEqual(set(m.must("for p in $(pgrep -x smtpd); do readlink /proc/$p/root; done").split()), {"/var/spool/postfix"})

    def test_03_the_sandbox_is_in_force(self):
        """As the kernel and systemd say it of the running process."""
        pid = self.running()
        status = dict(re.findall(r"(?m)^(\w+):\t(.*)$", m.must("cat /proc/%s/status" % pid)))
        user = m.must("id -u _postlatch"), m.must("id -g _postlatch")
        self.assertEqual([status[k] for k in ("Uid", "Gid")], ["\t".join([n] * 4) for n in user])
        self.assertEqual(status["Groups"].split(), [user[1]])
        self.assertEqual({k: status[k].strip("0") for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")},
                         dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), ""))
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertIn("confined to the files of the policy (landlock 2) and to the system calls of a policy server (seccomp)",
                      m.must("journalctl -u postlatch -o cat --no-pager"))
        m.must("systemd-analyze security --no-pager --threshold=15 postlatch.service")
        inside = "nsenter -t %s -m " % pid
        self.assertNotEqual(m.run(inside + "touch /etc/postlatch/x")[0], 0)
        self.assertEqual(m.must(inside + "ls -A /home /root /tmp"), "/home:\n\n/root:\n\n/tmp:")

    def test_04_limits(self):
        pid = self.running()
        limits = m.must("cat /proc/%s/limits" % pid)
        self.assertRegex(limits, r"Max open files +65536 +65536 ")
        self.assertEqual(show("LimitNOFILE", "TasksMax", "MemoryMax", "WatchdogUSec"), {
            "LimitNOFILE": "65536", "TasksMax": "512", "MemoryMax": "infinity", "WatchdogUSec": "10s"})
        self.assertEqual(m.must("cat /sys/fs/cgroup/system.slice/postlatch.service/pids.max"), "512")

    def test_05_traffic(self):
        self.start_traffic()

    def test_10_reload(self):
        """A good file is in force; a bad and an open one fail visibly, and change nothing. Files beside the first are read."""
        in_force = "generation 2 of %s is in force; verdict: safe" % CONF
        m.write(MORE, 'rule "blocked" { sender = {blocked.example}  action = "REJECT Blocked" }\n')
        m.must("systemctl reload postlatch")
        self.assertEqual(show("StatusText")["StatusText"], in_force)
        for text, reasons in ((OPEN_RULE, [OPENING % (MORE, 1), "refused; keeping the running policy (generation 2); run: postlatch check -c "
                                           + CONF]),
                              ("relay_netwerks = {192.0.2.0/24}\n",
                               [MORE + ':1: unknown option "relay_netwerks"; did you mean "relay_networks"?',
                                "1 error; keeping the running policy (generation 2)"])):
            since = mark()
            m.write(MORE, text)
            self.assertEqual(m.run("systemctl reload postlatch"), (1, "Job for postlatch.service failed.\nSee \"systemctl status "
                                   "postlatch.service\" and \"journalctl -xeu postlatch.service\" for details."))
            for reason in reasons:
                self.assertEqual([l for l in self.logged(since, reason) if l[0] == "postlatchd"], [("postlatchd", "reload: " + reason)])
            self.assertEqual(show("ActiveState", "StatusText"), {
                "ActiveState": "active", "StatusText": in_force + "; the last reload was refused"})
            self.flow()
        m.write(MORE, "# nothing\n")
        m.must("systemctl reload postlatch")
        self.assertEqual(show("StatusText")["StatusText"], "generation 3 of %s is in force; verdict: safe" % CONF)
        self.flow()

    def test_11_restart(self):
        before = self.running()
        m.must("systemctl restart postlatch")
        before = self.running(before)
        self.flow()
        # Between the two, somebody who waits in the socket has it started: that is what sockets are for.
        m.must("systemctl stop postlatch && systemctl start postlatch")
        self.running(before)
        self.flow()

    def test_12_killed(self):
        """Each time it is started anew, however often."""
        signals = ("KILL", "ABRT", "SEGV") + ("KILL",) * (5 if FULL else 0)
        for signal in signals:
            before = self.running()
            m.must("kill -s %s %s" % (signal, before))
            self.running(before)
        self.flow()
        self.assertEqual(show("NRestarts", "Result"), {"NRestarts": str(len(signals)), "Result": "success"})
        self.assertEqual(show("ActiveState", "Result", unit="postlatch.socket"), {"ActiveState": "active", "Result": "success"})

    @full
    def test_13_hung(self):
        """All of it: the watchdog ends it after 10 s at most, and Postfix's second try finds the next one: with the timeout that
        docs/integration.md has, nobody is told to come again."""
        m.must("postconf -e smtpd_policy_service_timeout=10s && systemctl reload postfix")
        self.flow()
        before, since = self.running(), mark()
        m.must("kill -s STOP " + before)
        self.running(before)
        self.logged(since, "Watchdog timeout (limit 10s)!")
        self.flow()
        m.must("postconf -X smtpd_policy_service_timeout && systemctl reload postfix")

    @full
    def test_14_one_worker_hung(self):
        before, since = self.running(), mark()
        m.must("systemd-run -q --collect python3 /opt/test/stall.py %s worker-0" % before)
        self.running(before)
        self.logged(since, "worker-0 does not come back to its loop; no keep-alive is sent to the service manager")
        self.logged(since, "Watchdog timeout (limit 10s)!")
        self.flow()

    def test_15_upgrade(self):
        """The programs are replaced while they run, then the unit is restarted, as packages do it."""
        before = self.running()
        m.must("install -m 755 /opt/next/postlatchd /usr/local/sbin/ && install -m 755 /opt/next/postlatch /usr/local/bin/")
        self.flow()
        m.must("systemctl daemon-reload && systemctl restart postlatch")
        self.running(before)
        self.assertRegex(m.must("postlatch status"), r"\Apostlatchd %s, " % re.escape(NEXT))
        self.flow()

    @full
    def test_16_journal(self):
        """It is restarted; then it is away, for as long as some reloads take."""
        since = mark()
        m.must("systemctl restart systemd-journald")
        self.flow()
        m.must("systemctl reload postlatch")
        self.logged(since, "is in force")
        m.must("systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket systemd-journald")
        self.assertEqual(m.run("systemctl is-active systemd-journald")[1], "inactive")
        self.flow()
        m.must("systemctl reload postlatch")
        self.flow()
        m.must("systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald")
        since = mark()
        m.must("systemctl reload postlatch")
        self.logged(since, "is in force")
        self.flow()

    @full
    def test_17_clock(self):
        """Logged and counted each time; by journalctl without a cursor, as one does not lead past a step back."""
        for n, step in enumerate(("+1 day", "-3 days", "+2 days"), 1):
            m.must("date -s '%s'" % step)
            m.until("the count", lambda: '"clock_steps_total": %d,' % n in m.must("postlatch status --json"))
            self.flow()
        self.assertRegex(m.must("postlatch status"), r"(?m)^clock +set 3 times by two seconds or more; the log says when$")
        lines = m.must("journalctl -u postlatch -o cat --no-pager | grep 'wall clock'").splitlines()
        days = [re.sub(r"\d+ s;", lambda n: "%.2f d;" % (int(n.group().split()[0]) / 86400), line) for line in lines]
        self.assertEqual(days, ["the wall clock was set %s d; answers go on, waivers end by the new date" % by for by in
                                ("ahead by 1.00", "back by 3.00", "ahead by 2.00")])
        self.assertEqual(show("ActiveState")["ActiveState"], "active")

    def test_18_each_line_once(self):
        """A decision stands in the journal once, with its fields. So does a warning: test_10."""
        since = mark()
        self.assertEqual(self.ask("203.0.113.77"), OURS_AND_REFUSED)
        self.logged_decisions(since, 2)

    def logged_decisions(self, since, count):
        """Entries of the journal: as many, and no more once the journal has all that was sent."""
        def look():
            return [e for e in entries_since(since) if e.get("POSTLATCH_CLIENT") == "203.0.113.77"]
        m.until("the decisions", lambda: len(look()) >= count)
        m.must("journalctl --sync")
        got = look()
        self.assertEqual([(e["POSTLATCH_ACTION"], e["POSTLATCH_RULE"], e["POSTLATCH_TO"], e["SYSLOG_IDENTIFIER"]) for e in got],
                         [("DUNNO", "builtin:accepted", "a@example.org", "postlatchd"),
                          ("REJECT", "builtin:reject", "v@foreign.example", "postlatchd")])

    def start_traffic(self):
        m.must("rm -f /run/traffic.json && systemctl start traffic")
        m.until("traffic", lambda: m.run("test -e /run/traffic.json")[0] == 0)
        self.flow()

    queued = {}  # by the clients that have ended: the recipients of each message

    def end_traffic(self):
        """No client saw anything but what is due, and each message was delivered, once."""
        m.must("systemctl stop traffic", seconds=400)
        traffic = self.traffic()
        self.assertEqual(traffic["wrong"], [])
        self.queued.update(traffic["queued"])
        last = lambda: m.must("postqueue -p") == "Mail queue is empty" and m.must("cat /var/log/mail.log")
        delivered = collections.defaultdict(list)
        for queue_id, recipient in re.findall(r": (\w+): to=<(.*?)>, .* status=sent \(", m.until("the deliveries", last)):
            delivered[queue_id].append(recipient)
        self.assertEqual({q: sorted(r) for q, r in delivered.items()}, self.queued)
        print("figure: %d messages of %d clients, all delivered once" % (len(traffic["queued"]), len(traffic["sent"])), flush=True)

    def test_20_nothing_lost(self):
        self.end_traffic()
        self.assertEqual(m.run("grep 'Server configuration' /var/log/mail.log"), (1, ""))

    @full
    def test_21_postfix_restarted(self):
        """The socket in its queue folder stays, and so does who listens there."""
        before = self.running()
        m.must("systemctl restart postfix")
        self.assertEqual(self.ask("203.0.113.9"), OURS_AND_REFUSED)
        self.assertEqual(self.running(), before)

    def test_30_stop(self):
        """The unit does not come up, and says why; who asks waits, until the file is mended, and nothing gives up meanwhile."""
        since = mark()
        m.write(MORE, OPEN_RULE)
        status, text = m.run("systemctl restart postlatch")
        self.assertEqual((status, text.splitlines()[0]), (1, "Job for postlatch.service failed because the control process exited with "
                                                          "error code."))
        self.logged(since, OPENING % (MORE, 1))
        self.logged(since, "the policy is open; not started; run: postlatch check -c " + CONF)
        why = 'Status: "not started, as %s is open; run: postlatch check -c %s"' % (CONF, CONF)
        m.until("the reason in systemctl status", lambda: why in m.run("systemctl status --no-pager postlatch")[1])
        m.must("systemd-run -q --unit=asks sh -c 'python3 /opt/test/ask.py 203.0.113.9 >/run/asked'")
        m.until("many tries", lambda: int(show("NRestarts")["NRestarts"]) > 8)
        self.assertEqual(show("ActiveState", "Result", unit="postlatch.socket"), {"ActiveState": "active", "Result": "success"})
        self.assertEqual(m.must("cat /run/asked"), "")
        m.write(MORE, "# mended\n")
        self.running()
        self.assertEqual(m.until("the answer", lambda: m.run("systemctl is-active asks")[0] != 0 and m.must("cat /run/asked")),
                         OURS_AND_REFUSED)

    def test_31_locked(self):
        """Mail to our own domains is taken, all else waits; a reload of the mended file unlocks it."""
        m.write(MORE, "on_bad_policy = locked\n" + OPEN_RULE)
        m.must("systemctl restart postlatch")
        self.assertEqual(show("StatusText")["StatusText"], "locked, as %s is open: nobody may relay" % CONF)
        for address in ("203.0.113.9", "198.51.100.7"):
            self.assertEqual(self.ask(address), "250 2.1.5 Ok\n451 4.3.5 <v@foreign.example>: Recipient address rejected: Server "
                             "configuration error; try again later")
        m.write(MORE, "on_bad_policy = locked\n")
        m.must("systemctl reload postlatch")
        self.assertEqual(show("StatusText")["StatusText"], "generation 2 of %s is in force; verdict: safe" % CONF)
        self.assertEqual(self.ask("198.51.100.7"), OURS_AND_RELAYED)

    @full
    def test_40_package(self):
        """Debian's package in place of what was installed: it listens when dpkg has ended. An upgrade loses nothing."""
        m.must("systemctl disable --now postlatch.service postlatch.socket && rm -r /etc/postlatch /etc/systemd/system/postlatch.socket.d "
               "/usr/local/*bin/postlatch* /usr/local/lib/*/*/postlatch.* /usr/local/lib/*/postlatch.* && systemctl daemon-reload")
        m.must("dpkg -i /opt/deb/first.deb", seconds=300)
        self.assertEqual(show("ActiveState", "Listen", unit="postlatch.socket"), {
            "ActiveState": "active", "Listen": "127.0.0.1:10071 (Stream)"})
        self.assertEqual(show("ActiveState", "FragmentPath", "StatusText"), {
            "ActiveState": "active", "FragmentPath": "/lib/systemd/system/postlatch.service",
            "StatusText": "generation 1 of %s is in force; verdict: safe" % CONF})
        m.write(CONF, "accepted_domains = {example.org}\nrelay_networks = {198.51.100.0/24}\n")
        m.must("systemctl reload postlatch")
        m.must("postconf -e 'smtpd_relay_restrictions = check_policy_service inet:127.0.0.1:10071, reject_unauth_destination' && "
               "systemctl reload postfix")
        self.start_traffic()
        before = self.running()
        m.must("dpkg -i /opt/deb/next.deb", seconds=300)
        self.running(before)
        self.assertEqual(m.must("dpkg-query -W -f '${Version} ${Status}' postlatch"), "9.0 install ok installed")
        self.flow()
        self.end_traffic()


if __name__ == "__main__":
    lacking = rig_machine.missing() + ([] if os.getuid() == 0 else ["root"])
    no_deb = test_deb.rig_root.missing("dpkg-buildpackage", "dh") if FULL else None
    lacking += [no_deb] if no_deb else []
    if lacking:
        print("SKIP: missing: " + ", ".join(lacking), file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main(failfast=True)
