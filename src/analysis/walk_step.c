/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one place of a walk to the next: which atoms are worth a look there, and which rules are left
 * behind one. Both are asked for millions of times.
 */
#include "walk_state.h"

#include <string.h>

unsigned walk_needs(enum pl_attr attr)
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

unsigned walk_gives(enum pl_attr attr)
{
    return attr == PL_ATTR_SASL_USERNAME         ? FRAME_LOGIN
           : attr == PL_ATTR_ENCRYPTION_PROTOCOL ? FRAME_TLS
                                                 : 0;
}

/* ---- the rules that are left ---- */

/* The first word of a frame from the i-th on that is word number at or behind it; words ascend. */
static size_t find_word(const struct frame *f, size_t i, size_t at)
{
    size_t high = f->n;

    if (i < f->n && at - f->index[i] < f->n - i)
        high = i + (at - f->index[i]);
    while (i < high) {
        size_t mid = i + (high - i) / 2;

        if (f->index[mid] < at)
            i = mid + 1;
        else
            high = mid;
    }
    return i;
}

/* Cuts a word behind its last wanted rule, if it has one; else all of it goes. What is kept stays. */
static uint64_t cut_word(const struct pl_walk *w, uint64_t word, size_t at)
{
    uint64_t wanted = word & w->region.wanted[at];

    return word & ((wanted == 0 ? 0 : ~0ULL >> __builtin_clzll(wanted)) | w->keep[at]);
}

/* Where a wanted rule has to decide, those behind the last of them do not matter any more. */
static void cut_behind_wanted(const struct pl_walk *w, struct frame *f)
{
    size_t n = 0;

    for (size_t part = 0, i = 0, end = 0; part < w->s->nparts; part++, i = end) {
        size_t words = w->s->nparts == 2 && part == 0 ? w->s->first_word[1] : w->s->nwords;
        size_t behind = i; /* the words up to the last that has one */

        for (; end < f->n && f->index[end] < words; end++) {
            if (w->wants[part] && (f->word[end] & w->region.wanted[f->index[end]]) != 0)
                behind = end + 1;
        }
        for (; i < end; i++) {
            uint64_t word = f->word[i];

            if (w->wants[part] && i + 1 >= behind)
                word = cut_word(w, word, f->index[i]);
            if (word == 0)
                continue;
            f->index[n] = f->index[i];
            f->word[n++] = word;
        }
    }
    f->n = n;
}

/*
 * Drops the rules that cannot decide: those behind the first that holds for sure, but for those that
 * are forbidden or required. What comes after that one is hardly looked at.
 */
bool walk_narrow(const struct pl_walk *w, const struct frame *from, const uint64_t *row, size_t k,
                 struct frame *to)
{
    const uint64_t *definite = w->definite + k * w->s->nwords;
    size_t n = 0, part = 0;
    bool decided = false, can[2] = {false, false}; /* can: a wanted rule of the part can decide */

    for (size_t i = 0; i < from->n; i++) {
        size_t at = from->index[i];
        uint64_t word, required = walk_bits(w->region.required, at);

        if (w->s->nparts == 2 && part == 0 && at >= w->s->first_word[1]) {
            part = 1;
            decided = false;
        }
        if (decided && w->next_keep[at] > at) {
            i = find_word(from, i, w->next_keep[at]) - 1;
            continue;
        }
        word = from->word[i] & row[at];
        if ((word & definite[at] & walk_bits(w->region.forbidden, at)) != 0)
            return false;
        if (decided) {
            word &= w->keep[at];
        } else {
            uint64_t sure = word & definite[at] & ~walk_bits(w->region.ignored, at),
                     first = sure & -sure;

            decided = sure != 0;
            if (decided)
                word &= first | (first - 1) | w->keep[at];
            can[part] |= (word & (decided ? first | (first - 1) : ~0ULL) &
                          walk_bits(w->region.wanted, at)) != 0;
        }
        /* Required and sure: it has served, unless it may decide. */
        word &= ~(required & definite[at] & walk_bits(w->region.ignored, at));
        if (word == 0)
            continue;
        to->index[n] = (uint32_t)at;
        to->word[n++] = word;
    }
    to->n = n;
    if ((w->wants[0] && !can[0]) || (w->wants[1] && !can[1]))
        return false;
    if (w->region.wanted != NULL)
        cut_behind_wanted(w, to);
    return true;
}

/* Whether all that is required and was open before axis k is still possible behind the atom. */
static bool has_required(const struct pl_walk *w, const struct frame *from, const uint64_t *row,
                         size_t k)
{
    const uint64_t *definite = w->definite + k * w->s->nwords;

    for (size_t i = 0; i < w->nrequired; i++) {
        size_t at = w->required[i], place;
        uint64_t wanted = w->region.required[at] & ~definite[at];

        if (wanted == 0)
            continue;
        place = from->n > 0 && from->index[0] <= at ? find_word(from, 0, at) : 0;
        if (place == from->n || from->index[place] != at ||
            (wanted & ~(from->word[place] & row[at])) != 0)
            return false;
    }
    return true;
}

bool walk_step(struct pl_walk *w, size_t k, size_t atom)
{
    const struct frame *from = &w->frames[k];
    struct frame *to = &w->frames[k + 1];
    const struct pl_atom *a = walk_atom(w, k, atom);
    unsigned needs = walk_needs(w->axes[k]->attr), gives = walk_gives(w->axes[k]->attr);
    bool absent = (a->labels & PL_LABEL_ABSENT) != 0;

    if (!walk_allows(w, k, atom) || (needs != 0 && !absent && (from->flags & needs) == 0))
        return false;
    w->steps++;
    to->flags = from->flags;
    if (gives != 0)
        to->flags = absent ? from->flags & ~gives : from->flags | gives;
    /* What is required must be left before those that are sure are dropped. */
    return has_required(w, from, a->row, k) && walk_narrow(w, from, a->row, k + 1, to);
}

/* ---- the atoms that are worth a look ---- */

/* The atoms in which a required rule holds, where they are few: any other leads to nothing. */
static bool choose_required(const struct pl_walk *w, const struct pl_axis *axis, struct frame *f)
{
    for (size_t i = 0; i < w->nrequired; i++) {
        size_t at = w->required[i];
        uint64_t asking = w->region.required[at] & axis->asked[at] & ~axis->usual[at];

        for (; asking != 0; asking &= asking - 1) {
            uint32_t from = axis->odd_from[64 * at + (size_t)__builtin_ctzll(asking)];

            if (from == PL_ODD_MANY)
                continue;
            for (; axis->odd[from] != PL_ODD_END; from++)
                f->options[axis->odd[from] / 64] |= 1ULL << axis->odd[from] % 64;
            return true;
        }
    }
    return false;
}

/* The atoms that tell the rules of a frame apart; false if to find them takes longer than to try all. */
static bool choose_odd(struct frame *f, const struct pl_axis *axis)
{
    size_t left = f->nallowed;

    for (size_t i = 0; i < f->n; i++) {
        uint64_t asking = f->word[i] & axis->asked[f->index[i]];

        for (; asking != 0; asking &= asking - 1) {
            size_t bit = 64 * (size_t)f->index[i] + (size_t)__builtin_ctzll(asking);

            if (axis->odd_from[bit] == PL_ODD_MANY)
                return false;
            for (uint32_t at = axis->odd_from[bit]; axis->odd[at] != PL_ODD_END; at++) {
                if (left-- == 0)
                    return false;
                f->options[axis->odd[at] / 64] |= 1ULL << axis->odd[at] % 64;
            }
        }
    }
    return true;
}

/* The first atom of a kind that is allowed and no option becomes one. */
static void choose_usual(const struct pl_axis *axis, struct frame *f, bool apart, bool absent)
{
    for (size_t i = 0; i <= axis->natoms / 64; i++) {
        for (uint64_t rest = f->allowed[i] & ~f->options[i]; rest != 0; rest &= rest - 1) {
            size_t atom = 64 * i + (size_t)__builtin_ctzll(rest);

            if (apart && ((axis->atoms[atom].labels & PL_LABEL_ABSENT) != 0) != absent)
                continue;
            f->options[i] |= rest & -rest;
            return;
        }
    }
}

/*
 * All atoms in which no rule of the frame is odd are alike for it: one of them is enough. Where other
 * axes depend on this one, an absent and a present one.
 */
void walk_look(struct pl_walk *w, size_t k)
{
    struct frame *f = &w->frames[k];
    const struct pl_axis *axis = w->axes[k];
    bool apart = walk_needs(axis->attr) != 0 || walk_gives(axis->attr) != 0;

    memset(f->options, 0, (axis->natoms / 64 + 1) * sizeof(*f->options));
    if (choose_required(w, axis, f))
        return;
    if (!choose_odd(f, axis)) {
        memcpy(f->options, f->allowed, (axis->natoms / 64 + 1) * sizeof(*f->options));
        return;
    }
    choose_usual(axis, f, apart, true);
    if (apart)
        choose_usual(axis, f, apart, false);
}

bool walk_next(const struct pl_walk *w, size_t k, size_t *atom)
{
    const struct frame *f = &w->frames[k];
    size_t last = w->axes[k]->natoms / 64, i = *atom / 64;
    uint64_t word;

    if (i > last)
        return false;
    word = f->options[i] & f->allowed[i] & ~0ULL << *atom % 64;
    while (word == 0 && ++i <= last)
        word = f->options[i] & f->allowed[i];
    if (word != 0)
        *atom = 64 * i + (size_t)__builtin_ctzll(word);
    return word != 0;
}

void pl_walk_look(struct pl_walk *w)
{
    walk_look(w, w->k);
}

bool pl_walk_next(const struct pl_walk *w, size_t *atom)
{
    return walk_next(w, w->k, atom);
}
