/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines from one thread to one other. A ring of bytes: each line is a head and its text, in one
 * piece, so that both sides work in place; what is left at the ring's end, and too short for the
 * next line, is skipped. Each side writes one position and reads the other's; the producer looks at
 * the consumer's only when the ring seems full. Cost: no lock, no copy, one fenced store a line.
 */
#include "log_queue.h"

#include "postlatch/compiler.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

/* In front of each text. */
struct head {
    uint32_t n;       /* bytes of the text, or SKIP: the next line is at the ring's beginning */
    int32_t priority; /* and perhaps LOG_DECISION */
    int64_t second;
};

#define SKIP UINT32_MAX
enum { UNIT = sizeof(struct head) }; /* of positions: room for a head is never split */

struct log_queue {
    /* The producer's. */
    _Alignas(CACHE_LINE) atomic_size_t head; /* behind the last line */
    size_t start;                            /* of the line that is being written */
    size_t room;                             /* bytes that were reserved for it */
    size_t tail_seen;                        /* the consumer's tail, as last looked at */
    atomic_ulong refused;
    /* The consumer's. */
    _Alignas(CACHE_LINE) atomic_size_t tail; /* before the first line */
    /* Never changed. */
    _Alignas(CACHE_LINE) size_t size;
    char *bytes;
};

struct log_queue *log_queue_new(size_t size)
{
    struct log_queue *q = aligned_alloc(CACHE_LINE, sizeof(*q));

    pl_assert(size >= 4 * UNIT && (size & (size - 1)) == 0 && size < SKIP);
    if (q == NULL)
        return NULL;
    memset(q, 0, sizeof(*q));
    q->size = size;
    q->bytes = aligned_alloc(UNIT, size);
    if (q->bytes == NULL) {
        free(q);
        return NULL;
    }
    return q;
}

void log_queue_free(struct log_queue *q)
{
    if (q == NULL)
        return;
    free(q->bytes);
    free(q);
}

static inline size_t record_size(size_t n)
{
    return UNIT + (n + UNIT - 1) / UNIT * UNIT;
}

static inline char *place(const struct log_queue *q, size_t at)
{
    return q->bytes + (at & (q->size - 1));
}

char *log_queue_reserve(struct log_queue *q, size_t n)
{
    size_t start = atomic_load_explicit(&q->head, memory_order_relaxed);
    size_t to_end = q->size - (start & (q->size - 1)), need = record_size(n);
    size_t skip = need > to_end ? to_end : 0;

    if (start + skip + need - q->tail_seen > q->size) {
        q->tail_seen = atomic_load_explicit(&q->tail, memory_order_acquire);
        if (start + skip + need - q->tail_seen > q->size) {
            atomic_fetch_add_explicit(&q->refused, 1, memory_order_relaxed);
            return NULL;
        }
    }
    if (skip > 0)
        *(struct head *)(void *)place(q, start) = (struct head){SKIP, 0, 0};
    q->start = start + skip;
    q->room = n;
    return place(q, q->start) + UNIT;
}

size_t log_queue_commit(struct log_queue *q, int priority, int64_t second, size_t n)
{
    size_t head = q->start + record_size(n);

    pl_assert(n <= q->room);
    *(struct head *)(void *)place(q, q->start) = (struct head){(uint32_t)n, priority, second};
    /* In one order with what the consumer says before it sleeps: see log_writer.c. */
    atomic_store(&q->head, head);
    if (head - q->tail_seen >= q->size / 2)
        q->tail_seen = atomic_load_explicit(&q->tail, memory_order_acquire);
    return head - q->tail_seen;
}

unsigned long log_queue_refused(const struct log_queue *q)
{
    return atomic_load_explicit(&q->refused, memory_order_relaxed);
}

size_t log_queue_end(const struct log_queue *q)
{
    return atomic_load(&q->head);
}

size_t log_queue_begin(const struct log_queue *q)
{
    return atomic_load_explicit(&q->tail, memory_order_relaxed);
}

bool log_queue_next(const struct log_queue *q, size_t *at, size_t end, struct log_record *r)
{
    const struct head *h;

    if (*at == end)
        return false;
    h = (const void *)place(q, *at);
    if (h->n == SKIP) {
        /* There is a line behind it: both were committed at once. */
        *at += q->size - (*at & (q->size - 1));
        h = (const void *)place(q, *at);
    }
    r->text = (struct pl_str){(const char *)(h + 1), h->n};
    r->second = h->second;
    r->priority = h->priority & ~LOG_DECISION;
    r->decision = (h->priority & LOG_DECISION) != 0;
    *at += record_size(h->n);
    pl_assert(*at <= end);
    return true;
}

void log_queue_release(struct log_queue *q, size_t at)
{
    atomic_store_explicit(&q->tail, at, memory_order_release);
}

size_t log_queue_size(const struct log_queue *q)
{
    return q->size;
}
