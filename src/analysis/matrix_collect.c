/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classes of rows and of columns. For each family of rows a walk tells, for each atom of what the
 * rows vary and each atom of recipients, which rules can decide; atoms with the same answers everywhere
 * are one class. Equal answers have equal numbers, so this is sorting vectors of numbers.
 */
#include "matrix_build.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <stdlib.h>
#include <string.h>

/* What tells clients apart, beside their address: a client with nothing to show has none of it. */
static const enum pl_attr identity[] = {
    PL_ATTR_CLIENT_NAME,    PL_ATTR_SERVER_ADDRESS,    PL_ATTR_SERVER_PORT,
    PL_ATTR_POLICY_CONTEXT, PL_ATTR_CCERT_FINGERPRINT, PL_ATTR_CCERT_PUBKEY_FINGERPRINT,
    PL_ATTR_CCERT_SUBJECT,
};
enum { IDENTITIES = sizeof(identity) / sizeof(identity[0]) };

/* The rows that are looked for. The order of a page. */
static const struct {
    enum pl_row_kind kind;
    enum pl_attr attr;
} kinds[] = {
    {PL_ROW_NETWORK, PL_ATTR_CLIENT_ADDRESS},
    {PL_ROW_NAME, PL_ATTR_CLIENT_NAME},
    {PL_ROW_PLACE, PL_ATTR_SERVER_ADDRESS},
    {PL_ROW_PLACE, PL_ATTR_SERVER_PORT},
    {PL_ROW_PLACE, PL_ATTR_POLICY_CONTEXT},
    {PL_ROW_LOGIN, PL_ATTR_SASL_USERNAME},
    {PL_ROW_CERTIFICATE, PL_ATTR_CCERT_FINGERPRINT},
    {PL_ROW_CERTIFICATE, PL_ATTR_CCERT_PUBKEY_FINGERPRINT},
    {PL_ROW_CERTIFICATE, PL_ATTR_CCERT_SUBJECT},
};

/* ---- families ---- */

static bool is_place(enum pl_attr attr)
{
    return attr == PL_ATTR_SERVER_ADDRESS || attr == PL_ATTR_SERVER_PORT ||
           attr == PL_ATTR_POLICY_CONTEXT;
}

/* allowed[attr] = only these atoms. */
static void allow(struct build *b, struct pl_region *r, enum pl_attr attr, const uint32_t *atoms,
                  size_t n)
{
    const struct pl_axis *axis = b->s->axis_of[attr];
    bool *allowed;

    if (axis == NULL)
        return;
    allowed = pl_arena_array(b->arena, axis->natoms, sizeof(*allowed));
    if (allowed == NULL) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (atoms[i] != PL_NO_ATOM)
            allowed[atoms[i]] = true;
    }
    r->allowed[attr] = allowed;
}

static void add_walks(struct build *b, struct family *f)
{
    struct pl_region near = {.no_login = f->kind != PL_ROW_LOGIN}, far;

    allow(b, &near, PL_ATTR_PROTOCOL_STATE, b->plain[PL_ATTR_PROTOCOL_STATE], 1);
    if (f->kind != PL_ROW_LISTENER)
        near.first[near.nfirst++] = f->attr;
    near.first[near.nfirst++] = PL_ATTR_RECIPIENT;
    for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
        if (f->pinned[i] != PL_NO_ATOM)
            allow(b, &near, (enum pl_attr)i, &f->pinned[i], 1);
    }
    far = near;
    for (size_t i = 0; i < IDENTITIES; i++) {
        if ((f->kind == PL_ROW_LISTENER || identity[i] != f->attr) &&
            f->pinned[identity[i]] == PL_NO_ATOM)
            allow(b, &near, identity[i], b->plain[identity[i]], 2);
    }
    if (f->attr != PL_ATTR_CLIENT_ADDRESS) {
        allow(b, &near, PL_ATTR_CLIENT_ADDRESS, &b->everybody, 1);
        f->far = pl_walk_new(b->s, &far);
    }
    f->near = pl_walk_new(b->s, &near);
    if (f->near == NULL || (f->far == NULL && f->attr != PL_ATTR_CLIENT_ADDRESS))
        b->failed = true;
}

static struct family *add_family(struct build *b, enum pl_row_kind kind, enum pl_attr attr)
{
    struct family *f = pl_arena_alloc(b->arena, sizeof(*f));
    struct family **end = &b->families;

    if (f == NULL) {
        b->failed = true;
        return NULL;
    }
    f->kind = kind;
    f->attr = attr;
    for (size_t i = 0; i < PL_ATTR_COUNT; i++)
        f->pinned[i] = PL_NO_ATOM;
    while (*end != NULL)
        end = &(*end)->next;
    *end = f;
    return f;
}

size_t matrix_go(const struct build *b, struct family *f, struct pl_walk *w, uint32_t atom,
                 uint32_t rcpt)
{
    size_t steps = 0;

    (void)f;
    pl_walk_root(w);
    if (atom != PL_NO_ATOM) {
        pl_assert(pl_walk_axis(w) == b->s->axis_of[f->attr]);
        if (!pl_walk_choose(w, atom))
            return 0;
        steps++;
    }
    if (rcpt != PL_NO_ATOM) {
        pl_assert(pl_walk_axis(w) == b->s->axis_of[PL_ATTR_RECIPIENT]);
        if (!pl_walk_choose(w, rcpt)) {
            if (steps > 0)
                pl_walk_back(w);
            return 0;
        }
        steps++;
    }
    return steps;
}

/* Whether a rule that needs something else as well counts for the row: for its own attribute's sake. */
static bool asks(const struct build *b, const struct family *f, uint32_t bit)
{
    size_t part;

    if (f->kind == PL_ROW_LISTENER) {
        for (size_t i = 0; i < PL_ATTR_COUNT; i++) {
            if (f->pinned[i] != PL_NO_ATOM &&
                (b->s->axis_of[i]->asked[bit / 64] >> bit % 64 & 1) != 0)
                return true;
        }
        return false;
    }
    if (f->kind == PL_ROW_PLACE && pl_space_rule(b->s, bit, &part)->builtin)
        return false; /* builtin:listener: each member of relay_listeners has its row */
    return (b->s->axis_of[f->attr]->asked[bit / 64] >> bit % 64 & 1) != 0;
}

/* The sets of one atom of a family, for each recipient. */
static void collect_row(struct build *b, struct family *f, uint32_t atom, uint32_t *sets,
                        uint32_t *bits)
{
    for (size_t r = 0; r < b->nrcpts && !b->failed; r++) {
        size_t n = 0;

        for (size_t far = 0; far < 2; far++) {
            struct pl_walk *w = far ? f->far : f->near;
            const struct pl_outcome *outcomes;
            size_t found, steps;

            if (w == NULL)
                continue;
            steps = matrix_go(b, f, w, atom, b->rcpts[r]);
            if (steps == 0)
                continue;
            pl_walk_collect(w, &outcomes, &found);
            for (size_t i = 0; i < found; i++) {
                bool known = false;

                for (size_t k = 0; k < n; k++)
                    known |= bits[k] == outcomes[i].bit[0];
                if (!known && (!far || f->all_of_far || asks(b, f, outcomes[i].bit[0])))
                    bits[n++] = outcomes[i].bit[0];
            }
            while (steps-- > 0)
                pl_walk_back(w);
            if (b->gave_up == NULL)
                b->gave_up = pl_walk_gave_up(w);
        }
        sets[r] = matrix_set(b, bits, n);
    }
}

static void add_row(struct build *b, struct family *f, uint32_t *atoms, size_t n, uint32_t *sets)
{
    struct row_class *rows = pl_grow(b->rows, &b->rows_cap, b->nrows, sizeof(*rows));

    if (rows == NULL) {
        b->failed = true;
        return;
    }
    b->rows = rows;
    rows[b->nrows++] = (struct row_class){.family = f,
                                          .natoms = n,
                                          .atoms = atoms,
                                          .sets = sets,
                                          .outside = matrix_is_outside(b, f, atoms[0])};
}

/* An atom while classes are made, with what must be equal in a class. */
struct line {
    uint32_t atom;
    unsigned labels;
    const uint32_t *sets;
    size_t nsets;
};

static int compare_lines(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    int by_sets = memcmp(a->sets, b->sets, a->nsets * sizeof(*a->sets));

    return a->labels != b->labels ? (a->labels > b->labels ? 1 : -1) : by_sets;
}

static int compare_atoms(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    int order = compare_lines(x, y);

    return order != 0 ? order : (a->atom > b->atom) - (a->atom < b->atom);
}

/* Rows that say no more than what a client with nothing to show gets are left out. */
static bool is_plain_row(const struct build *b, const struct family *f, const struct line *lines,
                         size_t n, const uint32_t *plain)
{
    if (f->kind == PL_ROW_NETWORK || f->kind == PL_ROW_LOGIN)
        return false;
    if (plain != NULL && memcmp(plain, lines[0].sets, b->nrcpts * sizeof(*plain)) == 0)
        return true;
    for (size_t i = 0; i < n; i++) { /* nor those that are there as a member of relay_listeners */
        for (size_t r = 0; r < b->nrows && is_place(f->attr); r++) {
            if (b->rows[r].family->kind == PL_ROW_LISTENER &&
                b->rows[r].family->pinned[f->attr] == lines[i].atom &&
                memcmp(b->rows[r].sets, lines[i].sets, b->nrcpts * sizeof(*plain)) == 0)
                return true;
        }
    }
    return false;
}

static void group_rows(struct build *b, struct family *f, struct line *lines, size_t n)
{
    const uint32_t *plain = NULL;

    for (size_t i = 0; i < n; i++) {
        if (lines[i].atom == b->plain[f->attr][0])
            plain = lines[i].sets;
    }
    qsort(lines, n, sizeof(*lines), compare_atoms);
    for (size_t i = 0, end; i < n && !b->failed; i = end) {
        uint32_t *atoms, *sets;

        for (end = i + 1; end < n && compare_lines(&lines[i], &lines[end]) == 0; end++)
            ;
        if (is_plain_row(b, f, &lines[i], end - i, plain))
            continue;
        atoms = pl_arena_array(b->arena, end - i, sizeof(*atoms));
        sets = pl_arena_array(b->arena, b->nrcpts, sizeof(*sets));
        if (atoms == NULL || sets == NULL) {
            b->failed = true;
            return;
        }
        for (size_t k = i; k < end; k++)
            atoms[k - i] = lines[k].atom;
        memcpy(sets, lines[i].sets, b->nrcpts * sizeof(*sets));
        add_row(b, f, atoms, end - i, sets);
    }
}

/* Whether the question is about this atom of a family; all if it names none. */
static bool is_asked(struct build *b, const struct family *f, uint32_t atom)
{
    const struct pl_matrix_question *q = b->question;

    if (f->kind == PL_ROW_NETWORK && q->client.n > 0)
        return atom == PL_NO_ATOM ||
               atom == atom_find(&b->finder, PL_ATTR_CLIENT_ADDRESS, q->client, &b->failed);
    if (f->kind == PL_ROW_LOGIN && q->login.n > 0)
        return atom == PL_NO_ATOM ||
               atom == atom_find(&b->finder, PL_ATTR_SASL_USERNAME, q->login, &b->failed);
    return q->client.n == 0 && q->login.n == 0;
}

static void collect_family(struct build *b, struct family *f)
{
    const struct pl_axis *axis = f->kind == PL_ROW_LISTENER ? NULL : b->s->axis_of[f->attr];
    size_t natoms = axis == NULL ? 1 : axis->natoms, n = 0;
    uint32_t *sets = calloc(natoms * b->nrcpts, sizeof(*sets));
    uint32_t *bits = calloc(b->s->nwords * 64 + 1, sizeof(*bits));
    struct line *lines = calloc(natoms, sizeof(*lines));

    if (sets == NULL || bits == NULL || lines == NULL)
        b->failed = true;
    for (size_t i = 0; i < natoms && !b->failed && b->gave_up == NULL; i++) {
        struct line *l = &lines[n];
        unsigned labels = axis == NULL ? 0 : axis->atoms[i].labels;

        if ((labels & PL_LABEL_ABSENT) != 0 && f->kind == PL_ROW_LOGIN)
            continue; /* all other rows are about clients without login */
        l->atom = axis == NULL ? PL_NO_ATOM : (uint32_t)i;
        if (!is_asked(b, f, l->atom))
            continue;
        /* A client whose address is unknown has no list; it is no class of its own. */
        l->labels = f->kind == PL_ROW_NETWORK ? labels & ~(unsigned)PL_LABEL_ABSENT
                                              : matrix_is_outside(b, f, l->atom);
        l->sets = &sets[n * b->nrcpts];
        l->nsets = b->nrcpts;
        collect_row(b, f, l->atom, &sets[n * b->nrcpts], bits);
        n++;
    }
    if (!b->failed && b->gave_up == NULL)
        group_rows(b, f, lines, n);
    free(lines);
    free(bits);
    free(sets);
}

/* ---- what is asked ---- */

static void collect_listeners(struct build *b)
{
    const struct pl_matrix_question *q = b->question;

    if (q->client.n > 0 || q->login.n > 0)
        return;
    for (size_t i = 0; i < b->p->nlisteners && !b->failed; i++) {
        const struct pl_listener *l = &b->p->listeners[i];
        struct family *f = add_family(b, PL_ROW_LISTENER, PL_ATTR_SERVER_ADDRESS);
        char addr[PL_ADDR_TEXT], port[8];

        if (f == NULL)
            return;
        f->listener = l;
        if (l->server.family != 0)
            f->pinned[PL_ATTR_SERVER_ADDRESS] =
                atom_find(&b->finder, PL_ATTR_SERVER_ADDRESS,
                          pl_str_of(pl_addr_format(addr, &l->server)), &b->failed);
        if (l->port != 0) {
            size_t n = sizeof(port);

            for (unsigned rest = l->port; rest > 0; rest /= 10)
                port[--n] = (char)('0' + rest % 10);
            f->pinned[PL_ATTR_SERVER_PORT] =
                atom_find(&b->finder, PL_ATTR_SERVER_PORT,
                          (struct pl_str){port + n, sizeof(port) - n}, &b->failed);
        }
        if (l->context.n > 0)
            f->pinned[PL_ATTR_POLICY_CONTEXT] =
                atom_find(&b->finder, PL_ATTR_POLICY_CONTEXT, l->context, &b->failed);
        add_walks(b, f);
        if (!b->failed)
            collect_family(b, f);
    }
}

static void collect_recipients(struct build *b)
{
    const struct pl_axis *axis = b->s->axis_of[PL_ATTR_RECIPIENT];

    b->rcpts = pl_arena_array(b->arena, axis == NULL ? 1 : axis->natoms, sizeof(*b->rcpts));
    if (b->rcpts == NULL) {
        b->failed = true;
        return;
    }
    if (axis == NULL) {
        b->rcpts[b->nrcpts++] = PL_NO_ATOM;
    } else if (b->question->recipient.n > 0) {
        b->rcpts[b->nrcpts++] =
            atom_find(&b->finder, PL_ATTR_RECIPIENT, b->question->recipient, &b->failed);
    } else {
        for (uint32_t i = 0; i < axis->natoms; i++) {
            if ((axis->atoms[i].labels & PL_LABEL_ABSENT) == 0)
                b->rcpts[b->nrcpts++] = i;
        }
    }
}

/* ---- columns ---- */

/* A recipient while columns are made: what all rows say about it. */
struct pile {
    const struct build *b;
    size_t at;
    unsigned rank;
};

static int compare_piles(const void *x, const void *y)
{
    const struct pile *a = x, *c = y;

    if (a->rank != c->rank)
        return a->rank > c->rank ? 1 : -1;
    for (size_t i = 0; i < a->b->nrows; i++) {
        uint32_t p = a->b->rows[i].sets[a->at], q = a->b->rows[i].sets[c->at];

        if (p != q)
            return p > q ? 1 : -1;
    }
    return 0;
}

static int compare_recipients(const void *x, const void *y)
{
    const struct pile *a = x, *c = y;
    int order = compare_piles(x, y);

    return order != 0 ? order : (a->at > c->at) - (a->at < c->at);
}

static unsigned rank_of(const struct build *b, size_t at)
{
    unsigned labels = b->rcpts[at] == PL_NO_ATOM
                          ? 0U
                          : b->s->axis_of[PL_ATTR_RECIPIENT]->atoms[b->rcpts[at]].labels;

    if ((labels & PL_LABEL_OURS) != 0)
        return PL_COLUMN_OURS;
    return (labels & PL_LABEL_ROUTED) != 0 ? PL_COLUMN_ROUTED : PL_COLUMN_FOREIGN;
}

static void collect_columns(struct build *b)
{
    struct pile *piles = calloc(b->nrcpts, sizeof(*piles));
    uint32_t rest = b->plain[PL_ATTR_RECIPIENT][1];

    if (piles == NULL)
        b->failed = true;
    for (size_t i = 0; i < b->nrcpts && !b->failed; i++)
        piles[i] = (struct pile){b, i, rank_of(b, i)};
    if (!b->failed)
        qsort(piles, b->nrcpts, sizeof(*piles), compare_recipients);
    for (size_t i = 0, end; i < b->nrcpts && !b->failed; i = end) {
        struct column_class *columns =
            pl_grow(b->columns, &b->columns_cap, b->ncolumns, sizeof(*columns));
        struct column_class *c;
        bool named = piles[i].rank == PL_COLUMN_FOREIGN;

        for (end = i + 1; end < b->nrcpts && compare_piles(&piles[i], &piles[end]) == 0; end++)
            ;
        if (columns == NULL) {
            b->failed = true;
            break;
        }
        b->columns = columns;
        c = &columns[b->ncolumns++];
        *c = (struct column_class){.natoms = end - i};
        c->at = pl_arena_array(b->arena, c->natoms, sizeof(*c->at));
        if (c->at == NULL) {
            b->failed = true;
            break;
        }
        for (size_t k = i; k < end; k++) {
            c->at[k - i] = piles[k].at;
            if (b->rcpts[piles[k].at] == rest || b->rcpts[piles[k].at] == PL_NO_ATOM)
                named = false;
        }
        c->kind = named ? PL_COLUMN_NAMED : (enum pl_column_kind)piles[i].rank;
    }
    free(piles);
}

void matrix_collect(struct build *b)
{
    bool one = b->question->client.n > 0 || b->question->login.n > 0;
    size_t pairs = 0;

    matrix_find_plain(b);
    if (!b->failed)
        collect_recipients(b);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !one; i++)
        pairs += b->s->axis_of[kinds[i].attr] == NULL ? 1 : b->s->axis_of[kinds[i].attr]->natoms;
    if (pairs * b->nrcpts > (size_t)PL_MATRIX_PAIRS_MAX_MILLION * 1000000) {
        b->gave_up =
            "the policy tells too many clients and recipients apart for a page; ask \"who\" "
            "or \"where\" about one of them";
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !b->failed; i++) {
        struct family *f;

        if (kinds[i].kind == PL_ROW_PLACE && kinds[i].attr == PL_ATTR_SERVER_ADDRESS)
            collect_listeners(b);
        if (kinds[i].kind != PL_ROW_NETWORK && b->s->axis_of[kinds[i].attr] == NULL)
            continue;
        if ((b->question->client.n > 0 && kinds[i].kind != PL_ROW_NETWORK) ||
            (b->question->login.n > 0 && kinds[i].kind != PL_ROW_LOGIN))
            continue;
        f = add_family(b, kinds[i].kind, kinds[i].attr);
        if (f == NULL)
            return;
        f->all_of_far = f->kind == PL_ROW_LOGIN && b->question->every_address;
        add_walks(b, f);
        if (!b->failed)
            collect_family(b, f);
    }
    if (!b->failed && b->gave_up == NULL)
        collect_columns(b);
}

void matrix_collect_fini(struct build *b)
{
    for (struct family *f = b->families; f != NULL; f = f->next) {
        pl_walk_free(f->near);
        pl_walk_free(f->far);
    }
    free(b->rows);
    free(b->columns);
    free(b->sets);
    free(b->set_slots);
    atom_finder_fini(&b->finder);
}
