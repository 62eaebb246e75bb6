/* SPDX-License-Identifier: BSD-2-Clause */
/* The boxes of a comparison as changes: in order, with names, networks and a confirmed example. */
#include "diff_build.h"

#include "axis.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/walk.h"

#include <stdlib.h>
#include <string.h>

/* Ranges of addresses that may be looked at to list clients, and lists that are made anyway. */
enum { RANGES_MAX = 40000000, LISTED_ANYWAY = 20 };

struct networks {
    struct pl_prefix *prefixes, *others;
    size_t n, nothers;
    bool made;
};

struct telling {
    struct diff_build *b;
    struct diff_names logins, recipients;
    struct networks *networks; /* of each list of atoms; malloc'ed */
    size_t nlists, ranges, nlisted;
};

struct group {
    enum pl_change_kind kind;
    bool moved;
    uint32_t bit[2];
    bool only_some;
};

static struct group group_of(const struct diff_build *b, const struct diff_piece *piece)
{
    size_t n;
    const uint32_t *items = diff_lists_get(&b->lists, piece->key[KEY_GROUP], &n);

    return (struct group){
        (enum pl_change_kind)items[0], items[1] != 0, {items[2], items[3]}, items[4] != 0};
}

/* ---- order ---- */

struct ordered {
    struct diff_piece piece;
    struct group group;
    uint32_t shown[PIECE_KEYS];     /* the atom of each list to make an example of */
    struct pl_str login, recipient; /* names of these */
};

static int compare(const void *va, const void *vb)
{
    const struct ordered *a = va, *b = vb;
    int by_name;
    uint32_t x[] = {a->group.kind, a->group.moved, a->group.bit[0], a->group.bit[1],
                    a->group.only_some},
             y[] = {b->group.kind, b->group.moved, b->group.bit[0], b->group.bit[1],
                    b->group.only_some};

    for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    if (a->shown[KEY_STATES] != b->shown[KEY_STATES])
        return a->shown[KEY_STATES] < b->shown[KEY_STATES] ? -1 : 1;
    if (a->shown[KEY_CLIENTS] != b->shown[KEY_CLIENTS])
        return a->shown[KEY_CLIENTS] < b->shown[KEY_CLIENTS] ? -1 : 1;
    by_name = pl_str_cmp(a->login, b->login);
    if (by_name == 0)
        by_name = pl_str_cmp(a->recipient, b->recipient);
    if (by_name != 0)
        return by_name;
    return memcmp(&a->piece, &b->piece, sizeof(a->piece));
}

/* At RCPT if it can be: that is what people ask about. */
static uint32_t state_to_show(const struct diff_build *b, const uint32_t *atoms, size_t n)
{
    for (size_t i = 0; i < n && b->states != NULL; i++) {
        if (diff_is_rcpt(b, atoms[i]))
            return atoms[i];
    }
    return atoms[0];
}

static void choose_shown(const struct telling *t, struct ordered *o)
{
    const struct diff_lists *lists = &t->b->lists;
    size_t n;
    const uint32_t *atoms = diff_lists_get(lists, o->piece.key[KEY_STATES], &n);

    o->shown[KEY_STATES] = state_to_show(t->b, atoms, n);
    /* Atoms of addresses are in order, the best examples in front. */
    o->shown[KEY_CLIENTS] = *diff_lists_get(lists, o->piece.key[KEY_CLIENTS], &n);
    atoms = diff_lists_get(lists, o->piece.key[KEY_RECIPIENTS], &n);
    o->shown[KEY_RECIPIENTS] = diff_names_best(&t->recipients, atoms, n);
    o->recipient = diff_names_first(&t->recipients, o->shown[KEY_RECIPIENTS]);
    o->login = (struct pl_str){"", 0};
    if (t->b->logins == NULL)
        return;
    atoms = diff_lists_get(lists, o->piece.key[KEY_LOGINS], &n);
    o->shown[KEY_LOGINS] = diff_names_best(&t->logins, atoms, n);
    o->login = diff_names_first(&t->logins, o->shown[KEY_LOGINS]);
}

static struct ordered *put_in_order(const struct telling *t)
{
    const struct diff_build *b = t->b;
    struct ordered *all = calloc(b->npieces + 1, sizeof(*all));

    for (size_t i = 0; i < b->npieces && all != NULL; i++) {
        all[i].piece = b->pieces[i];
        all[i].group = group_of(b, &b->pieces[i]);
        choose_shown(t, &all[i]);
    }
    if (all != NULL && b->npieces > 0)
        qsort(all, b->npieces, sizeof(*all), compare);
    return all;
}

/* ---- states, logins, recipients ---- */

static struct pl_str join(struct telling *t, const struct pl_str *words, size_t n)
{
    struct pl_buf text = {0};
    struct pl_str copy;

    for (size_t i = 0; i < n; i++) {
        pl_buf_add(&text, i == 0 ? (struct pl_str){"", 0} : pl_str_lit(", "));
        pl_buf_add(&text, words[i]);
    }
    copy = pl_arena_copy(t->b->diff->arena, pl_buf_str(&text));
    t->b->failed = t->b->failed || text.failed || copy.p == NULL;
    pl_buf_fini(&text);
    return copy;
}

static void tell_states(struct telling *t, const struct ordered *o, struct pl_change *c)
{
    const struct diff_build *b = t->b;
    struct pl_buf text = {0};
    size_t n;
    const uint32_t *atoms = diff_lists_get(&b->lists, o->piece.key[KEY_STATES], &n);

    c->at_rcpt = b->states == NULL || (n == 1 && diff_is_rcpt(b, atoms[0]));
    if (c->at_rcpt)
        return;
    if (n == b->states->natoms)
        pl_buf_add(&text, pl_str_lit("any state"));
    for (size_t i = 0; i < n && n < b->states->natoms; i++) {
        struct pl_str value = b->states->atoms[atoms[i]].value;

        if (value.n == 0)
            value = pl_str_lit("no state");
        else if (pl_str_eq(value, pl_str_lit(AXIS_NOBODY)))
            value = pl_str_lit("other states");
        pl_buf_add(&text, i == 0 ? (struct pl_str){"", 0} : pl_str_lit(", "));
        pl_buf_add(&text, value);
    }
    c->states = pl_arena_copy(b->diff->arena, pl_buf_str(&text));
    t->b->failed = b->failed || text.failed || c->states.p == NULL;
    pl_buf_fini(&text);
}

static void tell_logins(struct telling *t, const struct ordered *o, struct pl_change *c)
{
    const struct diff_build *b = t->b;
    size_t n, nwords;
    const uint32_t *atoms = diff_lists_get(&b->lists, o->piece.key[KEY_LOGINS], &n);
    struct pl_str *words;

    if (b->logins == NULL || n == b->logins->natoms)
        c->login = pl_str_lit("any or none");
    else if (!diff_names_list(&t->logins, atoms, n, &words, &nwords))
        t->b->failed = true;
    else
        c->login = join(t, words, nwords);
}

static void tell_recipients(struct telling *t, const struct ordered *o, struct pl_change *c)
{
    size_t n;
    const uint32_t *atoms = diff_lists_get(&t->b->lists, o->piece.key[KEY_RECIPIENTS], &n);

    if (!diff_names_list(&t->recipients, atoms, n, &c->recipients, &c->nrecipients))
        t->b->failed = true;
}

/* ---- clients ---- */

static bool count_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom,
                        void *arg)
{
    size_t *n = arg;

    (void)first;
    (void)last;
    (void)atom;
    ++*n;
    return true;
}

static bool may_list(const struct telling *t)
{
    return t->nlisted < LISTED_ANYWAY || t->nlisted * t->ranges < RANGES_MAX;
}

/* Of a list that is longer than this, the list of all others may be the shorter one. */
enum { SHORT_LIST = 4 };

static bool list_clients(struct telling *t, const uint32_t *atoms, size_t n, bool no_address,
                         struct networks *networks)
{
    struct diff_build *b = t->b;
    bool *chosen = calloc(b->clients->natoms, sizeof(*chosen)), ok = chosen != NULL;

    for (size_t i = 0; i < n && ok; i++)
        chosen[atoms[i]] = true;
    ok = ok && pl_space_networks(b->s, b->clients, chosen, b->diff->arena, &networks->prefixes,
                                 &networks->n);
    if (ok && no_address && networks->n > SHORT_LIST) {
        for (size_t a = 0; a < b->clients->natoms; a++)
            chosen[a] = !chosen[a];
        ok = pl_space_networks(b->s, b->clients, chosen, b->diff->arena, &networks->others,
                               &networks->nothers);
    }
    free(chosen);
    t->nlisted++;
    return ok;
}

static void tell_clients(struct telling *t, const struct ordered *o, struct pl_change *c)
{
    struct diff_build *b = t->b;
    uint32_t list = o->piece.key[KEY_CLIENTS];
    size_t n;
    const uint32_t *atoms = diff_lists_get(&b->lists, list, &n);
    struct networks *networks = &t->networks[list];

    c->every_client = n == b->clients->natoms;
    for (size_t i = 0; i < n; i++)
        c->no_address =
            c->no_address || (b->clients->atoms[atoms[i]].labels & PL_LABEL_ABSENT) != 0;
    if (c->every_client)
        return;
    if (!networks->made && !may_list(t)) {
        c->unlisted = true;
        return;
    }
    if (!networks->made)
        networks->made = list_clients(t, atoms, n, c->no_address, networks);
    b->failed = b->failed || !networks->made;
    c->clients = networks->prefixes;
    c->nclients = networks->n;
    if (networks->nothers < networks->n) {
        c->others = networks->others;
        c->nothers = networks->nothers;
    }
}

/* ---- examples ---- */

static bool is_wanted(const struct pl_outcome *outcome, void *arg)
{
    const struct group *group = arg;

    return outcome->bit[0] == group->bit[0] && outcome->bit[1] == group->bit[1];
}

static bool find_example(struct diff_build *b, const struct ordered *o,
                         uint32_t atoms[PL_ATTR_COUNT])
{
    struct group group = o->group;

    pl_walk_root(b->w);
    return (b->states == NULL || pl_walk_choose(b->w, o->shown[KEY_STATES])) &&
           (b->logins == NULL || pl_walk_choose(b->w, o->shown[KEY_LOGINS])) &&
           pl_walk_choose(b->w, o->shown[KEY_CLIENTS]) &&
           pl_walk_choose(b->w, o->shown[KEY_RECIPIENTS]) &&
           pl_walk_find(b->w, is_wanted, &group, atoms);
}

/* The example has to be confirmed by the code that decides; else it shows nothing. */
static bool is_confirmed(const struct diff_build *b, const struct pl_change *c)
{
    bool confirmed = true;

    for (size_t part = 0; part < 2; part++) {
        const struct pl_policy *p = b->s->policy[part];
        struct pl_query q;
        struct pl_cursor cursor = {0};
        struct pl_decision d;

        memcpy(q.attr, c->request, sizeof(q.attr));
        pl_query_begin(&q);
        confirmed = confirmed && pl_policy_decide(p, &q, &cursor, &d) == PL_STEP_DECIDED &&
                    (d.rule == c->rule[part] || d.rule == p->expired);
    }
    return confirmed;
}

/* The value of an atom that its first name stands for: the same each time; empty if there is none. */
static struct pl_str named_value(struct telling *t, const struct diff_names *names, size_t atom)
{
    struct pl_str key = diff_names_first(names, atom), value = names->axis->atoms[atom].value;
    struct pl_buf text = {0};

    if (names->atoms[atom].kept == 0 || key.p[0] == '.' || key.p[0] == '@' ||
        key.p[key.n - 1] == '@')
        return (struct pl_str){"", 0};
    if (names->axis->attr == PL_ATTR_RECIPIENT && pl_str_find(key, '@') == key.n)
        pl_buf_add(&text, (struct pl_str){value.p, pl_str_rfind(value, '@') + 1});
    pl_buf_add(&text, key);
    value = pl_arena_copy(t->b->diff->arena, pl_buf_str(&text));
    t->b->failed = t->b->failed || text.failed || value.p == NULL;
    pl_buf_fini(&text);
    return value;
}

/* What an atom has as its value depends on the order of an index; so take what has a name. */
static void prefer_names(struct telling *t, const struct ordered *o, struct pl_change *c)
{
    struct pl_change named = *c;
    struct pl_str recipient = named_value(t, &t->recipients, o->shown[KEY_RECIPIENTS]),
                  login = {"", 0};

    if (t->b->logins != NULL)
        login = named_value(t, &t->logins, o->shown[KEY_LOGINS]);
    if (recipient.n > 0)
        named.request[PL_ATTR_RECIPIENT] = recipient;
    if (login.n > 0)
        named.request[PL_ATTR_SASL_USERNAME] = login;
    if (!t->b->failed && is_confirmed(t->b, &named))
        *c = named;
}

/* ---- what else matters ---- */

/* Whether another value of an axis alone would make another rule decide. */
static bool matters(const struct diff_build *b, const struct pl_axis *axis,
                    const uint32_t atoms[PL_ATTR_COUNT], const uint32_t bit[2], uint64_t *others)
{
    const struct pl_space *s = b->s;

    memcpy(others, s->live, s->nwords * sizeof(*others));
    for (size_t k = 0; k < s->naxes; k++) {
        const uint64_t *row = s->axes[k].atoms[atoms[s->axes[k].attr]].row;

        for (size_t i = 0; i < s->nwords && &s->axes[k] != axis; i++)
            others[i] &= row[i];
    }
    for (size_t a = 0; a < axis->natoms; a++) {
        const uint64_t *row = axis->atoms[a].row;

        for (size_t part = 0; part < 2; part++) {
            size_t i = s->first_word[part];

            while ((others[i] & row[i]) == 0)
                i++; /* the last rule always holds */
            if (64 * i + (size_t)__builtin_ctzll(others[i] & row[i]) != bit[part])
                return true;
        }
    }
    return false;
}

static bool is_of_box(enum pl_attr attr)
{
    return attr == PL_ATTR_PROTOCOL_STATE || attr == PL_ATTR_SASL_USERNAME ||
           attr == PL_ATTR_CLIENT_ADDRESS || attr == PL_ATTR_RECIPIENT;
}

static void tell_what_matters(struct diff_build *b, const uint32_t atoms[PL_ATTR_COUNT],
                              const struct group *group, struct pl_change *c)
{
    uint64_t *scratch = malloc(b->s->nwords * sizeof(*scratch));

    if (scratch == NULL) {
        b->failed = true;
        return;
    }
    for (size_t k = 0; k < b->s->naxes; k++) {
        const struct pl_axis *axis = &b->s->axes[k];

        if (!is_of_box(axis->attr) && matters(b, axis, atoms, group->bit, scratch))
            c->matters |= 1ULL << axis->attr;
    }
    free(scratch);
    for (size_t part = 0; part < 2 && c->matters == 0; part++) {
        for (size_t i = 0; i < c->rule[part]->ncond; i++) {
            if (!is_of_box(c->rule[part]->cond[i].attr))
                c->matters |= 1ULL << c->rule[part]->cond[i].attr;
        }
    }
}

/* ---- all ---- */

static void tell_change(struct telling *t, const struct ordered *o)
{
    struct diff_build *b = t->b;
    struct pl_change *c = &b->diff->changes[b->diff->nchanges];
    uint32_t atoms[PL_ATTR_COUNT];

    c->kind = o->group.kind;
    for (size_t part = 0; part < 2; part++)
        c->rule[part] = pl_space_rule(b->s, o->group.bit[part], NULL);
    c->moved = o->group.moved;
    c->only_some = o->group.only_some;
    if (find_example(b, o, atoms)) {
        pl_walk_request(b->s, atoms, c->request);
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
            c->request[i] = pl_arena_copy(b->diff->arena, c->request[i]);
            b->failed = b->failed || c->request[i].p == NULL;
        }
        prefer_names(t, o, c);
        if (c->only_some)
            tell_what_matters(b, atoms, &o->group, c);
    }
    if (!b->failed && (c->request[PL_ATTR_CLIENT_ADDRESS].n == 0 || !is_confirmed(b, c))) {
        memset(c, 0, sizeof(*c));
        b->diff->gave_up = pl_walk_gave_up(b->w);
        if (b->diff->gave_up == NULL)
            b->diff->gave_up = "an example was not confirmed by the decision code: this is a fault "
                               "of postlatch, please report it";
        return;
    }
    tell_states(t, o, c);
    tell_logins(t, o, c);
    tell_clients(t, o, c);
    tell_recipients(t, o, c);
    b->diff->nchanges++;
}

void diff_tell(struct diff_build *b)
{
    struct telling t = {.b = b, .nlists = b->lists.count};
    size_t kept = b->npieces < PL_CHANGES_MAX ? b->npieces : PL_CHANGES_MAX;
    struct ordered *all = NULL;

    if (kept == 0)
        return;
    t.networks = calloc(t.nlists, sizeof(*t.networks));
    b->diff->changes = pl_arena_array(b->diff->arena, kept, sizeof(*b->diff->changes));
    if (t.networks != NULL && b->diff->changes != NULL &&
        diff_names_init(&t.logins, b->s, PL_ATTR_SASL_USERNAME, b->diff->arena) &&
        diff_names_init(&t.recipients, b->s, PL_ATTR_RECIPIENT, b->diff->arena) &&
        pl_space_each_range(b->s, b->clients, count_range, &t.ranges))
        all = put_in_order(&t);
    b->failed = all == NULL;
    for (size_t i = 0; i < b->npieces && !b->failed; i++) {
        if (i < kept)
            tell_change(&t, &all[i]);
        else
            b->diff->omitted[all[i].group.kind]++;
    }
    free(t.networks);
    free(all);
}
