/* SPDX-License-Identifier: BSD-2-Clause */
/* SASL logins: whether alice, Alice and alice@example.org are one user is the administrator's to
 * say. */
#include "postlatch/user.h"

#include <string.h>

static void put(char *out, size_t *n, struct pl_str s, bool fold)
{
    if (fold)
        pl_str_lower(out + *n, s);
    else
        memcpy(out + *n, s.p, s.n);
    *n += s.n;
}

size_t pl_user_key(char out[PL_USER_MAX], struct pl_str login, const struct pl_user_style *style)
{
    bool bare = style->default_realm.n > 0 && pl_str_find(login, '@') == login.n;
    size_t n = 0;

    if (login.n == 0 || login.n > PL_USER_MAX ||
        (bare && login.n + 1 + style->default_realm.n > PL_USER_MAX))
        return 0;
    put(out, &n, login, style->fold);
    if (bare) {
        out[n++] = '@';
        put(out, &n, style->default_realm, style->fold);
    }
    return n;
}
