/* SPDX-License-Identifier: BSD-2-Clause */
/* An opening in one line, as the daemon logs it. */
#include "postlatch/prove.h"

#include "postlatch/explain.h"
#include "postlatch/quote.h"

static void add_request(struct pl_buf *out, const struct pl_opening *o)
{
    struct pl_quote q;
    const char *between = "";

    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        if (o->request[attr].n == 0 || attr == PL_ATTR_PROTOCOL_STATE)
            continue;
        pl_buf_addf(out, "%s%s=%s", between, pl_attr_name((enum pl_attr)attr),
                    pl_quote(&q, o->request[attr]));
        between = " ";
    }
}

void pl_prove_line(struct pl_buf *out, const struct pl_policy *p, const struct pl_opening *o)
{
    struct pl_quote q;
    char text[PL_PREFIX_TEXT];

    pl_buf_addf(out, "%s: ", o->why == PL_OPENS_CLASS ? "not provable" : "open relay");
    pl_explain_rule(out, p, o->rule);
    pl_buf_addf(out, " answers %s", pl_quote(&q, o->rule->action->source));
    switch (o->why) {
    case PL_OPENS_PASS:
        pl_buf_add(out, pl_str_lit(", which lets it pass,"));
        break;
    case PL_OPENS_PERMIT:
        pl_buf_add(out, pl_str_lit(", and after_dunno = permit lets it pass,"));
        break;
    case PL_OPENS_ELSEWHERE:
        pl_buf_add(out, pl_str_lit(", and Postfix lets it pass (permitted_elsewhere),"));
        break;
    case PL_OPENS_CLASS:
        pl_buf_add(out, pl_str_lit(", a class whose effect is not known,"));
        break;
    }
    pl_buf_add(out, pl_str_lit(" to "));
    add_request(out, o);
    if (o->masking)
        pl_buf_add(out, pl_str_lit("; masking: any client may appear as this address"));
    else if (o->nmasked > 0)
        pl_buf_addf(out, "; masking: any client may appear as %s%s",
                    pl_prefix_format(text, &o->masked[0]), o->nmasked > 1 ? " and others" : "");
}
