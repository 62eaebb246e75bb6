/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that knows libmicrohttpd. */
#include "http.h"

#include "http_accept.h"
#include "listener.h"
#include "log.h"
#include "postlatch/compiler.h"
#include "vitals.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPTION "metrics: listen"
#define CLASSIC "text/plain; version=0.0.4; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TICK_S 5.0

static struct log_rate http_trouble = LOG_RATE(1);

/* ---- answers ---- */

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *type,
                             struct pl_buf *body)
{
    struct MHD_Response *r;
    enum MHD_Result result = MHD_NO;

    if (!body->failed)
        r = MHD_create_response_from_buffer(body->n, body->p, MHD_RESPMEM_MUST_FREE);
    else
        r = NULL;
    if (r == NULL) { /* no memory: the connection is closed */
        pl_buf_fini(body);
        return MHD_NO;
    }
    *body = (struct pl_buf){0}; /* the response's by now */
    if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES &&
        (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
        result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status, const char *why)
{
    struct pl_buf body = {0};

    pl_buf_add(&body, pl_str_of(why));
    return reply(c, status, "text/plain; charset=utf-8", &body);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    static int seen;
    struct http_place *place = arg;
    struct pl_buf body = {0};
    bool openmetrics;

    (void)version;
    (void)upload;
    pl_assert(place->magic == HTTP_MAGIC);
    /* Whoever sends a body is not waited for. */
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered\n");
    if (*state == NULL) { /* the headers are here; an answer now would cut off what follows */
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") != 0)
        return refuse(c, MHD_HTTP_NOT_FOUND, "not found; the metrics are at /metrics\n");
    openmetrics = http_wants_openmetrics(
        pl_str_of(MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT)));
    metrics_add(&body, place->all->vitals, openmetrics);
    return reply(c, MHD_HTTP_OK, openmetrics ? OPENMETRICS : CLASSIC, &body);
}

/* A path is compared as it was sent: /%6detrics is another one, and no NUL can be in it. */
static size_t leave_as_it_is(void *arg, struct MHD_Connection *c, char *text)
{
    (void)arg;
    (void)c;
    return strlen(text);
}

/* ---- clients: none stays for ever, not even one that sends a byte now and then ---- */

static void on_client(void *arg, struct MHD_Connection *c, void **state,
                      enum MHD_ConnectionNotificationCode code)
{
    struct http_place *place = arg;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    size_t i = 0;

    (void)state;
    if (info == NULL)
        return;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        if (place->count < HTTP_CLIENTS)
            place->clients[place->count++] = (struct http_client){info->connect_fd, clock_ms()};
        if (!ev_is_active(&place->tick)) /* who comes does not put off the end of who is here */
            ev_timer_again(place->all->loop, &place->tick);
        return;
    }
    place->freed = true;
    while (i < place->count && place->clients[i].fd != info->connect_fd)
        i++;
    if (i < place->count)
        place->clients[i] = place->clients[--place->count];
}

static void serve(struct http_place *place);

static void on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct http_place *place = t->data;
    int64_t now = clock_ms();

    (void)revents;
    pl_assert(place->magic == HTTP_MAGIC);
    for (size_t i = 0; i < place->count; i++) {
        if (now - place->clients[i].since_ms > HTTP_PATIENCE_S * 1000)
            shutdown(place->clients[i].fd, SHUT_RDWR);
    }
    if (!ev_is_active(&place->io))
        ev_io_start(loop, &place->io);
    serve(place);
    if (place->count == 0 && ev_is_active(&place->io))
        ev_timer_stop(loop, t);
}

/* ---- the server on our loop ---- */

/* Does what there is to do, and finds out when to be called again if nothing happens until then. */
static void serve(struct http_place *place)
{
    struct ev_loop *loop = place->all->loop;
    MHD_UNSIGNED_LONG_LONG ms = 0;

    place->freed = false;
    MHD_run(place->server);
    ev_timer_stop(loop, &place->timeout);
    /*
     * With all places taken it does not look at its socket, and with places freed it does so no sooner than
     * it is called again; nothing else would do that if nobody is left.
     */
    if (!place->freed && MHD_get_timeout(place->server, &ms) != MHD_YES)
        return;
    ev_timer_set(&place->timeout, (double)ms / 1e3, 0.);
    ev_timer_start(loop, &place->timeout);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
    struct http_place *place = io->data;

    pl_assert(place->magic == HTTP_MAGIC);
    /* No memory to watch it: libev has stopped it, and trying at once would only spin. */
    if ((revents & EV_ERROR) != 0) {
        ev_timer_again(loop, &place->tick);
        return;
    }
    serve(place);
}

static void on_timeout(struct ev_loop *loop, ev_timer *t, int revents)
{
    (void)loop;
    (void)revents;
    serve(t->data);
}

static void on_log(void *arg, const char *fmt, va_list ap) PL_PRINTF(2, 0);
static void on_log(void *arg, const char *fmt, va_list ap)
{
    unsigned long suppressed;
    char text[300];

    (void)arg;
    if (!log_rate_pass(&http_trouble, &suppressed))
        return;
    vsnprintf(text, sizeof(text), fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    log_warn("metrics: %s (%lu before it were not logged)", text, suppressed);
}

bool http_bind(struct http *h, const struct pl_settings *settings, struct activation *handed_over)
{
    static const struct socket_file none = {0, "", ""};
    bool ok = true;

    if (settings->nmetrics == 0)
        return true;
    h->each = calloc(settings->nmetrics, sizeof(*h->each));
    if (h->each == NULL) {
        log_error("out of memory");
        return false;
    }
    h->count = settings->nmetrics;
    for (size_t i = 0; i < h->count; i++) {
        struct http_place *place = &h->each[i];
        struct stat made;

        place->magic = HTTP_MAGIC;
        place->all = h;
        place->endpoint = settings->metrics[i];
        place->fd = activation_take(handed_over, &place->endpoint);
        if (place->fd < 0)
            place->fd = listener_bind(OPTION, &place->endpoint, &none, &made);
        ok = ok && place->fd >= 0;
    }
    return ok;
}

static bool start(struct http_place *place)
{
    struct ev_loop *loop = place->all->loop;
    const union MHD_DaemonInfo *info;

    if (!pl_endpoint_is_loopback(&place->endpoint))
        log_warn(OPTION " \"%s\" can be reached from other hosts: whoever can connect may read the "
                        "names of rules and lists and how often each decides",
                 place->endpoint.text);
    place->server = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, place,
        /* first, as others may already have something to say */
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, place->fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_SILENT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_BYTES,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_client,
        place, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (place->server == NULL) {
        log_error(OPTION " \"%s\": cannot start: %s", place->endpoint.text, strerror(errno));
        return false;
    }
    place->fd = -1;
    info = MHD_get_daemon_info(place->server, MHD_DAEMON_INFO_EPOLL_FD);
    pl_assert(info != NULL);
    ev_io_init(&place->io, on_io, info->epoll_fd, EV_READ);
    ev_timer_init(&place->timeout, on_timeout, 0., 0.);
    ev_timer_init(&place->tick, on_tick, 0., TICK_S);
    place->io.data = place->timeout.data = place->tick.data = place;
    ev_io_start(loop, &place->io);
    return true;
}

bool http_start(struct http *h, struct ev_loop *loop, const struct vitals *vitals)
{
    bool ok = true;

    h->loop = loop;
    h->vitals = vitals;
    for (size_t i = 0; i < h->count; i++)
        ok = start(&h->each[i]) && ok;
    return ok;
}

void http_close(struct http *h)
{
    for (size_t i = 0; i < h->count; i++) {
        struct http_place *place = &h->each[i];

        if (place->server != NULL) {
            ev_io_stop(h->loop, &place->io);
            MHD_stop_daemon(place->server); /* closes its socket too */
            ev_timer_stop(h->loop, &place->timeout);
            ev_timer_stop(h->loop, &place->tick);
        }
        if (place->fd >= 0)
            close(place->fd);
    }
    free(h->each);
    *h = (struct http){0};
}
