#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs in the machine: what Postfix says to a client of this address about a recipient of ours and a foreign one. ask.py ADDRESS"""
import sys

import rig_smtp

rig_smtp.TIMEOUT_S = 240
with rig_smtp.SmtpClient(("127.0.0.1", 25), {"ADDR": sys.argv[1]}) as s:
    s.expect(250, s.mail("s@sender.example"))
    print(s.rcpt("a@example.org"))
    print(s.rcpt("v@foreign.example"))
