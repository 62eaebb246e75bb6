#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The spec for Fedora and Enterprise Linux: read by rpm, built as a user without rights, its files and scripts looked at, and
rpmlint. This is a Debian: fedora.macros stands in for Fedora's macros, and Debian's libraries for the packages that
BuildRequires names; the package is not installed."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from rig_root import NOT_SOURCE, SRC

SPEC = SRC / "contrib/rpm/postlatch.spec"
MACROS = Path(__file__).resolve().parent / "fedora.macros"
FILES = {
    "/etc/postlatch/postlatch.conf", "/usr/bin/postlatch", "/usr/sbin/postlatchd", "/usr/lib/systemd/system/postlatch.service",
    "/usr/lib/systemd/system/postlatch.socket", "/usr/lib/sysusers.d/postlatch.conf", "/usr/lib/tmpfiles.d/postlatch.conf",
    "/usr/share/man/man1/postlatch.1.gz", "/usr/share/man/man5/postlatch.conf.5.gz", "/usr/share/man/man8/postlatchd.8.gz",
}
ALSO = re.compile(r"/usr/share/(doc/postlatch|licenses/postlatch[-.0-9]*)(/|$)|/usr/lib/\.build-id|"
                  r"/usr/share/(bash-completion/completions|zsh/(?:vendor-completions|site-functions)|fish/vendor_completions\.d)/_?postlatch(\.fish)?$")


class Rpm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temp.cleanup)
        cls.top = Path(temp.name)
        cls.version = re.search(r"(?m)^project\(postlatch VERSION (\S+)", (SRC / "CMakeLists.txt").read_text()).group(1)
        name = f"postlatch-{cls.version}"
        (cls.top / "SOURCES").mkdir()
        shutil.copytree(SRC, cls.top / name, ignore=lambda _, names: [n for n in names if n in NOT_SOURCE])
        cls.run_("tar", "-C", cls.top, "-czf", cls.top / f"SOURCES/{name}.tar.gz", name)
        if os.geteuid() == 0:
            cls.run_("chown", "-R", "nobody:nogroup", cls.top)
        # --nodeps: the names in BuildRequires are Fedora's.
        cls.run_("rpmbuild", "-ba", "--nodeps", "--load", MACROS, "--define", f"_topdir {cls.top}",
                 "--define", f"_tmppath {cls.top}", SPEC, nobody=True)
        cls.rpm = next((cls.top / "RPMS").rglob("postlatch-*.rpm"))

    @classmethod
    def run_(cls, *argv, nobody=False):
        if nobody and os.geteuid() == 0:
            argv = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *argv)
        done = subprocess.run(list(map(str, argv)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                              env={**os.environ, "HOME": str(cls.top), "LC_ALL": "C.UTF-8"}, cwd=cls.top)
        if done.returncode != 0:
            raise AssertionError(f"{argv}: status {done.returncode}\n{done.stdout[-20000:]}")
        return done.stdout

    def query(self, form):
        return self.run_("rpm", "-qp", "--qf", form, self.rpm)

    def test_names_and_version(self):
        self.assertEqual(self.query("%{NAME} %{VERSION} %{LICENSE}"), f"postlatch {self.version} BSD-2-Clause")
        self.assertIn(f" {self.version}-1", self.query("[%{CHANGELOGNAME}\n]"))

    def test_files(self):
        lines = [line.split() for line in self.query("[%{FILENAMES} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMODES:perms}\n]").splitlines()]
        files = {name for name, _, _, mode in lines if not mode.startswith("d")}
        self.assertEqual({f for f in files if not ALSO.match(f)}, FILES)
        self.assertIn("/usr/share/doc/postlatch/examples/office.conf", files)
        for name, user, group, mode in lines:
            self.assertEqual((user, group), ("root", "root"), name)
            self.assertTrue(mode.startswith("l") or "w" not in mode[5:], name)
        folders = {name for name, _, _, mode in lines if mode.startswith("d")}
        self.assertLessEqual({"/etc/postlatch", "/usr/share/doc/postlatch"}, folders)
        self.assertEqual(self.run_("rpm", "-qpc", self.rpm), "/etc/postlatch/postlatch.conf\n")
        # Local changes survive an upgrade: the bit of %config(noreplace).
        flags = dict(line.split() for line in self.query("[%{FILENAMES} %{FILEFLAGS:fflags}\n]").splitlines() if len(line.split()) == 2)
        self.assertEqual(flags["/etc/postlatch/postlatch.conf"], "cn")

    def test_scripts(self):
        calls = [line for line in self.run_("rpm", "-qp", "--scripts", self.rpm).splitlines() if line.startswith(": ")]
        self.assertEqual(calls, [": systemd_post postlatch.socket postlatch.service",
                                 ": systemd_preun postlatch.socket postlatch.service",
                                 ": systemd_postun_with_restart postlatch.service"])

    def test_rpmlint(self):
        text = self.run_("rpmlint", "-c", MACROS.parent / "rpmlint.toml", "-r", SRC / "contrib/rpm/postlatch.rpmlintrc", SPEC, self.rpm,
                         next((self.top / "SRPMS").iterdir()))
        # The programs are not stripped as there is no package of debugging data here; the manual pages of both are there
        # (test_files), only not as bzip2.
        known = re.compile(r": W: (unstripped-binary-or-object|no-manual-page-for-binary) ")
        self.assertEqual([line for line in text.splitlines() if re.search(r": [EW]: ", line) and not known.search(line)], [], text)
        self.assertIn("2 packages and 1 specfiles checked; 0 errors", text)


if __name__ == "__main__":
    for program in ("rpmbuild", "rpmlint", "setpriv"):
        if shutil.which(program) is None:
            print(f"SKIP: no {program}", file=sys.stderr)
            sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
