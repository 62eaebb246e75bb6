/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes between two policies: exactly those boxes. Each box is taken at its word: its states,
 * clients, logins and recipients are turned back into values, and all boxes of one kind and pair of
 * rules together must hold exactly the combinations that the oracle found.
 */
#include "compare.h"
#include "draft.h"

#include "postlatch/diff.h"

#include <stdlib.h>
#include <string.h>

enum axis_of_box { BOX_STATE, BOX_LOGIN, BOX_CLIENT, BOX_RECIPIENT, BOX_AXES };

/* What boxes are told apart by. */
struct group {
    enum pl_change_kind kind;
    bool moved, only_some;
    size_t rule[2];
    bool *want, *have; /* of each combination of the four axes; malloc'ed */
};

struct comparing {
    const struct oracle *o;
    struct pl_buf *out;
    const struct oracle_axis *axis[BOX_AXES];
    size_t ntuples;
    uint64_t *pairs; /* of each combination: which pairs of rules decide; malloc'ed */
    size_t npairs, nwords;
    uint64_t live[2];     /* the rules that some value of each attribute lets hold */
    bool torn;            /* a box has some addresses of an interval only */
    struct group *groups; /* malloc'ed */
    size_t ngroups, cap;
};

static size_t tuple_of(const struct comparing *c, const size_t at[BOX_AXES])
{
    size_t tuple = 0;

    for (unsigned i = 0; i < BOX_AXES; i++)
        tuple = tuple * c->axis[i]->count + at[i];
    return tuple;
}

static void values_of(const struct comparing *c, size_t tuple, size_t at[BOX_AXES])
{
    for (unsigned i = BOX_AXES; i-- > 0; tuple /= c->axis[i]->count)
        at[i] = tuple % c->axis[i]->count;
}

/* ---- by the oracle ---- */

static bool note(const struct oracle_leaf *leaf, void *context)
{
    struct comparing *c = context;
    const struct oracle *o = c->o;
    size_t at[BOX_AXES], pair;

    for (unsigned i = 0; i < BOX_AXES; i++)
        at[i] = leaf->at[c->axis[i] - o->axes];
    pair = oracle_decides(leaf->rules[0]) * o->policy[1]->nrules + oracle_decides(leaf->rules[1]);
    c->pairs[tuple_of(c, at) * c->nwords + pair / 64] |= 1ULL << pair % 64;
    return true;
}

enum fate { PASSES, STAYS, LET_IN, REFUSED };

static enum fate fate_of(const struct pl_policy *p, const struct pl_action *action, unsigned facts)
{
    if ((facts & FACT_OURS) != 0)
        return oracle_effect(action) == EFFECT_REFUSE ? REFUSED : LET_IN;
    return oracle_why(p, action, facts) == WHY_NOT ? STAYS : PASSES;
}

/* The table of diff.h; false: no change. */
static bool kind_of(const struct oracle *o, const size_t rule[2], const unsigned facts[2],
                    struct group *g)
{
    const struct pl_action *a = o->policy[0]->rules[rule[0]].action,
                           *b = o->policy[1]->rules[rule[1]].action;
    enum fate from = fate_of(o->policy[0], a, facts[0]), to = fate_of(o->policy[1], b, facts[1]);
    bool same = oracle_same_answer(a, b),
         left = oracle_effect(a) == EFFECT_LEAVE && oracle_effect(b) == EFFECT_LEAVE;

    g->kind = PL_CHANGE_TEXT;
    g->moved = false;
    if ((facts[0] & (FACT_NOT_RCPT | FACT_NO_RECIPIENT)) != 0)
        return !same;
    g->moved = (from == PASSES && to == LET_IN) || (from == LET_IN && to == PASSES);
    if (from == PASSES && to == PASSES)
        return !same;
    if (to == PASSES || from == PASSES)
        g->kind = to == PASSES ? PL_CHANGE_MORE_RELAY : PL_CHANGE_LESS_RELAY;
    else if (left) /* to Postfix, which knows what is ours */
        return !same;
    else if (from == LET_IN && to != LET_IN)
        g->kind = PL_CHANGE_LESS_MAIL;
    else if (from != LET_IN && to == LET_IN)
        g->kind = PL_CHANGE_MORE_MAIL;
    return !same || (from == PASSES && to == STAYS) || (from == STAYS && to == PASSES);
}

static struct group *find_group(struct comparing *c, const struct group *like, bool add)
{
    struct group *grown;

    for (size_t i = 0; i < c->ngroups; i++) {
        struct group *g = &c->groups[i];

        if (g->kind == like->kind && g->moved == like->moved && g->only_some == like->only_some &&
            g->rule[0] == like->rule[0] && g->rule[1] == like->rule[1])
            return g;
    }
    if (!add)
        return NULL;
    grown = pl_grow(c->groups, &c->cap, c->ngroups, sizeof(*grown));
    must(grown != NULL, "out of memory");
    c->groups = grown;
    grown[c->ngroups] = *like;
    grown[c->ngroups].want = calloc(c->ntuples, sizeof(bool));
    grown[c->ngroups].have = calloc(c->ntuples, sizeof(bool));
    must(grown[c->ngroups].want != NULL && grown[c->ngroups].have != NULL, "out of memory");
    return &grown[c->ngroups++];
}

static void find_groups_of(struct comparing *c, size_t tuple)
{
    const uint64_t *pairs = c->pairs + tuple * c->nwords;
    size_t at[BOX_AXES], n = 0;
    unsigned facts[2] = {0, 0};

    values_of(c, tuple, at);
    for (unsigned i = 0; i < BOX_AXES; i++) {
        for (size_t part = 0; part < 2; part++)
            facts[part] |= c->axis[i]->values[at[i]].facts[part];
    }
    for (size_t i = 0; i < c->nwords; i++)
        n += (size_t)__builtin_popcountll(pairs[i]);
    for (size_t pair = 0; pair < c->npairs; pair++) {
        struct group g = {.only_some = n > 1};

        if ((pairs[pair / 64] >> pair % 64 & 1) == 0)
            continue;
        g.rule[0] = pair / c->o->policy[1]->nrules;
        g.rule[1] = pair % c->o->policy[1]->nrules;
        if (kind_of(c->o, g.rule, facts, &g))
            find_group(c, &g, true)->want[tuple] = true;
    }
}

/* ---- words back to values ---- */

/* Whether two values are one to all rules of both policies, and to the boundary. */
static bool is_alike(const struct comparing *c, const struct oracle_value *v,
                     const struct oracle_value *w)
{
    return ((v->rules[0] ^ w->rules[0]) & c->live[0]) == 0 &&
           ((v->rules[1] ^ w->rules[1]) & c->live[1]) == 0 && v->facts[0] == w->facts[0] &&
           v->facts[1] == w->facts[1];
}

static void find_live(struct comparing *c)
{
    c->live[0] = c->live[1] = ~0ULL;
    for (size_t k = 0; k < c->o->naxes; k++) {
        uint64_t some[2] = {0, 0};

        for (size_t i = 0; i < c->o->axes[k].count; i++) {
            some[0] |= c->o->axes[k].values[i].rules[0];
            some[1] |= c->o->axes[k].values[i].rules[1];
        }
        c->live[0] &= some[0];
        c->live[1] &= some[1];
    }
}

static bool is_as(const struct comparing *c, enum axis_of_box box, const struct oracle_value *v,
                  const char *before, struct pl_str text)
{
    struct pl_buf value = {0};
    size_t at;

    pl_buf_add(&value, pl_str_of(before));
    pl_buf_add(&value, text);
    at = oracle_value_of(c->o, c->axis[box], pl_buf_str(&value));
    must(at != SIZE_MAX && !value.failed, "a value that the oracle does not have");
    pl_buf_fini(&value);
    return is_alike(c, v, &c->axis[box]->values[at]);
}

static bool state_is(const struct comparing *c, const struct oracle_value *v, struct pl_str word)
{
    if (pl_str_eq(word, pl_str_lit("any state")))
        return true;
    if (pl_str_eq(word, pl_str_lit("no state")))
        word.n = 0;
    else if (pl_str_eq(word, pl_str_lit("other states")))
        word = pl_str_lit(ORACLE_NOBODY);
    return is_as(c, BOX_STATE, v, "", word);
}

static bool login_is(const struct comparing *c, const struct oracle_value *v, struct pl_str word)
{
    bool present = (v->facts[0] & FACT_LOGIN) != 0;

    if (pl_str_eq(word, pl_str_lit("any or none")) || pl_str_eq(word, pl_str_lit("any")))
        return present || word.n > 3;
    if (pl_str_eq(word, pl_str_lit("none")))
        return !present;
    if (pl_str_eq(word, pl_str_lit("other logins")))
        return is_as(c, BOX_LOGIN, v, "", pl_str_lit(ORACLE_NOBODY));
    if (pl_str_has_prefix(word, pl_str_lit("as ")))
        return is_as(c, BOX_LOGIN, v, "", pl_str_from(word, 3));
    if (pl_str_has_prefix(word, pl_str_lit("@")))
        return is_as(c, BOX_LOGIN, v, ORACLE_NOBODY, word);
    return is_as(c, BOX_LOGIN, v, "", word);
}

static bool recipient_is(const struct comparing *c, const struct oracle_value *v,
                         struct pl_str word)
{
    const unsigned ours =
        (v->facts[0] & FACT_OURS) / FACT_OURS + (v->facts[1] & FACT_OURS) / FACT_OURS;
    bool present = (v->facts[0] & FACT_NO_RECIPIENT) == 0;

    if (pl_str_eq(word, pl_str_lit("any")))
        return present;
    if (pl_str_eq(word, pl_str_lit("no recipient")))
        return !present;
    if (pl_str_eq(word, pl_str_lit("ours")))
        return ours == 2;
    if (pl_str_eq(word, pl_str_lit("foreign")))
        return present && ours == 0;
    if (pl_str_eq(word, pl_str_lit("routed")))
        return (v->facts[0] & FACT_ROUTED) != 0;
    if (pl_str_eq(word, pl_str_lit("without domain")))
        return is_as(c, BOX_RECIPIENT, v, "", pl_str_lit(ORACLE_NOBODY));
    if (pl_str_eq(word, pl_str_lit("others")))
        return is_as(c, BOX_RECIPIENT, v, "", pl_str_lit(ORACLE_NOBODY "@" ORACLE_NOWHERE));
    if (pl_str_has_prefix(word, pl_str_lit("as ")))
        return is_as(c, BOX_RECIPIENT, v, "", pl_str_from(word, 3));
    if (pl_str_find(word, '@') < word.n)
        return is_as(c, BOX_RECIPIENT, v, "", word);
    if (word.p[0] == '.')
        return is_as(c, BOX_RECIPIENT, v, ORACLE_NOBODY "@" ORACLE_NOBODY, word);
    return is_as(c, BOX_RECIPIENT, v, ORACLE_NOBODY "@", word);
}

typedef bool word_is(const struct comparing *c, const struct oracle_value *v, struct pl_str word);

/* Marks what some word names, but what stands behind '!': that takes out of the word before. */
static void mark(const struct comparing *c, enum axis_of_box box, word_is *is,
                 const struct pl_str *words, size_t n, bool *in)
{
    for (size_t i = 0; i < c->axis[box]->count; i++) {
        const struct oracle_value *v = &c->axis[box]->values[i];
        bool out = false, whole = false;

        in[i] = false;
        for (size_t w = n; w-- > 0;) { /* exceptions stand behind the word that they are of */
            if (words[w].p[0] == '!') {
                out = out || is(c, v, pl_str_from(words[w], 1));
                continue;
            }
            whole = !pl_str_has_prefix(words[w], pl_str_lit("and ")) && is(c, v, words[w]);
            in[i] = in[i] || (whole && !out);
            out = false;
        }
    }
}

/* The words of a text, with ", " between them. */
static size_t split(struct pl_str text, struct pl_str words[64])
{
    size_t n = 0;

    for (;;) {
        size_t end = 0;

        while (end < text.n && !pl_str_has_prefix(pl_str_from(text, end), pl_str_lit(", ")))
            end++;
        must(n < 64, "more words than expected");
        words[n++] = (struct pl_str){text.p, end};
        if (end == text.n)
            return n;
        text = pl_str_from(text, end + 2);
    }
}

/* The network of a box that an address lies in, or NULL. */
static const struct pl_prefix *network_of(const struct pl_change *change, int family,
                                          oracle_u128 addr)
{
    for (size_t i = 0; i < change->nclients; i++) {
        struct span s = span_of_prefix(&change->clients[i]);

        if (s.family == family && s.low <= addr && addr <= s.high)
            return &change->clients[i];
    }
    return NULL;
}

/* Whether all of an interval is in the box; it is torn if some is, and some is not. */
static bool holds_span(struct comparing *c, const struct pl_change *change, const struct span *s)
{
    const struct pl_prefix *network = network_of(change, s->family, s->low);
    bool first = network != NULL;

    while (network != NULL && span_of_prefix(network).high < s->high)
        network = network_of(change, s->family, span_of_prefix(network).high + 1);
    for (size_t i = 0; i < change->nclients && network == NULL; i++) {
        struct span part = span_of_prefix(&change->clients[i]);

        c->torn = c->torn || first ||
                  (part.family == s->family && s->low <= part.low && part.low <= s->high);
    }
    return network != NULL;
}

static void mark_clients(struct comparing *c, const struct pl_change *change, bool *in)
{
    size_t absent = oracle_value_of(c->o, c->axis[BOX_CLIENT], pl_str_lit(""));

    for (size_t i = 0; i < c->axis[BOX_CLIENT]->count; i++)
        in[i] = change->every_client;
    in[absent] = change->every_client || change->no_address;
    for (size_t i = 0; i < c->o->nintervals && !change->every_client; i++)
        in[c->o->intervals[i].value] = holds_span(c, change, &c->o->intervals[i].span);
}

static struct group group_of(const struct comparing *c, const struct pl_change *change)
{
    struct group g = {change->kind, change->moved, change->only_some, {0, 0}, NULL, NULL};

    for (size_t part = 0; part < 2; part++)
        g.rule[part] = (size_t)(change->rule[part] - c->o->policy[part]->rules);
    return g;
}

/* Marks the combinations that a box has. */
static void take_box(struct comparing *c, const struct pl_change *change, struct group *g)
{
    bool *in[BOX_AXES];
    struct pl_str words[64];
    size_t at[BOX_AXES];

    for (unsigned i = 0; i < BOX_AXES; i++) {
        in[i] = calloc(c->axis[i]->count, sizeof(bool));
        must(in[i] != NULL, "out of memory");
    }
    if (change->at_rcpt) {
        words[0] = pl_str_lit("RCPT");
        mark(c, BOX_STATE, state_is, words, 1, in[BOX_STATE]);
    } else {
        mark(c, BOX_STATE, state_is, words, split(change->states, words), in[BOX_STATE]);
    }
    mark(c, BOX_LOGIN, login_is, words, split(change->login, words), in[BOX_LOGIN]);
    mark(c, BOX_RECIPIENT, recipient_is, change->recipients, change->nrecipients,
         in[BOX_RECIPIENT]);
    mark_clients(c, change, in[BOX_CLIENT]);
    for (size_t t = 0; t < c->ntuples; t++) {
        bool all = true;

        values_of(c, t, at);
        for (unsigned i = 0; i < BOX_AXES; i++)
            all = all && in[i][at[i]];
        g->have[t] = g->have[t] || all;
    }
    for (unsigned i = 0; i < BOX_AXES; i++)
        free(in[i]);
}

/* ---- the comparison ---- */

static void say_group(struct pl_buf *out, const struct oracle *o, const struct group *g)
{
    pl_buf_addf(out, "%s%s%s, rules %zu:", pl_change_word(g->kind), g->moved ? " moved" : "",
                g->only_some ? " for some" : "", g->rule[0]);
    pl_buf_add(out, o->policy[0]->rules[g->rule[0]].name);
    pl_buf_addf(out, " to %zu:", g->rule[1]);
    pl_buf_add(out, o->policy[1]->rules[g->rule[1]].name);
}

static bool compare_group(const struct comparing *c, const struct group *g)
{
    for (size_t t = 0; t < c->ntuples; t++) {
        size_t at[BOX_AXES];

        if (g->want[t] == g->have[t])
            continue;
        say_group(c->out, c->o, g);
        pl_buf_addf(c->out, ": the oracle has it%s, the diff%s, for", g->want[t] ? "" : " not",
                    g->have[t] ? "" : " not");
        values_of(c, t, at);
        for (unsigned i = 0; i < BOX_AXES; i++) {
            pl_buf_addf(c->out, " %s=", pl_attr_name(c->axis[i]->attr));
            pl_buf_add(c->out, c->axis[i]->values[at[i]].text);
        }
        pl_buf_add_char(c->out, '\n');
        return false;
    }
    return true;
}

/* The example lies in the box, and is decided by its rules. */
static bool compare_example(const struct comparing *c, const struct pl_change *change,
                            const struct group *g)
{
    const char *wrong = NULL;
    size_t at[BOX_AXES];

    for (size_t part = 0; part < 2; part++) {
        struct judgement j = judge(c->o->policy[part], change->request);

        if (j.rule != g->rule[part])
            wrong = "is decided by another rule";
        else if (!oracle_is_possible(j.facts))
            wrong = "cannot be";
    }
    for (unsigned i = 0; i < BOX_AXES && wrong == NULL; i++) {
        at[i] = oracle_value_of(c->o, c->axis[i], change->request[c->axis[i]->attr]);
        if (at[i] == SIZE_MAX)
            wrong = "has a value that the oracle has not";
    }
    if (wrong == NULL && !g->want[tuple_of(c, at)])
        wrong = "does not change";
    if (wrong == NULL)
        return true;
    say_group(c->out, c->o, g);
    pl_buf_addf(c->out, ": the example %s:", wrong);
    say_request(c->out, change->request);
    return false;
}

static bool compare_boxes(struct comparing *c, const struct pl_diff *diff)
{
    for (size_t i = 0; i < diff->nchanges; i++) {
        const struct pl_change *change = &diff->changes[i];
        struct group like = group_of(c, change), *g = find_group(c, &like, false);

        if (change->unlisted)
            return true;
        if (g == NULL) {
            say_group(c->out, c->o, &like);
            pl_buf_add(c->out, pl_str_lit(": the diff has this, the oracle has not\n"));
            return false;
        }
        if (!compare_example(c, change, g))
            return false;
        take_box(c, change, g);
    }
    for (size_t i = 0; i < c->ngroups; i++) {
        if (!compare_group(c, &c->groups[i]))
            return false;
    }
    if (c->torn)
        pl_buf_add(c->out, pl_str_lit("a box has some of the addresses that are alike only\n"));
    return !c->torn;
}

static bool has_omitted(const struct pl_diff *diff)
{
    for (size_t i = 0; i < PL_CHANGE_KINDS; i++) {
        if (diff->omitted[i] > 0)
            return true;
    }
    return false;
}

bool compare_words(const struct oracle *o, struct pl_buf *out, struct seen *seen)
{
    struct pl_diff *diff = pl_diff_new(o->policy[0], o->policy[1], 0);
    struct comparing c = {.o = o, .out = out};
    bool same = true;

    (void)seen;
    must(diff != NULL, "pl_diff_new: out of memory");
    c.axis[BOX_STATE] = oracle_axis_of(o, PL_ATTR_PROTOCOL_STATE);
    c.axis[BOX_LOGIN] = o->login;
    c.axis[BOX_CLIENT] = o->client;
    c.axis[BOX_RECIPIENT] = o->recipient;
    c.ntuples = 1;
    for (unsigned i = 0; i < BOX_AXES; i++)
        c.ntuples *= c.axis[i]->count;
    c.npairs = o->policy[0]->nrules * o->policy[1]->nrules;
    c.nwords = (c.npairs + 63) / 64;
    c.pairs = calloc(c.ntuples * c.nwords, sizeof(*c.pairs));
    must(c.pairs != NULL, "out of memory");
    find_live(&c);
    oracle_walk(o, note, &c);
    for (size_t t = 0; t < c.ntuples; t++)
        find_groups_of(&c, t);
    if (diff->gave_up != NULL) {
        pl_buf_addf(out, "the diff gave up: %s\n", diff->gave_up);
        same = false;
    } else if (!has_omitted(diff)) {
        same = compare_boxes(&c, diff);
    }
    for (size_t i = 0; i < c.ngroups; i++) {
        free(c.groups[i].want);
        free(c.groups[i].have);
    }
    free(c.groups);
    free(c.pairs);
    pl_diff_free(diff);
    return same;
}
