/* SPDX-License-Identifier: BSD-2-Clause */
#include "postlatch/utf8.h"

size_t pl_utf8_take(struct pl_str s, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)s.p[0];
    size_t n = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;

    if (n == 0 || n > s.n || first >= 0xf8)
        return 0;
    *c = n == 1 ? first : first & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s.p[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | ((unsigned char)s.p[i] & 0x3f);
    }
    return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : n;
}

bool pl_utf8_is_odd(uint32_t c)
{
    static const struct {
        uint32_t low, high;
    } odd[] = {{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x600, 0x605},
               {0x61c, 0x61c},   {0x6dd, 0x6dd},   {0x70f, 0x70f},   {0x180e, 0x180e},
               {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f},
               {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff}};

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (odd[i].low <= c && c <= odd[i].high)
            return true;
    }
    return false;
}
