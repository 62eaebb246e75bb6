/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOG_WRITER_H
#define DAEMON_LOG_WRITER_H

#include "log.h"

#include <stdbool.h>

/* log_writer_start - see log_start; false without a message when memory or threads are short */
bool log_writer_start(unsigned workers);

/* log_writer_stop - gives away what is queued, for LOG_PATIENCE_MS at most, and ends the thread */
void log_writer_stop(void);

/* log_writer_put - a whole line, in the queue of messages; before and after the thread at once */
void log_writer_put(int priority, struct pl_str text);

#endif
