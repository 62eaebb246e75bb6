/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that ends at any one of the allocations of a comparison, or from it on: then there is none, or
 * it says that it is not complete, and nothing is lost (AddressSanitizer looks for leaks).
 */
#include "config.h"

#include "postlatch/diff.h"

static long calls, fail_first, fail_last;

static bool fails(void)
{
    calls++;
    return calls >= fail_first && calls <= fail_last;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
int __real_vasprintf(char **out, const char *fmt, va_list ap);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
void *__real_pl_arena_alloc(struct pl_arena *a, size_t size);
void *__wrap_pl_arena_alloc(struct pl_arena *a, size_t size);
void *__real_pl_arena_array(struct pl_arena *a, size_t count, size_t size);
void *__wrap_pl_arena_array(struct pl_arena *a, size_t count, size_t size);
struct pl_str __real_pl_arena_copy(struct pl_arena *a, struct pl_str s);
struct pl_str __wrap_pl_arena_copy(struct pl_arena *a, struct pl_str s);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
    return fails() ? -1 : __real_vasprintf(out, fmt, ap);
}

void *__wrap_pl_arena_alloc(struct pl_arena *a, size_t size)
{
    return fails() ? NULL : __real_pl_arena_alloc(a, size);
}

void *__wrap_pl_arena_array(struct pl_arena *a, size_t count, size_t size)
{
    return fails() ? NULL : __real_pl_arena_array(a, count, size);
}

struct pl_str __wrap_pl_arena_copy(struct pl_arena *a, struct pl_str s)
{
    return fails() ? (struct pl_str){NULL, 0} : __real_pl_arena_copy(a, s);
}

/* Runs once without failure, then with each allocation failing alone, and with all from it on. */
static void each_failure(void (*run)(void *arg, bool may_fail), void *arg)
{
    long n;

    fail_first = 0;
    fail_last = -1;
    calls = 0;
    run(arg, false);
    n = calls;
    assert_true(n > 5);
    for (long at = 1; at <= n; at++) {
        for (int alone = 0; alone < 2; alone++) {
            calls = 0;
            fail_first = at;
            fail_last = alone ? at : 1000000;
            run(arg, true);
        }
    }
    fail_first = 0;
    fail_last = -1;
}

struct question {
    const struct pl_policy *from, *to;
    size_t count;
};

static void compare_once(void *arg, bool may_fail)
{
    struct question *q = arg;
    struct pl_diff *d = pl_diff_new(q->from, q->to);

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
