/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes between two policies: every combination is looked at, those that change are kept by
 * state, login, client, recipient and what changes for them, and then put together, one axis after
 * the other, into boxes: recipients, clients, logins, states.
 */
#include "draft.h"
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a change is ---- */

enum { PASSES, PASSES_NOT, LET_IN, REFUSED };

static size_t column(const struct oracle *o, size_t part, const struct pl_action *action,
                     unsigned facts)
{
    if ((facts & FACT_OURS) != 0)
        return oracle_effect(action) == EFFECT_REFUSE ? REFUSED : LET_IN;
    return oracle_why(o->policy[part], action, facts) == WHY_NOT ? PASSES_NOT : PASSES;
}

/* The table of the manual, "diff". */
static bool change_of(const struct oracle_leaf *leaf, const size_t rule[2], const char **kind,
                      bool *moved)
{
    static const char *const table[4][4] = {
        {"~TEXT", "-RELAY", "-RELAY", "-RELAY"},
        {"+RELAY", "~TEXT", "+MAIL", "~TEXT"},
        {"+RELAY", "-MAIL", "~TEXT", "-MAIL"},
        {"+RELAY", "~TEXT", "+MAIL", "~TEXT"},
    };
    const struct oracle *o = leaf->o;
    const struct pl_action *action[2] = {o->policy[0]->rules[rule[0]].action,
                                         o->policy[1]->rules[rule[1]].action};
    bool same = oracle_same_answer(action[0], action[1]), foreign;
    size_t from, to;

    *kind = "~TEXT";
    *moved = false;
    if ((leaf->facts[0] & (FACT_NOT_RCPT | FACT_NO_RECIPIENT)) != 0)
        return !same;
    from = column(o, 0, action[0], leaf->facts[0]);
    to = column(o, 1, action[1], leaf->facts[1]);
    foreign = from <= PASSES_NOT && to <= PASSES_NOT;
    if (same && (!foreign || from == to))
        return false;
    *kind = table[from][to];
    *moved = (from == PASSES && to == LET_IN) || (from == LET_IN && to == PASSES);
    /* "(*)" in the manual. */
    if (((from == PASSES_NOT && to == LET_IN) || (from == LET_IN && to == PASSES_NOT)) &&
        oracle_effect(action[0]) == EFFECT_LEAVE && oracle_effect(action[1]) == EFFECT_LEAVE)
        *kind = "~TEXT";
    return true;
}

/* ---- all of them ---- */

enum key { GROUP, STATE, LOGIN, CLIENT, RECIPIENT, KEYS };

struct piece {
    uint32_t key[KEYS]; /* values; folded: numbers of sets of them */
};

struct group {
    size_t rule[2];
    const char *kind;
    bool moved, changes, some;
};

struct builder {
    const struct oracle *o;
    size_t state; /* its axis; SIZE_MAX: none */
    struct group *groups;
    size_t ngroups, groups_cap;
    struct piece *pieces;
    size_t npieces, pieces_cap;
    uint32_t *hash; /* of pieces, by number + 1; 0: empty */
    size_t hash_cap;
    struct oracle_set *sets;
    size_t nsets, sets_cap;
};

static uint32_t number_group(struct builder *b, const struct group *g)
{
    for (size_t i = 0; i < b->ngroups; i++) {
        const struct group *have = &b->groups[i];

        if (have->rule[0] == g->rule[0] && have->rule[1] == g->rule[1] && have->kind == g->kind &&
            have->moved == g->moved && have->changes == g->changes && have->some == g->some)
            return (uint32_t)i;
    }
    b->groups = pl_grow(b->groups, &b->groups_cap, b->ngroups, sizeof(*b->groups));
    must(b->groups != NULL, "out of memory");
    b->groups[b->ngroups] = *g;
    return (uint32_t)b->ngroups++;
}

static size_t slot_of(const struct builder *b, const struct piece *piece)
{
    uint64_t h = 0;
    size_t at;

    for (size_t i = 0; i < KEYS; i++)
        h = (h + piece->key[i]) * 0x9e3779b97f4a7c15U;
    at = (size_t)(h >> 32) & (b->hash_cap - 1);
    while (b->hash[at] != 0 && memcmp(&b->pieces[b->hash[at] - 1], piece, sizeof(*piece)) != 0)
        at = (at + 1) & (b->hash_cap - 1);
    return at;
}

static void grow_hash(struct builder *b)
{
    if (2 * b->npieces < b->hash_cap)
        return;
    free(b->hash);
    b->hash_cap = b->hash_cap == 0 ? 1024 : 4 * b->hash_cap;
    b->hash = calloc(b->hash_cap, sizeof(*b->hash));
    must(b->hash != NULL, "out of memory");
    for (size_t i = 0; i < b->npieces; i++)
        b->hash[slot_of(b, &b->pieces[i])] = (uint32_t)i + 1;
}

/* Those that do not change are kept too: where some change, the others make it "only some". */
static bool note(const struct oracle_leaf *leaf, void *context)
{
    struct builder *b = context;
    struct group g = {.rule = {oracle_decides(leaf->rules[0]), oracle_decides(leaf->rules[1])}};
    struct piece piece = {{0}};
    size_t slot;

    g.changes = change_of(leaf, g.rule, &g.kind, &g.moved);
    piece.key[GROUP] = number_group(b, &g);
    piece.key[STATE] = b->state == SIZE_MAX ? 0 : (uint32_t)leaf->at[b->state];
    piece.key[LOGIN] = (uint32_t)leaf->login;
    piece.key[CLIENT] = (uint32_t)leaf->client;
    piece.key[RECIPIENT] = (uint32_t)leaf->recipient;
    grow_hash(b);
    slot = slot_of(b, &piece);
    if (b->hash[slot] != 0)
        return true;
    b->pieces = pl_grow(b->pieces, &b->pieces_cap, b->npieces, sizeof(*b->pieces));
    must(b->pieces != NULL, "out of memory");
    b->pieces[b->npieces++] = piece;
    b->hash[slot] = (uint32_t)b->npieces;
    return true;
}

/* ---- in order by all keys but one, then by that one ---- */

static enum key sorting_last;

static int compare(const void *va, const void *vb)
{
    const struct piece *a = va, *b = vb;

    for (size_t i = 0; i < KEYS; i++) {
        if (i != sorting_last && a->key[i] != b->key[i])
            return a->key[i] < b->key[i] ? -1 : 1;
    }
    return (a->key[sorting_last] > b->key[sorting_last]) -
           (a->key[sorting_last] < b->key[sorting_last]);
}

static void sort(struct builder *b, enum key last)
{
    sorting_last = last;
    if (b->npieces > 0)
        qsort(b->pieces, b->npieces, sizeof(*b->pieces), compare);
}

static bool alike_but(const struct piece *a, const struct piece *b, enum key but)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (i != but && a->key[i] != b->key[i])
            return false;
    }
    return true;
}

/* Groups of requests that differ in nothing but other attributes; then without those that stay. */
static void mark_some(struct builder *b)
{
    size_t to = 0, end;

    sort(b, GROUP);
    for (size_t i = 0; i < b->npieces; i = end) {
        for (end = i + 1; end < b->npieces && alike_but(&b->pieces[i], &b->pieces[end], GROUP);)
            end++;
        for (size_t j = i; j < end; j++) {
            struct group g = b->groups[b->pieces[j].key[GROUP]];

            if (!g.changes)
                continue;
            g.some = end - i > 1;
            b->pieces[to] = b->pieces[j];
            b->pieces[to++].key[GROUP] = number_group(b, &g);
        }
    }
    b->npieces = to;
}

static uint32_t number_set(struct builder *b, struct oracle_set set)
{
    for (size_t i = 0; i < b->nsets; i++) {
        if (b->sets[i].count == set.count &&
            memcmp(b->sets[i].values, set.values, set.count * sizeof(*set.values)) == 0) {
            free(set.values);
            return (uint32_t)i;
        }
    }
    b->sets = pl_grow(b->sets, &b->sets_cap, b->nsets, sizeof(*b->sets));
    must(b->sets != NULL, "out of memory");
    b->sets[b->nsets] = set;
    return (uint32_t)b->nsets++;
}

static void fold(struct builder *b, enum key key)
{
    size_t to = 0, end;

    sort(b, key);
    for (size_t i = 0; i < b->npieces; i = end) {
        struct oracle_set set = {calloc(b->npieces, sizeof(*set.values)), 0};

        must(set.values != NULL, "out of memory");
        for (end = i; end < b->npieces && alike_but(&b->pieces[i], &b->pieces[end], key); end++)
            set.values[set.count++] = b->pieces[end].key[key];
        set.values = realloc(set.values, set.count * sizeof(*set.values));
        must(set.values != NULL, "out of memory");
        b->pieces[to] = b->pieces[i];
        b->pieces[to++].key[key] = number_set(b, set);
    }
    b->npieces = to;
}

bool oracle_set_holds(const struct oracle_set *set, size_t value)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->values[i] == value)
            return true;
    }
    return false;
}

void oracle_boxes_init(struct oracle_boxes *boxes, const struct oracle *o)
{
    const struct oracle_axis *state = oracle_axis_of(o, PL_ATTR_PROTOCOL_STATE);
    struct builder b = {.o = o, .state = state == NULL ? SIZE_MAX : (size_t)(state - o->axes)};

    oracle_walk(o, note, &b);
    mark_some(&b);
    fold(&b, RECIPIENT);
    fold(&b, CLIENT);
    fold(&b, LOGIN);
    fold(&b, STATE);
    *boxes = (struct oracle_boxes){.sets = b.sets, .nsets = b.nsets, .count = b.npieces};
    boxes->items = calloc(b.npieces + 1, sizeof(*boxes->items));
    must(boxes->items != NULL, "out of memory");
    for (size_t i = 0; i < b.npieces; i++) {
        const struct group *g = &b.groups[b.pieces[i].key[GROUP]];
        const uint32_t *key = b.pieces[i].key;

        boxes->items[i] = (struct oracle_box){.rule = {g->rule[0], g->rule[1]},
                                              .kind = g->kind,
                                              .moved = g->moved,
                                              .only_some = g->some,
                                              .states = &b.sets[key[STATE]],
                                              .logins = &b.sets[key[LOGIN]],
                                              .clients = &b.sets[key[CLIENT]],
                                              .recipients = &b.sets[key[RECIPIENT]]};
    }
    free(b.groups);
    free(b.pieces);
    free(b.hash);
}

void oracle_boxes_fini(struct oracle_boxes *boxes)
{
    for (size_t i = 0; i < boxes->nsets; i++)
        free(boxes->sets[i].values);
    free(boxes->sets);
    free(boxes->items);
    *boxes = (struct oracle_boxes){0};
}
