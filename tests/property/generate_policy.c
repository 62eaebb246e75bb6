/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies: options, the boundary, tables, rules. Only what the loader accepts. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

/* Conditions on these are what policies are made of. */
static const enum pl_attr common_keys[] = {PL_ATTR_CLIENT_ADDRESS, PL_ATTR_CLIENT_NAME,
                                           PL_ATTR_SENDER, PL_ATTR_RECIPIENT,
                                           PL_ATTR_SASL_USERNAME};

void generator_init(struct generator *g, uint64_t seed, struct draft *d)
{
    *g = (struct generator){.rng = {seed}, .draft = d};
    rng_next(&g->rng);
}

void generator_fini(struct generator *g)
{
    for (unsigned i = 0; i < POOLS; i++)
        free(g->pools[i].texts);
    pl_buf_fini(&g->scratch);
}

static bool takes(const struct place *place, enum pl_table_kind kind)
{
    if (place->boundary != NO_REF)
        return kind == pl_boundary_kind((enum pl_boundary)place->boundary);
    if (pl_attr_kind(place->attr) == PL_KIND_MAIL)
        return kind == PL_TABLE_DOMAINS || kind == PL_TABLE_ADDRESSES;
    return kind == entry_kind(place->attr, (struct pl_str){NULL, 0});
}

/* accepted_domains and relay_client_names take no domain of one label. */
static bool is_strict(const struct place *place)
{
    return place->boundary == PL_BOUNDARY_ACCEPTED_DOMAINS ||
           place->boundary == PL_BOUNDARY_RELAY_CLIENT_NAMES;
}

bool add_reference(struct generator *g, struct draft_list *list, const struct place *place)
{
    struct draft *d = g->draft;
    size_t n = d->ntables + PL_BOUNDARY_COUNT, start = below(&g->rng, n);

    for (size_t i = 0; i < n; i++) {
        size_t at = (start + i) % n;
        struct draft_item *item;

        pl_buf_reset(&g->scratch);
        if (at < d->ntables) {
            const struct draft_table *t = &d->tables[at];

            if (!takes(place, t->kind) || (t->loose && is_strict(place)))
                continue;
            pl_buf_addf(&g->scratch, "<%s>", t->name);
            item = draft_add_item(list, draft_text(d, pl_buf_str(&g->scratch)));
            item->table = (int)at;
        } else {
            enum pl_boundary b = (enum pl_boundary)(at - d->ntables);

            if (!takes(place, pl_boundary_kind(b)) ||
                (place->boundary != NO_REF && g->rank[b] <= g->rank[place->boundary]))
                continue;
            pl_buf_addf(&g->scratch, "<%s>", pl_boundary_name(b));
            item = draft_add_item(list, draft_text(d, pl_buf_str(&g->scratch)));
            item->boundary = (int)b;
        }
        return true;
    }
    return false;
}

/* Adds a word; false if none may stand here. */
static bool add_word(struct generator *g, struct draft_list *list, const struct place *place,
                     bool out)
{
    static const char *const mail[] = {"ours", "foreign", "routed"};
    const char *absent = "none", *word = "any";

    if (place->boundary != NO_REF && (place->boundary != PL_BOUNDARY_RELAY_USERS || out))
        return false;
    switch (pl_attr_kind(place->attr)) {
    case PL_KIND_MAIL:
        absent = place->attr == PL_ATTR_SENDER ? "<>" : "routed";
        break;
    case PL_KIND_ADDR:
    case PL_KIND_HOST:
        absent = "unknown";
        break;
    default:
        break;
    }
    if (place->boundary == NO_REF && (out || chance(&g->rng, 40)))
        word = absent;
    if (pl_attr_kind(place->attr) == PL_KIND_MAIL && chance(&g->rng, 70))
        word = PICK(&g->rng, mail);
    draft_add_item(list, pl_str_of(word));
    return true;
}

static void add_entry(struct generator *g, struct draft_list *list, const struct place *place)
{
    enum pl_table_kind kind = entry_kind(place->attr, (struct pl_str){NULL, 0});

    if (place->boundary != NO_REF)
        kind = pl_boundary_kind((enum pl_boundary)place->boundary);
    else if (pl_attr_kind(place->attr) == PL_KIND_MAIL && chance(&g->rng, 50))
        kind = PL_TABLE_ADDRESSES;
    draft_add_item(list, make_entry(g, kind, place->attr, is_strict(place) ? 0 : ENTRY_LOOSE));
}

void fill_list(struct generator *g, struct draft_list *list, const struct place *place, size_t most)
{
    size_t n = 1 + below(&g->rng, most);
    /* After "any" only what is taken out matters. */
    unsigned negated = 25;

    for (size_t i = 0; i < n; i++) {
        bool out = i > 0 && chance(&g->rng, negated);

        if (chance(&g->rng, g->words) && add_word(g, list, place, out))
            negated = 60;
        else if (!chance(&g->rng, 25) || !add_reference(g, list, place))
            add_entry(g, list, place);
        list->items[list->count - 1].out = out;
    }
}

void make_options(struct generator *g)
{
    static const char *const delimiters[] = {"+", "-", "+-", "-+", "=", "+-=_.'#"};
    static const char *const realms[] = {"mx.example", "EXAMPLE.org", "a", "two words"};
    static const char *const reject[] = {"reject_unauth_destination", "550 5.7.1 No",
                                         "DEFER_IF_PERMIT 4.7.1 Later", "DUNNO", "HOLD later"};
    struct draft *d = g->draft;

    /* Whether a boundary is absurdly wide is not the matter here. */
    draft_add_option(d, "widest_network_v4", pl_str_lit("0"));
    draft_add_option(d, "widest_network_v6", pl_str_lit("0"));
    if (chance(&g->rng, 50))
        draft_add_option(d, "bare_recipient", pl_str_lit("foreign"));
    if (chance(&g->rng, 40))
        draft_add_option(d, "username_case", pl_str_lit("keep"));
    if (chance(&g->rng, 50)) {
        g->realm = pl_str_of(PICK(&g->rng, realms));
        draft_add_option(d, "default_realm", g->realm);
    }
    if (chance(&g->rng, 60))
        draft_add_option(d, "recipient_delimiter", pl_str_of(PICK(&g->rng, delimiters)));
    if (chance(&g->rng, 20))
        draft_add_option(d, "relay_action", pl_str_lit("DUNNO"));
    if (chance(&g->rng, 20))
        draft_add_option(d, "reject_action", pl_str_of(PICK(&g->rng, reject)));
    if (chance(&g->rng, 10))
        draft_add_option(d, "mode", pl_str_lit("observe"));
}

void make_table(struct generator *g, size_t most)
{
    struct draft_table *t =
        draft_add_table(g->draft, (enum pl_table_kind)below(&g->rng, PL_TABLE_FINGERPRINTS + 1));
    size_t n = below(&g->rng, most + 1);
    bool file = chance(&g->rng, 40);

    t->loose = chance(&g->rng, 15);
    for (size_t i = 0; i < n; i++) {
        bool in_file = file && (most > 100 || chance(&g->rng, 70));
        unsigned how =
            (t->loose ? (unsigned)ENTRY_LOOSE : 0) | (in_file ? (unsigned)ENTRY_FILE : 0);
        struct pl_str text = make_entry(g, t->kind, PL_ATTR_REQUEST, how);

        draft_add_item(&t->list, text)->file = in_file;
    }
}

static void make_tables(struct generator *g)
{
    size_t n = below(&g->rng, 6), universe = g->universe;
    bool large = g->large;

    for (size_t i = 0; i < n; i++)
        make_table(g, chance(&g->rng, 10) ? 40 : 6);
    if (!chance(&g->rng, 2))
        return;
    g->large = true; /* thousands of entries are different ones, in the main */
    g->universe = 5000;
    make_table(g, 5000);
    g->large = large;
    g->universe = universe;
}

static void make_listeners(struct generator *g)
{
    static const char *const listeners[] = {
        "10.0.0.25",        "192.0.2.77:25",      "192.0.2.77:2525",    "[2001:db8:1::25]:587",
        "2001:db8:1::25",   "::ffff:192.168.0.1", "[::ffff:1.2.3.4]:1", "context:internal",
        "context:Internal", "context:b c",        "0.0.0.0:65535",      "[::]:65535"};
    struct draft_list *list = &g->draft->boundary[DRAFT_LISTENERS];

    list->off = !chance(&g->rng, 50);
    for (size_t n = below(&g->rng, 5); n > 0 && !list->off; n--)
        draft_add_item(list, pl_str_of(PICK(&g->rng, listeners)));
}

void make_boundary(struct generator *g, unsigned absent, size_t most)
{
    for (unsigned i = 0; i < DRAFT_LISTS; i++) {
        unsigned j = (unsigned)below(&g->rng, i + 1);

        g->rank[i] = g->rank[j];
        g->rank[j] = i;
    }
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++) {
        enum pl_boundary b = (enum pl_boundary)i;
        struct place place = {pl_boundary_attr(b), (int)i};

        g->draft->boundary[i].off = chance(&g->rng, absent);
        if (!g->draft->boundary[i].off)
            fill_list(g, &g->draft->boundary[i], &place, most);
    }
    make_listeners(g);
}

static enum pl_attr random_key(struct generator *g, bool common)
{
    enum pl_attr attr;

    if (common || chance(&g->rng, 50))
        return PICK(&g->rng, common_keys);
    do
        attr = (enum pl_attr)below(&g->rng, PL_ATTR_COUNT);
    while (!pl_attr_is_key(attr));
    return attr;
}

static void make_rule(struct generator *g)
{
    static const char *const actions[] = {"OK",
                                          "DUNNO",
                                          "REJECT",
                                          "REJECT 5.7.1 No %{client_address}",
                                          "450 4.7.1 Later",
                                          "DISCARD",
                                          "HOLD",
                                          "PREPEND X-Rule: yes",
                                          "class:trusted"};
    struct draft_rule *r = draft_add_rule(g->draft);
    size_t want = 1 + below(&g->rng, chance(&g->rng, 60) ? 2 : DRAFT_CONDS);
    bool used[PL_ATTR_COUNT] = {false};

    r->action = PICK(&g->rng, actions);
    if (!g->large && chance(&g->rng, 1))
        want = 0; /* holds always */
    while (r->ncond < want) {
        struct draft_cond *c = &r->cond[r->ncond];
        bool narrow = g->huge && r->ncond == 0;
        struct place place = {random_key(g, narrow), NO_REF};

        if (used[place.attr])
            continue;
        used[place.attr] = true;
        c->attr = place.attr;
        if (narrow)
            add_entry(g, &c->list, &place);
        else
            fill_list(g, &c->list, &place, g->large ? 2 : chance(&g->rng, 5) ? 30 : 4);
        r->ncond++;
    }
}

void generate_policy(struct generator *g, size_t rules)
{
    g->large = rules > 100;
    g->huge = rules > 1000;
    g->universe = g->large ? rules : 4;
    g->words = g->large ? 1 : 20;
    make_options(g);
    make_tables(g);
    make_boundary(g, 30, 4);
    for (size_t i = 0; i < rules; i++)
        make_rule(g);
}
