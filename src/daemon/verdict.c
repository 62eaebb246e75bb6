/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict on a policy, and what follows from it. The daemon computes nothing else of the analysis,
 * but for whom a reload lets relay beyond those who may (pl_wider_tell), and how many may.
 */
#include "verdict.h"

#include "postlatch/check.h"
#include "postlatch/date.h"
#include "postlatch/explain.h"
#include "postlatch/prove.h"

#include <string.h>

/* A start or reload is not to take much longer because somebody may ask how large the surface is. */
enum { OPENINGS_SHOWN = 10, SURFACE_ENTRIES_MAX = 200000, SURFACE_STEPS_MAX = 1000000 };

/* accept "REASON" (FILE:LINE), accepted until DAY; or it ended on DAY */
static void add_waiver(struct pl_buf *b, const struct pl_policy *p, const struct pl_waiver *w)
{
    char day[PL_DATE_TEXT];

    pl_buf_addf(b, "accept \"%s\" (", w->reason.p);
    pl_explain_place(b, p, w->at);
    pl_buf_addf(b, ") %s %s", pl_waiver_has_ended(p, w) ? "ended with" : "until",
                pl_date_format(day, w->until));
}

static void add_opening(struct pl_buf *b, const struct pl_policy *p, const struct pl_opening *o)
{
    pl_prove_line(b, p, o);
    if (o->waiver != NULL) {
        pl_buf_add(b, pl_str_lit("; "));
        add_waiver(b, p, o->waiver);
    }
    pl_buf_add_char(b, '\n');
}

static bool measure_surface(struct verdict *v, const struct pl_policy *p, const struct pl_space *s)
{
    if (s == NULL)
        v->surface.unknown = "its rules and lists overlap in too many different ways";
    else if (pl_policy_entries(p) > SURFACE_ENTRIES_MAX)
        v->surface.unknown = "more than 200000 entries";
    else
        return pl_surface_measure(s, SURFACE_STEPS_MAX, &v->surface);
    return true;
}

bool verdict_prove(struct verdict *v, const struct pl_policy *p, const char *path)
{
    bool too_large = false;
    struct pl_space *space = pl_space_new(p, NULL, &too_large);
    struct pl_proof *proof = pl_prove(p, space); /* without a space it tells why there is none */
    size_t shown = 0;
    bool ok = proof != NULL && measure_surface(v, p, space);

    if (!ok) {
        pl_proof_free(proof);
        pl_space_free(space);
        return false;
    }
    v->word = pl_verdict_word(proof->verdict);
    v->safe = proof->verdict == PL_VERDICT_SAFE;
    v->accepted = proof->accepted;
    v->ended = proof->expired;
    for (; shown < proof->nopenings && shown < OPENINGS_SHOWN; shown++)
        add_opening(&v->text, p, &proof->openings[shown]);
    if (shown < proof->nopenings)
        pl_buf_addf(&v->text, "and %zu more like these\n", proof->nopenings - shown);
    if (proof->gave_up != NULL)
        pl_buf_addf(&v->text, "not provable: %s\n", proof->gave_up);
    if (!v->safe)
        pl_check_add_verdict(&v->report, p, proof, path);
    pl_proof_free(proof);
    pl_space_free(space);
    return !v->text.failed && !v->report.failed;
}

void verdict_fini(struct verdict *v)
{
    pl_buf_fini(&v->text);
    pl_buf_fini(&v->report);
}

enum verdict_fate verdict_fate(const struct verdict *v, const struct pl_policy *p, bool starting)
{
    if (v->safe)
        return VERDICT_RUNS;
    if (v->accepted || (v->ended && starting) || p->mode == PL_MODE_OBSERVE)
        return VERDICT_WARNS;
    return VERDICT_REFUSED;
}

const char *verdict_reason(const struct verdict *v)
{
    if (v->accepted)
        return "it runs, as the file accepts all of it";
    if (v->ended)
        return "it runs, but what has ended is not granted: accept it anew or take it out of the "
               "policy; a reload is refused until then";
    return "it runs, as mode = observe decides nothing; with enforce it would not";
}

void verdict_waivers(struct pl_buf *b, const struct pl_policy *p, int32_t from, int32_t to)
{
    for (size_t i = 0; i < p->nwaivers; i++) {
        const struct pl_waiver *w = &p->waivers[i];

        if (w->until < from || w->until > to)
            continue;
        add_waiver(b, p, w);
        pl_buf_add(b, pl_str_lit(": what it accepted is not granted any more; accept it anew or "
                                 "take it out of the policy, for a reload is refused as it is\n"));
    }
}
