/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries that could be read as values, but that nobody can have meant as such. */
#include "build.h"

#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdio.h>

struct doubt {
    struct builder *b;
    const struct set_style *style;
    const char *what;
    struct pl_str text;
    struct pl_pos at;
};

/* How to say that the entry is meant as it stands; "" where there is no way but another name. */
static const char *insist(const struct doubt *d)
{
    enum pl_attr_kind kind = pl_attr_kind(d->style->attr);

    if (kind == PL_KIND_USER)
        return "; a login of that name can stand in a table of users";
    if (!d->style->boundary && (kind == PL_KIND_MAIL || kind == PL_KIND_HOST))
        return "; a name without a domain is written with a dot behind it";
    return "";
}

/* A word of conditions, but not of this attribute's. */
static bool is_foreign_word(const struct doubt *d)
{
    enum pl_attr attr = d->style->attr;
    struct pl_quote q;

    if (pl_str_eq(d->text, pl_str_lit("ours")) || pl_str_eq(d->text, pl_str_lit("foreign")) ||
        pl_str_eq(d->text, pl_str_lit("routed"))) {
        if (pl_attr_kind(attr) == PL_KIND_MAIL)
            return false;
        pl_diag_error(d->b->d, d->at, "%s: %s is a word for sender and recipient only", d->what,
                      pl_quote(&q, d->text));
        return true;
    }
    if (!pl_str_eq(d->text, pl_str_lit("none")) && !pl_str_eq(d->text, pl_str_lit("unknown")) &&
        !pl_str_eq(d->text, pl_str_lit("<>")))
        return false;
    if (attr == PL_ATTR_RECIPIENT)
        pl_diag_error(
            d->b->d, d->at,
            "%s: no condition on recipient holds for an empty one, so there is no word for "
            "it; expected an address, a domain, ours, foreign or any",
            d->what);
    else if ((d->style->words & PL_WORD_ABSENT) == 0)
        pl_diag_error(d->b->d, d->at,
                      "%s: %s cannot stand here: it is the absence of a value; expected %s",
                      d->what, pl_quote(&q, d->text), pl_table_kind_doc(d->style->only_kind));
    else
        pl_diag_error(d->b->d, d->at, "%s: where there is no %s, the word is %s, not %s", d->what,
                      pl_attr_name(attr), attr == PL_ATTR_SENDER ? "\"<>\"" : set_absent_word(attr),
                      pl_quote(&q, d->text));
    return true;
}

/* What others call any. */
static bool is_other_any(const struct doubt *d)
{
    static const char *const words[] = {"all", "everyone", "everybody", "anyone", "anybody", "*"};
    struct pl_quote q;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!pl_str_eq_fold(d->text, pl_str_of(words[i])))
            continue;
        if ((d->style->words & PL_WORD_ANY) != 0)
            pl_diag_error(d->b->d, d->at,
                          "%s: %s is no word of conditions; for every value write any%s", d->what,
                          pl_quote(&q, d->text), insist(d));
        else
            pl_diag_error(d->b->d, d->at, "%s: %s cannot stand here; list them one by one", d->what,
                          pl_quote(&q, d->text));
        return true;
    }
    return false;
}

/* The name of a table, without the angle brackets. */
static bool is_table(const struct doubt *d)
{
    struct pl_str name = d->text;
    const struct pl_table *t;
    struct pl_quote q;
    bool found;

    if (name.n > 0 && name.p[0] == '<')
        name = pl_str_from(name, 1);
    if (name.n > 0 && name.p[name.n - 1] == '>')
        name.n--;
    t = pl_policy_find_table(d->b->policy, name);
    found = t != NULL && set_takes(d->style, t->kind);
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT && !found; i++)
        found = pl_str_eq(name, pl_str_of(pl_boundary_name((enum pl_boundary)i))) &&
                set_takes(d->style, pl_boundary_kind((enum pl_boundary)i));
    if (found)
        pl_diag_error(d->b->d, d->at,
                      "%s: %s is the name of a table; for what it holds write <%.*s>%s", d->what,
                      pl_quote(&q, d->text), (int)name.n, name.p,
                      name.n == d->text.n ? insist(d) : "");
    return found;
}

/* A name of one label that is nearly a word. */
static bool is_nearly_a_word(const struct doubt *d)
{
    static const char *const words[] = {"any", "unknown", "ours", "foreign", "routed"};
    enum pl_attr_kind kind = pl_attr_kind(d->style->attr);
    struct pl_suggest s;
    struct pl_quote q;

    if (d->style->boundary || (kind != PL_KIND_MAIL && kind != PL_KIND_HOST) ||
        pl_str_find(d->text, '.') < d->text.n || pl_str_find(d->text, '@') < d->text.n)
        return false;
    pl_suggest_init(&s, d->text);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bool of_mail = i >= 2, of_hosts = i == 1;

        if ((kind == PL_KIND_MAIL && !of_hosts) || (kind == PL_KIND_HOST && !of_mail))
            pl_suggest_try(&s, words[i]);
    }
    if (s.best != NULL)
        pl_diag_error(d->b->d, d->at, "%s: %s: did you mean %s?%s", d->what, pl_quote(&q, d->text),
                      s.best, insist(d));
    return s.best != NULL;
}

/* A TLS version that there is not, a SASL mechanism that is nearly one. */
static bool is_odd_protocol(const struct doubt *d)
{
    static const char *const mechanisms[] = {"ANONYMOUS",
                                             "CRAM-MD5",
                                             "DIGEST-MD5",
                                             "EXTERNAL",
                                             "GSSAPI",
                                             "GSS-SPNEGO",
                                             "LOGIN",
                                             "NTLM",
                                             "OAUTHBEARER",
                                             "OTP",
                                             "PLAIN",
                                             "SCRAM-SHA-1",
                                             "SRP",
                                             "SCRAM-SHA-256",
                                             "SCRAM-SHA-1-PLUS",
                                             "SCRAM-SHA-256-PLUS",
                                             "SCRAM-SHA-512",
                                             "XOAUTH2"};
    struct pl_str t = d->text;
    struct pl_suggest s;
    struct pl_quote q;
    char hint[80];

    if (d->style->attr == PL_ATTR_ENCRYPTION_PROTOCOL) {
        bool tls = pl_str_has_prefix_fold(t, pl_str_lit("TLSv1")) &&
                   (t.n == 5 || (t.n == 7 && t.p[5] == '.' && t.p[6] >= '1' && t.p[6] <= '3'));
        bool ssl = pl_str_eq_fold(t, pl_str_lit("SSLv2")) || pl_str_eq_fold(t, pl_str_lit("SSLv3"));

        if (!tls && !ssl)
            pl_diag_error(d->b->d, d->at,
                          "%s: %s is no protocol that Postfix names; expected TLSv1.3, TLSv1.2, "
                          "TLSv1.1, TLSv1, SSLv3, SSLv2, any or none",
                          d->what, pl_quote(&q, t));
        return !tls && !ssl;
    }
    if (d->style->attr != PL_ATTR_SASL_METHOD)
        return false;
    pl_suggest_init(&s, t);
    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
        pl_suggest_try(&s, mechanisms[i]);
    if (s.best == NULL || s.distance == 0 || (s.typed.n > 10 && s.distance > 2))
        return false;
    pl_diag_error(d->b->d, d->at, "%s: %s is no SASL mechanism%s", d->what, pl_quote(&q, t),
                  pl_suggest_text(&s, hint, sizeof(hint)));
    return true;
}

bool is_in_doubt(struct builder *b, const struct set_style *style, const char *what,
                 struct pl_str text, struct pl_pos at)
{
    const struct doubt d = {b, style, what, text, at};

    return is_foreign_word(&d) || is_other_any(&d) || is_table(&d) || is_nearly_a_word(&d) ||
           is_odd_protocol(&d);
}
