/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines to syslog, one datagram each: `<PRI>Mmm dd hh:mm:ss tag[pid]: text`. syslog(3) would wait
 * for a slow logger, and with it the mail. The socket is never connected: every line names the path,
 * so a syslog that was restarted needs no reconnecting. What would block or finds nobody is dropped
 * and counted; the number is said as soon as a line gets through again, once a second at most.
 *
 * Threads: each keeps a copy of where lines go, and of the time as text, so that no lock is taken
 * unless a reload changed something. Cost: one sendmsg a line.
 */
#include "log.h"

#include "loop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { TAG_MAX = 64, SAY_DROPS_MS = 1000 };

/* Where lines go. */
struct target {
    struct sockaddr_un addr;
    int facility;
    char tag[TAG_MAX + 1];
};

static struct {
    int fd;
    pthread_mutex_t lock; /* of target, while it is changed or copied */
    struct target target;
    atomic_uint version; /* of target; counts from 1 */
    atomic_int to_stderr;
    atomic_ulong dropped, unsaid;
    atomic_llong said_ms;
} the_log = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .version = 1};

/* A thread's own copies. */
static _Thread_local struct target my_target;
static _Thread_local unsigned my_version;
static _Thread_local time_t my_second;
static _Thread_local char my_time[32];

static void set_target(const char *path, const char *tag, int facility)
{
    pthread_mutex_lock(&the_log.lock);
    memset(&the_log.target, 0, sizeof(the_log.target));
    the_log.target.addr.sun_family = AF_UNIX;
    snprintf(the_log.target.addr.sun_path, sizeof(the_log.target.addr.sun_path), "%s", path);
    snprintf(the_log.target.tag, sizeof(the_log.target.tag), "%s", tag);
    the_log.target.facility = facility;
    atomic_fetch_add_explicit(&the_log.version, 1, memory_order_release);
    pthread_mutex_unlock(&the_log.lock);
}

void log_open(void)
{
    tzset();
    set_target("/dev/log", "postlatchd", LOG_MAIL);
    the_log.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    log_stderr_open();
}

void log_close(void)
{
    if (the_log.fd >= 0)
        close(the_log.fd);
    the_log.fd = -1;
    log_stderr_close();
}

void log_configure(const struct pl_settings *settings)
{
    set_target(settings->log_socket, settings->log_tag, settings->log_facility);
}

void log_to_stderr(enum log_stderr what)
{
    atomic_store(&the_log.to_stderr, (int)what);
}

unsigned long log_dropped(void)
{
    return atomic_load(&the_log.dropped);
}

static const struct target *target(void)
{
    if (atomic_load_explicit(&the_log.version, memory_order_acquire) != my_version) {
        pthread_mutex_lock(&the_log.lock);
        my_target = the_log.target;
        my_version = atomic_load(&the_log.version);
        pthread_mutex_unlock(&the_log.lock);
    }
    return &my_target;
}

/* Names of months come from here and not from strftime, so that no locale can change them. */
static const char *time_text(void)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = time(NULL);
    struct tm tm;

    if (now != my_second || my_time[0] == '\0') {
        localtime_r(&now, &tm);
        snprintf(my_time, sizeof(my_time), "%.3s %2d %02d:%02d:%02d", months + 3 * tm.tm_mon,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        my_second = now;
    }
    return my_time;
}

/* One datagram; false if syslog did not take it. */
static bool send_line(int priority, struct pl_str text)
{
    const struct target *t = target();
    char head[TAG_MAX + 80];
    struct iovec iov[2];
    struct msghdr msg = {0};
    int n = snprintf(head, sizeof(head), "<%d>%s %s[%ld]: ", t->facility | priority, time_text(),
                     t->tag, (long)getpid());

    pl_assert(n > 0 && (size_t)n < sizeof(head));
    iov[0] = (struct iovec){head, (size_t)n};
    iov[1] = (struct iovec){(void *)(uintptr_t)text.p, text.n};
    msg.msg_name = (void *)(uintptr_t)&t->addr;
    msg.msg_namelen = sizeof(t->addr);
    msg.msg_iov = iov;
    msg.msg_iovlen = 2;
    return sendmsg(the_log.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Syslog takes lines again: say what it has missed. */
static void say_drops(void)
{
    long long now = clock_ms(), last = atomic_load(&the_log.said_ms);
    unsigned long lost;
    char text[64];
    int n;

    if (now - last < SAY_DROPS_MS || !atomic_compare_exchange_strong(&the_log.said_ms, &last, now))
        return; /* too early, or another thread says it */
    lost = atomic_exchange(&the_log.unsaid, 0);
    n = snprintf(text, sizeof(text), "log: %lu line%s dropped", lost,
                 lost == 1 ? " was" : "s were");
    if (lost > 0 && !send_line(LOG_WARNING, (struct pl_str){text, (size_t)n}))
        atomic_fetch_add(&the_log.unsaid, lost);
}

void log_line(int priority, struct pl_str text)
{
    int saved = errno;
    int to_stderr = atomic_load_explicit(&the_log.to_stderr, memory_order_relaxed);

    if (!send_line(priority, text)) {
        atomic_fetch_add(&the_log.dropped, 1);
        atomic_fetch_add(&the_log.unsaid, 1);
    } else if (atomic_load_explicit(&the_log.unsaid, memory_order_relaxed) > 0) {
        say_drops();
    }
    if (to_stderr == LOG_STDERR_ALL ||
        (to_stderr == LOG_STDERR_WARNINGS && priority <= LOG_WARNING))
        log_stderr_write(text);
    errno = saved;
}

static void log_text(int priority, const char *fmt, va_list ap) PL_PRINTF(2, 0);
static void log_text(int priority, const char *fmt, va_list ap)
{
    int saved = errno;
    char text[LOG_TEXT_MAX];
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    size_t len;

    if (n < 0)
        return;
    len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    }
    errno = saved;
    log_line(priority, (struct pl_str){text, len});
}

void log_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_text(LOG_ERR, fmt, ap);
    va_end(ap);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_text(LOG_WARNING, fmt, ap);
    va_end(ap);
}

void log_info(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_text(LOG_INFO, fmt, ap);
    va_end(ap);
}

bool log_rate_pass(struct log_rate *rate, unsigned long *suppressed)
{
    int64_t now = clock_ms();
    bool pass;

    pthread_mutex_lock(&rate->lock);
    if (now - rate->second_ms >= 1000) {
        rate->second_ms = now;
        rate->logged = 0;
    }
    pass = rate->logged < rate->limit;
    if (pass) {
        rate->logged++;
        *suppressed = rate->suppressed;
        rate->suppressed = 0;
    } else {
        rate->suppressed++;
    }
    pthread_mutex_unlock(&rate->lock);
    return pass;
}
