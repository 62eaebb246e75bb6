/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets share. Each target is one function, LLVMFuzzerTestOneInput, that takes any
 * bytes; built with clang it is fuzzed, built with gcc its corpus is replayed (replay.c). A target
 * does more than not to crash: it holds what the code says to something obvious, by fuzz_check.
 */
#ifndef POSTLATCH_TESTS_FUZZ_H
#define POSTLATCH_TESTS_FUZZ_H

#include "postlatch/buf.h"
#include "postlatch/config.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz_check - what must hold; says where it does not, and aborts */
#define fuzz_check(condition) ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

/* struct input - bytes that are taken piece by piece; at the end there are zeros and empty pieces */
struct input {
    const uint8_t *p;
    size_t n;
};

/* input_byte - the next byte, 0 at the end */
unsigned input_byte(struct input *in);

/* input_until - the bytes before the next `end`, or all that are left; a view */
struct pl_str input_until(struct input *in, char end);

/* input_rest - all that are left */
struct pl_str input_rest(struct input *in);

/* fuzz_folder - a folder in memory that lasts as long as the process */
const char *fuzz_folder(void);

/* fuzz_write - a file of that folder; its path, which lasts until the next call */
const char *fuzz_write(const char *name, struct pl_str content);

/* fuzz_config - a configuration that must load */
void fuzz_config(struct pl_config *config, const char *text);

/* fuzz_is_reply - the bytes are replies that Postfix reads as we mean them, each action=…LF LF */
bool fuzz_is_reply(struct pl_str bytes);

/* fuzz_is_action - an action that Postfix does not take for a permit: printable, neither empty nor digits */
bool fuzz_is_action(struct pl_str action);

/* fuzz_heap - a copy in a block of just that size, so that the sanitizer sees each byte beyond */
char *fuzz_heap(struct pl_str s);

#endif
