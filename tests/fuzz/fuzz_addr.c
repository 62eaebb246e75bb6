/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses and prefixes, held to inet_pton: what it refuses is refused, what it reads is read the
 * same, and the text that comes out reads back.
 */
#include "fuzz.h"
#include "postlatch/addr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* What inet_pton says: 4, 6, or 0. A mapped address is IPv4. */
static int by_inet_pton(struct pl_str text, uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char z[256];

    memset(bytes, 0, 16);
    if (text.n >= sizeof(z) || strnlen(text.p, text.n) < text.n)
        return 0;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, bytes) == 1)
        return 4;
    if (inet_pton(AF_INET6, z, bytes) != 1)
        return 0;
    if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
        return 6;
    memmove(bytes, bytes + 12, 4);
    memset(bytes + 4, 0, 12);
    return 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_str text = {(const char *)data, size};
    struct pl_addr addr, again;
    struct pl_prefix prefix, back;
    char out[PL_PREFIX_TEXT], why[PL_PREFIX_WHY];
    uint8_t bytes[16];
    char *copy = fuzz_heap(text);
    int family;

    text.p = copy;
    family = by_inet_pton(text, bytes);
    fuzz_check(pl_addr_parse(&addr, text) == (family != 0));
    fuzz_check(addr.family == family && (family == 0 || memcmp(addr.bytes, bytes, 16) == 0));
    if (family != 0) {
        pl_addr_format(out, &addr);
        fuzz_check(pl_addr_parse(&again, pl_str_of(out)) && pl_addr_eq(&addr, &again));
    }
    why[0] = '\0';
    if (pl_prefix_parse(&prefix, text, why)) {
        struct pl_str bare = text;
        unsigned long len;
        size_t slash = pl_str_find(text, '/');

        bare.n = slash;
        if (bare.p[0] == '[')
            bare = (struct pl_str){bare.p + 1, bare.n - 2};
        fuzz_check(by_inet_pton(bare, bytes) == prefix.addr.family);
        fuzz_check(memcmp(prefix.addr.bytes, bytes, 16) == 0);
        if (slash < text.n) {
            bool mapped = prefix.addr.family == 4 && pl_str_find(bare, ':') < bare.n;

            fuzz_check(pl_str_to_number(pl_str_from(text, slash + 1), 0, 128, &len));
            fuzz_check(prefix.len == len - (mapped ? 96 : 0));
        } else {
            fuzz_check(prefix.len == pl_addr_bits(&prefix.addr));
        }
        fuzz_check(pl_prefix_contains(&prefix, &prefix.addr));
        pl_prefix_format(out, &prefix);
        fuzz_check(pl_prefix_parse(&back, pl_str_of(out), why));
        fuzz_check(pl_addr_eq(&back.addr, &prefix.addr) && back.len == prefix.len);
    } else {
        fuzz_check(why[0] != '\0' && memchr(why, '\0', sizeof(why)) != NULL);
        /* Nothing that inet_pton reads as it stands is refused. */
        fuzz_check(family == 0);
    }
    free(copy);
    return 0;
}
