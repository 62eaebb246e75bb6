/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of Postfix's tables. Rows lie in the text, one behind the other; a key's network has no
 * host bits.
 *
 * Input: the text of a table.
 */
#include "fuzz.h"
#include "postlatch/mapsource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_str text = {(const char *)data, size}, rest = text;
    const char *from = text.p;
    struct pl_map_row row;
    unsigned line = 0, before = 0;

    while (pl_mapsource_next(&rest, &line, &row)) {
        struct pl_prefix prefix;

        fuzz_check(row.key.n > 0 && row.key.p >= from);
        fuzz_check(row.value.p >= row.key.p + row.key.n && row.value.p + row.value.n <= rest.p);
        fuzz_check(row.line > before && row.line <= line);
        fuzz_check((unsigned)pl_access_of(row.value) <= PL_ACCESS_OTHER);
        if (pl_access_network(row.key, &prefix)) {
            struct pl_addr masked = prefix.addr;

            pl_addr_mask(&masked, prefix.len);
            fuzz_check(pl_addr_eq(&masked, &prefix.addr));
        }
        from = rest.p;
        before = row.line;
    }
    fuzz_check(rest.n == 0);
    return 0;
}
