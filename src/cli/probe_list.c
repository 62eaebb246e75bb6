/* SPDX-License-Identifier: BSD-2-Clause */
/* What is tried on a server: each form, filled in with each of its domains, nothing twice. */
#include "probe.h"

#include <stdio.h>
#include <string.h>

struct list {
    struct probe_result *r;
    const struct probe_plan *plan;
    struct form_words words;
    bool failed;
};

static bool is_there(const struct probe_result *r, const struct probe_try *t)
{
    for (size_t i = 0; i < r->ntries; i++) {
        const struct probe_try *other = &r->tries[i];

        if (pl_str_eq(other->to, t->to) && pl_str_eq(other->from, t->from) &&
            other->utf8 == t->utf8 && other->outcome == t->outcome)
            return true;
    }
    return false;
}

/* One form of a recipient, with one of a sender or NULL: the administrator's. */
static void add(struct list *l, const struct probe_form *form, const struct probe_sender *sender)
{
    struct probe_try t = {.kind = form->kind,
                          .utf8 = form->utf8,
                          .own_sender = sender != NULL,
                          .note = sender != NULL ? sender->note : form->note,
                          .outcome = PROBE_TROUBLE};
    struct pl_buf to = {0}, from = {0};
    const char *missing = form_fill_in(&to, form->typed, &l->words);

    if (sender == NULL)
        pl_buf_addf(&from, "<%s>", l->plan->sender);
    else if (missing == NULL)
        missing = form_fill_in(&from, sender->typed, &l->words);
    if (missing != NULL) {
        t.outcome = PROBE_NOT_KNOWN;
        pl_buf_reset(&to);
        pl_buf_reset(&from);
        pl_buf_addf(&to, "%s", form->typed);
        pl_buf_addf(&from, "%s", sender != NULL ? sender->typed : "");
        t.text = pl_str_of(missing);
    }
    snprintf(t.id, sizeof(t.id), "%s%s%s", form->id, sender != NULL ? "/" : "",
             sender != NULL ? sender->id : "");
    t.to = pl_arena_copy(l->r->arena, pl_buf_str(&to));
    t.from = pl_arena_copy(l->r->arena, pl_buf_str(&from));
    l->failed |= to.failed || from.failed || t.to.p == NULL || t.from.p == NULL;
    if (!l->failed && !is_there(l->r, &t))
        l->r->tries[l->r->ntries++] = t;
    pl_buf_fini(&to);
    pl_buf_fini(&from);
}

static const struct probe_form *find_form(const char *id)
{
    size_t i = 0;

    while (strcmp(probe_forms[i].id, id) != 0)
        i++;
    return &probe_forms[i];
}

bool probe_list(struct probe_result *r, const struct probe_plan *plan)
{
    struct list l = {.r = r, .plan = plan, .words = plan->words};
    size_t ndomains = plan->ndomains > 0 ? plan->ndomains : 1;
    const struct pl_addr *ip = &r->target->ip;
    char text[PL_ADDR_TEXT];

    pl_addr_format(text, ip);
    /* Its loopback addresses are a server's own, too. */
    l.words.ip = ip->family == 4 ? text : "127.0.0.1";
    l.words.ip6 = ip->family == 6 ? text : "::1";
    if (l.words.host == NULL)
        l.words.host = r->host;
    r->tries = pl_arena_array(
        r->arena, PROBE_FORMS * ndomains + (size_t)PROBE_SENDER_FORMS * PROBE_SENDERS * ndomains,
        sizeof(*r->tries));
    if (r->tries == NULL)
        return false;
    for (size_t i = 0; i < PROBE_FORMS; i++) {
        for (size_t d = 0; d < ndomains; d++) {
            l.words.domain = plan->domains[d];
            add(&l, &probe_forms[i], NULL);
        }
    }
    l.words.domain = plan->domains[0];
    for (size_t i = 0; i < PROBE_SENDER_FORMS; i++) {
        for (size_t s = 0; s < PROBE_SENDERS; s++)
            add(&l, find_form(probe_sender_forms[i]), &probe_senders[s]);
    }
    return !l.failed;
}

size_t probe_count(const struct probe_result *r, bool ours, enum probe_outcome outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < r->ntries; i++)
        n += r->tries[i].outcome == outcome && (r->tries[i].kind == FORM_OURS) == ours;
    return n;
}
