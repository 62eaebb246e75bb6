/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch check */
#include "cli.h"
#include "progress.h"

#include "postlatch/check.h"

int cmd_check(const struct arguments *a)
{
    const struct pl_check_options options = {.json = a->json,
                                             .strict = a->strict,
                                             .no_host = a->no_host,
                                             .host_file = a->host,
                                             .overlaps = a->overlaps,
                                             .compromised = a->compromised,
                                             .before_output = progress_end};

    if (a->no_host && a->host != NULL)
        return trouble(
            "check: --host and --no-host exclude each other; see postlatch check --help");
    if (a->compromised != NULL && a->compromised[0] == '\0')
        return trouble("check: --compromised: expected a login; see postlatch check --help");
    progress_begin("check");
    return pl_check_report(a->config, &options, stdout);
}
