/* SPDX-License-Identifier: BSD-2-Clause */
/* Making hostile text safe to show. One escape form everywhere: \xNN. */
#include "postlatch/quote.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) && !defined(PL_PORTABLE)
#include <emmintrin.h>
#endif

/* Appends c to out at *n, escaped if need be; false when it does not fit with a NUL behind it. */
static bool put(char *out, size_t size, size_t *n, char c, bool escape)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char u = (unsigned char)c;

    if (*n + (escape ? 4 : 1) >= size)
        return false;
    if (!escape) {
        out[(*n)++] = c;
        return true;
    }
    out[(*n)++] = '\\';
    out[(*n)++] = 'x';
    out[(*n)++] = hex[u >> 4];
    out[(*n)++] = hex[u & 15];
    return true;
}

static void put_text(char *out, size_t size, size_t *n, const char *text)
{
    for (; *text != '\0' && put(out, size, n, *text, false); text++)
        ;
}

const char *pl_quote(struct pl_quote *q, struct pl_str s)
{
    size_t shown = s.n > PL_QUOTE_SHOWN ? PL_QUOTE_SHOWN : s.n;
    size_t n = 0;

    put(q->text, sizeof(q->text), &n, '"', false);
    for (size_t i = 0; i < shown; i++)
        put(q->text, sizeof(q->text), &n, s.p[i], !pl_ascii_is_print(s.p[i]));
    put_text(q->text, sizeof(q->text), &n, shown < s.n ? "...\"" : "\"");
    q->text[n] = '\0';
    return q->text;
}

/* A byte of a log's value that stands for itself. */
static inline bool is_plain(char c)
{
    return pl_ascii_is_print(c) && c != ' ' && c != '"' && c != '\\';
}

size_t pl_escape(char *out, size_t size, struct pl_str s, size_t shown)
{
    size_t n = 0, i;
    bool dash = s.n == 1 && s.p[0] == '-';

    for (i = 0; i < s.n && i < shown; i++) {
        char c = s.p[i];

        if (!put(out, size, &n, c, dash || !is_plain(c)))
            break;
    }
    if (i < s.n)
        put_text(out, size, &n, "...");
    out[n] = '\0';
    return n;
}

#if defined(__SSE2__) && !defined(PL_PORTABLE)
static inline bool are_plain(__m128i bytes)
{
    __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)),
                                   _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
    /* Signed: what has the highest bit set is less, too. */
    __m128i visible = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(' '));

    return _mm_movemask_epi8(_mm_andnot_si128(special, visible)) == 0xffff;
}

static inline bool copy16(char *out, const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);

    _mm_storeu_si128((__m128i *)(void *)out, bytes);
    return are_plain(bytes);
}

/* From 8 to 16 bytes: two halves, which may overlap. */
static inline bool copy8(char *out, const char *p, size_t n)
{
    __m128i first = _mm_loadl_epi64((const __m128i *)(const void *)p);
    __m128i last = _mm_loadl_epi64((const __m128i *)(const void *)(p + n - 8));

    _mm_storel_epi64((__m128i *)(void *)out, first);
    _mm_storel_epi64((__m128i *)(void *)(out + n - 8), last);
    return are_plain(_mm_unpacklo_epi64(first, last));
}

/* From 4 to 8. */
static inline bool copy4(char *out, const char *p, size_t n)
{
    int32_t first, last;

    memcpy(&first, p, 4);
    memcpy(&last, p + n - 4, 4);
    memcpy(out, &first, 4);
    memcpy(out + n - 4, &last, 4);
    return are_plain(_mm_set_epi32(first, last, first, last));
}

bool pl_copy_plain(char *out, struct pl_str s)
{
    size_t i = 0;

    if (s.n >= 16) {
        for (; s.n - i >= 16; i += 16) {
            if (!copy16(out + i, s.p + i))
                return false;
        }
        return i == s.n || copy16(out + s.n - 16, s.p + s.n - 16);
    }
    if (s.n >= 8)
        return copy8(out, s.p, s.n);
    if (s.n >= 4)
        return copy4(out, s.p, s.n);
    for (; i < s.n && is_plain(s.p[i]); i++)
        out[i] = s.p[i];
    return i == s.n && !(s.n == 1 && s.p[0] == '-');
}
#else
bool pl_copy_plain(char *out, struct pl_str s)
{
    size_t i = 0;

    for (; i < s.n && is_plain(s.p[i]); i++)
        out[i] = s.p[i];
    return i == s.n && !(s.n == 1 && s.p[0] == '-');
}
#endif

size_t pl_unescape(char *out, struct pl_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 3 < s.n && s.p[i + 1] == 'x' &&
            pl_ascii_hex_digit(s.p[i + 2]) >= 0 && pl_ascii_hex_digit(s.p[i + 3]) >= 0) {
            out[n++] = (char)(pl_ascii_hex_digit(s.p[i + 2]) * 16 + pl_ascii_hex_digit(s.p[i + 3]));
            i += 3;
        } else {
            out[n++] = s.p[i];
        }
    }
    return n;
}
