/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postlatchd: load, bind, go to the background, drop privileges, start the workers, run the main
 * loop until a signal ends it, let every session finish. The main loop accepts, reloads and controls;
 * the workers answer.
 */
#include "activation.h"
#include "background.h"
#include "control.h"
#include "crash.h"
#include "http.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "postlatch/check.h"
#include "postlatch/compiler.h"
#include "privilege.h"
#include "reload.h"
#include "reminder.h"
#include "sandbox.h"
#include "snapshot.h"
#include "vitals.h"
#include "watchdog.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit statuses: postlatchd(8). */
enum { ENDED = 0, TROUBLE = 1, INVALID = 2 };

struct options {
    const char *config;
    bool foreground, test;
};

/* From this size on an allocation is a mapping of its own; its usual value, which glibc raises by use. */
enum { MAPPING_MIN = 128 * 1024 };

/* Everything that lives as long as the daemon. */
struct daemon {
    struct options options;
    struct ev_loop *loop;
    struct snapshot_holder snapshots;
    struct settings_copy started_with;
    struct activation handed_over;
    struct listeners listeners;
    struct control control;
    struct pool pool;
    struct reload reload;
    struct reminder reminder;
    struct watchdog watchdog;
    struct process process;
    struct rates rates;
    struct vitals vitals;
    struct http http;
    ev_signal term, interrupt, hangup;
    ev_async room;            /* a worker has room for a connection again */
    unsigned max_connections; /* that the limit of open files has room for */
    const char *refused;      /* the verdict, if there is no start */
    int background;           /* what background_ready wants, or -1 */
};

static void usage(FILE *out)
{
    fputs("usage: postlatchd [-c FILE] [-f] [-t] [-V] [-h]\n"
          "\n"
          "Answers Postfix's policy questions: who may relay mail to whom.\n"
          "\n"
          "  -c FILE  the configuration (default " PL_CONFIG_DEFAULT ")\n"
          "  -f       stay in the foreground, log to standard error as well\n"
          "  -t       check the configuration and end, as \"postlatch check\" does\n"
          "  -V       print the version\n"
          "  -h       print this\n",
          out);
}

/* Returns -1 to go on, else an exit status. */
static int read_options(struct options *o, int argc, char **argv)
{
    int c;

    o->config = PL_CONFIG_DEFAULT;
    while ((c = getopt(argc, argv, "c:ftVh")) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'f':
            o->foreground = true;
            break;
        case 't':
            o->test = true;
            break;
        case 'V':
            puts("postlatchd " PL_VERSION);
            return ENDED;
        case 'h':
            usage(stdout);
            return ENDED;
        default:
            usage(stderr);
            return INVALID;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "postlatchd: unexpected argument \"%s\"\n", argv[optind]);
        usage(stderr);
        return INVALID;
    }
    return -1;
}

/* An invalid file: nothing is started, or a daemon that lets nobody relay. */
static struct snapshot *refuse_invalid(const struct daemon *d, struct pl_diag *diag)
{
    struct snapshot *locked = snapshot_load_locked(d->options.config);
    size_t errors = pl_diag_errors(diag), shown = 0;
    const char *line;

    if (locked != NULL)
        log_configure(&locked->config.settings);
    for (; (line = pl_diag_get(diag, shown)) != NULL; shown++)
        log_error("%s", line);
    log_error("%zu error%s; %s", errors, errors == 1 ? "" : "s",
              locked == NULL ? "not started" : "started locked");
    return locked;
}

/* A policy that was proved and may not run, or may all the same. NULL: nothing is started. */
static struct snapshot *judge(struct daemon *d, struct snapshot *s)
{
    const struct verdict *v = &s->verdict;
    struct pl_str lines = pl_buf_str(&v->text);

    log_configure(&s->config.settings);
    switch (verdict_fate(v, s->config.policy, true)) {
    case VERDICT_RUNS:
        log_info("the policy is proved safe: without a login nobody outside the relay boundary can "
                 "relay");
        return s;
    case VERDICT_WARNS:
        reload_log_lines(log_warn, "", lines);
        log_warn("the policy is %s: %s", v->word, verdict_reason(v));
        return s;
    case VERDICT_REFUSED:
        break;
    }
    reload_log_lines(log_error, "", lines);
    if (s->config.settings.on_bad_policy == PL_BAD_POLICY_LOCKED) {
        s->locked = true;
        return s;
    }
    log_error("the policy is %s; not started; run: postlatch check -c %s", v->word,
              d->options.config);
    d->refused = v->word;
    snapshot_free(s);
    return NULL;
}

/* A start goes on without a shadow: mail must not wait for a policy that answers nobody. */
static void load_shadow(struct snapshot *s, struct pl_diag *diag)
{
    struct pl_buf text = {0};
    const char *line;

    if (!snapshot_load_shadow(s, diag)) {
        for (size_t i = 0; (line = pl_diag_get(diag, i)) != NULL; i++)
            log_error("%s", line);
        log_error("started without the shadow: what it would answer is not compared");
    } else if (s->shadow != NULL) {
        shadow_tell(&text, s->shadow, s->config.settings.shadow);
        reload_log_lines(log_info, "", pl_buf_str(&text));
        pl_buf_fini(&text);
    }
}

/* The first configuration; if it may not run there is no daemon, or a locked one. */
static struct snapshot *load_first(struct daemon *d)
{
    struct pl_diag *diag = pl_diag_new();
    struct snapshot *s;

    d->refused = "invalid";
    if (diag == NULL) {
        log_error("out of memory");
        return NULL;
    }
    s = snapshot_load(d->options.config, 1, diag);
    s = s == NULL ? refuse_invalid(d, diag) : judge(d, s);
    if (s != NULL && s->locked)
        reminder_tell_locked(s, d->options.config);
    else if (s != NULL)
        load_shadow(s, diag);
    pl_diag_free(diag);
    return s;
}

static void on_end(struct ev_loop *loop, ev_signal *s, int revents)
{
    (void)revents;
    log_info("ending on signal %d (%s)", s->signum, strsignal(s->signum));
    ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *s, int revents)
{
    struct daemon *d = s->data;

    (void)loop;
    (void)revents;
    reload_request(&d->reload, false);
}

static void on_room(struct ev_loop *loop, ev_async *a, int revents)
{
    struct daemon *d = a->data;

    (void)loop;
    (void)revents;
    listeners_resume(&d->listeners);
}

static void on_wait(struct ev_loop *loop) EV_NOEXCEPT
{
    struct daemon *d = ev_userdata(loop);

    loop_stay_awake(loop, &d->room);
}

/* Blocks the signals that we watch, or lets them through. */
static void mask_signals(int how)
{
    sigset_t watched;

    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGHUP);
    pthread_sigmask(how, &watched, NULL);
}

static void watch_signals(struct daemon *d)
{
    ev_signal_init(&d->term, on_end, SIGTERM);
    ev_signal_init(&d->interrupt, on_end, SIGINT);
    ev_signal_init(&d->hangup, on_hangup, SIGHUP);
    d->hangup.data = d;
    ev_signal_start(d->loop, &d->term);
    ev_signal_start(d->loop, &d->interrupt);
    ev_signal_start(d->loop, &d->hangup);
    mask_signals(SIG_UNBLOCK); /* libev does not, unless told by EVFLAG_NOSIGMASK */
    ev_async_init(&d->room, on_room);
    d->room.data = d;
    ev_async_start(d->loop, &d->room);
    ev_set_userdata(d->loop, d);
    ev_set_loop_release_cb(d->loop, on_wait, NULL);
}

/* Workers inherit a mask with everything blocked: signals are the main thread's. */
static bool start_workers(struct daemon *d)
{
    const struct snapshot *s = atomic_load(&d->snapshots.current);
    sigset_t all, before;
    bool ok;

    if (!pool_init(&d->pool, s->config.settings.workers, &s->config.settings, &d->snapshots,
                   d->loop, &d->room))
        return false;
    d->pool.max_connections = d->max_connections;
    crash_fill_mask(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = log_start((unsigned)d->pool.count) && pool_start(&d->pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void announce(const struct daemon *d)
{
    struct pl_buf text = {0};

    reload_summary(&text, d->reload.snapshot->config.policy);
    pl_buf_addf(&text, "; %zu worker%s; listening at", d->pool.count,
                d->pool.count == 1 ? "" : "s");
    for (size_t i = 0; i < d->listeners.count; i++) {
        pl_buf_addf(&text, " %s", d->listeners.each[i].endpoint.text);
        if (!pl_endpoint_is_loopback(&d->listeners.each[i].endpoint))
            log_warn("listen \"%s\" can be reached from other hosts: whoever can connect may ask",
                     d->listeners.each[i].endpoint.text);
    }
    for (size_t i = 0; i < d->started_with.s.nmetrics; i++)
        pl_buf_addf(&text, "%s %s", i == 0 ? "; metrics at" : "",
                    d->started_with.s.metrics[i].text);
    log_info("postlatchd " PL_VERSION " started: %s, generation 1: %s", d->options.config,
             text.failed ? "" : text.p);
    pl_buf_fini(&text);
}

/* Sockets first, as they may need root; then the background, before any thread or loop exists. */
static bool take_sockets(struct daemon *d)
{
    const struct pl_settings *s = &d->started_with.s;

    d->max_connections = privilege_raise_files(s->max_connections, pool_workers(s->workers),
                                               (unsigned)s->nmetrics * HTTP_FILES);
    /* From here on there are sockets to remove: a signal waits until it is watched. */
    mask_signals(SIG_BLOCK);
    if (!http_bind(&d->http, s, &d->handed_over) ||
        !listeners_bind(&d->listeners, s, &d->handed_over) ||
        !control_bind(&d->control, s->control))
        return false;
    d->background = -1;
    /* Whoever looks after us knows us by our process. */
    if (!d->options.foreground && !notify_is_wanted() && d->handed_over.count == 0) {
        d->background = background_begin();
        if (d->background < 0)
            return false;
    }
    process_open(&d->process);
    return privilege_drop(s) && sandbox_enter(s, &d->listeners, &d->control.endpoint);
}

static bool start(struct daemon *d)
{
    d->loop = ev_default_loop(LOOP_FLAGS);
    if (d->loop == NULL) {
        log_error("cannot make an event loop: %s", strerror(errno));
        return false;
    }
    watch_signals(d);
    d->reload.loop = d->loop;
    d->reload.path = d->options.config;
    d->reload.started_with = &d->started_with.s;
    d->reload.snapshots = &d->snapshots;
    d->reload.pool = &d->pool;
    d->reload.control = &d->control;
    d->reload.snapshot = atomic_load(&d->snapshots.current);
    reload_init(&d->reload);
    if (!start_workers(d))
        return false;
    d->control.reload = &d->reload;
    rates_start(&d->rates, d->loop, &d->snapshots.tally);
    d->vitals = (struct vitals){&d->reload, &d->pool, &d->listeners, &d->process, &d->rates};
    d->control.vitals = &d->vitals;
    control_start(&d->control, d->loop);
    if (!http_start(&d->http, d->loop, &d->vitals))
        return false;
    listeners_start(&d->listeners, d->loop, &d->pool);
    reminder_start(&d->reminder, d->loop, &d->reload);
    watchdog_start(&d->watchdog, d->loop, &d->pool);
    announce(d);
    if (d->background >= 0)
        background_ready(d->background);
    reload_tell_manager(&d->reload, "READY=1");
    return true;
}

/* Lets in who waits, answers what has been sent, then ends. False: a reload's thread still uses our memory. */
static bool stop(struct daemon *d)
{
    listeners_drain(&d->listeners);
    listeners_close(&d->listeners);
    control_close(&d->control);
    http_close(&d->http);
    pool_stop(&d->pool);
    if (d->loop != NULL && !reload_stop(&d->reload))
        return false;
    pool_fini(&d->pool);
    listeners_fini(&d->listeners);
    snapshot_holder_fini(&d->snapshots);
    settings_copy_fini(&d->started_with);
    process_close(&d->process);
    if (d->loop != NULL)
        ev_loop_destroy(d->loop);
    return true;
}

static int serve(struct daemon *d)
{
    struct snapshot *first;
    int status = TROUBLE;

    if (!activation_receive(&d->handed_over))
        return TROUBLE;
    sandbox_watch();
    first = load_first(d);
    notify_init(); /* its troubles go to the log of the configuration */
    if (first == NULL) {
        notify_send("STATUS=not started, as %s is %s; run: postlatch check -c %s",
                    d->options.config, d->refused, d->options.config);
        return INVALID;
    }
    snapshot_holder_init(&d->snapshots, first);
    if (!settings_copy_init(&d->started_with, &first->config.settings)) {
        log_error("out of memory");
    } else if (take_sockets(d) && start(d)) {
        ev_run(d->loop, 0);
        status = ENDED;
        notify_send("STOPPING=1\nSTATUS=ending: what was asked is answered");
    }
    if (!stop(d)) {
        log_close();
        _exit(status);
    }
    log_flush();
    if (status == ENDED)
        log_info("postlatchd ended");
    return status;
}

int main(int argc, char **argv)
{
    struct daemon *d = calloc(1, sizeof(*d));
    int status;

    if (d == NULL)
        return TROUBLE;
    /* What a load needed and an old policy had goes back to the system at once. */
    mallopt(M_MMAP_THRESHOLD, MAPPING_MIN);
    d->control.fd = -1;
    d->process.statm = d->process.fds = -1;
    status = read_options(&d->options, argc, argv);
    if (status < 0 && d->options.test) {
        status = pl_check_report(d->options.config, &(struct pl_check_options){0}, stdout);
    } else if (status < 0) {
        background_fill_stdio();
        signal(SIGPIPE, SIG_IGN);
        crash_prepare();
        log_open();
        log_to_stderr(d->options.foreground ? LOG_STDERR_ALL : LOG_STDERR_WARNINGS);
        status = serve(d);
        notify_close();
        log_close();
    }
    free(d);
    return status;
}
