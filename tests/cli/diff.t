# The gateway is trusted to repair SPF: everybody behind it may relay.
$ postlatch diff diff/gateway-before.conf diff/gateway-after.conf
+RELAY  172.20.0.0/16, without login, recipient {foreign}
    old       "REJECT Relay access denied" by builtin:reject
    new       "OK" by builtin:network
    example   client_address=172.20.0.0 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example

~TEXT   and 1 more for requests at RCPT that name no recipient; --json lists it

same answer for everything else (proved)
[1]
# What trusting the subnet had allowed, and what it takes to see it come back.
$ postlatch diff diff/subnet.conf diff/host.conf
-RELAY  172.19.0.0/16, with or without login, recipient {foreign}
    old       "OK" by builtin:network
    new       "REJECT Relay access denied" by builtin:reject
    example   client_address=172.19.0.0 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example

~TEXT   and 1 more for requests at RCPT that name no recipient; --json lists it

same answer for everything else (proved)
[1]
$ postlatch diff diff/host.conf diff/subnet.conf
+RELAY  172.19.0.0/16, with or without login, recipient {foreign}
    old       "REJECT Relay access denied" by builtin:reject
    new       "OK" by builtin:network
    example   client_address=172.19.0.0 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example

~TEXT   and 1 more for requests at RCPT that name no recipient; --json lists it

same answer for everything else (proved)
[1]
# A domain goes and another comes, a network shrinks, an account is let in again, a sender is refused.
$ postlatch diff diff/office.conf diff/office-next.conf
+RELAY  192.0.2.0/25, login {trudy}, recipient {foreign, old.example}
    old       "REJECT 5.7.1 Account suspended" by rule "suspended" (diff/office.conf:5)
    new       "OK" by builtin:network
    example   client_address=192.0.2.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@foreign.example sasl_username=trudy

+RELAY  every client but 192.0.2.0/25, login {trudy}, recipient {foreign, old.example}
    old       "REJECT 5.7.1 Account suspended" by rule "suspended" (diff/office.conf:5)
    new       "OK" by builtin:authenticated
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@foreign.example sasl_username=trudy

+RELAY  192.0.2.0/25, login {any or none, !mallory, !trudy}, recipient {old.example}
    old       "DUNNO" by builtin:accepted
    new       "OK" by builtin:network
    why       these recipients were ours and are foreign now: what was mail is relay
    example   client_address=192.0.2.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@old.example

+RELAY  every client but 192.0.2.0/25, login {any, !mallory, !trudy}, recipient {old.example}
    old       "DUNNO" by builtin:accepted
    new       "OK" by builtin:authenticated
    why       these recipients were ours and are foreign now: what was mail is relay
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@old.example sasl_username=someone

-MAIL   every client, without login, recipient {example.org}
    old       "DUNNO" by builtin:accepted
    new       "REJECT No thanks" by rule "spam" (diff/office-next.conf:7)
    where     only for some values of sender
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@bad.example recipient=someone@example.org

-MAIL   every client but 192.0.2.0/25, without login, recipient {old.example}
    old       "DUNNO" by builtin:accepted
    new       "REJECT Relay access denied" by builtin:reject
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@old.example

-RELAY  192.0.2.128/25, without login, recipient {foreign}
    old       "OK" by builtin:network
    new       "REJECT Relay access denied" by builtin:reject
    example   client_address=192.0.2.128 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@foreign.example

-RELAY  192.0.2.0/24, login {any or none, !mallory, !trudy}, recipient {new.example}
    old       "OK" by builtin:network
    new       "DUNNO" by builtin:accepted
    why       these recipients were foreign and are ours now: what was relay is mail
    example   client_address=192.0.2.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@new.example

-RELAY  every client but 192.0.2.0/24, login {any, !mallory, !trudy}, recipient {new.example}
    old       "OK" by builtin:authenticated
    new       "DUNNO" by builtin:accepted
    why       these recipients were foreign and are ours now: what was relay is mail
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@new.example sasl_username=someone

+MAIL   every client, login {trudy}, recipient {ours, new.example}
    old       "REJECT 5.7.1 Account suspended" by rule "suspended" (diff/office.conf:5)
    new       "DUNNO" by builtin:accepted
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@example.org sasl_username=trudy

+MAIL   every client but 192.0.2.0/24, without login, recipient {new.example}
    old       "REJECT Relay access denied" by builtin:reject
    new       "DUNNO" by builtin:accepted
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@foreign.example \
              recipient=someone@new.example

~TEXT   every client, with or without login, recipient {any, no recipient}, at DATA
    old       "REJECT" by rule "greeting" (diff/office.conf:6)
    new       "DEFER" by rule "greeting" (diff/office-next.conf:5)
    where     only for some values of helo_name
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=spam.example sender=sender@foreign.example recipient=someone@foreign.example

~TEXT   and 3 more for requests at RCPT that name no recipient; --json lists them

same answer for everything else (proved)
[1]
# Local parts: those of any domain, those at one, and extensions cut at another character.
$ postlatch diff diff/delimiter-plus.conf diff/delimiter-minus.conf
+RELAY  203.0.113.0/24, with any login, recipient {boss@partner.example, postmaster@}
    old       "DUNNO" by rule "v" (diff/delimiter-plus.conf:3)
    new       "OK" by rule "v" (diff/delimiter-minus.conf:3)
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=boss@partner.example sasl_username=someone

+RELAY  203.0.113.0/24, with any login, recipient {as boss-x7q2@partner.example}
    old       "REJECT Relay access denied" by builtin:reject
    new       "OK" by rule "v" (diff/delimiter-minus.conf:3)
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=boss-x7q2@partner.example sasl_username=someone

~TEXT   203.0.113.0/24, with any login, recipient {as postmaster, postmaster@example.org}
    old       "DUNNO" by rule "v" (diff/delimiter-plus.conf:3)
    new       "OK" by rule "v" (diff/delimiter-minus.conf:3)
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=postmaster@example.org sasl_username=someone

~TEXT   203.0.113.0/24, without login, recipient {as boss+x7q2@partner.example,
    boss@partner.example, postmaster@}
    old       "DUNNO" by rule "v" (diff/delimiter-plus.conf:3)
    new       "REJECT Relay access denied" by builtin:reject
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=boss@partner.example

~TEXT   203.0.113.0/24, with any login, recipient {as boss+x7q2@partner.example}
    old       "DUNNO" by rule "v" (diff/delimiter-plus.conf:3)
    new       "REJECT Relay access denied" by builtin:reject
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=boss+x7q2@partner.example sasl_username=someone

~TEXT   203.0.113.0/24, with any login, recipient {as postmaster-x7q2, as
    postmaster-x7q2@example.org}
    old       "DUNNO" by builtin:accepted
    new       "OK" by rule "v" (diff/delimiter-minus.conf:3)
    example   client_address=203.0.113.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=postmaster-x7q2 sasl_username=someone

same answer for everything else (proved)
[1]
# Written in another way: the same.
$ postlatch diff diff/office.conf diff/moved-rule.conf
same answer for everything (proved)
[0]
$ postlatch diff --json diff/office.conf diff/moved-rule.conf
{
  "same": true,
  "complete": true,
  "changes": [],
  "omitted": 0,
  "notes": []
}
[0]
$ postlatch diff diff/office.conf diff/office.conf
same answer for everything (proved)
[0]
# What is about the policy as a whole: mode, what Postfix permits, waivers, options of the daemon.
$ postlatch diff diff/host.conf diff/observe.conf
mode: the old policy enforces, the new one observes: every refusal becomes a warning in Postfix's
    log, and the mail is left to Postfix. All else is compared as if both enforced.
same answer for everything else (proved)
[1]
$ postlatch diff diff/observe.conf diff/host.conf
mode: the old policy observes, the new one enforces: every refusal takes effect now. All else is
    compared as if both enforced.
same answer for everything else (proved)
[1]
$ postlatch diff diff/nowhere.conf diff/elsewhere.conf
+RELAY  198.51.100.0/25, with or without login, recipient {foreign}
    old       "DUNNO" by rule "unsure" (diff/nowhere.conf:4)
    new       "DUNNO" by rule "unsure" (diff/elsewhere.conf:6)
    why       what is left to Postfix is let pass there now (permitted_elsewhere)
    example   client_address=198.51.100.9 client_name=unknown reverse_client_name=unknown \
              helo_name=host.client.example sender=sender@elsewhere.example \
              recipient=someone@foreign.example

same answer for everything else (proved)
[1]
$ postlatch diff diff/host.conf diff/expired.conf
accept: one of the new policy has expired, so its clients get no OK; that is left out here. Renew it
    or take it out.
same answer for everything, but for clients of what has expired
[1]
$ postlatch diff diff/class.conf diff/class-expired.conf
accept: one of the new policy has expired, so its clients get no OK; that is left out here. Renew it
    or take it out.
same answer for everything, but for clients of what has expired
[1]
$ postlatch diff diff/class-expired.conf diff/class-expired.conf
accept: one of the old policy has expired, so its clients get no OK; that is left out here. Renew it
    or take it out.
accept: one of the new policy has expired, so its clients get no OK; that is left out here. Renew it
    or take it out.
same answer for everything, but for clients of what has expired
[0]
$ postlatch diff diff/host.conf diff/listen.conf
same answer for everything (proved)
Not compared, but not the same: listen, workers
[0]
$ postlatch diff --json diff/gateway-before.conf diff/gateway-after.conf
{
  "same": false,
  "complete": true,
  "changes": [
    {
      "kind": "+RELAY",
      "clients": [
        "172.20.0.0/16"
      ],
      "login": "none",
      "recipients": [
        "foreign"
      ],
      "states": "RCPT",
      "some": false,
      "depends_on": [],
      "old": {
        "action": "REJECT Relay access denied",
        "rule": "builtin:reject"
      },
      "new": {
        "action": "OK",
        "rule": "builtin:network"
      },
      "example": {
        "protocol_state": "RCPT",
        "client_address": "172.20.0.0",
        "client_name": "unknown",
        "reverse_client_name": "unknown",
        "helo_name": "host.client.example",
        "sender": "sender@elsewhere.example",
        "recipient": "someone@foreign.example"
      }
    },
    {
      "kind": "~TEXT",
      "clients": [
        "172.20.0.0/16"
      ],
      "login": "none",
      "recipients": [
        "no recipient"
      ],
      "states": "RCPT",
      "some": false,
      "depends_on": [],
      "old": {
        "action": "REJECT Relay access denied",
        "rule": "builtin:reject"
      },
      "new": {
        "action": "OK",
        "rule": "builtin:network"
      },
      "example": {
        "protocol_state": "RCPT",
        "client_address": "172.20.0.0",
        "client_name": "unknown",
        "reverse_client_name": "unknown",
        "helo_name": "host.client.example",
        "sender": "sender@elsewhere.example"
      }
    }
  ],
  "omitted": 0,
  "notes": []
}
[1]
# What it does not take.
$ postlatch diff diff/host.conf
postlatch: diff: expected two configurations, OLD and NEW; see postlatch diff --help
[2]
$ postlatch diff diff/host.conf missing.conf
cannot open "missing.conf": No such file or directory
postlatch: missing.conf does not load: 1 error
[2]
$ postlatch diff --help
usage: postlatch diff [-c FILE] [--json] OLD NEW

Compare two configurations in meaning, and print for each change who is
concerned, both answers with their rules, and an example request; the most
dangerous first:
    +RELAY  may relay now, to recipients that are not ours
    -MAIL   mail to us was let in and is refused now
    -RELAY  may relay no more
    +MAIL   mail to us was refused and is let in now
    ~TEXT   another answer with the same effect
What is not printed has the same answer from both: that is proved, not sampled.
Exit status: 0 same, 1 differs, 2 a configuration does not load or nothing was
computed.
[0]
