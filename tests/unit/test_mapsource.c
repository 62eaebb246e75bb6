/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of Postfix's tables, and what their rows mean. */
#include "unit.h"

#include "postlatch/buf.h"
#include "postlatch/mapsource.h"

/* Rows as "line:key=value|". */
static void rows_of_a_text(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"\n\n", ""},
        {"# a\n  # b\n", ""},
        {"a b", "1:a=b|"},
        {"a\tb c \n", "1:a=b c|"},
        {"a\n", "1:a=|"},
        {"# x\n\na 1\nb 2\n", "3:a=1|4:b=2|"},
        {"a 1\n  2\nb 3\n", "1:a=1\n  2|3:b=3|"},
        {"a 1\n# x\n  2\nb 3\n", "1:a=1\n# x\n  2|4:b=3|"},
        {"a 1\n# x\n\nb 3\n", "1:a=1|4:b=3|"},
        {"a\n 1\n", "1:a=1|"},
        {" a 1\nb 2", "1:a=1|2:b=2|"},
        {"a 1\r\nb 2\r\n", "1:a=1|2:b=2|"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_str rest = pl_str_of(rows[i].in);
        struct pl_map_row row;
        struct pl_buf out = {0};
        unsigned line = 0;

        while (pl_mapsource_next(&rest, &line, &row))
            pl_buf_addf(&out, "%u:%.*s=%.*s|", row.line, (int)row.key.n, row.key.p,
                        (int)row.value.n, row.value.p);
        check_str(rows[i].in, out.p == NULL ? "" : out.p, rows[i].out);
        pl_buf_fini(&out);
    }
}

static void values(void **state)
{
    static const struct {
        const char *in;
        enum pl_access access;
    } rows[] = {
        {"OK", PL_ACCESS_GRANT},
        {"ok fine", PL_ACCESS_GRANT},
        {"RELAY", PL_ACCESS_GRANT},
        {"permit", PL_ACCESS_GRANT},
        {"250", PL_ACCESS_GRANT},
        {"550", PL_ACCESS_GRANT}, /* digits alone permit, whatever they are */
        {"", PL_ACCESS_GRANT},
        {"DISCARD x", PL_ACCESS_GRANT},
        {"REJECT", PL_ACCESS_REFUSE},
        {"reject go away", PL_ACCESS_REFUSE},
        {"550 no", PL_ACCESS_REFUSE},
        {"450 later", PL_ACCESS_REFUSE},
        {"5.7.1 no", PL_ACCESS_OTHER},
        {"250 fine", PL_ACCESS_OTHER},
        {"DUNNO", PL_ACCESS_NONE},
        {"WARN x", PL_ACCESS_NONE},
        {"FILTER a:b", PL_ACCESS_NONE},
        {"friends", PL_ACCESS_OTHER},
        {"permit_mynetworks", PL_ACCESS_OTHER},
        {"REJECTED", PL_ACCESS_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (pl_access_of(pl_str_of(rows[i].in)) != rows[i].access)
            fail_msg("\"%s\" is %d, expected %d", rows[i].in, pl_access_of(pl_str_of(rows[i].in)),
                     rows[i].access);
    }
}

static void networks(void **state)
{
    static const struct {
        const char *in, *out; /* out "": a name */
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2", "192.0.2.0/24"},
        {"192.0", "192.0.0.0/16"},
        {"10", "10.0.0.0/8"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:db8:1", "2001:db8:1::/48"},
        {"2001", ""},
        {"example.org", ""},
        {".example.org", ""},
        {"300", ""},
        {"1.2.3.4.5", ""},
        {"010", ""},
        {"", ""},
        {"unknown", ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_prefix prefix;
        char text[PL_PREFIX_TEXT] = "";

        if (pl_access_network(pl_str_of(rows[i].in), &prefix))
            pl_prefix_format(text, &prefix);
        check_str(rows[i].in, text, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_text),
        cmocka_unit_test(values),
        cmocka_unit_test(networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
