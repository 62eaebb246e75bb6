/* SPDX-License-Identifier: BSD-2-Clause */
/* Logins, fingerprints and endpoints, by the first byte: what comes out reads back as the same. */
#include "fuzz.h"
#include "postlatch/endpoint.h"
#include "postlatch/fingerprint.h"
#include "postlatch/user.h"

#include <stdlib.h>
#include <string.h>

static void login(struct pl_str text, bool fold, bool realm)
{
    struct pl_user_style style = {fold,
                                  realm ? pl_str_lit("Example.org") : (struct pl_str){NULL, 0}};
    char key[PL_USER_MAX], again[PL_USER_MAX];
    size_t n = pl_user_key(key, text, &style);

    fuzz_check(n <= sizeof(key) && (text.n > 0 || n == 0));
    for (size_t i = 0; fold && i < n; i++)
        fuzz_check(key[i] == pl_ascii_lower(key[i]));
    if (n > 0) {
        fuzz_check(pl_user_key(again, (struct pl_str){key, n}, &style) == n);
        fuzz_check(memcmp(key, again, n) == 0);
    }
}

static void fingerprint(struct pl_str text)
{
    uint8_t bytes[PL_FINGERPRINT_MAX], again[PL_FINGERPRINT_MAX];
    char hex[2 * PL_FINGERPRINT_MAX];
    size_t n, m;

    if (!pl_fingerprint_parse(bytes, &n, text))
        return;
    fuzz_check((n == 16 || n == 20 || n == 32) && (text.n == 2 * n || text.n == 3 * n - 1));
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = "0123456789ABCDEF"[bytes[i] >> 4];
        hex[2 * i + 1] = "0123456789ABCDEF"[bytes[i] & 15];
    }
    fuzz_check(pl_fingerprint_parse(again, &m, (struct pl_str){hex, 2 * n}));
    fuzz_check(m == n && memcmp(bytes, again, n) == 0);
}

static void endpoint(struct pl_str text)
{
    struct pl_endpoint e, again;
    const char *why = NULL;

    if (!pl_endpoint_parse(&e, text, &why)) {
        fuzz_check(why != NULL && strlen(why) > 0);
        return;
    }
    fuzz_check(pl_endpoint_parse(&again, pl_str_of(e.text), &why));
    fuzz_check(strcmp(e.text, again.text) == 0 && e.len == again.len);
    fuzz_check(memcmp(&e.addr, &again.addr, e.len) == 0);
    fuzz_check(pl_endpoint_is_unix(&e) == (pl_endpoint_path(&e)[0] == '/'));
    pl_endpoint_is_loopback(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    unsigned what = input_byte(&in);
    struct pl_str text = input_rest(&in);
    char *copy = fuzz_heap(text);

    text.p = copy;
    switch (what % 4) {
    case 0:
        login(text, (what & 4) != 0, (what & 8) != 0);
        break;
    case 1:
        fingerprint(text);
        break;
    default:
        endpoint(text);
    }
    free(copy);
    return 0;
}
