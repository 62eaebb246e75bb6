/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile text made safe to show, read back, and the words that were probably meant. */
#include "exact.h"

#include "postlatch/quote.h"
#include "postlatch/suggest.h"

#define X10 "xxxxxxxxxx"
#define X80 X10 X10 X10 X10 X10 X10 X10 X10
#define E10 "\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01"
#define E80 E10 E10 E10 E10 E10 E10 E10 E10

static void quoting(void **state)
{
    static const struct {
        struct pl_str in;
        const char *out;
    } rows[] = {
        {{NULL, 0}, "\"\""},
        {{"a b", 3}, "\"a b\""},
        {{"a\0b", 3}, "\"a\\x00b\""},
        {{"\x1b[2J\n", 5}, "\"\\x1b[2J\\x0a\""},
        {{"\xc3\xbc\x7f", 3}, "\"\\xc3\\xbc\\x7f\""},
        {{"a\"b\\", 4}, "\"a\"b\\\""},
        {{X80, 80}, "\"" X80 "\""},
        {{X80 "y", 81}, "\"" X80 "...\""},
    };
    char controls[90];
    struct pl_quote q;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_str(rows[i].out, pl_quote(&q, rows[i].in), rows[i].out);
    /* The longest that there can be. */
    memset(controls, 1, sizeof(controls));
    check_str("80", pl_quote(&q, (struct pl_str){controls, 80}), "\"" E80 "\"");
    check_str("90", pl_quote(&q, (struct pl_str){controls, 90}), "\"" E80 "...\"");
    assert_int_equal(strlen(q.text), PL_QUOTE_SIZE - 1);
}

static void escaping(void **state)
{
    static const struct {
        struct pl_str in;
        size_t shown;
        const char *out;
    } rows[] = {
        {{NULL, 0}, 9, ""},
        {{"-", 1}, 9, "\\x2d"}, /* a bare one stands for an absent value */
        {{"--", 2}, 9, "--"},
        {{"a-b", 3}, 9, "a-b"},
        {{"a b\"c\\d\n\xff", 9}, 9, "a\\x20b\\x22c\\x5cd\\x0a\\xff"},
        {{"a=b,c;d", 7}, 9, "a=b,c;d"},
        {{"abc", 3}, 3, "abc"},
        {{"abcd", 4}, 3, "abc..."},
        {{"abc", 3}, 0, "..."},
    };
    static const struct {
        size_t size;
        const char *out;
    } cuts[] = {{1, ""},       {2, "a"},       {4, "a.."},      {5, "a..."},
                {6, "a\\x20"}, {7, "a\\x20b"}, {100, "a\\x20b"}};
    char out[100];

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t n = pl_escape(out, rows[i].shown * 4 + 4, rows[i].in, rows[i].shown);

        check_str(rows[i].out, out, rows[i].out);
        assert_int_equal(n, strlen(out));
    }
    /* Too small a room: cut, never half an escape, always a NUL. */
    for (size_t i = 0; i < ROWS(cuts); i++) {
        memset(out, '#', sizeof(out));
        assert_int_equal(pl_escape(out, cuts[i].size, pl_str_lit("a b"), 9), strlen(cuts[i].out));
        check_str("cut", out, cuts[i].out);
    }
}

/* What is copied as it is, is exactly what escaping leaves as it is: every byte, at every place. */
static void copying_plain(void **state)
{
    char escaped[4 * 70 + 4];

    (void)state;
    for (size_t len = 0; len <= 70; len++) {
        char *in = malloc(len + 1), *out = malloc(len + 1);

        assert_true(in != NULL && out != NULL);
        for (size_t at = 0; at < (len == 0 ? 1 : len); at++) {
            for (int byte = 0; byte < 256; byte++) {
                struct pl_str s = {in + 1, len}; /* ends where its memory ends */
                size_t n;

                memset(in, 'a', len + 1);
                if (len > 0)
                    in[1 + at] = (char)byte;
                n = pl_escape(escaped, sizeof(escaped), s, len);
                assert_int_equal(pl_copy_plain(out + 1, s),
                                 n == len && memcmp(escaped, in + 1, len) == 0);
                if (n == len)
                    assert_memory_equal(out + 1, escaped, len);
            }
        }
        free(in);
        free(out);
    }
    assert_true(pl_copy_plain(NULL, (struct pl_str){NULL, 0}));
}

static void unescaping(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},           {"abc", "abc"},     {"\\x41", "A"},        {"\\x4a\\x4B!", "JK!"},
        {"\\x4", "\\x4"},   {"\\x", "\\x"},     {"\\", "\\"},          {"a\\x4", "a\\x4"},
        {"\\x4g", "\\x4g"}, {"\\xg4", "\\xg4"}, {"\\y41", "\\y41"},    {"\\X41", "\\X41"},
        {"\\\\x41", "\\A"}, {"x41", "x41"},     {"\\x5cx41", "\\x41"},
    };
    char bytes[256], text[256 * 4 + 4], back[256 * 4 + 4];

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str in = exact(rows[i].in);
        size_t n = pl_unescape(back, in);

        check_true(rows[i].in, pl_str_eq((struct pl_str){back, n}, pl_str_of(rows[i].out)));
        exact_free(in);
    }
    /* Every byte there and back. */
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    assert_int_equal(
        pl_unescape(back, (struct pl_str){text, pl_escape(text, sizeof(text),
                                                          (struct pl_str){bytes, 256}, 256)}),
        256);
    assert_memory_equal(back, bytes, 256);
}

/* What is suggested for a word, of a fixed list. */
static void suggesting(void **state)
{
    static const char *const words[] = {"mode",          "listen", "networks",
                                        "sasl_username", "OK",     "DUNNO"};
    static const char long_word[] = X80;
    static const struct {
        const char *typed, *text;
    } rows[] = {
        {"mode", "; did you mean \"mode\"?"},
        {"moed", "; did you mean \"mode\"?"}, /* two letters changed places */
        {"mdoe", "; did you mean \"mode\"?"},
        {"Mod", "; did you mean \"mode\"?"},
        {"m", ""},
        {"mooode", ""},
        {"lsiten", "; did you mean \"listen\"?"},
        {"listn", "; did you mean \"listen\"?"},
        {"liiisten", "; did you mean \"listen\"?"},
        {"liiiisten", ""},
        {"net", ""}, /* too short to be a beginning */
        {"netw", "; did you mean \"networks\"?"},
        {"network", "; did you mean \"networks\"?"},
        {"sasl_user", "; did you mean \"sasl_username\"?"},
        {"sasl_username_is_none", "; did you mean \"sasl_username\"?"},
        {"ok", "; did you mean \"OK\"?"},
        {"K", "; did you mean \"OK\"?"},
        {"dunno", "; did you mean \"DUNNO\"?"},
        {"", ""},
        {"quite another", ""},
        {X80, ""},
        {X10 X10 X10 X10 X10 X10 "xxx", ""},
    };
    struct pl_suggest s;
    char room[60];

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str typed = exact(rows[i].typed);

        pl_suggest_init(&s, typed);
        for (size_t k = 0; k < ROWS(words); k++)
            pl_suggest_try(&s, words[k]);
        check_str(rows[i].typed, pl_suggest_text(&s, room, sizeof(room)), rows[i].text);
        exact_free(typed);
    }
    pl_suggest_init(&s, pl_str_lit(X10));
    pl_suggest_try(&s, long_word);
    check_str("a candidate of 80 bytes", pl_suggest_text(&s, room, sizeof(room)), "");
    pl_suggest_init(&s, pl_str_lit("listen"));
    pl_suggest_try(&s, "listen");
    check_str("cut", pl_suggest_text(&s, room, 20), "; did you mean \"lis");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoting),    cmocka_unit_test(escaping),   cmocka_unit_test(copying_plain),
        cmocka_unit_test(unescaping), cmocka_unit_test(suggesting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
