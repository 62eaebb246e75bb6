/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a list of restrictions when we are asked in it.
 *
 * To observe, the list stays as it is and we stand in front of it. To enforce, we stand in front of the first restriction
 * that could let a client out; what only refuses and stands before it goes on to do so.
 */
#include "snippet.h"

#include "postlatch/buf.h"
#include "postlatch/quote.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 200 }; /* restrictions of one list */

/* The list, taken apart, without us. */
struct parts {
    struct pl_restriction items[MOST];
    struct pl_str texts[MOST]; /* word and argument as written, warn_if_reject included */
    size_t count;
    bool had_us;
};

/* Permits whose work the boundary of a policy does. */
static const struct replaced {
    const char *word;
    const char *by;
} replaced[] = {
    {"permit_mynetworks", "relay_networks"},
    {"permit_sasl_authenticated", "relay_users"},
    {"permit_tls_clientcerts", "relay_clientcerts"},
    {"permit_inet_interfaces", "relay_networks"},
};

static const struct replaced *find_replaced(const struct pl_restriction *r)
{
    for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++) {
        if (pl_str_eq_fold(r->word, pl_str_of(replaced[i].word)))
            return &replaced[i];
    }
    return NULL;
}

static bool is_us(const struct snippet *s, const struct pl_restriction *r)
{
    struct pl_policy_service service;
    struct pl_str part;
    const char *why;

    return r->effect == PL_RESTRICT_POLICY &&
           pl_policy_service_read(&service, r->arg, &part, &why) &&
           pl_str_eq(service.endpoint, s->endpoint);
}

/* Of two lists put together: what has been asked once need not be asked again. */
static bool stands_already(const struct parts *parts, struct pl_str text)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (pl_str_eq_fold(parts->texts[i], text))
            return true;
    }
    return false;
}

static bool take_apart(struct snippet *s, struct parts *parts, struct pl_str old)
{
    struct pl_restriction r;

    for (;;) {
        const char *begin;

        while (old.n > 0 && (old.p[0] == ',' || old.p[0] == ' ' || old.p[0] == '\t'))
            old = pl_str_from(old, 1);
        begin = old.p;
        if (!pl_restriction_next(&old, &r))
            return true;
        if (is_us(s, &r)) {
            parts->had_us = true;
            continue;
        }
        if (stands_already(parts, (struct pl_str){begin, (size_t)(old.p - begin)}))
            continue;
        if (parts->count == MOST) {
            snippet_find(s, "a list of more than %d restrictions is too long for this command",
                         MOST);
            return false;
        }
        parts->texts[parts->count] = (struct pl_str){begin, (size_t)(old.p - begin)};
        parts->items[parts->count++] = r;
    }
}

/* It lets nobody out: it may stand in front of us. */
static bool only_refuses(const struct pl_restriction *r)
{
    return r->effect == PL_RESTRICT_REJECT_SOME || r->effect == PL_RESTRICT_NONE || r->warn_only;
}

/* What lets clients out and is not the boundary's: the administrator has to decide. */
static bool may_permit(const struct pl_restriction *r)
{
    switch (r->effect) {
    case PL_RESTRICT_PERMIT_SOME:
        return find_replaced(r) == NULL &&
               !pl_str_eq_fold(r->word, pl_str_lit("permit_auth_destination"));
    case PL_RESTRICT_PERMIT_ALL:
    case PL_RESTRICT_TABLE:
    case PL_RESTRICT_POLICY:
    case PL_RESTRICT_DEAD:
    case PL_RESTRICT_UNKNOWN:
        return !r->warn_only;
    case PL_RESTRICT_CLOSE:
    case PL_RESTRICT_REJECT_ALL:
    case PL_RESTRICT_REJECT_SOME:
    case PL_RESTRICT_NONE:
        return false;
    }
    return true;
}

static void tell_doubt(struct snippet *s, const struct snippet_list *list, struct pl_str text,
                       const struct pl_restriction *r)
{
    struct pl_str place = snippet_place(s, list->service);
    struct pl_quote q;

    snippet_find(s,
                 "%.*s, %s: %s %s, and now stands behind us: where our answer is DUNNO it still "
                 "decides, and clients that we let out it refuses no more. Whom it lets relay must "
                 "be granted in postlatch.conf (relay_networks and "
                 "the like), or named in permitted_elsewhere; then take it out",
                 (int)place.n, place.p, list->name, pl_quote(&q, text),
                 r->effect == PL_RESTRICT_UNKNOWN ? "is not known here (a restriction class?)"
                 : r->effect == PL_RESTRICT_DEAD  ? "is no longer a restriction of Postfix"
                                                  : "may let clients relay");
}

static void tell_permitted(struct snippet *s, const struct snippet_list *list)
{
    struct pl_str place = snippet_place(s, list->service);

    snippet_find(
        s,
        "%.*s, %s: permit_mynetworks stays behind us, so on DUNNO Postfix lets mynetworks "
        "relay. Set permitted_elsewhere = {<relay_networks>}, if they are the same, so that "
        "the proof knows",
        (int)place.n, place.p, list->name);
}

static const char why_us_enforce[] =
    "The relay decision. OK lets mail out, DUNNO goes on to the next line, all else refuses.\n"
    "It has 10s to answer, though milliseconds are enough, and is asked twice. While it is down,\n"
    "clients are told to come again (451): no mail is lost, and none is let through.";
static const char why_us_observe[] =
    "Is told of everything and decides nothing: what it would refuse stands in the mail log as\n"
    "\"warn: … would be refused\". While it is down, all goes on as before (DUNNO).";
static const char why_close[] = "On DUNNO: mail to our own domains passes, all other is refused.";
static const char why_reject[] =
    "On DUNNO everything is refused, mail to our own domains too (after_dunno = reject).";
static const char why_permit_spares[] =
    "Behind us these let nobody out whom we refuse. They spare their clients the checks below.";
static const char why_permit[] =
    "Behind us these let nobody out whom we refuse. On DUNNO their clients pass\n"
    "(relay_action = DUNNO).";
static const char why_before[] = "These only refuse, so they may stand in front of us.";
static const char why_own_permits[] =
    "Postfix's own permits go on to decide who may relay, as long as we only watch.";

static const char *closing_word(const struct snippet_input *in)
{
    switch (in->config->policy->after_dunno) {
    case PL_AFTER_DEFER_UNAUTH:
        return "defer_unauth_destination";
    case PL_AFTER_REJECT:
        return "reject";
    case PL_AFTER_REJECT_UNAUTH:
    case PL_AFTER_PERMIT:
        break;
    }
    return "reject_unauth_destination";
}

static bool closes(const struct pl_restriction *r)
{
    return !r->warn_only && (r->effect == PL_RESTRICT_CLOSE || r->effect == PL_RESTRICT_REJECT_ALL);
}

static void add_closing(struct snippet *s, const struct snippet_input *in,
                        struct snippet_list *list)
{
    const char *word = closing_word(in);

    snippet_add_item(s, list, pl_str_of(word),
                     in->config->policy->after_dunno == PL_AFTER_REJECT ? why_reject : why_close);
}

static bool grants(const struct pl_policy *p, enum pl_boundary b)
{
    return p->boundary[b].in_count > 0 || p->boundary[b].in_words != 0;
}

/* From enforce back to observe: Postfix's own permits were taken away then. */
static void put_permits(struct snippet *s, const struct snippet_input *in,
                        struct snippet_list *list)
{
    const struct pl_policy *p = in->config->policy;
    bool networks = grants(p, PL_BOUNDARY_RELAY_NETWORKS),
         users = grants(p, PL_BOUNDARY_RELAY_USERS);
    struct pl_str place = snippet_place(s, list->service);

    if (networks)
        snippet_add_item(s, list, pl_str_lit("permit_mynetworks"), why_own_permits);
    if (users)
        snippet_add_item(s, list, pl_str_lit("permit_sasl_authenticated"),
                         networks ? NULL : why_own_permits);
    if (networks || users)
        snippet_find(s,
                     "%.*s, %s: no permit of Postfix's own stood beside us, and without one nobody "
                     "could relay while we only watch. %s%s%s is put in: see that it lets nobody "
                     "relay whom postlatch.conf does not",
                     (int)place.n, place.p, list->name, networks ? "permit_mynetworks" : "",
                     networks && users ? ", permit_sasl_authenticated" : "",
                     !networks ? "permit_sasl_authenticated" : "");
}

static void observe(struct snippet *s, const struct snippet_input *in, struct snippet_list *list,
                    const struct parts *parts)
{
    bool permits = false, closed = false;

    snippet_add_item(s, list, s->service, why_us_observe);
    for (size_t i = 0; i < parts->count; i++) {
        permits = permits || parts->items[i].effect == PL_RESTRICT_PERMIT_SOME ||
                  parts->items[i].effect == PL_RESTRICT_PERMIT_ALL;
        closed = closed || closes(&parts->items[i]);
    }
    if (!permits && parts->had_us)
        put_permits(s, in, list);
    for (size_t i = 0; i < parts->count; i++)
        snippet_add_item(s, list, parts->texts[i], i == 0 && permits ? why_own_permits : NULL);
    if (!closed)
        add_closing(s, in, list);
}

bool snippet_spares(struct pl_str list)
{
    struct pl_restriction r;
    bool permit = false;

    while (pl_restriction_next(&list, &r)) {
        if (permit && r.effect != PL_RESTRICT_PERMIT_SOME && r.effect != PL_RESTRICT_CLOSE)
            return true;
        permit = permit || find_replaced(&r) != NULL;
    }
    return false;
}

static void drop(struct pl_buf *dropped, struct pl_str text, const struct replaced *by)
{
    pl_buf_addf(dropped, "%s%.*s (%s)", dropped->n > 0 ? ", " : "", (int)text.n, text.p, by->by);
}

static void enforce(struct snippet *s, const struct snippet_input *in, struct snippet_list *list,
                    const struct parts *parts, struct pl_str old)
{
    const struct pl_policy *p = in->config->policy;
    bool spare = snippet_spares(old), closed = false;
    bool keep = spare || p->relay_action->effect == PL_EFFECT_LEAVE;
    struct pl_buf dropped = {0};
    size_t at = 0;

    while (at < parts->count && only_refuses(&parts->items[at])) {
        snippet_add_item(s, list, parts->texts[at], at == 0 ? why_before : NULL);
        at++;
    }
    snippet_add_item(s, list, s->service, why_us_enforce);
    for (bool told = false; at < parts->count; at++) {
        const struct pl_restriction *r = &parts->items[at];
        const struct replaced *by = find_replaced(r);

        if (may_permit(r))
            tell_doubt(s, list, parts->texts[at], r);
        closed = closed || closes(r);
        if (by != NULL && !keep) {
            drop(&dropped, parts->texts[at], by);
        } else if (by != NULL) {
            snippet_add_item(s, list, parts->texts[at],
                             told    ? NULL
                             : spare ? why_permit_spares
                                     : why_permit);
            told = true;
            if (pl_str_eq_fold(r->word, pl_str_lit("permit_mynetworks")) &&
                p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE].in_count == 0)
                tell_permitted(s, list);
        } else if (r->effect == PL_RESTRICT_CLOSE && !r->warn_only) {
            add_closing(s, in, list);
        } else {
            snippet_add_item(s, list, parts->texts[at], NULL);
        }
    }
    if (!closed)
        add_closing(s, in, list);
    list->dropped = pl_arena_copy(s->arena, pl_buf_str(&dropped));
    s->failed = s->failed || dropped.failed || (dropped.n > 0 && list->dropped.p == NULL);
    pl_buf_fini(&dropped);
}

void snippet_rewrite(struct snippet *s, const struct snippet_input *in, struct snippet_list *list,
                     struct pl_str old)
{
    struct parts *parts = calloc(1, sizeof(*parts));

    if (parts == NULL) {
        s->failed = true;
        return;
    }
    if (take_apart(s, parts, old)) {
        if (s->observe)
            observe(s, in, list, parts);
        else
            enforce(s, in, list, parts, old);
    }
    free(parts);
}
