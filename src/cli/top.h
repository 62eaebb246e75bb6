/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_TOP_H
#define POSTLATCH_CLI_TOP_H

#include "ask.h"

#include "postlatch/buf.h"
#include "postlatch/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the daemon has told at one moment: three exchanges over the control socket. */
struct top_sample {
    int64_t at_us; /* of the monotonic clock */
    struct control_reply status, metrics, busiest;
};

/* top_take - ask; false after printing why. top_free either way */
bool top_take(struct top_sample *s, const struct arguments *a);
void top_free(struct top_sample *s);

/* One line of a list: how many a second between two samples. */
struct top_row {
    struct pl_str name, action, stage; /* views into the later sample; the last two of rules only */
    double per_s, refused_per_s;       /* the second of clients and logins only */
};
enum { TOP_ROWS_MAX = 1000 };

/* struct top_report - what has changed between two samples, the most first; plain value */
struct top_report {
    double seconds;
    double all, pass, refuse, leave, unknown, troubles; /* a second */
    double p50_us,
        p99_us; /* upper bounds; 0: nothing was asked; beyond the last bucket: infinity */
    double connections;
    struct top_row *rules, *clients, *logins; /* malloc'ed */
    size_t nrules, nclients, nlogins;
};

/* top_compare - false when memory is short; top_report_free either way */
bool top_compare(struct top_report *r, const struct top_sample *before,
                 const struct top_sample *now);
void top_report_free(struct top_report *r);

/*
 * top_draw - the report as lines
 *
 * in       rows, columns: of the screen; 0: as many as there are
 */
void top_draw(struct pl_buf *out, const struct top_report *r, const struct top_sample *now,
              size_t rows, size_t columns);
struct pl_json *top_json(const struct top_report *r);

/* top_status - the value of a key of `status`; empty if there is none */
struct pl_str top_status(const struct top_sample *s, const char *key);

/* top_unescape - the value of a label as it was, appended */
void top_unescape(struct pl_buf *out, struct pl_str label);

#endif
