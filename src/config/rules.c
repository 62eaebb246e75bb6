/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules: rule "name" { KEY = {…} … action = "…" }. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 100 };

/* Whether a rule may have this name; notes why not. */
static bool admit_name(struct builder *b, const struct tree_value *name)
{
    struct pl_quote q;
    bool printable = true;

    for (size_t i = 0; i < name->text.n; i++)
        printable = printable && pl_ascii_is_print(name->text.p[i]);
    if (name->text.n == 0 || name->text.n > NAME_MAX_BYTES || !printable) {
        pl_diag_error(b->d, name->at,
                      "rule %s: bad name; expected 1 to %d printable ASCII characters",
                      pl_quote(&q, name->text), NAME_MAX_BYTES);
        return false;
    }
    if (pl_str_has_prefix_fold(name->text, pl_str_lit("builtin:"))) {
        pl_diag_error(b->d, name->at,
                      "rule %s: names that begin with builtin: are the built-in rules'",
                      pl_quote(&q, name->text));
        return false;
    }
    return true;
}

/* Two rules of one name; by a sorted index, as there may be thousands. */
static void check_names(struct builder *b)
{
    struct pl_nameset names = {0};
    struct pl_policy *p = b->policy;
    struct pl_quote q;

    for (size_t i = 0; i < p->nrules; i++) {
        if (!pl_nameset_add(&names, p->rules[i].name, (uint32_t)i))
            pl_diag_no_memory(b->d);
    }
    pl_nameset_freeze(&names);
    for (size_t i = 0; i < p->nrules; i++) {
        uint32_t first = pl_nameset_find(&names, p->rules[i].name);

        if (first != PL_NO_ENTRY && first < i)
            pl_diag_error(
                b->d, p->rules[i].at, "rule %s: a rule of that name stands at %s:%u already",
                pl_quote(&q, p->rules[i].name), pl_diag_file_name(b->d, p->rules[first].at.file),
                (unsigned)p->rules[first].at.line);
    }
    pl_nameset_fini(&names);
}

static unsigned words_of(enum pl_attr attr)
{
    if (attr == PL_ATTR_RECIPIENT)
        return PL_WORD_ANY | PL_WORD_OURS | PL_WORD_FOREIGN | PL_WORD_ROUTED;
    if (attr == PL_ATTR_SENDER)
        return PL_WORD_ANY | PL_WORD_ABSENT | PL_WORD_OURS | PL_WORD_FOREIGN | PL_WORD_ROUTED;
    return PL_WORD_ANY | PL_WORD_ABSENT;
}

/* Fills cond[] with the rule's conditions, the state first, as it is the cheapest to fail. */
static size_t build_conditions(struct builder *b, struct tree_section *s, const char *rule,
                               struct pl_condition cond[PL_ATTR_COUNT + 1])
{
    size_t n = 0;
    struct pl_pos at;
    char what[WHAT_SIZE];

    if (!tree_list_at(s, pl_attr_name(PL_ATTR_PROTOCOL_STATE), &at))
        cond[n++] = (struct pl_condition){PL_ATTR_PROTOCOL_STATE, PL_NOWHERE, b->policy->at_rcpt};
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        enum pl_attr attr = (enum pl_attr)i;
        struct set_style style = {.attr = attr, .words = words_of(attr)};
        struct pl_set *set;

        if (!pl_attr_is_key(attr) || !tree_list_at(s, pl_attr_name(attr), &at))
            continue;
        set = pl_arena_alloc(b->policy->arena, sizeof(*set));
        if (set == NULL) {
            pl_diag_no_memory(b->d);
            continue;
        }
        set->at = at;
        snprintf(what, sizeof(what), "rule %s: %s", rule, pl_attr_name(attr));
        build_set(b, s, pl_attr_name(attr), &style, what, set);
        cond[n++] = (struct pl_condition){attr, at, set};
    }
    return n;
}

static const struct pl_action *build_action(struct builder *b, struct tree_section *s,
                                            const char *rule, struct pl_pos at)
{
    struct tree_value value;
    char why[PL_ACTION_WHY];
    const struct pl_action *action;

    if (!tree_scalar(s, "action", &value)) {
        pl_diag_error(b->d, at, "rule %s: no action; expected action = \"…\"", rule);
        return NULL;
    }
    if (value.bad)
        return NULL;
    action = pl_action_parse(b->policy->arena, value.text, why);
    if (action == NULL)
        pl_diag_error(b->d, value.at, "rule %s: action: %s", rule, why);
    return action;
}

static void build_rule(struct builder *b, struct tree_section *s)
{
    struct pl_condition cond[PL_ATTR_COUNT + 1], *copy;
    struct tree_value name;
    struct pl_rule rule = {0};
    struct pl_quote q;

    if (!tree_scalar(s, "title", &name) || name.bad)
        return;
    pl_quote(&q, name.text);
    rule.at = name.at;
    rule.ncond = build_conditions(b, s, q.text, cond);
    rule.action = build_action(b, s, q.text, name.at);
    if (!admit_name(b, &name))
        return;
    rule.name = pl_arena_copy(b->policy->arena, name.text);
    copy = pl_arena_array(b->policy->arena, rule.ncond, sizeof(*copy));
    if (rule.name.p == NULL || copy == NULL) {
        pl_diag_no_memory(b->d);
        return;
    }
    memcpy(copy, cond, rule.ncond * sizeof(*copy));
    rule.cond = copy;
    if (!pl_policy_add_rule(b->policy, &rule))
        pl_diag_no_memory(b->d);
}

void build_rules(struct builder *b)
{
    for (size_t i = 0; i < tree_count(b->tree, SECTION_RULE); i++)
        build_rule(b, tree_section(b->tree, SECTION_RULE, i));
    check_names(b);
}
