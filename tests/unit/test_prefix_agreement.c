/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prefixes by the million, held to inet_pton and libcidr: on canonical text all three agree; on text
 * with a character or three changed ours takes just what inet_pton and the rules of our grammar take.
 * The sequence is the same each time (PL_SEED=N for another one, PL_COUNT=N for more).
 */
#include "unit.h"

#include "postlatch/addr.h"

#include <arpa/inet.h>
#include <libcidr.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define COUNT 200000
#else
#define COUNT 3000000
#endif

static uint64_t state = 20261125;

/* xorshift64*: any generator will do that repeats. */
static uint32_t random_bits(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717ULL) >> 32);
}

static unsigned long count(void)
{
    const char *count = getenv("PL_COUNT"), *seed = getenv("PL_SEED");

    if (seed != NULL)
        state = strtoull(seed, NULL, 10) * 2 + 1;
    return count != NULL ? strtoul(count, NULL, 10) : COUNT;
}

/* A network, its host bits clear, and its text; zeros and ones in long runs, as networks have them. */
static void make(struct pl_prefix *p, char text[PL_PREFIX_TEXT])
{
    unsigned bits;
    char addr[INET6_ADDRSTRLEN];

    memset(p, 0, sizeof(*p));
    p->addr.family = random_bits() % 2 == 0 ? 4 : 6;
    bits = pl_addr_bits(&p->addr);
    for (unsigned i = 0; i < bits / 8; i++)
        p->addr.bytes[i] =
            random_bits() % 3 == 0 ? (uint8_t)(random_bits() % 2 * 255) : (uint8_t)random_bits();
    if (p->addr.family == 6 && random_bits() % 4 == 0) /* compressed, mapped, compatible */
        memset(p->addr.bytes, 0, random_bits() % 13);
    p->len = (uint8_t)(random_bits() % (bits + 1));
    for (unsigned i = p->len; i < bits; i++)
        p->addr.bytes[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
    inet_ntop(p->addr.family == 4 ? AF_INET : AF_INET6, p->addr.bytes, addr, sizeof(addr));
    snprintf(text, PL_PREFIX_TEXT, "%s/%u", addr, p->len);
}

static bool is_mapped(const struct pl_prefix *p)
{
    static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

    return p->addr.family == 6 && memcmp(p->addr.bytes, head, sizeof(head)) == 0;
}

/* What our grammar says of text by its own letters: inet_pton for the address, digits for the length. */
static bool by_the_rules(struct pl_prefix *p, const char *text)
{
    char addr[64];
    const char *slash = strchr(text, '/'), *end = slash != NULL ? slash : text + strlen(text);
    unsigned bits;
    size_t n = (size_t)(end - text);

    memset(p, 0, sizeof(*p));
    if (n > 1 && text[0] == '[' && end[-1] == ']' && memchr(text, ':', n) != NULL) {
        text++;
        n -= 2;
    }
    if (n >= sizeof(addr))
        return false;
    memcpy(addr, text, n);
    addr[n] = '\0';
    if (inet_pton(AF_INET, addr, p->addr.bytes) == 1)
        p->addr.family = 4;
    else if (inet_pton(AF_INET6, addr, p->addr.bytes) == 1)
        p->addr.family = 6;
    else
        return false;
    bits = p->addr.family == 4 ? 32 : 128;
    p->len = (uint8_t)bits;
    if (slash != NULL) {
        size_t digits = strspn(slash + 1, "0123456789");

        if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' ||
            (slash[1] == '0' && digits > 1) || atol(slash + 1) > (long)bits)
            return false;
        p->len = (uint8_t)atol(slash + 1);
    }
    for (unsigned i = p->len; i < bits; i++) {
        if ((p->addr.bytes[i / 8] & (0x80U >> i % 8)) != 0)
            return false;
    }
    if (is_mapped(p)) {
        if (p->len < 96)
            return false;
        memmove(p->addr.bytes, p->addr.bytes + 12, 4);
        memset(p->addr.bytes + 4, 0, 12);
        p->addr.family = 4;
        p->len = (uint8_t)(p->len - 96);
    }
    return true;
}

/* The reader of whole lines takes the IPv4 networks that are written without ':', and nothing else. */
static void check_line(const char *text, const struct pl_prefix *rules)
{
    char line[PL_PREFIX_TEXT + 16];
    uint32_t addr, want;
    unsigned len;
    size_t n;

    snprintf(line, sizeof(line), "%s\n", text);
    n = pl_prefix_take_line(line, &addr, &len);
    if (n !=
        (rules != NULL && rules->addr.family == 4 && strchr(text, ':') == NULL ? strlen(line) : 0))
        fail_msg("\"%s\": %zu bytes taken as a line", text, n);
    if (n == 0)
        return;
    want = (uint32_t)rules->addr.bytes[0] << 24 | (uint32_t)rules->addr.bytes[1] << 16 |
           (uint32_t)rules->addr.bytes[2] << 8 | rules->addr.bytes[3];
    if (addr != want || len != rules->len)
        fail_msg("\"%s\": read as another network", text);
}

static void check(const char *text)
{
    struct pl_prefix ours, rules;
    char why[PL_PREFIX_WHY];
    bool taken = pl_prefix_parse(&ours, pl_str_of(text), why);

    check_line(text, by_the_rules(&rules, text) ? &rules : NULL);

    if (taken != by_the_rules(&rules, text))
        fail_msg("\"%s\": %s", text, taken ? "taken" : why);
    if (taken && (ours.len != rules.len || !pl_addr_eq(&ours.addr, &rules.addr)))
        fail_msg("\"%s\": read as another network", text);
}

/* libcidr on the text as it stands, in front of and behind which there are zeros. */
static void check_libcidr(const struct pl_prefix *p, const char *text)
{
    char room[32 + 64 + 32] = {0};
    CIDR *cidr;
    uint8_t *bytes;

    memcpy(room + 32, text, strlen(text));
    cidr = cidr_from_str(room + 32);
    if (cidr == NULL)
        fail_msg("libcidr refuses \"%s\"", text);
    bytes = cidr_get_addr(cidr);
    assert_int_equal(cidr_get_proto(cidr), p->addr.family == 4 ? CIDR_IPV4 : CIDR_IPV6);
    assert_int_equal(cidr_get_pflen(cidr), p->len);
    assert_memory_equal(p->addr.family == 4 ? bytes + 12 : bytes, p->addr.bytes,
                        p->addr.family == 4 ? 4 : 16);
    free(bytes);
    cidr_free(cidr);
}

static void canonical_text(void **unused)
{
    struct pl_prefix p;
    char text[PL_PREFIX_TEXT];

    (void)unused;
    for (unsigned long i = count(); i > 0; i--) {
        make(&p, text);
        check(text);
        if (i % 4 == 0)
            check_libcidr(&p, text);
    }
}

/* Changes, adds or takes away a character, up to three times. */
static void spoil(char text[PL_PREFIX_TEXT + 8])
{
    static const char letters[] = "0123456789abcdefABF:./[]%x -+";
    unsigned times = 1 + random_bits() % 3;

    while (times-- > 0) {
        size_t n = strlen(text), at = random_bits() % (n + 1);
        char c = letters[random_bits() % (sizeof(letters) - 1)];

        if (random_bits() % 3 == 0 && at < n) {
            memmove(text + at, text + at + 1, n - at);
        } else if (random_bits() % 2 == 0 && at < n) {
            text[at] = c;
        } else {
            memmove(text + at + 1, text + at, n - at + 1);
            text[at] = c;
        }
    }
}

static void spoilt_text(void **unused)
{
    unsigned long taken = 0, all = count();
    struct pl_prefix p;
    char text[PL_PREFIX_TEXT + 8];

    (void)unused;
    for (unsigned long i = 0; i < all; i++) {
        make(&p, text);
        spoil(text);
        check(text);
        taken += by_the_rules(&p, text);
    }
    /* Else only one side of the comparison was tried. */
    assert_in_range(taken, all / 100, all - all / 100);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text),
        cmocka_unit_test(spoilt_text),
    };

    return cmocka_run_group_tests_name("prefix agreement", tests, NULL, NULL);
}
