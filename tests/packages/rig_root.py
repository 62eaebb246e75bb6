# SPDX-License-Identifier: BSD-2-Clause
"""A machine to install on, and the package to install.

`Root` is this machine's / seen through an overlay: all packages that are installed here are there, whatever is changed goes
into memory, and is gone with the Root. It has its own mounts, processes, network (loopback only), host name, /tmp, /run,
/dev and /proc; the real / is not to be seen (pivot_root). There is no systemd and no policy-rc.d, as in a container. What is
sent to /dev/log is found in /var/log/mail.log. Its Postfix is the one of Debian's package as this machine has configured it;
`fresh_postfix` makes it as new.

Needs root, and a kernel that lets us mount an overlay: `missing()` says what is not there.
"""
import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Packages are built as anybody builds them, whatever compiler launcher whoever runs the tests has: other users cannot use it.
os.environ.pop("CMAKE_C_COMPILER_LAUNCHER", None)

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("PL_BUILD", SRC / "build/release"))
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb",
               "DEBIAN_FRONTEND": "noninteractive"}
MINUTES = 10 * 60
# What is of the machine that builds, not of the source.
NOT_SOURCE = {"build", ".git", ".cache", "__pycache__"}


def missing(*programs):
    """What keeps a Root from being made, or the named programs from being run in it; None: nothing."""
    for program in ("unshare", "nsenter", "mount", "pivot_root", "ip", *programs):
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            return f"no {program}"
    if os.geteuid() != 0:
        return "not root"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
             "mount -t tmpfs none $0; mkdir $0/up $0/work $0/root; "
             "mount -t overlay -o lowerdir=/,upperdir=$0/up,workdir=$0/work none $0/root", folder], capture_output=True, text=True)
    return None if done.returncode == 0 else f"no overlay: {done.stderr.strip()}"


class Failed(AssertionError):
    """A command in the Root that should have ended well did not; the text has all that it said."""


class Root:
    """with Root() as root: root.run("apt-get", "install", …). One thread at a time."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="postlatch-root-")
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child", "--propagation", "private",
             "/usr/bin/python3", "-BS", __file__, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=ENVIRONMENT)
        line = self.holder.stdout.readline()
        if line != b"ready\n":
            self.close()
            raise Failed("the root could not be made")
        # The holder is the only child of unshare.
        children = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()
        self.pid = int(children[0])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Ends every process in it, and forgets its files."""
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait(60)
        os.rmdir(self.folder)

    @property
    def path(self):
        """Where its / is, seen from here. Absolute links in it lead out of it."""
        return Path(f"/proc/{self.pid}/root")

    def command(self, argv, user=None, cwd="/"):
        """The command line that runs argv in it, for Popen."""
        as_user = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups"] if user else []
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--uts", "--root",
                *as_user, "env", "-C", cwd, *map(str, argv)]

    def run(self, *argv, check=True, user=None, cwd="/", env=None, input=None, timeout=MINUTES):
        """Runs argv in it and waits; `stdout` of the result has both outputs as they came. With check anything but status 0
        raises Failed."""
        done = subprocess.run(self.command(argv, user, cwd), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="backslashreplace", env={**ENVIRONMENT, **(env or {})}, timeout=timeout,
                              **({"input": input} if input is not None else {"stdin": subprocess.DEVNULL}))
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(map(str, argv))}: status {done.returncode}\n{done.stdout}")
        return done

    def write(self, path, text, mode=0o644):
        """A file in it, with its folders."""
        target = self.path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def read(self, path):
        return (self.path / path.lstrip("/")).read_text(errors="backslashreplace")

    def exists(self, path):
        return os.path.lexists(self.path / path.lstrip("/"))

    def put(self, source, path):
        """Copies a file or folder of this machine to path."""
        target = self.path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if Path(source).is_dir() else shutil.copy)(source, target)

    def processes(self, name):
        """Numbers, in it, of the processes of that name; not of those that are dead already."""
        done = self.run("ps", "-eo", "pid=,stat=,comm=")
        return [int(pid) for pid, state, comm in (line.split(None, 2) for line in done.stdout.splitlines())
                if comm == name and not state.startswith("Z")]

    def changes(self):
        """Every file that is not in the lower / or differs from it; removed ones with "-" before the name."""
        done = self.run("find", ".", "-mindepth", "1", cwd="/.changes", check=True)
        found = set()
        for name in done.stdout.splitlines():
            path = self.path / ".changes" / name
            if path.is_char_device() and os.lstat(path).st_rdev == 0:
                found.add("-" + name[1:])
            elif not path.is_dir() or path.is_symlink():
                found.add(name[1:])
        return found

    def fresh_postfix(self):
        """Postfix as Debian's package makes it where nobody is asked: an "Internet Site"."""
        self.run("rm", "-f", "/etc/postfix/main.cf", "/etc/postfix/master.cf")
        self.write("/etc/mailname", "mx.example.org\n")
        self.write("/etc/hostname", "mx\n")
        self.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 mx.example.org mx\n")
        self.run("debconf-communicate", "postfix", input="PURGE\n")
        self.run("dpkg-reconfigure", "--frontend=noninteractive", "postfix")


def wait_until(condition, seconds=60, what="it"):
    """Asks again and again until the condition is true; raises Failed after that many seconds."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} seconds in vain for {what}")
        time.sleep(0.05)
    return answer


def export(target):
    """The source as a release would have it: the tree without what was built."""
    shutil.copytree(SRC, target, ignore=lambda _, names: [n for n in names if n in NOT_SOURCE or n.endswith(".pyc")])


def build_deb(out, place="/build/postlatch", umask=0o022, **env):
    """Builds the package in a Root of its own, at that place in it, as the user nobody (Rules-Requires-Root: no), and puts
    what comes out beside each other into the folder out. Returns the path of the .deb."""
    with Root() as root:
        export(root.path / place.lstrip("/"))
        parent = os.path.dirname(place)
        root.run("chown", "-R", "nobody:nogroup", parent)
        root.run("sh", "-c", f"umask {umask:03o}; exec dpkg-buildpackage -us -uc -b", user="nobody", cwd=place,
                 env={"HOME": "/nonexistent", "DEB_BUILD_OPTIONS": "parallel=2", **env})
        Path(out).mkdir(parents=True, exist_ok=True)
        for name in (root.path / parent.lstrip("/")).glob("postlatch*.*"):
            shutil.copy(name, out)
    return next(Path(out).glob("postlatch_*.deb"))


def deb():
    """The package built from the tree as it is now: built once, then found in the build folder. (Nothing of tests/ is in it.)"""
    digest = hashlib.sha256()
    for path in sorted(SRC.rglob("*")):
        if not (NOT_SOURCE | {"tests"}) & set(path.relative_to(SRC).parts) and path.is_file():
            digest.update(bytes(path.relative_to(SRC)) + b"\0" + path.read_bytes() + b"\0")
    store = BUILD / "packages"
    store.mkdir(parents=True, exist_ok=True)
    with open(store / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = store / digest.hexdigest()[:16]
        if not folder.exists():
            for old in store.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            build_deb(store / "new")
            (store / "new").rename(folder)
    return next(folder.glob("postlatch_*.deb"))


# ---- what runs in the new namespaces, as their first process ----

def mount(kind, place, options="", flags=()):
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", *flags, "-t", kind, *(["-o", options] if options else []), "none", place], check=True)


def make_devices(dev):
    mount("tmpfs", dev, "mode=755")
    for name, minor in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
        os.mknod(f"{dev}/{name}", 0o020666, os.makedev(1, minor))
        os.chmod(f"{dev}/{name}", 0o666)
    os.mknod(f"{dev}/tty", 0o020666, os.makedev(5, 0))
    mount("devpts", f"{dev}/pts", "newinstance,ptmxmode=666,mode=620")
    mount("tmpfs", f"{dev}/shm", "mode=1777")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, f"{dev}/{name}")


def make_root(folder):
    mount("tmpfs", folder, "mode=755")
    new = f"{folder}/root"
    for name in ("up", "work", "root"):
        os.mkdir(f"{folder}/{name}")
    mount("overlay", new, f"lowerdir=/,upperdir={folder}/up,workdir={folder}/work")
    mount("proc", f"{new}/proc")
    mount("tmpfs", f"{new}/tmp", "mode=1777")
    mount("tmpfs", f"{new}/run", "mode=755")
    make_devices(f"{new}/dev")
    os.makedirs(f"{new}/run/lock", exist_ok=True)
    os.mkdir(f"{new}/.changes")
    subprocess.run(["mount", "--bind", f"{folder}/up", f"{new}/.changes"], check=True)
    # The second tells man-db to read all manual pages of the machine again whenever a package is installed.
    for name in ("usr/sbin/policy-rc.d", "var/lib/man-db/auto-update"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{new}/{name}")
    os.makedirs(f"{new}/old_root", exist_ok=True)
    subprocess.run(["pivot_root", new, f"{new}/old_root"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/old_root"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    socket.sethostname("mx")


def log_line(data):
    """A datagram of syslog(3), without its priority, as a line of a log file."""
    return re.sub(rb"^<\d+>", b"", data).replace(b"\n", b" ").rstrip(b"\0 ") + b"\n"


def hold(folder):
    """Process 1: makes the root, takes what is logged, buries the dead, and ends when its standard input does."""
    make_root(folder)
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: not without unshare
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    with open("/var/log/mail.log", "ab", buffering=0) as file:
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([0, log], [], [], 0.2)
            if log in ready:
                file.write(log_line(log.recv(65536)))
            elif 0 in ready:
                return
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


if __name__ == "__main__":
    hold(sys.argv[1])
