/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A syslog socket that is read as fast as can be: takes datagrams and forgets them. Who wants to know
 * what a log line costs the daemon needs a reader that does not take the processor away from it.
 *
 *     bench_sink /path
 *
 * Run by root it takes 512 lines that wait, as systemd sets up its hosts; otherwise what this host
 * gives, which without systemd is the kernel's own default of 10.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BATCH = 64, LINE = 2048 };

/* The limit belongs to a network namespace: in one of our own nobody else is disturbed. */
static void raise_limit(void)
{
    static const char limit[] = "512\n";
    int fd = unshare(CLONE_NEWNET) == 0
                 ? open("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY | O_CLOEXEC)
                 : -1;

    if (fd < 0 || write(fd, limit, sizeof(limit) - 1) < 0)
        fputs("bench_sink: net.unix.max_dgram_qlen stays as it is\n", stderr);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    static char lines[BATCH][LINE];
    static struct iovec io[BATCH];
    static struct mmsghdr messages[BATCH];
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd;

    if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path)) {
        fputs("usage: bench_sink /path\n", stderr);
        return 2;
    }
    memcpy(addr.sun_path, argv[1], strlen(argv[1]));
    unlink(argv[1]);
    raise_limit();
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
        perror("bench_sink");
        return 2;
    }
    for (int i = 0; i < BATCH; i++) {
        io[i] = (struct iovec){lines[i], LINE};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &io[i], .msg_iovlen = 1};
    }
    while (recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL) > 0)
        continue;
    perror("bench_sink");
    return 2;
}
