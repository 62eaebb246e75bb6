/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch probe: a relay test of one's own server, over SMTP. */
#include "cli.h"
#include "probe.h"

#include "postlatch/quote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESS_MAX = 320, SECONDS_DEFAULT = 30, SECONDS_MAX = 600 };

#define SENDER_DEFAULT "relay-test@example.net"
#define FOREIGN_DEFAULT "relay-test@example.com"

/* A mail address that is put into forms: nothing in it may mean something by itself there. */
struct address {
    char whole[ADDRESS_MAX], local[ADDRESS_MAX], domain[ADDRESS_MAX];
};

/* struct question - what was asked, read; plan has views into it */
struct question {
    struct address from, to, ours;
    struct pl_addr bind, as;
    char domains[PROBE_DOMAINS][PL_DOMAIN_MAX + 1];
    char control[PL_DOMAIN_MAX + 20];
    struct pl_config config;
    struct probe_plan plan;
};

static bool take_address(struct address *a, const char *option, const char *text)
{
    struct pl_str s = pl_str_of(text);
    size_t at = pl_str_rfind(s, '@');
    bool plain = at > 0 && at + 1 < s.n && s.n < ADDRESS_MAX && s.p[0] != '-' && s.p[0] != '.';
    struct pl_domain d;
    struct pl_quote q;
    const char *why;

    for (size_t i = 0; plain && i < s.n; i++)
        plain = i == at || pl_ascii_is_alnum(s.p[i]) || strchr("._+-=", s.p[i]) != NULL;
    if (!plain || !pl_domain_parse(&d, pl_str_from(s, at + 1), &why)) {
        trouble("probe: %s %s: expected local@domain, of letters, digits and . _ + - = only",
                option, pl_quote(&q, s));
        return false;
    }
    snprintf(a->whole, sizeof(a->whole), "%s", text);
    snprintf(a->local, sizeof(a->local), "%.*s", (int)at, text);
    snprintf(a->domain, sizeof(a->domain), "%s", d.text);
    return true;
}

static bool take_ip(struct pl_addr *addr, const char *option, const char *text)
{
    struct pl_quote q;

    if (pl_addr_parse(addr, pl_str_of(text)))
        return true;
    trouble("probe: %s %s: expected an IP address", option, pl_quote(&q, pl_str_of(text)));
    return false;
}

/* The first domains of accepted_domains that can be put into forms. */
static void take_domains(struct question *q)
{
    const struct pl_set *ours = &q->config.policy->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS];
    struct probe_plan *plan = &q->plan;

    for (size_t i = 0; i < ours->in_count; i++) {
        const struct pl_table *t = ours->in[i].table;

        for (size_t e = 0; t != NULL && e < t->count && plan->ndomains < PROBE_DOMAINS; e++) {
            struct pl_domain d;
            const char *why;
            bool known = false;

            if (t->entries[e].text.p[0] == '.' || !pl_domain_parse(&d, t->entries[e].text, &why) ||
                pl_domain_is_literal(&d))
                continue;
            for (size_t k = 0; k < plan->ndomains; k++)
                known |= strcmp(plan->domains[k], d.text) == 0;
            if (known)
                continue;
            memcpy(q->domains[plan->ndomains], d.text, sizeof(d.text));
            plan->domains[plan->ndomains] = q->domains[plan->ndomains];
            plan->ndomains++;
        }
    }
}

/* The policy, if there is one: without -c the default file need not be there. */
static bool take_policy(struct question *q, const char *path)
{
    if (strcmp(path, PL_CONFIG_DEFAULT) == 0 && access(path, R_OK) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            trouble("probe: without the policy: %s: %s", path, strerror(errno));
        return true;
    }
    if (!load(&q->config, path))
        return false;
    q->plan.policy = q->config.policy;
    q->plan.policy_path = path;
    return true;
}

/* What the options say; false after printing what is wrong. */
static bool read_question(struct question *q, const struct arguments *a)
{
    struct probe_plan *plan = &q->plan;
    const char *from = a->from != NULL ? a->from : SENDER_DEFAULT;
    unsigned long seconds = SECONDS_DEFAULT;

    if (a->count != 1) {
        trouble("probe: expected one HOST:PORT; see postlatch probe --help");
        return false;
    }
    if (a->timeout != NULL && !pl_str_to_number(pl_str_of(a->timeout), 1, SECONDS_MAX, &seconds)) {
        trouble("probe: --timeout \"%s\": expected a number from 1 to %d", a->timeout, SECONDS_MAX);
        return false;
    }
    plan->seconds = (int)seconds;
    if (strcmp(from, "<>") != 0 && strcmp(from, "") != 0 && !take_address(&q->from, "--from", from))
        return false;
    if (!take_address(&q->to, "--to", a->to != NULL ? a->to : FOREIGN_DEFAULT) ||
        (a->ours != NULL && !take_address(&q->ours, "--ours", a->ours)) ||
        (a->bind != NULL && !take_ip(&q->bind, "--bind", a->bind)) ||
        (a->as != NULL && !take_ip(&q->as, "--as", a->as)) || !take_policy(q, a->config))
        return false;
    plan->sender = q->from.whole;
    plan->words.victim = q->to.local;
    plan->words.foreign = q->to.domain;
    plan->words.user = a->ours != NULL ? q->ours.local : "postmaster";
    plan->bind = a->bind != NULL ? &q->bind : NULL;
    plan->as = a->as != NULL ? &q->as : NULL;
    if (a->ours != NULL) {
        plan->domains[plan->ndomains++] = q->ours.domain;
        plan->control = q->ours.whole;
        plan->control_named = true;
    }
    if (plan->policy != NULL)
        take_domains(q);
    if (plan->control == NULL && plan->ndomains > 0) {
        snprintf(q->control, sizeof(q->control), "postmaster@%s", plan->domains[0]);
        plan->control = q->control;
    }
    return true;
}

/* A recipient that is said to be foreign must not be ours. */
static bool is_foreign(const struct question *q)
{
    struct pl_query query = {0};

    query.attr[PL_ATTR_RECIPIENT] = pl_str_of(q->to.whole);
    pl_query_read(&query);
    if ((q->plan.policy == NULL || !pl_policy_is_ours(q->plan.policy, &query, PL_ATTR_RECIPIENT)) &&
        strcmp(q->to.domain, q->ours.domain) != 0)
        return true;
    trouble("probe: --to \"%s\" is a recipient of the server's own; name one elsewhere",
            q->to.whole);
    return false;
}

static enum probe_verdict verdict_of(const struct probe_result *results, size_t count, bool left)
{
    size_t of[PROBE_UNKNOWN + 1] = {0};

    for (size_t i = 0; i < count; i++) {
        if (!results[i].nobody)
            of[results[i].verdict]++;
    }
    if (of[PROBE_OPEN] > 0)
        return PROBE_OPEN;
    return of[PROBE_UNKNOWN] > 0 || of[PROBE_CLOSED] == 0 || left ? PROBE_UNKNOWN : PROBE_CLOSED;
}

/* Whether an address is asked; said if it is not. */
static bool may_ask(const struct probe_plan *plan, const struct probe_target *target)
{
    bool same = plan->bind == NULL || plan->bind->family == target->ip.family;

    if (!target->allowed)
        trouble("probe: %s is no address of this host, and was not asked; if it is your server, "
                "add --i-own-this-host",
                target->text);
    else if (!same)
        trouble("probe: %s was not asked: the address of --bind is of the other family",
                target->text);
    return target->allowed && same;
}

/*
 * Each address that may be asked. Open: one of them is. Closed: all are that somebody listens at, and
 * none was left out.
 */
static int probe_all(const struct question *q, const struct probe_target *targets, size_t count,
                     bool json)
{
    static const int statuses[] = {EXIT_FINE, EXIT_FOUND, EXIT_TROUBLE};
    struct probe_result results[PROBE_TARGETS] = {0};
    enum probe_verdict verdict;
    bool left = false, ok = true;
    size_t asked = 0;

    for (size_t i = 0; ok && i < count; i++) {
        if (!may_ask(&q->plan, &targets[i])) {
            left = true;
            continue;
        }
        ok = probe_run(&results[asked++], &q->plan, &targets[i]);
        if (ok && !json)
            probe_tell(&results[asked - 1], &q->plan);
    }
    verdict = verdict_of(results, asked, left);
    if (!ok)
        trouble("out of memory");
    else if (json && asked > 0)
        probe_tell_json(results, asked, verdict, &q->plan);
    else if (asked > 1)
        printf("\nall addresses: %s\n", probe_verdict_word(verdict));
    for (size_t i = 0; i < asked; i++)
        probe_result_fini(&results[i]);
    return ok ? statuses[verdict] : EXIT_TROUBLE;
}

int cmd_probe(const struct arguments *a)
{
    struct probe_target targets[PROBE_TARGETS];
    struct question q = {0};
    char why[PROBE_WHY];
    size_t count;
    int status = EXIT_TROUBLE;

    if (!read_question(&q, a) || !is_foreign(&q))
        goto out;
    count = probe_find_targets(targets, a->words[0], a->i_own_this_host, why);
    if (count == 0)
        trouble("probe: %s", why);
    else
        status = probe_all(&q, targets, count, a->json);
out:
    pl_config_fini(&q.config);
    return status;
}
