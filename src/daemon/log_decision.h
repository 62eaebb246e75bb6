/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_LOG_DECISION_H
#define DAEMON_LOG_DECISION_H

#include "log.h"
#include "postlatch/config.h"
#include "postlatch/policy.h"
#include "postlatch/quote.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of a value that a line shows, and room for any line: some ten values, each byte as \\xNN. */
enum { DECISION_SHOWN = PL_LOG_SHOWN, DECISION_LINE = 24 * 1024 };

/*
 * log_decision_format - the line that tells of a decision: text or one JSON object
 *
 * ASCII without control characters, whatever the request holds: no client can forge a line or a
 * field. The keys are interface: administrators' scripts and `postlatch explain -` read them.
 *
 * in       q: its addresses are read if they were not; us: microseconds from reading the request to its answer
 * out      out, not NUL-terminated
 * returns  the length
 */
size_t log_decision_format(char out[DECISION_LINE], const struct pl_config *config,
                           unsigned long generation, struct pl_query *q,
                           const struct pl_decision *decision, int64_t us);

/* log_decision - log it, if log { decisions } asks for such. "step 9" in docs/HACKING.md */
void log_decision(const struct pl_config *config, unsigned long generation, struct pl_query *q,
                  const struct pl_decision *decision, int64_t us);

/*
 * log_shadow_format, log_shadow - the line that tells of a request which a shadow would have answered
 * otherwise, whatever log { decisions } asks for: "shadow other=ACTION other_rule=RULE action=… rule=…"
 * and the rest as of a decision; in JSON an object that begins with "other"
 *
 * in       mine: what was decided, theirs: what the shadow would have
 */
size_t log_shadow_format(char out[DECISION_LINE], const struct pl_config *config,
                         unsigned long generation, struct pl_query *q,
                         const struct pl_decision *mine, const struct pl_decision *theirs);
void log_shadow(const struct pl_config *config, unsigned long generation, struct pl_query *q,
                const struct pl_decision *mine, const struct pl_decision *theirs);

#endif
