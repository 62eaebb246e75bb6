/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_REPLAY_H
#define POSTLATCH_CLI_REPLAY_H

#include "postlatch/diff.h"
#include "postlatch/logline.h"
#include "postlatch/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * postlatch replay: what another policy would have answered to the requests of a log.
 *
 * A line holds some attributes, not all. A rule that asks for one that is not there may hold or not;
 * where that decides, the answer cannot be told, and nothing is guessed.
 */

/* ---- one request: replay_judge.c ---- */

/* struct replay_judge - a policy made ready to be asked with attributes missing; init, fini */
struct replay_judge {
    const struct pl_policy *p;
    size_t words;       /* of bits, one a rule */
    uint64_t asks;      /* bits of enum pl_attr: some live rule asks about it */
    uint64_t *live;     /* rules that can hold at all */
    uint64_t **asking;  /* of each dimension: the rules with a condition on it */
    uint64_t *rest;     /* scratch: rules that hold or may hold */
    uint64_t *doubtful; /* scratch: those that may */
    uint64_t *row;      /* scratch */
};

/* replay_judge_init - false when memory is short; replay_judge_fini in any case */
bool replay_judge_init(struct replay_judge *j, const struct pl_policy *p);
void replay_judge_fini(struct replay_judge *j);

/* struct replay_answer - what the policy says to a request of a log; points into the policy */
struct replay_answer {
    struct pl_decision sure;  /* if no doubtful rule before it holds */
    struct pl_decision maybe; /* one of those, if it holds; of several with another action than sure
                                 the one whose change would be worst. rule is NULL if there is none */
    bool certain;             /* whichever holds, the word of the action is the same */
    unsigned kind; /* enum pl_change_kind, the worst that may be; PL_CHANGE_KINDS: the same word */
    uint64_t asks; /* bits of enum pl_attr: what would have to be known */
};

/*
 * replay_judge_ask - what the policy says, as if it enforced, and what kind of change that is
 *
 * Kinds are those of postlatch/diff.h. Whether the recipient was ours is taken from a built-in rule's
 * name; where a written rule decided, it is taken to have been what it is now. A recipient that is not
 * known whole counts as foreign.
 *
 * cost     that of a decision; with something unknown that rules ask for: a row of bits a dimension
 */
struct replay_answer replay_judge_ask(struct replay_judge *j, const struct pl_logline *l);

/* ---- counting: replay_count.c ---- */

enum {
    REPLAY_EXAMPLES = 3,   /* kept of each group */
    REPLAY_GROUPS = 20000, /* kept; more are counted together */
    REPLAY_BROKEN = 10     /* lines that could not be read and are named */
};

struct replay_example {
    size_t line;
    struct pl_str attr[PL_ATTR_COUNT]; /* owned by the counts' arena; cut ones end in "..." */
};

/* All requests with one old answer and one new one. */
struct replay_group {
    unsigned kind; /* of struct replay_answer; PL_CHANGE_KINDS: by another rule only */
    bool certain;
    struct pl_str was, rule; /* the word that was sent, by which rule */
    const struct pl_rule *sure, *maybe;
    const struct pl_action *sure_action, *maybe_action; /* maybe: NULL if there is none */
    uint64_t asks;
    size_t count, nexamples;
    struct replay_example examples[REPLAY_EXAMPLES];
};

/* struct replay_counts - bounded, however long the log is; init with {0}, fini */
struct replay_counts {
    size_t lines, other;                     /* read; of which no decision of ours */
    size_t decisions, observed, same, moved; /* same: by a rule of that name; moved: by another */
    size_t differ, doubtful;
    size_t broken, ungrouped; /* could not be read; found no group any more */
    struct {
        size_t line;
        char why[PL_LOGLINE_WHY];
    } named[REPLAY_BROKEN];

    struct pl_arena *arena;
    void *tree;                   /* of groups, for tsearch */
    struct replay_group **groups; /* malloc'ed */
    size_t ngroups, cap;
    bool failed; /* memory was short */
};

bool replay_counts_init(struct replay_counts *c);
void replay_counts_fini(struct replay_counts *c);

/* replay_count - one line that was read: count it, and keep an example */
void replay_count(struct replay_counts *c, struct replay_judge *j, const struct pl_logline *l);
void replay_count_broken(struct replay_counts *c, const char *why);

/* replay_counts_sort - certain ones first, by kind, a refusal that becomes OK before all, then by count */
void replay_counts_sort(struct replay_counts *c);

/* replay_is_same - all answers are the same, and that is certain */
bool replay_is_same(const struct replay_counts *c);

/* ---- telling: replay_report.c ---- */

void replay_print_text(const struct replay_counts *c, const struct pl_policy *p, const char *name);
void replay_print_json(const struct replay_counts *c);

#endif
