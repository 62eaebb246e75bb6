/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands behind check_policy_service: whose socket it is, and how smtpd treats its failures. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_WAIT_S = 60 }; /* for one recipient; SMTP clients give up after minutes */

/* Where smtpd looks for the socket of "unix:path"; false if the path does not fit. */
static bool unix_path(const struct look *k, struct pl_str path, char *out, size_t size)
{
    struct pl_str queue = pl_postconf_value(&k->l->pc, "queue_directory");
    int n;

    if (path.n > 0 && path.p[0] == '/' && !k->chrooted)
        n = snprintf(out, size, "%.*s", (int)path.n, path.p);
    else
        n = snprintf(out, size, "%.*s%s%.*s", (int)queue.n, queue.n > 0 ? queue.p : "",
                     path.n > 0 && path.p[0] == '/' ? "" : "/", (int)path.n, path.p);
    return n > 0 && (size_t)n < size;
}

static bool is_our_path(const struct look *k, struct pl_str path, struct pl_endpoint *where)
{
    char full[512];

    if (!unix_path(k, path, full, sizeof(full)))
        return false;
    for (size_t i = 0; i < k->d->nours; i++) {
        if (pl_endpoint_is_unix(&k->d->ours[i]) &&
            strcmp(pl_endpoint_path(&k->d->ours[i]), full) == 0) {
            *where = k->d->ours[i];
            return true;
        }
    }
    return false;
}

/* "host:port" or "port" of an inet service: a literal address is compared, a name looked up. */
static bool is_our_address(const struct look *k, struct pl_str rest, struct pl_endpoint *where)
{
    size_t colon = pl_str_rfind(rest, ':');
    struct pl_str host = {rest.p, colon}, port = rest;
    char text[300];
    struct pl_endpoint e;
    const char *why;

    if (colon == rest.n)
        host = pl_str_lit("localhost");
    else
        port = pl_str_from(rest, colon + 1);
    for (size_t i = 0; i < k->d->nours; i++) {
        const struct pl_endpoint *o = &k->d->ours[i];
        struct pl_str ours = pl_str_of(o->text), our_port;

        if (pl_endpoint_is_unix(o))
            continue;
        our_port = pl_str_from(ours, pl_str_rfind(ours, ':') + 1);
        if (!pl_str_eq(our_port, port))
            continue;
        snprintf(text, sizeof(text), "inet:%.*s:%.*s", (int)host.n, host.p, (int)port.n, port.p);
        if (pl_endpoint_parse(&e, pl_str_of(text), &why)) {
            bool any = pl_str_has_prefix(ours, pl_str_lit("inet:0.0.0.0:")) ||
                       pl_str_has_prefix(ours, pl_str_lit("inet:[::]:"));

            if (strcmp(e.text, o->text) != 0 && !any)
                continue;
            *where = any ? e : *o;
            return true;
        }
        if (k->d->system.resolves(k->d->system.arg, host, o)) {
            *where = *o;
            return true;
        }
    }
    return false;
}

bool is_ours(const struct look *k, const struct pl_policy_service *s, struct pl_endpoint *where)
{
    size_t colon = pl_str_find(s->endpoint, ':');
    struct pl_str kind = {s->endpoint.p, colon}, rest;

    if (colon == s->endpoint.n)
        return false;
    rest = pl_str_from(s->endpoint, colon + 1);
    if (pl_str_eq(kind, pl_str_lit("unix")) || pl_str_eq(kind, pl_str_lit("local")))
        return is_our_path(k, rest, where);
    return pl_str_eq(kind, pl_str_lit("inet")) && is_our_address(k, rest, where);
}

bool permits_action(struct pl_str action)
{
    static const char *const permits[] = {"OK", "RELAY", "PERMIT", "DISCARD"};
    struct pl_str word = {action.p, 0};
    bool digits = true;

    action = pl_str_trim(action);
    word.p = action.p;
    while (word.n < action.n && action.p[word.n] != ' ' && action.p[word.n] != ',' &&
           action.p[word.n] != '\t')
        digits = pl_ascii_is_digit(action.p[word.n++]) && digits;
    if (word.n == 0)
        return true;
    for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++) {
        if (pl_str_eq_fold(word, pl_str_of(permits[i])))
            return true;
    }
    /* Digits alone are a permit; with text behind them they are a reply. */
    return (digits && word.n == action.n) || pl_str_has_prefix_fold(word, pl_str_lit("permit_"));
}

/* An option as it is in force: given, or smtpd_policy_service_…'s. */
static struct pl_str option(const struct look *k, const struct pl_policy_service *s,
                            enum pl_service_option o)
{
    char name[80];

    if (s->given[o])
        return s->option[o];
    snprintf(name, sizeof(name), "smtpd_policy_service_%s", pl_service_option_name(o));
    return pl_postconf_value(&k->l->pc, name);
}

/* The line with the service as it should be, in place of the one that is there. */
static void say_better(struct look *k, const struct pl_policy_service *s, const char *code,
                       const char *why, const char *what)
{
    struct pl_buf line = {0};
    struct pl_quote q;

    write_service(&line, k, s);
    k->mend = true;
    pl_doctor_say(k->d, PL_FINDING_FAULT, code, k->at,
                  "main.cf or master.cf, in place of this check_policy_service", text_of(&line),
                  why, "%s: %s", pl_quote(&q, s->endpoint), what);
    pl_buf_fini(&line);
}

/* The restriction that refuses a stranger after a DUNNO of ours; empty: none in this list or behind. */
static struct pl_str what_follows(const struct look *k, const struct items *items, size_t at)
{
    const struct items *rcpt = &k->lists[PL_LIST_RECIPIENT];
    size_t end = find_end(items, at + 1);

    if (!closes(items, end) && items->list == PL_LIST_RELAY) {
        items = rcpt;
        end = find_end(rcpt, 0);
    }
    return closes(items, end) ? items->item[end].r.word : (struct pl_str){NULL, 0};
}

static void look_at_default_action(struct look *k, const struct pl_policy_service *s,
                                   const struct items *items, size_t at)
{
    struct pl_str action = pl_str_trim(option(k, s, PL_SERVICE_DEFAULT_ACTION));
    bool observe = k->d->config->policy->mode == PL_MODE_OBSERVE;
    bool relay = items->list == PL_LIST_RELAY || items->list == PL_LIST_RECIPIENT;

    if (action.n > 0 && action.p[0] == '{') {
        say_better(k, s, "default-action-braces",
                   "Postfix takes the text in braces for a restriction and answers 451 Server "
                   "configuration error, with a mail to postmaster. Braces go around the whole "
                   "pair: { default_action = … }.",
                   "default_action has braces around its value");
    } else if (permits_action(action)) {
        say_better(k, s, "default-action-open",
                   opens_at(k, items, at)
                       ? "As soon as the daemon does not answer, everybody may relay."
                       : "As soon as the daemon does not answer, nothing behind it in this list "
                         "is asked.",
                   "default_action permits");
    } else if (relay && !observe && grants(k->d->config->policy) &&
               pl_str_eq_fold(action, pl_str_lit("DUNNO")) &&
               !pl_str_has_prefix_fold(what_follows(k, items, at), pl_str_lit("defer"))) {
        say_better(k, s, "default-action-bounces",
                   "When the daemon does not answer, whoever may relay by its word gets a "
                   "permanent 554, mail bounces, and fail2ban bans for that line.",
                   "default_action is DUNNO, and what stands behind rejects");
    } else if (pl_str_has_prefix_fold(action, pl_str_lit("REJECT")) ||
               (action.n > 0 && action.p[0] == '5')) {
        say_better(k, s, "default-action-bounces",
                   "When the daemon does not answer, all mail is refused for good instead of being "
                   "tried again.",
                   "default_action rejects");
    }
}

static void look_at_times(struct look *k, const struct pl_policy_service *s)
{
    unsigned long timeout, tries, delay;
    char what[160];

    if (!pl_postfix_seconds(option(k, s, PL_SERVICE_TIMEOUT), &timeout) ||
        !pl_postfix_seconds(option(k, s, PL_SERVICE_TRY_LIMIT), &tries) ||
        !pl_postfix_seconds(option(k, s, PL_SERVICE_RETRY_DELAY), &delay)) {
        say_better(k, s, "bad-time", "smtpd ends with an error when it starts.",
                   "timeout, try_limit or retry_delay cannot be read");
        return;
    }
    if (tries == 0 || timeout * tries + delay * (tries - 1) <= LONGEST_WAIT_S)
        return;
    snprintf(what, sizeof(what),
             "a daemon that hangs costs %lu s for each recipient (timeout %lu s, %lu tries)",
             timeout * tries + delay * (tries - 1), timeout, tries);
    say_better(k, s, "long-timeout",
               "So long an smtpd process is taken, and the client waits; it may give up before.",
               what);
}

static void add_place(struct look *k, const struct pl_policy_service *s,
                      const struct pl_endpoint *where, enum pl_smtpd_list list)
{
    struct pl_doctor *d = k->d;
    struct pl_doctor_place *grown = pl_grow(d->places, &d->places_cap, d->nplaces, sizeof(*grown));

    if (grown == NULL) {
        d->no_memory = true;
        return;
    }
    d->places = grown;
    d->places[d->nplaces++] =
        (struct pl_doctor_place){(size_t)(k->l - d->listeners), list, *s, k->chrooted, *where};
}

bool is_near_miss(const struct look *k, const struct pl_policy_service *s)
{
    if (!pl_str_has_prefix(s->endpoint, pl_str_lit("unix:/")) || !k->chrooted)
        return false;
    for (size_t i = 0; i < k->d->nours; i++) {
        if (pl_str_eq(pl_str_from(s->endpoint, 5), pl_str_of(pl_endpoint_path(&k->d->ours[i]))))
            return true;
    }
    return false;
}

/* One that smtpd cannot use as it is: *line in its place. */
static void say_broken(struct look *k, const char *code, const char *why, const char *list,
                       struct pl_str part, const char *what)
{
    struct pl_buf line = {0};
    struct pl_quote q;

    k->mend = true;
    write_service(&line, k, NULL);
    pl_doctor_say(k->d, PL_FINDING_FAULT, code, k->at,
                  "main.cf or master.cf, in place of this check_policy_service", text_of(&line),
                  why, "%s: %s: %s", list, pl_quote(&q, part), what);
    pl_buf_fini(&line);
}

static void look_at_item(struct look *k, const struct items *items, size_t i)
{
    static const char expected[] =
        "expected a service, as unix:private/postlatch or inet:127.0.0.1:10071";
    const struct item *item = &items->item[i];
    const char *list = pl_smtpd_list_name(items->list), *why = expected;
    struct pl_policy_service s;
    struct pl_endpoint where;
    struct pl_str part;
    bool ok = pl_policy_service_read(&s, item->r.arg, &part, &why);

    if (ok && pl_str_find(s.endpoint, ':') == s.endpoint.n) {
        ok = false;
        part = s.endpoint;
    }
    if (!ok) {
        say_broken(k, "bad-service",
                   "smtpd ends with an error as soon as a client connects: no mail comes in.", list,
                   part, why);
    } else if (is_near_miss(k, &s)) {
        say_broken(k, "path-in-chroot",
                   "A chrooted smtpd looks for it below the queue directory, does not find it, and "
                   "answers with default_action.",
                   list, s.endpoint, "an absolute path, and this smtpd is chrooted");
    } else if (is_ours(k, &s, &where)) {
        add_place(k, &s, &where, items->list);
        look_at_default_action(k, &s, items, i);
        look_at_times(k, &s);
    }
}

void look_at_services(struct look *k)
{
    for (unsigned list = 0; list < PL_LIST_COUNT; list++) {
        const struct items *items = &k->lists[list];

        for (size_t i = 0; i < items->count; i++) {
            if (items->item[i].r.effect == PL_RESTRICT_POLICY && items->item[i].r.arg.n > 0)
                look_at_item(k, items, i);
        }
    }
}
