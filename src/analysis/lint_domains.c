/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other flow: everybody can send to the domains that are ours. First every atom of recipients of
 * ours is asked about; only if one is out of reach is it worked out whose it is. DUNNO counts as
 * reaching, whatever Postfix does then: that is not this policy's refusal. DISCARD does not: the client
 * is told that the mail arrived, and it did not.
 */
#include "lint_domains.h"

#include "lint_units.h"

#include "postlatch/quote.h"

#include <stdlib.h>

enum answer { UNKNOWN, REACHED, OUT_OF_REACH, NOT_OURS };

struct reach {
    struct lint_ask *a;
    struct lint_units units;
    const struct pl_axis *axis;
    uint8_t *atoms;    /* of each atom of recipient: an enum answer */
    bool *of_entry;    /* atoms of the present entry */
    uint8_t *classes;  /* of each class of domains, of its own names: an enum answer */
    uint32_t *example; /* of each class: an atom that is out of reach */
    /* Domains with listed addresses, sorted: what is true of others of their class is not of them. */
    struct pl_str *listed;
    size_t nlisted;
};

static bool reaches(const struct pl_outcome *outcome, void *arg)
{
    const struct lint_ask *a = arg;
    const struct pl_action *action = a->p->rules[outcome->bit[0]].action;

    return action->effect != PL_EFFECT_REFUSE && action->kind != PL_ACTION_DISCARD;
}

static bool is_present(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                       const void *arg)
{
    (void)a;
    (void)arg;
    return (axis->atoms[atom].labels & PL_LABEL_ABSENT) == 0;
}

static void ask_outsiders(struct reach *x)
{
    ask_all(x->a);
    ask_outsider(x->a, false);
    ask_narrow(x->a, PL_ATTR_CLIENT_ADDRESS, is_present, NULL);
    ask_label(x->a, PL_ATTR_RECIPIENT, PL_LABEL_OURS);
    x->a->lead = PL_ATTR_RECIPIENT;
}

/* Asks about all atoms; whether one is out of reach. */
static bool find_out_of_reach(struct reach *x)
{
    uint32_t atoms[PL_ATTR_COUNT];
    struct pl_walk *w;
    bool some = false;

    ask_outsiders(x);
    if (x->a->nallowed[PL_ATTR_CLIENT_ADDRESS] == 0)
        return false; /* there are no outsiders */
    w = ask_walk(x->a);
    if (w == NULL)
        return false;
    for (size_t i = 0; i < x->axis->natoms; i++)
        x->atoms[i] = NOT_OURS;
    if (pl_walk_go_to(w, PL_ATTR_RECIPIENT)) {
        for (size_t i = 0; i < x->axis->natoms && pl_walk_gave_up(w) == NULL; i++) {
            if ((x->axis->atoms[i].labels & PL_LABEL_OURS) == 0)
                continue;
            x->atoms[i] = OUT_OF_REACH;
            if (pl_walk_choose(w, i)) {
                if (pl_walk_find(w, reaches, x->a, atoms))
                    x->atoms[i] = REACHED;
                pl_walk_back(w);
            }
            some = some || x->atoms[i] == OUT_OF_REACH;
        }
    }
    ask_done(x->a, w);
    return some && !x->a->gave_up;
}

static bool is_example(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                       const void *arg)
{
    (void)a;
    (void)axis;
    return atom == *(const uint32_t *)arg;
}

static void report(struct reach *x, const struct lint_unit *unit, uint32_t example)
{
    enum { NAMED = 2 };
    struct lint_ask *a = x->a;
    const struct pl_table *t = unit->table;
    struct pl_str name = t->entries[t->names.entries[unit->index].id].text;
    const struct pl_rule *rule = NULL;
    struct pl_buf text = {0};
    struct pl_quote q;

    if (!lint_is_shown(a, PL_LINT_UNREACHABLE_DOMAIN, lint_units_at(unit), NULL, name))
        return;
    ask_outsiders(x);
    ask_narrow(a, PL_ATTR_RECIPIENT, is_example, &example);
    ask_collect(a);
    pl_buf_addf(&text, "%s is in accepted_domains, but no outsider can send to it: all get ",
                pl_quote(&q, name));
    for (size_t i = 0; i < a->nfound && i < NAMED; i++) {
        const struct pl_rule *by = &a->p->rules[a->found[i]];

        rule = rule == NULL && !by->builtin ? by : rule;
        pl_buf_add(&text, i == 0 ? pl_str_lit("") : pl_str_lit(" or "));
        lint_say_answer(&text, by);
        pl_buf_add(&text, pl_str_lit(" from "));
        lint_say_rule(&text, a->p, by);
    }
    if (a->nfound > NAMED)
        pl_buf_addf(&text, ", or what %zu more %s", a->nfound - NAMED,
                    a->nfound - NAMED == 1 ? "rule says" : "rules say");
    pl_buf_addf(&text,
                ". So mail from the Internet, bounces included, never arrives there. Narrow %s; "
                "or, if the domain is for insiders only, write accept_warnings = "
                "{\"unreachable-domain:",
                a->nfound == 1 ? "that rule" : "those rules");
    pl_buf_add(&text, name);
    pl_buf_add(&text, pl_str_lit("\"}"));
    lint_tell(a, PL_LINT_UNREACHABLE_DOMAIN, lint_units_at(unit), rule, name, &text);
}

/* What is known about the values of an entry. */
static enum answer answer_of(struct reach *x, const struct lint_unit *unit, uint32_t *example)
{
    size_t work = x->units.work;
    enum answer answer = NOT_OURS;

    if (!lint_units_atoms(&x->units, unit, x->of_entry)) {
        x->a->f->failed = true;
        return UNKNOWN;
    }
    ask_spend(x->a, x->units.work - work + x->axis->natoms / 8);
    for (uint32_t i = 0; i < x->axis->natoms; i++) {
        if (!x->of_entry[i] || x->atoms[i] == NOT_OURS)
            continue;
        if (x->atoms[i] == REACHED)
            return REACHED;
        if (answer == NOT_OURS)
            *example = i;
        answer = OUT_OF_REACH;
    }
    return answer;
}

static bool note_listed(struct pl_str key, uint32_t class, void *arg)
{
    struct reach *x = arg;
    struct pl_str domain = pl_str_from(key, pl_str_rfind(key, '@') + 1);

    (void)class;
    if (domain.n > 0)
        x->listed[x->nlisted++] = domain;
    return true;
}

static int compare(const void *a, const void *b)
{
    return pl_str_cmp(*(const struct pl_str *)a, *(const struct pl_str *)b);
}

/* False when memory is short. */
static bool find_listed(struct reach *x)
{
    const struct pl_name_index *addresses = &x->a->p->compiled->names[PL_NAMES_ADDRESSES];

    x->listed = malloc((addresses->count + 1) * sizeof(*x->listed));
    if (x->listed == NULL)
        return false;
    pl_name_index_each(addresses, note_listed, x);
    qsort(x->listed, x->nlisted, sizeof(*x->listed), compare);
    return true;
}

static bool is_listed(const struct reach *x, struct pl_str domain)
{
    return bsearch(&domain, x->listed, x->nlisted, sizeof(domain), compare) != NULL;
}

static void look_at_entry(struct reach *x, const struct lint_unit *unit)
{
    const struct pl_name_index *index = &x->a->p->compiled->names[PL_NAMES_DOMAINS];
    struct pl_str key = unit->table->names.entries[unit->index].key;
    uint32_t example = 0, class = pl_name_index_find(index, key);
    enum answer answer;

    if (key.p[0] == '.' || is_listed(x, key)) {
        answer = answer_of(x, unit, &example);
    } else {
        if (x->classes[class] == UNKNOWN)
            x->classes[class] = (uint8_t)answer_of(x, unit, &x->example[class]);
        answer = (enum answer)x->classes[class];
        example = x->example[class];
    }
    if (answer == OUT_OF_REACH)
        report(x, unit, example);
}

static void look_at_set(struct reach *x, const struct pl_set *set)
{
    struct pl_condition cond = {.attr = PL_ATTR_RECIPIENT, .at = set->at, .set = set};

    for (size_t i = 0; i < set->in_count; i++) {
        struct lint_unit unit = {.cond = &cond, .table = set->in[i].table, .is_entry = true};

        if (unit.table == NULL) {
            look_at_set(x, set->in[i].set);
            continue;
        }
        for (; unit.index < unit.table->names.count; unit.index++) {
            if (x->a->f->failed)
                return;
            if (x->a->steps_left == 0) {
                x->a->incomplete = true;
                return;
            }
            look_at_entry(x, &unit);
        }
    }
}

void lint_domains(struct lint_ask *a)
{
    struct reach x = {.a = a, .axis = a->s->axis_of[PL_ATTR_RECIPIENT]};
    size_t nclasses = a->p->compiled->names[PL_NAMES_DOMAINS].classes.count;

    x.atoms = pl_arena_array(a->arena, x.axis->natoms, sizeof(*x.atoms));
    x.of_entry = pl_arena_array(a->arena, x.axis->natoms, sizeof(*x.of_entry));
    x.classes = pl_arena_array(a->arena, nclasses, sizeof(*x.classes));
    x.example = pl_arena_array(a->arena, nclasses, sizeof(*x.example));
    if (x.atoms == NULL || x.of_entry == NULL || x.classes == NULL || x.example == NULL) {
        a->f->failed = true;
        return;
    }
    if (!find_listed(&x)) {
        a->f->failed = true;
        return;
    }
    lint_units_init(&x.units, a->p, a->s);
    if (find_out_of_reach(&x))
        look_at_set(&x, &a->p->boundary[PL_BOUNDARY_ACCEPTED_DOMAINS]);
    lint_units_fini(&x.units);
    free(x.listed);
}
