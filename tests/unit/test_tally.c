/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions by rule: states, reloads, bounds; and that no number goes back while workers count. */
#include "config.h"

#include "daemon/tally.h"

#include <pthread.h>

enum { WORKERS = 4 };

static struct pl_config load_it(const char *text)
{
    struct pl_buf messages = {0};
    struct pl_config config;

    if (!load_text(&config, text, &messages))
        fail_msg("%s", messages.p);
    pl_buf_fini(&messages);
    return config;
}

/* The number of the rule of this name. */
static size_t number_of(const struct pl_config *c, const char *name)
{
    for (size_t r = 0; r < c->policy->nrules; r++) {
        if (pl_str_eq(c->policy->rules[r].name, pl_str_of(name)))
            return r;
    }
    fail_msg("no rule \"%s\"", name);
    return 0;
}

static void count(const struct tally_set *set, size_t worker, size_t rule, unsigned long n)
{
    counter_add(&tally_slots(set, worker)[rule], n);
}

static void add_line(const struct tally_series *s, void *arg)
{
    static const char *const effects[] = {"pass", "refuse", "leave", "unknown"};

    if (s->count > 0 || pl_str_find(s->rule, ':') == s->rule.n)
        pl_buf_addf(arg, "%.*s %.*s %s %s %lu\n", (int)s->rule.n, s->rule.p, (int)s->action.n,
                    s->action.p, s->stage, effects[s->effect], s->count);
}

/* All series but built-in ones that counted nothing. */
static void check_series(const char *row, struct tally *t, const char *expected)
{
    struct pl_buf out = {0};

    tally_each(t, add_line, &out);
    check_str(row, out.p == NULL ? "" : out.p, expected);
    pl_buf_fini(&out);
}

static void test_states(void **state)
{
    struct pl_config c = load_it(
        "accepted_domains = {example.org}\n"
        "rule a { sender = {x.example} action = REJECT }\n"
        "rule b { protocol_state = {DATA} sender = {x.example} action = \"450 no\" }\n"
        "rule c { protocol_state = {DATA, END-OF-MESSAGE} sender = {x.example} action = HOLD }\n"
        "rule d { protocol_state = {RCPT, DATA} sender = {x.example} action = \"class:c\" }\n"
        "rule e { protocol_state = {MAIL, RCPT, EHLO, HELO, CONNECT, VRFY, ETRN, DATA} "
        "sender = {x.example} action = DUNNO }\n");
    struct tally t;
    struct tally_set *set;

    (void)state;
    tally_init(&t, 1);
    set = tally_begin(&t, c.policy, NULL, 0);
    count(set, 0, number_of(&c, "builtin:state"), 1);
    count(set, 0, number_of(&c, "builtin:accepted"), 2);
    check_series("states", &t,
                 "a REJECT RCPT refuse 0\n"
                 "b 450 DATA refuse 0\n"
                 "builtin:accepted DUNNO RCPT leave 2\n"
                 "builtin:state DUNNO other leave 1\n"
                 "c HOLD other leave 0\n"
                 "d class:c any unknown 0\n"
                 "e DUNNO any leave 0\n");
    tally_end(set);
    tally_fini(&t);
    pl_config_fini(&c);
}

static void test_reloads(void **state)
{
    struct pl_config old = load_it("rule a { sender = {x.example} action = REJECT }\n"
                                   "rule b { sender = {y.example} action = REJECT }\n"),
                     new = load_it("rule c { sender = {z.example} action = REJECT }\n"
                                   "rule b { sender = {y.example} action = REJECT }\n"
                                   "rule a { sender = {x.example} action = DEFER }\n");
    unsigned long effects[PL_EFFECT_UNKNOWN + 1];
    struct tally_set *first, *second;
    struct tally t;

    (void)state;
    tally_init(&t, WORKERS);
    first = tally_begin(&t, old.policy, NULL, 0);
    for (size_t w = 0; w < WORKERS; w++) {
        count(first, w, number_of(&old, "a"), 1);
        count(first, w, number_of(&old, "b"), 10);
    }
    second = tally_begin(&t, new.policy, NULL, 0);
    count(second, 1, number_of(&new, "b"), 100);
    count(first, 0, number_of(&old, "b"), 1000); /* this worker has not followed yet */
    check_series("both", &t,
                 "a DEFER RCPT refuse 0\na REJECT RCPT refuse 4\nb REJECT RCPT refuse 1140\n"
                 "c REJECT RCPT refuse 0\n");
    tally_end(first);
    check_series("the new one", &t,
                 "a DEFER RCPT refuse 0\na REJECT RCPT refuse 4\nb REJECT RCPT refuse 1140\n"
                 "c REJECT RCPT refuse 0\n");
    tally_effects(&t, effects);
    assert_int_equal(effects[PL_EFFECT_REFUSE], 1144);
    assert_int_equal(effects[PL_EFFECT_PASS] + effects[PL_EFFECT_LEAVE], 0);
    tally_end(second);
    tally_end(NULL);
    check_series("none", &t,
                 "a DEFER RCPT refuse 0\na REJECT RCPT refuse 4\nb REJECT RCPT refuse 1140\n"
                 "c REJECT RCPT refuse 0\n");
    tally_fini(&t);
    pl_config_fini(&old);
    pl_config_fini(&new);
}

static void test_more_rules(void **state)
{
    struct pl_config c = load_it("");
    struct pl_rule lock = c.policy->rules[number_of(&c, "builtin:reject")];
    const struct pl_rule *more[] = {NULL, &lock};
    struct tally_set *set;
    struct tally t;

    (void)state;
    lock.name = pl_str_lit("builtin:locked");
    tally_init(&t, 1);
    set = tally_begin(&t, c.policy, more, 2);
    count(set, 0, c.policy->nrules + 1, 3);
    check_series("locked", &t, "builtin:locked REJECT RCPT refuse 3\n");
    tally_end(set);
    tally_fini(&t);
    pl_config_fini(&c);
}

/* n rules named PREFIX1, PREFIX2, …; every third defers, every third has a code. */
static struct pl_config many(const char *prefix, size_t n)
{
    static const char *const actions[] = {"REJECT", "DEFER", "\"554 5.7.1 no\""};
    struct pl_buf text = {0};
    struct pl_config c;

    for (size_t i = 1; i <= n; i++)
        pl_buf_addf(&text, "rule %s%zu { sender = {x%zu.example} action = %s }\n", prefix, i, i,
                    actions[i % 3]);
    c = load_it(text.p);
    pl_buf_fini(&text);
    return c;
}

static void count_series(const struct tally_series *s, void *arg)
{
    size_t *n = arg;

    (void)s;
    ++*n;
}

static unsigned long total(struct tally *t)
{
    unsigned long effects[PL_EFFECT_UNKNOWN + 1];

    tally_effects(t, effects);
    return effects[0] + effects[1] + effects[2] + effects[3];
}

static void add_other(const struct tally_series *s, void *arg)
{
    if (pl_str_eq(s->rule, pl_str_lit(TALLY_OTHER)))
        pl_buf_addf(arg, "%.*s %s %lu\n", (int)s->action.n, s->action.p, s->stage, s->count);
}

static void check_others(const char *row, struct tally *t, const char *expected)
{
    struct pl_buf out = {0};

    tally_each(t, add_other, &out);
    check_str(row, out.p == NULL ? "" : out.p, expected);
    pl_buf_fini(&out);
}

static void test_bound(void **state)
{
    struct pl_config c = many("a", 1500);
    struct tally_set *set;
    size_t n = 0;
    struct tally t;

    (void)state;
    tally_init(&t, 1);
    set = tally_begin(&t, c.policy, NULL, 0);
    for (size_t r = 0; r < c.policy->nrules; r++)
        count(set, 0, r, 1);
    tally_each(&t, count_series, &n);
    assert_int_equal(n, TALLY_SERIES_MAX + 3); /* the others are REJECT, DEFER and 5NN */
    assert_int_equal(total(&t), c.policy->nrules);
    tally_end(set);
    tally_fini(&t);
    pl_config_fini(&c);
}

/* Policies whose rules have other names each time: what is gone is told apart as long as there is room. */
static void test_past(void **state)
{
    static const char *const prefixes[] = {"a", "b", "c", "d", "e"};
    unsigned long counted = 0;
    struct tally t;

    (void)state;
    tally_init(&t, 1);
    for (size_t i = 0; i < ROWS(prefixes); i++) {
        struct pl_config c = many(prefixes[i], 600);
        struct tally_set *set = tally_begin(&t, c.policy, NULL, 0);
        size_t n = 0;

        for (size_t r = 0; r < c.policy->nwritten; r++)
            count(set, 0, r, 1);
        counted += 600;
        assert_int_equal(total(&t), counted);
        tally_each(&t, count_series, &n);
        check_true(prefixes[i], n <= TALLY_SERIES_MAX + 3);
        tally_end(set);
        assert_int_equal(total(&t), counted);
        pl_config_fini(&c);
    }
    check_others("others", &t, "5NN any 800\nDEFER any 800\nREJECT any 800\n");
    tally_fini(&t);
}

/* ---- while others count ---- */

static struct tally busy;
static struct tally_set *_Atomic current;
static atomic_bool stop;

struct counting {
    pthread_t thread;
    size_t worker, rule;
    unsigned long counted;
    struct tally_set *_Atomic mine;
};

static void *run(void *arg)
{
    struct counting *c = arg;

    while (!atomic_load(&stop)) {
        struct tally_set *set = atomic_load(&current);

        atomic_store(&c->mine, set);
        for (size_t i = 0; i < 100; i++)
            count(set, c->worker, c->rule, 1);
        c->counted += 100;
    }
    atomic_store(&c->mine, NULL);
    return NULL;
}

static void test_nothing_goes_back(void **state)
{
    struct pl_config c = load_it("rule a { sender = {x.example} action = REJECT }\n");
    struct counting counting[WORKERS];
    unsigned long before = 0, counted = 0;

    (void)state;
    tally_init(&busy, WORKERS);
    atomic_store(&current, tally_begin(&busy, c.policy, NULL, 0));
    for (size_t i = 0; i < WORKERS; i++) {
        counting[i] = (struct counting){.worker = i, .rule = i % 2};
        assert_int_equal(pthread_create(&counting[i].thread, NULL, run, &counting[i]), 0);
    }
    for (size_t reload = 0; reload < 50; reload++) {
        struct tally_set *old = atomic_load(&current),
                         *next = tally_begin(&busy, c.policy, NULL, 0);

        atomic_store(&current, next);
        for (size_t i = 0; i < WORKERS; i++) { /* all follow, as a reload waits for it */
            while (atomic_load(&counting[i].mine) != next) {
                unsigned long now = total(&busy);

                check_true("a number went back", now >= before);
                before = now;
            }
        }
        tally_end(old);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(counting[i].thread, NULL);
        counted += counting[i].counted;
    }
    assert_int_equal(total(&busy), counted);
    tally_end(atomic_load(&current));
    assert_int_equal(total(&busy), counted);
    tally_fini(&busy);
    pl_config_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),     cmocka_unit_test(test_reloads),
        cmocka_unit_test(test_more_rules), cmocka_unit_test(test_bound),
        cmocka_unit_test(test_past),       cmocka_unit_test(test_nothing_goes_back),
    };

    return cmocka_run_group_tests_name("tally", tests, make_folder, remove_folder);
}
