/* SPDX-License-Identifier: BSD-2-Clause */
/* Prometheus's text and OpenMetrics, whole; what becomes of bytes that cannot stand in a label. */
#include "unit.h"

#include "daemon/exposition.h"

static void write_some(struct exposition *e)
{
    struct exposition_label labels[] = {{"rule", pl_str_lit("a rule")}, {"le", pl_str_lit("0.1")}};

    exposition_family(e, "x_build_info", EXPOSITION_INFO, "Version.");
    exposition_value(e, "x_build_info", labels, 1, 1);
    exposition_family(e, "x_total", EXPOSITION_COUNTER, "Things.");
    exposition_count(e, "x_total", NULL, 0, 18446744073709551615UL);
    exposition_family(e, "x", EXPOSITION_GAUGE, "Things now.");
    exposition_value(e, "x", NULL, 0, 0.25);
    exposition_family(e, "y_total", EXPOSITION_COUNTER_BESIDE, "Beside y.");
    exposition_count(e, "y_total", NULL, 0, 7);
    exposition_family(e, "z_seconds", EXPOSITION_HISTOGRAM, "Times.");
    exposition_count(e, "z_seconds_bucket", labels, 2, 3);
    exposition_value(e, "z_seconds_sum", NULL, 0, 1700000000.125);
    exposition_end(e);
}

static void test_classic(void **state)
{
    struct pl_buf out = {0};

    (void)state;
    write_some(&(struct exposition){&out, false});
    check_str("classic", out.p,
              "# HELP x_build_info Version.\n"
              "# TYPE x_build_info gauge\n"
              "x_build_info{rule=\"a rule\"} 1\n"
              "# HELP x_total Things.\n"
              "# TYPE x_total counter\n"
              "x_total 18446744073709551615\n"
              "# HELP x Things now.\n"
              "# TYPE x gauge\n"
              "x 0.25\n"
              "# HELP y_total Beside y.\n"
              "# TYPE y_total counter\n"
              "y_total 7\n"
              "# HELP z_seconds Times.\n"
              "# TYPE z_seconds histogram\n"
              "z_seconds_bucket{rule=\"a rule\",le=\"0.1\"} 3\n"
              "z_seconds_sum 1700000000.125\n");
    pl_buf_fini(&out);
}

static void test_openmetrics(void **state)
{
    struct pl_buf out = {0};

    (void)state;
    write_some(&(struct exposition){&out, true});
    check_str("openmetrics", out.p,
              "# HELP x_build Version.\n"
              "# TYPE x_build info\n"
              "x_build_info{rule=\"a rule\"} 1\n"
              "# HELP x Things.\n"
              "# TYPE x counter\n"
              "x_total 18446744073709551615\n"
              "# HELP x Things now.\n"
              "# TYPE x gauge\n"
              "x 0.25\n"
              "# HELP y_total Beside y.\n"
              "# TYPE y_total unknown\n"
              "y_total 7\n"
              "# HELP z_seconds Times.\n"
              "# TYPE z_seconds histogram\n"
              "z_seconds_bucket{rule=\"a rule\",le=\"0.1\"} 3\n"
              "z_seconds_sum 1700000000.125\n"
              "# EOF\n");
    pl_buf_fini(&out);
}

static void test_label_values(void **state)
{
    const struct {
        const char *name;
        struct pl_str value;
        const char *written;
    } rows[] = {
        {"empty", {"", 0}, "x{l=\"\"} 0\n"},
        {"quote", pl_str_lit("say \"no\""), "x{l=\"say \\\"no\\\"\"} 0\n"},
        {"backslash", pl_str_lit("a\\b"), "x{l=\"a\\\\b\"} 0\n"},
        {"a backslash and n", pl_str_lit("a\\n"), "x{l=\"a\\\\n\"} 0\n"},
        {"newline", pl_str_lit("a\nb"), "x{l=\"a\\nb\"} 0\n"},
        {"a sample of its own", pl_str_lit("a\"} 1\ny 2"), "x{l=\"a\\\"} 1\\ny 2\"} 0\n"},
        {"carriage return, NUL, escape", pl_str_lit("\r\0\033[2J"),
         "x{l=\"\\\\u{d}\\\\u{0}\\\\u{1b}[2J\"} 0\n"},
        {"UTF-8", pl_str_lit("Kücheṉ…😀"), "x{l=\"Kücheṉ…😀\"} 0\n"},
        {"turned round",
         pl_str_lit("a\xe2\x80\xae"
                    "b"),
         "x{l=\"a\\\\u{202e}b\"} 0\n"},
        {"no UTF-8", pl_str_lit("a\xff\xc3"), "x{l=\"a\\\\xff\\\\xc3\"} 0\n"},
        {"too long a form", pl_str_lit("\xc0\xaf"), "x{l=\"\\\\xc0\\\\xaf\"} 0\n"},
        {"a surrogate", pl_str_lit("\xed\xa0\x80"), "x{l=\"\\\\xed\\\\xa0\\\\x80\"} 0\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_buf out = {0};
        struct exposition e = {&out, false};
        struct exposition_label label = {"l", rows[i].value};

        exposition_count(&e, "x", &label, 1, 0);
        check_str(rows[i].name, out.p, rows[i].written);
        pl_buf_fini(&out);
    }
}

static void test_values(void **state)
{
    static const struct {
        double value;
        const char *written;
    } rows[] = {{0, "x 0\n"},
                {1, "x 1\n"},
                {5e-06, "x 5e-06\n"},
                {1e15, "x 1e+15\n"},
                {4294967296.0, "x 4294967296\n"},
                {0.1, "x 0.1\n"}};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_buf out = {0};

        exposition_value(&(struct exposition){&out, false}, "x", NULL, 0, rows[i].value);
        check_str("value", out.p, rows[i].written);
        pl_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classic),
        cmocka_unit_test(test_openmetrics),
        cmocka_unit_test(test_label_values),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
