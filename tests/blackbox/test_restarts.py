#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon ended, killed and replaced by another program while mail flows through a real Postfix, its sockets held as systemd
holds them: a client sees nothing but a delay, and no message is lost or comes twice."""
import collections
import os
import re
import shutil
import signal
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from postfix_rig import ACCEPTED, NEEDS, OK, Rig, RigCase, read
from rig_daemon import Daemon
from rig_holder import launcher, listen
from rig_tools import Process, cleanup, main, pl_bin, wait_until

INSIDE, OUTSIDE = "198.51.100.7", "203.0.113.9"
FOREIGN = "victim@foreign.example.com"
CLIENTS = (("relay", OUTSIDE), ("relay-unix", OUTSIDE), ("recipient", INSIDE), ("recipient-unix", INSIDE))


class HeldDaemon(Daemon):
    """The sockets are ours, from before its first start to after its last; the program is what a link leads to."""

    def __init__(self, folder, queue=None):
        super().__init__(folder, queue)
        self.sockets = [listen(self.tcp), listen(self.unix)]
        for s in self.sockets:
            cleanup(s.close)
        self.program = os.path.join(folder, "current")
        os.symlink(pl_bin("postlatchd"), self.program)

    def start(self, policy=None):
        if policy is not None:
            self.write(policy)
        front, descriptors = launcher(self.sockets)
        self.process = Process([*front, self.program, "-f", "-c", self.config], self.err, pass_fds=descriptors)
        self.ready()
        return self

    def upgrade(self):
        """Another program takes the place of the one that runs."""
        other = os.path.join(self.folder, "postlatchd-%d" % self.process.pid)
        shutil.copy(os.path.realpath(self.program), other)
        os.symlink(other, other + ".link")
        os.rename(other + ".link", self.program)


class HeldRig(Rig):
    make_daemon = HeldDaemon


class Client:
    """Sends messages one after the other, each in a session of its own; notes each reply that is not as it should be."""

    def __init__(self, rig, number, place, address, refused):
        self.rig, self.number, self.place, self.address, self.refused = rig, number, place, address, refused
        self.sent = {}               # queue id: recipients
        self.wrong = []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def want(self, what, reply, wanted):
        if str(reply) != wanted:
            self.wrong.append("%s, %s: %s, not %s" % (self.place, what, reply, wanted))

    def run(self):
        try:
            while not self.end.is_set():
                self.message(len(self.sent))
        except Exception as why:     # a thread's would be lost
            self.wrong.append("%s: %r" % (self.place, why))

    def message(self, n):
        ours = ["u%d.%d.%d@example.org" % (self.number, n, i) for i in range(3)]
        with self.rig.smtp(self.place, self.address) as s:
            self.want("MAIL", s.mail("s@sender.example.net"), "250 2.1.0 Ok")
            for recipient in ours:
                self.want(recipient, s.rcpt(recipient), OK)
            inside = self.address == INSIDE
            self.want(FOREIGN, s.rcpt(FOREIGN), OK if inside else self.refused(FOREIGN))
            reply = s.data()
        found = re.fullmatch(r"250 2\.0\.0 Ok: queued as (\w+)", str(reply))
        if found:
            self.sent[found.group(1)] = sorted(ours + [FOREIGN] * inside)
        else:
            self.wrong.append("%s, DATA: %s" % (self.place, reply))


class Restarts(RigCase):
    policy = ACCEPTED + "relay_networks = {198.51.100.0/24}\n"
    make_rig = HeldRig

    def flow(self, clients):
        """Each client's mail gets through, now."""
        before = [len(c.sent) for c in clients]
        wait_until(lambda: all(len(c.sent) > b + 1 or c.wrong for c, b in zip(clients, before)), "mail to flow")

    def restart(self, how):
        daemon = self.rig.daemon
        old = daemon.process
        if how == "upgrade":
            daemon.upgrade()
        old.kill(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        old.wait()
        self.assertEqual(old.popen.returncode, -signal.SIGKILL if how == "kill" else 0)
        daemon.start()
        self.assertNotEqual(old.pid, daemon.process.pid)
        self.assertEqual(os.readlink("/proc/%d/exe" % daemon.process.pid), os.path.realpath(daemon.program))

    def test_mail_flows(self):
        clients = [Client(self.rig, i, place, address, self.refused) for i, (place, address) in enumerate(CLIENTS)]
        self.flow(clients)
        for how in ("end", "kill", "upgrade", "end", "kill", "upgrade", "kill", "end"):
            self.restart(how)
            self.flow(clients)
        for c in clients:
            c.end.set()
        for c in clients:
            c.thread.join()
        self.assertEqual([w for c in clients for w in c.wrong], [])
        sent = {queue_id: recipients for c in clients for queue_id, recipients in c.sent.items()}
        self.assertEqual(len(sent), sum(len(c.sent) for c in clients))
        wait_until(lambda: all(": %s: removed" % q in read(self.rig.maillog) for q in sent), "the deliveries")
        delivered = collections.defaultdict(list)
        for queue_id, recipient in re.findall(r": (\w+): to=<(.*?)>, .* status=sent \(", read(self.rig.maillog)):
            delivered[queue_id].append(recipient)
        self.assertEqual({q: sorted(r) for q, r in delivered.items()}, sent)
        self.assertNotIn("Server configuration", read(self.rig.maillog))
        print("%d messages, %d recipients, 8 restarts" % (len(sent), sum(map(len, sent.values()))))


if __name__ == "__main__":
    main(NEEDS)
