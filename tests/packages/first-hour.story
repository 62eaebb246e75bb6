# The first hour

A mail server that is there already, and what a new user types to put postlatch in front of its relaying: install, watch,
enforce, change, make a mistake, repair. It takes an hour of reading; the commands take seconds. In life, leave some days
between watching and enforcing.

This page was not written by hand: `tests/packages/test_first_hour.py --write` ran every command below and put what it printed
beneath it, as at a terminal of 100 columns; a test fails if it would print something else today. Dates, process numbers and the
like are replaced by fixed ones. A number in brackets is an exit status other than 0.

The machine is Debian 12 with Debian's Postfix, in namespaces of its own: a throw-away copy of the machine that runs the test,
in which postlatch has never been. It has no systemd: `systemctl` is a stand-in that does what postlatch's unit says, and a
syslog daemon's place is taken by a few lines that write `/var/log/mail.log`. What the real ones do is tested elsewhere
(`tests/machine`). Four hosts are on stage, each with an address of its own:

| prompt | where |
| --- | --- |
| `mx#` | root on the mail server mx.example.org, 198.51.100.25 |
| `office$` | a workplace in the office, 192.0.2.7 |
| `scanner$` | the office's scanner, which mails what it scans, 192.0.2.130 |
| `outside$` | somewhere in the Internet, 203.0.113.9 |

`send-mail FROM TO` stands for any mail program: it gives a mail to the server and prints the server's last answer.

## What is there

The server takes mail for example.org, and lets the office send:

mx# postconf -e 'mydestination = example.org, mx.example.org, localhost' 'mynetworks = 127.0.0.0/8 [::1]/128 192.0.2.0/24'
mx# postfix start
mx# postconf mydestination mynetworks smtpd_relay_restrictions
outside$ send-mail someone@far.example root@example.org
office$ send-mail root@example.org friend@foreign.example
outside$ send-mail someone@far.example friend@foreign.example

## Install

mx# apt-get install -qq ./postlatch_*.deb

The daemon runs by now. In its file everything is commented out, so nobody may relay by it; but Postfix does not ask it yet, so
nothing has changed.

mx# postlatch status | head -n 5

## A first policy, from Postfix itself

`init` reads what Postfix does now, and writes a policy that lets relay whom Postfix lets relay. It changes nothing else.

mx# postlatch init -o first.conf
mx# cat first.conf

Is it an open relay? `check` proves that it is not, for all clients and recipients at once:

mx# postlatch check -c first.conf

The first note is worth a thought. Are all 256 addresses ours? We think that the office has the first 64, and write that.

mx# sed -i '/^ *127/ s|192.0.2.0/24|192.0.2.0/26|' first.conf
mx# postlatch check -c first.conf | head -n 8

Put into its place, and taken by the daemon, which says what is different now:

mx# cp first.conf /etc/postlatch/postlatch.conf
mx# systemctl reload postlatch

## Postfix asks

`snippet` prints the lines for main.cf that fit the policy and this Postfix. An editor would do; here, a copy without the old
line, and the new ones behind it:

mx# postlatch snippet
mx# cp /etc/postfix/main.cf main.cf.before
mx# { grep -v ^smtpd_relay_restrictions main.cf.before; postlatch snippet; } > /etc/postfix/main.cf
mx# postfix reload

`doctor` looks at the whole chain, from main.cf to an answer over the socket:

mx# postlatch doctor

The note is what the next days are for: who has these addresses?

## Watch

The policy says `mode = observe`: Postfix decides as before, and the log tells what postlatch would have done. Some mail comes and
goes:

outside$ send-mail someone@far.example root@example.org
office$ send-mail root@example.org friend@foreign.example
outside$ send-mail someone@far.example friend@foreign.example
scanner$ send-mail scanner@example.org bookkeeper@foreign.example
%wait to=<bookkeeper@foreign.example> proto=ESMTP
mx# grep -h 'would be refused' /var/log/mail.log

The first line is a stranger, whom Postfix refuses as well. The second is news: 192.0.2.130 is our scanner, and we forgot it.
This is the line that postlatch itself logged, and `explain` tells why:

%wait to=<bookkeeper@foreign.example> state=RCPT
mx# grep 'client=192.0.2.130' /var/log/mail.log
mx# grep 'client=192.0.2.130' /var/log/mail.log | postlatch explain -

So the scanner goes into the list, and as that was all, the next policy is to enforce:

mx# sed -i '/^ *127/ s|$|, 192.0.2.130|; s|^mode .*|mode   = enforce|' first.conf
mx# diff /etc/postlatch/postlatch.conf first.conf

`replay` asks the new policy everything that the log says was asked: our four mails, and two questions of `doctor`. One answer
is another one, and it is the one that was meant:

mx# postlatch replay /var/log/mail.log --against first.conf

## Enforce

mx# postlatch check -c first.conf | head -n 9
mx# cp first.conf /etc/postlatch/postlatch.conf
mx# systemctl reload postlatch

A `+RELAY` is what to look at in such a message: somebody can relay who could not. Here it is the scanner.

Now that we decide, Postfix's own permits go. `snippet` knows. (The policy first, main.cf second: the other way round, nobody
could relay in between.)

mx# postlatch snippet
mx# { grep -v ^smtpd_relay_restrictions main.cf.before; postlatch snippet; } > /etc/postfix/main.cf
mx# postfix reload
mx# postlatch doctor
outside$ send-mail someone@far.example root@example.org
office$ send-mail root@example.org friend@foreign.example
scanner$ send-mail scanner@example.org bookkeeper@foreign.example
outside$ send-mail someone@far.example friend@foreign.example

## Is it closed?

`probe` tries what spammers try, and sends no message. It is best asked from outside, where postlatch is installed for that; as
it tests only the host that it runs on unless told otherwise, we say that this other one is ours, too:

outside$ postlatch probe --ours root@example.org --i-own-this-host mx.example.org | tail -n 2

## A change

A partner runs an application for us, at 203.0.113.40. It may send to partner.example, and nowhere else:

mx# cp /etc/postlatch/postlatch.conf next.conf
mx# cat >> next.conf <<'END'
> 
> rule "application at the partner's" {
>     client_address = {203.0.113.40}
>     recipient      = {partner.example}
>     action         = "OK"
> }
> END
mx# postlatch check -c next.conf | head -n 16

A rule that lets somebody relay needs a word in the boundary as well, so that no rule opens a relay by mistake. It is meant:

mx# echo 'relay_by_rule = {203.0.113.40}' >> next.conf
mx# postlatch check -c next.conf | head -n 10
mx# postlatch diff /etc/postlatch/postlatch.conf next.conf
mx# cp next.conf /etc/postlatch/postlatch.conf
mx# postlatch reload

## A mistake

Somebody edits the file in a hurry:

mx# sed -i 's|^relay_networks|relay_network|' /etc/postlatch/postlatch.conf
mx# postlatch reload

The daemon goes on with the policy that it has, and says so when it is asked. Mail flows as before:

mx# postlatch status | head -n 11
office$ send-mail root@example.org friend@foreign.example
outside$ send-mail someone@far.example friend@foreign.example

The name is mended. But there is an idea for the newsletter:

mx# sed -i 's|^relay_network |relay_networks |' /etc/postlatch/postlatch.conf
mx# echo 'rule "newsletter" { sender = {news@example.org}  action = "OK" }' >> /etc/postlatch/postlatch.conf
mx# postlatch reload

Anybody can write any sender: that rule makes an open relay, and so it is not served. It goes, and all is well:

mx# sed -i '/^rule "newsletter"/d' /etc/postlatch/postlatch.conf
mx# postlatch reload
mx# postlatch check --strict | head -n 3
outside$ send-mail news@example.org friend@foreign.example
mx# postlatch doctor | tail -n 1

## And then

A machine with systemd does the same: `systemctl` is its own, and the log is in the journal or a syslog daemon's files. What else
there is: [integration.md](integration.md) has submission, chroots, proxies and content filters; [examples](examples/README.md) policies
to copy; [logs.md](logs.md) and [metrics.md](metrics.md) what to watch; [troubleshooting.md](troubleshooting.md) is keyed by the
line in the log that worries you.
