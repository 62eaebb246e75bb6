/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_INCLUDES_H
#define POSTLATCH_CONFIG_INCLUDES_H

#include "postlatch/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Limits: includes within includes, files in all. */
enum { INCLUDES_DEPTH_MAX = 10, INCLUDES_FILES_MAX = 1000 };

/* struct includes - the files that a load goes through; start with {0} */
struct includes {
    struct {
        dev_t dev;
        ino_t ino;                   /* 0: it could not be looked at, which reading it will tell */
    } chain[INCLUDES_DEPTH_MAX + 1]; /* those being read, the main one first */
    size_t depth;                    /* of the chain */
    size_t files;                    /* that were entered in all */
};

/*
 * includes_enter - go into a file
 *
 * in       path; named_at: the place that names it
 * returns  false after noting in d: it is being read already, by whatever name, or a limit is
 *          reached. Else includes_leave is to follow
 */
bool includes_enter(struct includes *in, const char *path, struct pl_pos named_at,
                    struct pl_diag *d);

/* includes_leave - the file entered last is done */
void includes_leave(struct includes *in);

#endif
