/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions of lint: a region that is narrowed step by step, in memory that is used again for the
 * next question, and a budget over all of them. What a question is narrowed on comes first in its
 * walk, the narrowest first: then a question about one rule costs what that rule holds, not what the
 * whole policy does.
 */
#include "lint_ask.h"

#include <stdlib.h>
#include <string.h>

bool ask_init(struct lint_ask *a, struct pl_findings *f, const struct pl_space *s)
{
    size_t words = s->nwords, most = 0;

    memset(a, 0, sizeof(*a));
    a->p = f->policy;
    a->s = s;
    a->f = f;
    a->steps_left = (size_t)LINT_STEPS_MAX_MILLION * 1000000;
    a->price = 1 + words / LINT_STEP_WORDS;
    a->arena = pl_arena_new();
    if (a->arena == NULL)
        return false;
    a->forbidden = pl_arena_array(a->arena, words, sizeof(uint64_t));
    a->ignored = pl_arena_array(a->arena, words, sizeof(uint64_t));
    a->required = pl_arena_array(a->arena, words, sizeof(uint64_t));
    if (a->forbidden == NULL || a->ignored == NULL || a->required == NULL)
        return false;
    for (size_t i = 0; i < s->naxes; i++)
        most = s->axes[i].natoms > most ? s->axes[i].natoms : most;
    a->scratch = pl_arena_array(a->arena, most, sizeof(*a->scratch));
    if (a->scratch == NULL)
        return false;
    for (size_t i = 0; i < s->naxes; i++) {
        a->floor += s->axes[i].natoms / 16;
        a->allowed[s->axes[i].attr] = pl_arena_array(a->arena, s->axes[i].natoms, sizeof(bool));
        if (a->allowed[s->axes[i].attr] == NULL)
            return false;
    }
    return pl_prove_region(s, a->arena, &a->outsider);
}

void ask_fini(struct lint_ask *a)
{
    free(a->found);
    pl_arena_free(a->arena);
}

/* ---- which requests ---- */

void ask_all(struct lint_ask *a)
{
    size_t bytes = a->s->nwords * sizeof(uint64_t);

    memset(&a->region, 0, sizeof(a->region));
    memset(a->forbidden, 0, bytes);
    memset(a->ignored, 0, bytes);
    memset(a->required, 0, bytes);
    a->region.forbidden = a->forbidden;
    a->region.ignored = a->ignored;
    a->lead = PL_ATTR_COUNT;
    a->gave_up = false;
}

void ask_narrow(struct lint_ask *a, enum pl_attr attr,
                bool (*keep)(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                             const void *arg),
                const void *arg)
{
    const struct pl_axis *axis = a->s->axis_of[attr];
    bool again = a->region.allowed[attr] != NULL;
    size_t n = 0;

    if (axis == NULL)
        return;
    for (size_t i = 0; i < axis->natoms; i++) {
        a->allowed[attr][i] = (!again || a->allowed[attr][i]) && keep(a, axis, i, arg);
        n += a->allowed[attr][i];
    }
    a->region.allowed[attr] = a->allowed[attr];
    a->nallowed[attr] = n;
}

static bool is_in_row(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                      const void *arg)
{
    (void)a;
    return lint_holds(axis->atoms[atom].row, *(const size_t *)arg);
}

/* As ask_narrow with is_in_row, without a look at each row. */
static void narrow_to_rule(struct lint_ask *a, const struct pl_axis *axis, size_t r)
{
    bool *allowed = a->allowed[axis->attr], *before = a->scratch;
    bool usual = lint_holds(axis->usual, r);
    size_t n = 0;

    if (axis->odd_from[r] == PL_ODD_MANY) {
        ask_narrow(a, axis->attr, is_in_row, &r);
        return;
    }
    if (a->region.allowed[axis->attr] == NULL)
        memset(allowed, true, axis->natoms);
    memcpy(before, allowed, axis->natoms);
    if (!usual)
        memset(allowed, false, axis->natoms);
    for (const uint32_t *odd = axis->odd + axis->odd_from[r]; *odd != PL_ODD_END; odd++)
        allowed[*odd] = before[*odd] && !usual;
    for (size_t i = 0; i < axis->natoms; i++)
        n += allowed[i];
    a->region.allowed[axis->attr] = allowed;
    a->nallowed[axis->attr] = n;
}

void ask_rule(struct lint_ask *a, size_t r)
{
    for (size_t i = 0; i < a->s->naxes; i++) {
        if (lint_holds(a->s->axes[i].asked, r))
            narrow_to_rule(a, &a->s->axes[i], r);
    }
    a->required[r / 64] |= 1ULL << r % 64;
    a->region.required = a->required;
}

void ask_before(struct lint_ask *a, size_t r)
{
    for (size_t i = 0; i < r / 64; i++)
        a->forbidden[i] |= ~a->ignored[i];
    if (r % 64 != 0)
        a->forbidden[r / 64] |= ((1ULL << r % 64) - 1) & ~a->ignored[r / 64];
}

void ask_forbid(struct lint_ask *a, size_t r)
{
    a->forbidden[r / 64] |= 1ULL << r % 64;
}

void ask_ignore(struct lint_ask *a, size_t r)
{
    a->ignored[r / 64] |= 1ULL << r % 64;
}

static bool is_outsiders(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                         const void *arg)
{
    (void)arg;
    return a->outsider.allowed[axis->attr][atom];
}

void ask_rcpt(struct lint_ask *a)
{
    ask_narrow(a, PL_ATTR_PROTOCOL_STATE, is_outsiders, NULL);
}

void ask_stranger(struct lint_ask *a)
{
    ask_rcpt(a);
    for (size_t i = 0; i < a->s->nwords; i++)
        a->forbidden[i] |= a->outsider.forbidden[i];
}

void ask_outsider(struct lint_ask *a, bool with_login)
{
    ask_stranger(a);
    ask_narrow(a, PL_ATTR_CLIENT_ADDRESS, is_outsiders, NULL);
    a->region.no_login = !with_login;
}

static bool has_label(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                      const void *arg)
{
    (void)a;
    return (axis->atoms[atom].labels & *(const unsigned *)arg) != 0;
}

void ask_label(struct lint_ask *a, enum pl_attr attr, unsigned labels)
{
    ask_narrow(a, attr, has_label, &labels);
}

/* ---- who decides ---- */

static bool is_narrow(const struct lint_ask *a, enum pl_attr attr)
{
    return a->region.allowed[attr] != NULL;
}

/* What others depend on comes before them, whatever else is narrow (walk.c). */
static void put_order(struct lint_ask *a)
{
    static const enum pl_attr tls[] = {PL_ATTR_CCERT_FINGERPRINT, PL_ATTR_CCERT_PUBKEY_FINGERPRINT,
                                       PL_ATTR_CCERT_SUBJECT, PL_ATTR_TLS_SNI};
    struct pl_region *r = &a->region;
    bool placed[PL_ATTR_COUNT] = {false}, wants_tls = is_narrow(a, PL_ATTR_ENCRYPTION_PROTOCOL);

    for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++)
        wants_tls = wants_tls || is_narrow(a, tls[i]);
    r->nfirst = 0;
    r->first[r->nfirst++] = PL_ATTR_PROTOCOL_STATE;
    if (is_narrow(a, PL_ATTR_SASL_USERNAME) || is_narrow(a, PL_ATTR_SASL_METHOD) || r->no_login)
        r->first[r->nfirst++] = PL_ATTR_SASL_USERNAME;
    if (wants_tls)
        r->first[r->nfirst++] = PL_ATTR_ENCRYPTION_PROTOCOL;
    if (a->lead != PL_ATTR_COUNT)
        r->first[r->nfirst++] = a->lead;
    for (size_t i = 0; i < r->nfirst; i++)
        placed[r->first[i]] = true;
    while (r->nfirst < sizeof(r->first) / sizeof(r->first[0])) {
        unsigned best = PL_ATTR_COUNT;

        for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
            if (is_narrow(a, (enum pl_attr)attr) && !placed[attr] &&
                (best == PL_ATTR_COUNT || a->nallowed[attr] < a->nallowed[best]))
                best = attr;
        }
        if (best == PL_ATTR_COUNT)
            break;
        placed[best] = true;
        r->first[r->nfirst++] = (enum pl_attr)best;
    }
}

struct pl_walk *ask_walk(struct lint_ask *a)
{
    size_t most = (size_t)LINT_STEPS_MAX_MILLION * 1000000 / LINT_QUESTIONS_MIN;
    struct pl_walk *w;

    if (a->steps_left == 0)
        a->gave_up = a->incomplete = true;
    if (a->gave_up || a->f->failed)
        return NULL;
    put_order(a);
    most = a->steps_left < most ? a->steps_left : most;
    a->region.steps_max = most / a->price + 1;
    w = pl_walk_new(a->s, &a->region);
    a->f->failed = w == NULL;
    return w;
}

void ask_spend(struct lint_ask *a, size_t steps)
{
    a->steps_left -= steps < a->steps_left ? steps : a->steps_left;
}

void ask_done(struct lint_ask *a, struct pl_walk *w)
{
    const char *why = pl_walk_gave_up(w);

    a->f->failed = a->f->failed || (why != NULL && strcmp(why, "out of memory") == 0);
    a->gave_up = a->gave_up || why != NULL;
    a->incomplete = a->incomplete || a->gave_up;
    ask_spend(a, pl_walk_steps(w) * a->price + a->floor);
    pl_walk_free(w);
}

bool ask_find(struct lint_ask *a, bool (*wanted)(const struct pl_outcome *outcome, void *arg),
              void *arg, uint32_t atoms[PL_ATTR_COUNT])
{
    struct pl_walk *w = ask_walk(a);
    bool found = w != NULL && pl_walk_find(w, wanted, arg, atoms);

    if (w != NULL)
        ask_done(a, w);
    return found;
}

static bool any(const struct pl_outcome *outcome, void *arg)
{
    (void)outcome;
    (void)arg;
    return true;
}

bool ask_any(struct lint_ask *a)
{
    uint32_t atoms[PL_ATTR_COUNT];

    return ask_find(a, any, NULL, atoms);
}

static int compare(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;

    return *a < *b ? -1 : *a > *b;
}

void ask_collect(struct lint_ask *a)
{
    struct pl_walk *w = ask_walk(a);
    const struct pl_outcome *outcomes;
    size_t n;

    a->nfound = 0;
    if (w == NULL)
        return;
    pl_walk_collect(w, &outcomes, &n);
    for (size_t i = 0; i < n && !a->f->failed; i++) {
        uint32_t *found = pl_grow(a->found, &a->found_cap, a->nfound, sizeof(*found));

        if (found == NULL) {
            a->f->failed = true;
            break;
        }
        a->found = found;
        a->found[a->nfound++] = outcomes[i].bit[0];
    }
    if (a->nfound > 0)
        qsort(a->found, a->nfound, sizeof(*a->found), compare);
    ask_done(a, w);
    if (a->gave_up)
        a->nfound = 0;
}

/* ---- rules ---- */

const struct pl_condition *lint_asks(const struct pl_rule *rule, enum pl_attr attr)
{
    for (size_t i = 0; i < rule->ncond; i++) {
        if (rule->cond[i].attr == attr)
            return &rule->cond[i];
    }
    return NULL;
}

bool lint_same_answer(const struct pl_action *a, const struct pl_action *b)
{
    bool same = a->npieces == b->npieces;

    for (size_t i = 0; i < a->npieces && same; i++)
        same = a->pieces[i].attr == b->pieces[i].attr &&
               pl_str_eq(a->pieces[i].literal, b->pieces[i].literal);
    return same;
}
