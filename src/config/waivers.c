/* SPDX-License-Identifier: BSD-2-Clause */
/* What is open on purpose: accept "reason" { surface = {…} rule = … until = … }, and accept_warnings. */
#include "build.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/date.h"
#include "postlatch/lintcode.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REASON_MAX_BYTES = 200 };

/* The codes that accept_warnings can name, and those that it need not. */
static const struct {
    const char *word;
    bool note;
} codes[] = {
#define X(id, word, note) {(word), (note)},
    PL_LINT_TABLE(X)
#undef X
};

/* Whether a waiver may have this reason; notes why not. */
static bool admit_reason(struct builder *b, const struct tree_value *reason)
{
    bool printable = true, blank = true;
    struct pl_quote q;

    for (size_t i = 0; i < reason->text.n; i++) {
        printable = printable && pl_ascii_is_print(reason->text.p[i]);
        blank = blank && reason->text.p[i] == ' ';
    }
    if (blank || !printable || reason->text.n > REASON_MAX_BYTES) {
        pl_diag_error(b->d, reason->at,
                      "accept %s: bad reason; expected 1 to %d printable ASCII characters that say "
                      "why it is accepted",
                      pl_quote(&q, reason->text), REASON_MAX_BYTES);
        return false;
    }
    for (size_t i = 0; i < b->policy->nwaivers; i++) {
        const struct pl_waiver *other = &b->policy->waivers[i];

        if (!pl_str_eq(other->reason, reason->text))
            continue;
        pl_diag_error(b->d, reason->at, "accept %s: one of that reason stands at %s:%u already",
                      pl_quote(&q, reason->text), pl_diag_file_name(b->d, other->at.file),
                      (unsigned)other->at.line);
        return false;
    }
    return true;
}

static bool add_surface(void *arg, const struct pl_prefix *prefix)
{
    return pl_ranges_add(arg, prefix);
}

/* The rule that the waiver is for. */
static void build_rule(struct builder *b, struct tree_section *s, const char *what,
                       struct pl_waiver *w)
{
    const struct pl_policy *p = b->policy;
    struct tree_value value;
    struct pl_suggest suggest;
    struct pl_quote q;
    char hint[160];

    if (!tree_scalar(s, "rule", &value) || value.bad || value.text.n == 0)
        return;
    w->rule = pl_arena_copy(p->arena, value.text);
    if (w->rule.p == NULL) {
        pl_diag_no_memory(b->d);
        return;
    }
    pl_suggest_init(&suggest, value.text);
    for (size_t i = 0; i < p->nrules; i++) {
        if (pl_str_eq(p->rules[i].name, value.text))
            return;
        pl_suggest_try(&suggest, p->rules[i].name.p);
    }
    if (pl_str_has_prefix_fold(value.text, pl_str_lit("builtin:")))
        pl_diag_error(b->d, value.at,
                      "%s: rule: %s is built in and needs no waiver; expected a written rule", what,
                      pl_quote(&q, value.text));
    else
        pl_diag_error(b->d, value.at, "%s: rule: no rule is named %s%s", what,
                      pl_quote(&q, value.text), pl_suggest_text(&suggest, hint, sizeof(hint)));
}

static void build_until(struct builder *b, struct tree_section *s, const char *what,
                        struct pl_pos at, struct pl_waiver *w)
{
    struct tree_value value;
    struct pl_quote q;

    if (!tree_scalar(s, "until", &value)) {
        pl_diag_error(
            b->d, at,
            "%s: no until, and what is accepted without an end is forgotten; expected the "
            "last day on which it counts, as in until = \"2027-01-31\"",
            what);
        return;
    }
    if (value.bad)
        return;
    switch (pl_date_parse(&w->until, value.text)) {
    case PL_DATE_FINE:
        break;
    case PL_DATE_FORM:
        pl_diag_error(b->d, value.at,
                      "%s: until: %s; expected a day as YYYY-MM-DD, as in \"2027-01-31\"", what,
                      pl_quote(&q, value.text));
        break;
    case PL_DATE_NO_DAY:
        pl_diag_error(b->d, value.at,
                      "%s: until: %s: there is no such day; expected one from 1970-01-01 to "
                      "9999-12-31",
                      what, pl_quote(&q, value.text));
        break;
    }
}

static void build_waiver(struct builder *b, struct tree_section *s, size_t *cap)
{
    struct pl_policy *p = b->policy;
    struct pl_waiver w = {0}, *waivers;
    struct tree_value reason, value = {0};
    struct pl_quote q;
    unsigned from = 0;
    char what[WHAT_SIZE];

    if (!tree_scalar(s, "title", &reason) || reason.bad)
        return;
    w.at = reason.at;
    snprintf(what, sizeof(what), "accept %s", pl_quote(&q, reason.text));
    build_networks(b, s, "surface", what, add_surface, &w.surface);
    pl_ranges_merge(&w.surface);
    build_rule(b, s, what, &w);
    build_until(b, s, what, reason.at, &w);
    if (!tree_list_next(s, "surface", &from, &value) &&
        (!tree_scalar(s, "rule", &value) || value.text.n == 0) && !value.bad)
        pl_diag_error(b->d, reason.at,
                      "%s: neither surface nor rule; expected the clients for whom it may be open, "
                      "as in surface = {198.51.100.0/24}, or the rule that cannot be proved",
                      what);
    waivers = pl_grow(p->waivers, cap, p->nwaivers, sizeof(*waivers));
    w.reason = pl_arena_copy(p->arena, reason.text);
    if (waivers != NULL)
        p->waivers = waivers;
    if (waivers == NULL || w.reason.p == NULL) {
        pl_diag_no_memory(b->d);
        pl_ranges_fini(&w.surface);
    } else if (admit_reason(b, &reason)) {
        p->waivers[p->nwaivers++] = w;
    } else {
        pl_ranges_fini(&w.surface);
    }
}

/* Whether an entry of accept_warnings may be; notes why not. */
static bool admit_warning(struct builder *b, const struct tree_value *value)
{
    size_t colon = pl_str_find(value->text, ':'), code = 0;
    struct pl_str word = {value->text.p, colon};
    struct pl_suggest suggest;
    struct pl_quote q, qword;
    char hint[80];

    pl_suggest_init(&suggest, word);
    while (code < sizeof(codes) / sizeof(codes[0]) && !pl_str_eq(word, pl_str_of(codes[code].word)))
        pl_suggest_try(&suggest, codes[code++].word);
    pl_quote(&q, value->text);
    if (code == sizeof(codes) / sizeof(codes[0]))
        pl_diag_error(b->d, value->at, "accept_warnings: %s: %s is the code of no warning%s",
                      q.text, pl_quote(&qword, word),
                      suggest.best != NULL
                          ? pl_suggest_text(&suggest, hint, sizeof(hint))
                          : "; expected \"CODE:OBJECT\", as in \"shadowed-rule:NAME\"");
    else if (codes[code].note)
        pl_diag_error(b->d, value->at,
                      "accept_warnings: %s: %s is a note, which never fails a check; leave it out",
                      q.text, codes[code].word);
    else if (colon + 1 >= value->text.n)
        pl_diag_error(b->d, value->at,
                      "accept_warnings: %s: expected what it is accepted for as well, as in "
                      "\"%s:NAME\"",
                      q.text, codes[code].word);
    else
        return true;
    return false;
}

static void build_quiet(struct builder *b)
{
    struct tree_section *top = tree_top(b->tree);
    struct pl_policy *p = b->policy;
    struct tree_value value;
    struct pl_str *quiet;
    struct pl_quote q;
    unsigned from = 0;
    size_t n = 0;

    while (tree_list_next(top, "accept_warnings", &from, &value))
        n++;
    quiet = pl_arena_array(p->arena, n, sizeof(*quiet));
    if (quiet == NULL) {
        pl_diag_no_memory(b->d);
        return;
    }
    p->quiet = quiet;
    from = 0;
    while (tree_list_next(top, "accept_warnings", &from, &value)) {
        bool twice = false;

        for (size_t i = 0; i < p->nquiet; i++)
            twice = twice || pl_str_eq(quiet[i], value.text);
        if (value.bad || !admit_warning(b, &value))
            continue;
        if (twice)
            pl_diag_error(b->d, value.at, "accept_warnings: %s is given twice",
                          pl_quote(&q, value.text));
        quiet[p->nquiet] = pl_arena_copy(p->arena, value.text);
        if (quiet[p->nquiet++].p == NULL)
            pl_diag_no_memory(b->d);
    }
}

void build_waivers(struct builder *b)
{
    size_t cap = 0;

    for (size_t i = 0; i < tree_count(b->tree, SECTION_ACCEPT); i++)
        build_waiver(b, tree_section(b->tree, SECTION_ACCEPT, i), &cap);
    build_quiet(b);
    pl_policy_set_today(b->policy, (int32_t)(time(NULL) / PL_DAY_SECONDS));
}
