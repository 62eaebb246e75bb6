/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_MATRIX_HTML_H
#define POSTLATCH_MATRIX_HTML_H

#include "postlatch/buf.h"
#include "postlatch/matrix.h"
#include "postlatch/prove.h"
#include "postlatch/surface.h"

/* What a page is made of. */
struct pl_page {
    const struct pl_matrix *matrix;
    const struct pl_proof *proof;
    const struct pl_surface *surface;
    const char *name; /* of the configuration file */
    const char *when; /* "2026-11-25 13:04 UTC" */
};

/*
 * pl_matrix_html - the matrix, the verdict, the relay surface and the assumptions as one HTML page
 *
 * It needs nothing else: no network, no script, no font. All text of the policy is escaped; control
 * and bidirectional characters are shown as \u{…}.
 *
 * out      out: the page; out->failed when memory is short
 */
void pl_matrix_html(struct pl_buf *out, const struct pl_page *page);

#endif
