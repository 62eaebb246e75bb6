/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that ends at any one of the allocations of a comparison, or from it on: then there is none, or
 * it says that it is not complete, and nothing is lost (AddressSanitizer looks for leaks).
 */
#include "config.h"
#include "no_memory.h"

#include "postlatch/diff.h"

struct question {
    const struct pl_policy *from, *to;
    size_t count;
};

static void compare_once(void *arg, bool may_fail)
{
    struct question *q = arg;
    struct pl_diff *d = pl_diff_new(q->from, q->to, 0);

    if (!may_fail) {
        assert_non_null(d);
        assert_null(d->gave_up);
        q->count = d->nchanges;
    } else if (d != NULL && d->gave_up != NULL) {
        check_str("why", d->gave_up, "out of memory");
        assert_false(pl_diff_is_same(d));
    } else if (d != NULL) {
        assert_int_equal(d->nchanges, q->count);
    }
    pl_diff_free(d);
}

static void compare(void **state)
{
    static const char from[] = "accepted_domains = {example.org, old.example}\n"
                               "relay_networks = {192.0.2.0/24}\n"
                               "relay_users = {any}\n",
                      to[] = "accepted_domains = {example.org}\n"
                             "relay_networks = {192.0.2.0/26, 198.51.100.0/24}\n"
                             "relay_users = {any}\n"
                             "rule \"r\" { sender = {bad.example} recipient = {a@example.org} "
                             "sasl_username = {bob, \"@example.net\"} action = REJECT }\n";
    struct question q = {0};
    struct pl_buf messages = {0};
    struct pl_config config[2];

    (void)state;
    assert_true(load_text(&config[0], from, &messages));
    assert_true(load_text(&config[1], to, &messages));
    q.from = config[0].policy;
    q.to = config[1].policy;
    each_failure(compare_once, &q);
    assert_true(q.count > 5);
    pl_config_fini(&config[0]);
    pl_config_fini(&config[1]);
    pl_buf_fini(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(compare)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
