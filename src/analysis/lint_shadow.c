/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries and tables of a rule that decide nothing. A condition that names several is asked about
 * piece by piece: is there a request with a value of this piece that the rule decides? What was found
 * about an atom serves all pieces that have it.
 *
 * Rules before it that answer the same count as if they did not exist: where they decide instead, the
 * answer is the one that was meant. Else of two rules that name the same login, with the same answer,
 * each could be called of no use because of the other. It is only reported if they do not decide all of
 * it, though.
 */
#include "lint_shadow.h"

#include "lint_units.h"

#include <stdlib.h>
#include <string.h>

enum known { UNKNOWN, DECIDES, DECIDES_NOT };

struct shadow {
    struct lint_ask *a;
    struct lint_units units;
    size_t r;
    const struct pl_condition *cond;
    bool *atoms;    /* of the present piece */
    uint8_t *known; /* of each atom of the present condition: an enum known */
    uint32_t *same; /* of each written rule: the first one that answers the same */
};

static bool is_of_unit(const struct lint_ask *a, const struct pl_axis *axis, size_t atom,
                       const void *arg)
{
    const struct shadow *s = arg;

    (void)a;
    (void)axis;
    return s->atoms[atom];
}

static void ask_unit(struct shadow *s, bool all_rules)
{
    ask_all(s->a);
    for (size_t i = 0; i < s->r && !all_rules; i++) {
        if (s->same[i] == s->same[s->r])
            ask_ignore(s->a, i);
    }
    ask_rule(s->a, s->r);
    ask_narrow(s->a, s->cond->attr, is_of_unit, s);
}

static bool decides(const struct pl_outcome *outcome, void *arg)
{
    const struct shadow *s = arg;

    return outcome->bit[0] == s->r;
}

static bool answers_otherwise(const struct pl_outcome *outcome, void *arg)
{
    const struct shadow *s = arg;

    return outcome->bit[0] < s->r && s->same[outcome->bit[0]] != s->same[s->r];
}

/* Whether a request with a value of the piece gets another answer than the rule's, as things are. */
static bool is_taken(struct shadow *s)
{
    uint32_t atoms[PL_ATTR_COUNT];

    ask_unit(s, true);
    return ask_find(s->a, answers_otherwise, s, atoms);
}

/* Whether the rule decides some request with a value of the piece; true if nobody knows. */
static bool is_alive(struct shadow *s)
{
    const struct pl_axis *axis = s->a->s->axis_of[s->cond->attr];
    size_t unknown = 0, held = 0;
    uint32_t atoms[PL_ATTR_COUNT];

    for (size_t i = 0; i < axis->natoms; i++) {
        s->atoms[i] = s->atoms[i] && lint_holds(axis->atoms[i].row, s->r);
        if (!s->atoms[i])
            continue;
        held++;
        if (s->known[i] == DECIDES)
            return true;
        unknown += s->known[i] == UNKNOWN;
    }
    if (held == 0)
        return true; /* the condition itself takes it out with '!': not what this is about */
    if (unknown == 0)
        return false;
    ask_unit(s, false);
    ask_before(s->a, s->r);
    if (ask_find(s->a, decides, s, atoms)) {
        s->known[atoms[s->cond->attr]] = DECIDES;
        return true;
    }
    if (s->a->gave_up || s->a->f->failed)
        return true;
    for (size_t i = 0; i < axis->natoms; i++) {
        if (s->atoms[i])
            s->known[i] = DECIDES_NOT;
    }
    return false;
}

static void say_shadowed(const struct shadow *s, const struct lint_unit *unit, const char *blockers,
                         size_t n, struct pl_buf *out)
{
    const struct pl_rule *rule = &s->a->p->rules[s->r];

    lint_units_say(out, unit);
    pl_buf_addf(out, " in %s of ", pl_attr_name(unit->cond->attr));
    lint_say_name(out, rule);
    pl_buf_addf(out, " decides nothing: %s %s before it and %s all requests that it is for. So ",
                blockers, n == 1 ? "stands" : "stand", n == 1 ? "takes" : "take");
    lint_say_answer(out, rule);
    pl_buf_addf(
        out,
        " is never sent for it, whatever it was written there for. Put this rule before %s, "
        "narrow %s, or take %s out of the list",
        n == 1 ? "that one" : "them", n == 1 ? "that one" : "them",
        unit->is_entry              ? "the entry"
        : unit->table || unit->list ? "the table"
                                    : "the word");
}

static bool look_at_unit(const struct lint_unit *unit, void *arg)
{
    struct shadow *s = arg;
    const struct pl_rule *rule = &s->a->p->rules[s->r];
    size_t work = s->units.work, n;
    struct pl_buf text = {0}, blockers = {0};
    bool other;

    if (!lint_units_atoms(&s->units, unit, s->atoms)) {
        s->a->f->failed = true;
        return false;
    }
    ask_spend(s->a, s->units.work - work);
    if (s->a->steps_left == 0)
        return false;
    if (is_alive(s) || !is_taken(s) ||
        !lint_is_shown(s->a, PL_LINT_SHADOWED_RULE, lint_units_at(unit), rule, rule->name))
        return !s->a->f->failed;
    ask_unit(s, false);
    if (lint_say_blockers(s->a, s->r, &blockers, &n, &other) && n > 0) {
        say_shadowed(s, unit, blockers.p, n, &text);
        text.failed = text.failed || blockers.failed;
        lint_tell(s->a, PL_LINT_SHADOWED_RULE, lint_units_at(unit), rule, rule->name, &text);
    }
    pl_buf_fini(&blockers);
    return !s->a->f->failed;
}

/* Few rules have an answer of their own, so each is compared with those that have. */
static void number_answers(struct shadow *s, uint32_t *firsts)
{
    const struct pl_rule *rules = s->a->p->rules;
    size_t n = 0;

    for (uint32_t r = 0; r < s->a->p->nwritten; r++) {
        size_t i = 0;

        while (i < n && !lint_same_answer(rules[firsts[i]].action, rules[r].action))
            i++;
        if (i == n)
            firsts[n++] = r;
        s->same[r] = firsts[i];
    }
}

void lint_shadowed(struct lint_ask *a, const bool *unreachable)
{
    struct shadow s = {.a = a};
    uint32_t *firsts = pl_arena_array(a->arena, a->p->nwritten, sizeof(*firsts));
    size_t most = 0;

    s.same = pl_arena_array(a->arena, a->p->nwritten, sizeof(*s.same));
    for (size_t i = 0; i < a->s->naxes; i++)
        most = a->s->axes[i].natoms > most ? a->s->axes[i].natoms : most;
    s.atoms = pl_arena_array(a->arena, most, sizeof(*s.atoms));
    s.known = pl_arena_array(a->arena, most, sizeof(*s.known));
    if (s.atoms == NULL || s.known == NULL || s.same == NULL || firsts == NULL) {
        a->f->failed = true;
        return;
    }
    number_answers(&s, firsts);
    lint_units_init(&s.units, a->p, a->s);
    for (s.r = 0; s.r < a->p->nwritten; s.r++) {
        const struct pl_rule *rule = &a->p->rules[s.r];

        for (size_t i = 0; i < rule->ncond && !unreachable[s.r]; i++) {
            s.cond = &rule->cond[i];
            if (lint_units_count(s.cond) < 2 || a->s->axis_of[s.cond->attr] == NULL)
                continue;
            memset(s.known, UNKNOWN, most * sizeof(*s.known));
            lint_units_each(s.cond, look_at_unit, &s);
            if (a->f->failed || a->steps_left == 0)
                break;
        }
        if (a->f->failed || a->steps_left == 0)
            break;
    }
    lint_units_fini(&s.units);
}
