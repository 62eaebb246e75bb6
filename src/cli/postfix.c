/* SPDX-License-Identifier: BSD-2-Clause */
/* Running postconf and postmap, and reading what they print. */
#include "postfix.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_OUTPUT = 64 * 1024 * 1024 };

static void close_pair(int fd[2])
{
    for (int i = 0; i < 2; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
    }
}

/* Start the program with its three streams; an errno, 0 if it runs. */
static int start(pid_t *pid, const char *const *argv, int in, int out, int err)
{
    posix_spawn_file_actions_t actions;
    char path[256];
    int failed = posix_spawn_file_actions_init(&actions);

    if (failed != 0)
        return failed;
    failed = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    if (failed == 0)
        failed =
            posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)(const void *)argv, environ);
    if (failed == ENOENT) { /* who is not root seldom has /usr/sbin in PATH */
        snprintf(path, sizeof(path), "/usr/sbin/%s", argv[0]);
        failed = posix_spawn(pid, path, &actions, NULL, (char *const *)(const void *)argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Read both streams to their ends; an errno, 0 if all was read. */
static int read_streams(int out_fd, struct pl_buf *out, int err_fd, struct pl_buf *err)
{
    struct pollfd fds[2] = {{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}};
    struct pl_buf *bufs[2] = {out, err};
    char chunk[16384];
    int open = 2;

    while (open > 0) {
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return errno;
        }
        for (int i = 0; i < 2; i++) {
            ssize_t n;

            if (fds[i].fd < 0 || fds[i].revents == 0)
                continue;
            n = read(fds[i].fd, chunk, sizeof(chunk));
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return errno;
            if (n == 0) {
                fds[i].fd = -1;
                open--;
                continue;
            }
            pl_buf_add(bufs[i], (struct pl_str){chunk, (size_t)n});
            if (bufs[i]->failed || bufs[i]->n > MOST_OUTPUT)
                return bufs[i]->failed ? ENOMEM : EFBIG;
        }
    }
    return 0;
}

int postfix_run(const char *const *argv, struct pl_str input, struct pl_buf *out,
                struct pl_buf *err, const char **why)
{
    int in_fd[2] = {-1, -1}, out_fd[2] = {-1, -1}, err_fd[2] = {-1, -1};
    int status, failed = 0, result = -1;
    pid_t pid = -1;

    if (pipe2(in_fd, O_CLOEXEC) != 0 || pipe2(out_fd, O_CLOEXEC) != 0 ||
        pipe2(err_fd, O_CLOEXEC) != 0)
        failed = errno;
    /* Not more than a pipe holds, so that this cannot block. */
    if (failed == 0 && input.n > 0 && write(in_fd[1], input.p, input.n) != (ssize_t)input.n)
        failed = errno;
    if (failed == 0)
        failed = start(&pid, argv, in_fd[0], out_fd[1], err_fd[1]);
    if (failed != 0)
        goto out;
    for (int *fd[] = {&in_fd[0], &in_fd[1], &out_fd[1], &err_fd[1], NULL}, i = 0; fd[i] != NULL;
         i++) {
        close(*fd[i]);
        *fd[i] = -1;
    }
    failed = read_streams(out_fd[0], out, err_fd[0], err);
    if (failed != 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (failed == 0 && WIFEXITED(status))
        result = WEXITSTATUS(status);
    if (failed == 0 && result < 0)
        *why = "killed by a signal";
out:
    if (failed != 0)
        *why = strerror(failed);
    close_pair(in_fd);
    close_pair(out_fd);
    close_pair(err_fd);
    return result;
}

enum { MOST_ARGS = 512 };

/* postconf -c DIR and more; what it prints goes to *out. False after printing why. */
static bool postconf(const char *dir, const char *const *more, struct pl_buf *out,
                     struct pl_buf *warnings)
{
    const char *argv[MOST_ARGS] = {"postconf"}, *why = "";
    struct pl_buf err = {0};
    size_t n = 1;
    int status;

    if (dir != NULL) {
        argv[n++] = "-c";
        argv[n++] = dir;
    }
    for (; *more != NULL && n < MOST_ARGS - 1; more++)
        argv[n++] = *more;
    argv[n] = NULL;
    if (n == MOST_ARGS - 1) {
        trouble("more than %d overrides of one service", MOST_ARGS / 2);
        return false;
    }
    status = postfix_run(argv, (struct pl_str){NULL, 0}, out, &err, &why);
    if (status < 0)
        trouble("cannot run postconf: %s", why);
    else if (status != 0)
        trouble("postconf does not read this configuration, and no more would Postfix:\n%s",
                err.n > 0 ? err.p : "(it said nothing)");
    else if (warnings != NULL)
        pl_buf_add(warnings, pl_buf_str(&err));
    pl_buf_fini(&err);
    return status == 0;
}

/* Errors of the reader: lines that no postconf that we know prints. */
static bool say(struct pl_diag *d, bool ok)
{
    const char *line;

    for (size_t i = 0; !ok && (line = pl_diag_get(d, i)) != NULL; i++)
        trouble("%s", line);
    pl_diag_free(d);
    return ok;
}

bool postfix_read(struct postfix *p, const char *dir)
{
    struct pl_diag *d;
    bool ok;

    p->dir = dir;
    if (!postconf(dir, (const char *const[]){"-n", NULL}, &p->set_text, &p->warnings) ||
        !postconf(dir, (const char *const[]){"-x", NULL}, &p->all_text, NULL) ||
        !postconf(dir, (const char *const[]){"-M", NULL}, &p->services_text, NULL) ||
        !postconf(dir, (const char *const[]){"-P", NULL}, &p->overrides_text, &p->warnings))
        return false;
    d = pl_diag_new();
    if (d == NULL) {
        trouble("out of memory");
        return false;
    }
    ok = pl_postconf_read(&p->set, pl_buf_str(&p->set_text), "postconf -n", d);
    ok = pl_postconf_read(&p->all, pl_buf_str(&p->all_text), "postconf -x", d) && ok;
    ok = pl_master_read(&p->master, pl_buf_str(&p->services_text), pl_buf_str(&p->overrides_text),
                        d) &&
         ok;
    return say(d, ok);
}

void postfix_fini(struct postfix *p)
{
    pl_postconf_fini(&p->set);
    pl_postconf_fini(&p->all);
    pl_master_fini(&p->master);
    pl_buf_fini(&p->set_text);
    pl_buf_fini(&p->all_text);
    pl_buf_fini(&p->services_text);
    pl_buf_fini(&p->overrides_text);
    pl_buf_fini(&p->warnings);
    *p = (struct postfix){0};
}

bool postfix_effective(const struct postfix *p, const struct pl_master_service *s,
                       const char *extra, struct pl_postconf *pc, struct pl_buf *text)
{
    const struct pl_postconf *o = &s->overrides;
    const char **argv = calloc(2 * o->count + 4, sizeof(*argv));
    char **words = calloc(o->count + 1, sizeof(*words));
    struct pl_diag *d = pl_diag_new();
    size_t n = 0;
    bool ok = argv != NULL && words != NULL && d != NULL;

    if (ok)
        argv[n++] = "-x";
    for (size_t i = 0; ok && i < o->count; i++) {
        if (asprintf(&words[i], "%.*s=%.*s", (int)o->params[i].name.n, o->params[i].name.p,
                     (int)o->params[i].value.n, o->params[i].value.p) < 0) {
            words[i] = NULL;
            ok = false;
            break;
        }
        argv[n++] = "-o";
        argv[n++] = words[i];
    }
    if (!ok) {
        trouble("out of memory");
    } else {
        if (extra != NULL) {
            argv[n++] = "-o";
            argv[n++] = extra;
        }
        ok = postconf(p->dir, argv, text, NULL);
    }
    if (ok) {
        ok = pl_postconf_read(pc, pl_buf_str(text), "postconf -x", d);
        ok = say(d, ok);
        d = NULL;
    }
    for (size_t i = 0; words != NULL && i < o->count; i++)
        free(words[i]);
    free(words);
    free(argv);
    pl_diag_free(d);
    return ok;
}
