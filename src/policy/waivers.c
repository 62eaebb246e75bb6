/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waivers at run time: what a waiver accepted is granted no more once it has ended, without a reload.
 * A policy without waivers pays one comparison a request. With waivers, only an answer that does not
 * refuse an outsider costs more: a look at each of them.
 */
#include "postlatch/policy.h"

#include "postlatch/compiler.h"

#include <stdatomic.h>

void pl_policy_set_today(struct pl_policy *p, int32_t days)
{
    atomic_store_explicit(&p->today, days, memory_order_relaxed);
}

bool pl_waiver_has_ended(const struct pl_policy *p, const struct pl_waiver *w)
{
    return atomic_load_explicit(&p->today, memory_order_relaxed) > w->until;
}

static bool holds(const struct pl_waiver *w, const struct pl_addr *addr)
{
    return addr->family != 0 && pl_ranges_contain(&w->surface, addr);
}

const struct pl_waiver *pl_policy_waiver(const struct pl_policy *p, const struct pl_addr *addr)
{
    const struct pl_waiver *ended = NULL;

    for (size_t i = 0; i < p->nwaivers; i++) {
        const struct pl_waiver *w = &p->waivers[i];

        if (!holds(w, addr))
            continue;
        if (!pl_waiver_has_ended(p, w))
            return w;
        if (ended == NULL)
            ended = w;
    }
    return ended;
}

/* A rule can be waived if its action is a class, of which nobody knows what it does. */
static bool names(const struct pl_waiver *w, const struct pl_rule *rule)
{
    return rule->action->effect == PL_EFFECT_UNKNOWN && pl_str_eq(w->rule, rule->name);
}

/* The ended waiver that was all that accepted the rule's answers to a client, or NULL. */
static const struct pl_waiver *ended_waiver(const struct pl_policy *p, const struct pl_rule *rule,
                                            const struct pl_addr *addr)
{
    const struct pl_waiver *ended = NULL;

    for (size_t i = 0; i < p->nwaivers; i++) {
        const struct pl_waiver *w = &p->waivers[i];

        if (!holds(w, addr) && !names(w, rule))
            continue;
        if (!pl_waiver_has_ended(p, w))
            return NULL;
        if (ended == NULL)
            ended = w;
    }
    return ended;
}

/* Whether a boundary list of addresses holds a client. */
static bool is_listed(const struct pl_policy *p, const struct pl_addr *client,
                      enum pl_boundary list)
{
    return client->family != 0 &&
           (p->compiled->addr_lists[pl_addr_index_find(&p->compiled->addrs, client)] >> list & 1) !=
               0;
}

/* Whether a rule, which is the first that holds, may let this client relay without any waiver. */
static bool is_in_boundary(const struct pl_policy *p, struct pl_query *q,
                           const struct pl_rule *rule)
{
    struct pl_cursor cursor = {p->nwritten};
    struct pl_decision builtin;
    const struct pl_addr *client = pl_query_addr(q, PL_ATTR_CLIENT_ADDRESS);

    /* Of the built-in rules only the last one refuses; the others are for us, or by the boundary. */
    if (!rule->builtin) {
        pl_policy_decide(p, q, &cursor, &builtin);
        if (cursor.rule + 1 < p->nrules)
            return true;
    }
    return is_listed(p, client, PL_BOUNDARY_RELAY_BY_RULE) &&
           !is_listed(p, client, PL_BOUNDARY_MASKING);
}

const struct pl_waiver *pl_policy_ended_waiver(const struct pl_policy *p, struct pl_query *q,
                                               const struct pl_rule *rule)
{
    const struct pl_waiver *ended;
    const struct pl_addr *client;

    /* Of the built-in rules only the last one is of no trust; it may leave it to Postfix. */
    if ((rule->builtin && rule != &p->rules[p->nrules - 1]) ||
        rule->action->effect == PL_EFFECT_REFUSE || q->attr[PL_ATTR_SASL_USERNAME].n > 0 ||
        !pl_str_eq(q->attr[PL_ATTR_PROTOCOL_STATE], pl_str_lit("RCPT")))
        return NULL;
    pl_query_need(q, PL_ATTR_CLIENT_ADDRESS);
    pl_query_need(q, PL_ATTR_RECIPIENT);
    client = pl_query_addr(q, PL_ATTR_CLIENT_ADDRESS);
    ended = ended_waiver(p, rule, client);
    if (ended == NULL || q->recipient.form == PL_MAIL_EMPTY ||
        !pl_policy_lets_pass(p, rule->action,
                             is_listed(p, client, PL_BOUNDARY_PERMITTED_ELSEWHERE)) ||
        is_in_boundary(p, q, rule))
        return NULL;
    return ended;
}

PL_OWN_FRAME void pl_policy_apply_waivers(const struct pl_policy *p, struct pl_query *q,
                                          struct pl_decision *d)
{
    if (pl_policy_ended_waiver(p, q, d->rule) != NULL)
        *d = (struct pl_decision){p->expired, p->expired->action};
}
