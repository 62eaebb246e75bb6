/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: one form for each. What comes out is lower case ASCII without a dot at its end, reads back
 * as itself, and stays the same when the letters of the text change case.
 */
#include "fuzz.h"
#include "postlatch/domain.h"

#include <stdlib.h>
#include <string.h>

static void check_form(const struct pl_domain *d)
{
    struct pl_str s = pl_domain_str(d);

    fuzz_check(s.n > 0 && s.n <= PL_DOMAIN_MAX && s.p[s.n - 1] != '.' && s.p[0] != '.');
    for (size_t i = 0; i < s.n; i++) {
        fuzz_check(pl_ascii_is_print(s.p[i]) && pl_ascii_lower(s.p[i]) == s.p[i]);
        fuzz_check(s.p[i] != '@' && s.p[i] != '%' && s.p[i] != '!' && s.p[i] != ' ');
        fuzz_check(s.p[i] != '.' || s.p[i - 1] != '.');
    }
    fuzz_check(pl_domain_is_literal(d) == (s.p[0] == '['));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_str text = {(const char *)data, size};
    char *copy = fuzz_heap(text), *other = fuzz_heap(text);
    struct pl_domain d, again;
    const char *why = NULL;

    text.p = copy;
    for (size_t i = 0; i < size; i++)
        other[i] =
            copy[i] == pl_ascii_lower(copy[i]) ? pl_ascii_upper(copy[i]) : pl_ascii_lower(copy[i]);
    if (pl_domain_parse(&d, text, &why)) {
        check_form(&d);
        fuzz_check(pl_domain_parse(&again, pl_domain_str(&d), &why));
        fuzz_check(pl_str_eq(pl_domain_str(&d), pl_domain_str(&again)));
        fuzz_check(pl_domain_parse(&again, (struct pl_str){other, size}, &why));
        fuzz_check(pl_str_eq(pl_domain_str(&d), pl_domain_str(&again)));
    } else {
        fuzz_check(d.len == 0 && why != NULL && strlen(why) > 0);
    }
    free(copy);
    free(other);
    return 0;
}
