/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict for people: what is wrong, where, why it matters, what to do. */
#include "postlatch/check.h"

#include "postlatch/date.h"
#include "postlatch/explain.h"
#include "postlatch/netkind.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

enum { OPENINGS_SHOWN = 10, NETWORKS_SHOWN = 6 };

static bool is_plain(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_alnum(s.p[i]) && strchr("@.:_-+/=,", s.p[i]) == NULL)
            return false;
    }
    return s.n > 0;
}

void pl_check_add_request(struct pl_buf *out, const struct pl_str request[PL_ATTR_COUNT])
{
    const char *between = "";

    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        struct pl_str v = request[attr];

        if (v.n == 0 || attr == PL_ATTR_PROTOCOL_STATE)
            continue;
        pl_buf_addf(out, "%s%s=", between, pl_attr_name((enum pl_attr)attr));
        between = " ";
        if (is_plain(v)) {
            pl_buf_add(out, v);
            continue;
        }
        pl_buf_add_char(out, '\'');
        for (size_t i = 0; i < v.n; i++) {
            if (v.p[i] == '\'')
                pl_buf_add(out, pl_str_lit("'\\''"));
            else
                pl_buf_add_char(out, pl_ascii_is_print(v.p[i]) ? v.p[i] : '?');
        }
        pl_buf_add_char(out, '\'');
    }
}

static void add_networks(struct pl_buf *out, const struct pl_prefix *networks, size_t n)
{
    char text[PL_PREFIX_TEXT];

    for (size_t i = 0; i < n && i < NETWORKS_SHOWN; i++)
        pl_buf_addf(out, "%s%s", i == 0 ? "" : ", ", pl_prefix_format(text, &networks[i]));
    if (n > NETWORKS_SHOWN)
        pl_buf_addf(out, " and %zu more networks", n - NETWORKS_SHOWN);
}

/* Said by what is left out, where that is shorter. */
static bool is_all_but(const struct pl_opening *o)
{
    return o->no_address && o->nnetworks > NETWORKS_SHOWN && o->nspared > 0 &&
           o->nspared <= NETWORKS_SHOWN;
}

static void add_clients(struct pl_buf *out, const struct pl_opening *o)
{
    pl_buf_add(out, pl_str_lit("    from      "));
    if (!o->masking_only) {
        if (o->everywhere)
            pl_buf_add(out, pl_str_lit("every client outside the relay boundary"));
        else if (is_all_but(o)) {
            pl_buf_add(out, pl_str_lit("every client outside the relay boundary but "));
            add_networks(out, o->spared, o->nspared);
        } else
            add_networks(out, o->networks, o->nnetworks);
        if (o->no_address && !o->everywhere && !is_all_but(o))
            pl_buf_addf(out, "%sclients of unknown address", o->nnetworks == 0 ? "" : ", ");
        pl_buf_addf(
            out, "%s\n",
            o->everywhere || is_all_but(o) || o->nmasked > 0 ? "" : ", outside the relay boundary");
        if (o->nmasked == 0)
            return;
        pl_buf_addf(out, "              %s ",
                    o->everywhere || is_all_but(o) ? "and from" : "among them");
    }
    add_networks(out, o->masked, o->nmasked);
    pl_buf_add(out, pl_str_lit(", behind which anyone may hide (masking)\n"));
}

static bool asks(const struct pl_rule *rule, enum pl_attr attr)
{
    for (size_t i = 0; i < rule->ncond; i++) {
        if (rule->cond[i].attr == attr)
            return true;
    }
    return false;
}

static void add_why(struct pl_buf *out, const struct pl_opening *o)
{
    pl_buf_add(out, pl_str_lit("    why       "));
    switch (o->why) {
    case PL_OPENS_PASS:
        pl_buf_addf(out, "%s lets the mail pass", o->rule->action->word.p);
        break;
    case PL_OPENS_PERMIT:
        pl_buf_addf(out, "%s leaves it to Postfix, and after_dunno = permit lets it pass",
                    o->rule->action->word.p);
        break;
    case PL_OPENS_ELSEWHERE:
        pl_buf_addf(out, "%s leaves it to Postfix, which permits this client (permitted_elsewhere)",
                    o->rule->action->word.p);
        break;
    case PL_OPENS_CLASS:
        pl_buf_addf(out, "what %s does is written in main.cf, so it may permit",
                    o->rule->action->word.p);
        break;
    }
    pl_buf_addf(out, ": %s can send there through this server\n",
                o->nmasked > 0 ? "the whole Internet" : "these clients");
    if (!o->rule->builtin && o->why == PL_OPENS_PASS &&
        (asks(o->rule, PL_ATTR_SENDER) || asks(o->rule, PL_ATTR_HELO_NAME) ||
         asks(o->rule, PL_ATTR_REVERSE_CLIENT_NAME)))
        pl_buf_add(out, pl_str_lit("              sender, HELO and unconfirmed names are what the "
                                   "client says: they prove nothing\n"));
}

/* Whether to advise to let all of these clients relay: few networks, none of them much of the Internet. */
static bool are_few(const struct pl_opening *o)
{
    const char *across;

    for (size_t i = 0; i < o->nnetworks; i++) {
        const struct pl_prefix *n = &o->networks[i];

        if (pl_netkind_of(n, &across) != PL_NET_PRIVATE && n->len < (n->addr.family == 4 ? 16 : 32))
            return false;
    }
    return o->nnetworks > 0 && o->nnetworks <= NETWORKS_SHOWN && !o->everywhere && !o->no_address;
}

static void add_permission(struct pl_buf *out, const struct pl_opening *o)
{
    if (!are_few(o))
        return;
    pl_buf_addf(out, "              If all of these clients may relay, say so: %s = {",
                o->why == PL_OPENS_ELSEWHERE ? "relay_networks" : "relay_by_rule");
    add_networks(out, o->networks, o->nnetworks);
    pl_buf_add(out, pl_str_lit("}\n              or for a while: accept \"REASON\" { surface = {"));
    add_networks(out, o->networks, o->nnetworks);
    pl_buf_add(out, pl_str_lit("} until = \"YYYY-MM-DD\" }\n"));
}

static void add_advice(struct pl_buf *out, const struct pl_policy *p, const struct pl_opening *o)
{
    pl_buf_add(out, pl_str_lit("    remedy    "));
    if (o->why == PL_OPENS_CLASS)
        pl_buf_addf(out,
                    "use a plain action, ask for a login (sasl_username = {any}), or accept it "
                    "until a day:\n              accept \"REASON\" { rule = \"%s\" "
                    "until = \"YYYY-MM-DD\" }\n",
                    o->rule->name.p);
    else if (o->masking_only)
        pl_buf_add(out,
                   pl_str_lit("require a login there (sasl_username = {any}), or let the real "
                              "client address through\n              (PROXY protocol, XCLIENT, "
                              "no NAT) and take it out of masking\n"));
    else if (o->why == PL_OPENS_PERMIT)
        pl_buf_add(
            out, pl_str_lit("refuse instead, or put reject_unauth_destination behind postlatch in "
                            "main.cf\n              and say so: after_dunno = "
                            "reject_unauth_destination\n"));
    else if (o->why == PL_OPENS_ELSEWHERE)
        pl_buf_add(
            out, pl_str_lit("refuse here, or take the clients out of Postfix's mynetworks and then "
                            "out of permitted_elsewhere\n"));
    else
        pl_buf_addf(out,
                    "give the rule a condition that only trusted clients meet (client_address, a "
                    "login),\n              or answer %s\n",
                    p->after_dunno == PL_AFTER_PERMIT
                        ? "REJECT"
                        : "DUNNO: then what follows in Postfix decides (after_dunno)");
    if (o->nmasked > 0 && !o->masking_only)
        pl_buf_add(out, pl_str_lit("              and from masking addresses require a login "
                                   "(sasl_username = {any}) in any case\n"));
    else if (o->nmasked == 0 && (o->why == PL_OPENS_PASS || o->why == PL_OPENS_ELSEWHERE))
        add_permission(out, o);
}

/* A waiver that does not do what its author may think. */
static void add_partial(struct pl_buf *out, const struct pl_policy *p, const struct pl_opening *o)
{
    struct pl_quote q;

    pl_buf_addf(out, "    accepted  not by accept %s (", pl_quote(&q, o->in_part->reason));
    pl_explain_place(out, p, o->in_part->at);
    pl_buf_add(out, pl_str_eq(o->in_part->rule, o->rule->name)
                        ? pl_str_lit("): rule = NAME is for rules that cannot be proved; for "
                                     "what is open name the clients, surface = {…}\n")
                        : pl_str_lit("): its surface holds only some of these clients, and not "
                                     "that of the example\n"));
}

static void add_opening(struct pl_buf *out, const struct pl_policy *p, const struct pl_opening *o,
                        const char *config_path)
{
    struct pl_quote q;
    char day[PL_DATE_TEXT];

    pl_buf_add_char(out, '\n');
    pl_explain_rule(out, p, o->rule);
    pl_buf_addf(out, ": %s %s to a recipient that is not ours\n",
                o->why == PL_OPENS_CLASS ? "may pass mail with" : "answers",
                pl_quote(&q, o->rule->action->source));
    if (o->nnetworks > 0 || o->no_address)
        add_clients(out, o);
    pl_buf_add(out, pl_str_lit("    example   "));
    pl_check_add_request(out, o->request);
    pl_buf_add_char(out, '\n');
    add_why(out, o);
    if (o->waiver != NULL) {
        bool expired = o->expired;

        pl_buf_addf(out, "    %s  accept %s, %s %s (", expired ? "expired " : "accepted",
                    pl_quote(&q, o->waiver->reason), expired ? "which ended on" : "until",
                    pl_date_format(day, o->waiver->until));
        pl_explain_place(out, p, o->waiver->at);
        pl_buf_addf(out, ")%s\n", expired ? ": these clients get no OK any more" : "");
    } else {
        if (o->in_part != NULL)
            add_partial(out, p, o);
        add_advice(out, p, o);
    }
    pl_buf_addf(out, "    ask       postlatch explain -c %s, followed by the example\n",
                config_path);
}

void pl_check_add_ended(struct pl_buf *out, const struct pl_policy *p)
{
    struct pl_quote q;
    char day[PL_DATE_TEXT];

    for (size_t i = 0; i < p->nwaivers; i++) {
        const struct pl_waiver *w = &p->waivers[i];

        if (!pl_waiver_has_ended(p, w))
            continue;
        pl_buf_addf(out, "accept %s (", pl_quote(&q, w->reason));
        pl_explain_place(out, p, w->at);
        pl_buf_addf(out,
                    ") ended with %s: its clients get no OK any more, which is left out here\n",
                    pl_date_format(day, w->until));
    }
}

/* What open means here: everybody, or behind masking addresses only; and whether it is let through. */
static void add_open(struct pl_buf *out, const struct pl_proof *proof)
{
    bool masking_only = true;

    for (size_t i = 0; i < proof->nopenings; i++)
        masking_only = masking_only && proof->openings[i].masking_only;
    if (proof->expired)
        pl_buf_add(out, pl_str_lit("What is open was accepted until a day that has passed; since "
                                   "then it is not let through.\n"));
    else if (proof->accepted)
        pl_buf_add(out, pl_str_lit("Clients outside the relay boundary can send to recipients "
                                   "that are not ours, and the policy accepts all of it.\n"));
    else if (masking_only)
        pl_buf_add(out, pl_str_lit("This is an open relay: whoever comes in through a masking "
                                   "address can send to recipients that are not ours.\n"));
    else
        pl_buf_add(out, pl_str_lit("This is an open relay: clients outside the relay boundary can "
                                   "send to recipients that are not ours.\n"));
}

void pl_check_add_verdict(struct pl_buf *out, const struct pl_policy *p,
                          const struct pl_proof *proof, const char *config_path)
{
    pl_buf_addf(out, "verdict: %s%s\n", pl_verdict_word(proof->verdict),
                proof->accepted  ? " (accepted)"
                : proof->expired ? " (accepted until a day that has passed)"
                                 : "");
    switch (proof->verdict) {
    case PL_VERDICT_SAFE:
        pl_buf_add(out, pl_str_lit("No client outside the relay boundary can send to a recipient "
                                   "that is not ours.\n"));
        break;
    case PL_VERDICT_OPEN:
        add_open(out, proof);
        break;
    case PL_VERDICT_UNPROVABLE:
        pl_buf_add(out, proof->accepted
                            ? pl_str_lit("Whether this is an open relay cannot be decided, and "
                                         "the policy accepts that.\n")
                            : pl_str_lit("Whether this is an open relay cannot be decided; so it "
                                         "counts as one.\n"));
        break;
    }
    if (proof->gave_up != NULL)
        pl_buf_addf(out, "Not decided: %s.\n", proof->gave_up);
    for (size_t i = 0; i < proof->nopenings && i < OPENINGS_SHOWN; i++)
        add_opening(out, p, &proof->openings[i], config_path);
    if (proof->nopenings > OPENINGS_SHOWN)
        pl_buf_addf(out, "\nand %zu more rules like these\n", proof->nopenings - OPENINGS_SHOWN);
}
