/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies of Postfix's policy protocol: one line, one empty line. The last guard against saying
 * something that Postfix takes for a permit. */
#include "postlatch/reply.h"

#include "postlatch/compiler.h"

#include <string.h>

/* "step 7" of the life of a request in docs/HACKING.md. */
size_t pl_reply_format(char out[PL_REPLY_MAX], struct pl_str action)
{
    static const struct pl_str head = {"action=", 7};
    bool only_digits = true;
    size_t n = 0;

    pl_assert(action.n > 0 && action.n <= PL_ACTION_MAX);
    pl_assert(action.p[0] != ' ');
    for (size_t i = 0; i < action.n; i++) {
        pl_assert(pl_ascii_is_print(action.p[i]));
        only_digits = only_digits && pl_ascii_is_digit(action.p[i]);
    }
    pl_assert(!only_digits);
    memcpy(out, head.p, head.n);
    n += head.n;
    memcpy(out + n, action.p, action.n);
    n += action.n;
    out[n++] = '\n';
    out[n++] = '\n';
    return n;
}
