/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line of a large list: an IPv4 network and nothing else. All bytes are looked at together, since a
 * loop over digits, of which each number has another count, costs a wrong guess of the processor each;
 * 8 instead of 30 ns a line. What is not plain, and other processors, go the usual way.
 */
#include "postlatch/addr.h"

#include <string.h>
#if defined(__SSE2__) && !defined(PL_PORTABLE)
#include <emmintrin.h>

/* Bit i: p[i] is no digit, for 16 bytes. */
static inline uint32_t other_bytes(const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);

    return ~(uint32_t)_mm_movemask_epi8(is_digit) & 0xffff;
}

/*
 * The number of n digits in front of end, of which each is a digit; more than 255 unless there are one
 * to three and the first of several is no zero.
 */
static inline uint32_t number(const char *end, unsigned n)
{
    static const uint32_t keep[4] = {0, 0x0f000000, 0x0f0f0000, 0x0f0f0f00};
    static const uint32_t least[4] = {256, 0, 10,
                                      100}; /* of so many digits without a leading zero */
    uint32_t bytes, value;

    memcpy(&bytes, end - sizeof(bytes), sizeof(bytes));
    bytes &= keep[n & 3];
    value = (bytes >> 24) + 10 * (bytes >> 16 & 15) + 100 * (bytes >> 8 & 15);
    return value | (uint32_t)(value < least[n & 3] || n > 3) << 16;
}

size_t pl_prefix_take_line(const char *text, uint32_t *addr, unsigned *len)
{
    /* The longest line has 19 bytes; behind these the search for other bytes need not go on. */
    uint32_t others = other_bytes(text) | (other_bytes(text + 16) | 0xfff8U) << 16;
    unsigned end[5], bits = 32;
    uint32_t octet[4], most;

    for (int i = 0; i < 5; i++) {
        end[i] = (unsigned)__builtin_ctz(others);
        others &= others - 1;
    }
    octet[0] = number(text + end[0], end[0]);
    for (int i = 1; i < 4; i++)
        octet[i] = number(text + end[i], end[i] - end[i - 1] - 1);
    *addr = octet[0] << 24 | octet[1] << 16 | octet[2] << 8 | octet[3];
    most = octet[0] | octet[1] | octet[2] | octet[3];
    if (most > 255 || text[end[0]] != '.' || text[end[1]] != '.' || text[end[2]] != '.')
        return 0;
    if (text[end[3]] == '/') {
        bits = number(text + end[4], end[4] - end[3] - 1);
        end[3] = end[4];
    }
    if (text[end[3]] != '\n' || bits > 32 || (*addr & (uint32_t)(0xffffffffULL >> bits)) != 0)
        return 0;
    *len = bits;
    return end[3] + 1;
}
#else
size_t pl_prefix_take_line(const char *text, uint32_t *addr, unsigned *len)
{
    (void)text;
    (void)addr;
    (void)len;
    return 0;
}
#endif
