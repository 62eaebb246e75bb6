/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_FILE_H
#define POSTLATCH_FILE_H

#include "postlatch/buf.h"
#include "postlatch/diag.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * pl_file_read - a whole file, as it was at one moment
 *
 * A file that decides who may relay is refused unless it is a regular file that not everybody may
 * write to, holds no NUL and does not begin with a byte order mark. If size or time change between
 * open and end, or the name is given to another file or to none, it is read again, three times in
 * all. A file that changes each time is an error: half of a list must never become policy. Each file
 * that was put in its place by a rename is whole, so the last of them is taken.
 *
 * in       path; size_max bytes at most; at: whom errors are charged to (the place that names the
 *          file)
 * out      *content, to be released by the caller with pl_buf_fini, also after false
 * returns  false after noting what is wrong
 * cost     a file written to within the last 20 ms is given 20 ms more first (see file.c)
 */
bool pl_file_read(const char *path, size_t size_max, struct pl_buf *content, struct pl_diag *d,
                  struct pl_pos at);

/* struct pl_file_sink - where the pieces of a file go */
struct pl_file_sink {
    /* The file is read from its beginning, and has so many bytes: what was taken is void. */
    void (*begin)(size_t size, void *arg);
    void (*take)(struct pl_str piece, void *arg);
    void *arg;
};

/*
 * pl_file_read_pieces - the same file, piece by piece, so that it never is in memory as a whole
 *
 * A piece ends with an LF; or there is a NUL behind it, at the file's end or in a line longer than 256
 * KiB. Pieces are taken before it is known that the file is good: after false they are void.
 *
 * in       sink: a piece is dead when take returns
 * returns  as pl_file_read
 */
bool pl_file_read_pieces(const char *path, size_t size_max, const struct pl_file_sink *sink,
                         struct pl_diag *d, struct pl_pos at);

/*
 * pl_file_watch - have each path told that pl_file_read is asked for from now on, in whatever thread,
 * before it is opened; NULL: no longer. The path is dead when seen returns
 *
 * threads  while no other may read files
 */
void pl_file_watch(void (*seen)(void *arg, const char *path), void *arg);

/*
 * pl_path_beside - name, if relative, in the folder of the file base
 *
 * returns  a malloc'ed path, NULL when memory is short
 */
char *pl_path_beside(const char *base, struct pl_str name);

#endif
