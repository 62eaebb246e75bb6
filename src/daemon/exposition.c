/* SPDX-License-Identifier: BSD-2-Clause */
#include "exposition.h"

#include "postlatch/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word, *openmetrics,
        *suffix; /* suffix: not part of the family's name in OpenMetrics */
} types[] = {[EXPOSITION_COUNTER] = {"counter", "counter", "_total"},
             [EXPOSITION_COUNTER_BESIDE] = {"counter", "unknown", ""},
             [EXPOSITION_GAUGE] = {"gauge", "gauge", ""},
             [EXPOSITION_HISTOGRAM] = {"histogram", "histogram", ""},
             [EXPOSITION_INFO] = {"gauge", "info", "_info"}};

void exposition_family(struct exposition *e, const char *name, enum exposition_type type,
                       const char *help)
{
    const char *word = e->openmetrics ? types[type].openmetrics : types[type].word;
    size_t n = strlen(name);

    if (e->openmetrics)
        n -= strlen(types[type].suffix);
    pl_buf_addf(e->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)n, name, help, (int)n, name, word);
}

/* A character that is not written as it is: what stands for it has its backslash doubled. */
static void add_odd(struct pl_buf *out, uint32_t c)
{
    if (c == '\n')
        pl_buf_add(out, pl_str_lit("\\n"));
    else
        pl_buf_addf(out, "\\\\u{%x}", (unsigned)c);
}

static void add_label_value(struct pl_buf *out, struct pl_str text)
{
    while (text.n > 0) {
        uint32_t c = 0;
        size_t n = pl_utf8_take(text, &c);

        if (n == 0) {
            pl_buf_addf(out, "\\\\x%02x", (unsigned)(unsigned char)text.p[0]);
            n = 1;
        } else if (pl_utf8_is_odd(c)) {
            add_odd(out, c);
        } else {
            if (c == '"' || c == '\\')
                pl_buf_add_char(out, '\\');
            pl_buf_add(out, (struct pl_str){text.p, n});
        }
        text = pl_str_from(text, n);
    }
}

static void add_name(struct exposition *e, const char *name, const struct exposition_label *labels,
                     size_t n)
{
    pl_buf_add(e->out, pl_str_of(name));
    for (size_t i = 0; i < n; i++) {
        pl_buf_addf(e->out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        add_label_value(e->out, labels[i].value);
        pl_buf_add_char(e->out, '"');
    }
    if (n > 0)
        pl_buf_add_char(e->out, '}');
}

void exposition_count(struct exposition *e, const char *name, const struct exposition_label *labels,
                      size_t n, unsigned long value)
{
    add_name(e, name, labels, n);
    pl_buf_addf(e->out, " %lu\n", value);
}

void exposition_value(struct exposition *e, const char *name, const struct exposition_label *labels,
                      size_t n, double value)
{
    add_name(e, name, labels, n);
    pl_buf_addf(e->out, " %.15g\n", value);
}

void exposition_end(struct exposition *e)
{
    if (e->openmetrics)
        pl_buf_add(e->out, pl_str_lit("# EOF\n"));
}
