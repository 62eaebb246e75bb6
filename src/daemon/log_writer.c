/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that gives lines away, and the queues that lead to it: one of each worker's decisions,
 * and one of everybody's messages behind a lock, so that no flood of decisions displaces a message.
 * What a slow, full or absent logger does not take stays in its queue while there is room; then the
 * oldest lines are dropped and counted, so that the copy on standard error still gets everything.
 *
 * The thread sleeps in three ways. IDLE: all queues were empty; the next line wakes it. NAP: there
 * were lines just now, so more will come; it looks again after TICK_US, and a queue that is half full
 * wakes it before. STUCK: the logger takes nothing; it wakes when that changes, and a queue that is
 * almost full wakes it before. So a busy daemon pays for some hundred wake-ups a second, whatever it
 * logs, and the line of a quiet one leaves at once. No wake-up is lost: the thread says that it goes
 * to sleep, then looks at the queues; a producer commits its line, then looks whether the thread
 * sleeps; both in one order (sequentially consistent).
 *
 * Without the thread, before log_start and after log_close, lines go out at once, under the lock.
 * Cost of a line in a worker: no lock, no call of the system unless the thread is to be woken.
 */
#include "log_writer.h"

#include "log_queue.h"
#include "log_syslog.h"
#include "loop.h"
#include "postlatch/compiler.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { MS = 1000, TICK_US = 4 * MS, SAY_DROPS_MS = 1000 };

/* How long to wait before the next try when nothing is taken and no news can be hoped for. */
enum { RETRY_MIN_US = 100, RETRY_MAX_US = 500 * MS };

enum sleep { AWAKE, NAP, STUCK, IDLE };

/* A queue, as the thread sees it. */
struct source {
    struct log_queue *queue;
    size_t copied; /* up to where standard error has got it */
    size_t end;    /* of what this pass looks at */
};

static struct {
    /* Producers of messages; and everything below, as long as there is no thread. */
    pthread_mutex_t lock;
    atomic_bool running;
    char direct[LOG_LINE_MAX]; /* a line that goes out at once */
    struct source *sources;    /* the first one is that of messages, then one a worker */
    size_t count;

    pthread_t thread;
    int wake; /* an eventfd; -1 without a thread */
    sem_t flushed;
    atomic_int sleep; /* enum sleep */
    atomic_bool stopping, flush;

    /* The thread's. */
    bool stuck, absent;  /* nothing is taken now; because nobody is there */
    bool room;           /* the socket said that it has room, and nothing was taken since */
    bool await_room;     /* the socket will say so */
    int64_t retry_at_us; /* nothing is tried before, unless it says so */
    unsigned retry_us;   /* how long to wait the next time that nothing is taken */
    bool ending;         /* stopping was seen */
    size_t first;        /* the worker whose turn it is to be first */
    size_t batch;        /* lines to offer at once: some more than were taken lately */
    int64_t deadline_us, said_us;
    unsigned long said; /* dropped lines that syslog was told of */
    atomic_ulong discarded;
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1, .batch = LOG_BATCH, .said_us = INT64_MIN / 2};

static _Thread_local struct log_queue *my_queue;
static _Thread_local bool is_writer;

/* ---- the producers' side ---- */

static void wake(void)
{
    if (atomic_exchange(&writer.sleep, AWAKE) != AWAKE)
        eventfd_write(writer.wake, 1);
}

static inline void commit(struct log_queue *q, int priority, int64_t second, size_t n)
{
    size_t used = log_queue_commit(q, priority, second, n), size = log_queue_size(q);
    int sleep = atomic_load(&writer.sleep);

    if (sleep == IDLE || (sleep == NAP && used >= size / 2) ||
        (sleep == STUCK && used >= size / 4 * 3))
        wake();
}

void log_use_queue(unsigned worker)
{
    pl_assert(worker + 1 < writer.count);
    my_queue = writer.sources[worker + 1].queue;
}

char *log_reserve(void)
{
    char *room;

    if (my_queue != NULL)
        return log_queue_reserve(my_queue, LOG_LINE_MAX);
    pthread_mutex_lock(&writer.lock);
    if (!atomic_load(&writer.running))
        return writer.direct;
    room = log_queue_reserve(writer.sources[0].queue, LOG_LINE_MAX);
    if (room == NULL)
        pthread_mutex_unlock(&writer.lock);
    return room;
}

static void send_at_once(const struct log_record *r);

void log_commit(int priority, size_t n)
{
    struct log_record r = {
        {writer.direct, n}, time(NULL), priority & ~LOG_DECISION, (priority & LOG_DECISION) != 0};

    pl_assert(n <= LOG_LINE_MAX);
    if (my_queue != NULL) {
        commit(my_queue, priority, r.second, n);
        return;
    }
    if (!atomic_load(&writer.running))
        send_at_once(&r);
    else
        commit(writer.sources[0].queue, priority, r.second, n);
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_put(int priority, struct pl_str text)
{
    struct log_record r = {text, time(NULL), priority, false};

    pthread_mutex_lock(&writer.lock);
    if (!atomic_load(&writer.running)) {
        send_at_once(&r);
    } else {
        char *room = log_queue_reserve(writer.sources[0].queue, text.n);

        if (room != NULL) {
            memcpy(room, text.p, text.n);
            commit(writer.sources[0].queue, priority, r.second, text.n);
        }
    }
    pthread_mutex_unlock(&writer.lock);
}

/* ---- giving lines away: the thread, or whoever has the lock without one ---- */

unsigned long log_dropped(void)
{
    unsigned long n = atomic_load(&writer.discarded);

    for (size_t i = 0; i < writer.count; i++)
        n += log_queue_refused(writer.sources[i].queue);
    return n;
}

static void note_taken(enum log_taken taken)
{
    writer.stuck = taken == LOG_FULL || taken == LOG_ABSENT;
    writer.absent = taken == LOG_ABSENT;
}

/* Syslog takes lines again: say what it has missed. */
static void say_drops(void)
{
    unsigned long lost = log_dropped() - writer.said;
    int64_t now = clock_us();
    struct log_record r = {{NULL, 0}, time(NULL), LOG_WARNING, false};
    enum log_taken taken;
    char text[64], form[LOG_LINE_MAX];
    int n;

    if (lost == 0 || now - writer.said_us < SAY_DROPS_MS * MS)
        return;
    n = snprintf(text, sizeof(text), "log: %lu line%s dropped", lost,
                 lost == 1 ? " was" : "s were");
    r.text = log_form(form, r.priority, (struct pl_str){text, (size_t)n});
    if (log_syslog_send(&r, 1, &taken) == 1) {
        writer.said += lost;
        writer.said_us = now;
    }
    note_taken(taken);
}

static void send_at_once(const struct log_record *r)
{
    enum log_taken taken;
    int saved = errno;

    if (log_stderr_is_twice())
        ; /* by the stream only */
    else if (log_syslog_send(r, 1, &taken) == 0)
        atomic_fetch_add(&writer.discarded, 1);
    else
        say_drops();
    log_stderr_add(r->priority, r->text);
    log_stderr_flush();
    errno = saved;
}

static void copy_to_stderr(struct source *s)
{
    struct log_record r;

    if (!log_stderr_is_wanted() || log_stderr_is_twice())
        s->copied = s->end;
    while (log_queue_next(s->queue, &s->copied, s->end, &r))
        log_stderr_add(r.priority, r.text);
}

/* Lines of one queue to syslog, until it takes no more. */
static void send_source(struct source *s)
{
    struct log_record records[LOG_BATCH];
    size_t behind[LOG_BATCH], at = log_queue_begin(s->queue);
    enum log_taken taken;

    while (!writer.stuck && at != s->end) {
        size_t n = 0, sent;

        while (n < writer.batch && log_queue_next(s->queue, &at, s->end, &records[n]))
            behind[n++] = at;
        sent = log_syslog_send(records, n, &taken);
        if (taken == LOG_UNFIT) {
            atomic_fetch_add(&writer.discarded, 1);
            sent = 1;
        }
        if (sent > 0) {
            log_queue_release(s->queue, behind[sent - 1]);
            writer.retry_us = RETRY_MIN_US;
            writer.room = false;
        }
        at = log_queue_begin(s->queue);
        note_taken(taken);
        writer.batch = sent == n ? 2 * sent : sent + 4;
        if (writer.batch > LOG_BATCH)
            writer.batch = LOG_BATCH;
    }
}

/*
 * Nobody takes lines, and there is little room for more: the oldest go. A logger that is only slow has
 * more time for them.
 */
static void discard(struct source *s)
{
    size_t at = log_queue_begin(s->queue), size = log_queue_size(s->queue);
    size_t most = writer.absent ? size / 2 : size / 4 * 3;
    unsigned long lost = 0;
    struct log_record r;

    if (s->end - at < most)
        return;
    while (s->end - at > most - size / 4 && log_queue_next(s->queue, &at, s->end, &r))
        lost++;
    log_queue_release(s->queue, at);
    atomic_fetch_add(&writer.discarded, lost);
}

/* Nothing is taken any more: what to wait for. */
static void plan_retry(void)
{
    /* A socket that says it has room and then takes nothing must not keep us busy. */
    writer.await_room = !writer.absent && !writer.room;
    writer.room = false;
    writer.retry_at_us = clock_us() + (writer.await_room ? RETRY_MAX_US : writer.retry_us);
    if (!writer.await_room)
        writer.retry_us = writer.retry_us > RETRY_MAX_US / 2 ? RETRY_MAX_US : 2 * writer.retry_us;
}

/* All that was looked at, messages first; the workers take turns at being the next. */
static void send_all(void)
{
    size_t workers = writer.count - 1;
    bool held = clock_us() < writer.retry_at_us;

    writer.stuck = held;
    send_source(&writer.sources[0]);
    for (size_t i = 0; i < workers; i++)
        send_source(&writer.sources[1 + (writer.first + i) % workers]);
    writer.first++;
    if (!writer.stuck)
        say_drops();
    if (writer.stuck && !held)
        plan_retry();
}

/* Looks at all queues once; returns whether there was something to do. */
static bool pass(void)
{
    bool busy = false;

    /*
     * Messages are looked at last and sent first: what a worker said before a decision that is sent
     * now stands before it.
     */
    for (size_t i = writer.count; i > 0; i--) {
        struct source *s = &writer.sources[i - 1];

        s->end = log_queue_end(s->queue);
        busy = busy || s->end != log_queue_begin(s->queue);
    }
    for (size_t i = 0; i < writer.count; i++)
        copy_to_stderr(&writer.sources[i]);
    log_stderr_flush();
    send_all();
    for (size_t i = 0; i < writer.count && writer.stuck; i++)
        discard(&writer.sources[i]);
    return busy;
}

/* ---- the thread ---- */

/* Until somebody calls wake(), or syslog has room if we wait for that, or us have passed; -1: never. */
static void sleep_for(int64_t us)
{
    struct pollfd fds[2] = {{writer.wake, POLLIN, 0}, {log_syslog_fd(), POLLOUT, 0}};
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nfds_t n = writer.stuck && writer.await_room ? 2 : 1;
    eventfd_t calls;

    if (ppoll(fds, n, us < 0 ? NULL : &time, NULL) > 0) {
        if (fds[0].revents != 0)
            eventfd_read(writer.wake, &calls);
        if (n == 2 && fds[1].revents != 0) {
            writer.room = true;
            writer.retry_at_us = 0;
        }
    }
    atomic_store(&writer.sleep, AWAKE);
}

static bool all_empty(void)
{
    for (size_t i = 0; i < writer.count; i++) {
        if (log_queue_end(writer.sources[i].queue) != log_queue_begin(writer.sources[i].queue))
            return false;
    }
    return true;
}

/* Somebody waits for another pass. */
static bool is_called(void)
{
    return atomic_load(&writer.flush) || (atomic_load(&writer.stopping) && !writer.ending);
}

/* Sleeps until there is something to do. */
static void rest(bool busy)
{
    bool idle = !busy && !writer.stuck && log_dropped() == writer.said;

    atomic_store(&writer.sleep, idle ? IDLE : writer.stuck && !writer.absent ? STUCK : NAP);
    if (is_called() || (idle && !all_empty())) {
        atomic_store(&writer.sleep, AWAKE);
    } else if (idle) {
        sleep_for(-1);
    } else if (writer.stuck) {
        int64_t left = writer.retry_at_us - clock_us();

        sleep_for(left > 0 ? left : 0);
    } else {
        sleep_for(TICK_US);
    }
}

/* Nothing is left to be given away, or nobody to take it. */
static bool is_dry(void)
{
    return (writer.stuck && writer.absent) || all_empty();
}

static void *run(void *arg)
{
    bool flushing = false, busy;

    (void)arg;
    is_writer = true;
    pthread_setname_np(pthread_self(), "log"); /* its own name: the sandbox keeps /proc away */
    for (;;) {
        if (is_called()) {
            flushing = atomic_exchange(&writer.flush, false) || flushing;
            writer.ending = atomic_load(&writer.stopping);
            writer.retry_at_us = 0;
            writer.retry_us = RETRY_MIN_US;
        }
        busy = pass();
        if (flushing && is_dry()) {
            flushing = false;
            sem_post(&writer.flushed);
        }
        if (writer.ending && (is_dry() || clock_us() >= writer.deadline_us))
            return NULL;
        rest(busy);
    }
}

static void forget_thread(void)
{
    for (size_t i = 0; i < writer.count; i++)
        log_queue_free(writer.sources[i].queue);
    free(writer.sources);
    writer.sources = NULL;
    writer.count = 0;
    if (writer.wake >= 0)
        close(writer.wake);
    writer.wake = -1;
    sem_destroy(&writer.flushed);
}

bool log_writer_start(unsigned workers)
{
    bool ok;

    pthread_mutex_lock(&writer.lock);
    writer.sources = calloc(workers + 1U, sizeof(*writer.sources));
    ok = writer.sources != NULL;
    for (; ok && writer.count < workers + 1U; writer.count += ok) {
        writer.sources[writer.count].queue =
            log_queue_new(writer.count == 0 ? LOG_MESSAGES_BYTES : LOG_QUEUE_BYTES);
        ok = writer.sources[writer.count].queue != NULL;
    }
    sem_init(&writer.flushed, 0, 0);
    writer.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&writer.sleep, AWAKE);
    writer.retry_us = RETRY_MIN_US;
    writer.retry_at_us = 0;
    ok = ok && writer.wake >= 0 && pthread_create(&writer.thread, NULL, run, NULL) == 0;
    if (!ok)
        forget_thread();
    atomic_store(&writer.running, ok);
    pthread_mutex_unlock(&writer.lock);
    return ok;
}

/* What is left in the queues, and what they refused, is dropped. */
static void count_left(void)
{
    unsigned long lost = 0;
    struct log_record r;

    for (size_t i = 0; i < writer.count; i++) {
        struct log_queue *q = writer.sources[i].queue;
        size_t at = log_queue_begin(q), end = log_queue_end(q);

        lost += log_queue_refused(q);
        while (log_queue_next(q, &at, end, &r))
            lost++;
    }
    atomic_fetch_add(&writer.discarded, lost);
}

void log_writer_stop(void)
{
    pthread_mutex_lock(&writer.lock);
    if (atomic_load(&writer.running)) {
        writer.deadline_us = clock_us() + LOG_PATIENCE_MS * MS;
        atomic_store(&writer.stopping, true);
        wake();
        pthread_join(writer.thread, NULL);
        count_left();
        forget_thread();
        atomic_store(&writer.stopping, false);
        writer.ending = false;
        atomic_store(&writer.running, false);
        if (log_dropped() != writer.said) {
            writer.said_us = INT64_MIN / 2; /* now or never */
            say_drops();
        }
    }
    pthread_mutex_unlock(&writer.lock);
}

void log_flush(void)
{
    struct timespec until;

    if (!atomic_load(&writer.running) || is_writer)
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOG_PATIENCE_MS / 1000;
    while (sem_trywait(&writer.flushed) == 0)
        ; /* of a flush that was not waited for to its end */
    atomic_store(&writer.flush, true);
    wake();
    while (sem_clockwait(&writer.flushed, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
        ;
}
