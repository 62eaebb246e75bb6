/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a value to its atom. An atom is known by its row and its labels, so the row of the value, which
 * the deciding code gives, is looked up in a hash of the atoms' rows: O(rules) a value.
 */
#include "atoms.h"

#include "postlatch/compiler.h"
#include "postlatch/walk.h"

#include <stdlib.h>
#include <string.h>

bool atom_finder_init(struct atom_finder *f, const struct pl_space *s)
{
    *f = (struct atom_finder){.space = s};
    f->bits = calloc(s->nwords, sizeof(*f->bits));
    return f->bits != NULL;
}

void atom_finder_fini(struct atom_finder *f)
{
    for (size_t i = 0; i < PL_ATTR_COUNT; i++)
        free(f->axis[i].slots);
    free(f->bits);
    *f = (struct atom_finder){0};
}

/* FNV-1a over words, of the rules that can hold at all. */
static uint64_t row_hash(const struct pl_space *s, const uint64_t *row)
{
    uint64_t h = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < s->nwords; i++) {
        h ^= row[i] & s->live[i];
        h *= 0x100000001b3ULL;
        h ^= h >> 29;
    }
    return h;
}

static bool same_row(const struct pl_space *s, const uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < s->nwords; i++) {
        if (((a[i] ^ b[i]) & s->live[i]) != 0)
            return false;
    }
    return true;
}

static bool fill(struct atom_finder *f, const struct pl_axis *axis)
{
    size_t size = 8;
    uint32_t *slots;

    while (size < axis->natoms * 2)
        size *= 2;
    slots = calloc(size, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < axis->natoms; i++) {
        size_t at = row_hash(f->space, axis->atoms[i].row) & (size - 1);

        while (slots[at] != 0)
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)i + 1;
    }
    f->axis[axis->attr].slots = slots;
    f->axis[axis->attr].mask = size - 1;
    return true;
}

static unsigned client_labels(const struct pl_policy *p, const struct pl_query *q)
{
    static const struct {
        enum pl_boundary list;
        unsigned label;
    } lists[] = {{PL_BOUNDARY_RELAY_NETWORKS, PL_LABEL_NETWORK},
                 {PL_BOUNDARY_RELAY_BY_RULE, PL_LABEL_BY_RULE},
                 {PL_BOUNDARY_MASKING, PL_LABEL_MASKING},
                 {PL_BOUNDARY_PERMITTED_ELSEWHERE, PL_LABEL_ELSEWHERE}};
    unsigned labels = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (pl_set_match(&p->boundary[lists[i].list], p, q, PL_ATTR_CLIENT_ADDRESS).holds)
            labels |= lists[i].label;
    }
    return labels;
}

/* What of the labels of an atom has to be right as well. */
static unsigned labels_of(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr)
{
    if (!pl_query_is_present(q, attr))
        return PL_LABEL_ABSENT;
    if (attr == PL_ATTR_CLIENT_ADDRESS)
        return client_labels(p, q);
    if (pl_attr_kind(attr) != PL_KIND_MAIL)
        return 0;
    if (pl_policy_is_ours(p, q, attr))
        return PL_LABEL_OURS;
    return PL_LABEL_FOREIGN |
           (pl_query_mail(q, attr)->form == PL_MAIL_ROUTED ? (unsigned)PL_LABEL_ROUTED : 0U);
}

uint32_t atom_find(struct atom_finder *f, enum pl_attr attr, struct pl_str value, bool *failed)
{
    const unsigned told = PL_LABEL_ABSENT | PL_LABEL_NETWORK | PL_LABEL_BY_RULE | PL_LABEL_MASKING |
                          PL_LABEL_ELSEWHERE | PL_LABEL_OURS | PL_LABEL_FOREIGN | PL_LABEL_ROUTED;
    const struct pl_space *s = f->space;
    const struct pl_policy *p = s->policy[0];
    const struct pl_axis *axis = s->axis_of[attr];
    struct pl_query q = {0};
    uint32_t found = PL_NO_ATOM;
    unsigned labels;
    size_t dim = 0;

    if (axis == NULL)
        return PL_NO_ATOM;
    if (f->axis[attr].slots == NULL && !fill(f, axis)) {
        *failed = true;
        return PL_NO_ATOM;
    }
    q.attr[attr] = value;
    pl_query_begin(&q);
    pl_query_need(&q, attr);
    while (dim < p->compiled->ndims && p->compiled->dims[dim].attr != attr)
        dim++;
    if (dim < p->compiled->ndims)
        pl_policy_row(p, &q, dim, f->bits);
    else /* no rule asks: only the boundary lists tell values apart, and all rows are one */
        memcpy(f->bits, axis->atoms[0].row, s->nwords * sizeof(*f->bits));
    labels = labels_of(p, &q, attr);
    for (size_t at = row_hash(s, f->bits) & f->axis[attr].mask; f->axis[attr].slots[at] != 0;
         at = (at + 1) & f->axis[attr].mask) {
        uint32_t atom = f->axis[attr].slots[at] - 1;

        if (!same_row(s, axis->atoms[atom].row, f->bits))
            continue;
        if ((axis->atoms[atom].labels & told) == labels)
            return atom;
        if (found == PL_NO_ATOM)
            found = atom;
    }
    return found;
}

static bool port_is_listed(const struct pl_policy *p, unsigned long port)
{
    for (size_t i = 0; i < p->ninline; i++) {
        const struct pl_table *t = p->inlines[i];

        if (t->kind != PL_TABLE_PORTS)
            continue;
        for (size_t e = 0; e < t->count; e++) {
            if (t->entries[e].low <= port && port <= t->entries[e].high)
                return true;
        }
    }
    return false;
}

static struct pl_str free_port(const struct pl_policy *p, char room[8])
{
    unsigned long port = 65535;
    size_t n = 8;

    while (port > 1 && port_is_listed(p, port))
        port--;
    for (; port > 0; port /= 10)
        room[--n] = (char)('0' + port % 10);
    return (struct pl_str){room + n, 8 - n};
}

/* Names that nobody writes into a list. */
struct pl_str atom_unnamed(const struct pl_policy *p, enum pl_attr attr, char room[8])
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_MAIL:
        return pl_str_lit("q7vhx2-nobody@q7vhx2-nowhere.q7vhx2.example");
    case PL_KIND_HOST:
        return pl_str_lit("q7vhx2-nobody.q7vhx2.example");
    case PL_KIND_USER:
        return pl_str_lit("q7vhx2-nobody@q7vhx2.example");
    case PL_KIND_FINGERPRINT:
        return pl_str_lit("97:7e:c0:de:51:9d:02:b8:3a:66:f4:1e:97:d8:05:ab");
    case PL_KIND_PORT:
        return free_port(p, room);
    case PL_KIND_WORD:
    case PL_KIND_WORD_FOLD:
    case PL_KIND_WORD_XTEXT:
        return pl_str_lit("q7vhx2");
    default:
        return (struct pl_str){NULL, 0};
    }
}
