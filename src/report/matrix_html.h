/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REPORT_MATRIX_HTML_PARTS_H
#define POSTLATCH_REPORT_MATRIX_HTML_PARTS_H

#include "matrix_words.h"

#include "postlatch/matrix_html.h"

/* The style, as written in src/report/matrix*.css; made by the build. */
extern const char matrix_css[], matrix_narrow_css[], matrix_print_css[];

/* html_rule - a rule's name, its place behind it if it has one */
void html_rule(struct pl_buf *out, const struct pl_policy *p, const struct pl_rule *rule);

/* html_surface, html_rules, html_assumptions - the sections below the table */
void html_surface(struct pl_buf *out, const struct pl_page *page);
void html_rules(struct pl_buf *out, const struct pl_page *page);
void html_assumptions(struct pl_buf *out, const struct pl_page *page);

#endif
