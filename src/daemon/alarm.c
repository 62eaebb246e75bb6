/* SPDX-License-Identifier: BSD-2-Clause */
#include "alarm.h"

#include "log.h"
#include "postlatch/compiler.h"

#include <string.h>

enum { PROBES = 8 };
#define MIX UINT64_C(0x9e3779b97f4a7c15)

void alarm_init(struct alarm *a)
{
    memset(a, 0, sizeof(*a));
    pthread_mutex_init(&a->lock, NULL);
}

void alarm_fini(struct alarm *a)
{
    pthread_mutex_destroy(&a->lock);
}

static inline uint64_t mix(uint64_t h, uint64_t part)
{
    h = (h ^ part) * MIX;
    return h ^ h >> 32;
}

static inline uint64_t load(const char *p)
{
    uint64_t part;

    memcpy(&part, p, sizeof(part));
    return part;
}

/* Names are told apart by it. Not keyed: whose names collide is counted less often, no more. */
static inline uint64_t digest(struct pl_str s)
{
    uint64_t h = s.n;
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8)
        h = mix(h, load(s.p + i));
    if (i < s.n && s.n >= 8)
        return mix(h, load(s.p + s.n - 8));
    for (; i < s.n; i++)
        h = mix(h, (uint8_t)s.p[i]);
    return h;
}

static inline uint64_t digest_addr(const struct pl_addr *addr)
{
    return digest((struct pl_str){(const char *)addr->bytes, sizeof(addr->bytes)});
}

static bool is_same(const struct pl_addr *a, const struct pl_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/*
 * The place of an address, emptied if it is a new one or the window is: its own, a free one, one of an
 * older window, or that of who has shown the fewest names.
 */
static struct alarm_client *place_of(struct alarm *a, const struct pl_addr *addr, uint64_t hash,
                                     uint32_t window)
{
    struct alarm_client *best = NULL;

    for (size_t i = 0; i < PROBES; i++) {
        struct alarm_client *c = &a->clients[(hash + i) % ALARM_CLIENTS];

        if (is_same(&c->addr, addr)) {
            best = c;
            break;
        }
        if (best == NULL || c->window < best->window ||
            (c->window == best->window &&
             c->helo_names + c->senders < best->helo_names + best->senders))
            best = c;
    }
    if (best->window != window || !is_same(&best->addr, addr))
        *best = (struct alarm_client){.addr = *addr, .window = window};
    return best;
}

/* Sets a bit of n words; returns whether it was not set. */
static unsigned count(uint64_t *bits, size_t n, uint64_t hash)
{
    uint64_t *word = &bits[hash / 64 % n], bit = UINT64_C(1) << hash % 64;
    bool is_new = (*word & bit) == 0;

    *word |= bit;
    return is_new;
}

static void tell(struct alarm *a, const struct alarm_client *c, bool helo)
{
    char text[PL_ADDR_TEXT];

    pl_addr_format(text, &c->addr);
    atomic_fetch_add(&a->total, 1);
    log_warn(
        "masking alarm: %s is trusted for its address and has shown at least %u %s without a login "
        "within 72 minutes: a NAT, a proxy or a container bridge may hide others behind it; "
        "expected masking = {%s}, or masking_alarm { except = {%s} } if all that comes from "
        "there is yours",
        text, helo ? c->helo_names : c->senders, helo ? "HELO names" : "senders", text, text);
}

static bool is_excepted(const struct pl_masking_alarm *limits, const struct pl_addr *addr)
{
    for (size_t i = 0; i < limits->nexcept; i++) {
        if (pl_prefix_contains(&limits->except[i], addr))
            return true;
    }
    return false;
}

static PL_OWN_FRAME bool note(struct alarm *a, const struct pl_masking_alarm *limits,
                              const struct pl_query *q, uint64_t helo, uint64_t sender, int64_t us)
{
    struct alarm_client *c;
    bool helo_names, senders;

    if (pthread_mutex_trylock(&a->lock) != 0)
        return false;
    c = place_of(a, &q->client, digest_addr(&q->client), (uint32_t)(us >> ALARM_WINDOW_BITS) + 1);
    if (q->attr[PL_ATTR_HELO_NAME].n > 0)
        c->helo_names += count(c->helo_bits, ALARM_HELO_WORDS, helo);
    if (q->attr[PL_ATTR_SENDER].n > 0)
        c->senders += count(c->sender_bits, ALARM_SENDER_WORDS, sender);
    helo_names = limits->helo_names > 0 && c->helo_names >= limits->helo_names;
    senders = limits->senders > 0 && c->senders >= limits->senders;
    if ((helo_names || senders) && !c->told && !is_excepted(limits, &c->addr)) {
        c->told = true;
        tell(a, c, helo_names);
    }
    pthread_mutex_unlock(&a->lock);
    return true;
}

void alarm_note(struct alarm *a, struct alarm_memo *memo, const struct pl_masking_alarm *limits,
                const struct pl_query *q, int64_t us)
{
    uint64_t helo, sender, key, *seen;

    if (us - memo->since_us >= 1000000) {
        memo->since_us = us;
        memo->looks = ALARM_LOOKS;
    }
    if (memo->looks == 0 || limits->helo_names + limits->senders == 0 ||
        !pl_str_eq(q->attr[PL_ATTR_PROTOCOL_STATE],
                   pl_str_lit("RCPT"))) /* a login may come still */
        return;
    memo->looks--;
    helo = digest(q->attr[PL_ATTR_HELO_NAME]);
    sender = digest(q->attr[PL_ATTR_SENDER]);
    key = mix(mix(digest_addr(&q->client), helo), sender ^ (uint64_t)us >> ALARM_WINDOW_BITS);
    seen = &memo->seen[key % ALARM_MEMO];
    if (*seen != key && note(a, limits, q, helo, sender, us))
        *seen = key;
}

unsigned alarm_suspects(struct alarm *a, int64_t us, struct pl_buf *b)
{
    uint32_t now = (uint32_t)(us >> ALARM_WINDOW_BITS) + 1;
    char text[PL_ADDR_TEXT];
    unsigned n = 0;

    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < ALARM_CLIENTS; i++) {
        const struct alarm_client *c = &a->clients[i];

        if (!c->told || c->window + 1 < now)
            continue;
        if (n++ < ALARM_TOLD)
            pl_buf_addf(b, "%s%s", n > 1 ? " " : "", pl_addr_format(text, &c->addr));
    }
    pthread_mutex_unlock(&a->lock);
    pl_buf_add(b, n == 0 ? pl_str_lit("-") : n > ALARM_TOLD ? pl_str_lit(" …") : pl_str_lit(""));
    return n;
}
