/* SPDX-License-Identifier: BSD-2-Clause */
/* What explain says of addresses, lists and conditions: whole sentences. */
#include "config.h"

#include "postlatch/explain.h"

static const char text[] = "accepted_domains = {example.org, !bad.example.org, .example.org}\n"
                           "recipient_delimiter = \"+\"\n"
                           "networks lan { entries = {10.0.0.0/8} }\n"
                           "users vip { entries = {bob} }\n"
                           "rule lists {\n"
                           "  client_address = {<lan>, !10.9.0.0/16, unknown}\n"
                           "  server_address = {192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, "
                           "192.0.2.5, 192.0.2.6, 192.0.2.7, "
                           "192.0.2.8, 192.0.2.9, 192.0.2.10}\n"
                           "  client_name = {unknown, .example.net}\n"
                           "  sender = {\"<>\", ours, foreign, routed, \"a b@example.org\"}\n"
                           "  sasl_username = {any, !<vip>}\n"
                           "  sasl_method = {none, PLAIN}\n"
                           "  server_port = {25, \"587-588\"}\n"
                           "  action = DUNNO\n"
                           "}\n";

static struct pl_config config;

static int load(void **state)
{
    struct pl_buf messages = {0};

    if (make_folder(state) != 0)
        return 1;
    if (!load_text(&config, text, &messages)) {
        fprintf(stderr, "%s", messages.p);
        return 1;
    }
    pl_buf_fini(&messages);
    return 0;
}

static int unload(void **state)
{
    pl_config_fini(&config);
    return remove_folder(state);
}

/* What the writer adds to an empty buffer, without the test's folder. */
static void check_text(const char *row, struct pl_buf *out, const char *want)
{
    char got[2000], *at;
    size_t cut = strlen(folder) + 1;

    snprintf(got, sizeof(got), "%s", out->p == NULL ? "" : out->p);
    while ((at = strstr(got, folder)) != NULL)
        memmove(at, at + cut, strlen(at + cut) + 1);
    check_str(row, got, want);
    pl_buf_fini(out);
}

static void addresses(void **state)
{
    static const struct {
        const char *sender, *text;
    } rows[] = {
        {"", "the null sender"},
        {"user", "no domain: ours (bare_recipient = ours)"},
        {"a@b@c.example", "sender-specified routing ('@', '%' or '!' left of the last '@'): in no "
                          "domain, foreign"},
        {"a@b..example", "what follows the last '@' is no domain: foreign"},
        {"a@Example.org", "domain example.org: ours, in accepted_domains: example.org "
                          "(postlatch.conf:1)"},
        {"a@x.example.org", "domain x.example.org: ours, in accepted_domains: .example.org "
                            "(postlatch.conf:1)"},
        {"a@bad.example.org", "domain bad.example.org: foreign, excluded from accepted_domains by "
                              "!bad.example.org (postlatch.conf:1)"},
        {"a@c.example", "domain c.example: foreign, not in accepted_domains"},
    };
    struct pl_query q = {0};
    struct pl_explanation *e;
    struct pl_buf out = {0};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        q.attr[PL_ATTR_SENDER] = pl_str_of(rows[i].sender);
        pl_query_read(&q);
        e = pl_explain(config.policy, &q);
        assert_non_null(e);
        pl_explain_address(&out, e, PL_ATTR_SENDER);
        check_text(rows[i].sender, &out, rows[i].text);
        pl_explain_address(&out, e, PL_ATTR_RECIPIENT);
        check_text("recipient", &out, "empty: no condition on recipient holds");
        pl_explanation_free(e);
    }
    pl_explanation_free(NULL);
}

static const struct pl_rule *rule(const char *name)
{
    for (size_t i = 0; i < config.policy->nrules; i++) {
        if (pl_str_eq(config.policy->rules[i].name, pl_str_of(name)))
            return &config.policy->rules[i];
    }
    fail_msg("no rule %s", name);
    return NULL;
}

static const struct pl_condition *condition(const char *rule_name, enum pl_attr attr)
{
    const struct pl_rule *r = rule(rule_name);

    for (size_t i = 0; i < r->ncond; i++) {
        if (r->cond[i].attr == attr)
            return &r->cond[i];
    }
    fail_msg("no condition on %s", pl_attr_name(attr));
    return NULL;
}

static void lists(void **state)
{
    static const struct {
        enum pl_attr attr;
        const char *text;
    } rows[] = {
        {PL_ATTR_CLIENT_ADDRESS, "{unknown, <lan>, !10.9.0.0/16}"},
        {PL_ATTR_SERVER_ADDRESS, "{192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5, "
                                 "… 5 more}"},
        {PL_ATTR_CLIENT_NAME, "{unknown, .example.net}"},
        {PL_ATTR_SENDER, "{\"<>\", ours, foreign, routed, \"a b@example.org\"}"},
        {PL_ATTR_SASL_USERNAME, "{any, !<vip>}"},
        {PL_ATTR_SASL_METHOD, "{none, PLAIN}"},
        {PL_ATTR_SERVER_PORT, "{25, 587-588}"},
    };
    struct pl_buf out = {0};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        pl_explain_set(&out, condition("lists", rows[i].attr)->set, rows[i].attr);
        check_text(pl_attr_name(rows[i].attr), &out, rows[i].text);
    }
}

static void conditions(void **state)
{
    static const struct {
        enum pl_attr attr;
        const char *value, *text;
    } rows[] = {
        {PL_ATTR_CLIENT_ADDRESS, "10.1.2.3",
         "client_address 10.1.2.3 is in <lan>: 10.0.0.0/8 (postlatch.conf:3)"},
        {PL_ATTR_CLIENT_ADDRESS, "10.9.2.3",
         "client_address 10.9.2.3 is excluded by !10.9.0.0/16 (postlatch.conf:6)"},
        {PL_ATTR_CLIENT_ADDRESS, "192.0.2.1",
         "client_address 192.0.2.1 is not in {unknown, <lan>, !10.9.0.0/16}"},
        {PL_ATTR_CLIENT_ADDRESS, "unknown", "client_address unknown matches unknown"},
        {PL_ATTR_SENDER, "", "sender (\"<>\") matches \"<>\""},
        {PL_ATTR_SENDER, "a@example.org", "sender a@example.org matches ours"},
        {PL_ATTR_SENDER, "a%b@example.org", "sender a%b@example.org matches routed"},
        {PL_ATTR_SASL_USERNAME, "bob",
         "sasl_username bob is excluded by !<vip>: bob (postlatch.conf:4)"},
        {PL_ATTR_SASL_USERNAME, "alice", "sasl_username alice matches any"},
        {PL_ATTR_SASL_USERNAME, "", "sasl_username (none) is not in {any, !<vip>}"},
        {PL_ATTR_SASL_METHOD, "LOGIN", "sasl_method LOGIN is not in {none, PLAIN}"},
        {PL_ATTR_SASL_METHOD, "LOGIN\n\x1b",
         "sasl_method \"LOGIN\\x0a\\x1b\" is not in {none, PLAIN}"},
        {PL_ATTR_SERVER_PORT, "588", "server_port 588 matches 587-588 (postlatch.conf:12)"},
    };
    struct pl_buf out = {0};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_query q = {0};
        struct pl_explanation *e;

        q.attr[rows[i].attr] = pl_str_of(rows[i].value);
        pl_query_read(&q);
        e = pl_explain(config.policy, &q);
        assert_non_null(e);
        pl_explain_condition(&out, e, condition("lists", rows[i].attr));
        check_text(rows[i].value, &out, rows[i].text);
        pl_explanation_free(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(lists),
        cmocka_unit_test(conditions),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
