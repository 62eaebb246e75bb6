/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may relay besides mynetworks: logins, certificates, access tables; and what cannot be carried over. */
#include "init.h"
#include "snippet.h"

#include "postlatch/quote.h"

#include <string.h>

/* A list of restrictions that decides about relaying, while it is read. */
struct deciding {
    struct init *in;
    struct pl_str place; /* "main.cf", "submission/inet" */
    const char *name;
    bool main;
};

static void decide_about(const struct deciding *d, const struct pl_restriction *r, const char *what)
{
    struct pl_quote q, a;

    init_decide(d->in, INIT_GRANTS, "%.*s, %s: %s%s%s %s", (int)d->place.n, d->place.p, d->name,
                pl_quote(&q, r->word), r->arg.n > 0 ? " " : "",
                r->arg.n > 0 ? pl_quote(&a, r->arg) : "", what);
}

static void take_access(const struct deciding *d, const struct pl_restriction *r)
{
    static const struct {
        const char *word;
        enum init_key kind;
    } known[] = {{"check_client_access", INIT_KEY_CLIENT},
                 {"check_ccert_access", INIT_KEY_CERTIFICATE},
                 {"check_sasl_access", INIT_KEY_LOGIN}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (pl_str_eq_fold(r->word, pl_str_of(known[i].word))) {
            init_access(d->in, d->place, r, known[i].kind);
            return;
        }
    }
    decide_about(d, r,
                 "stands before relaying is refused. A row of it that answers OK opens the relay "
                 "to whoever writes such a sender, name or recipient; it is not carried over, nor "
                 "are rows that refuse");
}

/* permit_tls_clientcerts: the keys of relay_clientcerts, whatever their values. */
static void take_clientcerts(const struct deciding *d)
{
    struct pl_str list = init_value(d->in, "relay_clientcerts"), name;
    struct pl_quote q;

    init_group(d->in, &d->in->certs, "relay_clientcerts = %.*s", (int)list.n, list.p);
    while (pl_postfix_word(&list, &name)) {
        struct init_table t = {0};

        if (!init_table_read(d->in, &t, name))
            init_decide(d->in, INIT_GRANTS, "relay_clientcerts, %s: %s. Put its fingerprints here",
                        pl_quote(&q, name), t.why);
        for (size_t i = 0; t.why == NULL && i < t.count; i++) {
            if (!init_add_certificate(d->in, t.rows[i].key))
                init_decide(d->in, INIT_GRANTS, "relay_clientcerts, row %u: %s is no fingerprint",
                            t.rows[i].line, pl_quote(&q, t.rows[i].key));
        }
        init_table_fini(&t);
    }
}

/* ---- the lists ---- */

static void take_permit(const struct deciding *d, const struct pl_restriction *r)
{
    struct init *in = d->in;

    if (pl_str_eq_fold(r->word, pl_str_lit("permit_mynetworks"))) {
        in->permits_networks = true;
    } else if (pl_str_eq_fold(r->word, pl_str_lit("permit_sasl_authenticated"))) {
        if (!in->permits_logins)
            init_group(in, &in->users, "%.*s: permit_sasl_authenticated", (int)d->place.n,
                       d->place.p);
        in->permits_logins = true;
    } else if (pl_str_eq_fold(r->word, pl_str_lit("permit_tls_clientcerts"))) {
        if (!in->permits_certs)
            take_clientcerts(d);
        in->permits_certs = true;
    } else if (pl_str_eq_fold(r->word, pl_str_lit("permit_tls_all_clientcerts"))) {
        decide_about(d, r,
                     "lets everybody relay who has a certificate of a trusted CA. List the "
                     "fingerprints in relay_clientcerts");
    } else if (pl_str_eq_fold(r->word, pl_str_lit("permit_mx_backup"))) {
        decide_about(d, r,
                     "takes mail for every domain whose MX names this host, by other people's "
                     "DNS. List these domains in accepted_domains");
    } else if (!pl_str_eq_fold(r->word, pl_str_lit("permit_auth_destination"))) {
        decide_about(d, r, "lets clients relay by what cannot be written here");
    }
}

/* The word that stands behind us after a DUNNO. */
static void take_end(const struct deciding *d, const struct pl_restriction *r)
{
    if (!d->main || d->in->after_dunno != NULL)
        return;
    d->in->after_dunno = pl_str_eq_fold(r->word, pl_str_lit("defer_unauth_destination"))
                             ? "defer_unauth_destination"
                         : r->effect == PL_RESTRICT_CLOSE ? "reject_unauth_destination"
                                                          : "reject";
}

/* A daemon of ours that is asked already. */
static bool is_us(struct pl_str arg)
{
    struct pl_policy_service service;
    struct pl_str part;
    const char *why;

    if (!pl_policy_service_read(&service, arg, &part, &why))
        return false;
    for (size_t i = 0; i + sizeof("postlatch") - 1 <= service.endpoint.n; i++) {
        if (pl_str_has_prefix(pl_str_from(service.endpoint, i), pl_str_lit("postlatch")))
            return true;
    }
    return pl_str_eq(service.endpoint, pl_str_lit("inet:127.0.0.1:10071"));
}

/* Up to the word that refuses to relay: what comes behind it can grant nothing more. */
static void take_list(const struct deciding *d, struct pl_str list)
{
    struct pl_restriction r;

    while (pl_restriction_next(&list, &r)) {
        if (r.warn_only)
            continue;
        switch (r.effect) {
        case PL_RESTRICT_CLOSE:
        case PL_RESTRICT_REJECT_ALL:
            take_end(d, &r);
            return;
        case PL_RESTRICT_PERMIT_SOME:
            take_permit(d, &r);
            break;
        case PL_RESTRICT_PERMIT_ALL:
            decide_about(d, &r,
                         "lets everybody relay to everywhere: this server is an open relay "
                         "today");
            return;
        case PL_RESTRICT_TABLE:
            take_access(d, &r);
            break;
        case PL_RESTRICT_POLICY:
            if (is_us(r.arg))
                init_decide(
                    d->in, INIT_GRANTS,
                    "%.*s, %s asks postlatchd already: whom the policy that is served now lets "
                    "relay is not carried over",
                    (int)d->place.n, d->place.p, d->name);
            else
                decide_about(d, &r, "asks a policy server, whose OK may let clients relay");
            break;
        case PL_RESTRICT_UNKNOWN:
        case PL_RESTRICT_DEAD:
            decide_about(d, &r,
                         "is not known here (a class of smtpd_restriction_classes?): see what it "
                         "permits");
            break;
        case PL_RESTRICT_REJECT_SOME:
        case PL_RESTRICT_NONE:
            break;
        }
    }
}

static bool decides_in_relay_list(const struct pl_postconf *all)
{
    return pl_postconf_value(all, "smtpd_relay_restrictions").n > 0;
}

static void take_service(struct init *in, const struct pl_master_service *service)
{
    struct pl_postconf all = {0};
    struct pl_buf text = {0}, place = {0};
    struct deciding d = {.in = in};
    struct pl_str value;
    bool own;

    if (service->overrides.count == 0 ||
        !postfix_effective(in->postfix, service, NULL, &all, &text))
        goto out;
    in->has_logins = in->has_logins || pl_str_eq(pl_postconf_value(&all, "smtpd_sasl_auth_enable"),
                                                 pl_str_lit("yes"));
    pl_buf_addf(&place, "%.*s/%.*s", (int)service->name.n, service->name.p, (int)service->type.n,
                service->type.p);
    d.place = init_keep(in, pl_buf_str(&place));
    d.name =
        decides_in_relay_list(&all) ? "smtpd_relay_restrictions" : "smtpd_recipient_restrictions";
    value = pl_postconf_value(&all, d.name);
    own = !pl_str_eq(value, init_value(in, d.name)) ||
          decides_in_relay_list(&all) != decides_in_relay_list(&in->postfix->all);
    if (own)
        init_note(in, INIT_LISTENERS, "%.*s has its own %s = %.*s", (int)d.place.n, d.place.p,
                  d.name, (int)value.n, value.p);
    if (pl_master_is_loopback(service) && pl_master_is_reinjection(service)) {
        init_note(
            in, INIT_LISTENERS,
            "%.*s is a content filter's way back, which only this host reaches: leave it as it is",
            (int)d.place.n, d.place.p);
        goto out;
    }
    if (!pl_str_eq(pl_postconf_value(&all, "mynetworks"), init_value(in, "mynetworks")))
        init_decide(in, INIT_GRANTS, "%.*s has its own mynetworks, which is not carried over",
                    (int)d.place.n, d.place.p);
    if (own)
        take_list(&d, value);
out:
    pl_postconf_fini(&all);
    pl_buf_fini(&text);
    pl_buf_fini(&place);
}

void init_grants(struct init *in)
{
    bool relay = decides_in_relay_list(&in->postfix->all);
    struct deciding d = {.in = in, .place = pl_str_lit("main.cf"), .main = true};
    const struct pl_master_service *service;
    bool main_logins;

    in->has_logins = pl_str_eq(init_value(in, "smtpd_sasl_auth_enable"), pl_str_lit("yes"));
    d.name = relay ? "smtpd_relay_restrictions" : "smtpd_recipient_restrictions";
    take_list(&d, init_value(in, d.name));
    main_logins = in->permits_logins;
    in->permits_spare = in->permits_networks && snippet_spares(init_value(in, d.name));
    for (size_t at = 0; (service = init_next_smtpd(in, &at)) != NULL;)
        take_service(in, service);
    if (in->permits_logins && !in->has_logins)
        init_note(in, INIT_GRANTS,
                  "permit_sasl_authenticated stands in a list, but nobody can log in "
                  "(smtpd_sasl_auth_enable = no everywhere), so no login is granted anything");
    if (in->permits_logins && in->has_logins)
        init_add(in, &in->users, pl_str_lit("any"), false);
    if (in->permits_logins && !main_logins &&
        pl_str_eq(init_value(in, "smtpd_sasl_auth_enable"), pl_str_lit("yes")))
        init_decide(in, INIT_GRANTS,
                    "logins may relay at some services only, but can be made everywhere "
                    "(smtpd_sasl_auth_enable = yes in main.cf), and relay_users counts everywhere");
}
