/* SPDX-License-Identifier: BSD-2-Clause */
/* Digests of certificates, as openssl and Postfix print them. */
#include "postlatch/fingerprint.h"

bool pl_fingerprint_parse(uint8_t bytes[PL_FINGERPRINT_MAX], size_t *len, struct pl_str text)
{
    bool colons = text.n > 2 && text.p[2] == ':';
    size_t step = colons ? 3 : 2;
    size_t n = colons ? (text.n + 1) / 3 : text.n / 2;

    *len = 0;
    if ((n != 16 && n != 20 && n != 32) || text.n != (colons ? n * 3 - 1 : n * 2))
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = pl_ascii_hex_digit(text.p[i * step]),
            low = pl_ascii_hex_digit(text.p[i * step + 1]);

        if (high < 0 || low < 0 || (colons && i + 1 < n && text.p[i * step + 2] != ':'))
            return false;
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    *len = n;
    return true;
}
