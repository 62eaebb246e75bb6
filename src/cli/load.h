/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_LOAD_H
#define POSTLATCH_CLI_LOAD_H

#include "cli.h"

#include "postlatch/buf.h"
#include "postlatch/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Load on a running daemon: what postlatch bench sends, how, and what it counts. */

/* Limits of postlatch bench; postlatch(1) has them. */
enum {
    LOAD_CONNECTIONS_MAX = 10000,
    LOAD_SECONDS_MAX = 3600,
    LOAD_RATE_MAX = 1000000, /* requests a second */
    LOAD_FILE_MAX = 256 * 1024 * 1024,
    LOAD_WORDS_MAX = 32,    /* different first words of answers that are told apart */
    LOAD_CONNECT_S = 10,    /* patience with a server that does not accept */
    LOAD_PATIENCE_S = 5,    /* and with answers that are missing at the end */
    LOAD_GENERATED = 65536, /* different requests of our own making */
};

/* ---- what is sent ---- */

/* struct load_requests - requests, written before the clock starts; init with {0} */
struct load_requests {
    struct pl_buf bytes;
    size_t *end; /* the i-th lies in bytes before end[i]; it begins where the one before it ends */
    size_t count, cap;
};

/*
 * load_requests_generate - requests as a busy Postfix sends them, about 680 bytes each
 *
 * LOAD_GENERATED of them; the same seed gives the same bytes. Client, names, sender, recipient,
 * login, TLS and what Postfix counts differ from one to the next.
 *
 * returns  false after printing why
 */
bool load_requests_generate(struct load_requests *r, uint64_t seed);

/* load_requests_ask - one request, made of ATTR=VALUE words as in postlatch query; false: printed */
bool load_requests_ask(struct load_requests *r, const char *const *words, int count);

/*
 * load_requests_read - the requests of a file, as recorded: attributes one a line, an empty line
 * behind each request (the last may lack it)
 *
 * returns  false after printing why, with file and line: also if one is no policy request
 */
bool load_requests_read(struct load_requests *r, const char *path);

/* load_requests_fini - frees them, also what is there after false */
void load_requests_fini(struct load_requests *r);

/* ---- what is measured ---- */

/*
 * struct load_histogram - latencies in steps that grow with the value: each power of two is cut
 * into LOAD_STEPS, so what is read from it is at most 1/LOAD_STEPS (1.6 %) too large; max is exact
 */
enum { LOAD_STEPS_LOG2 = 6, LOAD_STEPS = 1 << LOAD_STEPS_LOG2, LOAD_POWERS = 44 };
struct load_histogram {
    uint64_t count[LOAD_POWERS * LOAD_STEPS]; /* of nanoseconds, up to 2^49 (six days) */
    uint64_t total;
    int64_t max_ns;
};

/* load_histogram_add - one latency; less than 0 counts as 0 */
void load_histogram_add(struct load_histogram *h, int64_t ns);

/* load_histogram_at - the latency in ns that `permille` of a thousand do not exceed; 0 if empty */
int64_t load_histogram_at(const struct load_histogram *h, unsigned permille);

/* struct load_result - what came of it; plain value */
struct load_result {
    uint64_t asked, answers; /* requests that were due or sent; sound answers to them */
    uint64_t lost_idle;      /* connections that were lost while nothing was asked on them */
    int64_t elapsed_ns;      /* from the first request to the last answer */
    int64_t cpu_ns;          /* CPU time of plan->pid meanwhile */
    struct load_histogram latency;
    size_t nwords;
    struct load_word {
        char text[32]; /* the first word of the answer, cut */
        uint64_t count;
    } words[LOAD_WORDS_MAX];
    uint64_t other_words;
    char trouble[400]; /* the first one; "": none */
};

/* load_result_errors - requests without a sound answer, and connections lost for no reason */
uint64_t load_result_errors(const struct load_result *r);

/* ---- doing it ---- */

/* struct load_plan - what is to be done; plain value, views of the caller's */
struct load_plan {
    const struct pl_endpoint *where;
    const struct load_requests *requests;
    unsigned connections, seconds;
    unsigned rate; /* requests a second, open loop; 0: closed loop */
    pid_t pid;     /* whose CPU time is measured; 0: nobody's */
};

/*
 * load_run - connect, ask once on each connection for warming up, then measure
 *
 * Closed loop: each connection sends its next request when the answer to the last one is in, as
 * smtpd does. Open loop: request i is due at i/rate seconds on connection i mod connections; if that
 * still waits for an answer the request queues behind it. Latency counts from the due time, so a
 * server that stalls is charged for all who would have come meanwhile. A connection on which an
 * answer was malformed, or that the server closed, is not used again.
 *
 * returns  false after printing why nothing could be measured; else *result
 * cost     two system calls a request and a share of an epoll_wait; in the open loop a processor of
 *          its own, since it does not sleep when less than 2 ms are left
 */
bool load_run(const struct load_plan *plan, struct load_result *result);

#endif
