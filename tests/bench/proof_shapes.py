#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Policies of any size in the shapes that large ones have, for proof_scale; the same at each call. As a program it
writes one, to be looked at with postlatch:

    tests/bench/proof_shapes.py SHAPE RULES FILE
"""
import random
import sys
from pathlib import Path

HEAD = ["accepted_domains = {example.org}", "relay_networks = {192.0.2.0/24}", "relay_users = {any}"]
INSIDE = HEAD + ["relay_by_rule = {10.0.0.0/8}"]
ACTIONS = ["OK", "DUNNO", "REJECT 5.7.1 no"]


def network(i):
    return f"10.{i >> 8 & 255}.{i & 255}.0/24"


def domain(i):
    return f"d{i}.example"


def rule(i, action, **conditions):
    keys = "".join(f"{key} = {{{value}}}  " for key, value in conditions.items())
    return f'rule "r{i}" {{ {keys}action = "{action}" }}'


def pairs(rules, r):
    """For each rule a network and a domain, of half as many each, and what to do."""
    for i in range(rules):
        yield i, i % (rules // 2), r.randrange(rules // 2), r.choice(ACTIONS)


def tables(rules, r):
    """A table of clients and one of domains a rule, half of the clients outside: for them no rule says OK."""
    number = rules // 2
    yield from INSIDE
    for i in range(number):
        yield f"networks n{i} {{ entries = {{{10 + i % 2}.{i >> 8}.{i & 255}.0/24}} }}"
        yield f"domains d{i} {{ entries = {{{domain(i)}}} }}"
    for i in range(rules):
        action = r.choice(["DUNNO", "REJECT 5.7.1 no"] + ["OK"] * (i % number % 2 == 0))
        yield rule(i, action, client_address=f"<n{i % number}>", recipient=f"<d{r.randrange(number)}>")


def inline(rules, r):
    """A network and a domain a rule."""
    yield from INSIDE
    for i, n, d, action in pairs(rules, r):
        yield rule(i, action, client_address=network(n), recipient=domain(d))


def nested(rules, r):
    """Networks in networks, and domains in domains, each but a part of it."""
    yield from INSIDE
    for i, n, d, action in pairs(rules, r):
        second = n >> 8
        client, to = [(f"10.0.0.0/8, !10.{second}.0.0/16", f".example, !{domain(d)}"),
                      (f"10.{second}.0.0/16, !{network(n)}", f".{domain(d)}, !{domain(d)}")
                      ][r.randrange(20) > 0] if r.randrange(5) == 0 else (network(n), domain(d))
        yield rule(i, action, client_address=client, recipient=to)


def three(rules, r):
    """Three networks and three domains a rule."""
    yield from INSIDE
    for i in range(rules):
        yield rule(i, r.choice(ACTIONS),
                   client_address=", ".join(network(n) for n in r.sample(range(rules // 2), 3)),
                   recipient=", ".join(domain(d) for d in r.sample(range(rules // 2), 3)))


def wide(rules, r):
    """One rule in ten is for all clients, all recipients, or all but one."""
    yield from INSIDE
    for i, n, d, action in pairs(rules, r):
        refusal = "REJECT 5.7.1 no"
        kinds = [(refusal, {"client_address": "any", "recipient": domain(d)}),
                 (refusal, {"client_address": f"any, !{network(n)}", "recipient": domain(d)}),
                 (refusal, {"client_address": f"0.0.0.0/0, !{network(n)}", "recipient": domain(d)}),
                 (refusal, {"recipient": domain(d)}),
                 (refusal, {"client_address": network(n), "recipient": f"foreign, !{domain(d)}"}),
                 (action, {"client_address": network(n)})]
        action, conditions = (r.choice(kinds) if r.randrange(10) == 0 else
                              (action, {"client_address": network(n), "recipient": domain(d)}))
        yield rule(i, action, **conditions)


def excepted(rules, r):
    """Each rule for all but one network and all but one domain."""
    yield from INSIDE
    for i, n, d, action in pairs(rules, r):
        yield rule(i, "REJECT 5.7.1 no" if action == "OK" else action, client_address=f"any, !{network(n)}",
                   recipient=f"foreign, !{domain(d)}")


def senders(rules, r):
    """A third of the rules ask for the sender or the HELO name."""
    yield from INSIDE
    for i, n, d, action in pairs(rules, r):
        more = [{}, {}, {"sender": f"s{i % 500}.example"}, {}, {}, {"helo_name": f"h{i % 500}.example"}][i % 6]
        yield rule(i, action, client_address=network(n), recipient=domain(d), **more)


def logins(rules, r):
    """A third of the rules ask for a login."""
    yield from INSIDE
    for i, n, d, action in pairs(rules, r):
        more = {"sasl_username": f"u{i % 500}"} if i % 3 == 0 else {}
        yield rule(i, action, client_address=network(n), recipient=domain(d), **more)


def opened(rules, r):
    """As inline, with a rule in the middle that is open to one outsider and one at the end that is to all."""
    lines = list(inline(rules, r))
    lines.insert(len(INSIDE) + rules // 2, rule("-middle", "OK", client_address="203.0.113.9", recipient=domain(1)))
    return lines + [rule("-end", "OK", recipient="partner.example")]


SHAPES = {"tables": tables, "inline": inline, "nested": nested, "three": three, "wide": wide, "excepted": excepted,
          "senders": senders, "logins": logins, "opened": opened}


def write(shape, rules, file):
    Path(file).write_text("\n".join(SHAPES[shape](rules, random.Random(7))) + "\n")


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), sys.argv[3])
