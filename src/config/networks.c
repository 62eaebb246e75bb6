/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of networks that are no set: neither table, nor word, nor exception stands in them. */
#include "build.h"

#include "postlatch/quote.h"

/* Something else than an address or a network, which other lists may hold. */
static bool is_other(struct pl_str text)
{
    static const char *const words[] = {"any", "all", "unknown", "none"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (pl_str_eq_fold(text, pl_str_of(words[i])))
            return true;
    }
    return text.n > 0 && (text.p[0] == '!' || text.p[0] == '<');
}

void build_networks(struct builder *b, struct tree_section *s, const char *option, const char *what,
                    bool (*add)(void *arg, const struct pl_prefix *prefix), void *arg)
{
    struct tree_value value;
    struct pl_prefix prefix;
    struct pl_quote q;
    char why[PL_PREFIX_WHY];
    unsigned from = 0;

    while (tree_list_next(s, option, &from, &value)) {
        if (value.bad)
            continue;
        if (is_other(value.text))
            pl_diag_error(b->d, value.at,
                          "%s: %s: %s: expected an address or a network; no word, no table, no '!'",
                          what, option, pl_quote(&q, value.text));
        else if (!pl_prefix_parse(&prefix, value.text, why))
            pl_diag_error(b->d, value.at, "%s: %s: %s: %s", what, option, pl_quote(&q, value.text),
                          why);
        else if (!add(arg, &prefix))
            pl_diag_no_memory(b->d);
    }
}
