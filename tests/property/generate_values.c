/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of requests: what an entry holds, in every spelling, and what it just does not hold. */
#include "generate.h"

#include "postlatch/addr.h"

#include <string.h>

/* Lengths at which some limit of ours lies. */
static const size_t lengths[] = {0,   1,   2,   3,   16,  45,  46,  63,  64,  254,  255,  256, 257,
                                 300, 319, 320, 321, 511, 512, 513, 576, 577, 1023, 1024, 1025};

static void put(struct pl_buf *out, const char *text)
{
    pl_buf_add(out, pl_str_of(text));
}

static void change_case(struct generator *g, struct pl_buf *out, size_t from)
{
    unsigned how = (unsigned)below(&g->rng, 3);

    for (size_t i = from; i < out->n; i++) {
        if (how == 0 || (how == 1 && chance(&g->rng, 50)))
            out->p[i] = pl_ascii_upper(out->p[i]);
        else if (how == 2)
            out->p[i] = pl_ascii_lower(out->p[i]);
    }
}

/* One byte different, one more, one less. */
static void damage(struct generator *g, struct pl_buf *out, size_t from)
{
    static const char odd[] = ".@+-%!x0: \0\x80]";
    size_t n = out->n - from, at = from + below(&g->rng, n);
    char byte =
        chance(&g->rng, 80) ? odd[below(&g->rng, sizeof(odd) - 1)] : (char)below(&g->rng, 256);

    switch (below(&g->rng, 4)) {
    case 0:
        pl_buf_add_char(out, byte);
        break;
    case 1:
        if (n > 0)
            out->n--;
        break;
    case 2:
        if (n > 0)
            out->p[at] = (char)(out->p[at] ^ (1 << below(&g->rng, 8)));
        break;
    default:
        if (n > 0)
            out->p[at] = byte;
        break;
    }
}

static void put_long(struct generator *g, struct pl_buf *out)
{
    size_t n = chance(&g->rng, 50) ? below(&g->rng, 301) : PICK(&g->rng, lengths);
    unsigned how = (unsigned)below(&g->rng, 3);

    for (size_t i = 0; i < n; i++)
        pl_buf_add_char(out, how == 0       ? 'l'
                             : how == 1     ? (char)below(&g->rng, 256)
                             : i % 64 == 63 ? '.'
                                            : 'l');
}

static void near_addr(struct generator *g, struct pl_buf *out, struct pl_str entry, bool exact)
{
    struct pl_prefix p;
    char why[PL_PREFIX_WHY], text[PL_ADDR_TEXT];
    unsigned bits, form = (unsigned)below(&g->rng, 8);
    uint8_t fill = chance(&g->rng, 40) ? 0 : 0xff;
    size_t from = out->n;

    must(pl_prefix_parse(&p, entry, why), "bad prefix in the pool");
    bits = pl_addr_bits(&p.addr);
    for (unsigned i = p.len; i < bits; i++) { /* the first, the last, any */
        if (fill != 0 && (fill == 0xff || chance(&g->rng, 50)))
            p.addr.bytes[i / 8] |= (uint8_t)(0x80U >> (i % 8));
        if (chance(&g->rng, 1))
            fill = 1;
    }
    if (!exact && p.len > 0 &&
        chance(&g->rng, 60)) { /* just outside: add 1 to, or take it from, the prefix */
        bool up = chance(&g->rng, 50);

        for (unsigned i = p.len; i-- > 0;) {
            uint8_t bit = (uint8_t)(0x80U >> (i % 8));
            bool was = (p.addr.bytes[i / 8] & bit) != 0;

            p.addr.bytes[i / 8] ^= bit;
            if (was != up)
                break;
        }
        for (unsigned i = p.len; i < bits; i++) {
            p.addr.bytes[i / 8] &= (uint8_t) ~(0x80U >> (i % 8));
            p.addr.bytes[i / 8] |= (uint8_t)(up ? 0 : 0x80U >> (i % 8));
        }
    }
    pl_addr_format(text, &p.addr);
    if (p.addr.family == 4 && form == 0)
        pl_buf_addf(out, "::ffff:%02x%02x:%02x%02x", p.addr.bytes[0], p.addr.bytes[1],
                    p.addr.bytes[2], p.addr.bytes[3]);
    else
        pl_buf_addf(out, "%s%s", p.addr.family == 4 && form == 1 ? "::ffff:" : "", text);
    if (form == 2)
        change_case(g, out, from);
    if (!exact && form == 3)
        put(out, chance(&g->rng, 50) ? "/32" : ".");
    if (!exact && form == 4)
        damage(g, out, from);
}

static void near_domain(struct generator *g, struct pl_buf *out, struct pl_str entry, bool exact)
{
    bool below_it = entry.n > 0 && entry.p[0] == '.';
    size_t from = out->n, first;

    if (below_it)
        entry = pl_str_from(entry, 1);
    first = pl_str_find(entry, '.') + 1;
    if (below_it && (exact || chance(&g->rng, 30))) {
        for (size_t n = 1 + below(&g->rng, 3); n > 0; n--)
            put(out, chance(&g->rng, 50) ? "a." : "mx.");
    } else if (!exact) {
        unsigned how = (unsigned)below(&g->rng, 5);

        if (how == 0)
            put(out, "a.");
        else if (how == 1)
            put(out, chance(&g->rng, 70) ? "x" : "-");
        else if (how == 2 && first < entry.n)
            entry = pl_str_from(entry, first);
        else if (how == 3)
            pl_buf_add_char(out, '.');
    }
    pl_buf_add(out, entry);
    if (chance(&g->rng, 20))
        change_case(g, out, from);
    if (chance(&g->rng, 10))
        pl_buf_add_char(out, '.');
    if (!exact && chance(&g->rng, 15))
        damage(g, out, from);
}

static void put_extension(struct generator *g, struct pl_buf *out)
{
    static const char *const extensions[] = {"+tag", "+", "-x", "+-", "=1", "+a+b", "_", "'"};

    put(out, PICK(&g->rng, extensions));
}

/* local@domain, in all ways that are no plain address too. */
static void put_mail(struct generator *g, struct pl_buf *out, struct pl_str local,
                     struct pl_str domain, bool exact)
{
    static const char *const routing[] = {"%a.example", "!a", "@a.example", "@", "%", "!"};
    size_t from = out->n;
    unsigned how = exact ? 99 : (unsigned)below(&g->rng, 12);

    if (how != 0)
        pl_buf_add(out, local);
    if (how == 1 || (exact && chance(&g->rng, 10)))
        put_extension(g, out);
    if (how == 2)
        put(out, PICK(&g->rng, routing));
    if (chance(&g->rng, 15))
        change_case(g, out, from);
    if (how == 3) /* bare */
        return;
    pl_buf_add_char(out, '@');
    if (how == 4)
        put(out, PICK(&g->rng, routing));
    near_domain(g, out, domain, exact);
}

static void near_mail(struct generator *g, struct pl_buf *out, enum pl_table_kind kind,
                      struct pl_str entry, bool exact)
{
    struct pl_buf *part = &g->scratch;
    struct pl_str local = entry;
    size_t at = pl_str_rfind(entry, '@');

    pl_buf_reset(part);
    if (kind == PL_TABLE_ADDRESSES) {
        local.n = at;
        if (at + 1 == entry.n) { /* user@, of any domain or none */
            if (chance(&g->rng, 20)) {
                pl_buf_add(out, local);
                return;
            }
            make_name(g, part, 1);
        } else {
            pl_buf_add(part, pl_str_from(entry, at + 1));
        }
        put_mail(g, out, local, pl_buf_str(part), exact);
        return;
    }
    make_local(g, part);
    put_mail(g, out, pl_buf_str(part), entry, exact);
}

static void near_user(struct generator *g, struct pl_buf *out, struct pl_str entry, bool exact)
{
    size_t from = out->n, at = pl_str_find(entry, '@');
    unsigned how = exact ? 99 : (unsigned)below(&g->rng, 8);

    if (how == 0 && at > 0) /* the same name, of another realm or none */
        entry.n = at;
    if (at == 0 && how != 1)
        make_local(g, out);
    if (at == 0 && g->realm.n > 0 && chance(&g->rng, 15)) /* of the default realm, perhaps */
        return;
    if (how == 2)
        pl_buf_add_char(out, '@');
    pl_buf_add(out, entry);
    if (how == 0 && at > 0 && chance(&g->rng, 60)) {
        pl_buf_add_char(out, '@');
        if (g->realm.n > 0 && chance(&g->rng, 50))
            pl_buf_add(out, g->realm);
        else
            make_name(g, out, 1);
    }
    if (how == 3)
        pl_buf_add_char(out, '@');
    if (chance(&g->rng, 20))
        change_case(g, out, from);
    if (how == 4)
        damage(g, out, from);
}

static void near_fingerprint(struct generator *g, struct pl_buf *out, struct pl_str entry,
                             bool exact)
{
    bool colons = chance(&g->rng, 50);
    size_t from = out->n, digits = 0;

    for (size_t i = 0; i < entry.n; i++) {
        if (entry.p[i] == ':')
            continue;
        if (colons && digits > 0 && digits % 2 == 0)
            pl_buf_add_char(out, ':');
        pl_buf_add_char(out, entry.p[i]);
        digits++;
    }
    change_case(g, out, from);
    if (!exact && chance(&g->rng, 70))
        damage(g, out, from);
}

static void near_word(struct generator *g, struct pl_buf *out, enum pl_attr attr,
                      struct pl_str entry, bool exact)
{
    bool fold = pl_attr_kind(attr) == PL_KIND_WORD_FOLD;
    unsigned encode = chance(&g->rng, 5) ? 100 : 30;
    size_t from = out->n;

    for (size_t i = 0; i < entry.n; i++) {
        char c = entry.p[i];

        if (pl_attr_kind(attr) == PL_KIND_WORD_XTEXT &&
            (((c == ' ' || c == '+' || c == '=') && (exact || chance(&g->rng, 90))) ||
             chance(&g->rng, encode)))
            pl_buf_addf(out, chance(&g->rng, 50) ? "+%02X" : "+%02x", (unsigned)(unsigned char)c);
        else
            pl_buf_add_char(out, c);
    }
    if (attr == PL_ATTR_PROTOCOL_STATE && (exact || chance(&g->rng, 50))) {
        for (size_t i = from; i < out->n; i++)
            out->p[i] = pl_ascii_upper(out->p[i]);
    } else if (fold ? chance(&g->rng, 40) : !exact && chance(&g->rng, 20)) {
        change_case(g, out, from);
    }
    if (!exact && chance(&g->rng, 50))
        damage(g, out, from);
}

static void near_port(struct generator *g, struct pl_buf *out, struct pl_str entry, bool exact)
{
    size_t dash = pl_str_find(entry, '-'), n = 0, ends[2] = {0, 0};

    for (size_t i = 0; i < entry.n; i++) {
        if (i == dash)
            n = 1;
        else
            ends[n] = ends[n] * 10 + (size_t)(entry.p[i] - '0');
    }
    n = n == 1 && chance(&g->rng, 50) ? ends[1] : ends[0];
    if (exact && dash < entry.n && chance(&g->rng, 30))
        n = ends[0] + below(&g->rng, ends[1] - ends[0] + 1);
    if (!exact)
        n = n + 2 - below(&g->rng, 4);
    if (!exact && chance(&g->rng, 5))
        put(out, chance(&g->rng, 50) ? "0" : "+");
    pl_buf_addf(out, "%zu", n);
}

void value_near(struct generator *g, struct pl_buf *out, enum pl_table_kind kind, enum pl_attr attr,
                struct pl_str entry, bool exact)
{
    if (pl_attr_kind(attr) == PL_KIND_MAIL) {
        near_mail(g, out, kind, entry, exact);
        return;
    }
    switch (kind) {
    case PL_TABLE_NETWORKS:
        near_addr(g, out, entry, exact);
        break;
    case PL_TABLE_DOMAINS:
        near_domain(g, out, entry, exact);
        break;
    case PL_TABLE_USERS:
        near_user(g, out, entry, exact);
        break;
    case PL_TABLE_FINGERPRINTS:
        near_fingerprint(g, out, entry, exact);
        break;
    case PL_TABLE_PORTS:
        near_port(g, out, entry, exact);
        break;
    default:
        near_word(g, out, attr, entry, exact);
        break;
    }
}

/* What no policy needs to name for it to be met. */
static void value_typical(struct generator *g, struct pl_buf *out, enum pl_attr attr)
{
    static const char *const odd[] = {"unknown",
                                      "Unknown",
                                      "none",
                                      "any",
                                      "<>",
                                      "ours",
                                      "0",
                                      "65536",
                                      "025",
                                      "@",
                                      "a@",
                                      "@a.b",
                                      "a%b",
                                      "a!b@c",
                                      "a@b@c.org",
                                      ".",
                                      "..",
                                      "a..b",
                                      "-a.b",
                                      "1.2.3.4",
                                      "[1.2.3.4]",
                                      "[]",
                                      "1.2.3.04",
                                      "::1",
                                      "1.2.3",
                                      "\xff",
                                      "b\xc3\x9c"
                                      "cher.example",
                                      "b\xc3\xbc"
                                      "cher.example.",
                                      "+",
                                      "+2",
                                      "+20",
                                      "+2G",
                                      "RCPT",
                                      "rcpt",
                                      "DATA",
                                      "RCPT ",
                                      "a@[1.2.3.4]"};

    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
        if (chance(&g->rng, 70)) {
            pl_buf_addf(out, "203.0.113.%zu", below(&g->rng, 256));
            return;
        }
        break;
    case PL_KIND_MAIL:
        if (chance(&g->rng, 70)) {
            make_local(g, out);
            pl_buf_add_char(out, '@');
            make_name(g, out, 1);
            return;
        }
        break;
    case PL_KIND_HOST:
        if (chance(&g->rng, 70)) {
            make_name(g, out, 1);
            return;
        }
        break;
    case PL_KIND_STATE:
        put(out, "RCPT");
        return;
    default:
        break;
    }
    put(out, PICK(&g->rng, odd));
}

void value_any(struct generator *g, struct pl_buf *out, enum pl_attr attr)
{
    enum pl_table_kind kind = entry_kind(attr, (struct pl_str){NULL, 0});
    struct pool *pool;
    unsigned how = (unsigned)below(&g->rng, 100);

    if (pl_attr_kind(attr) == PL_KIND_MAIL && chance(&g->rng, 50))
        kind = PL_TABLE_ADDRESSES;
    pool = pool_of(g, kind, attr);
    if (how < 15)
        return; /* absent */
    if (how < 18)
        put_long(g, out);
    else if (how < 30 || pool->count == 0)
        value_typical(g, out, attr);
    else
        value_near(g, out, kind, attr, pool->texts[below(&g->rng, pool->count)], how < 60);
    if (how == 16) /* a very long local part or label in front of a domain */
        put(out, "@mx.example");
    if (how == 19)
        damage(g, out, 0);
}
