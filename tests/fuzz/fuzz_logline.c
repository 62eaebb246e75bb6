/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `postlatch replay` reads: a line of any log. A decision has all that a line of ours has, its
 * values lie in it; what is wrong with a broken one is said in plain ASCII.
 *
 * Input: one line.
 */
#include "fuzz.h"
#include "postlatch/logline.h"
#include "postlatch/query.h"

#include <string.h>

static struct pl_logline line;

static void check_inside(struct pl_str s)
{
    fuzz_check(s.n == 0 || (s.p >= line.bytes && s.p + s.n <= line.bytes + sizeof(line.bytes)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[PL_LOGLINE_WHY] = "";
    struct pl_query q;

    switch (pl_logline_read(&line, (struct pl_str){(const char *)data, size}, why)) {
    case PL_LOGLINE_OTHER:
        break;
    case PL_LOGLINE_BROKEN:
        fuzz_check(why[0] != '\0' && strlen(why) < sizeof(why));
        for (const char *p = why; *p != '\0'; p++)
            fuzz_check(pl_ascii_is_print(*p));
        break;
    case PL_LOGLINE_DECISION:
        check_inside(line.action);
        check_inside(line.rule);
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
            check_inside(line.attr[a]);
        memcpy(q.attr, line.attr, sizeof(q.attr));
        pl_query_read(&q);
        break;
    }
    return 0;
}
