/* SPDX-License-Identifier: BSD-2-Clause */
/* Fingerprints: three lengths, two spellings, nothing in between. */
#include "exact.h"

#include "postlatch/fingerprint.h"

#include <ctype.h>

#define MD5 "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"
#define MD5_PLAIN "00112233445566778899aabbccddeeff"
#define SHA1 MD5 ":0a:1b:2c:3d"
#define SHA1_PLAIN MD5_PLAIN "0a1b2c3d"
#define SHA256 MD5 ":" MD5
#define SHA256_PLAIN MD5_PLAIN MD5_PLAIN

static const struct {
    const char *in, *out; /* out: the bytes in hex, "" for no fingerprint */
} rows[] = {
    {MD5, MD5_PLAIN},
    {MD5_PLAIN, MD5_PLAIN},
    {SHA1, SHA1_PLAIN},
    {SHA1_PLAIN, SHA1_PLAIN},
    {SHA256, SHA256_PLAIN},
    {SHA256_PLAIN, SHA256_PLAIN},
    {"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", MD5_PLAIN},
    {"00:11:22:33:44:55:66:77:88:99:Aa:bB:cC:Dd:eE:Ff", MD5_PLAIN},
    {"00112233445566778899AABBCCDDEEFF", MD5_PLAIN},
    {"", ""},
    {"0", ""},
    {"00", ""},
    {"00:", ""},
    {"00:11", ""},
    {"unknown", ""},
    /* one byte or digit off */
    {MD5 ":00", ""},
    {MD5_PLAIN "00", ""},
    {"00112233445566778899aabbccddee", ""},
    {MD5_PLAIN "0", ""},
    {"00112233445566778899aabbccddeef", ""},
    {SHA1 ":00", ""},
    {SHA1_PLAIN "0", ""},
    {SHA256 ":00", ""},
    {SHA256_PLAIN "00", ""},
    {SHA256_PLAIN "0", ""},
    {SHA256 ":" SHA256, ""},
    /* colons where none belong, or none where they belong */
    {MD5 ":", ""},
    {":" MD5, ""},
    {"00:112233445566778899aabbccddeeff", ""},
    {"0011:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff", ""},
    {"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:eeff:", ""},
    {"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee-ff", ""},
    {"00:11-22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff", ""},
    {"00-11-22-33-44-55-66-77-88-99-aa-bb-cc-dd-ee-ff", ""},
    /* no hex digit, first or second of a byte, first or last byte */
    {"g0112233445566778899aabbccddeeff", ""},
    {"0g112233445566778899aabbccddeeff", ""},
    {"00112233445566778899aabbccddeegf", ""},
    {"00112233445566778899aabbccddeefg", ""},
    {"00112233445566778899aabbccddeef:", ""},
    {"0:0:112233445566778899aabbccddee", ""},
    {"x0:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff", ""},
    {"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:fx", ""},
    {"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:f ", ""},
    {" 0112233445566778899aabbccddeeff", ""},
    {"-0112233445566778899aabbccddeeff", ""},
    {"00112233445566778899aabbccddee\xc3\xbc", ""},
};

static void fingerprints(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t bytes[PL_FINGERPRINT_MAX];
        char hex[2 * PL_FINGERPRINT_MAX + 1] = "";
        size_t len = 99;
        struct pl_str in = exact(rows[i].in);
        bool ok = pl_fingerprint_parse(bytes, &len, in);

        check_true(rows[i].in, ok == (rows[i].out[0] != '\0'));
        check_true(rows[i].in, len == strlen(rows[i].out) / 2);
        for (size_t k = 0; k < len; k++)
            snprintf(hex + 2 * k, 3, "%02x", (unsigned)bytes[k]);
        check_str(rows[i].in, hex, rows[i].out);
        exact_free(in);
    }
}

/* Any one byte of a fingerprint replaced by any other: only another hex digit makes another one. */
static void one_byte_off(void **state)
{
    static const char *const whole[] = {MD5, MD5_PLAIN, SHA1, SHA1_PLAIN, SHA256, SHA256_PLAIN};

    (void)state;
    for (size_t i = 0; i < ROWS(whole); i++) {
        for (size_t at = 0; at < strlen(whole[i]); at++) {
            for (int c = 0; c < 256; c++) {
                uint8_t bytes[PL_FINGERPRINT_MAX];
                char copy[100];
                size_t len;
                bool want = whole[i][at] == ':' ? c == ':' : c < 128 && isxdigit(c);

                snprintf(copy, sizeof(copy), "%s", whole[i]);
                copy[at] = (char)c;
                if (pl_fingerprint_parse(bytes, &len, (struct pl_str){copy, strlen(whole[i])}) !=
                    want)
                    fail_msg("%s with \\x%02x at %zu", whole[i], (unsigned)c, at);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(one_byte_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
