/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trying all forms on one address of a server. A server ends a session that makes errors, and keeps
 * away a client that comes too often; so a session is left before that, and after a 421 there is a
 * pause. What shows nothing (a temporary refusal, silence, a lost connection) is never taken for a
 * refusal.
 */
#include "probe.h"

#include "io.h"

#include "postlatch/quote.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ERRORS_MAX = 8, /* Postfix is slow after 10 errors in a session, and ends it after 20 */
    DEAD_MAX = 6,   /* connections in a row in which nothing was answered */
    DEAD_FIRST = 2  /* the same, as long as nothing ever was */
};

/* Seconds to wait after each 421 in a row: together more than the minute that Postfix counts by. */
static const unsigned pauses[] = {1, 5, 20, 40};

enum { PAUSES = sizeof(pauses) / sizeof(pauses[0]) };

struct run {
    struct probe_result *r;
    const struct probe_plan *plan;
    struct smtp s;
    unsigned errors, errors_max; /* of this session, and when it is left */
    unsigned dead, busy; /* connections in a row that came to nothing; that ended with 421 */
    bool utf8, given_up;
    char why[PROBE_WHY]; /* given_up, or what the last trouble was */
};

static void say_why(struct run *run, const char *fmt, ...) PL_PRINTF(2, 3);
static void say_why(struct run *run, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(run->why, sizeof(run->why), fmt, ap);
    va_end(ap);
}

static void note_reply(struct run *run, const char *what)
{
    struct pl_quote q;

    say_why(run, "%s: %s", what, pl_quote(&q, smtp_reply_last(&run->s.reply)));
}

/* The session has ended, by trouble or by a 421. */
static void lost(struct run *run)
{
    bool busy = run->s.fd >= 0 && run->s.reply.code == 421;

    if (busy)
        note_reply(run, "the server ends the session");
    else if (run->s.fd < 0)
        say_why(run, "%s", run->s.why);
    smtp_close(&run->s);
    if (!busy) {
        run->given_up = ++run->dead >= (run->r->asked ? DEAD_MAX : DEAD_FIRST);
        return;
    }
    if (run->errors > 0 && run->errors < run->errors_max)
        run->errors_max = run->errors; /* its limit is below ours */
    run->given_up = run->busy >= PAUSES;
    if (!run->given_up) {
        struct timespec pause = {.tv_sec = pauses[run->busy++]};

        nanosleep(&pause, NULL);
    }
}

static bool command(struct run *run, const char *line)
{
    return smtp_command(&run->s, pl_str_of(line));
}

static bool hello(struct run *run)
{
    char addr[PL_ADDR_TEXT], line[PL_ADDR_TEXT + 20];
    const char *tag = run->s.client.family == 6 ? "IPv6:" : "";

    pl_addr_format(addr, &run->s.client);
    snprintf(line, sizeof(line), "EHLO [%s%s]", tag, addr);
    if (!command(run, line))
        return false;
    run->utf8 = run->s.reply.code == 250 && smtp_reply_has(&run->s.reply, pl_str_lit("SMTPUTF8"));
    run->r->offers_xclient |=
        run->s.reply.code == 250 && smtp_reply_has(&run->s.reply, pl_str_lit("XCLIENT"));
    if (run->s.reply.code >= 500) {
        snprintf(line, sizeof(line), "HELO [%s%s]", tag, addr);
        return command(run, line);
    }
    return true;
}

/* XCLIENT: the server is to take us for somebody else. */
static bool pretend(struct run *run)
{
    const struct pl_addr *as = run->plan->as;
    char addr[PL_ADDR_TEXT], line[PL_ADDR_TEXT + 60];

    if (!run->r->offers_xclient) {
        say_why(run, "--as needs XCLIENT, which the server does not offer to this client "
                     "(smtpd_authorized_xclient_hosts)");
        run->given_up = true;
        return false;
    }
    snprintf(line, sizeof(line), "XCLIENT NAME=[UNAVAILABLE] ADDR=%s%s",
             as->family == 6 ? "IPV6:" : "", pl_addr_format(addr, as));
    if (!command(run, line))
        return false;
    if (run->s.reply.code != 220 && run->s.reply.code != 421) {
        note_reply(run, "XCLIENT was answered");
        run->given_up = true;
        return false;
    }
    return run->s.reply.code == 220 && hello(run);
}

/* The first word of the greeting, if it is a host name. */
static const char *take_host(struct pl_arena *arena, const struct smtp_reply *greeting)
{
    struct pl_str word = {greeting->text, greeting->n};
    struct pl_domain d;
    const char *why;

    word.n = pl_str_find(word, '\n');
    word = pl_str_from(word, word.n < 4 ? word.n : 4);
    if (word.n > 0 && word.p[word.n - 1] == '\r')
        word.n--;
    word.n = pl_str_find(word, ' ');
    if (!pl_domain_parse(&d, word, &why) || pl_domain_is_literal(&d))
        return NULL;
    return pl_arena_copy(arena, pl_domain_str(&d)).p;
}

static bool greet(struct run *run)
{
    struct probe_result *r = run->r;
    bool refused;

    if (!smtp_connect(&run->s, (const struct sockaddr *)&r->target->addr, r->target->len,
                      run->plan->bind, &refused)) {
        r->nobody = refused && !r->asked;
        if (refused) {
            say_why(run, "%s", run->s.why);
            run->given_up = true;
        }
        return false;
    }
    if (run->s.reply.code != 220) {
        if (run->s.reply.code != 421) {
            note_reply(run, "the greeting is");
            run->given_up = true;
        }
        return false;
    }
    if (!r->asked)
        r->host = take_host(r->arena, &run->s.reply);
    r->asked = true;
    if (!hello(run) || (run->plan->as != NULL && run->s.reply.code == 250 && !pretend(run)))
        return false;
    if (run->s.reply.code != 250 && run->s.reply.code != 421) {
        note_reply(run, "HELO was answered");
        run->given_up = true;
    }
    return run->s.reply.code == 250;
}

/* A session that can take another recipient; false when it is given up. */
static bool ready(struct run *run)
{
    if (run->s.fd >= 0 && run->errors >= run->errors_max) {
        command(run, "QUIT");
        smtp_close(&run->s);
    }
    while (run->s.fd < 0 && !run->given_up) {
        run->errors = 0;
        run->s.reply.code = 0;
        if (!greet(run) && !run->given_up)
            lost(run);
        else if (run->given_up)
            break;
    }
    if (run->given_up) {
        if (run->s.fd < 0 && run->why[0] == '\0')
            say_why(run, "%s", run->s.why);
        smtp_close(&run->s);
    }
    return !run->given_up;
}

/* Postfix's defer_unauth_destination refuses relaying with 454. */
static bool defers_relaying(const struct smtp_reply *reply)
{
    return reply->code / 100 == 4 && smtp_reply_speaks_of(reply, pl_str_lit("relay access denied"));
}

static void settle(struct run *run, struct probe_try *t, enum probe_outcome outcome,
                   const char *what)
{
    struct pl_str text = smtp_reply_last(&run->s.reply);
    struct pl_buf b = {0};

    pl_buf_add(&b, pl_str_of(what));
    pl_buf_add(&b, text);
    t->outcome = outcome;
    t->code = run->s.reply.code;
    t->text = pl_arena_copy(run->r->arena, pl_buf_str(&b));
    pl_buf_fini(&b);
    if (outcome == PROBE_REFUSED && t->kind != FORM_OURS)
        run->r->speaks_of_relaying |= smtp_reply_speaks_of(&run->s.reply, pl_str_lit("relay"));
}

/* What the reply to RCPT, or to MAIL if that was none of 2xx, says of a form. */
static void judge(struct run *run, struct probe_try *t, bool at_mail)
{
    unsigned code = run->s.reply.code;

    run->errors += code >= 400;
    if (at_mail && !(t->own_sender && code >= 500 && code != 530))
        settle(run, t, PROBE_TROUBLE, "MAIL FROM: ");
    else if (code / 100 == 2)
        settle(run, t, PROBE_ACCEPTED, "");
    else if ((code >= 500 && code != 503) || defers_relaying(&run->s.reply))
        settle(run, t, PROBE_REFUSED, at_mail ? "MAIL FROM: " : "");
    else
        settle(run, t, PROBE_TROUBLE, "");
}

/* MAIL, RCPT, RSET; false when the session was lost before the form was answered. */
static bool transact(struct run *run, struct probe_try *t)
{
    struct pl_buf line = {0};
    bool ok, at_mail;

    pl_buf_addf(&line, "MAIL FROM:%s%s", t->from.p, t->utf8 ? " SMTPUTF8" : "");
    ok = smtp_command(&run->s, pl_buf_str(&line)) && run->s.reply.code != 421;
    at_mail = ok && run->s.reply.code / 100 != 2;
    if (ok && !at_mail) {
        pl_buf_reset(&line);
        pl_buf_add(&line, pl_str_lit("RCPT TO:"));
        pl_buf_add(&line, t->to);
        ok = smtp_command(&run->s, pl_buf_str(&line)) && run->s.reply.code != 421;
    }
    pl_buf_fini(&line);
    if (!ok) {
        lost(run);
        return false;
    }
    judge(run, t, at_mail);
    run->dead = run->busy = 0;
    if (!command(run, "RSET") || run->s.reply.code != 250)
        smtp_close(&run->s);
    return true;
}

static void try_form(struct run *run, struct probe_try *t)
{
    bool answered = false;
    struct pl_str why;

    for (unsigned dead = run->dead; !answered && run->dead < dead + 2 && ready(run);) {
        if (t->utf8 && !run->utf8) {
            t->outcome = PROBE_NOT_KNOWN;
            t->text = pl_str_lit("SMTPUTF8, which the server does not offer");
            return;
        }
        answered = transact(run, t);
    }
    if (answered)
        return;
    why = pl_arena_copy(run->r->arena, pl_str_of(run->why));
    t->outcome = PROBE_TROUBLE;
    t->text = why.p != NULL ? why : pl_str_lit("out of memory");
}

/* A line on standard error, taken away at the end: it counts, and no control sequence is needed. */
static void show_progress(const struct run *run, size_t done)
{
    int width;

    if (!isatty(STDERR_FILENO))
        return;
    width = fprintf(stderr, "\r%s: %zu of %zu", run->r->target->text, done, run->r->ntries) - 1;
    if (done == run->r->ntries)
        fprintf(stderr, "\r%*s\r", width, "");
}

static void ask_control(struct run *run)
{
    struct probe_try *t = &run->r->control;
    struct pl_buf b = {0};

    snprintf(t->id, sizeof(t->id), "control");
    t->kind = FORM_OURS;
    pl_buf_addf(&b, "<%s>", run->plan->control);
    t->to = pl_arena_copy(run->r->arena, pl_buf_str(&b));
    pl_buf_reset(&b);
    pl_buf_addf(&b, "<%s>", run->plan->sender);
    t->from = pl_arena_copy(run->r->arena, pl_buf_str(&b));
    pl_buf_fini(&b);
    if (t->to.p != NULL && t->from.p != NULL)
        try_form(run, t);
}

/* Which list of the policy says that this client may relay. */
static const char *find_trust(const struct probe_plan *plan, const struct pl_addr *client)
{
    static const enum pl_boundary lists[] = {PL_BOUNDARY_RELAY_NETWORKS, PL_BOUNDARY_RELAY_BY_RULE,
                                             PL_BOUNDARY_PERMITTED_ELSEWHERE};
    char text[PL_ADDR_TEXT];
    struct pl_query q = {0};

    if (plan->policy == NULL)
        return NULL;
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_of(pl_addr_format(text, client));
    pl_query_read(&q);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (pl_set_match(&plan->policy->boundary[lists[i]], plan->policy, &q,
                         PL_ATTR_CLIENT_ADDRESS)
                .holds)
            return pl_boundary_name(lists[i]);
    }
    return NULL;
}

/* Whether a form was tried in vain; the first of them is told. */
static bool tell_trouble(struct probe_result *r)
{
    struct pl_quote q;

    for (size_t i = 0; i < r->ntries; i++) {
        const struct probe_try *t = &r->tries[i];

        if (t->kind == FORM_OURS || t->outcome != PROBE_TROUBLE)
            continue;
        if (t->code == 530)
            snprintf(
                r->why, sizeof(r->why),
                "the server wants STARTTLS or a login first, which this command does not speak");
        else
            snprintf(r->why, sizeof(r->why), "%zu answered with nothing that counts, %s first: %s",
                     probe_count(r, false, PROBE_TROUBLE), t->id, pl_quote(&q, t->text));
        return true;
    }
    return false;
}

static void conclude(struct probe_result *r, const struct probe_plan *plan, const char *why)
{
    size_t open = probe_count(r, false, PROBE_ACCEPTED);
    enum probe_outcome control = r->control.id[0] != '\0' ? r->control.outcome : PROBE_NOT_KNOWN;

    r->verdict = PROBE_UNKNOWN;
    if (!r->asked)
        snprintf(r->why, sizeof(r->why), "%s", why);
    else if (open > 0 && r->trusted != NULL)
        snprintf(r->why, sizeof(r->why),
                 "by %s of %s this client may relay, so it shows nothing that it could", r->trusted,
                 plan->policy_path);
    else if (open > 0)
        r->verdict = PROBE_OPEN;
    else if (tell_trouble(r))
        return;
    else if (control == PROBE_REFUSED && plan->control_named)
        snprintf(r->why, sizeof(r->why),
                 "the server refuses its own recipient, too: it may refuse everything");
    else if (control != PROBE_ACCEPTED && !r->speaks_of_relaying)
        snprintf(r->why, sizeof(r->why),
                 "no refusal speaks of relaying: the server may refuse everything");
    else
        r->verdict = PROBE_CLOSED;
}

bool probe_run(struct probe_result *r, const struct probe_plan *plan,
               const struct probe_target *target)
{
    struct run run = {.r = r, .plan = plan, .errors_max = ERRORS_MAX};
    bool ok;

    *r = (struct probe_result){.arena = pl_arena_new(), .target = target};
    if (r->arena == NULL)
        return false;
    run.s.fd = -1;
    run.s.seconds = plan->seconds;
    ok = true;
    if (ready(&run)) {
        r->client = plan->as != NULL ? *plan->as : run.s.client;
        r->trusted = find_trust(plan, &r->client);
        if (plan->control != NULL)
            ask_control(&run);
        ok = probe_list(r, plan);
        for (size_t i = 0; ok && i < r->ntries; i++) {
            if (r->tries[i].outcome != PROBE_NOT_KNOWN)
                try_form(&run, &r->tries[i]);
            show_progress(&run, i + 1);
        }
    } else {
        r->asked = false;
    }
    if (run.s.fd >= 0)
        command(&run, "QUIT");
    smtp_close(&run.s);
    conclude(r, plan, run.why);
    return ok;
}

void probe_result_fini(struct probe_result *r)
{
    pl_arena_free(r->arena);
}
