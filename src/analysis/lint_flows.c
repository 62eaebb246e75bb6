/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows of mail that are let through, or stopped, for a reason that hardly anybody means. What a rule
 * says is looked at first (whom do its conditions name?), then whether it decides such a request.
 */
#include "lint_ask.h"
#include "lint_domains.h"

#include <stdlib.h>

/* ---- whom conditions name ---- */

/* What the client writes as it likes, and what gives its mail no origin. */
static bool is_text(enum pl_attr attr)
{
    switch (attr) {
    case PL_ATTR_SENDER:
    case PL_ATTR_HELO_NAME:
    case PL_ATTR_REVERSE_CLIENT_NAME:
    case PL_ATTR_SASL_SENDER:
    case PL_ATTR_TLS_SNI:
    case PL_ATTR_CCERT_SUBJECT:
        return true;
    default:
        return false;
    }
}

/*
 * Whether a condition says who the client is: an address, a name, a login, a certificate. {any, !x} and
 * {none} do not, they hold for people whom nobody has thought of. Where the client came in does not
 * either: a place that only trusted clients reach is in relay_listeners.
 */
static bool names_client(const struct pl_condition *cond)
{
    unsigned words = cond->set->in_words;

    switch (cond->attr) {
    case PL_ATTR_CLIENT_ADDRESS:
    case PL_ATTR_CLIENT_NAME:
        return (words & (PL_WORD_ANY | PL_WORD_ABSENT)) == 0;
    case PL_ATTR_SASL_USERNAME:
    case PL_ATTR_SASL_METHOD:
    case PL_ATTR_CCERT_FINGERPRINT:
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
        return (words & PL_WORD_ABSENT) == 0;
    default:
        return false;
    }
}

static bool names_any_client(const struct pl_rule *rule)
{
    bool any = false;

    for (size_t i = 0; i < rule->ncond; i++)
        any = any || names_client(&rule->cond[i]);
    return any;
}

/* The conditions on text of the client's, as "sender and helo_name"; false if there is none. */
static bool say_texts(struct pl_buf *out, const struct pl_rule *rule, size_t *n)
{
    size_t seen = 0;

    *n = 0;
    for (size_t i = 0; i < rule->ncond; i++)
        *n += is_text(rule->cond[i].attr);
    for (size_t i = 0; i < rule->ncond; i++) {
        if (!is_text(rule->cond[i].attr))
            continue;
        pl_buf_addf(out, "%s%s",
                    seen == 0        ? ""
                    : seen + 1 == *n ? " and "
                                     : ", ",
                    pl_attr_name(rule->cond[i].attr));
        seen++;
    }
    return seen > 0;
}

static bool always(const struct pl_outcome *outcome, void *arg)
{
    (void)outcome;
    (void)arg;
    return true;
}

/* ---- sender-grant ---- */

static bool lint_sender_grant(struct lint_ask *a, size_t r)
{
    const struct pl_rule *rule = &a->p->rules[r];
    struct pl_buf text = {0}, texts = {0};
    bool found = rule->action->kind == PL_ACTION_OK && !names_any_client(rule);
    size_t n;

    if (!found || !say_texts(&texts, rule, &n)) {
        pl_buf_fini(&texts);
        return false;
    }
    ask_all(a);
    ask_stranger(a);
    a->region.no_login = true;
    ask_label(a, PL_ATTR_RECIPIENT, PL_LABEL_FOREIGN);
    ask_rule(a, r);
    ask_before(a, r);
    found = ask_any(a);
    if (found) {
        lint_say_name(&text, rule);
        pl_buf_addf(
            &text,
            " lets clients relay for their %s alone, which every client writes as it likes. "
            "Whoever knows or guesses what is asked for may send to anybody. Add a condition "
            "on client_address or sasl_username, or take the rule out",
            texts.p);
        text.failed = text.failed || texts.failed;
        lint_tell(a, PL_LINT_SENDER_GRANT, rule->at, rule, rule->name, &text);
    }
    pl_buf_fini(&texts);
    return found;
}

/* ---- recipient-grant ---- */

static bool decides_for_outsider(struct lint_ask *a, size_t r, unsigned label,
                                 uint32_t atoms[PL_ATTR_COUNT])
{
    ask_all(a);
    ask_outsider(a, false);
    ask_label(a, PL_ATTR_RECIPIENT, label);
    ask_rule(a, r);
    ask_before(a, r);
    return ask_find(a, always, NULL, atoms);
}

static void lint_recipient_grant(struct lint_ask *a, size_t r)
{
    const struct pl_rule *rule = &a->p->rules[r];
    uint32_t atoms[PL_ATTR_COUNT];
    struct pl_buf text = {0};
    bool ours, foreign;

    if (rule->action->kind != PL_ACTION_OK || names_any_client(rule) ||
        lint_asks(rule, PL_ATTR_RECIPIENT) == NULL)
        return;
    ours = decides_for_outsider(a, r, PL_LABEL_OURS, atoms);
    foreign = !a->gave_up && decides_for_outsider(a, r, PL_LABEL_FOREIGN, atoms);
    if (!ours && !foreign)
        return;
    lint_say_name(&text, rule);
    pl_buf_add(&text, pl_str_lit(" gives OK to everybody who writes to its recipients"));
    if (foreign)
        pl_buf_add(&text, pl_str_lit(", and some of these are not ours. So the whole Internet may "
                                     "send to them through this host. Add a condition on "
                                     "client_address or sasl_username, or take the rule out"));
    else
        pl_buf_add(&text,
                   pl_str_lit(", who are ours. OK ends all checks that Postfix has behind us, for "
                              "instance block lists (DNSBL); a recipient of ours needs no OK. "
                              "Answer DUNNO instead, which leaves the mail to them"));
    lint_tell(a, PL_LINT_RECIPIENT_GRANT, rule->at, rule, rule->name, &text);
}

/* ---- null-sender-refused ---- */

static void lint_null_sender(struct lint_ask *a, size_t r)
{
    const struct pl_rule *rule = &a->p->rules[r];
    const struct pl_condition *sender = lint_asks(rule, PL_ATTR_SENDER);
    struct pl_buf text = {0};

    if (rule->action->effect != PL_EFFECT_REFUSE || sender == NULL || names_any_client(rule) ||
        (sender->set->in_words & PL_WORD_ABSENT) == 0)
        return;
    ask_all(a);
    ask_outsider(a, false);
    ask_label(a, PL_ATTR_SENDER, PL_LABEL_ABSENT);
    ask_label(a, PL_ATTR_RECIPIENT, PL_LABEL_OURS);
    ask_rule(a, r);
    ask_before(a, r);
    if (!ask_any(a))
        return;
    lint_say_name(&text, rule);
    pl_buf_add(&text,
               pl_str_lit(" refuses mail from the null sender \"<>\" to recipients of ours. "
                          "That is how bounces and other reports are sent (RFC 5321 section "
                          "4.5.5), so who writes from here never learns that a message was not "
                          "delivered, and some hosts refuse our mail for it. Take \"<>\" out "
                          "of sender"));
    lint_tell(a, PL_LINT_NULL_SENDER_REFUSED, rule->at, rule, rule->name, &text);
}

/* ---- lost-grant ---- */

static bool grants(const struct pl_outcome *outcome, void *arg)
{
    const struct lint_ask *a = arg;

    return a->p->rules[outcome->bit[0]].action->kind == PL_ACTION_OK;
}

static bool is_not_permitted_elsewhere(const struct lint_ask *a, const struct pl_axis *axis,
                                       size_t atom, const void *arg)
{
    (void)a;
    (void)arg;
    return (axis->atoms[atom].labels & PL_LABEL_ELSEWHERE) == 0;
}

struct granted {
    const struct lint_ask *a;
    const struct pl_rule *by;
};

static bool keep_grant(const struct pl_outcome *outcome, void *arg)
{
    struct granted *g = arg;

    if (!grants(outcome, (void *)g->a))
        return false;
    g->by = &g->a->p->rules[outcome->bit[0]];
    return true;
}

static void lint_lost_grant(struct lint_ask *a, size_t r)
{
    static const char *const then[] = {"reject_unauth_destination", "defer_unauth_destination",
                                       "reject"};
    const struct pl_rule *rule = &a->p->rules[r];
    struct granted granted = {.a = a};
    uint32_t atoms[PL_ATTR_COUNT];
    struct pl_buf text = {0};

    /* In observe mode nobody gets an OK, and Postfix's own permits stand behind us. */
    if (rule->action->effect != PL_EFFECT_LEAVE || a->p->after_dunno == PL_AFTER_PERMIT ||
        a->p->mode == PL_MODE_OBSERVE)
        return;
    ask_all(a);
    ask_rcpt(a);
    ask_ignore(a, r);
    ask_narrow(a, PL_ATTR_CLIENT_ADDRESS, is_not_permitted_elsewhere, NULL);
    ask_label(a, PL_ATTR_RECIPIENT, PL_LABEL_FOREIGN);
    ask_rule(a, r);
    ask_before(a, r);
    if (!ask_find(a, keep_grant, &granted, atoms) ||
        !lint_is_shown(a, PL_LINT_LOST_GRANT, rule->at, rule, rule->name))
        return;
    lint_say_name(&text, rule);
    pl_buf_add(&text, pl_str_lit(" takes relaying away from clients who may relay: it answers "));
    lint_say_answer(&text, rule);
    pl_buf_addf(&text,
                ", which leaves them to Postfix, and there %s refuses (after_dunno). Without "
                "it ",
                then[a->p->after_dunno]);
    lint_say_rule(&text, a->p, granted.by);
    pl_buf_add(&text, pl_str_lit(" answers OK, for instance to "));
    lint_say_request(&text, a->s, rule, atoms);
    pl_buf_add(&text,
               pl_str_lit(". Add recipient = {ours} to it if that is whom it is for, or put a "
                          "rule that grants before it"));
    lint_tell(a, PL_LINT_LOST_GRANT, rule->at, rule, rule->name, &text);
}

/* ---- login-beyond-boundary ---- */

static bool is_present(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                       const void *arg)
{
    (void)a;
    (void)arg;
    return (axis->atoms[atom].labels & PL_LABEL_ABSENT) == 0;
}

static void lint_login(struct lint_ask *a, size_t r)
{
    static const enum pl_attr logins[] = {PL_ATTR_SASL_USERNAME, PL_ATTR_SASL_METHOD};
    const struct pl_rule *rule = &a->p->rules[r];
    uint32_t atoms[PL_ATTR_COUNT];
    struct pl_buf text = {0};
    bool asks_login = false;

    for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
        const struct pl_condition *cond = lint_asks(rule, logins[i]);

        asks_login = asks_login || (cond != NULL && names_client(cond));
    }
    if (rule->action->kind != PL_ACTION_OK || !asks_login)
        return;
    ask_all(a);
    ask_outsider(a, true);
    ask_narrow(a, PL_ATTR_SASL_USERNAME, is_present, NULL);
    ask_label(a, PL_ATTR_RECIPIENT, PL_LABEL_FOREIGN);
    ask_rule(a, r);
    ask_before(a, r);
    if (!ask_find(a, always, NULL, atoms))
        return;
    lint_say_name(&text, rule);
    pl_buf_add(&text, pl_str_lit(" lets logins relay that are not in relay_users, for instance "));
    lint_say_request(&text, a->s, rule, atoms);
    pl_buf_add(&text, pl_str_lit(". Who reads relay_users does not see that their stolen passwords "
                                 "reach others. If it is meant, write accept_warnings = "
                                 "{\"login-beyond-boundary:"));
    pl_buf_add(&text, rule->name);
    pl_buf_add(&text, pl_str_lit("\"}; or add the logins to relay_users, by which they may relay "
                                 "from anywhere; or take the rule out"));
    lint_tell(a, PL_LINT_LOGIN_BEYOND_BOUNDARY, rule->at, rule, rule->name, &text);
}

/* ---- all ---- */

void pl_lint_flows(struct pl_findings *f, const struct pl_lint_input *in)
{
    struct lint_ask a;

    if (in->space == NULL)
        return;
    if (!ask_init(&a, f, in->space))
        f->failed = true;
    for (size_t r = 0; r < f->policy->nwritten && !f->failed; r++) {
        if (!lint_sender_grant(&a, r))
            lint_recipient_grant(&a, r);
        lint_null_sender(&a, r);
        lint_lost_grant(&a, r);
        lint_login(&a, r);
    }
    if (!f->failed)
        lint_domains(&a);
    if (a.incomplete && f->gave_up != NULL)
        f->gave_up = "the rules are too many, or overlap in too many ways, for all of them and for "
                     "all flows of mail to be looked at";
    else if (a.incomplete)
        f->gave_up = "the rules overlap in too many ways for all flows of mail to be looked at "
                     "(sender-grant to login-beyond-boundary)";
    ask_fini(&a);
}
