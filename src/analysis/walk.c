/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking a space. A state is the set of rules that are still possible after some axes. A rule that
 * asks about no axis that is left holds: rules behind it cannot decide any more and are dropped, so
 * that states which differ only in them are one. When all rules that are left hold, the first decides.
 */
#include "walk_state.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

/* Axes on which others depend come before them; the rest as they are likely to divide most. */
static const enum pl_attr usual_order[] = {
    PL_ATTR_PROTOCOL_STATE,    PL_ATTR_SASL_USERNAME,
    PL_ATTR_SASL_METHOD,       PL_ATTR_ENCRYPTION_PROTOCOL,
    PL_ATTR_CCERT_FINGERPRINT, PL_ATTR_CCERT_PUBKEY_FINGERPRINT,
    PL_ATTR_CCERT_SUBJECT,     PL_ATTR_TLS_SNI,
    PL_ATTR_POLICY_CONTEXT,    PL_ATTR_SERVER_PORT,
    PL_ATTR_SERVER_ADDRESS,    PL_ATTR_CLIENT_ADDRESS,
    PL_ATTR_RECIPIENT,         PL_ATTR_SENDER,
    PL_ATTR_CLIENT_NAME,       PL_ATTR_REVERSE_CLIENT_NAME,
    PL_ATTR_HELO_NAME,         PL_ATTR_SASL_SENDER,
};

/* ---- making one ---- */

static void add_to_order(struct pl_walk *w, enum pl_attr attr)
{
    if (w->s->axis_of[attr] == NULL)
        return;
    for (size_t i = 0; i < w->naxes; i++) {
        if (w->axes[i]->attr == attr)
            return;
    }
    w->axes[w->naxes++] = w->s->axis_of[attr];
}

/* Whether a required rule asks about the axis, or another one may depend on it. */
static bool is_asked_for(const struct pl_walk *w, enum pl_attr attr)
{
    const struct pl_axis *axis = w->s->axis_of[attr];
    uint64_t asked = walk_gives(attr);

    for (size_t i = 0; axis != NULL && i < w->s->nwords; i++)
        asked |= axis->asked[i] & walk_bits(w->region.required, i);
    return asked != 0;
}

/* Who has an order has said it. Else what decides whether a wanted rule that is required can hold comes first. */
static void order_axes(struct pl_walk *w)
{
    size_t n = sizeof(usual_order) / sizeof(usual_order[0]);

    for (size_t i = 0; i < w->region.nfirst; i++)
        add_to_order(w, w->region.first[i]);
    for (size_t i = 0; i < n && w->region.wanted != NULL && w->region.required != NULL; i++) {
        if (is_asked_for(w, usual_order[i]))
            add_to_order(w, usual_order[i]);
    }
    for (size_t i = 0; i < n; i++)
        add_to_order(w, usual_order[i]);
    pl_assert(w->naxes == w->s->naxes);
}

/* From where on each rule holds, if it is still possible: all axes that it asks about are behind. */
static bool find_definite(struct pl_walk *w)
{
    size_t n = w->s->nwords;

    w->definite = calloc((w->naxes + 1) * n, sizeof(*w->definite));
    if (w->definite == NULL)
        return false;
    memset(w->definite + w->naxes * n, 0xff, n * sizeof(*w->definite));
    for (size_t k = w->naxes; k-- > 0;) {
        for (size_t i = 0; i < n; i++)
            w->definite[k * n + i] = w->definite[(k + 1) * n + i] & ~w->axes[k]->asked[i];
    }
    return true;
}

static bool make_frames(struct pl_walk *w)
{
    size_t n = w->s->nwords;

    for (size_t k = 0; k <= w->naxes; k++) {
        w->frames[k].index = malloc((n + 1) * sizeof(*w->frames[k].index));
        w->frames[k].word = malloc((n + 1) * sizeof(*w->frames[k].word));
        if (w->frames[k].index == NULL || w->frames[k].word == NULL)
            return false;
    }
    for (size_t k = 0; k < w->naxes; k++) {
        w->frames[k].allowed = calloc(w->axes[k]->natoms / 64 + 1, sizeof(uint64_t));
        w->frames[k].options = malloc((w->axes[k]->natoms / 64 + 1) * sizeof(uint64_t));
        if (w->frames[k].allowed == NULL || w->frames[k].options == NULL)
            return false;
    }
    return true;
}

/* Which rules are not dropped, and in which words they are. */
static bool find_kept(struct pl_walk *w)
{
    const struct pl_space *s = w->s;

    w->keep = calloc(s->nwords, sizeof(*w->keep));
    w->next_keep = calloc(s->nwords, sizeof(*w->next_keep));
    w->required = calloc(s->nwords, sizeof(*w->required));
    if (w->keep == NULL || w->next_keep == NULL || w->required == NULL)
        return false;
    for (size_t i = s->nwords; i-- > 0;) {
        bool last = i + 1 == s->nwords || (s->nparts == 2 && i + 1 == s->first_word[1]);

        w->keep[i] = walk_bits(w->region.forbidden, i) | walk_bits(w->region.required, i);
        w->next_keep[i] = w->keep[i] != 0 ? i : last ? i + 1 : w->next_keep[i + 1];
        if (walk_bits(w->region.required, i) != 0)
            w->required[w->nrequired++] = i;
        pl_assert((walk_bits(w->region.wanted, i) & walk_bits(w->region.ignored, i) & w->keep[i]) ==
                  0);
        if (walk_bits(w->region.wanted, i) != 0)
            w->wants[s->nparts == 2 && i >= s->first_word[1]] = true;
    }
    return true;
}

/* Which atoms of axis k the region has. */
static void find_allowed(struct pl_walk *w, size_t k)
{
    const struct pl_axis *axis = w->axes[k];
    const bool *allowed = w->region.allowed[axis->attr];
    uint64_t *bits = w->frames[k].allowed;
    bool absent_only = (axis->attr == PL_ATTR_SASL_USERNAME && w->region.no_login) ||
                       (axis->attr == PL_ATTR_ENCRYPTION_PROTOCOL && w->region.no_tls);

    for (size_t a = 0; a < axis->natoms; a++) {
        bool may_be = (!absent_only || (axis->atoms[a].labels & PL_LABEL_ABSENT) != 0) &&
                      (allowed == NULL || allowed[a]);

        bits[a / 64] |= (uint64_t)may_be << a % 64;
        w->frames[k].nallowed += may_be;
    }
}

/*
 * Whether every axis has an allowed value, and for those that need another one, an allowed absent
 * value: then axes that matter no more can be passed over.
 */
static void look_at_axes(struct pl_walk *w)
{
    w->free_from = 0;
    for (size_t k = 0; k < w->naxes; k++) {
        bool absent = false, needs = walk_needs(w->axes[k]->attr) != 0;

        find_allowed(w, k);
        for (size_t a = 0; a < w->axes[k]->natoms && needs; a++)
            absent = absent ||
                     (walk_allows(w, k, a) && (walk_atom(w, k, a)->labels & PL_LABEL_ABSENT) != 0);
        w->empty = w->empty || w->frames[k].nallowed == 0;
        if (needs && !absent)
            w->free_from = k + 1;
    }
}

struct pl_walk *pl_walk_new(const struct pl_space *s, const struct pl_region *region)
{
    struct pl_walk *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->s = s;
    w->region = *region;
    w->steps_max =
        region->steps_max > 0 ? region->steps_max : (size_t)PL_WALK_STEPS_MAX_MILLION * 1000000;
    w->arena = pl_arena_new();
    order_axes(w);
    if (w->arena == NULL || !find_kept(w) || !find_definite(w) || !make_frames(w)) {
        pl_walk_free(w);
        return NULL;
    }
    look_at_axes(w);
    pl_walk_root(w);
    return w;
}

void pl_walk_free(struct pl_walk *w)
{
    if (w == NULL)
        return;
    for (size_t k = 0; k <= PL_ATTR_COUNT; k++) {
        free(w->frames[k].index);
        free(w->frames[k].word);
        free(w->frames[k].seen);
        free(w->frames[k].allowed);
        free(w->frames[k].options);
    }
    free(w->definite);
    free(w->keep);
    free(w->next_keep);
    free(w->required);
    free(w->memo);
    free(w->results);
    free(w->by_result);
    free(w->outcomes);
    free(w->by_outcome);
    free(w->stamp);
    pl_arena_free(w->arena);
    free(w);
}

const char *pl_walk_gave_up(const struct pl_walk *w)
{
    return w->gave_up;
}

size_t pl_walk_steps(const struct pl_walk *w)
{
    return w->steps;
}

/* ---- places ---- */

static bool has_live_required(const struct pl_walk *w)
{
    bool all = true;

    for (size_t i = 0; i < w->s->nwords; i++)
        all = all && (walk_bits(w->region.required, i) & ~w->s->live[i]) == 0;
    return all;
}

void pl_walk_root(struct pl_walk *w)
{
    struct frame *f = &w->frames[0];

    w->k = 0;
    f->n = 0;
    f->flags = (w->region.no_login ? 0 : FRAME_LOGIN) | (w->region.no_tls ? 0 : FRAME_TLS);
    for (size_t i = 0; i < w->s->nwords; i++) {
        uint64_t word = w->s->live[i] & (~walk_bits(w->region.ignored, i) | w->keep[i]);

        if (word == 0)
            continue;
        f->index[f->n] = (uint32_t)i;
        f->word[f->n++] = word;
    }
    w->nothing = w->empty || !has_live_required(w) || !walk_narrow(w, f, w->s->live, 0, f);
}

const struct pl_axis *pl_walk_axis(const struct pl_walk *w)
{
    return w->k < w->naxes ? w->axes[w->k] : NULL;
}

bool pl_walk_choose(struct pl_walk *w, size_t atom)
{
    pl_assert(w->k < w->naxes);
    if (w->nothing || !walk_step(w, w->k, atom))
        return false;
    w->frames[w->k].chosen = atom;
    w->k++;
    return true;
}

void pl_walk_back(struct pl_walk *w)
{
    pl_assert(w->k > 0);
    w->k--;
}

bool pl_walk_go_to(struct pl_walk *w, enum pl_attr attr)
{
    const struct pl_axis *axis;

    while ((axis = pl_walk_axis(w)) != NULL && axis->attr != attr) {
        size_t a = 0;

        while (a < axis->natoms && !pl_walk_choose(w, a))
            a++;
        if (a == axis->natoms)
            return false;
    }
    return axis != NULL;
}

/* ---- leaves ---- */

/*
 * Whether the decision at place k is sure whatever the axes that are left: in each part the first rule
 * left holds, and nothing forbidden or required is open.
 */
static bool is_leaf(const struct pl_walk *w, size_t k, struct pl_outcome *out)
{
    const struct frame *f = &w->frames[k];
    const uint64_t *definite = w->definite + k * w->s->nwords;
    bool decided[2] = {false, w->s->nparts == 1};

    if (k < w->free_from)
        return false;
    out->bit[1] = 0;
    for (size_t i = 0; i < f->n; i++) {
        size_t at = f->index[i], part = w->s->nparts == 2 && at >= w->s->first_word[1];
        uint64_t deciding = f->word[i] & ~walk_bits(w->region.ignored, at),
                 open = f->word[i] & w->keep[at] & ~definite[at], first = deciding & -deciding;

        if (open != 0)
            return false;
        if (decided[part] || deciding == 0)
            continue;
        if ((first & definite[at]) == 0)
            return false;
        out->bit[part] = (uint32_t)(64 * at + (size_t)__builtin_ctzll(first));
        decided[part] = true;
    }
    pl_assert(decided[0] &&
              decided[1]); /* the last rule of a policy always holds, or a wanted one */
    return true;
}

/* ---- all decisions ---- */

/* Whether the node at place k has met this result of a child before. */
static bool is_seen(struct pl_walk *w, size_t k, uint32_t result)
{
    struct frame *f = &w->frames[k];

    if (result >= f->seen_cap) {
        size_t cap = 2 * ((size_t)result + 32);
        uint64_t *seen = realloc(f->seen, cap * sizeof(*seen));

        if (seen == NULL) {
            w->gave_up = "out of memory";
            return true;
        }
        memset(seen + f->seen_cap, 0, (cap - f->seen_cap) * sizeof(*seen));
        f->seen = seen;
        f->seen_cap = cap;
    }
    if (f->seen[result] == f->serial)
        return true;
    f->seen[result] = f->serial;
    return false;
}

static uint32_t collect(struct pl_walk *w, size_t k)
{
    struct frame *f = &w->frames[k];
    struct pl_outcome outcome;
    uint32_t *children = NULL, result;
    size_t count = 0, cap = 0;
    struct memo *m;

    if (w->gave_up != NULL)
        return RESULT_NOTHING;
    if (is_leaf(w, k, &outcome))
        return walk_single_result(w, &outcome);
    pl_assert(k < w->naxes);
    m = walk_recall(w, k);
    if (m == NULL)
        return RESULT_NOTHING;
    if (m->result != NO_RESULT)
        return m->result;
    f->serial = ++w->serial;
    walk_look(w, k);
    for (size_t a = 0; walk_next(w, k, &a) && w->gave_up == NULL; a++) {
        uint32_t *grown;

        if (!walk_step(w, k, a))
            continue;
        result = collect(w, k + 1);
        if (is_seen(w, k, result))
            continue;
        grown = pl_grow(children, &cap, count, sizeof(*children));
        if (grown == NULL) {
            w->gave_up = "out of memory";
            break;
        }
        children = grown;
        children[count++] = result;
    }
    result = walk_union(w, children, count);
    free(children);
    if (w->gave_up == NULL)
        m->result = result;
    return result;
}

uint32_t pl_walk_collect(struct pl_walk *w, const struct pl_outcome **outcomes, size_t *n)
{
    uint32_t result = w->nothing ? RESULT_NOTHING : collect(w, w->k);

    return walk_list(w, result, outcomes, n);
}

/* ---- one decision ---- */

struct search {
    bool (*wanted)(const struct pl_outcome *outcome, void *arg);
    void *arg;
    uint32_t *atoms;
};

/* Any allowed atom that is possible: the decision does not depend on it. */
static void fill(const struct pl_walk *w, size_t k, uint32_t atoms[PL_ATTR_COUNT])
{
    for (; k < w->naxes; k++) {
        bool must_be_absent = walk_needs(w->axes[k]->attr) != 0;

        for (size_t a = 0; a < w->axes[k]->natoms; a++) {
            bool absent = (walk_atom(w, k, a)->labels & PL_LABEL_ABSENT) != 0;

            if (walk_allows(w, k, a) && (absent || !must_be_absent)) {
                atoms[w->axes[k]->attr] = (uint32_t)a;
                break;
            }
        }
    }
}

static bool search(struct pl_walk *w, size_t k, const struct search *s)
{
    struct pl_outcome outcome;
    struct memo *m;

    if (w->gave_up != NULL)
        return false;
    if (is_leaf(w, k, &outcome)) {
        if (!s->wanted(&outcome, s->arg))
            return false;
        fill(w, k, s->atoms);
        return true;
    }
    pl_assert(k < w->naxes);
    m = walk_recall(w, k);
    if (m == NULL || m->failed == w->searches)
        return false;
    walk_look(w, k);
    for (size_t a = 0; walk_next(w, k, &a); a++) {
        if (walk_step(w, k, a) && search(w, k + 1, s)) {
            s->atoms[w->axes[k]->attr] = (uint32_t)a;
            return true;
        }
    }
    m->failed = w->searches;
    return false;
}

bool pl_walk_find(struct pl_walk *w, bool (*wanted)(const struct pl_outcome *outcome, void *arg),
                  void *arg, uint32_t atoms[PL_ATTR_COUNT])
{
    struct search s = {wanted, arg, atoms};

    for (size_t i = 0; i < PL_ATTR_COUNT; i++)
        atoms[i] = PL_NO_ATOM;
    for (size_t k = 0; k < w->k; k++)
        atoms[w->axes[k]->attr] = (uint32_t)w->frames[k].chosen;
    w->searches++;
    return !w->nothing && search(w, w->k, &s);
}
