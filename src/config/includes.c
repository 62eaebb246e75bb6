/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which file includes which. A loop is told by device and inode, as one file has many names; the
 * number of files is limited too, since ten levels of ten includes each would be 10^10 files.
 */
#include "includes.h"

#include "postlatch/quote.h"

#include <sys/stat.h>

bool includes_enter(struct includes *in, const char *path, struct pl_pos named_at,
                    struct pl_diag *d)
{
    struct pl_quote q;
    struct stat st;

    if (stat(path, &st) != 0)
        st.st_dev = st.st_ino = 0;
    for (size_t i = 0; i < in->depth; i++) {
        if (st.st_ino != 0 && in->chain[i].ino == st.st_ino && in->chain[i].dev == st.st_dev) {
            pl_diag_error(d, named_at, "%s includes itself, directly or through others",
                          pl_quote(&q, pl_str_of(path)));
            return false;
        }
    }
    if (in->depth > INCLUDES_DEPTH_MAX) {
        pl_diag_error(d, named_at, "includes are nested more than %d deep", INCLUDES_DEPTH_MAX);
        return false;
    }
    if (in->files == INCLUDES_FILES_MAX) {
        pl_diag_error(d, named_at, "more than %d files are included", INCLUDES_FILES_MAX);
        return false;
    }
    in->files++;
    in->chain[in->depth].dev = st.st_dev;
    in->chain[in->depth++].ino = st.st_ino;
    return true;
}

void includes_leave(struct includes *in)
{
    in->depth--;
}
