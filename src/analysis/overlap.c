/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that overlap. Axes are independent, so two rules hold for some request if on each axis there is
 * an atom that lets both hold. (That a certificate needs TLS, and a method a login, makes no difference
 * that would matter here: at worst a pair is told that no request can meet.)
 */
#include "postlatch/overlap.h"

#include <stdlib.h>
#include <string.h>

static void intersect(const struct pl_space *s, const struct pl_axis *axis, size_t rule,
                      uint64_t *with, uint64_t *both)
{
    memset(both, 0, s->nwords * sizeof(*both));
    for (size_t a = 0; a < axis->natoms; a++) {
        if ((axis->atoms[a].row[rule / 64] >> rule % 64 & 1) == 0)
            continue;
        for (size_t i = 0; i < s->nwords; i++)
            both[i] |= axis->atoms[a].row[i];
    }
    for (size_t i = 0; i < s->nwords; i++)
        with[i] &= both[i];
}

bool pl_overlaps(const struct pl_space *s,
                 bool (*each)(const struct pl_rule *first, const struct pl_rule *later, void *arg),
                 void *arg)
{
    const struct pl_policy *p = s->policy[0];
    uint64_t *with = malloc(2 * (s->nwords + 1) * sizeof(*with)), *both = with + s->nwords;
    bool ok = with != NULL;

    for (size_t r = 0; r < p->nwritten && ok; r++) {
        memcpy(with, s->live, s->nwords * sizeof(*with));
        for (size_t i = 0; i < s->naxes; i++)
            intersect(s, &s->axes[i], r, with, both);
        for (size_t j = r + 1; j < p->nwritten && ok; j++) {
            if ((with[j / 64] >> j % 64 & 1) != 0 &&
                !pl_str_eq(p->rules[r].action->source, p->rules[j].action->source))
                ok = each(&p->rules[r], &p->rules[j], arg);
        }
    }
    free(with);
    return ok;
}
