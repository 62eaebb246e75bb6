#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The daemon on its sockets: trouble with the protocol, reload, signals, log. Runs alone: PL_BIN=build/release test_daemon.py"""
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

BIN = Path(os.environ.get("PL_BIN", Path(__file__).resolve().parents[2] / "build/release"))
POLICY = """
accepted_domains = {example.org}
relay_networks = {192.0.2.0/24}
"""
HEAD = b"request=smtpd_access_policy\nprotocol_state=RCPT\n"
OURS = HEAD + b"client_address=203.0.113.9\nrecipient=u@example.org\n\n"
RELAY = HEAD + b"client_address=192.0.2.7\nrecipient=v@foreign.example\n\n"
OPEN = HEAD + b"client_address=203.0.113.9\nrecipient=v@foreign.example\n\n"
REJECT = b"action=REJECT Relay access denied\n\n"


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"timed out: {what}")


class Daemon:
    """A postlatchd of the test's own, in a folder of its own, with a syslog socket that the test reads."""

    def __init__(self, policy=POLICY, extra="", log="", args=("-f",), syslog=True, env=None, launch=None):
        """launch(self): what to put in front of the command, and descriptors that it is to have."""
        self.temp = tempfile.TemporaryDirectory()
        self.dir = Path(self.temp.name)
        os.chmod(self.dir, 0o755)
        self.conf = self.dir / "postlatch.conf"
        self.sock = self.dir / "policy"
        self.port = free_port()
        self.tail = (f'listen = {{"unix:{self.sock}", "inet:127.0.0.1:{self.port}"}}\ncontrol = "{self.dir}/control"\n'
                     f'{extra}\nlog {{ socket = "{self.dir}/log" {log} }}\n')
        self.write(policy)
        self.lines = []
        self.syslog = None
        self.stamp = 0
        if syslog:
            self.open_syslog()
        self.stderr = open(self.dir / "stderr", "w+b")
        self.args, self.env, self.launch = args, env or {}, launch
        self.start()

    def start(self):
        front, descriptors = self.launch(self) if self.launch else ([], ())
        self.process = subprocess.Popen([*front, BIN / "postlatchd", "-c", self.conf, *self.args], stderr=self.stderr,
                                        stdout=subprocess.DEVNULL, env=dict(os.environ, **self.env), pass_fds=descriptors)

    def write(self, policy):
        self.conf.write_text(policy + self.tail)

    def open_syslog(self):
        path = self.dir / "log"
        if path.exists():
            path.unlink()
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog.bind(str(path))
        os.chmod(path, 0o666)
        threading.Thread(target=self.read_syslog, args=(self.syslog,), daemon=True).start()

    def read_syslog(self, syslog):
        try:
            while line := syslog.recv(65536):
                self.lines.append(line.decode())
        except OSError:
            pass

    def log(self):
        return list(self.lines)

    def logged(self, pattern):
        return until(lambda: [l for l in self.log() if re.search(pattern, l)], f"a log line {pattern}")

    def errors(self):
        return (self.dir / "stderr").read_text()

    def connect(self, timeout=20):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)

        def attempt():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.errors()}")
            try:
                s.connect(str(self.sock))
                return True
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        until(attempt, "the daemon to listen")
        return s

    def ctl(self, *args):
        done = subprocess.run([BIN / "postlatch", *args, "--control", self.dir / "control"], capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stdout + done.stderr

    def stop(self, expect=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.stderr.close()
        if self.syslog:
            self.syslog.shutdown(socket.SHUT_RDWR)
            self.syslog.close()
        text = self.errors()
        self.temp.cleanup()
        if status != expect:
            raise AssertionError(f"ended with {status}: {text}")


GIVEN = set()


def free_port():
    """A port that nobody has, and that was not given before."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        if port not in GIVEN:
            GIVEN.add(port)
            return port


def read_all(s):
    data = b""
    while True:
        got = s.recv(65536)
        if not got:
            return data
        data += got


def read_answers(s, n):
    data = b""
    while data.count(b"\n\n") < n:
        got = s.recv(65536)
        if not got:
            raise AssertionError(f"closed after {data!r}")
        data += got
    return data


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon()

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def test_answers(self):
        with self.d.connect() as s:
            for request, answer in ((OURS, b"action=DUNNO\n\n"), (RELAY, b"action=OK\n\n"), (OPEN, REJECT)):
                s.sendall(request)
                self.assertEqual(read_answers(s, 1), answer)

    def test_byte_by_byte(self):
        with self.d.connect() as s:
            for request, answer in ((RELAY, b"action=OK\n\n"), (OPEN, REJECT)):
                for i in range(len(request)):
                    s.sendall(request[i:i + 1])
                self.assertEqual(read_answers(s, 1), answer)

    def test_a_thousand_in_one_write(self):
        with self.d.connect() as s:
            threading.Thread(target=s.sendall, args=((OURS + RELAY + OPEN) * 334,)).start()
            self.assertEqual(read_answers(s, 1002), (b"action=DUNNO\n\n" + b"action=OK\n\n" + REJECT) * 334)

    def test_half_close(self):
        with self.d.connect() as s:
            s.sendall(OURS + OPEN)
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(s), b"action=DUNNO\n\n" + REJECT)

    def test_trouble(self):
        """What is no request gets no byte; what came before it is answered; the log says why."""
        cases = (
            (b"protocol_state=RCPT\nclient_address=192.0.2.7\n\n", "no request="),
            (b"request=junk\nclient_address=192.0.2.7\n\n", "request="),
            (b"\n", "request="),
            (RELAY.replace(b"\n", b"\r\n"), ""),
            (HEAD + b"no equals sign\n\n", "'='"),
            (HEAD + b"client_address=192.0.2.7\0\n\n", "NUL"),
            (HEAD + b"helo_name=" + b"x" * 70000, "max_request_size|larger|longer|limit"),
            (b"GET / HTTP/1.1\r\n\r\n", "'='"),
        )
        for data, reason in cases:
            with self.subTest(data=data[:60]):
                # The log takes ten such lines a second; what is suppressed is asked again.
                until(lambda: self.troublesome(data, reason), "a line in the log")

    def troublesome(self, data, reason):
        before = len(self.d.log())
        with self.d.connect() as s:
            try:
                s.sendall(OURS + data)
                got = read_all(s)
            except (ConnectionResetError, BrokenPipeError):
                got = None
        self.assertIn(got, (b"action=DUNNO\n\n", None))
        self.d.stamp += 1
        with self.d.connect() as s:  # a line behind it shows that the log has come so far
            s.sendall(HEAD + b"instance=stamp%d\n\n" % self.d.stamp)
            read_answers(s, 1)
        self.d.logged(f"instance=stamp{self.d.stamp} ")
        return [l for l in self.d.log()[before:]
                if re.search(rf'trouble peer=\S+ listener=unix:\S+ reason=".*({reason}).*"', l)]

    def test_the_end_in_the_middle(self):
        with self.d.connect() as s:
            s.sendall(RELAY[:-1])
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(s), b"")

    def test_reset(self):
        with self.d.connect() as s:
            s.sendall(OPEN * 50)
        self.test_answers()

    def test_first_of_a_repeated_name(self):
        with self.d.connect() as s:
            s.sendall(HEAD + b"client_address=203.0.113.9\nclient_address=192.0.2.7\nrecipient=v@foreign.example\n\n")
            self.assertEqual(read_answers(s, 1), REJECT)

    def test_states(self):
        for state in (b"DATA", b"END-OF-MESSAGE", b"CONNECT", b"XCLIENT", b"NEW", b"", b"rcpt"):
            with self.subTest(state=state), self.d.connect() as s:
                s.sendall(b"request=smtpd_access_policy\nprotocol_state=" + state + b"\nclient_address=192.0.2.7\nrecipient=\n\n")
                self.assertEqual(read_answers(s, 1), b"action=DUNNO\n\n")

    def test_a_peer_that_never_reads(self):
        with self.d.connect() as s, self.d.connect() as other:
            s.setblocking(False)
            sent = 0
            try:
                while sent < 50_000_000:
                    sent += s.send(OPEN * 200)
            except BlockingIOError:
                pass
            other.sendall(RELAY)
            self.assertEqual(read_answers(other, 1), b"action=OK\n\n")

    def test_many_connections(self):
        fds = Path(f"/proc/{self.d.process.pid}/fd")
        until(lambda: len(list(fds.iterdir())) < 40, "earlier connections to be gone")
        before = len(list(fds.iterdir()))
        sockets = [self.d.connect() for _ in range(500)]
        for s in sockets:
            s.sendall(OURS)
        for s in sockets:
            self.assertEqual(read_answers(s, 1), b"action=DUNNO\n\n")
            s.close()
        until(lambda: len(list(fds.iterdir())) <= before, "all descriptors to be closed")

    def test_log_line(self):
        with self.d.connect() as s:
            s.sendall(HEAD + b"client_address=203.0.113.9\nclient_name=unknown\nhelo_name=x action=OK\nsender=a\"b\\@c.example\n"
                      b"recipient=v\x01@foreign.example\nserver_address=2001:db8::1\nserver_port=25\ninstance=1.2.3\n"
                      b"sasl_username=-\n\n")
            read_answers(s, 1)
        line = self.d.logged("instance=1.2.3")[0]
        self.assertRegex(line, r"^<22>\w{3} [ \d]\d \d\d:\d\d:\d\d postlatchd\[\d+\]: decision action=REJECT rule=builtin:reject "
                         r"client=203\.0\.113\.9 name=unknown helo=x\\x20action=OK sasl=\\x2d from=<a\\x22b\\x5c@c\.example> "
                         r"to=<v\\x01@foreign\.example> state=RCPT server=\[2001:db8::1\]:25 instance=1\.2\.3 queue_id=- "
                         r"generation=1 us=\d+$")

    def test_explain_reads_the_log(self):
        with self.d.connect() as s:
            s.sendall(HEAD + b"client_address=203.0.113.9\nrecipient=a b@foreign.example\ninstance=explain.me\n\n")
            read_answers(s, 1)
        line = self.d.logged("instance=explain.me")[0]
        done = subprocess.run([BIN / "postlatch", "explain", "-c", self.d.conf, "-"], input=line, capture_output=True, text=True)
        self.assertEqual(done.stdout.splitlines()[-1], "action=REJECT Relay access denied")
        self.assertIn('"a b@foreign.example"', done.stdout)

    def test_query(self):
        done = subprocess.run([BIN / "postlatch", "query", "-c", self.d.conf, "client_address=192.0.2.7",
                               "recipient=v@foreign.example"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "action=OK\n"))

    def test_status(self):
        status, text = self.d.ctl("status", "--json")
        self.assertEqual(status, 0, text)
        values = json.loads(text)
        self.assertEqual((values["generation"], values["verdict"], values["mode"]), (1, "safe", "enforce"))
        self.assertEqual((values["accepted"], values["locked"]), ("-", "no"))
        self.assertGreater(values["longest_wakeup_us"], 0)

    def test_hostile_control_clients(self):
        for data in (b"\n", b"x" * 5000, b"postlatch/2 reload\n", b"\0\0\0\n", b"postlatch/1 status extra\n"):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(str(self.d.dir / "control"))
                try:
                    s.sendall(data)
                    self.assertTrue(read_all(s).startswith(b"postlatch/1 error\n"))
                except (ConnectionResetError, BrokenPipeError):
                    pass
        self.test_status()


class Life(unittest.TestCase):
    def test_reload(self):
        d = Daemon()
        try:
            with d.connect() as s:
                s.sendall(OPEN)
                self.assertEqual(read_answers(s, 1), REJECT)
                d.write(POLICY.replace("192.0.2.0/24", "203.0.113.0/24"))
                status, text = d.ctl("reload")
                self.assertEqual((status, text), (0, "generation 2 is in force: 0 rules, 0 tables, 2 entries; verdict: safe\n"
                                                  "more may relay than before: 203.0.113.0/24\n"
                                                  "+RELAY 203.0.113.0/24, with or without login, recipient {foreign}: \"REJECT Relay "
                                                  "access denied\" by builtin:reject -> \"OK\" by builtin:network\n"
                                                  "-RELAY 192.0.2.0/24, with or without login, recipient {foreign}: \"OK\" by "
                                                  "builtin:network -> \"REJECT Relay access denied\" by builtin:reject\n"
                                                  "and 2 more changes; postlatch diff OLD NEW, with a copy of the old file, lists "
                                                  "them\nsame answer for everything else (proved)\n"))
                d.logged("reload: .RELAY 203.0.113.0/24")
                s.sendall(OPEN)
                self.assertEqual(read_answers(s, 1), b"action=OK\n\n")
                d.logged(r"action=OK .* generation=2 ")
                d.write("relay_networks = {203.0.113.9/24}\nmod = x\n")
                status, text = d.ctl("reload")
                self.assertEqual(status, 1)
                # The file has errors, but still says where its daemon is.
                done = subprocess.run([BIN / "postlatch", "reload", "-c", d.conf], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (1, text, ""))
                self.assertEqual(text.replace(f"{d.dir}/", ""),
                                 'postlatch.conf:1: relay_networks: "203.0.113.9/24": host bits are set; expected the network, '
                                 '"203.0.113.0/24", or the address, "203.0.113.9"\npostlatch.conf:2: unknown option "mod"; did you mean "mode"?\n'
                                 '2 errors; keeping the running policy (generation 2)\n')
                s.sendall(OPEN)
                self.assertEqual(read_answers(s, 1), b"action=OK\n\n")
                d.write(POLICY)
                d.process.send_signal(signal.SIGHUP)
                d.logged("generation 3 is in force")
                s.sendall(OPEN)
                self.assertEqual(read_answers(s, 1), REJECT)
        finally:
            d.stop()

    def test_reload_under_traffic(self):
        d = Daemon(log="decisions = none")
        wrong, done = [], threading.Event()

        def ask():
            with d.connect() as s:
                while not done.is_set():
                    s.sendall(OURS + OPEN)
                    got = read_answers(s, 2)
                    if got not in (b"action=DUNNO\n\n" + REJECT, b"action=DUNNO\n\naction=OK\n\n"):
                        wrong.append(got)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        try:
            d.connect().close()
            for t in threads:
                t.start()
            for i in range(40):
                d.write((POLICY, POLICY.replace("192.0.2.0/24", "203.0.113.0/24"), "mod = x\n")[i % 3])
                self.assertEqual(d.ctl("reload")[0], 1 if i % 3 == 2 else 0)
        finally:
            done.set()
            for t in threads:
                t.join()
            d.stop()
        self.assertEqual(wrong, [])

    def test_invalid_at_start(self):
        d = Daemon(policy="mod = x\nrelay_users = {none}\n")
        d.process.wait(20)
        text = d.errors().replace(f"{d.dir}/", "")
        self.assertEqual(text, 'postlatchd: postlatch.conf:1: unknown option "mod"; did you mean "mode"?\n'
                         'postlatchd: postlatch.conf:2: relay_users: "none" cannot stand here: it is the absence of a value; '
                         'expected a login, or "@realm"\npostlatchd: 2 errors; not started\n')
        d.stop(expect=2)

    def test_busy_address(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            d = Daemon.__new__(Daemon)
            d.temp = tempfile.TemporaryDirectory()
            d.dir = Path(d.temp.name)
            conf = d.dir / "c.conf"
            conf.write_text(f'listen = {{"inet:127.0.0.1:{port}"}}\ncontrol = "{d.dir}/control"\n')
            done = subprocess.run([BIN / "postlatchd", "-f", "-c", conf], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f'listen "inet:127.0.0.1:{port}": bind: Address already in use', done.stderr)
            d.temp.cleanup()

    def test_term_answers_what_was_read(self):
        d = Daemon()
        sockets = [d.connect() for _ in range(20)]
        for s in sockets:  # each is a session before the signal comes
            s.sendall(OURS)
            read_answers(s, 1)
        for s in sockets:
            s.sendall(OURS * 20)
        d.process.send_signal(signal.SIGTERM)
        for s in sockets:
            self.assertIn(read_all(s), (b"action=DUNNO\n\n" * 20,))
            s.close()
        d.stop()

    def test_signals_from_the_first_moment(self):
        """A signal that comes as soon as the sockets are there does what it does later."""
        for _ in range(50):
            d = Daemon(syslog=False, extra="workers = 1")
            while not d.sock.exists() and d.process.poll() is None:
                pass
            d.process.send_signal(signal.SIGHUP)
            d.process.send_signal(signal.SIGTERM)
            self.assertEqual(d.process.wait(30), 0)
            self.assertFalse(d.sock.exists() or (d.dir / "control").exists())
            d.stop()

    def test_syslog_absent_and_back(self):
        d = Daemon(syslog=False)
        try:
            with d.connect() as s:
                for _ in range(50):
                    s.sendall(OURS)
                    read_answers(s, 1)
                d.open_syslog()
                s.sendall(RELAY)
                read_answers(s, 1)
                until(lambda: (s.sendall(OURS), read_answers(s, 1), [l for l in d.log() if "dropped" in l])[2], "the count")
        finally:
            d.stop()

    def test_json_log(self):
        d = Daemon(log="format = json")
        try:
            with d.connect() as s:
                s.sendall(HEAD + b"client_address=203.0.113.9\nhelo_name=a\"b\\c\xff\nrecipient=v@foreign.example\ninstance=j\n\n")
                read_answers(s, 1)
            line = d.logged('"instance":"j"')[0]
            value = json.loads(line[line.index("{"):])
            self.assertEqual((value["action"], value["helo"], value["to"]), ("REJECT", "a\\x22b\\x5cc\\xff", "<v@foreign.example>"))
        finally:
            d.stop()

    def test_observe(self):
        d = Daemon(policy="mode = observe\n" + POLICY)
        try:
            with d.connect() as s:
                s.sendall(OPEN + RELAY)
                self.assertEqual(read_answers(s, 2),
                                 b"action=WARN would be refused: REJECT Relay access denied\n\naction=DUNNO\n\n")
            d.logged(r"decision action=WARN would=REJECT rule=builtin:reject ")
            d.logged(r"decision action=DUNNO would=OK rule=builtin:network ")
        finally:
            d.stop()

    def test_background_and_privileges(self):
        if os.getuid() != 0:
            self.skipTest("not root")
        d = Daemon(extra='user = "nobody"\nsocket_mode = "0600"', args=())
        self.assertEqual(d.process.wait(20), 0)  # the parent: the daemon listens
        status, text = d.ctl("status", "--json")
        self.assertEqual(status, 0, text)
        pid = json.loads(text)["pid"]
        lines = Path(f"/proc/{pid}/status").read_text()
        nobody = pwd.getpwnam("nobody")
        self.assertRegex(lines, rf"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}\n")
        self.assertRegex(lines, rf"Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}\n")
        self.assertRegex(lines, rf"Groups:\t({nobody.pw_gid})? ?\n")
        self.assertEqual(d.sock.stat().st_mode & 0o777, 0o600)
        self.assertEqual(os.readlink(f"/proc/{pid}/fd/0"), "/dev/null")
        os.kill(pid, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{pid}").exists(), "the daemon to end")
        d.stop()

    def test_max_connections(self):
        d = Daemon(extra="max_connections = 4\nworkers = 1")
        try:
            sockets = [d.connect() for _ in range(4)]
            for s in sockets:
                s.sendall(OURS)
                read_answers(s, 1)
            fifth = d.connect()
            fifth.sendall(OURS)
            self.assertEqual(read_answers(fifth, 1), b"action=DUNNO\n\n")
            self.assertEqual(sockets[0].recv(10), b"")  # the idlest went
            for s in [*sockets, fifth]:
                s.close()
        finally:
            d.stop()


if __name__ == "__main__":
    unittest.main()
