/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DATE_H
#define POSTLATCH_DATE_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Days of the calendar, as days since 1970-01-01. A day is one in UTC, everywhere in the program. */

enum { PL_DATE_TEXT = 16, PL_DAY_SECONDS = 86400 };

enum pl_date_fault {
    PL_DATE_FINE,
    PL_DATE_FORM,  /* not written as YYYY-MM-DD */
    PL_DATE_NO_DAY /* it is, but there is no such day, as 2027-02-30 */
};

/*
 * pl_date_parse - a day written as YYYY-MM-DD, from 1970-01-01 to 9999-12-31
 *
 * out      *days: unless there is a fault
 */
enum pl_date_fault pl_date_parse(int32_t *days, struct pl_str text);

/* pl_date_format - "YYYY-MM-DD" of a day from 0001-01-01 to 9999-12-31; returns out */
const char *pl_date_format(char out[PL_DATE_TEXT], int32_t days);

#endif
