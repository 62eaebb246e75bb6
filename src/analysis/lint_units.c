/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of conditions and the atoms in which their values lie. An axis offers values that have every
 * combination of lists (pl_space_each_value); each is kept with its class, and for each table the
 * values that it holds. An entry's values are those of its table which have a class that some value of
 * the entry has; entries that are networks are looked up among the ranges of their axis.
 */
#include "lint_units.h"

#include "axis.h"

#include "postlatch/compiler.h"
#include "postlatch/fingerprint.h"
#include "postlatch/quote.h"
#include "postlatch/xtext.h"

#include <stdlib.h>
#include <string.h>

#define CLASS_NONE UINT32_MAX

/* A value that an axis offers. */
struct value {
    struct pl_str text;
    uint32_t atom, class; /* CLASS_NONE: it is no name that an index could have */
    struct pl_mailaddr *mail;
};

/* That a table holds a value. */
struct held {
    uint32_t table, value;
};

struct lint_values {
    struct pl_arena *arena;
    enum pl_attr attr;
    struct value *values;
    size_t count, cap;
    struct held *held; /* by table */
    size_t nheld, held_cap;
};

struct axis_range {
    struct pl_addr first, last;
    uint32_t atom;
};

struct filling {
    struct lint_units *u;
    struct lint_values *v;
};

/* ---- classes ---- */

static uint32_t class_in(const struct lint_units *u, enum pl_names names, struct pl_str key)
{
    return key.n == 0 ? CLASS_NONE : pl_name_index_find(&u->p->compiled->names[names], key);
}

/* The class of a value as a name: decide.c has the same, for requests. */
static uint32_t class_of(const struct lint_units *u, struct pl_query *q, enum pl_attr attr)
{
    char room[PL_WORD_MAX + PL_USER_MAX];
    uint8_t bytes[PL_FINGERPRINT_MAX];
    struct pl_str text = q->attr[attr], key = {room, 0};
    unsigned long port;

    switch (pl_attr_kind(attr)) {
    case PL_KIND_HOST:
        key = pl_domain_str(pl_query_host(q, attr));
        break;
    case PL_KIND_MAIL:
        key = pl_domain_str(&pl_query_mail(q, attr)->domain);
        break;
    case PL_KIND_USER:
        key.n = pl_user_key(room, text, &u->p->users);
        break;
    case PL_KIND_FINGERPRINT:
        if (pl_fingerprint_parse(bytes, &key.n, text))
            key.p = (const char *)bytes;
        break;
    case PL_KIND_PORT:
        if (u->p->compiled->port_class == NULL || !pl_str_to_number(text, 1, 65535, &port))
            return CLASS_NONE;
        return u->p->compiled->port_class[port];
    case PL_KIND_WORD_XTEXT:
        key.n = pl_xtext_decode(room, PL_WORD_MAX, text);
        break;
    case PL_KIND_WORD_FOLD:
        for (; key.n < text.n && key.n < PL_WORD_MAX; key.n++)
            room[key.n] = pl_ascii_lower(text.p[key.n]);
        break;
    default:
        key = text;
        break;
    }
    return class_in(u, axis_names_of(attr), key);
}

static uint32_t class_of_local(const struct lint_units *u, struct pl_str local,
                               struct pl_str domain)
{
    char room[PL_MAILADDR_MAX];
    size_t n = local.n == 0 ? 0 : pl_mailaddr_key(room, local, domain);

    return class_in(u, PL_NAMES_ADDRESSES, (struct pl_str){room, n});
}

static struct pl_str strip(const struct lint_units *u, struct pl_str local)
{
    return pl_mailaddr_strip_extension(local, u->p->delimiters);
}

/* ---- the values of an axis ---- */

static void hold(struct lint_units *u, struct lint_values *v, const struct pl_classes *classes,
                 uint32_t class)
{
    const uint32_t *tables;
    size_t n = 0;

    if (class == CLASS_NONE)
        return;
    tables = pl_classes_members(classes, class, &n);
    for (size_t i = 0; i < n && !u->failed; i++) {
        struct held *held = pl_grow(v->held, &v->held_cap, v->nheld, sizeof(*held));

        if (held == NULL) {
            u->failed = true;
            return;
        }
        v->held = held;
        v->held[v->nheld++] = (struct held){tables[i], (uint32_t)v->count};
    }
}

static void hold_mail(struct lint_units *u, struct lint_values *v, const struct pl_mailaddr *m)
{
    const struct pl_classes *classes = &u->p->compiled->names[PL_NAMES_ADDRESSES].classes;
    struct pl_str domain = pl_domain_str(&m->domain), none = {NULL, 0}, base = strip(u, m->local);

    hold(u, v, classes, class_of_local(u, m->local, none));
    hold(u, v, classes, class_of_local(u, base, none));
    if (domain.n == 0)
        return;
    hold(u, v, classes, class_of_local(u, m->local, domain));
    hold(u, v, classes, class_of_local(u, base, domain));
}

static bool keep_value(struct pl_str text, uint32_t atom, void *arg)
{
    struct filling *f = arg;
    struct lint_units *u = f->u;
    struct lint_values *v = f->v;
    struct value *values = pl_grow(v->values, &v->cap, v->count, sizeof(*values)), new = {0};
    enum pl_attr_kind kind = pl_attr_kind(v->attr);
    struct pl_query q;

    u->work++;
    if (values == NULL) {
        u->failed = true;
        return false;
    }
    v->values = values;
    new.text = pl_arena_copy(v->arena, text);
    new.atom = atom;
    memset(&q, 0, sizeof(q));
    q.attr[v->attr] = new.text;
    if (new.text.p != NULL)
        pl_query_need(&q, v->attr);
    if (kind == PL_KIND_ADDR) { /* entries are looked up among ranges; tables by their class */
        const struct pl_addr *addr = pl_query_addr(&q, v->attr);

        new.class = CLASS_NONE;
        if (addr->family != 0)
            hold(u, v, &u->p->compiled->addrs.classes,
                 pl_addr_index_find(&u->p->compiled->addrs, addr));
    } else {
        new.class = class_of(u, &q, v->attr);
        hold(u, v,
             kind == PL_KIND_PORT ? &u->p->compiled->port_classes
                                  : &u->p->compiled->names[axis_names_of(v->attr)].classes,
             new.class);
    }
    if (kind == PL_KIND_MAIL) {
        new.mail = pl_arena_alloc(v->arena, sizeof(*new.mail));
        if (new.mail != NULL) {
            *new.mail = *pl_query_mail(&q, v->attr);
            hold_mail(u, v, new.mail);
        }
        u->failed = u->failed || new.mail == NULL;
    }
    u->failed = u->failed || new.text.p == NULL;
    v->values[v->count++] = new;
    return !u->failed;
}

static int by_table(const void *va, const void *vb)
{
    const struct held *a = va, *b = vb;

    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    return a->value < b->value ? -1 : a->value > b->value;
}

static void free_values(struct lint_values *v)
{
    if (v == NULL)
        return;
    pl_arena_free(v->arena);
    free(v->values);
    free(v->held);
    free(v);
}

static const struct lint_values *values_of(struct lint_units *u, enum pl_attr attr)
{
    struct lint_values *v = u->values[attr];
    struct filling f = {u, NULL};

    if (v != NULL || u->failed)
        return v;
    v = calloc(1, sizeof(*v));
    u->failed = v == NULL;
    if (v == NULL)
        return NULL;
    u->values[attr] = f.v = v;
    v->attr = attr;
    v->arena = pl_arena_new();
    u->failed = v->arena == NULL || !pl_space_each_value(u->s, u->s->axis_of[attr], keep_value, &f);
    if (v->nheld > 0)
        qsort(v->held, v->nheld, sizeof(*v->held), by_table);
    return u->failed ? NULL : v;
}

/* The first value that a table holds: an index into held. */
static size_t first_held(const struct lint_values *v, uint32_t table)
{
    size_t low = 0, high = v->nheld;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (v->held[mid].table < table)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* ---- networks ---- */

static bool keep_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t atom,
                       void *arg)
{
    struct filling *f = arg;
    enum pl_attr attr = f->v->attr;
    size_t n = f->u->nranges[attr];
    struct axis_range *ranges = f->u->ranges[attr];

    f->u->work++;
    if (n > 0 && ranges[n - 1].atom == atom && ranges[n - 1].first.family == first->family) {
        ranges[n - 1].last = *last;
        return true;
    }
    ranges = pl_grow(ranges, &f->v->cap, n, sizeof(*ranges));
    if (ranges == NULL)
        return false;
    f->u->ranges[attr] = ranges;
    ranges[n] = (struct axis_range){*first, *last, atom};
    f->u->nranges[attr]++;
    return true;
}

static int compare_addr(const struct pl_addr *a, const struct pl_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static void network_atoms(struct lint_units *u, enum pl_attr attr, const struct pl_prefix *prefix,
                          bool *atoms)
{
    struct lint_values room = {.attr = attr};
    struct filling f = {u, &room};
    size_t low = 0, high;

    if (u->ranges[attr] == NULL &&
        !pl_space_each_range(u->s, u->s->axis_of[attr], keep_range, &f)) {
        u->failed = true;
        return;
    }
    high = u->nranges[attr];
    while (low < high) { /* the first range that does not end before the network begins */
        size_t mid = low + (high - low) / 2;

        if (compare_addr(&u->ranges[attr][mid].last, &prefix->addr) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < u->nranges[attr]; low++) {
        const struct axis_range *r = &u->ranges[attr][low];

        if (compare_addr(&r->first, &prefix->addr) > 0 && !pl_prefix_contains(prefix, &r->first))
            break;
        atoms[r->atom] = true;
        u->work++;
    }
}

/* ---- names ---- */

/* The classes that the values of an entry have. */
struct wanted {
    const struct lint_units *u;
    struct pl_str key;
    bool users;
    bool *classes;
};

static bool want_below(struct pl_str key, uint32_t class, void *arg)
{
    struct wanted *w = arg;
    size_t n = w->key.n;

    if (key.n >= n && memcmp(key.p + key.n - n, w->key.p, n) == 0 &&
        (!w->users || pl_str_rfind(key, '@') == key.n - n))
        w->classes[class] = true;
    return true;
}

/* ".parent" and "@realm" hold what is named below them, and what is not. */
static void want_parent(struct lint_units *u, enum pl_names names, struct pl_str key, bool *classes)
{
    const struct pl_name_index *index = &u->p->compiled->names[names];
    struct wanted w = {u, key, names == PL_NAMES_USERS, classes};

    pl_name_index_each(index, want_below, &w);
    u->work += index->count / 8;
}

/*
 * Whether a mail address can stand for those of other domains of its class: not if some list names it,
 * or it without its extension, in full.
 */
static bool is_alone(const struct lint_units *u, const struct pl_mailaddr *m)
{
    struct pl_str domain = pl_domain_str(&m->domain);

    return domain.n > 0 && m->local.n > 0 &&
           (class_of_local(u, m->local, domain) != PL_CLASS_NONE ||
            class_of_local(u, strip(u, m->local), domain) != PL_CLASS_NONE);
}

static bool is_in_domain(struct pl_str key, struct pl_str domain)
{
    if (key.p[0] != '.')
        return pl_str_eq(key, domain);
    return domain.n > key.n && pl_str_eq(key, pl_str_from(domain, domain.n - key.n));
}

static void name_atoms(struct lint_units *u, const struct lint_values *v, enum pl_names names,
                       const struct lint_unit *unit, bool *atoms)
{
    struct pl_str key = unit->table->names.entries[unit->index].key;
    const struct pl_classes *all = &u->p->compiled->names[names].classes;
    bool parent = (names == PL_NAMES_DOMAINS && key.p[0] == '.') ||
                  (names == PL_NAMES_USERS && key.p[0] == '@');
    uint32_t one = parent ? CLASS_NONE : class_in(u, names, key);
    bool *classes = parent ? calloc(all->count, sizeof(*classes)) : NULL;

    if (parent && classes == NULL) {
        u->failed = true;
        return;
    }
    if (parent)
        want_parent(u, names, key, classes);
    for (size_t i = first_held(v, unit->table->number);
         i < v->nheld && v->held[i].table == unit->table->number; i++) {
        const struct value *value = &v->values[v->held[i].value];

        u->work++;
        if (value->class == CLASS_NONE || (parent ? !classes[value->class] : value->class != one))
            continue;
        if (value->mail == NULL || !is_alone(u, value->mail) ||
            is_in_domain(key, pl_domain_str(&value->mail->domain)))
            atoms[value->atom] = true;
    }
    free(classes);
}

/* Whether an entry "user@domain" or "user@" holds a value, or one that is in the same lists. */
static bool is_like_address(const struct lint_units *u, struct pl_str key,
                            const struct pl_mailaddr *m)
{
    size_t at = pl_str_rfind(key, '@');
    struct pl_str local = {key.p, at}, domain = pl_str_from(key, at + 1), none = {NULL, 0};
    uint32_t like;

    if (domain.n > 0)
        return pl_str_eq(domain, pl_domain_str(&m->domain)) &&
               (pl_str_eq_fold(local, m->local) || pl_str_eq_fold(local, strip(u, m->local)));
    like = class_of_local(u, local, none);
    return class_of_local(u, m->local, none) == like ||
           class_of_local(u, strip(u, m->local), none) == like;
}

static void address_atoms(struct lint_units *u, const struct lint_values *v,
                          const struct lint_unit *unit, bool *atoms)
{
    struct pl_str key = unit->table->names.entries[unit->index].key;

    for (size_t i = first_held(v, unit->table->number);
         i < v->nheld && v->held[i].table == unit->table->number; i++) {
        const struct value *value = &v->values[v->held[i].value];

        u->work++;
        if (value->mail != NULL && is_like_address(u, key, value->mail))
            atoms[value->atom] = true;
    }
}

static void port_atoms(struct lint_units *u, const struct lint_values *v,
                       const struct lint_unit *unit, bool *atoms)
{
    const struct pl_table_entry *entry = &unit->table->entries[unit->index];
    const uint32_t *class = u->p->compiled->port_class;

    for (size_t i = 0; i < v->count; i++) {
        for (unsigned port = entry->low; port <= entry->high && class != NULL; port++) {
            if (v->values[i].class == class[port])
                atoms[v->values[i].atom] = true;
        }
    }
    u->work += v->count * (size_t)(entry->high - entry->low + 1) / 8;
}

/* ---- words and lists ---- */

static void set_atoms(struct lint_units *u, const struct lint_values *v,
                      const struct lint_unit *unit, bool *atoms)
{
    struct pl_member member = {.table = NULL, .set = unit->list};
    struct pl_set set = {.in_words = unit->word,
                         .in_count = unit->list != NULL,
                         .in = unit->list != NULL ? &member : NULL};

    for (size_t i = 0; i < v->count; i++) {
        struct pl_query q;

        memset(&q, 0, sizeof(q));
        q.attr[v->attr] = v->values[i].text;
        pl_query_need(&q, v->attr);
        if (pl_set_match(&set, u->p, &q, v->attr).holds)
            atoms[v->values[i].atom] = true;
    }
    u->work += 4 * v->count;
}

/* ---- all ---- */

void lint_units_init(struct lint_units *u, const struct pl_policy *p, const struct pl_space *s)
{
    memset(u, 0, sizeof(*u));
    u->p = p;
    u->s = s;
}

void lint_units_fini(struct lint_units *u)
{
    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        free_values(u->values[attr]);
        free(u->ranges[attr]);
    }
}

bool lint_units_atoms(struct lint_units *u, const struct lint_unit *unit, bool *atoms)
{
    enum pl_attr attr = unit->cond->attr;
    const struct pl_table *t = unit->table;
    const struct lint_values *v = NULL;

    memset(atoms, 0, u->s->axis_of[attr]->natoms * sizeof(*atoms));
    if (unit->is_entry && t->kind == PL_TABLE_NETWORKS) {
        network_atoms(u, attr, &t->networks.entries[unit->index].prefix, atoms);
        return !u->failed;
    }
    v = values_of(u, attr);
    if (v == NULL)
        return false;
    if (t == NULL) {
        set_atoms(u, v, unit, atoms);
    } else if (!unit->is_entry) {
        for (size_t i = first_held(v, t->number); i < v->nheld && v->held[i].table == t->number;
             i++) {
            atoms[v->values[v->held[i].value].atom] = true;
            u->work++;
        }
    } else if (t->kind == PL_TABLE_PORTS) {
        port_atoms(u, v, unit, atoms);
    } else if (t->kind == PL_TABLE_ADDRESSES) {
        address_atoms(u, v, unit, atoms);
    } else {
        name_atoms(u, v, axis_names_of(attr), unit, atoms);
    }
    return !u->failed;
}

/* ---- the pieces of a condition ---- */

static size_t entries_of(const struct pl_table *t)
{
    return t->kind == PL_TABLE_NETWORKS ? t->networks.count
           : t->kind == PL_TABLE_PORTS  ? t->count
                                        : t->names.count;
}

size_t lint_units_count(const struct pl_condition *cond)
{
    const struct pl_set *set = cond->set;
    size_t n = (size_t)__builtin_popcount(set->in_words);

    for (size_t i = 0; i < set->in_count; i++) {
        const struct pl_table *t = set->in[i].table;

        n += t != NULL && t->name.n == 0 ? entries_of(t) : 1;
    }
    return n;
}

void lint_units_each(const struct pl_condition *cond,
                     bool (*each)(const struct lint_unit *unit, void *arg), void *arg)
{
    static const unsigned words[] = {PL_WORD_OURS, PL_WORD_FOREIGN, PL_WORD_ROUTED};
    const struct pl_set *set = cond->set;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct lint_unit unit = {.cond = cond, .word = words[i]};

        if ((set->in_words & words[i]) != 0 && !each(&unit, arg))
            return;
    }
    for (size_t i = 0; i < set->in_count; i++) {
        struct lint_unit unit = {.cond = cond, .table = set->in[i].table, .list = set->in[i].set};
        bool entries = unit.table != NULL && unit.table->name.n == 0;
        size_t n = entries ? entries_of(unit.table) : 1;

        unit.is_entry = entries;
        for (unit.index = 0; unit.index < n; unit.index++) {
            if (!each(&unit, arg))
                return;
        }
    }
}

static const struct pl_table_entry *entry_of(const struct lint_unit *unit)
{
    const struct pl_table *t = unit->table;

    return &t->entries[t->kind == PL_TABLE_NETWORKS ? t->networks.entries[unit->index].id
                       : t->kind == PL_TABLE_PORTS  ? (uint32_t)unit->index
                                                    : t->names.entries[unit->index].id];
}

struct pl_pos lint_units_at(const struct lint_unit *unit)
{
    return unit->is_entry ? entry_of(unit)->at : unit->cond->at;
}

void lint_units_say(struct pl_buf *out, const struct lint_unit *unit)
{
    struct pl_quote q;

    if (unit->is_entry)
        pl_buf_addf(out, "%s", pl_quote(&q, entry_of(unit)->text));
    else if (unit->table != NULL)
        pl_buf_addf(out, "<%s>", unit->table->name.p);
    else if (unit->list != NULL)
        pl_buf_addf(out, "<%s>", unit->list->name.p);
    else
        pl_buf_addf(out, "%s",
                    unit->word == PL_WORD_OURS      ? "ours"
                    : unit->word == PL_WORD_FOREIGN ? "foreign"
                                                    : "routed");
}
