/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a set hold a value? The one place that knows what each kind of entry means for each kind of
 * attribute; the daemon, explain and the tests of the compiled form all come here.
 */
#include "postlatch/policy.h"

#include "postlatch/compiler.h"
#include "postlatch/xtext.h"

bool pl_policy_is_ours(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr)
{
    const struct pl_mailaddr *m = pl_query_mail(q, attr);

    if (m->form == PL_MAIL_BARE)
        return p->bare_is_ours;
    if (m->form != PL_MAIL_PLAIN)
        return false;
    return pl_set_match(&p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], p, q, attr).holds;
}

/* The first of the words that holds for the value, or 0. */
static unsigned match_words(unsigned words, const struct pl_policy *p, const struct pl_query *q,
                            enum pl_attr attr)
{
    bool present;

    if (words == 0)
        return 0;
    present = pl_query_is_present(q, attr);
    if ((words & PL_WORD_ANY) != 0 && present)
        return PL_WORD_ANY;
    if ((words & PL_WORD_ABSENT) != 0 && !present)
        return PL_WORD_ABSENT;
    if ((words & PL_WORD_ROUTED) != 0 && pl_query_mail(q, attr)->form == PL_MAIL_ROUTED)
        return PL_WORD_ROUTED;
    if ((words & PL_WORD_OURS) != 0 && pl_policy_is_ours(p, q, attr))
        return PL_WORD_OURS;
    if ((words & PL_WORD_FOREIGN) != 0 && present && !pl_policy_is_ours(p, q, attr))
        return PL_WORD_FOREIGN;
    return 0;
}

static uint32_t find_word(const struct pl_table *t, const struct pl_query *q, enum pl_attr attr)
{
    char decoded[PL_WORD_MAX];

    if (pl_attr_kind(attr) != PL_KIND_WORD_XTEXT)
        return pl_table_find_word(t, q->attr[attr]);
    return pl_table_find_word(
        t, (struct pl_str){decoded, pl_xtext_decode(decoded, sizeof(decoded), q->attr[attr])});
}

static uint32_t find_domain(const struct pl_table *t, const struct pl_query *q, enum pl_attr attr)
{
    if (pl_attr_kind(attr) == PL_KIND_MAIL)
        return pl_table_find_domain(t, &pl_query_mail(q, attr)->domain); /* none unless PLAIN */
    return pl_table_find_domain(t, pl_query_host(q, attr));
}

/* The entry of t that holds the value, or PL_NO_ENTRY. */
static uint32_t find(const struct pl_table *t, const struct pl_policy *p, const struct pl_query *q,
                     enum pl_attr attr)
{
    switch (t->kind) {
    case PL_TABLE_NETWORKS:
        return pl_table_find_addr(t, pl_query_addr(q, attr));
    case PL_TABLE_DOMAINS:
        return find_domain(t, q, attr);
    case PL_TABLE_USERS:
        return pl_table_find_user(t, q->attr[attr], &p->users);
    case PL_TABLE_ADDRESSES:
        return pl_table_find_address(t, pl_query_mail(q, attr), p->delimiters);
    case PL_TABLE_FINGERPRINTS:
        return pl_table_find_fingerprint(t, q->attr[attr]);
    case PL_TABLE_WORDS:
    case PL_TABLE_WORDS_FOLD:
        return find_word(t, q, attr);
    case PL_TABLE_PORTS:
        return pl_table_find_port(t, q->attr[attr]);
    case PL_TABLE_KIND_COUNT:
        break;
    }
    pl_never("a table without a kind");
}

/* Whether one side of a set, `in` or `out`, holds the value. */
static struct pl_hit match_side(unsigned words, const struct pl_member *members, size_t n,
                                const struct pl_policy *p, const struct pl_query *q,
                                enum pl_attr attr)
{
    struct pl_hit hit = {.entry = PL_NO_ENTRY};

    hit.word = match_words(words, p, q, attr);
    hit.holds = hit.word != 0;
    for (size_t i = 0; i < n && !hit.holds; i++) {
        if (members[i].set != NULL) {
            struct pl_hit inner = pl_set_match(members[i].set, p, q, attr);

            if (inner.holds) {
                hit = inner;
                hit.list = members[i].set;
            } else if (inner.excluded && !hit.excluded) { /* the reason, if nothing else holds */
                hit = inner;
                hit.from = members[i].set;
            }
        } else {
            uint32_t entry = find(members[i].table, p, q, attr);

            if (entry != PL_NO_ENTRY)
                hit = (struct pl_hit){.holds = true, .table = members[i].table, .entry = entry};
        }
    }
    return hit;
}

struct pl_hit pl_set_match(const struct pl_set *set, const struct pl_policy *p,
                           const struct pl_query *q, enum pl_attr attr)
{
    struct pl_hit in, out;

    /* No condition on recipient holds where there is none: DATA for several, or no RCPT yet. */
    if (attr == PL_ATTR_RECIPIENT && q->recipient.form == PL_MAIL_EMPTY)
        return (struct pl_hit){.entry = PL_NO_ENTRY};
    in = match_side(set->in_words, set->in, set->in_count, p, q, attr);
    if (!in.holds)
        return in;
    out = match_side(set->out_words, set->out, set->out_count, p, q, attr);
    if (!out.holds)
        return in;
    out.holds = false;
    out.excluded = true;
    out.from = NULL;
    return out;
}
