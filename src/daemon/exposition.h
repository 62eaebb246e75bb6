/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_EXPOSITION_H
#define DAEMON_EXPOSITION_H

#include "postlatch/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The text in which metrics are given to Prometheus: "text format 0.0.4", and OpenMetrics 1.0, which
 * differs in a few lines. Families one after the other, each with all of its samples behind it.
 */

enum exposition_type {
    EXPOSITION_COUNTER, /* its name ends with _total */
    /*
     * A counter X_total where X is a gauge: OpenMetrics would call both families X, so there its type is
     * unknown.
     */
    EXPOSITION_COUNTER_BESIDE,
    EXPOSITION_GAUGE,
    EXPOSITION_HISTOGRAM,
    EXPOSITION_INFO /* its name ends with _info; a gauge in the older format */
};

/* struct exposition - a text in the making; plain value */
struct exposition {
    struct pl_buf *out;
    bool openmetrics;
};

/* struct exposition_label - plain value; value: any bytes */
struct exposition_label {
    const char *name;
    struct pl_str value;
};

/* exposition_family - begin a family; in: name and help are literals of ours, help without line ends */
void exposition_family(struct exposition *e, const char *name, enum exposition_type type,
                       const char *help);

/*
 * exposition_count, exposition_value - a sample of the family
 *
 * in       name: the family's, or of a histogram with _bucket, _sum or _count behind it; labels: n of
 *          them. Bytes of a value that are no UTF-8, and characters that hide or reorder others, are
 *          written as \xNN and \u{N}
 */
void exposition_count(struct exposition *e, const char *name, const struct exposition_label *labels,
                      size_t n, unsigned long value);
void exposition_value(struct exposition *e, const char *name, const struct exposition_label *labels,
                      size_t n, double value);

/* exposition_end - what stands behind the last family */
void exposition_end(struct exposition *e);

#endif
