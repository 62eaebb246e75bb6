/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reloading: load → publish → every worker follows → free the old. Reading the files can take
 * seconds, so it happens in a thread of its own and answers go on meanwhile. If anything is wrong, or
 * the policy is not proved safe, the old state stays, and whoever asked is told all of it.
 */
#include "reload.h"

#include "control.h"
#include "crash.h"
#include "log.h"
#include "notify.h"
#include "postlatch/compiler.h"
#include "postlatch/diff.h"
#include "postlatch/diff_text.h"
#include "postlatch/wider.h"
#include "sandbox.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { STOP_PATIENCE_S = 1, CHANGES_ENTRIES_MAX = 200000, CHANGES_STEPS_MAX_MILLION = 10 };
enum { CHANGES_TOLD = 10 };

void reload_count(struct pl_buf *b, size_t n, const char *noun, const char *plural)
{
    pl_buf_addf(b, "%zu %s", n, n == 1 ? noun : plural);
}

void reload_summary(struct pl_buf *b, const struct pl_policy *policy)
{
    reload_count(b, policy->nwritten, "rule, ", "rules, ");
    reload_count(b, policy->ntables, "table, ", "tables, ");
    reload_count(b, pl_policy_entries(policy), "entry", "entries");
}

/* ---- in the reload's thread ---- */

/* What stays in force when a reload is refused. */
static void tell_what_stays(struct reload *r)
{
    const struct snapshot *now = atomic_load(&r->snapshots->current);

    if (now->locked)
        pl_buf_add(&r->text, pl_str_lit("the daemon stays locked"));
    else
        pl_buf_addf(&r->text, "keeping the running policy (generation %lu)", r->generation - 1);
}

static void tell_errors(struct reload *r, struct pl_diag *d)
{
    size_t errors = pl_diag_errors(d), shown = 0;
    bool denied = false;
    const char *line;

    for (; (line = pl_diag_get(d, shown)) != NULL; shown++) {
        pl_buf_addf(&r->text, "%s\n", line);
        denied = denied || strstr(line, strerror(EACCES)) != NULL;
    }
    if (shown < errors)
        pl_buf_addf(&r->text, "and %zu more\n", errors - shown);
    if (denied && sandbox_hint() != NULL)
        pl_buf_addf(&r->text, "%s\n", sandbox_hint());
    reload_count(&r->text, errors, "error", "errors");
    pl_buf_add(&r->text, pl_str_lit("; "));
    tell_what_stays(r);
    pl_buf_add_char(&r->text, '\n');
}

/* The last line of a refusal, for reasons that stand in the lines before it. */
static void tell_refusal(struct reload *r, const char *hint, const char *path)
{
    r->outcome = RELOAD_REFUSED;
    pl_buf_add(&r->text, pl_str_lit("refused; "));
    tell_what_stays(r);
    pl_buf_addf(&r->text, "; %s%s\n", hint, path);
}

/* Whether the next policy may run, by its verdict; tells why not, or with what it runs. */
static bool admit_verdict(struct reload *r, const struct snapshot *next)
{
    const struct verdict *v = &next->verdict;
    struct pl_str lines = pl_buf_str(&v->text);

    switch (verdict_fate(v, next->config.policy, false)) {
    case VERDICT_RUNS:
        return true;
    case VERDICT_WARNS:
        pl_buf_add(&r->warnings, lines);
        pl_buf_addf(&r->warnings, "the policy is %s: %s\n", v->word, verdict_reason(v));
        return true;
    case VERDICT_REFUSED:
        break;
    }
    pl_buf_add(&r->reasons, lines);
    pl_buf_add(&r->report, pl_buf_str(&v->report));
    pl_buf_add_char(&r->report, '\n');
    tell_refusal(r, "run: postlatch check -c ", r->path);
    return false;
}

/* Whether the next policy may run, by whom it lets relay; tells who is new. */
static bool admit_wider(struct reload *r, const struct snapshot *next)
{
    const struct snapshot *now = atomic_load(&r->snapshots->current);
    struct pl_buf text = {0};
    bool refuse = (now->config.settings.reload_wider == PL_RELOAD_WIDER_REFUSE ||
                   next->config.settings.reload_wider == PL_RELOAD_WIDER_REFUSE) &&
                  !r->accept_wider;
    bool ok = true;

    if (now->locked) /* it lets nobody relay, and whoever mends it wants that to change */
        return true;
    if (pl_wider_tell(&text, now->config.policy, next->config.policy) != PL_WIDER_NOT) {
        pl_buf_add(refuse ? &r->text : &r->warnings, pl_buf_str(&text));
        pl_buf_add_char(refuse ? &r->text : &r->warnings, '\n');
        ok = !refuse;
    }
    if (!ok)
        tell_refusal(r, "if that is meant, run: postlatch reload --accept-wider", "");
    pl_buf_fini(&text);
    return ok;
}

static void tell_success(struct reload *r, const struct snapshot *next)
{
    const struct pl_config *config = &next->config;
    const char *option;
    size_t from = 0;

    pl_buf_addf(&r->text, "generation %lu is in force: ", r->generation);
    reload_summary(&r->text, config->policy);
    pl_buf_addf(&r->text, "; verdict: %s\n", next->verdict.word);
    if (next->shadow != NULL)
        shadow_tell(&r->text, next->shadow, config->settings.shadow);
    while ((option = pl_config_restart_needed(r->started_with, &config->settings, &from)) != NULL)
        pl_buf_addf(&r->text, "%s: changed; takes effect at the next start\n", option);
}

/* What changes in meaning, to be told behind what is in force; the old policy is there still. */
static void tell_changes(struct reload *r, const struct snapshot *next)
{
    const struct snapshot *now = atomic_load(&r->snapshots->current);
    struct pl_diff *d;

    if (now->locked)
        return;
    /* A reload is to take about as long as loading does; whoever asked waits for it. */
    if (pl_policy_entries(now->config.policy) + pl_policy_entries(next->config.policy) >
        CHANGES_ENTRIES_MAX) {
        pl_buf_add(&r->changes, pl_str_lit("what changes was not compared: more than 200000 "
                                           "entries; postlatch diff OLD NEW compares them\n"));
        return;
    }
    d = pl_diff_new(now->config.policy, next->config.policy,
                    (size_t)CHANGES_STEPS_MAX_MILLION * 1000000);
    if (d == NULL)
        pl_buf_add(&r->changes, pl_str_lit("what changes was not compared: out of memory\n"));
    else if (!pl_diff_is_same(d))
        pl_diff_text_add_lines(&r->changes, d, CHANGES_TOLD);
    pl_diff_free(d);
}

static void wake_all(void *arg)
{
    struct reload *r = arg;

    pool_wake(r->pool);
    ev_async_send(r->loop, &r->follow);
}

static void load(struct reload *r, struct pl_diag *d)
{
    struct snapshot *next = snapshot_load(r->path, r->generation, d);

    if (next == NULL || !snapshot_load_shadow(next, d)) {
        r->outcome = RELOAD_REFUSED;
        tell_errors(r, d);
        snapshot_free(next);
        return;
    }
    if (!admit_verdict(r, next) || !admit_wider(r, next)) {
        snapshot_free(next);
        return;
    }
    tell_success(r, next);
    tell_changes(r, next);
    log_configure(&next->config.settings);
    r->outcome = RELOAD_OK;
    if (!snapshot_replace(r->snapshots, next, wake_all, r)) {
        snapshot_free(next);
        r->outcome = RELOAD_ERROR;
    }
}

static void reset(struct reload *r)
{
    pl_buf_reset(&r->text);
    pl_buf_reset(&r->warnings);
    pl_buf_reset(&r->reasons);
    pl_buf_reset(&r->changes);
    pl_buf_reset(&r->report);
}

static void *run(void *arg)
{
    struct reload *r = arg;
    struct pl_diag *d = pl_diag_new();

    pthread_setname_np(pthread_self(), "reload");
    reset(r);
    if (d != NULL)
        load(r, d);
    else
        r->outcome = RELOAD_ERROR;
    pl_diag_free(d);
    ev_async_send(r->loop, &r->done);
    pthread_mutex_lock(&r->lock);
    r->has_ended = true;
    pthread_cond_signal(&r->end);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- in the main thread ---- */

void reload_log_lines(void (*log)(const char *fmt, ...) PL_PRINTF(1, 2), const char *prefix,
                      struct pl_str lines)
{
    while (lines.n > 0) {
        size_t n = pl_str_find(lines, '\n');

        log("%s%.*s", prefix, n > LOG_TEXT_MAX ? LOG_TEXT_MAX : (int)n, lines.p);
        lines = pl_str_from(lines, n < lines.n ? n + 1 : n);
    }
}

void reload_tell_manager(const struct reload *r, const char *change)
{
    const struct snapshot *now = r->snapshot;
    struct pl_buf text = {0};

    pl_buf_addf(&text, "%s\nSTATUS=", change);
    if (now->locked)
        pl_buf_addf(&text, "locked, as %s is %s: nobody may relay", r->path, now->verdict.word);
    else
        pl_buf_addf(&text, "generation %lu of %s is in force; verdict: %s", now->generation,
                    r->path, now->verdict.word);
    if (r->running)
        pl_buf_add(&text, pl_str_lit("; reloading"));
    else if (r->last == RELOAD_REFUSED || r->last == RELOAD_ERROR)
        pl_buf_addf(&text, "; the last reload %s",
                    r->last == RELOAD_REFUSED ? "was refused" : "failed");
    if (!text.failed)
        notify_send("%s", text.p);
    pl_buf_fini(&text);
}

const char *reload_outcome_word(enum reload_outcome outcome)
{
    switch (outcome) {
    case RELOAD_OK:
        return "ok";
    case RELOAD_REFUSED:
        return "refused";
    case RELOAD_ERROR:
        return "error";
    case RELOAD_NONE:
        break;
    }
    return "none";
}

/* For whoever asks later: the first lines of what was logged, and the last one, which says what stays. */
static void keep_error(struct reload *r, struct pl_str first, struct pl_str second)
{
    struct pl_buf all = {0};
    struct pl_str rest, line;
    size_t count = 0;

    pl_buf_add(&all, first);
    pl_buf_add(&all, second);
    pl_buf_reset(&r->last_error);
    for (rest = pl_buf_str(&all); rest.n > 0; count++) {
        line = (struct pl_str){rest.p, pl_str_find(rest, '\n')};
        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        if (count < RELOAD_TOLD - 2 || rest.n == 0)
            pl_buf_addf(&r->last_error, "%.*s\n", (int)line.n, line.p);
        else if (count == RELOAD_TOLD - 2)
            pl_buf_add(&r->last_error, pl_str_lit("and more; the log has all of it\n"));
    }
    pl_buf_fini(&all);
}

static void finish(struct reload *r)
{
    if (r->outcome == RELOAD_ERROR) {
        reset(r);
        pl_buf_addf(&r->text,
                    "cannot reload: no memory or no thread; keeping the running policy "
                    "(generation %lu)\n",
                    r->generation - 1);
    }
    r->last = r->outcome;
    r->last_at = time(NULL);
    r->ended[r->outcome]++;
    if (r->outcome == RELOAD_OK)
        pl_buf_reset(&r->last_error);
    else
        keep_error(r, pl_buf_str(&r->reasons), pl_buf_str(&r->text));
    reload_log_lines(log_error, "reload: ", pl_buf_str(&r->reasons));
    reload_log_lines(r->outcome == RELOAD_OK ? log_info : log_error,
                     "reload: ", pl_buf_str(&r->text));
    reload_log_lines(log_warn, "reload: ", pl_buf_str(&r->warnings));
    reload_log_lines(log_info, "reload: ", pl_buf_str(&r->changes));
    pl_buf_add(&r->report, pl_buf_str(&r->text));
    pl_buf_add(&r->report, pl_buf_str(&r->warnings));
    pl_buf_add(&r->report, pl_buf_str(&r->changes));
    if (!r->again) /* else the next one begins at once */
        reload_tell_manager(r, "READY=1");
    control_reload_done(r->control, r->number, r->outcome, pl_buf_str(&r->report));
}

static bool begin(struct reload *r)
{
    sigset_t all, before;
    char change[64];
    int error;

    r->accept_wider = r->again_accept_wider;
    r->again = r->again_accept_wider = r->has_ended = false;
    r->generation = r->snapshot->generation + 1;
    /* Signals are the main thread's. */
    crash_fill_mask(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->running = error == 0;
    if (error != 0) {
        log_error("reload: cannot start a thread: %s", strerror(error));
        r->outcome = RELOAD_ERROR;
        return false;
    }
    snprintf(change, sizeof(change), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_us());
    reload_tell_manager(r, change);
    return true;
}

static void on_follow(struct ev_loop *loop, ev_async *a, int revents)
{
    struct reload *r = a->data;

    (void)loop;
    (void)revents;
    pl_assert(r->magic == RELOAD_MAGIC);
    snapshot_follow(r->snapshots, &r->snapshot);
    r->in_force_at = time(NULL);
    /* It may have been loaded before midnight, and published after it. */
    snapshot_set_today(r->snapshot, clock_today());
}

static void on_done(struct ev_loop *loop, ev_async *a, int revents)
{
    struct reload *r = a->data;

    (void)loop;
    (void)revents;
    pl_assert(r->magic == RELOAD_MAGIC && r->running);
    pthread_join(r->thread, NULL);
    r->running = false;
    finish(r);
    if (r->again) {
        r->number++;
        if (!begin(r))
            finish(r);
    }
}

void reload_init(struct reload *r)
{
    pthread_condattr_t attributes;

    r->magic = RELOAD_MAGIC;
    r->in_force_at = time(NULL);
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r->end, &attributes);
    pthread_condattr_destroy(&attributes);
    ev_async_init(&r->follow, on_follow);
    ev_async_init(&r->done, on_done);
    r->follow.data = r->done.data = r;
    ev_async_start(r->loop, &r->follow);
    ev_async_start(r->loop, &r->done);
}

unsigned long reload_request(struct reload *r, bool accept_wider)
{
    r->again_accept_wider |= accept_wider;
    if (r->running) {
        r->again = true;
        return r->number + 1;
    }
    r->number++;
    if (!begin(r))
        finish(r);
    return r->number;
}

/* Whether the thread ends soon; the wall clock, which may be set, has no part in it. */
static bool ends_soon(struct reload *r)
{
    struct timespec until;
    bool ended;
    int error = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_PATIENCE_S;
    pthread_mutex_lock(&r->lock);
    while (!r->has_ended && error == 0)
        error = pthread_cond_timedwait(&r->end, &r->lock, &until);
    ended = r->has_ended;
    pthread_mutex_unlock(&r->lock);
    return ended;
}

bool reload_stop(struct reload *r)
{
    if (r->running) {
        snapshot_close(r->snapshots);
        if (!ends_soon(r))
            return false;
        pthread_join(r->thread, NULL);
        r->running = false;
    }
    pthread_cond_destroy(&r->end);
    pthread_mutex_destroy(&r->lock);
    ev_async_stop(r->loop, &r->follow);
    ev_async_stop(r->loop, &r->done);
    pl_buf_fini(&r->text);
    pl_buf_fini(&r->warnings);
    pl_buf_fini(&r->changes);
    pl_buf_fini(&r->reasons);
    pl_buf_fini(&r->report);
    pl_buf_fini(&r->last_error);
    return true;
}
