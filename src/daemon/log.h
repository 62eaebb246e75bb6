/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "postlatch/compiler.h"
#include "postlatch/config.h"
#include "postlatch/str.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What standard error gets: the daemon in the background has none. */
enum log_stderr { LOG_STDERR_NONE, LOG_STDERR_WARNINGS, LOG_STDERR_ALL };

/*
 * Longest line of log_error and the like; what is longer is cut. Longest line at all. Bytes that wait
 * for syslog: decisions of a worker, messages. How long the end of the daemon waits for them.
 */
enum {
    LOG_TEXT_MAX = 4096,
    LOG_LINE_MAX = 24 * 1024,
    LOG_QUEUE_BYTES = 512 * 1024,
    LOG_MESSAGES_BYTES = 64 * 1024,
    LOG_PATIENCE_MS = 1000
};

/*
 * log_open - make the log ready, with the defaults of log { }; before any thread is made
 *
 * Also reads the time zone, while its files can still be reached. A syslog that is absent is no
 * failure: what finds no room any more is dropped and counted until it is there.
 */
void log_open(void);

/* log_close - gives away what is queued, for LOG_PATIENCE_MS at most; no worker runs any more */
void log_close(void);

/*
 * log_start - from now on a thread of the log's own gives lines away; until then they leave at once
 *
 * in       workers: how many threads will call log_use_queue
 * threads  made with the caller's signal mask; not before the last fork
 * returns  false after logging
 */
bool log_start(unsigned workers);

/* log_use_queue - this thread is that worker, counted from 0: its decisions have their own queue */
void log_use_queue(unsigned worker);

/* log_flush - what was logged so far is given away; waits for that, LOG_PATIENCE_MS at most */
void log_flush(void);

/* log_configure - socket, tag and facility for all lines from now on; copies what it needs */
void log_configure(const struct pl_settings *settings);

/* log_to_stderr - what goes to standard error as well, from now on */
void log_to_stderr(enum log_stderr what);

/*
 * log_error, log_warn, log_info - one line. Never blocks, keeps errno; any thread
 *
 * Control characters become '?'; values from outside are to be quoted by the caller.
 */
void log_error(const char *fmt, ...) PL_PRINTF(1, 2);
void log_warn(const char *fmt, ...) PL_PRINTF(1, 2);
void log_info(const char *fmt, ...) PL_PRINTF(1, 2);

/*
 * log_fatal - a line before the end of a daemon that is broken: what is queued goes first, then this,
 * to syslog only, past the queues and their locks. Any thread
 */
void log_fatal(const char *fmt, ...) PL_PRINTF(1, 2);

/*
 * log_reserve, log_commit - a line that is known to be clean, written where it will be read. Never
 * blocks a thread that has called log_use_queue; between the two nothing else is logged
 *
 * in       priority: of syslog.h, with LOG_DECISION if it is the line of a decision; n: bytes written,
 *          at most LOG_LINE_MAX
 * returns  log_reserve: room for LOG_LINE_MAX bytes; NULL, and the line is counted, if there is none
 */
char *log_reserve(void);
void log_commit(int priority, size_t n);

/*
 * log_form - a message in the form that log { format } wants: as it is, or one JSON object
 *
 * in       text: of at most LOG_TEXT_MAX bytes, without control characters
 * returns  text, or a view into out
 */
struct pl_str log_form(char out[LOG_LINE_MAX], int priority, struct pl_str text);

/* log_dropped, log_stderr_dropped - lines that syslog, that standard error did not take */
unsigned long log_dropped(void);
unsigned long log_stderr_dropped(void);

/*
 * log_stderr_… - the copy on standard error; see log_stderr.c. Lines are gathered until
 * log_stderr_flush. Only the files of the log call these
 *
 * log_stderr_is_journal: standard error is a stream to the journal, made by a service manager
 *
 * log_stderr_set_twice: whether what is sent to the logger's socket comes to that same journal; any
 * thread. log_stderr_is_twice: it does, and standard error is still open. Then each line goes one of
 * both ways only, and log_stderr_add takes all of them, with the level in front that the journal reads
 */
void log_stderr_open(void);
void log_stderr_close(void);
bool log_stderr_is_wanted(void);
bool log_stderr_is_journal(void);
void log_stderr_set_twice(bool twice);
bool log_stderr_is_twice(void);
void log_stderr_add(int priority, struct pl_str text);
void log_stderr_flush(void);

/*
 * struct log_rate - how often a message that others can cause is logged; plain value, initialise
 * with LOG_RATE
 */
struct log_rate {
    pthread_mutex_t lock;
    int64_t second_ms; /* when the current second began */
    unsigned logged;   /* in it */
    unsigned limit;    /* lines a second */
    unsigned long suppressed;
};

#define LOG_RATE(per_second)                                                                       \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, 0, 0, (per_second), 0                                           \
    }

/*
 * log_rate_pass - whether to log now
 *
 * out      *suppressed: how many were not logged since the last that was, if true
 */
bool log_rate_pass(struct log_rate *rate, unsigned long *suppressed);

#endif
