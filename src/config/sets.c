/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of values as sets: words, references to tables, inline entries, '!' in front of any. */
#include "build.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"
#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#include <stdio.h>
#include <stdlib.h>

/* One side of a set while its list is read: what is named with '!', or without. */
struct side {
    unsigned words;
    struct pl_member *members; /* malloc'ed */
    size_t count, cap;
    struct pl_table *inlines[PL_TABLE_KIND_COUNT]; /* the inline entries, by kind */
};

struct reading {
    struct builder *b;
    const struct set_style *style;
    const char *what;
    struct side in, out;
};

/* The words of conditions. `absent` has a name of its own for each kind of attribute. */
static const struct {
    const char *text;
    enum pl_keyword word;
} keywords[] = {
    {"any", PL_WORD_ANY},       {"none", PL_WORD_ABSENT}, {"unknown", PL_WORD_ABSENT},
    {"<>", PL_WORD_ABSENT},     {"ours", PL_WORD_OURS},   {"foreign", PL_WORD_FOREIGN},
    {"routed", PL_WORD_ROUTED},
};

const char *set_absent_word(enum pl_attr attr)
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
    case PL_KIND_HOST:
        return "unknown";
    case PL_KIND_MAIL:
        return "<>";
    default:
        return "none";
    }
}

/* The word that text is for this attribute, or 0. */
static unsigned keyword(enum pl_attr attr, struct pl_str text)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (!pl_str_eq(text, pl_str_of(keywords[i].text)))
            continue;
        if (keywords[i].word == PL_WORD_ABSENT &&
            !pl_str_eq(text, pl_str_of(set_absent_word(attr))))
            return 0;
        if (keywords[i].word >= PL_WORD_OURS && pl_attr_kind(attr) != PL_KIND_MAIL)
            return 0;
        return keywords[i].word;
    }
    return 0;
}

static bool add_member(struct reading *r, struct side *side, struct pl_member member)
{
    struct pl_member *members = pl_grow(side->members, &side->cap, side->count, sizeof(*members));

    if (members == NULL) {
        pl_diag_no_memory(r->b->d);
        return false;
    }
    side->members = members;
    side->members[side->count++] = member;
    return true;
}

/* The kind of an inline entry. */
static enum pl_table_kind entry_kind(const struct set_style *style, struct pl_str text)
{
    if (style->boundary)
        return style->only_kind;
    switch (pl_attr_kind(style->attr)) {
    case PL_KIND_ADDR:
        return PL_TABLE_NETWORKS;
    case PL_KIND_MAIL:
        return pl_str_find(text, '@') < text.n ? PL_TABLE_ADDRESSES : PL_TABLE_DOMAINS;
    case PL_KIND_HOST:
        return PL_TABLE_DOMAINS;
    case PL_KIND_USER:
        return PL_TABLE_USERS;
    case PL_KIND_FINGERPRINT:
        return PL_TABLE_FINGERPRINTS;
    case PL_KIND_PORT:
        return PL_TABLE_PORTS;
    case PL_KIND_WORD_FOLD:
        return PL_TABLE_WORDS_FOLD;
    default:
        return PL_TABLE_WORDS;
    }
}

bool set_takes(const struct set_style *style, enum pl_table_kind kind)
{
    if (!style->boundary && pl_attr_kind(style->attr) == PL_KIND_MAIL)
        return kind == PL_TABLE_DOMAINS || kind == PL_TABLE_ADDRESSES;
    return kind == entry_kind(style, (struct pl_str){NULL, 0});
}

static const char *fitting_kinds(const struct set_style *style)
{
    const char *word;

    if (!style->boundary && pl_attr_kind(style->attr) == PL_KIND_MAIL)
        return "a table of domains or addresses";
    word = pl_table_kind_word(entry_kind(style, (struct pl_str){NULL, 0}));
    if (word == NULL)
        return "plain words; no table has its kind of values";
    return word;
}

static void unknown_table(struct reading *r, struct pl_str name, struct pl_pos at)
{
    const struct pl_policy *p = r->b->policy;
    struct pl_suggest s;
    struct pl_quote q;
    char hint[80];

    pl_suggest_init(&s, name);
    for (size_t i = 0; i < p->ntables; i++)
        pl_suggest_try(&s, p->tables[i]->name.p);
    for (unsigned i = 0; i < PL_BOUNDARY_COUNT; i++)
        pl_suggest_try(&s, pl_boundary_name((enum pl_boundary)i));
    if (pl_str_eq(name, pl_str_lit("relay_listeners")))
        pl_diag_error(r->b->d, at,
                      "%s: <relay_listeners> cannot be referred to; it holds places, "
                      "not values of one attribute",
                      r->what);
    else
        pl_diag_error(r->b->d, at, "%s: no table is named %s%s", r->what, pl_quote(&q, name),
                      pl_suggest_text(&s, hint, sizeof(hint)));
}

static void read_reference(struct reading *r, struct side *side, struct pl_str name,
                           struct pl_pos at)
{
    const struct pl_table *t = pl_policy_find_table(r->b->policy, name);
    struct pl_member member = {t, NULL};
    enum pl_table_kind kind = t == NULL ? PL_TABLE_KIND_COUNT : t->kind;

    for (unsigned i = 0; t == NULL && i < PL_BOUNDARY_COUNT; i++) {
        if (pl_str_eq(name, pl_str_of(pl_boundary_name((enum pl_boundary)i)))) {
            member.set = &r->b->policy->boundary[i];
            kind = pl_boundary_kind((enum pl_boundary)i);
        }
    }
    if (kind == PL_TABLE_KIND_COUNT) {
        unknown_table(r, name, at);
        return;
    }
    if (!set_takes(r->style, kind)) {
        pl_diag_error(r->b->d, at, "%s: <%.*s> holds %s; expected %s", r->what, (int)name.n, name.p,
                      pl_table_kind_word(kind), fitting_kinds(r->style));
        return;
    }
    add_member(r, side, member);
}

/* The state of the protocol that text names in any case, as Postfix writes it; {NULL, 0}: none. */
static struct pl_str known_state(struct pl_str text)
{
    static const char *const states[] = {"CONNECT", "HELO", "EHLO",           "MAIL", "RCPT",
                                         "DATA",    "VRFY", "END-OF-MESSAGE", "ETRN", "XCLIENT"};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (pl_str_eq_fold(text, pl_str_of(states[i])))
            return pl_str_of(states[i]);
    }
    return (struct pl_str){NULL, 0};
}

static void read_entry(struct reading *r, struct side *side, struct pl_str text, struct pl_pos at)
{
    enum pl_table_kind kind = entry_kind(r->style, text);
    struct pl_policy *p = r->b->policy;
    struct pl_quote q;

    if (pl_attr_kind(r->style->attr) == PL_KIND_STATE && known_state(text).n == 0) {
        pl_diag_error(r->b->d, at,
                      "%s: %s is no state of the protocol; expected CONNECT, HELO, EHLO, MAIL, "
                      "RCPT, DATA, END-OF-MESSAGE, VRFY, ETRN or XCLIENT",
                      r->what, pl_quote(&q, text));
        return;
    }
    if (pl_attr_kind(r->style->attr) == PL_KIND_STATE)
        text = known_state(text);
    if (is_in_doubt(r->b, r->style, r->what, text, at))
        return;
    if (side->inlines[kind] == NULL) {
        side->inlines[kind] = pl_policy_new_table(p, (struct pl_str){NULL, 0}, kind, at);
        if (side->inlines[kind] == NULL) {
            pl_diag_no_memory(r->b->d);
            return;
        }
        if (!add_member(r, side, (struct pl_member){side->inlines[kind], NULL}))
            return;
    }
    pl_table_add(side->inlines[kind], p->arena, text, at, &p->users, r->what, r->b->d);
}

/* Why a word may not stand in this list. */
static void forbidden_word(struct reading *r, unsigned word, struct pl_str text, struct pl_pos at)
{
    struct pl_quote q;

    if (word == PL_WORD_ANY)
        pl_diag_error(
            r->b->d, at,
            "%s: any means everybody, which nobody can want here; expected them one by one",
            r->what);
    else if (r->style->attr == PL_ATTR_RECIPIENT && word == PL_WORD_ABSENT)
        pl_diag_error(r->b->d, at,
                      "%s: \"<>\" is the null sender, and no condition on recipient holds for an "
                      "empty one; expected an address, a domain, ours, foreign or any",
                      r->what);
    else
        pl_diag_error(r->b->d, at,
                      "%s: %s cannot stand here: it is the absence of a value; expected %s",
                      r->what, pl_quote(&q, text), pl_table_kind_doc(entry_kind(r->style, text)));
}

static void read_value(struct reading *r, struct pl_str text, struct pl_pos at)
{
    bool negated = text.n > 0 && text.p[0] == '!';
    struct side *side = negated ? &r->out : &r->in;
    unsigned word;
    struct pl_quote q;

    if (negated)
        text = pl_str_from(text, 1);
    if (text.n == 0) {
        pl_diag_error(r->b->d, at, "%s: an empty entry; expected %s", r->what,
                      negated ? "something behind '!'" : "a value");
        return;
    }
    if (text.p[0] == '!' || text.p[0] == ' ') {
        pl_diag_error(r->b->d, at, "%s: %s: expected one '!' directly in front of the entry",
                      r->what, pl_quote(&q, text));
        return;
    }
    word = keyword(r->style->attr, text);
    if (word != 0 && (r->style->words & word) == 0)
        forbidden_word(r, word, text, at);
    else if (word == PL_WORD_ANY && negated)
        pl_diag_error(r->b->d, at, "%s: \"!any\" takes everything away again; leave it out",
                      r->what);
    else if (word != 0)
        side->words |= word;
    else if (text.n > 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
        read_reference(r, side, (struct pl_str){text.p + 1, text.n - 2}, at);
    else
        read_entry(r, side, text, at);
}

static void finish_side(struct reading *r, struct side *side, unsigned *words,
                        const struct pl_member **members, size_t *count)
{
    struct pl_member *copy = pl_arena_array(r->b->policy->arena, side->count, sizeof(*copy));

    for (size_t i = 0; i < side->count && copy != NULL; i++)
        copy[i] = side->members[i];
    free(side->members);
    if (copy == NULL) {
        pl_diag_no_memory(r->b->d);
        return;
    }
    *words = side->words;
    *members = copy;
    *count = side->count;
}

void build_set(struct builder *b, struct tree_section *section, const char *name,
               const struct set_style *style, const char *what, struct pl_set *set)
{
    struct reading r = {.b = b, .style = style, .what = what};
    struct tree_value value;
    unsigned from = 0;
    size_t positive = 0, negative = 0;
    struct pl_pos first_at = set->at;

    while (tree_list_next(section, name, &from, &value)) {
        bool negated = value.text.n > 0 && value.text.p[0] == '!';

        if (negative == 0 && negated)
            first_at = value.at;
        positive += !negated || value.bad;
        negative += negated;
        if (!value.bad)
            read_value(&r, value.text, value.at);
    }
    if (positive == 0 && negative > 0)
        pl_diag_error(b->d, first_at, "%s: only '!' entries, so nothing to take them from; %s",
                      what,
                      style->boundary && (style->words & PL_WORD_ANY) == 0
                          ? "expected what is in the list first"
                          : "for all values except these write any in front of them");
    finish_side(&r, &r.in, &set->in_words, &set->in, &set->in_count);
    finish_side(&r, &r.out, &set->out_words, &set->out, &set->out_count);
}
