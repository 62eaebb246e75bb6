/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scraper that can read both formats says so by weights: "application/openmetrics-text;q=0.8,
 * text/plain;q=0.5". Whoever does not name OpenMetrics gets the older format, which everything reads.
 */
#include "http_accept.h"

/* Takes what stands before c from *rest. */
static struct pl_str take(struct pl_str *rest, char c)
{
    size_t n = pl_str_find(*rest, c);
    struct pl_str part = {rest->p, n};

    *rest = pl_str_from(*rest, n < rest->n ? n + 1 : n);
    return pl_str_trim(part);
}

/* "1", "0.25": in thousandths; 0 for what is no weight. */
static unsigned weight(struct pl_str text)
{
    unsigned value = 0, unit = 1000;

    for (size_t i = 0; i < text.n; i++) {
        if (i == 1 && text.p[i] == '.')
            continue;
        if (!pl_ascii_is_digit(text.p[i]) || unit == 0 || (i == 1 && text.p[1] != '.'))
            return 0;
        value += unit * (unsigned)(text.p[i] - '0');
        unit /= 10;
    }
    return value > 1000 ? 0 : value;
}

bool http_wants_openmetrics(struct pl_str accept)
{
    unsigned open = 0, plain = 0;

    while (accept.n > 0) {
        struct pl_str one = take(&accept, ','), type = take(&one, ';');
        unsigned q = 1000;

        while (one.n > 0) {
            struct pl_str parameter = take(&one, ';');

            if (pl_str_has_prefix_fold(parameter, pl_str_lit("q=")))
                q = weight(pl_str_from(parameter, 2));
        }
        if (pl_str_eq_fold(type, pl_str_lit("application/openmetrics-text")) && q > open)
            open = q;
        else if (pl_str_eq_fold(type, pl_str_lit("text/plain")) && q > plain)
            plain = q;
    }
    return open > 0 && open >= plain;
}
