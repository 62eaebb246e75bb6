/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What taking a request apart and deciding it costs by itself: no socket, no loop, no log. Several
 * configurations in one process, in turn, so that what disturbs one disturbs all.
 *
 *     bench_decide REQUESTS ROUNDS CONFIGURATION…
 *
 * Prints for each configuration the median of the rounds: CPU nanoseconds a request, and how many more
 * than with the first one. Each request is copied to one place first, as the kernel does; the copy is
 * counted.
 */
#include "postlatch/check.h"
#include "postlatch/compiler.h"
#include "postlatch/config.h"
#include "postlatch/policy.h"
#include "postlatch/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 99, POLICIES_MAX = 16, REQUEST_MAX = 64 * 1024 };

struct requests {
    char *text;
    size_t count;
    struct pl_str *each;
};

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool read_requests(struct requests *r, const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n, cap = 256UL * 1024 * 1024;
    char *p, *next;

    r->text = malloc(cap);
    r->each = malloc((cap / 64) * sizeof(*r->each));
    if (f == NULL || r->text == NULL || r->each == NULL)
        return false;
    n = fread(r->text, 1, cap - 1, f);
    r->text[n] = '\0';
    fclose(f);
    for (p = r->text; (next = strstr(p, "\n\n")) != NULL; p = next + 2) {
        if (next + 2 - p <= REQUEST_MAX)
            r->each[r->count++] = (struct pl_str){p, (size_t)(next + 2 - p)};
    }
    return r->count > 0;
}

/* CPU nanoseconds a request. */
static PL_OWN_FRAME double measure(const struct pl_policy *p, const struct requests *r,
                                   size_t *decided)
{
    static char in[REQUEST_MAX + PL_REQUEST_PAD];
    static struct pl_query q;
    double start = cpu_ns();

    for (size_t i = 0; i < r->count; i++) {
        struct pl_request_scan scan = {0};
        struct pl_cursor cursor = {0};
        struct pl_decision d;
        const char *why;
        size_t end;

        memcpy(in, r->each[i].p, r->each[i].n);
        if (pl_request_take(q.attr, in, r->each[i].n, &scan, &end, &why) != PL_REQUEST_COMPLETE)
            abort();
        pl_query_begin(&q);
        pl_policy_decide(p, &q, &cursor, &d);
        *decided += cursor.rule;
    }
    return (cpu_ns() - start) / (double)r->count;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static double ns[POLICIES_MAX][ROUNDS_MAX];
    struct pl_config configs[POLICIES_MAX];
    struct requests r = {0};
    struct pl_diag *d = pl_diag_new();
    unsigned long rounds = 0;
    int count = argc - 3;
    size_t decided = 0;

    if (argc < 4 || !pl_str_to_number(pl_str_of(argv[2]), 1, ROUNDS_MAX, &rounds) ||
        count > POLICIES_MAX || d == NULL || !read_requests(&r, argv[1])) {
        fputs("usage: bench_decide REQUESTS ROUNDS CONFIGURATION...\n", stderr);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        if (!pl_config_load_lean(&configs[i], argv[3 + i], d)) {
            pl_check_print_errors(d, stderr);
            return 2;
        }
    }
    for (unsigned long round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++)
            ns[i][round] = measure(configs[i].policy, &r, &decided);
    }
    for (int i = 0; i < count; i++) {
        double middle;

        qsort(ns[i], (size_t)rounds, sizeof(ns[i][0]), compare);
        middle = ns[i][rounds / 2];
        printf("%.0f ns, %+.0f: %s\n", middle, middle - ns[0][rounds / 2], argv[3 + i]);
        pl_config_fini(&configs[i]);
    }
    pl_diag_free(d);
    free(r.text);
    free(r.each);
    return decided == 0; /* so that nothing is left out as unused */
}
