$ postlatch check --no-host -c office.conf
office.conf: 2 rules, 3 tables, 10 entries
verdict: safe
No client outside the relay boundary can send to a recipient that is not ours.

Who can relay, and by which rule:
  192.0.2.0/32                builtin:network
  192.0.2.2/31                builtin:network
  192.0.2.4/30                builtin:network
  192.0.2.8/29                builtin:network
  192.0.2.16/28               builtin:network
  192.0.2.32/27               builtin:network
  192.0.2.64/31               builtin:network
  192.0.2.67/32               builtin:network
  192.0.2.68/30               builtin:network
  192.0.2.72/29               builtin:network
  and 5 more; postlatch surface lists them all

office.conf:3: note: public-network: 192.0.2.0/24 is a public network: 254 addresses of it may relay
    without login. See that each is yours; where others have some of them, name yours only, or let
    them log in
office.conf:3: note: public-network: 2001:db8:1::/48 is a public network: 2^80 addresses of it may
    relay without login. See that each is yours; where others have some of them, name yours only, or
    let them log in

Not looked at: the facts of the host were not asked for (--no-host).

This was assumed:
  - nothing before postlatch in Postfix's restrictions permits
  - after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us
  - Postfix accepts mail for each domain in accepted_domains
  - anyone may hide behind the addresses in masking (192.0.2.1), and behind no other trusted address
  - Postfix permits no client without our word (permitted_elsewhere is empty)
  - a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)
  - the files are as they were read just now
[0]
$ postlatch check --no-host -c empty.conf
empty.conf: 0 rules, 0 tables, 0 entries
verdict: safe
No client outside the relay boundary can send to a recipient that is not ours.

Nobody can relay.

Not looked at: the facts of the host were not asked for (--no-host).

This was assumed:
  - nothing before postlatch in Postfix's restrictions permits
  - after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us
  - Postfix accepts mail for each domain in accepted_domains
  - a client_address is the client's own: no NAT, proxy, tunnel or container bridge stands before
    Postfix (masking is empty)
  - Postfix permits no client without our word (permitted_elsewhere is empty)
  - a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)
  - the files are as they were read just now
[0]
$ postlatch check -c bad.conf
bad.conf:3: unknown option "accepted_domain"; did you mean "accepted_domains"?
bad.conf:4: relay_networks: "192.0.2.77/24": host bits are set; expected the network, "192.0.2.0/24", or the address, "192.0.2.77"
bad.conf:4: relay_networks: "010.0.0.1": an octet begins with zero; write 10.0.0.1 (or 8.0.0.1 if octal was meant)
bad.conf:4: relay_networks: any means everybody, which nobody can want here; expected them one by one
bad.conf:4: relay_networks: 172.0.0.0/8 is private only in part, so strangers could relay; was 172.16.0.0/12 meant? To allow it on purpose set widest_network_v4 = 8
bad.conf:5: relay_users: "none" cannot stand here: it is the absence of a value; expected a login, or "@realm"
bad.conf:6: rule "printers": unknown condition "sasl_user"; did you mean "sasl_username"?
bad.conf:6: rule "printers": action: unknown action "REJCT"; expected OK, DUNNO, REJECT text, 450 text, … or class:NAME; did you mean "REJECT"?
bad.conf:7: rule "printers": client_address: only '!' entries, so nothing to take them from; for all values except these write any in front of them
bad.conf:7: rule "printers": action: Postfix takes the code in "REJECT 550" for text; write "550 no" without REJECT
bad.conf:7: rule "printers": a rule of that name stands at bad.conf:6 already
bad.conf:8: "*@foo": a word with '*' needs quotes around it
bad.conf:8: "client_address": an empty list; expected at least one entry, or any for every value
bad.conf:8: rule "x": recipient: "<>" is the null sender, and no condition on recipient holds for an empty one; expected an address, a domain, ours, foreign or any
bad.conf:8: rule "x": action: an empty action means OK to Postfix; expected OK, DUNNO, REJECT text, …
bad.conf:9: "client_address": no comma before "5.6.7.8"; entries are separated by commas
bad.conf:9: rule "y": action: an action of digits alone means OK to Postfix; expected a code and text, as in "550 5.7.1 Access denied"
bad.conf:10: networks "<lan>": bad name; expected 1 to 64 letters, digits, '_', '.' or '-'
bad.conf:11: networks "lan": "!1.2.3.5": a table's entry takes no '!'; exclude it where the table is used
bad.conf:11: networks "lan": "<x>": a table's entry cannot refer to a table; expected a plain entry
bad.conf:11: networks "lan": "any" is a word of conditions, not an address or network; write it where the table is used
bad.conf:11: cannot open "nosuch": No such file or directory
bad.conf:12: unknown section "netwrks"; did you mean "networks"?
bad.conf:13: rule "z": client_address: no table is named "la"; did you mean "lan"?
bad.conf:13: rule "z": action: unknown attribute "client_adress" in %{…}; expected one of Postfix's policy protocol; did you mean "client_address"?
bad.conf:14: mode: "obsrve"; expected enforce or observe; did you mean "observe"?
bad.conf:15: "mode" is given twice; first at bad.conf:14
bad.conf:16: workers: "1000"; expected a number from 0 to 256 (0: one a CPU)
bad.conf:17: "listen" is a list; expected listen = {inet:localhost:25}
bad.conf:18: accepted_domains: "a@b": a mail address where a domain is expected
bad.conf:18: accepted_domains: ".com": a domain of one label, which is nobody's own; expected at least two, as in example.org
bad.conf:19: "OK": a quote in the middle of a word; put the whole between quotes
bad.conf:19: a string begins here that is not closed on its line; expected a second "
bad.conf:19: "rule" is followed by "open { client_address = {any} action = "; expected "=" or "{" behind a name
bad.conf:19: a "}" without its "{"
bad.conf:20: "client_address": this "{" is never closed; expected "}"
bad.conf:22: rule "v": this "{" is never closed; expected "}"
bad.conf:24: "${HOME}": '$' is not used here; write %{attribute} in the text of an action
bad.conf:24: unknown option "x"; postlatch.conf(5) lists them
bad.conf:25: a string begins here that is not closed on its line; expected a second '
40 errors: not loaded
verdict: invalid
[2]
$ postlatch check -c nosuch.conf
cannot open "nosuch.conf": No such file or directory
1 error: not loaded
verdict: invalid
[2]
$ postlatch check --json --no-host -c office.conf
{
  "verdict": "safe",
  "accepted": false,
  "witness": null,
  "openings": [],
  "reason": null,
  "surface": [
    {
      "cidr": "192.0.2.0/32",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.2/31",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.4/30",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.8/29",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.16/28",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.32/27",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.64/31",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.67/32",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.68/30",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.72/29",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.80/28",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.96/27",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "192.0.2.128/25",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    },
    {
      "cidr": "2001:db8:1::/48",
      "rules": [
        "builtin:network"
      ],
      "recipients": "any"
    }
  ],
  "errors": [],
  "error_count": 0,
  "warnings": [],
  "notes": [
    {
      "code": "public-network",
      "message": "192.0.2.0/24 is a public network: 254 addresses of it may relay without login. See that each is yours; where others have some of them, name yours only, or let them log in",
      "rule": null,
      "object": "192.0.2.0/24",
      "file": "office.conf",
      "line": 3
    },
    {
      "code": "public-network",
      "message": "2001:db8:1::/48 is a public network: 2^80 addresses of it may relay without login. See that each is yours; where others have some of them, name yours only, or let them log in",
      "rule": null,
      "object": "2001:db8:1::/48",
      "file": "office.conf",
      "line": 3
    }
  ],
  "omitted": {},
  "assumptions": [
    "nothing before postlatch in Postfix's restrictions permits",
    "after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us",
    "Postfix accepts mail for each domain in accepted_domains",
    "anyone may hide behind the addresses in masking (192.0.2.1), and behind no other trusted address",
    "Postfix permits no client without our word (permitted_elsewhere is empty)",
    "a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)",
    "the files are as they were read just now"
  ]
}
[0]
$ postlatch check --json -c nosuch.conf
{
  "verdict": "invalid",
  "accepted": false,
  "witness": null,
  "openings": [],
  "reason": null,
  "surface": [],
  "errors": [
    {
      "file": "",
      "line": 0,
      "message": "cannot open \"nosuch.conf\": No such file or directory"
    }
  ],
  "error_count": 1,
  "warnings": [],
  "notes": [],
  "omitted": {},
  "assumptions": []
}
[2]
$ postlatchd -t -c office.conf
office.conf: 2 rules, 3 tables, 10 entries
verdict: safe
No client outside the relay boundary can send to a recipient that is not ours.

Who can relay, and by which rule:
  192.0.2.0/32                builtin:network
  192.0.2.2/31                builtin:network
  192.0.2.4/30                builtin:network
  192.0.2.8/29                builtin:network
  192.0.2.16/28               builtin:network
  192.0.2.32/27               builtin:network
  192.0.2.64/31               builtin:network
  192.0.2.67/32               builtin:network
  192.0.2.68/30               builtin:network
  192.0.2.72/29               builtin:network
  and 5 more; postlatch surface lists them all

office.conf:3: note: public-network: 192.0.2.0/24 is a public network: 254 addresses of it may relay
    without login. See that each is yours; where others have some of them, name yours only, or let
    them log in
office.conf:3: note: public-network: 2001:db8:1::/48 is a public network: 2^80 addresses of it may
    relay without login. See that each is yours; where others have some of them, name yours only, or
    let them log in

This was assumed:
  - nothing before postlatch in Postfix's restrictions permits
  - after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us
  - Postfix accepts mail for each domain in accepted_domains
  - anyone may hide behind the addresses in masking (192.0.2.1), and behind no other trusted address
  - Postfix permits no client without our word (permitted_elsewhere is empty)
  - a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)
  - the files are as they were read just now
[0]
$ postlatchd -t -c nosuch.conf
cannot open "nosuch.conf": No such file or directory
1 error: not loaded
verdict: invalid
[2]
