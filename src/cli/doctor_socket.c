/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether smtpd reaches our socket: a child becomes what smtpd is, in its chroot and as its user, and
 * connects. What is wrong with a path is then looked for from outside, folder by folder.
 */
#include "doctor.h"

#include "postlatch/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 5 };

enum stage { STAGE_BECOME, STAGE_RESOLVE, STAGE_CONNECT, STAGE_DONE };

/* What the child found. */
struct trial {
    enum stage stage; /* where it failed */
    int error;        /* errno; of RESOLVE a code of getaddrinfo */
};

/* One way in which smtpd connects. */
struct way {
    struct pl_doctor *d;
    const struct pl_doctor_place *place;
    char at[128], queue[512], owner[128], endpoint[300];
};

static void copy(char *out, size_t size, struct pl_str s)
{
    snprintf(out, size, "%.*s", (int)s.n, s.n > 0 ? s.p : "");
}

/* Who does not answer at all is not waited for as long as the system would. */
static int connect_soon(int fd, const struct sockaddr *a, socklen_t size)
{
    struct timeval patience = {.tv_sec = CONNECT_SECONDS};

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, a, size) == 0)
        return 0;
    return errno == EINPROGRESS ? ETIMEDOUT : errno;
}

static int try_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    if (strlen(path) >= sizeof(a.sun_path))
        return ENAMETOOLONG;
    memcpy(a.sun_path, path, strlen(path) + 1);
    return connect_soon(fd, (struct sockaddr *)&a, sizeof(a));
}

static struct trial try_inet(const char *rest)
{
    const char *colon = strrchr(rest, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char host[300];
    int n = colon == NULL ? 0 : (int)(colon - rest), error = 0;

    snprintf(host, sizeof(host), "%.*s", n > 0 ? n : 9, n > 0 ? rest : "localhost");
    if (host[0] == '[' && strlen(host) > 2) {
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = '\0';
    }
    error = getaddrinfo(host, colon == NULL ? rest : colon + 1, &hints, &list);
    if (error != 0)
        return (struct trial){STAGE_RESOLVE, error};
    error = ECONNREFUSED;
    for (struct addrinfo *a = list; a != NULL && error != 0; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        error = fd < 0 ? errno : connect_soon(fd, a->ai_addr, a->ai_addrlen);
    }
    return (struct trial){error == 0 ? STAGE_DONE : STAGE_CONNECT, error};
}

/* In the child: what smtpd does from its start to its first question. */
static struct trial try_as_smtpd(const struct way *w)
{
    struct passwd *pw = getpwnam(w->owner);
    const char *path;
    int error;

    if (pw == NULL)
        return (struct trial){STAGE_BECOME, ENOENT};
    if (initgroups(pw->pw_name, pw->pw_gid) != 0 || chdir(w->queue) != 0 ||
        (w->place->chrooted && chroot(w->queue) != 0) || setgid(pw->pw_gid) != 0 ||
        setuid(pw->pw_uid) != 0)
        return (struct trial){STAGE_BECOME, errno};
    path = strchr(w->endpoint, ':') + 1;
    if (strncmp(w->endpoint, "inet:", 5) == 0)
        return try_inet(path);
    error = try_unix(path);
    return (struct trial){error == 0 ? STAGE_DONE : STAGE_CONNECT, error};
}

static bool run_child(const struct way *w, struct trial *t)
{
    int fd[2];
    pid_t pid;
    bool ok;

    if (pipe2(fd, O_CLOEXEC) != 0)
        return false;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        struct trial found = try_as_smtpd(w);

        ok = write(fd[1], &found, sizeof(found)) == (ssize_t)sizeof(found);
        _exit(ok ? 0 : 1);
    }
    close(fd[1]);
    ok = pid > 0 && read(fd[0], t, sizeof(*t)) == (ssize_t)sizeof(*t);
    close(fd[0]);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return ok;
}

/* The user may do this with a file: read 4, write 2, search 1; supplementary groups count. */
static bool may(const struct stat *s, const struct passwd *pw, unsigned what)
{
    gid_t groups[256];
    int n = 256;

    if (pw->pw_uid == 0)
        return true;
    if (s->st_uid == pw->pw_uid)
        return (s->st_mode >> 6 & what) == what;
    if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
        n = 0;
    for (int i = 0; i < n; i++) {
        if (s->st_gid == groups[i])
            return (s->st_mode >> 3 & what) == what;
    }
    return (s->st_mode & what) == what;
}

/*
 * The first part of the socket's path that stops the user; *lines: what would cure it. False if
 * nothing does.
 */
static bool find_obstacle(const struct way *w, const char *path, char *what, size_t size,
                          char *lines, size_t lines_size)
{
    struct passwd *pw = getpwnam(w->owner);
    char part[512];

    lines[0] = '\0';
    for (size_t n = 1; pw != NULL; n++) {
        struct stat s;
        bool whole;

        n += strcspn(path + n, "/");
        whole = path[n] == '\0';
        snprintf(part, sizeof(part), "%.*s", (int)n, path);
        if (stat(part, &s) != 0) {
            snprintf(what, size, "%s: %s", part, strerror(errno));
            snprintf(lines, lines_size, whole ? "systemctl start postlatch" : "mkdir -m 755 %s",
                     part);
            return true;
        }
        if (whole && !S_ISSOCK(s.st_mode)) {
            snprintf(what, size, "%s is no socket", part);
            return true;
        }
        if (!may(&s, pw, whole ? 2 : 1)) {
            snprintf(what, size, "%s has mode %04o, owner %u, group %u: user %s may not %s", part,
                     s.st_mode & 07777, s.st_uid, s.st_gid, w->owner,
                     whole ? "write to it" : "pass through it");
            if (whole)
                snprintf(lines, lines_size, "socket_mode = \"0666\"");
            else
                snprintf(lines, lines_size, "chmod o+x %s", part);
            return true;
        }
        if (whole)
            return false;
    }
    return false;
}

static const char no_socket_why[] =
    "smtpd gets no answer, and acts by default_action: 451 for every recipient, as a rule.";

static void say_unreachable(struct way *w, const struct trial *t)
{
    char what[1024], lines[1024];
    const char *path = pl_endpoint_path(&w->place->where);

    if (t->stage == STAGE_BECOME) {
        pl_doctor_say(w->d, PL_FINDING_UNCHECKED, "socket-not-tried", w->at, "", "", NULL,
                      "%s as user %s%s: %s", w->endpoint, w->owner,
                      w->place->chrooted ? " in the chroot" : "", strerror(t->error));
    } else if (t->stage == STAGE_RESOLVE) {
        pl_doctor_say(
            w->d, PL_FINDING_FAULT, "name-in-chroot", w->at,
            "main.cf or master.cf, in place of this service", w->place->where.text,
            "A chrooted smtpd has only the files below the queue directory to look a name up "
            "in. Write the address.",
            "%s does not resolve for smtpd%s: %s", w->endpoint,
            w->place->chrooted ? " in its chroot" : "", gai_strerror(t->error));
    } else if (t->error == ECONNREFUSED) {
        pl_doctor_say(w->d, PL_FINDING_FAULT, "nobody-listens", w->at, "a shell",
                      "systemctl start postlatch", no_socket_why,
                      path[0] != '\0' ? "%s: the socket is there, and nobody listens at it"
                                      : "%s: nobody listens there",
                      w->endpoint);
    } else if (path[0] != '\0' &&
               find_obstacle(w, path, what, sizeof(what), lines, sizeof(lines))) {
        pl_doctor_say(w->d, PL_FINDING_FAULT, "socket-unreachable", w->at,
                      strncmp(lines, "socket", 6) == 0 ? "postlatch.conf" : "a shell", lines,
                      no_socket_why, "%s as user %s%s: %s", w->endpoint, w->owner,
                      w->place->chrooted ? " in the chroot" : "", what);
    } else {
        pl_doctor_say(w->d, PL_FINDING_FAULT, "socket-unreachable", w->at, "", "", no_socket_why,
                      "%s as user %s%s: %s", w->endpoint, w->owner,
                      w->place->chrooted ? " in the chroot" : "", strerror(t->error));
    }
}

static void try_way(struct way *w)
{
    const char *path = pl_endpoint_path(&w->place->where);
    struct trial t = {0};
    char what[1024], lines[1024];

    if (geteuid() != 0) {
        if (path[0] != '\0' && find_obstacle(w, path, what, sizeof(what), lines, sizeof(lines)))
            pl_doctor_say(w->d, PL_FINDING_FAULT, "socket-unreachable", w->at,
                          strncmp(lines, "socket", 6) == 0 ? "postlatch.conf" : "a shell", lines,
                          no_socket_why, "%s: %s", w->endpoint, what);
        pl_doctor_say(w->d, PL_FINDING_UNCHECKED, "socket-not-tried", w->at, "", "", NULL,
                      "%s as user %s%s: only root can try it", w->endpoint, w->owner,
                      w->place->chrooted ? " in the chroot" : "");
        return;
    }
    if (!run_child(w, &t))
        pl_doctor_say(w->d, PL_FINDING_UNCHECKED, "socket-not-tried", w->at, "", "", NULL,
                      "%s as user %s: %s", w->endpoint, w->owner, strerror(errno));
    else if (t.stage == STAGE_DONE)
        pl_doctor_say(w->d, PL_FINDING_OK, "", w->at, "", "", NULL, "user %s reaches %s%s",
                      w->owner, w->endpoint, w->place->chrooted ? " from inside the chroot" : "");
    else
        say_unreachable(w, &t);
}

void doctor_try_sockets(struct pl_doctor *d)
{
    for (size_t i = 0; i < d->nplaces; i++) {
        struct pl_doctor_listener *l = &d->listeners[d->places[i].listener];
        struct way w = {.d = d, .place = &d->places[i]};
        const struct pl_master_service *s = l->service;

        snprintf(w.at, sizeof(w.at), "%.*s/%.*s", (int)s->name.n, s->name.p, (int)s->type.n,
                 s->type.p);
        copy(w.queue, sizeof(w.queue), pl_postconf_value(&l->pc, "queue_directory"));
        copy(w.owner, sizeof(w.owner), pl_postconf_value(&l->pc, "mail_owner"));
        copy(w.endpoint, sizeof(w.endpoint), d->places[i].service.endpoint);
        try_way(&w);
    }
}
