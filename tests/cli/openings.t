# A waiver that has ended: its clients get no OK any more, and every command says so.
$ postlatch check --no-host -c ended.conf
ended.conf: 1 rule, 0 tables, 2 entries
verdict: open (accepted until a day that has passed)
What is open was accepted until a day that has passed; since then it is not let through.

rule "scanner" (ended.conf:2): answers "OK" to a recipient that is not ours
    from      198.51.100.0/24, outside the relay boundary
    example   client_address=198.51.100.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example
    why       OK lets the mail pass: these clients can send there through this server
    expired   accept "ticket 12", which ended on 2020-01-31 (ended.conf:3): these clients get no OK
              any more
    ask       postlatch explain -c ended.conf, followed by the example

Who can relay, and by which rule:
  198.51.100.0/24             "scanner"

ended.conf:3: warning: accept-expires: accept "ticket 12" has ended on 2020-01-31: what it waived is
    let through no more, and a reload is refused while it stands. Close what was open and take it
    out, or give it a later date

ended.conf:2: note: public-network: 198.51.100.0/24 is a public network: 256 addresses of it may
    relay without login. See that each is yours; where others have some of them, name yours only, or
    let them log in

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
[1]
$ postlatch surface -c ended.conf
accept "ticket 12" (ended.conf:3) ended with 2020-01-31: its clients get no OK any more, which is left out here
198.51.100.0/24             "scanner"
[0]
$ postlatch matrix -c ended.conf
ended.conf: 1 rule, 0 tables, 2 entries
verdict: open: an outsider could send to a recipient elsewhere, which was accepted until a day that has passed
accept "ticket 12" (ended.conf:3) ended with 2020-01-31: its clients get no OK any more, which is left out here

from \ to                                     A ours          B foreign       C foreign
                                              example.org     any domain      with routing
clients by address
  1  198.51.100.0/24                          mail     1      OPEN     1      OPEN     1
  2  everybody else                           mail     2      refused  3      refused  3

mail     to a recipient of ours, taken
OPEN     to a recipient elsewhere, passed on for anybody: an open relay
refused  refused, for good or for now

rows
  2  all addresses that are in no other row (clients whose address is unknown, too)
rules
  1  OK  by rule "scanner"  (ended.conf:2)
  2  DUNNO  by builtin:accepted  (ended.conf:1)
  3  REJECT Relay access denied  by builtin:reject
[0]
$ postlatch who -c ended.conf someone@foreign.example
recipient someone@foreign.example: domain foreign.example: foreign, not in accepted_domains
accept "ticket 12" (ended.conf:3) ended with 2020-01-31: its clients get no OK any more, which is left out here
may send there:
  198.51.100.0/24
      OK by rule "scanner" (ended.conf:2), for anybody: an open relay
may not send there:
  everybody else
      REJECT Relay access denied by builtin:reject
[0]
$ postlatch where -c ended.conf 198.51.100.7
client 198.51.100.7, without login
accept "ticket 12" (ended.conf:3) ended with 2020-01-31: its clients get no OK any more, which is left out here
may send to:
  ours: example.org
      OK by rule "scanner" (ended.conf:2)
  foreign: any domain
  foreign: with routing
      OK by rule "scanner" (ended.conf:2), for anybody: an open relay
[0]
$ postlatch explain -c ended.conf client_address=198.51.100.7 recipient=someone@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "198.51.100.7"
  recipient        "someone@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "scanner"  (ended.conf:2)
       yes: client_address 198.51.100.7 matches 198.51.100.0/24 (ended.conf:2)
  2  builtin:expired
       yes: accept "ticket 12" (ended.conf:3) ended with 2020-01-31: the client gets no OK from written rules any more, as nothing else makes it one that may relay
answer: by builtin:expired
action=REJECT Relay access denied
[0]
# Waivers that do not hold all that is open: the example is what they leave, and why is said.
$ postlatch check --no-host -c part.conf
part.conf: 2 rules, 0 tables, 3 entries
verdict: open
This is an open relay: clients outside the relay boundary can send to recipients that are not ours.

rule "scanner" (part.conf:2): answers "OK" to a recipient that is not ours
    from      198.51.100.0/24, outside the relay boundary
    example   client_address=198.51.100.128 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example
    why       OK lets the mail pass: these clients can send there through this server
    accepted  not by accept "ticket 12" (part.conf:4): its surface holds only some of these clients,
              and not that of the example
    remedy    give the rule a condition that only trusted clients meet (client_address, a login),
              or answer DUNNO: then what follows in Postfix decides (after_dunno)
              If all of these clients may relay, say so: relay_by_rule = {198.51.100.0/24}
              or for a while: accept "REASON" { surface = {198.51.100.0/24} until = "YYYY-MM-DD" }
    ask       postlatch explain -c part.conf, followed by the example

rule "cameras" (part.conf:3): answers "OK" to a recipient that is not ours
    from      203.0.113.0/24, outside the relay boundary
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example
    why       OK lets the mail pass: these clients can send there through this server
    accepted  not by accept "ticket 13" (part.conf:5): rule = NAME is for rules that cannot be
              proved; for what is open name the clients, surface = {…}
    remedy    give the rule a condition that only trusted clients meet (client_address, a login),
              or answer DUNNO: then what follows in Postfix decides (after_dunno)
              If all of these clients may relay, say so: relay_by_rule = {203.0.113.0/24}
              or for a while: accept "REASON" { surface = {203.0.113.0/24} until = "YYYY-MM-DD" }
    ask       postlatch explain -c part.conf, followed by the example

Who can relay, and by which rule:
  198.51.100.0/24             "scanner"
  203.0.113.0/24              "cameras"

part.conf:2: note: public-network: 198.51.100.0/24 is a public network: 256 addresses of it may
    relay without login. See that each is yours; where others have some of them, name yours only, or
    let them log in
part.conf:3: note: public-network: 203.0.113.0/24 is a public network: 256 addresses of it may relay
    without login. See that each is yours; where others have some of them, name yours only, or let
    them log in

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
[1]
# Masking addresses among those from which it is open.
$ postlatch check --no-host -c masked.conf
masked.conf: 3 rules, 0 tables, 9 entries
verdict: open
This is an open relay: clients outside the relay boundary can send to recipients that are not ours.

rule "lan" (masked.conf:5): answers "OK" to a recipient that is not ours
    from      192.168.0.1, 192.168.1.0/24
              among them 192.168.0.1, behind which anyone may hide (masking)
    example   client_address=192.168.0.1 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@partner.example
    why       OK lets the mail pass: the whole Internet can send there through this server
    remedy    give the rule a condition that only trusted clients meet (client_address, a login),
              or answer DUNNO: then what follows in Postfix decides (after_dunno)
              and from masking addresses require a login (sasl_username = {any}) in any case
    ask       postlatch explain -c masked.conf, followed by the example

rule "containers" (masked.conf:6): answers "OK" to a recipient that is not ours
    from      172.17.0.1, behind which anyone may hide (masking)
    example   client_address=172.17.0.1 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@partner.example
    why       OK lets the mail pass: the whole Internet can send there through this server
    remedy    require a login there (sasl_username = {any}), or let the real client address through
              (PROXY protocol, XCLIENT, no NAT) and take it out of masking
    ask       postlatch explain -c masked.conf, followed by the example

rule "everybody" (masked.conf:7): answers "OK" to a recipient that is not ours
    from      every client outside the relay boundary
              and from 172.17.0.1, 192.168.0.1, behind which anyone may hide (masking)
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@news.example
    why       OK lets the mail pass: the whole Internet can send there through this server
    remedy    give the rule a condition that only trusted clients meet (client_address, a login),
              or answer DUNNO: then what follows in Postfix decides (after_dunno)
              and from masking addresses require a login (sasl_username = {any}) in any case
    ask       postlatch explain -c masked.conf, followed by the example

Who can relay, and by which rule:
  0.0.0.0/0                   "lan", "containers", "everybody", builtin:network  from some of these
                              addresses only to {partner.example} or {news.example}
  ::/0                        "everybody"  only to {news.example}
  address:unknown             "everybody"  only to {news.example}

masked.conf:7: warning: recipient-grant: rule "everybody" gives OK to everybody who writes to its
    recipients, and some of these are not ours. So the whole Internet may send to them through this
    host. Add a condition on client_address or sasl_username, or take the rule out

Not looked at: the facts of the host were not asked for (--no-host).

This was assumed:
  - nothing before postlatch in Postfix's restrictions permits
  - after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us
  - Postfix accepts mail for each domain in accepted_domains
  - anyone may hide behind the addresses in masking (192.168.0.1, 172.17.0.1), and behind no other
    trusted address
  - Postfix permits no client without our word (permitted_elsewhere is empty)
  - a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)
  - the files are as they were read just now
[1]
$ postlatch check --no-host --json -c masked.conf
{
  "verdict": "open",
  "accepted": false,
  "witness": {
    "protocol_state": "RCPT",
    "client_address": "192.168.0.1",
    "client_name": "unknown",
    "reverse_client_name": "unknown",
    "helo_name": "host.client.example",
    "sender": "sender@elsewhere.example",
    "recipient": "someone@partner.example"
  },
  "openings": [
    {
      "rule": "lan",
      "action": "OK",
      "witness": {
        "protocol_state": "RCPT",
        "client_address": "192.168.0.1",
        "client_name": "unknown",
        "reverse_client_name": "unknown",
        "helo_name": "host.client.example",
        "sender": "sender@elsewhere.example",
        "recipient": "someone@partner.example"
      },
      "masking": [
        "192.168.0.1"
      ],
      "accepted": null
    },
    {
      "rule": "containers",
      "action": "OK",
      "witness": {
        "protocol_state": "RCPT",
        "client_address": "172.17.0.1",
        "client_name": "unknown",
        "reverse_client_name": "unknown",
        "helo_name": "host.client.example",
        "sender": "sender@elsewhere.example",
        "recipient": "someone@partner.example"
      },
      "masking": [
        "172.17.0.1"
      ],
      "accepted": null
    },
    {
      "rule": "everybody",
      "action": "OK",
      "witness": {
        "protocol_state": "RCPT",
        "client_address": "203.0.113.9",
        "client_name": "unknown",
        "reverse_client_name": "unknown",
        "helo_name": "host.client.example",
        "sender": "sender@elsewhere.example",
        "recipient": "someone@news.example"
      },
      "masking": [
        "172.17.0.1",
        "192.168.0.1"
      ],
      "accepted": null
    }
  ],
  "reason": null,
  "surface": [
    {
      "cidr": "0.0.0.0/0",
      "rules": [
        "lan",
        "containers",
        "everybody",
        "builtin:network"
      ],
      "recipients": "any",
      "some_only": "{partner.example} or {news.example}"
    },
    {
      "cidr": "::/0",
      "rules": [
        "everybody"
      ],
      "recipients": "{news.example}"
    }
  ],
  "errors": [],
  "error_count": 0,
  "warnings": [
    {
      "code": "recipient-grant",
      "message": "rule \"everybody\" gives OK to everybody who writes to its recipients, and some of these are not ours. So the whole Internet may send to them through this host. Add a condition on client_address or sasl_username, or take the rule out",
      "rule": "everybody",
      "object": "everybody",
      "file": "masked.conf",
      "line": 7
    }
  ],
  "notes": [],
  "omitted": {},
  "assumptions": [
    "nothing before postlatch in Postfix's restrictions permits",
    "after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us",
    "Postfix accepts mail for each domain in accepted_domains",
    "anyone may hide behind the addresses in masking (192.168.0.1, 172.17.0.1), and behind no other trusted address",
    "Postfix permits no client without our word (permitted_elsewhere is empty)",
    "a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)",
    "the files are as they were read just now"
  ]
}
[1]
# Everybody, where no network is told from another; an address that is mistyped is no login.
$ postlatch who -c peers.conf someone@example.org
recipient someone@example.org: domain example.org: ours, in accepted_domains: example.org (peers.conf:2)
may send there, but not always, or not usually:
  everybody
  any other login
      DUNNO by builtin:accepted (peers.conf:2); but see [1]
may not send there:
  login Mallory@Example.org
  login trudy@example.org
  login @Old.Example
      REJECT 5.7.1 Blocked by rule "blocked" (peers.conf:10)
[1] REJECT 5.7.1 Sender by rule "sender" (peers.conf:16), if sender = {bad.example, Spammer@}
[0]
$ postlatch where -c ended.conf 300.1.1.1
postlatch: where: "300.1.1.1" is no address; expected one like 192.0.2.1 or 2001:db8::1
[2]
$ postlatch where -c ended.conf 2001:db8::g
postlatch: where: "2001:db8::g" is no address; expected one like 192.0.2.1 or 2001:db8::1
[2]
# To whom each line of the surface may send: what it says holds for all of its addresses.
$ postlatch surface -c narrow.conf
10.1.0.0/16                 "shop", builtin:network  only to some recipients
10.2.0.0/15                 "shop", "bank"  only to {partner.example}
[0]
# Twenty of a kind, and how many more there are.
$ postlatch check --no-host --json -c many.conf
{
  "verdict": "safe",
  "accepted": false,
  "witness": null,
  "openings": [],
  "reason": null,
  "surface": [
    {
      "cidr": "10.0.0.0/8",
      "rules": [
        "all"
      ],
      "recipients": "any"
    }
  ],
  "errors": [],
  "error_count": 0,
  "warnings": [
    {
      "code": "unreachable-rule",
      "message": "rule \"r1\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r1",
      "object": "r1",
      "file": "many.conf",
      "line": 5
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r2\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r2",
      "object": "r2",
      "file": "many.conf",
      "line": 6
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r3\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r3",
      "object": "r3",
      "file": "many.conf",
      "line": 7
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r4\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r4",
      "object": "r4",
      "file": "many.conf",
      "line": 8
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r5\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r5",
      "object": "r5",
      "file": "many.conf",
      "line": 9
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r6\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r6",
      "object": "r6",
      "file": "many.conf",
      "line": 10
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r7\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r7",
      "object": "r7",
      "file": "many.conf",
      "line": 11
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r8\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r8",
      "object": "r8",
      "file": "many.conf",
      "line": 12
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r9\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r9",
      "object": "r9",
      "file": "many.conf",
      "line": 13
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r10\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r10",
      "object": "r10",
      "file": "many.conf",
      "line": 14
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r11\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r11",
      "object": "r11",
      "file": "many.conf",
      "line": 15
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r12\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r12",
      "object": "r12",
      "file": "many.conf",
      "line": 16
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r13\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r13",
      "object": "r13",
      "file": "many.conf",
      "line": 17
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r14\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r14",
      "object": "r14",
      "file": "many.conf",
      "line": 18
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r15\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r15",
      "object": "r15",
      "file": "many.conf",
      "line": 19
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r16\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r16",
      "object": "r16",
      "file": "many.conf",
      "line": 20
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r17\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r17",
      "object": "r17",
      "file": "many.conf",
      "line": 21
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r18\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r18",
      "object": "r18",
      "file": "many.conf",
      "line": 22
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r19\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r19",
      "object": "r19",
      "file": "many.conf",
      "line": 23
    },
    {
      "code": "unreachable-rule",
      "message": "rule \"r20\" decides no request: rule \"all\" (many.conf:4, \"OK\") stands before it and takes all of its requests. So it never sends \"REJECT no\", whatever it was meant for. Put it before that one, narrow that one, or take this one out",
      "rule": "r20",
      "object": "r20",
      "file": "many.conf",
      "line": 24
    }
  ],
  "notes": [],
  "omitted": {
    "unreachable-rule": 2
  },
  "assumptions": [
    "nothing before postlatch in Postfix's restrictions permits",
    "after a DUNNO Postfix comes to reject_unauth_destination (after_dunno), wherever it asks us",
    "Postfix accepts mail for each domain in accepted_domains",
    "a client_address is the client's own: no NAT, proxy, tunnel or container bridge stands before Postfix (masking is empty)",
    "Postfix permits no client without our word (permitted_elsewhere is empty)",
    "a recipient without a domain is ours: myorigin is an accepted domain (bare_recipient)",
    "the files are as they were read just now"
  ]
}
[0]
# All except a list: what is left out is said.
$ postlatch check --no-host -c except.conf
except.conf: 2 rules, 0 tables, 3 entries
verdict: open
This is an open relay: clients outside the relay boundary can send to recipients that are not ours.

rule "all others" (except.conf:4): answers "OK" to a recipient that is not ours
    from      every client outside the relay boundary but 198.51.100.7, 203.0.113.0/24
    example   client_address=198.51.100.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example
    why       OK lets the mail pass: these clients can send there through this server
    remedy    give the rule a condition that only trusted clients meet (client_address, a login),
              or answer DUNNO: then what follows in Postfix decides (after_dunno)
    ask       postlatch explain -c except.conf, followed by the example

Who can relay, and by which rule:
  0.0.0.0/1                   "all others"
  128.0.0.0/2                 "all others"
  192.0.0.0/6                 "all others"
  196.0.0.0/7                 "all others"
  198.0.0.0/11                "all others"
  198.32.0.0/12               "all others"
  198.48.0.0/15               "all others"
  198.50.0.0/16               "all others"
  198.51.0.0/18               "all others"
  198.51.64.0/19              "all others"
  and 42 more; postlatch surface lists them all

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
[1]
