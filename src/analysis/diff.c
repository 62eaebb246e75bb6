/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes between two policies. One walk over the space of both: at each state, login and client
 * where some answer may differ, each recipient is looked at. What is found is folded, one axis after
 * the other, into boxes (diff_lists.c), which are then put into words (diff_tell.c, diff_names.c).
 */
#include "postlatch/diff.h"

#include "diff_build.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/prove.h"
#include "postlatch/walk.h"

#include <stdlib.h>
#include <string.h>

const char *pl_change_word(enum pl_change_kind kind)
{
    static const char *const words[] = {"+RELAY", "-MAIL", "-RELAY", "+MAIL", "~TEXT"};

    return words[kind];
}

/* ---- answers ---- */

/* An answer is what is sent, whatever the request: its texts and the attributes between them. */
static uint32_t number_answer(struct diff_lists *lists, const struct pl_action *action)
{
    size_t n = 0, room = 1;
    uint32_t *items, number;

    for (size_t i = 0; i < action->npieces; i++)
        room += action->pieces[i].literal.n + 2;
    items = malloc(room * sizeof(*items));
    if (items == NULL)
        return NO_LIST;
    for (size_t i = 0; i < action->npieces; i++) {
        const struct pl_action_piece *piece = &action->pieces[i];

        items[n++] = (uint32_t)piece->literal.n;
        for (size_t j = 0; j < piece->literal.n; j++)
            items[n++] = (unsigned char)piece->literal.p[j];
        items[n++] = (uint32_t)piece->attr;
    }
    number = diff_lists_keep(lists, items, n);
    free(items);
    return number;
}

static bool number_answers(struct diff_build *b)
{
    b->text = calloc(64 * b->s->nwords, sizeof(*b->text));
    if (b->text == NULL)
        return false;
    for (size_t part = 0; part < 2; part++) {
        const struct pl_policy *p = b->s->policy[part];

        for (size_t r = 0; r < p->nrules; r++) {
            uint32_t number = number_answer(&b->lists, p->rules[r].action);

            if (number == NO_LIST)
                return false;
            b->text[pl_space_bit(b->s, part, r)] = number;
        }
    }
    return true;
}

/* ---- kinds ---- */

/* What an answer does for a recipient: a row or column of the table in diff.h. */
enum fate { FATE_PASSES, FATE_STAYS, FATE_LET_IN, FATE_REFUSED };

static enum fate fate_of(const struct diff_build *b, size_t part, uint32_t bit,
                         unsigned client_labels, unsigned recipient_labels)
{
    static const unsigned ours[2] = {PL_LABEL_OURS, PL_LABEL_OURS_2};
    const struct pl_action *action = pl_space_rule(b->s, bit, NULL)->action;
    enum pl_opening_why why;

    if ((recipient_labels & ours[part]) != 0)
        return action->effect == PL_EFFECT_REFUSE ? FATE_REFUSED : FATE_LET_IN;
    if (part == 1)
        client_labels >>= PL_LABEL_SECOND_SHIFT;
    return pl_prove_lets_pass(b->s->policy[part], action, client_labels, &why) ? FATE_PASSES
                                                                               : FATE_STAYS;
}

/* A cell of the table. */
struct cell {
    enum pl_change_kind kind;
    bool moved;
};

/* What a pair of decisions means for a recipient; false: nothing changes. */
static bool judge(const struct diff_build *b, const uint32_t bit[2], unsigned client_labels,
                  unsigned recipient_labels, struct cell *cell)
{
    static const enum pl_change_kind kinds[4][4] = {
        [FATE_PASSES] = {PL_CHANGE_TEXT, PL_CHANGE_LESS_RELAY, PL_CHANGE_LESS_RELAY,
                         PL_CHANGE_LESS_RELAY},
        [FATE_STAYS] = {PL_CHANGE_MORE_RELAY, PL_CHANGE_TEXT, PL_CHANGE_MORE_MAIL, PL_CHANGE_TEXT},
        [FATE_LET_IN] = {PL_CHANGE_MORE_RELAY, PL_CHANGE_LESS_MAIL, PL_CHANGE_TEXT,
                         PL_CHANGE_LESS_MAIL},
        [FATE_REFUSED] = {PL_CHANGE_MORE_RELAY, PL_CHANGE_TEXT, PL_CHANGE_MORE_MAIL,
                          PL_CHANGE_TEXT},
    };
    bool same = b->text[bit[0]] == b->text[bit[1]];
    bool left = pl_space_rule(b->s, bit[0], NULL)->action->effect == PL_EFFECT_LEAVE &&
                pl_space_rule(b->s, bit[1], NULL)->action->effect == PL_EFFECT_LEAVE;
    enum fate from, to;

    *cell = (struct cell){PL_CHANGE_TEXT, false};
    if (!diff_is_rcpt(b, b->at[KEY_STATES]) || (recipient_labels & PL_LABEL_ABSENT) != 0)
        return !same;
    from = fate_of(b, 0, bit[0], client_labels, recipient_labels);
    to = fate_of(b, 1, bit[1], client_labels, recipient_labels);
    cell->kind = kinds[from][to];
    cell->moved =
        (from == FATE_PASSES && to == FATE_LET_IN) || (from == FATE_LET_IN && to == FATE_PASSES);
    if (left &&
        ((from == FATE_STAYS && to == FATE_LET_IN) || (from == FATE_LET_IN && to == FATE_STAYS)))
        cell->kind = PL_CHANGE_TEXT;
    /* The same answer can mean something else only where Postfix lets the one pass, not the other. */
    return !same || (from == FATE_PASSES && to == FATE_STAYS) ||
           (from == FATE_STAYS && to == FATE_PASSES);
}

bool diff_is_rcpt(const struct diff_build *b, uint32_t atom)
{
    return b->states == NULL || pl_str_eq(b->states->atoms[atom].value, pl_str_lit("RCPT"));
}

/* ---- the walk ---- */

enum { SEEN = 1, SEEN_OTHER_ANSWER = 2, SEEN_BOTH_LEAVE = 4 };

/* What the decisions from here on have in them; each set of them is looked at once. */
static unsigned look(struct diff_build *b)
{
    const struct pl_outcome *outcomes;
    size_t n;
    uint32_t result = pl_walk_collect(b->w, &outcomes, &n);
    unsigned found = SEEN;

    if (result >= b->seen_cap) {
        size_t cap = 2 * ((size_t)result + 64);
        uint8_t *grown = realloc(b->seen, cap);

        if (grown == NULL) {
            b->failed = true;
            return 0;
        }
        memset(grown + b->seen_cap, 0, cap - b->seen_cap);
        b->seen = grown;
        b->seen_cap = cap;
    }
    if (b->seen[result] != 0)
        return b->seen[result];
    for (size_t i = 0; i < n; i++) {
        const uint32_t *bit = outcomes[i].bit;

        if (b->text[bit[0]] != b->text[bit[1]])
            found |= SEEN_OTHER_ANSWER;
        if (pl_space_rule(b->s, bit[0], NULL)->action->effect == PL_EFFECT_LEAVE &&
            pl_space_rule(b->s, bit[1], NULL)->action->effect == PL_EFFECT_LEAVE)
            found |= SEEN_BOTH_LEAVE;
    }
    b->seen[result] = (uint8_t)found;
    return found;
}

static bool is_stopped(struct diff_build *b)
{
    if (b->diff->gave_up == NULL)
        b->diff->gave_up = pl_walk_gave_up(b->w);
    return b->failed || b->diff->gave_up != NULL;
}

static void add_piece(struct diff_build *b, const struct pl_outcome *o, const struct cell *cell,
                      bool only_some)
{
    uint32_t group[] = {(uint32_t)cell->kind, cell->moved, o->bit[0], o->bit[1], only_some};
    struct diff_piece *grown = pl_grow(b->pieces, &b->pieces_cap, b->npieces, sizeof(*grown));

    if (grown != NULL)
        b->pieces = grown;
    b->at[KEY_GROUP] = diff_lists_keep(&b->lists, group, sizeof(group) / sizeof(group[0]));
    if (grown == NULL || b->at[KEY_GROUP] == NO_LIST)
        b->failed = true;
    else
        memcpy(b->pieces[b->npieces++].key, b->at, sizeof(b->at));
    if (b->npieces > (size_t)PL_DIFF_PIECES_MAX_MILLION * 1000000)
        b->diff->gave_up = "the two differ in too many places";
}

/* All recipients of a state, login and client. */
static void visit_recipients(struct diff_build *b)
{
    unsigned labels = b->clients->atoms[b->at[KEY_CLIENTS]].labels;
    size_t before = b->npieces, folded;

    for (uint32_t a = 0; a < b->recipients->natoms && !is_stopped(b); a++) {
        const struct pl_outcome *outcomes;
        struct cell cell;
        size_t n;

        if (++b->steps > (size_t)PL_DIFF_STEPS_MAX_MILLION * 1000000)
            b->diff->gave_up = "it would take too many steps";
        if (!pl_walk_choose(b->w, a))
            continue;
        b->at[KEY_RECIPIENTS] = a;
        pl_walk_collect(b->w, &outcomes, &n);
        for (size_t i = 0; i < n && !b->failed; i++) {
            if (judge(b, outcomes[i].bit, labels, b->recipients->atoms[a].labels, &cell))
                add_piece(b, &outcomes[i], &cell, n > 1);
        }
        pl_walk_back(b->w);
    }
    if (b->failed)
        return;
    folded = diff_fold(b->pieces + before, b->npieces - before, KEY_RECIPIENTS, &b->lists);
    b->failed = folded == SIZE_MAX;
    b->npieces = b->failed ? before : before + folded;
}

static bool permits_what_is_left(const struct diff_build *b, size_t part, unsigned client_labels)
{
    unsigned shift = part == 0 ? 0 : PL_LABEL_SECOND_SHIFT;

    return b->s->policy[part]->after_dunno == PL_AFTER_PERMIT ||
           (client_labels >> shift & PL_LABEL_ELSEWHERE) != 0;
}

static void visit_clients(struct diff_build *b)
{
    for (uint32_t a = 0; a < b->clients->natoms && !is_stopped(b); a++) {
        unsigned labels = b->clients->atoms[a].labels, found;

        if (!pl_walk_choose(b->w, a))
            continue;
        b->at[KEY_CLIENTS] = a;
        found = look(b);
        if ((found & SEEN_OTHER_ANSWER) != 0 ||
            ((found & SEEN_BOTH_LEAVE) != 0 &&
             permits_what_is_left(b, 0, labels) != permits_what_is_left(b, 1, labels)))
            visit_recipients(b);
        pl_walk_back(b->w);
    }
}

/* Whether clients have to be looked at one by one: an answer differs, or what Postfix makes of it may. */
static bool may_differ(struct diff_build *b)
{
    const struct pl_policy *const *p = b->s->policy;
    bool facts = p[0]->after_dunno != p[1]->after_dunno;

    for (size_t part = 0; part < 2; part++)
        facts = facts || p[part]->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE].in_count > 0;
    return (look(b) & (SEEN_OTHER_ANSWER | (facts ? SEEN_BOTH_LEAVE : 0))) != 0;
}

static void visit_logins(struct diff_build *b)
{
    if (b->logins == NULL) {
        visit_clients(b);
        return;
    }
    for (uint32_t a = 0; a < b->logins->natoms && !is_stopped(b); a++) {
        if (!pl_walk_choose(b->w, a))
            continue;
        b->at[KEY_LOGINS] = a;
        if (may_differ(b))
            visit_clients(b);
        pl_walk_back(b->w);
    }
}

static void visit_states(struct diff_build *b)
{
    if (b->states == NULL) {
        visit_logins(b);
        return;
    }
    for (uint32_t a = 0; a < b->states->natoms && !is_stopped(b); a++) {
        if (!pl_walk_choose(b->w, a))
            continue;
        b->at[KEY_STATES] = a;
        if (may_differ(b))
            visit_logins(b);
        pl_walk_back(b->w);
    }
}

void diff_find_pieces(struct diff_build *b)
{
    static const enum piece_key folds[] = {KEY_CLIENTS, KEY_LOGINS, KEY_STATES};

    visit_states(b);
    is_stopped(b); /* takes over why the walk gave up */
    for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]) && !b->failed; i++) {
        size_t n = diff_fold(b->pieces, b->npieces, folds[i], &b->lists);

        b->failed = n == SIZE_MAX;
        if (!b->failed)
            b->npieces = n;
    }
}

/* ---- all ---- */

static void build(struct diff_build *b, size_t steps_max)
{
    struct pl_region region = {
        .steps_max = steps_max,
        .nfirst = 4,
        .first = {PL_ATTR_PROTOCOL_STATE, PL_ATTR_SASL_USERNAME, PL_ATTR_CLIENT_ADDRESS,
                  PL_ATTR_RECIPIENT},
    };

    b->states = b->s->axis_of[PL_ATTR_PROTOCOL_STATE];
    b->logins = b->s->axis_of[PL_ATTR_SASL_USERNAME];
    b->clients = b->s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    b->recipients = b->s->axis_of[PL_ATTR_RECIPIENT];
    b->w = pl_walk_new(b->s, &region);
    b->failed = b->w == NULL || !number_answers(b);
    if (!b->failed)
        diff_find_pieces(b);
    if (!b->failed)
        diff_tell(b);
    free(b->text);
    free(b->seen);
    free(b->pieces);
    diff_lists_fini(&b->lists);
    pl_walk_free(b->w);
}

static bool has_expired(const struct pl_policy *p)
{
    bool any = false;

    for (size_t w = 0; w < p->nwaivers; w++)
        any = any || pl_waiver_has_ended(p, &p->waivers[w]);
    return any;
}

static bool same_surface(const struct pl_ranges *a, const struct pl_ranges *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++)
        same = pl_addr_eq(&a->ranges[i].low, &b->ranges[i].low) &&
               pl_addr_eq(&a->ranges[i].high, &b->ranges[i].high);
    return same;
}

/* Both accept the same, waiver by waiver, and of both the same has expired. */
static bool same_waivers(const struct pl_policy *a, const struct pl_policy *b)
{
    bool same = a->nwaivers == b->nwaivers;

    for (size_t i = 0; i < a->nwaivers && same; i++)
        same = pl_waiver_has_ended(a, &a->waivers[i]) == pl_waiver_has_ended(b, &b->waivers[i]) &&
               same_surface(&a->waivers[i].surface, &b->waivers[i].surface) &&
               pl_str_eq(a->waivers[i].rule, b->waivers[i].rule);
    return same;
}

struct pl_diff *pl_diff_new(const struct pl_policy *from, const struct pl_policy *to,
                            size_t steps_max)
{
    struct pl_diff *d = calloc(1, sizeof(*d));
    struct diff_build b = {.diff = d};
    struct pl_space *s = NULL;
    bool too_large = false;

    if (d == NULL)
        return NULL;
    d->policy[0] = from;
    d->policy[1] = to;
    d->mode_differs = from->mode != to->mode;
    d->expired[0] = has_expired(from);
    d->expired[1] = has_expired(to);
    d->expired_differ = (d->expired[0] || d->expired[1]) && !same_waivers(from, to);
    d->arena = pl_arena_new();
    if (d->arena != NULL)
        b.s = s = pl_space_new(from, to, &too_large);
    if (too_large)
        d->gave_up = "their rules and lists overlap in too many different ways";
    else if (s == NULL)
        b.failed = true;
    else
        build(&b, steps_max);
    pl_space_free(s);
    if (b.failed) {
        pl_diff_free(d);
        return NULL;
    }
    return d;
}

void pl_diff_free(struct pl_diff *d)
{
    if (d == NULL)
        return;
    pl_arena_free(d->arena);
    free(d);
}

bool pl_diff_is_same(const struct pl_diff *d)
{
    return d->nchanges == 0 && !d->mode_differs && d->gave_up == NULL && !d->expired_differ;
}
