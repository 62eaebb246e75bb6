/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `postlatch explain -` reads: a request, or a line of our log as text or JSON. The values
 * lie in what was read.
 *
 * Input: standard input, as it is.
 */
#include "cli/cli.h"
#include "cli/input.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

int trouble(const char *fmt, ...)
{
    fuzz_check(fmt != NULL);
    return EXIT_TROUBLE;
}

static bool lies_in(struct pl_str value, struct pl_str all)
{
    return value.n == 0 || (value.p >= all.p && value.p + value.n <= all.p + all.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_buf input = {0};
    struct pl_query q;
    FILE *before = stdin;

    stdin = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (stdin != NULL && read_question(&q, &input)) {
        fuzz_check(q.attr[PL_ATTR_PROTOCOL_STATE].p != NULL);
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
            fuzz_check(i == PL_ATTR_PROTOCOL_STATE || lies_in(q.attr[i], pl_buf_str(&input)));
        pl_query_read(&q);
    }
    if (stdin != NULL)
        fclose(stdin);
    stdin = before;
    pl_buf_fini(&input);
    return 0;
}
