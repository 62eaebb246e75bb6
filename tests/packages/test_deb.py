#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Debian's package: built as a user without rights, looked at by lintian, built again elsewhere with the same bytes, and then
installed, tested with Postfix, upgraded, removed and purged in a root that is thrown away (rig_root.Root)."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import rig_root
from rig_root import SRC, Root, wait_until

HERE = Path(__file__).resolve().parent
CONF = "/etc/postlatch/postlatch.conf"
# What is in the package besides its documents.
FILES = {
    CONF, "/lib/systemd/system/postlatch.service", "/lib/systemd/system/postlatch.socket", "/usr/bin/postlatch",
    "/usr/sbin/postlatchd", "/usr/lib/sysusers.d/postlatch.conf", "/usr/lib/tmpfiles.d/postlatch.conf",
    "/usr/share/man/man1/postlatch.1.gz", "/usr/share/man/man5/postlatch.conf.5.gz", "/usr/share/man/man8/postlatchd.8.gz",
    "/usr/share/lintian/overrides/postlatch",
}
# What parts of the tree that come and go may add.
ALSO = re.compile(r"/usr/share/doc/postlatch/|/etc/logcheck/ignore\.d\.\w+/postlatch$|"
                  r"/usr/share/(bash-completion/completions|zsh/(vendor-completions|site-functions)|fish/vendor_completions\.d)/_?postlatch(\.fish)?$")
# What dpkg, apt and the tools that the scripts call keep books in.
BOOKS = re.compile(r"-?(/var/lib/(dpkg|apt)|/var/log|/var/cache/(apt|man|debconf)|/etc/\.pwd\.lock$|"
                   r"/etc/(passwd|group|shadow|gshadow)-?$)")
ENABLED = {
    "/etc/systemd/system/multi-user.target.wants/postlatch.service", "/etc/systemd/system/sockets.target.wants/postlatch.socket",
    "/var/lib/systemd/deb-systemd-helper-enabled/multi-user.target.wants/postlatch.service",
    "/var/lib/systemd/deb-systemd-helper-enabled/sockets.target.wants/postlatch.socket",
    "/var/lib/systemd/deb-systemd-helper-enabled/postlatch.service.dsh-also",
    "/var/lib/systemd/deb-systemd-helper-enabled/postlatch.socket.dsh-also",
}


def run(*argv, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def next_version(deb, folder, change_conf=True):
    """The package taken apart and put together again as version 9.0, if wanted with another default file."""
    raw = Path(folder) / "raw"
    run("dpkg-deb", "-R", deb, raw)
    control = raw / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", "Version: 9.0", control.read_text()))
    if change_conf:
        with open(raw / CONF[1:], "a") as conf:
            conf.write("# Version 9 says so.\n")
    out = Path(folder) / "postlatch_9.deb"
    run("dpkg-deb", "--root-owner-group", "-Znone", "-b", raw, out)
    shutil.rmtree(raw)
    return out


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deb = rig_root.deb()

    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)

    # ---- what it is ----

    def test_contents(self):
        files = {}
        for line in run("dpkg-deb", "-c", self.deb).splitlines():
            mode, owner, _, _, _, name = line.split(None, 5)
            self.assertEqual(owner, "root/root", line)
            self.assertNotIn("w", mode[5:], line)
            if not mode.startswith("d"):
                files[name[1:]] = mode
        self.assertEqual({f for f in files if not ALSO.match(f)}, FILES)
        for name in ("README.md", "CHANGELOG.md", "copyright", "changelog.gz", "examples/office.conf"):
            self.assertIn("/usr/share/doc/postlatch/" + name, files)
        conffiles = run("dpkg-deb", "-I", self.deb, "conffiles").split()
        self.assertEqual(set(conffiles), {f for f in files if f.startswith("/etc/")})

    def test_says_its_version(self):
        """One version: debian/changelog, CMakeLists.txt, the change log."""
        version = re.search(r"(?m)^project\(postlatch VERSION (\S+)", (SRC / "CMakeLists.txt").read_text()).group(1)
        self.assertEqual(run("dpkg-deb", "-f", self.deb, "Version").strip(), version)
        self.assertIn(f"## {version} ", (SRC / "docs/CHANGELOG.md").read_text())

    def test_readme_names_its_neighbours(self):
        """All documents are in one folder there; each that README.md names is."""
        raw = Path(self.temp.name) / "raw"
        run("dpkg-deb", "-x", self.deb, raw)
        folder = raw / "usr/share/doc/postlatch"
        readme = (folder / "README.md").read_text()
        self.assertNotIn("docs/", re.sub(r"(?s)```.*?```", "", readme))
        for link in re.findall(r"]\((?!https?:)([^)#]+)", readme):
            self.assertTrue((folder / link).exists(), link)

    def test_lintian(self):
        changes = next(self.deb.parent.glob("*.changes"))
        home = {**os.environ, "HOME": self.temp.name}
        self.assertEqual(run("lintian", "--allow-root", "--fail-on", "error,warning,info,pedantic", "--display-info", "--pedantic", changes, env=home), "")

    def test_the_same_bytes_elsewhere(self):
        other = rig_root.build_deb(Path(self.temp.name) / "out", place="/srv/somewhere/else/tree", umask=0o002, TZ="Pacific/Chatham",
                                   LANG="C", DEB_BUILD_OPTIONS="parallel=1 nocheck")
        self.assertEqual(other.read_bytes(), self.deb.read_bytes(), "not reproducible")

    def test_by_hand(self):
        """The commands of docs/PACKAGING.md; only the compiler is told not to take its time."""
        commands = re.search(r"(?ms)^```sh\n(.*?)^```", (SRC / "docs/PACKAGING.md").read_text()).group(1)
        with Root() as root:
            rig_root.export(root.path / "src")
            root.write("/usr/bin/quick-cc", '#!/bin/sh\nexec gcc "$@" -O0 -fno-lto\n', 0o755)
            root.run("sh", "-ec", commands, cwd="/src", env={"CC": "quick-cc", "CMAKE_BUILD_PARALLEL_LEVEL": "2"})
            found = root.run("find", ".", "-type", "f", cwd="/tmp/postlatch-package").stdout.replace("\n.", "\n").splitlines()
            found = {name.lstrip(".") for name in found}
            wanted = {"/usr" + f if f.startswith("/lib/") else f.removesuffix(".gz") for f in FILES if "lintian" not in f}
            self.assertEqual({f for f in found if not ALSO.match(f)}, wanted)

    # ---- a life without systemd, as in a container ----

    def install(self, root, deb, apt=False):
        """With apt, as an administrator would; or with dpkg, which is quicker. The answer to dpkg's question about a changed file
        is the default, "keep mine"."""
        name = f"/tmp/{Path(deb).name}"
        root.put(deb, name)
        if apt:
            return root.run("apt-get", "-q", "-y", "--no-install-recommends", "install", name).stdout
        return root.run("dpkg", "--force-confdef", "--force-confold", "-i", name).stdout

    def left(self, root, before):
        return {f for f in root.changes() - before if not BOOKS.match(f)}

    def test_from_installing_to_purging(self):
        with Root() as root:
            root.fresh_postfix()
            before = root.changes()
            self.install(root, self.deb, apt=True)
            installed = self.left(root, before)
            where = {f.replace("/lib/systemd", "/usr/lib/systemd") if f.startswith("/lib/") else f for f in FILES}
            self.assertEqual({f for f in installed if not ALSO.match(f)}, where | ENABLED)
            self.assertEqual(root.run("dpkg", "--verify", "postlatch").stdout, "")
            user = root.run("getent", "passwd", "_postlatch").stdout.strip().split(":")
            self.assertEqual(user[4:], ["Postfix policy server", "/", "/usr/sbin/nologin"])
            self.assertEqual(root.run("getent", "shadow", "_postlatch").stdout.split(":")[1], "!*")
            self.assertEqual(root.run("stat", "-c", "%U %G %a", "/run/postlatch").stdout, "_postlatch _postlatch 755\n")
            self.assertEqual(root.read(CONF), (SRC / "etc/postlatch.conf").read_text())
            self.assertEqual(root.processes("postlatchd"), [])

            # A real Postfix asks it: what autopkgtest runs too.
            root.put(SRC / "debian/tests/postfix", "/tmp/autopkgtest")
            said = root.run("/tmp/autopkgtest").stdout
            self.assertEqual(said.splitlines()[-1], "as expected", said)
            wait_until(lambda: root.processes("postlatchd") == [], what="the daemon's end")

            # The changed configuration stays when the package goes, and goes when it is purged.
            configured = root.read(CONF)
            root.run("apt-get", "-q", "-y", "remove", "postlatch")
            rest = {f for f in self.left(root, before) if "postlatch" in f}
            self.assertEqual({f for f in rest if not f.startswith("/etc/logcheck/")}, {CONF} | ENABLED)
            self.assertEqual(root.read(CONF), configured)
            self.assertFalse(root.exists("/run/postlatch"))
            self.install(root, self.deb)
            self.assertEqual(root.read(CONF), configured)
            root.run("apt-get", "-q", "-y", "purge", "postlatch")
            self.assertEqual({f for f in self.left(root, before) if "postlatch" in f}, set())
            self.assertFalse(root.exists("/etc/postlatch"))
            # As Debian's users do, it stays: a number that is given to somebody else would inherit files.
            self.assertEqual(root.run("getent", "passwd", "_postlatch").stdout.split(":")[4], "Postfix policy server")

    @unittest.skipIf(shutil.which("autopkgtest") is None, "no autopkgtest")
    def test_autopkgtest(self):
        """debian/tests, run by autopkgtest itself; the Root is its testbed, and has no archive to look into."""
        with Root() as root:
            root.fresh_postfix()
            root.run("sh", "-c", "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
            root.put(self.deb, f"/tmp/{self.deb.name}")
            rig_root.export(root.path / "tmp/tree")
            said = root.run("autopkgtest", "-B", f"/tmp/{self.deb.name}", "/tmp/tree", "--", "null", check=False)
            self.assertEqual(said.returncode, 0, said.stdout[-10000:])
            self.assertRegex(said.stdout, r"(?m)^postfix +PASS$")

    def test_upgrade_keeps_what_the_administrator_wrote(self):
        new = next_version(self.deb, self.temp.name)
        with Root() as root:
            self.install(root, self.deb)
            self.install(root, new)
            self.assertTrue(root.read(CONF).endswith("# Version 9 says so.\n"), "an untouched file is replaced")

            self.install(root, self.deb)
            mine = "accepted_domains = {example.org}\n"
            root.write(CONF, mine)
            root.write("/etc/postlatch/partners.cidr", "192.0.2.0/24\n")
            said = self.install(root, new)
            self.assertIn(f"Configuration file '{CONF}'", said)
            self.assertEqual(root.read(CONF), mine)
            self.assertTrue(root.read(CONF + ".dpkg-dist").endswith("# Version 9 says so.\n"))
            self.assertEqual(root.run("dpkg-query", "-W", "-f=${Version} ${Status}", "postlatch").stdout, "9.0 install ok installed")

            # A file that nobody changed on either side is not asked about; one that was removed stays so.
            root.run("rm", CONF)
            self.install(root, next_version(self.deb, self.temp.name, change_conf=False))
            self.assertFalse(root.exists(CONF))
            self.assertEqual(root.run("postlatchd", "-t", check=False).returncode, 2)

            # What is the administrator's own alone is not the package's to remove.
            root.run("dpkg", "--purge", "postlatch")
            self.assertEqual(root.run("ls", "-A", "/etc/postlatch").stdout, "partners.cidr\n")

    # ---- what the scripts ask of systemd: systemctl here stands in for it ----

    def with_systemctl(self, root):
        root.run("mv", "/usr/bin/systemctl", "/usr/bin/systemctl.real")
        root.put(HERE / "systemctl", "/usr/bin/systemctl")
        root.run("mkdir", "-p", "/run/systemd/system")

    def asked(self, root):
        """The calls since the last look; that units are read again stands before each and is of no interest."""
        calls = root.read("/run/systemctl.calls").splitlines() if root.exists("/run/systemctl.calls") else []
        root.run("rm", "-f", "/run/systemctl.calls")
        self.assertTrue(not calls or calls[0] == "daemon-reload" or calls[0].startswith("stop "), calls)
        return [c for c in calls if c != "daemon-reload"]

    def test_services(self):
        new = next_version(self.deb, self.temp.name)
        with Root() as root:
            self.with_systemctl(root)
            self.install(root, self.deb)
            self.assertEqual(self.asked(root), ["start postlatch.socket", "start postlatch.service"])
            first = root.processes("postlatchd")
            self.assertEqual(len(first), 1)
            self.assertEqual(root.run("stat", "-c", "%U", f"/proc/{first[0]}").stdout, "_postlatch\n")
            query = ("postlatch", "query", "client_address=192.0.2.1", "recipient=a@foreign.example")
            self.assertEqual(root.run(*query).stdout.splitlines()[-1], "action=REJECT Relay access denied")

            # The socket is left alone: whoever asks meanwhile waits.
            self.install(root, new)
            self.assertEqual(self.asked(root), ["start postlatch.socket", "start postlatch.service", "restart postlatch.service"])
            second = root.processes("postlatchd")
            self.assertEqual((len(second), second != first), (1, True))
            self.assertEqual(root.run(*query).stdout.splitlines()[-1], "action=REJECT Relay access denied")

            # The socket first: a question in between would start the service again.
            root.run("dpkg", "--remove", "postlatch")
            self.assertEqual(self.asked(root)[:2], ["stop postlatch.socket", "stop postlatch.service"])
            self.assertEqual(root.processes("postlatchd"), [])
            self.assertFalse(root.exists("/run/postlatch"))
            root.run("dpkg", "--purge", "postlatch")
            self.assertEqual({f for f in root.changes() if "postlatch" in f and not BOOKS.match(f)}, set())

    def test_a_policy_that_the_new_version_refuses(self):
        new = next_version(self.deb, self.temp.name, change_conf=False)
        with Root() as root:
            self.with_systemctl(root)
            self.install(root, self.deb)
            running = root.processes("postlatchd")
            self.asked(root)
            root.write(CONF, "relay_networks = {0.0.0.0/0}\n")
            said = self.install(root, new)
            self.assertIn("\npostlatch: not restarted, the version from before goes on: this one finds fault with "
                          "/etc/postlatch/postlatch.conf.\n"
                          'postlatch: see "postlatch check", then "systemctl restart postlatch".\n', said)
            self.assertEqual(self.asked(root), ["start postlatch.socket", "start postlatch.service"])
            self.assertEqual(root.processes("postlatchd"), running)

    def test_who_has_switched_it_off_keeps_it_off(self):
        new = next_version(self.deb, self.temp.name)
        with Root() as root:
            self.with_systemctl(root)
            root.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
            self.install(root, self.deb)
            self.assertEqual((self.asked(root), root.processes("postlatchd")), ([], []))
            root.run("rm", "/usr/sbin/policy-rc.d")
            root.run("systemctl.real", "--root=/", "disable", "postlatch.service", "postlatch.socket")
            self.install(root, new)
            self.assertEqual((self.asked(root), root.processes("postlatchd")), ([], []))
            self.assertFalse(root.exists("/etc/systemd/system/sockets.target.wants/postlatch.socket"))


if __name__ == "__main__":
    lacks = rig_root.missing("dpkg-buildpackage", "dh", "lintian", "apt-get", "postfix", "setpriv")
    if lacks is not None:
        print(f"SKIP: {lacks}", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
