/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection of Postfix on a real socket, with the daemon's own session code: however the bytes are
 * cut and however slowly the answers are taken, the answers are those that a reader of the whole
 * stream gives, in order, each once, up to the first trouble and not a byte more.
 *
 * Input: one byte, how to behave; one byte, how many cuts; a byte each, where; the stream.
 */
#include "daemon.h"
#include "fuzz.h"
#include "postlatch/reply.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT = 4096, SLOW_READER = 1, SMALL_BUFFER = 2, CUTS_MAX = 32 };

static const char policy[] =
    "accepted_domains = {example.org}\n"
    "relay_networks = {192.0.2.0/24}\n"
    "relay_users = {any}\n"
    "max_request_size = 4096\n"
    "rule \"r\" { helo_name = {evil} action = \"REJECT no %{helo_name} %{sender}\" }\n"
    "log { decisions = all }\n";

static struct daemon us;
static struct listener listener;

/* What a reader of the whole stream answers. */
static void answer_all(struct pl_str stream, struct pl_buf *expected)
{
    const struct pl_policy *p = us.pool.workers[0].snapshot->config.policy;
    const char *why;

    while (stream.n > 0) {
        struct pl_request_scan scan = {0};
        struct pl_cursor cursor = {0};
        struct pl_decision decision;
        char action[PL_ACTION_ROOM], reply[PL_REPLY_MAX];
        struct pl_query q;
        size_t end, n;

        if (pl_request_find_end(stream.p, stream.n < LIMIT ? stream.n : LIMIT, &scan, &end, &why) !=
                PL_REQUEST_COMPLETE ||
            !pl_request_parse(q.attr, stream.p, end, &why))
            return;
        pl_query_read(&q);
        pl_policy_decide(p, &q, &cursor, &decision);
        n = pl_policy_answer(action, p, &q, &decision);
        n = pl_reply_format(reply, (struct pl_str){action, n});
        pl_buf_add(expected, (struct pl_str){reply, n});
        stream = pl_str_from(stream, end);
    }
}

/* Sends a piece; the socket always takes it, as the worker reads between. false: it has closed. */
static bool send_piece(int fd, struct pl_str piece, struct pl_buf *got, bool slow)
{
    while (piece.n > 0) {
        ssize_t n = send(fd, piece.p, piece.n, MSG_NOSIGNAL | MSG_DONTWAIT);

        daemon_turn(&us);
        if (n < 0 && (!slow || !take_bytes(fd, got)))
            return false;
        if (n > 0)
            piece = pl_str_from(piece, (size_t)n);
        if (!slow)
            take_bytes(fd, got);
    }
    return true;
}

static void talk(int fd, struct input *in, unsigned how, struct pl_buf *got)
{
    unsigned char cuts[CUTS_MAX];
    unsigned count = input_byte(in) % CUTS_MAX;
    struct pl_str stream, rest;
    struct pl_buf expected = {0};
    bool open = true;

    for (unsigned i = 0; i < count; i++)
        cuts[i] = (unsigned char)input_byte(in);
    stream = rest = input_rest(in);
    answer_all(stream, &expected);
    for (unsigned i = 0; i < count && open; i++) {
        struct pl_str piece = {rest.p, cuts[i] < rest.n ? cuts[i] : rest.n};

        rest = pl_str_from(rest, piece.n);
        open = send_piece(fd, piece, got, (how & SLOW_READER) != 0);
    }
    if (open)
        send_piece(fd, rest, got, (how & SLOW_READER) != 0);
    shutdown(fd, SHUT_WR);
    for (int i = 0; us.pool.workers[0].count > 0; i++) {
        fuzz_check(i < 100000); /* it must come to an end */
        daemon_turn(&us);
        take_bytes(fd, got);
    }
    take_bytes(fd, got);
    fuzz_check(pl_str_eq(pl_buf_str(got), pl_buf_str(&expected)));
    fuzz_check(fuzz_is_reply(pl_buf_str(got)));
    pl_buf_fini(&expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    unsigned how = input_byte(&in);
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    struct pl_buf got = {0};
    int pair[2], small = 2048;

    if (us.loop == NULL)
        daemon_start(&us, fuzz_write("session.conf", pl_str_of(policy)));
    fuzz_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    if ((how & SMALL_BUFFER) != 0)
        setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    pool_take(&us.pool, pair[1], &listener, &peer);
    daemon_turn(&us);
    fuzz_check(us.pool.workers[0].count == 1);
    talk(pair[0], &in, how, &got);
    fuzz_check(atomic_load(&us.pool.connections) == 0);
    close(pair[0]);
    pl_buf_fini(&got);
    return 0;
}
