/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of tables and conditions. Most are relatives of one that is there already: the parent,
 * the neighbour, the same again in another spelling. Faults of a compiled form sit between such.
 */
#include "generate.h"

#include "postlatch/addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_MAX = 4096 };

struct pool *pool_of(struct generator *g, enum pl_table_kind kind, enum pl_attr attr)
{
    if (kind == PL_TABLE_WORDS || kind == PL_TABLE_WORDS_FOLD)
        return &g->pools[PL_TABLE_KIND_COUNT + attr];
    return &g->pools[kind];
}

enum pl_table_kind entry_kind(enum pl_attr attr, struct pl_str text)
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
        return PL_TABLE_NETWORKS;
    case PL_KIND_MAIL:
        return pl_str_find(text, '@') < text.n ? PL_TABLE_ADDRESSES : PL_TABLE_DOMAINS;
    case PL_KIND_HOST:
        return PL_TABLE_DOMAINS;
    case PL_KIND_USER:
        return PL_TABLE_USERS;
    case PL_KIND_FINGERPRINT:
        return PL_TABLE_FINGERPRINTS;
    case PL_KIND_PORT:
        return PL_TABLE_PORTS;
    case PL_KIND_WORD_FOLD:
        return PL_TABLE_WORDS_FOLD;
    default:
        return PL_TABLE_WORDS;
    }
}

static struct pl_str keep(struct generator *g, struct pool *pool)
{
    struct pl_str text = draft_text(g->draft, pl_buf_str(&g->scratch));
    struct pl_str *texts;

    must(!g->scratch.failed, "out of memory");
    if (pool->count == POOL_MAX) {
        pool->texts[below(&g->rng, POOL_MAX)] = text;
        return text;
    }
    texts = pl_grow(pool->texts, &pool->cap, pool->count, sizeof(*texts));
    must(texts != NULL, "out of memory");
    pool->texts = texts;
    texts[pool->count++] = text;
    return text;
}

/* One that is there already; false if there is none, or if it is time for a new one. */
static bool relative(struct generator *g, const struct pool *pool, struct pl_str *text)
{
    if (pool->count == 0 || !chance(&g->rng, g->large ? 20 : 50))
        return false;
    *text = pool->texts[below(&g->rng, pool->count)];
    return true;
}

static void put(struct pl_buf *out, const char *text)
{
    pl_buf_add(out, pl_str_of(text));
}

/* Some letters of what was written from `from` on in capitals. */
static void change_case(struct generator *g, struct pl_buf *out, size_t from)
{
    for (size_t i = from; i < out->n; i++) {
        if (chance(&g->rng, 50))
            out->p[i] = pl_ascii_upper(out->p[i]);
    }
}

/*
 * One of as many as there are rules: hosts and small networks side by side, networks within one
 * /64, and some anywhere.
 */
static void one_of_many(struct generator *g, struct pl_prefix *p)
{
    size_t k = below(&g->rng, g->universe);
    uint8_t high = (uint8_t)(k >> 8), low = (uint8_t)k;
    unsigned form = (unsigned)below(&g->rng, 10);

    if (form < 5) {
        p->addr =
            (struct pl_addr){4, {10, (uint8_t)(k >> 14), (uint8_t)(k >> 6), (uint8_t)(k << 2)}};
        p->len = (uint8_t)(29 + below(&g->rng, 4));
    } else if (form < 7) {
        p->addr = (struct pl_addr){6, {0x20, 1, 0x0d, 0xb8, high, low}};
        p->len = (uint8_t)(44 + below(&g->rng, 22));
    } else if (form < 8) {
        p->addr = (struct pl_addr){6, {0x20, 1, 0x0d, 0xb8, [14] = high, low}};
        p->len = (uint8_t)(119 + below(&g->rng, 10));
    } else {
        p->addr = (struct pl_addr){.family = form == 8 ? 4 : 6};
        for (unsigned i = 0; i < pl_addr_bits(&p->addr) / 8; i++)
            p->addr.bytes[i] = (uint8_t)below(&g->rng, 256);
        p->len = (uint8_t)(pl_addr_bits(&p->addr) / 4 +
                           below(&g->rng, pl_addr_bits(&p->addr) * 3 / 4 + 1));
    }
}

static void fresh_prefix(struct generator *g, struct pl_prefix *p)
{
    static const char *const bases[] = {"0.0.0.0",
                                        "255.255.255.255",
                                        "127.0.0.1",
                                        "10.0.0.0",
                                        "10.255.255.255",
                                        "192.0.2.0",
                                        "192.0.2.77",
                                        "192.168.0.1",
                                        "203.0.113.9",
                                        "198.51.100.255",
                                        "128.0.0.0",
                                        "127.255.255.255",
                                        "::",
                                        "::1",
                                        "2001:db8::",
                                        "fe80::1",
                                        "fc00::",
                                        "8000::",
                                        "::fffe:0:0",
                                        "::fffc:0:0",
                                        "64:ff9b::c000:201",
                                        "::2:0:0:0",
                                        "2001:db8:1::25",
                                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    static const uint8_t lens4[] = {1, 8, 15, 16, 23, 24, 25, 28, 29, 30, 31, 32, 32, 32};
    static const uint8_t lens6[] = {1,  7,  8,  32,  47,  48,  63,  64,  65,
                                    80, 94, 96, 112, 120, 126, 127, 128, 128};

    if (g->large) {
        one_of_many(g, p);
        return;
    }
    must(pl_addr_parse(&p->addr, pl_str_of(PICK(&g->rng, bases))), "bad base address");
    if (chance(&g->rng, 10))
        p->addr.bytes[below(&g->rng, pl_addr_bits(&p->addr) / 8)] ^=
            (uint8_t)(1U << below(&g->rng, 8));
    p->len = p->addr.family == 4 ? PICK(&g->rng, lens4) : PICK(&g->rng, lens6);
    if (chance(&g->rng, 4))
        p->len = 0;
}

/* Parent, part, neighbour of a network, or the same. */
static void related_prefix(struct generator *g, struct pl_prefix *p)
{
    unsigned bits = pl_addr_bits(&p->addr), steps = 1 + (unsigned)below(&g->rng, 8);

    switch (below(&g->rng, 4)) {
    case 0:
        if (p->len > steps || chance(&g->rng, 5))
            p->len = (uint8_t)(p->len > steps ? p->len - steps : 0);
        break;
    case 1:
        for (; steps > 0 && p->len < bits; steps--) {
            p->addr.bytes[p->len / 8] |=
                (uint8_t)((chance(&g->rng, 50) ? 0x80U : 0) >> (p->len % 8));
            p->len++;
        }
        break;
    case 2:
        if (p->len > 0)
            p->addr.bytes[(p->len - 1) / 8] ^= (uint8_t)(0x80U >> ((p->len - 1) % 8));
        break;
    default:
        break;
    }
}

static void make_network(struct generator *g, const struct pool *pool)
{
    struct pl_buf *out = &g->scratch;
    struct pl_prefix p;
    struct pl_str text;
    char why[PL_PREFIX_WHY], addr[PL_ADDR_TEXT];
    bool mapped;
    size_t from;

    if (relative(g, pool, &text)) {
        must(pl_prefix_parse(&p, text, why), "bad prefix in the pool");
        related_prefix(g, &p);
    } else {
        fresh_prefix(g, &p);
    }
    pl_addr_mask(&p.addr, p.len);
    /* A network of the mapped ones is IPv4's, and a wider one is an error when written as such. */
    mapped = p.addr.family == 4 && chance(&g->rng, 10);
    pl_addr_format(addr, &p.addr);
    from = out->n;
    if (p.addr.family == 6 && chance(&g->rng, 15))
        pl_buf_addf(out, "[%s]", addr);
    else
        pl_buf_addf(out, "%s%s", mapped ? "::ffff:" : "", addr);
    if (chance(&g->rng, 20))
        change_case(g, out, from);
    if (p.len < pl_addr_bits(&p.addr) || chance(&g->rng, 20))
        pl_buf_addf(out, "/%u", mapped ? p.len + 96U : p.len);
}

static void put_label(struct generator *g, struct pl_buf *out)
{
    static const char *const labels[] = {"a",   "b", "mx", "mail", "a-b", "x1", "xn--bcher-kva",
                                         "host"};

    if (g->large || chance(&g->rng, 15))
        pl_buf_addf(out, "n%zu", below(&g->rng, g->universe));
    else
        put(out, PICK(&g->rng, labels));
}

void make_name(struct generator *g, struct pl_buf *out, size_t least)
{
    static const char *const idn[] = {"b\xc3\xbc"
                                      "cher.example",
                                      "mx.b\xc3\xbc"
                                      "cher.example",
                                      "stra\xc3\x9f"
                                      "e.example",
                                      "xn--strae-oqa.example"};
    static const char *const last[] = {"org", "example", "net"};
    size_t labels = least - 1 + below(&g->rng, 3);

    if (chance(&g->rng, 3)) {
        put(out, PICK(&g->rng, idn));
        return;
    }
    if (chance(&g->rng, 1)) { /* the longest: 255 bytes */
        for (size_t i = 0; i < 255; i++)
            pl_buf_add_char(out, i % 64 == 63 ? '.' : 'l');
        return;
    }
    if (chance(&g->rng, 5))
        labels += below(&g->rng, 12);
    for (size_t i = 0; i < labels; i++) {
        put_label(g, out);
        pl_buf_add_char(out, '.');
    }
    put(out, labels == 0 ? "localhost" : PICK(&g->rng, last));
}

static void related_domain(struct generator *g, struct pl_str text)
{
    struct pl_buf *out = &g->scratch;
    size_t labels = 1;

    if (text.p[0] == '.')
        text = pl_str_from(text, 1);
    if (text.p[text.n - 1] == '.')
        text.n--;
    for (size_t i = 0; i < text.n; i++)
        labels += text.p[i] == '.';
    if (chance(&g->rng, 50))
        pl_buf_add_char(out, '.');
    switch (below(&g->rng, 4)) {
    case 0:
        if (labels > 2)
            text = pl_str_from(text, pl_str_find(text, '.') + 1);
        break;
    case 1:
        if (text.n < 200) {
            put_label(g, out);
            pl_buf_add_char(out, '.');
        }
        break;
    case 2:
        if (text.n < 200 && (text.p[0] & 0x80) == 0 && pl_str_find(text, '.') < 60 &&
            !pl_str_has_prefix_fold(text, pl_str_lit("xn--")))
            pl_buf_add_char(out, 'x');
        break;
    default:
        break;
    }
    pl_buf_add(out, text);
    if (labels < 2)
        put(out, ".example");
}

static void make_domain(struct generator *g, const struct pool *pool, unsigned how)
{
    static const char *const literals[] = {"[192.0.2.25]", "[IPv6:2001:db8::25]",
                                           "[IPv6:2001:DB8:0::25]", "[IPv6:::ffff:192.0.2.25]"};
    struct pl_buf *out = &g->scratch;
    struct pl_str text;

    if (chance(&g->rng, 4)) {
        put(out, PICK(&g->rng, literals));
        return;
    }
    /* One label: only as loose ones, and with a dot behind it, as it could be a word mistyped. */
    if ((how & ENTRY_LOOSE) != 0 && chance(&g->rng, 8)) {
        static const char *const single[] = {"org.", ".org.", "localhost.", "a.", ".example."};

        put(out, PICK(&g->rng, single));
        return;
    }
    if (relative(g, pool, &text) && text.p[0] != '[') {
        related_domain(g, text);
    } else {
        if (chance(&g->rng, 35))
            pl_buf_add_char(out, '.');
        make_name(g, out, 2);
    }
    /* IDNA takes no capitals in a name with other letters. */
    if (chance(&g->rng, 15) && memchr(out->p, 0xc3, out->n) == NULL)
        change_case(g, out, 0);
    if (chance(&g->rng, 10))
        pl_buf_add_char(out, '.');
}

void make_local(struct generator *g, struct pl_buf *out)
{
    static const char *const locals[] = {
        "user", "User", "u",   "alice", "someone", "a.b",       "user+tag", "a-b",  "a+b-c", "-x",
        "+x",   "u+",   "u+-", "a=b",   "o'neil",  "x\xc3\xbc", "x#y",      "x\"y", "x\\y",  "u_1"};

    if (g->large || chance(&g->rng, 10))
        pl_buf_addf(out, "u%zu", below(&g->rng, g->universe));
    else
        put(out, PICK(&g->rng, locals));
}

/* What stands behind the '@' of a related address or login: its own, the default, another. */
static void put_realm(struct generator *g, struct pl_str text)
{
    size_t at = pl_str_rfind(text, '@');

    if (at < text.n && chance(&g->rng, 60))
        pl_buf_add(&g->scratch, pl_str_from(text, at + 1));
    else if (pl_str_find(g->realm, '.') < g->realm.n && chance(&g->rng, 30))
        pl_buf_add(&g->scratch, g->realm);
    else if (chance(&g->rng, 20))
        put(&g->scratch, "mx.example");
    else
        make_name(g, &g->scratch, 2);
}

static void make_address(struct generator *g, const struct pool *pool)
{
    struct pl_buf *out = &g->scratch;
    struct pl_str text = {NULL, 0};

    if (relative(g, pool, &text) && chance(&g->rng, 60)) {
        size_t at = pl_str_rfind(text, '@');

        if (chance(&g->rng, 30))
            at = pl_mailaddr_strip_extension((struct pl_str){text.p, at}, pl_str_lit("+-")).n;
        pl_buf_add(out, (struct pl_str){text.p, at});
        if (chance(&g->rng, 20) && at < 300)
            put(out, "+x");
    } else if (chance(&g->rng, 1)) {
        for (size_t i = 0; i < PL_LOCAL_MAX; i++)
            pl_buf_add_char(out, 'l');
    } else {
        make_local(g, out);
    }
    pl_buf_add_char(out, '@');
    if (chance(&g->rng, 25))
        return;
    if (chance(&g->rng, 3))
        put(out, "[192.0.2.25]");
    else if (text.n > 0 && text.p[text.n - 1] != '@')
        put_realm(g, text);
    else
        make_name(g, out, 2);
    if (chance(&g->rng, 20) && memchr(out->p, 0xc3, out->n) == NULL)
        change_case(g, out, 0);
}

static void make_user(struct generator *g, const struct pool *pool, unsigned how)
{
    static const char *const odd[] = {"a@b@mx.example", "@a@mx.example", "alice@", "two words",
                                      "a b@c.example"};
    struct pl_buf *out = &g->scratch;
    struct pl_str text = {NULL, 0};
    unsigned form = (unsigned)below(&g->rng, 3);

    if (chance(&g->rng, 5)) {
        const char *entry = PICK(&g->rng, odd);

        if (strchr(entry, ' ') != NULL && (how & ENTRY_FILE) != 0)
            entry = odd[0];
        put(out, entry);
        if (entry[strlen(entry) - 1] == '@')
            make_name(g, out, 2);
        return;
    }
    if (chance(&g->rng, 1)) { /* the longest */
        for (size_t i = 0; i < PL_USER_MAX - 8; i++)
            pl_buf_add_char(out, 'l');
        put(out, "@example");
        return;
    }
    if (!relative(g, pool, &text) || ((how & ENTRY_FILE) != 0 && pl_str_find(text, ' ') < text.n))
        text.n = 0;
    if (form < 2) { /* a name */
        if (text.n > 0 && text.p[0] != '@' && text.n < 200)
            pl_buf_add(out, (struct pl_str){text.p, pl_str_find(text, '@')});
        else
            make_local(g, out);
    }
    if (form > 0) { /* a realm */
        pl_buf_add_char(out, '@');
        put_realm(g, text);
    }
    if (chance(&g->rng, 20))
        change_case(g, out, 0);
}

static void make_fingerprint(struct generator *g, const struct pool *pool)
{
    static const size_t sizes[] = {16, 20, 32};
    struct pl_buf *out = &g->scratch;
    struct pl_str text;
    bool colons = chance(&g->rng, 50);
    size_t n = PICK(&g->rng, sizes), base = below(&g->rng, g->large ? g->universe : 4);

    if (relative(g, pool, &text)) { /* the same, a byte changed at times */
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] == ':')
                continue;
            if (colons && out->n % 3 == 2)
                pl_buf_add_char(out, ':');
            pl_buf_add_char(out, text.p[i]);
        }
        if (chance(&g->rng, 30))
            out->p[out->n - 1] = chance(&g->rng, 50) ? '0' : 'f';
    } else {
        for (size_t i = 0; i < n; i++)
            pl_buf_addf(out, "%s%02zx", colons && i > 0 ? ":" : "",
                        i < 4 ? (base >> (8 * i)) % 256 : (base + i) % 256);
    }
    change_case(g, out, 0);
}

static void make_word(struct generator *g, enum pl_attr attr, const struct pool *pool)
{
    static const char *const methods[] = {"PLAIN",   "LOGIN",         "CRAM-MD5", "DIGEST-MD5",
                                          "XOAUTH2", "SCRAM-SHA-256", "GSSAPI",   "qqqqqqqqqqqq"};
    static const char *const protocols[] = {"TLSv1.3", "TLSv1.2", "TLSv1.1",
                                            "TLSv1",   "SSLv3",   "SSLv2"};
    static const char *const states[] = {"CONNECT", "HELO", "EHLO",           "MAIL", "RCPT",
                                         "DATA",    "VRFY", "END-OF-MESSAGE", "ETRN", "XCLIENT"};
    static const char *const subjects[] = {"Client = +50%", "+20",    "a b",
                                           "CN\xc3\xbc",    "client", "+"};
    static const char *const words[] = {"internal", "Internal",    "outside",
                                        "a",        "x@y.example", "b c"};
    struct pl_buf *out = &g->scratch;
    bool fold = pl_attr_kind(attr) == PL_KIND_WORD_FOLD || attr == PL_ATTR_PROTOCOL_STATE;
    struct pl_str text;

    if (attr == PL_ATTR_SASL_METHOD) {
        put(out, PICK(&g->rng, methods));
    } else if (attr == PL_ATTR_ENCRYPTION_PROTOCOL) {
        put(out, PICK(&g->rng, protocols));
    } else if (attr == PL_ATTR_PROTOCOL_STATE) {
        put(out, PICK(&g->rng, states));
    } else if (relative(g, pool, &text) && text.n < 400) {
        pl_buf_add(out, text);
        if (chance(&g->rng, 50))
            put(out, chance(&g->rng, 50) ? "+" : "a");
        fold = true;                 /* capitals: the same word, or another */
    } else if (chance(&g->rng, 2)) { /* the longest */
        for (size_t i = 0; i < PL_WORD_MAX; i++)
            pl_buf_add_char(out, 'l');
    } else if (g->large) {
        pl_buf_addf(out, "w%zu", below(&g->rng, g->universe));
    } else if (attr == PL_ATTR_TLS_SNI) {
        make_name(g, out, 2);
    } else {
        put(out, attr == PL_ATTR_CCERT_SUBJECT ? PICK(&g->rng, subjects) : PICK(&g->rng, words));
    }
    if (fold && chance(&g->rng, 30))
        change_case(g, out, 0);
}

static void make_ports(struct generator *g, const struct pool *pool)
{
    static const size_t ports[] = {1, 2, 24, 25, 26, 465, 587, 588, 2525, 65534, 65535};
    size_t low = PICK(&g->rng, ports), high = low;
    struct pl_str text;

    if (g->large && chance(&g->rng, 80))
        low = high = 1 + below(&g->rng, 65535);
    if (relative(g, pool, &text)) { /* touching, overlapping */
        size_t dash = pl_str_find(text, '-');
        size_t end = (size_t)strtoul(text.p + (dash < text.n ? dash + 1 : 0), NULL, 10);

        low = end - below(&g->rng, 3) + 1;
        if (low < 1 || low > 65535)
            low = end;
        high = low;
    }
    if (chance(&g->rng, 40))
        high = chance(&g->rng, 80) ? low + below(&g->rng, 5) : PICK(&g->rng, ports);
    if (high < low || high > 65535)
        high = 65535;
    if (high == low && chance(&g->rng, 80))
        pl_buf_addf(&g->scratch, "%zu", low);
    else
        pl_buf_addf(&g->scratch, "%zu-%zu", low, high);
}

struct pl_str make_entry(struct generator *g, enum pl_table_kind kind, enum pl_attr attr,
                         unsigned how)
{
    struct pool *pool = pool_of(g, kind, attr);

    pl_buf_reset(&g->scratch);
    switch (kind) {
    case PL_TABLE_NETWORKS:
        make_network(g, pool);
        break;
    case PL_TABLE_DOMAINS:
        make_domain(g, pool, how);
        break;
    case PL_TABLE_USERS:
        make_user(g, pool, how);
        break;
    case PL_TABLE_ADDRESSES:
        make_address(g, pool);
        break;
    case PL_TABLE_FINGERPRINTS:
        make_fingerprint(g, pool);
        break;
    case PL_TABLE_PORTS:
        make_ports(g, pool);
        break;
    default:
        make_word(g, attr, pool);
        break;
    }
    return keep(g, pool);
}
