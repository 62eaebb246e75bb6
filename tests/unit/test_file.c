/* SPDX-License-Identifier: BSD-2-Clause */
/* Files read whole and in pieces: lines of every length around the size of a piece, with an LF at the end or without. */
#include "config.h"

#include "postlatch/file.h"

enum { PIECE = 256 * 1024 };

struct seen {
    struct pl_buf all;
    size_t size, pieces;
};

static void begin(size_t size, void *arg)
{
    struct seen *s = arg;

    pl_buf_reset(&s->all);
    s->size = size;
    s->pieces = 0;
}

static void take(struct pl_str piece, void *arg)
{
    struct seen *s = arg;

    assert_true(piece.n > 0 && piece.n <= PIECE);
    assert_true(piece.p[piece.n - 1] == '\n' || piece.p[piece.n] == '\0');
    pl_buf_add(&s->all, piece);
    s->pieces++;
}

/* Writes so many bytes, and an LF behind each of `line` of them. */
static void write_lines(const char *path, size_t bytes, size_t line)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (size_t i = 0; i < bytes; i++)
        fputc(i % line == line - 1 ? '\n' : 'a' + (int)(i % 23), f);
    assert_int_equal(fclose(f), 0);
}

static void pieces(void **state)
{
    static const struct {
        size_t bytes, line, pieces;
    } rows[] = {
        {0, 1, 0},
        {1, 2, 1},
        {1, 1, 1},
        {PIECE - 1, 10, 2}, /* what has no LF comes by itself */
        {PIECE, 2, 1},
        {PIECE, PIECE, 1},
        {PIECE, PIECE + 1, 1},
        {PIECE + 1, PIECE + 1, 2}, /* a line longer than a piece is cut */
        {PIECE + 1, 2, 2},
        {2 * PIECE, 3, 3},
        {2 * PIECE + 7, 2 * PIECE, 3},
        {3 * PIECE, PIECE - 1, 4},
    };
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct seen s = {.all = {0}};
        const struct pl_file_sink sink = {begin, take, &s};
        struct pl_diag *d = pl_diag_new();
        struct pl_buf whole = {0};
        char row[20];

        snprintf(row, sizeof(row), "row %zu", i);
        write_lines(path, rows[i].bytes, rows[i].line);
        check_true(row, pl_file_read(path, 4 * PIECE, &whole, d, PL_NOWHERE));
        check_true(row, pl_file_read_pieces(path, 4 * PIECE, &sink, d, PL_NOWHERE));
        check_true(row, whole.n == rows[i].bytes && whole.p[whole.n] == '\0');
        check_true(row, s.size == rows[i].bytes && s.all.n == rows[i].bytes);
        check_true(row, s.all.n == 0 || memcmp(s.all.p, whole.p, whole.n) == 0);
        if (s.pieces != rows[i].pieces)
            fail_msg("%s: %zu pieces", row, s.pieces);
        pl_diag_free(d);
        pl_buf_fini(&whole);
        pl_buf_fini(&s.all);
    }
}

/* What is no text is refused, wherever it stands; a mark of the byte order is none but at the beginning. */
static void no_text(void **state)
{
    static const struct {
        size_t at; /* in lines of nine letters */
        const char *bytes;
        size_t n;
        const char *why; /* behind the name */
    } rows[] = {
        {0, "\0", 1, " holds a NUL byte; expected text"},
        {PIECE + 10, "\0", 1, " holds a NUL byte; expected text"},
        {3 * PIECE - 1, "\0", 1, " holds a NUL byte; expected text"},
        {0, "\xef\xbb\xbf", 3,
         " begins with a byte order mark; save it as plain UTF-8 without one"},
        {1, "\xef\xbb\xbf", 3, NULL},
        {PIECE / 10 * 10, "\xef\xbb\xbf", 3, NULL},
    };
    char path[512], want[700];

    (void)state;
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_diag *d = pl_diag_new();
        struct pl_buf whole = {0};
        char row[20];
        FILE *f;
        bool ok;

        snprintf(row, sizeof(row), "row %zu", i);
        write_lines(path, 3 * PIECE, 10);
        f = fopen(path, "r+");
        assert_non_null(f);
        fseek(f, (long)rows[i].at, SEEK_SET);
        fwrite(rows[i].bytes, 1, rows[i].n, f);
        fclose(f);
        ok = pl_file_read(path, 4 * PIECE, &whole, d, PL_NOWHERE);
        check_true(row, ok == (rows[i].why == NULL));
        if (!ok) {
            snprintf(want, sizeof(want), "\"%s\"%s", path, rows[i].why);
            check_str(row, pl_diag_get(d, 0), want);
            assert_null(pl_diag_get(d, 1));
        }
        pl_diag_free(d);
        pl_buf_fini(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(no_text),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
