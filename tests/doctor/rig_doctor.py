# SPDX-License-Identifier: BSD-2-Clause
"""Cases of `postlatch doctor`: folders of Postfix made from *.cases files, see README.md in this folder."""
import os
import pwd
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "blackbox"))

from rig_daemon import Daemon, LogSocket
from rig_tools import Port, Process, cleanup, folder, pl_bin, run, tool, wait_until, write

QUEUE_FOLDERS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "saved", "trace")

SERVICE = "check_policy_service { unix:postlatch/policy, timeout=5s, " \
          "{ default_action = 451 4.3.5 Policy server is not available } }"

MAIN_CF = {
    "compatibility_level": "3.6",
    "queue_directory": "@TOP@/queue",
    "data_directory": "@TOP@/data",
    "maillog_file": "@TOP@/maillog",
    "maillog_file_prefixes": "@TOP@",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "notify_classes": "",
    "in_flow_delay": "0",
    "myhostname": "mx.example.org",
    "myorigin": "example.org",
    "mydestination": "mx.example.org, example.org",
    "mynetworks": "198.51.100.0/24",
    "alias_maps": "",
    "alias_database": "",
    "local_recipient_maps": "",
    "local_transport": "discard:local",
    "virtual_transport": "discard:virtual",
    "relay_transport": "discard:relay",
    "default_transport": "discard:foreign",
    "smtpd_peername_lookup": "no",
    "smtpd_relay_restrictions": "@SERVICE@, reject_unauth_destination",
}

MASTER_CF = "@SMTP@ inet n - n - - smtpd\n"

ALWAYS = """
postlog    unix-dgram n - n - 1 postlogd
rewrite    unix - - n - - trivial-rewrite
cleanup    unix n - n - 0 cleanup
qmgr       unix n - n 300 1 qmgr
anvil      unix - - n - 1 anvil
proxymap   unix - - n - - proxymap
bounce     unix - - n - 0 bounce
defer      unix - - n - 0 bounce
trace      unix - - n - 0 bounce
error      unix - - n - - error
discard    unix - - n - - discard
"""

POLICY = {
    "accepted_domains": "{example.org, mx.example.org}",
    "relay_networks": "{192.0.2.0/24}",
    "relay_users": "{any}",
}


def parse(path):
    """The cases of a file: [(name, {section: text})], and the order of sections is kept."""
    cases, sections, text = [], None, None
    for line in path.read_text().splitlines():
        if line.startswith("=== "):
            sections = {}
            cases.append((line[4:], sections))
            text = sections.setdefault("about", [])
        elif line.startswith("--- "):
            text = sections.setdefault(line[4:], [])
        elif text is not None:
            text.append(line)
    return cases


def settings(lines):
    """name = value of main.cf, continuation lines joined."""
    found = {}
    name = None
    for line in lines:
        if line[:1] in (" ", "\t") and name is not None:
            found[name] += " " + line.strip()
        elif "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            name = name.strip()
            found[name] = value.strip()
    return found


class Case:
    """One case: its folder, its daemon; a Postfix if it is asked to be true."""

    def __init__(self, name, sections):
        self.name = name
        self.sections = sections
        self.top = folder("pldr-")
        self.queue = os.path.join(self.top, "queue")
        self.etc = os.path.join(self.top, "etc")
        for sub in ("queue", "data", "etc", "queue/pid", "queue/private", "queue/public", "queue/maildrop",
                    "queue/etc") + tuple("queue/" + n for n in QUEUE_FOLDERS):
            os.mkdir(os.path.join(self.top, sub))
        for sub in ("data", "queue/private", "queue/public", "queue/maildrop") + tuple(
                "queue/" + n for n in QUEUE_FOLDERS):
            os.chown(os.path.join(self.top, sub), pwd.getpwnam("postfix").pw_uid, -1)
        self.daemon = Daemon(self.top, self.queue)
        self.ports = {"SMTP": Port(), "SMTP2": Port(), "SMTP3": Port()}
        self.main = dict(MAIN_CF)
        for key, value in settings(sections.get("main.cf", [])).items():
            self.main[key] = value
        self.master = "\n".join(sections["master.cf"]) if "master.cf" in sections else MASTER_CF
        self.policy = "\n".join(sections.get("postlatch.conf", []))
        for key, value in POLICY.items():
            if not re.search(r"(?m)^%s\b" % key, self.policy):
                self.policy += "\n%s = %s" % (key, value)
        self.postfix = None
        write(os.path.join(self.top, "host"), "\n".join(sections.get("host", [])) + "\n")
        self.write()

    def fill(self, text):
        text = text.replace("@SERVICE@", SERVICE)
        for name, port in self.ports.items():
            text = text.replace("@%s@" % name, str(port.port))
        return text.replace("@TOP@", self.top).replace("@TCP@", str(self.daemon.port)).replace(
            "@TCPPORT@", str(self.daemon.port.port))

    def unfill(self, text):
        for name, port in self.ports.items():
            text = text.replace(str(port.port), "@%s@" % name)
        return text.replace(str(self.daemon.port), "@TCP@").replace(self.top, "@TOP@").replace(
            str(self.daemon.port.port), "@TCPPORT@")

    def write(self):
        """The files as they are now."""
        write(os.path.join(self.etc, "main.cf"), "".join(
            "%s = %s\n" % (k, self.fill(v)) for k, v in self.main.items()))
        write(os.path.join(self.etc, "master.cf"), self.fill(self.master) + "\n" + ALWAYS)
        for name, lines in self.sections.items():
            if name.startswith("file "):
                path = os.path.join(self.top, name[5:])
                write(path, self.fill("\n".join(lines)) + "\n")
                if name.endswith(".hash"):
                    run([tool("postmap", "postfix"), "-c", self.etc, "hash:" + path])
        self.daemon.write(self.fill(self.policy))

    def start(self):
        """The daemon, unless the case has none; then what the case does to its folder."""
        if "no daemon" not in self.sections:
            self.daemon.start()
        for line in self.sections.get("shell", []):
            if line.strip():
                run(["sh", "-ec", self.fill(line)])

    def doctor(self, *more):
        """(output, status)"""
        done = subprocess.run([pl_bin("postlatch"), "doctor", "-c", self.daemon.config, "--postfix", self.etc,
                               "--host", os.path.join(self.top, "host"), *more],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=120, user="nobody" if "as nobody" in self.sections else None,
                              extra_groups=[] if "as nobody" in self.sections else None,
                              env={k: v for k, v in os.environ.items() if k != "COLUMNS"}, check=False)
        return self.unfill(done.stdout), done.returncode

    def start_postfix(self, xclient=True):
        """A real master with these files; strangers are made with XCLIENT, which is not part of the case."""
        main = dict(self.main)
        if xclient:
            main["smtpd_authorized_xclient_hosts"] = "127.0.0.1"
        write(os.path.join(self.etc, "main.cf"), "".join("%s = %s\n" % (k, self.fill(v)) for k, v in main.items()))
        self.postfix = Process([tool("master", "postfix"), "-d", "-c", self.etc], os.path.join(self.top, "master.err"))

    def stop_postfix(self):
        self.postfix.stop()
        self.postfix = None

    def stop(self):
        if self.postfix is not None:
            self.stop_postfix()
        if self.daemon.process is not None:
            self.daemon.stop()
