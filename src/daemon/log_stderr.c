/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy of the log on standard error, which must never hold up anybody: the other end may be a
 * pipe that nobody reads, or a terminal stopped by Ctrl-S. Pipes and terminals are opened anew, so
 * that O_NONBLOCK stays ours (a description of our own) and does not surprise the shell that shares
 * the old one. Lines are gathered into pieces that a pipe takes whole or not at all; those of a piece
 * that finds no room are dropped and counted.
 *
 * Where standard error is a stream to the journal (JOURNAL_STREAM, systemd.exec(5)) and the logger is
 * that journal too, a line goes one of both ways: by the stream until the log's thread runs, because
 * the journal knows a stream's unit from its beginning, while the sender of a datagram may be gone
 * before the journal asks who it was; then `systemctl status` would not show why a start failed.
 *
 * Lines are gathered by one thread at a time (log_writer.c). The lock is for the descriptor, which
 * the main thread closes. Cost: a copy, a write a piece.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static const struct pl_str prefix = {"postlatchd: ", 12};

static struct {
    pthread_mutex_t lock;
    atomic_int what; /* enum log_stderr */
    bool is_journal;
    atomic_bool twice;
    int fd;
    bool own;             /* fd is ours to close */
    bool is_socket;       /* send() can refuse to wait, write() cannot */
    bool is_file;         /* writing waits for nobody */
    bool torn;            /* the last line lost its end: the next must begin on a line of its own */
    char piece[PIPE_BUF]; /* whole lines that wait for log_stderr_flush */
    size_t n, lines;      /* bytes of it; lines in it */
    atomic_ulong dropped;
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO};

void log_to_stderr(enum log_stderr what)
{
    atomic_store(&out.what, (int)what);
}

bool log_stderr_is_journal(void)
{
    return out.is_journal;
}

void log_stderr_set_twice(bool twice)
{
    atomic_store(&out.twice, twice);
}

bool log_stderr_is_twice(void)
{
    return log_stderr_is_wanted() && atomic_load_explicit(&out.twice, memory_order_relaxed);
}

bool log_stderr_is_wanted(void)
{
    return atomic_load_explicit(&out.what, memory_order_relaxed) != LOG_STDERR_NONE;
}

/* JOURNAL_STREAM names the stream by device and inode: another standard error is none. */
static bool is_journal_stream(const struct stat *st)
{
    const char *given = getenv("JOURNAL_STREAM");
    char ours[64];

    snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
    return given != NULL && strcmp(given, ours) == 0;
}

void log_stderr_open(void)
{
    struct stat st;
    int fd;

    if (fstat(STDERR_FILENO, &st) != 0)
        return;
    out.is_socket = S_ISSOCK(st.st_mode);
    out.is_file = S_ISREG(st.st_mode);
    out.is_journal = is_journal_stream(&st);
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return; /* a new description of a file would have its own offset */
    fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        out.fd = fd;
        out.own = true;
    }
}

void log_stderr_close(void)
{
    pthread_mutex_lock(&out.lock);
    if (out.own)
        close(out.fd);
    out.own = false;
    out.fd = STDERR_FILENO;
    pthread_mutex_unlock(&out.lock);
}

unsigned long log_stderr_dropped(void)
{
    return atomic_load(&out.dropped);
}

/* At most PIPE_BUF bytes, which a pipe takes whole or not at all; the bytes written, 0 for none. */
static size_t put(const char *p, size_t n)
{
    struct pollfd poll_fd = {0, POLLOUT, 0};
    ssize_t done;

    pthread_mutex_lock(&out.lock);
    poll_fd.fd = out.fd;
    if (out.is_socket)
        done = send(out.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (!out.own && !out.is_file && poll(&poll_fd, 1, 0) != 1)
        done = -1; /* could not be opened anew: at least look before writing */
    else
        done = write(out.fd, p, n);
    pthread_mutex_unlock(&out.lock);
    return done < 0 ? 0 : (size_t)done;
}

void log_stderr_flush(void)
{
    size_t written, whole = 0;

    if (out.n == 0)
        return;
    written = put(out.piece, out.n);
    if (written < out.n) {
        /* Of an empty line in front, which ends a torn one, nobody has lost anything. */
        for (size_t i = out.piece[0] == '\n' ? 1 : 0; i < written; i++)
            whole += out.piece[i] == '\n';
        atomic_fetch_add(&out.dropped, out.lines - whole);
        if (written > 0)
            out.torn = out.piece[written - 1] != '\n';
    } else {
        out.torn = false;
    }
    out.n = out.lines = 0;
}

/* A line that is longer than a piece, in several; nothing is gathered. */
static void write_long(struct pl_str front, struct pl_str text)
{
    size_t n = 0;
    bool last;

    if (out.torn)
        out.piece[n++] = '\n';
    memcpy(out.piece + n, front.p, front.n);
    n += front.n;
    do {
        size_t room = sizeof(out.piece) - n, more = text.n < room ? text.n : room, written;

        last = text.n < room;
        memcpy(out.piece + n, text.p, more);
        n += more;
        text = pl_str_from(text, more);
        if (last)
            out.piece[n++] = '\n';
        written = put(out.piece, n);
        if (written < n) {
            out.torn = out.torn || written > 0;
            atomic_fetch_add(&out.dropped, 1);
            return;
        }
        out.torn = !last;
        n = 0;
    } while (!last);
}

void log_stderr_add(int priority, struct pl_str text)
{
    int what = atomic_load_explicit(&out.what, memory_order_relaxed);
    bool journal = log_stderr_is_twice();
    char level[] = {'<', (char)('0' + priority), '>'};
    struct pl_str front = journal ? (struct pl_str){level, sizeof(level)} : prefix;
    size_t need = 1 + front.n + text.n + 1; /* with a LF for a torn line */

    if (what == LOG_STDERR_NONE ||
        (what == LOG_STDERR_WARNINGS && priority > LOG_WARNING && !journal))
        return;
    if (need > sizeof(out.piece) - out.n)
        log_stderr_flush();
    if (need > sizeof(out.piece)) {
        write_long(front, text);
    } else {
        if (out.n == 0 && out.torn)
            out.piece[out.n++] = '\n';
        memcpy(out.piece + out.n, front.p, front.n);
        memcpy(out.piece + out.n + front.n, text.p, text.n);
        out.n += front.n + text.n;
        out.piece[out.n++] = '\n';
        out.lines++;
    }
}
