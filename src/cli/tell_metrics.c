/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch metrics: the daemon's text as it is; or its samples as JSON, read by the rules of that text. */
#include "tell.h"

#include "postlatch/buf.h"
#include "postlatch/json.h"

#include <stdio.h>
#include <stdlib.h>

void tell_metrics(struct pl_str lines)
{
    fwrite(lines.p, 1, lines.n, stdout);
}

/* A label's value behind its opening quote; what is behind the closing one is left in *rest. */
static struct pl_json *take_value(struct pl_str *rest)
{
    struct pl_buf text = {0};
    struct pl_json *value;
    size_t i = 0;

    for (; i < rest->n && rest->p[i] != '"'; i++) {
        if (rest->p[i] == '\\' && i + 1 < rest->n) {
            i++;
            pl_buf_add_char(&text, rest->p[i] == 'n' ? '\n' : rest->p[i]);
        } else {
            pl_buf_add_char(&text, rest->p[i]);
        }
    }
    *rest = pl_str_from(*rest, i < rest->n ? i + 1 : i);
    value = pl_json_string(pl_buf_str(&text));
    pl_buf_fini(&text);
    return value;
}

/* {name="value",…}; what is behind it is left in *rest. */
static struct pl_json *take_labels(struct pl_str *rest)
{
    struct pl_json *labels = pl_json_object();
    char name[64];

    while (rest->n > 1 && rest->p[0] != '}') {
        size_t n = pl_str_find(*rest, '=');

        *rest = pl_str_from(*rest, 1); /* the brace, or a comma */
        if (n < 2 || n >= rest->n)
            break;
        snprintf(name, sizeof(name), "%.*s", (int)(n - 1), rest->p);
        *rest = pl_str_from(*rest, n + 1); /* the equals sign's quote too */
        pl_json_set(labels, name, take_value(rest));
    }
    *rest = pl_str_from(*rest, rest->n > 0 ? 1 : 0);
    return labels;
}

static struct pl_json *sample(struct pl_str line)
{
    struct pl_json *out = pl_json_object();
    size_t brace = pl_str_find(line, '{'), blank = pl_str_find(line, ' ');
    size_t n = brace < blank ? brace : blank;
    char number[64];

    pl_json_set(out, "name", pl_json_string((struct pl_str){line.p, n}));
    line = pl_str_from(line, n);
    pl_json_set(out, "labels", brace < blank ? take_labels(&line) : pl_json_object());
    line = pl_str_trim(line);
    snprintf(number, sizeof(number), "%.*s", (int)line.n, line.p);
    if (pl_str_find(line, '.') == line.n && pl_str_find(line, 'e') == line.n)
        pl_json_set(out, "value", pl_json_number(strtoll(number, NULL, 10)));
    else
        pl_json_set(out, "value", pl_json_real(strtod(number, NULL)));
    return out;
}

void tell_metrics_json(struct pl_str lines)
{
    struct pl_json *out = pl_json_array();
    struct pl_str line;

    while (next_line(&lines, &line)) {
        if (line.n > 0 && line.p[0] != '#')
            pl_json_append(out, sample(line));
    }
    pl_json_print(out, stdout);
    pl_json_free(out);
}
