/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch replay: a log of the daemon, put to another policy. Reads as it comes, in bounded memory. */
#include "cli.h"
#include "replay.h"

#include "postlatch/quote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_LINES = 4096, PROGRESS_MS = 500 };

/* On a terminal, how far it is; -1: there is none. */
struct progress {
    bool wanted, shown;
    long long total; /* bytes of the log; 0: not known */
    long long read, said_ms;
};

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void show_progress(struct progress *p, const struct replay_counts *c)
{
    long long now;

    if (!p->wanted || c->lines % PROGRESS_LINES != 0)
        return;
    now = now_ms();
    if (now - p->said_ms < PROGRESS_MS)
        return;
    p->said_ms = now;
    p->shown = true;
    if (p->total > 0)
        fprintf(stderr, "\r%3lld %% read, %zu decisions",
                p->read < p->total ? p->read * 100 / p->total : 100, c->decisions);
    else
        fprintf(stderr, "\r%zu lines read, %zu decisions", c->lines, c->decisions);
}

static void end_progress(const struct progress *p)
{
    if (p->shown)
        fputs("\r                                              \r", stderr);
}

/* One line more; -1 at the end. A line that does not fit is cut: *whole is false. */
static ssize_t read_line(FILE *in, char *line, size_t size, bool *whole)
{
    size_t n = 0;
    int c;

    *whole = true;
    while ((c = getc_unlocked(in)) != EOF && c != '\n') {
        if (n < size)
            line[n++] = (char)c;
        else
            *whole = false;
    }
    return c == EOF && n == 0 ? -1 : (ssize_t)n;
}

static bool is_compressed(const char *line, size_t n)
{
    /* gzip, bzip2, xz, zstd */
    static const char *const magic[] = {"\037\213", "BZh", "\3757zXZ", "\050\265\057\375"};

    for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++) {
        if (n >= strlen(magic[i]) && memcmp(line, magic[i], strlen(magic[i])) == 0)
            return true;
    }
    return false;
}

static bool read_log(FILE *in, const char *name, struct replay_judge *j, struct replay_counts *c)
{
    struct pl_logline *l = malloc(sizeof(*l));
    char *line = malloc(PL_LOGLINE_MAX), why[PL_LOGLINE_WHY];
    struct progress progress = {.wanted = isatty(STDERR_FILENO) == 1, .said_ms = now_ms()};
    bool ok = l != NULL && line != NULL, whole;
    struct stat st;
    ssize_t n;

    if (!ok)
        trouble("out of memory");
    if (fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode))
        progress.total = st.st_size;
    while (ok && (n = read_line(in, line, PL_LOGLINE_MAX, &whole)) >= 0) {
        c->lines++;
        progress.read += n + 1;
        if (c->lines == 1 && is_compressed(line, (size_t)n)) {
            trouble("%s: is compressed; expected text, as in: zcat FILE | postlatch replay - "
                    "--against FILE",
                    name);
            ok = false;
            break;
        }
        switch (whole ? pl_logline_read(l, (struct pl_str){line, (size_t)n}, why)
                      : PL_LOGLINE_OTHER) {
        case PL_LOGLINE_DECISION:
            replay_count(c, j, l);
            break;
        case PL_LOGLINE_BROKEN:
            replay_count_broken(c, why);
            break;
        case PL_LOGLINE_OTHER:
            if (whole)
                c->other++;
            else
                replay_count_broken(c, "the line is too long");
            break;
        }
        show_progress(&progress, c);
    }
    end_progress(&progress);
    if (ok && ferror(in)) {
        trouble("%s: cannot be read: %s", name, strerror(errno));
        ok = false;
    }
    if (ok && c->failed) {
        trouble("out of memory");
        ok = false;
    }
    free(line);
    free(l);
    return ok;
}

static int replay(FILE *in, const char *name, const struct pl_policy *p, bool json)
{
    struct replay_judge judge;
    struct replay_counts counts = {0};
    int status = EXIT_TROUBLE;
    bool ready = replay_judge_init(&judge, p) && replay_counts_init(&counts);

    if (!ready) {
        trouble("out of memory");
    } else if (read_log(in, name, &judge, &counts)) {
        if (counts.decisions + counts.broken == 0) {
            trouble(
                "%s: no decision of postlatchd is in it; expected its log, with decisions = all",
                name);
        } else {
            replay_counts_sort(&counts);
            if (json)
                replay_print_json(&counts);
            else
                replay_print_text(&counts, p, name);
            status = replay_is_same(&counts) ? EXIT_FINE : EXIT_FOUND;
        }
    }
    replay_counts_fini(&counts);
    replay_judge_fini(&judge);
    return status;
}

int cmd_replay(const struct arguments *a)
{
    struct pl_config config = {0};
    FILE *in = NULL;
    int status = EXIT_TROUBLE;
    bool from_stdin;

    if (a->count != 1)
        return trouble("replay: expected one LOG, or - for standard input; see postlatch replay "
                       "--help");
    if (a->against == NULL)
        return trouble("replay: expected --against FILE, the policy to compare with; see postlatch "
                       "replay --help");
    from_stdin = strcmp(a->words[0], "-") == 0;
    if (!load(&config, a->against))
        goto out;
    in = from_stdin ? stdin : fopen(a->words[0], "re");
    if (in == NULL) {
        trouble("%s: cannot be read: %s", a->words[0], strerror(errno));
        goto out;
    }
    status = replay(in, from_stdin ? "standard input" : a->words[0], config.policy, a->json);
out:
    if (in != NULL && !from_stdin)
        fclose(in);
    pl_config_fini(&config);
    return status;
}
