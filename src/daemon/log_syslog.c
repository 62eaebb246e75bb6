/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines to syslog, one datagram each: `<PRI>Mmm dd hh:mm:ss tag[pid]: text`; or to the journal, with
 * its own head and fields behind (log_journal.c). syslog(3) and sd_journal_send(3) would wait for a
 * slow logger. The socket stays connected, which spares the kernel a walk along the path for each
 * line; a logger that went is noticed by the next line, and looked for anew. Heads are made once a
 * second and priority. Cost: one sendmmsg for up to LOG_BATCH lines.
 */
#include "log_syslog.h"

#include "log.h"
#include "log_journal.h"

#include "postlatch/compiler.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* HEADS: different ones in a batch; more end the batch early. */
enum { TAG_MAX = 64, HEAD_MAX = LOG_JOURNAL_HEAD, HEADS = 8, SEND_BUFFER = 8 * 1024 * 1024 };

/* Of the journal's fields, for all lines of a batch; a full one ends the batch early. */
enum { FIELDS_ROOM = 64 * 1024 };
_Static_assert(LOG_LINE_MAX + LOG_JOURNAL_MORE <= FIELDS_ROOM, "the first line fits");

/* Of a datagram: head, line, fields. */
enum { PARTS = 3 };

/* Where lines go. */
struct target {
    struct sockaddr_un addr;
    bool journal;
    int facility;
    char tag[TAG_MAX + 1];
};

/* What stands before the text of every line of one second and priority. */
struct line_head {
    int64_t second;
    int priority;
    size_t n;
    char text[HEAD_MAX];
};

static struct {
    pthread_mutex_t lock; /* of target, while it is changed or copied */
    struct target target;
    atomic_uint version; /* of target; counts from 1 */
} wanted = {.lock = PTHREAD_MUTEX_INITIALIZER, .version = 1};

/* Of the one thread that sends. */
static struct {
    int fd;
    bool connected;
    struct target target; /* a copy */
    unsigned version;     /* of that copy */
    struct line_head heads[HEADS];
    size_t nheads;
    struct iovec io[LOG_BATCH][PARTS];
    char fields[FIELDS_ROOM];
    struct mmsghdr messages[LOG_BATCH];
} out = {.fd = -1};

void log_syslog_configure(const char *path, bool journal, const char *tag, int facility)
{
    pthread_mutex_lock(&wanted.lock);
    memset(&wanted.target, 0, sizeof(wanted.target));
    wanted.target.addr.sun_family = AF_UNIX;
    snprintf(wanted.target.addr.sun_path, sizeof(wanted.target.addr.sun_path), "%s", path);
    snprintf(wanted.target.tag, sizeof(wanted.target.tag), "%s", tag);
    wanted.target.journal = journal;
    wanted.target.facility = facility;
    atomic_fetch_add_explicit(&wanted.version, 1, memory_order_release);
    pthread_mutex_unlock(&wanted.lock);
}

void log_syslog_open(void)
{
    int size = SEND_BUFFER;

    /* Kept for life: when descriptors run out, the logger must still be reached. */
    out.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* As far as the system's limit lets us, so that a batch fits. */
    setsockopt(out.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    for (size_t i = 0; i < LOG_BATCH; i++)
        out.messages[i].msg_hdr = (struct msghdr){.msg_iov = out.io[i], .msg_iovlen = PARTS};
}

void log_syslog_close(void)
{
    if (out.fd >= 0)
        close(out.fd);
    out.fd = -1;
    out.connected = false;
}

int log_syslog_fd(void)
{
    return out.fd;
}

static void follow_target(void)
{
    if (atomic_load_explicit(&wanted.version, memory_order_acquire) == out.version)
        return;
    pthread_mutex_lock(&wanted.lock);
    out.target = wanted.target;
    out.version = atomic_load(&wanted.version);
    pthread_mutex_unlock(&wanted.lock);
    out.connected = false;
    out.nheads = 0;
}

/* Names of months come from here and not from strftime, so that no locale can change them. */
static size_t format_head(char text[HEAD_MAX], const struct target *t, const struct log_record *r)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t second = (time_t)r->second;
    struct tm tm;
    int n;

    if (t->journal)
        return log_journal_head(text, r->priority, t->facility, t->tag);
    localtime_r(&second, &tm);
    n = snprintf(text, HEAD_MAX, "<%d>%.3s %2d %02d:%02d:%02d %s[%ld]: ", t->facility | r->priority,
                 months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, t->tag,
                 (long)getpid());
    pl_assert(n > 0 && n < HEAD_MAX);
    return (size_t)n;
}

/* The head of a line; NULL if there are too many different ones. */
static const struct line_head *head_of(const struct log_record *r)
{
    struct line_head *h;

    for (size_t i = out.nheads; i > 0; i--) {
        h = &out.heads[i - 1];
        if (h->second == r->second && h->priority == r->priority)
            return h;
    }
    if (out.nheads == HEADS)
        return NULL;
    h = &out.heads[out.nheads++];
    h->second = r->second;
    h->priority = r->priority;
    h->n = format_head(h->text, &out.target, r);
    return h;
}

/* What the journal gets behind the line; false if a batch has no more room for it. */
static bool add_fields(struct iovec *io, const struct log_record *r, size_t *used)
{
    char *at = out.fields + *used;

    *io = (struct iovec){(void *)(uintptr_t) "\n", out.target.journal ? 1 : 0};
    if (!out.target.journal || !r->decision)
        return true;
    if (FIELDS_ROOM - *used < r->text.n + LOG_JOURNAL_MORE)
        return false;
    *io = (struct iovec){at, log_journal_fields(at, r->text)};
    *used += io->iov_len;
    return true;
}

/* Prepares messages; returns how many. */
static unsigned fill(const struct log_record *records, size_t n)
{
    unsigned count = 0;
    size_t used = 0;

    if (out.nheads > HEADS / 2)
        out.nheads = 0;
    for (; count < n; count++) {
        const struct log_record *r = &records[count];
        const struct line_head *h = head_of(r);

        if (h == NULL || !add_fields(&out.io[count][2], r, &used))
            break;
        out.io[count][0] = (struct iovec){(void *)(uintptr_t)h->text, h->n};
        out.io[count][1] = (struct iovec){(void *)(uintptr_t)r->text.p, r->text.n};
    }
    return count;
}

static enum log_taken reason(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
        return LOG_FULL;
    case EMSGSIZE:
        return LOG_UNFIT;
    default:
        return LOG_ABSENT;
    }
}

size_t log_syslog_send(const struct log_record *records, size_t n, enum log_taken *taken)
{
    unsigned count;

    follow_target();
    pl_assert(n > 0 && n <= LOG_BATCH);
    count = fill(records, n);
    for (bool anew = false;; anew = true) {
        int sent;

        if (!out.connected) {
            out.connected = connect(out.fd, (const struct sockaddr *)&out.target.addr,
                                    sizeof(out.target.addr)) == 0;
            *taken = out.connected ? LOG_TAKEN : LOG_ABSENT;
            if (!out.connected)
                return 0;
        }
        sent = sendmmsg(out.fd, out.messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            /* Of what stopped it before the end the next try will tell. */
            *taken = (unsigned)sent == count ? LOG_TAKEN : LOG_FULL;
            return (size_t)sent;
        }
        *taken = reason(errno);
        if (*taken != LOG_ABSENT)
            return 0;
        out.connected = false;
        if (anew)
            return 0;
    }
}

void log_syslog_send_last(const struct log_record *record)
{
    struct target t;
    char text[HEAD_MAX];
    struct iovec io[PARTS] = {{text, 0},
                              {(void *)(uintptr_t)record->text.p, record->text.n},
                              {(void *)(uintptr_t) "\n", 0}};
    struct msghdr message = {.msg_iov = io, .msg_iovlen = PARTS};
    bool locked = pthread_mutex_trylock(&wanted.lock) == 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    t = wanted.target;
    if (locked)
        pthread_mutex_unlock(&wanted.lock);
    io[0].iov_len = format_head(text, &t, record);
    io[2].iov_len = t.journal ? 1 : 0;
    message.msg_name = &t.addr;
    message.msg_namelen = sizeof(t.addr);
    if (fd < 0)
        return;
    sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}
