/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a name, a place, a login or a certificate adds to the surface: a rule has a line of names if it
 * lets some client pass that shows a name and could not by its address, and so on; else it has none.
 */
#include "compare.h"
#include "draft.h"

#include "postlatch/surface.h"

#include <stdlib.h>

enum { NAME, LOGIN, CERTIFICATE, KINDS };

static const struct {
    const char *noun;
    enum pl_surface_kind kind;
    unsigned fact; /* that such a client shows, and none of the others */
    enum pl_attr attr[2];
} kinds[KINDS] = {
    {"names", PL_SURFACE_NAME, FACT_HAS_NAME, {PL_ATTR_CLIENT_NAME, PL_ATTR_CLIENT_NAME}},
    {"logins", PL_SURFACE_LOGIN, FACT_LOGIN, {PL_ATTR_SASL_USERNAME, PL_ATTR_SASL_USERNAME}},
    {"certificates",
     PL_SURFACE_CERTIFICATE,
     FACT_CERT,
     {PL_ATTR_CCERT_FINGERPRINT, PL_ATTR_CCERT_PUBKEY_FINGERPRINT}},
};

struct comparing {
    const struct oracle *o;
    const uint64_t *by_address; /* by client: the rules that let it pass */
    uint64_t rules[KINDS];      /* that let somebody pass who shows it */
    uint64_t listeners;         /* built-in rules of places, likewise */
};

static bool asks(const struct pl_rule *rule, enum pl_attr attr)
{
    for (size_t i = 0; i < rule->ncond; i++) {
        if (rule->cond[i].attr == attr)
            return true;
    }
    return false;
}

static bool is_present(const struct oracle_leaf *leaf, enum pl_attr attr)
{
    for (size_t i = 0; i < leaf->o->naxes; i++) {
        if (leaf->o->axes[i].attr == attr)
            return leaf->o->axes[i].values[leaf->at[i]].facts[0] != 0;
    }
    return false;
}

static bool is_listener(const struct pl_rule *rule)
{
    return pl_str_eq(rule->name, pl_str_lit("builtin:listener"));
}

static bool visit(const struct oracle_leaf *leaf, void *context)
{
    struct comparing *c = context;
    const struct pl_policy *p = leaf->o->policy[0];
    const unsigned shown = FACT_HAS_NAME | FACT_LOGIN | FACT_CERT;
    size_t rule = oracle_decides(leaf->rules[0]);
    unsigned facts = leaf->facts[0];

    if ((facts & (FACT_NOT_RCPT | FACT_NO_RECIPIENT | FACT_OURS)) != 0)
        return true;
    /* Whom Postfix permits by itself needs no place. */
    if ((facts & shown) == 0 && is_listener(&p->rules[rule]) &&
        oracle_why(p, p->rules[rule].action, facts & ~(unsigned)FACT_ELSEWHERE) != WHY_NOT)
        c->listeners |= 1ULL << rule;
    if (leaf->listeners != 0 || c->by_address[leaf->client] != 0 ||
        oracle_why(p, p->rules[rule].action, facts) == WHY_NOT)
        return true;
    for (unsigned k = 0; k < KINDS; k++) {
        for (unsigned i = 0; i < 2 && (facts & shown) == kinds[k].fact; i++) {
            if (asks(&p->rules[rule], kinds[k].attr[i]) && is_present(leaf, kinds[k].attr[i]))
                c->rules[k] |= 1ULL << rule;
        }
    }
    return true;
}

static uint64_t rules_of(const struct pl_policy *p, const struct pl_surface *s,
                         enum pl_surface_kind kind)
{
    uint64_t rules = 0;

    for (size_t i = 0; i < s->nlines; i++) {
        for (size_t r = 0; r < s->lines[i].nrules && s->lines[i].kind == kind; r++)
            rules |= 1ULL << (s->lines[i].rules[r] - p->rules);
    }
    return rules;
}

static bool same(const char *noun, uint64_t want, uint64_t have, struct pl_buf *out)
{
    if (want != have)
        pl_buf_addf(out, "surface, rules with lines of %s: oracle 0x%llx, surface 0x%llx\n", noun,
                    (unsigned long long)want, (unsigned long long)have);
    return want == have;
}

bool compare_credentials(const struct oracle *o, const uint64_t *by_address,
                         const struct pl_surface *s, struct pl_buf *out, struct seen *seen)
{
    const struct pl_policy *p = o->policy[0];
    struct comparing c = {.o = o, .by_address = by_address};
    bool ok;

    oracle_walk(o, visit, &c);
    ok = same("places", c.listeners, rules_of(p, s, PL_SURFACE_LISTENER), out);
    for (unsigned k = 0; k < KINDS && ok; k++) {
        ok = same(kinds[k].noun, c.rules[k], rules_of(p, s, kinds[k].kind), out);
        seen->credentials[k] += (size_t)__builtin_popcountll(c.rules[k]);
    }
    seen->credentials[KINDS] += (size_t)__builtin_popcountll(c.listeners);
    return ok;
}
