# Faults of other policy servers at run time, each with its kind: letters of logins, the first "@", IPv6, states.
$ postlatch test -c peers.conf peers.test
102 passed, 0 failed
[0]
$ postlatch test -c peers-keep.conf peers-keep.test
6 passed, 0 failed
[0]
# Bytes that are no text in any encoding, and the end of a request within a character.
$ postlatch explain -c peers.conf - <<
request=smtpd_access_policy
protocol_state=RCPT
sender=\xc3\xa4\xff\xc3
recipient=u\xe2\x82@example.org
client_address=203.0.113.9
<<
request:
  protocol_state   "RCPT"
  client_address   "203.0.113.9"
  sender           "\xc3\xa4\xff\xc3": no domain: ours (bare_recipient = ours)
  recipient        "u\xe2\x82@example.org": domain example.org: ours, in accepted_domains: example.org (peers.conf:2)
rules tried:
  1  rule "blocked"  (peers.conf:10)
       no: sasl_username (none) is not in {<Blocked>}
  2  rule "end of message"  (peers.conf:11)
       no: protocol_state RCPT is not in {END-OF-MESSAGE, DATA}
  3  rule "sender"  (peers.conf:16)
       no: sender "\xc3\xa4\xff\xc3" is not in {bad.example, Spammer@}
  4  rule "recipient"  (peers.conf:17)
       no: recipient "u\xe2\x82@example.org" is not in {Secret@Example.org}
  5  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  6  builtin:accepted  (peers.conf:2)
       yes: recipient "u\xe2\x82@example.org" matches ours
what would change the answer:
  REJECT 5.7.1 Blocked by rule "blocked", if sasl_username were in {<Blocked>}
  REJECT 5.7.1 Sender by rule "sender", if sender were in {bad.example, Spammer@}
  REJECT 5.7.1 Recipient by rule "recipient", if recipient were in {Secret@Example.org}
answer: by builtin:accepted
action=DUNNO
[0]
$ postlatch explain -c peers.conf - <<
protocol_state=RCPT
recipient=v@example.org@foreign.example
client_address=::ffff:203.0.113.9
sasl_username=
<<
request:
  protocol_state   "RCPT"
  client_address   "::ffff:203.0.113.9": read as 203.0.113.9
  recipient        "v@example.org@foreign.example": sender-specified routing ('@', '%' or '!' left of the last '@'): in no domain, foreign
rules tried:
  1  rule "blocked"  (peers.conf:10)
       no: sasl_username (none) is not in {<Blocked>}
  2  rule "end of message"  (peers.conf:11)
       no: protocol_state RCPT is not in {END-OF-MESSAGE, DATA}
  3  rule "sender"  (peers.conf:16)
       no: sender ("<>") is not in {bad.example, Spammer@}
  4  rule "recipient"  (peers.conf:17)
       no: recipient v@example.org@foreign.example is not in {Secret@Example.org}
  5  builtin:state
       no: protocol_state RCPT is excluded by !RCPT
  6  builtin:accepted  (peers.conf:2)
       no: recipient v@example.org@foreign.example is not in {ours}
  7  builtin:network  (peers.conf:3)
       no: client_address ::ffff:203.0.113.9 is not in {<relay_networks>, !<masking>}
  8  builtin:name  (peers.conf:4)
       no: client_name (unknown) is not in <relay_client_names>
  9  builtin:authenticated  (peers.conf:5)
       no: sasl_username (none) is not in <relay_users>
  10  builtin:certificate
       no: relay_clientcerts is empty
  11  builtin:certificate
       no: relay_clientcerts is empty
  12  builtin:reject
       yes: it has no condition
what would change the answer:
  REJECT 5.7.1 Blocked by rule "blocked", if sasl_username were in {<Blocked>}
  REJECT 5.7.1 Sender by rule "sender", if sender were in {bad.example, Spammer@}
  REJECT 5.7.1 Recipient by rule "recipient", if recipient were in {Secret@Example.org}
  DUNNO by builtin:accepted, if recipient were in {ours}
  OK by builtin:network, if client_address were in {<relay_networks>, !<masking>}
  and 2 more; --json lists all
answer: by builtin:reject
action=REJECT Relay access denied
[0]
# A second request behind the first one is not mixed into it.
$ postlatch explain -c peers.conf - <<
protocol_state=RCPT
client_address=203.0.113.9
recipient=v@foreign.example

protocol_state=RCPT
sasl_username=carol
<<
postlatch: standard input: more than one request; expected one
[2]
