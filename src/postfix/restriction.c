/* SPDX-License-Identifier: BSD-2-Clause */
/* Restrictions of smtpd: the words of postconf(5), and what each may do to who may relay. */
#include "postlatch/restriction.h"

/* One row a word of Postfix 3.7; arg: the word behind it belongs to it. */
static const struct known {
    const char *name;
    enum pl_restriction_effect effect;
    bool arg;
} known[] = {
    {"permit", PL_RESTRICT_PERMIT_ALL, false},
    {"reject", PL_RESTRICT_REJECT_ALL, false},
    {"defer", PL_RESTRICT_REJECT_ALL, false},
    {"defer_if_permit", PL_RESTRICT_REJECT_ALL, false},
    {"defer_if_reject", PL_RESTRICT_NONE, false},
    {"sleep", PL_RESTRICT_NONE, true},
    {"check_policy_service", PL_RESTRICT_POLICY, true},

    {"reject_unauth_destination", PL_RESTRICT_CLOSE, false},
    {"defer_unauth_destination", PL_RESTRICT_CLOSE, false},

    {"permit_mynetworks", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_sasl_authenticated", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_inet_interfaces", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_tls_clientcerts", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_tls_all_clientcerts", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_auth_destination", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_mx_backup", PL_RESTRICT_PERMIT_SOME, false},
    {"permit_dnswl_client", PL_RESTRICT_PERMIT_SOME, true},
    {"permit_rhswl_client", PL_RESTRICT_PERMIT_SOME, true},

    {"check_client_access", PL_RESTRICT_TABLE, true},
    {"check_client_a_access", PL_RESTRICT_TABLE, true},
    {"check_client_mx_access", PL_RESTRICT_TABLE, true},
    {"check_client_ns_access", PL_RESTRICT_TABLE, true},
    {"check_reverse_client_hostname_access", PL_RESTRICT_TABLE, true},
    {"check_reverse_client_hostname_a_access", PL_RESTRICT_TABLE, true},
    {"check_reverse_client_hostname_mx_access", PL_RESTRICT_TABLE, true},
    {"check_reverse_client_hostname_ns_access", PL_RESTRICT_TABLE, true},
    {"check_ccert_access", PL_RESTRICT_TABLE, true},
    {"check_sasl_access", PL_RESTRICT_TABLE, true},
    {"check_helo_access", PL_RESTRICT_TABLE, true},
    {"check_helo_a_access", PL_RESTRICT_TABLE, true},
    {"check_helo_mx_access", PL_RESTRICT_TABLE, true},
    {"check_helo_ns_access", PL_RESTRICT_TABLE, true},
    {"check_sender_access", PL_RESTRICT_TABLE, true},
    {"check_sender_a_access", PL_RESTRICT_TABLE, true},
    {"check_sender_mx_access", PL_RESTRICT_TABLE, true},
    {"check_sender_ns_access", PL_RESTRICT_TABLE, true},
    {"check_recipient_access", PL_RESTRICT_TABLE, true},
    {"check_recipient_a_access", PL_RESTRICT_TABLE, true},
    {"check_recipient_mx_access", PL_RESTRICT_TABLE, true},
    {"check_recipient_ns_access", PL_RESTRICT_TABLE, true},
    {"check_etrn_access", PL_RESTRICT_TABLE, true},

    {"reject_rbl_client", PL_RESTRICT_REJECT_SOME, true},
    {"reject_rhsbl_client", PL_RESTRICT_REJECT_SOME, true},
    {"reject_rhsbl_reverse_client", PL_RESTRICT_REJECT_SOME, true},
    {"reject_rhsbl_helo", PL_RESTRICT_REJECT_SOME, true},
    {"reject_rhsbl_sender", PL_RESTRICT_REJECT_SOME, true},
    {"reject_rhsbl_recipient", PL_RESTRICT_REJECT_SOME, true},
    {"reject_maps_rbl", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_client", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_client_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_reverse_client_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_invalid_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_invalid_helo_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_helo_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_non_fqdn_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_non_fqdn_helo_hostname", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_address", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_sender_domain", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unknown_recipient_domain", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unlisted_sender", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unlisted_recipient", PL_RESTRICT_REJECT_SOME, false},
    {"check_recipient_maps", PL_RESTRICT_REJECT_SOME, false},
    {"reject_non_fqdn_sender", PL_RESTRICT_REJECT_SOME, false},
    {"reject_non_fqdn_recipient", PL_RESTRICT_REJECT_SOME, false},
    {"reject_sender_login_mismatch", PL_RESTRICT_REJECT_SOME, false},
    {"reject_authenticated_sender_login_mismatch", PL_RESTRICT_REJECT_SOME, false},
    {"reject_known_sender_login_mismatch", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unauthenticated_sender_login_mismatch", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unverified_sender", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unverified_recipient", PL_RESTRICT_REJECT_SOME, false},
    {"reject_unauth_pipelining", PL_RESTRICT_REJECT_SOME, false},
    {"reject_plaintext_session", PL_RESTRICT_REJECT_SOME, false},
    {"reject_multi_recipient_bounce", PL_RESTRICT_REJECT_SOME, false},

    {"check_relay_domains", PL_RESTRICT_DEAD, false},
    {"permit_naked_ip_address", PL_RESTRICT_DEAD, false},
};

static const struct known *find(struct pl_str word)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (pl_str_eq_fold(word, pl_str_of(known[i].name)))
            return &known[i];
    }
    return NULL;
}

bool pl_restriction_next(struct pl_str *rest, struct pl_restriction *r)
{
    const struct known *k;

    *r = (struct pl_restriction){.effect = PL_RESTRICT_UNKNOWN};
    if (!pl_postfix_word(rest, &r->word))
        return false;
    while (pl_str_eq_fold(r->word, pl_str_lit("warn_if_reject"))) {
        r->warn_only = true;
        if (!pl_postfix_word(rest, &r->word)) /* about nothing: it does nothing either */
            return false;
    }
    k = find(r->word);
    if (k != NULL) {
        r->effect = k->effect;
        r->wants_arg = k->arg;
        if (k->arg)
            pl_postfix_word(rest, &r->arg);
    } else if (pl_str_find(r->word, ':') < r->word.n) {
        r->effect = PL_RESTRICT_TABLE;
        r->wants_arg = true;
        r->arg = r->word;
    }
    return true;
}

static const char *const option_names[] = {
#define PL_X(name, text) [PL_SERVICE_##name] = text,
    PL_SERVICE_OPTION_TABLE(PL_X)
#undef PL_X
};

const char *pl_service_option_name(enum pl_service_option o)
{
    return option_names[o];
}

/* One option=value, or { option = value }. */
static bool read_option(struct pl_policy_service *s, struct pl_str word, const char **why)
{
    struct pl_str name;
    size_t equals;

    if (word.p[0] == '{' && !pl_postfix_unbrace(word, &word)) {
        *why = "expected a closing brace, and nothing behind it";
        return false;
    }
    equals = pl_str_find(word, '=');
    name = pl_str_trim((struct pl_str){word.p, equals});
    if (equals == word.n || name.n == 0) {
        *why = "expected option=value, or { option = value } around one with blanks or commas";
        return false;
    }
    for (unsigned i = 0; i < PL_SERVICE_OPTION_COUNT; i++) {
        if (pl_str_eq(name, pl_str_of(option_names[i]))) {
            s->given[i] = true;
            s->option[i] = pl_str_trim(pl_str_from(word, equals + 1));
            return true;
        }
    }
    *why = "no option of a policy service has this name";
    return false;
}

bool pl_policy_service_read(struct pl_policy_service *s, struct pl_str arg, struct pl_str *part,
                            const char **why)
{
    struct pl_str rest = arg, word;

    *s = (struct pl_policy_service){0};
    *part = arg;
    *why = "expected a service, as unix:private/postlatch or inet:127.0.0.1:10071";
    if (arg.n == 0)
        return false;
    if (arg.p[0] != '{') {
        s->endpoint = arg;
        return true;
    }
    s->braces = true;
    if (!pl_postfix_unbrace(arg, &rest)) {
        *why = "expected a closing brace, and nothing behind it";
        return false;
    }
    if (!pl_postfix_word(&rest, &s->endpoint))
        return false;
    while (pl_postfix_word(&rest, &word)) {
        *part = word;
        if (!read_option(s, word, why))
            return false;
    }
    return true;
}
