/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running state behind one atomic pointer. Reading is free: a reader's own pointer. Replacing
 * costs one wake-up a reader, and the old state lives until the last of them was awake.
 */
#include "snapshot.h"

#include "postlatch/compiler.h"
#include "postlatch/reply.h"

#include <stdlib.h>
#include <string.h>

/* Behind the rules of the policy two more are numbered. */
static size_t number_of_expired(const struct pl_policy *p)
{
    return p->nrules;
}

static size_t number_of_lock(const struct pl_policy *p)
{
    return p->nrules + 1;
}

static bool make_reply(struct snapshot *s, const struct pl_rule *rule, size_t number)
{
    const struct pl_policy *p = s->config.policy;
    struct pl_decision d = {rule, rule->action};
    struct pl_query nothing = {0};
    char action[PL_ACTION_ROOM], reply[PL_REPLY_MAX];
    size_t n;

    if (!pl_action_is_plain(d.action))
        return true;
    n = pl_policy_answer(action, p, &nothing, &d);
    n = pl_reply_format(reply, (struct pl_str){action, n});
    s->replies[number] = pl_arena_copy(p->arena, (struct pl_str){reply, n});
    return s->replies[number].p != NULL;
}

/* Replies that are the same whatever is asked are made once. False when memory is short. */
static bool make_replies(struct snapshot *s)
{
    const struct pl_policy *p = s->config.policy;
    char why[PL_ACTION_WHY];

    s->lock = (struct pl_rule){
        .name = pl_str_lit("builtin:locked"),
        .builtin = true,
        .at = PL_NOWHERE,
        .action = pl_action_parse(
            p->arena, pl_str_lit("451 4.3.5 Server configuration error; try again later"), why)};
    s->replies = calloc(p->nrules + 2, sizeof(*s->replies));
    if (s->lock.action == NULL || s->replies == NULL)
        return false;
    for (size_t i = 0; i < p->nrules; i++) {
        if (!make_reply(s, &p->rules[i], i))
            return false;
    }
    return (p->expired == NULL || make_reply(s, p->expired, number_of_expired(p))) &&
           make_reply(s, &s->lock, number_of_lock(p));
}

struct snapshot *snapshot_load(const char *path, unsigned long generation, struct pl_diag *d)
{
    struct snapshot *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        pl_diag_no_memory(d);
        return NULL;
    }
    s->generation = generation;
    if (!pl_config_load_lean(&s->config, path, d)) {
        free(s);
        return NULL;
    }
    if (!verdict_prove(&s->verdict, s->config.policy, path) || !make_replies(s)) {
        pl_diag_no_memory(d);
        snapshot_free(s);
        return NULL;
    }
    return s;
}

bool snapshot_load_shadow(struct snapshot *s, struct pl_diag *d)
{
    if (*s->config.settings.shadow == '\0')
        return true;
    s->shadow = shadow_load(&s->config, d);
    return s->shadow != NULL;
}

void snapshot_set_today(const struct snapshot *s, int32_t today)
{
    pl_policy_set_today(s->config.policy, today);
    if (s->shadow != NULL)
        pl_policy_set_today(s->shadow->config.policy, today);
}

struct snapshot *snapshot_load_locked(const char *path)
{
    struct snapshot *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->generation = 1;
    s->locked = true;
    s->verdict.word = "invalid";
    s->verdict.surface.unknown = "the policy cannot be loaded";
    if (!pl_config_load_settings(&s->config, path)) {
        free(s);
        return NULL;
    }
    if (s->config.settings.on_bad_policy != PL_BAD_POLICY_LOCKED || !make_replies(s)) {
        snapshot_free(s);
        return NULL;
    }
    return s;
}

bool snapshot_decide(const struct snapshot *s, struct pl_query *q, struct pl_decision *d,
                     size_t *number)
{
    const struct pl_policy *p = s->config.policy;
    struct pl_cursor cursor = {s->locked ? p->nwritten : 0};

    if (pl_policy_decide(p, q, &cursor, d) != PL_STEP_DECIDED)
        return false;
    if (s->locked && cursor.rule > p->nwritten + PL_BUILTIN_ACCEPTED) {
        *d = (struct pl_decision){&s->lock, s->lock.action};
        *number = number_of_lock(p);
    } else {
        *number = d->rule == p->expired ? number_of_expired(p) : cursor.rule;
    }
    return true;
}

void snapshot_free(struct snapshot *s)
{
    if (s == NULL)
        return;
    tally_end(s->counts);
    pl_config_fini(&s->config);
    verdict_fini(&s->verdict);
    shadow_free(s->shadow);
    free(s->replies);
    free(s);
}

void snapshot_holder_init(struct snapshot_holder *h, struct snapshot *first)
{
    memset(h, 0, sizeof(*h));
    atomic_init(&h->current, first);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->changed, NULL);
    tally_init(&h->tally, 0);
}

/* From here on what is decided by s can be counted. */
static bool begin_counts(struct snapshot_holder *h, struct snapshot *s)
{
    const struct pl_policy *p = s->config.policy;
    const struct pl_rule *more[] = {p->expired, s->locked ? &s->lock : NULL};

    s->counts = tally_begin(&h->tally, p, more, sizeof(more) / sizeof(more[0]));
    return s->counts != NULL;
}

bool snapshot_holder_open(struct snapshot_holder *h, size_t workers)
{
    h->readers = workers + 1;
    h->tally.workers = workers;
    return begin_counts(h, atomic_load(&h->current));
}

void snapshot_holder_fini(struct snapshot_holder *h)
{
    snapshot_free(atomic_load(&h->current));
    snapshot_free(h->retired);
    tally_fini(&h->tally);
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->lock);
}

bool snapshot_replace(struct snapshot_holder *h, struct snapshot *next, void (*wake)(void *),
                      void *arg)
{
    struct snapshot *old;

    if (!begin_counts(h, next))
        return false;
    pthread_mutex_lock(&h->lock);
    if (h->closing) {
        pthread_mutex_unlock(&h->lock);
        return false;
    }
    pl_assert(h->waiting == 0);
    h->waiting = h->readers;
    old = atomic_exchange_explicit(&h->current, next, memory_order_acq_rel);
    wake(arg);
    while (h->waiting > 0 && !h->closing)
        pthread_cond_wait(&h->changed, &h->lock);
    if (h->waiting > 0) {
        h->retired = old; /* somebody may hold it still; freed when no thread is left */
        old = NULL;
    }
    pthread_mutex_unlock(&h->lock);
    snapshot_free(old);
    return true;
}

void snapshot_follow(struct snapshot_holder *h, const struct snapshot **mine)
{
    const struct snapshot *now = atomic_load_explicit(&h->current, memory_order_acquire);

    /* The old one is not freed before this acknowledgement, so its address cannot return as new. */
    if (now == *mine)
        return;
    *mine = now;
    pthread_mutex_lock(&h->lock);
    pl_assert(h->waiting > 0);
    if (--h->waiting == 0)
        pthread_cond_signal(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

void snapshot_close(struct snapshot_holder *h)
{
    pthread_mutex_lock(&h->lock);
    h->closing = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

bool settings_copy_init(struct settings_copy *copy, const struct pl_settings *from)
{
    const char **strings[] = {&copy->s.socket_owner, &copy->s.socket_group,
                              &copy->s.control,      &copy->s.user,
                              &copy->s.group,        &copy->s.log_tag,
                              &copy->s.log_socket,   &copy->s.log_journal_socket,
                              &copy->s.shadow};
    struct pl_endpoint *listen, *metrics;

    copy->s = *from;
    copy->arena = pl_arena_new();
    if (copy->arena == NULL)
        return false;
    listen = pl_arena_array(copy->arena, from->nlisten, sizeof(*listen));
    metrics = pl_arena_array(copy->arena, from->nmetrics + 1, sizeof(*metrics));
    if (listen == NULL || metrics == NULL)
        return false;
    memcpy(listen, from->listen, from->nlisten * sizeof(*listen));
    if (from->nmetrics > 0)
        memcpy(metrics, from->metrics, from->nmetrics * sizeof(*metrics));
    copy->s.listen = listen;
    copy->s.metrics = metrics;
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        *strings[i] = pl_arena_copy(copy->arena, pl_str_of(*strings[i])).p;
        if (*strings[i] == NULL)
            return false;
    }
    return true;
}

void settings_copy_fini(struct settings_copy *copy)
{
    pl_arena_free(copy->arena);
    copy->arena = NULL;
}
