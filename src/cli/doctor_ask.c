/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the daemon as Postfix puts them, and what the configuration says to the same. */
#include "doctor.h"

#include "ask.h"

#include "postlatch/quote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 5 };

#define OUTSIDER "203.0.113.9"

/* One question at one socket. */
static void ask_one(struct pl_doctor *d, const struct pl_endpoint *where, const char *address,
                    struct pl_str recipient, struct pl_str context)
{
    const struct pl_policy *p = d->config->policy;
    struct pl_query q = {0};
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_buf request = {0}, answer = {0};
    char expected[PL_ACTION_ROOM];
    const char *why = "";
    struct pl_quote a, b, r;

    q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    q.attr[PL_ATTR_PROTOCOL_NAME] = pl_str_lit("ESMTP");
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_of(address);
    q.attr[PL_ATTR_CLIENT_NAME] = pl_str_lit("unknown");
    q.attr[PL_ATTR_REVERSE_CLIENT_NAME] = pl_str_lit("unknown");
    q.attr[PL_ATTR_HELO_NAME] = pl_str_lit("doctor.postlatch.invalid");
    q.attr[PL_ATTR_SENDER] = pl_str_lit("doctor@postlatch.invalid");
    q.attr[PL_ATTR_RECIPIENT] = recipient;
    q.attr[PL_ATTR_POLICY_CONTEXT] = context;
    if (write_request(&request, &q) &&
        ask(where, pl_buf_str(&request), "\n\n", SECONDS, &answer, &why) && answer.n > 9) {
        struct pl_str said = {answer.p + 7, answer.n - 9};

        pl_query_read(&q);
        pl_policy_decide(p, &q, &cursor, &decision);
        pl_policy_answer(expected, p, &q, &decision);
        if (pl_str_has_prefix(pl_buf_str(&answer), pl_str_lit("action=")) &&
            pl_str_eq(said, pl_str_of(expected)))
            pl_doctor_say(d, PL_FINDING_OK, "", "", "", "", NULL,
                          "%s answers %s to a stranger's mail for %s, as the configuration says",
                          where->text, pl_quote(&a, said), pl_quote(&r, recipient));
        else
            pl_doctor_say(
                d, PL_FINDING_FAULT, "answer-differs", "", "a shell", "postlatch reload",
                "The daemon runs with another policy than the file has, or it is another "
                "server.",
                "%s answers %s to a stranger's mail for %s, and the configuration says %s",
                where->text, pl_quote(&a, said), pl_quote(&r, recipient),
                pl_quote(&b, pl_str_of(expected)));
    } else if (geteuid() != 0 && strcmp(why, strerror(EACCES)) == 0) {
        pl_doctor_say(d, PL_FINDING_UNCHECKED, "not-asked-by-us", "", "", "", NULL,
                      "what %s answers: you may not ask it; root may", where->text);
    } else {
        pl_doctor_say(d, PL_FINDING_FAULT, "no-answer", "", "a shell", "systemctl start postlatch",
                      "Postfix gets none either, and acts by default_action.",
                      "no answer from %s: %s", where->text, why);
    }
    pl_buf_fini(&request);
    pl_buf_fini(&answer);
}

/* The first domain of ours that a mail can be for. */
static bool a_domain(const struct pl_policy *p, struct pl_buf *out)
{
    const struct pl_set *set = &p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS];

    for (size_t i = 0; i < set->in_count; i++) {
        const struct pl_table *t = set->in[i].table;

        if (t == NULL || t->names.count == 0)
            continue;
        pl_buf_addf(out, "postmaster@%s%.*s", t->names.entries[0].key.p[0] == '.' ? "mail" : "",
                    (int)t->names.entries[0].key.n, t->names.entries[0].key.p);
        return true;
    }
    return false;
}

void doctor_ask(struct pl_doctor *d, size_t n)
{
    struct pl_buf ours = {0};
    bool have = a_domain(d->config->policy, &ours);

    for (size_t i = 0; i < n; i++) {
        struct pl_str context = {NULL, 0};

        for (size_t k = 0; k < d->nplaces; k++) {
            if (strcmp(d->places[k].where.text, d->ours[i].text) == 0)
                context = d->places[k].service.option[PL_SERVICE_CONTEXT];
        }
        ask_one(d, &d->ours[i], OUTSIDER, pl_str_lit("user@elsewhere.invalid"), context);
        if (have)
            ask_one(d, &d->ours[i], OUTSIDER, pl_buf_str(&ours), context);
    }
    pl_buf_fini(&ours);
}
