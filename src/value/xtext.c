/* SPDX-License-Identifier: BSD-2-Clause */
/* The encoding in which Postfix sends names from certificates. */
#include "postlatch/xtext.h"

size_t pl_xtext_decode(char *out, size_t max, struct pl_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int high = -1, low = -1;

        if (n == max)
            return 0;
        if (s.p[i] == '+' && i + 2 < s.n) {
            high = pl_ascii_hex_digit(s.p[i + 1]);
            low = pl_ascii_hex_digit(s.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = s.p[i];
        }
    }
    return n;
}
