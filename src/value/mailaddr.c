/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail addresses as Postfix's address resolver sees them. See "The recipient" in docs/HACKING.md.
 */
#include "postlatch/mailaddr.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) && !defined(PL_PORTABLE)
#include <emmintrin.h>
#endif

static bool routes(struct pl_str s)
{
    return pl_str_find(s, '@') < s.n || pl_str_find(s, '%') < s.n || pl_str_find(s, '!') < s.n;
}

#if defined(__SSE2__) && !defined(PL_PORTABLE)
enum { SHORT = 64 };

static inline __m128i equal(__m128i bytes, char c)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

/* split() for at most SHORT bytes, 16 at a time; bit i of a mask is for text.p[i]. */
static size_t split_short(struct pl_str text, bool *routed)
{
    char copy[SHORT] = {
        0}; /* nothing behind text is read, and what is there is none of the three */
    uint64_t ats = 0, others = 0, last;

    memcpy(copy, text.p, text.n);
    for (size_t i = 0; i < text.n; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(copy + i));
        __m128i other = _mm_or_si128(equal(bytes, '%'), equal(bytes, '!'));

        ats |= (uint64_t)(unsigned)_mm_movemask_epi8(equal(bytes, '@')) << i;
        others |= (uint64_t)(unsigned)_mm_movemask_epi8(other) << i;
    }
    if (ats == 0) {
        *routed = others != 0;
        return text.n;
    }
    last = 1ULL << 63 >> __builtin_clzll(ats);
    *routed = ((ats | others) & (last - 1)) != 0;
    return (size_t)__builtin_ctzll(last);
}
#else
enum { SHORT = 0 };

static size_t split_short(struct pl_str text, bool *routed)
{
    *routed = false;
    return text.n;
}
#endif

/* Where the last '@' is, or text.n; whether one of the three that route is left of it. */
static size_t split(struct pl_str text, bool *routed)
{
    size_t at;

    if (text.n <= SHORT && text.n > 0)
        return split_short(text, routed);
    at = pl_str_rfind(text, '@');
    *routed = routes((struct pl_str){text.p, at});
    return at;
}

void pl_mailaddr_read(struct pl_mailaddr *m, struct pl_str text)
{
    bool routed;
    size_t at = split(text, &routed);
    struct pl_str local = {text.p, at};
    const char *why;

    m->form = PL_MAIL_ROUTED;
    m->local = (struct pl_str){NULL, 0};
    m->domain.len = 0;
    m->domain.text[0] = '\0';
    if (routed)
        return;
    if (text.n == 0) {
        m->form = PL_MAIL_EMPTY;
        return;
    }
    m->local = local;
    if (at == text.n)
        m->form = PL_MAIL_BARE;
    else if (pl_domain_parse(&m->domain, pl_str_from(text, at + 1), &why))
        m->form = PL_MAIL_PLAIN;
    else
        m->form = PL_MAIL_UNPARSABLE;
}

struct pl_str pl_mailaddr_strip_extension(struct pl_str local, struct pl_str delimiters)
{
    for (size_t i = 1; i < local.n; i++) {
        if (pl_str_find(delimiters, local.p[i]) < delimiters.n)
            return (struct pl_str){local.p, i};
    }
    return local;
}

size_t pl_mailaddr_key(char out[PL_MAILADDR_MAX], struct pl_str local, struct pl_str domain)
{
    size_t n;

    if (local.n > PL_LOCAL_MAX || domain.n > PL_DOMAIN_MAX)
        return 0;
    pl_str_lower(out, local);
    n = local.n;
    out[n++] = '@';
    if (domain.n > 0)
        memcpy(out + n, domain.p, domain.n);
    return n + domain.n;
}
