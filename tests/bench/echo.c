/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor: what any policy server on libev pays. Reads a request, looks for the empty line at its
 * end only, and writes one constant answer: no parsing, no deciding, no logging. No buffer is held
 * for a connection. Not a server for anything else: a request that arrives in two pieces cut inside
 * its empty line is never answered.
 *
 *     bench_echo unix:/path | inet:address:port
 */
#include "postlatch/endpoint.h"

/* The functions of libev without the names of version 3, as in the daemon. */
#define EV_COMPAT3 0
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, ACCEPT_BATCH = 16 };

static char in[64 * 1024];

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
    static const char answer[] = "action=DUNNO\n\n";
    ssize_t got = read(io->fd, in, sizeof(in));

    (void)revents;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        ev_io_stop(loop, io);
        close(io->fd);
        free(io);
        return;
    }
    if (got < 2 || in[got - 1] != '\n' || in[got - 2] != '\n')
        return;
    if (send(io->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
        perror("bench_echo: send"); /* the read that follows finds the end */
}

static void on_connect(struct ev_loop *loop, ev_io *io, int revents)
{
    int on = 1, fd;

    (void)revents;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        ev_io *connection;

        fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        connection = malloc(sizeof(*connection));
        if (connection == NULL) {
            close(fd);
            return;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* fails on a Unix socket */
        ev_io_init(connection, on_readable, fd, EV_READ);
        ev_io_start(loop, connection);
    }
}

int main(int argc, char **argv)
{
    struct pl_endpoint where;
    struct rlimit files;
    struct ev_loop *loop;
    const char *why = "usage: bench_echo unix:/path | inet:address:port";
    int fd, on = 1;
    ev_io io;

    if (argc != 2 || !pl_endpoint_parse(&where, pl_str_of(argv[1]), &why)) {
        fprintf(stderr, "bench_echo: %s\n", why);
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (pl_endpoint_is_unix(&where))
        unlink(pl_endpoint_path(&where));
    fd = socket(where.addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&where.addr, where.len) != 0 ||
        listen(fd, BACKLOG) != 0) {
        perror("bench_echo");
        return 2;
    }
    loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (loop == NULL) {
        fputs("bench_echo: no event loop\n", stderr);
        return 2;
    }
    ev_io_init(&io, on_connect, fd, EV_READ);
    ev_io_start(loop, &io);
    ev_run(loop, 0);
    return 0;
}
