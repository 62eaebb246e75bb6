/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail addresses as Postfix's address resolver sees them. See "The recipient" in docs/HACKING.md.
 */
#include "postlatch/mailaddr.h"

#include <string.h>

static bool routes(struct pl_str s)
{
    return pl_str_find(s, '@') < s.n || pl_str_find(s, '%') < s.n || pl_str_find(s, '!') < s.n;
}

void pl_mailaddr_read(struct pl_mailaddr *m, struct pl_str text)
{
    size_t at = pl_str_rfind(text, '@');
    struct pl_str local = {text.p, at};
    const char *why;

    m->form = PL_MAIL_ROUTED;
    m->local = (struct pl_str){NULL, 0};
    m->domain.len = 0;
    m->domain.text[0] = '\0';
    if (routes(local))
        return;
    if (text.n == 0) {
        m->form = PL_MAIL_EMPTY;
        return;
    }
    m->local = local;
    if (at == text.n)
        m->form = PL_MAIL_BARE;
    else if (pl_domain_parse(&m->domain, pl_str_from(text, at + 1), &why))
        m->form = PL_MAIL_PLAIN;
    else
        m->form = PL_MAIL_UNPARSABLE;
}

struct pl_str pl_mailaddr_strip_extension(struct pl_str local, struct pl_str delimiters)
{
    for (size_t i = 1; i < local.n; i++) {
        if (pl_str_find(delimiters, local.p[i]) < delimiters.n)
            return (struct pl_str){local.p, i};
    }
    return local;
}

size_t pl_mailaddr_key(char out[PL_MAILADDR_MAX], struct pl_str local, struct pl_str domain)
{
    size_t n = 0;

    if (local.n > PL_LOCAL_MAX || domain.n > PL_DOMAIN_MAX)
        return 0;
    for (; n < local.n; n++)
        out[n] = pl_ascii_lower(local.p[n]);
    out[n++] = '@';
    if (domain.n > 0)
        memcpy(out + n, domain.p, domain.n);
    return n + domain.n;
}
