/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making listening sockets. Every message names the option and the address, and, where there is one
 * usual reason, says it: these are the errors that people meet on the first day.
 */
#include "listener.h"
#include "log.h"
#include "privilege.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Says what failed and gives the caller its -1. */
static int trouble(const char *option, const struct pl_endpoint *e, const char *step, int error)
{
    const char *hint = "";

    if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)
        hint = e->addr.ss_family == AF_INET6 ? "; is IPv6 enabled on this host?"
                                             : "; has this host that address?";
    else if (error == EADDRINUSE)
        hint = "; does another program listen there?";
    else if (error == EACCES && !pl_endpoint_is_unix(e))
        hint = "; ports below 1024 are root's";
    else if (error == ENOENT && pl_endpoint_is_unix(e))
        hint = "; its folder must exist";
    log_error("%s \"%s\": %s: %s%s", option, e->text, step, strerror(error), hint);
    return -1;
}

/*
 * Whether the file in the way of a Unix socket is a dead daemon's. Connecting tells: a socket that
 * nobody listens at refuses. Anything else is somebody's and is left alone, with a message.
 */
static bool is_stale(const char *option, const struct pl_endpoint *e)
{
    struct stat st;
    bool stale = false;
    int fd;

    if (lstat(pl_endpoint_path(e), &st) != 0)
        return errno == ENOENT; /* gone meanwhile */
    if (!S_ISSOCK(st.st_mode)) {
        log_error("%s \"%s\": there is a file of that name, and it is no socket; remove it or "
                  "choose another name",
                  option, e->text);
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&e->addr, e->len) != 0)
        stale = errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!stale)
        trouble(option, e, "bind", EADDRINUSE);
    return stale;
}

static int bind_unix(const char *option, const struct pl_endpoint *e, int fd)
{
    const struct sockaddr *addr = (const struct sockaddr *)&e->addr;

    if (bind(fd, addr, e->len) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return trouble(option, e, "bind", errno);
    if (!is_stale(option, e))
        return -1;
    if (unlink(pl_endpoint_path(e)) != 0 && errno != ENOENT)
        return trouble(option, e, "cannot remove the old socket", errno);
    if (bind(fd, addr, e->len) != 0)
        return trouble(option, e, "bind", errno);
    return 0;
}

/* Owner, then mode: chown may clear bits. Names are resolved here, before rights are dropped. */
static int set_access(const char *option, const struct pl_endpoint *e,
                      const struct socket_file *file)
{
    uid_t uid = (uid_t)-1;
    gid_t gid = (gid_t)-1;

    if (!privilege_find_user(file->owner, "socket_owner", &uid, NULL) ||
        !privilege_find_group(file->group, "socket_group", &gid))
        return -1;
    if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(pl_endpoint_path(e), uid, gid) != 0)
        return trouble(option, e, "chown", errno);
    if (chmod(pl_endpoint_path(e), file->mode) != 0)
        return trouble(option, e, "chmod", errno);
    return 0;
}

static int bind_inet(const char *option, const struct pl_endpoint *e, int fd)
{
    int on = 1;

    /* A restart must not wait for old connections to time out. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return trouble(option, e, "SO_REUSEADDR", errno);
    /* [::] is IPv6 alone, whatever the host's default: what is listened at is what is written. */
    if (e->addr.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return trouble(option, e, "IPV6_V6ONLY", errno);
    if (bind(fd, (const struct sockaddr *)&e->addr, e->len) != 0)
        return trouble(option, e, "bind", errno);
    return 0;
}

int listener_bind(const char *option, const struct pl_endpoint *e, const struct socket_file *file,
                  struct stat *made)
{
    bool is_unix = pl_endpoint_is_unix(e);
    bool bound = false;
    int fd = socket(e->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memset(made, 0, sizeof(*made));
    if (fd < 0)
        return trouble(option, e, "socket", errno);
    if ((is_unix ? bind_unix(option, e, fd) : bind_inet(option, e, fd)) != 0)
        goto fail;
    bound = is_unix;
    if (is_unix && set_access(option, e, file) != 0)
        goto fail;
    if (is_unix && lstat(pl_endpoint_path(e), made) != 0) {
        trouble(option, e, "stat", errno);
        goto fail;
    }
    if (listen(fd, SOMAXCONN) != 0) {
        trouble(option, e, "listen", errno);
        goto fail;
    }
    return fd;
fail:
    if (bound)
        unlink(pl_endpoint_path(e));
    close(fd);
    return -1;
}

void listener_remove(const struct pl_endpoint *e, const struct stat *made)
{
    struct stat now;

    if (!pl_endpoint_is_unix(e) || lstat(pl_endpoint_path(e), &now) != 0 ||
        now.st_dev != made->st_dev || now.st_ino != made->st_ino)
        return;                  /* another daemon's by now */
    unlink(pl_endpoint_path(e)); /* may fail: the folder can be root's, and we no longer are */
}
