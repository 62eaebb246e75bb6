/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection of Postfix: requests in, answers out, in order, each once.
 *
 * What one read brings lies in the worker's buffer and is taken apart there; a session owns memory
 * only while a request is incomplete (or waits for its turn), or while answers are pending. All
 * answers of a turn leave in one write. A turn is bounded, and so is everything that a session may
 * hold: an unfinished request by max_request_size, pending answers by one turn, because nothing is
 * read while there are any.
 *
 * Where no sound answer can be given nothing is said: what came before is answered, the log tells
 * why, the connection is closed; Postfix tries again and defers. Cost: a read, a write and a log
 * line a request.
 */
#include "session.h"

#include "log.h"
#include "log_decision.h"
#include "postlatch/compiler.h"
#include "worker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK_MIN = 4096, DRAIN_READS = 16 };

static struct log_rate trouble_rate = LOG_RATE(10);

static void session_readable(struct session *s);
static void session_writable(struct session *s);

/* ---- beginning and end ---- */

static struct worker *worker_of(const struct session *s)
{
    return s->io.data;
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
    struct session *s = (struct session *)((char *)io - offsetof(struct session, io));

    (void)loop;
    pl_assert(s->magic == SESSION_MAGIC);
    if ((revents & EV_ERROR) != 0) {
        /* The kernel would not watch it, for want of memory or of watches. */
        log_error("cannot wait for a connection: %s; closing it", strerror(errno));
        session_close(s);
    } else if ((revents & EV_WRITE) != 0) {
        session_writable(s);
    } else {
        session_readable(s);
    }
}

/* Waits for events: EV_READ, EV_WRITE, or 0 for its turn. */
static void await(struct session *s, int events)
{
    if (ev_is_active(&s->io) && s->io.events == events)
        return;
    ev_io_stop(worker_of(s)->loop, &s->io);
    if (events == 0)
        return;
    ev_io_modify(&s->io, events);
    ev_io_start(worker_of(s)->loop, &s->io);
}

void session_open(struct session *s, struct worker *w, const struct handover *h)
{
    s->magic = SESSION_MAGIC;
    s->listener = h->listener;
    s->peer = h->peer;
    s->port = h->port;
    ev_io_init(&s->io, on_io, h->fd, EV_READ);
    s->io.data = w;
    ev_io_start(w->loop, &s->io);
}

/*
 * Closing a socket with unread bytes in it makes the kernel send a reset, which may overtake answers
 * that are still on their way. So take some of them out first.
 */
static void drain(struct session *s)
{
    shutdown(s->io.fd, SHUT_WR);
    for (int i = 0; i < DRAIN_READS; i++) {
        if (read(s->io.fd, worker_of(s)->in, WORKER_READ) <= 0)
            break;
    }
}

void session_close(struct session *s)
{
    struct worker *w = worker_of(s);

    pl_assert(s->magic == SESSION_MAGIC);
    ev_io_stop(w->loop, &s->io);
    if (s->closing || w->stopping)
        drain(s);
    close(s->io.fd);
    if (s->queued)
        TAILQ_REMOVE(&w->turns, s->in, turn);
    free(s->in);
    free(s->out);
    s->magic = SESSION_DEAD;
    worker_forget(w, s);
}

const char *session_peer(char out[SESSION_PEER], const struct session *s)
{
    char addr[PL_ADDR_TEXT];
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (s->peer.family != 0)
        snprintf(out, SESSION_PEER, s->peer.family == 6 ? "[%s]:%u" : "%s:%u",
                 pl_addr_format(addr, &s->peer), s->port);
    else if (getsockopt(s->io.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
        snprintf(out, SESSION_PEER, "uid:%lu,pid:%ld", (unsigned long)cred.uid, (long)cred.pid);
    else
        snprintf(out, SESSION_PEER, "unknown");
    return out;
}

/* The one line that tells of trouble with a peer. The session is to be closed. */
static void trouble(struct session *s, enum trouble kind, const char *fmt, ...) PL_PRINTF(3, 4);
static void trouble(struct session *s, enum trouble kind, const char *fmt, ...)
{
    char peer[SESSION_PEER], reason[200], more[64] = "";
    unsigned long suppressed;
    va_list ap;

    s->closing = true;
    counter_add(&worker_of(s)->counters.troubles[kind], 1);
    if (!log_rate_pass(&trouble_rate, &suppressed))
        return;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    if (suppressed > 0)
        snprintf(more, sizeof(more), " suppressed=%lu", suppressed);
    log_warn("trouble peer=%s listener=%s reason=\"%s\"%s", session_peer(peer, s),
             s->listener->endpoint.text, reason, more);
}

/* ---- memory of a session ---- */

static struct chunk *chunk_new(struct session *s, const char *p, size_t n, size_t cap)
{
    struct chunk *c;

    if (cap < n)
        cap = n;
    c = malloc(sizeof(*c) + cap + PL_REQUEST_PAD);
    if (c == NULL)
        return NULL;
    *c = (struct chunk){.session = s, .n = n, .cap = cap};
    memcpy(c->data, p, n);
    return c;
}

/* Room behind the unfinished request in s->in; false when memory is short. */
static bool make_room(struct session *s)
{
    struct chunk *c = s->in;
    size_t limit = worker_of(s)->pool->max_request_size, cap;

    if (c->start > 0) {
        memmove(c->data, c->data + c->start, c->n - c->start);
        c->n -= c->start;
        c->start = 0;
    }
    if (c->n < c->cap)
        return true;
    /* An unfinished request is shorter than the limit, else it would have been trouble. */
    pl_assert(c->n < limit);
    cap = c->cap > limit / 2 ? limit : 2 * c->cap;
    c = realloc(c, sizeof(*c) + cap + PL_REQUEST_PAD);
    if (c == NULL)
        return false;
    c->cap = cap;
    s->in = c;
    return true;
}

/* Keeps p[0..n), which lies in s->in or in the worker's buffer, for later; scan is of it. */
static bool keep(struct session *s, const char *p, size_t n, struct pl_request_scan scan)
{
    if (s->in != NULL) {
        s->in->scan = scan;
        s->in->start = (size_t)(p - s->in->data);
        if (n == 0) {
            free(s->in);
            s->in = NULL;
        }
        return true;
    }
    if (n == 0)
        return true;
    s->in = chunk_new(s, p, n, CHUNK_MIN);
    if (s->in == NULL)
        return false;
    s->in->scan = scan;
    return true;
}

/* ---- output ---- */

/*
 * "step 8" of the life of a request in docs/HACKING.md: sends what the socket takes, keeps the rest
 * in s->out. false when the peer is gone.
 */
static bool session_write(struct session *s, const char *p, size_t n)
{
    pl_assert(s->out == NULL);
    while (n > 0) {
        ssize_t sent = send(s->io.fd, p, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0) {
            s->out = chunk_new(s, p, n, n);
            return s->out != NULL;
        }
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* What the session does next, after a turn or a write; s may be dead afterwards. */
static void settle(struct session *s)
{
    if (s->out != NULL) {
        await(s, EV_WRITE);
    } else if (s->closing) {
        session_close(s);
    } else if (s->more) {
        await(s, 0);
        worker_queue_turn(worker_of(s), s);
    } else if (!worker_of(s)->stopping) {
        await(s, EV_READ);
    } else if (!s->last_read) {
        s->last_read = true;
        session_readable(s);
    } else {
        session_close(s);
    }
}

static void session_writable(struct session *s)
{
    struct chunk *c = s->out;
    ssize_t sent;

    pl_assert(c != NULL);
    sent = send(s->io.fd, c->data + c->start, c->n - c->start, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (sent < 0) {
        if (!s->closing)
            trouble(s, TROUBLE_SEND, "cannot send an answer: %s", strerror(errno));
        session_close(s);
        return;
    }
    c->start += (size_t)sent;
    if (c->start < c->n)
        return;
    free(c);
    s->out = NULL;
    settle(s);
}

/* ---- input ---- */

/* The reply of a decision whose action has placeholders, or is observed; its length. */
static PL_OWN_FRAME size_t format_answer(char out[PL_REPLY_MAX], const struct pl_policy *policy,
                                         const struct answered *a, const char **why)
{
    char action[PL_ACTION_ROOM];
    size_t n = pl_policy_answer(action, policy, &a->query, &a->decision);

    n = pl_reply_format(out, (struct pl_str){action, n});
    if (n == 0)
        *why = "the policy's answer cannot be sent";
    return n;
}

/*
 * Answers the request whose attributes are in *a: the reply in out, what to log in *a, which rule it was
 * in *number. Returns the length of the reply; 0 and *why if there is no sound answer.
 */
static inline size_t answer(const struct snapshot *snapshot, char out[PL_REPLY_MAX],
                            struct answered *a, size_t *number, const char **why)
{
    struct pl_str reply;

    pl_query_begin(&a->query);
    if (!snapshot_decide(snapshot, &a->query, &a->decision, number)) {
        *why = "the policy has no answer"; /* the place where a session will wait for a guard */
        return 0;
    }
    reply = snapshot->replies[*number];
    if (reply.n == 0)
        return format_answer(out, snapshot->config.policy, a, why);
    memcpy(out, reply.p, reply.n);
    return reply.n;
}

static void log_answered(struct worker *w, size_t count)
{
    const struct pl_config *config = &w->snapshot->config;

    for (struct answered *a = w->answered; a < w->answered + count; a++) {
        if (config->settings.log_decisions != PL_LOG_NONE)
            log_decision(config, w->snapshot->generation, &a->query, &a->decision, a->us);
        if (alarm_is_wanted(&a->query))
            alarm_note(&w->pool->alarm, &w->memo, &config->settings.masking_alarm, &a->query,
                       w->woke_us);
    }
}

/* What another policy would have answered, and who asks, while somebody watches. */
static PL_OWN_FRAME void look_back(struct worker *w, size_t count)
{
    const struct snapshot *now = w->snapshot;
    bool watched = busiest_is_watched(&w->pool->watch, w->woke_us);
    struct pl_decision theirs;

    for (struct answered *a = w->answered; a < w->answered + count; a++) {
        if (watched)
            busiest_note(&w->busiest, &w->pool->watch, &a->query, &a->decision);
        if (now->shadow == NULL || !shadow_differs(now->shadow, &a->query, &a->decision, &theirs))
            continue;
        counter_add(&w->counters.shadow_differs, 1);
        log_shadow(&now->config, now->generation, &a->query, &a->decision, &theirs);
    }
}

/* One turn over buf[0..len), which begins with a request; scan is how far it was looked at. */
static void take_turn(struct session *s, const char *buf, size_t len, struct pl_request_scan scan)
{
    struct worker *w = worker_of(s);
    size_t limit = w->pool->max_request_size, pos = 0, count = 0, out = 0;
    bool logs = w->snapshot->config.settings.log_decisions != PL_LOG_NONE;
    int64_t start = logs ? clock_us() : 0;
    const char *why = NULL;
    enum trouble kind = TROUBLE_MALFORMED;
    bool more = false, too_long = false;

    while (count < WORKER_TURN && why == NULL && pos < len) {
        size_t seen = len - pos < limit ? len - pos : limit, end, n, number;
        struct answered *a = &w->answered[count];
        enum pl_request_status status =
            pl_request_take(a->query.attr, buf + pos, seen, &scan, &end, &why);

        if (status == PL_REQUEST_MORE) {
            too_long = seen == limit;
            break;
        }
        if (status == PL_REQUEST_TROUBLE)
            break;
        n = answer(w->snapshot, w->out + out, a, &number, &why);
        if (n == 0) {
            kind = TROUBLE_NO_ANSWER;
            break;
        }
        counter_add(&w->decided[number], 1);
        a->us = logs ? clock_us() - start : 0;
        count++;
        out += n;
        pos += end;
        scan = (struct pl_request_scan){0};
    }
    more = count == WORKER_TURN && pos < len;
    /* What is counted is counted before anybody can know that he was answered. */
    counter_add(&w->counters.requests, count);
    /* Before the answer is sent: who has it is not idle, however long this thread is held up then. */
    if (count > 0)
        worker_touch(w, s);
    if (!session_write(s, w->out, out)) {
        why = NULL;
        trouble(s, TROUBLE_SEND, "cannot send an answer: %s", strerror(errno));
    }
    log_answered(w, count);
    if (w->looks_back)
        look_back(w, count);
    if (why != NULL)
        trouble(s, kind, "%s", why);
    else if (too_long && !s->closing)
        trouble(s, TROUBLE_TOO_LARGE, "no end of the request after %zu bytes (max_request_size)",
                limit);
    else if (!s->closing && !keep(s, buf + pos, len - pos, scan))
        trouble(s, TROUBLE_MEMORY, "out of memory");
    s->more = more && !s->closing;
}

void session_turn(struct session *s)
{
    pl_assert(s->magic == SESSION_MAGIC && s->in != NULL && s->out == NULL);
    take_turn(s, s->in->data + s->in->start, s->in->n - s->in->start, s->in->scan);
    settle(s);
}

/* The end of what the peer sends. An answer that it still waits for has been sent before. */
static void end_of_input(struct session *s, int error)
{
    if (s->in != NULL && !worker_of(s)->stopping)
        trouble(s, TROUBLE_CUT_OFF, "%s in the middle of a request",
                error == 0 ? "the peer ended its stream" : strerror(error));
    session_close(s);
}

/* "step 2" of the life of a request in docs/HACKING.md; s may be dead afterwards. */
static void session_readable(struct session *s)
{
    struct worker *w = worker_of(s);
    char *to = w->in;
    size_t room = WORKER_READ;
    ssize_t got;

    pl_assert(s->out == NULL && !s->more);
    if (s->in != NULL) {
        if (!make_room(s)) {
            trouble(s, TROUBLE_MEMORY, "out of memory");
            session_close(s);
            return;
        }
        to = s->in->data + s->in->n;
        room = s->in->cap - s->in->n;
    }
    got = read(s->io.fd, to, room);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        settle(s);
        return;
    }
    if (got <= 0) {
        end_of_input(s, got == 0 ? 0 : errno);
        return;
    }
    if (s->in != NULL) {
        s->in->n += (size_t)got;
        session_turn(s);
        return;
    }
    take_turn(s, w->in, (size_t)got, (struct pl_request_scan){0});
    settle(s);
}

void session_finish(struct session *s)
{
    /* Pending answers, or further requests in hand, come first; settle() goes on from there. */
    if (s->out == NULL && !s->more)
        settle(s);
}
