/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch status: what the daemon says of itself. */
#include "tell.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <stdlib.h>

bool next_line(struct pl_str *rest, struct pl_str *line)
{
    if (rest->n == 0)
        return false;
    *line = (struct pl_str){rest->p, pl_str_find(*rest, '\n')};
    *rest = pl_str_from(*rest, line->n < rest->n ? line->n + 1 : line->n);
    return true;
}

/* key=value; false if the line is none. */
static bool split(struct pl_str line, struct pl_str *key, struct pl_str *value)
{
    size_t equals = pl_str_find(line, '=');

    *key = (struct pl_str){line.p, equals};
    *value = pl_str_from(line, equals < line.n ? equals + 1 : equals);
    return equals < line.n;
}

/* Rates have two digits behind the point; nothing else that is told looks like that. */
static bool is_rate(struct pl_str key, struct pl_str value, double *rate)
{
    char text[64], *end;

    if (!pl_str_has_prefix(key, pl_str_lit("rate_")) || value.n >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)value.n, value.p);
    *rate = strtod(text, &end);
    return end != text && *end == '\0';
}

void tell_status_json(struct pl_str rest)
{
    struct pl_json *out = pl_json_object(), *errors = pl_json_array();
    struct pl_str line, key, value;
    char name[64];

    while (next_line(&rest, &line)) {
        unsigned long number;
        double rate;

        split(line, &key, &value);
        snprintf(name, sizeof(name), "%.*s", (int)key.n, key.p);
        if (pl_str_eq(key, pl_str_lit("last_reload_error")))
            pl_json_append(errors, pl_json_string(value));
        else if (pl_str_to_number(value, 0, ~0UL, &number))
            pl_json_set(out, name, pl_json_number((long long)number));
        else if (is_rate(key, value, &rate))
            pl_json_set(out, name, pl_json_real(rate));
        else
            pl_json_set(out, name, pl_json_string(value));
    }
    pl_json_set(out, "last_reload_error", errors);
    pl_json_print(out, stdout);
    pl_json_free(out);
}

void tell_status(struct pl_str rest)
{
    struct pl_str line, key, value;

    while (next_line(&rest, &line)) {
        if (split(line, &key, &value))
            printf("%-27.*s %.*s\n", (int)key.n, key.p, (int)value.n, value.p);
    }
}
