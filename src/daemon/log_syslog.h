/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOG_SYSLOG_H
#define DAEMON_LOG_SYSLOG_H

#include "log_queue.h"

#include <stdbool.h>
#include <stddef.h>

/* Lines that are given to the kernel at once. */
enum { LOG_BATCH = 64 };

enum log_taken {
    LOG_TAKEN,  /* go on */
    LOG_FULL,   /* the logger is slow: try again soon */
    LOG_ABSENT, /* there is no logger, or the system does not let us reach it: try again later */
    LOG_UNFIT   /* the first line is one that no datagram holds: do without it */
};

/* log_syslog_open - the socket; nobody is reached yet. One thread at a time, as the rest */
void log_syslog_open(void);
void log_syslog_close(void);

/*
 * log_syslog_configure - where lines go from now on, and as whose; copies; any thread
 *
 * in       journal: path is the socket of the journal's native protocol, not syslog's
 */
void log_syslog_configure(const char *path, bool journal, const char *tag, int facility);

/*
 * log_syslog_send - lines to syslog or the journal, one datagram each; never waits
 *
 * in       n: at least 1, at most LOG_BATCH
 * out      *taken: what to do with the rest
 * returns  how many were taken, the first ones
 */
size_t log_syslog_send(const struct log_record *records, size_t n, enum log_taken *taken);

/* log_syslog_fd - the socket, to be polled for room after LOG_FULL */
int log_syslog_fd(void);

/*
 * log_syslog_send_last - a line before the end of a daemon whose state is unknown: past everything
 * that log_syslog_send uses; any thread
 */
void log_syslog_send_last(const struct log_record *record);

#endif
