/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REACH_TEXT_H
#define POSTLATCH_REACH_TEXT_H

#include "postlatch/policy.h"
#include "postlatch/space.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * pl_reach_who - who may send to a recipient, by which rules: clients as a minimal list of networks,
 * then names, listeners, logins, certificates
 *
 * in       p: not lean; s: its space; recipient: as Postfix would send it
 * returns  false when memory is short
 */
bool pl_reach_who(const struct pl_policy *p, const struct pl_space *s, struct pl_str recipient,
                  bool json, FILE *out);

/*
 * pl_reach_where - to which recipients a client may send without login (an address, or "unknown"), or
 * a login (anything else), by which rules
 */
bool pl_reach_where(const struct pl_policy *p, const struct pl_space *s, struct pl_str who,
                    bool json, FILE *out);

/*
 * pl_reach_compromised - what a stolen password of a login opens: recipients, addresses, senders, and
 * the rules that stand in its way
 */
bool pl_reach_compromised(const struct pl_policy *p, const struct pl_space *s, struct pl_str login,
                          FILE *out);

struct pl_json;
/* pl_reach_compromised_json - the same for programs; NULL when memory is short */
struct pl_json *pl_reach_compromised_json(const struct pl_policy *p, const struct pl_space *s,
                                          struct pl_str login);

#endif
