/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch status: what the daemon says of itself. */
#include "tell.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <stdlib.h>

bool next_line(struct pl_str *rest, struct pl_str *line)
{
    if (rest->n == 0)
        return false;
    *line = (struct pl_str){rest->p, pl_str_find(*rest, '\n')};
    *rest = pl_str_from(*rest, line->n < rest->n ? line->n + 1 : line->n);
    return true;
}

/* key=value; false if the line is none. */
static bool split(struct pl_str line, struct pl_str *key, struct pl_str *value)
{
    size_t equals = pl_str_find(line, '=');

    *key = (struct pl_str){line.p, equals};
    *value = pl_str_from(line, equals < line.n ? equals + 1 : equals);
    return equals < line.n;
}

/* Rates have two digits behind the point; nothing else that is told looks like that. */
static bool is_rate(struct pl_str key, struct pl_str value, double *rate)
{
    char text[64], *end;

    if (!pl_str_has_prefix(key, pl_str_lit("rate_")) || value.n >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)value.n, value.p);
    *rate = strtod(text, &end);
    return end != text && *end == '\0';
}

void tell_status_json(struct pl_str rest)
{
    struct pl_json *out = pl_json_object(), *errors = pl_json_array();
    struct pl_str line, key, value;
    char name[64];

    while (next_line(&rest, &line)) {
        unsigned long number;
        double rate;

        split(line, &key, &value);
        snprintf(name, sizeof(name), "%.*s", (int)key.n, key.p);
        if (pl_str_eq(key, pl_str_lit("last_reload_error")))
            pl_json_append(errors, pl_json_string(value));
        else if (pl_str_to_number(value, 0, ~0UL, &number))
            pl_json_set(out, name, pl_json_number((long long)number));
        else if (is_rate(key, value, &rate))
            pl_json_set(out, name, pl_json_real(rate));
        else
            pl_json_set(out, name, pl_json_string(value));
    }
    pl_json_set(out, "last_reload_error", errors);
    pl_json_print(out, stdout);
    pl_json_free(out);
}

/* ---- for people ---- */

enum { KEYS_MAX = 128, LABEL = 12 };

/* What was said, and what of it has been printed: what a later daemon says beyond it comes last. */
struct said {
    struct pl_str key[KEYS_MAX], value[KEYS_MAX];
    bool told[KEYS_MAX];
    size_t n;
    bool observes; /* mode = observe: what is told of decisions is what they would be */
};

static void read_all(struct said *s, struct pl_str rest)
{
    struct pl_str line;

    *s = (struct said){0};
    while (s->n < KEYS_MAX && next_line(&rest, &line)) {
        if (split(line, &s->key[s->n], &s->value[s->n]))
            s->n++;
    }
}

/* The next value of a key that has not been told; empty: none. */
static struct pl_str take(struct said *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->told[i] || !pl_str_eq(s->key[i], pl_str_of(key)))
            continue;
        s->told[i] = true;
        return s->value[i];
    }
    return (struct pl_str){"", 0};
}

#define ARG(s) (int)(s).n, (s).p

static bool is(struct pl_str value, const char *word)
{
    return pl_str_eq(value, pl_str_of(word));
}

static unsigned long number(struct said *s, const char *key)
{
    unsigned long n = 0;

    return pl_str_to_number(take(s, key), 0, ~0UL, &n) ? n : 0;
}

static const char *plural(unsigned long n)
{
    return n == 1 ? "" : "s";
}

static void label(const char *word)
{
    printf("%-*s ", LABEL, word);
}

/* "3 days 4 h", "4 h 5 min", "12 s" */
static void print_time(unsigned long s)
{
    if (s >= 86400)
        printf("%lu day%s %lu h", s / 86400, plural(s / 86400), s % 86400 / 3600);
    else if (s >= 3600)
        printf("%lu h %lu min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        printf("%lu min %lu s", s / 60, s % 60);
    else
        printf("%lu s", s);
}

static void print_verdict(struct said *s)
{
    struct pl_str verdict = take(s, "verdict"), accepted = take(s, "accepted");
    bool locked = is(take(s, "locked"), "yes");

    label("verdict");
    printf("%.*s", ARG(verdict));
    if (locked)
        printf("; LOCKED: nobody may relay until the file is mended and reloaded");
    else if (is(accepted, "yes"))
        printf("; the file accepts all of it");
    else if (is(accepted, "ended"))
        printf("; what the file accepted has ended, and is not granted any more");
    else if (is(accepted, "no"))
        printf("; it runs only because mode = observe decides nothing");
    putchar('\n');
}

static void print_surface(struct said *s)
{
    struct pl_str surface = take(s, "surface");
    unsigned long v4 = number(s, "surface_networks_v4"), v6 = number(s, "surface_networks_v6");
    struct pl_str addresses = take(s, "surface_addresses_v4");

    label("may relay");
    if (!is(surface, "computed"))
        printf("%.*s", ARG(surface));
    else if (v4 + v6 == 0)
        printf("nobody without login");
    if (v4 > 0)
        printf("%lu network%s of IPv4 (%.*s address%s)", v4, plural(v4), ARG(addresses),
               is(addresses, "1") ? "" : "es");
    if (v6 > 0)
        printf("%s%lu network%s of IPv6", v4 > 0 ? ", " : "", v6, plural(v6));
    if (v4 + v6 > 0)
        printf(", without login%s", s->observes ? ", once it enforces" : "");
    putchar('\n');
}

static void print_policy(struct said *s)
{
    struct pl_str policy = take(s, "policy"), generation = take(s, "generation"),
                  since = take(s, "in_force_since"), mode = take(s, "mode");
    unsigned long rules = number(s, "rules"), tables = number(s, "tables"),
                  entries = number(s, "entries");

    label("policy");
    printf("%.*s\n", ARG(policy));
    label("in force");
    printf("generation %.*s, since %.*s: %lu rule%s, %lu table%s, %lu entr%s\n", ARG(generation),
           ARG(since), rules, plural(rules), tables, plural(tables), entries,
           entries == 1 ? "y" : "ies");
    s->observes = is(mode, "observe");
    label("mode");
    printf("%.*s%s\n", ARG(mode),
           s->observes ? ": nobody is refused; what would be is in Postfix's log" : "");
    print_verdict(s);
    print_surface(s);
}

/* What another policy would do, and what the proof cannot know. */
static void print_watched(struct said *s)
{
    struct pl_str shadow = take(s, "shadow"), verdict = take(s, "shadow_verdict"),
                  suspects = take(s, "masking_suspects");
    unsigned long differs = number(s, "shadow_differs_total"),
                  alarms = number(s, "masking_alarms_total");

    label("shadow");
    if (shadow.n == 0 || is(shadow, "-"))
        puts("none");
    else
        printf("%.*s, %.*s: it would have answered %lu request%s otherwise\n", ARG(shadow),
               ARG(verdict), differs, plural(differs));
    label("masking");
    if (alarms == 0)
        puts("no trusted address has shown many names");
    else
        printf("%lu alarm%s; others may hide behind, lately: %.*s\n", alarms, plural(alarms),
               ARG(suspects));
}

static void print_reload(struct said *s)
{
    struct pl_str last = take(s, "last_reload"), at = take(s, "last_reload_at"), error;

    label("last reload");
    if (is(last, "none"))
        puts("none since the start");
    else
        printf("%.*s at %.*s\n", ARG(last), ARG(at));
    while ((error = take(s, "last_reload_error")).n > 0) {
        label("");
        printf("%.*s\n", ARG(error));
    }
}

static void print_connections(struct said *s)
{
    struct pl_str now = take(s, "connections"), total = take(s, "connections_total"),
                  idle = take(s, "connections_closed_idle"),
                  room = take(s, "connections_closed_at_limit");
    unsigned long pauses = number(s, "accept_pauses_total"), troubles = number(s, "troubles_total");

    label("connections");
    printf("%.*s open, %.*s so far; closed: %.*s by idle_timeout, %.*s by max_connections, "
           "%lu for trouble\n",
           ARG(now), ARG(total), ARG(idle), ARG(room), troubles);
    if (pauses > 0) {
        label("");
        printf("%lu time%s none could be accepted, for want of descriptors or memory\n", pauses,
               plural(pauses));
    }
}

static void print_requests(struct said *s)
{
    static const char *const rows[][5] = {
        {"all", "all", "requests_total", "rate_1m", "rate_5m"},
        {"let pass", "would let pass", "decisions_pass", "rate_1m_pass", "rate_5m_pass"},
        {"refused", "would be refused", "decisions_refuse", "rate_1m_refuse", "rate_5m_refuse"},
        {"left to Postfix", "left to Postfix", "decisions_leave", "rate_1m_leave", "rate_5m_leave"},
        {"a class's", "a class's", "decisions_unknown", "rate_1m_unknown", "rate_5m_unknown"},
    };
    struct pl_str longest = take(s, "longest_wakeup_us");

    label("requests");
    printf("%-16s%14s%14s%14s\n", "", "so far", "/s, 1 min", "/s, 5 min");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pl_str all = take(s, rows[i][2]), one = take(s, rows[i][3]),
                      five = take(s, rows[i][4]);

        label("");
        printf("%-16s%14.*s%14.*s%14.*s\n", rows[i][s->observes], ARG(all), ARG(one), ARG(five));
    }
    label("");
    printf("at most %.*s us from waking up to waiting again\n", ARG(longest));
}

static void print_log(struct said *s)
{
    unsigned long syslog = number(s, "log_dropped_total"),
                  screen = number(s, "log_stderr_dropped_total");

    label("log");
    printf("%lu line%s lost on the way to syslog", syslog, plural(syslog));
    if (screen > 0)
        printf(", %lu to standard error", screen);
    putchar('\n');
}

static void print_clock(struct said *s)
{
    unsigned long steps = number(s, "clock_steps_total");

    if (steps > 0) {
        label("clock");
        printf("set %lu time%s by two seconds or more; the log says when\n", steps, plural(steps));
    }
}

void tell_status(struct pl_str lines)
{
    struct said s;
    struct pl_str version, pid, listeners;
    unsigned long workers;

    read_all(&s, lines);
    version = take(&s, "version");
    pid = take(&s, "pid");
    printf("postlatchd %.*s, process %.*s, runs for ", ARG(version), ARG(pid));
    print_time(number(&s, "uptime_s"));
    workers = number(&s, "workers");
    printf(", %lu worker%s\n", workers, plural(workers));
    print_policy(&s);
    print_watched(&s);
    print_reload(&s);
    listeners = take(&s, "listeners");
    label("listens at");
    printf("%.*s\n", ARG(listeners));
    print_connections(&s);
    print_requests(&s);
    print_log(&s);
    print_clock(&s);
    for (size_t i = 0; i < s.n; i++) {
        if (!s.told[i])
            printf("%-*.*s %.*s\n", LABEL, ARG(s.key[i]), ARG(s.value[i]));
    }
}
