/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_SCAN_H
#define POSTLATCH_CONFIG_SCAN_H

#include "postlatch/buf.h"
#include "postlatch/diag.h"

#include <stdbool.h>

enum { SCAN_FILE_MAX_MIB = 64 }; /* of a configuration file */

/*
 * scan - read a configuration and all that it includes, check its form, and write it anew in a form
 * in which libconfuse cannot misread it
 *
 * What comes out: one option a line, every value quoted and preceded by where it stands,
 * "FILE:LINE:text"; the title of a section as the option `title`. A list begins with "FILE:LINE=",
 * which stands for the list itself, and a value that an error was noted for is "FILE:LINE!". Only
 * options and sections of the schema come out, each of the right shape, no option twice.
 *
 * in       path: the main file, also used in messages as given
 * out      *canonical: the text, complete or not; the caller releases it
 * returns  false if anything was wrong; it is noted in d
 */
bool scan(const char *path, struct pl_buf *canonical, struct pl_diag *d);

#endif
