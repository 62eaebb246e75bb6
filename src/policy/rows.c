/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rules does a class let hold? The rows of one dimension after the other. */
#include "rows.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 5 }; /* bits of enum pl_keyword */

/* What a rule's list mentions: a table's number, then the words, then the boundary lists. */
struct use {
    uint32_t what, rule;
    bool out; /* behind '!' */
};

/* A value as rules see it: the words that hold for it; its tables are marked in the builder. */
struct atom {
    unsigned words;
    const uint32_t *tables;
    size_t ntables;
};

static void set_bit(uint64_t *bits, size_t i)
{
    bits[i / 64] |= 1ULL << i % 64;
}

bool rows_begin(struct rows_builder *b, struct pl_compiled *c, const struct pl_policy *p)
{
    size_t things = p->sources.ntables + WORDS + PL_BOUNDARY_COUNT;

    memset(b, 0, sizeof(*b));
    b->c = c;
    b->p = p;
    b->mark = calloc(p->sources.ntables + 1, sizeof(*b->mark));
    b->in = malloc(c->nwords * sizeof(*b->in));
    b->out = malloc(c->nwords * sizeof(*b->out));
    b->row = malloc(c->stride * sizeof(*b->row));
    b->first_use = malloc((things + 1) * sizeof(*b->first_use));
    return b->mark != NULL && b->in != NULL && b->out != NULL && b->row != NULL &&
           b->first_use != NULL;
}

void rows_end(struct rows_builder *b)
{
    free(b->by_content);
    free(b->mark);
    free(b->in);
    free(b->out);
    free(b->row);
    free(b->uses);
    free(b->first_use);
}

/* ---- rows, each kept once ---- */

static uint64_t hash_row(const uint64_t *row, size_t n)
{
    uint64_t h = 1469598103934665603ULL;

    for (size_t i = 0; i < n; i++)
        h = (h ^ row[i]) * 1099511628211ULL ^ h >> 29;
    return h ^ h >> 32;
}

static uint32_t *find_row(const struct rows_builder *b, uint32_t *by_content, size_t cap,
                          const uint64_t *row)
{
    size_t stride = b->c->stride, i = (size_t)hash_row(row, stride) & (cap - 1);

    while (by_content[i] != UINT32_MAX &&
           memcmp(b->c->rows + by_content[i] * stride, row, stride * sizeof(*row)) != 0)
        i = (i + 1) & (cap - 1);
    return &by_content[i];
}

static bool grow_content(struct rows_builder *b)
{
    size_t cap = b->content_cap == 0 ? 64 : 2 * b->content_cap;
    uint32_t *by_content = malloc(cap * sizeof(*by_content));

    if (by_content == NULL)
        return false;
    memset(by_content, 0xff, cap * sizeof(*by_content));
    for (uint32_t r = 0; r < b->c->nrows; r++)
        *find_row(b, by_content, cap, b->c->rows + r * b->c->stride) = r;
    free(b->by_content);
    b->by_content = by_content;
    b->content_cap = cap;
    return true;
}

/* The number of the row with these words, a new one if there is none; false when memory is short. */
static bool keep_row(struct rows_builder *b, const uint64_t *words, uint32_t *number)
{
    struct pl_compiled *c = b->c;
    uint32_t *place;
    uint64_t *rows;

    memset(b->row, 0, c->nsummary * sizeof(*b->row));
    for (size_t i = 0; i < c->nwords; i++) {
        b->row[c->nsummary + i] = words[i];
        if (c->nsummary > 0 && words[i] != 0)
            set_bit(b->row, i);
    }
    if (2 * (c->nrows + 1) > b->content_cap && !grow_content(b))
        return false;
    place = find_row(b, b->by_content, b->content_cap, b->row);
    if (*place == UINT32_MAX) {
        rows = pl_grow(c->rows, &b->rows_cap, c->nrows, c->stride * sizeof(*rows));
        if (rows == NULL || c->nrows == UINT32_MAX - 1)
            return false;
        c->rows = rows;
        memcpy(c->rows + c->nrows * c->stride, b->row, c->stride * sizeof(*rows));
        *place = (uint32_t)c->nrows++;
    }
    *number = *place;
    return true;
}

/* ---- uses ---- */

static bool note(struct rows_builder *b, uint32_t what, size_t rule, bool out)
{
    struct use *uses = pl_grow(b->uses, &b->uses_cap, b->nuses, sizeof(*uses));

    if (uses == NULL)
        return false;
    b->uses = uses;
    b->uses[b->nuses++] = (struct use){what, (uint32_t)rule, out};
    return true;
}

static bool is_list(const struct rows_builder *b, const struct pl_set *set)
{
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
        if (set == &b->p->boundary[i])
            return true;
    }
    return false;
}

static uint32_t number_of_list(const struct rows_builder *b, const struct pl_set *list)
{
    return b->p->sources.ntables + WORDS + (uint32_t)(list - b->p->boundary);
}

static bool note_side(struct rows_builder *b, size_t rule, unsigned words,
                      const struct pl_member *members, size_t n, bool out)
{
    bool ok = true;

    for (unsigned w = 0; w < WORDS && ok; w++) {
        if ((words >> w & 1) != 0)
            ok = note(b, b->p->sources.ntables + w, rule, out);
    }
    for (size_t i = 0; i < n && ok; i++) {
        const struct pl_set *set = members[i].set;

        if (set == NULL) {
            ok = note(b, members[i].table->number, rule, out);
        } else if (is_list(b, set)) {
            ok = note(b, number_of_list(b, set), rule, out);
        } else { /* a built-in rule's {RCPT} within its set */
            pl_assert(set->out_words == 0 && set->out_count == 0);
            ok = note_side(b, rule, set->in_words, set->in, set->in_count, out);
        }
    }
    return ok;
}

/* A boundary list is one thing to mention: its own '!' are settled inside it. */
static bool note_set(struct rows_builder *b, size_t rule, const struct pl_set *set)
{
    if (is_list(b, set))
        return note(b, number_of_list(b, set), rule, false);
    return note_side(b, rule, set->in_words, set->in, set->in_count, false) &&
           note_side(b, rule, set->out_words, set->out, set->out_count, true);
}

static int compare_use(const void *va, const void *vb)
{
    const struct use *a = va, *b = vb;

    return a->what < b->what ? -1 : a->what > b->what;
}

/* All uses of the attribute's lists, sorted, and the rules that have one in asked. */
static bool collect_uses(struct rows_builder *b, enum pl_attr attr, uint64_t *asked)
{
    const struct pl_policy *p = b->p;
    size_t things = p->sources.ntables + WORDS + PL_BOUNDARY_COUNT, at = 0;

    b->nuses = 0;
    for (size_t r = 0; r < p->nrules; r++) {
        for (size_t i = 0; i < p->rules[r].ncond; i++) {
            if (p->rules[r].cond[i].attr != attr)
                continue;
            pl_assert((asked[r / 64] >> r % 64 & 1) == 0); /* two lists would not be one set */
            set_bit(asked, r);
            if (!note_set(b, r, p->rules[r].cond[i].set))
                return false;
        }
    }
    if (b->nuses > 0)
        qsort(b->uses, b->nuses, sizeof(*b->uses), compare_use);
    for (size_t what = 0; what <= things; what++) {
        while (at < b->nuses && b->uses[at].what < what)
            at++;
        b->first_use[what] = (uint32_t)at;
    }
    return true;
}

static void apply(struct rows_builder *b, size_t what)
{
    for (uint32_t i = b->first_use[what]; i < b->first_use[what + 1]; i++)
        set_bit(b->uses[i].out ? b->out : b->in, b->uses[i].rule);
}

/* ---- classes ---- */

static bool holds(const struct rows_builder *b, const struct pl_set *set, unsigned words);

static bool side_holds(const struct rows_builder *b, unsigned named,
                       const struct pl_member *members, size_t n, unsigned words)
{
    bool yes = (named & words) != 0;

    for (size_t i = 0; i < n && !yes; i++)
        yes = members[i].set != NULL ? holds(b, members[i].set, words)
                                     : b->mark[members[i].table->number] == b->marked;
    return yes;
}

/* Whether a boundary list holds the value whose tables are marked. */
static bool holds(const struct rows_builder *b, const struct pl_set *set, unsigned words)
{
    return side_holds(b, set->in_words, set->in, set->in_count, words) &&
           !side_holds(b, set->out_words, set->out, set->out_count, words);
}

/* Fills in and out for a value. */
static void gather(struct rows_builder *b, const struct atom *atom)
{
    uint32_t ntables = b->p->sources.ntables;

    memset(b->in, 0, b->c->nwords * sizeof(*b->in));
    memset(b->out, 0, b->c->nwords * sizeof(*b->out));
    b->marked++;
    for (size_t i = 0; i < atom->ntables; i++) {
        b->mark[atom->tables[i]] = b->marked;
        apply(b, atom->tables[i]);
    }
    for (unsigned w = 0; w < WORDS; w++) {
        if ((atom->words >> w & 1) != 0)
            apply(b, ntables + w);
    }
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
        size_t what = ntables + WORDS + i;

        if (b->first_use[what] < b->first_use[what + 1] &&
            holds(b, &b->p->boundary[i], atom->words))
            apply(b, what);
    }
}

/* The words that hold for a class, its tables being marked or about to be. */
static unsigned words_of(struct rows_builder *b, enum pl_attr attr, uint32_t class,
                         const struct atom *atom)
{
    bool ours;

    if (class == PL_CLASS_ABSENT)
        return PL_WORD_ABSENT;
    if (pl_attr_kind(attr) != PL_KIND_MAIL)
        return PL_WORD_ANY;
    if (class == PL_CLASS_ROUTED)
        return PL_WORD_ANY | PL_WORD_FOREIGN | PL_WORD_ROUTED;
    if (class == PL_CLASS_BARE) {
        ours = b->p->bare_is_ours;
    } else {
        b->marked++;
        for (size_t i = 0; i < atom->ntables; i++)
            b->mark[atom->tables[i]] = b->marked;
        ours = holds(b, &b->p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], PL_WORD_ANY);
    }
    return PL_WORD_ANY | (ours ? PL_WORD_OURS : PL_WORD_FOREIGN);
}

/* Whether a mail attribute's list has entries that are looked up beside the domain. */
static bool has_addresses(const struct rows_builder *b)
{
    size_t n;

    for (uint32_t class = 1; class < b->c->names[PL_NAMES_ADDRESSES].classes.count; class ++) {
        const uint32_t *tables =
            pl_classes_members(&b->c->names[PL_NAMES_ADDRESSES].classes, class, &n);

        for (size_t i = 0; i < n; i++) {
            if (b->first_use[tables[i]] < b->first_use[tables[i] + 1])
                return true;
        }
    }
    return false;
}

/* The row of a class, and those of its in and out if they are wanted. */
static bool build_class(struct rows_builder *b, const struct pl_dimension *d, uint32_t class,
                        const struct atom *atom, uint32_t *row, uint32_t *in, uint32_t *out)
{
    gather(b, atom);
    /* No condition on recipient holds where there is none. */
    if (d->attr == PL_ATTR_RECIPIENT && class == PL_CLASS_ABSENT)
        memset(b->in, 0, b->c->nwords * sizeof(*b->in));
    if (in != NULL && (!keep_row(b, b->in, in) || !keep_row(b, b->out, out)))
        return false;
    for (size_t i = 0; i < b->c->nwords; i++)
        b->in[i] = ~d->asked[i] | (b->in[i] & ~b->out[i]);
    /* Bits behind the last rule are no rules. */
    if (b->c->nrules % 64 != 0)
        b->in[b->c->nwords - 1] &= (1ULL << b->c->nrules % 64) - 1;
    return keep_row(b, b->in, row);
}

static bool build_addresses(struct rows_builder *b, struct pl_dimension *d)
{
    const struct pl_classes *classes = &b->c->names[PL_NAMES_ADDRESSES].classes;
    uint32_t *in = pl_arena_array(b->c->arena, classes->count, sizeof(*in));
    uint32_t *out = pl_arena_array(b->c->arena, classes->count, sizeof(*out));

    if (in == NULL || out == NULL)
        return false;
    for (uint32_t class = 0; class < classes->count; class ++) {
        struct atom atom = {0};

        atom.tables = pl_classes_members(classes, class, &atom.ntables);
        gather(b, &atom);
        if (!keep_row(b, b->in, &in[class]) || !keep_row(b, b->out, &out[class]))
            return false;
    }
    d->address_in = in;
    d->address_out = out;
    d->naddresses = classes->count;
    return true;
}

bool rows_build(struct rows_builder *b, struct pl_dimension *d, const struct pl_classes *classes)
{
    struct pl_arena *a = b->c->arena;
    uint32_t n = PL_CLASS_INDEXED + classes->count;
    uint64_t *asked = pl_arena_array(a, b->c->nwords, sizeof(*asked));
    uint32_t *row = pl_arena_array(a, n, sizeof(*row)), *in = NULL, *out = NULL;
    bool addresses;

    if (asked == NULL || row == NULL || !collect_uses(b, d->attr, asked))
        return false;
    d->asked = asked;
    d->row = row;
    d->nclasses = n;
    addresses = pl_attr_kind(d->attr) == PL_KIND_MAIL && has_addresses(b);
    if (addresses) {
        in = pl_arena_array(a, n, sizeof(*in));
        out = pl_arena_array(a, n, sizeof(*out));
        if (in == NULL || out == NULL || !build_addresses(b, d))
            return false;
        d->in = in;
        d->out = out;
    }
    for (uint32_t class = 0; class < n; class ++) {
        struct atom atom = {0};

        if (class >= PL_CLASS_INDEXED)
            atom.tables = pl_classes_members(classes, class - PL_CLASS_INDEXED, &atom.ntables);
        atom.words = words_of(b, d->attr, class, &atom);
        if (!build_class(b, d, class, &atom, &row[class], addresses ? &in[class] : NULL,
                         addresses ? &out[class] : NULL))
            return false;
    }
    return true;
}

bool rows_address_lists(struct rows_builder *b)
{
    const struct pl_classes *classes = &b->c->addrs.classes;
    uint16_t *lists = pl_arena_array(b->c->arena, classes->count, sizeof(*lists));

    if (lists == NULL)
        return false;
    for (uint32_t class = 0; class < classes->count; class ++) {
        size_t n;
        const uint32_t *tables = pl_classes_members(classes, class, &n);

        b->marked++;
        for (size_t i = 0; i < n; i++)
            b->mark[tables[i]] = b->marked;
        for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
            if (pl_boundary_kind((enum pl_boundary)i) == PL_TABLE_NETWORKS &&
                holds(b, &b->p->boundary[i], PL_WORD_ANY))
                lists[class] = (uint16_t)(lists[class] | 1U << i);
        }
    }
    b->c->addr_lists = lists;
    return true;
}
