/* SPDX-License-Identifier: BSD-2-Clause */
/* Talking to a daemon: over its policy socket or its control socket, with a deadline. */
#include "ask.h"

#include "cli.h"
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 1024 * 1024 };

#define CONTROL_DEFAULT "/run/postlatch/control"
#define CONTROL_VERSION "postlatch/1 "

static bool ends_with(const struct pl_buf *b, const char *until)
{
    size_t n = strlen(until);

    return b->n >= n && memcmp(b->p + b->n - n, until, n) == 0;
}

/* Reads to `until` or the end; *ended: the stream ended. */
static bool receive(int fd, const char *until, long long deadline, struct pl_buf *answer,
                    bool *ended)
{
    char chunk[4096];

    *ended = false;
    while (until == NULL || !ends_with(answer, until)) {
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);

        if (got > 0) {
            pl_buf_add(answer, (struct pl_str){chunk, (size_t)got});
            if (answer->failed || answer->n > ANSWER_MAX) {
                errno = EMSGSIZE;
                return false;
            }
        } else if (got == 0) {
            *ended = true;
            return true;
        } else if (errno != EAGAIN && errno != EINTR) {
            return false;
        } else if (!io_wait(fd, POLLIN, deadline)) {
            return false;
        }
    }
    return true;
}

bool ask(const struct pl_endpoint *where, struct pl_str request, const char *until, int seconds,
         struct pl_buf *answer, const char **why)
{
    long long deadline = io_now_ms() + seconds * 1000LL;
    int fd = socket(where->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool ended = false;
    bool ok = fd >= 0 &&
              io_connect(fd, (const struct sockaddr *)&where->addr, where->len, deadline) &&
              io_send(fd, request, deadline) && receive(fd, until, deadline, answer, &ended);

    if (!ok)
        *why = strerror(errno);
    else if (ended && until != NULL) {
        *why = "it closed the connection without an answer; its log says why";
        ok = false;
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The endpoint of the control socket: as told, as the file says, or the default. */
static bool find_control(const char *control, const char *config_path, struct pl_endpoint *where)
{
    char found[PL_ENDPOINT_TEXT], text[PL_ENDPOINT_TEXT + sizeof("unix:")];
    const char *path = control, *why;

    if (path == NULL)
        path = pl_config_find_control(config_path, found, sizeof(found)) ? found : CONTROL_DEFAULT;
    snprintf(text, sizeof(text), "unix:%s", path);
    if (pl_endpoint_parse(where, pl_str_of(text), &why))
        return true;
    trouble("control socket \"%s\": %s", path, why);
    return false;
}

bool ask_control(const char *control, const char *config_path, const char *command, int seconds,
                 struct control_reply *reply)
{
    struct pl_endpoint where;
    char request[64];
    const char *why = "";
    struct pl_str line;

    memset(reply, 0, sizeof(*reply));
    if (!find_control(control, config_path, &where))
        return false;
    snprintf(request, sizeof(request), CONTROL_VERSION "%s\n", command);
    if (!ask(&where, pl_str_of(request), NULL, seconds, &reply->text, &why)) {
        trouble("cannot ask the daemon at %s: %s", pl_endpoint_path(&where), why);
        return false;
    }
    line = pl_buf_str(&reply->text);
    line.n = pl_str_find(line, '\n');
    if (!pl_str_has_prefix(line, pl_str_lit(CONTROL_VERSION)) || line.n == reply->text.n) {
        trouble("what answers at %s is no postlatchd of this version", pl_endpoint_path(&where));
        return false;
    }
    reply->lines = pl_str_from(pl_buf_str(&reply->text), line.n + 1);
    reply->word = pl_str_from(line, sizeof(CONTROL_VERSION) - 1);
    return true;
}

bool find_policy_socket(const struct arguments *a, struct pl_endpoint *where)
{
    struct pl_config config;
    const char *why;

    if (a->socket != NULL) {
        if (pl_endpoint_parse(where, pl_str_of(a->socket), &why))
            return true;
        trouble("--socket \"%s\": %s", a->socket, why);
        return false;
    }
    if (!load(&config, a->config))
        return false;
    *where = config.settings.listen[0];
    pl_config_fini(&config);
    return true;
}

bool write_request(struct pl_buf *out, const struct pl_query *q)
{
    if (q->attr[PL_ATTR_REQUEST].p == NULL)
        pl_buf_add(out, pl_str_lit("request=smtpd_access_policy\n"));
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        struct pl_str value = q->attr[i];

        if (value.p == NULL)
            continue;
        if (pl_str_find(value, '\n') < value.n) {
            trouble("%s: a line end in the value, which no request can hold",
                    pl_attr_name((enum pl_attr)i));
            return false;
        }
        pl_buf_addf(out, "%s=%.*s\n", pl_attr_name((enum pl_attr)i), (int)value.n, value.p);
    }
    pl_buf_add_char(out, '\n');
    if (out->failed)
        trouble("out of memory");
    return !out->failed;
}
