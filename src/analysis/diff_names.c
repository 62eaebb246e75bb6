/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for atoms of recipients and logins. The lists' keys stand in the index of the compiled form,
 * also of a lean policy; each is put to both policies to find the atom that it belongs to.
 */
#include "diff_build.h"

#include "axis.h"

#include "postlatch/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- from a value to its atom ---- */

struct finder {
    struct diff_names *names;
    int dim[2];
    uint64_t *row;
    uint32_t *by_row; /* hashed; UINT32_MAX: empty */
    size_t cap;
    size_t part; /* whose keys are looked at */
    size_t tries;
    bool failed;
};

static size_t hash_of(const uint64_t *row, size_t n)
{
    uint64_t h = 1469598103934665603ULL;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ row[i]) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    return (size_t)h;
}

/* Atoms that plain values cannot be of: they have the rows of others, but not their labels. */
static bool is_plain(const struct pl_atom *atom)
{
    return (atom->labels & (PL_LABEL_ABSENT | PL_LABEL_ROUTED | PL_LABEL_BARE)) == 0;
}

static bool make_index(struct finder *f)
{
    const struct pl_axis *axis = f->names->axis;
    size_t nwords = f->names->s->nwords;

    f->cap = 64;
    while (f->cap < 2 * axis->natoms)
        f->cap *= 2;
    f->by_row = malloc(f->cap * sizeof(*f->by_row));
    f->row = malloc((nwords + 1) * sizeof(*f->row));
    if (f->by_row == NULL || f->row == NULL)
        return false;
    memset(f->by_row, 0xff, f->cap * sizeof(*f->by_row));
    for (uint32_t a = 0; a < axis->natoms; a++) {
        size_t i = hash_of(axis->atoms[a].row, nwords) & (f->cap - 1);

        if (!is_plain(&axis->atoms[a]))
            continue;
        while (f->by_row[i] != UINT32_MAX)
            i = (i + 1) & (f->cap - 1);
        f->by_row[i] = a;
    }
    return true;
}

/* The row of a value. */
static void ask_row(struct finder *f, struct pl_str value)
{
    const struct pl_space *s = f->names->s;
    struct pl_query q;

    memset(&q.attr, 0, sizeof(q.attr));
    q.attr[f->names->axis->attr] = value;
    for (size_t part = 0; part < 2; part++) {
        uint64_t *row = f->row + s->first_word[part];

        pl_query_begin(&q);
        if (f->dim[part] >= 0)
            pl_policy_row(s->policy[part], &q, (size_t)f->dim[part], row);
        else
            memset(row, 0xff, (s->policy[part]->nrules + 63) / 64 * sizeof(*row));
    }
    for (size_t w = 0; w < s->nwords; w++)
        f->row[w] &= s->live[w];
}

static bool has_row(const struct finder *f, size_t atom)
{
    return memcmp(f->names->axis->atoms[atom].row, f->row, f->names->s->nwords * sizeof(*f->row)) ==
           0;
}

/* The atom of a plain value, or natoms. */
static size_t find_atom(struct finder *f, struct pl_str value)
{
    size_t i;

    ask_row(f, value);
    i = hash_of(f->row, f->names->s->nwords) & (f->cap - 1);
    for (; f->by_row[i] != UINT32_MAX; i = (i + 1) & (f->cap - 1)) {
        if (has_row(f, f->by_row[i]))
            return f->by_row[i];
    }
    return f->names->axis->natoms;
}

/* The atom of recipients without a domain that no list names: "someone" may be in one. */
static size_t find_bare(struct finder *f)
{
    const struct pl_axis *axis = f->names->axis;
    size_t a = 0;

    ask_row(f, pl_str_lit(AXIS_NOBODY));
    while (a < axis->natoms && ((axis->atoms[a].labels & PL_LABEL_BARE) == 0 || !has_row(f, a)))
        a++;
    return a;
}

/* ---- keys ---- */

/* Keeps the first names in the order of bytes, so that they are the same each time. */
static bool add_name(struct diff_names *names, size_t atom, struct pl_str name)
{
    struct atom_names *a = &names->atoms[atom];
    size_t at = 0;

    while (at < a->kept && pl_str_cmp(a->name[at], name) < 0)
        at++;
    if (at == ATOM_NAMES || (at < a->kept && pl_str_eq(a->name[at], name)))
        return true;
    name = pl_arena_copy(names->arena, name);
    if (name.p == NULL)
        return false;
    if (a->kept < ATOM_NAMES)
        a->kept++;
    for (size_t i = a->kept - 1; i > at; i--)
        a->name[i] = a->name[i - 1];
    a->name[at] = name;
    return true;
}

/* A value that a key holds, in room; empty if there is none. */
static struct pl_str value_of(const struct finder *f, struct pl_str key, char *room, size_t size)
{
    const struct pl_axis *axis = f->names->axis;
    char child[PL_DOMAIN_MAX + 64];
    int n;

    if (axis->attr != PL_ATTR_RECIPIENT) {
        if (key.p[0] != '@')
            return key;
        n = snprintf(room, size, AXIS_NOBODY "%.*s", (int)key.n, key.p);
    } else if (pl_str_find(key, '@') < key.n) {
        return key.p[key.n - 1] == '@' ? (struct pl_str){"", 0} : key;
    } else {
        if (key.p[0] == '.')
            key = axis_child(f->names->s, key, child, sizeof(child));
        n = snprintf(room, size, AXIS_NOBODY "@%.*s", (int)key.n, key.p);
    }
    return n < 0 || (size_t)n >= size || key.n == 0 ? (struct pl_str){"", 0}
                                                    : (struct pl_str){room, (size_t)n};
}

static bool see_key(struct pl_str key, uint32_t class, void *arg)
{
    struct finder *f = arg;
    char room[PL_MAILADDR_MAX + PL_USER_MAX + 64];
    struct pl_str value = value_of(f, key, room, sizeof(room));
    size_t atom;

    (void)class;
    if (value.n == 0)
        return true;
    atom = find_atom(f, value);
    if (atom == f->names->axis->natoms || atom == f->names->nobody)
        return true;
    f->names->atoms[atom].count[f->part]++;
    f->failed = !add_name(f->names, atom, key);
    return !f->failed;
}

/* The domain that an atom is named by, or nothing. */
static struct pl_str domain_of(const struct atom_names *a)
{
    for (size_t i = 0; i < a->kept; i++) {
        if (a->name[i].p[0] != '.' && pl_str_find(a->name[i], '@') == a->name[i].n)
            return a->name[i];
    }
    return (struct pl_str){"", 0};
}

/* Look-ups of local parts at domains; what is beyond has an example for its name. */
enum { LOCAL_TRIES_MAX = 200000 };

static void name_local(struct finder *f, struct pl_str key, struct pl_str domain, size_t not_atom)
{
    char room[PL_MAILADDR_MAX + 64];
    int n = snprintf(room, sizeof(room), "%.*s%.*s", (int)key.n, key.p, (int)domain.n, domain.p);
    bool nowhere = not_atom == f->names->nobody;
    size_t atom;

    if (n < 0 || (size_t)n >= sizeof(room) || f->tries++ > LOCAL_TRIES_MAX)
        return;
    atom = find_atom(f, (struct pl_str){room, (size_t)n});
    if (atom == f->names->axis->natoms || atom == not_atom)
        return;
    f->names->atoms[atom].count[f->part]++;
    f->failed =
        f->failed || !add_name(f->names, atom, nowhere ? key : (struct pl_str){room, (size_t)n});
}

/* "user@" at a domain that is in no list, and at one of each kind that is: these may differ. */
static bool see_local(struct pl_str key, uint32_t class, void *arg)
{
    struct finder *f = arg;

    (void)class;
    if (key.p[key.n - 1] != '@')
        return true;
    name_local(f, key, pl_str_lit(AXIS_NOBODY "." AXIS_NOBODY), f->names->nobody);
    for (size_t a = 0; a < f->names->axis->natoms && !f->failed; a++) {
        struct pl_str domain = domain_of(&f->names->atoms[a]);

        if (domain.n > 0)
            name_local(f, key, domain, a);
    }
    return !f->failed;
}

static int find_dimension(const struct pl_policy *p, enum pl_attr attr)
{
    for (size_t d = 0; d < p->compiled->ndims; d++) {
        if (p->compiled->dims[d].attr == attr)
            return (int)d;
    }
    return -1;
}

bool diff_names_init(struct diff_names *names, const struct pl_space *s, enum pl_attr attr,
                     struct pl_arena *arena)
{
    static const enum pl_names mail[] = {PL_NAMES_DOMAINS, PL_NAMES_ADDRESSES},
                               users[] = {PL_NAMES_USERS};
    const enum pl_names *kinds = attr == PL_ATTR_RECIPIENT ? mail : users;
    size_t nkinds = attr == PL_ATTR_RECIPIENT ? 2 : 1;
    struct finder f = {.names = names};

    *names = (struct diff_names){.s = s, .axis = s->axis_of[attr], .arena = arena};
    if (names->axis == NULL)
        return true;
    names->atoms = pl_arena_array(arena, names->axis->natoms, sizeof(*names->atoms));
    f.failed = names->atoms == NULL || !make_index(&f);
    for (size_t part = 0; part < 2; part++)
        f.dim[part] = find_dimension(s->policy[part], attr);
    if (!f.failed)
        names->nobody = find_atom(&f, attr == PL_ATTR_RECIPIENT
                                          ? pl_str_lit(AXIS_NOBODY "@" AXIS_NOBODY "." AXIS_NOBODY)
                                          : pl_str_lit(AXIS_NOBODY));
    if (!f.failed)
        names->bare = find_bare(&f);
    for (; f.part < 2 && !f.failed; f.part++) {
        for (size_t i = 0; i < nkinds && !f.failed; i++)
            pl_name_index_each(&s->policy[f.part]->compiled->names[kinds[i]], see_key, &f);
    }
    for (f.part = 0; f.part < 2 && !f.failed && attr == PL_ATTR_RECIPIENT; f.part++)
        pl_name_index_each(&s->policy[f.part]->compiled->names[PL_NAMES_ADDRESSES], see_local, &f);
    free(f.by_row);
    free(f.row);
    return !f.failed;
}

/* ---- order ---- */

struct pl_str diff_names_first(const struct diff_names *names, size_t atom)
{
    return names->atoms[atom].kept > 0 ? names->atoms[atom].name[0]
                                       : names->axis->atoms[atom].value;
}

static unsigned rank(const struct diff_names *names, uint32_t atom)
{
    bool absent = (names->axis->atoms[atom].labels & PL_LABEL_ABSENT) != 0;

    if (absent)
        return names->axis->attr == PL_ATTR_RECIPIENT ? 4 : 0;
    return atom == names->nobody ? 1 : names->atoms[atom].kept > 0 ? 2 : 3;
}

uint32_t diff_names_best(const struct diff_names *names, const uint32_t *atoms, size_t n)
{
    uint32_t best = atoms[0];

    for (size_t i = 1; i < n; i++) {
        unsigned x = rank(names, atoms[i]), y = rank(names, best);

        if (x < y || (x == y && pl_str_cmp(diff_names_first(names, atoms[i]),
                                           diff_names_first(names, best)) < 0))
            best = atoms[i];
    }
    return best;
}

/* ---- words ---- */

struct wording {
    const struct diff_names *names;
    bool *left; /* of each atom: chosen, and no word yet */
    bool *chosen;
    struct pl_str *words; /* malloc'ed */
    size_t n, cap;
    bool failed;
};

static void add_word(struct wording *x, const char *sign, struct pl_str text)
{
    struct pl_str *grown, word;
    struct pl_buf b = {0};

    pl_buf_add(&b, pl_str_of(sign));
    pl_buf_add(&b, text);
    for (size_t i = 0; i < x->n && !b.failed; i++) {
        if (pl_str_eq(x->words[i], pl_buf_str(&b))) {
            pl_buf_fini(&b);
            return;
        }
    }
    word = pl_arena_copy(x->names->arena, pl_buf_str(&b));
    grown = pl_grow(x->words, &x->cap, x->n, sizeof(*grown));
    if (grown != NULL)
        x->words = grown;
    if (b.failed || word.p == NULL || grown == NULL)
        x->failed = true;
    else
        x->words[x->n++] = word;
    pl_buf_fini(&b);
}

static void add_atom(struct wording *x, const char *sign, size_t atom)
{
    const struct pl_atom *a = &x->names->axis->atoms[atom];
    const struct atom_names *n = &x->names->atoms[atom];
    size_t count = n->count[0] > n->count[1] ? n->count[0] : n->count[1];
    bool mail = x->names->axis->attr == PL_ATTR_RECIPIENT;
    char text[PL_MAILADDR_MAX + PL_USER_MAX + 32];

    if ((a->labels & PL_LABEL_ABSENT) != 0) {
        add_word(x, sign, mail ? pl_str_lit("no recipient") : pl_str_lit("none"));
    } else if ((a->labels & PL_LABEL_ROUTED) != 0) {
        add_word(x, sign, pl_str_lit("routed"));
    } else if (mail && atom == x->names->bare) {
        add_word(x, sign, pl_str_lit("without domain"));
    } else if (atom == x->names->nobody) {
        add_word(x, sign, mail ? pl_str_lit("others") : pl_str_lit("other logins"));
    } else if (n->kept == 0) {
        snprintf(text, sizeof(text), "as %.*s", (int)a->value.n, a->value.p);
        add_word(x, sign, pl_str_of(text));
    } else {
        for (size_t i = 0; i < n->kept; i++)
            add_word(x, sign, n->name[i]);
        if (count > n->kept) {
            snprintf(text, sizeof(text), "and %zu more like %s", count - n->kept, n->name[0].p);
            add_word(x, "", pl_str_of(text));
        }
    }
}

/* Words that hold many atoms: those with all of the labels; of a mail address for both policies. */
struct word {
    const char *text;
    unsigned labels;
    bool absent; /* holds what is absent too */
};
enum { EXCEPTIONS_MAX = 4 };

static bool has(const struct pl_atom *atom, const struct word *word)
{
    return (word->absent || (atom->labels & PL_LABEL_ABSENT) == 0) &&
           (atom->labels & word->labels) == word->labels;
}

/* "and 3 more like …" stands behind the names. */
static int compare_words(const void *a, const void *b)
{
    bool x = pl_str_has_prefix(*(const struct pl_str *)a, pl_str_lit("and ")),
         y = pl_str_has_prefix(*(const struct pl_str *)b, pl_str_lit("and "));

    if (x != y)
        return x ? 1 : -1;
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

static void sort_words(struct wording *x, size_t from)
{
    if (x->n > from)
        qsort(x->words + from, x->n - from, sizeof(*x->words), compare_words);
}

/* "foreign", and "!routed" if few of them are not meant. */
static void try_word(struct wording *x, const struct word *word, size_t exceptions)
{
    const struct pl_axis *axis = x->names->axis;
    size_t news = 0, inside = 0, missing = 0, from;
    bool nobody = false;

    for (size_t a = 0; a < axis->natoms; a++) {
        if (!has(&axis->atoms[a], word))
            continue;
        news += x->left[a];
        inside += x->chosen[a];
        missing += !x->chosen[a];
        nobody = nobody || (x->chosen[a] && a == x->names->nobody);
    }
    if (news == 0 || missing > exceptions || (missing > 0 && !nobody && inside <= 2 * missing))
        return;
    add_word(x, "", pl_str_of(word->text));
    from = x->n;
    for (size_t a = 0; a < axis->natoms; a++) {
        if (!has(&axis->atoms[a], word))
            continue;
        if (!x->chosen[a])
            add_atom(x, "!", a);
        x->left[a] = false;
    }
    sort_words(x, from);
}

static void find_words(struct wording *x)
{
    static const struct word mail[] = {{"any", 0, false},
                                       {"ours", PL_LABEL_OURS | PL_LABEL_OURS_2, false},
                                       {"foreign", PL_LABEL_FOREIGN | PL_LABEL_FOREIGN_2, false},
                                       {"routed", PL_LABEL_ROUTED, false}},
                             users[] = {{"any", 0, false}, {"any or none", 0, true}};
    const struct word *words = x->names->axis->attr == PL_ATTR_RECIPIENT ? mail : users;
    size_t n = words == mail ? 3 : 1, from; /* exactly; then with exceptions */
    bool none = false;

    for (size_t a = 0; a < x->names->axis->natoms; a++)
        none = none || (x->chosen[a] && (x->names->axis->atoms[a].labels & PL_LABEL_ABSENT) != 0);
    for (size_t i = 0; i < n; i++)
        try_word(x, &words[i], 0);
    if (words == mail) {
        try_word(x, &mail[2], EXCEPTIONS_MAX);
        try_word(x, &mail[1], EXCEPTIONS_MAX);
        try_word(x, &mail[3], 0);
    } else {
        try_word(x, &users[none ? 1 : 0], EXCEPTIONS_MAX);
    }
    from = x->n;
    for (size_t a = 0; a < x->names->axis->natoms && !x->failed; a++) {
        if (x->left[a])
            add_atom(x, "", a);
    }
    sort_words(x, from);
}

bool diff_names_list(const struct diff_names *names, const uint32_t *chosen, size_t nchosen,
                     struct pl_str **words, size_t *n)
{
    struct wording x = {.names = names};
    size_t natoms = names->axis->natoms;

    x.left = calloc(natoms, sizeof(*x.left));
    x.chosen = calloc(natoms, sizeof(*x.chosen));
    x.failed = x.left == NULL || x.chosen == NULL;
    for (size_t i = 0; i < nchosen && !x.failed; i++)
        x.left[chosen[i]] = x.chosen[chosen[i]] = true;
    if (!x.failed)
        find_words(&x);
    *n = x.n;
    *words = x.failed ? NULL : pl_arena_array(names->arena, x.n, sizeof(**words));
    if (*words != NULL && x.n > 0)
        memcpy(*words, x.words, x.n * sizeof(**words));
    free(x.words);
    free(x.left);
    free(x.chosen);
    return *words != NULL;
}
