/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ANALYSIS_LINT_DOMAINS_H
#define POSTLATCH_ANALYSIS_LINT_DOMAINS_H

#include "lint_ask.h"

/* lint_domains - unreachable-domain: accepted domains that no outsider can send to */
void lint_domains(struct lint_ask *a);

#endif
