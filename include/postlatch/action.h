/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ACTION_H
#define POSTLATCH_ACTION_H

#include "postlatch/arena.h"
#include "postlatch/query.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>

/* What an action does for a recipient whom the client may not relay to. */
enum pl_effect {
    PL_EFFECT_PASS,   /* lets it pass, or claims to */
    PL_EFFECT_REFUSE, /* refuses, now or for now */
    PL_EFFECT_LEAVE,  /* leaves it to the restrictions behind us (after_dunno) */
    PL_EFFECT_UNKNOWN /* a restriction class of the administrator's own */
};

/* The argument of an action: none, text for the client or the log, one of Postfix's forms. */
enum pl_argument {
    PL_ARG_NONE,
    PL_ARG_TEXT,      /* optional text */
    PL_ARG_REPLY,     /* optional text, may begin with an enhanced status code */
    PL_ARG_HEADER,    /* Name: value */
    PL_ARG_TRANSPORT, /* transport:nexthop */
    PL_ARG_ADDRESS    /* user@domain */
};

/*
 * The actions of access(5) that we send: enum, word, effect, argument, first digit of an enhanced
 * code ('0': none). Codes (4NN, 5NN text) and class:NAME have no fixed word and are not in the
 * table. Source: Postfix access(5); the effects were measured, tests/blackbox.
 */
#define PL_ACTION_TABLE(X)                                                                         \
    X(OK, "OK", PL_EFFECT_PASS, PL_ARG_NONE, '0')                                                  \
    X(DISCARD, "DISCARD", PL_EFFECT_PASS, PL_ARG_TEXT, '0')                                        \
    X(REJECT, "REJECT", PL_EFFECT_REFUSE, PL_ARG_REPLY, '5')                                       \
    X(DEFER, "DEFER", PL_EFFECT_REFUSE, PL_ARG_REPLY, '4')                                         \
    X(DEFER_IF_PERMIT, "DEFER_IF_PERMIT", PL_EFFECT_REFUSE, PL_ARG_REPLY, '4')                     \
    X(REJECT_UNAUTH, "reject_unauth_destination", PL_EFFECT_REFUSE, PL_ARG_NONE, '0')              \
    X(DUNNO, "DUNNO", PL_EFFECT_LEAVE, PL_ARG_NONE, '0')                                           \
    X(WARN, "WARN", PL_EFFECT_LEAVE, PL_ARG_TEXT, '0')                                             \
    X(INFO, "INFO", PL_EFFECT_LEAVE, PL_ARG_TEXT, '0')                                             \
    X(HOLD, "HOLD", PL_EFFECT_LEAVE, PL_ARG_TEXT, '0')                                             \
    X(PREPEND, "PREPEND", PL_EFFECT_LEAVE, PL_ARG_HEADER, '0')                                     \
    X(FILTER, "FILTER", PL_EFFECT_LEAVE, PL_ARG_TRANSPORT, '0')                                    \
    X(REDIRECT, "REDIRECT", PL_EFFECT_LEAVE, PL_ARG_ADDRESS, '0')                                  \
    X(BCC, "BCC", PL_EFFECT_LEAVE, PL_ARG_ADDRESS, '0')                                            \
    X(DEFER_IF_REJECT, "DEFER_IF_REJECT", PL_EFFECT_LEAVE, PL_ARG_REPLY, '4')                      \
    X(PERMIT_AUTH, "permit_auth_destination", PL_EFFECT_LEAVE, PL_ARG_NONE, '0')

enum pl_action_kind {
#define X(id, word, effect, argument, dsn) PL_ACTION_##id,
    PL_ACTION_TABLE(X)
#undef X
        PL_ACTION_CODE, /* 4NN or 5NN and text */
    PL_ACTION_CLASS     /* a restriction class */
};

/* The longest action that is sent, and room for what is wrong with one. */
enum { PL_ACTION_MAX = 400, PL_ACTION_WHY = 240, PL_ACTION_ROOM = PL_ACTION_MAX + 1 };

/*
 * One piece of an action: literal text, then the value of an attribute unless attr is
 * PL_ATTR_COUNT.
 */
struct pl_action_piece {
    struct pl_str literal;
    enum pl_attr attr;
};

/*
 * struct pl_action - an action that was checked; read-only, owned by the arena it was parsed into
 */
struct pl_action {
    enum pl_action_kind kind;
    enum pl_effect effect;
    struct pl_str word;   /* for the log: "REJECT", "450", "class:NAME" */
    struct pl_str source; /* as written, for messages */
    size_t npieces;       /* at least 1; 1 with attr PL_ATTR_COUNT for a plain action */
    const struct pl_action_piece *pieces; /* what is sent, in order */
};

/*
 * pl_action_parse - check an action as the configuration has it
 *
 * Everything that Postfix would take for something else is refused: it reads an empty or all-digit
 * action as permit, and sends stale memory for an enhanced code without text.
 *
 * in       text: any bytes
 * returns  the action, owned by a; NULL with what is wrong and what was expected in why ("out of
 *          memory" included)
 */
const struct pl_action *pl_action_parse(struct pl_arena *a, struct pl_str text,
                                        char why[PL_ACTION_WHY]);

/* pl_action_is_plain - it has no placeholders: whatever the request, the same is sent */
static inline bool pl_action_is_plain(const struct pl_action *action)
{
    return action->npieces == 1 && action->pieces[0].attr == PL_ATTR_COUNT;
}

/*
 * pl_action_format - the action as it is sent: never empty, never all digits, no control
 * characters
 *
 * Values of %{…} have bytes outside printable ASCII replaced by '?', absent ones are '-'; the
 * whole is cut at PL_ACTION_MAX bytes.
 *
 * out      out, NUL-terminated
 * returns  the length
 */
size_t pl_action_format(char out[PL_ACTION_ROOM], const struct pl_action *action,
                        const struct pl_query *q);

#endif
