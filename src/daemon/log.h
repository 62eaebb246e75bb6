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

/* Longest line of log_error and the like; what is longer is cut. */
enum { LOG_TEXT_MAX = 4096 };

/*
 * log_open - make the log ready, with the defaults of log { }; before any thread is made
 *
 * Also reads the time zone, while its files can still be reached. A syslog that is absent is no
 * failure: lines are dropped and counted until it is there.
 */
void log_open(void);
void log_close(void);

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

/* log_line - a line that is known to be clean, with a priority of syslog.h */
void log_line(int priority, struct pl_str text);

/* log_dropped, log_stderr_dropped - lines that syslog, that standard error did not take */
unsigned long log_dropped(void);
unsigned long log_stderr_dropped(void);

/* log_stderr_… - the copy on standard error; see log_stderr.c. Only log.c calls these */
void log_stderr_open(void);
void log_stderr_close(void);
void log_stderr_write(struct pl_str text);

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
