# SPDX-License-Identifier: BSD-2-Clause
"""Other programs that answer by the same lists, measured beside postlatchd: Debian's postfwd, and Postfix's own `cidr:` table."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import rig
from rig import PATIENCE, Failed

OUTSIDE = b"0.0.0.9\n"  # in none of the generated prefixes: a list of clients is mostly asked about others, and reads on to its end


class Postfwd(rig.Server):
    """postfwd1, the variant with one process, without its caches, its log and DNS, on the lists of a data set."""

    def __init__(self, folder, data):
        program = shutil.which("postfwd1") or shutil.which("postfwd1", path="/usr/sbin")
        if program is None:
            raise Failed("no postfwd; apt-get install postfwd")
        folder.mkdir(parents=True)
        def listed(item, name):  # the same item again and again means: or
            return "; ".join(f"{item}=={entry}" for entry in (data / name).read_text().split())
        (folder / "rules").write_text(f"id=OURS; {listed('recipient_domain', 'domains')}; action=DUNNO\n"
                                      f"id=NET; {listed('client_address', 'v4.cidr')}; action=OK\n"
                                      f"id=USER; {listed('sasl_username', 'users')}; action=OK\n"
                                      "id=REST; action=REJECT Relay access denied\n")
        shown = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=PATIENCE, check=False)  # its status is 1
        self.version = re.search(r"[\d.]+", shown.stdout + shown.stderr).group()
        self.pid_file = folder / "pid"
        port = rig.free_port()
        # It starts only as a daemon; what is started here ends at once.
        rig.run(program, "-d", "-f", folder / "rules", "-i", "127.0.0.1", "-p", port, "--user", "root", "--group", "root",
                "--pidfile", self.pid_file, "--cache", "0", "--nodns", "--norulelog", "--norulestats", "--perfmon")
        self.unix, self.inet = None, f"inet:127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect().close()
                return
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise Failed("postfwd1 does not listen") from None
                time.sleep(0.01)

    @property
    def pid(self):
        return int(self.pid_file.read_text())

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)


def agree(one, other, requests):
    """Two servers are only compared if they do the same work."""
    for request, a, b in zip(requests, *(rig.ask(server, requests, len(requests)) for server in (one, other))):
        if a.split()[0] != b.split()[0]:
            raise Failed(f"the servers do not agree: {a!r} and {b!r} for {request!r}")


def postmap(folder, name, lines):
    """The command that looks up in a `cidr:` table of these prefixes."""
    program = shutil.which("postmap") or shutil.which("postmap", path="/usr/sbin")
    if program is None:
        raise Failed("no Postfix; apt-get install postfix")
    etc = Path(folder) / "postfix"
    etc.mkdir(exist_ok=True)
    (etc / "main.cf").write_text(f"compatibility_level = 3.6\nqueue_directory = {etc}\n")
    table = etc / name
    if not table.exists():
        table.write_text("".join(f"{line} OK\n" for line in lines))
    return [program, "-c", etc, "-q", "-", f"cidr:{table}"]


def postmap_load(folder, lines):
    """CPU seconds that postmap takes to load them, without its start."""
    full, one = (rig.cpu_of(postmap(folder, name, chosen), OUTSIDE)[0] for name, chosen in (("full", lines), ("one", lines[:1])))
    return full - one


def postmap_lookup(folder, path, n):
    """CPU seconds a look-up takes it, of n more look-ups than one, for an address in no prefix."""
    command = postmap(folder, "full", path.read_text().splitlines())
    many, one = (rig.cpu_of(command, OUTSIDE * times)[0] for times in (n + 1, 1))
    return (many - one) / n
