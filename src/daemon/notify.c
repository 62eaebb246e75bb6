/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words to the service manager: datagrams to the socket that NOTIFY_SOCKET names, a protocol
 * documented as stable in sd_notify(3). docs/adr/0009 says why libsystemd is not used for it.
 */
#include "notify.h"

#include "log.h"
#include "postlatch/quote.h"
#include "postlatch/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 2048 };

static struct {
    int fd; /* -1: nobody wants to know */
    struct sockaddr_un addr;
    socklen_t len;
    int64_t watchdog_us;
} manager = {.fd = -1};

static struct log_rate send_trouble = LOG_RATE(1);

/* A path, or '@' and a name in the abstract namespace, which ends with its last byte. */
static bool set_address(const char *name)
{
    size_t n = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(manager.addr.sun_path))
        return false;
    manager.addr.sun_family = AF_UNIX;
    memcpy(manager.addr.sun_path, name, n);
    manager.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'));
    if (name[0] == '@')
        manager.addr.sun_path[0] = '\0';
    return true;
}

static void take_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    unsigned long number;

    if (usec == NULL ||
        (pid != NULL && (!pl_str_to_number(pl_str_of(pid), 1, 0x7fffffff, &number) ||
                         number != (unsigned)getpid())))
        return;
    if (pl_str_to_number(pl_str_of(usec), 1, INT64_MAX, &number))
        manager.watchdog_us = (int64_t)number;
    else
        log_warn("WATCHDOG_USEC: expected a number of microseconds; no keep-alive will be sent");
}

void notify_init(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct pl_quote q;

    if (name != NULL && !set_address(name)) {
        log_warn("NOTIFY_SOCKET: %s is no path and no abstract name (@...); the service manager "
                 "will not be told that we are ready",
                 pl_quote(&q, pl_str_of(name)));
    } else if (name != NULL) {
        /* Kept for life: when descriptors run out, the manager must still be reached. */
        manager.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (manager.fd < 0)
            log_warn("NOTIFY_SOCKET: socket: %s", strerror(errno));
        else
            take_watchdog();
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

bool notify_is_wanted(void)
{
    return manager.fd >= 0;
}

bool notify_is_abstract(void)
{
    return manager.fd >= 0 && manager.addr.sun_path[0] == '\0';
}

int64_t notify_watchdog_us(void)
{
    return manager.watchdog_us;
}

void notify_send(const char *fmt, ...)
{
    char text[MESSAGE_MAX];
    unsigned long suppressed;
    ssize_t sent;
    va_list ap;
    int n;

    if (manager.fd < 0)
        return;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof(text))
        n = (int)sizeof(text) - 1;
    for (int i = 0; i < n; i++) {
        if (text[i] != '\n' && !pl_ascii_is_print(text[i]))
            text[i] = '?';
    }
    do {
        sent = sendto(manager.fd, text, (size_t)n, MSG_NOSIGNAL,
                      (const struct sockaddr *)&manager.addr, manager.len);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && log_rate_pass(&send_trouble, &suppressed))
        log_warn("NOTIFY_SOCKET: cannot tell the service manager: %s", strerror(errno));
}

void notify_close(void)
{
    if (manager.fd >= 0)
        close(manager.fd);
    manager.fd = -1;
}
