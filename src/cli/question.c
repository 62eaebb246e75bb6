/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions from the command line, and the configuration to put them to. */
#include "cli.h"

#include "postlatch/check.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdio.h>
#include <string.h>

bool load(struct pl_config *config, const char *path)
{
    struct pl_diag *d = pl_diag_new();
    bool ok = d != NULL && pl_config_load(config, path, d);

    if (d == NULL)
        trouble("out of memory");
    else if (!ok) {
        pl_check_print_errors(d, stderr);
        trouble("%s does not load: %zu error%s", path, pl_diag_errors(d),
                pl_diag_errors(d) == 1 ? "" : "s");
    }
    pl_diag_free(d);
    return ok;
}

bool take_attribute(struct pl_query *q, const char *text, char why[TAKE_WHY])
{
    struct pl_str s = pl_str_of(text);
    size_t equals = pl_str_find(s, '=');
    struct pl_str name = {s.p, equals};
    enum pl_attr attr;
    struct pl_suggest suggest;
    struct pl_quote quote;
    char hint[80];

    if (equals == s.n) {
        snprintf(why, TAKE_WHY, "%s: expected ATTR=VALUE, as in client_address=192.0.2.1",
                 pl_quote(&quote, s));
        return false;
    }
    attr = pl_attr_find(name);
    if (attr == PL_ATTR_COUNT) {
        pl_suggest_init(&suggest, name);
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
            pl_suggest_try(&suggest, pl_attr_name((enum pl_attr)i));
        snprintf(why, TAKE_WHY, "unknown attribute %s%s", pl_quote(&quote, name),
                 pl_suggest_text(&suggest, hint, sizeof(hint)));
        return false;
    }
    if (q->attr[attr].p != NULL) {
        snprintf(why, TAKE_WHY, "%s is given twice", pl_attr_name(attr));
        return false;
    }
    q->attr[attr] = pl_str_from(s, equals + 1);
    return true;
}

bool take_attributes(struct pl_query *q, const char *const *words, int count)
{
    char why[TAKE_WHY];
    bool ok = true;

    memset(q, 0, sizeof(*q));
    for (int i = 0; i < count; i++) {
        if (!take_attribute(q, words[i], why)) {
            trouble("%s", why);
            ok = false;
        }
    }
    if (q->attr[PL_ATTR_PROTOCOL_STATE].p == NULL)
        q->attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    return ok;
}
