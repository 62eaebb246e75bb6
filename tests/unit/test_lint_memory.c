/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that ends at any one of the allocations of lint and of a file of host facts, or from it on:
 * then there are no findings and no facts, never some of them, and nothing is lost (AddressSanitizer
 * looks for leaks).
 */
#include "lint.h"
#include "no_memory.h"

struct question {
    const struct pl_policy *policy;
    struct pl_lint_input in;
    size_t count;
    const char *path;
};

static void lint_once(void *arg, bool may_fail)
{
    struct question *q = arg;
    struct pl_findings *f = pl_lint(q->policy, &q->in);

    if (!may_fail)
        q->count = f == NULL ? 0 : f->count;
    assert_true(f != NULL ? f->count == q->count : may_fail);
    pl_findings_free(f);
}

static void lint(void **state)
{
    static const char text[] =
        "networks lan { entries = {10.0.0.0/8, 10.1.0.0/16, 192.0.2.0/24} }\n"
        "networks spare { entries = {} }\n"
        "accepted_domains = {example.org, .example.net, a.example.net}\n"
        "relay_networks = {<lan>, 10.2.0.0/16, 127.0.0.0/8, 64:ff9b::/96, 2001:db8::/48}\n"
        "relay_users = {alice, Alice}\n"
        "rule \"r\" {\n  server_port = {25, 25}\n  sasl_username = {bob}\n  action = DUNNO\n}\n"
        "rule \"a\" { client_address = {10.1.0.0/16}  action = \"REJECT a\" }\n"
        "rule \"b\" { client_address = {10.1.0.1}  action = \"REJECT b\" }\n"
        "rule \"c\" { client_address = {10.1.0.1, <lan>}  action = \"REJECT a\" }\n"
        "rule \"d\" { recipient = {a.example.net, example.org}  action = \"REJECT d\" }\n"
        "rule \"e\" { recipient = {example.org, \"x@example.com\"}  action = OK }\n"
        "rule \"f\" { sender = {\"<>\", example.com}  action = OK }\n"
        "rule \"g\" { sasl_username = {eve}  action = OK }\n";
    struct pl_host_fact facts[] = {{PL_HOST_GATEWAY, "", {4, {10, 0, 0, 1}}, 32},
                                   {PL_HOST_BRIDGE, "br0", {4, {10, 5, 0, 1}}, 16}};
    struct pl_host_facts host = {facts, ROWS(facts), ROWS(facts)};
    struct pl_waiver waiver = {.reason = pl_str_lit("scanner"), .at = PL_NOWHERE};
    struct question q = {.in = {.host = &host}};
    struct pl_buf messages = {0};
    struct pl_config config;
    struct pl_space *space;
    bool too_large;

    (void)state;
    assert_true(load_text(&config, text, &messages));
    q.in.space = space = pl_space_new(config.policy, NULL, &too_large);
    assert_non_null(space);
    config.policy->waivers = &waiver;
    config.policy->nwaivers = 1;
    q.policy = config.policy;
    each_failure(lint_once, &q);
    assert_true(q.count > 12);
    config.policy->waivers = NULL;
    config.policy->nwaivers = 0;
    pl_space_free(space);
    pl_config_fini(&config);
    pl_buf_fini(&messages);
}

static void load_once(void *arg, bool may_fail)
{
    struct question *q = arg;
    struct pl_diag *d = pl_diag_new();
    struct pl_host_facts h = {0};
    bool ok;

    if (d == NULL) {
        assert_true(may_fail);
        return;
    }
    ok = pl_host_facts_load(&h, q->path, d);
    assert_int_equal(ok, pl_diag_errors(d) == 0);
    assert_true(ok ? h.count == 20 : may_fail);
    pl_host_facts_fini(&h);
    pl_diag_free(d);
}

static void load_facts(void **state)
{
    struct pl_buf text = {0};
    struct question q = {0};
    char path[512];

    (void)state;
    for (int i = 1; i <= 20; i++)
        pl_buf_addf(&text, "gateway 10.0.0.%d\n", i);
    snprintf(path, sizeof(path), "%s/hosted", folder);
    write_file(path, text.p);
    q.path = path;
    each_failure(load_once, &q);
    pl_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint),
        cmocka_unit_test(load_facts),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
