/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy of the log on standard error, which must never hold up a worker: the other end may be a
 * pipe that nobody reads, or a terminal stopped by Ctrl-S. Pipes and terminals are opened anew, so
 * that O_NONBLOCK stays ours (a description of our own) and does not surprise the shell that shares
 * the old one. A line that finds no room is dropped and counted.
 *
 * One lock, taken only when somebody runs the daemon in the foreground. Cost: one write a line.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct pl_str prefix = {"postlatchd: ", 12};

static struct {
    pthread_mutex_t lock;
    int fd;
    bool own;       /* fd is ours to close */
    bool is_socket; /* send() can refuse to wait, write() cannot */
    bool torn;      /* the last line lost its end: the next must begin on a line of its own */
    atomic_ulong dropped;
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO};

void log_stderr_open(void)
{
    struct stat st;
    int fd;

    if (fstat(STDERR_FILENO, &st) != 0)
        return;
    out.is_socket = S_ISSOCK(st.st_mode);
    if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
        return; /* a file: writing waits for nobody. A new description would have its own offset */
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
    struct pollfd poll_fd = {out.fd, POLLOUT, 0};
    ssize_t put;

    if (out.is_socket)
        put = send(out.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (!out.own && poll(&poll_fd, 1, 0) != 1)
        put = -1; /* could not be opened anew: at least look before writing */
    else
        put = write(out.fd, p, n);
    return put < 0 ? 0 : (size_t)put;
}

void log_stderr_write(struct pl_str text)
{
    char piece[PIPE_BUF];
    size_t n = 0, done = 0;

    pthread_mutex_lock(&out.lock);
    if (out.torn)
        piece[n++] = '\n';
    memcpy(piece + n, prefix.p, prefix.n);
    n += prefix.n;
    for (;;) {
        size_t more = text.n - done < sizeof(piece) - n ? text.n - done : sizeof(piece) - n;
        bool last = text.n - done + n < sizeof(piece);
        size_t written;

        memcpy(piece + n, text.p + done, more);
        n += more;
        done += more;
        if (last)
            piece[n++] = '\n';
        written = put(piece, n);
        if (written < n) {
            out.torn = out.torn || done > more || written > 0;
            atomic_fetch_add(&out.dropped, 1);
            break;
        }
        out.torn = !last;
        if (last)
            break;
        n = 0;
    }
    pthread_mutex_unlock(&out.lock);
}
