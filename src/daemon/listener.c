/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accepting connections: one watcher a listener, on the main loop. Batches are bounded, so that a
 * flood of connects cannot keep signals and reloads waiting. When descriptors or memory run out,
 * the kernel would report the listener ready for ever: accepting pauses for 100 ms then. So it does
 * when the kernel has no memory to watch a listener.
 */
#include "listener.h"

#include "log.h"
#include "postlatch/compiler.h"
#include "worker.h"

#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 16 };
#define PAUSE_S 0.1

static struct log_rate accept_trouble = LOG_RATE(1);

/* A socket that dies with us where others outlive us: it is as likely a slip as it is meant. */
static int bind_beside(struct listener *one, const struct socket_file *file,
                       const struct activation *handed_over)
{
    if (handed_over->count > 0)
        log_warn("listen \"%s\" was not handed over by the service manager: made here, and closed "
                 "while the daemon is restarted",
                 one->endpoint.text);
    return listener_bind("listen", &one->endpoint, file, &one->socket);
}

bool listeners_bind(struct listeners *l, const struct pl_settings *settings,
                    struct activation *handed_over)
{
    struct socket_file file = {settings->socket_mode, settings->socket_owner,
                               settings->socket_group};
    bool ok = true;

    l->each = calloc(settings->nlisten, sizeof(*l->each));
    if (l->each == NULL) {
        log_error("out of memory");
        return false;
    }
    l->count = settings->nlisten;
    for (size_t i = 0; i < l->count; i++) {
        struct listener *one = &l->each[i];

        one->magic = LISTENER_MAGIC;
        one->all = l;
        one->endpoint = settings->listen[i];
        one->fd = activation_take(handed_over, &one->endpoint);
        one->handed_over = one->fd >= 0;
        if (!one->handed_over)
            one->fd = bind_beside(one, &file, handed_over);
        ok = ok && one->fd >= 0;
    }
    return activation_is_used_up(handed_over) && ok;
}

/* What accept says when a later try may do better, but trying at once would only spin. */
static void no_room(struct listener *l, int error)
{
    unsigned long suppressed;

    if (log_rate_pass(&accept_trouble, &suppressed))
        log_error("cannot accept at %s: %s; trying again every %.0f ms", l->endpoint.text,
                  strerror(error), PAUSE_S * 1000);
    l->all->pauses++;
    listeners_pause(l->all);
    ev_timer_again(l->all->loop, &l->all->pause);
}

/* Whether somebody waits to be let in: nobody may be turned out for a visitor who is not there. */
static bool somebody_waits(const struct listener *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* "step 1" of the life of a request in docs/HACKING.md: false when there is nothing more. */
static bool listener_accept(struct listener *l)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof(peer);
    int fd;

    if (!pool_is_open(l->all->pool) && !somebody_waits(l))
        return false;
    if (!pool_has_room(l->all->pool)) {
        listeners_pause(l->all); /* a worker makes room and has us resumed */
        return false;
    }
    fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        pool_take(l->all->pool, fd, l, &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EINTR:
    case ECONNABORTED: /* gone before we came; so are the others, which accept(2) lists */
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
        return true;
    default:
        no_room(l, errno);
        return false;
    }
}

static void on_connect(struct ev_loop *loop, ev_io *w, int revents)
{
    struct listener *l = w->data;

    (void)loop;
    pl_assert(l->magic == LISTENER_MAGIC);
    if ((revents & EV_ERROR) != 0) { /* libev has stopped it: only a new start watches it again */
        no_room(l, ENOMEM);
        return;
    }
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (!listener_accept(l))
            break;
    }
}

static void on_pause_end(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct listeners *l = w->data;

    (void)revents;
    ev_timer_stop(loop, w);
    listeners_resume(l);
}

void listeners_start(struct listeners *l, struct ev_loop *loop, struct pool *pool)
{
    l->loop = loop;
    l->pool = pool;
    ev_timer_init(&l->pause, on_pause_end, 0., PAUSE_S);
    l->pause.data = l;
    for (size_t i = 0; i < l->count; i++) {
        struct listener *one = &l->each[i];

        ev_io_init(&one->io, on_connect, one->fd, EV_READ);
        ev_set_priority(&one->io, EV_MINPRI);
        one->io.data = one;
    }
    listeners_resume(l);
}

void listeners_pause(struct listeners *l)
{
    for (size_t i = 0; i < l->count && l->accepting; i++)
        ev_io_stop(l->loop, &l->each[i].io);
    l->accepting = false;
}

void listeners_resume(struct listeners *l)
{
    if (l->loop == NULL || l->accepting)
        return;
    for (size_t i = 0; i < l->count; i++)
        ev_io_start(l->loop, &l->each[i].io);
    l->accepting = true;
}

/*
 * From here on nobody gets into the queue of a listening socket. Who was turned away by a TCP socket
 * comes again a second later, as for a lost packet, and finds our successor or is refused.
 */
static void bar(const struct listener *l)
{
    struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {1, &drop_all};

    if (pl_endpoint_is_unix(&l->endpoint))
        shutdown(l->fd, SHUT_RD); /* refuses, and gives away whom it holds */
    else
        setsockopt(l->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

void listeners_drain(struct listeners *l)
{
    for (size_t i = 0; i < l->count && l->loop != NULL; i++) {
        struct listener *one = &l->each[i];

        if (one->handed_over)
            continue;
        bar(one);
        for (int n = 0; n < SOMAXCONN; n++) {
            struct sockaddr_storage peer = {0};
            socklen_t len = sizeof(peer);
            int fd = accept4(one->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

            if (fd >= 0)
                pool_take(l->pool, fd, one, &peer);
            else if (errno != EINTR && errno != ECONNABORTED)
                break;
        }
    }
}

void listeners_close(struct listeners *l)
{
    if (l->loop != NULL) {
        listeners_pause(l);
        ev_timer_stop(l->loop, &l->pause);
        l->loop = NULL;
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->each[i].fd < 0)
            continue;
        if (!l->each[i].handed_over)
            listener_remove(&l->each[i].endpoint, &l->each[i].socket);
        close(l->each[i].fd);
        l->each[i].fd = -1;
    }
}

void listeners_fini(struct listeners *l)
{
    free(l->each);
    *l = (struct listeners){0};
}
