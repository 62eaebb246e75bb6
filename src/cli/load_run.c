/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load generator: one thread, one epoll. It must cost less than the server that it measures,
 * so a request is one send of bytes that lie ready and one recv, and sockets are watched by edge:
 * nothing is ever armed again. An edge is only missed by who leaves bytes unread, and whatever is
 * read beyond one answer is an error anyway.
 */
#include "load.h"

#include "postlatch/compiler.h"
#include "postlatch/quote.h"
#include "postlatch/reply.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    SPARE_FILES = 16,   /* what the process has open besides its connections */
    WAIT_MS = 100,      /* how long nothing may happen until the clock is looked at */
    SPIN_NS = 2000000,  /* a request that is due sooner is waited for awake */
    IN_SIZE = 16 * 1024 /* much more than any answer */
};

struct connection {
    int fd;            /* -1: lost */
    bool waiting;      /* for an answer */
    bool blocked;      /* the socket has not taken all of the request */
    int64_t since_ns;  /* when the request was sent, or due */
    uint64_t next;     /* open loop: index of its next request */
    struct pl_str out; /* what the socket has not taken */
    char *part;        /* the beginning of an answer that came in pieces */
    size_t part_n;
};

struct load {
    const struct load_plan *plan;
    struct load_result *result;
    struct connection *each;
    size_t waiting, alive;
    int epoll;
    size_t cursor; /* the request that is sent next */
    bool pacing;   /* open loop, beyond the warm-up */
    int64_t start_ns, end_ns, last_ns;
    uint64_t due, total; /* open loop: requests that were due so far, and will have been */
    char in[IN_SIZE];
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t = {0};

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t load_result_errors(const struct load_result *r)
{
    return r->asked - r->answers + r->lost_idle;
}

static void note_trouble(struct load *l, const char *fmt, ...) PL_PRINTF(2, 3);
static void note_trouble(struct load *l, const char *fmt, ...)
{
    va_list ap;

    if (l->result->trouble[0] != '\0')
        return;
    va_start(ap, fmt);
    vsnprintf(l->result->trouble, sizeof(l->result->trouble), fmt, ap);
    va_end(ap);
}

/* ---- one connection ---- */

static void lose(struct load *l, struct connection *c)
{
    if (c->waiting)
        l->waiting--;
    else
        l->result->lost_idle++;
    c->waiting = false;
    close(c->fd);
    c->fd = -1;
    l->alive--;
}

static void watch(struct load *l, struct connection *c, uint32_t events)
{
    struct epoll_event e = {.events = events | EPOLLET, .data.ptr = c};

    if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &e) != 0) {
        note_trouble(l, "cannot wait for a connection: %s", strerror(errno));
        lose(l, c);
    }
}

/* Sends what is left of the request. */
static void push(struct load *l, struct connection *c)
{
    ssize_t sent = send(c->fd, c->out.p, c->out.n, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        note_trouble(l, "cannot send a request: %s", strerror(errno));
        lose(l, c);
        return;
    }
    if (sent > 0)
        c->out = pl_str_from(c->out, (size_t)sent);
    if ((c->out.n > 0) != c->blocked) {
        c->blocked = !c->blocked;
        watch(l, c, c->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static void send_next(struct load *l, struct connection *c, int64_t since_ns)
{
    const struct load_requests *r = l->plan->requests;
    size_t from = l->cursor == 0 ? 0 : r->end[l->cursor - 1];

    c->out = (struct pl_str){r->bytes.p + from, r->end[l->cursor] - from};
    l->cursor = l->cursor + 1 == r->count ? 0 : l->cursor + 1;
    c->since_ns = since_ns;
    c->waiting = true;
    l->waiting++;
    push(l, c);
}

/* ---- answers ---- */

static bool is_plain(struct pl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!pl_ascii_is_print(s.p[i]))
            return false;
    }
    return true;
}

static void count_word(struct load_result *r, struct pl_str word)
{
    if (word.n >= sizeof(r->words[0].text))
        word.n = sizeof(r->words[0].text) - 1;
    for (size_t i = 0; i < r->nwords; i++) {
        if (memcmp(r->words[i].text, word.p, word.n) == 0 && r->words[i].text[word.n] == '\0') {
            r->words[i].count++;
            return;
        }
    }
    if (r->nwords == LOAD_WORDS_MAX || !is_plain(word)) {
        r->other_words++;
        return;
    }
    memcpy(r->words[r->nwords].text, word.p, word.n);
    r->words[r->nwords++].count = 1;
}

enum verdict { PARTIAL, SOUND, MALFORMED };

/* Is it "action=" and a word and more, one line, then an empty line, and nothing behind? */
static enum verdict judge(struct pl_str s, struct pl_str *word)
{
    static const char name[] = "action=";
    const size_t head = sizeof(name) - 1;
    size_t line = pl_str_find(s, '\n');

    if (s.n > PL_REPLY_MAX || (s.n == PL_REPLY_MAX && line + 1 >= s.n))
        return MALFORMED;
    if (line + 1 >= s.n)
        return PARTIAL;
    if (line + 2 != s.n || s.p[line + 1] != '\n' || memchr(s.p, '\0', s.n) != NULL)
        return MALFORMED;
    if (line <= head || memcmp(s.p, name, head) != 0 || s.p[head] == ' ')
        return MALFORMED;
    *word = (struct pl_str){s.p + head, line - head};
    word->n = pl_str_find(*word, ' ');
    return SOUND;
}

/* Puts the pieces of an answer together; false if there cannot be such an answer. */
static bool join(struct connection *c, struct pl_str got, struct pl_str *whole)
{
    if (c->part == NULL)
        c->part = malloc(PL_REPLY_MAX);
    if (c->part == NULL || c->part_n + got.n > PL_REPLY_MAX)
        return false;
    memcpy(c->part + c->part_n, got.p, got.n);
    c->part_n += got.n;
    *whole = (struct pl_str){c->part, c->part_n};
    return true;
}

static void malformed(struct load *l, struct connection *c, struct pl_str what)
{
    struct pl_quote q;

    note_trouble(l, "not one well-formed answer: %s", pl_quote(&q, what));
    lose(l, c);
}

/* Reads; true when the answer that c waits for is there and is sound. */
static bool receive(struct load *l, struct connection *c)
{
    ssize_t got = recv(c->fd, l->in, sizeof(l->in), MSG_DONTWAIT);
    struct pl_str s = {l->in, got > 0 ? (size_t)got : 0}, word;
    enum verdict verdict = MALFORMED;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        note_trouble(l, "a connection was lost: %s",
                     got == 0 ? "closed by the server" : strerror(errno));
        lose(l, c);
        return false;
    }
    if (!c->waiting || c->blocked) {
        malformed(l, c, s); /* nobody asked, or the question is not finished */
        return false;
    }
    if (c->part_n == 0 || join(c, s, &s))
        verdict = judge(s, &word);
    if (verdict == PARTIAL && c->part_n == 0 && !join(c, s, &s))
        verdict = MALFORMED;
    if (verdict == PARTIAL)
        return false;
    if (verdict == MALFORMED) {
        malformed(l, c, s);
        return false;
    }
    c->part_n = 0;
    c->waiting = false;
    l->waiting--;
    l->result->answers++;
    count_word(l->result, word);
    return true;
}

/* ---- the loops ---- */

static int64_t due_ns(const struct load *l, uint64_t index)
{
    uint64_t rate = l->plan->rate;

    return l->start_ns + (int64_t)(index / rate * 1000000000 + index % rate * 1000000000 / rate);
}

/* Open loop: c sends its next request, which is due. */
static void send_due(struct load *l, struct connection *c)
{
    uint64_t index = c->next;

    c->next += l->plan->connections;
    send_next(l, c, due_ns(l, index));
}

/* Open loop: all that has become due; where the connection waits, it will be sent from there. */
static void release_due(struct load *l, int64_t now)
{
    while (l->due < l->total && due_ns(l, l->due) <= now) {
        struct connection *c = &l->each[l->due++ % l->plan->connections];

        l->result->asked++;
        if (c->fd >= 0 && !c->waiting)
            send_due(l, c);
    }
}

static void answered(struct load *l, struct connection *c)
{
    int64_t now = now_ns();

    load_histogram_add(&l->result->latency, now - c->since_ns);
    l->last_ns = now;
    if (l->pacing) {
        if (c->next < l->due)
            send_due(l, c);
    } else if (now < l->end_ns) {
        l->result->asked++;
        send_next(l, c, now);
    }
}

/* How long may be slept, in ms. */
static int sleep_ms(const struct load *l, int64_t now)
{
    int64_t left;

    if (!l->pacing || l->due == l->total)
        return WAIT_MS;
    left = due_ns(l, l->due) - now;
    if (left < SPIN_NS)
        return 0;
    return left > (int64_t)WAIT_MS * 1000000 ? WAIT_MS : (int)((left - SPIN_NS / 2) / 1000000);
}

static bool finished(const struct load *l, int64_t now)
{
    if (l->alive == 0 || now > l->end_ns + (int64_t)LOAD_PATIENCE_S * 1000000000)
        return true;
    return now >= l->end_ns && l->waiting == 0 && l->due == l->total;
}

static void loop(struct load *l)
{
    struct epoll_event events[EVENTS];
    int64_t now = now_ns();

    while (!finished(l, now)) {
        int n;

        if (l->pacing)
            release_due(l, now);
        n = epoll_wait(l->epoll, events, EVENTS, sleep_ms(l, now));
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            if ((events[i].events & EPOLLOUT) != 0 && c->blocked)
                push(l, c);
            if (c->fd >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0 && receive(l, c))
                answered(l, c);
        }
        now = now_ns();
    }
    if (l->waiting > 0)
        note_trouble(l, "an answer is missing after %d seconds", LOAD_PATIENCE_S);
}

/* One request and answer on each connection: then all of them are accepted, and caches are warm. */
static bool warm_up(struct load *l)
{
    l->end_ns = now_ns();
    for (size_t i = 0; i < l->plan->connections; i++) {
        l->result->asked++;
        send_next(l, &l->each[i], l->end_ns);
    }
    loop(l);
    if (load_result_errors(l->result) == 0)
        return true;
    trouble("bench: %s", l->result->trouble);
    return false;
}

static void measure(struct load *l, clockid_t cpu)
{
    const struct load_plan *p = l->plan;
    int64_t cpu_ns;

    *l->result = (struct load_result){0};
    l->pacing = p->rate != 0;
    l->total = (uint64_t)p->rate * p->seconds; /* 0 in the closed loop, as is l->due */
    cpu_ns = p->pid != 0 ? clock_ns(cpu) : 0;
    l->start_ns = l->last_ns = now_ns();
    l->end_ns = l->start_ns + (int64_t)p->seconds * 1000000000;
    for (size_t i = 0; i < p->connections; i++) {
        l->each[i].next = i;
        if (!l->pacing) {
            l->result->asked++;
            send_next(l, &l->each[i], now_ns());
        }
    }
    loop(l);
    l->result->elapsed_ns = l->last_ns - l->start_ns;
    l->result->cpu_ns = p->pid != 0 ? clock_ns(cpu) - cpu_ns : 0;
}

/* ---- before and after ---- */

static bool allow_files(unsigned connections)
{
    rlim_t needed = (rlim_t)connections + SPARE_FILES;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        trouble("bench: cannot read the limit of open files: %s", strerror(errno));
        return false;
    }
    if (limit.rlim_cur >= needed)
        return true;
    if (limit.rlim_max < needed) {
        trouble("bench: %u connections need %lu open files; the hard limit is %lu (ulimit -Hn)",
                connections, (unsigned long)needed, (unsigned long)limit.rlim_max);
        return false;
    }
    limit.rlim_cur = needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    trouble("bench: cannot raise the limit of open files: %s", strerror(errno));
    return false;
}

static bool connect_one(struct load *l, struct connection *c)
{
    const struct pl_endpoint *where = l->plan->where;
    struct timeval patience = {.tv_sec = LOAD_CONNECT_S};
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.ptr = c};
    int on = 1;

    /* It stays blocking, for the sake of connect; whatever is sent or read says MSG_DONTWAIT. */
    c->fd = socket(where->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    l->alive++;
    if (!pl_endpoint_is_unix(where))
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
           connect(c->fd, (const struct sockaddr *)&where->addr, where->len) == 0 &&
           epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) == 0;
}

static bool connect_all(struct load *l)
{
    for (size_t i = 0; i < l->plan->connections; i++) {
        if (!connect_one(l, &l->each[i])) {
            trouble("bench: connection %zu to %s: %s", i + 1, l->plan->where->text,
                    errno == EAGAIN || errno == EINPROGRESS ? "not accepted in time"
                                                            : strerror(errno));
            return false;
        }
    }
    return true;
}

static bool load_init(struct load *l, const struct load_plan *plan, struct load_result *result)
{
    *result = (struct load_result){0};
    l->plan = plan;
    l->result = result;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->each = calloc(plan->connections, sizeof(*l->each));
    for (size_t i = 0; l->each != NULL && i < plan->connections; i++)
        l->each[i].fd = -1;
    if (l->epoll >= 0 && l->each != NULL)
        return true;
    trouble("bench: %s", strerror(errno));
    return false;
}

static void load_fini(struct load *l)
{
    for (size_t i = 0; l->each != NULL && i < l->plan->connections; i++) {
        if (l->each[i].fd >= 0)
            close(l->each[i].fd);
        free(l->each[i].part);
    }
    free(l->each);
    if (l->epoll >= 0)
        close(l->epoll);
    free(l);
}

bool load_run(const struct load_plan *plan, struct load_result *result)
{
    struct load *l = calloc(1, sizeof(*l));
    clockid_t cpu = CLOCK_MONOTONIC;
    bool ok;
    int error = plan->pid != 0 ? clock_getcpuclockid(plan->pid, &cpu) : 0;

    if (l == NULL) {
        trouble("out of memory");
        return false;
    }
    ok = load_init(l, plan, result);
    if (ok && error != 0) {
        trouble("bench: process %ld: %s", (long)plan->pid, strerror(error));
        ok = false;
    }
    ok = ok && allow_files(plan->connections) && connect_all(l) && warm_up(l);
    if (ok)
        measure(l, cpu);
    load_fini(l);
    return ok;
}
