/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deciding a request: the class of each value that matters, the AND of their rows, the first bit. An
 * attribute is looked at only if some rule that is still in play has a condition on it.
 */
#include "rows.h"

#include "postlatch/compiler.h"
#include "postlatch/fingerprint.h"
#include "postlatch/xtext.h"

#include <string.h>

enum {
    OPERANDS = 1 + 4
}; /* a mail address: its domain, and four forms in which it may be listed */

/*
 * What a dimension contributes: in & ~out, of rows that are ORed. Nearly always that is one row or, for
 * what no rule names, none.
 */
struct operand {
    const struct pl_dimension *dim;
    unsigned nin, nout;
    uint32_t in[OPERANDS], out[OPERANDS];
};

static PL_OWN_FRAME uint32_t class_of_word(const struct pl_compiled *c,
                                           const struct pl_dimension *d, struct pl_str s)
{
    char room[PL_WORD_MAX];

    if (s.n == 0)
        return PL_CLASS_ABSENT;
    if (d->kind == PL_KIND_WORD_XTEXT)
        s = (struct pl_str){room, pl_xtext_decode(room, sizeof(room), s)};
    if (s.n > PL_WORD_MAX)
        return PL_CLASS_INDEXED;
    if (d->kind == PL_KIND_WORD_FOLD) {
        pl_str_lower(room, s);
        s.p = room;
    }
    return PL_CLASS_INDEXED + pl_name_index_find(&c->names[d->names], s);
}

static bool is_rcpt(struct pl_str state)
{
    return state.n == 4 && memcmp(state.p, "RCPT", 4) == 0;
}

static uint32_t class_of_state(const struct pl_compiled *c, const struct pl_dimension *d,
                               struct pl_str s)
{
    return is_rcpt(s) ? c->class_of_rcpt : class_of_word(c, d, s);
}

static PL_OWN_FRAME uint32_t class_of_login(const struct pl_compiled *c, const struct pl_policy *p,
                                            struct pl_str login)
{
    char room[PL_USER_MAX];
    struct pl_str key = {room, 0};

    if (login.n == 0)
        return PL_CLASS_ABSENT;
    if (c->names[PL_NAMES_USERS].count == 0)
        return PL_CLASS_INDEXED;
    key.n = pl_user_key(room, login, &p->users);
    /* Too long, an empty realm, or like the entry that means a whole realm: equal to no entry. */
    if (key.n == 0 || key.p[key.n - 1] == '@' || (key.p[0] == '@' && pl_str_rfind(key, '@') == 0))
        return PL_CLASS_INDEXED;
    return PL_CLASS_INDEXED + pl_name_index_find(&c->names[PL_NAMES_USERS], key);
}

static PL_OWN_FRAME uint32_t class_of_fingerprint(const struct pl_compiled *c, struct pl_str text)
{
    uint8_t bytes[PL_FINGERPRINT_MAX];
    size_t n;

    if (text.n == 0)
        return PL_CLASS_ABSENT;
    if (!pl_fingerprint_parse(bytes, &n, text))
        return PL_CLASS_INDEXED;
    return PL_CLASS_INDEXED + pl_name_index_find(&c->names[PL_NAMES_FINGERPRINTS],
                                                 (struct pl_str){(const char *)bytes, n});
}

static PL_OWN_FRAME uint32_t class_of_port(const struct pl_compiled *c, struct pl_str text)
{
    unsigned long port;

    if (text.n == 0)
        return PL_CLASS_ABSENT;
    if (c->port_class == NULL || !pl_str_to_number(text, 1, 65535, &port))
        return PL_CLASS_INDEXED;
    return PL_CLASS_INDEXED + c->port_class[port];
}

static PL_OWN_FRAME uint32_t class_of_mail(const struct pl_compiled *c, struct pl_query *q,
                                           enum pl_attr attr)
{
    const struct pl_mailaddr *m = pl_query_mail(q, attr);

    pl_query_need(q, attr);
    switch (m->form) {
    case PL_MAIL_EMPTY:
        return PL_CLASS_ABSENT;
    case PL_MAIL_BARE:
        return PL_CLASS_BARE;
    case PL_MAIL_ROUTED:
        return PL_CLASS_ROUTED;
    case PL_MAIL_UNPARSABLE:
        return PL_CLASS_INDEXED;
    case PL_MAIL_PLAIN:
        break;
    }
    return PL_CLASS_INDEXED +
           pl_name_index_find(&c->names[PL_NAMES_DOMAINS], pl_domain_str(&m->domain));
}

static PL_OWN_FRAME uint32_t class_of_addr(const struct pl_compiled *c, struct pl_query *q,
                                           enum pl_attr attr)
{
    const struct pl_addr *addr = pl_query_addr(q, attr);
    uint32_t class;

    pl_query_need(q, attr);
    if (addr->family == 0)
        return PL_CLASS_ABSENT;
    class = pl_addr_index_find(&c->addrs, addr);
    if (attr == PL_ATTR_CLIENT_ADDRESS)
        q->client_lists = c->addr_lists[class];
    return PL_CLASS_INDEXED + class;
}

static PL_OWN_FRAME uint32_t class_of_host(const struct pl_compiled *c, struct pl_query *q,
                                           enum pl_attr attr)
{
    pl_query_need(q, attr);
    if (!pl_query_is_present(q, attr))
        return PL_CLASS_ABSENT;
    return PL_CLASS_INDEXED +
           pl_name_index_find(&c->names[PL_NAMES_DOMAINS], pl_domain_str(pl_query_host(q, attr)));
}

/*
 * The class of the value that q has for the dimension's attribute. Each kind has a function of its own, not
 * inlined: so each kind saves the registers, and guards the stack, that it needs itself.
 */
static uint32_t class_of(const struct pl_policy *p, struct pl_query *q,
                         const struct pl_dimension *d)
{
    const struct pl_compiled *c = p->compiled;

    switch (d->kind) {
    case PL_KIND_ADDR:
        return class_of_addr(c, q, d->attr);
    case PL_KIND_HOST:
        return class_of_host(c, q, d->attr);
    case PL_KIND_MAIL:
        return class_of_mail(c, q, d->attr);
    case PL_KIND_USER:
        return class_of_login(c, p, q->attr[d->attr]);
    case PL_KIND_FINGERPRINT:
        return class_of_fingerprint(c, q->attr[d->attr]);
    case PL_KIND_PORT:
        return class_of_port(c, q->attr[d->attr]);
    case PL_KIND_STATE:
        return class_of_state(c, d, q->attr[d->attr]);
    default:
        return class_of_word(c, d, q->attr[d->attr]);
    }
}

/* Adds rows to an operand, but for those without any bit. */
static inline void add_rows(struct operand *o, const struct pl_compiled *c, struct pl_sides rows)
{
    if (rows.in != c->nothing)
        o->in[o->nin++] = rows.in;
    if (rows.out != c->nothing)
        o->out[o->nout++] = rows.out;
}

/*
 * Adds the rows of the forms in which a mail address may be listed: whole and as user@, each with its
 * extension and without.
 */
static void add_addresses(struct operand *o, const struct pl_policy *p, const struct pl_mailaddr *m)
{
    const struct pl_compiled *c = p->compiled;
    struct pl_str locals[2] = {m->local, pl_mailaddr_strip_extension(m->local, p->delimiters)};
    struct pl_str domains[2] = {{NULL, 0}, pl_domain_str(&m->domain)};
    size_t nlocals = locals[1].n == locals[0].n ? 1 : 2, ndomains = m->domain.len == 0 ? 1 : 2;
    size_t first = c->locals ? 0 : nlocals;
    char key[PL_MAILADDR_MAX];

    for (size_t i = first; i < nlocals * ndomains && m->local.n > 0; i++) {
        size_t n = pl_mailaddr_key(key, locals[i % nlocals], domains[i / nlocals]);
        uint32_t class = PL_CLASS_NONE;

        if (n > 0)
            class = pl_name_index_find(&c->names[PL_NAMES_ADDRESSES], (struct pl_str){key, n});
        if (class != PL_CLASS_NONE)
            add_rows(o, c, o->dim->address_sides[class]);
    }
}

static void find_operand(struct operand *o, const struct pl_policy *p, struct pl_query *q,
                         const struct pl_dimension *d)
{
    const struct pl_compiled *c = p->compiled;
    uint32_t class = class_of(p, q, d);

    o->dim = d;
    o->nin = o->nout = 0;
    if (d->naddresses == 0) {
        add_rows(o, c, (struct pl_sides){d->row[class], c->nothing});
        return;
    }
    add_rows(o, c, d->sides[class]);
    add_addresses(o, p, pl_query_mail(q, d->attr));
}

/* Word i of the rules that the operand lets hold: those of its rows, and those that do not ask. */
static inline uint64_t word_of(const struct pl_compiled *c, const struct operand *o, size_t i)
{
    uint64_t in = 0, out = 0;

    for (unsigned k = 0; k < o->nin; k++)
        in |= pl_compiled_word(c, o->in[k], i);
    for (unsigned k = 0; k < o->nout; k++)
        out |= pl_compiled_word(c, o->out[k], i);
    return ~o->dim->asked[i] | (in & ~out);
}

/* Part s of the summary: which words of the operand may be other than zero. */
static inline uint64_t summary_of(const struct pl_compiled *c, const struct operand *o, size_t s)
{
    uint64_t summary = o->dim->unasked[s];

    for (unsigned k = 0; k < o->nin; k++)
        summary |= c->rows[o->in[k] + 2 * s];
    return summary;
}

/* The dimensions that need not be asked about, and the rules that those leave. */
static inline size_t begin(const struct pl_compiled *c, const struct pl_query *q,
                           const uint64_t **live)
{
    bool rcpt = is_rcpt(q->attr[PL_ATTR_PROTOCOL_STATE]);

    *live = rcpt ? c->live_at_rcpt : c->live;
    return rcpt ? c->decided_at_rcpt : 0;
}

/* The bits of word i that stand for rules from `from` on. */
static uint64_t not_before(size_t from, size_t i)
{
    return from >= 64 * (i + 1) ? 0 : from > 64 * i ? ~0ULL << from % 64 : ~0ULL;
}

/* Leaves the rules that hold by a dimension whose row is perhaps to be put together. */
static PL_OWN_FRAME void leave_by_operand(uint64_t *left, size_t nwords, const struct pl_policy *p,
                                          struct pl_query *q, const struct pl_dimension *dim)
{
    struct operand o;

    find_operand(&o, p, q, dim);
    for (size_t i = 0; i < nwords; i++)
        left[i] &= word_of(p->compiled, &o, i);
}

/*
 * Up to COMPILED_SMALL words, without a summary: the rules in play are at hand, so attributes can be
 * left out. Inline, so that one word, which most policies have, needs neither loops nor memory.
 */
static inline size_t first_of_few(const struct pl_policy *p, struct pl_query *q, size_t from,
                                  uint64_t *left, size_t nwords)
{
    const struct pl_compiled *c = p->compiled;
    const uint64_t *live;
    size_t d = begin(c, q, &live);

    for (size_t i = 0; i < nwords; i++)
        left[i] = live[i] & not_before(from, i);
    for (; d < c->ndims; d++) {
        const struct pl_dimension *dim = &c->dims[d];
        uint64_t asked = 0;

        for (size_t i = 0; i < nwords; i++)
            asked |= left[i] & dim->asked[i];
        if (asked == 0)
            continue;
        if (dim->naddresses == 0) {
            const uint64_t *row = c->rows + dim->row[class_of(p, q, dim)];

            for (size_t i = 0; i < nwords; i++)
                left[i] &= ~dim->asked[i] | row[i];
        } else {
            leave_by_operand(left, nwords, p, q, dim);
        }
    }
    for (size_t i = 0; i < nwords; i++) {
        if (left[i] != 0)
            return 64 * i + (size_t)__builtin_ctzll(left[i]);
    }
    pl_never("the last rule has a condition");
}

static PL_OWN_FRAME size_t first_of_one_word(const struct pl_policy *p, struct pl_query *q,
                                             size_t from)
{
    uint64_t left;

    return first_of_few(p, q, from, &left, 1);
}

static PL_OWN_FRAME size_t first_of_some_words(const struct pl_policy *p, struct pl_query *q,
                                               size_t from)
{
    uint64_t left[COMPILED_SMALL];

    return first_of_few(p, q, from, left, p->compiled->nwords);
}

/* The least rule of a word's bits that is not before from; best if there is none less. */
static size_t least_of(const struct pl_compiled *c, uint64_t word, size_t i, size_t from,
                       size_t best)
{
    for (; word != 0; word &= word - 1) {
        size_t rule = c->rule_of_bit[64 * i + (size_t)__builtin_ctzll(word)];

        if (rule >= from && rule < best)
            best = rule;
    }
    return best;
}

/*
 * What is left of word i, of live. The dimensions that are dear to look up come last in their order and have the
 * rows with the fewest bits, so they are first here.
 */
static uint64_t left_of(const struct pl_compiled *c, const struct operand *o, size_t first,
                        uint64_t live, size_t i)
{
    uint64_t left = live;

    for (uint32_t asks = c->asks[i] >> first << first; asks != 0 && left != 0;) {
        unsigned d = 31U - (unsigned)__builtin_clz(asks);

        asks &= ~(1U << d);
        left &= word_of(c, &o[d], i);
    }
    return left;
}

/* Many words: summaries say which are worth looking at. */
static PL_OWN_FRAME size_t first_of_many(const struct pl_policy *p, struct pl_query *q, size_t from)
{
    const struct pl_compiled *c = p->compiled;
    struct operand o[PL_ATTR_COUNT];
    const uint64_t *live;
    size_t best = c->nrules, first = begin(c, q, &live);

    for (size_t d = first; d < c->ndims; d++)
        find_operand(&o[d], p, q, &c->dims[d]);
    for (size_t s = 0; s < c->nsummary; s++) {
        uint64_t summary = ~0ULL;

        for (size_t d = first; d < c->ndims; d++)
            summary &= summary_of(c, &o[d], s);
        for (; summary != 0; summary &= summary - 1) {
            size_t i = 64 * s + (size_t)__builtin_ctzll(summary);

            if (i < c->nwords && c->least_rule[i] < best)
                best = least_of(c, left_of(c, o, first, live[i], i), i, from, best);
        }
    }
    pl_assert(best < c->nrules); /* the last rule has no condition */
    return best;
}

/* A look-up reads a table, which says where, and then what it points to. */
enum foreseen { PLACES, ENTRIES };

enum { FORESEEN = 16, FORESEEN_OF_NAME = 4 };

struct foresight {
    const struct pl_policy *policy;
    struct pl_query *query;
    enum foreseen what;
    const void *at[FORESEEN];
    size_t n;
};

static void foresee_addr(struct foresight *f, enum pl_attr attr)
{
    const struct pl_addr_index *index = &f->policy->compiled->addrs;
    const struct pl_addr *addr = pl_query_addr(f->query, attr);
    const void *at;

    pl_query_need(f->query, attr);
    at = f->what == PLACES ? pl_addr_index_place(index, addr) : pl_addr_index_entry(index, addr);
    if (at != NULL)
        f->at[f->n++] = at;
}

static void foresee_name(struct foresight *f, enum pl_names names, struct pl_str value)
{
    const struct pl_name_index *index = &f->policy->compiled->names[names];

    f->n += f->what == PLACES ? pl_name_index_places(index, value, f->at + f->n, FORESEEN_OF_NAME)
                              : pl_name_index_entries(index, value, f->at + f->n, FORESEEN_OF_NAME);
}

static void foresee_login(struct foresight *f, struct pl_str login)
{
    char room[PL_USER_MAX];
    size_t n = pl_user_key(room, login, &f->policy->users);

    foresee_name(f, PL_NAMES_USERS, (struct pl_str){room, n});
}

static void foresee_value(struct foresight *f, enum pl_attr attr)
{
    struct pl_query *q = f->query;

    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
        foresee_addr(f, attr);
        break;
    case PL_KIND_USER:
        foresee_login(f, q->attr[attr]);
        break;
    case PL_KIND_MAIL:
        pl_query_need(q, attr);
        foresee_name(f, PL_NAMES_DOMAINS, pl_domain_str(&pl_query_mail(q, attr)->domain));
        break;
    case PL_KIND_HOST:
        pl_query_need(q, attr);
        foresee_name(f, PL_NAMES_DOMAINS, pl_domain_str(pl_query_host(q, attr)));
        break;
    default:
        break;
    }
}

/*
 * Starts the reads that the look-ups in large indexes would wait for one after the other. All are
 * asked for in one go: a request for memory that is not in the page tables' cache holds up the next
 * hundreds of instructions, but not the request behind it. Whether all of them take place is not known
 * yet; the decision does not depend on it.
 */
static PL_OWN_FRAME void foresee(const struct pl_policy *p, struct pl_query *q)
{
    const struct pl_compiled *c = p->compiled;
    struct foresight f = {.policy = p, .query = q};

    for (unsigned what = PLACES; what <= ENTRIES; what++) {
        f.what = (enum foreseen)what;
        f.n = 0;
        for (size_t d = 0; d < c->ndims && f.n + FORESEEN_OF_NAME <= FORESEEN; d++)
            foresee_value(&f, c->dims[d].attr);
        for (size_t i = 0; i < f.n; i++)
            __builtin_prefetch(f.at[i]);
    }
}

/* "step 5" of the life of a request in docs/HACKING.md. */
enum pl_step pl_policy_decide(const struct pl_policy *p, struct pl_query *q,
                              struct pl_cursor *cursor, struct pl_decision *out)
{
    const struct pl_rule *rule;

    pl_assert(cursor->rule < p->nrules);
    if (p->compiled->is_large)
        foresee(p, q);
    if (p->compiled->nwords == 1)
        cursor->rule = first_of_one_word(p, q, cursor->rule);
    else if (p->compiled->nwords <= COMPILED_SMALL)
        cursor->rule = first_of_some_words(p, q, cursor->rule);
    else
        cursor->rule = first_of_many(p, q, cursor->rule);
    rule = &p->rules[cursor->rule];
    *out = (struct pl_decision){rule, rule->action};
    if (p->nwaivers > 0)
        pl_policy_apply_waivers(p, q, out);
    return PL_STEP_DECIDED;
}

void pl_policy_row(const struct pl_policy *p, struct pl_query *q, size_t dim, uint64_t *bits)
{
    const struct pl_compiled *c = p->compiled;
    struct operand o;

    find_operand(&o, p, q, &c->dims[dim]);
    memset(bits, 0, (c->nrules + 63) / 64 * sizeof(*bits));
    for (size_t i = 0; i < c->nwords; i++) {
        for (uint64_t word = word_of(c, &o, i); word != 0; word &= word - 1) {
            size_t rule = c->rule_of_bit[64 * i + (size_t)__builtin_ctzll(word)];

            bits[rule / 64] |= 1ULL << rule % 64;
        }
    }
}
