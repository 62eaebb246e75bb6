/* SPDX-License-Identifier: BSD-2-Clause */
/* How lint speaks of rules and requests; and which rules it names as the reason that another is dead. */
#include "lint_ask.h"

#include "postlatch/explain.h"
#include "postlatch/quote.h"

#include <stdlib.h>
#include <string.h>

/* Rules that are named; the others are counted. */
enum { BLOCKERS_NAMED = 3 };

void lint_say_name(struct pl_buf *out, const struct pl_rule *rule)
{
    struct pl_quote q;

    if (rule->builtin)
        pl_buf_add(out, rule->name);
    else
        pl_buf_addf(out, "rule %s", pl_quote(&q, rule->name));
}

void lint_say_rule(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule)
{
    lint_say_name(out, rule);
    if (rule->builtin)
        return;
    pl_buf_add(out, pl_str_lit(" ("));
    pl_explain_place(out, p, rule->at);
    pl_buf_add_char(out, ')');
}

void lint_say_answer(struct pl_buf *out, const struct pl_rule *rule)
{
    struct pl_quote q;

    pl_buf_addf(out, "%s", pl_quote(&q, rule->action->source));
}

void lint_say_request(struct pl_buf *out, const struct pl_space *s, const struct pl_rule *rule,
                      const uint32_t atoms[PL_ATTR_COUNT])
{
    struct pl_str request[PL_ATTR_COUNT];
    const char *between = "";

    pl_walk_request(s, atoms, request);
    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        char text[PL_QUOTE_SIZE];

        bool shown =
            attr == PL_ATTR_CLIENT_ADDRESS || attr == PL_ATTR_SASL_USERNAME ||
            attr == PL_ATTR_RECIPIENT ||
            (attr != PL_ATTR_PROTOCOL_STATE && lint_asks(rule, (enum pl_attr)attr) != NULL);

        if (request[attr].n == 0 || !shown)
            continue;
        pl_escape(text, sizeof(text), request[attr], PL_QUOTE_SHOWN);
        pl_buf_addf(out, "%s%s=%s", between, pl_attr_name((enum pl_attr)attr), text);
        between = " ";
    }
}

bool lint_is_shown(struct lint_ask *a, enum pl_lint_code code, struct pl_pos at,
                   const struct pl_rule *rule, struct pl_str object)
{
    bool shown = a->f->found[code] < PL_LINT_SHOWN;

    for (size_t i = 0; i < a->f->count && !shown; i++) {
        const struct pl_finding *x = &a->f->items[i];

        shown = x->code == code &&
                (at.file != x->at.file ? at.file < x->at.file : at.line < x->at.line);
    }
    if (!shown)
        pl_lint_add(a->f, code, at, rule, object, "%s", "");
    return shown;
}

void lint_tell(struct lint_ask *a, enum pl_lint_code code, struct pl_pos at,
               const struct pl_rule *rule, struct pl_str object, struct pl_buf *text)
{
    if (text->failed)
        a->f->failed = true;
    else if (!a->f->failed && !a->gave_up)
        pl_lint_add(a->f, code, at, rule, object, "%s", text->p);
    pl_buf_fini(text);
}

/* ---- blockers ---- */

/* The share of the question's requests that rule b holds for, as if their values were alike often. */
static double overlap(const struct lint_ask *a, size_t b)
{
    double share = 1;

    for (size_t i = 0; i < a->s->naxes; i++) {
        const struct pl_axis *axis = &a->s->axes[i];
        const bool *allowed = a->region.allowed[axis->attr];
        size_t n = 0, all = 0;

        if (!lint_holds(axis->asked, b))
            continue;
        for (size_t atom = 0; atom < axis->natoms; atom++) {
            if (allowed != NULL && !allowed[atom])
                continue;
            all++;
            n += lint_holds(axis->atoms[atom].row, b);
        }
        share *= all == 0 ? 0 : (double)n / (double)all;
    }
    return share;
}

/* The rule among found that holds for most; PL_NO_ATOM if none is left. */
static uint32_t choose(const struct lint_ask *a, const struct pl_action *but)
{
    uint32_t best = PL_NO_ATOM;
    double most = -1;

    for (size_t i = 0; i < a->nfound; i++) {
        double share;

        if (but != NULL && lint_same_answer(a->p->rules[a->found[i]].action, but))
            continue;
        share = overlap(a, a->found[i]);
        if (share > most) {
            most = share;
            best = a->found[i];
        }
    }
    return best;
}

static int compare(const void *va, const void *vb)
{
    const uint32_t *a = va, *b = vb;

    return *a < *b ? -1 : *a > *b;
}

static void say_list(struct pl_buf *out, const struct pl_policy *p, uint32_t *rules, size_t n,
                     size_t more)
{
    qsort(rules, n, sizeof(*rules), compare);
    for (size_t i = 0; i < n; i++) {
        struct pl_quote name, action;

        pl_buf_addf(out, "%srule %s (",
                    i == 0                    ? ""
                    : i + 1 == n && more == 0 ? " and "
                                              : ", ",
                    pl_quote(&name, p->rules[rules[i]].name));
        pl_explain_place(out, p, p->rules[rules[i]].at);
        pl_buf_addf(out, ", %s)", pl_quote(&action, p->rules[rules[i]].action->source));
    }
    if (more > 0)
        pl_buf_addf(out, " and %zu more %s", more, more == 1 ? "rule" : "rules");
}

/*
 * Greedy: the rule that holds for most of what is asked about, then the one that holds for most among
 * those that decide what the first does not hold for, and so on.
 */
bool lint_say_blockers(struct lint_ask *a, size_t r, struct pl_buf *out, size_t *n, bool *other)
{
    const struct pl_action *action = a->p->rules[r].action;
    uint32_t named[BLOCKERS_NAMED + 1], odd = PL_NO_ATOM;
    size_t more = 0;

    *n = 0;
    *other = false;
    for (;;) {
        ask_collect(a);
        if (a->gave_up || a->f->failed)
            return false;
        if (*n == 0)
            odd = choose(a, action);
        if (a->nfound == 0 || *n == BLOCKERS_NAMED)
            break;
        named[*n] = choose(a, NULL);
        *other = *other || !lint_same_answer(a->p->rules[named[*n]].action, action);
        ask_forbid(a, named[(*n)++]);
    }
    more = a->nfound;
    if (!*other && odd != PL_NO_ATOM) {
        for (size_t i = 0; i < a->nfound; i++)
            more -= a->found[i] == odd;
        named[(*n)++] = odd;
        *other = true;
    }
    say_list(out, a->p, named, *n, more);
    *n += more;
    return true;
}
