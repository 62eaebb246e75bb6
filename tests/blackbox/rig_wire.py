# SPDX-License-Identifier: BSD-2-Clause
"""A Postfix that is wired up by what `postlatch snippet` prints, pasted as it is."""
import os
import re
import subprocess

import postfix_rig
from postfix_rig import MAIN_CF, MASTER_CF, Rig
from rig_tools import Port, Process, pl_bin, tool, wait_until, write

OUTSIDE, INSIDE, GRANTED = "203.0.113.9", "198.51.100.7", "192.0.2.7"
FOREIGN, OURS = "victim@foreign.example.com", "user@example.org"
OWN_RELAY = "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"

# name, chroot, -o lines. A service by its port alone: one by address on loopback counts as a content filter's way back.
SERVICES = [
    ("plain", "n", []),
    ("chrooted", "y", []),
    ("submission", "y", ["syslog_name=postfix/submission", "smtpd_relay_restrictions=permit_sasl_authenticated,reject"]),
    ("old-submission", "n", ["smtpd_relay_restrictions=",
                             "smtpd_recipient_restrictions=permit_sasl_authenticated,reject"]),
]


def put(main_cf, lines):
    """main.cf with lines in the place of those with the same names. (Left in, each would be a line of the log, and
    master stands still when it has written ten of them before postlogd reads.)"""
    for name in re.findall(r"(?m)^(\w+) *=", lines):
        main_cf = re.sub(r"(?m)^%s *=.*\n(?:[ \t].*\n)*" % name, "", main_cf)
    return main_cf + lines


class WireRig(Rig):
    """Rig whose Postfix starts as Debian's, and is wired by wire()."""

    postfix = None

    def _start_postfix(self):
        self.ports = {name: Port() for name, *_ in SERVICES}

    @property
    def etc(self):
        return os.path.join(self.top, "etc")

    def plain(self, main="smtpd_relay_restrictions = " + OWN_RELAY, services=SERVICES, ipv6=False):
        """main.cf and master.cf as they were before us; with ipv6 services are named by address and port."""
        base = MAIN_CF[:MAIN_CF.index("by_tcp = ")]
        base = base.format(
            top=self.top, queue=self.queue, data=os.path.join(self.top, "data"), protocols="all" if ipv6 else "ipv4",
            interfaces="127.0.0.1, [::1]" if ipv6 else "127.0.0.1")
        write(os.path.join(self.etc, "main.cf"), put(base, main + "\n"))
        lines = [MASTER_CF]
        for name, chroot, options in services:
            lines.append("%s inet n - %s - - smtpd" % (self.ports[name] if ipv6 else self.ports[name].port, chroot))
            lines += ["  -o %s" % option for option in options]
        write(os.path.join(self.etc, "master.cf"), "\n".join(lines) + "\n")

    def snippet(self, *more, status=0):
        """What the command prints."""
        done = subprocess.run([pl_bin("postlatch"), "snippet", "-c", self.daemon.config, "--postfix", self.etc, *more],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != status:
            raise AssertionError("snippet: %d\n%s%s" % (done.returncode, done.stdout, done.stderr))
        return done.stdout

    def paste(self, *more, status=0):
        """Put the lines where they say, into main.cf and master.cf."""
        lines = self.snippet(*more, status=status)
        entries = self.snippet("--master", *more, status=status)
        path = os.path.join(self.etc, "main.cf")
        with open(path, encoding="utf-8") as f:
            main = f.read()
        write(path, put(main, lines))
        path = os.path.join(self.etc, "master.cf")
        with open(path, encoding="utf-8") as f:
            master = f.read()
        for entry in re.findall(r"(?m)^[^#\s].*(?:\n[ \t].*)*", entries):
            name = re.escape(entry.split()[0])
            master, n = re.subn(r"(?m)^%s .*(?:\n[ \t].*)*" % name, lambda _: entry, master)
            if n != 1:
                raise AssertionError("no entry %s in\n%s" % (name, master))
        write(path, master)
        return lines

    def start_postfix(self):
        """Anew: a reload would leave smtpd processes with the old lists for a while."""
        if self.postfix is not None:
            self.postfix.stop()
        self.postfix = Process([tool("master", "postfix"), "-d", "-c", self.etc], os.path.join(self.top, "master.err"))
        for name in self.ports:
            wait_until(lambda: self._greets(name), "Postfix to greet (%s)" % name, timeout=60,
                       alive=self.postfix.check_alive)


class WireCase(postfix_rig.RigCase):
    make_rig = WireRig
