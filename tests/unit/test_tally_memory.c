/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that ends at any one of the allocations when a policy begins to be counted, or when its surface is
 * measured: then there is no set, and no number is lost (AddressSanitizer looks for leaks).
 */
#include "config.h"
#include "no_memory.h"

#include "daemon/tally.h"
#include "postlatch/surface.h"

static struct tally t;

static unsigned long total(void)
{
    unsigned long effects[PL_EFFECT_UNKNOWN + 1];

    tally_effects(&t, effects);
    return effects[0] + effects[1] + effects[2] + effects[3];
}

static void begin_once(void *arg, bool may_fail)
{
    const struct pl_policy *p = arg;
    struct tally_set *set = tally_begin(&t, p, NULL, 0);
    unsigned long before = total();

    if (!may_fail)
        assert_non_null(set);
    if (set == NULL)
        return;
    counter_add(&tally_slots(set, 0)[0], 1);
    assert_int_equal(total(), before + 1);
    tally_end(set);
    assert_int_equal(total(), before + 1);
}

static void begin(void **state)
{
    struct pl_buf messages = {0};
    struct pl_config config;

    (void)state;
    assert_true(load_text(&config,
                          "rule a { sender = {a.example} action = REJECT }\n"
                          "rule b { sender = {b.example} action = \"450 no\" }\n",
                          &messages));
    tally_init(&t, 1);
    each_failure(begin_once, config.policy);
    tally_fini(&t);
    pl_config_fini(&config);
    pl_buf_fini(&messages);
}

/* A policy of other names each time, so that those of the past have to make room. */
static void begin_many(void *arg, bool may_fail)
{
    static unsigned round;
    const struct pl_policy *p = arg;
    struct pl_rule *rules = p->rules;
    char names[8][32];

    round++;
    for (size_t i = 0; i < 8; i++) {
        snprintf(names[i], sizeof(names[i]), "r%u-%zu", round, i);
        rules[i].name = pl_str_of(names[i]);
    }
    begin_once(arg, may_fail);
}

static void make_room(void **state)
{
    struct pl_buf messages = {0}, text = {0};
    struct pl_config config;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        pl_buf_addf(&text, "rule r%zu { sender = {a%zu.example} action = REJECT }\n", i, i);
    assert_true(load_text(&config, text.p, &messages));
    tally_init(&t, 1);
    for (size_t i = 0; i < 2 * TALLY_SERIES_MAX / 8; i++)
        begin_many(config.policy, false);
    assert_int_equal(total(), 2 * TALLY_SERIES_MAX / 8);
    each_failure(begin_many, config.policy);
    tally_fini(&t);
    pl_config_fini(&config);
    pl_buf_fini(&messages);
    pl_buf_fini(&text);
}

static void measure_once(void *arg, bool may_fail)
{
    struct pl_surface_size size;
    bool ok = pl_surface_measure(arg, 0, &size);

    if (!may_fail)
        assert_true(ok);
    if (ok && size.unknown == NULL)
        assert_int_equal(size.networks_v4, 2);
}

static void measure(void **state)
{
    struct pl_buf messages = {0};
    struct pl_config config;
    struct pl_space *space;
    bool too_large = false;

    (void)state;
    assert_true(load_text(&config, "relay_networks = {192.0.2.0/24, 10.0.0.1}\n", &messages));
    space = pl_space_new(config.policy, NULL, &too_large);
    assert_non_null(space);
    each_failure(measure_once, space);
    pl_space_free(space);
    pl_config_fini(&config);
    pl_buf_fini(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(begin), cmocka_unit_test(make_room),
                                       cmocka_unit_test(measure)};

    return cmocka_run_group_tests_name("tally_memory", tests, make_folder, remove_folder);
}
