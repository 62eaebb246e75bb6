/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOG_QUEUE_H
#define DAEMON_LOG_QUEUE_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Beside a priority: the line tells of a decision. No bit of syslog's priorities and facilities. */
enum { LOG_DECISION = 1 << 16 };

/* A line of the log, on its way; plain value. */
struct log_record {
    struct pl_str text; /* without LF and without the head that syslog wants */
    int64_t second;     /* when it was written, as time() counts */
    int priority;       /* of syslog.h, without the facility */
    bool decision;      /* the line of log_decision, from which the journal's fields are made */
};

/*
 * struct log_queue - lines from one thread to one other: a ring of bytes, bounded, without locks
 *
 * Positions count bytes since the queue was made, so that one that is greater is later; between a
 * position and the next are whole lines.
 */
struct log_queue;

/*
 * log_queue_new - an empty queue
 *
 * in       size: bytes, a power of two, at least 64
 * returns  NULL when memory is short
 */
struct log_queue *log_queue_new(size_t size);
void log_queue_free(struct log_queue *q);

/*
 * log_queue_reserve - room for a line of at most n bytes. The one producer's thread
 *
 * returns  where to write it, valid until log_queue_commit; NULL, and the line is counted, if the
 *          queue is too full
 * cost     constant
 */
char *log_queue_reserve(struct log_queue *q, size_t n);

/*
 * log_queue_commit - the line that was reserved is written: the consumer may have it
 *
 * in       n: its bytes, at most as many as were reserved; priority: as in the record, with
 *          LOG_DECISION or without
 * returns  bytes in the queue; exact if half of it or more
 */
size_t log_queue_commit(struct log_queue *q, int priority, int64_t second, size_t n);

/* log_queue_refused - lines that found no room; any thread */
unsigned long log_queue_refused(const struct log_queue *q);

/*
 * log_queue_end, log_queue_begin - behind the last line; before the first. The consumer's thread, as
 * the rest
 */
size_t log_queue_end(const struct log_queue *q);
size_t log_queue_begin(const struct log_queue *q);

/*
 * log_queue_next - the line at *at, which moves on to the next
 *
 * in       end: what log_queue_end said
 * out      *r: a view into the queue, dead when it is released
 * returns  false if *at is end
 */
bool log_queue_next(const struct log_queue *q, size_t *at, size_t end, struct log_record *r);

/* log_queue_release - what is before at is done with: its room can be used again */
void log_queue_release(struct log_queue *q, size_t at);

/* log_queue_size - as it was made */
size_t log_queue_size(const struct log_queue *q);

#endif
