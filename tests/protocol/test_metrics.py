#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon tells of itself: status, and metrics over the control socket and HTTP. PL_BIN=build/release test_metrics.py"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))
import rig_holder  # noqa: E402
import rig_metrics  # noqa: E402
from test_daemon import HEAD, OPEN, OURS, REJECT, RELAY, Daemon, free_port, read_all, read_answers, until  # noqa: E402

PATIENCE = 60
RULES = """
accepted_domains = {example.org}
relay_networks = {192.0.2.0/24}
relay_by_rule = {198.51.100.0/28}
networks printers { entries = {198.51.100.1, 198.51.100.2} }
rule "the \\"blocked\\" \\\\ ones" { sasl_username = {mallory}  action = "REJECT 5.7.1 Account suspended" }
rule lab { client_address = {<printers>}  recipient = {partner.example}  action = "OK" }
rule late { protocol_state = {DATA}  sender = {slow.example}  action = "450 4.7.1 later" }
"""
EXPECTED = r"""# HELP postlatch_build_info The version that runs.
# TYPE postlatch_build_info gauge
postlatch_build_info{version="VERSION"} 1
# HELP postlatch_decisions_total Requests answered, by the rule that decided, its action and the protocol state at which it holds.
# TYPE postlatch_decisions_total counter
postlatch_decisions_total{stage="RCPT",action="DUNNO",rule="builtin:accepted"} 3
postlatch_decisions_total{stage="RCPT",action="OK",rule="builtin:authenticated"} 0
postlatch_decisions_total{stage="RCPT",action="OK",rule="builtin:certificate"} 0
postlatch_decisions_total{stage="RCPT",action="OK",rule="builtin:name"} 0
postlatch_decisions_total{stage="RCPT",action="OK",rule="builtin:network"} 1
postlatch_decisions_total{stage="RCPT",action="REJECT",rule="builtin:reject"} 2
postlatch_decisions_total{stage="other",action="DUNNO",rule="builtin:state"} 1
postlatch_decisions_total{stage="RCPT",action="OK",rule="lab"} 1
postlatch_decisions_total{stage="DATA",action="450",rule="late"} 1
postlatch_decisions_total{stage="RCPT",action="REJECT",rule="the \"blocked\" \\ ones"} 1
# HELP postlatch_requests_total Requests answered, by what the action does to mail for elsewhere: pass, refuse, leave (to Postfix), unknown (a class).
# TYPE postlatch_requests_total counter
postlatch_requests_total{effect="pass"} 2
postlatch_requests_total{effect="refuse"} 4
postlatch_requests_total{effect="leave"} 4
postlatch_requests_total{effect="unknown"} 0
# HELP postlatch_matrix_total Requests answered, by what the rule that decided says of client and recipient, and its action.
# TYPE postlatch_matrix_total counter
postlatch_matrix_total{client_class="any",recipient_class="ours",action="DUNNO"} 3
postlatch_matrix_total{client_class="login",recipient_class="foreign",action="OK"} 0
postlatch_matrix_total{client_class="certificate",recipient_class="foreign",action="OK"} 0
postlatch_matrix_total{client_class="name",recipient_class="foreign",action="OK"} 0
postlatch_matrix_total{client_class="network",recipient_class="foreign",action="OK"} 1
postlatch_matrix_total{client_class="outside",recipient_class="foreign",action="REJECT"} 2
postlatch_matrix_total{client_class="any",recipient_class="any",action="DUNNO"} 1
postlatch_matrix_total{client_class="rule",recipient_class="any",action="OK"} 1
postlatch_matrix_total{client_class="rule",recipient_class="any",action="4NN"} 1
postlatch_matrix_total{client_class="rule",recipient_class="any",action="REJECT"} 1
# HELP postlatch_request_duration_seconds Time from a worker's waking up to its waiting again, for each request answered meanwhile.
# TYPE postlatch_request_duration_seconds histogram
postlatch_request_duration_seconds_bucket{le="5e-06"} N
postlatch_request_duration_seconds_bucket{le="1e-05"} N
postlatch_request_duration_seconds_bucket{le="2.5e-05"} N
postlatch_request_duration_seconds_bucket{le="5e-05"} N
postlatch_request_duration_seconds_bucket{le="0.0001"} N
postlatch_request_duration_seconds_bucket{le="0.00025"} N
postlatch_request_duration_seconds_bucket{le="0.0005"} N
postlatch_request_duration_seconds_bucket{le="0.001"} N
postlatch_request_duration_seconds_bucket{le="0.0025"} N
postlatch_request_duration_seconds_bucket{le="0.005"} N
postlatch_request_duration_seconds_bucket{le="0.01"} N
postlatch_request_duration_seconds_bucket{le="0.025"} N
postlatch_request_duration_seconds_bucket{le="0.05"} N
postlatch_request_duration_seconds_bucket{le="0.1"} N
postlatch_request_duration_seconds_bucket{le="0.25"} N
postlatch_request_duration_seconds_bucket{le="0.5"} N
postlatch_request_duration_seconds_bucket{le="1.0"} N
postlatch_request_duration_seconds_bucket{le="+Inf"} 10
postlatch_request_duration_seconds_sum N
postlatch_request_duration_seconds_count 10
# HELP postlatch_longest_wakeup_seconds The longest time that a worker took from waking up to waiting again.
# TYPE postlatch_longest_wakeup_seconds gauge
postlatch_longest_wakeup_seconds N
# HELP postlatch_connections Policy connections that are open.
# TYPE postlatch_connections gauge
postlatch_connections 1
# HELP postlatch_connections_total Policy connections that were accepted.
# TYPE postlatch_connections_total counter
postlatch_connections_total 1
# HELP postlatch_connections_closed_total Policy connections that the daemon closed for want of room or of requests.
# TYPE postlatch_connections_closed_total counter
postlatch_connections_closed_total{reason="idle_timeout"} 0
postlatch_connections_closed_total{reason="max_connections"} 0
# HELP postlatch_accept_pauses_total Times that no connection could be accepted, for want of descriptors or memory.
# TYPE postlatch_accept_pauses_total counter
postlatch_accept_pauses_total 0
# HELP postlatch_protocol_errors_total Policy connections that were closed because no sound answer could be given.
# TYPE postlatch_protocol_errors_total counter
postlatch_protocol_errors_total{reason="malformed"} 0
postlatch_protocol_errors_total{reason="too_large"} 0
postlatch_protocol_errors_total{reason="cut_off"} 0
postlatch_protocol_errors_total{reason="send_failed"} 0
postlatch_protocol_errors_total{reason="no_memory"} 0
postlatch_protocol_errors_total{reason="no_sound_answer"} 0
# HELP postlatch_workers Threads that answer.
# TYPE postlatch_workers gauge
postlatch_workers 1
# HELP postlatch_config_generation Number of the policy in force: 1 at the start, one more with each reload that succeeds.
# TYPE postlatch_config_generation gauge
postlatch_config_generation 1
# HELP postlatch_config_last_reload_success 1 if the last reload succeeded or there was none, else 0.
# TYPE postlatch_config_last_reload_success gauge
postlatch_config_last_reload_success 1
# HELP postlatch_config_last_reload_timestamp_seconds When the last reload ended, or the daemon was started if there was none.
# TYPE postlatch_config_last_reload_timestamp_seconds gauge
postlatch_config_last_reload_timestamp_seconds N
# HELP postlatch_config_reloads_total Reloads, by what became of them.
# TYPE postlatch_config_reloads_total counter
postlatch_config_reloads_total{outcome="ok"} 0
postlatch_config_reloads_total{outcome="refused"} 0
postlatch_config_reloads_total{outcome="error"} 0
# HELP postlatch_config_verdict 1 for the verdict on the policy in force, 0 for the others.
# TYPE postlatch_config_verdict gauge
postlatch_config_verdict{verdict="safe"} 1
postlatch_config_verdict{verdict="open"} 0
postlatch_config_verdict{verdict="unprovable"} 0
postlatch_config_verdict{verdict="invalid"} 0
# HELP postlatch_config_verdict_accepted 1 if the policy is not safe and waivers accept all of that, else 0.
# TYPE postlatch_config_verdict_accepted gauge
postlatch_config_verdict_accepted 0
# HELP postlatch_config_locked 1 if nobody may relay because the policy of the start must not be served, else 0.
# TYPE postlatch_config_locked gauge
postlatch_config_locked 0
# HELP postlatch_config_mode 1 for the mode in force, 0 for the other.
# TYPE postlatch_config_mode gauge
postlatch_config_mode{mode="enforce"} 1
postlatch_config_mode{mode="observe"} 0
# HELP postlatch_config_rules Rules of the policy, without the built-in ones.
# TYPE postlatch_config_rules gauge
postlatch_config_rules 3
# HELP postlatch_list_entries Entries of boundary lists and tables.
# TYPE postlatch_list_entries gauge
postlatch_list_entries{list="accepted_domains"} 1
postlatch_list_entries{list="relay_networks"} 1
postlatch_list_entries{list="relay_client_names"} 0
postlatch_list_entries{list="relay_users"} 0
postlatch_list_entries{list="relay_clientcerts"} 0
postlatch_list_entries{list="relay_by_rule"} 1
postlatch_list_entries{list="masking"} 0
postlatch_list_entries{list="permitted_elsewhere"} 0
postlatch_list_entries{list="relay_listeners"} 0
postlatch_list_entries{list="printers"} 2
# HELP postlatch_relay_surface_networks Fewest networks that hold the addresses from which mail can be relayed without login.
# TYPE postlatch_relay_surface_networks gauge
postlatch_relay_surface_networks{family="ipv4"} 3
postlatch_relay_surface_networks{family="ipv6"} 0
# HELP postlatch_relay_surface_addresses IPv4 addresses from which mail can be relayed without login.
# TYPE postlatch_relay_surface_addresses gauge
postlatch_relay_surface_addresses 258
# HELP postlatch_shadow_differences_total Requests that the policy of the option shadow would have answered otherwise.
# TYPE postlatch_shadow_differences_total counter
postlatch_shadow_differences_total 0
# HELP postlatch_masking_alarms_total Trusted addresses that have shown too many names without a login.
# TYPE postlatch_masking_alarms_total counter
postlatch_masking_alarms_total 0
# HELP postlatch_masking_suspects Those of the last hour or two.
# TYPE postlatch_masking_suspects gauge
postlatch_masking_suspects 0
# HELP postlatch_log_dropped_total Log lines that were lost.
# TYPE postlatch_log_dropped_total counter
postlatch_log_dropped_total{to="syslog"} 0
postlatch_log_dropped_total{to="stderr"} 0
# HELP postlatch_clock_steps_total Times that the wall clock was set by two seconds or more.
# TYPE postlatch_clock_steps_total counter
postlatch_clock_steps_total 0
# HELP process_cpu_seconds_total CPU time of all threads, user and system.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total N
# HELP process_open_fds Open file descriptors.
# TYPE process_open_fds gauge
process_open_fds N
# HELP process_max_fds Most file descriptors that may be open.
# TYPE process_max_fds gauge
process_max_fds N
# HELP process_virtual_memory_bytes Virtual memory.
# TYPE process_virtual_memory_bytes gauge
process_virtual_memory_bytes N
# HELP process_resident_memory_bytes Resident memory.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes N
# HELP process_start_time_seconds When the daemon was started.
# TYPE process_start_time_seconds gauge
process_start_time_seconds N
"""
# What is another number in each run.
VARIES = (r"^(postlatch_request_duration_seconds_bucket\{le=\"[\d.e-]+\"\}|postlatch_request_duration_seconds_sum|"
          r"postlatch_longest_wakeup_seconds|postlatch_config_last_reload_timestamp_seconds|process_\w+) [\d.e+-]+$")
# process_open_fds is there from Linux 6.2 on.
KERNEL = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def expected_text():
    if KERNEL >= (6, 2):
        return EXPECTED
    return re.sub(r"# HELP process_open_fds .*\n.*\n.*\n", "", EXPECTED)


def request(**attributes):
    lines = {"request": "smtpd_access_policy", "protocol_state": "RCPT", **attributes}
    return "".join(f"{k}={v}\n" for k, v in lines.items()).encode() + b"\n"


PARTNER = request(client_address="198.51.100.2", recipient="u@partner.example")
MALLORY = request(client_address="203.0.113.9", recipient="v@foreign.example", sasl_username="mallory")
DATA = request(protocol_state="DATA", sender="a@slow.example")
OTHER_STATE = request(protocol_state="MAIL", sender="a@b.example")
KNOWN = ((OURS, 3), (RELAY, 1), (OPEN, 2), (PARTNER, 1), (MALLORY, 1), (DATA, 1), (OTHER_STATE, 1))


def metrics(d):
    status, text = d.ctl("metrics")
    if status != 0:
        raise AssertionError(text)
    return rig_metrics.read(text)


def ask(d, data, n):
    with d.connect(PATIENCE) as s:
        s.sendall(data)
        return read_answers(s, n)


def promtool(text):
    """What Prometheus's own reader and linter say; nothing where it is not installed."""
    if shutil.which("promtool") is None:
        return ""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    return f"{done.returncode} {done.stdout}{done.stderr}".replace("0 ", "", 1)


class Metrics(unittest.TestCase):
    maxDiff = None

    def start(self, *args, **kwargs):
        d = Daemon(*args, **kwargs)
        self.addCleanup(d.stop)
        until(lambda: d.ctl("status")[0] == 0, "the daemon", PATIENCE)
        return d

    def test_the_whole_text(self):
        d = self.start(RULES, extra="workers = 1")
        with d.connect() as s:
            for data, n in KNOWN:
                for _ in range(n):
                    s.sendall(data)
                    read_answers(s, 1)
            until(lambda: rig_metrics.value(metrics(d), "postlatch_request_duration_seconds_count") == 10, "all to be timed", PATIENCE)
            status, text = d.ctl("metrics")
        self.assertEqual(status, 0, text)
        version = subprocess.run([os.environ["PL_BIN"] + "/postlatch", "--version"], capture_output=True, text=True).stdout.split()[1]
        text = re.sub(VARIES, r"\1 N", text, flags=re.M).replace(f'version="{version}"', 'version="VERSION"')
        self.assertEqual(text, expected_text())
        self.assertEqual(promtool(d.ctl("metrics")[1]), "")

    def test_counted_before_it_is_answered(self):
        """Whoever has an answer finds it counted."""
        d = self.start(RULES, extra="workers = 2")
        with d.connect() as s:
            for n in range(1, 30):
                s.sendall(OPEN)
                read_answers(s, 1)
                self.assertEqual(json.loads(d.ctl("status", "--json")[1])["decisions_refuse"], n)

    def test_json(self):
        d = self.start(RULES)
        ask(d, MALLORY, 1)
        status, text = d.ctl("metrics", "--json")
        self.assertEqual(status, 0, text)
        found = [s for s in json.loads(text) if s["name"] == "postlatch_decisions_total" and s["value"] == 1]
        self.assertEqual(found, [{"name": "postlatch_decisions_total", "value": 1,
                                  "labels": {"stage": "RCPT", "action": "REJECT", "rule": 'the "blocked" \\ ones'}}])
        plain = rig_metrics.read(d.ctl("metrics")[1])
        self.assertEqual({(s["name"], *sorted(s["labels"].items())) for s in json.loads(text)},
                         {(name, *sorted(labels.items())) for _, all_of in plain.values() for name, labels, _ in all_of})

    def test_reloads(self):
        """No number goes back, whatever becomes of rules; a refused reload is told with its reason."""
        d = self.start(RULES)
        ask(d, MALLORY + OPEN + PARTNER, 3)
        d.write(RULES.replace("lab", "kitchen").replace("REJECT 5.7.1 Account", "DEFER Account"))
        self.assertEqual(d.ctl("reload")[0], 0)
        ask(d, MALLORY + OPEN + PARTNER, 3)
        now = metrics(d)
        rules = {(rule, action): n for ((_, action), (_, rule), _), n in rig_metrics.samples(now, "postlatch_decisions_total").items() if n}
        name = 'the "blocked" \\ ones'
        self.assertEqual(rules, {("lab", "OK"): 1, ("kitchen", "OK"): 1, (name, "REJECT"): 1, (name, "DEFER"): 1,
                                 ("builtin:reject", "REJECT"): 2})
        self.assertEqual(rig_metrics.value(now, "postlatch_config_generation"), 2)
        before = rig_metrics.value(now, "postlatch_config_last_reload_timestamp_seconds")
        self.assertLessEqual(abs(before - time.time()), PATIENCE)
        d.write("relay_networks = {192.0.2.1/24}\nnonsense = 1\n")
        self.assertEqual(d.ctl("reload")[0], 1)
        now = metrics(d)
        self.assertEqual([rig_metrics.value(now, "postlatch_config_" + name) for name in ("generation", "last_reload_success")], [2, 0])
        self.assertEqual(rig_metrics.samples(now, "postlatch_config_reloads_total"),
                         {(("outcome", "ok"),): 1, (("outcome", "refused"),): 1, (("outcome", "error"),): 0})
        status = json.loads(d.ctl("status", "--json")[1])
        self.assertEqual(status["last_reload"], "refused")
        self.assertEqual(status["last_reload_error"],
                         [f'{d.conf}:1: relay_networks: "192.0.2.1/24": host bits are set; expected the network, "192.0.2.0/24", '
                          'or the address, "192.0.2.1"',
                          f'{d.conf}:2: unknown option "nonsense"; postlatch.conf(5) lists them',
                          "2 errors; keeping the running policy (generation 2)"])
        self.assertIn(f"             {d.conf}:2: unknown option", d.ctl("status")[1])
        d.write(RULES)
        self.assertEqual(d.ctl("reload")[0], 0)
        status = json.loads(d.ctl("status", "--json")[1])
        self.assertEqual((status["last_reload"], status["last_reload_error"], status["generation"]), ("ok", [], 3))
        self.assertEqual(rig_metrics.value(metrics(d), "postlatch_config_last_reload_success"), 1)

    def test_many_errors(self):
        d = self.start(RULES)
        d.write("".join(f"nonsense{i} = 1\n" for i in range(50)))
        self.assertEqual(d.ctl("reload")[0], 1)
        told = json.loads(d.ctl("status", "--json")[1])["last_reload_error"]
        self.assertEqual(len(told), 20)
        self.assertEqual(told[18:], ["and more; the log has all of it", "50 errors; keeping the running policy (generation 1)"])

    def test_four_workers_and_reloads_under_load(self):
        """At the end all answers are counted, each once; meanwhile no number of any series ever goes back."""
        d = self.start(RULES, extra="workers = 4", log="decisions = none")
        answers, clients, rounds = [], 8, 150
        requests = b"".join(data * n for data, n in KNOWN)
        each = sum(n for _, n in KNOWN)

        def client():
            with d.connect(PATIENCE) as s:
                for _ in range(rounds):
                    s.sendall(requests)
                    answers.append(read_answers(s, each).count(b"\n\n"))
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for t in threads:
            t.start()
        before, reloads = {}, 0
        while any(t.is_alive() for t in threads):
            d.write(RULES.replace("lab", f"room{reloads % 3}"))
            self.assertEqual(d.ctl("reload")[0], 0)
            reloads += 1
            now = rig_metrics.samples(metrics(d), "postlatch_decisions_total")
            for series, n in before.items():
                self.assertGreaterEqual(now[series], n, series)
            before = now
        for t in threads:
            t.join()
        self.assertEqual(sum(answers), clients * rounds * each)
        self.assertGreater(reloads, 0)
        now = metrics(d)
        self.assertEqual(sum(rig_metrics.samples(now, "postlatch_decisions_total").values()), sum(answers))
        self.assertEqual(sum(rig_metrics.samples(now, "postlatch_requests_total").values()), sum(answers))
        self.assertEqual(rig_metrics.value(now, "postlatch_config_generation"), reloads + 1)
        until(lambda: rig_metrics.value(metrics(d), "postlatch_request_duration_seconds_count") == sum(answers), "all to be timed", PATIENCE)
        by_rule = {}
        for ((_, _), (_, rule), _), n in rig_metrics.samples(now, "postlatch_decisions_total").items():
            rule = "room" if rule in ("lab", "room0", "room1", "room2") else rule
            by_rule[rule] = by_rule.get(rule, 0) + n
        times = clients * rounds
        self.assertEqual({rule: n for rule, n in by_rule.items() if n},
                         {"builtin:accepted": 3 * times, "builtin:network": times, "builtin:reject": 2 * times, "room": times,
                          'the "blocked" \\ ones': times, "late": times, "builtin:state": times})

    def test_protocol_errors(self):
        d = self.start(RULES)
        for data in (b"GET / HTTP/1.1\r\n\r\n", HEAD + b"helo_name=" + b"x" * 70000, OPEN[:-1]):
            with d.connect() as s:
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    read_all(s)
                except (ConnectionResetError, BrokenPipeError):
                    pass
        wanted = {"malformed": 1, "too_large": 1, "cut_off": 1}
        until(lambda: {dict(k)["reason"]: n for k, n in rig_metrics.samples(metrics(d), "postlatch_protocol_errors_total").items() if n}
              == wanted, "three errors", PATIENCE)
        self.assertEqual(json.loads(d.ctl("status", "--json")[1])["troubles_total"], 3)

    def test_more_rules_than_series(self):
        rules = "".join(f'rule r{i:04} {{ sender = {{x{i}.example}} action = "REJECT" }}\n' for i in range(1200))
        d = self.start("accepted_domains = {example.org}\n" + rules)
        ask(d, b"".join(request(sender=f"a@x{i}.example", recipient="u@example.org") for i in range(1200)), 1200)
        now = rig_metrics.samples(metrics(d), "postlatch_decisions_total")
        own = sum(n for labels, n in now.items() if ("rule", "…other") not in labels)
        self.assertEqual(now[(("action", "REJECT"), ("rule", "…other"), ("stage", "any"))], 1200 - own)
        self.assertEqual(own, 993)  # a thousand without the seven built-in ones
        self.assertEqual(sum(now.values()), 1200)
        self.assertEqual(len(now), 1001)

    def test_verdicts(self):
        cases = (
            ("accepted_domains = {example.org}\nmode = observe\nrule r { recipient = {foreign} action = OK }\n", "", "open", 0, 0, 1),
            ('accepted_domains = {example.org}\nrule r { client_address = {198.51.100.7} recipient = {foreign} action = OK }\n'
             'accept "a scanner" { surface = {198.51.100.7} until = "2099-01-01" }\n', "", "open", 1, 0, 0),
            ("accepted_domains = {example.org}\nrule r { recipient = {foreign} action = OK }\n", "on_bad_policy = locked", "open", 0, 1, 0),
            ("accepted_domains = {}\nrelay_networks = {0.0.0.0/0}\n", "on_bad_policy = locked", "invalid", 0, 1, 0),
        )
        for policy, extra, verdict, accepted, locked, observe in cases:
            with self.subTest(policy=policy):
                d = Daemon(policy, extra=extra)
                try:
                    until(lambda: d.ctl("metrics")[0] == 0, "the daemon", PATIENCE)
                    now = metrics(d)
                    words = {dict(k)["verdict"]: n for k, n in rig_metrics.samples(now, "postlatch_config_verdict").items()}
                    self.assertEqual([w for w, n in words.items() if n], [verdict])
                    self.assertEqual([rig_metrics.value(now, "postlatch_config_verdict_accepted"),
                                      rig_metrics.value(now, "postlatch_config_locked"),
                                      rig_metrics.value(now, "postlatch_config_mode", mode="observe")], [accepted, locked, observe])
                    self.assertIn("\nverdict      " + verdict, d.ctl("status")[1])
                    if locked:
                        self.assertEqual(rig_metrics.value(now, "postlatch_relay_surface_addresses"), 0)
                        ask(d, OPEN, 1)
                        self.assertEqual(rig_metrics.value(metrics(d), "postlatch_decisions_total", rule="builtin:locked"), 1)
                finally:
                    d.stop()


STATUS = """postlatchd VERSION, process PID, runs for TIME, 1 worker
policy       CONF
in force     generation 1, since WHEN: 3 rules, 1 table, 9 entries
mode         enforce
verdict      safe
may relay    3 networks of IPv4 (258 addresses), without login
shadow       none
masking      no trusted address has shown many names
last reload  none since the start
listens at   PLACES
connections  1 open, 1 so far; closed: 0 by idle_timeout, 0 by max_connections, 0 for trouble
requests                             so far     /s, 1 min     /s, 5 min
             all                         10          RATE          RATE
             let pass                     2          RATE          RATE
             refused                      4          RATE          RATE
             left to Postfix              4          RATE          RATE
             a class's                    0          RATE          RATE
             at most N us from waking up to waiting again
log          0 lines lost on the way to syslog
"""


class Status(unittest.TestCase):
    maxDiff = None

    def test_as_a_person_reads_it(self):
        d = Daemon(RULES, extra="workers = 1")
        try:
            with d.connect() as s:
                s.sendall(b"".join(data * n for data, n in KNOWN))
                read_answers(s, 10)
                code, text = d.ctl("status")
                rates = json.loads(d.ctl("status", "--json")[1])
        finally:
            d.stop()
        self.assertEqual(code, 0)
        for pattern, word in ((r"\d+\.\d+\.\d+,", "VERSION,"), (r"process \d+", "process PID"), (r"for \d+ s,", "for TIME,"),
                              (r"since [\dTZ:-]+:", "since WHEN:"), (r"(?<=listens at   ).*", "PLACES"), (r"most \d+ us", "most N us")):
            text = re.sub(pattern, word, text, count=1)
        self.assertEqual(re.sub(r" {2,}\d+\.\d\d\b", "          RATE", text).replace(str(d.conf), "CONF"), STATUS)
        self.assertGreater(rates["rate_1m"], 0)
        self.assertAlmostEqual(rates["rate_1m"], sum(rates["rate_1m_" + e] for e in ("pass", "refuse", "leave", "unknown")), delta=0.03)


    def test_in_observe_mode(self):
        """What would have been done is called so; why an open policy was refused is told."""
        observe = RULES + "mode = observe\n"
        d = Daemon(observe, extra="workers = 1")
        try:
            ask(d, OPEN, 1)
            d.write(RULES + "rule all { client_address = {203.0.113.0/24}  action = OK }\n")
            self.assertEqual(d.ctl("reload")[0], 1)
            lines = d.ctl("status")[1].splitlines()
        finally:
            d.stop()
        self.assertIn("mode         observe: nobody is refused; what would be is in Postfix's log", lines)
        self.assertIn("may relay    3 networks of IPv4 (258 addresses), without login, once it enforces", lines)
        self.assertRegex("\n".join(lines), r"\n +would let pass +0 +0\.00 +0\.00\n +would be refused +1 +\d+\.\d\d +\d+\.\d\d\n")
        at = next(i for i, line in enumerate(lines) if line.startswith("last reload  refused at 20"))
        self.assertRegex(lines[at + 1], rf'^ {{13}}open relay: rule "all" \({d.conf}:9\) answers "OK", which lets it pass, to client_address=')
        self.assertEqual(lines[at + 2], f"             refused; keeping the running policy (generation 1); run: postlatch check -c {d.conf}")


class Http(unittest.TestCase):
    """Metrics over HTTP. PL_METRICS_HTTP=0 tells of a build without."""
    maxDiff = None

    def start(self, rules=RULES, extra=""):
        self.port = free_port()
        d = Daemon(rules, extra=f'metrics {{ listen = {{"inet:127.0.0.1:{self.port}"}} }}\n{extra}')
        self.addCleanup(d.stop)
        until(lambda: d.ctl("status")[0] == 0, "the daemon", PATIENCE)
        return d

    def dial(self, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, path="/metrics", method="GET", headers=None, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        text = r.read().decode()
        c.close()
        return r.status, r.headers, text

    def test_get(self):
        d = self.start()
        ask(d, MALLORY, 1)
        until(lambda: rig_metrics.value(metrics(d), "postlatch_connections") == 0, "the connection to be closed", PATIENCE)
        status, headers, text = self.get()
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertEqual(rig_metrics.value(rig_metrics.read(text), "postlatch_requests_total", effect="refuse"), 1)
        self.assertEqual(promtool(text), "")
        strip = r"(?m)^(process_\w+|postlatch_longest\w+) .*$"
        self.assertEqual(re.sub(strip, r"\1", text), re.sub(strip, r"\1", d.ctl("metrics")[1]))
        d.logged(rf"postlatchd .* started: .*; metrics at inet:127\.0\.0\.1:{self.port}$")

    def test_openmetrics(self):
        self.start()
        status, headers, text = self.get(headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"})
        self.assertEqual((status, headers["Content-Type"]), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        opened, plain = rig_metrics.read(text, openmetrics=True), rig_metrics.read(self.get()[2])
        self.assertEqual({name for _, all_of in opened.values() for name, _, _ in all_of},
                         {name for _, all_of in plain.values() for name, _, _ in all_of})
        self.assertEqual(opened["postlatch_build"][0], "info")

    def test_head(self):
        self.start()
        status, headers, text = self.get(method="HEAD")
        self.assertEqual((status, text), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 5000)

    def test_what_is_not_answered(self):
        self.start()
        for path in ("/", "/metric", "/metrics/", "//metrics", "/metrics%00", "/%6detrics", "/../metrics", "/" + "x" * 4000):
            with self.subTest(path=path[:20]):
                self.assertEqual((self.get(path)[0], self.get(path)[2]), (404, "not found; the metrics are at /metrics\n"))
        self.assertEqual(self.get("/metrics?x=y")[0], 200)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
            with self.subTest(method=method):
                status, headers, text = self.get(method=method, body=b"x" * 100)
                self.assertEqual((status, headers["Allow"], text), (405, "GET, HEAD", "only GET and HEAD are answered\n"))

    def test_a_large_body_is_not_waited_for(self):
        self.start()
        with self.dial() as s:
            s.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 405 "))
        with self.dial() as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            self.assertTrue(read_all(s).startswith(b"HTTP/1.1 200 "))

    def test_large_headers(self):
        self.start()
        with self.dial() as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n")
            self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 431 "))
        self.assertEqual(self.get()[0], 200)

    def test_nonsense(self):
        self.start()
        for data in (b"\0" * 1000, b"\r\n" * 1000, b"postlatch/1 status\n", OPEN, b"GET\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n"):
            with self.subTest(data=data[:20]), self.dial() as s:
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    self.assertNotIn(b"200", read_all(s)[:20])
                except ConnectionResetError:
                    pass
        self.assertEqual(self.get()[0], 200)

    def test_one_exchange_a_connection(self):
        self.start()
        with self.dial() as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
            try:
                self.assertEqual(read_all(s).count(b"HTTP/1.1 200 OK"), 1)
            except ConnectionResetError:
                pass

    def test_slow_clients_delay_nobody(self):
        """100 clients that send nothing, half a request, or do not read: Postfix is answered, and they are turned out."""
        d = self.start()
        slow = [self.dial() for _ in range(100)]
        for i, s in enumerate(slow):
            s.sendall((b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\n")[i % 3])
        for _ in range(20):
            self.assertEqual(ask(d, OPEN + OURS, 2), REJECT + b"action=DUNNO\n\n")
        self.assertEqual(d.ctl("status")[0], 0)
        # Sixteen of them are let in at a time, and have ten seconds: the last ones wait for long.
        self.assertEqual(slow[0].recv(100), b"")
        for s in slow:
            s.close()
        until(lambda: self.get()[0] == 200, "an answer again", PATIENCE)

    def test_a_byte_now_and_then(self):
        """No silence is long enough to be turned out for, yet it ends, whoever else comes and goes."""
        d = self.start()
        with self.dial() as s:
            def drip():
                self.assertEqual(self.get()[0], 200)
                try:
                    s.sendall(b"X")
                    s.settimeout(2)
                    return s.recv(100) == b""
                except TimeoutError:
                    return False
                except (BrokenPipeError, ConnectionResetError):
                    return True
            s.sendall(b"GET /metrics HTTP/1.1\r\n")
            until(drip, "to be turned out", 120)
        self.assertEqual(ask(d, OPEN, 1), REJECT)

    def test_many_at_once(self):
        self.start()
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.get()[0])) for _ in range(100)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(results, [200] * 100)

    def test_a_changed_place_waits_for_a_restart(self):
        d = self.start()
        d.tail = d.tail.replace(f"127.0.0.1:{self.port}", f"127.0.0.1:{free_port()}", 1)
        d.write(RULES)
        status, text = d.ctl("reload")
        self.assertEqual(status, 0)
        self.assertIn("metrics: changed; takes effect at the next start\n", text)
        self.assertEqual(self.get()[0], 200)

    def test_other_hosts(self):
        self.port = free_port()
        d = Daemon(RULES, extra=f'metrics {{ listen = "inet:0.0.0.0:{self.port}" }}')
        self.addCleanup(d.stop)
        d.logged(rf'metrics: listen "inet:0\.0\.0\.0:{self.port}" can be reached from other hosts: whoever can connect may read')
        self.assertEqual(self.get()[0], 200)

    def test_a_socket_that_is_handed_over(self):
        """It is held by who made it: between two runs nobody is refused."""
        with rig_holder.listen(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
            d = Daemon(RULES, extra=f'metrics {{ listen = {{"inet:127.0.0.1:{self.port}"}} }}', launch=lambda d: rig_holder.launcher([held]))
            self.addCleanup(d.stop)
            self.assertEqual(self.get()[0], 200)
            d.process.send_signal(signal.SIGTERM)
            self.assertEqual(d.process.wait(PATIENCE), 0)
            with self.dial() as s:
                s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                d.start()
                self.assertTrue(read_all(s).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_a_place_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            place = f"inet:127.0.0.1:{taken.getsockname()[1]}"
            d = Daemon(RULES, extra=f'metrics {{ listen = {{"{place}"}} }}')
            self.assertEqual(d.process.wait(PATIENCE), 1)
            self.assertIn(f'metrics: listen "{place}": bind: Address already in use; does another program listen there?', d.errors())
            d.stop(expect=1)


if __name__ == "__main__":
    if os.environ.get("PL_METRICS_HTTP") == "0":
        del Http
    os.environ.setdefault("PL_BIN", str(Path(__file__).resolve().parents[2] / "build/release"))
    unittest.main()
