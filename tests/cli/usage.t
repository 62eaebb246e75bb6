$ postlatch
usage: postlatch COMMAND [-c FILE] [--json] …

Asks a relay policy, offline or of the running daemon.

  check    prove that the policy is no open relay, and print all that is wrong with it
  explain  how the policy answers a request, and why
  query    ask a running daemon, as Postfix would
  test     put scenarios from a file to the policy
  reload   make the daemon load its configuration anew
  status   what the daemon is doing
  bench    put load on a running daemon and measure it
  surface  who can relay: the minimal list of networks
  matrix   the whole policy on a page: clients, recipients, rules
  diff     what changes in meaning from one policy to another
  who      who may send to a recipient
  where    where a client or a login may send
  init     write a first configuration, from what Postfix has
  snippet  the lines of main.cf and master.cf that make Postfix ask
  doctor   check the whole chain from Postfix to the daemon

  -c FILE    the configuration (default /etc/postlatch/postlatch.conf)
  --json     print JSON
  --help     of a command: what it does, its options and exit status
  --version  print the version

The manual: postlatch(1), postlatch.conf(5), postlatchd(8).
[2]
$ postlatch --help
usage: postlatch COMMAND [-c FILE] [--json] …

Asks a relay policy, offline or of the running daemon.

  check    prove that the policy is no open relay, and print all that is wrong with it
  explain  how the policy answers a request, and why
  query    ask a running daemon, as Postfix would
  test     put scenarios from a file to the policy
  reload   make the daemon load its configuration anew
  status   what the daemon is doing
  bench    put load on a running daemon and measure it
  surface  who can relay: the minimal list of networks
  matrix   the whole policy on a page: clients, recipients, rules
  diff     what changes in meaning from one policy to another
  who      who may send to a recipient
  where    where a client or a login may send
  init     write a first configuration, from what Postfix has
  snippet  the lines of main.cf and master.cf that make Postfix ask
  doctor   check the whole chain from Postfix to the daemon

  -c FILE    the configuration (default /etc/postlatch/postlatch.conf)
  --json     print JSON
  --help     of a command: what it does, its options and exit status
  --version  print the version

The manual: postlatch(1), postlatch.conf(5), postlatchd(8).
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

Load the configuration and everything it names, and prove for all requests at once that no
client outside the relay boundary can send to a recipient that is not ours. Prints the
verdict (safe, open, unprovable, invalid) with a counterexample, who can relay, warnings,
notes, and what was assumed.
    --strict     a warning counts as a failure, too
    --host FILE  take the facts of the host (interfaces, bridges, gateways) from FILE
    --no-host    do not look at the host
    --compromised LOGIN  what a stolen password of LOGIN opens, too
    --overlaps   rules with different actions whose order decides, too
Exit status: 0 safe, or all that is open is accepted; 1 open or unprovable, or a warning
with --strict; 2 invalid.
[0]
$ postlatch explain --help
usage: postlatch explain [-c FILE] [--json] ATTR=VALUE… | -

Tell how the policy answers a request, and why: each rule that was tried, the first
condition that failed, the entries that matched, and what would change the answer.
ATTR is an attribute of Postfix's policy protocol; protocol_state=RCPT is assumed.
With "-" a request, or a decision line of the daemon's log, is read from standard input.
Exit status: 0, or 2 when the question or the configuration cannot be read.
[0]
$ postlatch query --help
usage: postlatch query [-c FILE] [--json] [--socket ADDR] ATTR=VALUE…

Ask a running daemon over its policy socket, as Postfix would. ADDR is written as in
the option listen; the default is the first listen of the configuration.
Exit status: 0 answered, 2 no answer.
[0]
$ postlatch test --help
usage: postlatch test [-c FILE] [--json] FILE

Put the scenarios of FILE to the policy, one a line:
    client_address=203.0.113.9 recipient=v@foreign.example -> REJECT
    sasl_username=bob recipient="a b@c.example" -> REJECT rule="blocked accounts"
A word behind -> is the action's word; more than a word is the whole action.
Exit status: 0 all pass, 1 some fail, 2 FILE or the configuration cannot be read.
[0]
$ postlatch bench --help
usage: postlatch bench [-c FILE] [--json] [--socket ADDR] [--connections N]
       [--seconds S] [--rate R] [--pid PID] [--seed N | --requests FILE | ATTR=VALUE…]

Put load on a running daemon over its policy socket, and print requests a second, answers
by action, and how long they took, in microseconds. ADDR as in query.
    --connections N  connections, 1 to 10000 (default 64)
    --seconds S      how long, 1 to 3600 (default 5)
    --rate R         R requests a second at fixed times, 1 to 1000000; a request that has
                     to wait for its turn is charged for it. Without it each connection
                     asks again when it has its answer, as Postfix does
    --pid PID        print the CPU time of that process, all threads, for a request
    --seed N         other requests of its own making (default 1)
    --requests FILE  recorded requests, an empty line behind each, over and over
    ATTR=VALUE…      this request, as in query
Exit status: 0, or 2 when it could not be measured or an answer was missing or malformed.
[0]
$ postlatch reload --help
usage: postlatch reload [-c FILE] [--json] [--control PATH] [--accept-wider]

Tell the daemon to load its configuration anew, and print what became of it.
A policy that is not proved safe is refused. So is one that lets more relay, if the
configuration has reload_wider = refuse; with --accept-wider it is not.
Exit status: 0 the new policy is in force, 1 it was refused, 2 no daemon answers.
[0]
$ postlatch status --help
usage: postlatch status [-c FILE] [--json] [--control PATH]

Print what the daemon is doing: policy, generation, connections, counters.
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
