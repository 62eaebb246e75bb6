/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_TELL_H
#define POSTLATCH_CLI_TELL_H

#include "postlatch/str.h"

#include <stdbool.h>

/* What the daemon says of itself, printed for people and for programs. */

/* next_line - the next line of *rest, without its newline; false behind the last one */
bool next_line(struct pl_str *rest, struct pl_str *line);

/* tell_status, tell_status_json - in: key=value, a line each (docs/control-protocol.md) */
void tell_status(struct pl_str lines);
void tell_status_json(struct pl_str lines);

/* tell_metrics, tell_metrics_json - in: Prometheus's text; JSON: a list of its samples */
void tell_metrics(struct pl_str lines);
void tell_metrics_json(struct pl_str lines);

#endif
