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

#define POLICY "smtpd_access_policy"
#define FIRST_LINE "request=" POLICY "\n" /* of every request of Postfix */

/* So many bytes of a value are looked at together: nearly all values are shorter. */
enum { LOOK = 32, LONGEST_NAME = 32 };
_Static_assert(LONGEST_NAME + LOOK <= PL_REQUEST_PAD, "a name and a look stay within the pad");

/*
 * The search for line ends, which keeps an eye on NUL bytes. SSE2 is in every amd64; elsewhere, and
 * with PL_PORTABLE, plain C does the same.
 */
#if defined(__SSE2__) && !defined(PL_PORTABLE)
struct watch {
    __m128i least; /* of the bytes at each place of a load */
};

static inline struct watch watch_begin(void)
{
    return (struct watch){_mm_set1_epi8((char)0xff)};
}

static inline bool watch_saw_nul(struct watch w)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(w.least, _mm_setzero_si128())) != 0;
}

/* Bit i is set where p[i] is a LF, of LOOK bytes. */
static inline __attribute__((always_inline)) unsigned look(const char *p, struct watch *w)
{
    const __m128i lf = _mm_set1_epi8('\n');
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));

    w->least = _mm_min_epu8(w->least, _mm_min_epu8(a, b));
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, lf)) |
           (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(b, lf)) << 16;
}
#else
struct watch {
    bool nul;
};

static inline struct watch watch_begin(void)
{
    return (struct watch){false};
}

static inline bool watch_saw_nul(struct watch w)
{
    return w.nul;
}

static inline __attribute__((always_inline)) unsigned look(const char *p, struct watch *w)
{
    unsigned ends = 0;

    for (unsigned i = 0; i < LOOK; i++) {
        ends |= (unsigned)(p[i] == '\n') << i;
        w->nul = w->nul || p[i] == '\0';
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
    if (!pl_str_eq(attr[PL_ATTR_REQUEST], pl_str_lit(POLICY))) {
        *why = "request= is not " POLICY;
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

/*
 * p[0..n) and q[0..n) are the same, for the few bytes of a name: words that may overlap, no call and
 * no loop. q and n are constants, so that it comes to one comparison with a constant a word.
 */
static inline bool same(const char *p, const char *q, size_t n)
{
    uint64_t differ;

    if (n < 8)
        return ((load4(p) ^ load4(q)) | (load4(p + n - 4) ^ load4(q + n - 4))) == 0;
    differ = (load8(p) ^ load8(q)) | (load8(p + n - 8) ^ load8(q + n - 8));
    if (n > 16)
        differ |= load8(p + 8) ^ load8(q + 8);
    if (n > 24)
        differ |= load8(p + n - 16) ^ load8(q + n - 16);
    return differ == 0;
}

#define X(id, name, kind, doc)                                                                     \
    _Static_assert(sizeof(name) >= 4 && sizeof(name) <= LONGEST_NAME, "same() cannot compare it");
PL_ATTR_TABLE(X)
#undef X

/*
 * The lines from p to the empty one, whatever their order. Returns the empty line; NULL: not whole, or
 * something is wrong.
 */
static const char *take_any_order(struct pl_str attr[PL_ATTR_COUNT], const char *p,
                                  const char *limit)
{
    unsigned next = 0;
    const char *nl;

    for (; (nl = memchr(p, '\n', (size_t)(limit - p))) != p; p = nl + 1) {
        const char *eq = nl == NULL ? NULL : memchr(p, '=', (size_t)(nl - p));
        enum pl_attr found;

        if (eq == NULL || memchr(p, '\0', (size_t)(nl - p)) != NULL)
            return NULL;
        found = pl_attr_find_near((struct pl_str){p, (size_t)(eq - p)}, &next);
        if (found != PL_ATTR_COUNT && attr[found].p == NULL)
            attr[found] = (struct pl_str){eq + 1, (size_t)(nl - eq - 1)};
    }
    return p;
}

/*
 * The bytes before the first LF at p, which may be in the pad; any number that leads behind limit if
 * there is none.
 */
static inline size_t value_length(const char *p, const char *limit, struct watch *w)
{
    unsigned ends;
    size_t n = 0;

    if (*p == '\n')
        return 0;
    ends = look(p, w);
    while (!PL_LIKELY(ends != 0)) {
        n += LOOK;
        if (limit - p <= (ptrdiff_t)n)
            return n;
        ends = look(p + n, w);
    }
    return n + (unsigned)__builtin_ctz(ends);
}

/*
 * A whole request in one pass, taken apart on the way. Postfix sends its attributes in one order, older
 * versions fewer of them: so each is looked for on the line where it then is, and none was there
 * before. What stands in another order, or is unknown, takes the longer way from there on. false: it
 * is not whole, or something is wrong with it, and a closer look tells what.
 *
 * Up to limit there is what was received; what the pad behind it holds is compared and looked at, but
 * a line that ends there does not count: then p is not before limit any more.
 */
static PL_OWN_FRAME bool take_whole(struct pl_str attr[PL_ATTR_COUNT], const char *buf, size_t len,
                                    size_t *end)
{
    const char *p = buf + sizeof(FIRST_LINE) - 1, *limit = buf + len;
    struct watch w = watch_begin();

    if (!same(buf, FIRST_LINE, sizeof(FIRST_LINE) - 1))
        return false;
#define X(id, name, kind, doc)                                                                     \
    if (PL_LIKELY(p < limit) && PL_LIKELY(same(p, name "=", sizeof(name)))) {                      \
        attr[PL_ATTR_##id].p = p + sizeof(name);                                                   \
        attr[PL_ATTR_##id].n = value_length(p + sizeof(name), limit, &w);                          \
        p += sizeof(name) + attr[PL_ATTR_##id].n + 1;                                              \
    } else {                                                                                       \
        attr[PL_ATTR_##id] = (struct pl_str){NULL, 0};                                             \
    }
    PL_ATTR_TABLE(X)
#undef X
    attr[PL_ATTR_REQUEST] = (struct pl_str){buf + sizeof("request"), sizeof(POLICY) - 1};
    if (p >= limit || (*p != '\n' && (p = take_any_order(attr, p, limit)) == NULL))
        return false;
    *end = (size_t)(p - buf) + 1;
    /* It may have been behind the end. */
    return PL_LIKELY(!watch_saw_nul(w)) || memchr(buf, '\0', *end) == NULL;
}

/* "step 3" of the life of a request in docs/HACKING.md. */
enum pl_request_status pl_request_take(struct pl_str attr[PL_ATTR_COUNT], const char *buf,
                                       size_t len, struct pl_request_scan *scan, size_t *end,
                                       const char **why)
{
    enum pl_request_status status;

    if (scan->seen == 0 && take_whole(attr, buf, len, end))
        return PL_REQUEST_COMPLETE;
    status = pl_request_find_end(buf, len, scan, end, why);
    if (status == PL_REQUEST_COMPLETE && !pl_request_parse(attr, buf, *end, why))
        status = PL_REQUEST_TROUBLE;
    return status;
}
