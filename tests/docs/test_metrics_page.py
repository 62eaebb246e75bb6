#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/metrics.md, the alerts and the dashboard hold what a running daemon gives: each metric, each label, nothing else."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(SRC / "tests/protocol"))
import rig_metrics  # noqa: E402
from test_daemon import BIN, Daemon, until  # noqa: E402

PAGE = (SRC / "docs/metrics.md").read_text()
ALERTS = (SRC / "contrib/prometheus/alerts.yml").read_text()
DASHBOARD = json.loads((SRC / "contrib/grafana/postlatch.json").read_text())
# Of Prometheus itself, and what its scrapes add to each sample.
OTHERS, ADDED = {"up"}, {"instance", "job"}
SELECTOR = re.compile(r"\b((?:postlatch|process)_\w+|up)\b(?:\{([^}]*)\})?")
MAY_BE_ABSENT = {"process_open_fds"}  # before Linux 6.2


def families_of_a_daemon():
    d = Daemon("accepted_domains = {example.org}\nnetworks lan { entries = {192.0.2.0/24} }\n")
    try:
        until(lambda: d.ctl("metrics")[0] == 0, "the daemon", 60)
        return rig_metrics.read(d.ctl("metrics")[1])
    finally:
        d.stop()


def expressions():
    """(where, PromQL) of all alerts and panels. Alerts are read by their form: one line, or folded by >-."""
    for name, one, folded in re.findall(r"- alert: (\w+)\n\s+expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", ALERTS):
        yield name, " ".join((one or folded).split())
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"].replace("$instance", ".*")


class Page(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.families = families_of_a_daemon()
        cls.labels = {}
        for name, (kind, samples) in cls.families.items():
            for sample, labels, _ in samples:
                cls.labels.setdefault(sample, set()).update(labels)

    def test_every_metric_is_described(self):
        rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in re.findall(r"(?m)^\| `(?:postlatch|process)_.*$", PAGE)]
        described = {name.strip("`"): kind.replace("info", "gauge") for name, kind, _ in rows}
        real = {name: kind for name, (kind, _) in self.families.items()}
        for name in MAY_BE_ABSENT - set(real):
            described.pop(name)
        self.assertEqual(described, real)
        for name, _, labels in rows:
            have = set().union(*(self.labels.get(name.strip("`") + suffix, set()) for suffix in ("", "_bucket")))
            self.assertEqual(set(re.findall(r"`(\w+)`", labels.split(":")[0])), have, name)

    def test_every_value_of_a_label_is_described(self):
        for name in ("postlatch_requests_total", "postlatch_connections_closed_total", "postlatch_protocol_errors_total",
                     "postlatch_config_reloads_total", "postlatch_config_verdict", "postlatch_config_mode",
                     "postlatch_relay_surface_networks", "postlatch_log_dropped_total"):
            with self.subTest(metric=name):
                label, values = re.search(rf"(?m)^\| `{name}` \| \w+ \| `(\w+)`: (.*?) \|", PAGE).groups()
                self.assertEqual(re.findall(r"`(\w+)`", values),
                                 [labels[label] for _, labels, _ in self.families[name][1]])

    def test_alerts_and_dashboard_name_what_exists(self):
        seen = set()
        for where, expr in expressions():
            for name, selector in SELECTOR.findall(expr):
                with self.subTest(where=where, metric=name):
                    seen.add(name)
                    if name in OTHERS:
                        continue
                    self.assertIn(name, self.labels)
                    used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
                    self.assertLessEqual(used, self.labels[name] | ADDED)
                    for label, value in re.findall(r'(\w+)="([^"]*)"', selector):
                        if label not in ADDED:
                            self.assertIn(value, {labels[label] for _, all_of in self.families.values()
                                                  for sample, labels, _ in all_of if sample == name})
            names = {name for name, _ in SELECTOR.findall(expr)}
            for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expr):
                have = set().union(*(self.labels.get(name, set()) for name in names)) | ADDED
                self.assertLessEqual(set(re.split(r",\s*", group)), have, where)
        self.assertGreater(len(seen), 15)
        self.assertEqual(len(list(expressions())), ALERTS.count("- alert:") + sum(len(p["targets"]) for p in DASHBOARD["panels"])
                         + len(DASHBOARD["annotations"]["list"]))

    def test_legends_and_annotations_name_labels_that_exist(self):
        every = set().union(*self.labels.values()) | ADDED
        for panel in DASHBOARD["panels"]:
            for target in panel["targets"]:
                self.assertLessEqual(set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])), every)
        self.assertLessEqual(set(re.findall(r"\$labels\.(\w+)", ALERTS)), every)

    def test_panels_do_not_overlap(self):
        taken = {}
        for panel in DASHBOARD["panels"]:
            g = panel["gridPos"]
            self.assertLessEqual(g["x"] + g["w"], 24)
            for x in range(g["x"], g["x"] + g["w"]):
                for y in range(g["y"], g["y"] + g["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} and {taken.get((x, y))}")
                    taken[x, y] = panel["title"]
        self.assertEqual(len({panel["id"] for panel in DASHBOARD["panels"]}), len(DASHBOARD["panels"]))

    def test_parentheses(self):
        for where, expr in expressions():
            bare = re.sub(r'"[^"]*"', "", expr)
            for pair in ("()", "[]", "{}"):
                self.assertEqual(bare.count(pair[0]), bare.count(pair[1]), where)

    @unittest.skipIf(shutil.which("promtool") is None, "no promtool; apt-get install prometheus")
    def test_promtool_reads_them(self):
        done = subprocess.run(["promtool", "check", "rules", SRC / "contrib/prometheus/alerts.yml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rules = "".join(f"      - record: x{i}\n        expr: {json.dumps(expr)}\n" for i, (_, expr) in enumerate(expressions()))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rules.yml"
            file.write_text("groups:\n  - name: all\n    rules:\n" + rules)
            done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipIf(shutil.which("promtool") is None, "no promtool; apt-get install prometheus")
    def test_alerts_fire(self):
        """By promtool's unit tests: each alert fires for what it is for, and not before."""
        done = subprocess.run(["promtool", "test", "rules", SRC / "tests/docs/alerts.test.yml"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_commands_of_the_page(self):
        d = Daemon()
        self.addCleanup(d.stop)
        until(lambda: d.ctl("metrics")[0] == 0, "the daemon", 60)
        for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S):
            script = block.replace("sudo ", "").replace("/var/lib/prometheus/node-exporter", str(d.dir))
            script = re.sub(r"(?m)^postlatch metrics", f"{BIN}/postlatch metrics --control {d.dir}/control", script)
            done = subprocess.run(["sh", "-e", "-c", script], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(set(rig_metrics.read((d.dir / "postlatch.prom").read_text())), set(self.families))

    def test_the_configuration_of_the_page(self):
        if os.environ.get("PL_METRICS_HTTP") == "0":
            self.skipTest("built without HTTP")
        text = re.search(r"```conf\n(.*?)```", PAGE, re.S).group(1)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "postlatch.conf"
            file.write_text(text)
            done = subprocess.run([BIN / "postlatch", "check", "--no-host", "-c", file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
