# A log as it comes: two time stamps of syslog's, journalctl -o cat and -o json, standard error, RFC 5424, JSON; a line of Postfix's with
# our words in it, and one that was cut. What rules ask for and no log holds is not guessed.
$ postlatch replay replay/mixed.log --against replay/next.conf
+RELAY  2 requests
    old       "REJECT" by builtin:reject
    new       "OK" by builtin:network
    lines     1, 6
    example   client_address=198.51.100.7 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x sender=a@b.example recipient=v@foreign.example

+RELAY  1 request
    old       "REJECT" by rule "app server"
    new       "OK" by builtin:network
    line      8
    example   client_address=198.51.100.7 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x sender=a@b.example recipient=v@foreign.example

+RELAY?  1 request, if at all: the log does not tell
    old       "REJECT" by builtin:reject
    new       "OK" by builtin:certificate, if it holds; else "REJECT Relay access denied" by
              builtin:reject
    asks for  ccert_fingerprint, ccert_pubkey_fingerprint
    line      9
    example   client_address=198.51.101.7 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name='x y' recipient=v@foreign.example

+RELAY?  1 request, if at all: the log does not tell
    old       "DUNNO" by builtin:accepted
    new       "OK" by builtin:certificate, if it holds; else "REJECT Relay access denied" by
              builtin:reject
    asks for  reverse_client_name, ccert_fingerprint, ccert_pubkey_fingerprint
    line      3
    example   client_address=203.0.113.9 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x recipient=v@example.net

-MAIL?  1 request, if at all: the log does not tell
    old       "DUNNO" by builtin:accepted
    new       "450 4.7.1 Later" by rule "no bots" (replay/next.conf:4), if it holds; else "DUNNO" by
              builtin:accepted
    asks for  reverse_client_name
    line      4
    example   client_address=203.0.113.9 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x recipient=v@example.org

-RELAY?  1 request, if at all: the log does not tell
    old       "OK" by builtin:network
    new       "OK" by builtin:certificate, if it holds; else "REJECT Relay access denied" by
              builtin:reject
    asks for  ccert_fingerprint, ccert_pubkey_fingerprint
    line      2
    example   client_address=192.0.2.200 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name='x y' recipient=v@foreign.example

replay/mixed.log: 9 lines, 7 decisions
    observed     1, of which the answer that enforce would give counts
    same         0
    other        3
    uncertain    4: the log does not hold reverse_client_name, ccert_fingerprint,
              ccert_pubkey_fingerprint
    not read     1
    line 7: to= is missing: the line was cut or changed
    of others    1 line that is no decision of postlatchd
[1]
$ postlatch replay replay/mixed.log --against replay/next.conf --json
{
  "same": false,
  "lines": 9,
  "decisions": 7,
  "observed": 1,
  "same_rule": 0,
  "other_rule": 0,
  "other_answer": 3,
  "uncertain_answers": 4,
  "not_listed": 0,
  "other_lines": 1,
  "changes": [
    {
      "kind": "+RELAY",
      "count": 2,
      "old": {
        "action": "REJECT",
        "rule": "builtin:reject"
      },
      "new": {
        "action": "OK",
        "rule": "builtin:network"
      },
      "examples": [
        {
          "line": 1,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "198.51.100.7",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x",
            "sender": "a@b.example",
            "recipient": "v@foreign.example"
          }
        },
        {
          "line": 6,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "198.51.100.8",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x",
            "sender": "a@b.example",
            "recipient": "v@foreign.example"
          }
        }
      ]
    },
    {
      "kind": "+RELAY",
      "count": 1,
      "old": {
        "action": "REJECT",
        "rule": "app server"
      },
      "new": {
        "action": "OK",
        "rule": "builtin:network"
      },
      "examples": [
        {
          "line": 8,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "198.51.100.7",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x",
            "sender": "a@b.example",
            "recipient": "v@foreign.example"
          }
        }
      ]
    }
  ],
  "uncertain": [
    {
      "kind": "+RELAY",
      "count": 1,
      "old": {
        "action": "REJECT",
        "rule": "builtin:reject"
      },
      "new": {
        "action": "REJECT Relay access denied",
        "rule": "builtin:reject"
      },
      "or": {
        "action": "OK",
        "rule": "builtin:certificate"
      },
      "asks": [
        "ccert_fingerprint",
        "ccert_pubkey_fingerprint"
      ],
      "examples": [
        {
          "line": 9,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "198.51.101.7",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x y",
            "recipient": "v@foreign.example"
          }
        }
      ]
    },
    {
      "kind": "+RELAY",
      "count": 1,
      "old": {
        "action": "DUNNO",
        "rule": "builtin:accepted"
      },
      "new": {
        "action": "REJECT Relay access denied",
        "rule": "builtin:reject"
      },
      "or": {
        "action": "OK",
        "rule": "builtin:certificate"
      },
      "asks": [
        "reverse_client_name",
        "ccert_fingerprint",
        "ccert_pubkey_fingerprint"
      ],
      "examples": [
        {
          "line": 3,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "203.0.113.9",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x",
            "recipient": "v@example.net"
          }
        }
      ]
    },
    {
      "kind": "-MAIL",
      "count": 1,
      "old": {
        "action": "DUNNO",
        "rule": "builtin:accepted"
      },
      "new": {
        "action": "DUNNO",
        "rule": "builtin:accepted"
      },
      "or": {
        "action": "450 4.7.1 Later",
        "rule": "no bots"
      },
      "asks": [
        "reverse_client_name"
      ],
      "examples": [
        {
          "line": 4,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "203.0.113.9",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x",
            "recipient": "v@example.org"
          }
        }
      ]
    },
    {
      "kind": "-RELAY",
      "count": 1,
      "old": {
        "action": "OK",
        "rule": "builtin:network"
      },
      "new": {
        "action": "REJECT Relay access denied",
        "rule": "builtin:reject"
      },
      "or": {
        "action": "OK",
        "rule": "builtin:certificate"
      },
      "asks": [
        "ccert_fingerprint",
        "ccert_pubkey_fingerprint"
      ],
      "examples": [
        {
          "line": 2,
          "request": {
            "protocol_state": "RCPT",
            "client_address": "192.0.2.200",
            "client_name": "unknown",
            "server_address": "192.0.2.1",
            "server_port": "25",
            "helo_name": "x y",
            "recipient": "v@foreign.example"
          }
        }
      ]
    }
  ],
  "moved": [],
  "unreadable": {
    "count": 1,
    "lines": [
      {
        "line": 7,
        "message": "to= is missing: the line was cut or changed"
      }
    ]
  }
}
[1]
# The policy that is in force: nothing differs, but one line cannot be read.
$ postlatch replay replay/mixed.log --against replay/now.conf
replay/mixed.log: 9 lines, 7 decisions
    observed     1, of which the answer that enforce would give counts
    same         7, 1 of them by another rule
        1 "REJECT" by rule "app server", now "REJECT Relay access denied" by builtin:reject
    other        0
    not read     1
    line 7: to= is missing: the line was cut or changed
    of others    1 line that is no decision of postlatchd
[1]
# In observe mode the answer that would have been given counts.
$ postlatch replay replay/observe.log --against replay/now.conf
replay/observe.log: 2 lines, 2 decisions
    observed     2, of which the answer that enforce would give counts
    same         2
    other        0
[0]
$ postlatch replay replay/observe.log --against replay/now.conf --json
{
  "same": true,
  "lines": 2,
  "decisions": 2,
  "observed": 2,
  "same_rule": 2,
  "other_rule": 0,
  "other_answer": 0,
  "uncertain_answers": 0,
  "not_listed": 0,
  "other_lines": 0,
  "changes": [],
  "uncertain": [],
  "moved": [],
  "unreadable": {
    "count": 0,
    "lines": []
  }
}
[0]
# Lines that were cut, changed or written by others: named, never taken for something else.
$ postlatch replay replay/odd.log --against replay/now.conf
-RELAY  1 request
    old       "\x1b[2J" by rule "builtin:\x1b[2J"
    new       "REJECT Relay access denied" by builtin:reject
    line      26
    example   client_address=203.0.113.9 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x recipient='?[2J@foreign.example'

+MAIL  1 request
    old       "REJECT" by builtin:reject
    new       "DUNNO" by builtin:accepted
    line      7
    example   client_address=203.0.113.9 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x \
              recipient=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...

~TEXT?  1 request, if at all: the log does not tell
    old       "REJECT" by builtin:reject
    new       "DUNNO" by builtin:accepted, if it holds; else "REJECT Relay access denied" by
              builtin:reject
    asks for  recipient
    line      6
    example   client_address=203.0.113.9 client_name=unknown server_address=192.0.2.1 \
              server_port=25 helo_name=x \
              recipient='????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????????...'

replay/odd.log: 26 lines, 6 decisions
    same         3
    other        2
    uncertain    1: the log does not hold recipient
    not read     11
    line 2: expected key=value, not "b"
    line 3: a value that the daemon does not write: "a\x2"
    line 4: a value that the daemon does not write: "a\n"
    line 5: an address without its brackets: "v@foreign.example"
    line 8: a value that is too long: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    line 9: twice in the line: "helo"
    line 10: us= is missing: the line was cut or changed
    line 14: no whole JSON object: the line was cut or changed
    line 15: client= is missing: the line was cut or changed
    line 16: the line was too long for journalctl, which says so with --all only
    of others    9 lines that are no decision of postlatchd
[1]
# From standard input.
$ postlatch replay - --against replay/now.conf <<
postlatchd: decision action=OK rule=builtin:network client=203.0.113.9 name=unknown helo=x sasl=- from=<> to=<v@foreign.example> state=RCPT server=- instance=- queue_id=- generation=1 us=1
<<
-RELAY  1 request
    old       "OK" by builtin:network
    new       "REJECT Relay access denied" by builtin:reject
    line      1
    example   client_address=203.0.113.9 client_name=unknown helo_name=x recipient=v@foreign.example

standard input: 1 line, 1 decision
    same         0
    other        1
[1]
# What cannot be put to a policy.
$ postlatch replay replay/now.conf --against replay/now.conf
postlatch: replay/now.conf: no decision of postlatchd is in it; expected its log, with decisions = all
[2]
$ postlatch replay replay/old.log.gz --against replay/now.conf
postlatch: replay/old.log.gz: is compressed; expected text, as in: zcat FILE | postlatch replay - --against FILE
[2]
$ postlatch replay replay/none.log --against replay/now.conf
postlatch: replay/none.log: cannot be read: No such file or directory
[2]
$ postlatch replay replay/mixed.log --against replay/none.conf
cannot open "replay/none.conf": No such file or directory
postlatch: replay/none.conf does not load: 1 error
[2]
$ postlatch replay replay/mixed.log
postlatch: replay: expected --against FILE, the policy to compare with; see postlatch replay --help
[2]
$ postlatch replay --against replay/now.conf
postlatch: replay: expected one LOG, or - for standard input; see postlatch replay --help
[2]
$ postlatch replay a b --against replay/now.conf
postlatch: replay: expected one LOG, or - for standard input; see postlatch replay --help
[2]
$ postlatch replay replay --against replay/now.conf
postlatch: replay: cannot be read: Is a directory
[2]
