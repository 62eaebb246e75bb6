/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch: the administrator's command. One subcommand a file; this one finds it. */
#include "cli.h"
#include "commands.h"
#include "progress.h"

#include "postlatch/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAKES_SOCKET = 1,
    TAKES_CONTROL = 2,
    TAKES_WORDS = 4,
    TAKES_LOAD = 8,
    TAKES_CHECK = 16,
    TAKES_BY_RULE = 32,
    TAKES_WIDER = 64,
    TAKES_HTML = 128,
    TAKES_TOP = 256,
    TAKES_PROBE = 512,
    TAKES_AGAINST = 1024,
    TAKES_POSTFIX = 2048,
    TAKES_PLACEMENT = 4096,
    TAKES_OUTPUT = 8192,
    TAKES_HOST = 16384
};

static const struct command commands[] = {
    {"check", cmd_check, TAKES_CHECK,
     "[--strict] [--host FILE | --no-host]\n"
     "       [--compromised LOGIN] [--overlaps]",
     "prove that the policy is no open relay; say what is wrong with it",
     "Load the configuration and everything it names, and prove for all requests at once that no\n"
     "client outside the relay boundary can send to a recipient that is not ours. Prints the\n"
     "verdict (safe, open, unprovable, invalid) with a counterexample, who can relay, warnings,\n"
     "notes, and what was assumed.\n"
     "    --strict     a warning counts as a failure, too\n"
     "    --host FILE  take the facts of the host (interfaces, bridges, gateways) from FILE\n"
     "    --no-host    do not look at the host\n"
     "    --compromised LOGIN  what a stolen password of LOGIN opens, too\n"
     "    --overlaps   rules with different actions whose order decides, too\n"
     "Exit status: 0 safe, or all that is open is accepted; 1 open or unprovable, or a warning\n"
     "with --strict; 2 invalid."},
    {"explain", cmd_explain, TAKES_WORDS, "ATTR=VALUE… | -",
     "how the policy answers a request, and why",
     "Tell how the policy answers a request, and why: each rule that was tried, the first\n"
     "condition that failed, the entries that matched, and what would change the answer.\n"
     "ATTR is an attribute of Postfix's policy protocol; protocol_state=RCPT is assumed.\n"
     "With \"-\" a request, or a decision line of the daemon's log, is read from standard input.\n"
     "Exit status: 0, or 2 when the question or the configuration cannot be read."},
    {"query", cmd_query, TAKES_SOCKET | TAKES_WORDS, "[--socket ADDR] ATTR=VALUE…",
     "ask a running daemon, as Postfix would",
     "Ask a running daemon over its policy socket, as Postfix would.\n"
     "    --socket ADDR  where, as in the option listen; else the first listen there\n"
     "Exit status: 0 answered, 2 no answer."},
    {"test", cmd_test, TAKES_WORDS, "FILE", "put scenarios from a file to the policy",
     "Put the scenarios of FILE to the policy, one a line:\n"
     "    client_address=203.0.113.9 recipient=v@foreign.example -> REJECT\n"
     "    sasl_username=bob recipient=\"a b@c.example\" -> REJECT rule=\"blocked users\"\n"
     "A word behind -> is the action's word; more than a word is the whole action.\n"
     "Exit status: 0 all pass, 1 some fail, 2 FILE or the configuration cannot be read."},
    {"reload", cmd_reload, TAKES_CONTROL | TAKES_WIDER, "[--control PATH] [--accept-wider]",
     "make the daemon load its configuration anew",
     "Tell the daemon to load its configuration anew, and print what became of it.\n"
     "A policy that is not proved safe is refused. So is one that lets more relay, if the\n"
     "configuration has reload_wider = refuse.\n"
     "    --control PATH  the control socket; else as the configuration says\n"
     "    --accept-wider  let more relay than before, in spite of reload_wider\n"
     "Exit status: 0 the new policy is in force, 1 it was refused, 2 no daemon answers."},
    {"status", cmd_status, TAKES_CONTROL, "[--control PATH]", "what the daemon is doing",
     "Print what the daemon is doing: which policy is in force since when, its verdict, who may\n"
     "relay, the last reload and what was wrong with it, connections, requests a second.\n"
     "    --control PATH  the control socket; else as the configuration says\n"
     "Exit status: 0, or 2 when no daemon answers."},
    {"bench", cmd_bench, TAKES_SOCKET | TAKES_WORDS | TAKES_LOAD,
     "[--socket ADDR] [--connections N]\n"
     "       [--seconds S] [--rate R] [--pid PID] [--seed N | --requests FILE | ATTR=VALUE…]",
     "put load on a running daemon and measure it",
     "Put load on a running daemon over its policy socket, and print requests a second, answers\n"
     "by action, and how long they took, in microseconds.\n"
     "    --socket ADDR    where, as in query\n"
     "    --connections N  connections, 1 to 10000 (default 64)\n"
     "    --seconds S      how long, 1 to 3600 (default 5)\n"
     "    --rate R         R requests a second at fixed times, 1 to 1000000; a request that has\n"
     "                     to wait for its turn is charged for it. Without it each connection\n"
     "                     asks again when it has its answer, as Postfix does\n"
     "    --pid PID        print the CPU time of that process, all threads, for a request\n"
     "    --seed N         other requests of its own making (default 1)\n"
     "    --requests FILE  recorded requests, an empty line behind each, over and over\n"
     "    ATTR=VALUE…      this request, as in query\n"
     "Exit status: 0, or 2 when it could not be measured or an answer was missing or malformed."},
    {"surface", cmd_surface, TAKES_BY_RULE, "[--by-rule]",
     "who can relay: the minimal list of networks",
     "Print the relay surface: the minimal list of networks from which mail can be sent to a\n"
     "recipient that is not ours without login or certificate, and the rules that let it; then\n"
     "names, listeners, logins and certificates that can.\n"
     "    --by-rule  the minimal list of each rule by itself\n"
     "Exit status: 0, or 2 when the configuration does not load."},
    {"matrix", cmd_matrix, TAKES_HTML, "[--html FILE]",
     "the whole policy on a page: clients, recipients, rules",
     "Print classes of clients against classes of recipients, and in each cell what becomes of\n"
     "mail and the rule that decides; below it what they stand for. Recipients and clients that\n"
     "all rules treat alike are one class.\n"
     "    --html FILE      write a page to FILE, with the verdict and the relay surface on it\n"
     "Exit status: 0, or 2 when the configuration cannot be read or FILE not be written."},
    {"diff", cmd_diff, TAKES_WORDS, "OLD NEW", "what changes in meaning from one policy to another",
     "Compare two configurations in meaning, and print for each change who is concerned, both\n"
     "answers with their rules, and an example request; the most dangerous first:\n"
     "    +RELAY  may relay now, to recipients that are not ours\n"
     "    -MAIL   mail to us was let in and is refused now\n"
     "    -RELAY  may relay no more\n"
     "    +MAIL   mail to us was refused and is let in now\n"
     "    ~TEXT   another answer with the same effect\n"
     "What is not printed has the same answer from both: that is proved, not sampled.\n"
     "Exit status: 0 same, 1 differs, 2 a configuration does not load or nothing was computed."},
    {"who", cmd_who, TAKES_WORDS, "RECIPIENT", "who may send to a recipient",
     "List who may send to RECIPIENT, a mail address: networks, verified names, listeners, "
     "logins,\n"
     "certificates, each with the rule that decides; then who may not.\n"
     "Exit status: 0, or 2 when RECIPIENT or the configuration cannot be read."},
    {"where", cmd_where, TAKES_WORDS, "CLIENT | LOGIN", "where a client or a login may send",
     "List the recipients that CLIENT, an address (or \"unknown\"), may send to without login, or\n"
     "that LOGIN may send to, each with the rule that decides; then those that it may not.\n"
     "Exit status: 0, or 2 when the question or the configuration cannot be read."},
    {"init", cmd_init, TAKES_POSTFIX | TAKES_OUTPUT | TAKES_HOST,
     "[--postfix DIR] [-o FILE] [--host FILE | --no-host]",
     "write a first configuration, from what Postfix has",
     "Read Postfix's configuration and print one for postlatch that lets relay whom Postfix lets "
     "relay\n"
     "now, in observe mode, with comments. What cannot be carried over is marked TO DECIDE.\n"
     "    --postfix DIR  the folder of main.cf and master.cf (default: as postconf finds it)\n"
     "    -o FILE        write it to FILE, which must not exist yet\n"
     "    --host FILE    take the facts of the host (interfaces, bridges, gateways) from FILE\n"
     "    --no-host      do not look at the host\n"
     "Exit status: 0; 1 something is marked TO DECIDE; 2 Postfix's configuration cannot be read, "
     "or\n"
     "FILE not be written."},
    {"snippet", cmd_snippet, TAKES_SOCKET | TAKES_POSTFIX | TAKES_PLACEMENT,
     "[--postfix DIR] [--socket ADDR]\n"
     "       [--placement relay | recipient] [--master]",
     "the lines of main.cf and master.cf that make Postfix ask",
     "Print the lines of main.cf that make Postfix ask the daemon, each with its reason, made "
     "from\n"
     "the configuration (listen, mode, after_dunno, …) and from what Postfix has now: its lists, "
     "its\n"
     "queue folder, whether smtpd is chrooted. They can be pasted as they are.\n"
     "    --postfix DIR    the folder of main.cf and master.cf (default: as postconf finds it)\n"
     "    --socket ADDR    where the daemon listens (default: the first listen)\n"
     "    --placement relay | recipient\n"
     "                     the list to ask in (default: the one that decides about relaying now)\n"
     "    --master         the entries of master.cf for services that have lists of their own\n"
     "Exit status: 0; 1 something must be decided first, it is printed; 2 when the configuration "
     "or\n"
     "Postfix's cannot be read."},
    {"doctor", cmd_doctor, TAKES_SOCKET | TAKES_POSTFIX | TAKES_HOST,
     "[--postfix DIR] [--socket ADDR]\n"
     "       [--host FILE | --no-host]",
     "check the whole chain from Postfix to the daemon",
     "Compare Postfix's configuration with ours and say what does not fit: where Postfix asks us\n"
     "and whether an OK counts there, who relays without our word, domains of one side only, "
     "facts\n"
     "that are not so. Then try the socket as smtpd does, which only root can, and ask the "
     "daemon.\n"
     "Each finding says why it matters and has the line to change.\n"
     "    --postfix DIR  the folder of main.cf and master.cf (default: what postconf takes)\n"
     "    --socket ADDR  where the daemon is asked (default: each listen of the configuration)\n"
     "    --host, --no-host  as in check\n"
     "Exit status: 0 nothing found, 1 findings, 2 something could not be read."},
    {"metrics", cmd_metrics, TAKES_CONTROL, "[--control PATH]",
     "what the daemon counts, for Prometheus",
     "Print what the daemon counts, in the text format of Prometheus: decisions by rule, how long\n"
     "requests took, connections, the policy in force. For a file of node_exporter's textfile\n"
     "collector, or to look at; the option metrics { listen } gives the same over HTTP.\n"
     "    --control PATH  the control socket; else as the configuration says\n"
     "Exit status: 0, or 2 when no daemon answers."},
    {"top", cmd_top, TAKES_CONTROL | TAKES_TOP, "[--control PATH] [--interval S] [--reports N]",
     "what the daemon is doing just now",
     "Show what the daemon is doing: requests a second by rule and action, the busiest clients\n"
     "and logins, how long answers take, connections. On a terminal over and over, until q is\n"
     "pressed; else one report. Clients and logins are counted only while somebody looks.\n"
     "    --control PATH  the control socket; else as the configuration says\n"
     "    --interval S    seconds between two reports, 1 to 10 (2)\n"
     "    --reports N     so many reports, one below the other, then end\n"
     "Exit status: 0, or 2 when no daemon answers."},
    {"probe", cmd_probe, TAKES_PROBE | TAKES_WORDS,
     "HOST[:PORT] [--from ADDR] [--to ADDR]\n"
     "       [--ours ADDR] [--as IP] [--bind IP] [--timeout S] [--i-own-this-host]",
     "relay test of one's own server, over SMTP",
     "Try over SMTP whether a server relays: 108 forms of a recipient, and forged senders. No\n"
     "message is sent. Only loopback and this host's own addresses are asked; all that HOST has.\n"
     "    --from ADDR   the sender (default relay-test@example.net)\n"
     "    --to ADDR     a recipient elsewhere (default relay-test@example.com)\n"
     "    --ours ADDR   a recipient that the server takes, asked first; its domain goes into "
     "forms,\n"
     "                  as do the first of accepted_domains if there is a policy\n"
     "    --as IP       be a client at IP, by XCLIENT: most servers trust their own host\n"
     "    --bind IP     come from IP, an address of this host\n"
     "    --timeout S   patience with each reply, 1 to 600 seconds (default 30)\n"
     "    --i-own-this-host  ask a server on another host\n"
     "Exit status: 0 closed, 1 open, 2 when nothing is shown."},
    {"completion", cmd_completion, TAKES_WORDS, "bash | zsh | fish",
     "a script that lets bash, zsh or fish complete commands",
     "Print a script that makes a shell complete commands, options and attributes. An "
     "installation\n"
     "brings the three along; by hand:\n"
     "    bash  postlatch completion bash > /etc/bash_completion.d/postlatch\n"
     "    zsh   postlatch completion zsh > /usr/local/share/zsh/site-functions/_postlatch\n"
     "    fish  postlatch completion fish > ~/.config/fish/completions/postlatch.fish\n"
     "Exit status: 0, or 2 when the shell is none of these."},
    {"replay", cmd_replay, TAKES_WORDS | TAKES_AGAINST, "LOG --against FILE",
     "what another policy would have answered to the requests of a log",
     "Put the requests of LOG, a log of the daemon, to the policy of FILE, and print\n"
     "which would have been answered differently, counted by rule and action, the\n"
     "most dangerous first; the words +RELAY, -MAIL, … are those of diff. LOG is a\n"
     "file of syslog's, or what journalctl prints (also with -o cat or -o json); - is\n"
     "standard input. In observe mode the answer that would have been given counts. A\n"
     "log does not hold all that a rule may ask for: where that decides, the answer\n"
     "cannot be told, and is counted apart. So are lines that cannot be read.\n"
     "    --against FILE  the policy to put them to\n"
     "Exit status: 0 all answers are the same; 1 some differ, or cannot be told, or a\n"
     "line cannot be read; 2 FILE does not load or LOG holds no decision."},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* Options that a value follows, who takes them (0: everybody), and where the value goes. */
static const struct option options[] = {
    {"-c", 0, offsetof(struct arguments, config)},
    {"-o", TAKES_OUTPUT, offsetof(struct arguments, output)},
    {"--host", TAKES_CHECK | TAKES_HOST, offsetof(struct arguments, host)},
    {"--compromised", TAKES_CHECK, offsetof(struct arguments, compromised)},
    {"--socket", TAKES_SOCKET, offsetof(struct arguments, socket)},
    {"--control", TAKES_CONTROL, offsetof(struct arguments, control)},
    {"--connections", TAKES_LOAD, offsetof(struct arguments, connections)},
    {"--seconds", TAKES_LOAD, offsetof(struct arguments, seconds)},
    {"--rate", TAKES_LOAD, offsetof(struct arguments, rate)},
    {"--seed", TAKES_LOAD, offsetof(struct arguments, seed)},
    {"--requests", TAKES_LOAD, offsetof(struct arguments, requests)},
    {"--pid", TAKES_LOAD, offsetof(struct arguments, pid)},
    {"--interval", TAKES_TOP, offsetof(struct arguments, interval)},
    {"--reports", TAKES_TOP, offsetof(struct arguments, reports)},
    {"--html", TAKES_HTML, offsetof(struct arguments, html)},
    {"--from", TAKES_PROBE, offsetof(struct arguments, from)},
    {"--to", TAKES_PROBE, offsetof(struct arguments, to)},
    {"--ours", TAKES_PROBE, offsetof(struct arguments, ours)},
    {"--as", TAKES_PROBE, offsetof(struct arguments, as)},
    {"--bind", TAKES_PROBE, offsetof(struct arguments, bind)},
    {"--timeout", TAKES_PROBE, offsetof(struct arguments, timeout)},
    {"--against", TAKES_AGAINST, offsetof(struct arguments, against)},
    {"--postfix", TAKES_POSTFIX, offsetof(struct arguments, postfix)},
    {"--placement", TAKES_PLACEMENT, offsetof(struct arguments, placement)},
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

/* Options without a value. */
static const struct option flags[] = {
    {"--json", 0, offsetof(struct arguments, json)},
    {"--strict", TAKES_CHECK, offsetof(struct arguments, strict)},
    {"--no-host", TAKES_CHECK | TAKES_HOST, offsetof(struct arguments, no_host)},
    {"--overlaps", TAKES_CHECK, offsetof(struct arguments, overlaps)},
    {"--accept-wider", TAKES_WIDER, offsetof(struct arguments, accept_wider)},
    {"--by-rule", TAKES_BY_RULE, offsetof(struct arguments, by_rule)},
    {"--i-own-this-host", TAKES_PROBE, offsetof(struct arguments, i_own_this_host)},
    {"--master", TAKES_PLACEMENT, offsetof(struct arguments, master)},
};

enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

static bool takes(const struct command *c, const struct option *o)
{
    return o->taken_by == 0 || (c->takes & o->taken_by) != 0;
}

const struct command *command_at(size_t i)
{
    for (size_t k = 0; k < COMMANDS; k++) {
        if (commands[k].run != NULL && i-- == 0)
            return &commands[k];
    }
    return NULL;
}

const struct option *option_at(const struct command *c, size_t i, bool *has_value)
{
    for (size_t k = 0; k < OPTIONS + FLAGS; k++) {
        const struct option *o = k < OPTIONS ? &options[k] : &flags[k - OPTIONS];

        *has_value = k < OPTIONS;
        if (takes(c, o) && i-- == 0)
            return o;
    }
    return NULL;
}

int trouble(const char *fmt, ...)
{
    va_list ap;

    progress_end();
    fflush(stdout);
    fputs("postlatch: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return EXIT_TROUBLE;
}

static void print_usage(FILE *out)
{
    fputs("usage: postlatch COMMAND [-c FILE] [--json] …; COMMAND --help says more\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].run != NULL)
            fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("options: -c FILE (default " PL_CONFIG_DEFAULT ") --json --help --version\n"
          "manual: postlatch(1), postlatch.conf(5), postlatchd(8)\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static int unknown_command(const char *name)
{
    struct pl_suggest s;
    char hint[80];

    pl_suggest_init(&s, pl_str_of(name));
    for (size_t i = 0; i < COMMANDS; i++)
        pl_suggest_try(&s, commands[i].name);
    return trouble("unknown command \"%s\"%s; see postlatch --help", name,
                   pl_suggest_text(&s, hint, sizeof(hint)));
}

static int unknown_option(const struct command *c, const char *option)
{
    struct pl_suggest s;
    char hint[80];

    pl_suggest_init(&s, pl_str_of(option));
    pl_suggest_try(&s, "--help");
    for (size_t i = 0; i < FLAGS; i++) {
        if (takes(c, &flags[i]))
            pl_suggest_try(&s, flags[i].name);
    }
    for (size_t i = 0; i < OPTIONS; i++) {
        if (takes(c, &options[i]))
            pl_suggest_try(&s, options[i].name);
    }
    return trouble("%s: unknown option \"%s\"%s; see postlatch %s --help", c->name, option,
                   pl_suggest_text(&s, hint, sizeof(hint)), c->name);
}

/* Where the value of an option goes; NULL if it is none that this command takes with a value. */
static const char **option_place(const struct command *c, struct arguments *a, const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0 && takes(c, &options[i]))
            return (const char **)(void *)((char *)a + options[i].at);
    }
    return NULL;
}

/* What a flag sets; NULL if it is none that this command takes. */
static bool *flag_place(const struct command *c, struct arguments *a, const char *name)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if (strcmp(flags[i].name, name) == 0 && takes(c, &flags[i]))
            return (bool *)(void *)((char *)a + flags[i].at);
    }
    return NULL;
}

/* The value that follows option argv[*i]; NULL, said, if there is none. */
static const char *option_value(const struct command *c, int argc, char **argv, int *i)
{
    if (*i + 1 < argc)
        return argv[++*i];
    trouble("%s: nothing follows \"%s\"; see postlatch %s --help", c->name, argv[*i], c->name);
    return NULL;
}

static int run(const struct command *c, int argc, char **argv)
{
    const char **words = calloc((size_t)argc + 1, sizeof(*words));
    struct arguments a = {.config = PL_CONFIG_DEFAULT, .words = words};
    int status = EXIT_TROUBLE;

    if (words == NULL)
        return trouble("out of memory");
    for (int i = 2; i < argc; i++) {
        const char **value = option_place(c, &a, argv[i]);
        bool *flag = flag_place(c, &a, argv[i]);

        if (value != NULL) {
            *value = option_value(c, argc, argv, &i);
            if (*value == NULL)
                goto out;
        } else if (flag != NULL) {
            *flag = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_print(c, stdout);
            status = EXIT_FINE;
            goto out;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            status = unknown_option(c, argv[i]);
            goto out;
        } else if ((c->takes & TAKES_WORDS) == 0) {
            status =
                trouble("%s: takes no \"%s\"; see postlatch %s --help", c->name, argv[i], c->name);
            goto out;
        } else {
            words[a.count++] = argv[i];
        }
    }
    status = c->run(&a);
out:
    free(words);
    return status;
}

int main(int argc, char **argv)
{
    const struct command *c;
    int status;

    if (argc < 2) {
        print_usage(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return EXIT_FINE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("postlatch " PL_VERSION);
        return EXIT_FINE;
    }
    c = find_command(argv[1]);
    if (c == NULL)
        return unknown_command(argv[1]);
    if (c->run == NULL)
        return trouble("%s is not available in this version (" PL_VERSION ")", c->name);
    status = run(c, argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) /* a full disk must not look like an answer */
        return trouble("cannot write the output");
    return status;
}
