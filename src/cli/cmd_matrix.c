/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch matrix: the policy on a page, for a terminal, as JSON, or as HTML in a file. */
#include "cli.h"
#include "progress.h"

#include "postlatch/matrix_html.h"
#include "postlatch/matrix_text.h"
#include "postlatch/wrap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH_ELSE = 80, WIDTH_MAX = 160 };

static size_t table_width(void)
{
    size_t width = pl_wrap_width(stdout);

    return width == 0 ? WIDTH_ELSE : width < WIDTH_MAX ? width : WIDTH_MAX;
}

/* Now in UTC; SOURCE_DATE_EPOCH stands in for it where a page is to come out the same each time. */
static void format_now(char out[32])
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    unsigned long seconds = 0;
    time_t now = time(NULL);
    struct tm tm;

    if (fixed != NULL && pl_str_to_number(pl_str_of(fixed), 0, 253402300799UL, &seconds))
        now = (time_t)seconds;
    if (gmtime_r(&now, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        out[0] = '\0';
}

/* Writes beside the file, then renames: a page that is served is never half written. */
static int write_page(const char *path, const struct pl_buf *page)
{
    struct pl_buf temp = {0};
    FILE *f = NULL;
    int status = EXIT_TROUBLE, fd = -1;
    mode_t mask;
    bool made = false;

    pl_buf_addf(&temp, "%s.XXXXXX", path);
    if (temp.failed) {
        trouble("out of memory");
        goto out;
    }
    fd = mkstemp(temp.p);
    made = fd >= 0;
    if (made)
        f = fdopen(fd, "w");
    mask = umask(0);
    umask(mask);
    if (f == NULL || fwrite(page->p, 1, page->n, f) != page->n || fchmod(fd, 0666 & ~mask) != 0 ||
        fflush(f) != 0 || fsync(fd) != 0) {
        trouble("matrix: cannot write \"%s\": %s", path, strerror(errno));
        goto out;
    }
    if (rename(temp.p, path) != 0) {
        trouble("matrix: cannot write \"%s\": %s", path, strerror(errno));
        goto out;
    }
    made = false;
    printf("%s: written\n", path);
    status = EXIT_FINE;
out:
    if (f != NULL)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    if (made)
        unlink(temp.p);
    pl_buf_fini(&temp);
    return status;
}

static int make_page(const struct arguments *a, const struct pl_page *parts)
{
    struct pl_buf page = {0};
    int status;

    pl_matrix_html(&page, parts);
    status = page.failed ? trouble("out of memory") : write_page(a->html, &page);
    pl_buf_fini(&page);
    return status;
}

static int show(const struct arguments *a, const struct pl_policy *p)
{
    struct pl_matrix_question question = {0};
    struct pl_space *space;
    struct pl_proof *proof = NULL;
    struct pl_surface *surface = NULL;
    struct pl_matrix *m = NULL;
    bool too_large = false, ok = false;
    int status = EXIT_FINE;
    char when[32];

    progress_begin("matrix");
    space = pl_space_new(p, NULL, &too_large);
    if (space == NULL) {
        return too_large ? trouble("matrix: the policy tells too many values apart to hold them in "
                                   "memory")
                         : trouble("out of memory");
    }
    proof = pl_prove(p, space);
    question.proof = proof;
    if (!a->json) {
        question.max_rows = PL_MATRIX_ROWS;
        question.max_columns = PL_MATRIX_COLUMNS;
    }
    m = proof == NULL ? NULL : pl_matrix_new(p, space, &question);
    if (m != NULL && a->html != NULL)
        surface = pl_surface_new(p, space, false);
    progress_end();
    if (m != NULL && a->html != NULL) {
        format_now(when);
        ok = surface != NULL;
        if (ok)
            status = make_page(a, &(struct pl_page){m, proof, surface, a->config, when});
    } else if (m != NULL) {
        ok = true;
        if (a->json)
            pl_matrix_json(m, proof, stdout);
        else
            ok = pl_matrix_text(m, proof, a->config, table_width(), stdout);
    }
    pl_matrix_free(m);
    pl_surface_free(surface);
    pl_proof_free(proof);
    pl_space_free(space);
    return ok ? status : trouble("out of memory");
}

int cmd_matrix(const struct arguments *a)
{
    struct pl_config config = {0};
    int status = EXIT_TROUBLE;

    if (a->html != NULL && a->json)
        return trouble("matrix: --html and --json do not go together; see postlatch matrix --help");
    if (load(&config, a->config))
        status = show(a, config.policy);
    pl_config_fini(&config);
    return status;
}
