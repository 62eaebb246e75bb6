# SPDX-License-Identifier: BSD-2-Clause
"""postlatchd under test: start, stop, reload, its decision lines, and a bare policy client."""
import contextlib
import os
import re
import socket
import threading
import time

from rig_tools import Port, Process, READY_S, cleanup, pl_bin, read, wait_until, write

FIELD = re.compile(r"(?:^| )([a-z_]+)=(\S*)")


class LogSocket:
    """The datagram socket the daemon logs to; a thread keeps what arrives."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.changed = threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._read, daemon=True).start()
        cleanup(self.close)

    def _read(self):
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except OSError:
                return
            if data == b"":
                return
            with self.changed:
                self.lines.append(data.decode("ascii", "backslashreplace"))
                self.changed.notify_all()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def mark(self):
        """A place in the log, for since=."""
        with self.changed:
            return len(self.lines)

    def find(self, want, since=0, timeout=5):
        """The first line, from a mark on, for which want(line) is true; waits for it."""
        end = time.monotonic() + timeout
        with self.changed:
            at = since
            while True:
                for line in self.lines[at:]:
                    if want(line):
                        return line
                at = len(self.lines)
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("no such line in the daemon's log; since the mark it holds:\n"
                                         + "\n".join(self.lines[since:]))
                self.changed.wait(left)

    def decisions(self, since=0):
        with self.changed:
            lines = self.lines[since:]
        return [d for d in map(decision, lines) if d is not None]

    def decision(self, since=0, timeout=5, **want):
        """The fields of the first decision line with these values: decision(to="<a@b>", sasl="-"). 'from' is
        written from_."""
        want = {k.rstrip("_"): v for k, v in want.items()}

        def fits(line):
            d = decision(line)
            return d is not None and all(d.get(k) == v for k, v in want.items())
        try:
            return decision(self.find(fits, since, timeout))
        except AssertionError as why:
            raise AssertionError("wanted a decision with %r; %s" % (want, why)) from None


def decision(line):
    """The fields of a decision line, or None."""
    _, sign, rest = line.partition(": decision ")
    return dict(FIELD.findall(rest)) if sign else None


class PolicyClient:
    """Speaks the policy protocol itself, for what no SMTP client can bring about."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else (
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket = socket.socket(family)
        self.socket.settimeout(READY_S)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def ask(self, **attributes):
        """One request; the action, or None if the daemon has closed instead."""
        request = {"request": "smtpd_access_policy", "protocol_state": "RCPT", **attributes}
        self.socket.sendall("".join("%s=%s\n" % kv for kv in request.items()).encode("utf-8", "surrogateescape")
                            + b"\n")
        answer = b""
        while not answer.endswith(b"\n\n"):
            data = self.socket.recv(65536)
            if data == b"":
                return None
            answer += data
        if not answer.startswith(b"action=") or answer.count(b"\n") != 2:
            raise AssertionError("not one answer: %r" % answer)
        return answer[len(b"action="):-2].decode()


class Daemon:
    """postlatchd with a configuration made from a policy text; all paths and ports are private."""

    def __init__(self, folder, queue=None):
        self.folder = folder
        self.config = os.path.join(folder, "postlatch.conf")
        self.control = os.path.join(folder, "control")
        self.err = os.path.join(folder, "postlatchd.err")
        self.port = Port()
        self.tcp = self.port.pair
        self.unix = os.path.join(folder if queue is None else os.path.join(queue, "postlatch"), "policy")
        os.makedirs(os.path.dirname(self.unix), exist_ok=True)
        os.chmod(os.path.dirname(self.unix), 0o755)
        self.log = LogSocket(os.path.join(folder, "log"))
        self.process = None

    def write(self, policy):
        """Put a policy into the configuration file."""
        return write(self.config, 'listen = {"inet:%s", "unix:%s"}\ncontrol = "%s"\nlog { socket = "%s" }\n%s\n'
                     % (self.port, self.unix, self.control, self.log.path, policy))

    def start(self, policy=None):
        """Start, and wait until it answers."""
        if policy is not None:
            self.write(policy)
        self.process = Process([pl_bin("postlatchd"), "-f", "-c", self.config], self.err)
        self.ready()
        return self

    def ready(self):
        wait_until(self._answers, "postlatchd to listen", alive=self.process.check_alive)

    def _answers(self):
        try:
            for address in (self.tcp, self.unix):
                with PolicyClient(address) as client:
                    if client.ask(protocol_state="CONNECT") is None:
                        return False
            return self.status()["pid"] == str(self.process.pid)
        except OSError:
            return False

    def stop(self):
        """End by SIGTERM; the exit status."""
        status = self.process.stop()
        self.process = None
        return status

    def ask_control(self, command):
        """One exchange over the control socket: (outcome, [line])."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(READY_S)
            s.connect(self.control)
            s.sendall(b"postlatch/1 " + command.encode() + b"\n")
            answer = b""
            while data := s.recv(65536):
                answer += data
        head, _, rest = answer.decode("ascii").partition("\n")
        word, _, outcome = head.partition(" ")
        if word != "postlatch/1":
            raise AssertionError("control: not an answer: %r" % answer)
        return outcome, rest.splitlines()

    def status(self):
        outcome, lines = self.ask_control("status")
        if outcome != "ok":
            raise AssertionError("status: %s %s" % (outcome, lines))
        return dict(line.split("=", 1) for line in lines)

    def reload(self, policy, want="ok"):
        """Put a new policy into force over the control socket; the lines of the answer."""
        self.write(policy)
        outcome, lines = self.ask_control("reload")
        if outcome != want:
            raise AssertionError("reload: %s, expected %s:\n%s\n--\n%s"
                                 % (outcome, want, "\n".join(lines), read(self.config)))
        return lines

    def dump(self):
        """Titles and texts for a failure's report. Standard error holds the same lines as the log socket, and more."""
        return ["postlatch.conf", read(self.config), "postlatchd, standard error", read(self.err)]
