/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DIFF_TEXT_H
#define POSTLATCH_DIFF_TEXT_H

#include "postlatch/buf.h"
#include "postlatch/diff.h"
#include "postlatch/json.h"

#include <stddef.h>

/* What changes between two policies, for people and for programs. Client-chosen text does not occur. */

/* pl_diff_text_add - all of it: a paragraph a change, then what holds for the rest */
void pl_diff_text_add(struct pl_buf *out, const struct pl_diff *d);

/* pl_diff_text_add_lines - the same in a line a change, at most `most` of them: for a log */
void pl_diff_text_add_lines(struct pl_buf *out, const struct pl_diff *d, size_t most);

/* pl_diff_text_json - {"same", "changes"} as postlatch(1) has it */
struct pl_json *pl_diff_text_json(const struct pl_diff *d);

#endif
