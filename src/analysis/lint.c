/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings: collected from the parts of lint, those that are accepted left out, the first of each code
 * kept, put in order. A finding that is not kept costs no text: there may be a million of them.
 */
#include "postlatch/lint.h"

#include "postlatch/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    bool note;
} codes[PL_LINT_COUNT] = {
#define X(id, word, note) {(word), (note)},
    PL_LINT_TABLE(X)
#undef X
};

const char *pl_lint_word(enum pl_lint_code code)
{
    pl_assert(code < PL_LINT_COUNT);
    return codes[code].word;
}

bool pl_lint_is_note(enum pl_lint_code code)
{
    pl_assert(code < PL_LINT_COUNT);
    return codes[code].note;
}

/* quiet is "code:object". */
static bool silences(struct pl_str quiet, enum pl_lint_code code, struct pl_str object)
{
    struct pl_str word = pl_str_of(codes[code].word);

    return quiet.n > word.n && pl_str_has_prefix(quiet, word) && quiet.p[word.n] == ':' &&
           pl_str_eq(pl_str_from(quiet, word.n + 1), object);
}

static bool is_accepted(struct pl_findings *f, enum pl_lint_code code, struct pl_str object)
{
    bool accepted = false;

    for (size_t i = 0; i < f->policy->nquiet; i++) {
        if (!silences(f->policy->quiet[i], code, object))
            continue;
        accepted = true;
        f->naccepted += !f->quiet_used[i];
        f->quiet_used[i] = true;
    }
    f->accepted[code] += accepted;
    return accepted;
}

static int compare_place(struct pl_pos a, struct pl_pos b)
{
    if (a.file != b.file)
        return a.file < b.file ? -1 : 1;
    return a.line < b.line ? -1 : a.line > b.line;
}

/* Room for one more; if as many as are shown are there, the last of them gives way, or nothing does. */
static struct pl_finding *make_room(struct pl_findings *f, enum pl_lint_code code, struct pl_pos at)
{
    struct pl_finding *items, *last = NULL;

    if (f->found[code] > PL_LINT_SHOWN) {
        for (size_t i = 0; i < f->count; i++) {
            if (f->items[i].code == code &&
                (last == NULL || compare_place(f->items[i].at, last->at) >= 0))
                last = &f->items[i];
        }
        return last != NULL && compare_place(at, last->at) < 0 ? last : NULL;
    }
    items = pl_grow(f->items, &f->cap, f->count, sizeof(*items));
    if (items == NULL) {
        f->failed = true;
        return NULL;
    }
    f->items = items;
    return &f->items[f->count++];
}

void pl_lint_add(struct pl_findings *f, enum pl_lint_code code, struct pl_pos at,
                 const struct pl_rule *rule, struct pl_str object, const char *fmt, ...)
{
    struct pl_finding finding = {.code = code, .at = at, .rule = rule}, *room;
    char *text = NULL;
    va_list ap;

    pl_assert(code < PL_LINT_COUNT);
    if (f->failed || is_accepted(f, code, object))
        return;
    f->found[code]++;
    room = make_room(f, code, at);
    if (room == NULL)
        return;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    finding.object = pl_arena_copy(f->arena, object);
    finding.message = pl_arena_copy(f->arena, pl_str_of(text));
    f->failed = text == NULL || finding.object.p == NULL || finding.message.p == NULL;
    free(text);
    *room = finding;
}

static int by_code_and_place(const void *va, const void *vb)
{
    const struct pl_finding *a = va, *b = vb;
    int order = compare_place(a->at, b->at);

    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    if (order == 0)
        order = pl_str_cmp(a->object, b->object);
    return order != 0 ? order : pl_str_cmp(a->message, b->message);
}

static struct pl_findings *make(const struct pl_policy *p)
{
    struct pl_findings *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return NULL;
    f->policy = p;
    f->arena = pl_arena_new();
    if (f->arena != NULL)
        f->quiet_used = pl_arena_array(f->arena, p->nquiet, sizeof(*f->quiet_used));
    if (f->quiet_used == NULL) {
        pl_findings_free(f);
        return NULL;
    }
    return f;
}

struct pl_findings *pl_lint(const struct pl_policy *p, const struct pl_lint_input *in)
{
    struct pl_findings *f = make(p);

    pl_assert(!p->lean);
    if (f == NULL)
        return NULL;
    pl_lint_rules(f, in);
    pl_lint_flows(f, in);
    pl_lint_networks(f, in);
    pl_lint_tables(f, in);
    if (f->failed) {
        pl_findings_free(f);
        return NULL;
    }
    if (f->count > 0)
        qsort(f->items, f->count, sizeof(*f->items), by_code_and_place);
    return f;
}

void pl_findings_free(struct pl_findings *f)
{
    if (f == NULL)
        return;
    pl_arena_free(f->arena);
    free(f->items);
    free(f);
}
