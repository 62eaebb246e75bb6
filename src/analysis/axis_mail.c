/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The axes of mail addresses. A list may name domains, "user@domain" and "user@" (any domain), and an
 * address is also held by its form without extension. So an address is seen by its domain, and by its
 * local part where some list names that: in general ("user@"), or together with the domain.
 *
 * Examples are, for each class of domains: somebody whom no list names; each kind of named local part,
 * at a domain of the class where the two are not named together; and every address that is named whole.
 */
#include "axis.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/mailaddr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of a class that are kept; if local parts are named with all of them, all others are tried. */
enum { NAMES_KEPT = 4 };
/* Local parts of a kind that are tried with these for the sake of a readable example. */
enum { LOCALS_TRIED = 8 };
/* Look-ups for rare combinations before the space counts as too large. */
enum { TRIES_MAX = 20000000 };

struct domain_class {
    uint64_t classes;
    struct pl_str names[NAMES_KEPT]; /* in the scratch arena */
    size_t count;
    struct pl_str free; /* a name that no list has, with no local part either; empty: none seen */
};

/* Local parts that "user@" entries cannot tell apart. */
struct local_kind {
    uint64_t classes[3];   /* of local@, and of it without extension as each policy cuts it */
    struct pl_str *locals; /* malloc'ed; all of them */
    size_t count, cap;
};

struct mail {
    struct axis_builder *b;
    struct pl_arena *scratch;
    struct domain_class *domains;
    size_t ndomains, domains_cap;
    struct axis_pair *by_classes; /* which domain class a pair of classes is: hashed, malloc'ed */
    size_t by_classes_cap;
    struct local_kind *kinds;
    size_t nkinds, kinds_cap;
    struct pl_str *pair_keys; /* "local@domain", sorted */
    size_t npairs, pairs_cap;
    struct pl_str *locals; /* of "local@" */
    size_t nlocals, locals_cap;
    size_t tries;
};

static void fail(struct mail *m)
{
    m->b->failed = true;
}

static void offer(struct mail *m, struct pl_str local, struct pl_str domain)
{
    char room[PL_LOCAL_MAX + PL_DOMAIN_MAX + 2];
    int n;

    if (local.n + domain.n + 2 > sizeof(room))
        return;
    n = snprintf(room, sizeof(room), "%.*s@%.*s", (int)local.n, local.p, (int)domain.n, domain.p);
    axis_offer(m->b, (struct pl_str){room, (size_t)n}, 0);
}

/* ---- domains ---- */

static int compare(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

static bool grow_by_classes(struct mail *m)
{
    size_t cap = m->by_classes_cap == 0 ? 64 : 2 * m->by_classes_cap;
    struct axis_pair *by_classes = malloc(cap * sizeof(*by_classes));

    if (by_classes == NULL)
        return false;
    memset(by_classes, 0xff, cap * sizeof(*by_classes));
    for (uint32_t i = 0; i < m->ndomains; i++)
        *axis_pair_find(by_classes, cap, m->domains[i].classes) =
            (struct axis_pair){m->domains[i].classes, i};
    free(m->by_classes);
    m->by_classes = by_classes;
    m->by_classes_cap = cap;
    return true;
}

static struct domain_class *find_domain_class(struct mail *m, uint64_t classes)
{
    struct domain_class *grown;
    struct axis_pair *place;

    if (2 * (m->ndomains + 1) > m->by_classes_cap && !grow_by_classes(m)) {
        fail(m);
        return NULL;
    }
    place = axis_pair_find(m->by_classes, m->by_classes_cap, classes);
    if (place->classes == classes)
        return &m->domains[place->atom];
    grown = pl_grow(m->domains, &m->domains_cap, m->ndomains, sizeof(*grown));
    if (grown == NULL) {
        fail(m);
        return NULL;
    }
    m->domains = grown;
    m->domains[m->ndomains] = (struct domain_class){.classes = classes};
    *place = (struct axis_pair){classes, (uint32_t)m->ndomains};
    return &m->domains[m->ndomains++];
}

static void keep_domain(struct mail *m, struct pl_str name)
{
    struct domain_class *d = find_domain_class(m, axis_classes(m->b->s, PL_NAMES_DOMAINS, name));

    if (d == NULL || d->count == NAMES_KEPT)
        return;
    d->names[d->count] = pl_arena_copy(m->scratch, name);
    if (d->names[d->count].p == NULL)
        fail(m);
    else
        d->count++;
}

/* Below a parent there are names without end: one that is in no address either stands for these. */
static void keep_free(struct mail *m, struct pl_str parent)
{
    char room[PL_DOMAIN_MAX + 64];
    struct pl_str name = {room, 0};
    struct domain_class *d;

    if (parent.n + sizeof(AXIS_NOBODY) - 1 > PL_DOMAIN_MAX)
        return;
    name.n = (size_t)snprintf(room, sizeof(room), AXIS_NOBODY "%.*s", (int)parent.n, parent.p);
    d = find_domain_class(m, axis_classes(m->b->s, PL_NAMES_DOMAINS, name));
    if (d == NULL || d->free.n > 0)
        return;
    d->free = pl_arena_copy(m->scratch, name);
    if (d->free.p == NULL)
        fail(m);
}

static bool see_domain(struct pl_str key, struct mail *m)
{
    char room[PL_DOMAIN_MAX + 64];
    struct pl_str name = key;

    if (key.p[0] == '.')
        name = axis_child(m->b->s, key, room, sizeof(room));
    if (name.n > 0)
        keep_domain(m, name);
    return !m->b->failed;
}

/* Of one policy a few names of each class are enough; of two it is pairs of classes that count. */
static void see_domains(struct mail *m)
{
    const struct pl_space *s = m->b->s;
    size_t n = s->policy[0]->compiled->names[PL_NAMES_DOMAINS].classes.count * NAMES_KEPT;
    const struct axis_keys_wanted some = {PL_NAMES_DOMAINS, NAMES_KEPT, pl_str_cmp, false},
                                  parents = {PL_NAMES_DOMAINS, 1, axis_order, true};
    struct pl_str *keys = s->nparts == 1 ? axis_first_keys(s, PL_NAMES_DOMAINS, NAMES_KEPT)
                                         : axis_pair_keys(s, &some, &n);

    if (keys == NULL) {
        fail(m);
        return;
    }
    qsort(keys, n, sizeof(*keys), compare);
    for (size_t i = 0; i < n; i++) {
        if (keys[i].n > 0 && !see_domain(keys[i], m))
            break;
    }
    free(keys);
    n = s->policy[0]->compiled->names[PL_NAMES_DOMAINS].classes.count;
    keys = s->nparts == 1 ? axis_first_parents(s) : axis_pair_keys(s, &parents, &n);
    if (keys == NULL)
        fail(m);
    for (size_t i = 0; i < n && keys != NULL && !m->b->failed; i++) {
        if (keys[i].n > 0 && keys[i].p[0] == '.')
            keep_free(m, keys[i]);
    }
    free(keys);
}

static void collect_domains(struct mail *m)
{
    static const char *const foreign[] = {"foreign.example", "elsewhere.example",
                                          AXIS_NOBODY "." AXIS_NOBODY};

    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        keep_domain(m, pl_str_of(foreign[i]));
    keep_free(m, pl_str_lit("." AXIS_NOBODY));
    see_domains(m);
}

/* ---- local parts ---- */

static struct pl_str strip(const struct mail *m, size_t part, struct pl_str local)
{
    return pl_mailaddr_strip_extension(local, m->b->s->policy[part]->delimiters);
}

static uint64_t classes_of_local(const struct mail *m, struct pl_str local)
{
    char room[PL_MAILADDR_MAX];
    size_t n = pl_mailaddr_key(room, local, (struct pl_str){NULL, 0});

    return n == 0 ? 0 : axis_classes(m->b->s, PL_NAMES_ADDRESSES, (struct pl_str){room, n});
}

static void keep_kind(struct mail *m, struct pl_str local)
{
    uint64_t classes[3] = {classes_of_local(m, local), 0, 0};
    struct local_kind *k = NULL, *grown;
    struct pl_str *locals;

    for (size_t part = 0; part < m->b->s->nparts; part++)
        classes[1 + part] = classes_of_local(m, strip(m, part, local));
    for (size_t i = 0; i < m->nkinds && k == NULL; i++) {
        if (memcmp(m->kinds[i].classes, classes, sizeof(classes)) == 0)
            k = &m->kinds[i];
    }
    if (k == NULL) {
        grown = pl_grow(m->kinds, &m->kinds_cap, m->nkinds, sizeof(*grown));
        if (grown == NULL) {
            fail(m);
            return;
        }
        m->kinds = grown;
        k = &m->kinds[m->nkinds++];
        memset(k, 0, sizeof(*k));
        memcpy(k->classes, classes, sizeof(classes));
    }
    locals = pl_grow(k->locals, &k->cap, k->count, sizeof(*locals));
    if (locals == NULL) {
        fail(m);
        return;
    }
    k->locals = locals;
    k->locals[k->count++] = local;
}

static bool keep_text(struct mail *m, struct pl_str **list, size_t *n, size_t *cap,
                      struct pl_str text)
{
    struct pl_str *grown = pl_grow(*list, cap, *n, sizeof(*grown));

    if (grown != NULL)
        *list = grown;
    if (grown != NULL)
        text = pl_arena_copy(m->scratch, text);
    if (grown == NULL || text.p == NULL) {
        fail(m);
        return false;
    }
    (*list)[(*n)++] = text;
    return true;
}

static bool see_address(struct pl_str key, uint32_t class, void *arg)
{
    struct mail *m = arg;

    (void)class;
    if (key.p[key.n - 1] == '@')
        return keep_text(m, &m->locals, &m->nlocals, &m->locals_cap,
                         (struct pl_str){key.p, key.n - 1});
    return keep_text(m, &m->pair_keys, &m->npairs, &m->pairs_cap, key);
}

/* Where policies cut extensions differently, a local part with one is seen differently too. */
static void extend_locals(struct mail *m)
{
    struct pl_str cut[2] = {m->b->s->policy[0]->delimiters, m->b->s->nparts == 2
                                                                ? m->b->s->policy[1]->delimiters
                                                                : m->b->s->policy[0]->delimiters};
    size_t nlocals = m->nlocals, npairs = m->npairs;
    char room[PL_MAILADDR_MAX + 16];

    if (pl_str_eq(cut[0], cut[1]))
        return;
    for (size_t part = 0; part < 2; part++) {
        for (size_t c = 0; c < cut[part].n; c++) {
            for (size_t i = 0; i < nlocals && !m->b->failed; i++) {
                int n = snprintf(room, sizeof(room), "%.*s%cx7q2", (int)m->locals[i].n,
                                 m->locals[i].p, cut[part].p[c]);

                keep_text(m, &m->locals, &m->nlocals, &m->locals_cap,
                          (struct pl_str){room, (size_t)n});
            }
            for (size_t i = 0; i < npairs && !m->b->failed; i++) {
                size_t at = pl_str_rfind(m->pair_keys[i], '@');
                int n =
                    snprintf(room, sizeof(room), "%.*s%cx7q2%.*s", (int)at, m->pair_keys[i].p,
                             cut[part].p[c], (int)(m->pair_keys[i].n - at), m->pair_keys[i].p + at);

                axis_offer(m->b, (struct pl_str){room, (size_t)n}, 0);
            }
        }
    }
}

static void collect_addresses(struct mail *m)
{
    for (size_t part = 0; part < m->b->s->nparts && !m->b->failed; part++)
        pl_name_index_each(&m->b->s->policy[part]->compiled->names[PL_NAMES_ADDRESSES], see_address,
                           m);
    if (m->npairs > 0)
        qsort(m->pair_keys, m->npairs, sizeof(*m->pair_keys), compare);
    if (m->nlocals > 0)
        qsort(m->locals, m->nlocals, sizeof(*m->locals), compare);
    extend_locals(m);
    for (size_t i = 0; i < m->nlocals && !m->b->failed; i++)
        keep_kind(m, m->locals[i]);
}

/* ---- combinations ---- */

static bool is_pair(const struct mail *m, struct pl_str local, struct pl_str domain)
{
    char room[PL_MAILADDR_MAX];
    struct pl_str key = {room, pl_mailaddr_key(room, local, domain)};

    return key.n > 0 && m->npairs > 0 &&
           bsearch(&key, m->pair_keys, m->npairs, sizeof(key), compare) != NULL;
}

/* Whether some list names the two together, the local part with its extension or without. */
static bool is_named(struct mail *m, struct pl_str local, struct pl_str domain)
{
    bool named = is_pair(m, local, domain);

    for (size_t part = 0; part < m->b->s->nparts && !named; part++)
        named = is_pair(m, strip(m, part, local), domain);
    if (++m->tries > TRIES_MAX)
        m->b->too_large = true;
    return named;
}

struct search {
    struct mail *m;
    uint64_t classes;
    struct pl_str local;
    bool found;
};

static bool try_name(struct pl_str key, uint32_t class, void *arg)
{
    struct search *s = arg;
    const struct pl_space *space = s->m->b->s;
    char room[PL_DOMAIN_MAX + 64];
    struct pl_str name = key.p[0] == '.' ? axis_child(space, key, room, sizeof(room)) : key;

    (void)class;
    if (++s->m->tries > TRIES_MAX)
        s->m->b->too_large = true;
    if (name.n > 0 && axis_classes(space, PL_NAMES_DOMAINS, name) == s->classes &&
        !is_named(s->m, s->local, name)) {
        offer(s->m, s->local, name);
        s->found = true;
    }
    return !s->found && !axis_is_stopped(s->m->b);
}

/* A local part of the kind at a domain of the class, if there are two that no list names together. */
static void combine(struct mail *m, const struct local_kind *k, const struct domain_class *d)
{
    struct search search = {.m = m, .classes = d->classes};

    for (size_t l = 0; l < k->count && !axis_is_stopped(m->b); l++) {
        if (l == LOCALS_TRIED && d->free.n > 0)
            break;
        for (size_t i = 0; i < d->count; i++) {
            if (!is_named(m, k->locals[l], d->names[i])) {
                offer(m, k->locals[l], d->names[i]);
                return;
            }
        }
    }
    if (d->free.n > 0) { /* else its names are all in lists: each of them is tried */
        offer(m, k->locals[0], d->free);
        return;
    }
    for (size_t l = 0; l < k->count && !search.found && !axis_is_stopped(m->b); l++) {
        search.local = k->locals[l];
        for (size_t part = 0; part < m->b->s->nparts && !search.found; part++)
            pl_name_index_each(&m->b->s->policy[part]->compiled->names[PL_NAMES_DOMAINS], try_name,
                               &search);
    }
}

/* The first of pair_keys that is not before text. */
static size_t first_pair(const struct mail *m, struct pl_str text)
{
    size_t low = 0, high = m->npairs;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (pl_str_cmp(m->pair_keys[mid], text) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* "a+b@" named, and "a@domain": then "a+b@domain" is held by both. */
static void offer_extended(struct mail *m, struct pl_str local)
{
    char room[PL_MAILADDR_MAX];

    for (size_t part = 0; part < m->b->s->nparts; part++) {
        struct pl_str base = strip(m, part, local),
                      at = {room, pl_mailaddr_key(room, base, (struct pl_str){NULL, 0})};

        if (base.n == local.n || at.n == 0)
            continue;
        for (size_t i = first_pair(m, at); i < m->npairs && !axis_is_stopped(m->b); i++) {
            if (!pl_str_has_prefix(m->pair_keys[i], at))
                break;
            if (pl_str_rfind(m->pair_keys[i], '@') + 1 == at.n)
                offer(m, local, pl_str_from(m->pair_keys[i], at.n));
        }
    }
}

/* ---- all ---- */

static struct pl_str ours(const struct mail *m)
{
    struct pl_str name = pl_str_lit("example.org");

    for (size_t i = 0; i < m->ndomains; i++) {
        if (m->domains[i].classes != 0 && m->domains[i].count > 0 &&
            m->domains[i].names[0].p[0] != '[')
            return m->domains[i].names[0];
    }
    return name;
}

static void offer_forms(struct mail *m, struct pl_str local, struct pl_str other)
{
    char room[PL_DOMAIN_MAX + 64];
    int n;

    axis_offer(m->b, local, 0); /* bare */
    axis_offer(m->b, other, 0);
    n = snprintf(room, sizeof(room), "%.*s%%foreign.example@%.*s", (int)local.n, local.p,
                 (int)ours(m).n, ours(m).p);
    axis_offer(m->b, (struct pl_str){room, (size_t)n}, 0); /* routed */
    offer(m, local, pl_str_lit("not..a.domain"));          /* unparsable */
    offer(m, other, pl_str_lit("not..a.domain"));
}

static void offer_all(struct mail *m)
{
    struct pl_str local =
                      m->b->attr == PL_ATTR_SENDER ? pl_str_lit("sender") : pl_str_lit("someone"),
                  other = pl_str_lit(AXIS_NOBODY);

    for (size_t i = 0; i < m->ndomains && !axis_is_stopped(m->b); i++) {
        for (size_t n = 0; n < m->domains[i].count; n++) {
            offer(m, local, m->domains[i].names[n]);
            offer(m, other, m->domains[i].names[n]);
        }
    }
    offer_forms(m, local, other);
    for (size_t i = 0; i < m->nkinds && !axis_is_stopped(m->b); i++) {
        for (size_t d = 0; d < m->ndomains && !axis_is_stopped(m->b); d++)
            combine(m, &m->kinds[i], &m->domains[d]);
        axis_offer(m->b, m->kinds[i].locals[0], 0);
        offer(m, m->kinds[i].locals[0], pl_str_lit("not..a.domain"));
    }
    for (size_t i = 0; i < m->npairs && !axis_is_stopped(m->b); i++)
        axis_offer(m->b, m->pair_keys[i], 0);
    for (size_t i = 0; i < m->nlocals && m->npairs > 0 && !axis_is_stopped(m->b); i++)
        offer_extended(m, m->locals[i]);
    axis_offer(m->b, (struct pl_str){"", 0}, 0);
}

/* Whether a list of this attribute names addresses at all; else local parts do not matter. */
static bool names_addresses(const struct axis_builder *b)
{
    bool any = false;

    for (size_t part = 0; part < b->s->nparts; part++) {
        if (b->dim[part] >= 0)
            any = any || b->s->policy[part]->compiled->dims[b->dim[part]].naddresses > 0;
    }
    return any;
}

void axis_mail(struct axis_builder *b)
{
    struct mail m = {.b = b};

    m.scratch = pl_arena_new();
    if (m.scratch == NULL)
        fail(&m);
    if (!b->failed)
        collect_domains(&m);
    if (!b->failed && names_addresses(b))
        collect_addresses(&m);
    if (!b->failed)
        offer_all(&m);
    for (size_t i = 0; i < m.nkinds; i++)
        free(m.kinds[i].locals);
    free(m.domains);
    free(m.by_classes);
    free(m.kinds);
    free(m.pair_keys);
    free(m.locals);
    pl_arena_free(m.scratch);
}
