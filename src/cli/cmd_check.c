/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch check */
#include "cli.h"

#include "postlatch/check.h"

int cmd_check(const struct arguments *a)
{
    return pl_check_report(a->config, a->json, stdout);
}
