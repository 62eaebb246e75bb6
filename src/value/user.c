/* SPDX-License-Identifier: BSD-2-Clause */
/* SASL logins: whether alice, Alice and alice@example.org are one user is the administrator's to
 * say. */
#include "postlatch/user.h"

static void put(char *out, size_t *n, struct pl_str s, bool fold)
{
    for (size_t i = 0; i < s.n; i++)
        out[(*n)++] = fold ? pl_ascii_lower(s.p[i]) : s.p[i];
}

size_t pl_user_key(char out[PL_USER_MAX], struct pl_str login, const struct pl_user_style *style)
{
    bool bare = pl_str_find(login, '@') == login.n && style->default_realm.n > 0;
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
