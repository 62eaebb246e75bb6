/* SPDX-License-Identifier: BSD-2-Clause */
/* The attributes of the policy protocol, by number and by name. */
#include "postlatch/attr.h"

#include "postlatch/compiler.h"

#include <string.h>

static const struct {
    struct pl_str name;
    enum pl_attr_kind kind;
} table[PL_ATTR_COUNT] = {
#define X(id, name, kind, doc) {{(name), sizeof(name) - 1}, (kind)},
    PL_ATTR_TABLE(X)
#undef X
};

const char *pl_attr_name(enum pl_attr attr)
{
    pl_assert(attr < PL_ATTR_COUNT);
    return table[attr].name.p;
}

enum pl_attr_kind pl_attr_kind(enum pl_attr attr)
{
    pl_assert(attr < PL_ATTR_COUNT);
    return table[attr].kind;
}

bool pl_attr_is_key(enum pl_attr attr)
{
    return pl_attr_kind(attr) != PL_KIND_OTHER;
}

enum pl_attr pl_attr_find(struct pl_str name)
{
    unsigned next = 0;

    return pl_attr_find_near(name, &next);
}

enum pl_attr pl_attr_find_near(struct pl_str name, unsigned *next)
{
    for (unsigned i = 0, at = *next; i < PL_ATTR_COUNT; i++, at++) {
        at = at < PL_ATTR_COUNT ? at : 0;
        if (table[at].name.n == name.n && memcmp(table[at].name.p, name.p, name.n) == 0) {
            *next = at + 1;
            return (enum pl_attr)at;
        }
    }
    return PL_ATTR_COUNT;
}
