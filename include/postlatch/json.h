/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_JSON_H
#define POSTLATCH_JSON_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * JSON for what programs read of us, by jansson.
 *
 * Values are built bottom up; putting a value into an object or array hands it over. When memory is
 * short a value is NULL; NULL is accepted everywhere and what holds it is printed without it.
 */
struct pl_json;

struct pl_json *pl_json_object(void);
struct pl_json *pl_json_array(void);
struct pl_json *pl_json_bool(bool value);
struct pl_json *pl_json_null(void);
struct pl_json *pl_json_number(long long value);
struct pl_json *pl_json_real(double value); /* finite; else NULL */

/* pl_json_string - a string; bytes that are not UTF-8, and NUL, are written as \xNN text */
struct pl_json *pl_json_string(struct pl_str s);

/* pl_json_set - object[key] = value; takes value over */
void pl_json_set(struct pl_json *object, const char *key, struct pl_json *value);

/* pl_json_append - add value at the end of array; takes value over */
void pl_json_append(struct pl_json *array, struct pl_json *value);

/* pl_json_print - write it, indented, keys in the order in which they were set, a newline behind */
void pl_json_print(const struct pl_json *value, FILE *out);

/* pl_json_parse - an object from text; NULL if it is none */
struct pl_json *pl_json_parse(struct pl_str text);

/* pl_json_get - the string behind a key of an object, owned by it; NULL if there is none */
const char *pl_json_get(const struct pl_json *object, const char *key);

/* pl_json_free - NULL accepted */
void pl_json_free(struct pl_json *value);

#endif
