#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Completion as bash, zsh and fish do it, and the help of each command: it fits a screen of 24 lines and 80 columns."""
import contextlib
import errno
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
BIN = Path(os.environ.get("PL_BIN", SRC / "build/release")).resolve()
BUILD = os.environ.get("PL_BUILD", str(BIN))
PATIENCE_S = 60


def postlatch(*argv):
    done = subprocess.run([BIN / "postlatch", *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def commands():
    return re.findall(r"(?m)^  (\w+) ", postlatch("--help")[1])


def options(command):
    """The options that a command's usage names."""
    usage = postlatch(command, "--help")[1].partition("\n\n")[0]
    return set(re.findall(r"(?<![\w-])-{1,2}[a-z][a-z-]*", usage)) | {"--help"}


def need(shell):
    """Skip if a shell is missing."""
    if shutil.which(shell) is None:
        raise unittest.SkipTest(f"{shell} is missing: install the package {shell}")


class Screen(unittest.TestCase):
    def test_help_fits(self):
        for argv in ([], ["--help"], *([c, "--help"] for c in commands())):
            _, out, err = postlatch(*argv)
            lines = (out + err).splitlines()
            with self.subTest(argv):
                self.assertLessEqual(len(lines), 24)
                self.assertEqual([line for line in lines if len(line) > 80], [])

    def test_no_colours(self):
        """Nothing is coloured, on a terminal either."""
        with tempfile.TemporaryDirectory() as temp:
            conf = Path(temp) / "p.conf"
            conf.write_text("accepted_domains = {example.org}\nrelay_networks = {127.0.0.1}\n")
            for argv in (["--help"], ["check", "--no-host", "-c", str(conf)], ["matrix", "-c", str(conf)]):
                with Terminal([str(BIN / "postlatch"), *argv]) as t:
                    self.assertNotIn("\x1b", t.read_all())


class Progress(unittest.TestCase):
    def test_long_check(self):
        """What takes longer than a second says so on a terminal, and takes it back; in a pipe it says nothing."""
        with tempfile.TemporaryDirectory() as temp:
            networks, conf = Path(temp) / "networks", Path(temp) / "p.conf"
            conf.write_text('networks big { file = "networks" }\n'
                            'rule "big" { client_address = {<big>}  action = "REJECT" }\n')
            entries, told = 1 << 17, None
            while told is None and entries <= 1 << 24:    # more of them, until this machine needs a second
                with networks.open("w") as f:
                    f.writelines(f"{16 + (i >> 20)}.{(i >> 12) & 255}.{(i >> 4) & 255}.{(i & 15) << 4}/29\n"
                                 for i in range(entries))
                with Terminal([str(BIN / "postlatch"), "check", "--no-host", "-c", str(conf)]) as t:
                    told = re.match(r"(\rpostlatch: .*)\r( +)\r(/.*)\r\nverdict: safe\r\n", t.read_all())
                entries *= 2
            self.assertIsNotNone(told)
            times = re.findall(r"\rpostlatch: check: (\d+) s", told[1])
            self.assertEqual(times, [str(i + 1) for i in range(len(times))])
            self.assertEqual(told[2], " " * len("postlatch: check: %s s" % times[-1]))
            done = subprocess.run([BIN / "postlatch", "check", "--no-host", "-c", conf], capture_output=True, text=True,
                                  timeout=300, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout.splitlines()[:2], [told[3], "verdict: safe"])


class Terminal:
    """A program at a terminal of its own."""

    def __init__(self, argv, env=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, {"PATH": f"{BIN}:/usr/bin:/bin", "TERM": "dumb", "HOME": "/nonexistent",
                                       "LC_ALL": "C.UTF-8", "COLUMNS": "100", **(env or {})})
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)

    def read_some(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError as e:             # the other side is closed
            if e.errno != errno.EIO:
                raise
            data = b""
        self.seen += data.decode("utf-8", "replace")
        return data != b""

    def read_all(self):
        while self.read_some(PATIENCE_S):
            pass
        return self.seen

    def type(self, text, until):
        """Type, and wait until the terminal shows this behind what it showed before."""
        before = len(self.seen)
        os.write(self.fd, text.encode())
        end = time.monotonic() + PATIENCE_S
        while not re.search(until, self.seen[before:]):
            self.read_some(1)
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} did not show {until!r}: {self.seen[before:]!r}")
        return self.seen[before:]


class Shells(unittest.TestCase):
    """The same questions for all three: a command line up to the cursor, and what may stand there."""

    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.dir = Path(temp.name)
        for name in ("one.conf", "two.conf"):
            (cls.dir / name).write_text("")
        for shell in ("bash", "zsh", "fish"):
            status, out, err = postlatch("completion", shell)
            assert (status, err) == (0, ""), (shell, err)
            (cls.dir / f"script.{shell}").write_text(out)

    def ask_bash(self, line):
        words = line.split(" ")
        script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postlatch; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "--norc", "-c", script, "./script.bash", *words], cwd=self.dir,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def ask_fish(self, line):
        home = self.dir / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(["fish", "--no-config", "-c", f"source script.fish; complete -C '{line}'"], cwd=self.dir,
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "HOME": str(home), "PATH": f"{BIN}:/usr/bin:/bin"})
        self.assertEqual(done.stderr, "")
        return {line.partition("\t")[0] for line in done.stdout.splitlines()}

    def check_shell(self, ask):
        self.assertEqual(ask("postlatch ch"), {"check"})
        self.assertEqual(ask("postlatch wh"), {"who", "where"})
        self.assertEqual(ask("postlatch "), set(commands()))
        self.assertEqual(ask("postlatch --v"), {"--version"})
        self.assertEqual(ask("postlatch explain client_"), {"client_address=", "client_name=", "client_port="})
        self.assertEqual(ask("postlatch completion "), {"bash", "zsh", "fish"})
        self.assertEqual(ask("postlatch check -c o"), {"one.conf"})
        self.assertEqual(ask("postlatch check --host t"), {"two.conf"})
        self.assertEqual(ask("postlatch test t"), {"two.conf"})
        self.assertEqual(ask("postlatch diff one.conf t"), {"two.conf"})
        self.assertEqual(ask("postlatch check --compromised t"), set())
        self.assertEqual(ask("postlatch check --str"), {"--strict"})
        for command in commands():
            with self.subTest(command):
                self.assertEqual({o for o in ask(f"postlatch {command} --") | ask(f"postlatch {command} -")
                                  if o not in ("-c", "-h")} | {"-c"}, options(command))

    def test_bash(self):
        need("bash")
        self.check_shell(self.ask_bash)

    def test_fish(self):
        need("fish")
        self.check_shell(self.ask_fish)

    def test_zsh(self):
        need("zsh")
        with Terminal(["zsh", "-f", "-i"], {"PROMPT": "%% "}) as t:
            t.type(f"cd {self.dir}; PROMPT='rea''dy> '; RPROMPT=; autoload -U compinit; compinit -D -u; "
                   "source ./script.zsh\n", "ready> ")
            for typed, shown in (
                    ("postlatch matr\t", "matrix "),
                    ("postlatch check --over\t", "--overlaps "),
                    ("postlatch explain client_a\t", "client_address="),
                    ("postlatch check -c on\t", "one.conf "),
                    ("postlatch check --host tw\t", "two.conf "),
                    ("postlatch test tw\t", "two.conf "),
                    ("postlatch completion ba\t", "bash ")):
                t.type(typed, re.escape(shown))
                t.type("\x15echo do''ne\n", "(?s)done.*ready> ")
            for typed, shown in (("postlatch \t", ("prove that the policy is no open relay; say what is wrong",
                                                    "relay test of one's own server, over SMTP")),
                                 ("postlatch matrix --\t", ("write a page to FILE, with the verdict", "print JSON"))):
                seen = t.type(typed, "(?s)" + ".*".join(re.escape(s[:40]) for s in shown))
                for text in shown:
                    self.assertIn(text[:40], seen)
                t.type("\x15echo do''ne\n", "(?s)done.*ready> ")

    def test_installed(self):
        """Where an installation puts them, bash-completion and fish find them by themselves, and zsh does in fpath."""
        for shell in ("bash", "zsh", "fish"):
            need(shell)
        library = Path("/usr/share/bash-completion/bash_completion")
        if not library.exists():
            raise unittest.SkipTest("bash-completion is missing: install the package bash-completion")
        root = self.dir / "root"
        done = subprocess.run(["cmake", "--install", BUILD], capture_output=True, text=True,
                              env={**os.environ, "DESTDIR": str(root)}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        share = next(root.rglob("bash-completion")).parent
        with Terminal(["bash", "--norc", "-i"], {"XDG_DATA_HOME": str(share)}) as t:
            t.type(f"PS1='rea''dy> '; source {library}\n", "ready> ")
            t.type("postlatch matr\t", "matrix ")
        with Terminal(["zsh", "-f", "-i"]) as t:
            t.type(f"PROMPT='rea''dy> '; RPROMPT=; fpath+=({share}/zsh/site-functions); autoload -U compinit; "
                   "compinit -D -u\n", "ready> ")
            t.type("postlatch matr\t", "matrix ")
        done = subprocess.run(["fish", "-c", "complete -C 'postlatch matr'"], capture_output=True, text=True, check=False,
                              env={**os.environ, "HOME": str(self.dir), "XDG_DATA_DIRS": str(share),
                                   "PATH": f"{BIN}:/usr/bin:/bin"})
        self.assertEqual(done.stdout, "matrix\tthe whole policy on a page: clients, recipients, rules\n")

    def test_usage(self):
        for argv, message in (([], "completion: expected bash, zsh or fish"),
                              (["tcsh"], 'completion: "tcsh": expected bash, zsh or fish')):
            self.assertEqual(postlatch("completion", *argv), (2, "", f"postlatch: {message}\n"))


if __name__ == "__main__":
    program = unittest.main(exit=False)
    if program.result.skipped and os.environ.get("PL_REQUIRE_ALL") == "1":
        print("skipped tests are failures here (PL_REQUIRE_ALL=1)", file=sys.stderr)
        sys.exit(1)
    sys.exit(0 if program.result.wasSuccessful() else 1)
