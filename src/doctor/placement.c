/* SPDX-License-Identifier: BSD-2-Clause */
/* Where we are asked, and what our answers do there: the table of docs/adr and postlatch(1). */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

bool grants(const struct pl_policy *p)
{
    static const enum pl_boundary lists[] = {
        PL_BOUNDARY_RELAY_NETWORKS, PL_BOUNDARY_RELAY_CLIENT_NAMES, PL_BOUNDARY_RELAY_USERS,
        PL_BOUNDARY_RELAY_CLIENTCERTS};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (p->boundary[lists[i]].in_count > 0 || p->boundary[lists[i]].in_words != 0)
            return true;
    }
    for (size_t i = 0; i < p->nwritten; i++) {
        if (permits_action(p->rules[i].action->source))
            return true;
    }
    return p->nlisteners > 0;
}

static const char *name_of(enum pl_smtpd_list list)
{
    return pl_smtpd_list_name(list);
}

/* The list that ought to ask us, with us in front. */
static void say_ask(struct look *k, const char *code, const char *why, const char *what)
{
    const struct items *relay = &k->lists[PL_LIST_RELAY];
    struct edit e = {.ours_first = true};
    struct pl_buf lines = {0}, file = {0};

    e.last = "reject_unauth_destination";
    for (size_t i = 0; i < relay->count; i++) { /* what would permit before or beside us */
        const struct pl_restriction *r = &relay->item[i].r;

        if (r->effect == PL_RESTRICT_PERMIT_ALL || relay->item[i].ours)
            e.drop[relay->item[i].top] = true;
        else if (!r->warn_only &&
                 (r->effect == PL_RESTRICT_CLOSE || r->effect == PL_RESTRICT_REJECT_ALL))
            e.last = NULL;
    }
    write_list(k, PL_LIST_RELAY, &e, &lines, &file);
    pl_doctor_say(k->d, PL_FINDING_FAULT, code, k->at, text_of(&file), text_of(&lines), why, "%s",
                  what);
    pl_buf_fini(&lines);
    pl_buf_fini(&file);
}

/* Nobody asks us at this listener; as smtpd runs, something refuses strangers all the same. */
static void not_asked(struct look *k)
{
    struct pl_str name = k->l->service->name;
    size_t colon = pl_str_rfind(name, ':');
    char lines[100];

    if (colon < name.n)
        name = pl_str_from(name, colon + 1);
    snprintf(lines, sizeof(lines), "127.0.0.1:%.*s", (int)name.n, name.p);
    if (pl_master_is_reinjection(k->l->service) && pl_master_is_loopback(k->l->service))
        pl_doctor_say(k->d, PL_FINDING_NOTE, "reinjection-listener", k->at, "", "",
                      "Only this host reaches it; what it lets relay is Postfix's word alone.",
                      "a content filter's way back: it does not ask postlatch, and refuses "
                      "strangers");
    else if (pl_master_is_reinjection(k->l->service))
        pl_doctor_say(k->d, PL_FINDING_FAULT, "reinjection-exposed", k->at,
                      "master.cf, the service's name", lines,
                      "Whoever reaches it goes past the filter and past postlatch.",
                      "a content filter's way back that not only this host reaches");
    else
        say_ask(
            k, "not-asked",
            "Whatever the policy says, it does not count for clients that come in here: Postfix's "
            "own lists decide.",
            "no list of this listener asks postlatch where relaying is decided");
}

/* Postfix wants one of these words in one of both lists, before any permit. */
static bool has_required(const struct items *items)
{
    static const char *const wanted[] = {
        "reject_unauth_destination", "defer_unauth_destination", "reject", "defer",
        "defer_if_permit",           "check_relay_domains"};

    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->item[i];

        if (item->r.warn_only)
            continue;
        for (size_t n = 0; n < sizeof(wanted) / sizeof(wanted[0]); n++) {
            if (pl_str_eq_fold(item->r.word, pl_str_of(wanted[n])))
                return true;
        }
        if (item->r.effect != PL_RESTRICT_PERMIT_ALL)
            continue;
        if (item->class.n == 0)
            return false;
        while (i + 1 < items->count && items->item[i + 1].top == item->top) /* of its class */
            i++;
    }
    return false;
}

/* Lists for other commands: what our answers are worth there. */
static void look_at_other_lists(struct look *k)
{
    static const enum pl_smtpd_list early[] = {PL_LIST_CLIENT, PL_LIST_HELO, PL_LIST_SENDER},
                                    late[] = {PL_LIST_DATA, PL_LIST_END_OF_DATA, PL_LIST_ETRN};

    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
        if (first_of_ours(&k->lists[early[i]]) == NONE)
            continue;
        if (pl_str_eq_fold(pl_postconf_value(&k->l->pc, "smtpd_delay_reject"), pl_str_lit("no")))
            pl_doctor_say(k->d, PL_FINDING_FAULT, "no-delay-reject", k->at, "main.cf",
                          "smtpd_delay_reject = yes",
                          "It is asked before there is a recipient. The built-in rules answer "
                          "DUNNO to that; only rules with a protocol_state of their own count.",
                          "%s asks postlatch, and smtpd_delay_reject is no", name_of(early[i]));
        pl_doctor_say(k->d, PL_FINDING_NOTE, "early-list", k->at, "", "",
                      "A refusal there counts. An OK lets nobody relay: it only skips what "
                      "stands behind it in this list.",
                      "%s asks postlatch", name_of(early[i]));
    }
    for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
        if (first_of_ours(&k->lists[late[i]]) != NONE)
            pl_doctor_say(k->d, PL_FINDING_NOTE, "late-list", k->at, "", "",
                          "The built-in rules answer DUNNO there; only rules with a protocol_state "
                          "of their own count. An OK lets nobody relay.",
                          "%s asks postlatch", name_of(late[i]));
    }
}

/* Neither list has a word that Postfix insists on: smtpd does not run. */
static bool refuses_to_run(struct look *k)
{
    const struct items *relay = &k->lists[PL_LIST_RELAY];
    struct edit e = {.last = "reject_unauth_destination"};
    struct pl_buf lines = {0}, file = {0};

    if (has_required(relay) || has_required(&k->lists[PL_LIST_RECIPIENT]))
        return false;
    e.ours_first = first_of_ours(relay) == NONE;
    for (size_t i = 0; i < relay->count; i++)
        e.drop[relay->item[i].top] |= relay->item[i].r.effect == PL_RESTRICT_PERMIT_ALL;
    write_list(k, PL_LIST_RELAY, &e, &lines, &file);
    pl_doctor_say(k->d, PL_FINDING_FAULT, "smtpd-stops", k->at, text_of(&file), text_of(&lines),
                  "smtpd ends with an error before it greets: no mail comes in.",
                  "neither smtpd_relay_restrictions nor smtpd_recipient_restrictions has, before "
                  "any permit, reject_unauth_destination or another restriction that refuses");
    pl_buf_fini(&lines);
    pl_buf_fini(&file);
    return true;
}

/* What Postfix does on DUNNO where we are asked, told if the policy assumes otherwise. */
static void look_at_after(struct look *k, const struct items *items, size_t end)
{
    static const struct {
        const char *word;
        enum pl_after_dunno after;
    } ends[] = {{"reject_unauth_destination", PL_AFTER_REJECT_UNAUTH},
                {"defer_unauth_destination", PL_AFTER_DEFER_UNAUTH},
                {"reject", PL_AFTER_REJECT}};
    enum pl_after_dunno assumed = k->d->config->policy->after_dunno;
    struct pl_str is = items->item[end].r.word;
    const char *word = "reject"; /* defer and the like are as good */
    char line[80];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (!pl_str_eq_fold(is, pl_str_of(ends[i].word)))
            continue;
        if (ends[i].after == assumed)
            return;
        word = ends[i].word;
    }
    if (strcmp(word, "reject") == 0 && assumed == PL_AFTER_REJECT)
        return;
    snprintf(line, sizeof(line), "after_dunno = %s", word);
    pl_doctor_say(k->d, assumed == PL_AFTER_PERMIT ? PL_FINDING_FAULT : PL_FINDING_NOTE,
                  "fact-after-dunno", k->at, "postlatch.conf", line,
                  "The verdict of postlatch check rests on after_dunno; it should say the worst "
                  "over all places that ask us.",
                  "after DUNNO comes %s, and the policy assumes otherwise", word);
}

/* What comes behind an OK of ours, is skipped by it, and may be wanted for those who get it. */
static void look_at_skipped(struct look *k, const struct items *items, size_t ours)
{
    struct pl_buf skipped = {0};

    for (size_t i = ours + 1; i < items->count; i++) {
        enum pl_restriction_effect e = items->item[i].r.effect;

        if (items->item[i].ours ||
            (e != PL_RESTRICT_REJECT_SOME && e != PL_RESTRICT_TABLE && e != PL_RESTRICT_POLICY))
            continue;
        pl_buf_addf(&skipped, "%s%.*s", skipped.n > 0 ? ", " : "", (int)items->item[i].r.word.n,
                    items->item[i].r.word.p);
    }
    if (skipped.n > 0 && grants(k->d->config->policy))
        pl_doctor_say(k->d, PL_FINDING_NOTE, "skipped-by-ok", k->at, "", "",
                      "An OK ends the list: whoever may relay by our word is not put to them.",
                      "%s: behind postlatch stand %s", name_of(items->list), skipped.p);
    pl_buf_fini(&skipped);
}

/* In observe mode we say no OK: whoever may relay needs Postfix's own permits behind us. */
static void look_at_observe(struct look *k, const struct items *items, size_t ours, size_t end)
{
    struct edit e = {0};
    struct pl_buf lines = {0}, file = {0}, last = {0};

    if (k->d->config->policy->mode != PL_MODE_OBSERVE || !grants(k->d->config->policy))
        return;
    for (size_t i = ours + 1; i < items->count && (end == NONE || i < end); i++) {
        if (items->item[i].r.effect == PL_RESTRICT_PERMIT_SOME)
            return;
    }
    pl_buf_add(&last, pl_str_lit("permit_mynetworks, permit_sasl_authenticated"));
    if (end != NONE) {
        e.drop[items->item[end].top] = true;
        pl_buf_addf(&last, ", %.*s", (int)items->item[end].r.word.n, items->item[end].r.word.p);
    }
    e.last = text_of(&last);
    write_list(k, items->list, &e, &lines, &file);
    pl_doctor_say(
        k->d, PL_FINDING_FAULT, "observe-without-permits", k->at, text_of(&file), text_of(&lines),
        "With mode = observe postlatch never answers OK: whoever may relay by the policy "
        "is refused, unless Postfix's own permits stand behind.",
        "%s: mode is observe, and behind postlatch nothing permits", name_of(items->list));
    pl_buf_fini(&lines);
    pl_buf_fini(&file);
    pl_buf_fini(&last);
}

/* We are asked where a permit is needed to relay: before anything refuses. */
static void decides(struct look *k, const struct items *items, size_t ours)
{
    size_t end = find_end(items, ours + 1), rcpt_end = find_end(&k->lists[PL_LIST_RECIPIENT], 0);
    struct pl_policy_service s;
    struct pl_str part;
    const char *why;

    look_at_permits(k, items->list, ours);
    if (closes(items, end))
        look_at_after(k, items, end);
    else if (closes(&k->lists[PL_LIST_RECIPIENT], rcpt_end))
        look_at_after(k, &k->lists[PL_LIST_RECIPIENT], rcpt_end);
    look_at_skipped(k, items, ours);
    look_at_observe(k, items, ours, end);
    if (pl_policy_service_read(&s, items->item[ours].r.arg, &part, &why))
        pl_doctor_say(k->d, PL_FINDING_OK, "", k->at, "", "", NULL,
                      "%s asks %.*s, and an OK there lets relay", name_of(items->list),
                      (int)s.endpoint.n, s.endpoint.p);
}

/* We are asked, but a permit of ours changes nothing: something refuses all the same. */
static void useless(struct look *k, enum pl_smtpd_list asked, size_t ours, const char *because)
{
    const struct items *items = &k->lists[asked];
    const struct items *rcpt = &k->lists[PL_LIST_RECIPIENT];
    size_t end = find_end(rcpt, 0);
    struct edit e = {0};
    struct pl_buf lines = {0}, file = {0};
    char what[256];

    k->l->asks = true;
    look_at_permits(k, asked, ours);
    if (!grants(k->d->config->policy)) {
        pl_doctor_say(
            k->d, PL_FINDING_OK, "", k->at, "", "", NULL,
            "%s asks postlatch behind what refuses; the policy lets nobody relay, so that "
            "no OK of it is lost",
            name_of(asked));
        return;
    }
    snprintf(what, sizeof(what), "%s: %s, so that an OK of postlatch lets nobody relay",
             name_of(asked), because);
    if (asked == PL_LIST_RELAY && first_of_ours(items) < find_end(items, 0) && closes(rcpt, end)) {
        e.drop[rcpt->item[end].top] = true;
        write_list(k, PL_LIST_RECIPIENT, &e, &lines, &file);
        pl_doctor_say(k->d, PL_FINDING_FAULT, "useless-ok", k->at, text_of(&file), text_of(&lines),
                      "Clients and logins that the policy lets relay are refused by Postfix.", "%s",
                      what);
        pl_buf_fini(&lines);
        pl_buf_fini(&file);
        return;
    }
    say_ask(k, "useless-ok",
            "Clients and logins that the policy lets relay are refused by Postfix.", what);
}

void look_at_placement(struct look *k)
{
    const struct items *relay = &k->lists[PL_LIST_RELAY], *rcpt = &k->lists[PL_LIST_RECIPIENT];
    size_t r = first_of_ours(relay), p = first_of_ours(rcpt);
    size_t relay_end = find_end(relay, 0), rcpt_end = find_end(rcpt, 0);
    bool relay_closed = closes(relay, relay_end), rcpt_closed = closes(rcpt, rcpt_end);

    look_at_other_lists(k);
    if (refuses_to_run(k))
        return;
    k->l->asks = r != NONE || p != NONE;
    if (r != NONE && r < relay_end) {
        if (rcpt_closed && (p == NONE || p > rcpt_end))
            useless(k, PL_LIST_RELAY, r, "smtpd_recipient_restrictions refuses afterwards");
        else
            decides(k, relay, r);
    } else if (p != NONE && p < rcpt_end) {
        if (relay_closed)
            useless(k, PL_LIST_RECIPIENT, p, "smtpd_relay_restrictions refuses before");
        else
            decides(k, rcpt, p);
    } else if (r != NONE || p != NONE) {
        const struct items *asked = r != NONE ? relay : rcpt;
        size_t at = r != NONE ? r : p;

        if (closes(asked, find_end(asked, 0))) {
            useless(k, asked->list, at, "it stands behind a restriction that refuses");
        } else {
            say_ask(k, "never-asked", "The list ends before it comes to postlatch.",
                    "a permit stands before postlatch: it is never asked");
        }
    } else {
        not_asked(k);
    }
}
