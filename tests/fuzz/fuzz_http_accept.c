/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An Accept header: whoever does not name OpenMetrics does not get it, whatever else stands there.
 *
 * Input: the header's value.
 */
#include "daemon/http_accept.h"
#include "fuzz.h"

static bool names_openmetrics(struct pl_str accept)
{
    static const struct pl_str name = {"application/openmetrics-text", 28};

    for (; accept.n >= name.n; accept = pl_str_from(accept, 1)) {
        if (pl_str_has_prefix_fold(accept, name))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_str accept = {(const char *)data, size};

    fuzz_check(!http_wants_openmetrics(accept) || names_openmetrics(accept));
    return 0;
}
