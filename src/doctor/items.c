/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of one listener: restrictions in the order in which smtpd tries them. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

static const char *const list_names[] = {
#define PL_X(name, text) [PL_LIST_##name] = text,
    PL_SMTPD_LIST_TABLE(PL_X)
#undef PL_X
};

const char *pl_smtpd_list_name(enum pl_smtpd_list list)
{
    return list_names[list];
}

/* A class that main.cf declares: its restrictions, else NULL. */
static const struct pl_postconf_param *find_class(const struct look *k, struct pl_str word)
{
    struct pl_str rest = pl_postconf_value(&k->l->pc, "smtpd_restriction_classes"), name;
    char text[256];

    while (pl_postfix_word(&rest, &name)) {
        if (!pl_str_eq(name, word) || name.n >= sizeof(text))
            continue;
        memcpy(text, name.p, name.n);
        text[name.n] = '\0';
        return pl_postconf_find(&k->l->pc, text);
    }
    return NULL;
}

static void mark_unknown(struct look *k, struct item *item)
{
    struct pl_quote q;

    if (item->r.effect == PL_RESTRICT_UNKNOWN)
        mark(
            k, item, "unknown-restriction",
            "It is neither a restriction of Postfix 3.7 nor a class of smtpd_restriction_classes. "
            "If "
            "Postfix does not know it either, it answers 451 there; if it does, what it permits is "
            "not known here.",
            "%s is not known", pl_quote(&q, item->r.word));
    else if (item->r.effect == PL_RESTRICT_DEAD)
        mark(k, item, "dead-restriction",
             "Postfix has dropped it; reject_unauth_destination is what takes its place.",
             "%s is no longer a restriction", pl_quote(&q, item->r.word));
    else if (item->r.wants_arg && item->r.arg.n == 0)
        mark(k, item, "missing-argument",
             "smtpd ends with an error, or answers 451 to everybody, when it comes there.",
             "nothing follows %s", pl_quote(&q, item->r.word));
}

/* Ours, or meant to be: misspelt so that smtpd ends, or with a path that leads elsewhere in a chroot. */
static bool is_meant(const struct look *k, const struct pl_restriction *r)
{
    struct pl_policy_service s;
    struct pl_endpoint where;
    struct pl_str part;
    const char *why;

    if (r->effect != PL_RESTRICT_POLICY || r->arg.n == 0)
        return false;
    return !pl_policy_service_read(&s, r->arg, &part, &why) ||
           pl_str_find(s.endpoint, ':') == s.endpoint.n || is_ours(k, &s, &where) ||
           is_near_miss(k, &s);
}

static void add_item(struct look *k, struct items *items, const struct item *item)
{
    if (items->count < MOST_ITEMS) {
        items->item[items->count++] = *item;
        return;
    }
    pl_doctor_say(k->d, PL_FINDING_FAULT, "list-too-long", k->at, "", "",
                  "What stands behind was not looked at.", "%s has more than %d restrictions",
                  list_names[items->list], MOST_ITEMS);
}

static void take_apart(struct look *k, struct items *items, struct pl_str text, struct pl_str class,
                       size_t top, unsigned depth)
{
    struct item item = {.class = class, .top = top};

    while (pl_restriction_next(&text, &item.r)) {
        const struct pl_postconf_param *found =
            item.r.effect == PL_RESTRICT_UNKNOWN ? find_class(k, item.r.word) : NULL;

        if (found != NULL && depth < MOST_DEPTH) {
            take_apart(k, items, found->value, found->name, item.top, depth + 1);
        } else {
            mark_unknown(k, &item);
            item.ours = is_meant(k, &item.r);
            add_item(k, items, &item);
        }
        item.top += depth == 0;
        item.ours = false;
        item.code = NULL;
    }
}

void look_at(struct look *k, struct pl_doctor *d, struct pl_doctor_listener *l)
{
    const struct pl_master_service *s = l->service;

    *k = (struct look){.d = d, .l = l};
    snprintf(k->at, sizeof(k->at), "%.*s/%.*s", (int)s->name.n, s->name.p, (int)s->type.n,
             s->type.p);
    k->chrooted = pl_master_is_chrooted(s, pl_postconf_value(&l->pc, "compatibility_level"));
    for (unsigned i = 0; i < PL_LIST_COUNT; i++) {
        struct items *items = &k->lists[i];

        items->list = (enum pl_smtpd_list)i;
        items->text = pl_postconf_value(&l->pc, list_names[i]);
        items->item = pl_arena_array(d->arena, MOST_ITEMS, sizeof(*items->item));
        if (items->item == NULL)
            d->no_memory = true;
        else
            take_apart(k, items, items->text, (struct pl_str){NULL, 0}, 0, 0);
    }
}

size_t first_of_ours(const struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->item[i].ours)
            return i;
    }
    return NONE;
}

size_t find_word(const struct items *items, size_t from, const char *word)
{
    for (size_t i = from; i < items->count; i++) {
        if (pl_str_eq_fold(items->item[i].r.word, pl_str_of(word)) && !items->item[i].r.warn_only)
            return i;
    }
    return NONE;
}

size_t find_end(const struct items *items, size_t from)
{
    for (size_t i = from; i < items->count; i++) {
        const struct pl_restriction *r = &items->item[i].r;

        if (r->effect == PL_RESTRICT_PERMIT_ALL ||
            (!r->warn_only &&
             (r->effect == PL_RESTRICT_CLOSE || r->effect == PL_RESTRICT_REJECT_ALL)))
            return i;
    }
    return NONE;
}

bool closes(const struct items *items, size_t end)
{
    return end != NONE && items->item[end].r.effect != PL_RESTRICT_PERMIT_ALL;
}

bool opens_at(const struct look *k, const struct items *items, size_t at)
{
    bool relay = items->list == PL_LIST_RELAY;
    const struct items *other = &k->lists[relay ? PL_LIST_RECIPIENT : PL_LIST_RELAY];

    if (!relay && items->list != PL_LIST_RECIPIENT)
        return false;
    return find_end(items, 0) > at && !closes(other, find_end(other, 0));
}
