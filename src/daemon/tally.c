/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock is for the main thread, which reads, and the thread of a reload, which begins and ends sets; a
 * worker never takes it.
 */
#include "tally.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

/* The numbers of two workers never share a line of the processor's cache. */
enum { LINE = 64, LINE_SLOTS = LINE / sizeof(atomic_ulong) };

struct tally_set {
    struct tally *tally;
    struct tally_set *next;
    size_t nrules;
    struct tally_series **series; /* of each rule; NULL: it answers nothing */
    size_t stride;                /* from one worker's numbers to the next's */
    void *memory;                 /* of slots */
    atomic_ulong *slots;
};

/* ---- at which states a rule holds ---- */

/* Postfix's states, SMTPD_POLICY_README; the last one stands for all others. */
static const char *const states[] = {"RCPT", "CONNECT", "EHLO", "HELO",           "MAIL",
                                     "DATA", "VRFY",    "ETRN", "END-OF-MESSAGE", "no-such-state"};
enum { STATES = sizeof(states) / sizeof(states[0]) };

static const char *stage_of(const struct pl_policy *p, size_t rule, unsigned holds)
{
    if (rule > p->nwritten + PL_BUILTIN_STATE) /* which takes all other states */
        return states[0];
    if ((holds & 1) != 0)
        return holds == 1 ? states[0] : "any";
    for (unsigned i = 1; i < STATES - 1; i++) {
        if (holds == 1U << i)
            return states[i];
    }
    return "other";
}

/* The states at which each rule of p holds, as bits; NULL when memory is short. */
static unsigned *find_states(const struct pl_policy *p)
{
    const struct pl_compiled *c = p->compiled;
    unsigned *holds = calloc(p->nrules + 1, sizeof(*holds));
    uint64_t *bits = calloc(p->nrules / 64 + 1, sizeof(*bits));
    size_t dim = 0;

    if (holds == NULL || bits == NULL) {
        free(holds);
        free(bits);
        return NULL;
    }
    while (dim < c->ndims && c->dims[dim].attr != PL_ATTR_PROTOCOL_STATE)
        dim++;
    pl_assert(dim < c->ndims); /* builtin:state asks */
    for (unsigned i = 0; i < STATES; i++) {
        struct pl_query q = {0};

        q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_of(states[i]);
        pl_query_read(&q);
        pl_policy_row(p, &q, dim, bits);
        for (size_t r = 0; r < p->nrules; r++)
            holds[r] |= (unsigned)(bits[r / 64] >> r % 64 & 1) << i;
    }
    free(bits);
    return holds;
}

/* ---- series ---- */

static int compare(const struct tally_series *a, const struct tally_series *b)
{
    int order = pl_str_cmp(a->rule, b->rule);

    if (order == 0)
        order = pl_str_cmp(a->action, b->action);
    return order != 0 ? order : strcmp(a->stage, b->stage);
}

/* Where a series is, or belongs; *found: it is there. */
static size_t find(const struct tally *t, const struct tally_series *wanted, bool *found)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(t->series[middle], wanted);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

static void series_free(struct tally_series *s)
{
    free((char *)s->rule.p);
    free(s);
}

/* The series that is like wanted, made if it is not there; NULL when memory is short. */
static struct tally_series *take(struct tally *t, const struct tally_series *wanted)
{
    bool found;
    size_t at = find(t, wanted, &found);
    struct tally_series **grown, *s;
    char *text;

    if (found)
        return t->series[at];
    grown = pl_grow(t->series, &t->cap, t->count, sizeof(struct tally_series *));
    if (grown == NULL)
        return NULL;
    t->series = grown;
    s = malloc(sizeof(*s));
    text = malloc(wanted->rule.n + wanted->action.n + 1);
    if (s == NULL || text == NULL) {
        free(s);
        free(text);
        return NULL;
    }
    *s = *wanted;
    s->rule.p = memcpy(text, wanted->rule.p, wanted->rule.n);
    s->action.p = memcpy(text + wanted->rule.n, wanted->action.p, wanted->action.n);
    memmove(&t->series[at + 1], &t->series[at], (t->count - at) * sizeof(struct tally_series *));
    t->series[at] = s;
    t->count++;
    return s;
}

/* The series in which another is counted when it has none of its own. There are few such words. */
static struct tally_series other_of(const struct tally_series *s)
{
    struct pl_str action = s->action;

    if (action.n == 3 && pl_ascii_is_digit(action.p[0]))
        action = action.p[0] == '4' ? pl_str_lit("4NN") : pl_str_lit("5NN");
    else if (s->effect == PL_EFFECT_UNKNOWN)
        action = pl_str_lit("class:" TALLY_OTHER);
    return (struct tally_series){
        .rule = pl_str_lit(TALLY_OTHER), .action = action, .stage = "any", .effect = s->effect};
}

/*
 * Series of rules that no policy has any more give up their place: what they counted is counted with the
 * others. False when memory is short.
 */
static bool forget_past(struct tally *t)
{
    for (size_t i = 0; i < t->count;) {
        struct tally_series *s = t->series[i], other = other_of(s), *to;
        bool found;

        if (s->rules > 0 || pl_str_eq(s->rule, other.rule)) {
            i++;
            continue;
        }
        to = take(t, &other);
        if (to == NULL)
            return false;
        to->past += s->past;
        i = find(t, s, &found); /* it may have moved for the other */
        pl_assert(found);
        t->count--;
        memmove(&t->series[i], &t->series[i + 1], (t->count - i) * sizeof(struct tally_series *));
        series_free(s);
    }
    return true;
}

/*
 * The series of a rule; NULL when memory is short. *forgotten: room was made for this policy, and there is
 * no more.
 */
static struct tally_series *series_of(struct tally *t, const struct pl_rule *rule,
                                      const char *stage, bool *forgotten)
{
    struct tally_series wanted = {.rule = rule->name,
                                  .action = rule->action->word,
                                  .stage = stage,
                                  .effect = rule->action->effect};
    struct tally_series *s;
    bool found;

    find(t, &wanted, &found);
    if (!found && t->count >= TALLY_SERIES_MAX && !*forgotten) {
        *forgotten = true;
        if (!forget_past(t))
            return NULL;
    }
    if (!found && t->count >= TALLY_SERIES_MAX)
        wanted = other_of(&wanted);
    s = take(t, &wanted);
    if (s != NULL)
        s->rules++;
    return s;
}

/* ---- sets ---- */

static struct tally_set *set_new(struct tally *t, size_t nrules)
{
    struct tally_set *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    set->tally = t;
    set->nrules = nrules;
    set->stride = (nrules + LINE_SLOTS - 1) / LINE_SLOTS * LINE_SLOTS;
    set->series = calloc(nrules, sizeof(struct tally_series *));
    /* What nobody has written to takes no memory, where the numbers are many. */
    set->memory = calloc(t->workers * set->stride + LINE_SLOTS, sizeof(*set->slots));
    if (set->memory != NULL)
        set->slots = (void *)(((uintptr_t)set->memory + LINE - 1) / LINE * LINE);
    return set;
}

static void set_free(struct tally_set *set)
{
    if (set == NULL)
        return;
    free(set->series);
    free(set->memory);
    free(set);
}

/* Built-in rules first: they always have their series. False when memory is short. */
static bool find_series(struct tally *t, struct tally_set *set, const struct pl_policy *p,
                        const struct pl_rule *const *more)
{
    unsigned *holds = find_states(p);
    bool ok = holds != NULL, forgotten = false;

    for (size_t i = 0; i < set->nrules && ok; i++) {
        size_t r = (i + p->nwritten) % set->nrules;
        bool listed = r < p->nrules;
        const struct pl_rule *rule = listed ? &p->rules[r] : more[r - p->nrules];

        if (rule == NULL)
            continue;
        set->series[r] =
            series_of(t, rule, listed ? stage_of(p, r, holds[r]) : states[0], &forgotten);
        ok = set->series[r] != NULL;
    }
    free(holds);
    return ok;
}

/* What was counted for a rule, by all workers. */
static unsigned long sum(const struct tally_set *set, size_t rule)
{
    unsigned long n = 0;

    for (size_t i = 0; i < set->tally->workers; i++)
        n += counter_get(&set->slots[i * set->stride + rule]);
    return n;
}

/* The numbers become those of the past. */
static void leave_series(struct tally_set *set)
{
    for (size_t r = 0; r < set->nrules; r++) {
        if (set->series[r] == NULL)
            continue;
        set->series[r]->past += sum(set, r);
        set->series[r]->rules--;
    }
}

struct tally_set *tally_begin(struct tally *t, const struct pl_policy *p,
                              const struct pl_rule *const *more, size_t n)
{
    struct tally_set *set = set_new(t, p->nrules + n);
    bool ok = set != NULL && set->series != NULL && set->slots != NULL;

    if (ok) {
        pthread_mutex_lock(&t->lock);
        ok = find_series(t, set, p, more);
        if (ok) {
            set->next = t->sets;
            t->sets = set;
        } else {
            leave_series(set);
        }
        pthread_mutex_unlock(&t->lock);
    }
    if (ok)
        return set;
    set_free(set);
    return NULL;
}

void tally_end(struct tally_set *set)
{
    struct tally_set **link;
    struct tally *t;

    if (set == NULL)
        return;
    t = set->tally;
    pthread_mutex_lock(&t->lock);
    leave_series(set);
    for (link = &t->sets; *link != set; link = &(*link)->next)
        pl_assert(*link != NULL);
    *link = set->next;
    pthread_mutex_unlock(&t->lock);
    set_free(set);
}

atomic_ulong *tally_slots(const struct tally_set *set, size_t worker)
{
    pl_assert(worker < set->tally->workers);
    return &set->slots[worker * set->stride];
}

/* ---- reading ---- */

static void add_up(struct tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->series[i]->count = t->series[i]->past;
    for (const struct tally_set *set = t->sets; set != NULL; set = set->next) {
        for (size_t r = 0; r < set->nrules; r++) {
            if (set->series[r] != NULL)
                set->series[r]->count += sum(set, r);
        }
    }
}

void tally_each(struct tally *t, void (*each)(const struct tally_series *s, void *arg), void *arg)
{
    pthread_mutex_lock(&t->lock);
    add_up(t);
    for (size_t i = 0; i < t->count; i++)
        each(t->series[i], arg);
    pthread_mutex_unlock(&t->lock);
}

static void add_effect(const struct tally_series *s, void *arg)
{
    unsigned long *by_effect = arg;

    by_effect[s->effect] += s->count;
}

void tally_effects(struct tally *t, unsigned long by_effect[PL_EFFECT_UNKNOWN + 1])
{
    memset(by_effect, 0, (PL_EFFECT_UNKNOWN + 1) * sizeof(*by_effect));
    tally_each(t, add_effect, by_effect);
}

void tally_init(struct tally *t, size_t workers)
{
    *t = (struct tally){.workers = workers};
    pthread_mutex_init(&t->lock, NULL);
}

void tally_fini(struct tally *t)
{
    pl_assert(t->sets == NULL);
    for (size_t i = 0; i < t->count; i++)
        series_free(t->series[i]);
    free(t->series);
    pthread_mutex_destroy(&t->lock);
}
