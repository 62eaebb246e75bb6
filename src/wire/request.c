/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of Postfix's policy protocol: bytes to attributes, in place. A request that came whole is
 * taken apart in one pass, guided by the order in which Postfix sends attributes. Of one that comes in
 * pieces the end is looked for first, in the new bytes only; so the work is linear however the bytes
 * arrive. Nothing is allocated. Source: Postfix SMTPD_POLICY_README, "Protocol description".
 */
#include "postlatch/request.h"

#include "postlatch/compiler.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) && !defined(PL_PORTABLE)
#include <emmintrin.h>
#endif

enum { LINE_BLOCK = 64, LONGEST_NAME = 32 };

/*
 * Bit i is set where p[i] is a LF, of LINE_BLOCK bytes; *nul is set if one is NUL. SSE2 is in every
 * amd64; elsewhere, and with PL_PORTABLE, plain C does the same.
 */
#if defined(__SSE2__) && !defined(PL_PORTABLE)
static inline uint64_t line_ends_of_16(const char *p, __m128i *least)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);

    *least = _mm_min_epu8(*least, bytes);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
}

static inline uint64_t line_ends_of(const char *p, bool *nul)
{
    __m128i least = _mm_set1_epi8((char)0xff);
    uint64_t ends = line_ends_of_16(p, &least) | line_ends_of_16(p + 16, &least) << 16 |
                    line_ends_of_16(p + 32, &least) << 32 | line_ends_of_16(p + 48, &least) << 48;

    *nul = *nul || _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0;
    return ends;
}
#else
static inline uint64_t line_ends_of(const char *p, bool *nul)
{
    uint64_t ends = 0;

    for (unsigned i = 0; i < LINE_BLOCK; i++) {
        ends |= (uint64_t)(p[i] == '\n') << i;
        *nul = *nul || p[i] == '\0';
    }
    return ends;
}
#endif

enum pl_request_status pl_request_find_end(const char *buf, size_t len,
                                           struct pl_request_scan *scan, size_t *end,
                                           const char **why)
{
    pl_assert(scan->line <= scan->seen && scan->seen <= len);
    while (scan->seen < len) {
        const char *fresh = buf + scan->seen;
        const char *nl = memchr(fresh, '\n', len - scan->seen);
        size_t stop = nl == NULL ? len : (size_t)(nl - buf);

        /* Told at once, before the line ends: who sends a NUL speaks another protocol. */
        if (memchr(fresh, '\0', stop - scan->seen) != NULL) {
            *why = "a NUL byte in the request";
            return PL_REQUEST_TROUBLE;
        }
        scan->seen = stop;
        if (nl == NULL)
            return PL_REQUEST_MORE;
        if (stop == scan->line) {
            *end = stop + 1;
            return PL_REQUEST_COMPLETE;
        }
        if (memchr(buf + scan->line, '=', stop - scan->line) == NULL) {
            *why = "a line without '='";
            return PL_REQUEST_TROUBLE;
        }
        scan->seen = scan->line = stop + 1;
    }
    return PL_REQUEST_MORE;
}

static bool check_request(const struct pl_str attr[PL_ATTR_COUNT], const char **why)
{
    if (attr[PL_ATTR_REQUEST].p == NULL) {
        *why = "no request= in the request";
        return false;
    }
    if (!pl_str_eq(attr[PL_ATTR_REQUEST], pl_str_lit("smtpd_access_policy"))) {
        *why = "request= is not smtpd_access_policy";
        return false;
    }
    return true;
}

bool pl_request_parse(struct pl_str attr[PL_ATTR_COUNT], const char *buf, size_t end,
                      const char **why)
{
    const char *p = buf;
    unsigned next = 0;

    /* The last byte is the LF of the empty line; the loop stops at it. */
    pl_assert(end > 0 && buf[end - 1] == '\n');
    memset(attr, 0, PL_ATTR_COUNT * sizeof(attr[0]));
    while (p < buf + end - 1) {
        const char *nl = memchr(p, '\n', (size_t)(buf + end - p));
        const char *eq = memchr(p, '=', (size_t)(nl - p));
        enum pl_attr found;

        pl_assert(eq != NULL);
        found = pl_attr_find_near((struct pl_str){p, (size_t)(eq - p)}, &next);
        /* The first of a repeated name wins, an empty one too: p is not NULL once it was seen. */
        if (found != PL_ATTR_COUNT && attr[found].p == NULL)
            attr[found] = (struct pl_str){eq + 1, (size_t)(nl - eq - 1)};
        p = nl + 1;
    }
    return check_request(attr, why);
}

/* Each attribute's name with its '=', in the order in which Postfix sends them. */
static const struct {
    const char *p;
    size_t n;
} expected[PL_ATTR_COUNT] = {
#define X(id, name, kind, doc) {name "=", sizeof(name)},
    PL_ATTR_TABLE(X)
#undef X
};

static inline uint64_t load8(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint32_t load4(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

#define X(id, name, kind, doc)                                                                     \
    _Static_assert(sizeof(name) >= 4 && sizeof(name) <= LONGEST_NAME, "same() cannot compare it");
PL_ATTR_TABLE(X)
#undef X

/* p[0..n) and q[0..n) are the same, for a few bytes: words that may overlap, no call and no loop. */
static inline bool same(const char *p, const char *q, size_t n)
{
    if (n > 16)
        return load8(p) == load8(q) && load8(p + 8) == load8(q + 8) &&
               load8(p + n - 16) == load8(q + n - 16) && load8(p + n - 8) == load8(q + n - 8);
    if (n >= 8)
        return load8(p) == load8(q) && load8(p + n - 8) == load8(q + n - 8);
    return load4(p) == load4(q) && load4(p + n - 4) == load4(q + n - 4);
}

/* Where the line ends are, 64 bytes at a time. */
struct line_ends {
    const char *block, *limit; /* the block that ends describes; behind the last byte */
    uint64_t ends;             /* bit i: block[i] is a LF that was not taken yet */
    bool nul;                  /* there was a NUL in a block so far */
};

/* The last block, which is not full. */
static void look_at_rest(struct line_ends *l)
{
    char rest[LINE_BLOCK];

    memset(rest, ' ', sizeof(rest));
    memcpy(rest, l->block, (size_t)(l->limit - l->block));
    l->ends = line_ends_of(rest, &l->nul);
}

static inline void look_at_block(struct line_ends *l)
{
    if (l->limit - l->block >= LINE_BLOCK)
        l->ends = line_ends_of(l->block, &l->nul);
    else
        look_at_rest(l);
}

/* The next LF; NULL when there is none. */
static inline const char *next_end(struct line_ends *l)
{
    const char *at;

    while (l->ends == 0) {
        if (l->limit - l->block <= LINE_BLOCK)
            return NULL;
        l->block += LINE_BLOCK;
        look_at_block(l);
    }
    at = l->block + __builtin_ctzll(l->ends);
    l->ends &= l->ends - 1;
    return at;
}

/*
 * A whole request in one pass, taken apart on the way. false: it is not whole, or something is wrong
 * with it, and a closer look tells what.
 */
static bool take_whole(struct pl_str attr[PL_ATTR_COUNT], const char *buf, size_t len, size_t *end)
{
    struct line_ends l = {buf, buf + len, 0, false};
    const char *p = buf, *nl;
    unsigned next = 0;

    if (len == 0)
        return false;
    memset(attr, 0, PL_ATTR_COUNT * sizeof(attr[0]));
    look_at_block(&l);
    for (; (nl = next_end(&l)) != p; p = nl + 1, next++) {
        const char *value;
        unsigned found = next;

        if (nl == NULL)
            return false;
        if (next < PL_ATTR_COUNT && l.limit - p >= LONGEST_NAME &&
            same(p, expected[next].p, expected[next].n)) {
            value = p + expected[next].n;
        } else {
            value = memchr(p, '=', (size_t)(nl - p));
            if (value == NULL)
                return false;
            found = pl_attr_find_near((struct pl_str){p, (size_t)(value - p)}, &next);
            next--; /* the loop goes on behind what was found, or expects the same again */
            value++;
        }
        if (found != PL_ATTR_COUNT && attr[found].p == NULL)
            attr[found] = (struct pl_str){value, (size_t)(nl - value)};
    }
    *end = (size_t)(p - buf) + 1;
    return !l.nul;
}

/* "step 3" of the life of a request in docs/HACKING.md. */
enum pl_request_status pl_request_take(struct pl_str attr[PL_ATTR_COUNT], const char *buf,
                                       size_t len, struct pl_request_scan *scan, size_t *end,
                                       const char **why)
{
    enum pl_request_status status;

    if (scan->seen == 0 && take_whole(attr, buf, len, end))
        return check_request(attr, why) ? PL_REQUEST_COMPLETE : PL_REQUEST_TROUBLE;
    status = pl_request_find_end(buf, len, scan, end, why);
    if (status == PL_REQUEST_COMPLETE && !pl_request_parse(attr, buf, *end, why))
        status = PL_REQUEST_TROUBLE;
    return status;
}
