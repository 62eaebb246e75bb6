/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting what a replay finds: a group for each pair of answers, a few examples of each. Memory
 * depends on the policies' rules, not on the log's length; a log that names more is still counted.
 */
#include "replay.h"

#include "postlatch/buf.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Of a rule's name and an action's word, which a log may hold in any length. */
enum { NAME_MAX_BYTES = 200 };

bool replay_counts_init(struct replay_counts *c)
{
    c->arena = pl_arena_new();
    return c->arena != NULL;
}

static void keep(void *p)
{
    (void)p; /* the arena's */
}

void replay_counts_fini(struct replay_counts *c)
{
    tdestroy(c->tree, keep);
    free(c->groups);
    pl_arena_free(c->arena);
    *c = (struct replay_counts){0};
}

static int by_address(const void *a, const void *b)
{
    return (a > b) - (a < b);
}

static int compare(const void *va, const void *vb)
{
    const struct replay_group *a = va, *b = vb;
    int order = pl_str_cmp(a->rule, b->rule);

    if (order == 0)
        order = pl_str_cmp(a->was, b->was);
    if (order == 0)
        order = (a->kind > b->kind) - (a->kind < b->kind);
    if (order == 0)
        order = (a->certain > b->certain) - (a->certain < b->certain);
    if (order == 0)
        order = by_address(a->sure, b->sure);
    return order != 0 ? order : by_address(a->maybe, b->maybe);
}

static struct pl_str cut(struct pl_str s)
{
    return s.n <= NAME_MAX_BYTES ? s : (struct pl_str){s.p, NAME_MAX_BYTES};
}

static struct replay_group *add_group(struct replay_counts *c, const struct replay_group *wanted)
{
    void *grown;
    struct replay_group *g;

    if (c->ngroups == REPLAY_GROUPS)
        return NULL;
    grown = pl_grow(c->groups, &c->cap, c->ngroups, sizeof(*c->groups));
    if (grown != NULL)
        c->groups = grown;
    g = pl_arena_array(c->arena, 1, sizeof(*g));
    if (grown == NULL || g == NULL) {
        c->failed = true;
        return NULL;
    }
    *g = *wanted;
    g->was = pl_arena_copy(c->arena, wanted->was);
    g->rule = pl_arena_copy(c->arena, wanted->rule);
    if (g->was.p == NULL || g->rule.p == NULL || tsearch(g, &c->tree, compare) == NULL) {
        c->failed = true;
        return NULL;
    }
    c->groups[c->ngroups++] = g;
    return g;
}

static void keep_example(struct replay_counts *c, struct replay_group *g,
                         const struct pl_logline *l)
{
    struct replay_example *e = &g->examples[g->nexamples];
    struct pl_buf text = {0};

    e->line = c->lines;
    for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
        e->attr[a] = (struct pl_str){NULL, 0};
        if (l->attr[a].n == 0 || a == PL_ATTR_INSTANCE || a == PL_ATTR_QUEUE_ID)
            continue;
        pl_buf_reset(&text);
        pl_buf_add(&text, l->attr[a]);
        if ((l->unknown >> a & 1) != 0)
            pl_buf_add(&text, pl_str_lit("..."));
        e->attr[a] = pl_arena_copy(c->arena, pl_buf_str(&text));
        c->failed = c->failed || text.failed || e->attr[a].p == NULL;
    }
    pl_buf_fini(&text);
    g->nexamples++;
}

static void count_group(struct replay_counts *c, struct replay_group *wanted,
                        const struct pl_logline *l)
{
    struct replay_group **found = tfind(wanted, &c->tree, compare), *g;

    g = found != NULL ? *found : add_group(c, wanted);
    if (g == NULL) {
        c->ungrouped++;
        return;
    }
    g->count++;
    g->asks |= wanted->asks;
    if (g->nexamples < REPLAY_EXAMPLES)
        keep_example(c, g, l);
}

void replay_count(struct replay_counts *c, struct replay_judge *j, const struct pl_logline *l)
{
    struct replay_answer a = replay_judge_ask(j, l);
    struct replay_group g = {.was = cut(l->action), .rule = cut(l->rule)};

    c->decisions++;
    c->observed += l->observed;
    if (a.certain && a.kind == PL_CHANGE_KINDS && a.maybe.rule == NULL &&
        pl_str_eq(a.sure.rule->name, l->rule)) {
        c->same++;
        return;
    }
    g.kind = a.kind;
    g.certain = a.certain;
    g.sure = a.sure.rule;
    g.sure_action = a.sure.action;
    g.maybe = a.maybe.rule;
    g.maybe_action = a.maybe.action;
    g.asks = a.asks;
    if (!a.certain)
        c->doubtful++;
    else if (a.kind == PL_CHANGE_KINDS)
        c->moved++;
    else
        c->differ++;
    count_group(c, &g, l);
}

void replay_count_broken(struct replay_counts *c, const char *why)
{
    if (c->broken < REPLAY_BROKEN) {
        c->named[c->broken].line = c->lines;
        strncpy(c->named[c->broken].why, why, PL_LOGLINE_WHY - 1);
    }
    c->broken++;
}

/* A refusal that becomes OK or the like. */
static bool was_refused(const struct replay_group *g)
{
    return pl_str_eq(g->was, pl_str_lit("REJECT")) || (g->was.n == 3 && g->was.p[0] == '5');
}

static int most_dangerous(const void *va, const void *vb)
{
    const struct replay_group *a = *(struct replay_group *const *)va,
                              *b = *(struct replay_group *const *)vb;

    if (a->certain != b->certain)
        return a->certain ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (was_refused(a) != was_refused(b))
        return was_refused(a) ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return compare(a, b);
}

void replay_counts_sort(struct replay_counts *c)
{
    if (c->ngroups > 0)
        qsort(c->groups, c->ngroups, sizeof(struct replay_group *), most_dangerous);
}

bool replay_is_same(const struct replay_counts *c)
{
    return c->differ + c->doubtful + c->broken == 0;
}
