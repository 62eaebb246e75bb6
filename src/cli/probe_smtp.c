/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe_smtp.h"

#include "io.h"
#include "probe.h"

#include "postlatch/buf.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool fail(struct smtp *s, const char *fmt, ...) PL_PRINTF(2, 3);
static bool fail(struct smtp *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->why, sizeof(s->why), fmt, ap);
    va_end(ap);
    smtp_close(s);
    return false;
}

void smtp_close(struct smtp *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->from = s->n = 0;
}

/* The reply, one byte after the other; the rest stays in s->in. */
static bool read_reply(struct smtp *s, long long deadline)
{
    enum smtp_take state = SMTP_MORE;
    const char *why = "";

    memset(&s->reply, 0, sizeof(s->reply));
    while (state == SMTP_MORE) {
        ssize_t got;

        if (s->from < s->n) {
            state = smtp_reply_take(&s->reply, s->in[s->from++], &why);
            continue;
        }
        got = recv(s->fd, s->in, sizeof(s->in), 0);
        s->from = 0;
        s->n = got > 0 ? (size_t)got : 0;
        if (got == 0)
            return fail(s, "it closed the connection");
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return fail(s, "%s", strerror(errno));
        if (io_now_ms() >= deadline || (got < 0 && !io_wait(s->fd, POLLIN, deadline)))
            return fail(s, "no complete reply within %d seconds", s->seconds);
    }
    return state == SMTP_DONE || fail(s, "it sent %s", why);
}

bool smtp_command(struct smtp *s, struct pl_str line)
{
    long long deadline = io_now_ms() + s->seconds * 1000LL;
    struct pl_buf out = {0};
    bool ok;

    if (s->from < s->n)
        return fail(s, "it sent more than was asked for");
    pl_buf_add(&out, line);
    pl_buf_add(&out, pl_str_lit("\r\n"));
    ok = out.failed ? fail(s, "out of memory") : io_send(s->fd, pl_buf_str(&out), deadline);
    if (!ok && s->fd >= 0)
        fail(s, "%s", errno == EPIPE ? "it closed the connection" : strerror(errno));
    pl_buf_fini(&out);
    return ok && read_reply(s, deadline);
}

static bool bind_to(int fd, const struct pl_addr *addr)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    memcpy(&v4.sin_addr, addr->bytes, 4);
    memcpy(&v6.sin6_addr, addr->bytes, 16);
    return addr->family == 4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4)) == 0
                             : bind(fd, (struct sockaddr *)&v6, sizeof(v6)) == 0;
}

bool smtp_connect(struct smtp *s, const struct sockaddr *where, socklen_t len,
                  const struct pl_addr *bind, bool *refused)
{
    long long deadline = io_now_ms() + s->seconds * 1000LL;
    struct sockaddr_storage local = {0};
    socklen_t n = sizeof(local);
    char text[PL_ADDR_TEXT];

    *refused = false;
    s->fd = socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return fail(s, "%s", strerror(errno));
    if (bind != NULL && !bind_to(s->fd, bind))
        return fail(s, "--bind %s: %s", pl_addr_format(text, bind), strerror(errno));
    if (!io_connect(s->fd, where, len, deadline)) {
        *refused = errno == ECONNREFUSED;
        return fail(s, "%s", strerror(errno));
    }
    if (getsockname(s->fd, (struct sockaddr *)&local, &n) != 0)
        return fail(s, "%s", strerror(errno));
    s->client = probe_addr(&local);
    return read_reply(s, deadline);
}
