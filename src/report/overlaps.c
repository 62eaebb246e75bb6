/* SPDX-License-Identifier: BSD-2-Clause */
/* check --overlaps: rules whose order matters. */
#include "postlatch/check.h"

#include "postlatch/explain.h"
#include "postlatch/overlap.h"
#include "postlatch/quote.h"

enum { OVERLAPS_SHOWN = 100 };

struct telling {
    struct pl_buf *out;
    const struct pl_policy *p;
    size_t count;
};

static bool tell(const struct pl_rule *first, const struct pl_rule *later, void *arg)
{
    struct telling *t = arg;
    struct pl_quote q;

    if (t->count++ >= OVERLAPS_SHOWN)
        return true;
    pl_buf_add(t->out, pl_str_lit("  "));
    pl_explain_rule(t->out, t->p, first);
    pl_buf_addf(t->out, " with %s stands before ", pl_quote(&q, first->action->source));
    pl_explain_rule(t->out, t->p, later);
    pl_buf_addf(t->out, " with %s\n", pl_quote(&q, later->action->source));
    return true;
}

bool pl_check_add_overlaps(struct pl_buf *out, const struct pl_space *s)
{
    struct telling t = {out, s->policy[0], 0};
    size_t begin = out->n;

    pl_buf_add(out, pl_str_lit("\nBoth hold for some request, so their order decides:\n"));
    if (!pl_overlaps(s, tell, &t))
        return false;
    if (t.count == 0) {
        out->n = begin;
        pl_buf_add(out,
                   pl_str_lit("\nNo two rules with different actions hold for one request.\n"));
    } else if (t.count > OVERLAPS_SHOWN) {
        pl_buf_addf(out, "  and %zu more pairs\n", t.count - OVERLAPS_SHOWN);
    }
    return true;
}
