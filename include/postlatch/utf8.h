/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_UTF8_H
#define POSTLATCH_UTF8_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * pl_utf8_take - the character that s begins with
 *
 * in       s: not empty
 * out      *c
 * returns  how many bytes it has; 0 if they are not well-formed UTF-8
 */
size_t pl_utf8_take(struct pl_str s, uint32_t *c);

/*
 * pl_utf8_is_odd - a character that is not to be written as it is: controls, and those of Unicode's
 * category Cf and the separators of lines, which hide or reorder what stands around them
 */
bool pl_utf8_is_odd(uint32_t c);

#endif
