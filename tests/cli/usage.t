$ postlatch
usage: postlatch COMMAND [-c FILE] [--json] …; COMMAND --help says more

  check      prove that the policy is no open relay; say what is wrong with it
  explain    how the policy answers a request, and why
  query      ask a running daemon, as Postfix would
  test       put scenarios from a file to the policy
  reload     make the daemon load its configuration anew
  status     what the daemon is doing
  bench      put load on a running daemon and measure it
  surface    who can relay: the minimal list of networks
  matrix     the whole policy on a page: clients, recipients, rules
  diff       what changes in meaning from one policy to another
  who        who may send to a recipient
  where      where a client or a login may send
  metrics    what the daemon counts, for Prometheus
  top        what the daemon is doing just now
  probe      relay test of one's own server, over SMTP
  completion a script that lets bash, zsh or fish complete commands
  replay     what another policy would have answered to the requests of a log
options: -c FILE (default /etc/postlatch/postlatch.conf) --json --help --version
manual: postlatch(1), postlatch.conf(5), postlatchd(8)
[2]
$ postlatch --help
usage: postlatch COMMAND [-c FILE] [--json] …; COMMAND --help says more

  check      prove that the policy is no open relay; say what is wrong with it
  explain    how the policy answers a request, and why
  query      ask a running daemon, as Postfix would
  test       put scenarios from a file to the policy
  reload     make the daemon load its configuration anew
  status     what the daemon is doing
  bench      put load on a running daemon and measure it
  surface    who can relay: the minimal list of networks
  matrix     the whole policy on a page: clients, recipients, rules
  diff       what changes in meaning from one policy to another
  who        who may send to a recipient
  where      where a client or a login may send
  metrics    what the daemon counts, for Prometheus
  top        what the daemon is doing just now
  probe      relay test of one's own server, over SMTP
  completion a script that lets bash, zsh or fish complete commands
  replay     what another policy would have answered to the requests of a log
options: -c FILE (default /etc/postlatch/postlatch.conf) --json --help --version
manual: postlatch(1), postlatch.conf(5), postlatchd(8)
[0]
$ postlatch --version
postlatch 0.1.0
[0]
$ postlatch chekc
postlatch: unknown command "chekc"; did you mean "check"?; see postlatch --help
[2]
$ postlatch surface
cannot open "/etc/postlatch/postlatch.conf": No such file or directory
postlatch: /etc/postlatch/postlatch.conf does not load: 1 error
[2]
$ postlatch check --help
usage: postlatch check [-c FILE] [--json] [--strict] [--host FILE | --no-host]
       [--compromised LOGIN] [--overlaps]

Load the configuration and everything it names, and prove for all requests at
once that no client outside the relay boundary can send to a recipient that is
not ours. Prints the verdict (safe, open, unprovable, invalid) with a
counterexample, who can relay, warnings, notes, and what was assumed.
    --strict     a warning counts as a failure, too
    --host FILE  take the facts of the host (interfaces, bridges, gateways) from
                 FILE
    --no-host    do not look at the host
    --compromised LOGIN  what a stolen password of LOGIN opens, too
    --overlaps   rules with different actions whose order decides, too
Exit status: 0 safe, or all that is open is accepted; 1 open or unprovable, or a
warning with --strict; 2 invalid.
[0]
$ postlatch explain --help
usage: postlatch explain [-c FILE] [--json] ATTR=VALUE… | -

Tell how the policy answers a request, and why: each rule that was tried, the
first condition that failed, the entries that matched, and what would change the
answer. ATTR is an attribute of Postfix's policy protocol; protocol_state=RCPT
is assumed. With "-" a request, or a decision line of the daemon's log, is read
from standard input.
Exit status: 0, or 2 when the question or the configuration cannot be read.
[0]
$ postlatch query --help
usage: postlatch query [-c FILE] [--json] [--socket ADDR] ATTR=VALUE…

Ask a running daemon over its policy socket, as Postfix would.
    --socket ADDR  where, as in the option listen; else the first listen there
Exit status: 0 answered, 2 no answer.
[0]
$ postlatch test --help
usage: postlatch test [-c FILE] [--json] FILE

Put the scenarios of FILE to the policy, one a line:
    client_address=203.0.113.9 recipient=v@foreign.example -> REJECT
    sasl_username=bob recipient="a b@c.example" -> REJECT rule="blocked users"
A word behind -> is the action's word; more than a word is the whole action.
Exit status: 0 all pass, 1 some fail, 2 FILE or the configuration cannot be
read.
[0]
$ postlatch bench --help
usage: postlatch bench [-c FILE] [--json] [--socket ADDR] [--connections N]
       [--seconds S] [--rate R] [--pid PID]
       [--seed N | --requests FILE | ATTR=VALUE…]

Put load on a running daemon over its policy socket, and print requests a
second, answers by action, and how long they took, in microseconds.
    --socket ADDR    where, as in query
    --connections N  connections, 1 to 10000 (default 64)
    --seconds S      how long, 1 to 3600 (default 5)
    --rate R         R requests a second at fixed times, 1 to 1000000; a request
                     that has to wait for its turn is charged for it. Without it
                     each connection asks again when it has its answer, as
                     Postfix does
    --pid PID        print the CPU time of that process, all threads, for a
                     request
    --seed N         other requests of its own making (default 1)
    --requests FILE  recorded requests, an empty line behind each, over and over
    ATTR=VALUE…      this request, as in query
Exit status: 0, or 2 when it could not be measured or an answer was missing or
malformed.
[0]
$ postlatch probe --help
usage: postlatch probe [-c FILE] [--json] HOST[:PORT] [--from ADDR] [--to ADDR]
       [--ours ADDR] [--as IP] [--bind IP] [--timeout S] [--i-own-this-host]

Try over SMTP whether a server relays: 108 forms of a recipient, and forged
senders. No message is sent. Only loopback and this host's own addresses are
asked; all that HOST has.
    --from ADDR   the sender (default relay-test@example.net)
    --to ADDR     a recipient elsewhere (default relay-test@example.com)
    --ours ADDR   a recipient that the server takes, asked first; its domain
                  goes into forms, as do the first of accepted_domains if there
                  is a policy
    --as IP       be a client at IP, by XCLIENT: most servers trust their own
                  host
    --bind IP     come from IP, an address of this host
    --timeout S   patience with each reply, 1 to 600 seconds (default 30)
    --i-own-this-host  ask a server on another host
Exit status: 0 closed, 1 open, 2 when nothing is shown.
[0]
$ postlatch reload --help
usage: postlatch reload [-c FILE] [--json] [--control PATH] [--accept-wider]

Tell the daemon to load its configuration anew, and print what became of it. A
policy that is not proved safe is refused. So is one that lets more relay, if
the configuration has reload_wider = refuse.
    --control PATH  the control socket; else as the configuration says
    --accept-wider  let more relay than before, in spite of reload_wider
Exit status: 0 the new policy is in force, 1 it was refused, 2 no daemon
answers.
[0]
$ postlatch status --help
usage: postlatch status [-c FILE] [--json] [--control PATH]

Print what the daemon is doing: which policy is in force since when, its
verdict, who may relay, the last reload and what was wrong with it, connections,
requests a second.
    --control PATH  the control socket; else as the configuration says
Exit status: 0, or 2 when no daemon answers.
[0]
$ postlatch metrics --help
usage: postlatch metrics [-c FILE] [--json] [--control PATH]

Print what the daemon counts, in the text format of Prometheus: decisions by
rule, how long requests took, connections, the policy in force. For a file of
node_exporter's textfile collector, or to look at; the option metrics { listen }
gives the same over HTTP.
    --control PATH  the control socket; else as the configuration says
Exit status: 0, or 2 when no daemon answers.
[0]
$ postlatch top --help
usage: postlatch top [-c FILE] [--json] [--control PATH] [--interval S]
       [--reports N]

Show what the daemon is doing: requests a second by rule and action, the busiest
clients and logins, how long answers take, connections. On a terminal over and
over, until q is pressed; else one report. Clients and logins are counted only
while somebody looks.
    --control PATH  the control socket; else as the configuration says
    --interval S    seconds between two reports, 1 to 10 (2)
    --reports N     so many reports, one below the other, then end
Exit status: 0, or 2 when no daemon answers.
[0]
$ postlatch check --jsn
postlatch: check: unknown option "--jsn"; did you mean "--json"?; see postlatch check --help
[2]
$ postlatch check --socket x
postlatch: check: unknown option "--socket"; see postlatch check --help
[2]
$ postlatch check extra
postlatch: check: takes no "extra"; see postlatch check --help
[2]
$ postlatch check -c
postlatch: check: nothing follows "-c"; see postlatch check --help
[2]
# No daemon.
$ postlatch query --socket unix:/nonexistent/policy recipient=a@b
postlatch: no answer from unix:/nonexistent/policy: No such file or directory
[2]
$ postlatch query --socket inet:localhost:1 recipient=a@b
postlatch: --socket "inet:localhost:1": expected an IP address (no name is looked up), as in "inet:127.0.0.1:10071" or "inet:[::1]:10071"
[2]
$ postlatch query -c office.conf
postlatch: query: nothing to ask; expected ATTR=VALUE…
[2]
$ postlatch bench --socket unix:/nonexistent/policy
postlatch: bench: connection 1 to unix:/nonexistent/policy: No such file or directory
[2]
$ postlatch bench --connections 0
postlatch: bench: --connections "0": expected a number from 1 to 10000
[2]
$ postlatch bench --connections 10001
postlatch: bench: --connections "10001": expected a number from 1 to 10000
[2]
$ postlatch bench --seconds 1.5
postlatch: bench: --seconds "1.5": expected a number from 1 to 3600
[2]
$ postlatch bench --rate
postlatch: bench: nothing follows "--rate"; see postlatch bench --help
[2]
$ postlatch bench --seed 1 recipient=a@b
postlatch: bench: --seed, --requests and ATTR=VALUE exclude each other
[2]
$ postlatch bench -c office.conf --requests nosuch
cannot open "nosuch": No such file or directory
[2]
$ postlatch bench -c office.conf --requests bad.conf
postlatch: bad.conf:1: in the request that begins here: a line without '='
[2]
$ postlatch bench -c office.conf recipeint=a@b
postlatch: unknown attribute "recipeint"; did you mean "recipient"?
[2]
$ postlatch bench --conections 5
postlatch: bench: unknown option "--conections"; did you mean "--connections"?; see postlatch bench --help
[2]
$ postlatch query --rate 5
postlatch: query: unknown option "--rate"; see postlatch query --help
[2]
$ postlatch status --control /nonexistent/control
postlatch: cannot ask the daemon at /nonexistent/control: No such file or directory
[2]
$ postlatch reload -c nosuch.conf --control /nonexistent/control
postlatch: cannot ask the daemon at /nonexistent/control: No such file or directory
[2]
