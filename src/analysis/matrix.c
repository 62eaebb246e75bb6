/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells: for each class of clients and of recipients the rules that can decide, the usual one first,
 * each with an example that the deciding code has confirmed.
 */
#include "matrix_build.h"

#include "postlatch/compiler.h"
#include "postlatch/explain.h"
#include "postlatch/prove.h"

#include <stdlib.h>
#include <string.h>

static const char *const flow_words[] = {
#define X(id, word, doc) (word),
    PL_FLOW_TABLE(X)
#undef X
};

static const char *const flow_docs[] = {
#define X(id, word, doc) (doc),
    PL_FLOW_TABLE(X)
#undef X
};

const char *pl_flow_word(enum pl_flow flow)
{
    pl_assert(flow < PL_FLOW_COUNT);
    return flow_words[flow];
}

const char *pl_flow_doc(enum pl_flow flow)
{
    pl_assert(flow < PL_FLOW_COUNT);
    return flow_docs[flow];
}

bool pl_flow_passes(enum pl_flow flow)
{
    return flow == PL_FLOW_MAIL || flow == PL_FLOW_RELAY || flow == PL_FLOW_OPEN;
}

const char *pl_row_kind_title(enum pl_row_kind kind)
{
    static const char *const titles[] = {"clients by address",
                                         "clients by verified name",
                                         "relay listeners",
                                         "where they came in",
                                         "logins",
                                         "client certificates"};

    pl_assert(kind < PL_ROW_KIND_COUNT);
    return titles[kind];
}

const struct pl_cell *pl_matrix_cell(const struct pl_matrix *m, size_t row, size_t column)
{
    pl_assert(row < m->nrows && column < m->ncolumns);
    return &m->cells[row * m->ncolumns + column];
}

/* ---- the order of a page, and what finds no room on it ---- */

/* A row or column of the page: the classes that stand in it, n > 1 if they are merged. */
struct slot {
    struct pl_class class;
    size_t n;
    const void **of; /* struct row_class or struct column_class */
};

static int compare_networks(const struct pl_class *a, const struct pl_class *b)
{
    const struct pl_addr *x, *y;

    if (a->nnetworks == 0 || b->nnetworks == 0)
        return (a->nnetworks == 0) - (b->nnetworks == 0);
    x = &a->networks[0].addr;
    y = &b->networks[0].addr;
    return x->family != y->family ? (x->family > y->family ? 1 : -1)
                                  : memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

/* By kind; what is meant by "everybody else" behind the others. */
static int compare_slots(const void *x, const void *y)
{
    const struct pl_class *a = &((const struct slot *)x)->class,
                          *b = &((const struct slot *)y)->class;
    int order;

    if (a->kind != b->kind)
        return a->kind > b->kind ? 1 : -1;
    if (a->rest != b->rest)
        return a->rest ? 1 : -1;
    order = compare_networks(a, b);
    return order != 0 ? order : pl_str_cmp(a->title, b->title);
}

/* Where the classes of one kind end, those without "rest"; *end: with it. */
static size_t end_of_kind(const struct slot *slots, size_t n, size_t first, size_t *end)
{
    for (*end = first; *end < n && slots[*end].class.kind == slots[first].class.kind; ++*end)
        ;
    return slots[*end - 1].class.rest ? *end - 1 : *end;
}

/* How many slots are left when each kind has at most `most`, those merged being one of them. */
static size_t size_with(const struct slot *slots, size_t n, size_t most)
{
    size_t sum = 0;

    for (size_t i = 0, end; i < n; i = end) {
        size_t last = end_of_kind(slots, n, i, &end);

        sum += (last - i > most ? most : last - i) + (end - last);
    }
    return sum;
}

/* One slot out of n. */
static void merge(struct build *b, struct slot *slots, size_t n)
{
    const void **of = pl_arena_array(b->arena, n, sizeof(*of));
    struct pl_buf title = {0};
    struct pl_str kept;

    pl_buf_addf(&title, "… and %zu more classes", n);
    kept = pl_arena_copy(b->arena, pl_buf_str(&title));
    b->failed |= of == NULL || kept.p == NULL || title.failed;
    pl_buf_fini(&title);
    for (size_t i = 0; of != NULL && i < n; i++)
        of[i] = slots[i].of[0];
    slots[0].of = of;
    slots[0].n = n;
    slots[0].class.title = kept;
    slots[0].class.merged = n;
}

/*
 * Brings n slots down to max, if the kinds and their "rest" find room in it: of each kind as many stay
 * as is possible, the last ones are merged.
 */
static size_t make_fit(struct build *b, struct slot *slots, size_t n, size_t max)
{
    size_t most = n, kept = 0;

    if (max == 0 || n <= max)
        return n;
    while (most > 1 && size_with(slots, n, most) > max)
        most--;
    for (size_t i = 0, end; i < n && !b->failed; i = end) {
        size_t last = end_of_kind(slots, n, i, &end), of_kind = last - i;

        if (of_kind > most) {
            merge(b, &slots[i + most - 1], of_kind - most + 1);
            of_kind = most;
        }
        for (size_t k = 0; k < of_kind && !b->failed; k++)
            slots[kept++] = slots[i + k];
        if (last < end)
            slots[kept++] = slots[last];
    }
    return kept;
}

/* ---- cells ---- */

struct cell_place {
    const struct slot *row, *column;
    struct pl_cell *cell;
};

static enum pl_flow flow_of(struct build *b, const struct row_class *row, bool ours,
                            const struct pl_rule *rule)
{
    const struct pl_axis *clients = b->s->axis_of[PL_ATTR_CLIENT_ADDRESS];
    uint32_t client =
        row->family->kind == PL_ROW_NETWORK ? row->atoms[row->natoms - 1] : b->everybody;
    unsigned labels = clients == NULL || client == PL_NO_ATOM ? 0U : clients->atoms[client].labels;
    const struct pl_proof *proof = b->question->proof;
    enum pl_opening_why why;

    if (rule->action->effect == PL_EFFECT_UNKNOWN)
        return PL_FLOW_UNKNOWN;
    if (rule->action->effect == PL_EFFECT_REFUSE)
        return PL_FLOW_REFUSED;
    if (ours)
        return rule->action->effect == PL_EFFECT_LEAVE && b->p->after_dunno == PL_AFTER_REJECT &&
                       (labels & PL_LABEL_ELSEWHERE) == 0
                   ? PL_FLOW_LEFT
                   : PL_FLOW_MAIL;
    if (!pl_prove_lets_pass(b->p, rule->action, labels, &why))
        return PL_FLOW_LEFT;
    if (!row->outside)
        return PL_FLOW_RELAY;
    for (size_t i = 0; proof != NULL && i < proof->nopenings; i++) {
        if (proof->openings[i].rule == rule)
            return PL_FLOW_OPEN;
    }
    return proof == NULL ? PL_FLOW_OPEN : PL_FLOW_RELAY;
}

static bool wants_bit(const struct pl_outcome *outcome, void *arg)
{
    return outcome->bit[0] == *(const uint32_t *)arg;
}

/* The atoms of a request in these classes that the rule decides. */
static bool find_request(struct build *b, const struct row_class *row, uint32_t rcpt, uint32_t bit,
                         uint32_t atoms[PL_ATTR_COUNT])
{
    for (size_t far = 0; far < 2; far++) {
        struct pl_walk *w = far ? row->family->far : row->family->near;
        size_t steps = w == NULL ? 0 : matrix_go(b, row->family, w, row->atoms[0], rcpt);
        bool found;

        if (steps == 0 && !(w != NULL && row->atoms[0] == PL_NO_ATOM && rcpt == PL_NO_ATOM))
            continue;
        found = pl_walk_find(w, wants_bit, &bit, atoms);
        while (steps-- > 0)
            pl_walk_back(w);
        if (found)
            return true;
    }
    return false;
}

static void confirm(struct build *b, const struct pl_outcome_told *o)
{
    struct pl_query q = {0};
    struct pl_cursor cursor = {0};
    struct pl_decision decision;

    memcpy(q.attr, o->request, sizeof(q.attr));
    pl_query_begin(&q);
    /* A waiver that has ended takes the OK of a rule back: the rule is told, and a note says so. */
    pl_assert(pl_policy_decide(b->p, &q, &cursor, &decision) == PL_STEP_DECIDED &&
              (decision.rule == o->rule || decision.rule == b->p->expired));
}

/* The conditions of a rule on what neither row nor column says. */
static struct pl_str conditions(struct build *b, const struct family *f, const struct pl_rule *rule)
{
    struct pl_buf text = {0};
    struct pl_str kept;

    for (size_t i = 0; i < rule->ncond; i++) {
        const struct pl_condition *c = &rule->cond[i];

        if (c->set == b->p->at_rcpt || c->attr == PL_ATTR_RECIPIENT ||
            (f->kind == PL_ROW_LISTENER ? f->pinned[c->attr] != PL_NO_ATOM : c->attr == f->attr))
            continue;
        if (text.n > 0)
            pl_buf_add(&text, pl_str_lit(", "));
        pl_buf_addf(&text, "%s = ", pl_attr_name(c->attr));
        pl_explain_set(&text, c->set, c->attr);
    }
    kept = pl_arena_copy(b->arena, pl_buf_str(&text));
    b->failed |= kept.p == NULL || text.failed;
    pl_buf_fini(&text);
    return kept;
}

static void add_outcome(struct build *b, struct cell_place *at, const struct row_class *row,
                        uint32_t rcpt, uint32_t bit, const uint32_t *usual)
{
    struct pl_cell *cell = at->cell;
    struct pl_outcome_told *o = &cell->outcomes[cell->noutcomes];
    uint32_t atoms[PL_ATTR_COUNT];
    size_t part;

    if (usual != NULL)
        memcpy(atoms, usual, sizeof(atoms));
    else if (!find_request(b, row, rcpt, bit, atoms))
        return; /* in the far walk it had been found for another rule's sake only */
    *o = (struct pl_outcome_told){.rule = pl_space_rule(b->s, bit, &part), .usual = usual != NULL};
    o->flow = flow_of(b, row, at->column->class.kind == PL_COLUMN_OURS, o->rule);
    o->when = conditions(b, row->family, o->rule);
    pl_walk_request(b->s, atoms, o->request);
    confirm(b, o);
    cell->noutcomes++;
}

static bool is_told(const struct build *b, const struct pl_cell *cell, uint32_t bit)
{
    size_t part;

    for (size_t i = 0; i < cell->noutcomes; i++) {
        if (cell->outcomes[i].rule == pl_space_rule(b->s, bit, &part))
            return true;
    }
    return false;
}

/* What one class of clients and one of recipients add to a cell. */
static void fill_from(struct build *b, struct cell_place *at, const struct row_class *row,
                      const struct column_class *column, bool alone)
{
    uint32_t rcpt = b->rcpts[column->at[0]], set = row->sets[column->at[0]], usual;
    uint32_t atoms[PL_ATTR_COUNT];

    usual = matrix_usual(b, row->family, row->atoms[0], row->outside, rcpt, atoms);
    if (alone && usual != UINT32_MAX && matrix_decides(b, set, usual))
        add_outcome(b, at, row, rcpt, usual, atoms);
    for (size_t i = 0; i < b->sets[set].n && !b->failed; i++) {
        uint32_t bit = b->sets[set].bits[i];

        if (is_told(b, at->cell, bit))
            continue;
        if (at->cell->noutcomes == PL_CELL_OUTCOMES)
            at->cell->more++; /* for merged classes a rule may count twice: it is said as "more" */
        else
            add_outcome(b, at, row, rcpt, bit, NULL);
    }
}

static void fill_cell(struct build *b, struct cell_place *at)
{
    struct pl_cell *cell = at->cell;
    bool alone = at->row->n == 1 && at->column->n == 1;

    cell->outcomes = pl_arena_array(b->arena, PL_CELL_OUTCOMES, sizeof(*cell->outcomes));
    if (cell->outcomes == NULL) {
        b->failed = true;
        return;
    }
    for (size_t r = 0; r < at->row->n && !b->failed; r++) {
        for (size_t c = 0; c < at->column->n && !b->failed; c++)
            fill_from(b, at, at->row->of[r], at->column->of[c], alone);
    }
    if (cell->noutcomes > 0)
        cell->flow = cell->outcomes[0].flow;
    for (size_t i = 0; i < cell->noutcomes; i++) {
        cell->depends |= cell->outcomes[i].flow != cell->outcomes[0].flow;
        if (cell->outcomes[i].flow == PL_FLOW_OPEN)
            cell->flow = PL_FLOW_OPEN;
    }
}

/* ---- the whole ---- */

static struct slot *name_slots(struct build *b, bool rows, size_t n)
{
    struct slot *slots = calloc(n + 1, sizeof(*slots));

    for (size_t i = 0; slots != NULL && i < n && !b->failed; i++) {
        slots[i].n = 1;
        slots[i].of = pl_arena_array(b->arena, 1, sizeof(*slots[i].of));
        if (slots[i].of == NULL) {
            b->failed = true;
        } else if (rows) {
            slots[i].of[0] = &b->rows[i];
            matrix_name_row(b, &slots[i].class, &b->rows[i]);
        } else {
            slots[i].of[0] = &b->columns[i];
            matrix_name_column(b, &slots[i].class, &b->columns[i]);
        }
    }
    b->failed |= slots == NULL;
    if (!b->failed)
        qsort(slots, n, sizeof(*slots), compare_slots);
    return slots;
}

/* "any other domain" is none where no other has a column. */
static void name_rest(struct slot *columns, size_t n)
{
    struct pl_class *rest = NULL;
    bool others = false;

    for (size_t i = 0; i < n; i++) {
        if (columns[i].class.rest && rest == NULL)
            rest = &columns[i].class;
        else
            others |= columns[i].class.rest || columns[i].class.kind == PL_COLUMN_NAMED;
    }
    if (rest != NULL && !others && rest->attr == PL_ATTR_RECIPIENT)
        rest->title = pl_str_lit("any domain");
}

static struct pl_class *classes_of(struct build *b, const struct slot *slots, size_t n)
{
    struct pl_class *classes = pl_arena_array(b->arena, n, sizeof(*classes));

    b->failed |= classes == NULL;
    for (size_t i = 0; classes != NULL && i < n; i++)
        classes[i] = slots[i].class;
    return classes;
}

static void fill_page(struct build *b, struct pl_matrix *m)
{
    struct slot *rows = name_slots(b, true, b->nrows);
    struct slot *columns = b->failed ? NULL : name_slots(b, false, b->ncolumns);

    if (b->failed)
        goto out;
    name_rest(columns, b->ncolumns);
    m->nrows = make_fit(b, rows, b->nrows, b->question->max_rows);
    m->ncolumns = make_fit(b, columns, b->ncolumns, b->question->max_columns);
    m->rows = classes_of(b, rows, m->nrows);
    m->columns = classes_of(b, columns, m->ncolumns);
    m->cells = pl_arena_array(b->arena, m->nrows * m->ncolumns, sizeof(*m->cells));
    b->failed |= m->cells == NULL;
    for (size_t r = 0; r < m->nrows && !b->failed; r++) {
        for (size_t c = 0; c < m->ncolumns && !b->failed; c++) {
            struct cell_place at = {&rows[r], &columns[c], &m->cells[r * m->ncolumns + c]};

            fill_cell(b, &at);
        }
    }
out:
    free(rows);
    free(columns);
}

struct pl_matrix *pl_matrix_new(const struct pl_policy *p, const struct pl_space *s,
                                const struct pl_matrix_question *question)
{
    struct pl_matrix *m = calloc(1, sizeof(*m));
    struct build b = {.p = p, .question = question};

    pl_assert(!p->lean);
    if (m == NULL)
        return NULL;
    m->arena = b.arena = pl_arena_new();
    m->policy = p;
    if (s == NULL)
        s = m->own_space = pl_space_new(p, NULL, &m->too_large);
    b.s = s;
    if (m->arena == NULL || (s == NULL && !m->too_large))
        goto fail;
    if (s == NULL) {
        m->gave_up = "the policy tells too many values apart to hold them in memory";
        return m;
    }
    if (!atom_finder_init(&b.finder, s))
        goto fail;
    matrix_collect(&b);
    m->gave_up = b.gave_up;
    if (!b.failed && b.gave_up == NULL)
        fill_page(&b, m);
    matrix_names_fini(&b);
    matrix_collect_fini(&b);
    if (!b.failed)
        return m;
fail:
    pl_matrix_free(m);
    return NULL;
}

void pl_matrix_free(struct pl_matrix *m)
{
    if (m == NULL)
        return;
    pl_space_free(m->own_space);
    pl_arena_free(m->arena);
    free(m);
}
