/* SPDX-License-Identifier: BSD-2-Clause */
/* What all comparisons need. */
#include "compare.h"

#include "draft.h"

#include <string.h>

void say_request(struct pl_buf *out, const struct pl_str request[PL_ATTR_COUNT])
{
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (request[i].n == 0)
            continue;
        pl_buf_addf(out, " %s=", pl_attr_name((enum pl_attr)i));
        pl_buf_add(out, request[i]);
    }
    pl_buf_add_char(out, '\n');
}

void say_cidrs(struct pl_buf *out, const struct pl_str *cidrs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pl_buf_add_char(out, ' ');
        pl_buf_add(out, cidrs[i]);
    }
    if (n == 0)
        pl_buf_add(out, pl_str_lit(" nobody"));
    pl_buf_add_char(out, '\n');
}

void say_networks(struct pl_buf *out, const struct pl_prefix *networks, size_t n)
{
    char text[PL_PREFIX_TEXT];

    for (size_t i = 0; i < n; i++)
        pl_buf_addf(out, " %s", pl_prefix_format(text, &networks[i]));
    pl_buf_add(out, n == 0 ? pl_str_lit(" nobody\n") : pl_str_lit("\n"));
}

struct judgement judge(const struct pl_policy *p, const struct pl_str request[PL_ATTR_COUNT])
{
    struct judgement j = {0};
    uint64_t listeners = p->nlisteners == 0 ? 0 : ~0ULL >> (64 - p->nlisteners);
    struct pl_decision d;
    struct pl_query q = {0};

    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        q.attr[i] = request[i];
    pl_query_read(&q);
    pl_policy_interpret(p, &q, &d);
    j.rule = (size_t)(d.rule - p->rules);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        j.facts |= oracle_facts(p, &q, (enum pl_attr)i);
        listeners &= oracle_listeners(p, &q, (enum pl_attr)i);
    }
    j.at_listener = listeners != 0;
    return j;
}

struct pl_str *clients_with(const struct oracle *o, const uint64_t *bits, uint64_t mask, size_t *n)
{
    struct spans spans = {0};
    struct pl_str *cidrs;

    for (size_t i = 0; i < o->nintervals; i++) {
        if ((bits[o->intervals[i].value] & mask) != 0)
            spans_add(&spans, o->intervals[i].span);
    }
    spans_merge(&spans);
    cidrs = spans_cidrs(&spans, o->arena, n);
    spans_fini(&spans);
    return cidrs;
}

bool same_networks(const struct pl_str *cidrs, size_t n, const struct pl_prefix *networks, size_t m)
{
    char text[PL_PREFIX_TEXT];
    bool same = n == m;

    for (size_t i = 0; i < n && same; i++)
        same = pl_str_eq(cidrs[i], pl_str_of(pl_prefix_format(text, &networks[i])));
    return same;
}

bool same_answer(const struct pl_action *a, const struct pl_action *b)
{
    for (size_t n = 0; n < 2; n++) {
        char x[PL_ACTION_ROOM], y[PL_ACTION_ROOM], values[PL_ATTR_COUNT];
        struct pl_query q = {0};

        for (unsigned i = 0; i < PL_ATTR_COUNT && n == 1; i++) {
            values[i] = (char)('A' + i);
            q.attr[i] = (struct pl_str){&values[i], 1};
        }
        pl_action_format(x, a, &q);
        pl_action_format(y, b, &q);
        if (strcmp(x, y) != 0)
            return false;
    }
    return true;
}
