#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""postlatch probe against a real Postfix: closed, open in several ways, impatient; and nothing is ever queued."""
import json
import os
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import postfix_rig
from postfix_rig import ACCEPTED, NEEDS, PolicyClient, Rig, RigCase, read
from rig_tools import Port, cleanup, main, pl_bin

POLICY = ACCEPTED + """
relay_networks = {127.0.0.0/8, 198.51.100.0/24}
relay_users    = {any}
"""

PERMIT = "smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination"
postfix_rig.LISTENERS += [
    ("everybody", "127.0.0.1", "n", [PERMIT, "mynetworks=0.0.0.0/0"]),
    ("access", "127.0.0.1", "n", ["smtpd_relay_restrictions=check_recipient_access,static:OK,reject_unauth_destination"]),
    ("hack", "127.0.0.1", "n", ["smtpd_relay_restrictions=$relay_by_hack"]),
    ("defer", "127.0.0.1", "n", ["smtpd_relay_restrictions=permit_mynetworks,defer_unauth_destination"]),
    ("deaf", "127.0.0.1", "n", ["smtpd_recipient_restrictions=reject"]),
    ("grey", "127.0.0.1", "n", ["smtpd_relay_restrictions=check_recipient_access,inline:{x=OK},$grey_all",
                                "grey_all=defer"]),
    ("errors", "127.0.0.1", "n", ["smtpd_hard_error_limit=3", "smtpd_soft_error_limit=2"]),
    ("rates", "127.0.0.1", "n", ["smtpd_client_connection_rate_limit=2", "smtpd_client_event_limit_exceptions="]),
    ("early", "127.0.0.1", "n", ["smtpd_delay_reject=no", "smtpd_sender_restrictions=reject"]),
    ("tls", "127.0.0.1", "n", ["smtpd_tls_security_level=encrypt"]),
    ("twin", "127.0.0.1", "n", []),
    ("twin6", "::1", "n", [PERMIT, "mynetworks=[::]/0"]),
]


class TwinPort(Port):
    """The port of another family that a Port has."""

    def __init__(self, address, number):
        self.address, self.port = address, number
        self.socket = socket.socket(socket.AF_INET6)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, number))
        cleanup(self.socket.close)


class HackedService(threading.Thread):
    """A policy service that makes the classic mistake: OK if what stands behind the last @ is ours."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        cleanup(self.listener.close)
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection, connection.makefile("rwb") as f:
            recipient = ""
            for line in f:
                name, _, value = line.decode("utf-8", "replace").rstrip("\n").partition("=")
                if name == "recipient":
                    recipient = value
                elif name == "":
                    ours = recipient.rpartition("@")[2] in ("example.org", "mx.example.org")
                    f.write(b"action=%s\n\n" % (b"OK" if ours else b"DUNNO"))
                    f.flush()


class ProbeRig(Rig):
    def _start_postfix(self):
        if self.ipv6:
            self.ports["twin6"] = TwinPort("::1", self.ports["twin"].port)
        postfix_rig.MAIN_CF += "relay_by_hack = check_policy_service inet:127.0.0.1:%d, reject_unauth_destination\n" \
            % HackedService().port
        super()._start_postfix()


def probe(*argv):
    """Run it: exit status, standard output, standard error."""
    done = subprocess.run([pl_bin("postlatch"), "probe", *argv], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=240, check=False)
    return done.returncode, done.stdout, done.stderr
