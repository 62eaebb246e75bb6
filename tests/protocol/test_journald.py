#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real systemd-journald, in namespaces and a root of its own: what it keeps of the daemon's lines. Runs alone, as test_daemon.py."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_daemon import BIN  # noqa: E402

JOURNALD = Path("/usr/lib/systemd/systemd-journald")
DROP_IN = Path(__file__).resolve().parents[2] / "contrib/rsyslog/postlatch.conf"

# A root of memory: nothing of this machine's but /usr and our programs, read-only. journald wants to know the cgroups.
ROOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs none "$1"
cd "$1"
mkdir -p usr proc dev run/systemd/journal run/log/journal var/log etc tmp sys build root
for n in bin sbin lib lib64; do ln -s usr/$n $n; done
mount --bind /usr usr; mount -o remount,bind,ro usr
mount --bind "$2" build; mount -o remount,bind,ro build
mount -t proc none proc; mount -t sysfs none sys; mount --rbind -o ro /sys/fs/cgroup sys/fs/cgroup
for d in null zero urandom random; do touch dev/$d; mount --bind /dev/$d dev/$d; done
tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
cp /etc/passwd /etc/group /etc/ld.so.cache etc/
cp "$3" "$4" root/
exec chroot . /bin/sh /root/inside
"""

# wait_for COMMAND: until it is true, for a minute.
INSIDE = r"""
cd /root
wait_for() { n=0; until "$@" >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 1200 ] || { echo "in vain: $*" >&2; exit 1; }; sleep 0.05; done; }
found() { journalctl --no-pager -q -o cat -g "$1" | grep -q .; }
/usr/lib/systemd/systemd-journald & journald=$!
wait_for [ -S /run/systemd/journal/socket ]
cat >rsyslog.conf <<'END'
global(workDirectory="/tmp")
module(load="imuxsock" SysSock.Name="/run/systemd/journal/syslog" SysSock.Unlink="on")
module(load="builtin:omfile" Template="RSYSLOG_FileFormat")
include(file="/root/postlatch.conf")
mail.* action(type="omfile" file="/var/log/mail.log")
END
rsyslogd -n -f /root/rsyslog.conf -i /tmp/rsyslog.pid & rsyslogd=$!
wait_for [ -S /run/systemd/journal/syslog ]
cat >conf <<'END'
accepted_domains = {example.org}
relay_networks = {192.0.2.0/24}
user = nobody
listen = {"unix:/tmp/policy"}
control = "/tmp/control"
END
chmod 1777 /tmp
echo 'relay_networks = {0.0.0.0/0}' >bad
# As the manager of a unit does it: a stream to the journal, and its name.
unit() { exec systemd-cat -t unit sh -c 'export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec "$@"' sh "$@"; }
unit /build/postlatchd -f -c conf & daemon=$!
wait_for [ -S /tmp/policy ]
wait_for /build/postlatch query -c conf client_address=192.0.2.9 recipient=v@foreign.example
/build/postlatch query -c conf client_address=203.0.113.9 'helo_name=a b"c' recipient=v@foreign.example >/dev/null
wait_for found 'rule=builtin:reject'
cp conf good; cp bad conf
/build/postlatch reload -c good >/dev/null
cp good conf
wait_for found 'keeping the running policy'
kill $daemon; wait $daemon
wait_for found 'postlatchd ended'
(unit /build/postlatchd -c bad)
wait_for found 'not started'
journalctl --sync
echo; echo "@ all"; journalctl --no-pager -o json
echo "@ field"; journalctl --no-pager -o cat POSTLATCH_RULE=builtin:reject
for form in short short-iso short-iso-precise short-precise short-unix short-full with-unit cat json; do
    echo "@ replay $form"
    journalctl --no-pager -q -o $form | /build/postlatch replay - --against conf
done
wait_for grep -q 'keeping the running policy' /var/log/mail.log
echo "@ decisions"; cat /var/log/postlatch.log
echo "@ mail"; cat /var/log/mail.log
kill $rsyslogd $journald; wait $rsyslogd; wait $journald
"""


class Journald(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "root"
            root.mkdir()
            (Path(folder) / "root.sh").write_text(ROOT)
            (Path(folder) / "inside").write_text(INSIDE)
            apart = ["unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--kill-child"]
            done = subprocess.run([*apart, "bash", f"{folder}/root.sh", root, BIN.resolve(), f"{folder}/inside", DROP_IN],
                                  capture_output=True, text=True, timeout=250, check=False)
        cls.errors = done.stderr
        cls.parts = {p.partition("\n")[0]: p.partition("\n")[2] for p in done.stdout.split("@ ")[1:]}
        if "all" not in cls.parts:
            raise AssertionError(f"status {done.returncode}: {done.stdout}\n{done.stderr}")
        entries = [json.loads(l) for l in cls.parts["all"].splitlines()]
        cls.entries = [e for e in entries if e.get("SYSLOG_IDENTIFIER") in ("postlatchd", "unit")]

    def entry(self, text):
        found = [e for e in self.entries if text in e["MESSAGE"]]
        self.assertEqual(len(found), 1, (text, found, self.errors))
        return found[0]

    def test_fields(self):
        e = self.entry("rule=builtin:reject")
        self.assertEqual({k: v for k, v in e.items() if k.startswith("POSTLATCH_") and k != "POSTLATCH_US"}, {
            "POSTLATCH_ACTION": "REJECT", "POSTLATCH_RULE": "builtin:reject", "POSTLATCH_CLIENT": "203.0.113.9",
            "POSTLATCH_NAME": "unknown", "POSTLATCH_HELO": r"a\x20b\x22c", "POSTLATCH_FROM": "<>",
            "POSTLATCH_TO": "v@foreign.example", "POSTLATCH_STATE": "RCPT", "POSTLATCH_GENERATION": "1"})
        self.assertEqual([e[k] for k in ("PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "_TRANSPORT")],
                         ["6", "2", "postlatchd", "journal"])
        self.assertEqual(self.parts["field"], e["MESSAGE"] + "\n")

    def test_once(self):
        """Each line once: those of the start by the stream, the others by the socket; none with a level in front."""
        messages = [e["MESSAGE"] for e in self.entries if "POSTLATCH_ACTION" not in e]
        self.assertEqual(len(set(messages)), len(messages), messages)
        self.assertGreater(len(messages), 6)
        self.assertFalse([m for m in messages if m.startswith("<") or m.startswith("postlatchd: ")])
        self.assertEqual(self.entry("the policy is proved safe")["_TRANSPORT"], "stdout")
        self.assertEqual(self.entry("postlatchd ended")["PRIORITY"], "6")
        failed = self.entry("1 error; not started")
        self.assertEqual((failed["_TRANSPORT"], failed["PRIORITY"], failed["SYSLOG_IDENTIFIER"]), ("stdout", "3", "unit"))

    def test_rsyslog(self):
        """rsyslog gets every line from the journal, as Debian sets both up, and its drop-in sorts them."""
        kept = [l.split("]: ", 1)[1] for l in self.parts["decisions"].splitlines() if ": decision " in l]
        self.assertEqual(kept, [e["MESSAGE"] for e in self.entries if "POSTLATCH_ACTION" in e])
        self.assertRegex(self.parts["decisions"], r"(?m)^2\S{31} \S+ postlatchd\[\d+\]: decision action=REJECT ")
        self.assertRegex(self.parts["mail"],
                         r"(?m) postlatchd\[\d+\]: reload: 1 error; keeping the running policy \(generation 1\)$")
        self.assertNotIn(": decision ", self.parts["mail"])

    def test_replay(self):
        """What journalctl prints, in each of its forms, is read back."""
        forms = [name for name in self.parts if name.startswith("replay ")]
        self.assertEqual(len(forms), 9)
        for form in forms:
            decisions = len([e for e in self.entries if "POSTLATCH_ACTION" in e])
            self.assertIn(f"lines, {decisions} decisions\n    same         {decisions}\n    other        0\n",
                          self.parts[form], form)


if __name__ == "__main__":
    if not JOURNALD.exists() or os.geteuid() != 0 or shutil.which("rsyslogd", path="/usr/sbin") is None:
        print("SKIP: needs root, systemd-journald and rsyslogd: install the packages systemd and rsyslog", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
