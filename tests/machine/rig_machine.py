# SPDX-License-Identifier: BSD-2-Clause
"""A virtual machine with a Debian 12 in it: its own kernel, its own systemd as process 1, a Postfix as Debian ships it, and postlatch as
`cmake --install` leaves it. qemu runs it in software; PL_ACCEL=kvm is quicker where that works. It has no network but its own loopback, and no disk of this host's: what it writes is thrown away.

    with Machine(folder) as m:
        m.run("systemctl is-active postlatch")    # → (0, "active")

The root and the kernel come from Debian's mirror once (debootstrap, apt-get download) and stay in build/…/machine; nothing of them is
installed on this host. What a run brings along (our programs, the files of inside/) lies in the initramfs, which copies it over the root."""
import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SRC = Path(os.environ.get("PL_SRC", HERE.parents[1]))
BUILD = Path(os.environ.get("PL_BUILD", SRC / "build/release"))
CACHE = BUILD / "machine"

NEEDS = {"qemu-system-x86_64": "qemu-system-x86", "debootstrap": "debootstrap", "mke2fs": "e2fsprogs"}
SUITE = "bookworm"
MIRROR = os.environ.get("PL_MIRROR", "http://deb.debian.org/debian")
# What is in the machine: what our programs need as Debian's package would say it, and what a check looks with.
PACKAGES = ("systemd", "systemd-sysv", "postfix", "python3-minimal", "libpython3-stdlib", "busybox-static", "procps",
            "libev4", "libcidr0", "libconfuse2", "libidn2-0", "libmnl0", "libseccomp2", "libjansson4", "libmicrohttpd12")
KERNEL = "linux-image-cloud-amd64"
MODULES = ("virtio/virtio_ring", "virtio/virtio", "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev", "virtio/virtio_pci",
           "block/virtio_blk", "char/virtio_console")
MEMORY_MB = 1024
BOOT_S = 300
RUN_S = 180

# The first process: the modules for disk and channel, our files over the root, then systemd.
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for m in /modules/*.ko; do /bin/busybox insmod "$m"; done
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 -o noatime /dev/vda /root
/bin/busybox cp -a /over/. /root/
/bin/busybox umount /dev
exec /bin/busybox switch_root /root /sbin/init
"""


def missing():
    """The packages that are not there; root is needed too."""
    path = "/usr/sbin:/sbin:" + os.environ.get("PATH", "")
    return sorted({package for program, package in NEEDS.items() if shutil.which(program, path=path) is None})


def call(*argv, **options):
    env = dict(os.environ, PATH="/usr/sbin:/sbin:" + os.environ["PATH"], DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
    done = subprocess.run([str(a) for a in argv], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode != 0:
        raise RuntimeError("%s: exit status %d\n%s" % (" ".join(map(str, argv)), done.returncode, done.stdout[-4000:]))
    return done.stdout


def fetch_kernel(into):
    """Debian's kernel for virtual machines, unpacked beside the root."""
    depends = call("apt-cache", "depends", "--important", KERNEL)
    package = next(word for word in depends.split() if word.startswith("linux-image-6"))
    call("apt-get", "download", "-q", package, cwd=into)
    call("dpkg-deb", "-x", next(into.glob("linux-image-*.deb")), into / "kernel")


def prepare():
    """The root's image, the kernel and a busybox: made once, by whoever comes first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp, wanted = CACHE / "stamp", " ".join((SUITE, KERNEL, *PACKAGES))
        if stamp.exists() and stamp.read_text() == wanted:
            return
        stamp.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as temp:
            temp = Path(temp)
            call("debootstrap", "--variant=minbase", "--include=" + ",".join(PACKAGES), SUITE, temp / "root", MIRROR)
            shutil.rmtree(temp / "root/var/cache/apt/archives")
            fetch_kernel(temp)
            call("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", temp / "root", temp / "root.ext4", "1500M")
            shutil.copy(temp / "root/bin/busybox", temp / "busybox")
            shutil.copy(next((temp / "kernel/boot").glob("vmlinuz-*")), temp / "vmlinuz")
            (temp / "modules").mkdir()
            drivers = next((temp / "kernel/lib/modules").iterdir()) / "kernel/drivers"
            for number, module in enumerate(MODULES):
                shutil.copy(drivers / (module + ".ko"), temp / "modules" / ("%d-%s.ko" % (number, Path(module).name)))
            shutil.rmtree(CACHE / "modules", ignore_errors=True)
            for name in ("root.ext4", "busybox", "vmlinuz", "modules"):
                os.rename(temp / name, CACHE / name)
        stamp.write_text(wanted)


def bring(over):
    """What a run brings along: the programs as an administrator installs them, and the files of inside/."""
    done = subprocess.run(["cmake", "--install", BUILD], env=dict(os.environ, DESTDIR=str(over)), capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    shutil.copytree(HERE / "inside", over, dirs_exist_ok=True)
    shutil.copy(SRC / "tests/blackbox/rig_smtp.py", over / "opt/test")
    wants = over / "etc/systemd/system/basic.target.wants"
    wants.mkdir(parents=True)
    os.symlink("../agent.service", wants / "agent.service")


def ends_with_us():
    """In the child: the machine does not outlive a test that is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    """A running machine. over: a folder whose files lie over the root's, with their owners and modes."""

    def __init__(self, folder, over):
        prepare()
        self.folder = Path(folder)
        self.log = self.folder / "console"
        self._pack(over)
        channel = self.folder / "channel"
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot", "-accel", os.environ.get("PL_ACCEL", "tcg"),
                "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MB), "-kernel", CACHE / "vmlinuz", "-initrd", self.folder / "initrd",
                "-append", "console=ttyS0 quiet panic=-1 systemd.getty_auto=no systemd.show_status=no",
                "-drive", "file=%s,format=raw,if=virtio,snapshot=on,cache=unsafe" % (CACHE / "root.ext4"),
                "-serial", "file:%s" % self.log, "-device", "virtio-serial",
                "-chardev", "socket,id=agent,path=%s,server=on,wait=off" % channel, "-device", "virtserialport,chardev=agent"]
        self.out = open(self.folder / "qemu", "w")
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
                                        env=dict(os.environ, TMPDIR=str(self.folder)), preexec_fn=ends_with_us)
        self.channel = None
        try:
            self._connect(channel)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _pack(self, over):
        with tempfile.TemporaryDirectory(dir=self.folder) as temp:
            top = Path(temp)
            for name in ("bin", "dev", "root"):
                (top / name).mkdir()
            shutil.copy(CACHE / "busybox", top / "bin/busybox")
            shutil.copytree(CACHE / "modules", top / "modules")
            shutil.copytree(over, top / "over", symlinks=True)
            (top / "init").write_text(INIT)
            (top / "init").chmod(0o755)
            call("sh", "-c", 'find . | "$0" cpio -o -H newc -R 0:0 >"$1"', CACHE / "busybox", self.folder / "initrd", cwd=top)

    def _connect(self, path):
        """Until the agent has said that it is there."""
        end = time.monotonic() + BOOT_S
        while self.channel is None:
            self.channel = socket.socket(socket.AF_UNIX)
            try:
                self.channel.connect(str(path))
            except OSError:
                self.channel.close()
                self.channel = None
                self._alive(end)
                time.sleep(0.05)
        self.file = self.channel.makefile("rb")
        self.channel.settimeout(BOOT_S)
        self.hello = json.loads(self._line())

    def _alive(self, end):
        if self.process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the machine has ended or does not come up\n" + self.dump())

    def _line(self):
        try:
            line = self.file.readline()
        except OSError as why:
            raise RuntimeError("no word from the machine: %s\n%s" % (why, self.dump())) from None
        if not line:
            raise RuntimeError("the machine has ended\n" + self.dump())
        return line

    def dump(self):
        return "qemu: %s\nconsole: …%s" % ((self.folder / "qemu").read_text(), self.log.read_text(errors="replace")[-4000:]
                                          if self.log.exists() else "")

    def ask(self, command, stdin="", seconds=RUN_S):
        """Runs a command of the shell as root; its exit status and all it wrote."""
        self.channel.settimeout(seconds + 60)
        self.channel.sendall(json.dumps({"command": command, "stdin": stdin, "seconds": seconds}).encode() + b"\n")
        answer = json.loads(self._line())
        return answer["status"], answer["output"]

    def run(self, command, stdin="", seconds=RUN_S):
        status, output = self.ask(command, stdin, seconds)
        return status, output.strip()

    def must(self, command, stdin="", seconds=RUN_S):
        """The output of a command that has to succeed."""
        status, output = self.run(command, stdin, seconds)
        if status != 0:
            raise AssertionError("%s: exit status %d\n%s\njournal: …%s" % (command, status, output, self.run("journalctl -n 20")[1]))
        return output

    def write(self, path, text):
        self.must("cat >%s" % path, text)

    def until(self, what, condition, seconds=120):
        """Asks again and again; what condition returned at last."""
        end = time.monotonic() + seconds
        while not (got := condition()):
            if time.monotonic() > end:
                raise AssertionError("waited %d s for %s\n%s" % (seconds, what, self.run("journalctl -n 40 --no-pager")[1]))
            time.sleep(0.2)
        return got

    def close(self):
        with contextlib.suppress(OSError):
            if self.channel is not None:
                self.channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.out.close()
