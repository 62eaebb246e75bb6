/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From rules over sets to rows of bits. First the indexes: every entry of every table goes into that
 * of its kind, which makes the classes. Then, dimension by dimension, each class is asked which rules
 * it lets hold: a class is a set of tables, and each table knows which lists name it.
 */
#include "rows.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/policy.h"

#include <stdlib.h>
#include <string.h>

/* Dimensions in the order in which they are cheap to ask. */
static const enum pl_attr order[] = {
    PL_ATTR_PROTOCOL_STATE,
    PL_ATTR_SERVER_PORT,
    PL_ATTR_POLICY_CONTEXT,
    PL_ATTR_ENCRYPTION_PROTOCOL,
    PL_ATTR_SASL_METHOD,
    PL_ATTR_CCERT_FINGERPRINT,
    PL_ATTR_CCERT_PUBKEY_FINGERPRINT,
    PL_ATTR_SASL_USERNAME,
    PL_ATTR_SASL_SENDER,
    PL_ATTR_TLS_SNI,
    PL_ATTR_CCERT_SUBJECT,
    PL_ATTR_CLIENT_ADDRESS,
    PL_ATTR_SERVER_ADDRESS,
    PL_ATTR_RECIPIENT,
    PL_ATTR_SENDER,
    PL_ATTR_CLIENT_NAME,
    PL_ATTR_REVERSE_CLIENT_NAME,
    PL_ATTR_HELO_NAME,
};
enum { DIMS = sizeof(order) / sizeof(order[0]) };

/* ---- indexes ---- */

static bool build_ports(struct pl_compiled *c, const struct pl_sources *s)
{
    if (!pl_classes_init(&c->port_classes))
        return false;
    if (s->nports == 0)
        return true;
    c->port_class = calloc(65536, sizeof(*c->port_class));
    if (c->port_class == NULL)
        return false;
    for (size_t i = 0; i < s->nports; i++) {
        for (unsigned port = s->ports[i].low; port <= s->ports[i].high; port++) {
            uint32_t class =
                pl_classes_add(&c->port_classes, c->port_class[port], s->ports[i].table);

            if (class == PL_CLASS_FAILED)
                return false;
            c->port_class[port] = class;
        }
    }
    return true;
}

static bool build_indexes(struct pl_compiled *c, struct pl_sources *s)
{
    bool ok = pl_addr_index_build(&c->addrs, &s->networks);

    pl_networks_fini(&s->networks);
    for (unsigned i = 0; i < PL_NAMES_COUNT && ok; i++) {
        enum pl_key_rule rule = i == PL_NAMES_DOMAINS ? PL_KEYS_DOMAINS
                                : i == PL_NAMES_USERS ? PL_KEYS_USERS
                                                      : PL_KEYS_EXACT;

        ok = pl_name_index_build(&c->names[i], &s->names[i], rule);
        pl_keys_fini(&s->names[i]);
    }
    return ok && build_ports(c, s);
}

/* The index in which an attribute's values are looked up; not for ADDR, PORT. */
static enum pl_names names_of(enum pl_attr attr)
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_MAIL:
    case PL_KIND_HOST:
        return PL_NAMES_DOMAINS;
    case PL_KIND_USER:
        return PL_NAMES_USERS;
    case PL_KIND_FINGERPRINT:
        return PL_NAMES_FINGERPRINTS;
    case PL_KIND_WORD_FOLD:
        return PL_NAMES_WORDS_FOLD;
    default:
        return PL_NAMES_WORDS;
    }
}

/* The classes from which an attribute's values come. */
static const struct pl_classes *classes_of(const struct pl_compiled *c, enum pl_attr attr)
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
        return &c->addrs.classes;
    case PL_KIND_PORT:
        return &c->port_classes;
    default:
        return &c->names[names_of(attr)].classes;
    }
}

static void free_build_parts(struct pl_compiled *c)
{
    pl_classes_done(&c->addrs.classes);
    pl_classes_done(&c->port_classes);
    for (unsigned i = 0; i < PL_NAMES_COUNT; i++)
        pl_classes_done(&c->names[i].classes);
}

/* Whether a list has an address without a domain. */
static bool is_no_local(struct pl_str key, uint32_t class, void *arg)
{
    (void)class;
    (void)arg;
    return key.p[key.n - 1] != '@';
}

/* ---- the whole ---- */

/* A rule, and the dimensions it asks about, as bits. */
struct placed {
    uint32_t asks, rule;
};
_Static_assert(PL_ATTR_COUNT <= 32, "asks has a bit for each attribute");

static int compare_placed(const void *va, const void *vb)
{
    const struct placed *a = va, *b = vb;

    if (a->asks != b->asks)
        return a->asks < b->asks ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* The words of n rules, in the order of placed; with `apart` each group begins with one of its own. */
static size_t count_words(const struct placed *placed, size_t n, bool apart)
{
    size_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        if (apart && i > 0 && placed[i].asks != placed[i - 1].asks)
            bits = (bits + 63) / 64 * 64;
        bits++;
    }
    return (bits + 63) / 64;
}

/* Which bit stands for which rule. False when memory is short. */
static bool number_bits(struct pl_compiled *c, const struct placed *placed, bool apart)
{
    uint32_t *rules = pl_arena_array(c->arena, 64 * c->nwords, sizeof(*rules));
    uint32_t *least = pl_arena_array(c->arena, c->nwords, sizeof(*least));
    size_t bit = 0;

    if (rules == NULL || least == NULL)
        return false;
    memset(rules, 0xff, 64 * c->nwords * sizeof(*rules)); /* PL_NO_RULE */
    memset(least, 0xff, c->nwords * sizeof(*least));
    for (size_t i = 0; i < c->nrules; i++, bit++) {
        if (apart && i > 0 && placed[i].asks != placed[i - 1].asks)
            bit = (bit + 63) / 64 * 64;
        rules[bit] = placed[i].rule;
        if (rules[bit] < least[bit / 64])
            least[bit / 64] = rules[bit];
    }
    c->rule_of_bit = rules;
    c->least_rule = least;
    return true;
}

static bool place_rules(struct pl_compiled *c, const struct pl_policy *p)
{
    size_t dense = (p->nrules + 63) / 64;
    bool many = dense > COMPILED_SMALL, apart, ok;
    struct placed *placed = calloc(p->nrules, sizeof(*placed));

    if (placed == NULL)
        return false;
    for (uint32_t r = 0; r < p->nrules; r++) {
        placed[r].rule = r;
        for (size_t i = 0; i < p->rules[r].ncond && many; i++)
            placed[r].asks |= 1U << p->rules[r].cond[i].attr;
    }
    qsort(placed, p->nrules, sizeof(*placed), compare_placed);
    apart = many && count_words(placed, p->nrules, true) <= 3 * dense;
    c->nrules = p->nrules;
    c->nwords = count_words(placed, p->nrules, apart);
    c->nsummary = many ? (c->nwords + 63) / 64 : 0;
    ok = number_bits(c, placed, apart);
    free(placed);
    return ok;
}

static bool is_asked(const struct pl_policy *p, enum pl_attr attr)
{
    for (size_t r = 0; r < p->nrules; r++) {
        for (size_t i = 0; i < p->rules[r].ncond; i++) {
            if (p->rules[r].cond[i].attr == attr)
                return true;
        }
    }
    return false;
}

/* Adds the bits of a row. */
static void add_row(uint64_t *to, const struct pl_compiled *c, uint32_t row)
{
    const uint64_t *r = c->rows + row, *word = r + 2 * c->nsummary;

    for (size_t i = 0; i < c->nwords && c->nsummary == 0; i++)
        to[i] |= r[i];
    for (size_t s = 0; s < c->nsummary; s++) {
        for (uint64_t bits = r[2 * s]; bits != 0; bits &= bits - 1)
            to[64 * s + (size_t)__builtin_ctzll(bits)] |= *word++;
    }
}

/* Takes out of live the rules that no class of the dimension lets hold; can is scratch. */
static void restrict_live(uint64_t *live, uint64_t *can, const struct pl_compiled *c,
                          const struct pl_dimension *d)
{
    for (size_t i = 0; i < c->nwords; i++)
        can[i] = ~d->asked[i];
    for (uint32_t class = 0; class < d->nclasses; class ++)
        add_row(can, c, d->row[class]);
    for (uint32_t class = 0; class < d->naddresses; class ++)
        add_row(can, c, d->address_sides[class].in);
    for (size_t i = 0; i < c->nwords; i++)
        live[i] &= can[i];
}

/* Nearly all requests are of the state RCPT, and all rules ask about the state: that is decided here. */
static bool decide_rcpt(struct pl_compiled *c)
{
    uint64_t *live = pl_arena_array(c->arena, c->nwords, sizeof(*live));
    uint32_t class =
        PL_CLASS_INDEXED + pl_name_index_find(&c->names[PL_NAMES_WORDS], pl_str_lit("RCPT"));

    if (live == NULL)
        return false;
    memcpy(live, c->live, c->nwords * sizeof(*live));
    c->live_at_rcpt = live;
    c->class_of_rcpt = class;
    if (c->ndims == 0 || c->dims[0].attr != PL_ATTR_PROTOCOL_STATE)
        return true;
    for (size_t i = 0; i < c->nwords; i++)
        live[i] &= ~c->dims[0].asked[i] | pl_compiled_word(c, c->dims[0].row[class], i);
    c->decided_at_rcpt = 1;
    return true;
}

/* Which dimensions each word asks about. */
static bool find_asks(struct pl_compiled *c)
{
    uint32_t *asks = pl_arena_array(c->arena, c->nwords, sizeof(*asks));

    if (asks == NULL)
        return false;
    for (size_t i = 0; i < c->nwords; i++) {
        for (size_t d = 0; d < c->ndims; d++)
            asks[i] |= (uint32_t)((c->live[i] & c->dims[d].asked[i]) != 0) << d;
    }
    c->asks = asks;
    return true;
}

/* Leaves out the dimensions that only rules ask about which never hold. */
static bool find_live(struct pl_compiled *c)
{
    uint64_t *live = pl_arena_array(c->arena, c->nwords, sizeof(*live));
    uint64_t *can = pl_arena_array(c->arena, c->nwords, sizeof(*can));
    size_t kept = 0;

    if (live == NULL || can == NULL)
        return false;
    for (size_t bit = 0; bit < 64 * c->nwords; bit++)
        live[bit / 64] |= (uint64_t)(c->rule_of_bit[bit] != PL_NO_RULE) << bit % 64;
    for (size_t d = 0; d < c->ndims; d++)
        restrict_live(live, can, c, &c->dims[d]);
    for (size_t d = 0; d < c->ndims; d++) {
        bool asked = false;

        for (size_t i = 0; i < c->nwords; i++)
            asked = asked || (live[i] & c->dims[d].asked[i]) != 0;
        if (asked)
            c->dims[kept++] = c->dims[d];
    }
    c->ndims = kept;
    c->live = live;
    return find_asks(c) && decide_rcpt(c);
}

/* Up to so many classes rows are made for all, whether some value has them or not. */
enum { FEW_CLASSES = 16 };

static bool note_key(struct pl_str key, uint32_t class, void *arg)
{
    (void)key;
    ((uint64_t *)arg)[class / 64] |= 1ULL << class % 64;
    return true;
}

static bool note_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t class,
                       void *arg)
{
    (void)first;
    (void)last;
    ((uint64_t *)arg)[class / 64] |= 1ULL << class % 64;
    return true;
}

/* Which classes some key, or some address, has. NULL stands for all. False when memory is short. */
static bool find_used(struct pl_compiled *c, const uint64_t *used[PL_NAMES_COUNT],
                      const uint64_t **addrs)
{
    for (unsigned i = 0; i <= PL_NAMES_COUNT; i++) {
        const struct pl_classes *classes =
            i < PL_NAMES_COUNT ? &c->names[i].classes : &c->addrs.classes;
        uint64_t *bits;

        if (classes->count <= FEW_CLASSES)
            continue;
        bits = pl_arena_array(c->arena, classes->count / 64 + 1, sizeof(*bits));
        if (bits == NULL)
            return false;
        bits[0] = 1; /* PL_CLASS_NONE */
        if (i < PL_NAMES_COUNT) {
            pl_name_index_each(&c->names[i], note_key, bits);
            used[i] = bits;
        } else {
            pl_addr_index_walk(&c->addrs, note_range, bits);
            *addrs = bits;
        }
    }
    return true;
}

static bool build_dimensions(struct pl_compiled *c, const struct pl_policy *p)
{
    const uint64_t *used[PL_NAMES_COUNT] = {NULL}, *addrs = NULL;
    struct rows_builder b;
    bool ok;

    memset(&b, 0, sizeof(b));
    c->dims = pl_arena_array(c->arena, DIMS, sizeof(*c->dims));
    ok = c->dims != NULL && find_used(c, used, &addrs) && place_rules(c, p) && rows_begin(&b, c, p);
    b.used_addresses = used[PL_NAMES_ADDRESSES];
    for (size_t i = 0; i < DIMS && ok; i++) {
        if (!is_asked(p, order[i]))
            continue;
        b.used = pl_attr_kind(order[i]) == PL_KIND_ADDR   ? addrs
                 : pl_attr_kind(order[i]) == PL_KIND_PORT ? NULL
                                                          : used[names_of(order[i])];
        c->dims[c->ndims].attr = order[i];
        c->dims[c->ndims].kind = pl_attr_kind(order[i]);
        c->dims[c->ndims].names = names_of(order[i]);
        ok = rows_build(&b, &c->dims[c->ndims++], classes_of(c, order[i]));
    }
    ok = ok && rows_address_lists(&b);
    rows_end(&b);
    return ok;
}

static bool has_too_many(const struct pl_compiled *c)
{
    bool full = c->addrs.classes.full || c->port_classes.full;

    for (unsigned i = 0; i < PL_NAMES_COUNT; i++)
        full = full || c->names[i].classes.full;
    return full;
}

/*
 * From so many entries on an index is larger than the caches that a request finds warm: a look-up
 * waits for memory, 100 ns or more each time.
 */
enum { LARGE_NAMES = 1 << 11, LARGE_RANGES = 1 << 17 };

static bool is_large(const struct pl_compiled *c)
{
    bool large = c->addrs.v4.count >= LARGE_RANGES || c->addrs.v6.count >= LARGE_RANGES;

    for (unsigned i = 0; i < PL_NAMES_COUNT; i++)
        large = large || c->names[i].count >= LARGE_NAMES;
    return large;
}

struct pl_compiled *pl_compile(const struct pl_policy *p, struct pl_sources *sources,
                               bool *too_many)
{
    struct pl_compiled *c = calloc(1, sizeof(*c));

    *too_many = false;
    if (c == NULL)
        return NULL;
    c->arena = pl_arena_new();
    if (c->arena == NULL || !build_indexes(c, sources) || !build_dimensions(c, p) ||
        !find_live(c)) {
        *too_many = has_too_many(c);
        pl_compiled_free(c);
        c = NULL;
    } else {
        c->is_large = is_large(c);
        c->locals = !pl_name_index_each(&c->names[PL_NAMES_ADDRESSES], is_no_local, NULL);
        free_build_parts(c);
    }
    pl_sources_fini(sources);
    return c;
}

void pl_compiled_free(struct pl_compiled *c)
{
    if (c == NULL)
        return;
    pl_addr_index_fini(&c->addrs);
    for (unsigned i = 0; i < PL_NAMES_COUNT; i++)
        pl_name_index_fini(&c->names[i]);
    pl_classes_fini(&c->port_classes);
    free(c->port_class);
    free(c->rows);
    pl_arena_free(c->arena);
    free(c);
}

bool pl_compiled_each_range(const struct pl_compiled *c, unsigned boundary, uint64_t least4,
                            bool (*each)(const struct pl_addr *first, const struct pl_addr *last,
                                         void *arg),
                            void *arg)
{
    return pl_addr_index_join(&c->addrs, c->addr_lists, (uint16_t)(1U << boundary), least4, each,
                              arg);
}
