# SPDX-License-Identifier: BSD-2-Clause
"""The policies that matrix, who and where are tried on, and running the command."""
import json
import os
import random
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SRC = Path(os.environ.get("PL_SRC", HERE.parents[1]))
BIN = Path(os.environ.get("PL_BIN", SRC / "build/release")).resolve()
TEMP = tempfile.TemporaryDirectory()


def crowded():
    """200 rules over 60 tables: more classes than a page has room for."""
    rng = random.Random(5)
    lines = ["accepted_domains = {<d0>, <d1>, <d2>, example.org}", "relay_networks = {192.0.2.0/24, <n0>}",
             "relay_users = {any}", "relay_by_rule = {10.0.0.0/8}"]
    for i in range(20):
        networks = sorted({f"10.{rng.randrange(256)}.{rng.randrange(256)}.0/24" for _ in range(12)})
        lines.append(f"networks n{i} {{ entries = {{{', '.join(networks)}}} }}")
        names = sorted({f"x{rng.randrange(10 ** 6)}.d{i}.example" for _ in range(40)})
        lines.append(f"domains d{i} {{ entries = {{{', '.join(names)}}} }}")
        users = sorted({f"user{rng.randrange(10 ** 6)}" for _ in range(40)})
        lines.append(f"users u{i} {{ entries = {{{', '.join(users)}}} }}")
    for r in range(200):
        kind = rng.random()
        action = rng.choice(["OK", "DUNNO", "REJECT 5.7.1 no", "DEFER later"])
        if kind < 0.5:
            conditions = [f"client_address = {{<n{rng.randrange(20)}>}}"]
        elif kind < 0.8:
            conditions = [f"sasl_username = {{<u{rng.randrange(20)}>}}"]
        else:
            conditions = [f"client_name = {{.c{rng.randrange(30)}.example}}"]
            action = "REJECT no"
        if rng.random() < 0.8:
            conditions.append(f"recipient = {{<d{rng.randrange(20)}>}}")
        if rng.random() < 0.3:
            conditions.append(f"sender = {{<d{rng.randrange(20)}>}}")
        lines.append(f"rule \"rule {r}\" {{ {'  '.join(conditions)}  action = \"{action}\" }}")
    path = Path(TEMP.name) / "crowded.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def policies():
    """Configuration files by name."""
    return {path.stem: path for path in sorted((HERE / "data").glob("*.conf"))} | {"crowded": crowded()}


def postlatch(*argv, status=0):
    done = subprocess.run([BIN / "postlatch", *map(str, argv)], capture_output=True, check=False, timeout=300,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1764072000"})
    assert done.returncode == status, (argv, done.returncode, done.stderr.decode())
    return done.stdout.decode()


def matrix_json(conf):
    return json.loads(postlatch("matrix", "-c", conf, "--json"))


def page(conf):
    path = Path(TEMP.name) / (conf.stem + ".html")
    postlatch("matrix", "-c", conf, "--html", path)
    return path
