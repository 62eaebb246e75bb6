/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_FINGERPRINT_H
#define POSTLATCH_FINGERPRINT_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { PL_FINGERPRINT_MAX = 32 };

/*
 * pl_fingerprint_parse - a certificate or public key digest
 *
 * in       hex digits of any case; a colon between all bytes or none: 16 (MD5), 20 (SHA-1) or 32
 *          (SHA-256) bytes
 * out      bytes[0..*len)
 * returns  false if text is anything else
 */
bool pl_fingerprint_parse(uint8_t bytes[PL_FINGERPRINT_MAX], size_t *len, struct pl_str text);

#endif
