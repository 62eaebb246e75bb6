$ postlatch test -c office.conf office.test
6 passed, 0 failed
[0]
$ postlatch test -c observe.conf office.test
6 passed, 0 failed
[0]
$ postlatch test -c office.conf failing.test
failing.test:1: expected OK, got REJECT Relay access denied by rule "builtin:reject"
failing.test:2: expected DUNNO by rule "printers", got DUNNO by rule "builtin:accepted"
failing.test:4: expected REJECT Relay access denied, really, got REJECT Relay access denied by rule "builtin:reject"
1 passed, 3 failed
[1]
$ postlatch test --json -c office.conf failing.test
{
  "passed": 1,
  "failed": 3,
  "failures": [
    {
      "line": 1,
      "expected": "OK",
      "action": "REJECT Relay access denied",
      "rule": "builtin:reject"
    },
    {
      "line": 2,
      "expected": "DUNNO by rule \"printers\"",
      "action": "DUNNO",
      "rule": "builtin:accepted"
    },
    {
      "line": 4,
      "expected": "REJECT Relay access denied, really",
      "action": "REJECT Relay access denied",
      "rule": "builtin:reject"
    }
  ]
}
[1]
$ postlatch test -c office.conf malformed.test
malformed.test:1: unknown attribute "client_adress"; did you mean "client_address"?
malformed.test:2: no "->"; expected ATTR=VALUE … -> ACTION
malformed.test:3: no action behind "->"; expected for example REJECT
malformed.test:4: no attribute in front of "->"; expected ATTR=VALUE …
malformed.test:5: a double quote that is not closed on its line
malformed.test:6: recipient is given twice
malformed.test:7: "recipient": expected ATTR=VALUE, as in client_address=192.0.2.1
malformed.test:8: something behind rule=NAME; a name with blanks needs double quotes
0 passed, 0 failed
postlatch: malformed.test: 8 lines cannot be read
[2]
$ postlatch test -c office.conf empty.conf
0 passed, 0 failed
postlatch: empty.conf: no scenario in it
[2]
$ postlatch test -c office.conf nosuch
postlatch: cannot open "nosuch": No such file or directory
[2]
$ postlatch test -c office.conf
postlatch: test: expected one FILE with scenarios
[2]
