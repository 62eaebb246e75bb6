/* SPDX-License-Identifier: BSD-2-Clause */
/* Going to the background, so that whoever started us learns whether we listen. */
#include "background.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent's rest of life. */
static _Noreturn void wait_for(pid_t child, int fd)
{
    char byte;
    int status;
    ssize_t got;
    sigset_t none;

    /* The child holds its signals until it watches them; who waits may be interrupted. */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1)
        _exit(0);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
}

int background_begin(void)
{
    int fd[2];
    pid_t child;

    if (pipe2(fd, O_CLOEXEC) != 0) {
        log_error("pipe: %s", strerror(errno));
        return -1;
    }
    child = fork();
    if (child < 0) {
        log_error("fork: %s", strerror(errno));
        close(fd[0]);
        close(fd[1]);
        return -1;
    }
    if (child > 0) {
        close(fd[1]);
        wait_for(child, fd[0]);
    }
    close(fd[0]);
    setsid();
    return fd[1];
}

void background_ready(int handle)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    log_flush(); /* warnings of the start, for whoever started us */
    if (null >= 0) {
        for (int fd = 0; fd <= 2; fd++)
            dup2(null, fd);
        close(null);
    }
    log_to_stderr(LOG_STDERR_NONE);
    log_stderr_close();
    while (write(handle, "", 1) < 0 && errno == EINTR)
        ;
    close(handle);
}

void background_fill_stdio(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd >= 0)
        close(fd);
}
