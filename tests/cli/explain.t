# A stranger, a domain of ours, routing, a network, a masking address, a login.
$ postlatch explain -c office.conf client_address=203.0.113.9 recipient=v@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
$ postlatch explain -c office.conf client_address=203.0.113.9 recipient=User@sub.Example.net.
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  recipient        "User@sub.Example.net.": domain sub.example.net: ours, in accepted_domains: <hosted>: .example.net (hosted:3)
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       yes: recipient User@sub.Example.net. matches ours
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  OK by rule "printers", if client_address were in {<printers>}
answer: by builtin:accepted
action=DUNNO
[0]
$ postlatch explain -c office.conf client_address=203.0.113.9 "recipient=victim%foreign.example@example.org"
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  recipient        "victim%foreign.example@example.org": sender-specified routing ('@', '%' or '!' left of the last '@'): in no domain, foreign
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient victim%foreign.example@example.org is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
$ postlatch explain -c office.conf client_address=::ffff:192.0.2.10 recipient=v@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "::ffff:192.0.2.10": read as 192.0.2.10
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address ::ffff:192.0.2.10 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (office.conf:3)
       yes: client_address ::ffff:192.0.2.10 is in <relay_networks>: 192.0.2.0/24 (office.conf:3)
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
answer: by builtin:network
action=OK
[0]
$ postlatch explain -c office.conf client_address=192.0.2.66 recipient=v@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "192.0.2.66"
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 192.0.2.66 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 192.0.2.66 is excluded from <relay_networks> by !192.0.2.66 (office.conf:3)
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
$ postlatch explain -c office.conf client_address=192.0.2.1 recipient=v@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "192.0.2.1"
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 192.0.2.1 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 192.0.2.1 is excluded by !<masking>: 192.0.2.1 (office.conf:5)
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
$ postlatch explain -c office.conf client_address=unknown sasl_username=Mallory@Example.org recipient=bare
request:
  protocol_state   "RCPT"
  client_address   "unknown": no IP address, counts as unknown
  recipient        "bare": no domain: ours (bare_recipient = ours)
  sasl_username    "Mallory@Example.org"
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       yes: sasl_username Mallory@Example.org is in <blocked>: mallory@example.org (office.conf:9)
answer: by rule "blocked accounts"
action=REJECT 5.7.1 Account suspended
[0]
$ postlatch explain -c office.conf protocol_state=DATA
request:
  protocol_state   "DATA"
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: protocol_state DATA is not in {RCPT}
  2  rule "printers"  (office.conf:12)
       no: protocol_state DATA is not in {RCPT}
  3  builtin:state
       yes: protocol_state DATA matches any
answer: by builtin:state
action=DUNNO
[0]
$ postlatch explain -c observe.conf client_address=203.0.113.9 recipient=v@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "blocked accounts"  (observe.conf:12)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (observe.conf:13)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (observe.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (observe.conf:3)
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (observe.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
mode = observe; with enforce the answer would be: REJECT Relay access denied
action=WARN would be refused: REJECT Relay access denied
[0]
$ postlatch explain --json -c office.conf client_address=192.168.5.40 recipient=u@example.org
{
  "action": "OK",
  "rule": "printers",
  "recipient": "domain example.org: ours, in accepted_domains: <hosted>: example.org (hosted:2)",
  "trace": [
    {
      "rule": "blocked accounts",
      "matched": false,
      "failed": "sasl_username",
      "why": [
        "sasl_username (none) is not in {<blocked>}"
      ],
      "place": "office.conf:11"
    },
    {
      "rule": "printers",
      "matched": true,
      "failed": null,
      "why": [
        "protocol_state RCPT matches RCPT",
        "client_address 192.168.5.40 is in <printers>: 192.168.5.32/27 (office.conf:8)",
        "recipient u@example.org is in <hosted>: example.org (hosted:2)"
      ],
      "place": "office.conf:12"
    }
  ],
  "would_change": [
    "REJECT 5.7.1 Account suspended by rule \"blocked accounts\", if sasl_username were in {<blocked>}"
  ]
}
[0]
# From standard input: a request, a line of the log, a line in JSON.
$ postlatch explain -c office.conf - <<
request=smtpd_access_policy
protocol_state=RCPT
client_address=203.0.113.9
client_address=192.0.2.10
unknown_name=x
recipient=v@foreign.example

<<
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
$ postlatch explain -c office.conf - <<
Nov 25 10:00:00 mx postlatchd[1]: decision action=REJECT rule=builtin:reject client=203.0.113.9 name=unknown helo=- sasl=- from=<> to=<a\\x20b@foreign.example> state=RCPT server=[2001:db8::1]:25 instance=1.2 queue_id=- generation=3 us=14
<<
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  client_name      "unknown"
  server_address   "2001:db8::1"
  server_port      "25"
  recipient        "a b@foreign.example": domain foreign.example: foreign, not in accepted_domains
  instance         "1.2"
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient "a b@foreign.example" is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
$ postlatch explain -c office.conf - <<
Nov 28 10:00:00 mx postlatchd[1]: decision action=REJECT rule=builtin:reject client=203.0.113.9 name=unknown helo=x sasl=- from=<> to=<v@fore
<<
postlatch: standard input: a decision line of the log: state= is missing: the line was cut or changed
[2]
$ postlatch explain -c office.conf - <<
{"action": "OK"}
<<
postlatch: standard input: neither a request nor a decision line of the log
[2]
$ postlatch explain -c office.conf - <<
{"action":"REJECT","rule":"builtin:reject","client":"203.0.113.9","name":"unknown","helo":"-","sasl":"-","from":"<>","to":"<v@foreign.example>","state":"RCPT","server":"192.0.2.1:25","instance":"1.2","queue_id":"-","generation":3,"us":14}
<<
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  client_name      "unknown"
  server_address   "192.0.2.1"
  server_port      "25"
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
  instance         "1.2"
rules tried:
  1  rule "blocked accounts"  (office.conf:11)
       no: sasl_username (none) is not in {<blocked>}
  2  rule "printers"  (office.conf:12)
       no: client_address 203.0.113.9 is not in {<printers>}
  3  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  4  builtin:accepted  (office.conf:2)
       no: recipient v@foreign.example is not in {ours}
  5  builtin:network  (office.conf:3)
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  6  builtin:name
       no: relay_client_names is empty
  7  builtin:authenticated  (office.conf:4)
       no: sasl_username (none) is not in <relay_users>
  8  builtin:certificate
       no: relay_clientcerts is empty
  9  builtin:certificate
       no: relay_clientcerts is empty
  10  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Account suspended by rule "blocked accounts", if sasl_username were in {<blocked>}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  OK by builtin:authenticated, if sasl_username were in <relay_users>
answer: by builtin:reject
action=REJECT Relay access denied
[0]
# More than five rules are near: how many, too.
$ postlatch explain -c near.conf client_address=203.0.113.9 sender=c@example.org recipient=v@foreign.example
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  sender           "c@example.org": domain example.org: foreign, not in accepted_domains
  recipient        "v@foreign.example": domain foreign.example: foreign, not in accepted_domains
rules tried:
  1  rule "1"  (near.conf:2)
       no: client_address 203.0.113.9 is not in {192.0.2.1}
  2  rule "2"  (near.conf:3)
       no: client_address 203.0.113.9 is not in {192.0.2.2}
  3  rule "3"  (near.conf:4)
       no: sender c@example.org is not in {a@example.org}
  4  rule "4"  (near.conf:5)
       no: sender c@example.org is not in {b@example.org}
  5  rule "5"  (near.conf:6)
       no: helo_name (unknown) is not in {mx.example.org}
  6  rule "6"  (near.conf:7)
       no: recipient v@foreign.example is not in {ours}
  7  rule "7"  (near.conf:8)
       no: sasl_username (none) is not in {any}
  8  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  9  builtin:accepted
       no: recipient v@foreign.example is not in {ours}
  10  builtin:network
       no: client_address 203.0.113.9 is not in {<relay_networks>, !<masking>}
  11  builtin:name
       no: relay_client_names is empty
  12  builtin:authenticated
       no: relay_users is empty
  13  builtin:certificate
       no: relay_clientcerts is empty
  14  builtin:certificate
       no: relay_clientcerts is empty
  15  builtin:reject
       yes: it has no condition
what would change the answer:
  OK by rule "1", if client_address were in {192.0.2.1}
  DUNNO by rule "2", if client_address were in {192.0.2.2}
  DUNNO by rule "3", if sender were in {a@example.org}
  DUNNO by rule "4", if sender were in {b@example.org}
  DUNNO by rule "5", if helo_name were in {mx.example.org}
  and 4 more; --json lists all
answer: by builtin:reject
action=REJECT Relay access denied
[0]
# What cannot be explained.
$ postlatch explain -c office.conf
postlatch: explain: nothing to explain; expected ATTR=VALUE… or -
[2]
$ postlatch explain -c office.conf client_adress=203.0.113.9 recipient
postlatch: unknown attribute "client_adress"; did you mean "client_address"?
postlatch: "recipient": expected ATTR=VALUE, as in client_address=192.0.2.1
[2]
$ postlatch explain -c office.conf recipient=a@b recipient=c@d
postlatch: recipient is given twice
[2]
$ postlatch explain -c nosuch.conf recipient=a@b
cannot open "nosuch.conf": No such file or directory
postlatch: nosuch.conf does not load: 1 error
[2]
$ postlatch explain -c office.conf - <<
not a request
<<
postlatch: standard input: "not a request": expected ATTR=VALUE, as in client_address=192.0.2.1
[2]
