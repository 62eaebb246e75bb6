#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the daemon does with a policy that is open, cannot be proved, or does not load; and with what is accepted until a day."""
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_daemon import BIN, HEAD, OPEN, OURS, REJECT, RELAY, Daemon, read_answers, until

CLOCK = os.environ.get("PL_CLOCK")
DUNNO, OK = b"action=DUNNO\n\n", b"action=OK\n\n"
KEPT = "keeping the running policy (generation 1)"
LOCKED = b"action=451 4.3.5 Server configuration error; try again later\n\n"
BOUNDARY = "accepted_domains = {example.org}\nrelay_networks = {192.0.2.0/24}\n"
APP = 'rule "app" { client_address = {203.0.113.0/24}  action = "OK" }\n'
HELO = 'rule "helo" { helo_name = {friend.example}  action = "class:friends" }\n'
BROKEN = BOUNDARY.replace("192.0.2.0/24", "192.0.2.7/24")

WHO = ('client_name="unknown" reverse_client_name="unknown" helo_name="HELO" sender="sender@elsewhere.example" '
       'recipient="someone@foreign.example"')


def app_line(line):
    return (f'open relay: rule "app" (postlatch.conf:{line}) answers "OK", which lets it pass, to client_address="203.0.113.9" ' +
            WHO.replace("HELO", "host.client.example"))


def helo_line(line):
    return (f'not provable: rule "helo" (postlatch.conf:{line}) answers "class:friends", a class whose effect is not known, to '
            'client_address="203.0.113.9" ' + WHO.replace("HELO", "friend.example"))


# What a reload that succeeds says of other answers; the command diff is tested for what that is.
CHANGES = re.compile(r"[+-](RELAY|MAIL) |~TEXT |and \d+ more change|same answer for ")
APP_LINE, HELO_LINE = app_line(3), helo_line(3)
BROKEN_LINE = ('postlatch.conf:2: relay_networks: "192.0.2.7/24": host bits are set; expected the network, "192.0.2.0/24", '
               'or the address, "192.0.2.7"')


def accept(what, day, reason="ticket 12"):
    return f'accept "{reason}" {{ {what} until = "{day}" }}\n'


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


class Refusal(unittest.TestCase):
    def start(self, policy, **more):
        self.d = Daemon(policy=policy, **more)
        self.addCleanup(self.stop)
        return self.d

    def stop(self):
        if self.d is not None:
            self.d.stop()

    def told(self):
        """What standard error has, without the folder's name."""
        return self.d.errors().replace(f"{self.d.dir}/", "")

    def refused(self, policy):
        """A start that ends with status 2: all that it says."""
        d = self.start(policy)
        self.assertEqual(d.process.wait(20), 2)
        text = self.told()
        self.assertFalse(d.sock.exists() or (d.dir / "control").exists())
        d.stop(expect=2)
        self.d = None
        return text

    def ask(self, *requests):
        with self.d.connect() as s:
            s.sendall(b"".join(requests))
            return [a + b"\n\n" for a in read_answers(s, len(requests)).split(b"\n\n")[:-1]]

    def reload(self, policy, *more):
        self.d.logged("started")
        self.d.write(policy)
        status, text = self.d.ctl("reload", *more)
        text = text.replace(f"{self.d.dir}/", "")
        told = [line for line in text.splitlines(keepends=True) if not CHANGES.match(line)]
        self.changes = [line for line in text.splitlines() if CHANGES.match(line)]
        return status, "".join(told)

    def refused_reload(self, policy, verdict, kept, *more):
        """A reload that is refused for its verdict: it is told as `postlatch check` tells it. Returns what was told."""
        status, text = self.reload(policy, *more)
        end = f"\nrefused; {kept}; run: postlatch check -c postlatch.conf\n"
        self.assertEqual((status, text[-len(end):]), (1, end))
        told = text[:-len(end)]
        self.assertEqual(told.split("\n", 1)[0], f"verdict: {verdict}")
        check = subprocess.run([BIN.resolve() / "postlatch", "check", "-c", "postlatch.conf"], cwd=self.d.dir, capture_output=True,
                               text=True, check=False)
        self.assertEqual(check.returncode, 1)
        self.assertIn(told, check.stdout)
        return told

    def status(self):
        status, text = self.d.ctl("status", "--json")
        self.assertEqual(status, 0, text)
        values = json.loads(text)
        return values["verdict"], values["accepted"], values["locked"]

    def warned(self):
        """The lines of the start that are warnings or errors, as syslog got them, without head and folder."""
        self.d.logged("postlatchd [0-9.]+ started")
        lines = [re.match(r"<(\d+)>.*? postlatchd\[\d+\]: (.*)", l).groups() for l in self.d.log()]
        return [(int(p) & 7, t.replace(f"{self.d.dir}/", "")) for p, t in lines if int(p) & 7 < 6 and "as root" not in t]

    # ---- at the start ----

    def test_safe(self):
        self.start(BOUNDARY)
        self.assertEqual(self.ask(OURS, RELAY, OPEN), [DUNNO, OK, REJECT])
        self.d.logged("the policy is proved safe: without a login nobody outside the relay boundary can relay")
        self.assertEqual(self.warned(), [])
        self.assertEqual(self.status(), ("safe", "-", "no"))

    def test_open(self):
        self.assertEqual(self.refused(BOUNDARY + APP),
                         f"postlatchd: {APP_LINE}\n"
                         "postlatchd: the policy is open; not started; run: postlatch check -c postlatch.conf\n")

    def test_open_for_masking_addresses_too(self):
        self.assertEqual(self.refused(BOUNDARY + APP + "masking = {203.0.113.77}\n"),
                         f"postlatchd: {APP_LINE}; masking: any client may appear as 203.0.113.77\n"
                         "postlatchd: the policy is open; not started; run: postlatch check -c postlatch.conf\n")

    def test_unprovable(self):
        self.assertEqual(self.refused(BOUNDARY + HELO),
                         f"postlatchd: {HELO_LINE}\n"
                         "postlatchd: the policy is unprovable; not started; run: postlatch check -c postlatch.conf\n")

    def test_invalid(self):
        self.assertEqual(self.refused(BROKEN), f"postlatchd: {BROKEN_LINE}\npostlatchd: 1 error; not started\n")

    def test_observe(self):
        """It decides nothing, so it may run, but enforce may not follow."""
        self.start("mode = observe\n" + BOUNDARY + APP)
        self.assertEqual(self.ask(OPEN), [DUNNO])
        self.assertEqual(self.warned(), [
            (4, app_line(4)),
            (4, "the policy is open: it runs, as mode = observe decides nothing; with enforce it would not")])
        self.assertEqual(self.status(), ("open", "no", "no"))
        told = self.refused_reload(BOUNDARY + APP, "open", KEPT)
        self.assertIn('rule "app" (postlatch.conf:3)', told)

    # ---- locked ----

    def test_locked(self):
        self.start("on_bad_policy = locked\n" + BOUNDARY + APP)
        data = HEAD.replace(b"RCPT", b"DATA") + b"client_address=203.0.113.9\n\n"
        bare = HEAD + b"client_address=203.0.113.9\nrecipient=postmaster\n\n"
        routed = HEAD + b"client_address=203.0.113.9\nrecipient=a%b@example.org\n\n"
        login = HEAD + b"client_address=203.0.113.9\nsasl_username=alice\nrecipient=v@foreign.example\n\n"
        self.assertEqual(self.ask(OURS, bare, data, RELAY, OPEN, routed, login),
                         [DUNNO, DUNNO, DUNNO, LOCKED, LOCKED, LOCKED, LOCKED])
        self.assertEqual(self.warned(), [
            (3, app_line(4)),
            (3, "locked, as the policy is open: nobody may relay, mail to our own domains is taken; mend postlatch.conf and "
                'run "postlatch reload"')])
        self.d.logged("decision action=451 rule=builtin:locked ")
        self.assertEqual(self.status(), ("open", "no", "yes"))

    def test_a_bad_reload_stays_locked_and_a_good_one_unlocks(self):
        self.start("on_bad_policy = locked\n" + BOUNDARY + APP)
        self.assertEqual(self.ask(RELAY), [LOCKED])
        self.refused_reload("on_bad_policy = locked\n" + BOUNDARY + HELO, "unprovable", "the daemon stays locked")
        self.assertEqual(self.reload(BROKEN), (1, f"{BROKEN_LINE}\n1 error; the daemon stays locked\n"))
        self.assertEqual(self.ask(RELAY, OURS), [LOCKED, DUNNO])
        status, text = self.reload("reload_wider = refuse\n" + BOUNDARY)
        self.assertEqual((status, text), (0, "generation 2 is in force: 0 rules, 0 tables, 2 entries; verdict: safe\n"))
        self.assertEqual(self.ask(RELAY, OPEN), [OK, REJECT])
        self.assertEqual(self.status(), ("safe", "-", "no"))

    def test_locked_without_a_policy(self):
        """With errors in lists only, the options are good: locked, and nobody is known to be ours."""
        self.start("on_bad_policy = locked\n" + BROKEN)
        bare = HEAD + b"client_address=203.0.113.9\nrecipient=postmaster\n\n"
        self.assertEqual(self.ask(OURS, bare, RELAY, OPEN), [LOCKED] * 4)
        self.assertEqual(self.warned(), [
            (3, BROKEN_LINE.replace("conf:2", "conf:3")),
            (3, "1 error; started locked"),
            (3, "locked, as the policy is invalid: nobody may relay, and mail to our own domains has to wait; mend "
                'postlatch.conf and run "postlatch reload"')])
        self.assertEqual(self.status(), ("invalid", "no", "yes"))
        self.assertEqual(self.reload(BOUNDARY)[0], 0)
        self.assertEqual(self.ask(OURS, RELAY, OPEN), [DUNNO, OK, REJECT])

    def test_not_even_locked(self):
        """What is wrong may have been meant to say as whom to run, or where to listen."""
        for line, message in (("usr = nobody", 'postlatch.conf:2: unknown option "usr"; did you mean "user"?'),
                              ("workers = many", 'postlatch.conf:2: workers: "many"; expected a number from 0 to 256 (0: one a '
                               'CPU)')):
            with self.subTest(line=line):
                text = self.refused(f"on_bad_policy = locked\n{line}\n" + BOUNDARY)
                self.assertEqual(text, f"postlatchd: {message}\npostlatchd: 1 error; not started\n")

    # ---- at a reload ----

    def test_a_reload_keeps_the_old_policy(self):
        self.start(BOUNDARY)
        for policy, verdict in ((APP, "open"), (HELO, "unprovable")):
            for prefix in ("", "on_bad_policy = locked\n"):
                self.refused_reload(prefix + BOUNDARY + policy, verdict, KEPT)
                self.assertEqual(self.ask(OURS, RELAY, OPEN), [DUNNO, OK, REJECT])
        self.assertEqual(self.status(), ("safe", "-", "no"))
        self.d.write(BOUNDARY + APP)
        before = len(self.d.log())
        self.d.process.send_signal(signal.SIGHUP)
        until(lambda: [l for l in self.d.log()[before:] if "refused; keeping" in l], "the refusal in the log")
        lines = [l for l in self.d.log()[before:] if "reload: " in l]
        self.assertEqual([(l[:4], l.split("]: ", 1)[1].replace(f"{self.d.dir}/", "")) for l in lines],
                         [("<19>", f"reload: {APP_LINE}"),
                          ("<19>", f"reload: refused; {KEPT}; run: postlatch check -c postlatch.conf")])

    # ---- who is new ----

    def test_wider(self):
        self.start(BOUNDARY)
        more = BOUNDARY.replace("}\nrelay", '}\nrelay_users = {"@staff.example"}\nrelay_client_names = {.partner.example}\n'
                                'relay_listeners = {10.0.0.25}\nrelay', 1).replace("192.0.2.0/24", "192.0.2.0/23, 2001:db8::/48")
        status, text = self.reload(more)
        self.assertEqual((status, text.split("\n", 1)[1]), (
            0, 'more may relay than before: 192.0.3.0/24, 2001:db8::/48, names such as "host.partner.example", whoever comes in at '
            '10.0.0.25, logins such as "x7q2zk9w@staff.example"\n'))
        self.assertEqual(self.d.logged("more may relay")[0][:4], "<20>")
        narrower = more.replace("192.0.2.0/23", "192.0.2.64/26").replace('"@staff.example"', "bob@staff.example") \
            .replace("{.partner", "{mx.partner")
        self.assertEqual(self.reload(narrower), (0, "generation 3 is in force: 0 rules, 0 tables, 6 entries; verdict: safe\n"))

    def test_wider_is_refused(self):
        self.start("reload_wider = refuse\n" + BOUNDARY)
        more = BOUNDARY.replace("192.0.2.0/24", "192.0.2.0/24, 203.0.113.0/24")
        told = "more may relay than before: 203.0.113.0/24\n"
        for prefix in ("reload_wider = refuse\n", ""):  # the running policy's word counts as well
            self.assertEqual(self.reload(prefix + more), (
                1, told + "refused; keeping the running policy (generation 1); if that is meant, run: postlatch reload "
                "--accept-wider\n"))
        self.assertEqual(self.ask(OPEN), [REJECT])
        self.assertEqual(self.reload(more, "--accept-wider"),
                         (0, "generation 2 is in force: 0 rules, 0 tables, 3 entries; verdict: safe\n" + told))
        self.assertEqual(self.changes, [
            '+RELAY 203.0.113.0/24, with or without login, recipient {foreign}: "REJECT Relay access denied" by builtin:reject -> '
            '"OK" by builtin:network',
            "and 1 more change; postlatch diff OLD NEW, with a copy of the old file, lists it",
            "same answer for everything else (proved)"])
        self.assertEqual(self.ask(OPEN), [OK])
        self.assertEqual(self.reload("reload_wider = refuse\n" + BOUNDARY)[0], 0)  # fewer
        self.assertEqual(self.changes[0],
                         '-RELAY 203.0.113.0/24, with or without login, recipient {foreign}: "OK" by builtin:network -> '
                         '"REJECT Relay access denied" by builtin:reject')
        self.assertEqual(self.reload("reload_wider = refuse\n" + BOUNDARY)[0], 0)  # the same
        self.assertEqual(self.changes, [])
        # To accept who is new is not to accept what is open.
        self.assertEqual(self.reload(BOUNDARY + APP, "--accept-wider")[0], 1)

    def test_wider_to_more_recipients(self):
        by_rule = BOUNDARY + "relay_by_rule = {203.0.113.0/24}\n"
        self.start(by_rule + APP.replace("action", "recipient = {partner.example}  action"))
        self.assertEqual(self.reload(by_rule + APP), (
            0, "generation 2 is in force: 1 rule, 0 tables, 4 entries; verdict: safe\n"
            "more may relay than before: 203.0.113.0/24 (to more recipients)\n"))

    # ---- accepted ----

    def test_accepted(self):
        until_day = day(40)
        self.start(BOUNDARY + APP + accept("surface = {203.0.113.0/24}", until_day))
        line = f'{APP_LINE}; accept "ticket 12" (postlatch.conf:4) until {until_day}'
        runs = "the policy is open: it runs, as the file accepts all of it"
        self.assertEqual(self.ask(OPEN), [OK])
        self.assertEqual(self.warned(), [(4, line), (4, runs)])
        self.assertEqual(self.status(), ("open", "yes", "no"))
        status, text = self.reload(BOUNDARY + APP + accept("surface = {203.0.113.0/24}", until_day))
        self.assertEqual((status, text), (
            0, f"generation 2 is in force: 1 rule, 0 tables, 3 entries; verdict: open\n{line}\n{runs}\n"))

    def test_accepted_by_rule(self):
        self.start(BOUNDARY + HELO + accept("rule = helo", day(1)))
        self.assertEqual(self.ask(OPEN), [REJECT])
        self.assertEqual(self.status(), ("unprovable", "yes", "no"))

    def test_accepted_in_part(self):
        """Half of it is not accepted: the line has no waiver, and an example from that half."""
        line = APP_LINE.replace("203.0.113.9", "203.0.113.128")
        self.assertEqual(self.refused(BOUNDARY + APP + accept("surface = {203.0.113.0/25}", day(1))),
                         f"postlatchd: {line}\n"
                         "postlatchd: the policy is open; not started; run: postlatch check -c postlatch.conf\n")

    def test_the_last_day(self):
        self.start(BOUNDARY + APP + accept("surface = {203.0.113.0/24}", day(1)))  # today, if midnight comes just now
        self.assertEqual(self.ask(OPEN), [OK])

    def test_ended(self):
        """A start goes on, what was accepted is not granted, a reload is refused."""
        ended = BOUNDARY + APP + accept("surface = {203.0.113.0/24}", day(-1))
        self.start(ended)
        line = f'{APP_LINE}; accept "ticket 12" (postlatch.conf:4) ended with {day(-1)}'
        self.assertEqual(self.ask(OURS, RELAY, OPEN), [OK, OK, REJECT])
        self.d.logged("decision action=REJECT rule=builtin:expired client=203.0.113.9 ")
        self.assertEqual(self.warned(), [
            (4, line),
            (4, "the policy is open: it runs, but what has ended is not granted: accept it anew or take it out of the policy; a "
                "reload is refused until then")])
        self.assertEqual(self.status(), ("open", "ended", "no"))
        self.refused_reload(ended, "open (accepted until a day that has passed)", KEPT)
        status, _ = self.reload(BOUNDARY + APP + accept("surface = {203.0.113.0/24}", day(1)))
        self.assertEqual(status, 0)
        self.assertEqual(self.ask(OPEN), [OK])

    @unittest.skipIf(CLOCK is None, "PL_CLOCK: the library that sets the clock is not built")
    def test_midnight(self):
        """A waiver ends without a reload. The daemon's clock is set to three seconds before midnight, UTC."""
        now = datetime.datetime.now(datetime.timezone.utc)
        last = now.date() + datetime.timedelta(days=100)
        midnight = datetime.datetime.combine(last + datetime.timedelta(days=1), datetime.time(), datetime.timezone.utc)
        offset = int((midnight - now).total_seconds()) - 3
        self.start(BOUNDARY + APP + accept("surface = {203.0.113.0/24}", last.isoformat()),
                   env={"LD_PRELOAD": CLOCK, "PL_CLOCK_OFFSET": str(offset), "ASAN_OPTIONS": "verify_asan_link_order=0"})
        self.assertEqual(self.ask(OPEN), [OK])
        self.assertEqual(self.status(), ("open", "yes", "no"))
        until(lambda: self.ask(OPEN) == [REJECT], "midnight")
        self.d.logged(re.escape(f'accept "ticket 12" ({self.d.dir}/postlatch.conf:4) ended with {last.isoformat()}: what it '
                                "accepted is not granted any more; accept it anew or take it out of the policy, for a reload is "
                                "refused as it is"))
        self.assertEqual(self.status(), ("open", "ended", "no"))


if __name__ == "__main__":
    unittest.main()
