#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs in the machine: clients send message after message through Postfix, each in a session of its own, until SIGTERM. Every reply
that is not the due one is noted. What happened stands in /run/traffic.json, always whole."""
import json
import os
import re
import signal
import threading

import rig_smtp

rig_smtp.TIMEOUT_S = 240  # a hang of the daemon until the watchdog ends it is a delay
REFUSED = "554 5.7.1 <v@foreign.example>: Recipient address rejected: Relay access denied"
OK = "250 2.1.5 Ok"
CLIENTS = [("198.51.100.7", OK), ("203.0.113.9", REFUSED), ("203.0.113.10", REFUSED)]

end = threading.Event()
lock = threading.Lock()
told = {"sent": [0] * len(CLIENTS), "wrong": [], "queued": {}}


def tell(client=None, queue_id=None, recipients=(), wrong=()):
    with lock:
        told["wrong"] += wrong
        if queue_id is not None:
            told["sent"][client] += 1
            told["queued"][queue_id] = sorted(recipients)
        with open("/run/traffic.json.new", "w") as f:
            json.dump(told, f)
        os.rename("/run/traffic.json.new", "/run/traffic.json")


def message(client, address, due, n):
    ours = "u%d.%d@example.org" % (client, n)
    with rig_smtp.SmtpClient(("127.0.0.1", 25), {"ADDR": address}) as s:
        got = [str(s.mail("s@sender.example")), str(s.rcpt(ours)), str(s.rcpt("v@foreign.example"))]
        reply = str(s.data())
        s.cmd("QUIT")
    wrong = ["client %d, message %d: %s" % (client, n, got)] if got != ["250 2.1.0 Ok", OK, due] else []
    queued = re.fullmatch(r"250 2\.0\.0 Ok: queued as (\w+)", reply)
    if not queued:
        wrong.append("client %d, message %d: %s" % (client, n, reply))
    tell(client, queued and queued.group(1), [ours] + ["v@foreign.example"] * (due == OK), wrong)


def run(client, address, due):
    n = 0
    while not end.is_set():
        n += 1
        try:
            message(client, address, due, n)
        except Exception as why:  # a thread's would be lost
            tell(wrong=["client %d, message %d: %r" % (client, n, why)])


signal.signal(signal.SIGTERM, lambda *_: end.set())
tell()
threads = [threading.Thread(target=run, args=(i, *client)) for i, client in enumerate(CLIENTS)]
for t in threads:
    t.start()
for t in threads:
    t.join()
