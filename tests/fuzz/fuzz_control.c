/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of the control socket that sends anything, in any pieces: one answer, with its outcome, and
 * the end of the stream; an error for all but the commands there are.
 *
 * Input: one byte, where to cut; the stream.
 */
#include "daemon.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct daemon us;

static int dial(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(to.sun_path, path, strlen(path));
    fuzz_check(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

/* What must come of a line. NULL: nothing, as the line has no end yet. */
static const char *outcome(struct pl_str sent)
{
    size_t end = pl_str_find(sent, '\n');
    struct pl_str line = {sent.p, end};

    if (end >= 128 || end == sent.n)
        return sent.n >= 128 ? "postlatch/1 error\n" : NULL;
    if (pl_str_eq(line, pl_str_lit("postlatch/1 status")) ||
        pl_str_eq(line, pl_str_lit("postlatch/1 metrics")) ||
        pl_str_eq(line, pl_str_lit("postlatch/1 reload accept-wider")) ||
        pl_str_eq(line, pl_str_lit("postlatch/1 reload")))
        return "postlatch/1 ok\n";
    return "postlatch/1 error\n";
}

static void send_part(int fd, struct pl_str part)
{
    if (part.n > 0)
        (void)!send(fd, part.p, part.n, MSG_NOSIGNAL); /* it may have closed already: as told */
    daemon_turn(&us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    size_t cut = input_byte(&in);
    struct pl_str all = input_rest(&in);
    const char *expected = outcome(all);
    struct pl_buf got = {0};
    static char path[600];
    int fd;

    if (us.loop == NULL) {
        daemon_start(&us,
                     fuzz_write("control.conf", pl_str_lit("accepted_domains = {example.org}\n")));
        snprintf(path, sizeof(path), "%s/control", fuzz_folder());
        fuzz_check(control_bind(&us.control, path));
        control_start(&us.control, us.loop);
    }
    fd = dial(path);
    daemon_turn(&us);
    send_part(fd, (struct pl_str){all.p, cut < all.n ? cut : all.n});
    send_part(fd, pl_str_from(all, cut < all.n ? cut : all.n));
    shutdown(fd, SHUT_WR);
    while (us.control.count > 0)
        daemon_turn(&us);
    while (us.reload.running)
        daemon_turn(&us);
    fuzz_check(!take_bytes(fd, &got) || got.n > 0);
    if (expected == NULL)
        fuzz_check(got.n == 0);
    else
        fuzz_check(pl_str_has_prefix(pl_buf_str(&got), pl_str_of(expected)));
    close(fd);
    pl_buf_fini(&got);
    return 0;
}
