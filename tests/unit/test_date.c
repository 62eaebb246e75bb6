/* SPDX-License-Identifier: BSD-2-Clause */
/* Days of the calendar, held to the C library's. */
#include "unit.h"

#include "postlatch/date.h"

#include <time.h>

static void every_day(void **state)
{
    char want[PL_DATE_TEXT], got[PL_DATE_TEXT];
    int32_t days, read;

    (void)state;
    for (days = 0; days < 2932897; days++) { /* to 9999-12-31 */
        time_t at = (time_t)days * PL_DAY_SECONDS;
        struct tm tm;

        assert_non_null(gmtime_r(&at, &tm));
        assert_int_equal(strftime(want, sizeof(want), "%Y-%m-%d", &tm), 10);
        check_str(want, pl_date_format(got, days), want);
        if (pl_date_parse(&read, pl_str_of(want)) != PL_DATE_FINE || read != days)
            fail_msg("%s is read as %d, expected %d", want, read, days);
    }
    check_str("the last", want, "9999-12-31");
}

static void early_days(void **state)
{
    char got[PL_DATE_TEXT];

    (void)state;
    check_str("-1", pl_date_format(got, -1), "1969-12-31");
    check_str("a leap day", pl_date_format(got, -25509), "1900-02-28");
    check_str("and after", pl_date_format(got, -25508), "1900-03-01");
    check_str("the first", pl_date_format(got, -719162), "0001-01-01");
}

static void faults(void **state)
{
    static const struct {
        const char *text;
        enum pl_date_fault fault;
    } rows[] = {
        {"", PL_DATE_FORM},
        {"2027", PL_DATE_FORM},
        {"2027-1-31", PL_DATE_FORM},
        {"2027-01-3", PL_DATE_FORM},
        {"2027-01-311", PL_DATE_FORM},
        {"2027/01/31", PL_DATE_FORM},
        {"2027-01/31", PL_DATE_FORM},
        {"+027-01-31", PL_DATE_FORM},
        {"2027- 1-31", PL_DATE_FORM},
        {"2027-01-3x", PL_DATE_FORM},
        {"20270131  ", PL_DATE_FORM},
        {"2027-0a-31", PL_DATE_FORM},
        {"0000-00-00", PL_DATE_NO_DAY},
        {"1969-12-31", PL_DATE_NO_DAY},
        {"2027-00-01", PL_DATE_NO_DAY},
        {"2027-13-01", PL_DATE_NO_DAY},
        {"2027-01-00", PL_DATE_NO_DAY},
        {"2027-01-32", PL_DATE_NO_DAY},
        {"2027-02-29", PL_DATE_NO_DAY},
        {"2028-02-30", PL_DATE_NO_DAY},
        {"2100-02-29", PL_DATE_NO_DAY},
        {"2027-04-31", PL_DATE_NO_DAY},
        {"2027-12-32", PL_DATE_NO_DAY},
        {"2000-02-29", PL_DATE_FINE},
        {"2028-02-29", PL_DATE_FINE},
    };
    int32_t days;

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_true(rows[i].text, pl_date_parse(&days, pl_str_of(rows[i].text)) == rows[i].fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day),
        cmocka_unit_test(early_days),
        cmocka_unit_test(faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
