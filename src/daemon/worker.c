/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Worker threads: one loop each, sessions that never move. The main thread accepts and hands each
 * connection to the worker with the fewest; from then on no lock is taken and no other thread looks.
 *
 * Watchers of a worker's loop, by priority:
 *   +2  wake      async; new connections, snapshots, orders to evict and to stop come first
 *    0  io        one a session
 *    0  turn      timer, 0 s: the next turn of sessions with more requests in hand, in the next
 *                 iteration, so that others are served between
 *    0  idle      timer: when the idlest session reaches idle_timeout; stopped without one
 *    0  grace     timer, 0.2 s of a stopping worker: for those who are just about to ask
 *    0  deadline  timer: ends the patience of a stopping worker
 * Watchers of the main loop:
 *   +2  signals
 *    0  control, reload, room
 *   -2  accept    a flood of connects waits for everything else
 *    0  pause     timer, 100 ms: accept again after descriptors ran out
 *
 * Idleness: a table of times, one a session. A request writes its session's and touches no other
 * memory; who looks for the idlest, which is rare, reads them all (10,000 in some microseconds).
 * Activity is a complete request, so that a client which sends a byte a minute ages like a silent
 * one. Its time is that of the loop's waking up, read once for all events of it.
 */
#include "worker.h"

#include "log.h"
#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPARES_MAX = 256 };
#define STOP_PATIENCE_S 2.0
#define GRACE_S 0.2

static struct log_rate limit_reached = LOG_RATE(1);

/* ---- the tables of sessions ---- */

static int64_t active_us(const struct worker *w, size_t i)
{
    return atomic_load_explicit(&w->active_us[i], memory_order_relaxed);
}

/*
 * The index of the idlest session, the oldest of those in the table first; count if there is none. Of
 * another thread under the lock: then sessions may come and go meanwhile, and it is a good guess.
 */
static size_t find_idlest(const struct worker *w)
{
    size_t count = atomic_load(&w->count), idlest = 0;

    for (size_t i = 1; i < count; i++) {
        if (active_us(w, i) < active_us(w, idlest))
            idlest = i;
    }
    return count == 0 ? count : idlest;
}

static void arm_idle(struct worker *w)
{
    int64_t left;

    if (w->pool->idle_timeout_ms == 0 || atomic_load(&w->count) == 0 || ev_is_active(&w->idle))
        return;
    left = active_us(w, find_idlest(w)) + 1000 * w->pool->idle_timeout_ms - clock_us();
    ev_timer_set(&w->idle, left > 0 ? (double)left / 1e6 : 0., 0.);
    ev_timer_start(w->loop, &w->idle);
}

/* Room for one more session; false when memory is short. */
static bool make_room(struct worker *w)
{
    size_t cap = w->cap == 0 ? 16 : w->cap + w->cap / 2;
    struct session **sessions;
    atomic_llong *active;

    if (atomic_load(&w->count) < w->cap)
        return true;
    sessions = realloc(w->sessions, cap * sizeof(*sessions));
    if (sessions == NULL)
        return false;
    w->sessions = sessions;
    pthread_mutex_lock(&w->lock);
    active = realloc(w->active_us, cap * sizeof(*active));
    if (active != NULL) {
        w->active_us = active;
        w->cap = cap;
    }
    pthread_mutex_unlock(&w->lock);
    return active != NULL;
}

/* The session takes the place behind the others; there is room. */
static void enter(struct worker *w, struct session *s)
{
    size_t at = atomic_load(&w->count);

    s->index = (uint32_t)at;
    w->sessions[at] = s;
    atomic_store(&w->active_us[at], clock_us());
    atomic_store(&w->count, at + 1);
}

/* The last one takes the place of s. */
static void leave(struct worker *w, const struct session *s)
{
    size_t last = atomic_load(&w->count) - 1;
    struct session *moved = w->sessions[last];

    pl_assert(w->sessions[s->index] == s);
    moved->index = s->index;
    w->sessions[s->index] = moved;
    atomic_store(&w->active_us[s->index], active_us(w, last));
    atomic_store(&w->count, last);
}

void worker_queue_turn(struct worker *w, struct session *s)
{
    if (s->queued)
        return;
    pl_assert(s->in != NULL);
    s->queued = true;
    TAILQ_INSERT_TAIL(&w->turns, s->in, turn);
    if (!ev_is_active(&w->turn))
        ev_timer_start(w->loop, &w->turn);
}

void worker_forget(struct worker *w, struct session *s)
{
    struct pool *p = w->pool;

    leave(w, s);
    if (w->spares < SPARES_MAX) {
        memset(s, 0, sizeof(*s));
        s->magic = SESSION_DEAD;
        s->io.data = w->spare;
        w->spare = s;
        w->spares++;
    } else {
        free(s);
    }
    atomic_fetch_sub(&w->load, 1);
    atomic_fetch_sub(&p->connections, 1);
    if (atomic_load(&p->room_wanted) && atomic_exchange(&p->room_wanted, false))
        ev_async_send(p->main_loop, p->room);
    if (w->stopping && atomic_load(&w->count) == 0)
        ev_break(w->loop, EVBREAK_ALL);
}

/* ---- what the main thread has left in the inbox ---- */

static struct session *new_session(struct worker *w)
{
    struct session *s = w->spare;

    if (s == NULL)
        return calloc(1, sizeof(*s));
    pl_assert(s->magic == SESSION_DEAD);
    w->spare = s->io.data;
    w->spares--;
    memset(s, 0, sizeof(*s));
    return s;
}

/* Options of a connection that no session is without. */
static void set_options(const struct handover *h)
{
    int on = 1;

    if (h->peer.family == 0)
        return;
    setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    /* A Postfix on a host that lost its power must not hold its connections for ever. */
    setsockopt(h->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static void adopt(struct worker *w)
{
    struct handover *each;
    size_t n;

    pthread_mutex_lock(&w->lock);
    each = w->inbox;
    n = w->inbox_count;
    w->inbox = NULL;
    w->inbox_count = w->inbox_cap = 0;
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < n; i++) {
        struct session *s = make_room(w) ? new_session(w) : NULL;

        if (s == NULL) {
            log_error("out of memory: a connection is closed");
            close(each[i].fd);
            atomic_fetch_sub(&w->load, 1);
            atomic_fetch_sub(&w->pool->connections, 1);
            continue;
        }
        set_options(&each[i]);
        enter(w, s);
        session_open(s, w, &each[i]);
    }
    free(each);
    arm_idle(w);
}

static void evict(struct worker *w)
{
    size_t idlest = find_idlest(w);
    unsigned long suppressed;
    char peer[SESSION_PEER];
    struct session *s;

    if (idlest == atomic_load(&w->count)) {
        /* The last one has just gone by itself: the room that was wanted is there. */
        if (atomic_exchange(&w->pool->room_wanted, false))
            ev_async_send(w->pool->main_loop, w->pool->room);
        return;
    }
    s = w->sessions[idlest];
    counter_add(&w->counters.closed_idlest, 1);
    if (log_rate_pass(&limit_reached, &suppressed))
        log_warn("max_connections = %u is reached: closing the idlest, peer=%s listener=%s "
                 "idle_s=%lld (%lu before it were not logged)",
                 w->pool->max_connections, session_peer(peer, s), s->listener->endpoint.text,
                 (long long)(clock_us() - active_us(w, idlest)) / 1000000, suppressed);
    session_close(s);
}

/* ---- callbacks ---- */

/* Ends the sessions that were active at this time for the last time, or before. */
static void finish_until(struct worker *w, int64_t us)
{
    /* From the end: where one goes, one that had its turn takes its place. */
    for (size_t i = atomic_load(&w->count); i-- > 0;) {
        if (active_us(w, i) <= us)
            session_finish(w->sessions[i]);
    }
    if (atomic_load(&w->count) == 0)
        ev_break(w->loop, EVBREAK_ALL);
}

static void decide_to_look_back(struct worker *w)
{
    w->looks_back = w->snapshot->shadow != NULL || busiest_is_watched(&w->pool->watch, w->woke_us);
}

/*
 * Who has just connected has not asked yet, but will; he would have to come again. The others are asked
 * for what they have sent, and closed.
 */
static void stop(struct worker *w)
{
    w->stopping = true;
    ev_timer_start(w->loop, &w->grace);
    ev_timer_start(w->loop, &w->deadline);
    finish_until(w, clock_us() - (int64_t)(GRACE_S * 1e6));
}

static void on_wake(struct ev_loop *loop, ev_async *a, int revents)
{
    struct worker *w = a->data;

    (void)loop;
    (void)revents;
    pl_assert(w->magic == WORKER_MAGIC);
    snapshot_follow(w->pool->snapshots, &w->snapshot);
    decide_to_look_back(w);
    w->decided = tally_slots(w->snapshot->counts, w->index);
    adopt(w);
    if (atomic_exchange(&w->evict, false))
        evict(w);
    atomic_store(&w->pulse, atomic_load(&w->pool->pulse));
    if (atomic_load(&w->pool->stopping) && !w->stopping)
        stop(w);
}

static void on_idle(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct worker *w = t->data;
    int64_t before = clock_us() - 1000 * w->pool->idle_timeout_ms;

    (void)loop;
    (void)revents;
    pl_assert(w->magic == WORKER_MAGIC);
    for (size_t i = atomic_load(&w->count); i-- > 0;) { /* from the end, as in stop() */
        if (active_us(w, i) > before)
            continue;
        counter_add(&w->counters.closed_idle, 1);
        session_close(w->sessions[i]);
    }
    arm_idle(w);
}

static void on_turn(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct worker *w = t->data;
    struct chunk_list now = TAILQ_HEAD_INITIALIZER(now);
    struct chunk *c;

    (void)loop;
    (void)revents;
    pl_assert(w->magic == WORKER_MAGIC);
    /* Those that queue themselves again go to the emptied list, and wait for the next iteration. */
    TAILQ_CONCAT(&now, &w->turns, turn);
    while ((c = TAILQ_FIRST(&now)) != NULL) {
        TAILQ_REMOVE(&now, c, turn);
        c->session->queued = false;
        session_turn(c->session);
    }
}

static void on_grace(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct worker *w = t->data;

    (void)loop;
    (void)revents;
    pl_assert(w->magic == WORKER_MAGIC);
    finish_until(w, INT64_MAX);
}

static void on_deadline(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct worker *w = t->data;
    size_t count;

    (void)loop;
    (void)revents;
    pl_assert(w->magic == WORKER_MAGIC);
    while ((count = atomic_load(&w->count)) > 0)
        session_close(w->sessions[count - 1]);
}

/* Around each wait: when did the loop wake up, and how long did it take to come back? */
static void on_wait(struct ev_loop *loop) EV_THROW
{
    struct worker *w = ev_userdata(loop);
    int64_t took = clock_us() - w->woke_us;

    if (took > atomic_load_explicit(&w->longest_us, memory_order_relaxed))
        atomic_store_explicit(&w->longest_us, took, memory_order_relaxed);
    duration_note(&w->counters.duration, counter_get(&w->counters.requests), took);
    loop_stay_awake(loop, &w->wake);
}

static void on_woken(struct ev_loop *loop) EV_THROW
{
    struct worker *w = ev_userdata(loop);

    w->woke_us = clock_us();
    decide_to_look_back(w);
}

/* ---- making and ending them ---- */

static void *run(void *arg)
{
    struct worker *w = arg;
    char name[16];

    /* Another thread could name it by a file in /proc only, which the sandbox keeps away. */
    snprintf(name, sizeof(name), "worker-%u", w->index);
    pthread_setname_np(pthread_self(), name);
    w->woke_us = clock_us(); /* the thread starts later than its worker was made */
    log_use_queue(w->index);
    ev_run(w->loop, 0);
    return NULL;
}

static bool worker_init(struct worker *w, struct pool *p, unsigned index)
{
    w->magic = WORKER_MAGIC;
    w->index = index;
    w->pool = p;
    w->snapshot = atomic_load(&p->snapshots->current);
    w->decided = tally_slots(w->snapshot->counts, index);
    TAILQ_INIT(&w->turns);
    pthread_mutex_init(&w->lock, NULL);
    busiest_init(&w->busiest);
    w->woke_us = clock_us();
    w->loop = ev_loop_new(LOOP_FLAGS);
    if (w->loop == NULL) {
        log_error("cannot make an event loop: %s", strerror(errno));
        return false;
    }
    ev_set_userdata(w->loop, w);
    ev_set_loop_release_cb(w->loop, on_wait, on_woken);
    ev_async_init(&w->wake, on_wake);
    ev_set_priority(&w->wake, EV_MAXPRI);
    ev_timer_init(&w->idle, on_idle, 0., 0.);
    ev_timer_init(&w->turn, on_turn, 0., 0.);
    ev_timer_init(&w->grace, on_grace, GRACE_S, 0.);
    ev_timer_init(&w->deadline, on_deadline, STOP_PATIENCE_S, 0.);
    w->wake.data = w->idle.data = w->turn.data = w->grace.data = w->deadline.data = w;
    ev_async_start(w->loop, &w->wake);
    return true;
}

unsigned pool_workers(unsigned count)
{
    cpu_set_t set;

    if (count == 0 && sched_getaffinity(0, sizeof(set), &set) == 0)
        count = (unsigned)CPU_COUNT(&set);
    return count == 0 ? 1 : count;
}

bool pool_init(struct pool *p, unsigned count, const struct pl_settings *limits,
               struct snapshot_holder *snapshots, struct ev_loop *main_loop, ev_async *room)
{
    p->snapshots = snapshots;
    p->max_connections = limits->max_connections;
    p->max_request_size = limits->max_request_size;
    p->idle_timeout_ms = (int64_t)limits->idle_timeout_s * 1000;
    p->main_loop = main_loop;
    p->room = room;
    p->count = pool_workers(count);
    p->workers = calloc(p->count, sizeof(*p->workers));
    if (p->workers == NULL || !snapshot_holder_open(snapshots, p->count)) {
        log_error("out of memory");
        free(p->workers);
        p->workers = NULL;
        p->count = 0;
        return false;
    }
    alarm_init(&p->alarm);
    for (size_t i = 0; i < p->count; i++) {
        if (!worker_init(&p->workers[i], p, (unsigned)i))
            return false;
    }
    return true;
}

bool pool_start(struct pool *p)
{
    for (; p->started < p->count; p->started++) {
        struct worker *w = &p->workers[p->started];
        int error = pthread_create(&w->thread, NULL, run, w);

        if (error != 0) {
            log_error("cannot start a worker: %s", strerror(error));
            return false;
        }
    }
    return true;
}

void pool_wake(struct pool *p)
{
    for (size_t i = 0; i < p->started; i++)
        ev_async_send(p->workers[i].loop, &p->workers[i].wake);
}

void pool_stop(struct pool *p)
{
    atomic_store(&p->stopping, true);
    pool_wake(p);
    for (size_t i = 0; i < p->started; i++)
        pthread_join(p->workers[i].thread, NULL);
    p->started = 0;
}

void pool_fini(struct pool *p)
{
    pl_assert(p->started == 0);
    for (size_t i = 0; i < p->count; i++) {
        struct worker *w = &p->workers[i];

        for (struct session *s = w->spare, *next; s != NULL; s = next) {
            next = s->io.data;
            free(s);
        }
        free(w->sessions);
        free(w->active_us);
        free(w->inbox);
        if (w->loop != NULL)
            ev_loop_destroy(w->loop);
        pthread_mutex_destroy(&w->lock);
        busiest_fini(&w->busiest);
    }
    if (p->workers != NULL)
        alarm_fini(&p->alarm);
    free(p->workers);
    p->workers = NULL;
    p->count = 0;
}

/* ---- the main thread's side ---- */

bool pool_is_open(const struct pool *p)
{
    return atomic_load(&p->connections) < p->max_connections;
}

/* When the worker's idlest session was active; INT64_MAX without any. */
static int64_t idlest_us(struct worker *w)
{
    int64_t when = INT64_MAX;
    size_t idlest;

    pthread_mutex_lock(&w->lock);
    idlest = find_idlest(w);
    if (idlest < atomic_load(&w->count))
        when = active_us(w, idlest);
    pthread_mutex_unlock(&w->lock);
    return when;
}

bool pool_has_room(struct pool *p)
{
    struct worker *idlest = &p->workers[0];
    int64_t best;

    if (pool_is_open(p))
        return true;
    atomic_store(&p->room_wanted, true);
    /* One that went just before would not have seen that room is wanted. */
    if (pool_is_open(p))
        return true;
    best = idlest_us(idlest);
    for (size_t i = 1; i < p->count; i++) {
        struct worker *w = &p->workers[i];
        int64_t mine = idlest_us(w);

        if (mine > best || (mine == best && atomic_load(&w->load) <= atomic_load(&idlest->load)))
            continue;
        best = mine;
        idlest = w;
    }
    atomic_store(&idlest->evict, true);
    ev_async_send(idlest->loop, &idlest->wake);
    return false;
}

static struct worker *least_loaded(struct pool *p)
{
    struct worker *best = &p->workers[0];

    for (size_t i = 1; i < p->count; i++) {
        if (atomic_load(&p->workers[i].load) < atomic_load(&best->load))
            best = &p->workers[i];
    }
    return best;
}

static void set_peer(struct handover *h, const struct sockaddr_storage *peer)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)peer;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;

    if (peer->ss_family == AF_INET) {
        h->peer.family = 4;
        memcpy(h->peer.bytes, &in4->sin_addr, 4);
        h->port = ntohs(in4->sin_port);
    } else if (peer->ss_family == AF_INET6) {
        h->peer.family = 6;
        memcpy(h->peer.bytes, &in6->sin6_addr, 16);
        h->port = ntohs(in6->sin6_port);
    }
}

void pool_take(struct pool *p, int fd, struct listener *listener,
               const struct sockaddr_storage *peer)
{
    struct worker *w = least_loaded(p);
    struct handover h = {.fd = fd, .listener = listener};
    struct handover *inbox;

    set_peer(&h, peer);
    p->connections_total++;
    pthread_mutex_lock(&w->lock);
    inbox = pl_grow(w->inbox, &w->inbox_cap, w->inbox_count, sizeof(*inbox));
    if (inbox != NULL) {
        w->inbox = inbox;
        w->inbox[w->inbox_count++] = h;
        atomic_fetch_add(&w->load, 1);
        atomic_fetch_add(&p->connections, 1);
    }
    pthread_mutex_unlock(&w->lock);
    if (inbox == NULL) {
        log_error("out of memory: a connection is closed");
        close(fd);
        return;
    }
    ev_async_send(w->loop, &w->wake);
}
