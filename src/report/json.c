/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that knows jansson. */
#include "postlatch/json.h"

#include "postlatch/quote.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *of(struct pl_json *value)
{
    return (json_t *)(void *)value;
}

static struct pl_json *wrap(json_t *value)
{
    return (struct pl_json *)(void *)value;
}

struct pl_json *pl_json_object(void)
{
    return wrap(json_object());
}

struct pl_json *pl_json_array(void)
{
    return wrap(json_array());
}

struct pl_json *pl_json_bool(bool value)
{
    return wrap(json_boolean(value));
}

struct pl_json *pl_json_null(void)
{
    return wrap(json_null());
}

struct pl_json *pl_json_number(long long value)
{
    return wrap(json_integer(value));
}

struct pl_json *pl_json_real(double value)
{
    return wrap(json_real(value));
}

struct pl_json *pl_json_string(struct pl_str s)
{
    json_t *value = json_stringn(s.n == 0 ? "" : s.p, s.n);
    char *escaped;

    if (value != NULL && pl_str_find(s, '\0') == s.n)
        return wrap(value);
    json_decref(value);
    escaped = malloc(s.n * 4 + 4);
    if (escaped == NULL)
        return NULL;
    pl_escape(escaped, s.n * 4 + 4, s, s.n);
    value = json_string(escaped);
    free(escaped);
    return wrap(value);
}

void pl_json_set(struct pl_json *object, const char *key, struct pl_json *value)
{
    json_object_set_new(of(object), key, of(value));
}

void pl_json_append(struct pl_json *array, struct pl_json *value)
{
    json_array_append_new(of(array), of(value));
}

void pl_json_print(const struct pl_json *value, FILE *out)
{
    json_dumpf((const json_t *)(const void *)value, out,
               JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    fputc('\n', out);
}

struct pl_json *pl_json_parse(struct pl_str text)
{
    json_error_t error;
    json_t *value = json_loadb(text.p, text.n, 0, &error);

    if (!json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return wrap(value);
}

const char *pl_json_get(const struct pl_json *object, const char *key)
{
    return json_string_value(json_object_get((const json_t *)(const void *)object, key));
}

void pl_json_free(struct pl_json *value)
{
    json_decref(of(value));
}
