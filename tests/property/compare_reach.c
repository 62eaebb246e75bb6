/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a stolen password opens: for some logins, all requests with that login, without the rules that
 * let pass whoever asks no login.
 */
#include "compare.h"
#include "draft.h"

#include "postlatch/reach.h"

#include <stdlib.h>

enum { LOGINS = 2 }; /* a policy */

struct comparing {
    const struct oracle *o;
    const struct oracle_axis *senders; /* NULL: no rule asks about them */
    size_t login;
    uint64_t needless;                     /* rules */
    uint64_t *clients, *from, *recipients; /* by value: 1 if some mail passes */
    bool passes;
};

static bool visit(const struct oracle_leaf *leaf, void *context)
{
    struct comparing *c = context;
    const struct pl_policy *p = c->o->policy[0];
    unsigned facts = leaf->facts[0] & ~(unsigned)FACT_ELSEWHERE; /* that needs no password */
    size_t rule;

    if (leaf->login != c->login || (facts & (FACT_NOT_RCPT | FACT_NO_RECIPIENT | FACT_OURS)) != 0)
        return true;
    rule = oracle_decides(leaf->rules[0] & ~c->needless);
    if (oracle_why(p, p->rules[rule].action, facts) == WHY_NOT)
        return true;
    c->passes = true;
    c->clients[leaf->client] = c->recipients[leaf->recipient] = 1;
    if (c->senders != NULL)
        c->from[leaf->at[c->senders - c->o->axes]] = 1;
    return true;
}

static void find_needless(struct comparing *c)
{
    const struct pl_policy *p = c->o->policy[0];

    for (size_t r = 0; r < p->nrules; r++) {
        bool asks = false;

        for (size_t i = 0; i < p->rules[r].ncond; i++)
            asks = asks || p->rules[r].cond[i].attr == PL_ATTR_SASL_USERNAME;
        if (!asks && oracle_effect(p->rules[r].action) == EFFECT_PASS)
            c->needless |= 1ULL << r;
    }
}

static const char *compare_reach_of(const struct comparing *c, const struct pl_reach *r)
{
    const struct oracle *o = c->o;
    size_t n, absent = oracle_value_of(o, o->client, pl_str_lit(""));
    struct pl_str *cidrs = clients_with(o, c->clients, 1, &n);
    bool networks = same_networks(cidrs, n, r->networks, r->nnetworks);
    bool every = true, any_sender = c->passes, null_sender = c->passes, any_recipient = c->passes;

    free(cidrs);
    for (size_t i = 0; i < o->client->count; i++)
        every = every && (i == absent || c->clients[i] != 0);
    for (size_t i = 0; i < o->recipient->count; i++) {
        if ((o->recipient->values[i].facts[0] & (FACT_OURS | FACT_NO_RECIPIENT)) == 0)
            any_recipient = any_recipient && c->recipients[i] != 0;
    }
    for (size_t i = 0; c->senders != NULL && i < c->senders->count; i++) {
        any_sender = any_sender && c->from[i] != 0;
        if (c->senders->values[i].text.n == 0)
            null_sender = c->from[i] != 0;
    }
    if (r->gave_up != NULL)
        return "it gave up";
    if (r->passes != c->passes)
        return "whether anything passes";
    if (!networks)
        return "the addresses";
    if (r->no_address != (c->clients[absent] != 0) || r->every_address != every)
        return "whether each address, or none";
    if (r->any_sender != any_sender || r->null_sender != null_sender)
        return "the senders";
    return r->any_recipient == any_recipient ? NULL : "whether each recipient";
}

static bool compare_login(struct comparing *c, const struct pl_space *s, struct pl_buf *out)
{
    struct pl_str login = c->o->login->values[c->login].text;
    struct pl_reach *r = pl_reach_login(c->o->policy[0], s, login);
    const char *wrong;

    must(r != NULL, "pl_reach_login: out of memory");
    oracle_walk(c->o, visit, c);
    wrong = compare_reach_of(c, r);
    pl_reach_free(r);
    if (wrong != NULL)
        pl_buf_addf(out, "what the password of %.*s opens: %s differ\n", (int)login.n, login.p,
                    wrong);
    return wrong == NULL;
}

static uint64_t *zeroes(size_t n)
{
    uint64_t *bits = calloc(n + 1, sizeof(*bits));

    must(bits != NULL, "out of memory");
    return bits;
}

bool compare_reach(const struct oracle *o, struct pl_buf *out, struct seen *seen)
{
    struct comparing c = {.o = o, .senders = oracle_axis_of(o, PL_ATTR_SENDER)};
    struct pl_space *s = pl_space_new(o->policy[0], NULL, &(bool){false});
    bool same = true;

    must(s != NULL, "pl_space_new: out of memory");
    find_needless(&c);
    for (size_t n = 0; c.login < o->login->count && n < LOGINS && same; c.login++) {
        if (o->login->values[c.login].text.n == 0)
            continue;
        n++;
        c.clients = zeroes(o->client->count);
        c.recipients = zeroes(o->recipient->count);
        c.from = zeroes(c.senders == NULL ? 0 : c.senders->count);
        c.passes = false;
        same = compare_login(&c, s, out);
        seen->logins++;
        seen->stolen += c.passes;
        free(c.clients);
        free(c.recipients);
        free(c.from);
    }
    pl_space_free(s);
    return same;
}
