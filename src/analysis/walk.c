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
    return true;
}

static const struct pl_atom *atom_of(const struct pl_walk *w, size_t k, size_t atom)
{
    return &w->axes[k]->atoms[atom];
}

static bool is_allowed(const struct pl_walk *w, size_t k, size_t atom)
{
    const bool *allowed = w->region.allowed[w->axes[k]->attr];

    if (w->axes[k]->attr == PL_ATTR_SASL_USERNAME && w->region.no_login &&
        (atom_of(w, k, atom)->labels & PL_LABEL_ABSENT) == 0)
        return false;
    if (w->axes[k]->attr == PL_ATTR_ENCRYPTION_PROTOCOL && w->region.no_tls &&
        (atom_of(w, k, atom)->labels & PL_LABEL_ABSENT) == 0)
        return false;
    return allowed == NULL || allowed[atom];
}

/* What must be there for a value of the attribute to be: a flag of a frame, or 0. */
static unsigned needs_of(enum pl_attr attr)
{
    switch (attr) {
    case PL_ATTR_SASL_METHOD:
        return FRAME_LOGIN;
    case PL_ATTR_CCERT_FINGERPRINT:
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
    case PL_ATTR_CCERT_SUBJECT:
    case PL_ATTR_TLS_SNI:
        return FRAME_TLS;
    default:
        return 0;
    }
}

static unsigned gives_of(enum pl_attr attr)
{
    return attr == PL_ATTR_SASL_USERNAME         ? FRAME_LOGIN
           : attr == PL_ATTR_ENCRYPTION_PROTOCOL ? FRAME_TLS
                                                 : 0;
}

/*
 * Whether every axis has an allowed value, and for those that need another one, an allowed absent
 * value: then axes that matter no more can be passed over.
 */
static void look_at_axes(struct pl_walk *w)
{
    w->free_from = 0;
    for (size_t k = 0; k < w->naxes; k++) {
        bool any = false, absent = false;

        for (size_t a = 0; a < w->axes[k]->natoms; a++) {
            bool allowed = is_allowed(w, k, a);

            any = any || allowed;
            absent = absent || (allowed && (atom_of(w, k, a)->labels & PL_LABEL_ABSENT) != 0);
        }
        w->empty = w->empty || !any;
        if (needs_of(w->axes[k]->attr) != 0 && !absent)
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
    for (size_t i = 0; i < region->nfirst; i++)
        add_to_order(w, region->first[i]);
    for (size_t i = 0; i < sizeof(usual_order) / sizeof(usual_order[0]); i++)
        add_to_order(w, usual_order[i]);
    pl_assert(w->naxes == s->naxes);
    w->keep = calloc(s->nwords, sizeof(*w->keep));
    if (w->arena == NULL || w->keep == NULL || !find_definite(w) || !make_frames(w)) {
        pl_walk_free(w);
        return NULL;
    }
    for (size_t i = 0; i < s->nwords; i++) {
        w->keep[i] = (region->forbidden != NULL ? region->forbidden[i] : 0) |
                     (region->required != NULL ? region->required[i] : 0);
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
    }
    free(w->definite);
    free(w->keep);
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

/* ---- states ---- */

static uint64_t region_word(const uint64_t *bits, size_t i)
{
    return bits == NULL ? 0 : bits[i];
}

/*
 * Drops the rules that cannot decide at place k. False if there is nothing: a forbidden rule holds.
 */
static bool prune(const struct pl_walk *w, struct frame *f, size_t k)
{
    const uint64_t *definite = w->definite + k * w->s->nwords;
    size_t n = 0, part = 0;
    bool decided = false;

    for (size_t i = 0; i < f->n; i++) {
        size_t at = f->index[i];
        uint64_t word = f->word[i], ignored = region_word(w->region.ignored, at),
                 forbidden = region_word(w->region.forbidden, at), sure;

        if (w->s->nparts == 2 && part == 0 && at >= w->s->first_word[1]) {
            part = 1;
            decided = false;
        }
        if ((word & definite[at] & forbidden) != 0)
            return false;
        if (decided)
            word &= w->keep[at];
        sure = decided ? 0 : word & definite[at] & ~ignored;
        if (sure != 0) {
            uint64_t first = sure & -sure;

            word &= first | (first - 1) | w->keep[at];
            decided = true;
        }
        /* Required and sure: it has served, unless it may decide. */
        word &= ~(region_word(w->region.required, at) & definite[at] & ignored);
        if (word == 0)
            continue;
        f->index[n] = (uint32_t)at;
        f->word[n++] = word;
    }
    f->n = n;
    return true;
}

static bool has_required(const struct pl_walk *w, const struct frame *f, size_t k)
{
    const uint64_t *definite = w->definite + k * w->s->nwords;
    size_t at = 0;

    if (w->region.required == NULL)
        return true;
    for (size_t i = 0; i < w->s->nwords; i++) {
        uint64_t wanted = w->region.required[i] & ~definite[i];

        while (at < f->n && f->index[at] < i)
            at++;
        if ((wanted & ~(at < f->n && f->index[at] == i ? f->word[at] : 0)) != 0)
            return false;
    }
    return true;
}

/* The state behind an atom of axis k; false if the region has nothing there. */
static bool step(struct pl_walk *w, size_t k, size_t atom)
{
    const struct frame *from = &w->frames[k];
    struct frame *to = &w->frames[k + 1];
    const struct pl_atom *a = atom_of(w, k, atom);
    unsigned needs = needs_of(w->axes[k]->attr), gives = gives_of(w->axes[k]->attr);
    bool absent = (a->labels & PL_LABEL_ABSENT) != 0;

    if (!is_allowed(w, k, atom) || (needs != 0 && !absent && (from->flags & needs) == 0))
        return false;
    w->steps++;
    to->flags = from->flags;
    if (gives != 0)
        to->flags = absent ? from->flags & ~gives : from->flags | gives;
    to->n = 0;
    for (size_t i = 0; i < from->n; i++) {
        uint64_t word = from->word[i] & a->row[from->index[i]];

        to->index[to->n] = from->index[i];
        to->word[to->n] = word;
        to->n += word != 0;
    }
    /* What is required must be left before those that are sure are dropped. */
    return has_required(w, to, k) && prune(w, to, k + 1);
}

static bool has_live_required(const struct pl_walk *w)
{
    bool all = true;

    for (size_t i = 0; i < w->s->nwords; i++)
        all = all && (region_word(w->region.required, i) & ~w->s->live[i]) == 0;
    return all;
}

void pl_walk_root(struct pl_walk *w)
{
    struct frame *f = &w->frames[0];

    w->k = 0;
    f->n = 0;
    f->flags = (w->region.no_login ? 0 : FRAME_LOGIN) | (w->region.no_tls ? 0 : FRAME_TLS);
    for (size_t i = 0; i < w->s->nwords; i++) {
        uint64_t word = w->s->live[i] & (~region_word(w->region.ignored, i) | w->keep[i]);

        if (word == 0)
            continue;
        f->index[f->n] = (uint32_t)i;
        f->word[f->n++] = word;
    }
    w->nothing = w->empty || !has_live_required(w) || !prune(w, f, 0);
}

const struct pl_axis *pl_walk_axis(const struct pl_walk *w)
{
    return w->k < w->naxes ? w->axes[w->k] : NULL;
}

bool pl_walk_choose(struct pl_walk *w, size_t atom)
{
    pl_assert(w->k < w->naxes);
    if (w->nothing || !step(w, w->k, atom))
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
        uint64_t deciding = f->word[i] & ~region_word(w->region.ignored, at),
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
    pl_assert(decided[0] && decided[1]); /* the last rule of a policy always holds */
    return true;
}

/* ---- axes that matter no more ---- */

static bool asks(const struct pl_walk *w, size_t k)
{
    const struct frame *f = &w->frames[k];
    uint64_t asked = 0;

    for (size_t i = 0; i < f->n; i++)
        asked |= f->word[i] & w->axes[k]->asked[f->index[i]];
    return asked != 0;
}

/*
 * The next atom of axis k that is to be looked at, from *atom on. If no rule that is left asks about
 * the axis one is enough; where others depend on it, an absent and a present one.
 */
static bool next_atom(const struct pl_walk *w, size_t k, bool asked, unsigned *kinds, size_t *atom)
{
    for (; *atom < w->axes[k]->natoms; (*atom)++) {
        unsigned kind = (atom_of(w, k, *atom)->labels & PL_LABEL_ABSENT) != 0 ? 1 : 2;

        if (asked)
            return true;
        if (gives_of(w->axes[k]->attr) == 0 && needs_of(w->axes[k]->attr) == 0)
            kind = 4;
        if ((*kinds & kind) != 0 || !is_allowed(w, k, *atom))
            continue;
        *kinds |= kind;
        return true;
    }
    return false;
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
    unsigned kinds = 0;
    struct memo *m;
    bool asked;

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
    asked = asks(w, k);
    for (size_t a = 0; next_atom(w, k, asked, &kinds, &a) && w->gave_up == NULL; a++) {
        uint32_t *grown;

        if (!step(w, k, a))
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
        bool must_be_absent = needs_of(w->axes[k]->attr) != 0;

        for (size_t a = 0; a < w->axes[k]->natoms; a++) {
            bool absent = (atom_of(w, k, a)->labels & PL_LABEL_ABSENT) != 0;

            if (is_allowed(w, k, a) && (absent || !must_be_absent)) {
                atoms[w->axes[k]->attr] = (uint32_t)a;
                break;
            }
        }
    }
}

static bool search(struct pl_walk *w, size_t k, const struct search *s)
{
    struct pl_outcome outcome;
    unsigned kinds = 0;
    struct memo *m;
    bool asked;

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
    asked = asks(w, k);
    for (size_t a = 0; next_atom(w, k, asked, &kinds, &a); a++) {
        if (step(w, k, a) && search(w, k + 1, s)) {
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
