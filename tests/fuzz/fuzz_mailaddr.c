/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail addresses: the form and the domain, held to a reader that looks at characters only; and what
 * the policy calls ours is in an accepted domain, never routed.
 */
#include "fuzz.h"
#include "postlatch/mailaddr.h"

#include <stdlib.h>
#include <string.h>

/* The last '@' decides; left of it (or anywhere, without one) '@', '%' and '!' route. */
static enum pl_mail_form plain_reading(struct pl_str text, struct pl_domain *domain)
{
    size_t at = pl_str_rfind(text, '@');
    struct pl_str local = {text.p, at};
    const char *why;

    domain->len = 0;
    if (text.n == 0)
        return PL_MAIL_EMPTY;
    for (size_t i = 0; i < local.n; i++) {
        if (strchr("@%!", local.p[i]) != NULL && local.p[i] != '\0')
            return PL_MAIL_ROUTED;
    }
    if (at == text.n)
        return PL_MAIL_BARE;
    return pl_domain_parse(domain, pl_str_from(text, at + 1), &why) ? PL_MAIL_PLAIN
                                                                    : PL_MAIL_UNPARSABLE;
}

static void check_key(const struct pl_mailaddr *m)
{
    struct pl_str cut = pl_mailaddr_strip_extension(m->local, pl_str_lit("+-"));
    char key[PL_MAILADDR_MAX];
    size_t n = pl_mailaddr_key(key, m->local, pl_domain_str(&m->domain));

    fuzz_check(cut.p == m->local.p && cut.n <= m->local.n);
    fuzz_check(m->local.n == 0 || cut.n > 0);
    fuzz_check(n <= sizeof(key) && (n == 0) == (m->local.n > PL_LOCAL_MAX));
    fuzz_check(n == 0 || n == m->local.n + 1 + m->domain.len);
    for (size_t i = 0; i < n; i++)
        fuzz_check(key[i] == pl_ascii_lower(key[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_config config;
    struct pl_str text = {(const char *)data, size};
    char *copy = fuzz_heap(text);
    struct pl_domain domain;
    struct pl_mailaddr m;
    struct pl_query q;
    bool ours;

    if (config.policy == NULL)
        fuzz_config(&config, "accepted_domains = {example.org, .example.net}\n");
    text.p = copy;
    pl_mailaddr_read(&m, text);
    fuzz_check(m.form == plain_reading(text, &domain));
    fuzz_check(pl_str_eq(pl_domain_str(&m.domain), pl_domain_str(&domain)));
    if (m.form == PL_MAIL_BARE || m.form == PL_MAIL_PLAIN || m.form == PL_MAIL_UNPARSABLE) {
        fuzz_check(m.local.p >= copy && m.local.p + m.local.n <= copy + size);
        check_key(&m);
    } else {
        fuzz_check(m.local.n == 0);
    }
    memset(&q, 0, sizeof(q));
    q.attr[PL_ATTR_RECIPIENT] = text;
    pl_query_read(&q);
    ours = m.form == PL_MAIL_BARE;
    if (m.form == PL_MAIL_PLAIN) {
        struct pl_str d = pl_domain_str(&m.domain);
        struct pl_str tail = pl_str_lit(".example.net");

        ours = pl_str_eq(d, pl_str_lit("example.org")) ||
               (d.n > tail.n && pl_str_eq(pl_str_from(d, d.n - tail.n), tail));
    }
    fuzz_check(pl_policy_is_ours(config.policy, &q, PL_ATTR_RECIPIENT) == ours);
    free(copy);
    return 0;
}
