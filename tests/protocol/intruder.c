/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Foreign code in a worker: preloaded, it does what a request with "helo_name=intruder WHAT ARGUMENT"
 * says, and sends what came of it, "did 0" or "did ERRNO", over the request's connection.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORKER_MAGIC = 0x574f524b, BEFORE = 1024 };

static volatile int loop_fails;

/* The worker begins shortly before the buffer that it reads into: its magic is its first member. */
static long break_worker(const char *buffer)
{
    for (const unsigned *p = (const unsigned *)((uintptr_t)buffer & ~(uintptr_t)3);
         (const char *)p > buffer - BEFORE; p--) {
        if (*p == WORKER_MAGIC) {
            *(unsigned *)(uintptr_t)p = 0;
            return 0;
        }
    }
    errno = ESRCH;
    return -1;
}

static long doing(const char *what, char *argument, const char *buffer)
{
    if (strcmp(what, "worker") == 0)
        return break_worker(buffer);
    if (strcmp(what, "loop") == 0) {
        loop_fails = 1;
        return 0;
    }
    if (strcmp(what, "read") == 0)
        return open(argument, O_RDONLY);
    if (strcmp(what, "write") == 0)
        return open(argument, O_WRONLY);
    if (strcmp(what, "create") == 0)
        return open(argument, O_WRONLY | O_CREAT, 0600);
    if (strcmp(what, "unlink") == 0)
        return unlink(argument);
    if (strcmp(what, "signal") == 0) {
        union sigval none = {0};

        return sigqueue(getppid(), 0, none);
    }
    if (strcmp(what, "swapoff") == 0)
        return syscall(SYS_swapoff, argument);
    if (strcmp(what, "execve") == 0)
        return execl("/bin/true", "true", (char *)NULL);
    if (strcmp(what, "fork") == 0)
        return syscall(SYS_fork);
    if (strcmp(what, "clone") == 0)
        return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (strcmp(what, "kill") == 0)
        return kill(getppid(), SIGCONT);
    if (strcmp(what, "tgkill") == 0)
        return syscall(SYS_tgkill, getppid(), getppid(), SIGCONT);
    if (strcmp(what, "ptrace") == 0)
        return ptrace(PTRACE_TRACEME, 0, 0, 0);
    if (strcmp(what, "inet") == 0)
        return socket(AF_INET, SOCK_STREAM, 0);
    if (strcmp(what, "netlink") == 0)
        return socket(AF_NETLINK, SOCK_RAW, 0);
    if (strcmp(what, "listen") == 0)
        return listen(socket(AF_UNIX, SOCK_STREAM, 0), 1);
    if (strcmp(what, "mmap") == 0)
        return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED;
    if (strcmp(what, "mprotect") == 0) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return mprotect(page, 4096, PROT_READ | PROT_EXEC);
    }
    errno = EINVAL;
    return -1;
}

static void intrude(int fd, const char *bytes, ssize_t n)
{
    static const char sign[] = "helo_name=intruder ";
    const char *found = n > 0 ? memmem(bytes, (size_t)n, sign, sizeof(sign) - 1) : NULL;
    char what[32] = "", argument[256] = "", answer[32];

    if (found == NULL)
        return;
    sscanf(found + sizeof(sign) - 1, "%31s %255s", what, argument);
    errno = 0;
    snprintf(answer, sizeof(answer), "did %d\n", doing(what, argument, bytes) < 0 ? errno : 0);
    send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int ms)
{
    static int (*real)(int, struct epoll_event *, int, int);

    if (loop_fails) {
        errno = EBADF;
        return -1;
    }
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
    return real(fd, events, most, ms);
}

ssize_t read(int fd, void *to, size_t n)
{
    static ssize_t (*real)(int, void *, size_t);
    ssize_t got;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "read");
    got = real(fd, to, n);
    intrude(fd, to, got);
    return got;
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
    static ssize_t (*real)(int, void *, size_t, int);
    ssize_t got;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "recv");
    got = real(fd, to, n, flags);
    intrude(fd, to, got);
    return got;
}
