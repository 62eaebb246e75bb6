/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways in that change who a client is, or that go past smtpd. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

/* Networks that may relay by the policy or beside it: to them it is no gain to be somebody else. */
static void add_trusted(struct pl_doctor *d, struct pl_ranges *r)
{
    const struct pl_policy *p = d->config->policy;

    if (!add_set(&p->boundary[PL_BOUNDARY_RELAY_NETWORKS], r) ||
        !add_set(&p->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], r))
        d->no_memory = true;
}

/* Clients who may say with XCLIENT that they are somebody else. */
static void look_at_xclient(struct look *k)
{
    struct pl_str hosts = pl_postconf_value(&k->l->pc, "smtpd_authorized_xclient_hosts");
    struct pl_ranges r = {0}, trusted = {0};
    struct pl_buf odd = {0}, lines = {0}, file = {0}, text = {0};
    bool understood;

    if (hosts.n == 0)
        return;
    understood = add_networks(k->d, hosts, &r, &odd);
    add_trusted(k->d, &trusted);
    if (!pl_ranges_subtract(&r, &trusted))
        k->d->no_memory = true;
    write_ranges(&text, &r, 8);
    write_setting(k, "smtpd_authorized_xclient_hosts", (struct pl_str){NULL, 0}, &lines, &file);
    if (r.count > 0 || !understood)
        pl_doctor_say(k->d, PL_FINDING_FAULT, "xclient", k->at, text_of(&file), text_of(&lines),
                      "They may take any address, name and login, and so relay: no policy can see "
                      "through that. Only hosts that may relay anyway should be named.",
                      "XCLIENT is allowed to %s%s%s", text_of(&text),
                      r.count > 0 && !understood ? ", " : "", text_of(&odd));
    else
        pl_doctor_say(k->d, PL_FINDING_NOTE, "xclient-trusted", k->at, "", "",
                      "They may take any address, name and login; they may relay anyway.",
                      "XCLIENT is allowed to %.*s", (int)hosts.n, hosts.p);
    pl_ranges_fini(&r);
    pl_ranges_fini(&trusted);
    pl_buf_fini(&odd);
    pl_buf_fini(&lines);
    pl_buf_fini(&file);
    pl_buf_fini(&text);
}

/* Whether this host itself may relay by the policy. */
static bool trusts_loopback(struct pl_doctor *d)
{
    struct pl_ranges trusted = {0};
    struct pl_addr loopback = {4, {127, 0, 0, 1}};
    bool is;

    add_trusted(d, &trusted);
    is = pl_ranges_contain(&trusted, &loopback);
    pl_ranges_fini(&trusted);
    return is;
}

static void say_proxy(struct pl_doctor *d, const struct pl_master_service *s, const char *at,
                      struct pl_str protocol)
{
    size_t colon = pl_str_rfind(s->name, ':');
    struct pl_str port = colon < s->name.n ? pl_str_from(s->name, colon + 1) : s->name;
    bool local = pl_master_is_loopback(s);
    struct pl_buf lines = {0};
    struct pl_quote q;

    if (local && trusts_loopback(d)) {
        pl_doctor_say(d, PL_FINDING_NOTE, "proxy-trusted", at, "", "",
                      "Whoever is on this host may take any client address; it may relay anyway.",
                      "the client's address is what a proxy on this host says (%s)",
                      pl_quote(&q, protocol));
        return;
    }
    if (!local)
        pl_buf_addf(&lines, "127.0.0.1:%.*s", (int)port.n, port.p);
    pl_doctor_say(d, PL_FINDING_FAULT, "proxy-protocol", at,
                  local ? "" : "master.cf, the service's name, if the proxy is on this host",
                  text_of(&lines),
                  local ? "Whoever is on this host may take any client address, one of "
                          "relay_networks too, and so relay. If that is meant, name 127.0.0.1 in "
                          "relay_networks: then the policy and its verdict say so."
                        : "Whoever reaches this port without the proxy may take any client "
                          "address, one of relay_networks too. Bind it to an address that only the "
                          "proxy reaches, and have a packet filter see to that.",
                  "the client's address is what the first line of a connection says (%s)",
                  pl_quote(&q, protocol));
    pl_buf_fini(&lines);
}

/* A content filter's way back asks us: about mail that we have been asked about already. */
static void look_at_reinjection(struct look *k)
{
    struct pl_query q = {0};
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_buf lines = {0};
    static const char list[] = "permit_mynetworks, reject";

    if (!k->l->asks || !pl_master_is_reinjection(k->l->service))
        return;
    q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("127.0.0.1");
    q.attr[PL_ATTR_SENDER] = pl_str_lit("user@postlatch.invalid");
    q.attr[PL_ATTR_RECIPIENT] = pl_str_lit("user@postlatch.invalid");
    pl_query_read(&q);
    pl_policy_decide(k->d->config->policy, &q, &cursor, &decision);
    if (pl_policy_lets_pass(k->d->config->policy, decision.action, false))
        return;
    pl_buf_addf(&lines, "  -o { %s = %s }", pl_smtpd_list_name(PL_LIST_RELAY), list);
    if (first_of_ours(&k->lists[PL_LIST_RECIPIENT]) != NONE)
        pl_buf_addf(&lines, "\n  -o { %s = }", pl_smtpd_list_name(PL_LIST_RECIPIENT));
    pl_buf_addf(&lines, "\n  -o { mynetworks = 127.0.0.0/8, [::1]/128 }");
    {
        char file[160];

        snprintf(file, sizeof(file), "master.cf, %s", k->at);
        pl_doctor_say(
            k->d, PL_FINDING_FAULT, "reinjection", k->at, file, text_of(&lines),
            "It is a content filter's way back. We are "
            "asked a second time, with the filter as the client and without its login: "
            "mail of those who may relay is refused there.",
            "this listener takes mail back from a content filter and asks postlatch, which "
            "does not let 127.0.0.1 relay");
    }
    pl_buf_fini(&lines);
}

/* Lists that say something else when the server is under stress. */
static void look_at_stress(struct look *k)
{
    struct pl_buf lines = {0}, file = {0};
    const struct edit as_it_is = {0};
    struct pl_str text;

    for (unsigned list = 0; list < PL_LIST_COUNT; list++) {
        const char *name = pl_smtpd_list_name((enum pl_smtpd_list)list);
        const struct pl_postconf_param *p = pl_postconf_find(&k->l->service->overrides, name);

        text = p != NULL ? p->value : pl_postconf_value(k->d->set, name);
        if (memmem(text.p == NULL ? "" : text.p, text.n, "stress", 6) == NULL)
            continue;
        write_list(k, (enum pl_smtpd_list)list, &as_it_is, &lines, &file);
        pl_doctor_say(k->d, PL_FINDING_FAULT, "stress", k->at, text_of(&file), text_of(&lines),
                      "What it is when all smtpd processes are taken was not looked at: write the "
                      "list without $stress.",
                      "%s depends on $stress", name);
        pl_buf_fini(&lines);
        pl_buf_fini(&file);
    }
}

void look_at_listener(struct look *k)
{
    struct pl_str proxy = pl_postconf_value(&k->l->pc, "smtpd_upstream_proxy_protocol");
    struct pl_quote q;

    if (k->l->service->args == PL_MASTER_ARGS_ODD)
        pl_doctor_say(k->d, PL_FINDING_FAULT, "bad-argument", k->at, "", "",
                      "smtpd does not start with it, or takes something else from it: -o wants "
                      "name=value without blanks, or { name = value }.",
                      "an argument of smtpd is not understood: %s",
                      pl_quote(&q, k->l->service->odd));
    if (proxy.n > 0)
        say_proxy(k->d, k->l->service, k->at, proxy);
    look_at_xclient(k);
    look_at_reinjection(k);
    look_at_stress(k);
}

/* Of services that are not smtpd: an effective parameter, its -o in force. */
static struct pl_str parameter(const struct pl_doctor *d, const struct pl_master_service *s,
                               const char *name)
{
    const struct pl_postconf_param *p = pl_postconf_find(&s->overrides, name);

    return p != NULL ? p->value : pl_postconf_value(d->all, name);
}

void look_at_others(struct pl_doctor *d)
{
    struct pl_quote q;

    for (size_t i = 0; i < d->master->count; i++) {
        const struct pl_master_service *s = &d->master->services[i];
        char at[128];

        snprintf(at, sizeof(at), "%.*s/%.*s", (int)s->name.n, s->name.p, (int)s->type.n, s->type.p);
        for (size_t n = 0; n < i; n++) {
            if (pl_str_eq(s->name, d->master->services[n].name) &&
                pl_str_eq(s->type, d->master->services[n].type))
                pl_doctor_say(d, PL_FINDING_FAULT, "service-twice", at, "", "",
                              "Postfix uses the last one, and only says so in its log.",
                              "master.cf has this service twice");
        }
        if (pl_str_eq(s->command, pl_str_lit("qmqpd")) &&
            parameter(d, s, "qmqpd_authorized_clients").n > 0)
            pl_doctor_say(
                d, PL_FINDING_FAULT, "qmqpd", at, "main.cf", "qmqpd_authorized_clients =",
                "qmqpd asks no policy server: these clients relay whatever the policy says.",
                "QMQP is open to %s", pl_quote(&q, parameter(d, s, "qmqpd_authorized_clients")));
        if (pl_str_eq(s->command, pl_str_lit("postscreen")) &&
            parameter(d, s, "postscreen_upstream_proxy_protocol").n > 0)
            say_proxy(d, s, at, parameter(d, s, "postscreen_upstream_proxy_protocol"));
    }
    if (d->nlisteners == 0)
        pl_doctor_say(d, PL_FINDING_FAULT, "no-smtpd", "", "", "",
                      "There is nobody who could ask postlatch.", "master.cf has no smtpd");
}
