/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets which of the two formats. */
#include "unit.h"

#include "daemon/http_accept.h"

static const struct {
    const char *accept;
    bool openmetrics;
} rows[] = {
    {"", false},
    {"*/*", false},
    {"text/plain", false},
    {"application/openmetrics-text", true},
    {"Application/OpenMetrics-Text; version=1.0.0; charset=utf-8", true},
    /* Prometheus 2.42, 2.5 and 3, then a browser and curl */
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     true},
    {"text/plain;version=0.0.4;q=1,*/*;q=0.1", false},
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
     "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
     true},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
    {"text/plain;q=0.9, application/openmetrics-text;q=0.8", false},
    {"text/plain;q=0.8 , application/openmetrics-text ; q=0.8", true},
    {"application/openmetrics-text;q=0", false},
    {"application/openmetrics-text;q=0.001", true},
    {"application/openmetrics-text;q=1.000", true},
    {"application/openmetrics-text;q=1.001", false},
    {"application/openmetrics-text;q=", false},
    {"application/openmetrics-text;q=05", false},
    {"application/openmetrics-text;q=0.0001", false},
    {"application/openmetrics-text;q=.5", false},
    {"application/openmetrics-textual", false},
    {",;,;=q=;,,", false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_true(rows[i].accept,
                   http_wants_openmetrics(pl_str_of(rows[i].accept)) == rows[i].openmetrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests_name("http_accept", tests, NULL, NULL);
}
