/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Days as numbers. The year is counted from March, so that the day that leap years have more is its
 * last; 400 years have 146,097 days. No time zone has a say.
 */
#include "postlatch/date.h"

#include "postlatch/compiler.h"

#include <stdio.h>

enum {
    DAYS_OF_400_YEARS = 146097,
    DAYS_TO_1970 = 719468 /* from 0000-03-01 */
};

/* The first day of a month, counted from 0000-03-01. */
static int32_t month_begins(int32_t year, int32_t month)
{
    int32_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12; /* March is 0 */

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5;
}

static bool take(struct pl_str text, size_t from, size_t n, int32_t *out)
{
    *out = 0;
    for (size_t i = from; i < from + n; i++) {
        if (!pl_ascii_is_digit(text.p[i]))
            return false;
        *out = 10 * *out + (text.p[i] - '0');
    }
    return true;
}

enum pl_date_fault pl_date_parse(int32_t *days, struct pl_str text)
{
    int32_t year, month, day, first;

    if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' || !take(text, 0, 4, &year) ||
        !take(text, 5, 2, &month) || !take(text, 8, 2, &day))
        return PL_DATE_FORM;
    if (year < 1970 || month < 1 || month > 12 || day < 1)
        return PL_DATE_NO_DAY;
    first = month_begins(year, month);
    if (day > month_begins(year + month / 12, month % 12 + 1) - first)
        return PL_DATE_NO_DAY;
    *days = first - DAYS_TO_1970 + day - 1;
    return PL_DATE_FINE;
}

const char *pl_date_format(char out[PL_DATE_TEXT], int32_t days)
{
    int32_t since = days + DAYS_TO_1970, month = 12;
    int32_t year = (int32_t)((int64_t)since * 400 / DAYS_OF_400_YEARS) + 1; /* or one too many */

    pl_assert(since > 0 && days < 2932897); /* 10000-01-01 */
    while (month_begins(year, 1) > since)
        year--;
    while (month_begins(year, month) > since)
        month--;
    snprintf(out, PL_DATE_TEXT, "%04d-%02d-%02d", (int)year % 10000, (int)month % 100,
             (int)(since - month_begins(year, month) + 1) % 100);
    return out;
}
