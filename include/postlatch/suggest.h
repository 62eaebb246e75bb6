/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_SUGGEST_H
#define POSTLATCH_SUGGEST_H

#include "postlatch/str.h"

#include <stddef.h>

/*
 * struct pl_suggest - the search for the word that was probably meant; plain value, initialise with
 * pl_suggest_init
 */
struct pl_suggest {
    struct pl_str typed;
    const char *best; /* NULL: nothing near enough so far */
    size_t distance;  /* of best */
};

/* pl_suggest_init - start a search for what typed may have been meant to be; keeps the view */
void pl_suggest_init(struct pl_suggest *s, struct pl_str typed);

/* pl_suggest_try - offer a candidate; kept (by pointer) if it is nearer than the best so far */
void pl_suggest_try(struct pl_suggest *s, const char *candidate);

/*
 * pl_suggest_text - "; did you mean \"word\"?" or "" when nothing is near
 *
 * out      buf of size bytes; always NUL-terminated
 * returns  buf
 */
const char *pl_suggest_text(const struct pl_suggest *s, char *buf, size_t size);

#endif
