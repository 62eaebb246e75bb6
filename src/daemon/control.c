/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: one line in, lines out, then the connection closes. A client has five seconds
 * for its line and five to take the answer; there are few at a time, and what each may hold is
 * bounded, so that a hostile one (it would have to be root or our own user) costs nobody anything.
 */
#include "control.h"

#include "log.h"
#include "postlatch/compiler.h"
#include "vitals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_MAGIC = 0x434c4e54, LINE_MAX_BYTES = 128 };
#define PATIENCE_S 5.0
#define PAUSE_S 0.1
#define PROTOCOL "postlatch/1 "

struct control_client {
    unsigned magic;
    struct control *control;
    LIST_ENTRY(control_client) entry;
    ev_io io;
    ev_timer patience;
    char line[LINE_MAX_BYTES];
    size_t n;                /* bytes of line */
    unsigned long waits_for; /* the number of a reload; 0: for none */
    struct pl_buf out;
    size_t sent; /* of out */
};

static struct log_rate control_trouble = LOG_RATE(1);

static void client_free(struct control_client *k)
{
    struct control *c = k->control;

    ev_io_stop(c->loop, &k->io);
    ev_timer_stop(c->loop, &k->patience);
    close(k->io.fd);
    LIST_REMOVE(k, entry);
    c->count--;
    k->magic = 0;
    pl_buf_fini(&k->out);
    free(k);
}

/* Sends what there is; frees the client when all is gone or nothing goes any more. */
static void client_write(struct control_client *k)
{
    while (k->sent < k->out.n) {
        ssize_t n = send(k->io.fd, k->out.p + k->sent, k->out.n - k->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            ev_io_stop(k->control->loop, &k->io);
            ev_io_modify(&k->io, EV_WRITE);
            ev_io_start(k->control->loop, &k->io);
            return;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        k->sent += (size_t)n;
    }
    client_free(k);
}

static void answer(struct control_client *k, const char *outcome, struct pl_str text)
{
    k->waits_for = 0;
    pl_buf_addf(&k->out, PROTOCOL "%s\n", outcome);
    pl_buf_add(&k->out, text);
    ev_timer_again(k->control->loop, &k->patience);
    client_write(k);
}

static void answer_text(struct control_client *k, const struct pl_buf *text)
{
    answer(k, text->failed ? "error" : "ok",
           text->failed ? pl_str_lit("out of memory\n") : pl_buf_str(text));
}

static struct busiest *busiest_of(void *arg, size_t i)
{
    struct pool *p = arg;

    return &p->workers[i].busiest;
}

/* The client's line has come. */
static void command(struct control_client *k, struct pl_str line)
{
    struct control *c = k->control;
    struct pl_buf text = {0};
    bool plain = pl_str_eq(line, pl_str_lit(PROTOCOL "reload"));

    if (pl_str_eq(line, pl_str_lit(PROTOCOL "status"))) {
        status_add(&text, c->vitals);
        answer_text(k, &text);
    } else if (pl_str_eq(line, pl_str_lit(PROTOCOL "metrics"))) {
        metrics_add(&text, c->vitals, false);
        answer_text(k, &text);
    } else if (pl_str_eq(line, pl_str_lit(PROTOCOL "busiest"))) {
        text.failed = !busiest_tell(&text, &c->vitals->pool->watch, busiest_of, c->vitals->pool,
                                    c->vitals->pool->count, clock_us()) ||
                      text.failed;
        answer_text(k, &text);
    } else if (plain || pl_str_eq(line, pl_str_lit(PROTOCOL "reload accept-wider"))) {
        ev_io_stop(c->loop, &k->io); /* a reload takes as long as it takes */
        ev_timer_stop(c->loop, &k->patience);
        k->waits_for = reload_request(c->reload, !plain);
        if (!c->reload->running) /* it could not even begin */
            answer(k, reload_outcome_word(c->reload->last), pl_buf_str(&c->reload->report));
    } else {
        answer(k, "error",
               pl_str_lit("not understood; expected \"" PROTOCOL "status\", \"" PROTOCOL
                          "metrics\", \"" PROTOCOL "busiest\", \"" PROTOCOL
                          "reload\" or \"" PROTOCOL "reload accept-wider\"\n"));
    }
    pl_buf_fini(&text);
}

static void client_read(struct control_client *k)
{
    ssize_t got = recv(k->io.fd, k->line + k->n, sizeof(k->line) - k->n, 0);
    struct pl_str line;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        client_free(k);
        return;
    }
    k->n += (size_t)got;
    line = (struct pl_str){k->line, k->n};
    line.n = pl_str_find(line, '\n');
    if (line.n < k->n)
        command(k, line);
    else if (k->n == sizeof(k->line))
        answer(k, "error", pl_str_lit("the line is too long\n"));
}

static void on_client(struct ev_loop *loop, ev_io *io, int revents)
{
    struct control_client *k = io->data;

    (void)loop;
    pl_assert(k->magic == CLIENT_MAGIC);
    if ((revents & EV_ERROR) != 0)
        client_free(k);
    else if ((revents & EV_WRITE) != 0)
        client_write(k);
    else
        client_read(k);
}

static void on_patience(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct control_client *k = t->data;

    (void)loop;
    (void)revents;
    pl_assert(k->magic == CLIENT_MAGIC);
    client_free(k);
}

/* As listeners do: trying at once would only spin, and a later try may do better. */
static void pause_accepting(struct control *c, int error)
{
    unsigned long suppressed;

    if (log_rate_pass(&control_trouble, &suppressed))
        log_error("control: cannot accept: %s; trying again every %.0f ms", strerror(error),
                  PAUSE_S * 1000);
    ev_io_stop(c->loop, &c->io);
    ev_timer_again(c->loop, &c->pause);
}

static void on_pause_end(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct control *c = t->data;

    (void)revents;
    pl_assert(c->magic == CONTROL_MAGIC);
    ev_timer_stop(loop, t);
    ev_io_start(loop, &c->io);
}

static void on_accept(struct ev_loop *loop, ev_io *io, int revents)
{
    struct control *c = io->data;
    unsigned long suppressed;
    struct control_client *k;
    int fd;

    pl_assert(c->magic == CONTROL_MAGIC);
    if ((revents & EV_ERROR) != 0) { /* no memory to watch it; libev has stopped it */
        pause_accepting(c, ENOMEM);
        return;
    }
    fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            pause_accepting(c, errno);
        return;
    }
    k = c->count < CONTROL_CLIENTS_MAX ? calloc(1, sizeof(*k)) : NULL;
    if (k == NULL) {
        if (log_rate_pass(&control_trouble, &suppressed))
            log_warn("control: more than %d clients at once; one is turned away",
                     CONTROL_CLIENTS_MAX);
        close(fd);
        return;
    }
    k->magic = CLIENT_MAGIC;
    k->control = c;
    LIST_INSERT_HEAD(&c->clients, k, entry);
    c->count++;
    ev_io_init(&k->io, on_client, fd, EV_READ);
    ev_init(&k->patience, on_patience);
    k->patience.repeat = PATIENCE_S;
    k->io.data = k->patience.data = k;
    ev_io_start(loop, &k->io);
    ev_timer_again(loop, &k->patience);
}

/* The folder of path, if it does not exist: a /run that was just mounted has none. */
static void make_folder(const char *path)
{
    char *folder = strdup(path), *slash = folder == NULL ? NULL : strrchr(folder, '/');

    if (slash != NULL && slash != folder) {
        *slash = '\0';
        if (mkdir(folder, 0755) != 0 && errno != EEXIST)
            log_error("control: cannot make the folder %s: %s", folder, strerror(errno));
    }
    free(folder);
}

bool control_bind(struct control *c, const char *path)
{
    static const struct socket_file file = {0600, "", ""};
    char text[PL_ENDPOINT_TEXT];
    const char *why;

    c->magic = CONTROL_MAGIC;
    LIST_INIT(&c->clients);
    snprintf(text, sizeof(text), "unix:%s", path);
    pl_assert(pl_endpoint_parse(&c->endpoint, pl_str_of(text), &why));
    make_folder(path);
    c->fd = listener_bind("control", &c->endpoint, &file, &c->socket);
    return c->fd >= 0;
}

void control_start(struct control *c, struct ev_loop *loop)
{
    c->loop = loop;
    ev_io_init(&c->io, on_accept, c->fd, EV_READ);
    ev_timer_init(&c->pause, on_pause_end, 0., PAUSE_S);
    c->io.data = c->pause.data = c;
    ev_io_start(loop, &c->io);
}

void control_reload_done(struct control *c, unsigned long number, enum reload_outcome outcome,
                         struct pl_str text)
{
    struct control_client *k, *next;

    for (k = LIST_FIRST(&c->clients); k != NULL; k = next) {
        next = LIST_NEXT(k, entry);
        if (k->waits_for != 0 && k->waits_for <= number)
            answer(k, reload_outcome_word(outcome), text);
    }
}

void control_close(struct control *c)
{
    if (c->magic != CONTROL_MAGIC || c->fd < 0)
        return;
    if (c->loop != NULL) {
        ev_io_stop(c->loop, &c->io);
        ev_timer_stop(c->loop, &c->pause);
        while (!LIST_EMPTY(&c->clients))
            client_free(LIST_FIRST(&c->clients));
    }
    close(c->fd);
    listener_remove(&c->endpoint, &c->socket);
    c->fd = -1;
}
