/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rules does a class let hold? The rows of one dimension after the other. */
#include "rows.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 5, NAMED = WORDS + PL_BOUNDARY_COUNT }; /* bits of enum pl_keyword; and lists */

/* What a rule's list mentions: a table's number, then the words, then the boundary lists. */
struct use {
    uint32_t what, bit; /* bit: that of the rule */
    bool out;           /* behind '!' */
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
    size_t things = p->sources.ntables + NAMED;

    b->c = c;
    b->p = p;
    b->mark = calloc(p->sources.ntables + 1, sizeof(*b->mark));
    b->in = malloc(c->nwords * sizeof(*b->in));
    b->out = malloc(c->nwords * sizeof(*b->out));
    b->row = malloc((2 * c->nsummary + c->nwords) * sizeof(*b->row));
    b->by_word = malloc(2 * NAMED * c->nwords * sizeof(*b->by_word));
    b->first_use = malloc((things + 1) * sizeof(*b->first_use));
    b->bit_of_rule = malloc(c->nrules * sizeof(*b->bit_of_rule));
    for (uint32_t bit = 0; bit < 64 * c->nwords && b->bit_of_rule != NULL; bit++) {
        if (c->rule_of_bit[bit] != PL_NO_RULE)
            b->bit_of_rule[c->rule_of_bit[bit]] = bit;
    }
    return b->mark != NULL && b->in != NULL && b->out != NULL && b->row != NULL &&
           b->bit_of_rule != NULL && b->by_word != NULL && b->first_use != NULL;
}

void rows_end(struct rows_builder *b)
{
    free(b->by_content);
    free(b->mark);
    free(b->in);
    free(b->out);
    free(b->row);
    free(b->by_word);
    free(b->uses);
    free(b->first_use);
    free(b->bit_of_rule);
}

/* ---- rows, each kept once ---- */

/* The words of a row, its summary included. */
static size_t length_of(const struct pl_compiled *c, const uint64_t *row)
{
    const uint64_t *last = row + 2 * c->nsummary - 2;

    return c->nsummary == 0 ? c->nwords : last[1] + pl_popcount(last[0]);
}

static uint64_t hash_row(const uint64_t *row, size_t n)
{
    uint64_t h = 1469598103934665603ULL;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ row[i]) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return h;
}

/* The place of a row among those by content. */
static uint32_t *find_row(const struct rows_builder *b, uint32_t *by_content, size_t cap,
                          const uint64_t *row, size_t n)
{
    size_t i = (size_t)hash_row(row, n) & (cap - 1);

    /* Rows of one length only look alike: the summary tells it. */
    while (by_content[i] != UINT32_MAX &&
           (length_of(b->c, b->c->rows + by_content[i]) != n ||
            memcmp(b->c->rows + by_content[i], row, n * sizeof(*row)) != 0))
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
    for (size_t i = 0; i < b->content_cap; i++) {
        const uint64_t *row = b->c->rows + b->by_content[i];

        if (b->by_content[i] != UINT32_MAX)
            *find_row(b, by_content, cap, row, length_of(b->c, row)) = b->by_content[i];
    }
    free(b->by_content);
    b->by_content = by_content;
    b->content_cap = cap;
    return true;
}

/* words as a row in b->row; how long it is. */
static size_t write_row(struct rows_builder *b, const uint64_t *words)
{
    const struct pl_compiled *c = b->c;
    size_t n = 2 * c->nsummary;

    for (size_t i = 0; i < c->nwords; i++) {
        uint64_t *summary = b->row + 2 * (i / 64);

        if (c->nsummary > 0 && i % 64 == 0) {
            summary[0] = 0;
            summary[1] = n;
        }
        if (c->nsummary > 0 && words[i] == 0)
            continue;
        if (c->nsummary > 0)
            summary[0] |= 1ULL << i % 64;
        b->row[n++] = words[i];
    }
    return n;
}

/* Where the row with these words begins, a new one if there is none; false when memory is short. */
static bool keep_row(struct rows_builder *b, const uint64_t *words, uint32_t *at)
{
    struct pl_compiled *c = b->c;
    size_t n = write_row(b, words);
    uint32_t *place;

    if (2 * (b->count + 1) > b->content_cap && !grow_content(b))
        return false;
    place = find_row(b, b->by_content, b->content_cap, b->row, n);
    if (*place == UINT32_MAX) {
        while (b->rows_cap < c->nrows + n) {
            uint64_t *rows = pl_grow(c->rows, &b->rows_cap, b->rows_cap, sizeof(*rows));

            if (rows == NULL)
                return false;
            c->rows = rows;
        }
        if (c->nrows + n >= UINT32_MAX)
            return false;
        memcpy(c->rows + c->nrows, b->row, n * sizeof(*b->row));
        *place = (uint32_t)c->nrows;
        c->nrows += n;
        b->count++;
    }
    *at = *place;
    return true;
}

/* ---- uses ---- */

static bool note(struct rows_builder *b, uint32_t what, size_t rule, bool out)
{
    struct use *uses = pl_grow(b->uses, &b->uses_cap, b->nuses, sizeof(*uses));

    if (uses == NULL)
        return false;
    b->uses = uses;
    b->uses[b->nuses++] = (struct use){what, b->bit_of_rule[rule], out};
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

/* All uses of the attribute's lists, sorted, and in asked the rules that have one, and bits of no rule. */
static bool collect_uses(struct rows_builder *b, enum pl_attr attr, uint64_t *asked)
{
    const struct pl_policy *p = b->p;
    size_t things = p->sources.ntables + NAMED, at = 0, bit;

    b->nuses = 0;
    for (bit = 0; bit < 64 * b->c->nwords; bit++) {
        if (b->c->rule_of_bit[bit] == PL_NO_RULE)
            set_bit(asked, bit);
    }
    for (size_t r = 0; r < p->nrules; r++) {
        for (size_t i = 0; i < p->rules[r].ncond; i++) {
            if (p->rules[r].cond[i].attr != attr)
                continue;
            bit = b->bit_of_rule[r];
            pl_assert((asked[bit / 64] >> bit % 64 & 1) == 0); /* two lists would not be one set */
            set_bit(asked, bit);
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
        set_bit(b->uses[i].out ? b->out : b->in, b->uses[i].bit);
}

/* What a word or list adds to in (and, nwords further, to out): many rules may name it. */
static uint64_t *by_word(const struct rows_builder *b, unsigned named)
{
    return b->by_word + 2 * (size_t)named * b->c->nwords;
}

static void collect_by_word(struct rows_builder *b)
{
    size_t nwords = b->c->nwords;

    memset(b->by_word, 0, 2 * NAMED * nwords * sizeof(*b->by_word));
    for (unsigned named = 0; named < NAMED; named++) {
        size_t what = b->p->sources.ntables + named;

        for (uint32_t i = b->first_use[what]; i < b->first_use[what + 1]; i++)
            set_bit(by_word(b, named) + (b->uses[i].out ? nwords : 0), b->uses[i].bit);
    }
}

static void apply_word(struct rows_builder *b, unsigned named)
{
    const uint64_t *in = by_word(b, named), *out = in + b->c->nwords;
    size_t what = b->p->sources.ntables + named;

    for (size_t i = 0; i < b->c->nwords && b->first_use[what] < b->first_use[what + 1]; i++) {
        b->in[i] |= in[i];
        b->out[i] |= out[i];
    }
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

/* The value to be looked at: its tables are marked. */
static void look_at(struct rows_builder *b, const uint32_t *tables, size_t n)
{
    b->marked++;
    for (size_t i = 0; i < n; i++)
        b->mark[tables[i]] = b->marked;
}

/* Whether a list is mentioned in the present dimension, and holds the value that is looked at. */
static bool list_applies(const struct rows_builder *b, unsigned list, unsigned words)
{
    size_t what = b->p->sources.ntables + WORDS + list;

    return b->first_use[what] < b->first_use[what + 1] && holds(b, &b->p->boundary[list], words);
}

/* Whether the words alone decide about the value that is looked at: no list has it for its tables. */
static bool is_in_no_list(const struct rows_builder *b, const struct atom *atom)
{
    bool none = true;

    for (size_t i = 0; i < atom->ntables && none; i++)
        none = b->first_use[atom->tables[i]] == b->first_use[atom->tables[i] + 1];
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT && none; i++)
        none = !list_applies(b, i, atom->words);
    return none;
}

/* Fills in and out for the value that is looked at. */
static void gather(struct rows_builder *b, const struct atom *atom)
{
    memset(b->in, 0, b->c->nwords * sizeof(*b->in));
    memset(b->out, 0, b->c->nwords * sizeof(*b->out));
    for (size_t i = 0; i < atom->ntables; i++)
        apply(b, atom->tables[i]);
    for (unsigned w = 0; w < WORDS; w++) {
        if ((atom->words >> w & 1) != 0)
            apply_word(b, w);
    }
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
        if (list_applies(b, i, atom->words))
            apply_word(b, WORDS + i);
    }
}

/* The words that hold for the value that is looked at, which is of this class. */
static unsigned words_of(const struct rows_builder *b, enum pl_attr attr, uint32_t class)
{
    bool ours;

    if (class == PL_CLASS_ABSENT)
        return PL_WORD_ABSENT;
    if (pl_attr_kind(attr) != PL_KIND_MAIL)
        return PL_WORD_ANY;
    if (class == PL_CLASS_ROUTED)
        return PL_WORD_ANY | PL_WORD_FOREIGN | PL_WORD_ROUTED;
    ours = class == PL_CLASS_BARE
               ? b->p->bare_is_ours
               : holds(b, &b->p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], PL_WORD_ANY);
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

static bool is_used(const uint64_t *used, uint32_t class)
{
    return used == NULL || (used[class / 64] >> class % 64 & 1) != 0;
}

/* The row of a class, and those of its in and out if they are wanted. */
static bool build_class(struct rows_builder *b, const struct pl_dimension *d, uint32_t class,
                        const struct atom *atom, uint32_t *row, struct pl_sides *sides)
{
    gather(b, atom);
    /* No condition on recipient holds where there is none. */
    if (d->attr == PL_ATTR_RECIPIENT && class == PL_CLASS_ABSENT)
        memset(b->in, 0, b->c->nwords * sizeof(*b->in));
    if (sides != NULL && (!keep_row(b, b->in, &sides->in) || !keep_row(b, b->out, &sides->out)))
        return false;
    for (size_t i = 0; i < b->c->nwords; i++)
        b->in[i] &= ~b->out[i];
    return keep_row(b, b->in, row);
}

/*
 * An index has the entries of all attributes, so most classes are in no list of this one: there is one
 * row for all of those for which the same words hold.
 */
static bool build_classes(struct rows_builder *b, const struct pl_dimension *d,
                          const struct pl_classes *classes, uint32_t *row, struct pl_sides *sides)
{
    uint32_t plain[1 << WORDS]; /* a class that is in no list, by its words */
    struct pl_sides none = {b->c->nothing, b->c->nothing};

    memset(plain, 0xff, sizeof(plain));
    for (uint32_t class = 0; class < d->nclasses; class ++) {
        struct atom atom = {0};
        bool alone;

        if (class >= PL_CLASS_INDEXED && !is_used(b->used, class - PL_CLASS_INDEXED)) {
            row[class] = none.in;
            if (sides != NULL)
                sides[class] = none;
            continue;
        }
        if (class >= PL_CLASS_INDEXED)
            atom.tables = pl_classes_members(classes, class - PL_CLASS_INDEXED, &atom.ntables);
        look_at(b, atom.tables, atom.ntables);
        atom.words = words_of(b, d->attr, class);
        alone = class >= PL_CLASS_INDEXED && is_in_no_list(b, &atom);
        if (alone && plain[atom.words] != UINT32_MAX) {
            row[class] = row[plain[atom.words]];
            if (sides != NULL)
                sides[class] = sides[plain[atom.words]];
            continue;
        }
        if (alone)
            plain[atom.words] = class;
        if (!build_class(b, d, class, &atom, &row[class], sides == NULL ? NULL : &sides[class]))
            return false;
    }
    return true;
}

static bool build_addresses(struct rows_builder *b, struct pl_dimension *d)
{
    const struct pl_classes *classes = &b->c->names[PL_NAMES_ADDRESSES].classes;
    struct pl_sides *sides = pl_arena_array(b->c->arena, classes->count, sizeof(*sides));

    if (sides == NULL)
        return false;
    for (uint32_t class = 0; class < classes->count; class ++) {
        struct atom atom = {0};

        sides[class] = (struct pl_sides){b->c->nothing, b->c->nothing};
        if (!is_used(b->used_addresses, class))
            continue;
        atom.tables = pl_classes_members(classes, class, &atom.ntables);
        look_at(b, atom.tables, atom.ntables);
        gather(b, &atom);
        if (!keep_row(b, b->in, &sides[class].in) || !keep_row(b, b->out, &sides[class].out))
            return false;
    }
    d->address_sides = sides;
    d->naddresses = classes->count;
    return true;
}

bool rows_build(struct rows_builder *b, struct pl_dimension *d, const struct pl_classes *classes)
{
    struct pl_arena *a = b->c->arena;
    uint32_t n = PL_CLASS_INDEXED + classes->count;
    uint64_t *asked = pl_arena_array(a, b->c->nwords, sizeof(*asked));
    uint64_t *unasked = pl_arena_array(a, b->c->nsummary + 1, sizeof(*unasked));
    uint32_t *row = pl_arena_array(a, n, sizeof(*row));
    struct pl_sides *sides = NULL;

    if (asked == NULL || unasked == NULL || row == NULL || !collect_uses(b, d->attr, asked))
        return false;
    collect_by_word(b);
    for (size_t i = 0; i < b->c->nwords; i++) {
        if (asked[i] != UINT64_MAX && b->c->nsummary > 0)
            set_bit(unasked, i);
    }
    d->asked = asked;
    d->unasked = unasked;
    d->row = row;
    d->nclasses = n;
    memset(b->in, 0, b->c->nwords * sizeof(*b->in));
    if (!keep_row(b, b->in, &b->c->nothing))
        return false;
    if (d->kind == PL_KIND_MAIL && has_addresses(b)) {
        sides = pl_arena_array(a, n, sizeof(*sides));
        if (sides == NULL || !build_addresses(b, d))
            return false;
        d->sides = sides;
    }
    return build_classes(b, d, classes, row, sides);
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

        look_at(b, tables, n);
        for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
            if (pl_boundary_kind((enum pl_boundary)i) == PL_TABLE_NETWORKS &&
                holds(b, &b->p->boundary[i], PL_WORD_ANY))
                lists[class] = (uint16_t)(lists[class] | 1U << i);
        }
    }
    b->c->addr_lists = lists;
    return true;
}
