/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_XTEXT_H
#define POSTLATCH_XTEXT_H

#include "postlatch/str.h"

/*
 * pl_xtext_decode - undo the encoding of RFC 3461: "+20" is a blank
 *
 * out      out[0..max)
 * returns  the length; 0 if it does not fit. A '+' that begins no two hex digits stands for itself
 */
size_t pl_xtext_decode(char *out, size_t max, struct pl_str s);

#endif
