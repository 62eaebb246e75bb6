# The whole policy as a table: networks, what masks others, logins; who and where as lists.
$ postlatch matrix -c office.conf
office.conf: 2 rules, 3 tables, 10 entries
verdict: safe: no outsider can send to a recipient elsewhere

from \ to                         A ours          B ours          C foreign
                                  <hosted>        without a dom…  any domain
clients by address
  1  relay_networks               mail     3      mail     3      relay    4
  2  relay_networks, masking      mail     3      mail     3      refused  6
  3  <printers>                   mail     2      mail     3      refused  6
  4  everybody else               mail     3      mail     3      refused  6
logins
  5  mallory@example.org          refused  1      refused  1      refused  1
  6  any other login              mail     3      mail     3      relay    5

from \ to                         D foreign
                                  with routing
clients by address
  1  relay_networks               relay    4
  2  relay_networks, masking      refused  6
  3  <printers>                   refused  6
  4  everybody else               refused  6
logins
  5  mallory@example.org          refused  1
  6  any other login              relay    5

mail     to a recipient of ours, taken
relay    to a recipient elsewhere, passed on for a client that may relay
refused  refused, for good or for now

rows
  1  relay_networks: 192.0.2.0, 192.0.2.2/31, 192.0.2.4/30, 192.0.2.8/29,
     192.0.2.16/28, 192.0.2.32/27, … 8 more
  2  relay_networks, masking: 192.0.2.1 (anyone may hide behind it)
  3  <printers>: 192.168.5.20, 192.168.5.32/27
  4  all addresses that are in no other row (clients whose address is unknown,
     too)
columns
  A  example.org, .example.net, [192.0.2.25]
  B  without a domain
rules
  1  REJECT 5.7.1 Account suspended  by rule "blocked accounts"
     (office.conf:11)
  2  OK  by rule "printers"  (office.conf:12)
  3  DUNNO  by builtin:accepted  (office.conf:2)
  4  OK  by builtin:network  (office.conf:3)
  5  OK  by builtin:authenticated  (office.conf:4)
  6  REJECT Relay access denied  by builtin:reject
[0]
# Every kind of row, an opening, decisions that depend on more than row and column.
$ postlatch matrix -c firm.conf
firm.conf: 9 rules, 4 tables, 31 entries
verdict: open: an outsider can send to a recipient elsewhere

from \ to                         A ours          B ours          C ours
                                  <hosted>        boss@example.…  without a dom…
clients by address
  1  relay_by_rule                mail     9 +2   mail     3 +1   mail     9 +2
  2  permitted_elsewhere          mail     9 +2   mail     3 +1   mail     9 +2
  3  masking: 172.17.0.1          mail     9 +2   mail     3 +1   mail     9 +2
  4  relay_networks               mail     9      mail     3      mail     9
  5  relay_by_rule, <printers>    mail     5 +1   mail     3 +1   mail     9 +1
  6  address unknown              mail     9 +1   mail     3      mail     9 +1
  7  everybody else               mail     9 +2   mail     3 +1   mail     9 +2
clients by verified name
  8  .partner.example             mail     9 +2   mail     3 +1   mail     9 +2
relay listeners
  9  10.0.0.25                    mail     9 +2   mail     3 +1   mail     9 +2
 10  192.0.2.1:2525               mail     9 +2   mail     3 +1   mail     9 +2
 11  context:internal             mail     9 +2   mail     3 +1   mail     9 +2
logins
 12  <blocked>                    refused  1      refused  1      refused  1
 13  guest                        mail     9 +2   mail     3 +1   mail     9 +2
 14  any other login              mail     9 +1   mail     3 +1   mail     9 +1
client certificates
 15  00:11:22:33:44:55:66:77:88…  mail     9 +2   mail     3 +1   mail     9 +2
 16  public key 00:11:22:33:44:…  mail     9 +2   mail     3 +1   mail     9 +2

from \ to                         D foreign       E foreign       F foreign
                                  abuse@          partner.examp…  scanmail.exam…
clients by address
  1  relay_by_rule                left     3 +1   refused 18 +2   refused 18 +2
  2  permitted_elsewhere          OPEN     3 +1   refused 18 +2   refused 18 +2
  3  masking: 172.17.0.1          left     3 +1   refused 18 +2   refused 18 +2
  4  relay_networks               left     3      relay   10      relay   10
  5  relay_by_rule, <printers>    left     3 +1   refused 18 +1   relay    6 +1
  6  address unknown              left     3      refused 18 +1   refused 18 +1
  7  everybody else               left     3 +1   refused 18 +2   refused 18 +2
clients by verified name
  8  .partner.example             left     3 +1   relay   11 +2   relay   11 +2
relay listeners
  9  10.0.0.25                    left     3 +1   relay   12 +2   relay   12 +2
 10  192.0.2.1:2525               left     3 +1   relay   13 +2   relay   13 +2
 11  context:internal             left     3 +1   relay   14 +2   relay   14 +2
logins
 12  <blocked>                    refused  1      refused  1      refused  1
 13  guest                        left     3 +1   refused 18 +2   refused 18 +1
 14  any other login              left     3 +1   relay   15 +1   relay   15 +1
client certificates
 15  00:11:22:33:44:55:66:77:88…  left     3 +1   relay   16 +2   relay   16 +2
 16  public key 00:11:22:33:44:…  left     3 +1   relay   17 +2   relay   17 +2

from \ to                         G foreign       H foreign
                                  any other dom…  with routing
clients by address
  1  relay_by_rule                refused 18 +2   refused  8 +2
  2  permitted_elsewhere          refused 18 +2   refused  8 +2
  3  masking: 172.17.0.1          refused 18 +2   refused  8 +2
  4  relay_networks               relay   10      refused  8
  5  relay_by_rule, <printers>    refused 18 +1   refused  8 +1
  6  address unknown              refused 18 +1   refused  8 +1
  7  everybody else               refused 18 +2   refused  8 +2
clients by verified name
  8  .partner.example             relay   11 +2   refused  8 +2
relay listeners
  9  10.0.0.25                    relay   12 +2   refused  8 +2
 10  192.0.2.1:2525               relay   13 +2   refused  8 +2
 11  context:internal             relay   14 +2   refused  8 +2
logins
 12  <blocked>                    refused  1      refused  1
 13  guest                        refused 18 +1   refused  8 +1
 14  any other login              relay   15 +1   refused  8 +1
client certificates
 15  00:11:22:33:44:55:66:77:88…  relay   16 +2   refused  8 +2
 16  public key 00:11:22:33:44:…  relay   17 +2   refused  8 +2

mail     to a recipient of ours, taken
relay    to a recipient elsewhere, passed on for a client that may relay
OPEN     to a recipient elsewhere, passed on for anybody: an open relay
refused  refused, for good or for now
left     left to Postfix, which refuses it (after_dunno)

rows
  1  relay_by_rule: 10.20.0.0/16, 192.168.5.0/28, 192.168.5.16/30, 192.168.5.21,
     192.168.5.22/31, 192.168.5.24/29, … 2 more
  2  permitted_elsewhere: 127.0.0.0/8 (Postfix lets it relay without our word)
  3  masking: 172.17.0.1 (anyone may hide behind it)
  4  relay_networks: 192.0.2.0/24, 2001:db8:1::/48
  5  relay_by_rule, <printers>: 192.168.5.20, 192.168.5.32/27
  7  all addresses that are in no other row
 12  mallory@example.org, eve
 15  00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff
 16  public key 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff
columns
  A  example.org, example.net, .example.net, lists.example.org
  B  boss@example.org, abuse@
  C  without a domain
  E  partner.example
  F  scanmail.example
  G  any other domain
rules
  1  REJECT 5.7.1 Account suspended  by rule "blocked accounts"  (firm.conf:16)
  2  REJECT bad helo  by rule "bad helo"  (firm.conf:17)
  3  DUNNO  by rule "vip"  (firm.conf:18)
  4  REJECT 5.7.1 log in to use this sender  by rule "forged"  (firm.conf:19)
  5  OK  by rule "printers"  (firm.conf:20)
  6  OK  by rule "printers out"  (firm.conf:21)
  7  OK  by rule "guest"  (firm.conf:23)
  8  REJECT routing  by rule "no routing"  (firm.conf:24)
  9  DUNNO  by builtin:accepted  (firm.conf:3)
 10  OK  by builtin:network  (firm.conf:4)
 11  OK  by builtin:name  (firm.conf:7)
 12  OK  by builtin:listener  (firm.conf:8)
 13  OK  by builtin:listener  (firm.conf:8)
 14  OK  by builtin:listener  (firm.conf:8)
 15  OK  by builtin:authenticated  (firm.conf:6)
 16  OK  by builtin:certificate  (firm.conf:9)
 17  OK  by builtin:certificate  (firm.conf:9)
 18  REJECT Relay access denied  by builtin:reject

other answers ("+" above), for what row and column do not say
  2  refused, if client_address = {any, !<relay_networks>}, helo_name =
     {.evil.example}: rows 1-3, 5, 7-11, 13-16
  4  refused, if client_address = {any, unknown, !<relay_networks>,
     !<printers>}, sender = {ours}, sasl_username = {none}: rows 1-3, 6-11,
     15-16, columns A, C, E-H
  7  mail, if client_address = {10.20.0.0/16}, recipient = {ours,
     partner.example}, sasl_username = {guest}: row 13, columns A, C
  7  relay, if client_address = {10.20.0.0/16}, recipient = {ours,
     partner.example}, sasl_username = {guest}: row 13, column E
[0]
# Nothing is granted to anybody.
$ postlatch matrix -c empty.conf
empty.conf: 0 rules, 0 tables, 0 entries
verdict: safe: no outsider can send to a recipient elsewhere

from \ to                         A ours          B foreign       C foreign
                                  without a dom…  any domain      with routing
clients by address
  1  everybody else               mail     1      refused  2      refused  2

mail     to a recipient of ours, taken
refused  refused, for good or for now

rows
  1  all addresses that are in no other row (clients whose address is unknown,
     too)
columns
  A  without a domain
rules
  1  DUNNO  by builtin:accepted
  2  REJECT Relay access denied  by builtin:reject
[0]
$ postlatch matrix -c empty.conf --json
{
  "verdict": "safe",
  "gave_up": null,
  "rows": [
    {
      "kind": "network",
      "title": "everybody else",
      "rest": true,
      "attribute": "client_address",
      "outside": true,
      "masking": false,
      "permitted_elsewhere": false,
      "lists": "",
      "networks": [
        "0.0.0.0/0",
        "::/0"
      ],
      "unknown_address": true
    }
  ],
  "columns": [
    {
      "kind": "ours",
      "title": "without a domain",
      "rest": false,
      "items": [],
      "more_items": 0
    },
    {
      "kind": "foreign",
      "title": "any domain",
      "rest": true,
      "items": [],
      "more_items": 0
    },
    {
      "kind": "routed",
      "title": "with routing",
      "rest": false,
      "items": [],
      "more_items": 0
    }
  ],
  "cells": [
    [
      {
        "flow": "mail",
        "outcomes": [
          {
            "flow": "mail",
            "action": "DUNNO",
            "rule": "builtin:accepted",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone"
            }
          }
        ],
        "more": 0
      },
      {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT Relay access denied",
            "rule": "builtin:reject",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example"
            }
          }
        ],
        "more": 0
      },
      {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT Relay access denied",
            "rule": "builtin:reject",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone%foreign.example@example.org"
            }
          }
        ],
        "more": 0
      }
    ]
  ]
}
[0]
$ postlatch matrix -c office.conf --html office.html
office.html: written
[0]
$ postlatch matrix -c office.conf --html no/such/folder/office.html
postlatch: matrix: cannot write "no/such/folder/office.html": No such file or directory
[2]
$ postlatch matrix -c office.conf --html office.html --json
postlatch: matrix: --html and --json do not go together; see postlatch matrix --help
[2]
$ postlatch matrix -c bad.conf --html bad.html
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
postlatch: bad.conf does not load: 40 errors
[2]
$ postlatch who -c office.conf someone@foreign.example
recipient someone@foreign.example: domain foreign.example: foreign, not in accepted_domains
may send there:
  192.0.2.0
  192.0.2.2/31
  192.0.2.4/30
  192.0.2.8/29
  192.0.2.16/28
  192.0.2.32/27
  192.0.2.64/31
  192.0.2.67
  192.0.2.68/30
  192.0.2.72/29
  192.0.2.80/28
  192.0.2.96/27
  192.0.2.128/25
  2001:db8:1::/48
      OK by builtin:network (office.conf:3)
  any other login
      OK by builtin:authenticated (office.conf:4)
may not send there:
  everybody else
      REJECT Relay access denied by builtin:reject
  login mallory@example.org
      REJECT 5.7.1 Account suspended by rule "blocked accounts" (office.conf:11)
[0]
$ postlatch who -c office.conf user@example.org
recipient user@example.org: domain example.org: ours, in accepted_domains: <hosted>: example.org (hosted:2)
may send there:
  everybody else
  any other login
      DUNNO by builtin:accepted (office.conf:2)
  192.168.5.20
  192.168.5.32/27
      OK by rule "printers" (office.conf:12)
may not send there:
  login mallory@example.org
      REJECT 5.7.1 Account suspended by rule "blocked accounts" (office.conf:11)
[0]
$ postlatch who -c firm.conf v@partner.example
recipient v@partner.example: domain partner.example: foreign, not in accepted_domains
may send there:
  192.0.2.0/24
  2001:db8:1::/48
      OK by builtin:network (firm.conf:4)
may send there, but not always, or not usually:
  verified name .partner.example
      OK by builtin:name (firm.conf:7); but see [1] [2]
  relay listener 10.0.0.25
      OK by builtin:listener (firm.conf:8); but see [1] [2]
  relay listener 192.0.2.1:2525
      OK by builtin:listener (firm.conf:8); but see [1] [2]
  relay listener context:internal
      OK by builtin:listener (firm.conf:8); but see [1] [2]
  login guest
      REJECT Relay access denied by builtin:reject; but see [1] [3]
  any other login
      OK by builtin:authenticated (firm.conf:6); but see [1]
  ccert_fingerprint 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff
      OK by builtin:certificate (firm.conf:9); but see [1] [2]
  ccert_pubkey_fingerprint 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff
      OK by builtin:certificate (firm.conf:9); but see [1] [2]
may not send there:
  everybody else
      REJECT Relay access denied by builtin:reject; but see [1] [2]
  192.168.5.20
  192.168.5.32/27
      REJECT Relay access denied by builtin:reject; but see [1]
  clients whose address is unknown
      REJECT Relay access denied by builtin:reject; but see [2]
  login mallory@example.org
  login eve
      REJECT 5.7.1 Account suspended by rule "blocked accounts" (firm.conf:16)
[1] REJECT bad helo by rule "bad helo" (firm.conf:17), if client_address = {any, !<relay_networks>}, helo_name = {.evil.example}
[2] REJECT 5.7.1 log in to use this sender by rule "forged" (firm.conf:19), if client_address = {any, unknown, !<relay_networks>, !<printers>}, sender = {ours}, sasl_username = {none}
[3] OK by rule "guest" (firm.conf:23), if client_address = {10.20.0.0/16}, recipient = {ours, partner.example}, sasl_username = {guest}
[0]
$ postlatch who -c office.conf a%b@example.org
recipient a%b@example.org: sender-specified routing ('@', '%' or '!' left of the last '@'): in no domain, foreign
may send there:
  192.0.2.0
  192.0.2.2/31
  192.0.2.4/30
  192.0.2.8/29
  192.0.2.16/28
  192.0.2.32/27
  192.0.2.64/31
  192.0.2.67
  192.0.2.68/30
  192.0.2.72/29
  192.0.2.80/28
  192.0.2.96/27
  192.0.2.128/25
  2001:db8:1::/48
      OK by builtin:network (office.conf:3)
  any other login
      OK by builtin:authenticated (office.conf:4)
may not send there:
  everybody else
      REJECT Relay access denied by builtin:reject
  login mallory@example.org
      REJECT 5.7.1 Account suspended by rule "blocked accounts" (office.conf:11)
[0]
$ postlatch who -c office.conf someone@foreign.example --json
{
  "recipient": "someone@foreign.example",
  "read_as": "domain foreign.example: foreign, not in accepted_domains",
  "who": [
    {
      "kind": "network",
      "title": "192.0.2.0, 192.0.2.2/31, 192.0.2.4/30, … 11 more",
      "rest": false,
      "attribute": "client_address",
      "outside": false,
      "masking": false,
      "permitted_elsewhere": false,
      "lists": "relay_networks",
      "networks": [
        "192.0.2.0",
        "192.0.2.2/31",
        "192.0.2.4/30",
        "192.0.2.8/29",
        "192.0.2.16/28",
        "192.0.2.32/27",
        "192.0.2.64/31",
        "192.0.2.67",
        "192.0.2.68/30",
        "192.0.2.72/29",
        "192.0.2.80/28",
        "192.0.2.96/27",
        "192.0.2.128/25",
        "2001:db8:1::/48"
      ],
      "unknown_address": false,
      "may": "yes",
      "decisions": {
        "flow": "relay",
        "outcomes": [
          {
            "flow": "relay",
            "action": "OK",
            "rule": "builtin:network",
            "place": "office.conf:3",
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "192.0.2.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example"
            }
          }
        ],
        "more": 0
      }
    },
    {
      "kind": "network",
      "title": "192.0.2.1",
      "rest": false,
      "attribute": "client_address",
      "outside": true,
      "masking": true,
      "permitted_elsewhere": false,
      "lists": "relay_networks, masking",
      "networks": [
        "192.0.2.1"
      ],
      "unknown_address": false,
      "may": "no",
      "decisions": {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT Relay access denied",
            "rule": "builtin:reject",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "192.0.2.1",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example"
            }
          }
        ],
        "more": 0
      }
    },
    {
      "kind": "network",
      "title": "everybody else",
      "rest": true,
      "attribute": "client_address",
      "outside": true,
      "masking": false,
      "permitted_elsewhere": false,
      "lists": "",
      "networks": [
        "0.0.0.0/1",
        "128.0.0.0/2",
        "192.0.0.0/23",
        "192.0.2.66",
        "192.0.3.0/24",
        "192.0.4.0/22",
        "192.0.8.0/21",
        "192.0.16.0/20",
        "192.0.32.0/19",
        "192.0.64.0/18",
        "192.0.128.0/17",
        "192.1.0.0/16",
        "192.2.0.0/15",
        "192.4.0.0/14",
        "192.8.0.0/13",
        "192.16.0.0/12",
        "192.32.0.0/11",
        "192.64.0.0/10",
        "192.128.0.0/9",
        "193.0.0.0/8",
        "194.0.0.0/7",
        "196.0.0.0/6",
        "200.0.0.0/5",
        "208.0.0.0/4",
        "224.0.0.0/3",
        "::/3",
        "2000::/16",
        "2001::/21",
        "2001:800::/22",
        "2001:c00::/24",
        "2001:d00::/25",
        "2001:d80::/27",
        "2001:da0::/28",
        "2001:db0::/29",
        "2001:db8::/48",
        "2001:db8:2::/47",
        "2001:db8:4::/46",
        "2001:db8:8::/45",
        "2001:db8:10::/44",
        "2001:db8:20::/43",
        "2001:db8:40::/42",
        "2001:db8:80::/41",
        "2001:db8:100::/40",
        "2001:db8:200::/39",
        "2001:db8:400::/38",
        "2001:db8:800::/37",
        "2001:db8:1000::/36",
        "2001:db8:2000::/35",
        "2001:db8:4000::/34",
        "2001:db8:8000::/33",
        "2001:db9::/32",
        "2001:dba::/31",
        "2001:dbc::/30",
        "2001:dc0::/26",
        "2001:e00::/23",
        "2001:1000::/20",
        "2001:2000::/19",
        "2001:4000::/18",
        "2001:8000::/17",
        "2002::/15",
        "2004::/14",
        "2008::/13",
        "2010::/12",
        "2020::/11",
        "2040::/10",
        "2080::/9",
        "2100::/8",
        "2200::/7",
        "2400::/6",
        "2800::/5",
        "3000::/4",
        "4000::/2",
        "8000::/1"
      ],
      "unknown_address": true,
      "may": "no",
      "decisions": {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT Relay access denied",
            "rule": "builtin:reject",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example"
            }
          }
        ],
        "more": 0
      }
    },
    {
      "kind": "login",
      "title": "mallory@example.org",
      "rest": false,
      "attribute": "sasl_username",
      "outside": false,
      "masking": false,
      "permitted_elsewhere": false,
      "lists": "",
      "items": [
        {
          "text": "mallory@example.org",
          "table": "<blocked>",
          "place": "office.conf:9"
        }
      ],
      "more_items": 0,
      "may": "no",
      "decisions": {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT 5.7.1 Account suspended",
            "rule": "blocked accounts",
            "place": "office.conf:11",
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example",
              "sasl_username": "mallory@example.org"
            }
          }
        ],
        "more": 0
      }
    },
    {
      "kind": "login",
      "title": "any other login",
      "rest": true,
      "attribute": "sasl_username",
      "outside": false,
      "masking": false,
      "permitted_elsewhere": false,
      "lists": "",
      "items": [],
      "more_items": 0,
      "may": "yes",
      "decisions": {
        "flow": "relay",
        "outcomes": [
          {
            "flow": "relay",
            "action": "OK",
            "rule": "builtin:authenticated",
            "place": "office.conf:4",
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example",
              "sasl_username": "someone"
            }
          }
        ],
        "more": 0
      }
    }
  ],
  "gave_up": null
}
[0]
$ postlatch who -c office.conf foreign.example
postlatch: who: "foreign.example" has no '@'; expected a mail address, as in "someone@foreign.example"
[2]
$ postlatch who -c office.conf
postlatch: who: expected one RECIPIENT, as in "postlatch who someone@foreign.example"
[2]
$ postlatch where -c office.conf 192.0.2.7
client 192.0.2.7, in relay_networks, without login
may send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
      DUNNO by builtin:accepted (office.conf:2)
  foreign: any domain
  foreign: with routing
      OK by builtin:network (office.conf:3)
[0]
$ postlatch where -c office.conf 192.0.2.1
client 192.0.2.1, in relay_networks, masking, without login
may send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
      DUNNO by builtin:accepted (office.conf:2)
may not send to:
  foreign: any domain
  foreign: with routing
      REJECT Relay access denied by builtin:reject
[0]
$ postlatch where -c office.conf 203.0.113.9
client 203.0.113.9, without login
may send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
      DUNNO by builtin:accepted (office.conf:2)
may not send to:
  foreign: any domain
  foreign: with routing
      REJECT Relay access denied by builtin:reject
[0]
$ postlatch where -c office.conf ::ffff:192.0.2.7
client ::ffff:192.0.2.7, in relay_networks, without login
may send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
      DUNNO by builtin:accepted (office.conf:2)
  foreign: any domain
  foreign: with routing
      OK by builtin:network (office.conf:3)
[0]
$ postlatch where -c office.conf unknown
client unknown, without login
may send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
      DUNNO by builtin:accepted (office.conf:2)
may not send to:
  foreign: any domain
  foreign: with routing
      REJECT Relay access denied by builtin:reject
[0]
$ postlatch where -c office.conf alice
login alice, from an address that is in no list
may send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
      DUNNO by builtin:accepted (office.conf:2)
  foreign: any domain
  foreign: with routing
      OK by builtin:authenticated (office.conf:4)
[0]
$ postlatch where -c office.conf mallory@example.org
login mallory@example.org, from an address that is in no list
may not send to:
  ours: example.org
  ours: .example.net
  ours: [192.0.2.25]
  foreign: any domain
  foreign: with routing
      REJECT 5.7.1 Account suspended by rule "blocked accounts" (office.conf:11)
[0]
$ postlatch where -c firm.conf guest
login guest, from an address that is in no list
may send to, but not always, or not usually:
  ours: example.org
  ours: example.net
  ours: .example.net
  ours: lists.example.org
      DUNNO by builtin:accepted (firm.conf:3); but see [1] [2]
  ours: boss@example.org
  ours: abuse@
      DUNNO by rule "vip" (firm.conf:18); but see [1]
  foreign: partner.example
      REJECT Relay access denied by builtin:reject; but see [1] [2]
may not send to:
  foreign: abuse@
      DUNNO by rule "vip" (firm.conf:18), which leaves it to Postfix, and Postfix refuses it; but see [1]
  foreign: any other domain
      REJECT Relay access denied by builtin:reject; but see [1]
  foreign: with routing
      REJECT routing by rule "no routing" (firm.conf:24); but see [1]
[1] REJECT bad helo by rule "bad helo" (firm.conf:17), if client_address = {any, !<relay_networks>}, helo_name = {.evil.example}
[2] OK by rule "guest" (firm.conf:23), if client_address = {10.20.0.0/16}, recipient = {ours, partner.example}, sasl_username = {guest}
[0]
$ postlatch where -c empty.conf alice
login alice, from an address that is in no list
no rule asks about logins: it may send where its address may
[0]
$ postlatch where -c empty.conf 192.0.2.1 --json
{
  "client": "192.0.2.1",
  "where": [
    {
      "kind": "ours",
      "title": "without a domain",
      "rest": false,
      "items": [],
      "more_items": 0,
      "may": "yes",
      "decisions": {
        "flow": "mail",
        "outcomes": [
          {
            "flow": "mail",
            "action": "DUNNO",
            "rule": "builtin:accepted",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone"
            }
          }
        ],
        "more": 0
      }
    },
    {
      "kind": "foreign",
      "title": "any domain",
      "rest": true,
      "items": [],
      "more_items": 0,
      "may": "no",
      "decisions": {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT Relay access denied",
            "rule": "builtin:reject",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone@foreign.example"
            }
          }
        ],
        "more": 0
      }
    },
    {
      "kind": "routed",
      "title": "with routing",
      "rest": false,
      "items": [],
      "more_items": 0,
      "may": "no",
      "decisions": {
        "flow": "refused",
        "outcomes": [
          {
            "flow": "refused",
            "action": "REJECT Relay access denied",
            "rule": "builtin:reject",
            "place": null,
            "usual": true,
            "when": null,
            "example": {
              "protocol_state": "RCPT",
              "client_address": "203.0.113.9",
              "client_name": "unknown",
              "reverse_client_name": "unknown",
              "helo_name": "host.client.example",
              "sender": "sender@elsewhere.example",
              "recipient": "someone%foreign.example@example.org"
            }
          }
        ],
        "more": 0
      }
    }
  ],
  "gave_up": null
}
[0]
$ postlatch where -c office.conf 192.0.2.0/24
postlatch: where: "192.0.2.0/24" is no address and no login; expected one address, without a prefix length
[2]
$ postlatch where -c office.conf 192.0.2.1 192.0.2.2
postlatch: where: expected one CLIENT or LOGIN, as in "postlatch where 192.0.2.1" or "postlatch where alice"
[2]
# A stolen password: what a rule that asks for the login lets, not what its address may anyway.
$ postlatch check --no-host -c firm.conf --compromised guest
firm.conf: 9 rules, 4 tables, 31 entries
verdict: open
This is an open relay: clients outside the relay boundary can send to recipients
    that are not ours.

rule "vip" (firm.conf:18): answers "DUNNO" to a recipient that is not ours
    from      127.0.0.0/8, outside the relay boundary
    example   client_address=127.0.0.0 client_name=unknown \
              reverse_client_name=unknown helo_name=host.client.example \
              sender=sender@foreign.example recipient=abuse@foreign.example
    why       DUNNO leaves it to Postfix, which permits this client
              (permitted_elsewhere): these clients can send there through this
              server
    remedy    refuse here, or take the clients out of Postfix's mynetworks and
              then out of permitted_elsewhere
              If all of these clients may relay, say so: relay_networks =
              {127.0.0.0/8}
              or for a while: accept "REASON" { surface = {127.0.0.0/8} until =
              "YYYY-MM-DD" }
    ask       postlatch explain -c firm.conf, followed by the example

Who can relay, and by which rule:
  127.0.0.0/8                 "vip" (Postfix permits it: permitted_elsewhere)
                              only to {<vip>}
  192.0.2.0/24                builtin:network  only to some recipients
  192.168.5.20/32             "printers out"  only to {scanmail.example}
  192.168.5.32/27             "printers out"  only to {scanmail.example}
  2001:db8:1::/48             builtin:network  only to some recipients
  name:.partner.example       builtin:name
  listener:10.0.0.25          builtin:listener
  listener:192.0.2.1:2525     builtin:listener
  listener:context:internal   builtin:listener
  login:guest                 "guest"  only to {ours, partner.example}
  and 2 more; postlatch surface lists them all

firm.conf:22: warning: redundant-rule: rule "app server" changes nothing:
    without it rule "guest" (firm.conf:23), builtin:name, builtin:listener and 3
    more rules give "OK" to all of its requests as well. Whoever deletes it
    later to stop that stops nothing. Take it out, or correct what was meant
firm.conf:18: warning: lost-grant: rule "vip" takes relaying away from clients
    who may relay: it answers "DUNNO", which leaves them to Postfix, and there
    reject_unauth_destination refuses (after_dunno). Without it builtin:name
    answers OK, for instance to client_address=203.0.113.9
    recipient=abuse@foreign.example. Add recipient = {ours} to it if that is
    whom it is for, or put a rule that grants before it

firm.conf:4: note: public-network: 192.0.2.0/24 is a public network: 256
    addresses of it may relay without login. See that each is yours; where
    others have some of them, name yours only, or let them log in
firm.conf:4: note: public-network: 2001:db8:1::/48 is a public network: 2^80
    addresses of it may relay without login. See that each is yours; where
    others have some of them, name yours only, or let them log in
firm.conf:11: note: loopback-trusted: 127.0.0.1 may relay without login, by
    127.0.0.0/8 in permitted_elsewhere. Whatever takes connections from
    elsewhere and passes them on within this host (ssh and TLS tunnels, port
    forwarders of containers, a web form) lets strangers appear as 127.0.0.1.
    Remedy, if there is any: take it out of Postfix's mynetworks and of
    permitted_elsewhere
firm.conf:11: note: one-family-only: 127.0.0.1 may relay without login, ::1 may
    not: a program of this host that connects to localhost is let in or refused
    by the address that it happens to take. If that is not meant, trust both or
    neither

Not looked at: the facts of the host were not asked for (--no-host).

This was assumed:
  - nothing before postlatch in Postfix's restrictions permits
  - after a DUNNO Postfix comes to reject_unauth_destination (after_dunno),
    wherever it asks us
  - Postfix accepts mail for each domain in accepted_domains
  - anyone may hide behind the addresses in masking (172.17.0.1), and behind no
    other trusted address
  - the DNS of the names in relay_client_names (.partner.example) is in trusted
    hands
  - only trusted clients reach the places in relay_listeners (10.0.0.25,
    192.0.2.1:2525, context:internal)
  - without our word Postfix permits the clients in permitted_elsewhere
    (127.0.0.0/8), and no others
  - a recipient without a domain is ours: myorigin is an accepted domain
    (bare_recipient)
  - the files are as they were read just now

A stolen password of guest opens mail to recipients elsewhere:
  from these addresses only:
    10.20.0.0/16
  with any sender: nothing ties the sender to the login
  to these recipients:
  foreign: partner.example
What stops some of it:
  REJECT bad helo by rule "bad helo" (firm.conf:17), if client_address = {any, !<relay_networks>}, helo_name = {.evil.example}
  DUNNO by rule "vip" (firm.conf:18), which leaves it to Postfix, and Postfix refuses it, if recipient = {<vip>}
  REJECT routing by rule "no routing" (firm.conf:24), if recipient = {routed}
  REJECT Relay access denied by builtin:reject, where no rule before it decides
[1]
$ postlatch check --no-host -c firm.conf --compromised eve
firm.conf: 9 rules, 4 tables, 31 entries
verdict: open
This is an open relay: clients outside the relay boundary can send to recipients
    that are not ours.

rule "vip" (firm.conf:18): answers "DUNNO" to a recipient that is not ours
    from      127.0.0.0/8, outside the relay boundary
    example   client_address=127.0.0.0 client_name=unknown \
              reverse_client_name=unknown helo_name=host.client.example \
              sender=sender@foreign.example recipient=abuse@foreign.example
    why       DUNNO leaves it to Postfix, which permits this client
              (permitted_elsewhere): these clients can send there through this
              server
    remedy    refuse here, or take the clients out of Postfix's mynetworks and
              then out of permitted_elsewhere
              If all of these clients may relay, say so: relay_networks =
              {127.0.0.0/8}
              or for a while: accept "REASON" { surface = {127.0.0.0/8} until =
              "YYYY-MM-DD" }
    ask       postlatch explain -c firm.conf, followed by the example

Who can relay, and by which rule:
  127.0.0.0/8                 "vip" (Postfix permits it: permitted_elsewhere)
                              only to {<vip>}
  192.0.2.0/24                builtin:network  only to some recipients
  192.168.5.20/32             "printers out"  only to {scanmail.example}
  192.168.5.32/27             "printers out"  only to {scanmail.example}
  2001:db8:1::/48             builtin:network  only to some recipients
  name:.partner.example       builtin:name
  listener:10.0.0.25          builtin:listener
  listener:192.0.2.1:2525     builtin:listener
  listener:context:internal   builtin:listener
  login:guest                 "guest"  only to {ours, partner.example}
  and 2 more; postlatch surface lists them all

firm.conf:22: warning: redundant-rule: rule "app server" changes nothing:
    without it rule "guest" (firm.conf:23), builtin:name, builtin:listener and 3
    more rules give "OK" to all of its requests as well. Whoever deletes it
    later to stop that stops nothing. Take it out, or correct what was meant
firm.conf:18: warning: lost-grant: rule "vip" takes relaying away from clients
    who may relay: it answers "DUNNO", which leaves them to Postfix, and there
    reject_unauth_destination refuses (after_dunno). Without it builtin:name
    answers OK, for instance to client_address=203.0.113.9
    recipient=abuse@foreign.example. Add recipient = {ours} to it if that is
    whom it is for, or put a rule that grants before it

firm.conf:4: note: public-network: 192.0.2.0/24 is a public network: 256
    addresses of it may relay without login. See that each is yours; where
    others have some of them, name yours only, or let them log in
firm.conf:4: note: public-network: 2001:db8:1::/48 is a public network: 2^80
    addresses of it may relay without login. See that each is yours; where
    others have some of them, name yours only, or let them log in
firm.conf:11: note: loopback-trusted: 127.0.0.1 may relay without login, by
    127.0.0.0/8 in permitted_elsewhere. Whatever takes connections from
    elsewhere and passes them on within this host (ssh and TLS tunnels, port
    forwarders of containers, a web form) lets strangers appear as 127.0.0.1.
    Remedy, if there is any: take it out of Postfix's mynetworks and of
    permitted_elsewhere
firm.conf:11: note: one-family-only: 127.0.0.1 may relay without login, ::1 may
    not: a program of this host that connects to localhost is let in or refused
    by the address that it happens to take. If that is not meant, trust both or
    neither

Not looked at: the facts of the host were not asked for (--no-host).

This was assumed:
  - nothing before postlatch in Postfix's restrictions permits
  - after a DUNNO Postfix comes to reject_unauth_destination (after_dunno),
    wherever it asks us
  - Postfix accepts mail for each domain in accepted_domains
  - anyone may hide behind the addresses in masking (172.17.0.1), and behind no
    other trusted address
  - the DNS of the names in relay_client_names (.partner.example) is in trusted
    hands
  - only trusted clients reach the places in relay_listeners (10.0.0.25,
    192.0.2.1:2525, context:internal)
  - without our word Postfix permits the clients in permitted_elsewhere
    (127.0.0.0/8), and no others
  - a recipient without a domain is ours: myorigin is an accepted domain
    (bare_recipient)
  - the files are as they were read just now

A stolen password of eve opens nothing: no rule that asks for it lets mail to recipients elsewhere pass.
[1]
