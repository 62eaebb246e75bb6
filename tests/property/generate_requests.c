/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests. Values drawn one by one would meet a rule of three conditions once in a blue moon; so
 * most requests aim at a rule, condition by condition, and then miss it by little, or not.
 */
#include "generate.h"

#include <string.h>

static void aim_at_list(struct generator *g, struct pl_buf *out, enum pl_attr attr,
                        const struct draft_list *list, unsigned depth);

static void aim_at_entry(struct generator *g, struct pl_buf *out, enum pl_attr attr,
                         enum pl_table_kind kind, struct pl_str entry)
{
    value_near(g, out, kind, attr, entry, chance(&g->rng, 70));
}

/* A value for a word of conditions; false if the text is none. */
static bool aim_at_word(struct generator *g, struct pl_buf *out, enum pl_attr attr,
                        struct pl_str text, unsigned depth)
{
    if (pl_str_eq(text, pl_str_lit("none")) || pl_str_eq(text, pl_str_lit("<>")))
        return true;
    if (pl_str_eq(text, pl_str_lit("unknown"))) {
        pl_buf_add(out, chance(&g->rng, 50) ? text : pl_str_lit(""));
        return true;
    }
    if (pl_str_eq(text, pl_str_lit("any")) || pl_str_eq(text, pl_str_lit("foreign"))) {
        value_any(g, out, attr);
        return true;
    }
    if (pl_str_eq(text, pl_str_lit("routed"))) {
        make_local(g, out);
        pl_buf_add(out, chance(&g->rng, 50) ? pl_str_lit("%a.example@") : pl_str_lit("@b@"));
        make_name(g, out, 1);
        return true;
    }
    if (pl_str_eq(text, pl_str_lit("ours"))) {
        if (chance(&g->rng, 20))
            make_local(g, out);
        else
            aim_at_list(g, out, attr, &g->draft->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS], depth);
        return true;
    }
    return false;
}

static void aim_at_item(struct generator *g, struct pl_buf *out, enum pl_attr attr,
                        const struct draft_item *item, enum pl_table_kind kind, unsigned depth)
{
    if (item->table != NO_REF) {
        const struct draft_table *t = &g->draft->tables[item->table];

        if (t->list.count > 0)
            aim_at_entry(g, out, attr, t->kind, t->list.items[below(&g->rng, t->list.count)].text);
        else
            value_any(g, out, attr);
    } else if (item->boundary != NO_REF) {
        aim_at_list(g, out, attr, &g->draft->boundary[item->boundary], depth);
    } else if (!aim_at_word(g, out, attr, item->text, depth)) {
        if (kind == PL_TABLE_KIND_COUNT)
            kind = entry_kind(attr, item->text);
        aim_at_entry(g, out, attr, kind, item->text);
    }
}

/* What a list names, and sometimes what it takes out. */
static void aim_at_list(struct generator *g, struct pl_buf *out, enum pl_attr attr,
                        const struct draft_list *list, unsigned depth)
{
    const struct draft_list *first = g->draft->boundary;
    enum pl_table_kind kind = PL_TABLE_KIND_COUNT;
    bool out_too = chance(&g->rng, 20);

    if (list >= first && list < first + PL_BOUNDARY_COUNT)
        kind = pl_boundary_kind((enum pl_boundary)(list - first));
    if (list->count == 0 || depth == 0) {
        value_any(g, out, attr);
        return;
    }
    for (;;) {
        const struct draft_item *item = &list->items[below(&g->rng, list->count)];

        if (item->out && !out_too) /* the first one never is */
            continue;
        aim_at_item(g, out, attr, item, kind, depth - 1);
        return;
    }
}

static void aim_at_rule(struct generator *g, struct request *r, const struct draft_rule *rule,
                        bool aimed[PL_ATTR_COUNT])
{
    for (size_t i = 0; i < rule->ncond; i++) {
        enum pl_attr attr = rule->cond[i].attr;

        aim_at_list(g, &r->value[attr], attr, &rule->cond[i].list, 4);
        aimed[attr] = true;
    }
}

static void aim_at_listener(struct generator *g, struct request *r, bool aimed[PL_ATTR_COUNT])
{
    const struct draft_list *list = &g->draft->boundary[DRAFT_LISTENERS];
    struct pl_str text, port = {NULL, 0};
    size_t colon;

    if (list->count == 0)
        return;
    text = list->items[below(&g->rng, list->count)].text;
    colon = pl_str_rfind(text, ':');
    if (pl_str_has_prefix(text, pl_str_lit("context:"))) {
        aimed[PL_ATTR_POLICY_CONTEXT] = true;
        pl_buf_add(&r->value[PL_ATTR_POLICY_CONTEXT], pl_str_from(text, 8));
        return;
    }
    if (text.p[0] == '[') {
        port = pl_str_from(text, colon + 1);
        text = (struct pl_str){text.p + 1, colon - 2};
    } else if (colon < text.n && pl_str_find(text, ':') == colon) {
        port = pl_str_from(text, colon + 1);
        text.n = colon;
    }
    aimed[PL_ATTR_SERVER_ADDRESS] = aimed[PL_ATTR_SERVER_PORT] = true;
    value_near(g, &r->value[PL_ATTR_SERVER_ADDRESS], PL_TABLE_NETWORKS, PL_ATTR_SERVER_ADDRESS,
               text, chance(&g->rng, 80));
    if (port.n > 0)
        value_near(g, &r->value[PL_ATTR_SERVER_PORT], PL_TABLE_PORTS, PL_ATTR_SERVER_PORT, port,
                   chance(&g->rng, 80));
}

/* One list of the boundary, or two, as masking needs company. */
static void aim_at_boundary(struct generator *g, struct request *r, bool aimed[PL_ATTR_COUNT])
{
    for (size_t n = 1 + below(&g->rng, 2); n > 0; n--) {
        size_t i = below(&g->rng, DRAFT_LISTS);
        enum pl_attr attr;

        if (i == DRAFT_LISTENERS) {
            aim_at_listener(g, r, aimed);
            continue;
        }
        attr = pl_boundary_attr((enum pl_boundary)i);
        if (attr == PL_ATTR_CCERT_FINGERPRINT && chance(&g->rng, 50))
            attr = PL_ATTR_CCERT_PUBKEY_FINGERPRINT;
        if (aimed[attr])
            continue;
        aimed[attr] = true;
        aim_at_list(g, &r->value[attr], attr, &g->draft->boundary[i], 4);
    }
}

/* Any rule, or one at the edge of a word of bits, of a word of words, or of the policy. */
static const struct draft_rule *choose_rule(struct generator *g)
{
    static const size_t edges[] = {0, 1, 62, 63, 64, 65, 127, 128, 4094, 4095, 4096, 4097};
    size_t n = g->draft->nrules, at = PICK(&g->rng, edges);

    if (chance(&g->rng, 5))
        at = n - 1;
    if (at >= n || chance(&g->rng, 75))
        at = below(&g->rng, n);
    return &g->draft->rules[at];
}

void generate_request(struct generator *g, struct request *r)
{
    const struct draft *d = g->draft;
    bool aimed[PL_ATTR_COUNT] = {false};
    unsigned how = (unsigned)below(&g->rng, 100);
    unsigned sparse = chance(&g->rng, 50) ? 80 : 20; /* percent of the others that are absent */

    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        pl_buf_reset(&r->value[i]);
        r->off[i] = false;
    }
    if (how < 65 && d->nrules > 0)
        aim_at_rule(g, r, choose_rule(g), aimed);
    else if (how < 85)
        aim_at_boundary(g, r, aimed);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        enum pl_attr attr = (enum pl_attr)i;

        if (aimed[i] || !pl_attr_is_key(attr))
            continue;
        if (attr == PL_ATTR_PROTOCOL_STATE && chance(&g->rng, 92))
            pl_buf_add(&r->value[i], pl_str_lit("RCPT"));
        else if (attr == PL_ATTR_RECIPIENT || !chance(&g->rng, sparse))
            value_any(g, &r->value[i], attr);
    }
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        must(!r->value[i].failed, "out of memory");
}
