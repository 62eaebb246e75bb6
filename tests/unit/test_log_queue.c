/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue of log lines: what goes in comes out, in order, whole, each once; what does not fit is counted. */
#include "unit.h"

#include "daemon/log_queue.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

static bool add(struct log_queue *q, const char *text, size_t reserved)
{
    char *room = log_queue_reserve(q, reserved);

    if (room == NULL)
        return false;
    memcpy(room, text, strlen(text));
    log_queue_commit(q, 3, 7, strlen(text));
    return true;
}

static void check_next(const struct log_queue *q, size_t *at, const char *text)
{
    struct log_record r;

    assert_true(log_queue_next(q, at, log_queue_end(q), &r));
    assert_int_equal(r.text.n, strlen(text));
    assert_memory_equal(r.text.p, text, r.text.n);
    assert_int_equal(r.priority, 3);
    assert_int_equal(r.second, 7);
}

static void in_and_out(void **state)
{
    struct log_queue *q = log_queue_new(256);
    struct log_record r;
    size_t at = 0;

    (void)state;
    assert_int_equal(log_queue_size(q), 256);
    assert_false(log_queue_next(q, &at, log_queue_end(q), &r));
    assert_true(add(q, "", 0));
    assert_true(add(q, "one", 100)); /* more room than is used */
    assert_true(add(q, "0123456789abcdef", 16));
    check_next(q, &at, "");
    check_next(q, &at, "one");
    check_next(q, &at, "0123456789abcdef");
    assert_false(log_queue_next(q, &at, log_queue_end(q), &r));
    assert_int_equal(log_queue_begin(q), 0);
    log_queue_release(q, at);
    assert_int_equal(log_queue_begin(q), log_queue_end(q));
    log_queue_free(q);
    log_queue_free(NULL);
}

static void full(void **state)
{
    struct log_queue *q = log_queue_new(64);
    size_t at = 0;

    (void)state;
    assert_true(add(q, "a", 16));
    assert_true(add(q, "b", 16));
    assert_false(add(q, "c", 1)); /* not a byte is left */
    assert_false(add(q, "c", 1));
    assert_int_equal(log_queue_refused(q), 2);
    check_next(q, &at, "a");
    assert_false(add(q, "c", 1)); /* read, but not released */
    log_queue_release(q, at);
    assert_true(add(q, "c", 1));
    assert_int_equal(log_queue_refused(q), 3);
    check_next(q, &at, "b");
    check_next(q, &at, "c");
    log_queue_free(q);
}

/* How full it is, is exact from the half on. */
static void fill(void **state)
{
    struct log_queue *q = log_queue_new(128);

    (void)state;
    assert_non_null(log_queue_reserve(q, 16));
    assert_int_equal(log_queue_commit(q, 3, 7, 16), 32);
    log_queue_release(q, 16);
    assert_non_null(log_queue_reserve(q, 1));
    assert_int_equal(log_queue_commit(q, 3, 7, 1), 48);
    log_queue_release(q, 32);
    assert_non_null(log_queue_reserve(q, 0));
    assert_int_equal(log_queue_commit(q, 3, 7, 0), 48);
    log_queue_free(q);
}

/* What does not fit before the ring's end goes to its beginning; that needs the room of both. */
static void around(void **state)
{
    struct log_queue *q = log_queue_new(64);
    size_t at = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char text[20];

        snprintf(text, sizeof(text), "%.*s", i % 17, "0123456789abcdef");
        assert_true(add(q, text, strlen(text)));
        check_next(q, &at, text);
        log_queue_release(q, at);
    }
    log_queue_free(q);

    q = log_queue_new(64);
    at = 0;
    assert_true(add(q, "", 0));
    assert_true(add(q, "a", 1)); /* 48 of 64 are used */
    check_next(q, &at, "");
    check_next(q, &at, "a");
    log_queue_release(q, 16);
    assert_false(add(q, "b", 16)); /* 16 behind, 16 in front: not in one piece */
    assert_true(add(q, "", 0));
    log_queue_release(q, 48);
    assert_true(add(q, "b", 16));
    check_next(q, &at, "");
    check_next(q, &at, "b");
    log_queue_free(q);
}

enum { LINES = 300000 };

static void *produce(void *arg)
{
    struct log_queue *q = arg;

    for (unsigned i = 0; i < LINES;) {
        char *room = log_queue_reserve(q, 4 + i % 90);

        if (room == NULL) {
            sched_yield();
            continue;
        }
        memcpy(room, &i, sizeof(i));
        memset(room + 4, (int)(i & 0xff), i % 90);
        log_queue_commit(q, (int)(i % 8), i, 4 + i % 90);
        i++;
    }
    return NULL;
}

static void two_threads(void **state)
{
    struct log_queue *q = log_queue_new(4096);
    pthread_t producer;
    unsigned next = 0;
    size_t at = 0;

    (void)state;
    assert_int_equal(pthread_create(&producer, NULL, produce, q), 0);
    while (next < LINES) {
        size_t end = log_queue_end(q);
        struct log_record r;

        if (at == end)
            sched_yield();
        while (log_queue_next(q, &at, end, &r)) {
            unsigned number;

            assert_int_equal(r.text.n, 4 + next % 90);
            memcpy(&number, r.text.p, 4);
            assert_int_equal(number, next);
            for (size_t i = 4; i < r.text.n; i++)
                assert_int_equal((unsigned char)r.text.p[i], next & 0xff);
            assert_int_equal(r.priority, next % 8);
            assert_int_equal(r.second, next);
            next++;
            if (next % 3 == 0)
                log_queue_release(q, at);
        }
        log_queue_release(q, at);
    }
    pthread_join(producer, NULL);
    log_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_and_out), cmocka_unit_test(full),        cmocka_unit_test(fill),
        cmocka_unit_test(around),     cmocka_unit_test(two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
