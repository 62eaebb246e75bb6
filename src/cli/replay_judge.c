/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy asked about a request of which not everything is known. Rows of the compiled policy say
 * which rules' conditions hold (pl_policy_row: the code that decides). Conditions on what is not known
 * make a rule doubtful. The rules that are left are gone through in order up to the first that holds
 * for certain.
 */
#include "replay.h"

#include "postlatch/compile.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

static void set_rule(uint64_t *bits, size_t rule)
{
    bits[rule / 64] |= 1ULL << rule % 64;
}

/* Bits in the order of the compiled words as bits in the order of the rules. */
static void reorder(const struct pl_compiled *c, const uint64_t *from, uint64_t *to)
{
    for (size_t i = 0; i < c->nwords; i++) {
        for (uint64_t word = from[i]; word != 0; word &= word - 1) {
            uint32_t rule = c->rule_of_bit[64 * i + (size_t)__builtin_ctzll(word)];

            if (rule != PL_NO_RULE)
                set_rule(to, rule);
        }
    }
}

bool replay_judge_init(struct replay_judge *j, const struct pl_policy *p)
{
    const struct pl_compiled *c = p->compiled;
    bool ok;

    *j = (struct replay_judge){.p = p, .words = (c->nrules + 63) / 64};
    j->live = calloc(j->words, sizeof(uint64_t));
    j->rest = calloc(j->words, sizeof(uint64_t));
    j->doubtful = calloc(j->words, sizeof(uint64_t));
    j->row = calloc(j->words, sizeof(uint64_t));
    j->asking = calloc(c->ndims + 1, sizeof(*j->asking));
    ok = j->live != NULL && j->rest != NULL && j->doubtful != NULL && j->row != NULL &&
         j->asking != NULL;
    if (ok)
        reorder(c, c->live, j->live);
    for (size_t d = 0; ok && d < c->ndims; d++) {
        j->asking[d] = calloc(j->words, sizeof(uint64_t));
        ok = j->asking[d] != NULL;
        if (!ok)
            break;
        reorder(c, c->dims[d].asked, j->asking[d]);
        for (size_t i = 0; i < j->words; i++) {
            if ((j->asking[d][i] & j->live[i]) != 0)
                j->asks |= 1ULL << c->dims[d].attr;
        }
    }
    return ok;
}

void replay_judge_fini(struct replay_judge *j)
{
    for (size_t d = 0; j->asking != NULL && d < j->p->compiled->ndims; d++)
        free(j->asking[d]);
    free(j->asking);
    free(j->live);
    free(j->rest);
    free(j->doubtful);
    free(j->row);
    *j = (struct replay_judge){0};
}

/* What comes of it if this is the first rule whose conditions all hold. */
static struct pl_decision decision_of(const struct replay_judge *j, struct pl_query *q, size_t rule)
{
    struct pl_decision d = {&j->p->rules[rule], j->p->rules[rule].action};

    if (j->p->nwaivers > 0)
        pl_policy_apply_waivers(j->p, q, &d);
    return d;
}

/* Fills rest and doubtful. */
static void narrow(struct replay_judge *j, struct pl_query *q, uint64_t unknown)
{
    const struct pl_compiled *c = j->p->compiled;

    memcpy(j->rest, j->live, j->words * sizeof(uint64_t));
    memset(j->doubtful, 0, j->words * sizeof(uint64_t));
    for (size_t d = 0; d < c->ndims; d++) {
        if ((unknown >> c->dims[d].attr & 1) != 0) {
            for (size_t i = 0; i < j->words; i++)
                j->doubtful[i] |= j->asking[d][i];
        } else {
            pl_policy_row(j->p, q, d, j->row);
            for (size_t i = 0; i < j->words; i++)
                j->rest[i] &= j->row[i];
        }
    }
}

static uint64_t asks_of(const struct pl_rule *rule, uint64_t unknown)
{
    uint64_t asks = 0;

    for (size_t i = 0; i < rule->ncond; i++)
        asks |= 1ULL << rule->cond[i].attr & unknown;
    return asks;
}

/* ---- what a change means ---- */

static enum pl_effect effect_of_word(struct pl_str word)
{
    static const struct {
        const char *word;
        enum pl_effect effect;
    } words[] = {
#define X(id, text, what, argument, dsn) {text, what},
        PL_ACTION_TABLE(X)
#undef X
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (pl_str_eq(pl_str_of(words[i].word), word))
            return words[i].effect;
    }
    if (word.n == 3 && (word.p[0] == '4' || word.p[0] == '5'))
        return PL_EFFECT_REFUSE;
    return PL_EFFECT_UNKNOWN;
}

/* Whether the recipient was ours, as far as the rule's name tells. */
static bool was_ours(struct pl_str rule, bool is_ours)
{
    if (!pl_str_has_prefix(rule, pl_str_lit("builtin:")))
        return is_ours;
    return pl_str_eq(rule, pl_str_lit("builtin:accepted"));
}

/* What is known of a request beside its answers. */
struct situation {
    struct pl_str was;       /* the word that was answered */
    struct pl_action before; /* its effect only */
    bool counts;             /* at RCPT, with a recipient: relaying and mail to us are at stake */
    bool ours, ours_before;
    bool elsewhere; /* Postfix lets the client relay without our word */
};

static struct situation situation_of(const struct pl_policy *p, struct pl_query *q,
                                     const struct pl_logline *l)
{
    struct situation s = {.was = l->action, .before = {.effect = effect_of_word(l->action)}};
    bool whole = (l->unknown >> PL_ATTR_RECIPIENT & 1) == 0;

    s.counts = pl_str_eq(q->attr[PL_ATTR_PROTOCOL_STATE], pl_str_lit("RCPT")) &&
               q->attr[PL_ATTR_RECIPIENT].n > 0;
    if (!s.counts)
        return s;
    pl_query_need(q, PL_ATTR_RECIPIENT);
    pl_query_need(q, PL_ATTR_CLIENT_ADDRESS);
    s.ours = whole && pl_policy_is_ours(p, q, PL_ATTR_RECIPIENT);
    s.ours_before = was_ours(l->rule, s.ours);
    s.elsewhere =
        pl_set_match(&p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], p, q, PL_ATTR_CLIENT_ADDRESS)
            .holds;
    return s;
}

/* Behind all kinds: no change. */
enum { UNCHANGED = PL_CHANGE_KINDS };

/* By the table of postlatch/diff.h. */
static unsigned kind_of(const struct pl_policy *p, const struct situation *s,
                        const struct pl_action *now)
{
    bool open_before, open, left;

    if (pl_str_eq(now->word, s->was))
        return UNCHANGED;
    if (!s->counts)
        return PL_CHANGE_TEXT;
    open_before = s->ours_before ? s->before.effect != PL_EFFECT_REFUSE
                                 : pl_policy_lets_pass(p, &s->before, s->elsewhere);
    open = s->ours ? now->effect != PL_EFFECT_REFUSE : pl_policy_lets_pass(p, now, s->elsewhere);
    left = s->before.effect == PL_EFFECT_LEAVE && now->effect == PL_EFFECT_LEAVE;
    if (!s->ours && open)
        return !s->ours_before && open_before ? PL_CHANGE_TEXT : PL_CHANGE_MORE_RELAY;
    if (!open_before)
        return s->ours && open && !(left && !s->ours_before) ? PL_CHANGE_MORE_MAIL : PL_CHANGE_TEXT;
    if (!s->ours_before)
        return PL_CHANGE_LESS_RELAY;
    return open || (left && !s->ours) ? PL_CHANGE_TEXT : PL_CHANGE_LESS_MAIL;
}

/* ---- the answer ---- */

/* The doubtful rules before the one that holds for certain: the one whose change would be worst. */
static void look_at_doubtful(struct replay_judge *j, struct pl_query *q, size_t sure,
                             const struct situation *s, uint64_t unknown, struct replay_answer *a)
{
    unsigned worst = UNCHANGED + 1;

    for (size_t rule = 0; rule < sure; rule++) {
        struct pl_decision d;
        unsigned kind;
        bool other;

        if ((j->rest[rule / 64] >> rule % 64 & 1) == 0)
            continue;
        d = decision_of(j, q, rule);
        other = !pl_str_eq(d.action->word, a->sure.action->word);
        kind = kind_of(j->p, s, d.action);
        a->asks |= asks_of(&j->p->rules[rule], unknown);
        if (a->maybe.rule == NULL || (other && (a->certain || kind < worst))) {
            a->maybe = d;
            worst = kind;
        }
        a->certain = a->certain && !other;
    }
    if (a->maybe.rule != NULL && worst < a->kind)
        a->kind = worst;
}

struct replay_answer replay_judge_ask(struct replay_judge *j, const struct pl_logline *l)
{
    struct replay_answer a = {.certain = true};
    struct pl_cursor cursor = {0};
    struct situation s;
    struct pl_query q;
    size_t sure = 0;

    memcpy(q.attr, l->attr, sizeof(q.attr));
    pl_query_begin(&q);
    s = situation_of(j->p, &q, l);
    if ((j->asks & l->unknown) == 0) {
        pl_policy_decide(j->p, &q, &cursor, &a.sure);
        a.kind = kind_of(j->p, &s, a.sure.action);
        return a;
    }
    narrow(j, &q, l->unknown);
    while ((j->rest[sure / 64] >> sure % 64 & 1) == 0 ||
           (j->doubtful[sure / 64] >> sure % 64 & 1) != 0) {
        sure++;
        pl_assert(sure < j->p->nrules); /* the last rule has no condition */
    }
    a.sure = decision_of(j, &q, sure);
    a.kind = kind_of(j->p, &s, a.sure.action);
    look_at_doubtful(j, &q, sure, &s, l->unknown, &a);
    return a;
}
