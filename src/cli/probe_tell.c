/* SPDX-License-Identifier: BSD-2-Clause */
/* What a relay test found, as text and as JSON. Bytes of the server's are shown escaped and cut. */
#include "probe.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <string.h>

enum { REPLY_SHOWN = 100, OPEN_SHOWN = 12 };

static const char *const outcomes[] = {"accepted", "refused", "not tried", "unclear"};
static const char *const verdicts[] = {"closed", "open", "unknown"};

const char *probe_verdict_word(enum probe_verdict verdict)
{
    return verdicts[verdict];
}

/* What an outcome means for a form. */
static const char *word_of(const struct probe_try *t)
{
    return t->outcome == PROBE_ACCEPTED && t->kind != FORM_OURS ? "OPEN" : outcomes[t->outcome];
}

static void show(struct pl_buf *out, struct pl_str s, size_t most)
{
    size_t n = s.n < most ? s.n : most;

    for (size_t i = 0; i < n; i++) {
        if (pl_ascii_is_print(s.p[i]))
            pl_buf_add_char(out, s.p[i]);
        else
            pl_buf_addf(out, "\\x%02x", (unsigned char)s.p[i]);
    }
    if (n < s.n)
        pl_buf_add(out, pl_str_lit("..."));
}

/* A reply without the recipient, which Postfix repeats: "554 5.7.1 <r>: text". */
static void show_reply(struct pl_buf *out, struct pl_str s)
{
    size_t from = pl_str_find(s, '<'), to = from;

    while (to + 3 <= s.n && !pl_str_has_prefix(pl_str_from(s, to), pl_str_lit(">: ")))
        to++;
    if (from < s.n && to + 3 <= s.n && from <= 10) {
        show(out, (struct pl_str){s.p, from}, from);
        s = pl_str_from(s, to + 3);
    }
    show(out, s, REPLY_SHOWN);
}

static void add_try(struct pl_buf *out, const struct probe_try *t)
{
    pl_buf_addf(out, "  %-9s %-10s ", t->id, word_of(t));
    if (t->own_sender) {
        pl_buf_add(out, pl_str_lit("from "));
        show(out, t->from, t->from.n);
        pl_buf_add(out, pl_str_lit(" to "));
    }
    show(out, t->to, t->to.n);
    pl_buf_add(out, t->outcome == PROBE_NOT_KNOWN ? pl_str_lit(": needs ") : pl_str_lit(": "));
    show_reply(out, t->text);
    if (t->outcome == PROBE_ACCEPTED && t->kind != FORM_OURS)
        pl_buf_addf(out, " (%s)", t->note);
    pl_buf_add_char(out, '\n');
}

/* Plain relaying works, for a client whom most servers trust for its address alone. */
static bool may_be_trusted(const struct probe_result *r, const struct probe_plan *plan)
{
    return plan->as == NULL && r->ntries > 0 && r->tries[0].outcome == PROBE_ACCEPTED &&
           (probe_is_loopback(&r->client) || pl_addr_eq(&r->client, &r->target->ip));
}

static void add_as_outsider(struct pl_buf *out, const struct probe_result *r)
{
    pl_buf_addf(out,
                "    Ask as an outsider: with --as 203.0.113.9 (%s),\n"
                "    or from another host, with --i-own-this-host.\n",
                r->offers_xclient ? "XCLIENT, which the server offers"
                                  : "XCLIENT, once smtpd_authorized_xclient_hosts allows it");
}

/* A recipient that the policy server gets as it was typed, and that a shell takes in quotes. */
static bool is_plain(struct pl_str to)
{
    bool plain = to.n > 2 && to.p[0] == '<' && to.p[1] != '@' && to.p[to.n - 1] == '>';

    for (size_t i = 1; plain && i + 1 < to.n; i++)
        plain = pl_ascii_is_alnum(to.p[i]) || memchr("@%!._+-=[]", to.p[i], 10) != NULL;
    return plain;
}

static void add_open(struct pl_buf *out, const struct probe_result *r,
                     const struct probe_plan *plan)
{
    const struct probe_try *first = NULL;
    char addr[PL_ADDR_TEXT];
    size_t n = 0;

    pl_buf_add(out, pl_str_lit("    Accepted:"));
    for (size_t i = 0; i < r->ntries; i++) {
        const struct probe_try *t = &r->tries[i];

        if (t->outcome != PROBE_ACCEPTED || t->kind == FORM_OURS)
            continue;
        if (first == NULL)
            first = t;
        if (n++ < OPEN_SHOWN)
            pl_buf_addf(out, " %s", t->id);
    }
    if (n > OPEN_SHOWN)
        pl_buf_addf(out, " and %zu more", n - OPEN_SHOWN);
    pl_buf_add_char(out, '\n');
    if (first != NULL && first->kind == FORM_ROUTED)
        pl_buf_add(out,
                   pl_str_lit("    Such a recipient names a route. Postfix takes it only after an "
                              "OK or permit, or\n"
                              "    with allow_untrusted_routing, and then follows the route.\n"));
    if (may_be_trusted(r, plan)) {
        pl_buf_addf(out,
                    "    The server sees %s, its own host, which most servers trust (mynetworks). "
                    "Whether others\n"
                    "    can relay is not shown.\n",
                    pl_addr_format(addr, &r->client));
        add_as_outsider(out, r);
        return;
    }
    pl_buf_addf(out, "    Next: postlatch explain client_address=%s 'recipient=",
                pl_addr_format(addr, &r->client));
    if (first != NULL && is_plain(first->to))
        pl_buf_add(out, (struct pl_str){first->to.p + 1, first->to.n - 2});
    else
        pl_buf_addf(out, "%s@%s", plan->words.victim, plan->words.foreign);
    pl_buf_add(out, pl_str_lit("'\n"
                               "    If that refuses, some permit or OK stands before "
                               "reject_unauth_destination in\n"
                               "    postconf -n smtpd_relay_restrictions "
                               "smtpd_recipient_restrictions mynetworks\n"));
}

static void add_verdict(struct pl_buf *out, const struct probe_result *r,
                        const struct probe_plan *plan)
{
    size_t open = probe_count(r, false, PROBE_ACCEPTED);
    size_t refused = probe_count(r, false, PROBE_REFUSED);
    size_t left = probe_count(r, false, PROBE_NOT_KNOWN);

    size_t unclear = probe_count(r, false, PROBE_TROUBLE);

    pl_buf_addf(
        out,
        "\n%s: %s%s: of %zu forms that lead elsewhere, %zu accepted, %zu refused, %zu unclear, "
        "%zu not tried\n",
        r->target->text, verdicts[r->verdict],
        r->verdict == PROBE_OPEN && may_be_trusted(r, plan) ? ", to its own host" : "",
        open + refused + unclear + left, open, refused, unclear, left);
    if (r->verdict == PROBE_UNKNOWN) {
        pl_buf_add(out, pl_str_lit("    Nothing is shown: "));
        show(out, pl_str_of(r->why), sizeof(r->why));
        pl_buf_add(out, pl_str_lit(".\n"));
    }
    if (r->verdict == PROBE_OPEN)
        add_open(out, r, plan);
    else if (r->trusted != NULL && open > 0)
        add_as_outsider(out, r);
    else if (r->verdict == PROBE_UNKNOWN && r->asked && plan->control == NULL)
        pl_buf_add(out, pl_str_lit("    Name a recipient that the server takes: --ours ADDRESS\n"));
    if (r->verdict == PROBE_CLOSED)
        pl_buf_add(out,
                   pl_str_lit("    Next: the other ports that smtpd listens at; and again after "
                              "each change of Postfix or policy.\n"));
    if (plan->ndomains == 0 && left > 0)
        pl_buf_add(out, pl_str_lit("    Forms that go by way of a domain of the server's were not "
                                   "tried: --ours ADDRESS names one.\n"));
}

void probe_tell(const struct probe_result *r, const struct probe_plan *plan)
{
    char addr[PL_ADDR_TEXT];
    struct pl_buf out = {0};

    if (r->nobody) {
        pl_buf_addf(&out, "%s: nobody listens there\n", r->target->text);
    } else if (!r->asked) {
        pl_buf_addf(&out, "%s: unknown: no session: ", r->target->text);
        show(&out, pl_str_of(r->why), sizeof(r->why));
        pl_buf_add_char(&out, '\n');
    } else {
        pl_buf_addf(&out, "%s, %s; it sees a client at %s%s\n", r->target->text,
                    r->host != NULL ? r->host : "a server without a name",
                    pl_addr_format(addr, &r->client), plan->as != NULL ? " (XCLIENT)" : "");
        if (r->control.id[0] != '\0')
            add_try(&out, &r->control);
        for (size_t i = 0; i < r->ntries; i++)
            add_try(&out, &r->tries[i]);
        add_verdict(&out, r, plan);
    }
    if (out.p != NULL)
        fputs(out.p, stdout);
    pl_buf_fini(&out);
}

static struct pl_json *json_try(const struct probe_try *t)
{
    static const char *const kinds[] = {"foreign", "routed", "ours"};
    struct pl_json *o = pl_json_object();

    pl_json_set(o, "id", pl_json_string(pl_str_of(t->id)));
    pl_json_set(o, "leads", pl_json_string(pl_str_of(kinds[t->kind])));
    pl_json_set(o, "from", pl_json_string(t->from));
    pl_json_set(o, "to", pl_json_string(t->to));
    pl_json_set(o, "outcome", pl_json_string(pl_str_of(outcomes[t->outcome])));
    pl_json_set(o, "code", t->code == 0 ? pl_json_null() : pl_json_number(t->code));
    pl_json_set(o, t->code == 0 ? "why" : "reply", pl_json_string(t->text));
    if (t->note != NULL)
        pl_json_set(o, "note", pl_json_string(pl_str_of(t->note)));
    return o;
}

static struct pl_json *json_result(const struct probe_result *r)
{
    struct pl_json *o = pl_json_object(), *forms = pl_json_array();
    char addr[PL_ADDR_TEXT];

    for (size_t i = 0; i < r->ntries; i++)
        pl_json_append(forms, json_try(&r->tries[i]));
    pl_json_set(o, "address", pl_json_string(pl_str_of(r->target->text)));
    pl_json_set(o, "listens", pl_json_bool(!r->nobody));
    pl_json_set(o, "client",
                r->asked ? pl_json_string(pl_str_of(pl_addr_format(addr, &r->client)))
                         : pl_json_null());
    pl_json_set(o, "host", r->host != NULL ? pl_json_string(pl_str_of(r->host)) : pl_json_null());
    pl_json_set(o, "verdict",
                r->nobody ? pl_json_null() : pl_json_string(pl_str_of(verdicts[r->verdict])));
    pl_json_set(o, "why", r->why[0] != '\0' ? pl_json_string(pl_str_of(r->why)) : pl_json_null());
    pl_json_set(o, "control", r->control.id[0] != '\0' ? json_try(&r->control) : pl_json_null());
    pl_json_set(o, "forms", forms);
    return o;
}

void probe_tell_json(const struct probe_result *results, size_t count, enum probe_verdict verdict,
                     const struct probe_plan *plan)
{
    struct pl_json *o = pl_json_object(), *each = pl_json_array();

    for (size_t i = 0; i < count; i++)
        pl_json_append(each, json_result(&results[i]));
    pl_json_set(o, "verdict", pl_json_string(pl_str_of(verdicts[verdict])));
    pl_json_set(o, "sender", pl_json_string(pl_str_of(plan->sender)));
    pl_json_set(o, "as_outsider", pl_json_bool(plan->as != NULL));
    pl_json_set(o, "addresses", each);
    pl_json_print(o, stdout);
    pl_json_free(o);
}
