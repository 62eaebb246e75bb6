#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs in the machine: takes commands from the channel, a line each, and answers with exit status and output."""
import json
import os
import signal
import subprocess

channel = open("/dev/vport0p1", "r+b", buffering=0)


def say(**what):
    data = json.dumps(what).encode() + b"\n"
    while data:
        data = data[channel.write(data):]


def take():
    line = b""
    while not line.endswith(b"\n"):
        line += channel.read(65536)
    return json.loads(line)


say(kernel=os.uname().release)
while True:
    order = take()
    # In a session of its own: if it takes too long, all of it ends.
    p = subprocess.Popen(["/bin/sh", "-c", order["command"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="backslashreplace", start_new_session=True, cwd="/")
    try:
        output, _ = p.communicate(order["stdin"], timeout=order["seconds"])
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        output = p.communicate()[0] + "\nit took longer than %d s\n" % order["seconds"]
    say(status=p.returncode, output=output)
