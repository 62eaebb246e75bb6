/* SPDX-License-Identifier: BSD-2-Clause */
/* Which lists have to be written, how the daemon is named in them, and what has to stand beside them. */
#include "cli.h"
#include "snippet.h"

#include "postlatch/quote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void snippet_fini(struct snippet *s)
{
    for (size_t i = 0; i < s->nlists; i++)
        free(s->lists[i].items);
    free(s->lists);
    free(s->settings);
    free(s->findings);
    pl_arena_free(s->arena);
    *s = (struct snippet){0};
}

static struct pl_str keep(struct snippet *s, struct pl_str text)
{
    struct pl_str copy = pl_arena_copy(s->arena, text);

    s->failed = s->failed || copy.p == NULL;
    return copy.p == NULL ? pl_str_lit("") : copy;
}

static void tell(struct snippet *s, bool note, const char *fmt, va_list ap)
{
    struct snippet_finding *findings =
        pl_grow(s->findings, &s->findings_cap, s->nfindings, sizeof(*findings));
    char *text = NULL;

    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    if (findings != NULL)
        s->findings = findings;
    if (findings == NULL || text == NULL)
        s->failed = true;
    else
        s->findings[s->nfindings++] = (struct snippet_finding){keep(s, pl_str_of(text)), note};
    free(text);
}

void snippet_find(struct snippet *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(s, false, fmt, ap);
    va_end(ap);
}

void snippet_note(struct snippet *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(s, true, fmt, ap);
    va_end(ap);
}

bool snippet_undecided(const struct snippet *s)
{
    for (size_t i = 0; i < s->nfindings; i++) {
        if (!s->findings[i].note)
            return true;
    }
    return false;
}

void snippet_add_item(struct snippet *s, struct snippet_list *list, struct pl_str text,
                      const char *why)
{
    struct snippet_item *items = pl_grow(list->items, &list->cap, list->count, sizeof(*items));

    if (items == NULL) {
        s->failed = true;
        return;
    }
    list->items = items;
    list->items[list->count++] = (struct snippet_item){keep(s, text), why};
}

static struct snippet_list *add_list(struct snippet *s, const struct pl_master_service *service,
                                     const char *name)
{
    struct snippet_list *lists = pl_grow(s->lists, &s->lists_cap, s->nlists, sizeof(*lists));

    if (lists == NULL) {
        s->failed = true;
        return NULL;
    }
    s->lists = lists;
    s->lists[s->nlists] = (struct snippet_list){.service = service, .name = name};
    return &s->lists[s->nlists++];
}

static void add_setting(struct snippet *s, const char *name, const char *value, const char *why)
{
    struct snippet_setting *settings =
        pl_grow(s->settings, &s->settings_cap, s->nsettings, sizeof(*settings));

    if (settings == NULL) {
        s->failed = true;
        return;
    }
    s->settings = settings;
    s->settings[s->nsettings++] = (struct snippet_setting){name, value, why};
}

struct pl_str snippet_place(struct snippet *s, const struct pl_master_service *service)
{
    char *text = NULL;
    struct pl_str place;

    if (service == NULL)
        return pl_str_lit("main.cf");
    if (asprintf(&text, "%.*s/%.*s", (int)service->name.n, service->name.p, (int)service->type.n,
                 service->type.p) < 0) {
        s->failed = true;
        return pl_str_lit("");
    }
    place = keep(s, pl_str_of(text));
    free(text);
    return place;
}

/* ---- how Postfix names the daemon's socket ---- */

static struct pl_str all_value(const struct snippet_input *in, const char *name)
{
    return in->postfix == NULL ? (struct pl_str){NULL, 0}
                               : pl_postconf_value(&in->postfix->all, name);
}

static struct pl_str queue_directory(const struct snippet_input *in)
{
    struct pl_str queue = all_value(in, "queue_directory");

    return queue.n > 0 ? queue : pl_str_lit("/var/spool/postfix");
}

/* A chrooted smtpd sees nothing outside the queue folder. */
static void tell_unreachable(struct snippet *s, const struct snippet_input *in, const char *path)
{
    struct pl_str queue = queue_directory(in), level = all_value(in, "compatibility_level");
    size_t chrooted = 0;
    struct pl_str first = {NULL, 0};

    for (size_t i = 0; in->postfix != NULL && i < in->postfix->master.count; i++) {
        const struct pl_master_service *service = &in->postfix->master.services[i];

        if (pl_master_is_smtpd(service) && pl_master_is_chrooted(service, level)) {
            if (chrooted++ == 0)
                first = snippet_place(s, service);
        }
    }
    if (in->postfix == NULL || chrooted > 0)
        snippet_find(
            s,
            "smtpd%s%.*s is chrooted and cannot reach %s: %s. In postlatch.conf set listen = "
            "{\"unix:%.*s/postlatch/policy\"}, or an inet: address, and run this again",
            in->postfix == NULL ? ", if it" : " of ", (int)first.n, first.p, path,
            s->observe ? "nothing of its mail would be seen" : "it would answer 451 to everybody",
            (int)queue.n, queue.p);
}

static void name_endpoint(struct snippet *s, const struct snippet_input *in)
{
    static const struct {
        const char *everywhere, *here;
    } wildcards[] = {{"inet:0.0.0.0:", "inet:127.0.0.1:"}, {"inet:[::]:", "inet:[::1]:"}};
    struct pl_str queue = queue_directory(in), text = pl_str_of(in->endpoint->text);
    const char *path = pl_endpoint_path(in->endpoint);
    struct pl_buf name = {0};

    if (pl_endpoint_is_unix(in->endpoint)) {
        struct pl_str p = pl_str_of(path);

        if (pl_str_has_prefix(p, queue) && p.n > queue.n && p.p[queue.n] == '/')
            p = pl_str_from(p, queue.n + 1);
        else
            tell_unreachable(s, in, path);
        pl_buf_addf(&name, "unix:%.*s", (int)p.n, p.p);
        if (pl_str_find(p, ' ') < p.n || pl_str_find(p, ',') < p.n || pl_str_find(p, '{') < p.n ||
            pl_str_find(p, '}') < p.n || pl_str_find(p, '$') < p.n)
            snippet_find(s,
                         "%s: Postfix cannot name a socket with a blank, comma, brace or $ in "
                         "its path; choose another",
                         path);
    } else {
        for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++) {
            struct pl_str everywhere = pl_str_of(wildcards[i].everywhere);

            if (pl_str_has_prefix(text, everywhere)) {
                pl_buf_addf(&name, "%s", wildcards[i].here);
                text = pl_str_from(text, everywhere.n);
                break;
            }
        }
        pl_buf_add(&name, text);
    }
    s->endpoint = keep(s, pl_buf_str(&name));
    s->failed = s->failed || name.failed;
    pl_buf_fini(&name);
}

static void make_service(struct snippet *s)
{
    struct pl_buf text = {0};

    pl_buf_addf(&text, "check_policy_service { %.*s, ", (int)s->endpoint.n, s->endpoint.p);
    if (s->observe)
        pl_buf_addf(&text, "timeout=5s, try_limit=1, default_action=DUNNO }");
    else
        pl_buf_addf(
            &text, "timeout=10s,\n{ default_action = 451 4.3.5 Policy server is not available } }");
    s->service = keep(s, pl_buf_str(&text));
    s->failed = s->failed || text.failed;
    pl_buf_fini(&text);
}

/* ---- the lists ---- */

static const char relay[] = "smtpd_relay_restrictions";
static const char recipient[] = "smtpd_recipient_restrictions";

/* Postfix's own default; of a system that could not be asked. */
#define DEFAULT_LIST "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"

/* The recipient list must let pass, too, what we let out in the relay list. */
static void tell_second_list(struct snippet *s, struct pl_str at_recipient)
{
    struct pl_restriction r;

    while (pl_restriction_next(&at_recipient, &r)) {
        if (r.effect == PL_RESTRICT_CLOSE && !r.warn_only) {
            snippet_note(s,
                         "%s has %.*s of its own: clients that only postlatch.conf lets relay are "
                         "refused there. Take the word out of it, the relay list has it already",
                         recipient, (int)r.word.n, r.word.p);
            return;
        }
    }
}

static void add_main(struct snippet *s, const struct snippet_input *in)
{
    struct pl_str at_relay = all_value(in, relay), at_recipient = all_value(in, recipient);
    enum snippet_placement placement = in->placement;
    struct snippet_list *list;
    struct pl_buf old = {0};

    if (in->postfix == NULL)
        at_relay = pl_str_lit(DEFAULT_LIST);
    if (placement == SNIPPET_AS_IT_IS)
        placement = at_relay.n > 0 || at_recipient.n == 0 ? SNIPPET_RELAY : SNIPPET_RECIPIENT;
    list = add_list(s, NULL, placement == SNIPPET_RELAY ? relay : recipient);
    if (list == NULL)
        return;
    if (placement == SNIPPET_RECIPIENT) {
        pl_buf_addf(&old, "%.*s, %.*s", (int)at_relay.n, at_relay.p, (int)at_recipient.n,
                    at_recipient.p);
        if (at_relay.n > 0)
            add_setting(s, relay, "", "Relaying is decided in the recipient list below.");
    } else {
        pl_buf_add(&old, at_relay);
        if (!s->observe && at_relay.n > 0)
            tell_second_list(s, at_recipient);
        if (at_relay.n == 0 && at_recipient.n > 0)
            snippet_find(s,
                         "main.cf, %s decides about relaying now, and both lists must let a "
                         "recipient pass: take reject_unauth_destination out of it, or ask there "
                         "(--placement recipient)",
                         recipient);
    }
    s->failed = s->failed || old.failed;
    snippet_rewrite(s, in, list, pl_buf_str(&old));
    pl_buf_fini(&old);
}

static void add_service(struct snippet *s, const struct snippet_input *in,
                        const struct pl_master_service *service)
{
    struct pl_postconf all = {0};
    struct pl_buf text = {0};
    struct pl_str at_relay, at_recipient, place = snippet_place(s, service);
    struct snippet_list *list;
    struct pl_quote q;

    if (service->args == PL_MASTER_ARGS_ODD)
        snippet_find(s,
                     "%.*s: its argument %s is not understood here: see yourself what it changes",
                     (int)place.n, place.p, pl_quote(&q, service->odd));
    if (service->overrides.count == 0)
        return;
    if (!postfix_effective(in->postfix, service, NULL, &all, &text)) {
        snippet_find(s, "%.*s: its own settings could not be read", (int)place.n, place.p);
        goto out;
    }
    at_relay = pl_postconf_value(&all, relay);
    at_recipient = pl_postconf_value(&all, recipient);
    if (pl_str_eq(at_relay, all_value(in, relay)) &&
        (at_relay.n > 0 || pl_str_eq(at_recipient, all_value(in, recipient))))
        goto out; /* main.cf's list holds for it */
    list = add_list(s, service, at_relay.n > 0 ? relay : recipient);
    if (list == NULL)
        goto out;
    if (pl_master_is_loopback(service) && pl_master_is_reinjection(service)) {
        list->left = true;
        list->why = "it is a content filter's way back, which only this host reaches";
    } else {
        snippet_rewrite(s, in, list, at_relay.n > 0 ? at_relay : at_recipient);
    }
out:
    pl_postconf_fini(&all);
    pl_buf_fini(&text);
}

/* ---- what has to stand beside them ---- */

static bool asks(const struct pl_policy *p, enum pl_attr attr)
{
    for (size_t i = 0; i < p->nwritten; i++) {
        for (size_t k = 0; k < p->rules[i].ncond; k++) {
            if (p->rules[i].cond[k].attr == attr)
                return true;
        }
    }
    return false;
}

static bool has_members(const struct pl_policy *p, enum pl_boundary b)
{
    return p->boundary[b].in_count > 0 || p->boundary[b].in_words != 0;
}

static void add_settings(struct snippet *s, const struct snippet_input *in)
{
    const struct pl_policy *p = in->config->policy;
    bool certificates = has_members(p, PL_BOUNDARY_RELAY_CLIENTCERTS) ||
                        asks(p, PL_ATTR_CCERT_FINGERPRINT) ||
                        asks(p, PL_ATTR_CCERT_PUBKEY_FINGERPRINT) || asks(p, PL_ATTR_CCERT_SUBJECT);

    if (certificates && !pl_str_eq(all_value(in, "smtpd_tls_ask_ccert"), pl_str_lit("yes"))) {
        add_setting(
            s, "smtpd_tls_ask_ccert", "yes",
            "The policy asks about client certificates, so clients must be asked for them.");
    }
    if (certificates && pl_str_eq(all_value(in, "smtpd_tls_fingerprint_digest"), pl_str_lit("md5")))
        snippet_note(s,
                     "smtpd_tls_fingerprint_digest = md5 can be forged. Set it to sha256, and put "
                     "fingerprints of that kind into postlatch.conf at the same time");
    if (has_members(p, PL_BOUNDARY_RELAY_CLIENT_NAMES) &&
        pl_str_eq(all_value(in, "smtpd_peername_lookup"), pl_str_lit("no")))
        add_setting(s, "smtpd_peername_lookup", "yes",
                    "relay_client_names needs the clients' names.");
    for (size_t i = 0; i < p->nlisteners; i++) {
        struct pl_str context = p->listeners[i].context;

        if (context.n > 0)
            snippet_find(
                s,
                "relay_listeners has \"context:%.*s\": give policy_context=%.*s, within the "
                "braces of check_policy_service, to the service of master.cf that only "
                "trusted clients reach, and to no other",
                (int)context.n, context.p, (int)context.n, context.p);
    }
}

/* "3.7.11" is 3; what is no number is taken for a new one. */
static bool has_braces(const struct snippet_input *in)
{
    struct pl_str version = all_value(in, "mail_version");
    unsigned long major;

    version.n = pl_str_find(version, '.');
    return !pl_str_to_number(version, 0, 1000, &major) || major >= 3;
}

bool snippet_build(struct snippet *s, const struct snippet_input *in)
{
    s->arena = pl_arena_new();
    if (s->arena == NULL) {
        trouble("out of memory");
        return false;
    }
    s->observe = in->config->policy->mode == PL_MODE_OBSERVE;
    if (in->postfix == NULL)
        snippet_find(s, "no Postfix could be asked here: these lines are for one with the lists "
                        "that it has by default, and its queue in /var/spool/postfix. Say where "
                        "its main.cf is with --postfix DIR");
    if (!has_braces(in))
        snippet_find(s, "this Postfix is older than 3.0 and does not know the braces: write "
                        "check_policy_service and the address alone, and "
                        "smtpd_policy_service_timeout = 10s on a line of its own");
    if (in->config->policy->after_dunno == PL_AFTER_PERMIT)
        snippet_find(s, "after_dunno = permit says that nothing refuses behind us. These lines put "
                        "reject_unauth_destination there, so set "
                        "after_dunno = reject_unauth_destination");
    name_endpoint(s, in);
    make_service(s);
    add_settings(s, in);
    add_main(s, in);
    for (size_t i = 0; in->postfix != NULL && i < in->postfix->master.count; i++) {
        if (pl_master_is_smtpd(&in->postfix->master.services[i]))
            add_service(s, in, &in->postfix->master.services[i]);
    }
    if (s->failed) {
        trouble("out of memory");
        return false;
    }
    return true;
}
