/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: buffers, growing arrays and arenas, with and without enough of it. */
#include "unit.h"

#include "postlatch/arena.h"
#include "postlatch/buf.h"
#include "postlatch/large.h"

#include <stdalign.h>
#include <stdlib.h>

/* The linker gives us the library's calls. */
static bool memory_is_short;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_is_short ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return memory_is_short ? NULL : __real_realloc(p, size);
}

static void appending(void **state)
{
    struct pl_buf b = {0};
    char want[1001];

    (void)state;
    assert_int_equal(pl_buf_str(&b).n, 0);
    pl_buf_reset(&b);
    pl_buf_add(&b, (struct pl_str){NULL, 0});
    check_str("nothing", b.p, "");
    pl_buf_add(&b, pl_str_lit("ab"));
    pl_buf_add_char(&b, 'c');
    pl_buf_addf(&b, "%d%s", 12, "");
    check_str("text", b.p, "abc12");
    assert_int_equal(b.n, 5);
    pl_buf_addf(&b, "%s", "");
    assert_int_equal(b.n, 5);
    pl_buf_add(&b, pl_str_lit("\0x"));
    assert_int_equal(b.n, 7);
    assert_memory_equal(b.p, "abc12\0x", 8);
    pl_buf_reset(&b);
    check_str("reset", b.p, "");
    /* Across every size at which it grows. */
    for (int i = 0; i < 1000; i++) {
        want[i] = (char)('a' + i % 26);
        pl_buf_add_char(&b, want[i]);
        assert_int_equal(b.p[b.n], 0);
    }
    want[1000] = '\0';
    check_str("1000 bytes", b.p, want);
    pl_buf_addf(&b, "%s", want);
    assert_int_equal(b.n, 2000);
    assert_memory_equal(b.p + 1000, want, 1001);
    assert_false(b.failed);
    pl_buf_fini(&b);
    assert_null(b.p);
    assert_int_equal(b.n + b.cap, 0);
}

static void a_buffer_out_of_memory(void **state)
{
    struct pl_buf b = {0};
    char sixty[61];

    (void)state;
    memset(sixty, 'x', 60);
    sixty[60] = '\0';
    memory_is_short = true;
    pl_buf_add(&b, pl_str_lit("a"));
    memory_is_short = false;
    assert_true(b.failed);
    assert_null(b.p);
    /* Once it has failed it stays so: what follows would not be complete. */
    pl_buf_add(&b, pl_str_lit("b"));
    pl_buf_addf(&b, "%d", 1);
    assert_true(b.failed);
    assert_int_equal(b.n, 0);
    pl_buf_reset(&b);
    pl_buf_add(&b, pl_str_lit("c"));
    assert_false(b.failed);
    memory_is_short = true;
    pl_buf_addf(&b, "%s", sixty); /* fits */
    assert_false(b.failed);
    pl_buf_addf(&b, "%s", "123");
    memory_is_short = false;
    assert_true(b.failed);
    assert_int_equal(b.n, 61);
    assert_int_equal(b.p[61], 0);
    pl_buf_fini(&b);
    /* Sizes that no memory has. */
    pl_buf_add(&b, (struct pl_str){"", SIZE_MAX});
    assert_true(b.failed);
    b = (struct pl_buf){.n = SIZE_MAX / 2};
    pl_buf_add(&b, pl_str_lit("a"));
    assert_true(b.failed);
}

static void growing(void **state)
{
    size_t cap = 0, huge = SIZE_MAX / 4;
    int *array = NULL, *same;

    (void)state;
    for (size_t count = 0; count < 100; count++) {
        int *grown = pl_grow(array, &cap, count, sizeof(*array));

        assert_non_null(grown);
        array = grown;
        assert_true(cap > count);
        array[count] = (int)count;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(array[i], i);
    same = array;
    assert_ptr_equal(pl_grow(array, &cap, cap - 1, sizeof(*array)), same);
    memory_is_short = true;
    assert_null(pl_grow(array, &cap, cap, sizeof(*array)));
    memory_is_short = false;
    assert_int_equal(cap, 128); /* the old array, still whole */
    assert_int_equal(array[99], 99);
    free(array);
    assert_null(pl_grow(NULL, &huge, huge, sizeof(*array)));
    assert_int_equal(huge, SIZE_MAX / 4);
}

/* Of megabytes: on pages of another size, the same otherwise. */
static void growing_large(void **state)
{
    size_t cap = 0;
    uint32_t *array = NULL;
    void *large;

    (void)state;
    for (uint32_t count = 0; count < 3000000; count++) {
        array = pl_grow(array, &cap, count, sizeof(*array));
        assert_non_null(array);
        array[count] = count;
    }
    for (uint32_t i = 0; i < 3000000; i++) {
        if (array[i] != i)
            fail_msg("element %u is %u", i, array[i]);
    }
    array = realloc(array, 4000); /* an array is malloc'ed, whatever its size */
    assert_non_null(array);
    assert_int_equal(array[999], 999);
    free(array);
    large = pl_alloc_large(5000001);
    assert_non_null(large);
    memset(large, 'x', 5000001);
    free(large);
}

static void arenas(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 65535, 65536, 65537, 200000, 1};
    struct pl_arena *a = pl_arena_new();
    char *got[ROWS(sizes)];
    struct pl_str s;

    (void)state;
    assert_non_null(a);
    for (size_t i = 0; i < ROWS(sizes); i++) {
        got[i] = pl_arena_alloc(a, sizes[i]);
        assert_non_null(got[i]);
        assert_int_equal((uintptr_t)got[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(got[i][k], 0);
        memset(got[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < ROWS(sizes); i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(got[i][k], (int)i + 1);
    }
    s = pl_arena_copy(a, pl_str_lit("a\0b"));
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "a\0b", 4);
    s = pl_arena_copy(a, (struct pl_str){NULL, 0});
    assert_int_equal(s.n, 0);
    check_str("empty", s.p, "");
    assert_non_null(pl_arena_array(a, 0, 8));
    assert_non_null(pl_arena_array(a, 8, 0));
    assert_non_null(pl_arena_array(a, 8, 8));
    /* Sizes that no memory has: never a small piece for a large one. */
    assert_null(pl_arena_alloc(a, SIZE_MAX));
    assert_null(pl_arena_alloc(a, SIZE_MAX - 16));
    assert_null(pl_arena_array(a, SIZE_MAX / 2, 3));
    assert_null(pl_arena_array(a, 2, SIZE_MAX / 2 + 2));
    assert_null(pl_arena_copy(a, (struct pl_str){"", SIZE_MAX}).p);
    memory_is_short = true;
    assert_null(pl_arena_new());
    assert_null(pl_arena_alloc(a, 65537));
    assert_null(pl_arena_copy(a, (struct pl_str){got[9], 200000}).p);
    memory_is_short = false;
    assert_non_null(pl_arena_alloc(a, 65537));
    pl_arena_free(a);
    pl_arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending), cmocka_unit_test(a_buffer_out_of_memory),
        cmocka_unit_test(growing),   cmocka_unit_test(growing_large),
        cmocka_unit_test(arenas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
