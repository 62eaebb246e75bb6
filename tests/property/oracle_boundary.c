/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the relay boundary says, read from the entries' texts: who is an outsider, which recipients are
 * ours, what an action does. The definition is that of the manual, "The relay boundary".
 */
#include "draft.h"
#include "oracle.h"

#include <string.h>

/* ---- lists ---- */

/* Whether an entry holds a value of its kind. */
typedef bool entry_holds(struct pl_str entry, const void *value);

static bool list_holds(const struct pl_set *set, entry_holds *holds, const void *value);

static bool side_holds(const struct pl_member *members, size_t n, entry_holds *holds,
                       const void *value)
{
    for (size_t i = 0; i < n; i++) {
        const struct pl_table *t = members[i].table;

        if (members[i].set != NULL && list_holds(members[i].set, holds, value))
            return true;
        for (size_t j = 0; t != NULL && j < t->count; j++) {
            if (holds(t->entries[j].text, value))
                return true;
        }
    }
    return false;
}

/* Everything named without '!', minus everything named with it. */
static bool list_holds(const struct pl_set *set, entry_holds *holds, const void *value)
{
    return side_holds(set->in, set->in_count, holds, value) &&
           !side_holds(set->out, set->out_count, holds, value);
}

static bool network_holds(struct pl_str entry, const void *value)
{
    const struct span *addr = value;
    struct span s;

    must(span_parse(&s, entry), "a network that is none");
    return s.family == addr->family && s.low <= addr->low && addr->low <= s.high;
}

static bool domain_holds(struct pl_str entry, const void *value)
{
    const struct pl_domain *d = value;
    bool below = entry.n > 0 && entry.p[0] == '.';
    struct pl_domain named;
    const char *why;

    must(pl_domain_parse(&named, below ? pl_str_from(entry, 1) : entry, &why),
         "a domain that is none");
    if (!below)
        return d->len == named.len && memcmp(d->text, named.text, d->len) == 0;
    return d->len > named.len + 1 && d->text[d->len - named.len - 1] == '.' &&
           memcmp(d->text + d->len - named.len, named.text, named.len) == 0;
}

/* The hexadecimal digits of a fingerprint in lower case; 0 if it has the form of none. */
static size_t digits(char out[64], struct pl_str text)
{
    bool colons = pl_str_find(text, ':') < text.n;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (colons && i % 3 == 2) {
            if (text.p[i] != ':' || i + 1 == text.n)
                return 0;
            continue;
        }
        if (n == 64 || pl_ascii_hex_digit(text.p[i]) < 0)
            return 0;
        out[n++] = pl_ascii_lower(text.p[i]);
    }
    return n == 32 || n == 40 || n == 64 ? n : 0;
}

static bool fingerprint_holds(struct pl_str entry, const void *value)
{
    const struct pl_str *text = value;
    char have[64], named[64];
    size_t n = digits(have, *text);

    return n > 0 && n == digits(named, entry) && memcmp(have, named, n) == 0;
}

/* ---- facts ---- */

static unsigned client_facts(const struct pl_policy *p, const struct pl_query *q)
{
    static const struct {
        enum pl_boundary list;
        unsigned fact;
    } lists[] = {{PL_BOUNDARY_RELAY_NETWORKS, FACT_NETWORK},
                 {PL_BOUNDARY_RELAY_BY_RULE, FACT_BY_RULE},
                 {PL_BOUNDARY_MASKING, FACT_MASKING},
                 {PL_BOUNDARY_PERMITTED_ELSEWHERE, FACT_ELSEWHERE}};
    struct span addr = span_of(&q->client);
    unsigned facts = 0;

    if (q->client.family == 0)
        return FACT_NO_ADDRESS;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (list_holds(&p->boundary[lists[i].list], network_holds, &addr))
            facts |= lists[i].fact;
    }
    return facts;
}

static unsigned recipient_facts(const struct pl_policy *p, const struct pl_query *q)
{
    switch (q->recipient.form) {
    case PL_MAIL_EMPTY:
        return FACT_NO_RECIPIENT;
    case PL_MAIL_BARE:
        return FACT_BARE | (p->bare_is_ours ? FACT_OURS : 0);
    case PL_MAIL_ROUTED:
        return FACT_ROUTED;
    case PL_MAIL_PLAIN:
        return list_holds(&p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], domain_holds,
                          &q->recipient.domain)
                   ? FACT_OURS
                   : 0;
    default:
        return 0;
    }
}

unsigned oracle_facts(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr)
{
    const struct pl_set *lists = p->boundary;
    struct pl_str text = q->attr[attr];
    bool present = text.n > 0;

    switch (attr) {
    case PL_ATTR_PROTOCOL_STATE:
        return pl_str_eq(text, pl_str_lit("RCPT")) ? 0 : FACT_NOT_RCPT;
    case PL_ATTR_CLIENT_ADDRESS:
        return client_facts(p, q);
    case PL_ATTR_RECIPIENT:
        return recipient_facts(p, q);
    case PL_ATTR_CLIENT_NAME:
        if (!present || pl_str_eq_fold(text, pl_str_lit("unknown")))
            return 0;
        return FACT_HAS_NAME |
               (q->client_name.len > 0 && list_holds(&lists[PL_BOUNDARY_RELAY_CLIENT_NAMES],
                                                     domain_holds, &q->client_name)
                    ? FACT_LISTED_NAME
                    : 0);
    case PL_ATTR_SASL_USERNAME:
        return present ? FACT_LOGIN : 0;
    case PL_ATTR_SASL_METHOD:
        return present ? FACT_METHOD : 0;
    case PL_ATTR_ENCRYPTION_PROTOCOL:
        return present ? FACT_TLS : 0;
    case PL_ATTR_TLS_SNI:
        return present ? FACT_NEEDS_TLS : 0;
    case PL_ATTR_CCERT_SUBJECT:
        return present ? FACT_NEEDS_TLS | FACT_CERT : 0;
    case PL_ATTR_CCERT_FINGERPRINT:
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
        if (!present)
            return 0;
        return FACT_NEEDS_TLS | FACT_CERT |
               (list_holds(&lists[PL_BOUNDARY_RELAY_CLIENTCERTS], fingerprint_holds, &text)
                    ? FACT_LISTED_CERT
                    : 0);
    default:
        return 0;
    }
}

uint64_t oracle_listeners(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr)
{
    uint64_t bits = 0;

    must(p->nlisteners <= 64, "more listeners than the oracle has bits");
    for (size_t i = 0; i < p->nlisteners; i++) {
        const struct pl_listener *l = &p->listeners[i];
        unsigned long port;
        bool holds = true;

        if (attr == PL_ATTR_SERVER_ADDRESS && l->server.family != 0)
            holds = l->server.family == q->server.family &&
                    memcmp(l->server.bytes, q->server.bytes, 16) == 0;
        else if (attr == PL_ATTR_SERVER_PORT && l->port != 0)
            holds = pl_str_to_number(q->attr[attr], 1, 65535, &port) && port == l->port;
        else if (attr == PL_ATTR_POLICY_CONTEXT && l->context.n > 0)
            holds = pl_str_eq(q->attr[attr], l->context);
        bits |= (uint64_t)holds << i;
    }
    return bits;
}

/* ---- accepted domains ---- */

static void add_entries(const struct pl_set *set, struct oracle_entries *entries)
{
    for (size_t i = 0; i < set->in_count; i++) {
        const struct pl_table *t = set->in[i].table;

        if (set->in[i].set != NULL)
            add_entries(set->in[i].set, entries);
        for (size_t j = 0; t != NULL && j < t->count; j++) {
            must(entries->count < 64, "more accepted domains than the oracle has bits");
            entries->texts[entries->count++] = t->entries[j].text;
        }
    }
}

void oracle_accepted(const struct pl_policy *p, struct oracle_entries *entries)
{
    entries->count = 0;
    add_entries(&p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], entries);
}

uint64_t oracle_in_entries(const struct oracle_entries *entries, const struct pl_query *q)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < entries->count && q->recipient.form == PL_MAIL_PLAIN; i++)
        bits |= (uint64_t)domain_holds(entries->texts[i], &q->recipient.domain) << i;
    return bits;
}

/* ---- the definition ---- */

bool oracle_is_possible(unsigned facts)
{
    return ((facts & FACT_METHOD) == 0 || (facts & FACT_LOGIN) != 0) &&
           ((facts & FACT_NEEDS_TLS) == 0 || (facts & FACT_TLS) != 0);
}

bool oracle_is_outsider(unsigned facts, bool at_listener)
{
    bool inside = (facts & (FACT_NETWORK | FACT_BY_RULE | FACT_LISTED_NAME)) != 0;

    if ((facts & (FACT_NOT_RCPT | FACT_LOGIN | FACT_LISTED_CERT)) !=
        0) /* no stranger, or no RCPT */
        return false;
    if ((facts & (FACT_NO_RECIPIENT | FACT_OURS)) != 0)
        return false;
    return !at_listener && (!inside || (facts & FACT_MASKING) != 0);
}

enum oracle_effect oracle_effect(const struct pl_action *action)
{
    static const char *const pass[] = {"OK", "DISCARD"};
    static const char *const refuse[] = {"REJECT", "DEFER", "DEFER_IF_PERMIT",
                                         "reject_unauth_destination"};
    struct pl_str word = action->source;

    word.n = pl_str_find(word, ' ');
    if (pl_str_has_prefix_fold(word, pl_str_lit("class:")))
        return EFFECT_UNKNOWN;
    for (size_t i = 0; i < sizeof(pass) / sizeof(pass[0]); i++) {
        if (pl_str_eq_fold(word, pl_str_of(pass[i])))
            return EFFECT_PASS;
    }
    for (size_t i = 0; i < sizeof(refuse) / sizeof(refuse[0]); i++) {
        if (pl_str_eq_fold(word, pl_str_of(refuse[i])))
            return EFFECT_REFUSE;
    }
    return word.p[0] == '4' || word.p[0] == '5' ? EFFECT_REFUSE : EFFECT_LEAVE;
}

enum oracle_why oracle_why(const struct pl_policy *p, const struct pl_action *action,
                           unsigned facts)
{
    switch (oracle_effect(action)) {
    case EFFECT_PASS:
        return WHY_PASS;
    case EFFECT_UNKNOWN:
        return WHY_CLASS;
    case EFFECT_LEAVE:
        if (p->after_dunno == PL_AFTER_PERMIT)
            return WHY_PERMIT;
        return (facts & FACT_ELSEWHERE) != 0 ? WHY_ELSEWHERE : WHY_NOT;
    case EFFECT_REFUSE:
        break;
    }
    return WHY_NOT;
}
