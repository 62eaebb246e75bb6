/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that do not block, and a deadline for whatever is done with them. */
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

long long io_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool io_wait(int fd, short events, long long deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        long long left = deadline - io_now_ms();
        int ready = left <= 0 ? 0 : poll(&p, 1, (int)left);

        if (ready > 0)
            return true;
        if (ready == 0) {
            errno = ETIMEDOUT;
            return false;
        }
        if (errno != EINTR)
            return false;
    }
}

bool io_connect(int fd, const struct sockaddr *where, socklen_t len, long long deadline)
{
    int error = 0;
    socklen_t n = sizeof(error);

    if (connect(fd, where, len) == 0)
        return true;
    if (errno != EINPROGRESS || !io_wait(fd, POLLOUT, deadline) ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        return false;
    errno = error;
    return error == 0;
}

bool io_send(int fd, struct pl_str s, long long deadline)
{
    while (s.n > 0) {
        ssize_t sent = send(fd, s.p, s.n, MSG_NOSIGNAL);

        if (sent > 0)
            s = pl_str_from(s, (size_t)sent);
        else if (errno != EAGAIN && errno != EINTR)
            return false;
        else if (!io_wait(fd, POLLOUT, deadline))
            return false;
    }
    return true;
}
