/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets from a service manager. The protocol is three variables of the environment, documented as
 * stable in sd_listen_fds(3); docs/adr/0009 says why it is read here and not by libsystemd.
 */
#include "activation.h"

#include "log.h"
#include "postlatch/addr.h"
#include "postlatch/quote.h"
#include "postlatch/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 }; /* SD_LISTEN_FDS_START */

/* The address as `listen` would have it; false if it could not be written there. */
static bool name_address(struct pl_endpoint *e, const struct sockaddr_storage *addr, socklen_t len)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
    const struct sockaddr_un *un = (const struct sockaddr_un *)addr;
    size_t path = len > offsetof(struct sockaddr_un, sun_path)
                      ? strnlen(un->sun_path, len - offsetof(struct sockaddr_un, sun_path))
                      : 0;
    char text[PL_ENDPOINT_TEXT], host[INET6_ADDRSTRLEN];
    const char *why;

    if (addr->ss_family == AF_UNIX)
        snprintf(text, sizeof(text), "unix:%.*s", (int)path, un->sun_path);
    else if (addr->ss_family == AF_INET)
        snprintf(text, sizeof(text), "inet:%s:%u",
                 inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host)), ntohs(in4->sin_port));
    else if (addr->ss_family == AF_INET6)
        snprintf(text, sizeof(text), "inet:[%s]:%u",
                 inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host)), ntohs(in6->sin6_port));
    else
        return false;
    return pl_endpoint_parse(e, pl_str_of(text), &why);
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

/* What is wrong with a descriptor that was handed over; NULL: nothing. */
static const char *look_at(struct activated *one)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof(addr);
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&addr;

    if (getsockname(one->fd, (struct sockaddr *)&addr, &len) != 0)
        return errno == EBADF ? "it is not open" : "it is no socket";
    if (option_of(one->fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
        option_of(one->fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
        return "it is no listening stream socket; expected ListenStream= and Accept=no";
    if (!name_address(&one->endpoint, &addr, len))
        return "its address is none that \"listen\" could name";
    /* What is listened at is what is written: [::] is IPv6 alone, as when we bind it. */
    if (addr.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) &&
        option_of(one->fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
        return "it takes IPv4 too; expected BindIPv6Only=ipv6-only";
    if (fcntl(one->fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(one->fd, F_SETFL, fcntl(one->fd, F_GETFL) | O_NONBLOCK) != 0)
        return strerror(errno);
    return NULL;
}

/* The next name of LISTEN_FDNAMES, a list separated by colons. */
static void take_name(char name[ACTIVATION_NAME], struct pl_str *names)
{
    size_t n = pl_str_find(*names, ':');
    struct pl_quote q;

    snprintf(name, ACTIVATION_NAME, "%s", n == 0 ? "" : pl_quote(&q, (struct pl_str){names->p, n}));
    *names = pl_str_from(*names, n < names->n ? n + 1 : n);
}

static bool receive(struct activation *a, const char *count, const char *names_text)
{
    struct pl_str names = pl_str_of(names_text == NULL ? "" : names_text);
    unsigned long n;
    bool ok = true;

    if (!pl_str_to_number(pl_str_of(count), 0, ACTIVATION_MAX, &n)) {
        log_error("LISTEN_FDS: expected a number from 0 to %d", ACTIVATION_MAX);
        return false;
    }
    for (a->count = 0; a->count < n; a->count++) {
        struct activated *one = &a->each[a->count];
        const char *wrong;

        one->fd = FIRST_FD + (int)a->count;
        take_name(one->name, &names);
        wrong = look_at(one);
        if (wrong == NULL)
            continue;
        log_error("descriptor %d, handed over by the service manager%s%s: %s", one->fd,
                  one->name[0] == '\0' ? "" : " as ", one->name, wrong);
        ok = false;
    }
    return ok;
}

bool activation_receive(struct activation *a)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    unsigned long number;
    bool ok = true;

    a->count = 0;
    /* Variables that were inherited from a parent tell of the parent's descriptors. */
    if (pid != NULL && count != NULL && pl_str_to_number(pl_str_of(pid), 1, 0x7fffffff, &number) &&
        number == (unsigned)getpid())
        ok = receive(a, count, getenv("LISTEN_FDNAMES"));
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ok;
}

int activation_take(struct activation *a, const struct pl_endpoint *e)
{
    for (size_t i = 0; i < a->count; i++) {
        struct activated *one = &a->each[i];

        if (!one->taken && strcmp(one->endpoint.text, e->text) == 0) {
            one->taken = true;
            return one->fd;
        }
    }
    return -1;
}

bool activation_is_used_up(const struct activation *a)
{
    bool all = true;

    for (size_t i = 0; i < a->count; i++) {
        const struct activated *one = &a->each[i];

        if (one->taken)
            continue;
        /* Whoever connected there would wait for ever. */
        log_error("the service manager has handed over a socket at \"%s\"%s%s, which \"listen\" "
                  "does not name (once for each); name it there, or take it out of the socket unit",
                  one->endpoint.text, one->name[0] == '\0' ? "" : " as ", one->name);
        all = false;
    }
    return all;
}
