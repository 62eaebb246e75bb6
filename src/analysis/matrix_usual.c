/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is ordinary: the values of clients with nothing to show, those that most requests have where row
 * and column do not say, and the rule that decides for them.
 */
#include "matrix_build.h"

#include <stdlib.h>

struct count {
    double v4, v6;
};

static bool count_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom,
                        void *arg)
{
    struct count *counts = arg;
    double n = 0;

    for (size_t i = 0; i < (first->family == 4 ? 4 : 16); i++)
        n = n * 256 + last->bytes[i] - first->bytes[i];
    if (first->family == 4)
        counts[atom].v4 += n + 1;
    else
        counts[atom].v6 += n + 1;
    return true;
}

/* The atom of an axis of addresses that most of them are in, of those with the fewest labels. */
static uint32_t biggest_atom(struct build *b, enum pl_attr attr)
{
    const struct pl_axis *axis = b->s->axis_of[attr];
    struct count *counts;
    uint32_t best = PL_NO_ATOM;

    if (axis == NULL)
        return PL_NO_ATOM;
    counts = calloc(axis->natoms, sizeof(*counts));
    if (counts == NULL || !pl_space_each_range(b->s, axis, count_range, counts)) {
        b->failed = true;
    } else {
        for (uint32_t i = 0; i < axis->natoms; i++) {
            if ((axis->atoms[i].labels & PL_LABEL_ABSENT) != 0)
                continue;
            if (best == PL_NO_ATOM || counts[i].v4 > counts[best].v4 ||
                (counts[i].v4 >= counts[best].v4 && counts[i].v6 > counts[best].v6))
                best = i;
        }
    }
    free(counts);
    return best;
}

void matrix_find_plain(struct build *b)
{
    for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
        enum pl_attr attr = (enum pl_attr)i;
        char room[8];

        b->plain[i][0] = b->plain[i][1] = PL_NO_ATOM;
        if (b->s->axis_of[i] == NULL)
            continue;
        b->plain[i][0] = atom_find(&b->finder, attr, (struct pl_str){NULL, 0}, &b->failed);
        b->plain[i][1] =
            pl_attr_kind(attr) == PL_KIND_ADDR
                ? biggest_atom(b, attr)
                : atom_find(&b->finder, attr, atom_unnamed(b->p, attr, room), &b->failed);
    }
    b->plain[PL_ATTR_PROTOCOL_STATE][0] = b->plain[PL_ATTR_PROTOCOL_STATE][1] =
        atom_find(&b->finder, PL_ATTR_PROTOCOL_STATE, pl_str_lit("RCPT"), &b->failed);
    b->everybody = b->plain[PL_ATTR_CLIENT_ADDRESS][1];
}

/* A value that most requests of such a client have; PL_NO_ATOM where no rule asks. */
static uint32_t ordinary(struct build *b, enum pl_attr attr, bool login, bool outside)
{
    const struct pl_axis *axis = b->s->axis_of[attr];

    switch (attr) {
    case PL_ATTR_SENDER:
        for (uint32_t i = 0; axis != NULL && !outside && i < axis->natoms; i++) {
            unsigned labels = axis->atoms[i].labels;

            if ((labels & PL_LABEL_OURS) != 0 && (labels & PL_LABEL_BARE) == 0)
                return i;
        }
        return b->plain[attr][1];
    case PL_ATTR_SASL_USERNAME:
    case PL_ATTR_SASL_METHOD:
        if (!login)
            return b->plain[attr][0];
        if (attr == PL_ATTR_SASL_METHOD)
            return atom_find(&b->finder, attr, pl_str_lit("PLAIN"), &b->failed);
        return b->plain[attr][1];
    case PL_ATTR_SERVER_PORT:
        return atom_find(&b->finder, attr, login ? pl_str_lit("587") : pl_str_lit("25"),
                         &b->failed);
    case PL_ATTR_ENCRYPTION_PROTOCOL:
        return atom_find(&b->finder, attr, pl_str_lit("TLSv1.3"), &b->failed);
    case PL_ATTR_SASL_SENDER:
    case PL_ATTR_CCERT_SUBJECT:
    case PL_ATTR_CCERT_FINGERPRINT:
    case PL_ATTR_CCERT_PUBKEY_FINGERPRINT:
    case PL_ATTR_POLICY_CONTEXT:
    case PL_ATTR_TLS_SNI:
        return b->plain[attr][0];
    default:
        return b->plain[attr][1];
    }
}

uint32_t matrix_usual(struct build *b, const struct family *f, uint32_t atom, bool outside,
                      uint32_t rcpt, uint32_t atoms[PL_ATTR_COUNT])
{
    const struct pl_space *s = b->s;
    bool login = f->kind == PL_ROW_LOGIN;

    for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
        atoms[i] =
            s->axis_of[i] == NULL ? PL_NO_ATOM : ordinary(b, (enum pl_attr)i, login, outside);
        if (f->pinned[i] != PL_NO_ATOM)
            atoms[i] = f->pinned[i];
    }
    if (f->kind != PL_ROW_LISTENER)
        atoms[f->attr] = atom;
    atoms[PL_ATTR_RECIPIENT] = rcpt;
    for (size_t w = 0; w < s->nwords; w++) {
        uint64_t left = s->live[w];

        for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
            if (s->axis_of[i] == NULL)
                continue;
            if (atoms[i] == PL_NO_ATOM)
                return UINT32_MAX;
            left &= s->axis_of[i]->atoms[atoms[i]].row[w];
        }
        if (left != 0)
            return (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left);
    }
    return UINT32_MAX;
}

bool matrix_is_outside(struct build *b, const struct family *f, uint32_t atom)
{
    const struct pl_policy *p = b->p;
    const struct pl_axis *axis = b->s->axis_of[f->attr];
    struct pl_query q = {0};
    enum pl_boundary list;

    switch (f->kind) {
    case PL_ROW_NETWORK: {
        unsigned labels = atom == PL_NO_ATOM ? 0U : axis->atoms[atom].labels;

        return (labels & PL_LABEL_MASKING) != 0 ||
               (labels & (PL_LABEL_NETWORK | PL_LABEL_BY_RULE)) == 0;
    }
    case PL_ROW_LISTENER:
    case PL_ROW_LOGIN:
        return false;
    case PL_ROW_NAME:
        list = PL_BOUNDARY_RELAY_CLIENT_NAMES;
        break;
    case PL_ROW_CERTIFICATE:
        list = PL_BOUNDARY_RELAY_CLIENTCERTS;
        if (f->attr == PL_ATTR_CCERT_SUBJECT)
            return true;
        break;
    default:
        return true;
    }
    q.attr[f->attr] = axis->atoms[atom].value;
    pl_query_begin(&q);
    pl_query_need(&q, f->attr);
    return !pl_set_match(&p->boundary[list], p, &q, f->attr).holds;
}
