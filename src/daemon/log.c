/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the daemon says, as text. The other files of the log: log_decision.c writes the line of a
 * decision, log_writer.c has the queues and the thread that gives lines away, log_queue.c is one such
 * queue, log_syslog.c and log_stderr.c are where lines go.
 */
#include "log.h"

#include "log_queue.h"
#include "log_syslog.h"
#include "log_writer.h"
#include "loop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

static atomic_bool as_json; /* log { format = json } */

void log_open(void)
{
    /* Until the configuration is read: its defaults. */
    static const struct pl_settings before = {.log_tag = "postlatchd",
                                              .log_facility = LOG_MAIL,
                                              .log_socket = "/dev/log",
                                              .log_journal = PL_LOG_JOURNAL_AUTO,
                                              .log_journal_socket = "/run/systemd/journal/socket"};

    tzset();
    log_stderr_open();
    log_configure(&before);
    log_syslog_open();
}

bool log_start(unsigned workers)
{
    if (log_writer_start(workers))
        return true;
    log_error("cannot start the log's thread: out of memory or of threads");
    return false;
}

void log_close(void)
{
    log_writer_stop();
    log_syslog_close();
    log_stderr_close();
}

void log_configure(const struct pl_settings *settings)
{
    bool journal = settings->log_journal == PL_LOG_JOURNAL_YES ||
                   (settings->log_journal == PL_LOG_JOURNAL_AUTO && log_stderr_is_journal());

    log_syslog_configure(journal ? settings->log_journal_socket : settings->log_socket, journal,
                         settings->log_tag, settings->log_facility);
    atomic_store(&as_json, settings->log_format == PL_LOG_JSON);
    /* Where a service manager keeps the journal, syslog's own socket is the journal's as well. */
    log_stderr_set_twice(log_stderr_is_journal() &&
                         (journal || strcmp(settings->log_socket, "/dev/log") == 0));
}

/* As much of a message as there is room for, fit to stand in a JSON string; returns the length. */
static size_t put_json_text(char *out, size_t room, struct pl_str text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < text.n && n + 5 <= room; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c >= 0x80) {
            memcpy(out + n, "\\\\x", 3);
            out[n + 3] = hex[c >> 4];
            out[n + 4] = hex[c & 15];
            n += 5;
        } else {
            if (c == '"' || c == '\\')
                out[n++] = '\\';
            out[n++] = (char)c;
        }
    }
    return n;
}

struct pl_str log_form(char out[LOG_LINE_MAX], int priority, struct pl_str text)
{
    static const char begin[] = "{\"level\":\"", middle[] = "\",\"message\":\"", end[] = "\"}";
    const char *level = priority <= LOG_ERR       ? "error"
                        : priority <= LOG_WARNING ? "warning"
                                                  : "info";
    size_t n;

    if (!atomic_load_explicit(&as_json, memory_order_relaxed))
        return text;
    n = (size_t)snprintf(out, LOG_LINE_MAX, "%s%s%s", begin, level, middle);
    n += put_json_text(out + n, LOG_LINE_MAX - n - sizeof(end), text);
    memcpy(out + n, end, sizeof(end) - 1);
    return (struct pl_str){out, n + sizeof(end) - 1};
}

static struct pl_str format(char text[LOG_TEXT_MAX], const char *fmt, va_list ap) PL_PRINTF(2, 0);
static struct pl_str format(char text[LOG_TEXT_MAX], const char *fmt, va_list ap)
{
    int n = vsnprintf(text, LOG_TEXT_MAX, fmt, ap);
    size_t len = n < 0 ? 0 : n < LOG_TEXT_MAX ? (size_t)n : LOG_TEXT_MAX - 1;

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    }
    return (struct pl_str){text, len};
}

static void log_text(int priority, const char *fmt, va_list ap) PL_PRINTF(2, 0);
static void log_text(int priority, const char *fmt, va_list ap)
{
    int saved = errno;
    char text[LOG_TEXT_MAX], form[LOG_LINE_MAX];

    log_writer_put(priority, log_form(form, priority, format(text, fmt, ap)));
    errno = saved;
}

void log_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_text(LOG_ERR, fmt, ap);
    va_end(ap);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_text(LOG_WARNING, fmt, ap);
    va_end(ap);
}

void log_info(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_text(LOG_INFO, fmt, ap);
    va_end(ap);
}

void log_fatal(const char *fmt, ...)
{
    struct log_record r = {.second = time(NULL), .priority = LOG_ERR};
    char text[LOG_TEXT_MAX], form[LOG_LINE_MAX];
    int saved = errno;
    va_list ap;

    log_flush();
    errno = saved;
    va_start(ap, fmt);
    r.text = log_form(form, r.priority, format(text, fmt, ap));
    va_end(ap);
    log_syslog_send_last(&r);
}

bool log_rate_pass(struct log_rate *rate, unsigned long *suppressed)
{
    int64_t now = clock_ms();
    bool pass;

    pthread_mutex_lock(&rate->lock);
    if (now - rate->second_ms >= 1000) {
        rate->second_ms = now;
        rate->logged = 0;
    }
    pass = rate->logged < rate->limit;
    if (pass) {
        rate->logged++;
        *suppressed = rate->suppressed;
        rate->suppressed = 0;
    } else {
        rate->suppressed++;
    }
    pthread_mutex_unlock(&rate->lock);
    return pass;
}
