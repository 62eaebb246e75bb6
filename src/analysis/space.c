/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The space of all requests: an axis after the other, each from example values that between them have
 * every class. What a value lets hold is asked of the code that decides.
 */
#include "postlatch/space.h"

#include "axis.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/ranges.h"

#include <stdlib.h>
#include <string.h>

/* ---- atoms ---- */

static uint64_t hash_words(const uint64_t *words, size_t n, uint64_t h)
{
    for (size_t i = 0; i < n; i++) {
        h = (h ^ words[i]) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return h;
}

static uint32_t *find_content(const struct axis_builder *b, uint32_t *by_content, size_t cap,
                              const uint64_t *row, unsigned labels)
{
    size_t n = b->s->nwords, i = (size_t)hash_words(row, n, labels) & (cap - 1);

    while (by_content[i] != UINT32_MAX &&
           (b->atoms[by_content[i]].labels != labels ||
            memcmp(b->atoms[by_content[i]].row, row, n * sizeof(*row)) != 0))
        i = (i + 1) & (cap - 1);
    return &by_content[i];
}

static bool grow_content(struct axis_builder *b)
{
    size_t cap = b->content_cap == 0 ? 64 : 2 * b->content_cap;
    uint32_t *by_content = malloc(cap * sizeof(*by_content));

    if (by_content == NULL)
        return false;
    memset(by_content, 0xff, cap * sizeof(*by_content));
    for (uint32_t i = 0; i < b->natoms; i++)
        *find_content(b, by_content, cap, b->atoms[i].row, b->atoms[i].labels) = i;
    free(b->by_content);
    b->by_content = by_content;
    b->content_cap = cap;
    return true;
}

/* Rows are many and most are alike; each is kept once an axis. */
static uint32_t new_atom(struct axis_builder *b, struct pl_str value, unsigned labels)
{
    size_t bytes = b->s->nwords * sizeof(*b->row);
    struct pl_atom *atoms = pl_grow(b->atoms, &b->cap, b->natoms, sizeof(*atoms));
    uint64_t *row;

    *b->row_bytes += bytes;
    if (*b->row_bytes > (size_t)PL_SPACE_MAX_MIB << 20) {
        b->too_large = true;
        return UINT32_MAX;
    }
    if (atoms != NULL)
        b->atoms = atoms;
    row = pl_arena_alloc(b->s->arena, bytes);
    value = pl_arena_copy(b->s->arena, value);
    if (atoms == NULL || row == NULL || value.p == NULL) {
        b->failed = true;
        return UINT32_MAX;
    }
    memcpy(row, b->row, bytes);
    b->atoms[b->natoms] = (struct pl_atom){value, labels, row};
    return (uint32_t)b->natoms++;
}

/* Whether builtin:accepted holds for the row: the recipient is ours. */
static bool row_is_ours(const struct pl_space *s, size_t part, const uint64_t *row)
{
    const struct pl_policy *p = s->policy[part];

    for (size_t r = p->nwritten; r < p->nrules; r++) {
        size_t bit = pl_space_bit(s, part, r);

        if (pl_str_eq(p->rules[r].name, pl_str_lit("builtin:accepted")))
            return (row[bit / 64] >> bit % 64 & 1) != 0;
    }
    return false;
}

static unsigned mail_labels(const struct axis_builder *b, const struct pl_query *q)
{
    static const unsigned ours[2] = {PL_LABEL_OURS, PL_LABEL_OURS_2},
                          foreign[2] = {PL_LABEL_FOREIGN, PL_LABEL_FOREIGN_2};
    enum pl_mail_form form = pl_query_mail(q, b->attr)->form;
    unsigned labels = form == PL_MAIL_ROUTED ? PL_LABEL_ROUTED
                      : form == PL_MAIL_BARE ? PL_LABEL_BARE
                                             : 0;

    for (size_t part = 0; part < b->s->nparts && b->attr == PL_ATTR_RECIPIENT; part++) {
        bool is_ours = b->dim[part] >= 0 && row_is_ours(b->s, part, b->row);

        labels |= is_ours ? ours[part] : foreign[part];
    }
    return labels;
}

uint32_t axis_offer(struct axis_builder *b, struct pl_str value, unsigned labels)
{
    struct pl_query q;
    uint32_t *place;

    if (axis_is_stopped(b))
        return UINT32_MAX;
    memset(&q.attr, 0, sizeof(q.attr));
    q.attr[b->attr] = value;
    for (size_t part = 0; part < b->s->nparts; part++) {
        const struct pl_policy *p = b->s->policy[part];
        uint64_t *row = b->row + b->s->first_word[part];

        pl_query_begin(&q);
        if (b->dim[part] >= 0)
            pl_policy_row(p, &q, (size_t)b->dim[part], row);
        else
            memset(row, 0xff, (p->nrules + 63) / 64 * sizeof(*row));
    }
    for (size_t i = 0; i < b->s->nwords; i++)
        b->row[i] &= b->s->live[i];
    pl_query_need(&q, b->attr);
    if (!pl_query_is_present(&q, b->attr))
        labels |= PL_LABEL_ABSENT;
    else if (pl_attr_kind(b->attr) == PL_KIND_MAIL)
        labels |= mail_labels(b, &q);
    if (2 * (b->natoms + 1) > b->content_cap && !grow_content(b)) {
        b->failed = true;
        return UINT32_MAX;
    }
    place = find_content(b, b->by_content, b->content_cap, b->row, labels);
    if (*place == UINT32_MAX)
        *place = new_atom(b, value, labels);
    if (b->each != NULL && !axis_is_stopped(b) && !b->each(value, *place, b->arg))
        b->failed = true;
    return *place;
}

/* ---- axes ---- */

static int find_dimension(const struct pl_policy *p, enum pl_attr attr)
{
    for (size_t d = 0; d < p->compiled->ndims; d++) {
        if (p->compiled->dims[d].attr == attr)
            return (int)d;
    }
    return -1;
}

static void offer_all(struct axis_builder *b)
{
    switch (pl_attr_kind(b->attr)) {
    case PL_KIND_ADDR:
        axis_addresses(b);
        break;
    case PL_KIND_MAIL:
        axis_mail(b);
        break;
    case PL_KIND_PORT:
        axis_ports(b);
        break;
    default:
        axis_names(b);
        break;
    }
}

/* The rules that ask about the attribute, in their order. */
static bool copy_asked(struct pl_space *s, struct axis_builder *b, struct pl_axis *axis)
{
    uint64_t *asked = pl_arena_array(s->arena, s->nwords, sizeof(*asked));

    if (asked == NULL)
        return false;
    for (size_t part = 0; part < s->nparts; part++) {
        const struct pl_policy *p = s->policy[part];

        for (size_t r = 0; r < p->nrules && b->dim[part] >= 0; r++) {
            for (size_t i = 0; i < p->rules[r].ncond; i++) {
                size_t bit = pl_space_bit(s, part, r);

                if (p->rules[r].cond[i].attr == b->attr)
                    asked[bit / 64] |= 1ULL << bit % 64;
            }
        }
    }
    for (size_t i = 0; i < s->nwords; i++)
        asked[i] &= s->live[i];
    axis->asked = asked;
    return true;
}

static bool finish_axis(struct pl_space *s, struct axis_builder *b)
{
    struct pl_axis *axis = &s->axes[s->naxes];
    struct pl_atom *atoms = pl_arena_array(s->arena, b->natoms, sizeof(*atoms));
    struct axis_pair *pairs = pl_arena_array(s->arena, b->pairs_cap + 1, sizeof(*pairs));

    if (atoms == NULL || pairs == NULL || !copy_asked(s, b, axis))
        return false;
    memcpy(atoms, b->atoms, b->natoms * sizeof(*atoms));
    if (b->pairs_cap > 0)
        memcpy(pairs, b->pairs, b->pairs_cap * sizeof(*pairs));
    axis->attr = b->attr;
    axis->natoms = b->natoms;
    axis->atoms = atoms;
    axis->pairs = pairs;
    axis->pairs_cap = b->pairs_cap;
    if (!axis_find_odd(s, axis))
        return false;
    s->axis_of[b->attr] = axis;
    s->naxes++;
    return true;
}

static void fill_axis(struct axis_builder *b)
{
    b->row = malloc((b->s->nwords + 1) * sizeof(*b->row));
    b->failed = b->row == NULL;
    for (size_t part = 0; part < b->s->nparts; part++)
        b->dim[part] = find_dimension(b->s->policy[part], b->attr);
    if (!b->failed)
        offer_all(b);
}

static void drop_builder(struct axis_builder *b)
{
    free(b->atoms);
    free(b->by_content);
    free(b->row);
    free(b->pairs);
}

static bool add_axis(struct pl_space *s, enum pl_attr attr, size_t *row_bytes, bool *too_large)
{
    struct axis_builder b = {.s = s, .attr = attr, .row_bytes = row_bytes};
    bool ok;

    fill_axis(&b);
    ok = !axis_is_stopped(&b) && finish_axis(s, &b);
    *too_large = b.too_large;
    drop_builder(&b);
    return ok;
}

/* The axis is made once more: the same values in the same order give the same atoms. */
bool pl_space_each_value(const struct pl_space *s, const struct pl_axis *axis,
                         bool (*each)(struct pl_str value, uint32_t atom, void *arg), void *arg)
{
    struct pl_space again = *s;
    size_t row_bytes = 0;
    struct axis_builder b = {
        .s = &again, .attr = axis->attr, .row_bytes = &row_bytes, .each = each, .arg = arg};
    bool ok = false;

    again.arena = pl_arena_new();
    if (again.arena != NULL) {
        fill_axis(&b);
        ok = !axis_is_stopped(&b);
        pl_assert(!ok || b.natoms == axis->natoms);
    }
    drop_builder(&b);
    pl_arena_free(again.arena);
    return ok;
}

static bool copy_live(struct pl_space *s)
{
    uint64_t *live = pl_arena_array(s->arena, s->nwords, sizeof(*live));

    if (live == NULL)
        return false;
    for (size_t part = 0; part < s->nparts; part++) {
        const struct pl_compiled *c = s->policy[part]->compiled;

        for (size_t bit = 0; bit < 64 * c->nwords; bit++) {
            size_t to;

            if ((c->live[bit / 64] >> bit % 64 & 1) == 0)
                continue;
            to = pl_space_bit(s, part, c->rule_of_bit[bit]);
            live[to / 64] |= 1ULL << to % 64;
        }
    }
    s->live = live;
    return true;
}

static bool is_asked(const struct pl_space *s, enum pl_attr attr)
{
    bool asked = false;

    for (size_t part = 0; part < s->nparts; part++)
        asked = asked || find_dimension(s->policy[part], attr) >= 0;
    return asked;
}

/*
 * Clients and recipients are looked at even if no rule asks about them: facts speak of them too. And
 * where a method is asked about, there is a login or there is none, whichever it is.
 */
static bool is_wanted(const struct pl_space *s, enum pl_attr attr)
{
    return attr == PL_ATTR_CLIENT_ADDRESS || attr == PL_ATTR_RECIPIENT || is_asked(s, attr) ||
           (attr == PL_ATTR_SASL_USERNAME && is_asked(s, PL_ATTR_SASL_METHOD));
}

static bool build(struct pl_space *s, bool *too_large)
{
    size_t row_bytes = 0;

    if (s->arena == NULL || !copy_live(s))
        return false;
    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        if (is_wanted(s, (enum pl_attr)attr) &&
            !add_axis(s, (enum pl_attr)attr, &row_bytes, too_large))
            return false;
    }
    return true;
}

struct pl_space *pl_space_new(const struct pl_policy *p, const struct pl_policy *other,
                              bool *too_large)
{
    struct pl_space *s = calloc(1, sizeof(*s));

    *too_large = false;
    if (s == NULL)
        return NULL;
    s->arena = pl_arena_new();
    s->policy[0] = p;
    s->policy[1] = other;
    s->nparts = other == NULL ? 1 : 2;
    for (size_t part = 0; part < s->nparts; part++) {
        s->first_word[part] = s->nwords;
        s->nwords += (s->policy[part]->nrules + 63) / 64;
    }
    if (!build(s, too_large)) {
        pl_space_free(s);
        return NULL;
    }
    return s;
}

void pl_space_free(struct pl_space *s)
{
    if (s == NULL)
        return;
    pl_arena_free(s->arena);
    free(s);
}

const struct pl_rule *pl_space_rule(const struct pl_space *s, size_t bit, size_t *part)
{
    size_t of = s->nparts == 2 && bit / 64 >= s->first_word[1];

    if (part != NULL)
        *part = of;
    return &s->policy[of]->rules[bit - 64 * s->first_word[of]];
}

size_t pl_space_bit(const struct pl_space *s, size_t part, size_t r)
{
    return 64 * s->first_word[part] + r;
}
