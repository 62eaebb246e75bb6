#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/container. No container engine runs here, so: the Containerfiles are read by a reader of our own, the compose file by
PyYAML and a table of the keys that it may have, and every RUN, COPY and ENTRYPOINT is carried out in a root that is thrown
away (rig_root.Root), where both containers are in one. What is not shown: that an engine takes the files, that the base image
has what is needed beside the packages named, and what an engine does to addresses."""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import containerfile
import rig_root
from rig_root import SRC, Root, wait_until

HERE = Path(__file__).resolve().parent
FOLDER = SRC / "contrib/container"
# What compose knows, as far as ours may use it: the key, and what its value is; a dict goes on below it.
COMPOSE = {
    "name": str,
    "services": {"*": {
        "build": {"context": str, "dockerfile": str}, "volumes": [str], "networks": [str], "read_only": bool, "tmpfs": [str],
        "cap_drop": [str], "security_opt": [str], "restart": str, "ports": [str],
        "depends_on": {"*": {"condition": str}},
    }},
    "networks": {"*": {"internal": bool, "ipam": {"config": [{"subnet": str, "gateway": str}]}}},
    "volumes": {"*": {}},
}
POLICY_PORT, SMTP_PORT = 10071, 25


def unknown(value, known, place=""):
    """What in a value is not as the table has it."""
    if isinstance(known, type):
        return [] if isinstance(value, known) else [f"{place}: {value!r} is no {known.__name__}"]
    if isinstance(known, list):
        if not isinstance(value, list):
            return [f"{place}: {value!r} is no list"]
        return [wrong for i, v in enumerate(value) for wrong in unknown(v, known[0], f"{place}[{i}]")]
    if not isinstance(value, dict):
        return [f"{place}: {value!r} has no keys"]
    return [wrong for key, v in value.items()
            for wrong in (unknown(v, known.get(key, known.get("*")), f"{place}.{key}")
                          if key in known or "*" in known else [f"{place}: unknown key {key!r}"])]


class Reader(unittest.TestCase):
    """The reader refuses what an engine would refuse."""

    def test_refuses(self):
        for text, wrong in (
                ("", "no FROM"),
                ("RUN true\n", "1: RUN before FROM"),
                ("FROM a\nRUM true\n", "2: unknown instruction 'RUM'"),
                ("FROM a b\n", "1: FROM: expected IMAGE or IMAGE AS NAME"),
                ("FROM a\nCOPY x\n", "2: COPY: expected [--from=STAGE] SOURCE… TARGET"),
                ("FROM a\nCOPY --from=b /x /y\n", "2: COPY: no stage 'b' before this one"),
                ("FROM a AS b\nCOPY --from=b /x /y\n", "2: COPY: no stage 'b' before this one"),
                ("FROM a\nCOPY x y z\n", "2: COPY: several sources want a folder, with a slash at its end"),
                ("FROM a\nRUN x \\\n", "2: ends with a line that is continued"),
                ("FROM a\nRUN x \\\n\n  y\n", "3: empty line within an instruction"),
                ("FROM a\nUSER\n", "2: USER: nothing follows"),
                ('FROM a\nENTRYPOINT ["x",]\n', "2: ENTRYPOINT: Expecting value: line 1 column 6 (char 5)"),
                ("FROM a\nENTRYPOINT x\n", "2: ENTRYPOINT: expected an array; a shell would stand between the engine's signals "
                                           "and the program"),
                ("FROM a\nHEALTHCHECK x\n", "2: HEALTHCHECK: expected options, then CMD and an array")):
            with self.subTest(text=text), self.assertRaises(containerfile.Bad) as caught:
                containerfile.read(text)
            self.assertEqual(str(caught.exception), wrong)

    def test_reads(self):
        stages = containerfile.read("# c\nFROM a AS b\nRUN x \\\n  # c\n  && y\nFROM d\nCOPY --from=b /x /y\n")
        self.assertEqual([(s.image, s.name, s.steps) for s in stages], [
            ("a", "b", [(3, "RUN", {}, "x    && y")]), ("d", None, [(7, "COPY", {"from": "b"}, ["/x", "/y"])])])

    def test_compose_table(self):
        self.assertEqual(unknown({"servces": {}}, COMPOSE), [": unknown key 'servces'"])
        self.assertEqual(unknown({"services": {"a": {"cap_drop": "ALL"}}}, COMPOSE), [".services.a.cap_drop: 'ALL' is no list"])
        self.assertEqual(unknown({"services": {"a": {"read_only": "yes"}}}, COMPOSE), [".services.a.read_only: 'yes' is no bool"])


class Compose(unittest.TestCase):
    def setUp(self):
        import yaml
        self.compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
        self.services = self.compose["services"]

    def test_keys(self):
        self.assertEqual(unknown(self.compose, COMPOSE), [])

    def test_references(self):
        for name, service in self.services.items():
            with self.subTest(service=name):
                context = FOLDER / service["build"]["context"]
                self.assertTrue((context / service["build"]["dockerfile"]).is_file())
                self.assertLessEqual(set(service["networks"]), set(self.compose["networks"]))
                for other, how in service.get("depends_on", {}).items():
                    self.assertIn(other, self.services)
                    self.assertEqual(how, {"condition": "service_healthy"})
                    stages = containerfile.read((FOLDER / self.services[other]["build"]["context"]
                                                 / self.services[other]["build"]["dockerfile"]).read_text())
                    self.assertEqual(len(stages[-1].all("HEALTHCHECK")), 1, "it would wait for ever")
                for volume in service["volumes"]:
                    source = volume.split(":")[0]
                    self.assertTrue((FOLDER / source).is_dir() if source.startswith(".") else source in self.compose["volumes"])

    def test_only_postfix_can_ask(self):
        inside = {n for n, network in self.compose["networks"].items() if network and network.get("internal")}
        self.assertLessEqual(set(self.services["postlatch"]["networks"]), inside)
        self.assertNotIn("ports", self.services["postlatch"])
        asking = {n for n, s in self.services.items() if set(s["networks"]) & inside} - {"postlatch"}
        self.assertEqual(asking, {"postfix"})

    def test_the_gateway_is_masking(self):
        policy = (FOLDER / "policy/postlatch.conf").read_text()
        for network in self.compose["networks"].values():
            for config in network.get("ipam", {}).get("config", []):
                self.assertRegex(policy, rf"(?m)^masking\s*= \{{{re.escape(config['gateway'])}\}}$")


class Built(unittest.TestCase):
    """What the Containerfiles say is done."""

    @classmethod
    def setUpClass(cls):
        cls.root = Root()
        cls.addClassCleanup(cls.root.close)
        cls.root.fresh_postfix()
        cls.root.put(HERE / "apt-get", "/usr/local/sbin/apt-get")
        cls.stages = containerfile.read((FOLDER / "Containerfile").read_text())
        cls.postfix = containerfile.read((FOLDER / "Containerfile.postfix").read_text())
        for stage in cls.stages:
            cls.build(stage, SRC)
        cls.build(cls.postfix[0], FOLDER)

    @classmethod
    def build(cls, stage, context):
        cwd = "/"
        for number, instruction, flags, words in stage.steps:
            if instruction == "WORKDIR":
                cwd = words[0]
                cls.root.run("mkdir", "-p", cwd)
            elif instruction == "RUN":
                done = cls.root.run("/bin/sh", "-c", words, cwd=cwd, check=False)
                if done.returncode != 0:
                    raise AssertionError(f"line {number}: status {done.returncode}\n{done.stdout}")
            elif instruction == "COPY" and "from" not in flags:
                for source in words[:-1]:
                    target = os.path.join(cwd, words[-1])
                    cls.root.put(context / source, os.path.join(target, source) if words[-1].endswith("/") else target)
            elif instruction == "COPY":
                # An engine refuses to put a folder where the image has a link (/lib of Debian).
                for name in (cls.root.path / words[0].lstrip("/")).iterdir():
                    if (cls.root.path / name.name).is_symlink():
                        raise AssertionError(f"line {number}: {words[1]}{name.name} is a link in the image")
                cls.root.run("cp", "-a", words[0] + "/.", words[1])

    def test_form(self):
        for stage in [*self.stages, *self.postfix]:
            self.assertRegex(stage.image, r"^docker\.io/library/debian:12-slim$")
            for number, _, _, command in stage.all("RUN"):
                done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), f"line {number}")
        final = self.stages[-1]
        self.assertEqual(final.last("USER"), ["10071:10071"])
        self.assertEqual(final.last("EXPOSE"), [str(POLICY_PORT)])
        self.assertEqual(self.postfix[-1].last("EXPOSE"), [str(SMTP_PORT)])
        # Nothing is brought in after the user is, and nothing is left of the build.
        self.assertLess(max(n for n, i, _, _ in final.steps if i in ("RUN", "COPY")), final.all("USER")[0][0])

    def test_packages_of_the_final_stage(self):
        """Each library that the programs need is in a package that is named there."""
        command = self.stages[-1].all("RUN")[0][3]
        named = set(re.search(r"--no-install-recommends (.*?) &&", command).group(1).split())
        needed = self.root.run("objdump", "-p", "/usr/sbin/postlatchd", "/usr/bin/postlatch").stdout
        folder = self.root.run("dpkg-architecture", "-qDEB_HOST_MULTIARCH").stdout.strip()
        owners = self.root.run("dpkg", "-S", *{f"*/{folder}/{library}" for library in re.findall(r"NEEDED\s+(\S+)", needed)}).stdout
        needed = set(re.findall(r"(?m)^([^:,]+):", owners))
        self.assertEqual(needed - {"libc6"}, named)

    def test_they_work_together(self):
        root = self.root
        user, group = self.stages[-1].last("USER")[0].split(":")
        self.assertEqual(root.run("id", "-u", "_postlatch").stdout, user + "\n")
        # What compose.yaml mounts, and the name that it gives.
        root.run("rm", "-rf", "/etc/postlatch")
        root.put(FOLDER / "policy", "/etc/postlatch")
        root.run("sh", "-c", "echo 127.0.0.1 postlatch >>/etc/hosts")

        def as_user(*argv):
            return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *argv]

        daemon = subprocess.Popen(root.command(as_user(*self.stages[-1].last("ENTRYPOINT"))), env=rig_root.ENVIRONMENT,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(daemon.wait, 60)
        self.addCleanup(lambda: root.run("pkill", "-TERM", "-x", "postlatchd"))
        healthy = self.stages[-1].last("HEALTHCHECK")
        wait_until(lambda: root.run(*as_user(*healthy), check=False).returncode == 0, what="the health check")
        master = subprocess.Popen(root.command(self.postfix[-1].last("ENTRYPOINT")), env=rig_root.ENVIRONMENT,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(master.communicate, timeout=60)
        self.addCleanup(lambda: root.run("postfix", "stop"))
        wait_until(lambda: root.run(*self.ask("127.0.0.1"), check=False).returncode == 0, what="Postfix")

        # Postfix sees its peer's real address: its own loopback may not relay, as the policy does not name it; 192.0.2.7 may.
        root.run("ip", "address", "add", "192.0.2.7/32", "dev", "lo")
        root.run("ip", "address", "add", "172.31.25.1/32", "dev", "lo")
        refused = "554 5.7.1 <someone@foreign.example>: Recipient address rejected: Relay access denied\n"
        self.assertEqual(root.run(*self.ask("127.0.0.1")).stdout, refused)
        self.assertEqual(root.run(*self.ask("172.31.25.1")).stdout, refused)
        self.assertEqual(root.run(*self.ask("192.0.2.7")).stdout, "250 2.1.5 Ok\n")
        self.assertEqual(root.run(*self.ask("172.31.25.1", "postmaster@example.org")).stdout, "250 2.1.5 Ok\n")

        # What compose.yaml tells to do after a change.
        policy = root.read("/etc/postlatch/postlatch.conf")
        root.write("/etc/postlatch/postlatch.conf", policy.replace("192.0.2.0/24", "198.51.100.0/24"))
        root.run(*as_user("postlatch", "reload"))
        self.assertEqual(root.run(*self.ask("192.0.2.7")).stdout, refused)

    @staticmethod
    def ask(source, recipient="someone@foreign.example"):
        """A command that prints what Postfix answers to a client with this address."""
        return ("python3", "-c",
                "import smtplib, sys\n"
                "smtp = smtplib.SMTP('127.0.0.1', 25, 'client.example.net', 60, (sys.argv[1], 0))\n"
                "smtp.ehlo(); smtp.mail('somebody@sender.example')\n"
                "code, text = smtp.rcpt(sys.argv[2]); smtp.quit(); print(code, text.decode())\n", source, recipient)


if __name__ == "__main__":
    lacks = rig_root.missing("postfix", "cmake", "objdump", "dpkg-architecture", "setpriv")
    try:
        import yaml  # noqa: F401
    except ImportError:
        lacks = lacks or "no python3-yaml"
    if lacks is not None:
        print(f"SKIP: {lacks}", file=sys.stderr)
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
