/* SPDX-License-Identifier: BSD-2-Clause */
#include "vitals.h"

#include <string.h>

void vitals_add_up(const struct vitals *v, struct vitals_sums *sums)
{
    memset(sums, 0, sizeof(*sums));
    for (size_t i = 0; i < v->pool->count; i++) {
        const struct worker *w = &v->pool->workers[i];
        const struct counters *c = &w->counters;

        for (size_t k = 0; k < TROUBLE_COUNT; k++)
            sums->troubles[k] += counter_get(&c->troubles[k]);
        for (size_t k = 0; k <= DURATION_BOUNDS; k++)
            sums->duration[k] += counter_get(&c->duration.buckets[k]);
        sums->duration_us += counter_get(&c->duration.sum_us);
        sums->closed_idlest += counter_get(&c->closed_idlest);
        sums->shadow_differs += counter_get(&c->shadow_differs);
        sums->closed_idle += counter_get(&c->closed_idle);
        if (atomic_load(&w->longest_us) > sums->longest_us)
            sums->longest_us = atomic_load(&w->longest_us);
    }
}

const char *vitals_accepted(const struct snapshot *s)
{
    const struct pl_policy *p = s->config.policy;
    bool ended = s->verdict.ended;

    for (size_t i = 0; i < p->nwaivers; i++) /* since the proof, perhaps */
        ended = ended || pl_waiver_has_ended(p, &p->waivers[i]);
    if (s->verdict.safe)
        return "-";
    if (ended)
        return "ended";
    return s->verdict.accepted ? "yes" : "no";
}
