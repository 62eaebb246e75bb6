/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands before us in a list and may end it with a permit: for those we are not asked. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

/* Restrictions that permit some, and what of it matters. */
static const struct {
    const char *word, *code, *why;
} permits[] = {
    {"permit_sasl_authenticated", "permit-before",
     "Whoever has logged in relays by Postfix's word: rules about logins, and relay_users, do not "
     "count here."},
    {"permit_inet_interfaces", "permit-before",
     "Mail that comes from an address of this host itself relays without our being asked."},
    {"permit_tls_clientcerts", "permit-before",
     "Certificates of relay_clientcerts in main.cf relay without our being asked."},
    {"permit_tls_all_clientcerts", "permit-opens",
     "Any client with any trusted certificate relays, without our being asked."},
    {"permit_auth_destination", "permit-before",
     "We are not asked about recipients that Postfix takes for its own: no rule about them "
     "counts."},
    {"permit_mx_backup", "permit-opens",
     "Everybody may relay to each domain whose owner names this host as its MX, without our "
     "being asked."},
    {"permit_dnswl_client", "permit-opens",
     "Every client on that list relays, without our being asked."},
    {"permit_rhswl_client", "permit-opens",
     "Every client whose name is on that list relays, without our being asked."},
};

/* For what stands where a permit does not let relay. */
static const char only_unasked[] = "It ends the list with a permit: about those we are not asked. "
                                   "They do not relay by it, since something else refuses.";

/* The reason that fits the place of an item. */
static const char *why_here(const struct look *k, const struct items *items,
                            const struct item *item, const char *why)
{
    return opens_at(k, items, (size_t)(item - items->item)) ? why : only_unasked;
}

/* permit_mynetworks before us is fine if the policy says so: permitted_elsewhere. */
static void look_at_mynetworks(struct look *k, const struct items *items, struct item *item)
{
    struct pl_ranges mine = {0}, known = {0};
    struct pl_buf odd = {0};

    if (add_networks(k->d, pl_postconf_value(&k->l->pc, "mynetworks"), &mine, &odd) &&
        add_set(&k->d->config->policy->boundary[PL_BOUNDARY_PERMITTED_ELSEWHERE], &known) &&
        pl_ranges_subtract(&mine, &known) && mine.count == 0)
        pl_doctor_say(k->d, PL_FINDING_OK, "", k->at, "", "", NULL,
                      "%s: permit_mynetworks stands before postlatch, and permitted_elsewhere "
                      "says so",
                      pl_smtpd_list_name(items->list));
    else
        mark(k, item, "permit-before",
             why_here(
                 k, items, item,
                 "Clients in mynetworks relay by Postfix's word: no rule of the policy counts for "
                 "them. If that is meant, name them in permitted_elsewhere of postlatch.conf."),
             "permit_mynetworks stands before postlatch");
    pl_ranges_fini(&mine);
    pl_ranges_fini(&known);
    pl_buf_fini(&odd);
}

/* An action of several words: each may be a restriction, a class among them. */
static bool may_permit(const struct look *k, struct pl_str action)
{
    struct pl_str rest = pl_postconf_value(&k->l->pc, "smtpd_restriction_classes"), name, word,
                  words = action;

    if (permits_action(action))
        return true;
    if (!pl_postfix_word(&words, &word))
        return true;
    while (pl_postfix_word(&rest, &name)) { /* what a class does is not followed here */
        if (pl_str_eq(name, word))
            return true;
    }
    return false;
}

/* An access table before us: does an entry of it say OK? */
static void look_at_table(struct look *k, const struct items *items, struct item *item)
{
    const struct pl_restriction *r = &item->r;
    struct pl_buf text = {0};
    struct pl_quote q, key;
    struct pl_str rest;
    const char *why = "";
    bool listed = k->d->system.list(k->d->system.arg, r->arg, &text, &why);

    rest = pl_buf_str(&text);
    while (listed && rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')};
        size_t tab = pl_str_find(line, '\t');

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        if (!may_permit(k, pl_str_from(line, tab < line.n ? tab + 1 : tab)))
            continue;
        mark(k, item, "table-permits",
             why_here(
                 k, items, item,
                 "An OK in a table ends the list like any other: what its key matches relays to "
                 "anywhere, and we are not asked. A sender or HELO name is chosen by the client; "
                 "OK for "
                 "a recipient lets everybody send there."),
             "%s stands before postlatch and permits, for one, %s", pl_quote(&q, r->arg),
             pl_quote(&key, (struct pl_str){line.p, tab}));
        pl_buf_fini(&text);
        return;
    }
    if (listed) {
        pl_doctor_say(k->d, PL_FINDING_OK, "", k->at, "", "", NULL,
                      "%s: no entry of %s, before postlatch, permits",
                      pl_smtpd_list_name(items->list), pl_quote(&q, r->arg));
    } else {
        mark(
            k, item, "table-unknown",
            "If any entry of it says OK, what that matches relays without our being asked. Put the "
            "table behind postlatch, or take care that it only refuses.",
            "%s stands before postlatch, and its entries cannot be listed: %s",
            pl_quote(&q, r->arg), why);
    }
    pl_buf_fini(&text);
}

static void look_at_permit(struct look *k, const struct items *items, struct item *item)
{
    const struct pl_restriction *r = &item->r;
    struct pl_quote q;

    if (pl_str_eq_fold(r->word, pl_str_lit("permit_mynetworks"))) {
        look_at_mynetworks(k, items, item);
        return;
    }
    for (size_t n = 0; n < sizeof(permits) / sizeof(permits[0]); n++) {
        if (!pl_str_eq_fold(r->word, pl_str_of(permits[n].word)))
            continue;
        mark(k, item, permits[n].code, why_here(k, items, item, permits[n].why),
             "%s stands before postlatch", permits[n].word);
        return;
    }
    mark(k, item, "unknown-before", "What it permits is not known here.",
         "%s stands before postlatch", pl_quote(&q, r->word));
}

void look_at_permits(struct look *k, enum pl_smtpd_list list, size_t ours)
{
    const struct items *items = &k->lists[list];
    struct pl_quote q;

    for (size_t i = 0; i < ours && i < items->count; i++) {
        struct item *item = &items->item[i];

        if (item->r.effect == PL_RESTRICT_PERMIT_SOME)
            look_at_permit(k, items, item);
        else if (item->r.effect == PL_RESTRICT_TABLE)
            look_at_table(k, items, item);
        else if (item->r.effect == PL_RESTRICT_POLICY && !item->ours)
            mark(k, item, "other-server",
                 "If it answers OK, the client relays without our being asked; what it answers is "
                 "not known here. Put it behind postlatch, or into smtpd_recipient_restrictions.",
                 "another policy server, %s, stands before postlatch", pl_quote(&q, item->r.arg));
    }
}
