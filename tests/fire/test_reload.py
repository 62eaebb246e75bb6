#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reloads, good, bad, open and huge in turn, under full load: no request is lost, and each answer is right for a policy that was in
force while the request was on its way, never an older one than the connection has seen. Also with no memory for the reload. Runs
alone, as test_daemon.py; tests/long does a thousand reloads."""
import multiprocessing
import re
import resource
import socket
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rig import (DUNNO, HEAD, OK, OURS, POLICY, Daemon, Traffic, descriptors, figure, memory_kib, read_answers, reload,  # noqa: E402
                 sanitized, size, started, status, tcp, until)

CONNECTIONS = 8  # a process; two processes keep two processors busy
EVEN = HEAD + b"client_address=192.0.2.7\nrecipient=v@foreign.example\n\n"
ODD = HEAD + b"client_address=198.51.100.7\nrecipient=v@foreign.example\n\n"
NOBODY = HEAD + b"client_address=203.0.113.9\nrecipient=v@foreign.example\n\n"
REQUESTS = (OURS, EVEN, ODD, NOBODY)
HUGE = 20000  # entries of a huge policy's table


def policy(number, folder, kind="good"):
    """A policy that says its number, and lets one of two networks relay: which of them depends on whether it is odd."""
    network = "198.51.100.0/24" if number % 2 else "192.0.2.0/24"
    text = f'accepted_domains = {{example.org}}\nrelay_networks = {{{network}}}\nreject_action = "REJECT policy {number}."\n'
    if kind == "bad":
        return text + f'relay_network = {{{network}}}\n'
    if kind == "open":
        return text + 'rule "open" { recipient = {foreign}  action = "OK" }\n'
    if kind == "huge":
        return text + f'domains many {{ file = "{folder}/many" }}\nrule "many" {{ sender = {{<many>}}  action = "REJECT policy {number}." }}\n'
    return text


class Judge:
    """What one connection may hear: `least` was in force when it asked, `most` may have been when it was answered."""

    def __init__(self):
        self.seen = 0

    def check(self, request, answer, least, most):
        """What is wrong with the answer, or None."""
        least = max(least, self.seen)
        if request == OURS:
            return None if answer == DUNNO else "not DUNNO"
        if answer == OK:
            numbers = [n for n in range(least, most + 1) if n % 2 == (request == ODD)] if request in (ODD, EVEN) else []
        else:
            said = re.fullmatch(rb"action=REJECT policy (\d+)\.\n\n", answer)
            number = int(said.group(1)) if said else -1
            numbers = [number] if least <= number <= most and (request == NOBODY or number % 2 != (request == ODD)) else []
        if not numbers:
            return f"not of a policy from {least} to {most}"
        self.seen = numbers[0]
        return None


def ask_all_the_time(where, least, most, stop, counted, told):
    """A process: all of its connections ask at once, again and again; what is wrong, or lost, is told."""
    judges, n = [(Judge(), connect(where)) for _ in range(CONNECTIONS)], 0
    try:
        while not stop.value:
            floor, asked = least.value, [REQUESTS[(n + i) % len(REQUESTS)] for i in range(CONNECTIONS)]
            for request, (_, s) in zip(asked, judges):
                s.sendall(request)
            for request, (judge, s) in zip(asked, judges):
                answer = read_answers(s, 1)
                why = judge.check(request, answer, floor, most.value)
                if why:
                    told.put(f"{request!r}: {answer!r}: {why}")
            counted.value += CONNECTIONS
            n += 1
    except (OSError, AssertionError) as why:
        told.put(f"lost: {why!r}")


def connect(where):
    s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
    s.settimeout(60)
    s.connect(where)
    return s


class Reloads(unittest.TestCase):
    def test_under_full_load(self):
        d = Daemon(policy="", extra="workers = 2", log="decisions = none")
        d.write(policy(1, d.dir))
        least, most, stop = (multiprocessing.Value("i", v) for v in (1, 1, 0))
        told = multiprocessing.Queue()
        counters = [multiprocessing.Value("q", 0) for _ in range(2)]
        try:
            slow = sanitized(started(d))
            (d.dir / "many").write_text("".join(f"d{n}.example\n" for n in range(HUGE // 20 if slow else HUGE)))
            until(lambda: reload(d)[0] == "ok", "the first policy")
            before = descriptors(d.process.pid)
            children = [multiprocessing.Process(target=ask_all_the_time, args=(where, least, most, stop, counted, told))
                        for where, counted in zip((str(d.sock), tcp(d)), counters)]
            for c in children:
                c.start()
            until(lambda: all(c.value > 100 for c in counters), "answers")
            done = self.reload_in_turn(d, least, most, 12 if slow else size(60, 1000))
            stop.value = 1
            for c in children:
                c.join(60)
            wrong = []
            while not told.empty():
                wrong.append(told.get())
            self.assertEqual(wrong[:10], [])
            asked = sum(c.value for c in counters)
            figure("reloads under load", f"{sum(done.values())} ({', '.join(f'{v} {k}' for k, v in done.items())}); "
                   f"{asked} answers, 0 lost, 0 wrong")
            self.assertEqual(status(d)["troubles_total"], "0")
            until(lambda: descriptors(d.process.pid) <= before, "descriptors to be given back")
        finally:
            stop.value = 1
            d.stop()

    def reload_in_turn(self, d, least, most, times):
        done = {"good": 0, "bad": 0, "open": 0, "huge": 0}
        for turn in range(times):
            kind = tuple(done)[turn % 4]
            number = least.value + 1
            d.write(policy(number, d.dir, kind))
            if kind in ("good", "huge"):
                most.value = number
            outcome, text = reload(d)
            self.assertEqual(outcome, "ok" if kind in ("good", "huge") else "refused", text)
            if outcome == "ok":
                least.value = number
            done[kind] += 1
        return done


class NoMemory(unittest.TestCase):
    def test_reload(self):
        """With ever more address space, a reload fails in ever later places, until it succeeds; answers go on."""
        d = started(Daemon(extra="workers = 2"))
        self.addCleanup(d.stop)
        if sanitized(d):
            self.skipTest("a sanitizer takes all address space that there is, and is entitled to it")
        (d.dir / "many").write_text("".join(f"d{n}.example\n" for n in range(HUGE)))
        d.write(POLICY + 'domains many { file = "many" }\nrule "many" { sender = {<many>}  action = "REJECT" }\n')
        with Traffic(str(d.sock)) as traffic:
            traffic.goes_on()
            outcomes = self.reload_with_little(d, traffic)
            self.assertEqual(outcomes[-1], "ok")
            self.assertGreater(len(outcomes), 3, outcomes)
            self.assertLessEqual(set(outcomes), {"refused", "error", "ok"})
            traffic.goes_on()
            self.assertEqual(traffic.broken(), 0)
        # What was short is over: the next reload works, and so it says.
        self.assertEqual(reload(d)[0], "ok")
        self.assertEqual(status(d)["last_reload"], "ok")
        figure("reloads with too little memory", f"{len(outcomes) - 1}, all refused, answers went on")

    def reload_with_little(self, d, traffic):
        """Until it works: what each reload came to, with more and more room."""
        unlimited, outcomes, room = resource.prlimit(d.process.pid, resource.RLIMIT_AS), [], 0
        while not outcomes or outcomes[-1] != "ok":
            self.assertLess(len(outcomes), 400, "it never works")
            limit = 1024 * memory_kib(d.process.pid, "VmSize") + room
            resource.prlimit(d.process.pid, resource.RLIMIT_AS, (limit, unlimited[1]))
            outcome, text = reload(d)
            resource.prlimit(d.process.pid, resource.RLIMIT_AS, unlimited)
            self.assertIsNone(d.process.poll())
            if outcome != "ok":
                self.assertRegex(text, r"out of memory|no memory or no thread")
                d.logged(r"reload: .*(out of memory|no memory or no thread)")
            outcomes.append(outcome)
            traffic.goes_on(1)
            room += size(256, 64) * 1024
        return outcomes


if __name__ == "__main__":
    unittest.main()
