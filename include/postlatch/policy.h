/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_POLICY_H
#define POSTLATCH_POLICY_H

#include "postlatch/action.h"
#include "postlatch/arena.h"
#include "postlatch/attr.h"
#include "postlatch/compile.h"
#include "postlatch/diag.h"
#include "postlatch/query.h"
#include "postlatch/ranges.h"
#include "postlatch/table.h"
#include "postlatch/user.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A policy: rules over named sets. It is built once (by config/), then read-only; any number of
 * threads may ask it. Everything in it belongs to the policy and dies with pl_policy_free.
 */

/* Words of a condition that stand for more than one value. Bits, so that a set holds several. */
enum pl_keyword {
    PL_WORD_ANY = 1,     /* every present value */
    PL_WORD_ABSENT = 2,  /* none, unknown, "<>": no value */
    PL_WORD_OURS = 4,    /* mail addresses: in accepted_domains, not routed */
    PL_WORD_FOREIGN = 8, /* mail addresses: present and not ours */
    PL_WORD_ROUTED = 16  /* mail addresses: sender-specified routing */
};

/* One source of a set's values; exactly one pointer is not NULL. */
struct pl_member {
    const struct pl_table *table; /* a named table, or the inline entries of the condition */
    const struct pl_set *set;     /* a boundary list, referred to by name */
};

/* A set of values of one attribute: everything of `in`, minus everything of `out`. */
struct pl_set {
    struct pl_str name; /* of a boundary list, else empty */
    struct pl_pos at;
    unsigned in_words, out_words; /* bits of enum pl_keyword */
    size_t in_count, out_count;
    const struct pl_member *in, *out;
};

/* A condition: the value of attr lies in set. */
struct pl_condition {
    enum pl_attr attr;
    struct pl_pos at;
    const struct pl_set *set;
};

/* A rule: all conditions must hold. */
struct pl_rule {
    struct pl_str name; /* "builtin:…" for the built-in ones; several rules may share such a name */
    bool builtin;
    struct pl_pos at; /* of a built-in rule: its boundary list, or PL_NOWHERE */
    size_t ncond;
    const struct pl_condition *cond;
    const struct pl_action *action;
};

enum pl_mode { PL_MODE_ENFORCE, PL_MODE_OBSERVE };
enum pl_after_dunno {
    PL_AFTER_REJECT_UNAUTH,
    PL_AFTER_DEFER_UNAUTH,
    PL_AFTER_REJECT,
    PL_AFTER_PERMIT
};

/*
 * The boundary lists that are sets: enum, name, attribute whose values it holds, kind of its
 * entries.
 */
#define PL_BOUNDARY_TABLE(X)                                                                       \
    X(ACCEPTED_DOMAINS, "accepted_domains", PL_ATTR_RECIPIENT, PL_TABLE_DOMAINS)                   \
    X(RELAY_NETWORKS, "relay_networks", PL_ATTR_CLIENT_ADDRESS, PL_TABLE_NETWORKS)                 \
    X(RELAY_CLIENT_NAMES, "relay_client_names", PL_ATTR_CLIENT_NAME, PL_TABLE_DOMAINS)             \
    X(RELAY_USERS, "relay_users", PL_ATTR_SASL_USERNAME, PL_TABLE_USERS)                           \
    X(RELAY_CLIENTCERTS, "relay_clientcerts", PL_ATTR_CCERT_FINGERPRINT, PL_TABLE_FINGERPRINTS)    \
    X(RELAY_BY_RULE, "relay_by_rule", PL_ATTR_CLIENT_ADDRESS, PL_TABLE_NETWORKS)                   \
    X(MASKING, "masking", PL_ATTR_CLIENT_ADDRESS, PL_TABLE_NETWORKS)                               \
    X(PERMITTED_ELSEWHERE, "permitted_elsewhere", PL_ATTR_CLIENT_ADDRESS, PL_TABLE_NETWORKS)

enum pl_boundary {
#define X(id, name, attr, kind) PL_BOUNDARY_##id,
    PL_BOUNDARY_TABLE(X)
#undef X
        PL_BOUNDARY_COUNT
};

/* pl_boundary_name, pl_boundary_attr, pl_boundary_kind - a row of the table */
const char *pl_boundary_name(enum pl_boundary b);
enum pl_attr pl_boundary_attr(enum pl_boundary b);
enum pl_table_kind pl_boundary_kind(enum pl_boundary b);

/* One member of relay_listeners: a place where only trusted clients come in. */
struct pl_listener {
    struct pl_str text; /* as written */
    struct pl_pos at;
    struct pl_addr server; /* family 0: any, then context is set */
    uint16_t port;         /* 0: every port of server */
    struct pl_str context; /* policy_context; empty: not asked for */
};

/* accept: what is open, or cannot be proved, on purpose and until a day. */
struct pl_waiver {
    struct pl_str reason;
    struct pl_pos at;
    struct pl_ranges surface; /* of clients, merged; none: only rule counts */
    struct pl_str rule;       /* the name of a rule that cannot be proved; empty: none */
    int32_t until;            /* the last day on which it counts, in days since 1970-01-01 (UTC) */
};

/* A loaded policy. Public inside the library: explain and the analysis read it. */
struct pl_policy {
    struct pl_arena *arena;
    enum pl_mode mode;
    enum pl_after_dunno after_dunno;
    bool lean;         /* its tables keep no entries: see pl_config_load_lean */
    bool bare_is_ours; /* bare_recipient = ours */
    struct pl_user_style users;
    struct pl_str delimiters; /* recipient_delimiter */
    const struct pl_action *relay_action, *reject_action;

    size_t nfiles; /* names behind struct pl_pos.file */
    const struct pl_str *files;
    size_t ntables, tables_cap; /* named tables, in the order declared; malloc'ed */
    struct pl_table **tables;
    size_t ninline, inlines_cap; /* tables of inline entries; malloc'ed */
    struct pl_table **inlines;
    struct pl_set boundary[PL_BOUNDARY_COUNT];
    size_t nlisteners;
    const struct pl_listener *listeners;
    size_t nwaivers;
    struct pl_waiver *waivers; /* owned; their surfaces too */
    struct pl_rule *expired; /* builtin:expired, which refuses clients of a waiver that has expired;
                                  not among rules[] */
    _Atomic int32_t today;   /* in days since 1970-01-01 (UTC), see pl_policy_set_today */
    size_t nquiet;           /* accept_warnings: "code:object" each */
    const struct pl_str *quiet;
    struct pl_sources sources;    /* entries of the tables, until they are compiled */
    struct pl_compiled *compiled; /* by pl_policy_compile */
    size_t nwritten;              /* rules of the administrator, the first of rules[] */
    size_t nrules, rules_cap;     /* with the built-in ones behind them; malloc'ed */
    struct pl_rule *rules;
    const struct pl_set
        *at_rcpt; /* protocol_state is RCPT: what a rule means that names no state */
};

/*
 * pl_policy_new - a policy without tables, boundary and rules, all options at their defaults
 *
 * It answers nothing until pl_policy_add_builtin has been called. NULL when memory is short.
 */
struct pl_policy *pl_policy_new(void);

/*
 * pl_policy_new_table - a table that belongs to the policy; an empty name makes an inline one
 *
 * returns  NULL when memory is short
 */
struct pl_table *pl_policy_new_table(struct pl_policy *p, struct pl_str name,
                                     enum pl_table_kind kind, struct pl_pos at);

/* pl_policy_add_rule - append a copy of *rule; false when memory is short */
bool pl_policy_add_rule(struct pl_policy *p, const struct pl_rule *rule);

/* pl_policy_find_table - the named table, or NULL */
const struct pl_table *pl_policy_find_table(const struct pl_policy *p, struct pl_str name);

/* pl_policy_free - frees all of it; NULL accepted. No thread may hold it any more */
void pl_policy_free(struct pl_policy *p);

struct pl_decision;

/* pl_policy_set_today - the day that waivers are held to; at load it is the present one. Any thread */
void pl_policy_set_today(struct pl_policy *p, int32_t days);

/*
 * pl_policy_lets_pass - an action lets mail to a recipient elsewhere pass, or may: a class of main.cf is not
 * known
 *
 * in       elsewhere: the client is in permitted_elsewhere
 */
bool pl_policy_lets_pass(const struct pl_policy *p, const struct pl_action *action, bool elsewhere);

/* pl_waiver_has_ended - today is past the last day on which the waiver counts */
bool pl_waiver_has_ended(const struct pl_policy *p, const struct pl_waiver *w);

/*
 * pl_policy_waiver - the waiver whose surface holds an address, one that has not ended if there is
 * such; NULL if none does
 */
const struct pl_waiver *pl_policy_waiver(const struct pl_policy *p, const struct pl_addr *addr);

/*
 * pl_policy_ended_waiver - the waiver because of whose end a rule's answer to q counts no more
 *
 * Such are the answers that let mail pass, or may (pl_prove_lets_pass), to clients without login of
 * the surface of a waiver that has ended (or, if the action is a class, by the rule that it names), for
 * a recipient that is not ours, at RCPT; unless another waiver accepts them still, or the boundary
 * holds the client without any.
 *
 * in       rule: the first whose conditions all hold
 * returns  NULL: the answer counts
 */
const struct pl_waiver *pl_policy_ended_waiver(const struct pl_policy *p, struct pl_query *q,
                                               const struct pl_rule *rule);

/* pl_policy_apply_waivers - put builtin:expired in the place of a decision that counts no more */
void pl_policy_apply_waivers(const struct pl_policy *p, struct pl_query *q, struct pl_decision *d);

/* pl_policy_entries - entries of all tables, inline ones included */
size_t pl_policy_entries(const struct pl_policy *p);

/*
 * The first of the built-in rules, counted from nwritten: those for everything but RCPT, and for
 * recipients that are ours.
 */
enum pl_builtin { PL_BUILTIN_STATE, PL_BUILTIN_ACCEPTED };

/* pl_policy_add_builtin - append the built-in rules; false when memory is short */
bool pl_policy_add_builtin(struct pl_policy *p);

/*
 * pl_policy_compile - the last step of building: from here on the policy answers
 *
 * returns  false when memory is short, or *too_many: there are too many classes (pl_compile)
 */
bool pl_policy_compile(struct pl_policy *p, bool *too_many);

/*
 * Where a decision stands, so that it can wait for an answer from elsewhere and go on; start with
 * {0}.
 */
struct pl_cursor {
    size_t rule; /* the next rule to try */
};

enum pl_step {
    PL_STEP_DECIDED,
    PL_STEP_NEEDS /* a guard must be asked first. No condition of this version is a guard, so it
                     does not occur yet */
};

/* struct pl_decision - plain value, points into the policy */
struct pl_decision {
    const struct pl_rule *rule;
    const struct pl_action *action;
};

/*
 * pl_policy_decide - what the policy says about a request, by its compiled form
 *
 * in       q: begun by pl_query_begin or read by pl_query_read; the values that the policy asks for
 *          are read on the way. *cursor: {0}, or as the last call left it after PL_STEP_NEEDS
 * out      *out when DECIDED; there always is a rule, as builtin:reject has no condition.
 *          *cursor: the first rule whose conditions all hold, which out->rule is too, unless it is
 *          p->expired (pl_policy_ended_waiver)
 * memory   allocates nothing, but for non-ASCII domains
 * threads  any
 * cost     a look-up for each attribute that a rule still in play asks for
 */
enum pl_step pl_policy_decide(const struct pl_policy *p, struct pl_query *q,
                              struct pl_cursor *cursor, struct pl_decision *out);

/*
 * pl_policy_row - the rules whose condition on an attribute holds for q's value, or that have none
 *
 * By the very code that decides: what the analysis reads.
 *
 * in       dim: an index into p->compiled->dims
 * out      bits: one a rule, in the order of the rules; (p->nrules + 63) / 64 words
 */
void pl_policy_row(const struct pl_policy *p, struct pl_query *q, size_t dim, uint64_t *bits);

/*
 * pl_policy_interpret - the same by reading the rules in order, one condition after the other: slow
 * and plain, what the compiled form is held to
 *
 * in       q: read by pl_query_read; the policy keeps its tables (pl_config_load)
 */
void pl_policy_interpret(const struct pl_policy *p, const struct pl_query *q,
                         struct pl_decision *out);

/*
 * pl_policy_answer - the action to send, after observe mode has had its say
 *
 * In observe mode a refusal becomes "WARN would be refused: …" and everything else DUNNO.
 *
 * out      out, NUL-terminated, never empty
 * returns  the length
 */
size_t pl_policy_answer(char out[PL_ACTION_ROOM], const struct pl_policy *p,
                        const struct pl_query *q, const struct pl_decision *decision);

/* pl_policy_sent_word - the word of the action that pl_policy_answer sends: for the log */
struct pl_str pl_policy_sent_word(const struct pl_policy *p, const struct pl_decision *decision);

/* Why a set holds a value, or why it does not; plain value, points into the policy. */
struct pl_hit {
    bool holds;
    bool excluded; /* does not hold because of a '!' entry, which the fields below name */
    unsigned word; /* the enum pl_keyword that decided, or 0 */
    const struct pl_set *list;    /* the boundary list through which table or word came, or NULL */
    const struct pl_set *from;    /* excluded: the boundary list whose '!' it was, or NULL */
    const struct pl_table *table; /* the table that decided, or NULL */
    uint32_t entry;               /* the entry of it, or PL_NO_ENTRY */
};

/* pl_set_match - whether the set holds q's value of attr, and why */
struct pl_hit pl_set_match(const struct pl_set *set, const struct pl_policy *p,
                           const struct pl_query *q, enum pl_attr attr);

/*
 * pl_rule_match - whether all conditions of rule hold
 *
 * out      *failed: index of the first condition that does not hold (if false); *hit: why that one
 *          does not. Both may be NULL
 */
bool pl_rule_match(const struct pl_rule *rule, const struct pl_policy *p, const struct pl_query *q,
                   size_t *failed, struct pl_hit *hit);

/*
 * pl_policy_is_ours - a mail address is in accepted_domains: not routed, well formed; bare ones as
 * configured
 */
bool pl_policy_is_ours(const struct pl_policy *p, const struct pl_query *q, enum pl_attr attr);

#endif
