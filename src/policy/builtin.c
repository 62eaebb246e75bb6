/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The built-in rules: what the relay boundary means, said in the same form as the rules that an
 * administrator writes, so that everything that reads rules reads these too.
 */
#include "postlatch/policy.h"

/* A rule being put together; conditions are copied into the policy's arena at the end. */
struct draft {
    struct pl_rule rule;
    struct pl_condition cond[3];
    size_t n;
};

static void require(struct draft *d, enum pl_attr attr, const struct pl_set *set)
{
    d->cond[d->n++] = (struct pl_condition){attr, set == NULL ? PL_NOWHERE : set->at, set};
}

/* Appends the rule; false when memory is short, of which a NULL set or action is a sign too. */
static bool finish(struct pl_policy *p, struct draft *d, const char *name, struct pl_pos at,
                   const struct pl_action *action)
{
    struct pl_condition *cond = pl_arena_array(p->arena, d->n, sizeof(*cond));

    if (cond == NULL || action == NULL)
        return false;
    for (size_t i = 0; i < d->n; i++) {
        if (d->cond[i].set == NULL)
            return false;
        cond[i] = d->cond[i];
    }
    d->rule = (struct pl_rule){pl_str_of(name), true, at, d->n, cond, action};
    return pl_policy_add_rule(p, &d->rule);
}

static const struct pl_set *make_set(struct pl_policy *p, struct pl_set set, struct pl_member in,
                                     struct pl_member out)
{
    struct pl_member *members = pl_arena_array(p->arena, 2, sizeof(*members));
    struct pl_set *copy = pl_arena_alloc(p->arena, sizeof(*copy));

    if (members == NULL || copy == NULL)
        return NULL;
    members[0] = in;
    members[1] = out;
    *copy = set;
    copy->in = &members[0];
    copy->in_count = in.table != NULL || in.set != NULL;
    copy->out = &members[1];
    copy->out_count = out.table != NULL || out.set != NULL;
    return copy;
}

/* Everything that the words take in, minus the set `but`. */
static const struct pl_set *words_but(struct pl_policy *p, unsigned words, const struct pl_set *but)
{
    return make_set(p, (struct pl_set){.at = PL_NOWHERE, .in_words = words}, (struct pl_member){0},
                    (struct pl_member){NULL, but});
}

static const struct pl_set *list(struct pl_policy *p, enum pl_boundary b)
{
    return &p->boundary[b];
}

static bool add_state(struct pl_policy *p, const struct pl_action *dunno)
{
    struct draft d = {0};

    require(&d, PL_ATTR_PROTOCOL_STATE, words_but(p, PL_WORD_ANY | PL_WORD_ABSENT, p->at_rcpt));
    return finish(p, &d, "builtin:state", PL_NOWHERE, dunno);
}

static bool add_accepted(struct pl_policy *p, const struct pl_action *dunno)
{
    struct draft d = {0};

    require(&d, PL_ATTR_RECIPIENT,
            make_set(p, (struct pl_set){.at = PL_NOWHERE, .in_words = PL_WORD_OURS},
                     (struct pl_member){0}, (struct pl_member){0}));
    return finish(p, &d, "builtin:accepted", list(p, PL_BOUNDARY_ACCEPTED_DOMAINS)->at, dunno);
}

/* Behind a masking address anyone may hide: its address and its name prove nothing. */
static bool add_network_and_name(struct pl_policy *p)
{
    const struct pl_set *networks = list(p, PL_BOUNDARY_RELAY_NETWORKS);
    const struct pl_set *names = list(p, PL_BOUNDARY_RELAY_CLIENT_NAMES);
    const struct pl_set *masking = list(p, PL_BOUNDARY_MASKING);
    struct draft network = {0}, name = {0};

    require(&network, PL_ATTR_CLIENT_ADDRESS,
            make_set(p, (struct pl_set){.at = networks->at}, (struct pl_member){NULL, networks},
                     (struct pl_member){NULL, masking}));
    require(&name, PL_ATTR_CLIENT_NAME, names);
    require(&name, PL_ATTR_CLIENT_ADDRESS, words_but(p, PL_WORD_ANY | PL_WORD_ABSENT, masking));
    return finish(p, &network, "builtin:network", networks->at, p->relay_action) &&
           finish(p, &name, "builtin:name", names->at, p->relay_action);
}

/* A set of one inline entry; the text was checked when the listener was read. */
static const struct pl_set *one_entry(struct pl_policy *p, enum pl_table_kind kind,
                                      struct pl_str text, struct pl_pos at)
{
    struct pl_table *t = pl_policy_new_table(p, (struct pl_str){NULL, 0}, kind, at);
    struct pl_diag *d = pl_diag_new();
    bool ok = t != NULL && d != NULL &&
              pl_table_add(t, p->arena, text, at, &p->users, "relay_listeners", d);

    pl_diag_free(d);
    if (!ok)
        return NULL;
    pl_table_freeze(t);
    return make_set(p, (struct pl_set){.at = at}, (struct pl_member){t, NULL},
                    (struct pl_member){0});
}

/* One rule a listener, as each is an AND of up to two attributes. */
static bool add_listener(struct pl_policy *p, const struct pl_listener *l)
{
    struct draft d = {0};
    char addr[PL_ADDR_TEXT], port[8];
    size_t n = sizeof(port);

    if (l->server.family != 0) {
        pl_addr_format(addr, &l->server);
        require(&d, PL_ATTR_SERVER_ADDRESS,
                one_entry(p, PL_TABLE_NETWORKS, pl_str_of(addr), l->at));
    }
    if (l->port != 0) {
        for (unsigned rest = l->port; rest > 0; rest /= 10)
            port[--n] = (char)('0' + rest % 10);
        require(&d, PL_ATTR_SERVER_PORT,
                one_entry(p, PL_TABLE_PORTS, (struct pl_str){port + n, sizeof(port) - n}, l->at));
    }
    if (l->context.n > 0)
        require(&d, PL_ATTR_POLICY_CONTEXT, one_entry(p, PL_TABLE_WORDS, l->context, l->at));
    return finish(p, &d, "builtin:listener", l->at, p->relay_action);
}

static bool add_login_and_certificates(struct pl_policy *p)
{
    const struct pl_set *users = list(p, PL_BOUNDARY_RELAY_USERS);
    const struct pl_set *certs = list(p, PL_BOUNDARY_RELAY_CLIENTCERTS);
    struct draft login = {0}, cert = {0}, key = {0};

    require(&login, PL_ATTR_SASL_USERNAME, users);
    require(&cert, PL_ATTR_CCERT_FINGERPRINT, certs);
    require(&key, PL_ATTR_CCERT_PUBKEY_FINGERPRINT, certs);
    return finish(p, &login, "builtin:authenticated", users->at, p->relay_action) &&
           finish(p, &cert, "builtin:certificate", certs->at, p->relay_action) &&
           finish(p, &key, "builtin:certificate", certs->at, p->relay_action);
}

/* What is said to a client whose waiver has ended. It is no rule of the list: pl_policy_apply_waivers. */
static bool add_expired(struct pl_policy *p)
{
    const struct pl_action *action = p->reject_action;
    char why[PL_ACTION_WHY];

    if (p->nwaivers == 0)
        return true;
    if (action->effect != PL_EFFECT_REFUSE) /* what Postfix would do then may be what was open */
        action = pl_action_parse(p->arena, pl_str_lit("REJECT Relay access denied"), why);
    p->expired = pl_arena_alloc(p->arena, sizeof(*p->expired));
    if (p->expired == NULL || action == NULL)
        return false;
    *p->expired = (struct pl_rule){
        .name = pl_str_lit("builtin:expired"), .builtin = true, .at = PL_NOWHERE, .action = action};
    return true;
}

bool pl_policy_add_builtin(struct pl_policy *p)
{
    char why[PL_ACTION_WHY];
    const struct pl_action *dunno = pl_action_parse(p->arena, pl_str_lit("DUNNO"), why);
    struct draft reject = {0};

    p->nwritten = p->nrules;
    if (!add_state(p, dunno) || !add_accepted(p, dunno) || !add_network_and_name(p))
        return false;
    for (size_t i = 0; i < p->nlisteners; i++) {
        if (!add_listener(p, &p->listeners[i]))
            return false;
    }
    return add_expired(p) && add_login_and_certificates(p) &&
           finish(p, &reject, "builtin:reject", PL_NOWHERE, p->reject_action);
}
