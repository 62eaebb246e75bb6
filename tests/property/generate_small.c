/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies that an administrator could mean, small enough that every request can be tried. Rules drawn
 * anyhow are nearly all open relays, and nearly all for the same reason; so here most grants name the
 * boundary, a login or our own domains, and then an entry too many or too few makes the difference.
 */
#include "generate.h"

#include <string.h>

/* What rules of one policy ask about: the common ones, and at most two others. */
struct palette {
    enum pl_attr attr[8];
    size_t count;
};

static void choose_palette(struct generator *g, struct palette *p)
{
    static const enum pl_attr common[] = {PL_ATTR_CLIENT_ADDRESS, PL_ATTR_RECIPIENT, PL_ATTR_SENDER,
                                          PL_ATTR_CLIENT_NAME, PL_ATTR_SASL_USERNAME};

    p->count = 0;
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (chance(&g->rng, i < 2 ? 90 : 45))
            p->attr[p->count++] = common[i];
    }
    for (size_t n = below(&g->rng, 3); n > 0 || p->count == 0; n -= n > 0) {
        enum pl_attr attr = (enum pl_attr)below(&g->rng, PL_ATTR_COUNT);
        bool has = !pl_attr_is_key(attr);

        for (size_t i = 0; i < p->count; i++)
            has = has || p->attr[i] == attr;
        if (!has)
            p->attr[p->count++] = attr;
    }
}

static struct draft_cond *add_cond(struct draft_rule *r, enum pl_attr attr)
{
    for (size_t i = 0; i < r->ncond; i++) {
        if (r->cond[i].attr == attr)
            return &r->cond[i];
    }
    must(r->ncond < DRAFT_CONDS, "too many conditions");
    r->cond[r->ncond].attr = attr;
    return &r->cond[r->ncond++];
}

static void add_boundary(struct generator *g, struct draft_list *list, enum pl_boundary b, bool out)
{
    struct draft_item *item;

    pl_buf_reset(&g->scratch);
    pl_buf_addf(&g->scratch, "<%s>", pl_boundary_name(b));
    item = draft_add_item(list, draft_text(g->draft, pl_buf_str(&g->scratch)));
    item->boundary = (int)b;
    item->out = out;
}

/* One or two more items, taken out mostly. */
static void season(struct generator *g, struct draft_cond *c, bool out)
{
    struct place place = {c->attr, NO_REF};
    size_t from = c->list.count;

    if (!chance(&g->rng, 40))
        return;
    fill_list(g, &c->list, &place, 2);
    for (size_t i = from; i < c->list.count; i++) {
        struct pl_str text = c->list.items[i].text;

        /* "!any" takes everything away, and is refused. */
        if (out && chance(&g->rng, 80) && !pl_str_eq(text, pl_str_lit("any")))
            c->list.items[i].out = true;
    }
}

/* A rule that lets somebody relay who may, if nothing goes wrong. */
static void make_grant(struct generator *g, struct draft_rule *r)
{
    static const char *const actions[] = {
        "OK", "OK", "OK", "DUNNO", "DISCARD", "class:trusted", "PREPEND X-Rule: yes"};
    struct draft_cond *c;

    r->action = PICK(&g->rng, actions);
    switch (below(&g->rng, 6)) {
    case 0:
    case 1:
        c = add_cond(r, PL_ATTR_CLIENT_ADDRESS);
        add_boundary(g, &c->list,
                     chance(&g->rng, 60) ? PL_BOUNDARY_RELAY_BY_RULE : PL_BOUNDARY_RELAY_NETWORKS,
                     false);
        if (chance(&g->rng, 50))
            add_boundary(g, &c->list, PL_BOUNDARY_MASKING, true);
        season(g, c, true);
        break;
    case 2:
        c = add_cond(r, PL_ATTR_SASL_USERNAME);
        draft_add_item(&c->list, pl_str_lit("any"));
        season(g, c, true);
        break;
    case 3:
        c = add_cond(r, PL_ATTR_RECIPIENT);
        if (chance(&g->rng, 60))
            draft_add_item(&c->list, pl_str_lit("ours"));
        else
            add_boundary(g, &c->list, PL_BOUNDARY_ACCEPTED_DOMAINS, false);
        season(g, c, true);
        break;
    case 4:
        c = add_cond(r, PL_ATTR_CLIENT_NAME);
        add_boundary(g, &c->list, PL_BOUNDARY_RELAY_CLIENT_NAMES, false);
        season(g, c, true);
        if (chance(&g->rng, 50)) {
            c = add_cond(r, PL_ATTR_CLIENT_ADDRESS);
            draft_add_item(&c->list, pl_str_lit("any"));
            add_boundary(g, &c->list, PL_BOUNDARY_MASKING, true);
        }
        break;
    default:
        c = add_cond(r, chance(&g->rng, 50) ? PL_ATTR_CCERT_FINGERPRINT
                                            : PL_ATTR_CCERT_PUBKEY_FINGERPRINT);
        add_boundary(g, &c->list, PL_BOUNDARY_RELAY_CLIENTCERTS, false);
        break;
    }
}

/* A rule in front that refuses what must not pass, so that much may be granted behind it. */
static void make_wall(struct generator *g, struct draft_rule *r)
{
    struct draft_cond *c = add_cond(r, PL_ATTR_CLIENT_ADDRESS);

    r->action = chance(&g->rng, 70) ? "REJECT" : "DEFER_IF_PERMIT Later";
    draft_add_item(&c->list, pl_str_lit("any"));
    add_boundary(g, &c->list, PL_BOUNDARY_RELAY_BY_RULE, true);
    if (chance(&g->rng, 50)) {
        draft_add_item(&c->list, pl_str_lit("unknown"));
        add_boundary(g, &c->list, PL_BOUNDARY_RELAY_NETWORKS, true);
    }
    if (chance(&g->rng, 70)) {
        c = add_cond(r, PL_ATTR_RECIPIENT);
        draft_add_item(&c->list, pl_str_lit("foreign"));
        season(g, c, true);
    }
    if (chance(&g->rng, 40)) {
        c = add_cond(r, PL_ATTR_SASL_USERNAME);
        draft_add_item(&c->list, pl_str_lit("none"));
    }
}

static const char *any_action(struct generator *g)
{
    static const char *const refuse[] = {
        "REJECT", "REJECT",      "REJECT 5.7.1 No %{client_address}", "450 4.7.1 Later",
        "550 No", "DEFER Later", "DEFER_IF_PERMIT 4.7.1 Later",       "reject_unauth_destination"};
    static const char *const leave[] = {"DUNNO",
                                        "WARN seen",
                                        "INFO seen",
                                        "HOLD",
                                        "PREPEND X-Rule: yes",
                                        "FILTER smtp:[192.0.2.1]",
                                        "REDIRECT box@example.org",
                                        "BCC box@example.org",
                                        "DEFER_IF_REJECT Later",
                                        "permit_auth_destination",
                                        "dunno"};
    static const char *const pass[] = {"OK", "DISCARD", "ok", "DISCARD gone"};
    unsigned how = (unsigned)below(&g->rng, 100);

    if (how < 60)
        return PICK(&g->rng, refuse);
    if (how < 85)
        return PICK(&g->rng, leave);
    return how < 95 ? PICK(&g->rng, pass) : "class:trusted";
}

static void make_small_rule(struct generator *g, const struct palette *palette)
{
    struct draft_rule *r = draft_add_rule(g->draft);
    unsigned how = (unsigned)below(&g->rng, 100);
    size_t want;

    r->action = any_action(g);
    if (how < 35)
        make_grant(g, r);
    else if (how < 45)
        make_wall(g, r);
    want = how < 45 ? below(&g->rng, 2) : 1 + below(&g->rng, 3);
    for (; want > 0; want--) {
        enum pl_attr attr = palette->attr[below(&g->rng, palette->count)];
        struct place place = {attr, NO_REF};
        size_t before = r->ncond;
        struct draft_cond *c = add_cond(r, attr);

        if (r->ncond > before)
            fill_list(g, &c->list, &place, 3);
    }
}

/* The same rule again: behind the first it decides nothing, unless something in between differs. */
static void repeat_rule(struct generator *g)
{
    struct draft *d = g->draft;
    size_t from = below(&g->rng, d->nrules);
    struct draft_rule *r = draft_add_rule(d);
    const struct draft_rule *was = &d->rules[from];

    r->action = chance(&g->rng, 50) ? was->action : any_action(g);
    for (size_t c = 0; c < was->ncond; c++) {
        struct draft_cond *copy = add_cond(r, was->cond[c].attr);

        for (size_t i = 0; i < was->cond[c].list.count; i++) {
            const struct draft_item *item = &was->cond[c].list.items[i];

            if (i > 0 && chance(&g->rng, 15))
                continue;
            *draft_add_item(&copy->list, item->text) = *item;
        }
    }
}

/* What an administrator accepts for a while: a few addresses, everybody, what a rule does. */
static void make_waiver(struct generator *g)
{
    static const char *const days[] = {ACCEPTED_FIRST, ACCEPTED_SECOND};
    struct draft *d = g->draft;
    struct draft_waiver *w = &d->waivers[d->nwaivers++];
    unsigned how = (unsigned)below(&g->rng, 100);

    *w = (struct draft_waiver){.rule = NO_REF, .until = PICK(&g->rng, days)};
    if (how < 30) {
        w->rule = (int)below(&g->rng, d->nrules);
        for (size_t i = 0; i < d->nrules; i++) /* that of a class, if there is one */
            w->rule = strncmp(d->rules[i].action, "class:", 6) == 0 ? (int)i : w->rule;
    }
    if (how < 50 && w->rule != NO_REF)
        return;
    if (how < 50) {
        draft_add_item(&w->surface, pl_str_lit("0.0.0.0/0"));
        if (chance(&g->rng, 70))
            draft_add_item(&w->surface, pl_str_lit("::/0"));
        return;
    }
    for (size_t n = 1 + below(&g->rng, 3); n > 0; n--)
        draft_add_item(&w->surface,
                       make_entry(g, PL_TABLE_NETWORKS, PL_ATTR_CLIENT_ADDRESS, ENTRY_LOOSE));
}

void generate_small(struct generator *g, size_t rules)
{
    static const char *const after[] = {"defer_unauth_destination", "reject", "permit",
                                        "reject_unauth_destination"};
    struct palette palette;
    bool observe = false;

    g->universe = 3;
    g->words = 20;
    make_options(g);
    for (size_t i = 0; i < g->draft->noptions; i++)
        observe = observe || strcmp(g->draft->options[i].name, "mode") == 0;
    if (chance(&g->rng, 40)) {
        const char *word = PICK(&g->rng, after);

        draft_add_option(g->draft, "after_dunno",
                         pl_str_of(observe && word == after[2] ? after[0] : word));
    }
    for (size_t n = below(&g->rng, 4); n > 0; n--)
        make_table(g, 3);
    make_boundary(g, 40, 3);
    choose_palette(g, &palette);
    for (size_t i = 0; i < rules; i++) {
        if (i > 0 && chance(&g->rng, 10))
            repeat_rule(g);
        else
            make_small_rule(g, &palette);
    }
    for (size_t n = chance(&g->rng, 30) ? 1 + below(&g->rng, DRAFT_WAIVERS) : 0; n > 0; n--)
        make_waiver(g);
}

/* ---- a change ---- */

static void change_list(struct generator *g, struct draft_list *list, const struct place *place)
{
    struct draft_item *item;

    if (list->count == 0 || chance(&g->rng, 40)) {
        fill_list(g, list, place, 1);
        return;
    }
    item = &list->items[below(&g->rng, list->count)];
    if (chance(&g->rng, 70) && list->count > 1)
        item->off = !item->off;
    else if (!pl_str_eq(item->text, pl_str_lit("any")) && item != list->items)
        item->out = !item->out;
}

static void change_rule(struct generator *g)
{
    struct draft *d = g->draft;
    size_t at = below(&g->rng, d->nrules), with = below(&g->rng, d->nrules);
    struct draft_rule *r = &d->rules[at], was = *r;

    switch (below(&g->rng, 4)) {
    case 0:
        r->off = true;
        break;
    case 1:
        r->action = any_action(g);
        break;
    case 2:
        *r = d->rules[with];
        d->rules[with] = was;
        break;
    default:
        if (r->ncond > 0) {
            struct draft_cond *c = &r->cond[below(&g->rng, r->ncond)];
            struct place place = {c->attr, NO_REF};

            change_list(g, &c->list, &place);
        }
        break;
    }
}

void generate_change(struct generator *g)
{
    struct draft *d = g->draft;
    unsigned how = (unsigned)below(&g->rng, 100);

    if (how < 30) {
        size_t b = below(&g->rng, PL_BOUNDARY_COUNT);
        struct place place = {pl_boundary_attr((enum pl_boundary)b), (int)b};

        d->boundary[b].off = false;
        change_list(g, &d->boundary[b], &place);
    } else if (how < 40 && d->noptions > 2) {
        d->options[2 + below(&g->rng, d->noptions - 2)].off = true;
    } else if (d->nrules > 0) {
        change_rule(g);
    }
}
