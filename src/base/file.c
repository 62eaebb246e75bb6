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

/* A piece stays in the processor's cache from the read to the last look at it. */
enum { TRIES = 3, SETTLE_MS = 20, PIECE_SIZE = 256 * 1024 };

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

/* A file on its way to whoever takes it. */
struct reading {
    const char *path;
    size_t size_max;
    const struct pl_file_sink *sink;
    char *piece; /* room for PIECE_SIZE and a NUL */
    bool begun, has_nul, has_mark;
    struct pl_diag *d;
    struct pl_pos at;
};

/* Hands on what the piece has; returns how much of it, the beginning of a line, is kept back. */
static size_t hand_on(struct reading *r, size_t have, bool whole)
{
    char *text = r->piece, *end = memrchr(text, '\n', have);
    size_t n = whole || end == NULL ? have : (size_t)(end + 1 - text);

    if (n == 0 || (end == NULL && !whole && have < PIECE_SIZE))
        return have;
    r->has_mark = r->has_mark || (!r->begun && n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0);
    r->has_nul = r->has_nul || memchr(text, '\0', n) != NULL;
    r->begun = true;
    if (n == have)
        text[n] = '\0';
    r->sink->take((struct pl_str){text, n}, r->sink->arg);
    memmove(text, text + n, have - n);
    return have - n;
}

/* Reads exactly the size that fstat told, and one byte more to see that nothing follows. */
static enum outcome read_once(int fd, struct reading *r)
{
    struct pl_quote q;
    struct stat before, after;
    size_t want, got_all = 0, have = 0;
    char *text = r->piece;

    if (fstat(fd, &before) == 0)
        settle(&before);
    if (fstat(fd, &before) != 0) {
        pl_diag_error(r->d, r->at, "cannot look at %s: %s", pl_quote(&q, pl_str_of(r->path)),
                      strerror(errno));
        return READ_FAILED;
    }
    if (!acceptable(&before, r->path, r->size_max, r->d, r->at))
        return READ_FAILED;
    want = (size_t)before.st_size + 1;
    r->sink->begin(want - 1, r->sink->arg);
    r->begun = r->has_nul = r->has_mark = false;
    while (got_all < want) {
        size_t most = want - got_all < PIECE_SIZE - have ? want - got_all : PIECE_SIZE - have;
        ssize_t got = read(fd, text + have, most);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            pl_diag_error(r->d, r->at, "cannot read %s: %s", pl_quote(&q, pl_str_of(r->path)),
                          strerror(errno));
            return READ_FAILED;
        }
        if (got == 0)
            break;
        have += (size_t)got;
        got_all += (size_t)got;
        have = hand_on(r, have, false);
    }
    hand_on(r, have, true);
    if (fstat(fd, &after) != 0 || !same_version(&before, &after) ||
        got_all != (size_t)before.st_size)
        return READ_CHANGED;
    return after.st_nlink == 0 ? READ_REPLACED : READ_OK;
}

/* What makes no table and no configuration, whatever stands around it. */
static bool is_text(const struct reading *r)
{
    struct pl_quote q;

    if (r->has_nul) {
        pl_diag_error(r->d, r->at, "%s holds a NUL byte; expected text",
                      pl_quote(&q, pl_str_of(r->path)));
        return false;
    }
    if (r->has_mark) {
        pl_diag_error(r->d, r->at,
                      "%s begins with a byte order mark; save it as plain UTF-8 without one",
                      pl_quote(&q, pl_str_of(r->path)));
        return false;
    }
    return true;
}

static enum outcome read_until_whole(struct reading *r)
{
    struct pl_quote q;
    enum outcome outcome = READ_CHANGED;

    if (watcher.seen != NULL)
        watcher.seen(watcher.arg, r->path);
    for (int i = 0; i < TRIES && (outcome == READ_CHANGED || outcome == READ_REPLACED); i++) {
        /* O_NONBLOCK: opening a FIFO must not wait for a writer that never comes. */
        int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        if (fd < 0) {
            pl_diag_error(r->d, r->at, "cannot open %s: %s", pl_quote(&q, pl_str_of(r->path)),
                          strerror(errno));
            return READ_FAILED;
        }
        outcome = read_once(fd, r);
        close(fd);
    }
    if (outcome == READ_CHANGED)
        pl_diag_error(
            r->d, r->at,
            "%s keeps changing while it is read; write a new file and rename it into place",
            pl_quote(&q, pl_str_of(r->path)));
    return outcome;
}

bool pl_file_read_pieces(const char *path, size_t size_max, const struct pl_file_sink *sink,
                         struct pl_diag *d, struct pl_pos at)
{
    struct reading r = {.path = path, .size_max = size_max, .sink = sink, .d = d, .at = at};
    enum outcome outcome;
    bool ok;

    r.piece = malloc(PIECE_SIZE + 1);
    if (r.piece == NULL) {
        pl_diag_no_memory(d);
        return false;
    }
    outcome = read_until_whole(&r);
    ok = (outcome == READ_OK || outcome == READ_REPLACED) && is_text(&r);
    free(r.piece);
    return ok;
}

static void begin_whole(size_t size, void *arg)
{
    (void)size;
    pl_buf_reset(arg);
    pl_buf_add(arg, (struct pl_str){"", 0}); /* an empty file is text too, not NULL */
}

static void take_whole(struct pl_str piece, void *arg)
{
    pl_buf_add(arg, piece);
}

bool pl_file_read(const char *path, size_t size_max, struct pl_buf *content, struct pl_diag *d,
                  struct pl_pos at)
{
    const struct pl_file_sink whole = {begin_whole, take_whole, content};
    bool ok;

    ok = pl_file_read_pieces(path, size_max, &whole, d, at);
    if (ok && content->failed)
        pl_diag_no_memory(d);
    return ok && !content->failed;
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
