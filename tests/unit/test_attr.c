/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of the policy protocol: each is found, from wherever the search begins, and no other. */
#include "misuse.h"

#include "postlatch/attr.h"

/* Written down once more, from SMTPD_POLICY_README: the table must not lose or change one. */
static const struct {
    enum pl_attr attr;
    const char *name;
    enum pl_attr_kind kind;
} rows[] = {
    {PL_ATTR_REQUEST, "request", PL_KIND_OTHER},
    {PL_ATTR_PROTOCOL_STATE, "protocol_state", PL_KIND_STATE},
    {PL_ATTR_PROTOCOL_NAME, "protocol_name", PL_KIND_OTHER},
    {PL_ATTR_HELO_NAME, "helo_name", PL_KIND_HOST},
    {PL_ATTR_QUEUE_ID, "queue_id", PL_KIND_OTHER},
    {PL_ATTR_SENDER, "sender", PL_KIND_MAIL},
    {PL_ATTR_RECIPIENT, "recipient", PL_KIND_MAIL},
    {PL_ATTR_RECIPIENT_COUNT, "recipient_count", PL_KIND_OTHER},
    {PL_ATTR_CLIENT_ADDRESS, "client_address", PL_KIND_ADDR},
    {PL_ATTR_CLIENT_NAME, "client_name", PL_KIND_HOST},
    {PL_ATTR_REVERSE_CLIENT_NAME, "reverse_client_name", PL_KIND_HOST},
    {PL_ATTR_CLIENT_PORT, "client_port", PL_KIND_OTHER},
    {PL_ATTR_INSTANCE, "instance", PL_KIND_OTHER},
    {PL_ATTR_SASL_METHOD, "sasl_method", PL_KIND_WORD_FOLD},
    {PL_ATTR_SASL_USERNAME, "sasl_username", PL_KIND_USER},
    {PL_ATTR_SASL_SENDER, "sasl_sender", PL_KIND_WORD},
    {PL_ATTR_SIZE, "size", PL_KIND_OTHER},
    {PL_ATTR_CCERT_SUBJECT, "ccert_subject", PL_KIND_WORD_XTEXT},
    {PL_ATTR_CCERT_ISSUER, "ccert_issuer", PL_KIND_OTHER},
    {PL_ATTR_CCERT_FINGERPRINT, "ccert_fingerprint", PL_KIND_FINGERPRINT},
    {PL_ATTR_CCERT_PUBKEY_FINGERPRINT, "ccert_pubkey_fingerprint", PL_KIND_FINGERPRINT},
    {PL_ATTR_ENCRYPTION_PROTOCOL, "encryption_protocol", PL_KIND_WORD_FOLD},
    {PL_ATTR_ENCRYPTION_CIPHER, "encryption_cipher", PL_KIND_OTHER},
    {PL_ATTR_ENCRYPTION_KEYSIZE, "encryption_keysize", PL_KIND_OTHER},
    {PL_ATTR_ETRN_DOMAIN, "etrn_domain", PL_KIND_OTHER},
    {PL_ATTR_STRESS, "stress", PL_KIND_OTHER},
    {PL_ATTR_POLICY_CONTEXT, "policy_context", PL_KIND_WORD},
    {PL_ATTR_SERVER_ADDRESS, "server_address", PL_KIND_ADDR},
    {PL_ATTR_SERVER_PORT, "server_port", PL_KIND_PORT},
    {PL_ATTR_COMPATIBILITY_LEVEL, "compatibility_level", PL_KIND_OTHER},
    {PL_ATTR_MAIL_VERSION, "mail_version", PL_KIND_OTHER},
    {PL_ATTR_TLS_SNI, "tls_sni", PL_KIND_WORD_FOLD},
};

static void names(void **state)
{
    (void)state;
    assert_int_equal(ROWS(rows), PL_ATTR_COUNT);
    for (size_t i = 0; i < ROWS(rows); i++) {
        check_str(rows[i].name, pl_attr_name(rows[i].attr), rows[i].name);
        check_true(rows[i].name, pl_attr_kind(rows[i].attr) == rows[i].kind);
        check_true(rows[i].name, pl_attr_is_key(rows[i].attr) == (rows[i].kind != PL_KIND_OTHER));
        check_true(rows[i].name, pl_attr_find(pl_str_of(rows[i].name)) == rows[i].attr);
    }
}

static void no_names(void **state)
{
    static const char *const none[] = {
        "",        "Sender",  "sender ",  " sender", "sende",        "sendr",
        "senderr", "sender=", "PL_ATTR_", "helo",    "ccert_pubkey", "tls_sni\n"};

    (void)state;
    for (size_t i = 0; i < ROWS(none); i++)
        check_true(none[i], pl_attr_find(pl_str_of(none[i])) == PL_ATTR_COUNT);
    assert_int_equal(pl_attr_find(pl_str_lit("sender\0")), PL_ATTR_COUNT);
}

/* From every start every name is found, and the next search begins behind it. */
static void near(void **state)
{
    (void)state;
    for (unsigned start = 0; start <= PL_ATTR_COUNT; start++) {
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
            const char *name = pl_attr_name((enum pl_attr)i);
            unsigned next = start;

            check_true(name, pl_attr_find_near(pl_str_of(name), &next) == (enum pl_attr)i);
            check_true(name, next == i + 1);
        }
        {
            unsigned next = start;

            assert_int_equal(pl_attr_find_near(pl_str_lit("unknown"), &next), PL_ATTR_COUNT);
            assert_int_equal(next, start);
        }
    }
}

static void misuse(void **state)
{
    (void)state;
    expect_assert_failure(pl_attr_name(PL_ATTR_COUNT));
    expect_assert_failure(pl_attr_kind(PL_ATTR_COUNT));
    expect_assert_failure(pl_attr_is_key(PL_ATTR_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(no_names),
        cmocka_unit_test(near),
        cmocka_unit_test(misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
