/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of all tables, in the compact form from which the indexes are made. */
#include "postlatch/sources.h"

#include "postlatch/buf.h"

#include <stdlib.h>

bool pl_sources_add_ports(struct pl_sources *s, struct pl_port_range range)
{
    struct pl_port_range *ports = pl_grow(s->ports, &s->ports_cap, s->nports, sizeof(*ports));

    if (ports == NULL)
        return false;
    s->ports = ports;
    s->ports[s->nports++] = range;
    return true;
}

struct pl_sources_mark pl_sources_note(const struct pl_sources *s)
{
    struct pl_sources_mark mark = {.n4 = s->networks.n4, .n6 = s->networks.n6, .nports = s->nports};

    for (unsigned i = 0; i < PL_NAMES_COUNT; i++) {
        mark.names[i].n = s->names[i].n;
        mark.names[i].count = s->names[i].count;
        mark.names[i].nruns = s->names[i].nruns;
    }
    return mark;
}

void pl_sources_rewind(struct pl_sources *s, const struct pl_sources_mark *mark)
{
    s->networks.n4 = mark->n4;
    s->networks.n6 = mark->n6;
    s->nports = mark->nports;
    for (unsigned i = 0; i < PL_NAMES_COUNT; i++) {
        s->names[i].n = mark->names[i].n;
        s->names[i].count = mark->names[i].count;
        s->names[i].nruns = mark->names[i].nruns;
    }
}

void pl_sources_fini(struct pl_sources *s)
{
    pl_networks_fini(&s->networks);
    for (unsigned i = 0; i < PL_NAMES_COUNT; i++)
        pl_keys_fini(&s->names[i]);
    free(s->ports);
    *s = (struct pl_sources){0};
}
