/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading files that people, editors and cron jobs change while we look.
 *
 * Whether a file changed is told by its size, its times and its being linked. The kernel stamps times
 * with a clock that ticks every 1 to 10 ms, so a file written to just now may change once more within
 * the same tick: such a file is given SETTLE_MS first.
 */
#include "postlatch/file.h"

#include "postlatch/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 3, SETTLE_MS = 20 };

/* READ_REPLACED: read whole, but its name has gone to another file, or to none, meanwhile. */
enum outcome { READ_OK, READ_REPLACED, READ_CHANGED, READ_FAILED };

static struct {
    void (*seen)(void *arg, const char *path);
    void *arg;
} watcher;

void pl_file_watch(void (*seen)(void *arg, const char *path), void *arg)
{
    watcher.seen = seen;
    watcher.arg = arg;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Inode times cannot be set back as a file's own time can; but they tell of a new name as well. */
static bool same_version(const struct stat *before, const struct stat *after)
{
    return before->st_size == after->st_size && same_time(&before->st_mtim, &after->st_mtim) &&
           (same_time(&before->st_ctim, &after->st_ctim) || after->st_nlink == 0);
}

/* Waits until a change of the file could be told by its time. */
static void settle(const struct stat *st)
{
    struct timespec now, pause = {0, SETTLE_MS * 1000000L};
    long age_ms;

    clock_gettime(CLOCK_REALTIME, &now);
    if (st->st_ctim.tv_sec < now.tv_sec - 1 || st->st_ctim.tv_sec > now.tv_sec + 1)
        return;
    age_ms =
        (now.tv_sec - st->st_ctim.tv_sec) * 1000 + (now.tv_nsec - st->st_ctim.tv_nsec) / 1000000;
    if (age_ms > -SETTLE_MS && age_ms < SETTLE_MS)
        nanosleep(&pause, NULL);
}

static bool acceptable(const struct stat *st, const char *path, size_t size_max, struct pl_diag *d,
                       struct pl_pos at)
{
    struct pl_quote q;

    if (!S_ISREG(st->st_mode)) {
        pl_diag_error(d, at, "%s is %s; expected a regular file", pl_quote(&q, pl_str_of(path)),
                      S_ISDIR(st->st_mode)    ? "a directory"
                      : S_ISFIFO(st->st_mode) ? "a FIFO"
                                              : "no regular file");
        return false;
    }
    if ((st->st_mode & S_IWOTH) != 0) {
        pl_diag_error(
            d, at,
            "%s may be written by anybody (mode %04o), who could then open the relay; chmod o-w it",
            pl_quote(&q, pl_str_of(path)), (unsigned)(st->st_mode & 07777));
        return false;
    }
    if ((unsigned long long)st->st_size > size_max) {
        pl_diag_error(d, at, "%s is larger than the limit of %zu MiB",
                      pl_quote(&q, pl_str_of(path)), size_max / 1024 / 1024);
        return false;
    }
    return true;
}

/* Reads exactly the size that fstat told, and one byte more to see that nothing follows. */
static enum outcome read_once(int fd, const char *path, size_t size_max, struct pl_buf *content,
                              struct pl_diag *d, struct pl_pos at)
{
    struct pl_quote q;
    struct stat before, after;
    size_t want;

    if (fstat(fd, &before) == 0)
        settle(&before);
    if (fstat(fd, &before) != 0) {
        pl_diag_error(d, at, "cannot look at %s: %s", pl_quote(&q, pl_str_of(path)),
                      strerror(errno));
        return READ_FAILED;
    }
    if (!acceptable(&before, path, size_max, d, at))
        return READ_FAILED;
    want = (size_t)before.st_size + 1;
    pl_buf_fini(content);
    content->p = malloc(want + 1);
    if (content->p == NULL) {
        pl_diag_no_memory(d);
        return READ_FAILED;
    }
    content->cap = want + 1;
    while (content->n < want) {
        ssize_t got = read(fd, content->p + content->n, want - content->n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            pl_diag_error(d, at, "cannot read %s: %s", pl_quote(&q, pl_str_of(path)),
                          strerror(errno));
            return READ_FAILED;
        }
        if (got == 0)
            break;
        content->n += (size_t)got;
    }
    content->p[content->n] = '\0';
    if (fstat(fd, &after) != 0 || !same_version(&before, &after) ||
        content->n != (size_t)before.st_size)
        return READ_CHANGED;
    return after.st_nlink == 0 ? READ_REPLACED : READ_OK;
}

bool pl_file_read(const char *path, size_t size_max, struct pl_buf *content, struct pl_diag *d,
                  struct pl_pos at)
{
    struct pl_quote q;
    enum outcome outcome = READ_CHANGED;

    if (watcher.seen != NULL)
        watcher.seen(watcher.arg, path);
    for (int i = 0; i < TRIES && (outcome == READ_CHANGED || outcome == READ_REPLACED); i++) {
        /* O_NONBLOCK: opening a FIFO must not wait for a writer that never comes. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        if (fd < 0) {
            pl_diag_error(d, at, "cannot open %s: %s", pl_quote(&q, pl_str_of(path)),
                          strerror(errno));
            return false;
        }
        outcome = read_once(fd, path, size_max, content, d, at);
        close(fd);
    }
    if (outcome == READ_CHANGED) {
        pl_diag_error(
            d, at, "%s keeps changing while it is read; write a new file and rename it into place",
            pl_quote(&q, pl_str_of(path)));
        return false;
    }
    if (outcome == READ_FAILED)
        return false;
    if (memchr(content->p, '\0', content->n) != NULL) {
        pl_diag_error(d, at, "%s holds a NUL byte; expected text", pl_quote(&q, pl_str_of(path)));
        return false;
    }
    if (content->n >= 3 && memcmp(content->p, "\xef\xbb\xbf", 3) == 0) {
        pl_diag_error(d, at, "%s begins with a byte order mark; save it as plain UTF-8 without one",
                      pl_quote(&q, pl_str_of(path)));
        return false;
    }
    return true;
}

char *pl_path_beside(const char *base, struct pl_str name)
{
    const char *slash = strrchr(base, '/');
    size_t folder =
        slash == NULL || (name.n > 0 && name.p[0] == '/') ? 0 : (size_t)(slash - base) + 1;
    char *path = malloc(folder + name.n + 1);

    if (path == NULL)
        return NULL;
    memcpy(path, base, folder);
    if (name.n > 0)
        memcpy(path + folder, name.p, name.n);
    path[folder + name.n] = '\0';
    return path;
}
