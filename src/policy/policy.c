/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy as a whole: building it up, freeing it, turning its decisions into answers. */
#include "postlatch/policy.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum pl_attr attr;
    enum pl_table_kind kind;
} boundaries[PL_BOUNDARY_COUNT] = {
#define X(id, name, attr, kind) {(name), (attr), (kind)},
    PL_BOUNDARY_TABLE(X)
#undef X
};

const char *pl_boundary_name(enum pl_boundary b)
{
    pl_assert(b < PL_BOUNDARY_COUNT);
    return boundaries[b].name;
}

enum pl_attr pl_boundary_attr(enum pl_boundary b)
{
    pl_assert(b < PL_BOUNDARY_COUNT);
    return boundaries[b].attr;
}

enum pl_table_kind pl_boundary_kind(enum pl_boundary b)
{
    pl_assert(b < PL_BOUNDARY_COUNT);
    return boundaries[b].kind;
}

/* The set {RCPT}, for rules that name no protocol_state. */
static const struct pl_set *rcpt_set(struct pl_policy *p)
{
    struct pl_table *t =
        pl_policy_new_table(p, (struct pl_str){NULL, 0}, PL_TABLE_WORDS, PL_NOWHERE);
    struct pl_set *set = pl_arena_alloc(p->arena, sizeof(*set));
    struct pl_member *member = pl_arena_alloc(p->arena, sizeof(*member));
    struct pl_diag *d = pl_diag_new();
    bool ok = t != NULL && set != NULL && member != NULL && d != NULL &&
              pl_table_add(t, p->arena, pl_str_lit("RCPT"), PL_NOWHERE, &p->users, "", d);

    pl_diag_free(d);
    if (!ok)
        return NULL;
    pl_table_freeze(t);
    *member = (struct pl_member){t, NULL};
    *set = (struct pl_set){.at = PL_NOWHERE, .in_count = 1, .in = member};
    return set;
}

struct pl_policy *pl_policy_new(void)
{
    struct pl_policy *p = calloc(1, sizeof(*p));
    char why[PL_ACTION_WHY];

    if (p == NULL)
        return NULL;
    p->arena = pl_arena_new();
    if (p->arena == NULL)
        goto fail;
    p->bare_is_ours = true;
    p->users.fold = true;
    p->relay_action = pl_action_parse(p->arena, pl_str_lit("OK"), why);
    p->reject_action = pl_action_parse(p->arena, pl_str_lit("REJECT Relay access denied"), why);
    for (unsigned b = 0; b < PL_BOUNDARY_COUNT; b++) {
        p->boundary[b].name = pl_str_of(pl_boundary_name((enum pl_boundary)b));
        p->boundary[b].at = PL_NOWHERE;
    }
    p->at_rcpt = rcpt_set(p);
    if (p->relay_action == NULL || p->reject_action == NULL || p->at_rcpt == NULL)
        goto fail;
    return p;
fail:
    pl_policy_free(p);
    return NULL;
}

void pl_policy_free(struct pl_policy *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->ntables; i++)
        pl_table_fini(p->tables[i]);
    for (size_t i = 0; i < p->ninline; i++)
        pl_table_fini(p->inlines[i]);
    free(p->tables);
    free(p->inlines);
    for (size_t i = 0; i < p->nwaivers; i++)
        pl_ranges_fini(&p->waivers[i].surface);
    free(p->waivers);
    free(p->rules);
    pl_sources_fini(&p->sources);
    pl_compiled_free(p->compiled);
    pl_arena_free(p->arena);
    free(p);
}

struct pl_table *pl_policy_new_table(struct pl_policy *p, struct pl_str name,
                                     enum pl_table_kind kind, struct pl_pos at)
{
    bool named = name.n > 0;
    struct pl_table ***tables = named ? &p->tables : &p->inlines;
    size_t *count = named ? &p->ntables : &p->ninline;
    size_t *cap = named ? &p->tables_cap : &p->inlines_cap;
    struct pl_table **grown = pl_grow(*tables, cap, *count, sizeof(**tables));
    struct pl_table *t;

    if (grown == NULL)
        return NULL;
    *tables = grown;
    t = pl_table_new(p->arena, name, kind, at);
    if (t == NULL)
        return NULL;
    t->number = p->sources.ntables++;
    t->sources = &p->sources;
    t->lean = p->lean;
    grown[(*count)++] = t;
    return t;
}

bool pl_policy_compile(struct pl_policy *p, bool *too_many)
{
    pl_assert(p->compiled == NULL && p->nrules > 0);
    p->compiled = pl_compile(p, &p->sources, too_many);
    return p->compiled != NULL;
}

bool pl_policy_add_rule(struct pl_policy *p, const struct pl_rule *rule)
{
    struct pl_rule *rules = pl_grow(p->rules, &p->rules_cap, p->nrules, sizeof(*rules));

    if (rules == NULL)
        return false;
    p->rules = rules;
    p->rules[p->nrules++] = *rule;
    return true;
}

const struct pl_table *pl_policy_find_table(const struct pl_policy *p, struct pl_str name)
{
    for (size_t i = 0; i < p->ntables; i++) {
        if (pl_str_eq(p->tables[i]->name, name))
            return p->tables[i];
    }
    return NULL;
}

size_t pl_policy_entries(const struct pl_policy *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->ntables; i++)
        n += p->tables[i]->count;
    for (size_t i = 0; i < p->ninline; i++)
        n += p->inlines[i]->at.file == PL_NO_FILE ? 0 : p->inlines[i]->count;
    return n;
}

bool pl_policy_lets_pass(const struct pl_policy *p, const struct pl_action *action, bool elsewhere)
{
    if (action->effect == PL_EFFECT_LEAVE)
        return p->after_dunno == PL_AFTER_PERMIT || elsewhere;
    return action->effect != PL_EFFECT_REFUSE;
}

struct pl_str pl_policy_sent_word(const struct pl_policy *p, const struct pl_decision *decision)
{
    if (p->mode == PL_MODE_ENFORCE)
        return decision->action->word;
    return decision->action->effect == PL_EFFECT_REFUSE ? pl_str_lit("WARN") : pl_str_lit("DUNNO");
}

/* "step 6" of the life of a request in docs/HACKING.md. */
size_t pl_policy_answer(char out[PL_ACTION_ROOM], const struct pl_policy *p,
                        const struct pl_query *q, const struct pl_decision *decision)
{
    static const char would[] = "WARN would be refused: ";
    const size_t head = sizeof(would) - 1;
    char refused[PL_ACTION_ROOM];
    size_t n;

    if (p->mode == PL_MODE_ENFORCE)
        return pl_action_format(out, decision->action, q);
    if (decision->action->effect != PL_EFFECT_REFUSE) {
        memcpy(out, "DUNNO", 6);
        return 5;
    }
    n = pl_action_format(refused, decision->action, q);
    if (n > PL_ACTION_MAX - head)
        n = PL_ACTION_MAX - head;
    memcpy(out, would, head);
    memcpy(out + head, refused, n);
    out[head + n] = '\0';
    return head + n;
}
